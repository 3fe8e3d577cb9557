package migration_test

import (
	"fmt"
	"testing"

	"signalbox/machines/migration"
)

// The ways that an entry can go, as the documentation has them.
var ways = map[[2]migration.State]bool{
	{migration.Pending, migration.Moving}:  true,
	{migration.Moving, migration.Migrated}: true,
	{migration.Moving, migration.Failed}:   true,
	{migration.Failed, migration.Pending}:  true,
}

func TestTheStateMachineHasTheseWaysAndNoOthers(t *testing.T) {
	after := migration.NewEntryMachine()
	got := map[[2]migration.State]bool{}
	for _, s := range migration.States() {
		for _, e := range migration.Events() {
			if to, err := after(s, e); err == nil && to != s {
				got[[2]migration.State{s, to}] = true
			}
		}
	}
	for _, from := range migration.States() {
		for _, to := range migration.States() {
			if way := [2]migration.State{from, to}; got[way] != ways[way] {
				t.Errorf("%s → %s: got %v, want %v", from, to, got[way], ways[way])
			}
		}
	}
}

// An event that has happened may be repeated: the caller may have missed the answer.
func TestWhatIsDoneCanBeAskedForAgain(t *testing.T) {
	after := migration.NewEntryMachine()
	for _, c := range []struct {
		state migration.State
		event migration.Event
	}{{migration.Moving, migration.Take}, {migration.Migrated, migration.Confirm}, {migration.Failed, migration.GiveUp}} {
		if to, err := after(c.state, c.event); err != nil || to != c.state {
			t.Errorf("%s of one that is %s: got %s, %v", c.event, c.state, to, err)
		}
	}
}

// The constraints of the source hold for programs that bypass the state machine.
func TestTheSourceRefusesWhatTheStateMachineRefuses(t *testing.T) {
	for _, k := range kinds[1:3] { // a source of each kind
		t.Run(k.name, func(t *testing.T) {
			s := k.open(t)
			source, err := migration.OpenSource(dsn(t, s.source), true)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = source.Close() }()
			db := database(t, s.source)
			must := func(statement string) {
				t.Helper()
				if _, err := db.Exec(statement); err != nil {
					t.Fatalf("%s: %v", statement, err)
				}
			}
			way := map[migration.State][]migration.State{
				migration.Moving:   {migration.Moving},
				migration.Migrated: {migration.Moving, migration.Migrated},
				migration.Failed:   {migration.Moving, migration.Failed},
			}
			id := 0
			entry := func(state migration.State) int {
				id++
				must(fmt.Sprintf("INSERT INTO entries (id, payload) VALUES (%d, 'content')", id))
				for _, to := range way[state] {
					must(fmt.Sprintf("UPDATE entries SET state = '%s' WHERE id = %d", to, id))
				}
				return id
			}
			for _, from := range migration.States() {
				for _, to := range migration.States() {
					_, err := db.Exec(fmt.Sprintf("UPDATE entries SET state = '%s' WHERE id = %d", to, entry(from)))
					if want := from == to || ways[[2]migration.State{from, to}]; (err == nil) != want {
						t.Errorf("%s → %s: got %v, want it possible %v", from, to, err, want)
					}
				}
			}
			migrated, pending := entry(migration.Migrated), entry(migration.Pending)
			refused := []string{
				"UPDATE entries SET payload = 'another' WHERE id = %d",
				"UPDATE entries SET id = id + 1000 WHERE id = %d",
				"DELETE FROM entries WHERE id = %d",
				"INSERT INTO entries (id, payload) VALUES (%d, 'another')",
				"UPDATE entries SET state = 'unheard-of' WHERE id = %d",
			}
			if k.name == "sqlite to postgres" {
				refused = append(
					refused,
					"INSERT OR REPLACE INTO entries (id, payload) VALUES (%d, 'another')",
					"REPLACE INTO entries (id, payload, state) VALUES (%d, 'content', 'pending')",
					fmt.Sprintf("UPDATE OR REPLACE entries SET id = %%d WHERE id = %d", pending),
					"INSERT INTO entries (id, payload) VALUES (%d, 'another') ON CONFLICT (id) DO UPDATE SET state = 'pending'",
				)
			} else {
				refused = append(
					refused,
					"TRUNCATE entries -- %d",
					"INSERT INTO entries (id, payload) VALUES (%d, 'another') ON CONFLICT (id) DO UPDATE SET state = 'pending'",
				)
			}
			for _, statement := range refused {
				if _, err := db.Exec(fmt.Sprintf(statement, migrated)); err == nil {
					t.Errorf("%s: it was done", fmt.Sprintf(statement, migrated))
				}
			}
			got := content(t, s.source, fmt.Sprintf("SELECT id, state || ' ' || payload FROM entries WHERE id = %d", migrated))
			if len(got) != 1 || got[0] != fmt.Sprint(migrated, " migrated content") {
				t.Errorf("the migrated entry is %v", got)
			}
			if _, err := db.Exec("INSERT INTO entries (id, payload, state) VALUES (5000, '', 'migrated')"); err == nil {
				t.Error("an entry was migrated without a move")
			}
			// What is not migrated is its owner's.
			must(fmt.Sprintf("UPDATE entries SET payload = 'another' WHERE id = %d", pending))
			must(fmt.Sprintf("DELETE FROM entries WHERE id = %d", pending))
		})
	}
}
