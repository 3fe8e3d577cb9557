package intersection

import (
	"signalbox/machines"
)

// A PedestrianHead is what the pedestrian heads of one phase show. Its pedestrians walk along the phase's road, together
// with its green, across the other road.
type PedestrianHead struct {
	Shows Aspect
	Armed bool // walk comes with the green that follows red and amber
	// Until is when walk may end, when clearing ends and steady dont-walk follows, or when dont-walk has been lit for long enough
	// for a conflicting green. 0: it has been, or has no least time.
	Until machines.Instant
}

// newPedestrianHead returns the machine of a pedestrian head. The event dont-walk leads from walk to clearing; the event
// cleared ends that.
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

// firePedestrians fires an event of phase p's pedestrian heads and starts the new aspect's timer. It reports false, and changes
// nothing, if the aspect shown has no such event.
func (c *applier) firePedestrians(p int, event string) bool {
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

// lamps reports which of the walk and dont-walk lamps are lit.
func (h PedestrianHead) lamps(f Flasher, style Style) (walk, dontWalk bool) {
	return h.Shows == Walk, h.Shows == DontWalk || h.Shows == Clearing && f.Lit && style != UK
}
