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

// A Machine is a built-in machine. Its plant moves lines, or it works on a [Backend].
type Machine struct {
	Name       string
	Summary    string   // one line
	Definition []byte   // Amazon States Language
	Board      []byte   // the default board, YAML of package gpio
	Activities []string // the names of the plant's activities
	Plant      Plant
	World      func(lines SimLines, clock Clock, seed uint64) World
	// View returns an immutable value for the screen, from the plant's state and the world's view (nil without a simulation).
	// With a nil View the screen shows the world's view.
	View func(s State, world any) any
	Keys []Key
	// Config is the YAML file that describes the machine, and Configure makes a machine from another one. Nil: the machine
	// cannot be configured.
	Config    []byte
	Configure func(file string, text []byte) (Machine, error)
	// Explain returns a text that shows how the machine's figures are computed. Nil: nothing is computed.
	Explain func() string
	// Open opens the Backend of a machine without lines (Plant and Board are nil). Check returns what is wrong with its settings,
	// before anything is opened. Flags are the command line flags that only this machine has.
	Open  func(Settings, RunContext) (Backend, error)
	Check func(Settings) error
	Flags []string
	// Operations are the commands that an operator may give, beside the activities: refill, collect.
	Operations []string
	// Report returns what the entries of the plant's ledger add up to: a text, and the same as a value of package asl/value. Nil:
	// there is no report.
	Report func(entries iter.Seq[Entry]) (text string, data any, err error)
	// Sums returns sums of the entries of the plant's ledger, for checkpoints. Nil: the ledger gets none.
	Sums func() Sums
	// Watch describes the outputs for a monitor. Nil: the machine needs none.
	Watch *Watch
}

// A Watch is all that a monitor knows of a crossing.
type Watch struct {
	Channels  []Channel
	Conflicts [][2]int      // indices of Channels that must not go together
	UK        bool          // red and amber are lit together before green
	StartDark time.Duration // how long all lamps may be dark after power-up
}

// A Channel is a head by its output lines: a vehicle head has Red, Amber and Green, a pedestrian head Walk and DontWalk.
type Channel struct {
	Name              string
	Red, Amber, Green string
	Walk, DontWalk    string
}

// Settings are the command line flags of machines without lines; a flag that is not given is zero.
type Settings struct {
	Source, Target string
	Rows           *int64
}

// A RunContext is what a [Backend] gets from the run that it belongs to.
type RunContext struct {
	Clock AsyncClock
	Note  func(text string) // writes a line to the log; for the clock's goroutine
	Data  string            // the folder for data that must outlive the process; "": none
}

// An AsyncClock is a [Clock] for work on other goroutines. Its methods may be called from any goroutine.
type AsyncClock interface {
	Clock
	// Post queues f, which is called on the clock's goroutine as soon as possible.
	Post(f func())
	// Hold keeps simulated time from advancing until release is called.
	Hold() (release func())
}

// A Backend is what a machine without lines works on. All methods but Close are for the clock's goroutine.
type Backend interface {
	Handler(activity string) engine.Handler
	// View returns an immutable value for the screen.
	View() any
	// Pause keeps the Backend from starting new work until resume is called.
	Pause() (resume func())
	// Close ends the work under way. It is called when the clock has stopped.
	Close() error
}

// A Key is a key of the terminal that drives a simulated input line: some pulses, or one press held for a while.
type Key struct {
	Key    string // "c", "1"
	Help   string // "coin 0.25"
	Line   string
	Pulses int           // 0: a press
	Hold   time.Duration // how long a press lasts
}

// A Clock is the part of the one clock that rigs and worlds use.
type Clock interface {
	Now() time.Time
	// AfterFunc queues f, which is called on the clock's goroutine after d. Stop removes it and reports whether it was queued.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// Lines are the open lines of a board, by logical name. High is logical: lit, pressed, running.
type Lines interface {
	Out(line string) (gpio.PinOut, error)
	In(line string) (gpio.PinIn, error)
	// OnEdge registers f, which is called on the clock's goroutine with every new debounced level of an input line and its
	// time.
	OnEdge(line string, f func(high bool, at time.Time)) error
	// Safe sets every output to its safe level. Why is for the log.
	Safe(why string) error
}

// A ReasonedOutput is an output pin that logs why its level changes.
type ReasonedOutput interface {
	OutBecause(l gpio.Level, why string) error
}

// SimLines are simulated lines from the outside: a world watches outputs and drives inputs. Levels are logical. Names of lines
// that the board does not have are ignored.
type SimLines interface {
	// OnOutput registers f, which is called with every new level of an output.
	OnOutput(line string, f func(high bool))
	// Drive sets the level of an input.
	Drive(line string, high bool)
}

// A World is the physics behind simulated lines. It lives on the clock.
type World interface {
	// View returns an immutable value for the screen.
	View() any
}

// A Refillable world holds things that an operator puts in and takes out: snacks, coins.
type Refillable interface {
	World
	// Restock makes the world's contents those of the plant's state, at power-up with the ledger of an earlier process.
	Restock(s State)
	// Apply does to the world's contents what an operator's command has done to the plant's state.
	Apply(operation string, input any)
}

// Error names that every machine's activities can fail with. Plants add their own.
const (
	ErrBusy  = "Plant.Busy"     // another execution owns the plant
	ErrInput = "Activity.Input" // the command's input is not what the activity takes
	ErrLine  = "Hardware.Line"  // a line could not be written; all outputs are at their safe level
)

// Decode reads a command's input (a value of package asl/value) into the value that dst points to, by its json tags. A field that
// dst does not have is an error.
func Decode(input, dst any) error {
	dec := json.NewDecoder(strings.NewReader(value.Text(input)))
	dec.DisallowUnknownFields()
	if err := dec.Decode(dst); err != nil {
		return fmt.Errorf("input %s: %s", value.Text(input), strings.TrimPrefix(err.Error(), "json: "))
	}
	return nil
}
