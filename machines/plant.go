// Package machines holds what the built-in machines have in common. A machine is an Amazon States Language definition, a plant, a
// board and a world:
//
//	definition  the intended behaviour, readable by a learner; its Tasks are activities
//	[Plant]     the allowed behaviour: a pure function that judges every command and every edge, and refuses what is unsafe
//	[Part]      the state machine of one kind of a plant's parts
//	[Rig]       the loop around a plant: applies commands, edges and deadlines to it, and sets the lines to its levels
//	board       the lines with their wiring, a YAML file of package gpio
//	[World]     the physics behind simulated lines
//
// The machines are in the folders below; each returns a [Machine].
package machines

import (
	"iter"
	"time"

	"signalbox/asl/value"
)

// A Plant is hardware as a pure function: it has no clock, no goroutine, no randomness and no pin. Its parts are state machines;
// see [Part].
type Plant interface {
	// Initial returns the state at power-up and its levels.
	Initial(at time.Time) (State, Reaction)
	// Apply returns the state after an input at the given time, and the reaction to it. A refused command leaves the state as it
	// was and changes no line.
	Apply(s State, in Input, at time.Time) (State, Reaction)
	// Moves lists the inputs that may come from outside in state s: coins, buttons, sensors, faults.
	Moves(s State) []Input
	// Invariants lists the conditions that hold in every state.
	Invariants() []Invariant
}

// A Recoverer is a Plant that keeps a ledger. What its reactions record is on disk before a line moves; after a power cut the
// ledger shows what is owed.
type Recoverer interface {
	Plant
	// Recover returns the state at power-up after the entries of a ledger, and its levels. Entries are in the order in which they
	// were recorded. An error means that the ledger is damaged, or another plant's: then nothing must move.
	Recover(entries iter.Seq[Entry], at time.Time) (State, Reaction, error)
}

// CheckpointKind is the kind of an entry that sums up all entries before it: a plant can recover from it and those that follow.
const CheckpointKind = "checkpoint"

// Sums add up the entries of a ledger. An entry of [CheckpointKind] that is the first sets them; any other must agree with them.
type Sums interface {
	// Reset makes them those of an empty ledger.
	Reset()
	// Add adds an entry. An error means that it contradicts those before it.
	Add(e Entry) error
	// Checkpoint returns an entry of CheckpointKind. Its time is not set.
	Checkpoint() Entry
}

// An Entry is one line of a plant's ledger: money inserted, a movement about to begin, a movement confirmed by a sensor.
type Entry struct {
	Time time.Time
	Kind string        // one of the plant's kinds: "coin", "vend", "sold"
	Data *value.Object // nil: none
}

// A State is the whole state of a plant: a value without pointers, slices or maps, so that a copy is a snapshot and == compares.
type State any

// An Invariant is a condition that holds in every state of a plant. Holds returns nil, or how the state breaks it.
type Invariant struct {
	Name  string
	Holds func(State) error
}

// An Input is one of [Command], [Cancel], [Edge] and [Due].
type Input interface{ isInput() }

type (
	// A Command is a Task, or an operator's command. Its ticket identifies it until it is answered or cancelled.
	Command struct {
		Ticket int64  // not 0
		Name   string // the activity's name
		Input  any    // a value of package asl/value; see [Decode]
		State  string // the name of the definition's state, for messages
		Key    string // of an operator's command: see [Sign]; "": none
	}
	// A Cancel withdraws a command that has not been answered: its Task timed out or its execution was stopped.
	Cancel struct{ Ticket int64 }
	// An Edge is an input line's new level, after debounce; High is logical (pressed, present).
	Edge struct {
		Line string
		High bool
		// AtPowerUp is true for a line that is high when the rig starts: there was no movement.
		AtPowerUp bool
		// At is the time of the edge, which may be long before the time at which it is applied: see [Edge.Seen].
		At time.Time
	}
	// A Due is a deadline of the plant whose time has come.
	Due struct{ Name string }
)

// Seen returns the time of the edge, applied if it has none. Edges are applied in the order of their times. What a plant
// measures on its inputs (pulses, silences) counts from Seen; what it does with its outputs from the time of Apply, so that no
// interval is shorter than asked. See [Deadline].
func (e Edge) Seen(applied time.Time) time.Time {
	if e.At.IsZero() {
		return applied
	}
	return e.At
}

func (Command) isInput() {}
func (Cancel) isInput()  {}
func (Edge) isInput()    {}
func (Due) isInput()     {}

// A Reaction is what an input causes. The Rig carries it out in this order: Stops, Records, Levels, Deadlines, Answers, Notes.
// While the ledger writes Records, the Rig applies further inputs and carries out their Stops; all else follows in order.
type Reaction struct {
	// Stops are lines that go off at once: stopping a motor does not wait for the disk.
	Stops []Level
	// Records are entries for the ledger. If they cannot be written, no level changes any more.
	Records []Entry
	// Levels are the changes to make, in order: lamps that go dark before lamps that are lit. An unchanged line may be listed.
	Levels []Level
	// Deadlines are all deadlines of the new state. Earlier ones that are not listed again are dropped.
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
		// OfEdges says that At counts from [Edge.Seen], as the silence after a pulse does. The Due is applied after the
		// edges until At and before the edges after it, even if all of them are applied late. Without it the Due is applied
		// when as much time has passed since the reaction's Levels were set as At is after the time of Apply.
		OfEdges bool
	}
	// An Answer ends a command: with an Output (a value of package asl/value), or, if Error is not "", with an error name such as
	// "Interlock.Conflict" and its Cause.
	Answer struct {
		Ticket       int64
		Output       any
		Error, Cause string
	}
	// A Note is a line for the log about what no line and no state shows: "coin 1.00, credit 3.25".
	Note struct{ Text string }
)
