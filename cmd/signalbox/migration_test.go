package main_test

import (
	"database/sql"
	"path/filepath"
	"testing"

	"signalbox/internal/race"
	_ "signalbox/machines/migration" // the driver "sqlite"
	"signalbox/machines/migration/pgtest"
)

func TestScreenOfAMigration(t *testing.T) {
	t.Parallel()
	rows, count := "2000", "2,000"
	if race.Enabled { // SQLite is Go here
		rows, count = "300", "300"
	}
	term := openTerminal(t, 96, 30, "TMPDIR="+t.TempDir()+" "+signalbox+" run migration --rows "+rows)
	term.shows("transfer", "moving", "of "+count, "/s", "live", "real time")
	term.tmux("send-keys", "p")
	term.shows("PAUSED")
	term.tmux("send-keys", "p")
	term.shows("SUCCEEDED", "done", "100 %", count+" of "+count, "verified: "+count+" of "+count+" migrated, 0 failed")
	term.tmux("send-keys", "q")
	term.shows("exit 0")
}

func TestMigrationThroughPostgreSQL(t *testing.T) {
	t.Parallel()
	middle, last := pgtest.Database(t), filepath.Join(t.TempDir(), "last.db")
	run(t, "run", "migration-batch", "--target", middle, "--rows", "3000", "--data", t.TempDir(), "--plain")
	db, err := sql.Open("pgx", middle)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	// What was a target becomes a source.
	if _, err := db.Exec("ALTER TABLE entries RENAME TO arrived"); err != nil {
		t.Fatal(err)
	}
	run(t, "run", "migration", "--source", middle, "--target", last, "--rows", "1", "--plain")
	for _, statement := range []string{
		"DELETE FROM arrived WHERE id = 1", "INSERT INTO entries SELECT id, payload FROM arrived",
	} {
		if _, err := db.Exec(statement); err != nil {
			t.Fatal(err)
		}
	}
	run(t, "run", "migration-batch", "--source", middle, "--target", "sqlite:"+last, "--plain")
	file, err := sql.Open("sqlite", last)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	var n, sum int
	if err := file.QueryRow("SELECT count(*), sum(id) FROM entries").Scan(&n, &sum); err != nil || n != 3000 || sum != 3000*3001/2 {
		t.Errorf("got %d entries whose ids are %d together, %v", n, sum, err)
	}
}
