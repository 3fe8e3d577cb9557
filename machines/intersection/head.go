package intersection

import "github.com/looplab/fsm"

// An Aspect is what a head shows. Each is also a state of its head's machine.
type Aspect string

// The aspects of vehicle heads.
const (
	Red         Aspect = "red"
	Amber       Aspect = "amber"
	Green       Aspect = "green"
	FlashingRed Aspect = "flashing-red" // the fail-safe: stop, then go with care
)

// A Head is the vehicle head of one approach.
type Head struct {
	Shows Aspect
	// Until is when what the head shows has been shown long enough: red, for a conflicting green to follow; amber, for
	// red to follow. 0: it has been, or it need not be.
	Until Moment
}

// newHead returns the machine of a vehicle head. Its events but flash are named after the aspects that they lead to.
func newHead() *fsm.FSM {
	return fsm.NewFSM(string(Red), fsm.Events{
		{Name: string(Green), Src: []string{string(Red)}, Dst: string(Green)},
		{Name: string(Amber), Src: []string{string(Green)}, Dst: string(Amber)},
		{Name: string(Red), Src: []string{string(Amber), string(FlashingRed)}, Dst: string(Red)},
		{Name: "flash", Src: []string{string(Red), string(Amber), string(Green)}, Dst: string(FlashingRed)},
	}, nil)
}

// turn puts an event to the head's machine and, where that has it, makes the head what follows.
func (h *Head) turn(m *fsm.FSM, event string, at Moment) bool {
	was := h.Shows
	shows, ok := ask(m, was, event)
	if !ok {
		return false
	}
	*h = Head{Shows: shows}
	switch {
	case shows == Amber:
		h.Until = at.add(AmberMin)
	case shows == Red && was == FlashingRed:
		h.Until = at.add(StartUpRed)
	case shows == Red:
		h.Until = at.add(RedClearance)
	}
	return true
}

// lamps returns which of the red, amber and green lamps are lit.
func (h Head) lamps(f Flasher) (red, amber, green bool) {
	return h.Shows == Red || h.Shows == FlashingRed && f.Lit, h.Shows == Amber, h.Shows == Green
}
