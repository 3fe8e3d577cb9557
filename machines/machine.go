package machines

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"periph.io/x/conn/v3/gpio"

	"signalbox/asl/engine"
	"signalbox/asl/value"
)

// A Machine is one of the built-in machines, ready to be put together by the program.
type Machine struct {
	Name       string
	Summary    string   // one line
	Definition []byte   // the Amazon States Language
	Board      []byte   // the default board, YAML of package gpio
	Activities []string // the names that its plant answers to
	Plant      Plant
	World      func(SimLines, Clock, uint64) World // the last argument seeds its randomness
	// View makes what a screen shows of the plant's state and the world's view (nil where there is no simulation). A nil
	// View shows the world's alone.
	View func(s State, world any) any
	Keys []Key
	// Config is the YAML file that the machine is made from, and Configure makes one from another file. Nil: nothing about it
	// can be described.
	Config    []byte
	Configure func(file string, text []byte) (Machine, error)
	// Explain tells how the figures that the machine works with come about, for people. Nil: there is nothing to tell.
	Explain func() string
	// Open connects a machine without lines (Plant and Board are nil) with what it works on instead. Check finds what is wrong
	// with its settings before anything is opened. Flags are those of the command line that are its own.
	Open  func(Settings, RunContext) (Backend, error)
	Check func(Settings) error
	Flags []string
	// Operations are the commands that an operator may give beside the activities: refill, collect.
	Operations []string
	// Report tells what the entries of the plant's ledger add up to: a text for people, and a value of package asl/value. Nil:
	// the plant keeps no ledger that anybody reads.
	Report func(entries iter.Seq[Entry]) (text string, data any, err error)
	// Watch is what a monitor has to watch of the machine's outputs. Nil: nothing.
	Watch *Watch
}

// A Watch says what a monitor has to know of a crossing under signals, and it knows nothing else.
type Watch struct {
	Channels  []Channel
	Conflicts [][2]int // places in Channels that must not go together
	// UK says that red and amber before green are as they should be.
	UK bool
	// StartDark is how long all may be dark after power-up.
	StartDark time.Duration
}

// A Channel is a head by its output lines: a vehicle head has the first three, a pedestrian head the others.
type Channel struct {
	Name              string
	Red, Amber, Green string
	Walk, DontWalk    string
}

// Settings are what the command line says to a machine without lines; what is not said is zero.
type Settings struct {
	Source, Target string
	Rows           *int64
}

// A RunContext is what a [Backend] gets of the run that it is in.
type RunContext struct {
	Clock AsyncClock
	Note  func(text string) // for the log; on the clock's goroutine
	Data  string            // the folder for what must outlive the process; "": there is none
}

// A AsyncClock is the clock for those who work beside it, on goroutines of their own, and come back with what they have found.
type AsyncClock interface {
	Clock
	Post(f func())
	Hold() (release func())
}

// A Backend is what a machine works on that has no lines. But for Close, its methods are for the clock's goroutine.
type Backend interface {
	Handler(activity string) engine.Handler
	// View returns what a screen shows of it: an immutable value.
	View() any
	// Pause keeps it from beginning anything until resume is called.
	Pause() (resume func())
	// Close ends what is under way, when the clock has stopped.
	Close() error
}

// A Key is what a key of the terminal does to a simulated input line: so many pulses, or one press held for a while.
type Key struct {
	Key    string // "c", "1"
	Help   string // "coin 0.25"
	Line   string
	Pulses int           // 0: a press
	Hold   time.Duration // of a press
}

// A Clock is what plants' rigs and worlds need of the one clock.
type Clock interface {
	Now() time.Time
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// Lines are the open lines of a board under their logical names. High is logical: lit, pressed, running.
type Lines interface {
	Out(line string) (gpio.PinOut, error)
	In(line string) (gpio.PinIn, error)
	// OnEdge has f called, on the clock's goroutine, with every new debounced level of an input line.
	OnEdge(line string, f func(high bool)) error
	// Safe takes every output to its safe level.
	Safe(why string) error
}

// A ReasonedOutput is an output pin that passes on why its level changes, for the log.
type ReasonedOutput interface {
	OutBecause(l gpio.Level, why string) error
}

// SimLines are simulated lines as a world sees them: it looks at outputs and drives inputs, both logical. Lines that the
// board does not have may be named; nothing happens then.
type SimLines interface {
	OnOutput(line string, f func(high bool))
	Drive(line string, high bool)
}

// A World is the physics behind simulated lines. It lives on the clock.
type World interface {
	// View returns what a screen shows of the world: an immutable value.
	View() any
}

// A Refillable world has things in it that an operator puts in and takes out: snacks, coins.
type Refillable interface {
	World
	// Stock makes the world as the plant's state says that it is: at power-up after an earlier process.
	Restock(s State)
	// Serve does with the world's things what an operator's command has done with the plant's books.
	Apply(operation string, input any)
}

// Error names that every machine can answer with; plants add their own.
const (
	ErrBusy  = "Plant.Busy"     // another execution owns the plant
	ErrInput = "Activity.Input" // the command's input is not what the activity takes
	ErrLine  = "Hardware.Line"  // a line could not be written; all outputs are at their safe level
)

// Decode reads a command's input (a value of package asl/value) into the struct that dst points to, by its json tags. A
// field that dst does not have is an error.
func Decode(input, dst any) error {
	dec := json.NewDecoder(strings.NewReader(value.Text(input)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(dst); err != nil {
		return fmt.Errorf("input %s: %s", value.Text(input), strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}
