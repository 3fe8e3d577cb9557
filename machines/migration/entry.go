package migration

import (
	"fmt"

	"signalbox/machines"
)

// A State is the state of an entry. The source has it in a column beside the entry.
type State string

// The states.
const (
	Pending  State = "pending"  // not moved yet
	Moving   State = "moving"   // taken; it may be in the target already
	Migrated State = "migrated" // in the target; this state is final
	Failed   State = "failed"   // given up, until the next run reopens it
)

// States returns all states.
func States() []State { return []State{Pending, Moving, Migrated, Failed} }

// An Event changes the state of an entry.
type Event string

// The events.
const (
	Take    Event = "take"    // to Moving; also from Moving, if an earlier run took the entry and died
	Confirm Event = "confirm" // to Migrated: the target holds the entry
	GiveUp  Event = "give-up" // to Failed
	Reopen  Event = "reopen"  // from Failed to Pending: a new run begins
)

// Events returns all events.
func Events() []Event { return []Event{Take, Confirm, GiveUp, Reopen} }

// An Entry is a row of the source.
type Entry struct {
	ID      int64
	Payload string
	State   State
}

// newEntryPart returns the state machine of entries. Take, Confirm and GiveUp may be repeated, because the caller may have
// missed the answer to the first.
func newEntryPart() *machines.Part[State] {
	return machines.NewPart(
		Pending,
		machines.On(string(Take), Moving, Pending, Moving),
		machines.On(string(Confirm), Migrated, Moving, Migrated),
		machines.On(string(GiveUp), Failed, Moving, Failed),
		machines.On(string(Reopen), Pending, Failed),
	)
}

// after returns the state that follows from state s by event e, or an error if s does not allow e.
func after(part *machines.Part[State], s State, e Event) (State, error) {
	to, ok := part.After(s, string(e))
	if !ok {
		return s, fmt.Errorf("%s is not allowed for an entry that is %s", e, s)
	}
	return to, nil
}
