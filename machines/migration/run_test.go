package migration_test

import (
	"context"
	"database/sql"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
	"signalbox/internal/race"
	"signalbox/machines"
	"signalbox/machines/migration"
	"signalbox/machines/migration/pgtest"
)

// definitions are the two ways of moving.
var definitions = []struct {
	name string
	text []byte
}{{"migration", migration.Machine().Definition}, {"migration-batch", migration.Batch().Definition}}

// stores are a source and a target.
type stores struct{ source, target string }

// files are names of SQLite files that do not exist yet.
func files(tb testing.TB) stores {
	dir := tb.TempDir()
	return stores{filepath.Join(dir, "source.db"), filepath.Join(dir, "target.db")}
}

// kinds are the pairs of stores that are tried.
var kinds = []struct {
	name string
	open func(testing.TB) stores
}{
	{"sqlite to sqlite", files},
	{"sqlite to postgres", func(tb testing.TB) stores { return stores{files(tb).source, pgtest.Database(tb)} }},
	{"postgres to sqlite", func(tb testing.TB) stores { return stores{pgtest.Database(tb), files(tb).target} }},
	{"postgres to postgres", func(tb testing.TB) stores { return stores{pgtest.Database(tb), pgtest.Database(tb)} }},
}

func (s stores) plan(tb rapid.TB, rows int64) migration.Plan {
	tb.Helper()
	return migration.Plan{Source: dsn(tb, s.source), Target: dsn(tb, s.target), Rows: rows}
}

func dsn(tb rapid.TB, text string) migration.DSN {
	tb.Helper()
	d, err := migration.ParseDSN(text)
	if err != nil {
		tb.Fatal(err)
	}
	return d
}

// An outcome is the end of a run: its notes and its execution.
type outcome struct {
	notes []string
	x     asl.Execution
}

// migrate runs a definition to its end, in simulated time.
func migrate(tb rapid.TB, definition []byte, p migration.Plan, fault func(point string) error) outcome {
	tb.Helper()
	m, faults := asl.Parse(definition)
	if m == nil {
		tb.Fatal(faults)
	}
	var out outcome
	clock := engine.NewSimulated(engine.Epoch, 0)
	backend, err := migration.Open(p, machines.RunContext{Clock: clock, Note: func(text string) { out.notes = append(out.notes, text) }})
	if err != nil {
		tb.Fatal(err)
	}
	backend.SetFault(fault)
	handlers := map[string]engine.Handler{}
	for _, a := range migration.Machine().Activities {
		handlers[a] = backend.Handler(a)
	}
	e := engine.New(engine.Options{Clock: clock, Handlers: handlers})
	_, err = e.Start(m, asl.Identity{Name: "run"}, value.NewObject(), func(x asl.Execution) {
		out.x = x
		clock.Stop()
	})
	if err != nil {
		tb.Fatal(err)
	}
	if err := clock.Run(context.Background()); err != nil {
		tb.Fatal(err)
	}
	if err := backend.Close(); err != nil {
		tb.Fatal(err)
	}
	return out
}

// content reads what a statement finds, each row as text, in a database of a DSN.
func content(tb rapid.TB, text, statement string) []string {
	tb.Helper()
	db := opened(tb, text)
	defer func() { _ = db.Close() }()
	rows, err := db.Query(statement)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var list []string
	for rows.Next() {
		var id int64
		var rest string
		if err := rows.Scan(&id, &rest); err != nil {
			tb.Fatal(err)
		}
		list = append(list, fmt.Sprint(id, " ", rest))
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	return list
}

// database opens the database of a DSN, as any other program would, until the test is over.
func database(tb testing.TB, text string) *sql.DB {
	tb.Helper()
	db := opened(tb, text)
	tb.Cleanup(func() { _ = db.Close() })
	return db
}

func opened(tb rapid.TB, text string) *sql.DB {
	tb.Helper()
	driver := "sqlite"
	if strings.HasPrefix(text, "postgres:") {
		driver = "pgx"
	}
	db, err := sql.Open(driver, text)
	if err != nil {
		tb.Fatal(err)
	}
	return db
}

// wantAllMoved wants every entry of the source, and nothing else, in the target, and migrated.
func wantAllMoved(tb rapid.TB, s stores, entries int) {
	tb.Helper()
	source := content(tb, s.source, "SELECT id, payload FROM entries ORDER BY id")
	if len(source) != entries {
		tb.Errorf("the source has %d entries, want %d", len(source), entries)
	}
	if diff := cmp.Diff(source, content(tb, s.target, "SELECT id, payload FROM entries ORDER BY id")); diff != "" {
		tb.Errorf("the target is not what the source is (-source +target):\n%s", diff)
	}
	if left := content(tb, s.source, "SELECT id, state FROM entries WHERE state <> 'migrated' ORDER BY id"); left != nil {
		tb.Errorf("left in the source: %v", left)
	}
}

func TestEveryEntryMoves(t *testing.T) {
	t.Parallel() // it waits for the disk
	for _, k := range kinds {
		for _, d := range definitions {
			t.Run(d.name+" "+k.name, func(t *testing.T) {
				s := k.open(t)
				// More than a batch holds, and a batch that is not full.
				rows := map[string]int64{"migration": 100, "migration-batch": 2432}[d.name]
				if race.Enabled { // SQLite is Go here, and forty times slower
					rows = map[string]int64{"migration": 20, "migration-batch": 1032}[d.name]
				}
				got := migrate(t, d.text, s.plan(t, rows), nil)
				if got.x.Status != asl.StatusSucceeded {
					t.Fatalf("got %v %v, want it to succeed", got.x.Status, got.x.Failure)
				}
				if text := value.Text(got.x.Output); text != fmt.Sprintf(`{"entries":%d,"migrated":%[1]d,"failed":0,"open":0}`, rows) {
					t.Errorf("got output %s", text)
				}
				wantAllMoved(t, s, int(rows))
				// Once more, with more rows: only those are moved.
				if got = migrate(t, d.text, s.plan(t, rows+10), nil); got.x.Status != asl.StatusSucceeded {
					t.Fatalf("got %v %v, want it to succeed", got.x.Status, got.x.Failure)
				}
				wantAllMoved(t, s, int(rows)+10)
			})
		}
	}
}
