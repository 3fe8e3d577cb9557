// Package tui is signalbox's screen: it shows what a machine does and lets keys push its simulated lines.
//
//	[Snapshot]  everything that a screen shows, at one instant: an immutable value that somebody else makes
//	[Options]   what the keys do: functions that somebody else provides
//	[Model]     the Bubble Tea model: the newest Snapshot, the terminal's size, what is scrolled and selected
//	panels      picture, states, lines, log: each is told its size and draws itself from the Snapshot
//	sheet       the surface that they draw on
//
// The screen knows no pin, no clock and no engine. A picture is chosen by the type of [Snapshot.World]; lamps, motors
// and switches in it are found by the names of their lines, and a line that the board lacks is left out.
package tui

import (
	"slices"
	"time"
)

// A Snapshot is all that the screen shows. Nobody changes it, or a slice in it, once it has been handed over; a new one
// replaces it.
type Snapshot struct {
	Machine string
	Driver  string    // "sim", "gpio" or, without lines and in real time, "live"
	Time    time.Time // the machine's clock, simulated or real
	Start   time.Time // what it showed at the beginning; zero: not shown
	Speed   float64   // simulated seconds a second; 0: as fast as it goes
	Paused  bool
	Status  Status

	States  []State   // in the order of the definition
	Current string    // the state that the execution is in, or ended in; of several the one entered last
	Active  []string  // all the states that it is in; may be empty if Current is the only one
	Since   time.Time // when Current was entered
	Last    Transition
	Problem string // an error, a retry under way, a latched fault; "" if all is well

	Lines   []Line
	Log     []LogLine // the newest last
	Dropped int       // how many log lines went before Log: it counts up as Log forgets the oldest

	// World is what the picture shows besides the lines: an intersection.View, a vending.View, a migration.View, or nil
	// for a board without a picture of its own.
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
	Next                []Next
}

// A Next is one way on from a state. Label says when it is taken: "" (always), "else", "$.credit >= 300",
// "on Interlock.Conflict".
type Next struct{ State, Label string }

// A Transition is a change of state and why it happened.
type Transition struct{ From, To, Reason string }

// A Line is a line of the board with its logical level: High is lit, running, pressed, whatever the wiring.
type Line struct {
	Name      string
	Output    bool
	High      bool
	ChangedAt time.Time // zero: not since the start
}

// level returns the level in a word.
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

// hasLines reports whether there is anything to list. While nothing is known yet, room is kept for it.
func (s Snapshot) hasLines() bool { return len(s.Lines) > 0 || s.Machine == "" }

// line returns the line of that name.
func (s Snapshot) line(name string) (Line, bool) {
	for _, l := range s.Lines {
		if l.Name == name {
			return l, true
		}
	}
	return Line{}, false
}

// high reports whether there is such a line and it is high.
func (s Snapshot) high(name string) bool {
	l, ok := s.line(name)
	return ok && l.High
}

// others returns the states besides Current that the execution is in.
func (s Snapshot) others() []string {
	var names []string
	for _, name := range s.Active {
		if name != s.Current && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names
}

func (s Snapshot) state(name string) State {
	for _, st := range s.States {
		if st.Name == name {
			return st
		}
	}
	return State{}
}
