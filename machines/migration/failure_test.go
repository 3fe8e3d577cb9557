package migration_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl"
	"signalbox/machines"
	"signalbox/machines/migration"
)

// prepare makes a store of a DSN as OpenSource and OpenTarget do.
func prepare(tb testing.TB, s stores, statements ...string) {
	tb.Helper()
	source, err := migration.OpenSource(dsn(tb, s.source), true)
	if err != nil {
		tb.Fatal(err)
	}
	target, err := migration.OpenTarget(dsn(tb, s.target))
	if err != nil {
		tb.Fatal(err)
	}
	if err := errors.Join(source.Close(), target.Close()); err != nil {
		tb.Fatal(err)
	}
	for _, statement := range statements {
		to := s.target
		if rest, ok := strings.CutPrefix(statement, "source: "); ok {
			to, statement = s.source, rest
		}
		if _, err := database(tb, to).Exec(statement); err != nil {
			tb.Fatalf("%s: %v", statement, err)
		}
	}
}

func TestWhatCannotBeMovedIsPutAsideAndTold(t *testing.T) {
	t.Parallel()
	for _, k := range kinds {
		for _, d := range definitions {
			t.Run(d.name+" "+k.name, func(t *testing.T) {
				s := k.open(t)
				// Entry 7 is something else already, and entry 3 is more than the target takes.
				prepare(t, s,
					"INSERT INTO entries (id, payload) VALUES (7, 'somebody else''s')",
					"source: INSERT INTO entries (id, payload) VALUES (2, 'as it should be')",
					"source: INSERT INTO entries (id, payload) VALUES (3, '"+strings.Repeat("long", 100)+"')")
				if strings.HasPrefix(s.target, "postgres:") {
					change(t, s.target, "ALTER TABLE entries ADD CONSTRAINT short CHECK (length(payload) < 200)")
				} else {
					change(t, s.target, "CREATE TRIGGER short BEFORE INSERT ON entries WHEN length(NEW.payload) > 200 "+
						"BEGIN SELECT RAISE(ABORT, 'too long'); END")
				}
				got := migrate(t, d.text, s.plan(t, 20), nil)
				if got.x.Status != asl.StatusFailed || got.x.Failure.Name != "Migration.Incomplete" {
					t.Fatalf("got %v %v, want it to be incomplete", got.x.Status, got.x.Failure)
				}
				if left := content(t, s.source, "SELECT id, state FROM entries WHERE state <> 'migrated' ORDER BY id"); !slices.Equal(
					left, []string{"3 failed", "7 failed"}) {
					t.Errorf("left in the source: %v", left)
				}
				notices := content(t, s.source, "SELECT entry, error FROM notices ORDER BY entry")
				if diff := cmp.Diff([]string{"3 Migration.Rejected", "7 Migration.Conflict"}, notices); diff != "" {
					t.Errorf("notices (-want +got):\n%s", diff)
				}
				for _, want := range []string{
					"entry 3 could not be moved: Migration.Rejected: the target: ",
					"entry 7 could not be moved: Migration.Conflict: the target has another entry 7",
				} {
					if !slices.ContainsFunc(got.notes, func(n string) bool { return strings.HasPrefix(n, want) }) {
						t.Errorf("no note says %s: %q", want, got.notes)
					}
				}
				if has := content(t, s.target, "SELECT id, payload FROM entries WHERE id = 7"); !slices.Equal(has, []string{"7 somebody else's"}) {
					t.Errorf("the other entry 7 is %v", has)
				}

				// An operator repairs it and starts again.
				change(t, s.target, "DELETE FROM entries WHERE id = 7")
				change(t, s.source, "UPDATE entries SET payload = 'short' WHERE id = 3")
				if got = migrate(t, d.text, s.plan(t, 20), nil); got.x.Status != asl.StatusSucceeded {
					t.Fatalf("got %v %v, want it to succeed", got.x.Status, got.x.Failure)
				}
				wantAllMoved(t, s, 19) // 2, 3 and 4 to 20
			})
		}
	}
}

func change(tb testing.TB, text, statement string) {
	tb.Helper()
	if _, err := database(tb, text).Exec(statement); err != nil {
		tb.Fatalf("%s: %v", statement, err)
	}
}

// PostgreSQL has no character 0; SQLite does.
func TestContentThatPostgreSQLCannotHold(t *testing.T) {
	s := kinds[1].open(t)
	prepare(t, s, "source: INSERT INTO entries (id, payload) VALUES (1, 'a' || char(0) || 'b'), (2, 'ab')")
	for _, d := range definitions {
		got := migrate(t, d.text, s.plan(t, 0), nil)
		if got.x.Status != asl.StatusFailed || got.x.Failure.Name != "Migration.Incomplete" {
			t.Fatalf("%s: got %v %v, want it to be incomplete", d.name, got.x.Status, got.x.Failure)
		}
		if has := content(t, s.target, "SELECT id, payload FROM entries"); !slices.Equal(has, []string{"2 ab"}) {
			t.Errorf("%s: the target has %v", d.name, has)
		}
	}
	if notices := content(t, s.source, "SELECT entry, error FROM notices"); !slices.Equal(notices, slices.Repeat([]string{"1 Migration.Rejected"}, 2)) {
		t.Errorf("notices: %v", notices)
	}
}

func TestAStoreThatDoesNotAnswer(t *testing.T) {
	for _, d := range definitions {
		t.Run(d.name, func(t *testing.T) {
			s := files(t)
			down := func(point string) error {
				if strings.HasPrefix(point, "target write") {
					return errors.New("connection reset by peer")
				}
				return nil
			}
			got := migrate(t, d.text, s.plan(t, 10), down)
			if got.x.Status != asl.StatusFailed || got.x.Failure.Name != migration.ErrUnavailable {
				t.Fatalf("got %v %v, want it to give up", got.x.Status, got.x.Failure)
			}
			const cause = "Migration.Unavailable: the target: connection reset by peer"
			if want := "the migration has stopped: " + cause; !slices.Contains(got.notes, want) {
				t.Errorf("no note says %s: %q", want, got.notes)
			}
			// A failure that passes is retried, and not reported.
			calls := 0
			flaky := func(string) error {
				if calls++; calls%41 == 0 {
					return errors.New("connection reset by peer")
				}
				return nil
			}
			if got = migrate(t, d.text, s.plan(t, 10), flaky); got.x.Status != asl.StatusSucceeded {
				t.Fatalf("got %v %v, want it to succeed", got.x.Status, got.x.Failure)
			}
			if notices := content(t, s.source, "SELECT number, error || ': ' || cause FROM notices"); !slices.Equal(notices, []string{"1 " + cause}) {
				t.Errorf("notices: %q", notices)
			}
			wantAllMoved(t, s, 10)
		})
	}
}

func TestADefinitionCannotSkipAStep(t *testing.T) {
	s := files(t)
	prepare(t, s, "source: INSERT INTO entries (id, payload) VALUES (1, 'a'), (2, 'b')")
	step := func(activity, parameters string) string {
		return fmt.Sprintf(`{"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:%s", "Parameters": %s, `,
			activity, parameters)
	}
	for _, c := range []struct {
		name, first, second, want string
	}{
		{"written before it is taken", "", step("write-entry", `{"id": 1}`), "Migration.Refused: entry 1: it is pending, and was not taken"},
		{
			"marked before it is taken", "", step("mark-migrated", `{"id": 1}`),
			"Migration.Refused: the target has no entry 1",
		},
		{
			"marked before it is written", step("next-entry", `{}`), step("mark-migrated", `{"id": 1}`),
			"Migration.Refused: the target has no entry 1",
		},
		{"given up before it is taken", "", step("mark-failed", `{"id": 2}`), "Migration.Refused: entry 2: give-up is not allowed for an entry that is pending"},
		{"one that is not there", "", step("write-entry", `{"id": 3}`), "Migration.Refused: the source has no entry 3"},
		{"an id that is none", "", step("write-entry", `{"id": "one"}`), "Activity.Input: input"},
		{"no id", "", step("mark-failed", `{}`), "Activity.Input: input {}: an id is missing"},
		{"a batch without ends", "", step("move-batch", `{"first": 1}`), "Activity.Input: input {\"first\":1}: first and last are missing"},
		{"batches too large", "", step("next-batches", `{"size": 100000}`), "Activity.Input: input"},
		{"a slip of the pen", "", step("verify", `{"fast": true}`), "Activity.Input: input"},
	} {
		t.Run(c.name, func(t *testing.T) {
			text := `{"StartAt": "B", "States": {"B": ` + c.second + `"End": true}}}`
			if c.first != "" {
				text = `{"StartAt": "A", "States": {"A": ` + c.first + `"Next": "B"}, "B": ` + c.second + `"End": true}}}`
			}
			got := migrate(t, []byte(text), s.plan(t, 0), nil)
			if got.x.Status != asl.StatusFailed || !strings.HasPrefix(got.x.Failure.Error(), c.want) {
				t.Errorf("got %v %v, want %s", got.x.Status, got.x.Failure, c.want)
			}
			if moved := content(t, s.source, "SELECT id, state FROM entries WHERE state = 'migrated'"); moved != nil {
				t.Errorf("migrated: %v", moved)
			}
		})
	}
}

func TestVerifyFindsWhatIsMissing(t *testing.T) {
	for _, c := range []struct{ spoil, want string }{
		{"DELETE FROM entries WHERE id IN (5, 9)", "the target has no entry 5 (differences: 2)"},
		{"UPDATE entries SET payload = 'x' WHERE id = 30", "the target has another entry 30 (differences: 1)"},
	} {
		s := files(t)
		if got := migrate(t, definitions[1].text, s.plan(t, 30), nil); got.x.Status != asl.StatusSucceeded {
			t.Fatal(got.x.Failure)
		}
		change(t, s.target, c.spoil)
		got := migrate(t, definitions[1].text, s.plan(t, 30), nil)
		if got.x.Failure == nil || got.x.Failure.Name != migration.ErrMismatch || got.x.Failure.Cause != c.want {
			t.Errorf("got %v, want %s", got.x.Failure, c.want)
		}
	}
}

func TestStoresThatAreNone(t *testing.T) {
	dir := t.TempDir()
	file := func(name string, statements ...string) string {
		name = filepath.Join(dir, name)
		for _, statement := range statements {
			change(t, name, statement)
		}
		return name
	}
	if err := os.WriteFile(filepath.Join(dir, "text.db"), []byte("this is no database, but a text that is long enough"), 0o600); err != nil {
		t.Fatal(err)
	}
	source := file("source.db")
	prepare(t, stores{source, file("any.db")})
	for _, c := range []struct{ source, target, want string }{
		{filepath.Join(dir, "missing.db"), file("a.db"), "source " + dir + "/missing.db: stat"},
		{filepath.Join(dir, "text.db"), file("b.db"), "source " + dir + "/text.db: file is not a database"},
		{
			file("c.db", "CREATE TABLE entries (id INTEGER PRIMARY KEY, payload TEXT)"), file("d.db"),
			"source " + dir + "/c.db: ",
		},
		{source, file("e.db", "CREATE TABLE entries (number INTEGER)"), "its table entries should have the columns id and payload"},
		{source, source, "it is a source: its entries have states"},
	} {
		p := stores{c.source, c.target}.plan(t, 0)
		backend, err := migration.Open(p, machines.RunContext{})
		if err == nil {
			_ = backend.Close()
		}
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s to %s: got %v, want %s", c.source, c.target, err, c.want)
		}
	}
}

func TestPlans(t *testing.T) {
	dir := t.TempDir()
	there := filepath.Join(dir, "there.db")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	rows := func(n int64) *int64 { return &n }
	for _, c := range []struct {
		settings             machines.Settings
		source, target, want string
		rows                 int64
	}{
		{machines.Settings{}, "", "", "", 100},
		{machines.Settings{Rows: rows(7)}, "", "", "", 7},
		{machines.Settings{Source: there}, there, "", "", 0},
		{machines.Settings{Source: "sqlite:" + there, Rows: rows(7)}, there, "", "", 7},
		{machines.Settings{Source: filepath.Join(dir, "new.db"), Rows: rows(7)}, filepath.Join(dir, "new.db"), "", "", 7},
		{
			machines.Settings{Target: "postgres://me:secret@db:5433/new"},
			"", "postgres://me:xxxxx@db:5433/new", "", 100,
		},
		{machines.Settings{Source: filepath.Join(dir, "new.db")}, "", "", "--source: stat " + dir + "/new.db: no such file or directory; --rows N makes one", 0},
		{machines.Settings{Rows: rows(-1)}, "", "", "--rows -1: a number of rows is 0 or more", 0},
		{machines.Settings{Source: "mysql://me:secret@db/old"}, "", "", "--source: mysql://me:xxxxx@db/old: a store is FILE, sqlite:FILE or postgres://…", 0},
		{machines.Settings{Source: "sqlite:"}, "", "", "--source: sqlite:: a store is", 0},
		{machines.Settings{Target: " "}, "", "", "--target: a store is FILE, sqlite:FILE or postgres://…, not nothing", 0},
		{machines.Settings{Target: "postgres://me:secret@db:port/new"}, "", "", "--target: cannot parse `postgres://me:xxxxx@db:port/new`", 0},
		{machines.Settings{Source: there, Target: "sqlite:" + there}, "", "", "--target: " + there + " is the source; name another store", 0},
		{machines.Settings{Target: filepath.Join(dir, "no", "such.db")}, "", "", "--target: stat " + dir + "/no: no such file or directory", 0},
	} {
		p, err := migration.MakePlan(c.settings, 100)
		if c.want != "" {
			if err == nil || !strings.HasPrefix(err.Error(), c.want) {
				t.Errorf("%+v: got %v, want %s", c.settings, err, c.want)
			}
			if err != nil && strings.Contains(err.Error(), "secret") {
				t.Errorf("%+v: %v shows the password", c.settings, err)
			}
			continue
		}
		if err != nil || p.Source.String() != c.source || p.Target.String() != c.target || p.Rows != c.rows {
			t.Errorf("%+v: got %v, %v, %d rows, %v", c.settings, p.Source, p.Target, p.Rows, err)
		}
	}
}
