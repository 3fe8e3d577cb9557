// Package tui is the screen of signalbox: it shows the state of a machine, and its keys push simulated lines.
//
//	[Snapshot]  the content of the screen at one instant: an immutable value, which the caller makes
//	[Options]   the functions that the keys call, which the caller provides
//	[Run]       shows the screen until the user leaves it
//	[Model]     the Bubble Tea model: the newest Snapshot, the size of the terminal, scroll positions, the selection
//	panels      picture, states, lines and log; each has a size and draws the Snapshot on a sheet
//	sheet       a grid of characters with their looks
//
// The screen has no pins, no clock and no engine. The type of [Snapshot.World] chooses the picture. The picture finds its
// lamps, motors and switches by the names of their lines, and leaves out a line that the board does not have.
package tui

import (
	"slices"
	"time"
)

// A Snapshot is the content of the screen. The caller must not change it, or a slice in it, once it is sent. Zero values
// of fields are not shown.
type Snapshot struct {
	Machine string
	Driver  string    // "sim", "gpio" or, without lines and in real time, "live"
	Time    time.Time // of the machine's clock, simulated or real
	Start   time.Time // of that clock at the start of the run
	Speed   float64   // factor of the simulated clock; 0: as fast as possible
	Paused  bool
	Status  Status

	States  []State   // in the order of the definition
	Current string    // the state that the execution is in, or ended in; of several the one entered last
	Active  []string  // all states that it is in, with their containers; may be empty if Current is the only one
	Since   time.Time // when Current was entered
	Last    Transition
	Problem string // an error that is being retried or has ended the run, or a latched fault

	Lines   []Line
	Log     []LogLine // newest last
	Dropped int       // the number of older lines that Log has no more

	// World is the state of the machine that the picture shows besides the lines: an intersection.View, a vending.View or
	// a migration.View. With nil, or another type, the picture shows the lines of the board.
	World any
}

// A Status says how the run stands. The title bar shows it as it is written here; "" shows nothing.
type Status string

// The statuses. The first five are those of an execution, as AWS writes them. The last two are of the run: its
// execution may still be RUNNING.
const (
	StatusRunning   Status = "RUNNING"
	StatusSucceeded Status = "SUCCEEDED"
	StatusFailed    Status = "FAILED"
	StatusTimedOut  Status = "TIMED_OUT"
	StatusAborted   Status = "ABORTED"
	StatusEnded     Status = "ENDED"    // a limit of the run (its time, its scenario) was reached
	StatusFlashing  Status = "FLASHING" // the monitor has latched a fault and drives the lamps
)

// A State is a state of the definition.
type State struct {
	Name, Type, Comment string
	Depth               int // how many states (Parallel, Map) it is nested in; it follows the innermost of them in a list
	Next                []Next
}

// A Next is a transition from a state to State. Label is its condition: "" (always), "else", "$.credit >= 300",
// "on Interlock.Conflict".
type Next struct{ State, Label string }

// A Transition is a change of state with its reason. From is "" for the first state.
type Transition struct{ From, To, Reason string }

// A Line is a line of the board with its logical level: High is lit, running, pressed, whatever the wiring.
type Line struct {
	Name      string
	Output    bool // else an input
	High      bool
	ChangedAt time.Time // zero: no change since the start
}

// level returns the level in a word: "on", "off", "pressed" or "released".
func (l Line) level() string {
	switch {
	case l.Output && l.High:
		return "on"
	case l.Output:
		return "off"
	case l.High:
		return "pressed"
	default:
		return "released"
	}
}

// A LogLine is a row of the log: the time, the kind, the text, and the reason behind an arrow.
type LogLine struct {
	Time time.Time // on the machine's clock
	Kind LogKind
	Text string
	Why  string // "" if there is no reason to show
}

// A LogKind is the kind of a log line. The log shows it as it is written here, in five columns.
type LogKind string

// The kinds of log lines.
const (
	LogState LogKind = "state" // a state was entered, or the execution ended without an error
	LogPin   LogKind = "pin"   // a line has a new level
	LogNote  LogKind = "note"  // a note of the machine or of the program
	LogError LogKind = "error" // a Task or the execution failed
)

// hasLines reports whether the screen has a panel of lines. Before the first snapshot it has one.
func (s Snapshot) hasLines() bool { return len(s.Lines) > 0 || s.Machine == "" }

// line returns the line called name, and whether there is one.
func (s Snapshot) line(name string) (Line, bool) {
	for _, l := range s.Lines {
		if l.Name == name {
			return l, true
		}
	}
	return Line{}, false
}

// high reports whether there is a line called name and it is high.
func (s Snapshot) high(name string) bool {
	l, ok := s.line(name)
	return ok && l.High
}

// containers returns the states of which a nested one is active, or is Current.
func (s Snapshot) containers() map[string]bool {
	found := map[string]bool{}
	var around []string // the containers of the state being looked at
	for _, state := range s.States {
		around = append(around[:min(max(state.Depth, 0), len(around))], state.Name)
		if state.Name == s.Current && len(s.Active) > 0 || slices.Contains(s.Active, state.Name) {
			for _, container := range around[:len(around)-1] {
				found[container] = true
			}
		}
	}
	return found
}

// others returns the active states other than Current and containers, without duplicates.
func (s Snapshot) others() []string {
	containers := s.containers()
	var names []string
	for _, name := range s.Active {
		if name != s.Current && !containers[name] && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

// state returns the state called name, the zero State if there is none.
func (s Snapshot) state(name string) State {
	for _, st := range s.States {
		if st.Name == name {
			return st
		}
	}
	return State{}
}
