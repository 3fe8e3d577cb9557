package intersection

import (
	"signalbox/asl/value"
	"signalbox/machines"
)

// greenTimes are the times of one phase's green.
type greenTimes struct {
	Min machines.Instant // the minimum green is over. 0: it is
	// Gap is when the passage time of the last car is over. 0 while Held (a car is there), and when it is over.
	Gap    machines.Instant
	Held   bool
	Max    machines.Instant // the maximum green is over. 0: nobody waits, or it is
	Maxed  bool
	Ticket int64 // of the hold-green that waits for the end
}

// Why a green ends.
const (
	GapOut     = "gap-out"     // no car has come for the passage time
	MaxOut     = "max-out"     // others have waited for the maximum green
	Preemption = "pre-emption" // an emergency vehicle wants another phase
	NightFalls = "night"
	// WalkAgain does not end the green: nobody else waits, and its own pedestrians do.
	WalkAgain = "walk-again"
)

// holdGreen takes the activity hold-green: {"phase": "north-south"} is answered when the phase's green is to end, or its
// pedestrians may walk, with {"phase", "reason"}.
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

// phaseOf reads the input {"phase": …}; where it is not that, the command is refused.
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
		c.refuse(cmd, machines.ErrInput, c.noPhase(in.Phase))
	}
	return p, p >= 0
}

// greens lets the times of all greens pass, and answers whose green is to end.
func (c *applier) greens() {
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
		case !c.elsewhere(p):
			g.Max, g.Maxed = 0, false
		case g.Max.Reached(c.at):
			g.Max, g.Maxed = 0, true
		case g.Max == 0 && !g.Maxed:
			g.Max = c.at.Add(phase.MaximumGreen)
		}
		if reason := c.over(p); reason != "" && g.Ticket != 0 {
			c.answer(g.Ticket, value.NewObject("phase", phase.Name, "reason", reason))
			c.note(phase.Name + ": " + reason)
			g.Ticket = 0
		}
	}
}

// over says why the green of a phase is to end; "" while it is not.
func (c *applier) over(p int) string {
	w, g := c.Pedestrians[p].Shows, &c.Greens[p]
	if w == Walk || w == Clearing {
		return "" // whoever is on the road gets over it, whatever else there is
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
	if !c.elsewhere(p) {
		if pedestrian, _ := c.wants(p); pedestrian && c.Calls[p].Pedestrian == Called {
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

// intervals answers who waits for the end of an interval.
func (c *applier) intervals() {
	all := true
	for p := range c.config.Phases {
		over := c.Heads[p].Until == 0 && !c.Heads[p].Starts
		if c.Heads[p].Shows != Amber {
			over = over && c.Pedestrians[p].Until == 0
		}
		all = all && over
		if over && c.Intervals[p] != 0 {
			c.answer(c.Intervals[p], value.NewObject("phase", c.config.Phases[p].Name))
			c.Intervals[p] = 0
		}
	}
	if all && c.AllIntervals != 0 {
		c.answer(c.AllIntervals, value.NewObject())
		c.AllIntervals = 0
	}
}

// awaitInterval takes the activity await-interval: {"phase": "north-south"} is answered when what the phase shows has been
// shown for as long as its timings say: walk, amber, red. {} waits for all phases.
func (c *applier) awaitInterval(cmd machines.Command) {
	slot := &c.AllIntervals
	if o, ok := cmd.Input.(*value.Object); !ok || o.Len() > 0 {
		p, ok := c.phaseOf(cmd)
		if !ok {
			return
		}
		slot = &c.Intervals[p]
	}
	if *slot != 0 {
		c.refuse(cmd, machines.ErrBusy, "another Task awaits that interval")
		return
	}
	*slot = cmd.Ticket
}
