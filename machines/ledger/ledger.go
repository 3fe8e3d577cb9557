// Package ledger stores the entries of a plant's ledger.
//
//	[File]    an append-only SQLite file: entries survive a power cut once Append has returned
//	[Memory]  entries that are lost with the process, for simulations
//	[Read]    opens a file for reading, also while a process writes to it
//
// Both are a [machines.Ledger]. A file belongs to one machine and to one process at a time: that process must hold the lock of
// the data folder.
package ledger

import (
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
	"time"

	_ "modernc.org/sqlite" // the driver "sqlite"

	"signalbox/asl/value"
	"signalbox/machines"
)

// Name is the file's name in a data folder.
const Name = "ledger.db"

const (
	// application marks a SQLite file as a ledger: "SgBx".
	application = 0x53674278
	// version of the tables. A file with another version is refused and not touched.
	version = 1
)

// The triggers protect entries from faults of this program, and from a person with a SQLite shell.
const schema = `
CREATE TABLE ledger (machine TEXT NOT NULL) STRICT;
CREATE TABLE entries (
	id   INTEGER PRIMARY KEY AUTOINCREMENT,
	time INTEGER NOT NULL, -- nanoseconds since 1970 UTC
	kind TEXT NOT NULL,
	data TEXT NOT NULL     -- JSON, "" for none
) STRICT;
CREATE TRIGGER entries_stay    BEFORE UPDATE ON entries BEGIN SELECT RAISE(ABORT, 'a ledger is only added to'); END;
CREATE TRIGGER entries_remain  BEFORE DELETE ON entries BEGIN SELECT RAISE(ABORT, 'a ledger is only added to'); END;
CREATE TRIGGER machine_stays   BEFORE UPDATE ON ledger  BEGIN SELECT RAISE(ABORT, 'a ledger is only added to'); END;
CREATE TRIGGER machine_remains BEFORE DELETE ON ledger  BEGIN SELECT RAISE(ABORT, 'a ledger is only added to'); END;
`

// ErrNone means that there is no ledger yet.
var ErrNone = errors.New("there is no ledger")

// A File is a ledger on disk.
type File struct {
	path    string
	machine string
	db      *sql.DB
	insert  *sql.Stmt
}

var _ machines.Ledger = (*File)(nil)

// Open opens the ledger of a machine for reading and writing, and creates it if there is none. A file that is damaged, another
// machine's or no ledger at all is an error, and is not changed.
func Open(path, machine string) (*File, error) {
	_, err := os.Stat(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if err != nil {
		if err := create(path, machine); err != nil {
			return nil, err
		}
	}
	f, err := open(path, "rw")
	if err != nil {
		return nil, err
	}
	if err = f.check(); err == nil && machine != f.machine {
		err = f.fault(fmt.Errorf("it is the ledger of the machine %q, not of %q; name another folder", f.machine, machine))
	}
	if err == nil {
		f.insert, err = f.db.Prepare("INSERT INTO entries (time, kind, data) VALUES (?, ?, ?)")
	}
	if err != nil {
		return nil, errors.Join(err, f.db.Close())
	}
	return f, nil
}

// Read opens a ledger for reading: its Append fails. Without a file the error is [ErrNone].
func Read(path string) (*File, error) {
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s: %w", path, ErrNone)
	}
	f, err := open(path, "ro")
	if err != nil {
		return nil, err
	}
	if err := f.check(); err != nil {
		return nil, errors.Join(err, f.db.Close())
	}
	return f, nil
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
		"_pragma": {"busy_timeout(5000)", "synchronous(FULL)", "trusted_schema(OFF)"},
	}.Encode()}
	db, err := sql.Open("sqlite", address.String())
	if err != nil {
		return nil, fmt.Errorf("%s: %w", path, err)
	}
	db.SetMaxOpenConns(1)
	return &File{path: path, db: db}, nil
}

// create writes a new ledger under another name and renames it when it is complete, so that a power cut leaves a whole ledger
// or none.
func create(path, machine string) error {
	next := path + ".new"
	for _, left := range []string{next, next + "-wal", next + "-shm"} { // of a power cut before the renaming
		if err := os.Remove(left); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	f, err := open(next, "rwc")
	if err != nil {
		return err
	}
	// Close moves the write-ahead log into the file.
	if err := errors.Join(f.fill(machine), f.db.Close()); err != nil {
		return f.fault(err)
	}
	if err := os.Rename(next, path); err != nil {
		return err
	}
	folder, err := os.Open(filepath.Dir(path))
	if err != nil {
		return err
	}
	return errors.Join(folder.Sync(), folder.Close())
}

// fill creates the tables of a new ledger.
func (f *File) fill(machine string) error {
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
	_, err := f.db.Exec("INSERT INTO ledger (machine) VALUES (?)", machine)
	return err
}

// check checks that the file is a whole ledger, and reads the name of its machine.
func (f *File) check() error {
	number := func(query string) (n int64, err error) {
		err = f.db.QueryRow(query).Scan(&n)
		return n, err
	}
	id, err := number("PRAGMA application_id")
	if err != nil {
		return f.damaged(err)
	}
	if id != application {
		return f.fault(errors.New("it is no ledger of signalbox; move it away, or name another folder"))
	}
	if v, err := number("PRAGMA user_version"); err != nil || v != version {
		return f.fault(errors.Join(err, fmt.Errorf("its version is %d, and this program knows %d", v, version)))
	}
	var found string
	if err := f.db.QueryRow("PRAGMA quick_check(1)").Scan(&found); err != nil || found != "ok" {
		return f.damaged(errors.Join(err, errors.New(strings.TrimSpace(found))))
	}
	// Entries are never deleted, so that their numbers have no gap.
	gaps, err := number("SELECT coalesce(max(id), 0) - count(*) FROM entries")
	if err == nil && gaps != 0 {
		err = fmt.Errorf("%d entries are missing", gaps)
	}
	if err == nil {
		err = f.db.QueryRow("SELECT machine FROM ledger").Scan(&f.machine)
	}
	return f.damaged(err)
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
	return f.fault(fmt.Errorf("the ledger is damaged (%w); nothing moves before it has been looked into", err))
}

// Machine returns the name of the machine that the ledger belongs to.
func (f *File) Machine() string { return f.machine }

// Append implements [machines.Ledger].
func (f *File) Append(entries []machines.Entry) error {
	if f.insert == nil {
		return f.fault(errors.New("it is open for reading only"))
	}
	tx, err := f.db.Begin()
	if err != nil {
		return f.fault(err)
	}
	defer func() { _ = tx.Rollback() }() // without effect after a commit
	insert := tx.StmtContext(context.Background(), f.insert)
	for _, e := range entries {
		data := ""
		if e.Data != nil {
			data = value.Text(e.Data)
		}
		if _, err := insert.Exec(e.Time.UnixNano(), e.Kind, data); err != nil {
			return f.fault(err)
		}
	}
	return f.fault(tx.Commit())
}

// All implements [machines.Ledger].
func (f *File) All() iter.Seq2[machines.Entry, error] {
	return func(yield func(machines.Entry, error) bool) {
		rows, err := f.db.Query("SELECT time, kind, data FROM entries ORDER BY id")
		if err != nil {
			yield(machines.Entry{}, f.damaged(err))
			return
		}
		defer func() { _ = rows.Close() }() // its error is that of rows.Err
		for rows.Next() {
			e, err := scan(rows)
			if err != nil {
				yield(machines.Entry{}, f.damaged(err))
				return
			}
			if !yield(e, nil) {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(machines.Entry{}, f.damaged(err))
		}
	}
}

// scan reads the entry of a row.
func scan(rows *sql.Rows) (machines.Entry, error) {
	var at int64
	var e machines.Entry
	var data string
	if err := rows.Scan(&at, &e.Kind, &data); err != nil {
		return e, err
	}
	e.Time = time.Unix(0, at).UTC()
	if data == "" {
		return e, nil
	}
	v, err := value.Read([]byte(data))
	if err != nil {
		return e, err
	}
	object, ok := v.(*value.Object)
	if !ok {
		return e, fmt.Errorf("an entry %q without an object", e.Kind)
	}
	e.Data = object
	return e, nil
}

// Close closes the file.
func (f *File) Close() error { return f.db.Close() }

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
