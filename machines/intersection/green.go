package intersection

import (
	"signalbox/asl/value"
	"signalbox/machines"
)

// greenTimes are the timers of one phase's green.
type greenTimes struct {
	Min    machines.Instant // the minimum green ends; 0: it has ended
	Gap    machines.Instant // the passage time after the last car ends; 0: it has ended, or the green is Held
	Max    machines.Instant // the maximum green ends; 0: no other phase is called, or it has ended
	Ticket int64            // of the hold-green that waits for the end of green; 0: none
	Held   bool             // a car is on a detector
	Maxed  bool             // the maximum green has ended
}

// Why a green ends.
const (
	GapOut     = "gap-out"     // no car has come for the passage time
	MaxOut     = "max-out"     // other phases have been called for the maximum green
	Preemption = "pre-emption" // an emergency vehicle wants another phase
	NightFalls = "night"
	// WalkAgain does not end the green: no other phase is called, and the phase's own pedestrians are.
	WalkAgain = "walk-again"
)

// holdGreen is the activity hold-green. Its input is {"phase": "north-south"}. It is answered with {"phase", "reason"} when
// the phase's green is to end, or its pedestrians may walk again.
func (c *applier) holdGreen(cmd machines.Command) {
	p, ok := c.phaseOf(cmd)
	switch {
	case !ok:
	case c.Heads[p].Shows != Green:
		c.refuse(cmd, ErrSequence, c.config.Phases[p].Name+" shows "+c.Heads[p].Shows.String()+", and only green is held")
	case c.Greens[p].Ticket != 0:
		c.refuse(cmd, machines.ErrBusy, "another Task holds the green of "+c.config.Phases[p].Name)
	default:
		c.Greens[p].Ticket = cmd.Ticket
	}
}

// phaseOf returns the phase that a command's input {"phase": …} names. It returns false if it has refused the command.
func (c *applier) phaseOf(cmd machines.Command) (int, bool) {
	var in struct {
		Phase string `json:"phase"`
	}
	if err := machines.Decode(cmd.Input, &in); err != nil {
		c.refuse(cmd, machines.ErrInput, err.Error())
		return 0, false
	}
	p := c.config.phase(in.Phase)
	if p < 0 {
		c.refuse(cmd, machines.ErrInput, c.unknownPhase(in.Phase))
	}
	return p, p >= 0
}

// updateGreens updates the timers of all greens, and answers each hold-green whose green is to end.
func (c *applier) updateGreens() {
	for p := range c.config.Phases {
		if c.Heads[p].Shows != Green {
			continue
		}
		phase, g := &c.config.Phases[p], &c.Greens[p]
		present := c.carPresent(p) || phase.Recall == RecallMaximum
		switch {
		case present:
			g.Held, g.Gap = true, 0
		case g.Held:
			g.Held, g.Gap = false, c.at.Add(phase.Passage)
		case g.Gap.Reached(c.at):
			g.Gap = 0
		}
		if g.Min.Reached(c.at) {
			g.Min = 0
		}
		switch {
		case !c.calledElsewhere(p):
			g.Max, g.Maxed = 0, false
		case g.Max.Reached(c.at):
			g.Max, g.Maxed = 0, true
		case g.Max == 0 && !g.Maxed:
			g.Max = c.at.Add(phase.MaximumGreen)
		}
		if reason := c.endReason(p); reason != "" && g.Ticket != 0 {
			c.answer(g.Ticket, value.NewObject("phase", phase.Name, "reason", reason))
			c.note(phase.Name + ": " + reason)
			g.Ticket = 0
		}
	}
}

// endReason returns why the green of a phase is to end, or [WalkAgain]; "" for neither.
func (c *applier) endReason(p int) string {
	w, g := c.Pedestrians[p].Shows, &c.Greens[p]
	if w == Walk || w == Clearing {
		return "" // pedestrians on the road always get their clearance
	}
	if c.IsNight {
		return NightFalls
	}
	if e := c.emergency(); e >= 0 {
		if c.config.Emergencies[e].Phases[p] {
			return ""
		}
		return Preemption
	}
	if !c.calledElsewhere(p) {
		if pedestrian, _ := c.servable(p); pedestrian && c.Calls[p].Pedestrian == Called {
			return WalkAgain
		}
		return ""
	}
	switch {
	case g.Min != 0:
		return ""
	case !g.Held && g.Gap == 0:
		return GapOut
	case g.Maxed:
		return MaxOut
	}
	return ""
}

// answerIntervals answers each await-interval whose interval has ended.
func (c *applier) answerIntervals() {
	all := true
	for p := range c.config.Phases {
		over := c.Heads[p].Until == 0 && !c.Heads[p].Starting
		if c.Heads[p].Shows != Amber {
			over = over && c.Pedestrians[p].Until == 0
		}
		all = all && over
		if over && c.IntervalTickets[p] != 0 {
			c.answer(c.IntervalTickets[p], value.NewObject("phase", c.config.Phases[p].Name))
			c.IntervalTickets[p] = 0
		}
	}
	if all && c.AllIntervalsTicket != 0 {
		c.answer(c.AllIntervalsTicket, value.NewObject())
		c.AllIntervalsTicket = 0
	}
}

// awaitInterval is the activity await-interval. With {"phase": "north-south"} it is answered when the phase has shown its
// walk, amber or red for as long as its timings say; with {} when all phases have.
func (c *applier) awaitInterval(cmd machines.Command) {
	ticket := &c.AllIntervalsTicket
	if o, ok := cmd.Input.(*value.Object); !ok || o.Len() > 0 {
		p, ok := c.phaseOf(cmd)
		if !ok {
			return
		}
		ticket = &c.IntervalTickets[p]
	}
	if *ticket != 0 {
		c.refuse(cmd, machines.ErrBusy, "another Task awaits that interval")
		return
	}
	*ticket = cmd.Ticket
}
