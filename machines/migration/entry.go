package migration

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/looplab/fsm"
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

// A life is the state machine of entries. One serves all: it is loaded with an entry's state, asked, and read back.
type life struct {
	mu      sync.Mutex // guards machine
	machine *fsm.FSM
}

// newLife returns the state machine. What has happened already may happen again, as whoever asks may not have heard the
// answer: an entry that is migrated can be confirmed.
func newLife() *life {
	transition := func(e Event, to State, from ...string) fsm.EventDesc {
		return fsm.EventDesc{Name: string(e), Src: from, Dst: string(to)}
	}
	return &life{machine: fsm.NewFSM(string(Pending), fsm.Events{
		transition(Take, Moving, string(Pending), string(Moving)),
		transition(Confirm, Migrated, string(Moving), string(Migrated)),
		transition(GiveUp, Failed, string(Moving), string(Failed)),
		transition(Reopen, Pending, string(Failed)),
	}, nil)}
}

// after returns the state after an event, or an error where the event cannot happen.
func (l *life) after(s State, e Event) (State, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.machine.SetState(string(s))
	err := l.machine.Event(context.Background(), string(e))
	var same fsm.NoTransitionError
	if err != nil && !errors.As(err, &same) {
		return s, fmt.Errorf("%s is not for an entry that is %s", e, s)
	}
	return State(l.machine.Current()), nil
}
