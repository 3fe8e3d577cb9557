package ledger_test

import (
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl/value"
	"signalbox/machines"
	"signalbox/machines/ledger"
)

var at = time.Date(2026, 1, 5, 8, 0, 0, 1, time.UTC)

func entry(kind string, pairs ...any) machines.Entry {
	e := machines.Entry{Time: at, Kind: kind}
	if pairs != nil {
		e.Data = value.NewObject(pairs...)
	}
	return e
}

func read(t *testing.T, l machines.Ledger) (lines []string) {
	t.Helper()
	for e, err := range l.All() {
		if err != nil {
			t.Fatal(err)
		}
		text := ""
		if e.Data != nil {
			text = value.Text(e.Data)
		}
		lines = append(lines, fmt.Sprintf("%d %s %s", e.Time.UnixNano()-at.UnixNano(), e.Kind, text))
	}
	return lines
}

func open(t *testing.T, path string) *ledger.File {
	t.Helper()
	f, err := ledger.Open(path, "vending")
	if err != nil {
		t.Fatal(err)
	}
	return f
}

func closed(t *testing.T, f *ledger.File) {
	t.Helper()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestEntriesAreReadAsTheyWereWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a folder?#", ledger.Name)
	if err := os.Mkdir(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	batches := [][]machines.Entry{
		{entry("train"), entry("coin", "value", int64(200), "text", "é\x00")},
		{entry("vend", "sale", int64(7), "nested", value.NewObject("a", []any{true, nil}))},
	}
	want := []string{"0 train ", `0 coin {"value":200,"text":"é\u0000"}`, `0 vend {"sale":7,"nested":{"a":[true,null]}}`}
	f := open(t, path)
	memory := &ledger.Memory{}
	for _, b := range batches {
		for _, l := range []machines.Ledger{f, memory} {
			if err := l.Append(b); err != nil {
				t.Fatal(err)
			}
		}
	}
	// It can be read while it is open for writing.
	watcher, err := ledger.Read(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, l := range map[string]machines.Ledger{"file": f, "reader": watcher, "memory": memory} {
		if diff := cmp.Diff(want, read(t, l)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if err := watcher.Append(batches[0]); err == nil {
		t.Error("got an entry written by a reader, want an error")
	}
	closed(t, watcher)
	closed(t, f)
	f = open(t, path)
	defer closed(t, f)
	if diff := cmp.Diff(want, read(t, f)); diff != "" {
		t.Errorf("opened again (-want +got):\n%s", diff)
	}
	if f.Machine() != "vending" {
		t.Errorf("got machine %q, want vending", f.Machine())
	}
}

// change does to the file what a person with a SQLite shell can do.
func change(t *testing.T, path, statement string) error {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	_, failed := db.Exec(statement)
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	return failed
}

func written(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), ledger.Name)
	f := open(t, path)
	for range 200 {
		if err := f.Append([]machines.Entry{entry("coin", "value", int64(25))}); err != nil {
			t.Fatal(err)
		}
	}
	closed(t, f)
	return path
}

func TestALedgerIsOnlyAddedTo(t *testing.T) {
	path := written(t)
	for _, statement := range []string{
		"UPDATE entries SET kind = 'x' WHERE id = 2", "DELETE FROM entries WHERE id = 200",
		"UPDATE ledger SET machine = 'x'", "DELETE FROM ledger",
	} {
		if err := change(t, path, statement); err == nil || !strings.Contains(err.Error(), "only added to") {
			t.Errorf("%s: got %v, want it refused", statement, err)
		}
	}
	f := open(t, path)
	defer closed(t, f)
	if n := len(read(t, f)); n != 200 {
		t.Errorf("got %d entries, want 200", n)
	}
}

func TestWhatIsNoWholeLedgerIsRefused(t *testing.T) {
	sqlite := func(statements ...string) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			for _, s := range statements {
				if err := change(t, path, s); err != nil {
					t.Fatalf("%s: %v", s, err)
				}
			}
		}
	}
	file := func(damage func(text []byte) []byte) func(*testing.T, string) {
		return func(t *testing.T, path string) {
			text, err := os.ReadFile(path)
			if err == nil {
				err = os.WriteFile(path, damage(text), 0o600)
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, test := range []struct {
		name, want string
		damage     func(*testing.T, string)
	}{
		{"of another machine", `ledger of the machine "laundry", not of "vending"`, sqlite(
			"DROP TRIGGER machine_stays", "UPDATE ledger SET machine = 'laundry'")},
		{"of another program", "no ledger of signalbox", sqlite("PRAGMA application_id = 7")},
		{"of a newer program", "version is 9, and this program knows 1 and 2", sqlite("PRAGMA user_version = 9")},
		{"with an entry missing", "damaged (entry 17 is missing)", sqlite(
			"DROP TRIGGER entries_remain", "DELETE FROM entries WHERE id = 17")},
		{"with a changed amount", "damaged (entry 17 (coin) has been changed)", sqlite(
			"DROP TRIGGER entries_stay", `UPDATE entries SET data = '{"value":900}' WHERE id = 17`)},
		{"with a changed last entry", "damaged (entry 200 (coin) has been changed)", sqlite(
			"DROP TRIGGER entries_stay", `UPDATE entries SET data = '{"value":900}' WHERE id = 200`)},
		{"with a changed time", "damaged (entry 17 (coin) has been changed)", sqlite(
			"DROP TRIGGER entries_stay", "UPDATE entries SET time = time + 1 WHERE id = 17")},
		{"without its last entry", "damaged (it has 199 entries and had 200", sqlite(
			"DROP TRIGGER entries_remain", "DELETE FROM entries WHERE id = 200")},
		{"without its entries", "damaged (it has 0 entries and had 200", sqlite(
			"DROP TRIGGER entries_remain", "DELETE FROM entries")},
		{"without its tail", "ledger.db.tail is missing", func(t *testing.T, path string) {
			if err := os.Remove(path + ".tail"); err != nil {
				t.Fatal(err)
			}
		}},
		{"with a damaged tail", "no tail of a ledger, or damaged", func(t *testing.T, path string) {
			if err := os.WriteFile(path+".tail", make([]byte, 5000), 0o600); err != nil {
				t.Fatal(err)
			}
		}},
		{"without its owner", "damaged", sqlite("DROP TRIGGER machine_remains", "DELETE FROM ledger")},
		{"text", "not a database", file(func([]byte) []byte { return []byte("price,stock\n3.00,5\n") })},
		{"cut short", "damaged", file(func(text []byte) []byte { return text[:len(text)-4096] })},
		{"with noise in a page", "damaged", file(func(text []byte) []byte {
			for i := range 600 {
				text[len(text)-4096+i] ^= 0x5a
			}
			return text
		})},
		{"empty", "no ledger of signalbox", file(func([]byte) []byte { return nil })},
	} {
		t.Run(test.name, func(t *testing.T) {
			path := written(t)
			test.damage(t, path)
			before, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			f, err := ledger.Open(path, "vending")
			if err == nil {
				for _, failed := range f.All() {
					err = errors.Join(err, failed)
				}
				_ = f.Close()
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), path) {
				t.Errorf("got error %v, want one with the file and %q", err, test.want)
			}
			if after, _ := os.ReadFile(path); !cmp.Equal(before, after) {
				t.Error("got the file changed, want it left as it was")
			}
		})
	}
}

func TestThereIsNoLedgerYet(t *testing.T) {
	if _, err := ledger.Read(filepath.Join(t.TempDir(), ledger.Name)); !errors.Is(err, ledger.ErrNone) {
		t.Errorf("got %v, want ErrNone", err)
	}
}

func BenchmarkAppend(b *testing.B) {
	f, err := ledger.Open(filepath.Join(b.TempDir(), ledger.Name), "vending")
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := f.Append([]machines.Entry{entry("coin", "value", int64(25))}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(1, "fsync/op")
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
}
