// Package intersection is a crossing under signals: two roads, or eight phases with protected left turns, or whatever a file
// describes.
//
//	Config          what it consists of: approaches, heads, phases, conflicts, timings
//	Head            what a phase's vehicle heads show: red, amber, green
//	PedestrianHead  what its pedestrian heads show: walk, dont-walk
//	Sensor          a detector, a button or an emergency vehicle's input, which can fail
//	Call            what is remembered of one: somebody waits
//	Mode            normal, or flashing
//	Flasher         what flashing lamps hang on
//	State           all of these
//	Plant           the interlock around them: judges what a definition asks for, minds calls and times
//	World           cars and pedestrians behind simulated lines
//
// Each part but the flasher is a state machine of looplab/fsm, which knows what may follow what; the interlock knows what
// may be shown together and for how long. The definition decides in which order, and with the activities
//
//	set-signals     {"north-south": "green", "north-south-pedestrians": "walk"}
//	await-interval  {"phase": "north-south"}: what it shows has been shown for as long as its timings say
//	hold-green      {"phase": "north-south"}: its green is to end
//	await-call      {}: somebody waits
//	flash-red       {}, or {"until": "morning"}
//
// asks for it.
package intersection

import (
	"fmt"
	"slices"
	"time"

	"signalbox/machines"
)

// A State is the whole state of the crossing. It implements [machines.State]; == compares. What is listed by phase, sensor or
// emergency is in the order of the [Config]; the rest is zero.
type State struct {
	Mode        Mode
	Heads       [MostPhases]Head
	Pedestrians [MostPhases]PedestrianHead
	Calls       [MostPhases]Calls
	Greens      [MostPhases]greenTimes
	Sensors     [mostSensors]Sensor
	Emergencies [mostEmergencies]Sensor
	Idle        [MostPhases]idleTime
	Flasher     Flasher
	IsNight     bool
	NightTurns  machines.Instant // when IsNight changes. 0: never
	Feed        machines.Instant // when the plant next shows that it lives

	// The tickets of Tasks that wait; 0: none.
	Readers      [mostReaders]int64 // for calls
	Intervals    [MostPhases]int64
	AllIntervals int64
	Morning      int64
}

// flashes reports whether anything hangs on the flasher.
func (s *State) flashes() bool {
	for p := range s.Pedestrians {
		if s.Pedestrians[p].Shows == Clearing {
			return true
		}
	}
	return s.Mode == Flashing
}

// A Plant implements [machines.Plant]. It is immutable, so that several goroutines may use it.
type Plant struct {
	config *Config
	parts  parts
}

// parts are the state machines of each kind of part.
type parts struct {
	head, pedestrian *machines.Part[Aspect]
	call             *machines.Part[Call]
	sensor           *machines.Part[Condition]
	mode             *machines.Part[Mode]
}

// NewPlant returns the Plant of a crossing.
func NewPlant(c *Config) *Plant {
	return &Plant{config: c, parts: parts{
		head: newHead(c.Style), pedestrian: newPedestrianHead(), call: newCall(), sensor: newSensor(), mode: newMode(),
	}}
}

// Initial implements [machines.Plant]: all red, and no green before [StartUpRed] has passed; in the UK style the dark before
// it. Every phase is called, as nobody knows who waits.
func (p *Plant) Initial(at time.Time) (machines.State, machines.Reaction) {
	c, now := p.config, machines.InstantOf(at)
	s := State{Mode: Normal, Feed: now.Add(feedEvery)}
	s.IsNight, s.NightTurns = c.Night.is(now)
	for i := range c.Phases {
		s.Heads[i] = Head{Shows: Red, Until: now.Add(max(StartUpRed, c.Phases[i].RedClearance))}
		s.Pedestrians[i] = PedestrianHead{Shows: DontWalk, Until: now.Add(StartUpRed)}
		if c.Style == UK {
			s.Heads[i] = Head{Shows: Dark, Until: now.Add(UKStartDark), Starts: true}
			s.Pedestrians[i] = PedestrianHead{Shows: Dark, Until: now.Add(UKStartDark)}
		}
		s.Calls[i] = Calls{Vehicle: Called}
	}
	for i, place := range c.sensors {
		s.Sensors[i].Condition = Working
		limits := c.Detectors
		if place.button {
			limits = c.Buttons
		}
		s.Sensors[i].watch(limits, now)
	}
	for i := range c.Emergencies {
		s.Emergencies[i].Condition = Working
	}
	return s, machines.Reaction{Levels: c.levels(c.lit(&s), ^lamps(0)), Deadlines: c.deadlines(&s)}
}

// A applier is one Apply under way: the state as it becomes, and what is told about it.
type applier struct {
	State
	parts   *parts
	config  *Config
	at      machines.Instant
	answers []machines.Answer
	notes   []machines.Note
}

// Apply implements [machines.Plant]. Whatever happens, all that the time has come for is done first: which deadline was the
// one that came makes no difference, and one that the state no longer waits for is nothing.
func (p *Plant) Apply(s machines.State, h machines.Input, at time.Time) (machines.State, machines.Reaction) {
	was := s.(State)
	c := &applier{State: was, parts: &p.parts, config: p.config, at: machines.InstantOf(at)}
	c.pass()
	switch h := h.(type) {
	case machines.Command:
		c.command(h)
	case machines.Cancel:
		c.cancel(h.Ticket)
	case machines.Edge:
		c.edge(h)
	}
	c.endAll()
	c.updateCalls(&was)
	c.idle()
	c.greens()
	c.intervals()
	c.answerReaders()
	switch {
	case !c.flashes():
		c.Flasher = Flasher{}
	case c.Flasher.Next == 0:
		c.Flasher = startFlasher(c.at)
	}
	lit := p.config.lit(&c.State)
	return c.State, machines.Reaction{
		Levels:    p.config.levels(lit, lit^p.config.lit(&was)),
		Deadlines: p.config.deadlines(&c.State),
		Answers:   c.answers,
		Notes:     c.notes,
	}
}

// pass does what the time has come for.
func (c *applier) pass() {
	if c.NightTurns.Reached(c.at) {
		was := c.IsNight
		c.IsNight, c.NightTurns = c.config.Night.is(c.at)
		switch {
		case c.IsNight && !was:
			c.note("night: the crossing goes to flashing red")
		case was && !c.IsNight:
			c.note("morning")
			if c.Morning != 0 {
				c.answer(c.Morning, nil)
				c.Morning = 0
			}
		}
	}
	for p := range c.config.Phases {
		if w := &c.Pedestrians[p]; w.Until.Reached(c.at) {
			w.Until = 0
			switch w.Shows {
			case Clearing:
				c.turnPedestrians(p, "cleared")
			case Dark:
				c.turnPedestrians(p, DontWalk.String())
				w.Until = c.at.Add(PedestrianBuffer)
			}
		}
		if h := &c.Heads[p]; h.Until.Reached(c.at) {
			h.Until = 0
			c.headDue(p)
		}
	}
	for i, place := range c.config.sensors {
		c.passes(&c.Sensors[i], place.line, c.limits(place))
	}
	for i, place := range c.config.Emergencies {
		c.passes(&c.Emergencies[i], place.Line, SensorLimits{MaxPresence: place.Most})
	}
	if c.Flasher.Next.Reached(c.at) {
		c.Flasher = c.Flasher.toggled(c.at)
	}
	if c.Feed.Reached(c.at) {
		c.Feed = c.at.Add(feedEvery)
	}
}

// headDue goes on with what heads show for a fixed time only.
func (c *applier) headDue(p int) {
	h := &c.Heads[p]
	switch {
	case h.Shows == Dark && p == 0: // the starting phase
		c.turn(p, Red)
		c.Heads[p].Until = c.at.Add(max(UKStartAmber, c.config.Phases[p].RedClearance))
	case h.Shows == Dark:
		c.turn(p, Amber)
		c.Heads[p].Until = c.at.Add(UKStartAmber)
	case h.Shows == Amber && h.Starts:
		c.turn(p, Red)
	case h.Shows == RedAmber:
		ticket := h.Answer
		h.Answer = 0
		c.turn(p, Green)
		if c.Pedestrians[p].Armed {
			c.turnPedestrians(p, Walk.String())
		}
		if ticket != 0 {
			c.answerGreens(ticket)
		}
	}
}

// The activities.
const (
	activitySetSignals    = "set-signals"
	activityAwaitInterval = "await-interval"
	activityHoldGreen     = "hold-green"
	activityAwaitCall     = "await-call"
	activityFlashRed      = "flash-red"
)

func (c *applier) command(cmd machines.Command) {
	switch cmd.Name {
	case activitySetSignals:
		c.setSignals(cmd)
	case activityAwaitInterval:
		c.awaitInterval(cmd)
	case activityHoldGreen:
		c.holdGreen(cmd)
	case activityAwaitCall:
		c.awaitCall(cmd)
	case activityFlashRed:
		// Whatever else the input says: a Task that goes to the fail-safe is not refused for its words.
		var in struct {
			Until string `json:"until"`
		}
		err := machines.Decode(cmd.Input, &in)
		c.flashRed(cmd.Ticket, err == nil && in.Until == "morning")
	default:
		c.refuse(cmd, machines.ErrInput, fmt.Sprintf("the intersection has no activity %q", cmd.Name))
	}
}

// cancel forgets a Task that waited.
func (c *applier) cancel(ticket int64) {
	forget := func(slot *int64) {
		if *slot == ticket {
			*slot = 0
		}
	}
	for p := range c.Heads {
		forget(&c.Heads[p].Answer)
		forget(&c.Greens[p].Ticket)
		forget(&c.Intervals[p])
	}
	if i := slices.Index(c.Readers[:], ticket); i >= 0 {
		c.Readers[i] = 0
	}
	forget(&c.AllIntervals)
	forget(&c.Morning)
}

func (c *applier) answer(ticket int64, output any) {
	c.answers = append(c.answers, machines.Answer{Ticket: ticket, Output: output})
}

func (c *applier) fail(ticket int64, name, cause string) {
	c.answers = append(c.answers, machines.Answer{Ticket: ticket, Error: name, Cause: cause})
}

func (c *applier) refuse(cmd machines.Command, name, cause string) { c.fail(cmd.Ticket, name, cause) }

func (c *applier) note(text string) { c.notes = append(c.notes, machines.Note{Text: text}) }

// Moves implements [machines.Plant]: a button is pressed or let go, a car comes to a stop line or leaves it, an emergency
// vehicle asks for green or has passed.
func (p *Plant) Moves(s machines.State) []machines.Input {
	state := s.(State)
	moves := make([]machines.Input, 0, mostSensors)
	for i, place := range p.config.sensors {
		moves = append(moves, machines.Edge{Line: place.line, High: !state.Sensors[i].High})
	}
	for i, place := range p.config.Emergencies {
		moves = append(moves, machines.Edge{Line: place.Line, High: !state.Emergencies[i].High})
	}
	return moves
}
