package intersection

import (
	"signalbox/machines"
)

// An Aspect is what a head shows. Each is also a state of its head's machine.
type Aspect string

// The aspects of vehicle heads.
const (
	Red         Aspect = "red"
	RedAmber    Aspect = "red-amber" // UK: green follows
	Amber       Aspect = "amber"
	Green       Aspect = "green"
	FlashingRed Aspect = "flashing-red" // the fail-safe: stop, then go with care
	Dark        Aspect = "dark"         // UK at power-up; pedestrian heads also while the vehicle heads flash
)

// A Head is what the vehicle heads of one phase show.
type Head struct {
	Shows Aspect
	// Until is when what the head shows has been shown long enough: red, for a conflicting green to follow; amber, for
	// red to follow; red and amber, for green. 0: it has been, or it need not be.
	Until machines.Instant
	// Starts says that the head goes its own way from power-up to red.
	Starts bool
	// Answer is the ticket of the set-signals that waits for green, 0 if none does.
	Answer int64
}

// newHead returns the machine of a vehicle head. Its events are named after the aspects that they lead to.
func newHead(style Style) *machines.Part[Aspect] {
	before := Red // green
	if style == UK {
		before = RedAmber
	}
	return machines.NewPart(
		Red,
		machines.On(string(RedAmber), RedAmber, Red),
		machines.On(string(Green), Green, before),
		machines.On(string(Amber), Amber, Green, Dark),
		machines.On(string(Red), Red, Amber, FlashingRed, Dark),
		machines.On(string(FlashingRed), FlashingRed, Red),
	)
}

// turn puts an event to the machine of phase p's heads and, where that has it, makes them what follows.
func (c *applier) turn(p int, event Aspect) bool {
	h := &c.Heads[p]
	was := *h
	shows, ok := c.parts.head.After(was.Shows, string(event))
	if !ok {
		return false
	}
	phase := &c.config.Phases[p]
	*h = Head{Shows: shows, Starts: was.Starts, Answer: was.Answer}
	switch shows {
	case RedAmber:
		h.Until = c.at.Add(UKRedAmber)
	case Amber:
		h.Until = c.at.Add(phase.Yellow)
	case Red:
		h.Starts = false
		h.Until = c.at.Add(phase.RedClearance)
		if was.Shows == FlashingRed {
			h.Until = c.at.Add(max(StartUpRed, phase.RedClearance))
		}
	case Green:
		c.Greens[p] = greenTimes{Min: c.at.Add(phase.MinimumGreen), Gap: c.at.Add(phase.Passage)}
	}
	if was.Shows == Green {
		if t := c.Greens[p].Ticket; t != 0 {
			c.fail(t, ErrSequence, phase.Name+": another Task has ended the green")
		}
		c.Greens[p] = greenTimes{}
	}
	return true
}

// lamps returns which of the red, amber and green lamps are lit.
func (h Head) lamps(f Flasher) (red, amber, green bool) {
	switch h.Shows {
	case Red:
		red = true
	case FlashingRed:
		red = f.Lit
	case RedAmber:
		red, amber = true, true
	case Amber:
		amber = true
	case Green:
		green = true
	}
	return red, amber, green
}
