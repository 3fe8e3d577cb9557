package ledger_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl/value"
	"signalbox/machines"
	"signalbox/machines/ledger"
)

func copyFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func wantError(t *testing.T, err error, text string) {
	t.Helper()
	if err == nil || !strings.Contains(err.Error(), text) {
		t.Errorf("got error %v, want %q", err, text)
	}
}

// coin is an entry that is appended in tests.
func coin(t *testing.T, f *ledger.File) {
	t.Helper()
	if err := f.Append([]machines.Entry{entry("coin", "value", int64(25))}); err != nil {
		t.Fatal(err)
	}
}

// What has just been written may be in SQLite's log alone: without it the ledger is an older one.
func TestALostLogIsNoticed(t *testing.T) {
	path := written(t)
	f := open(t, path)
	coin(t, f)
	other := filepath.Join(t.TempDir(), ledger.Name)
	copyFile(t, path, other)
	copyFile(t, path+".tail", other+".tail")
	closed(t, f)
	_, err := ledger.Open(other, "vending")
	wantError(t, err, "damaged (it has 200 entries and had 201: the last are lost, or it is an old copy)")
	wantError(t, err, "from a backup")
	_, err = ledger.Read(other)
	wantError(t, err, "had 201")
}

func TestALostLedgerIsNoNewOne(t *testing.T) {
	path := written(t)
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	_, err := ledger.Open(path, "vending")
	wantError(t, err, "is missing, and it had 200 entries")
	_, err = ledger.Read(path)
	wantError(t, err, "is missing, and it had 200 entries")
}

// A power cut may come between the entry and its tail, or during the write of the tail.
func TestATailMayBeBehindItsLedger(t *testing.T) {
	path := written(t)
	before := filepath.Join(t.TempDir(), "tail")
	copyFile(t, path+".tail", before)
	f := open(t, path)
	coin(t, f)
	closed(t, f)
	copyFile(t, before, path+".tail")
	for range 2 {
		f = open(t, path)
		coin(t, f)
		closed(t, f)
	}
	text, err := os.ReadFile(path + ".tail")
	if err != nil {
		t.Fatal(err)
	}
	newest := 4096
	if string(text[4096+20:4096+24]) < string(text[20:24]) {
		newest = 0
	}
	text[newest+30] ^= 1
	if err := os.WriteFile(path+".tail", text, 0o600); err != nil {
		t.Fatal(err)
	}
	f = open(t, path)
	if n := len(read(t, f)); n != 203 {
		t.Errorf("got %d entries, want 203", n)
	}
	closed(t, f)
}

// What is written into a file that has no name any more is lost.
func TestNothingIsWrittenIntoARemovedFile(t *testing.T) {
	for _, suffix := range []string{"", "-wal", ".tail"} {
		for name, damage := range map[string]func(t *testing.T, path string) error{
			"removed": func(_ *testing.T, path string) error { return os.Remove(path) },
			"replaced": func(t *testing.T, path string) error {
				copyFile(t, path, path+".copy")
				return os.Rename(path+".copy", path)
			},
		} {
			t.Run(name+suffix, func(t *testing.T) {
				path := written(t)
				f := open(t, path)
				defer func() { _ = f.Close() }() // its files are damaged
				coin(t, f)
				if err := damage(t, path+suffix); err != nil {
					t.Fatal(err)
				}
				err := f.Append([]machines.Entry{entry("coin", "value", int64(25))})
				wantError(t, err, path+suffix+" has been removed or replaced")
			})
		}
	}
}

func TestSymbolicLinksAreNotFollowed(t *testing.T) {
	path := written(t)
	link := filepath.Join(t.TempDir(), ledger.Name)
	if err := errors.Join(os.Symlink(path, link), os.Symlink(path+".tail", link+".tail")); err != nil {
		t.Fatal(err)
	}
	_, err := ledger.Open(link, "vending")
	wantError(t, err, "no regular file")
	_, err = ledger.Read(link)
	wantError(t, err, "no regular file")
}

func TestEveryEntryIsSynced(t *testing.T) {
	f := open(t, written(t))
	defer closed(t, f)
	if got, err := f.Synchronous(); got != 2 || err != nil {
		t.Errorf("got PRAGMA synchronous %d (%v), want 2", got, err)
	}
	done := f.WatchTail()
	coin(t, f)
	if diff := cmp.Diff([]string{"write", "sync"}, done()); diff != "" {
		t.Errorf("tail (-want +got):\n%s", diff)
	}
}

func TestFilesAreTheOwnersAlone(t *testing.T) {
	path := written(t)
	f := open(t, path)
	defer closed(t, f)
	for _, suffix := range []string{"", "-wal", "-shm", ".tail"} {
		info, err := os.Stat(path + suffix)
		if err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: got %v %v, want 0600", suffix, info, err)
		}
	}
}

func TestABackupIsTakenWhileAMachineWrites(t *testing.T) {
	path := written(t)
	f := open(t, path)
	copied := filepath.Join(t.TempDir(), "it's a copy?.db")
	r, err := ledger.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	coin(t, f)
	if err := r.Backup(copied); err != nil {
		t.Fatal(err)
	}
	wantError(t, r.Backup(copied), "is there already")
	closed(t, r)
	coin(t, f)
	closed(t, f)
	b := open(t, copied)
	if n := len(read(t, b)); n != 201 {
		t.Errorf("got %d entries in the backup, want 201", n)
	}
	closed(t, b)
	// Put in the ledger's place without its own tail, it is an old copy.
	copyFile(t, copied, path)
	if _, err := ledger.Open(path, "vending"); err == nil {
		t.Error("got an old copy opened with a newer tail")
	}
	copyFile(t, copied+".tail", path+".tail")
	f = open(t, path)
	closed(t, f)
}

// The file was written by the program before ledgers had a chain.
func TestALedgerOfVersion1IsTakenOver(t *testing.T) {
	path := filepath.Join(t.TempDir(), ledger.Name)
	copyFile(t, "testdata/v1.db", path)
	r, err := ledger.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	want := read(t, r)
	closed(t, r)
	if len(want) != 17 {
		t.Errorf("got %d entries of version 1, want 17", len(want))
	}
	for range 2 {
		f := open(t, path)
		if diff := cmp.Diff(want, read(t, f)); diff != "" {
			t.Errorf("(-want +got):\n%s", diff)
		}
		closed(t, f)
	}
	old, err := ledger.Read(path + ".v1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, read(t, old)); diff != "" {
		t.Errorf("the copy (-want +got):\n%s", diff)
	}
	closed(t, old)
	// It has a chain now.
	for _, s := range []string{"DROP TRIGGER entries_stay", "UPDATE entries SET kind = 'coin' WHERE id = 3"} {
		if err := change(t, path, s); err != nil {
			t.Fatal(err)
		}
	}
	f := open(t, path)
	defer closed(t, f)
	for _, err := range f.All() {
		if err != nil {
			wantError(t, err, "entry 3 (coin) has been changed")
			return
		}
	}
	t.Error("got a changed entry, want an error")
}

func TestARequestIsFoundByItsKey(t *testing.T) {
	path := written(t)
	f := open(t, path)
	defer closed(t, f)
	e := entry("refill", "tube", int64(25))
	e.Data = e.Data.With("request", value.NewObject("key", "k", "operation", "refill", "input", nil, "output", "done"))
	if err := f.Append([]machines.Entry{e}); err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]string{"k": "done", "x": ""} {
		r, err := f.Request(key)
		if got, _ := r.Output.(string); got != want || err != nil {
			t.Errorf("key %s: got %v %v, want %q", key, r, err, want)
		}
	}
	if err := f.Append([]machines.Entry{e}); err == nil {
		t.Error("got a key twice")
	}
}

// counted sums entries by counting them.
type counted struct{ n int64 }

func (c *counted) Reset() { c.n = 0 }

func (c *counted) Add(e machines.Entry) error {
	if e.Kind != machines.CheckpointKind {
		c.n++
		return nil
	}
	v, _ := e.Data.Lookup("n")
	if c.n != 0 && v != c.n {
		return fmt.Errorf("got %v, want %d", v, c.n)
	}
	c.n = v.(int64)
	return nil
}

func (c *counted) Checkpoint() machines.Entry {
	return machines.Entry{Kind: machines.CheckpointKind, Data: value.NewObject("n", c.n)}
}

func TestAStartReadsFromTheLastCheckpoint(t *testing.T) {
	path := written(t)
	f := open(t, path)
	l := ledger.Checkpoints(f, &counted{})
	batch := make([]machines.Entry, 1000)
	for i := range batch {
		batch[i] = entry("coin")
	}
	for range 11 {
		if err := l.Append(batch); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, f)
	f = open(t, path)
	sums := &counted{}
	read := 0
	for _, err := range ledger.Checkpoints(f, sums).All() {
		if read++; err != nil {
			t.Fatal(err)
		}
	}
	if sums.n != 11_200 || read > ledger.CheckpointEvery {
		t.Errorf("got %d entries in all, of which %d were read; want 11200, and fewer read", sums.n, read)
	}
	if err := f.Verify(); err != nil {
		t.Error(err)
	}
	closed(t, f)
	for _, s := range []string{"DROP TRIGGER entries_stay", "UPDATE entries SET kind = 'x' WHERE id = 3"} {
		if err := change(t, path, s); err != nil {
			t.Fatal(err)
		}
	}
	f = open(t, path)
	defer closed(t, f)
	wantError(t, f.Verify(), "entry 3 (x) has been changed")
}
