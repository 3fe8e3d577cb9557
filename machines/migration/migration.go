// Package migration moves entries from one store to another, each exactly once.
//
//	[Entry]   one row with its state: a state machine (looplab/fsm) whose last state is migrated
//	[Source]  where entries come from; it keeps their states, and refuses by triggers what the state machine refuses
//	[Target]  where they go: inserts what is not there, compares what is
//	[Site]    source, target and what they have come to; answers the activities of the definitions
//
// Source and target are databases behind database/sql, each a SQLite file or PostgreSQL ([ParseDSN]).
//
// An entry is moved in three steps, each a transaction of one store: it is taken (pending → moving), written into the
// target under its id, and marked (moving → migrated). Whatever dies in between leaves an entry that is moving, which may
// or may not be in the target; it is moved again, and writing it again changes nothing. So nothing has to be known of what
// was under way.
package migration

import (
	_ "embed"

	"signalbox/machines"
)

// The activities.
const (
	Seed         = "seed"          // {"rows": 100} → {"entries": 100, "open": 100}; fills the source up, puts back what had failed
	NextEntry    = "next-entry"    // {} or {"first": 1, "last": 100} → {"id": 7}, or {"id": null} where none is left; takes it
	WriteEntry   = "write-entry"   // {"id": 7}: into the target
	MarkMigrated = "mark-migrated" // {"id": 7}, once it is in the target
	MarkFailed   = "mark-failed"   // {"id": 7}: it is given up
	NextBatches  = "next-batches"  // {"size": 1000, "count": 8, "after": null} → {"batches": [{"first": 1, "last": 1000}], "after": 1000}
	MoveBatch    = "move-batch"    // {"first": 1, "last": 1000}: takes, writes and marks all of it
	Verify       = "verify"        // {} → {"entries": 100, "migrated": 99, "failed": 1}; compares both stores
	Notify       = "notify"        // {"entry": 7, "error": {"Error": …, "Cause": …}}: tells somebody
)

var activities = []string{Seed, NextEntry, WriteEntry, MarkMigrated, MarkFailed, NextBatches, MoveBatch, Verify, Notify}

// The error names.
const (
	ErrUnavailable = "Migration.Unavailable" // a store does not answer, or has no room: worth another try
	ErrRejected    = "Migration.Rejected"    // the target does not take the content: another try would not help
	ErrConflict    = "Migration.Conflict"    // the target has another content under that id
	ErrRefused     = "Migration.Refused"     // what is asked must not be: the entry is in another state
	ErrMismatch    = "Migration.Mismatch"    // what is migrated is not in the target as it was in the source
)

var (
	//go:embed migration.asl.json
	oneByOne []byte
	//go:embed migration-batch.asl.json
	inBatches []byte
)

// Machine returns the migration that moves one entry after the other.
func Machine() machines.Machine {
	return machine("migration", "moves entries from one database to another, one by one", oneByOne, 100)
}

// Batch returns the migration that moves a thousand entries at a time.
func Batch() machines.Machine {
	return machine("migration-batch", "moves entries from one database to another, a thousand at a time", inBatches, 20_000)
}

func machine(name, summary string, definition []byte, rows int64) machines.Machine {
	return machines.Machine{
		Name: name, Summary: summary, Definition: definition, Activities: activities,
		Flags: []string{"source", "target", "rows"},
		Check: func(s machines.Settings) error {
			_, err := plan(s, rows)
			return err
		},
		Open: func(s machines.Settings, host machines.RunContext) (machines.Backend, error) {
			p, err := plan(s, rows)
			if err != nil {
				return nil, err
			}
			site, err := Open(p, host)
			if err != nil {
				return nil, err // and not a Site that is nil
			}
			return site, nil
		},
	}
}
