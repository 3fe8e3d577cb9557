package intersection

import (
	"fmt"

	"signalbox/machines"
)

// An Aspect is what a head shows. Each is also a state of its head's machine, and the event that leads to it.
type Aspect uint8

// The aspects of vehicle heads, then those of pedestrian heads. The zero Aspect is that of a phase that does not exist.
const (
	Red      Aspect = iota + 1
	RedAmber        // UK: green follows
	Amber           // yellow
	Green
	FlashingRed // the fail-safe: stop, then go with care
	Dark        // UK at power-up; pedestrian heads also while the vehicle heads flash

	Walk
	Clearing // dont-walk flashes (UK: all is dark): pedestrians on the road finish crossing
	DontWalk
)

var aspectNames = [...]string{
	Red: "red", RedAmber: "red-amber", Amber: "amber", Green: "green", FlashingRed: "flashing-red", Dark: "dark",
	Walk: "walk", Clearing: "clearing", DontWalk: "dont-walk",
}

// String returns the aspect's name in commands and answers: "red-amber".
func (a Aspect) String() string {
	if int(a) < len(aspectNames) {
		return aspectNames[a]
	}
	return fmt.Sprintf("aspect %d", a)
}

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
		machines.On(RedAmber.String(), RedAmber, Red),
		machines.On(Green.String(), Green, before),
		machines.On(Amber.String(), Amber, Green, Dark),
		machines.On(Red.String(), Red, Amber, FlashingRed, Dark),
		machines.On(FlashingRed.String(), FlashingRed, Red),
	)
}

// turn puts an event to the machine of phase p's heads and, where that has it, makes them what follows.
func (c *applier) turn(p int, event Aspect) bool {
	h := &c.Heads[p]
	was := *h
	shows, ok := c.parts.head.After(was.Shows, event.String())
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
