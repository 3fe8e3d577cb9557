package intersection

import "github.com/looplab/fsm"

// The aspects of pedestrian heads.
const (
	Walk     Aspect = "walk"
	Clearing Aspect = "clearing" // dont-walk flashes: whoever is on the road gets off it
	DontWalk Aspect = "dont-walk"
	Dark     Aspect = "dark" // while the vehicle heads flash
)

// A PedestrianHead is the pedestrian head of one approach. Its pedestrians walk along the approach's road, together with
// its green, across the other road.
type PedestrianHead struct {
	Shows Aspect
	// Until is when clearing is over and steady dont-walk follows, or when dont-walk has been lit long enough for a
	// conflicting green. 0: it has been, or nothing is waited for.
	Until Moment
}

// newPedestrianHead returns the machine of a pedestrian head. The event dont-walk ends walk and begins the clearing, which
// cleared ends.
func newPedestrianHead() *fsm.FSM {
	return fsm.NewFSM(string(DontWalk), fsm.Events{
		{Name: string(Walk), Src: []string{string(DontWalk)}, Dst: string(Walk)},
		{Name: string(DontWalk), Src: []string{string(Walk)}, Dst: string(Clearing)},
		{Name: string(DontWalk), Src: []string{string(Dark)}, Dst: string(DontWalk)},
		{Name: "cleared", Src: []string{string(Clearing)}, Dst: string(DontWalk)},
		{Name: "darken", Src: []string{string(Walk), string(Clearing), string(DontWalk)}, Dst: string(Dark)},
	}, nil)
}

// turn puts an event to the head's machine and, where that has it, makes the head what follows.
func (h *PedestrianHead) turn(m *fsm.FSM, event string, at Moment) bool {
	was := h.Shows
	shows, ok := ask(m, was, event)
	if !ok {
		return false
	}
	*h = PedestrianHead{Shows: shows}
	switch {
	case shows == Clearing:
		h.Until = at.add(PedestrianClearance)
	case shows == DontWalk && was == Dark:
		h.Until = at.add(StartUpRed)
	case shows == DontWalk:
		h.Until = at.add(PedestrianBuffer)
	}
	return true
}

// lamps returns which of the walk and dont-walk lamps are lit.
func (h PedestrianHead) lamps(f Flasher) (walk, dontWalk bool) {
	return h.Shows == Walk, h.Shows == DontWalk || h.Shows == Clearing && f.Lit
}
