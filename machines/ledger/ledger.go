// Package ledger stores the entries of a plant's ledger.
//
//	[File]         an append-only SQLite file: entries survive a power cut once Append has returned
//	[Memory]       entries that are lost with the process, for simulations
//	[Read]         opens a file for reading, also while a process writes to it
//	[Checkpoints]  a ledger with an entry now and then that sums up those before it
//
// File and Memory are a [machines.Ledger]. The entries of a File are a chain: each has a hash of itself and of the entry before
// it, and a second file beside the first has the number and the hash of the last one. So a change, a lost end and an exchanged file
// are noticed when the ledger is opened, and a removed file before the next entry. A file belongs to one machine and to one process at a time: that process must hold the lock of
// the data folder.
package ledger

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"iter"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"signalbox/asl/value"
	"signalbox/machines"
)

// Name is the file's name in a data folder.
const Name = "ledger.db"

const (
	// application marks a SQLite file as a ledger: "SgBx".
	application = 0x53674278
	// version of the tables. A file of a newer version is refused and not touched; one of version 1 is taken over.
	version = 2
	// unchained is the version before: entries have neither hash nor key, and there is no tail.
	unchained = 1
)

// The triggers protect entries from faults of this program, and from a person with a SQLite shell.
const schema = `
CREATE TABLE ledger (machine TEXT NOT NULL) STRICT;
CREATE TABLE entries (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	time INTEGER NOT NULL, -- nanoseconds since 1970 UTC
	kind TEXT NOT NULL,
	data TEXT NOT NULL,    -- JSON, "" for none
	key  TEXT,             -- of the operator's request in data
	hash BLOB NOT NULL     -- see link
) STRICT;
CREATE UNIQUE INDEX requests ON entries (key) WHERE key IS NOT NULL;
CREATE INDEX checkpoints ON entries (id) WHERE kind = 'checkpoint';
CREATE TRIGGER entries_stay    BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'a ledger is only added to'); END;
CREATE TRIGGER entries_remain  BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'a ledger is only added to'); END;
CREATE TRIGGER machine_stays   BEFORE UPDATE ON ledger  BEGIN SELECT RAISE(ABORT, 'a ledger is only added to'); END;
CREATE TRIGGER machine_remains BEFORE DELETE ON ledger  BEGIN SELECT RAISE(ABORT, 'a ledger is only added to'); END;
`

// ErrNone means that there is no ledger yet.
var ErrNone = errors.New("there is no ledger")

// A File is a ledger on disk. Its methods may be called from several goroutines.
type File struct {
	path    string
	machine string
	version int
	db      *sql.DB
	insert  *sql.Stmt
	tail    *tailFile // nil in a file that is open for reading

	mu       sync.Mutex // guards what follows
	last     link       // the last entry
	identity fs.FileInfo
	log      fs.FileInfo // SQLite's write-ahead log
}

// logSuffix is what the name of SQLite's write-ahead log has behind that of its file.
const logSuffix = "-wal"

var _ machines.Ledger = (*File)(nil)

// Open opens the ledger of a machine for reading and writing, and creates it if there is none. A file that is damaged, another
// machine's or no ledger at all is an error, and is not changed. A ledger of version 1 is taken over, and a copy of it is kept
// beside it.
func Open(path, machine string) (_ *File, err error) {
	identity, err := regular(path)
	if errors.Is(err, fs.ErrNotExist) {
		if err := createNew(path, machine); err != nil {
			return nil, err
		}
		identity, err = regular(path)
	}
	if err != nil {
		return nil, err
	}
	f, err := open(path, "rw")
	if err != nil {
		return nil, err
	}
	f.identity = identity
	defer func() {
		if err != nil {
			err = errors.Join(err, f.Close())
		}
	}()
	if err := f.check(); err != nil {
		return nil, err
	}
	if machine != f.machine {
		return nil, f.fault(fmt.Errorf("it is the ledger of the machine %q, not of %q; name another folder", f.machine, machine))
	}
	if f.version == unchained {
		if err := f.takeOver(); err != nil {
			return nil, err
		}
		if err := f.Close(); err != nil {
			return nil, err
		}
		return Open(path, machine)
	}
	// A log that outlives a commit, so that readers and the writer do not wait for each other. A backup has none.
	if _, err := f.db.Exec("PRAGMA journal_mode = WAL"); err != nil {
		return nil, f.fault(err)
	}
	if f.tail, err = openTail(path); err != nil {
		return nil, f.damaged(err)
	}
	if err := f.verifyEnd(f.tail.last); err != nil {
		return nil, err
	}
	if f.last != f.tail.last { // the power was cut between the two
		f.entries(f.tail.last, func(_ machines.Entry, failed error) bool {
			err = failed
			return err == nil
		})
		if err != nil {
			return nil, err
		}
		if err := f.tail.write(f.last); err != nil {
			return nil, f.fault(err)
		}
	}
	if f.log, err = regular(path + logSuffix); err != nil {
		return nil, f.fault(err)
	}
	f.insert, err = f.db.Prepare(insertEntry)
	return f, f.fault(err)
}

// Read opens a ledger for reading: its Append fails. Without a file the error is [ErrNone].
func Read(path string) (*File, error) {
	if _, err := regular(path); errors.Is(err, fs.ErrNotExist) {
		if t, err := readTail(path); err == nil && t.n > 0 {
			return nil, lost(path, t)
		}
		return nil, fmt.Errorf("%s: %w", path, ErrNone)
	} else if err != nil {
		return nil, err
	}
	// The tail first: the ledger may grow meanwhile.
	end, tailErr := readTail(path)
	f, err := open(path, "ro")
	if err != nil {
		return nil, err
	}
	if err = f.check(); err == nil && f.version != unchained {
		if err = f.damaged(tailErr); err == nil {
			err = f.verifyEnd(end)
		}
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return f, nil
}

// regular returns the identity of a file, which must be a regular one: a symbolic link is not followed.
func regular(path string) (fs.FileInfo, error) {
	info, err := os.Lstat(path)
	if err == nil && !info.Mode().IsRegular() {
		return nil, fmt.Errorf("%s is no regular file (%v); put the ledger itself there", path, info.Mode().Type())
	}
	return info, err
}

// lost returns the error of a ledger that is not there although its tail is.
func lost(path string, t link) error {
	return fmt.Errorf("%s is missing, and it had %d entries; %s", path, t.n, remedy(path))
}

// remedy says what to do with a ledger that is damaged.
func remedy(path string) string {
	return fmt.Sprintf("nothing moves: put %[1]s and %[1]s.tail back from a backup, or move both away: then the machine begins a new ledger", path)
}

// open opens a SQLite file in a mode of SQLite: ro, rw, rwc.
func open(path, mode string) (*File, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	// FULL: in WAL mode each commit waits until the log is on the disk itself (sqlite.org/pragma.html#pragma_synchronous).
	address := url.URL{Scheme: "file", Path: path, RawQuery: url.Values{
		"mode":    {mode},
		"_pragma": {"busy_timeout(5000)", "synchronous(FULL)", "trusted_schema(OFF)", "cell_size_check(ON)"},
	}.Encode()}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	return &File{path: path, db: db}, nil
}

// createNew creates an empty ledger.
func createNew(path, machine string) error {
	switch t, err := readTail(path); {
	case err == nil && t.n > 0:
		return lost(path, t)
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return err
	}
	return create(path, machine, nil)
}

// create writes a new ledger under another name and renames it when it is complete, so that a power cut leaves a whole ledger
// or none. The tail is there before it. Entries are those that it begins with.
func create(path, machine string, entries iter.Seq2[machines.Entry, error]) error {
	next := path + ".new"
	for _, left := range []string{next, next + logSuffix, next + "-shm", next + tailSuffix} { // of a power cut before the renaming
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	empty, err := os.OpenFile(next, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // SQLite would take the umask
	if err == nil {
		err = empty.Close()
	}
	if err != nil {
		return err
	}
	f, err := open(next, "rw")
	if err != nil {
		return err
	}
	// Close moves the write-ahead log into the file.
	if err := errors.Join(f.fill(machine, entries), f.Close()); err != nil {
		return f.fault(err)
	}
	if err := createTail(path, f.last); err != nil {
		return err
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	return syncFolder(path)
}

// syncFolder has the names in the folder of a file written to the disk.
func syncFolder(path string) error {
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// fill creates the tables of a new ledger, and writes its first entries.
func (f *File) fill(machine string, entries iter.Seq2[machines.Entry, error]) error {
	for _, statement := range []string{
		"PRAGMA journal_mode = WAL",
		schema,
		fmt.Sprintf("PRAGMA application_id = %d", application),
		fmt.Sprintf("PRAGMA user_version = %d", version),
	} {
		if _, err := f.db.Exec(statement); err != nil {
			return err
		}
	}
	if _, err := f.db.Exec("INSERT INTO ledger (machine) VALUES (?)", machine); err != nil || entries == nil {
		return err
	}
	var err error
	if f.insert, err = f.db.Prepare(insertEntry); err != nil {
		return err
	}
	var batch []machines.Entry
	for e, err := range entries {
		if err != nil {
			return err
		}
		if batch = append(batch, e); len(batch) == 10_000 {
			if f.last, err = f.write(f.last, batch); err != nil {
				return err
			}
			batch = batch[:0]
		}
	}
	f.last, err = f.write(f.last, batch)
	return err
}

// takeOver replaces a ledger of version 1 by one of this version with the same entries. A copy of the old one stays beside it.
func (f *File) takeOver() error {
	for _, statement := range []string{"PRAGMA wal_checkpoint(TRUNCATE)", "PRAGMA journal_mode = DELETE"} { // all in one file
		if _, err := f.db.Exec(statement); err != nil {
			return f.fault(err)
		}
	}
	if err := f.whole(); err != nil {
		return err
	}
	old := f.path + ".v1"
	if _, err := os.Lstat(old); errors.Is(err, fs.ErrNotExist) {
		if err := os.Link(f.path, old); err != nil { // the file itself is replaced, not changed
			return fmt.Errorf("%s is of an older version, and no copy can be kept: %w", f.path, err)
		}
	}
	return create(f.path, f.machine, f.All())
}

// check checks that the file is a ledger, and reads its version and the name of its machine.
func (f *File) check() error {
	id, err := f.number("PRAGMA application_id")
	if err != nil {
		return f.unreadable(err)
	}
	if id != application {
		return f.fault(errors.New("it is no ledger of signalbox; move it away, or name another folder"))
	}
	v, err := f.number("PRAGMA user_version")
	switch {
	case err != nil:
		return f.unreadable(err)
	case v != version && v != unchained:
		return f.fault(fmt.Errorf("its version is %d, and this program knows %d and %d; use the program that wrote it", v, unchained, version))
	}
	f.version = int(v)
	if f.version == unchained {
		if err := f.whole(); err != nil {
			return err
		}
	}
	return f.unreadable(f.db.QueryRow("SELECT machine FROM ledger").Scan(&f.machine))
}

// number returns the number that a query gives.
func (f *File) number(query string) (n int64, err error) {
	err = f.db.QueryRow(query).Scan(&n)
	return n, err
}

// whole reads the whole file, and checks that no entry is missing.
func (f *File) whole() error {
	var found string
	if err := f.db.QueryRow("PRAGMA quick_check(1)").Scan(&found); err != nil {
		return f.unreadable(err)
	} else if found != "ok" {
		return f.damaged(errors.New(strings.TrimSpace(found)))
	}
	gaps, err := f.number("SELECT coalesce(max(id), 0) - count(*) FROM entries")
	if err == nil && gaps != 0 {
		return f.damaged(fmt.Errorf("%d entries are missing", gaps))
	}
	return f.unreadable(err)
}

// fault puts the path before an error; nil stays nil.
func (f *File) fault(err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", f.path, err)
}

// damaged is fault for an error that means that the file is damaged.
func (f *File) damaged(err error) error {
	if err == nil {
		return nil
	}
	return f.fault(fmt.Errorf("the ledger is damaged (%w); %s", err, remedy(f.path)))
}

// unreadable is fault for an error of SQLite: damage, or a file or folder to which this user has no access.
func (f *File) unreadable(err error) error {
	var failure *sqlite.Error
	if errors.As(err, &failure) {
		switch failure.Code() & 0xff {
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN, sqlite3.SQLITE_PERM, sqlite3.SQLITE_AUTH:
			return f.fault(fmt.Errorf("it cannot be opened by this user (%w); nothing is damaged: "+
				"use the user of the machine, or give this one access to file and folder", err))
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR, sqlite3.SQLITE_NOMEM:
			return f.fault(err)
		}
	}
	return f.damaged(err)
}

// Machine returns the name of the machine that the ledger belongs to.
func (f *File) Machine() string { return f.machine }

// insertEntry adds an entry.
const insertEntry = "INSERT INTO entries (id, time, kind, data, key, hash) VALUES (?, ?, ?, ?, ?, ?)"

// Append implements [machines.Ledger].
func (f *File) Append(entries []machines.Entry) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.tail == nil {
		return f.fault(errors.New("it is open for reading only"))
	}
	if err := f.present(); err != nil {
		return err
	}
	last, err := f.write(f.last, entries)
	if err != nil {
		return f.fault(err)
	}
	f.last = last
	return f.fault(f.tail.write(last))
}

// present checks that the files at the ledger's paths are those that are open: what is written into a removed file is lost.
func (f *File) present() error {
	for _, file := range []struct {
		path string
		info fs.FileInfo
	}{{f.path, f.identity}, {f.path + logSuffix, f.log}, {f.path + tailSuffix, f.tail.identity}} {
		if now, err := os.Lstat(file.path); err != nil || !os.SameFile(now, file.info) {
			return fmt.Errorf("%s has been removed or replaced while the machine runs; end it, and %s", file.path, remedy(f.path))
		}
	}
	return nil
}

// write adds entries behind the last one, and returns the new last one.
func (f *File) write(last link, entries []machines.Entry) (link, error) {
	tx, err := f.db.Begin()
	if err != nil {
		return last, err
	}
	defer func() { _ = tx.Rollback() }() // without effect after a commit
	insert := tx.StmtContext(context.Background(), f.insert)
	for _, e := range entries {
		data := ""
		if e.Data != nil {
			data = value.Text(e.Data)
		}
		var key any
		if k := e.Request().Key; k != "" {
			key = k
		}
		last = last.next(e.Time.UnixNano(), e.Kind, data)
		if _, err := insert.Exec(last.n, e.Time.UnixNano(), e.Kind, data, key, last.hash[:]); err != nil {
			return last, err
		}
	}
	return last, tx.Commit()
}

// Request returns the operator's request with a key, if an entry records it; else its Key is "".
func (f *File) Request(key string) (machines.Request, error) {
	if f.version == unchained {
		return machines.Request{}, nil
	}
	var e machines.Entry
	var data string
	switch err := f.db.QueryRow("SELECT data FROM entries WHERE key = ?", key).Scan(&data); {
	case errors.Is(err, sql.ErrNoRows):
		return machines.Request{}, nil
	case err != nil:
		return machines.Request{}, f.unreadable(err)
	}
	v, err := value.Read([]byte(data))
	e.Data, _ = v.(*value.Object)
	return e.Request(), f.damaged(err)
}

// All implements [machines.Ledger]. It begins with the last checkpoint, if there is one, and ends with an error if the chain is
// broken.
func (f *File) All() iter.Seq2[machines.Entry, error] {
	return func(yield func(machines.Entry, error) bool) {
		from, err := f.checkpoint()
		if err != nil {
			yield(machines.Entry{}, err)
			return
		}
		f.entries(from, yield)
	}
}

// checkpoint returns the entry before the last checkpoint, the zero link if there is none.
func (f *File) checkpoint() (link, error) {
	var l link
	if f.version == unchained {
		return l, nil
	}
	n, err := f.number("SELECT coalesce(max(id), 1) - 1 FROM entries WHERE kind = 'checkpoint'")
	if err != nil || n == 0 {
		return l, f.unreadable(err)
	}
	return f.link(n)
}

// link returns an entry of the chain as it is stored.
func (f *File) link(n int64) (link, error) {
	l := link{n: n}
	var hash []byte
	if err := f.db.QueryRow("SELECT hash FROM entries WHERE id = ?", n).Scan(&hash); errors.Is(err, sql.ErrNoRows) {
		return l, f.damaged(fmt.Errorf("entry %d is missing", n))
	} else if err != nil {
		return l, f.unreadable(err)
	}
	copy(l.hash[:], hash)
	return l, nil
}

// verifyEnd checks that the entry of the tail is there, and sets the last entry.
func (f *File) verifyEnd(tail link) error {
	n, err := f.number("SELECT coalesce(max(id), 0) FROM entries")
	switch {
	case err != nil:
		return f.unreadable(err)
	case n < tail.n:
		return f.damaged(fmt.Errorf("it has %d entries and had %d: the last are lost, or it is an old copy", n, tail.n))
	case n == 0:
		return nil
	}
	if tail.n > 0 {
		if stored, err := f.link(tail.n); err != nil {
			return err
		} else if stored != tail {
			return f.damaged(fmt.Errorf("entry %d is not the one that was written last", tail.n))
		}
	}
	f.last, err = f.link(n)
	return err
}

// entries passes the entries behind one on to yield.
func (f *File) entries(last link, yield func(machines.Entry, error) bool) {
	columns := "time, kind, data, hash"
	if f.version == unchained {
		columns = "time, kind, data, x''"
	}
	rows, err := f.db.Query("SELECT id, "+columns+" FROM entries WHERE id > ? ORDER BY id", last.n)
	if err != nil {
		yield(machines.Entry{}, f.unreadable(err))
		return
	}
	defer func() { _ = rows.Close() }() // its error is that of rows.Err
	for rows.Next() {
		var e machines.Entry
		if e, last, err = f.scan(rows, last); err != nil {
			yield(machines.Entry{}, f.damaged(err))
			return
		}
		if !yield(e, nil) {
			return
		}
	}
	if err := rows.Err(); err != nil {
		yield(machines.Entry{}, f.unreadable(err))
	}
}

// scan reads the entry of a row, which must follow the last one.
func (f *File) scan(rows *sql.Rows, last link) (machines.Entry, link, error) {
	var id, at int64
	var e machines.Entry
	var data string
	var hash []byte
	if err := rows.Scan(&id, &at, &e.Kind, &data, &hash); err != nil {
		return e, last, err
	}
	next := last.next(at, e.Kind, data)
	switch {
	case id != next.n:
		return e, last, fmt.Errorf("entry %d is missing", next.n)
	case f.version != unchained && !bytes.Equal(hash, next.hash[:]):
		return e, last, fmt.Errorf("entry %d (%s) has been changed", id, e.Kind)
	}
	e.Time = time.Unix(0, at).UTC()
	if data == "" {
		return e, next, nil
	}
	v, err := value.Read([]byte(data))
	if err != nil {
		return e, next, err
	}
	object, ok := v.(*value.Object)
	if !ok {
		return e, next, fmt.Errorf("an entry %q without an object", e.Kind)
	}
	e.Data = object
	return e, next, nil
}

// Verify reads the whole ledger, entries before the last checkpoint included.
func (f *File) Verify() error {
	if err := f.whole(); err != nil {
		return err
	}
	var failed error
	f.entries(link{}, func(_ machines.Entry, err error) bool {
		failed = err
		return err == nil
	})
	return failed
}

// Backup writes a copy of the ledger to a new file, and its tail beside it. A process may write to the ledger meanwhile.
func (f *File) Backup(path string) error {
	for _, p := range []string{path, path + tailSuffix} {
		if _, err := os.Lstat(p); !errors.Is(err, fs.ErrNotExist) {
			return errors.Join(err, fmt.Errorf("%s is there already; name another file", p))
		}
	}
	if err := f.Verify(); err != nil {
		return err
	}
	copied, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if _, err = f.db.Exec("VACUUM INTO ?", path); err == nil {
		err = copied.Sync()
	}
	if err = errors.Join(err, copied.Close()); err != nil {
		return f.fault(err)
	}
	// A copy of version 1 has no tail and needs none.
	if f.version == unchained {
		return syncFolder(path)
	}
	c, err := open(path, "ro")
	if err != nil {
		return err
	}
	if err = c.check(); err == nil {
		err = errors.Join(c.Verify(), c.verifyEnd(link{}))
	}
	if err = errors.Join(err, c.Close()); err != nil {
		return err
	}
	return createTail(path, c.last)
}

// Close closes the file.
func (f *File) Close() error {
	var err error
	if f.tail != nil {
		err = f.tail.file.Close()
	}
	return errors.Join(err, f.db.Close())
}

// A Memory is a ledger that is lost with the process. The zero value is empty. It is for one goroutine.
type Memory struct{ entries []machines.Entry }

var _ machines.Ledger = (*Memory)(nil)

// Append implements [machines.Ledger].
func (m *Memory) Append(entries []machines.Entry) error {
	m.entries = append(m.entries, entries...)
	return nil
}

// All implements [machines.Ledger].
func (m *Memory) All() iter.Seq2[machines.Entry, error] {
	return func(yield func(machines.Entry, error) bool) {
		for _, e := range slices.Clip(m.entries) {
			if !yield(e, nil) {
				return
			}
		}
	}
}
