// Package machines is what the built-in machines have in common. A machine is an Amazon States Language definition, a plant,
// a board and a world:
//
//	definition  what should happen, readable by a learner; its Tasks are activities
//	[Plant]     what may happen: pure, judges every command and every edge, refuses what must not be
//	[Rig]       the loop around a plant: carries commands, edges and deadlines to it and its levels to the lines
//	board       the lines with their wiring, as a YAML file of package gpio
//	[World]     the physics behind simulated lines
//
// The machines themselves are in the folders below; each offers a [Machine].
package machines

import (
	"iter"
	"time"

	"signalbox/asl/value"
)

// A Plant is hardware as a pure function: no clock, no goroutine, no randomness, no pin. Its parts are state machines
// (looplab/fsm) that are loaded from the state, asked, and read back into it.
type Plant interface {
	// Initial returns the state at power-up and the levels that belong to it.
	Initial(at time.Time) (State, Reaction)
	// Apply returns the state after h happened at the given time and what follows from it. A refused command leaves the
	// state as it was and changes no line.
	Apply(s State, h Input, at time.Time) (State, Reaction)
	// Moves lists what the outside may do next in s: coins, buttons, sensors, faults.
	Moves(s State) []Input
	// Invariants lists what must hold in every state.
	Invariants() []Invariant
}

// A Recoverer is a Plant that keeps a ledger: what its reactions record is on disk before a line moves, and after a power
// cut tells what is owed.
type Recoverer interface {
	Plant
	// Recover returns the state at power-up where a ledger was kept before, and the levels that belong to it. Entries are
	// in the order in which they were recorded. An error says that the ledger is not of this plant, or damaged: then nothing
	// must move.
	Recover(entries iter.Seq[Entry], at time.Time) (State, Reaction, error)
}

// An Entry is one line of a plant's ledger: what was inserted, what is about to move, what a sensor has confirmed.
type Entry struct {
	Time time.Time
	Kind string        // the plant's own word: "coin", "vend", "vended"
	Data *value.Object // what belongs to it, nil: nothing
}

// A State is the whole state of a plant: a value without pointers, slices or maps, so that a copy is a snapshot and == compares.
type State any

// An Invariant is something that must hold in every state of a plant. Holds returns nil, or what is wrong.
type Invariant struct {
	Name  string
	Holds func(State) error
}

// A Input is one of [Command], [Cancel], [Edge] and [Due].
type Input interface{ isInput() }

type (
	// A Command is a Task, or an operator, that asks something of the plant. Ticket names it until it is answered or
	// cancelled.
	Command struct {
		Ticket int64
		Name   string // the activity's name
		Input  any    // a value of package asl/value; see [Decode]
		State  string // the state of the definition that asks, for messages
	}
	// A Cancel takes a command back that is not answered yet: its Task timed out or its execution was stopped.
	Cancel struct{ Ticket int64 }
	// An Edge is an input line's new level, after debounce; High is logical (pressed, present).
	Edge struct {
		Line string
		High bool
		// Standing says that it is so already at power-up: nothing has moved.
		AtPowerUp bool
	}
	// A Due is a deadline that the plant asked for and that has come.
	Due struct{ Name string }
)

func (Command) isInput() {}
func (Cancel) isInput()  {}
func (Edge) isInput()    {}
func (Due) isInput()     {}

// A Reaction is what follows from a happening. The Rig carries it out in this order: Stops, Records, Levels, Deadlines,
// Answers, Notes.
type Reaction struct {
	// Stops are lines that go off at once: nothing that moves waits for the disk to be stopped.
	Stops []Level
	// Records are for the ledger. Where they cannot be written no level changes any more.
	Records []Entry
	// Levels are the changes to make, in order: what goes dark before what is lit. An unchanged line may be named.
	Levels []Level
	// Deadlines are all that the plant now waits for; those of before that are not named again are dropped.
	Deadlines []Deadline
	Answers   []Answer
	Notes     []Note
}

type (
	// A Level is an output line's level; High is logical (lit, running).
	Level struct {
		Line string
		High bool
	}
	// A Deadline asks for a [Due] at a time.
	Deadline struct {
		Name string
		At   time.Time
	}
	// An Answer ends a command: with an Output (a value of package asl/value), or with an Error such as
	// "Interlock.Conflict" and its Cause.
	Answer struct {
		Ticket       int64
		Output       any
		Error, Cause string
	}
	// A Note is something worth a line in the log that neither a line nor a state tells: "coin 1.00", "credit 3.25".
	Note struct{ Text string }
)
