package migration

import (
	"fmt"

	"signalbox/machines"
)

// A State is how far an entry has come. The source keeps it beside the entry.
type State string

// The states.
const (
	Pending  State = "pending"
	Moving   State = "moving"   // taken; it may be in the target already
	Migrated State = "migrated" // in the target. No way leads out of it
	Failed   State = "failed"   // given up, until somebody starts again
)

// States lists them all.
func States() []State { return []State{Pending, Moving, Migrated, Failed} }

// An Event is what happens to an entry.
type Event string

// The events.
const (
	Take    Event = "take"    // also of one that is moving: whoever took it before has died
	Confirm Event = "confirm" // it is in the target
	GiveUp  Event = "give-up"
	Reopen  Event = "reopen" // somebody starts again
)

// Events lists them all.
func Events() []Event { return []Event{Take, Confirm, GiveUp, Reopen} }

// An Entry is a row of the source.
type Entry struct {
	ID      int64
	Payload string
	State   State
}

// newEntryPart returns the state machine of entries. An event that has happened already may happen again, as its caller may
// not have seen the answer: an entry that is migrated can be confirmed.
func newEntryPart() *machines.Part[State] {
	return machines.NewPart(
		Pending,
		machines.On(string(Take), Moving, Pending, Moving),
		machines.On(string(Confirm), Migrated, Moving, Migrated),
		machines.On(string(GiveUp), Failed, Moving, Failed),
		machines.On(string(Reopen), Pending, Failed),
	)
}

// after returns the state of an entry in state s after an event, or an error if the event cannot happen in s.
func after(part *machines.Part[State], s State, e Event) (State, error) {
	to, ok := part.After(s, string(e))
	if !ok {
		return s, fmt.Errorf("%s is not for an entry that is %s", e, s)
	}
	return to, nil
}
