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

// Calls are the calls of one phase. The pedestrian call is served when walk is shown, the vehicle call when green is.
type Calls struct{ Pedestrian, Vehicle Call }

// placeCall remembers a call and notes it under the given name, if it has one and was not remembered before.
func (c *applier) placeCall(call *Call, name string) {
	if c.parts.call.Fire(call, "place") && name != "" {
		c.note("call: " + name)
	}
}

// updateCalls serves the calls of heads that show green or walk, and places a call for a car that is still on a detector
// when green ends. Was is the state before this Apply.
func (c *applier) updateCalls(was *State) {
	for p := range c.config.Phases {
		calls := &c.Calls[p]
		if c.Pedestrians[p].Shows == Walk {
			c.parts.call.Fire(&calls.Pedestrian, "serve")
		}
		if c.Heads[p].Shows == Green {
			c.parts.call.Fire(&calls.Vehicle, "serve")
		} else if was.Heads[p].Shows == Green && c.carPresent(p) {
			c.placeCall(&calls.Vehicle, c.config.Phases[p].Name+" vehicles")
		}
	}
}

// servable reports whether a phase has a pedestrian call and a vehicle call to serve: a remembered one, one of recall, or one
// of a sensor that has failed. In an emergency only vehicle calls of its phases are served, at night none.
func (c *applier) servable(p int) (pedestrian, vehicle bool) {
	phase := &c.config.Phases[p]
	green := c.Heads[p].Shows == Green || c.Heads[p].Shows == RedAmber
	if c.IsNight {
		return false, false
	}
	if e := c.emergency(); e >= 0 {
		return false, c.config.Emergencies[e].Phases[p] && !green
	}
	vehicle = !green && (c.Calls[p].Vehicle == Called || phase.Recall == RecallMinimum || phase.Recall == RecallMaximum ||
		c.anyFailed(phase.detectors))
	pedestrian = len(phase.Crosswalks) > 0 && c.Pedestrians[p].Shows != Walk && !c.Pedestrians[p].Armed &&
		(c.Calls[p].Pedestrian == Called || phase.Recall == RecallPedestrian || c.anyFailed(phase.buttons))
	return pedestrian, vehicle
}

// An idleTime times how long a phase that is called could have green without getting it: its ring waits at the barrier for
// the others.
type idleTime struct {
	Until machines.Instant // when it counts as idle; 0: it does already, or could not have green
	Idle  bool
}

// idleAfter is how long a definition may take to give green to a phase that may have it.
const idleAfter = time.Second

// updateIdle updates the idle times of all phases.
func (c *applier) updateIdle() {
	for p := range c.config.Phases {
		i := &c.Idle[p]
		switch {
		case !c.isCalled(p) || !c.isFree(p):
			*i = idleTime{}
		case i.Until.Reached(c.at):
			*i = idleTime{Idle: true}
		case i.Until == 0 && !i.Idle:
			i.Until = c.at.Add(idleAfter)
		}
	}
}

// isFree reports whether a phase could have green now: it and all conflicting phases show red, with their clearances over.
func (c *applier) isFree(p int) bool {
	for q := range c.config.Phases {
		if (q == p || c.config.conflicts[p][q]) && (c.Heads[q].Shows != Red || c.Heads[q].Until != 0 || c.Pedestrians[q].Until != 0) {
			return false
		}
	}
	return true
}

// isCalled reports whether a phase without green has a call to serve.
func (c *applier) isCalled(p int) bool {
	if c.Heads[p].Shows == Green || c.Heads[p].Shows == RedAmber {
		return false
	}
	pedestrian, vehicle := c.servable(p)
	return pedestrian || vehicle
}

// calledElsewhere reports whether a call waits for the end of p's green: that of a conflicting phase, or of an idle one. With
// p = -1 it reports whether any phase is called.
func (c *applier) calledElsewhere(p int) bool {
	for q := range c.config.Phases {
		if q != p && c.isCalled(q) && (p < 0 || c.config.conflicts[p][q] || c.Idle[q].Idle) {
			return true
		}
	}
	return false
}

// awaitCall is the activity await-call. Its input is ignored. It is answered as soon as a phase without green is called, or it
// is night. The output has {"pedestrian", "vehicle"} for each phase, "night", and "emergency": the input's name or "".
func (c *applier) awaitCall(cmd machines.Command) {
	i := slices.Index(c.CallTickets[:], 0)
	if i < 0 {
		c.refuse(cmd, machines.ErrBusy, "too many Tasks await calls already")
		return
	}
	c.CallTickets[i] = cmd.Ticket
}

// answerCalls answers every await-call if there is a call.
func (c *applier) answerCalls() {
	if c.CallTickets == [maxCallTickets]int64{} || !c.IsNight && !c.calledElsewhere(-1) {
		return
	}
	var b value.Builder
	for p, phase := range c.config.Phases {
		pedestrian, vehicle := c.servable(p)
		b.Set(phase.Name, value.NewObject("pedestrian", pedestrian, "vehicle", vehicle))
	}
	emergency := ""
	if e := c.emergency(); e >= 0 {
		emergency = c.config.Emergencies[e].Line
	}
	b.Set("emergency", emergency)
	b.Set("night", c.IsNight)
	output := b.Object()
	for i, ticket := range c.CallTickets {
		if ticket != 0 {
			c.answer(ticket, output)
			c.CallTickets[i] = 0
		}
	}
}
