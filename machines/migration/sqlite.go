package migration

import (
	"database/sql"
	"encoding/json"
	"errors"
	"net/url"
	"os"
	"path/filepath"

	driver "modernc.org/sqlite"
	codes "modernc.org/sqlite/lib"
)

// sqlite is the dialect of a SQLite file. A commit is on the disk (synchronous=FULL): a power cut must not undo the write
// of an entry that the other store has as migrated.
var sqlite = &dialect{
	open: func(name string, fresh bool) (*sql.DB, error) {
		if !fresh {
			// SQLite would create an empty file for a mistyped name.
			if _, err := os.Stat(name); err != nil {
				return nil, err
			}
		}
		full, err := filepath.Abs(name)
		if err != nil {
			return nil, err
		}
		file := url.URL{Scheme: "file", Path: full, RawQuery: url.Values{
			"_pragma": {"busy_timeout(10000)", "journal_mode(WAL)", "synchronous(FULL)"},
			"_txlock": {"immediate"}, // a transaction that locks later can fail with SQLITE_BUSY and must be repeated
		}.Encode()}
		db, err := sql.Open("sqlite", file.String())
		if err != nil {
			return nil, err
		}
		db.SetMaxOpenConns(1) // SQLite has one writer at a time
		return db, nil
	},
	// The triggers enforce the state machine of entries against other programs. REPLACE deletes rows without the triggers of
	// DELETE, so that INSERT and changes of ids have triggers, too.
	source: []string{
		`CREATE TABLE IF NOT EXISTS entries (
			id INTEGER PRIMARY KEY,
			payload TEXT NOT NULL,
			state TEXT NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'moving', 'migrated', 'failed'))
		) STRICT`,
		`CREATE INDEX IF NOT EXISTS entries_open ON entries (id) WHERE state IN ('pending', 'moving')`,
		`CREATE TABLE IF NOT EXISTS notices (
			number INTEGER PRIMARY KEY, at TEXT NOT NULL, entry INTEGER, error TEXT NOT NULL, cause TEXT NOT NULL
		) STRICT`,
		`CREATE TRIGGER IF NOT EXISTS entries_begin_pending BEFORE INSERT ON entries WHEN NEW.state <> 'pending'
		BEGIN SELECT RAISE(ABORT, 'a new entry is pending'); END`,
		`CREATE TRIGGER IF NOT EXISTS entries_migrated_not_replaced BEFORE INSERT ON entries
		WHEN EXISTS (SELECT 1 FROM entries WHERE id = NEW.id AND state = 'migrated')
		BEGIN SELECT RAISE(ABORT, 'a migrated entry stays as it is'); END`,
		`CREATE TRIGGER IF NOT EXISTS entries_migrated_not_overtaken BEFORE UPDATE OF id ON entries
		WHEN NEW.id <> OLD.id AND EXISTS (SELECT 1 FROM entries WHERE id = NEW.id AND state = 'migrated')
		BEGIN SELECT RAISE(ABORT, 'a migrated entry stays as it is'); END`,
		`CREATE TRIGGER IF NOT EXISTS entries_migrated_stay BEFORE UPDATE ON entries
		WHEN OLD.state = 'migrated' AND (NEW.state <> OLD.state OR NEW.id <> OLD.id OR NEW.payload <> OLD.payload)
		BEGIN SELECT RAISE(ABORT, 'a migrated entry stays as it is'); END`,
		`CREATE TRIGGER IF NOT EXISTS entries_migrated_not_deleted BEFORE DELETE ON entries WHEN OLD.state = 'migrated'
		BEGIN SELECT RAISE(ABORT, 'a migrated entry stays as it is'); END`,
		`CREATE TRIGGER IF NOT EXISTS entries_go_their_way BEFORE UPDATE OF state ON entries
		WHEN NEW.state <> OLD.state AND OLD.state || ' ' || NEW.state
			NOT IN ('pending moving', 'moving migrated', 'moving failed', 'failed pending')
		BEGIN SELECT RAISE(ABORT, 'this change of state is not allowed'); END`,
	},
	target: []string{`CREATE TABLE IF NOT EXISTS entries (id INTEGER PRIMARY KEY, payload TEXT NOT NULL) STRICT`},
	idList: "%s IN (SELECT value FROM json_each(?))",
	argument: func(ids []int64) any {
		text, _ := json.Marshal(ids) // numbers: cannot fail
		return string(text)
	},
	classify: func(err error) string {
		var e *driver.Error
		if !errors.As(err, &e) {
			return ""
		}
		switch e.Code() & 0xff {
		case codes.SQLITE_CONSTRAINT, codes.SQLITE_MISMATCH, codes.SQLITE_TOOBIG:
			return ErrRejected
		}
		return ""
	},
}
