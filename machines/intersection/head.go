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
	RedAmber        // UK: before green
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
	Shows    Aspect
	Starting bool // in the UK start-up sequence
	// Until is when the aspect has been shown for long enough: red, for a conflicting green to follow; amber, for red to follow;
	// red and amber, for green. 0: it has been, or has no least time.
	Until  machines.Instant
	Ticket int64 // of the set-signals that waits for green; 0: none
}

// newHead returns the machine of a vehicle head. Its events are named after the aspects that they lead to.
func newHead(style Style) *machines.Part[Aspect] {
	before := Red // what green follows
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

// fireHead fires the event that leads the heads of phase p to an aspect, and starts the aspect's timers. It reports false, and
// changes nothing, if the aspect does not follow the one shown.
func (c *applier) fireHead(p int, event Aspect) bool {
	h := &c.Heads[p]
	was := *h
	shows, ok := c.parts.head.After(was.Shows, event.String())
	if !ok {
		return false
	}
	phase := &c.config.Phases[p]
	*h = Head{Shows: shows, Starting: was.Starting, Ticket: was.Ticket}
	switch shows {
	case RedAmber:
		h.Until = c.at.Add(UKRedAmber)
	case Amber:
		h.Until = c.at.Add(phase.Yellow)
	case Red:
		h.Starting = false
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

// lamps reports which of the red, amber and green lamps are lit.
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
