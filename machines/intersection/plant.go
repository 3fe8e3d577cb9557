// Package intersection is a crossing with traffic signals: two roads, or eight phases with protected left turns, or what a
// file describes.
//
//	Config          the crossing: approaches, heads, phases, conflicts, timings
//	Head            what a phase's vehicle heads show: red, amber, green
//	PedestrianHead  what its pedestrian heads show: walk, dont-walk
//	Sensor          a detector, a button or an emergency vehicle's input, which can fail
//	Call            a remembered request to cross
//	Mode            normal, or flashing
//	Flasher         the common clock of all flashing lamps
//	State           all of these
//	Plant           the interlock: judges the definition's commands, remembers calls, keeps times
//	world           cars and pedestrians behind simulated lines
//
// Each part but the flasher is a state machine (looplab/fsm, see [machines.Part]) that says which change follows which; the
// interlock says what may be shown together and for how long. The definition chooses the order, with the activities
//
//	set-signals     {"north-south": "green", "north-south-pedestrians": "walk"}
//	await-interval  {"phase": "north-south"}: waits until the phase has shown its aspect for as long as its timings say
//	hold-green      {"phase": "north-south"}: waits until its green is to end
//	await-call      {}: waits for a call
//	flash-red       {}, or {"until": "morning"}
package intersection

import (
	"fmt"
	"slices"
	"time"

	"signalbox/machines"
)

// A State is the whole state of the crossing, a [machines.State]. Arrays by phase, sensor or emergency are in the order of the
// [Config]; elements beyond are zero.
type State struct {
	Mode         Mode
	Heads        [MaxPhases]Head
	Pedestrians  [MaxPhases]PedestrianHead
	Calls        [MaxPhases]Calls
	Greens       [MaxPhases]greenTimes
	Sensors      [maxSensors]Sensor
	Emergencies  [maxEmergencies]Sensor
	Idle         [MaxPhases]idleTime
	Flasher      Flasher
	IsNight      bool
	NightChanges machines.Instant // when IsNight changes; 0: never
	NextFeed     machines.Instant // when the plant next shows the monitor that it is alive

	// The tickets of Tasks that wait; 0: none. See also [Head] and greenTimes.
	CallTickets        [maxCallTickets]int64 // of await-call
	IntervalTickets    [MaxPhases]int64      // of await-interval, by phase
	AllIntervalsTicket int64                 // of await-interval for all phases
	MorningTicket      int64                 // of flash-red until morning
}

// flashes reports whether any lamp flashes.
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

// Initial implements [machines.Plant]: all heads show red, and no green comes before [StartUpRed] has passed; in the UK style
// [UKStartDark] comes first. Every phase has a vehicle call, as cars may be waiting already.
func (p *Plant) Initial(at time.Time) (machines.State, machines.Reaction) {
	c, now := p.config, machines.InstantOf(at)
	s := State{Mode: Normal, NextFeed: now.Add(feedEvery)}
	s.IsNight, s.NightChanges = c.Night.at(now)
	for i := range c.Phases {
		s.Heads[i] = Head{Shows: Red, Until: now.Add(max(StartUpRed, c.Phases[i].RedClearance))}
		s.Pedestrians[i] = PedestrianHead{Shows: DontWalk, Until: now.Add(StartUpRed)}
		if c.Style == UK {
			s.Heads[i] = Head{Shows: Dark, Until: now.Add(UKStartDark), Starting: true}
			s.Pedestrians[i] = PedestrianHead{Shows: Dark, Until: now.Add(UKStartDark)}
		}
		s.Calls[i] = Calls{Vehicle: Called}
	}
	for i := range c.sensors {
		s.Sensors[i].Condition = Working
		s.Sensors[i].restartTimer(c.sensors[i].limits, now)
	}
	for i := range c.Emergencies {
		s.Emergencies[i].Condition = Working
	}
	return s, machines.Reaction{Levels: c.levels(c.lit(&s), ^lamps(0)), Deadlines: c.deadlines(&s)}
}

// An applier is one Apply under way: the state, which it changes, and what the reaction reports beside it.
type applier struct {
	State
	parts   *parts
	config  *Config
	at      machines.Instant
	answers []machines.Answer
	notes   []machines.Note
}

// Apply implements [machines.Plant]. Whatever the input, everything that is due at the given time is done first: it makes no
// difference which deadline the input names, and stale deadlines are ignored.
func (p *Plant) Apply(s machines.State, in machines.Input, at time.Time) (machines.State, machines.Reaction) {
	was := s.(State)
	c := &applier{State: was, parts: &p.parts, config: p.config, at: machines.InstantOf(at)}
	c.pass()
	switch in := in.(type) {
	case machines.Command:
		c.command(in)
	case machines.Cancel:
		c.cancel(in.Ticket)
	case machines.Edge:
		c.edge(in)
	}
	c.proceedToFlashing()
	c.updateCalls(&was)
	c.updateIdle()
	c.updateGreens()
	c.answerIntervals()
	c.answerCalls()
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

// The activities.
const (
	activitySetSignals    = "set-signals"
	activityAwaitInterval = "await-interval"
	activityHoldGreen     = "hold-green"
	activityAwaitCall     = "await-call"
	activityFlashRed      = "flash-red"
)

// command carries a command out, refuses it, or keeps its ticket for a later answer.
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
		// A faulty input is ignored: the way to the fail-safe is never refused.
		var in struct {
			Until string `json:"until"`
		}
		err := machines.Decode(cmd.Input, &in)
		c.flashRed(cmd.Ticket, err == nil && in.Until == "morning")
	default:
		c.refuse(cmd, machines.ErrInput, fmt.Sprintf("the intersection has no activity %q", cmd.Name))
	}
}

// cancel drops a ticket: its Task does not wait any more. What the command has changed stays.
func (c *applier) cancel(ticket int64) {
	drop := func(held *int64) {
		if *held == ticket {
			*held = 0
		}
	}
	for p := range c.Heads {
		drop(&c.Heads[p].Ticket)
		drop(&c.Greens[p].Ticket)
		drop(&c.IntervalTickets[p])
	}
	if i := slices.Index(c.CallTickets[:], ticket); i >= 0 {
		c.CallTickets[i] = 0
	}
	drop(&c.AllIntervalsTicket)
	drop(&c.MorningTicket)
}

// pass does everything that is due at the current time.
func (c *applier) pass() {
	if c.NightChanges.Reached(c.at) {
		c.nightDue()
	}
	for p := range c.config.Phases {
		if w := &c.Pedestrians[p]; w.Until.Reached(c.at) {
			w.Until = 0
			switch w.Shows {
			case Clearing:
				c.firePedestrians(p, "cleared")
			case Dark:
				c.firePedestrians(p, DontWalk.String())
				w.Until = c.at.Add(PedestrianBuffer)
			}
		}
		if h := &c.Heads[p]; h.Until.Reached(c.at) {
			h.Until = 0
			c.headDue(p)
		}
	}
	for i := range c.config.sensors {
		c.passSensor(&c.Sensors[i], c.config.sensors[i].line, c.config.sensors[i].limits)
	}
	for i := range c.config.Emergencies {
		e := &c.config.Emergencies[i]
		c.passSensor(&c.Emergencies[i], e.Line, e.limits())
	}
	if c.Flasher.Next.Reached(c.at) {
		c.Flasher = c.Flasher.toggled(c.at)
	}
	if c.NextFeed.Reached(c.at) {
		c.NextFeed = c.at.Add(feedEvery)
	}
}

// nightDue begins the night or ends it.
func (c *applier) nightDue() {
	was := c.IsNight
	c.IsNight, c.NightChanges = c.config.Night.at(c.at)
	switch {
	case c.IsNight && !was:
		c.note("night: the crossing goes to flashing red")
	case was && !c.IsNight:
		c.note("morning")
		if c.MorningTicket != 0 {
			c.answer(c.MorningTicket, nil)
			c.MorningTicket = 0
		}
	}
}

// headDue changes heads whose aspect has a fixed length: UK start-up, and red and amber before green.
func (c *applier) headDue(p int) {
	h := &c.Heads[p]
	switch {
	case h.Shows == Dark && p == 0: // the starting phase
		c.fireHead(p, Red)
		c.Heads[p].Until = c.at.Add(max(UKStartAmber, c.config.Phases[p].RedClearance))
	case h.Shows == Dark:
		c.fireHead(p, Amber)
		c.Heads[p].Until = c.at.Add(UKStartAmber)
	case h.Shows == Amber && h.Starting:
		c.fireHead(p, Red)
	case h.Shows == RedAmber:
		ticket := h.Ticket
		h.Ticket = 0
		c.fireHead(p, Green)
		if c.Pedestrians[p].Armed {
			c.firePedestrians(p, Walk.String())
		}
		if ticket != 0 {
			c.answerSetSignals(ticket)
		}
	}
}

// The names of deadlines that belong to no phase and no line. Names of deadlines are also the reasons of changes in the log.
const (
	dueFlash = "flash"
	dueNight = "night"
	dueFeed  = "feed"
)

// phaseDues are the names of a phase's deadlines.
type phaseDues struct{ head, pedestrian, minimum, passage, maximum, idle string }

// sensorDues are the names of a sensor's deadlines.
type sensorDues struct{ tooLong, minute string }

func duesOfPhase(name string) phaseDues {
	return phaseDues{
		head: name + ": shown long enough", pedestrian: name + pedestrians + ": shown long enough",
		minimum: name + ": minimum green", passage: name + ": passage time", maximum: name + ": maximum green",
		idle: name + ": could go",
	}
}

func duesOfSensor(line string) sensorDues {
	return sensorDues{tooLong: line + ": too long", minute: line + ": counted for a minute"}
}

// deadlines returns all deadlines of a state.
func (c *Config) deadlines(s *State) []machines.Deadline {
	var few [24]machines.Deadline // on the stack; most states have fewer
	all := few[:0]
	add := func(name string, at machines.Instant) {
		if at != 0 {
			all = append(all, machines.Deadline{Name: name, At: at.Time()})
		}
	}
	for p := range c.Phases {
		dues := &c.Phases[p].dues
		add(dues.head, s.Heads[p].Until)
		add(dues.pedestrian, s.Pedestrians[p].Until)
		add(dues.minimum, s.Greens[p].Min)
		add(dues.passage, s.Greens[p].Gap)
		add(dues.maximum, s.Greens[p].Max)
		add(dues.idle, s.Idle[p].Until)
	}
	for i := range c.sensors {
		add(c.sensors[i].dues.tooLong, s.Sensors[i].Until)
		add(c.sensors[i].dues.minute, s.Sensors[i].Minute)
	}
	for i := range c.Emergencies {
		add(c.Emergencies[i].dues.tooLong, s.Emergencies[i].Until)
		add(c.Emergencies[i].dues.minute, s.Emergencies[i].Minute)
	}
	add(dueFlash, s.Flasher.Next)
	add(dueNight, s.NightChanges)
	add(dueFeed, s.NextFeed)
	return slices.Clone(all)
}

func (c *applier) answer(ticket int64, output any) {
	c.answers = append(c.answers, machines.Answer{Ticket: ticket, Output: output})
}

func (c *applier) fail(ticket int64, name, cause string) {
	c.answers = append(c.answers, machines.Answer{Ticket: ticket, Error: name, Cause: cause})
}

func (c *applier) refuse(cmd machines.Command, name, cause string) { c.fail(cmd.Ticket, name, cause) }

func (c *applier) note(text string) { c.notes = append(c.notes, machines.Note{Text: text}) }

// Moves implements [machines.Plant]: each detector, button and emergency input changes its level.
func (p *Plant) Moves(s machines.State) []machines.Input {
	state := s.(State)
	moves := make([]machines.Input, 0, maxSensors)
	for i, sensor := range p.config.sensors {
		moves = append(moves, machines.Edge{Line: sensor.line, High: !state.Sensors[i].High})
	}
	for i, e := range p.config.Emergencies {
		moves = append(moves, machines.Edge{Line: e.Line, High: !state.Emergencies[i].High})
	}
	return moves
}
