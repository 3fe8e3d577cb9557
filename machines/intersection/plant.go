// Package intersection is a crossing of two roads under signals.
//
//	Head            the vehicle head of an approach: red, amber, green
//	PedestrianHead  its pedestrians' head: walk, dont-walk
//	Call            what a button or a detector remembers: somebody waits
//	Flasher         what flashing lamps hang on
//	State           all of these
//	Plant           the interlock around them: judges what a definition asks for, minds the calls
//	World           cars and pedestrians behind simulated lines
//
// Each part but the flasher is a state machine of looplab/fsm, which knows what may follow what; the interlock knows what
// may be shown together and for how long. The definition decides when, and with the activities
//
//	set-signals  {"north-south": "green", "north-south-pedestrians": "walk"}
//	await-call   {"approach": "east-west"}
//	read-calls   {}
//	flash-red    {}
//
// asks for it.
package intersection

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/looplab/fsm"

	"signalbox/machines"
)

// approaches are the names of the approaches, conflicting is for each the one that it conflicts with.
var (
	approaches  = [2]string{NorthSouth: "north-south", EastWest: "east-west"}
	conflicting = [2]int{NorthSouth: EastWest, EastWest: NorthSouth}
)

// A State is the whole state of the crossing. It implements [machines.State]; == compares.
type State struct {
	Heads       [2]Head
	Pedestrians [2]PedestrianHead
	Calls       [2]Calls
	Awaits      [2]int64 // the tickets of the Tasks that await calls; 0: none
	Flasher     Flasher
}

// flashing reports whether the crossing is in its fail-safe. Its heads enter and leave it together.
func (s State) flashing() bool { return s.Heads[NorthSouth].Shows == FlashingRed }

// flashes reports whether anything hangs on the flasher.
func (s State) flashes() bool {
	return s.flashing() || s.Pedestrians[NorthSouth].Shows == Clearing || s.Pedestrians[EastWest].Shows == Clearing
}

// levels returns what all output lines are.
func (s State) levels() []machines.Level {
	levels := make([]machines.Level, 0, 10)
	for a, name := range approaches {
		red, amber, green := s.Heads[a].lamps(s.Flasher)
		walk, dontWalk := s.Pedestrians[a].lamps(s.Flasher)
		levels = append(levels,
			machines.Level{Line: name + ".red", High: red},
			machines.Level{Line: name + ".amber", High: amber},
			machines.Level{Line: name + ".green", High: green},
			machines.Level{Line: name + ".walk", High: walk},
			machines.Level{Line: name + ".dont-walk", High: dontWalk},
		)
	}
	return levels
}

// darkFirst returns those of levels that differ from old (nil: all), what goes dark before what is lit.
func darkFirst(old, levels []machines.Level) []machines.Level {
	var ordered []machines.Level
	for _, high := range []bool{false, true} {
		for i, l := range levels {
			if l.High == high && (old == nil || old[i] != l) {
				ordered = append(ordered, l)
			}
		}
	}
	return ordered
}

// The names of deadlines, behind the head's name where there is one. They are also why lines change, in the log.
const (
	dueHead       = ": shown long enough"
	duePedestrian = "-pedestrians: shown long enough"
	dueFlash      = "flash"
)

func (s State) deadlines() []machines.Deadline {
	var all []machines.Deadline
	add := func(name string, at Moment) {
		if at != 0 {
			all = append(all, machines.Deadline{Name: name, At: at.Time()})
		}
	}
	for a, name := range approaches {
		add(name+dueHead, s.Heads[a].Until)
		add(name+duePedestrian, s.Pedestrians[a].Until)
	}
	add(dueFlash, s.Flasher.Next)
	return all
}

// A Plant implements [machines.Plant]. Several goroutines may use it at once: it holds no state but spare machines.
type Plant struct{ spare sync.Pool }

// parts are the machines of one part of each kind, to be loaded with the state of the one that is asked.
type parts struct{ head, pedestrian, call *fsm.FSM }

// NewPlant returns a Plant.
func NewPlant() *Plant {
	return &Plant{spare: sync.Pool{New: func() any {
		return &parts{head: newHead(), pedestrian: newPedestrianHead(), call: newCall()}
	}}}
}

// ask loads a part's machine, puts an event to it, and reads back what follows. It returns false, and the state as it
// was, where the machine has no such event.
func ask[S ~string](m *fsm.FSM, state S, event string) (S, bool) {
	m.SetState(string(state))
	if m.Cannot(event) {
		return state, false
	}
	if err := m.Event(context.Background(), event); err != nil {
		panic(fmt.Sprintf("intersection: %s in %s: %s", event, state, err))
	}
	return S(m.Current()), true
}

// Initial implements [machines.Plant]: all red, and no green before [StartUpRed] has passed.
func (*Plant) Initial(at time.Time) (machines.State, machines.Reaction) {
	until := momentOf(at).add(StartUpRed)
	var s State
	for a := range approaches {
		s.Heads[a] = Head{Shows: Red, Until: until}
		s.Pedestrians[a] = PedestrianHead{Shows: DontWalk, Until: until}
		s.Calls[a] = Calls{Button: Call{Memory: noCall}, Detector: Call{Memory: noCall}}
	}
	return s, machines.Reaction{Levels: darkFirst(nil, s.levels()), Deadlines: s.deadlines()}
}

// A change is one Apply under way: the state as it becomes, and what is told about it.
type change struct {
	*parts
	State
	at      Moment
	answers []machines.Answer
	notes   []machines.Note
}

// Apply implements [machines.Plant].
func (p *Plant) Apply(s machines.State, h machines.Happening, at time.Time) (machines.State, machines.Reaction) {
	was := s.(State)
	spare := p.spare.Get().(*parts)
	defer p.spare.Put(spare)
	c := &change{parts: spare, State: was, at: momentOf(at)}
	switch h := h.(type) {
	case machines.Command:
		c.command(h)
	case machines.Cancel:
		c.cancel(h.Ticket)
	case machines.Edge:
		c.edge(h)
	case machines.Due:
		c.due(h.Name)
	}
	c.updateCalls(was)
	c.answerAwaits()
	switch {
	case !c.flashes():
		c.Flasher = Flasher{}
	case c.Flasher.Next == 0:
		c.Flasher = startFlasher(c.at)
	}
	return c.State, machines.Reaction{
		Levels:    darkFirst(was.levels(), c.levels()),
		Deadlines: c.deadlines(),
		Answers:   c.answers,
		Notes:     c.notes,
	}
}

// The activities.
const (
	activitySetSignals = "set-signals"
	activityAwaitCall  = "await-call"
	activityReadCalls  = "read-calls"
	activityFlashRed   = "flash-red"
)

func (c *change) command(cmd machines.Command) {
	switch cmd.Name {
	case activitySetSignals:
		c.setSignals(cmd)
	case activityAwaitCall:
		c.awaitCall(cmd)
	case activityReadCalls:
		c.readCalls(cmd)
	case activityFlashRed:
		c.flashRed()
	default:
		c.refuse(cmd, machines.ErrInput, fmt.Sprintf("the intersection has no activity %q", cmd.Name))
	}
}

func (c *change) refuse(cmd machines.Command, name, cause string) {
	c.answers = append(c.answers, machines.Answer{Ticket: cmd.Ticket, Error: name, Cause: cause})
}

func (c *change) note(text string) { c.notes = append(c.notes, machines.Note{Text: text}) }

// due takes a deadline in. One that the state no longer waits for is nothing.
func (c *change) due(deadline string) {
	come := func(m *Moment) bool { return *m != 0 && *m <= c.at }
	for a, name := range approaches {
		switch head, pedestrians := &c.Heads[a], &c.Pedestrians[a]; {
		case deadline == name+dueHead && come(&head.Until):
			head.Until = 0
		case deadline == name+duePedestrian && come(&pedestrians.Until):
			if !pedestrians.turn(c.pedestrian, "cleared", c.at) {
				pedestrians.Until = 0
			}
		}
	}
	if deadline == dueFlash && come(&c.Flasher.Next) {
		c.Flasher = c.Flasher.toggled(c.at)
	}
}

// Moves implements [machines.Plant]: a button is pressed or let go, a car comes to a stop line or leaves it.
func (*Plant) Moves(s machines.State) []machines.Happening {
	moves := make([]machines.Happening, 0, 2*len(approaches))
	for a, name := range approaches {
		calls := s.(State).Calls[a]
		moves = append(moves,
			machines.Edge{Line: name + ".button", High: !calls.Button.High},
			machines.Edge{Line: name + ".detector", High: !calls.Detector.High},
		)
	}
	return moves
}
