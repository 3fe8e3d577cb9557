package intersection

import "signalbox/machines"

// A Mode is what the crossing as a whole does: a state of its machine.
type Mode uint8

// The modes.
const (
	NoMode Mode = iota // of a zero [View]: the plant's state is not known
	Normal
	// Ending is the way to flashing: no new green; moving traffic gets its amber, pedestrians their clearance. No interval is
	// shortened.
	Ending
	Flashing
)

// String returns the mode's name: "normal".
func (m Mode) String() string { return [...]string{"", "normal", "ending", "flashing"}[m] }

func newMode() *machines.Part[Mode] {
	return machines.NewPart(
		Normal,
		machines.On("end", Ending, Normal),
		machines.On("flash", Flashing, Ending),
		machines.On("restart", Normal, Flashing),
	)
}

func (c *applier) turnMode(event string) bool {
	mode, ok := c.parts.mode.After(c.Mode, event)
	c.Mode = mode
	return ok
}

// endAll goes on with the way to flashing, as far as the time has come for it.
func (c *applier) endAll() {
	if c.Mode != Ending {
		return
	}
	resting := true
	for p := range c.config.Phases {
		h, w := &c.Heads[p], &c.Pedestrians[p]
		if w.Shows == Walk && w.Until == 0 {
			c.turnPedestrians(p, DontWalk.String())
		}
		switch {
		case h.Shows == Green && w.Shows != Walk:
			c.turn(p, Amber)
		case h.Shows == Amber && h.Until == 0:
			c.turn(p, Red)
		}
		resting = resting && h.Shows == Red && w.Shows == DontWalk
	}
	if !resting {
		return
	}
	c.turnMode("flash")
	for p := range c.config.Phases {
		c.turn(p, FlashingRed)
		c.turnPedestrians(p, "darken")
	}
}

// restart is the way out of flashing: all heads show red at once, and every phase is called, as nobody knows who waits.
func (c *applier) restart() {
	c.turnMode("restart")
	for p := range c.config.Phases {
		c.turn(p, Red)
		c.turnPedestrians(p, DontWalk.String())
		c.place(&c.Calls[p].Vehicle, "")
	}
	for i, place := range c.config.sensors {
		c.Sensors[i].watch(c.limits(place), c.at)
	}
}

// flashRed takes the activity flash-red, whatever is shown: it is where everything goes that is refused. With
// {"until": "morning"} it is answered when the night is over; else it never is. Flashing ends when set-signals asks for
// red on all heads.
func (c *applier) flashRed(ticket int64, untilMorning bool) {
	if untilMorning {
		if !c.IsNight {
			c.answer(ticket, nil)
			return
		}
		c.Morning = ticket
	}
	if c.turnMode("end") {
		for p := range c.Heads {
			if t := c.Heads[p].Answer; t != 0 {
				c.Heads[p].Answer = 0
				c.Pedestrians[p].Armed = false
				c.fail(t, ErrSequence, "the crossing goes to flashing")
			}
		}
	}
}
