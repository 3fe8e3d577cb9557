// Package migration moves entries from one store to another, each exactly once.
//
//	[Entry]    a row with its state: a state machine (looplab/fsm) whose final state is migrated
//	[Source]   the database that entries come from; it keeps their states, and its triggers enforce the state machine
//	[Target]   the database that entries go to; it inserts an entry, or compares it with the one that is there
//	[Backend]  source, target and progress; it handles the activities of the definitions
//	[View]     a snapshot of the progress, for a screen
//
// Source and target are databases behind database/sql, each a SQLite file or PostgreSQL ([ParseDSN]).
//
// An entry is moved in three steps, each a transaction of one store: it is taken (pending → moving), written into the
// target under its id, and marked (moving → migrated). A crash between two steps leaves an entry that is moving, and that
// may be in the target or not. The next run moves it again: writing is idempotent, so that no record of unfinished work is
// needed.
package migration

import (
	_ "embed"

	"signalbox/machines"
)

// The activities: what each does, its input → its output. Wrong input fails with machines.ErrInput.
const (
	// Seed reopens failed entries and adds entries to the source up to the number of rows; without rows, up to that of the
	// command line. {"rows": 100} → {"entries": 100, "open": 100, "migrated": 0}
	Seed = "seed"
	// NextEntry takes the first open entry, of all or of a range. {} or {"first": 1, "last": 100} → {"id": 7}, or
	// {"id": null} if none is left.
	NextEntry = "next-entry"
	// WriteEntry copies an entry that is moving into the target. {"id": 7} → {"id": 7}
	WriteEntry = "write-entry"
	// MarkMigrated makes an entry migrated if the target holds it. {"id": 7} → {"id": 7}
	MarkMigrated = "mark-migrated"
	// MarkFailed makes an entry failed: this run does not try it again. {"id": 7} → {"id": 7}
	MarkFailed = "mark-failed"
	// NextBatches divides the open entries with ids above after into at most count ranges of size entries. after is the
	// last id of the ranges. {"size": 1000, "count": 8, "after": null} → {"batches": [{"first": 1, "last": 1000}], "after": 1000}
	NextBatches = "next-batches"
	// MoveBatch takes, writes and marks the open entries of a range. {"first": 1, "last": 1000} → {"moved": 1000}
	MoveBatch = "move-batch"
	// Verify compares the migrated entries with the target. {} → {"entries": 100, "migrated": 99, "failed": 1, "open": 0}
	Verify = "verify"
	// Notify writes a notice to the log and to the source. {"entry": 7, "error": {"Error": …, "Cause": …}} → {"text": …};
	// without an entry the notice is of the whole migration.
	Notify = "notify"
)

var activities = []string{Seed, NextEntry, WriteEntry, MarkMigrated, MarkFailed, NextBatches, MoveBatch, Verify, Notify}

// The error names of the activities, for Retry and Catch.
const (
	ErrUnavailable = "Migration.Unavailable" // a store does not answer or has no room: retry
	ErrRejected    = "Migration.Rejected"    // the target rejects the content: a retry does not help
	ErrConflict    = "Migration.Conflict"    // the target has an entry with this id and another content
	ErrRefused     = "Migration.Refused"     // the state of the entry does not allow the activity
	ErrMismatch    = "Migration.Mismatch"    // a migrated entry is missing in the target, or differs there
)

var (
	//go:embed migration.asl.json
	oneByOne []byte
	//go:embed migration-batch.asl.json
	inBatches []byte
)

// Machine returns the machine "migration", which moves one entry after the other.
func Machine() machines.Machine {
	return machine("migration", "moves entries from one database to another, one by one", oneByOne, 100)
}

// Batch returns the machine "migration-batch", which moves a thousand entries at a time.
func Batch() machines.Machine {
	return machine("migration-batch", "moves entries from one database to another, a thousand at a time", inBatches, 20_000)
}

// machine returns a machine with a definition. Rows is the number of entries in a source that the user does not name.
func machine(name, summary string, definition []byte, rows int64) machines.Machine {
	return machines.Machine{
		Name: name, Summary: summary, Definition: definition, Activities: activities,
		Flags: []string{"source", "target", "rows"},
		Check: func(s machines.Settings) error {
			_, err := plan(s, rows)
			return err
		},
		Open: func(s machines.Settings, run machines.RunContext) (machines.Backend, error) {
			p, err := plan(s, rows)
			if err != nil {
				return nil, err
			}
			backend, err := Open(p, run)
			if err != nil {
				return nil, err // the interface must be nil, too
			}
			return backend, nil
		},
	}
}
