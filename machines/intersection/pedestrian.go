package intersection

import (
	"signalbox/machines"
)

// A PedestrianHead is what the pedestrian heads of one phase show. Its pedestrians walk along the phase's road, together
// with its green, across the other road.
type PedestrianHead struct {
	Shows Aspect
	// Until is when walk may end, when clearing is over and steady dont-walk follows, or when dont-walk has been lit long
	// enough for a conflicting green. 0: it has been, or nothing is waited for.
	Until machines.Instant
	// Armed says that walk comes with the green that is on its way.
	Armed bool
}

// newPedestrianHead returns the machine of a pedestrian head. The event dont-walk ends walk and begins the clearing, which
// cleared ends.
func newPedestrianHead() *machines.Part[Aspect] {
	return machines.NewPart(
		DontWalk,
		machines.On(Walk.String(), Walk, DontWalk),
		machines.On(DontWalk.String(), Clearing, Walk),
		machines.On(DontWalk.String(), DontWalk, Dark),
		machines.On("cleared", DontWalk, Clearing),
		machines.On("darken", Dark, DontWalk),
	)
}

// turnPedestrians puts an event to the machine of phase p's pedestrian heads and, where that has it, makes them what follows.
func (c *applier) turnPedestrians(p int, event string) bool {
	h := &c.Pedestrians[p]
	was := h.Shows
	shows, ok := c.parts.pedestrian.After(was, event)
	if !ok {
		return false
	}
	phase := &c.config.Phases[p]
	*h = PedestrianHead{Shows: shows}
	switch {
	case shows == Walk:
		h.Until = c.at.Add(phase.Walk)
	case shows == Clearing:
		h.Until = c.at.Add(phase.PedestrianClearance)
	case shows == DontWalk && was == Dark:
		h.Until = c.at.Add(StartUpRed)
	case shows == DontWalk:
		h.Until = c.at.Add(PedestrianBuffer)
	}
	return true
}

// lamps returns which of the walk and dont-walk lamps are lit.
func (h PedestrianHead) lamps(f Flasher, style Style) (walk, dontWalk bool) {
	return h.Shows == Walk, h.Shows == DontWalk || h.Shows == Clearing && f.Lit && style != UK
}
