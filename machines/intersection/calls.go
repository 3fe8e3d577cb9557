package intersection

import (
	"slices"
	"time"

	"signalbox/asl/value"
	"signalbox/machines"
)

// A Call is whether a request to cross is remembered: a state of a call memory's machine.
type Call uint8

// The states of a call memory.
const (
	NoCall Call = iota
	Called
)

// String returns the state's name: "called".
func (c Call) String() string { return [...]string{"none", "called"}[c] }

// newCall returns the machine of a call memory.
func newCall() *machines.Part[Call] {
	return machines.NewPart(
		NoCall,
		machines.On("place", Called, NoCall),
		machines.On("serve", NoCall, Called),
	)
}

// Calls are the calls of one phase. The pedestrians' is served when walk is shown, the vehicles' when green is.
type Calls struct{ Pedestrian, Vehicle Call }

// place remembers a call. Whose it is goes to the log; "" is nobody's in particular.
func (c *applier) place(call *Call, whose string) {
	if c.parts.call.Fire(call, "place") && whose != "" {
		c.note("call: " + whose)
	}
}

// updateCalls serves the calls of heads that show green or walk now, and remembers the car that still waits when green
// ends.
func (c *applier) updateCalls(was *State) {
	for p := range c.config.Phases {
		calls := &c.Calls[p]
		if c.Pedestrians[p].Shows == Walk {
			c.parts.call.Fire(&calls.Pedestrian, "serve")
		}
		if c.Heads[p].Shows == Green {
			c.parts.call.Fire(&calls.Vehicle, "serve")
		} else if was.Heads[p].Shows == Green && c.carPresent(p) {
			c.place(&calls.Vehicle, c.config.Phases[p].Name+" vehicles")
		}
	}
}

// wants returns which calls of a phase may be served now: those that are remembered, those of recall, and those of sensors
// that have failed. An emergency leaves but its own; at night there are none.
func (c *applier) wants(p int) (pedestrian, vehicle bool) {
	phase := &c.config.Phases[p]
	green := c.Heads[p].Shows == Green || c.Heads[p].Shows == RedAmber
	if c.IsNight {
		return false, false
	}
	if e := c.emergency(); e >= 0 {
		return false, c.config.Emergencies[e].Phases[p] && !green
	}
	vehicle = !green && (c.Calls[p].Vehicle == Called || phase.Recall == RecallMinimum || phase.Recall == RecallMaximum ||
		c.failed(phase.detectors))
	pedestrian = len(phase.Crosswalks) > 0 && c.Pedestrians[p].Shows != Walk && !c.Pedestrians[p].Armed &&
		(c.Calls[p].Pedestrian == Called || phase.Recall == RecallPedestrian || c.failed(phase.buttons))
	return pedestrian, vehicle
}

// An idleTime says how long a phase that is called could have had green, and was not given it: its ring waits at the barrier
// for the others.
type idleTime struct {
	Until machines.Instant // it is idle from then on. 0: it is, or has nothing to wait for
	Idle  bool
}

// idleAfter is how long a definition may take to give green to a phase that may have it.
const idleAfter = time.Second

func (c *applier) idle() {
	for p := range c.config.Phases {
		i := &c.Idle[p]
		switch {
		case !c.called(p) || !c.free(p):
			*i = idleTime{}
		case i.Until.Reached(c.at):
			*i = idleTime{Idle: true}
		case i.Until == 0 && !i.Idle:
			i.Until = c.at.Add(idleAfter)
		}
	}
}

// free reports whether nothing that conflicts with a phase keeps it from green.
func (c *applier) free(p int) bool {
	for q := range c.config.Phases {
		if (q == p || c.config.conflicts[p][q]) && (c.Heads[q].Shows != Red || c.Heads[q].Until != 0 || c.Pedestrians[q].Until != 0) {
			return false
		}
	}
	return true
}

// called reports whether a phase has no green and is called.
func (c *applier) called(p int) bool {
	if c.Heads[p].Shows == Green || c.Heads[p].Shows == RedAmber {
		return false
	}
	pedestrian, vehicle := c.wants(p)
	return pedestrian || vehicle
}

// elsewhere reports whether a phase is called for which p's green has to end, since they conflict or since nothing else keeps
// it from its own; with -1 whether any is called.
func (c *applier) elsewhere(p int) bool {
	for q := range c.config.Phases {
		if q != p && c.called(q) && (p < 0 || c.config.conflicts[p][q] || c.Idle[q].Idle) {
			return true
		}
	}
	return false
}

// awaitCall takes the activity await-call, whatever its input: it is answered as soon as a phase without green is called, or
// it is night. The output has {"pedestrian", "vehicle"} for each phase, "night", and "emergency": the input's name or "".
func (c *applier) awaitCall(cmd machines.Command) {
	i := slices.Index(c.Readers[:], 0)
	if i < 0 {
		c.refuse(cmd, machines.ErrBusy, "too many Tasks await calls already")
		return
	}
	c.Readers[i] = cmd.Ticket
}

// answerReaders answers who waits for a call that is there.
func (c *applier) answerReaders() {
	if c.Readers == [mostReaders]int64{} || !c.IsNight && !c.elsewhere(-1) {
		return
	}
	var b value.Builder
	for p, phase := range c.config.Phases {
		pedestrian, vehicle := c.wants(p)
		b.Set(phase.Name, value.NewObject("pedestrian", pedestrian, "vehicle", vehicle))
	}
	emergency := ""
	if e := c.emergency(); e >= 0 {
		emergency = c.config.Emergencies[e].Line
	}
	b.Set("emergency", emergency)
	b.Set("night", c.IsNight)
	output := b.Object()
	for i, ticket := range c.Readers {
		if ticket != 0 {
			c.answer(ticket, output)
			c.Readers[i] = 0
		}
	}
}
