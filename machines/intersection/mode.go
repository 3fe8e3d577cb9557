package intersection

import "signalbox/machines"

// A Mode is what the crossing as a whole does: a state of its machine.
type Mode uint8

// The modes.
const (
	NoMode Mode = iota // of a zero [View]: the plant's state is not known
	Normal
	// Ending leads to flashing: no head turns green; greens get their amber, pedestrians their clearance. No interval is
	// shortened.
	Ending
	Flashing
)

// String returns the mode's name: "normal".
func (m Mode) String() string { return [...]string{"", "normal", "ending", "flashing"}[m] }

// newMode returns the machine of the mode.
func newMode() *machines.Part[Mode] {
	return machines.NewPart(
		Normal,
		machines.On("end", Ending, Normal),
		machines.On("flash", Flashing, Ending),
		machines.On("restart", Normal, Flashing),
	)
}

// proceedToFlashing goes on with [Ending]: it ends walks and greens whose least times are over, and flashes when all heads
// show red and dont-walk.
func (c *applier) proceedToFlashing() {
	if c.Mode != Ending {
		return
	}
	resting := true
	for p := range c.config.Phases {
		h, w := &c.Heads[p], &c.Pedestrians[p]
		if w.Shows == Walk && w.Until == 0 {
			c.firePedestrians(p, DontWalk.String())
		}
		switch {
		case h.Shows == Green && w.Shows != Walk:
			c.fireHead(p, Amber)
		case h.Shows == Amber && h.Until == 0:
			c.fireHead(p, Red)
		}
		resting = resting && h.Shows == Red && w.Shows == DontWalk
	}
	if !resting {
		return
	}
	c.parts.mode.Fire(&c.Mode, "flash")
	for p := range c.config.Phases {
		c.fireHead(p, FlashingRed)
		c.firePedestrians(p, "darken")
	}
}

// restart ends flashing: all heads show red at once. Every phase gets a vehicle call, as cars may be waiting.
func (c *applier) restart() {
	c.parts.mode.Fire(&c.Mode, "restart")
	for p := range c.config.Phases {
		c.fireHead(p, Red)
		c.firePedestrians(p, DontWalk.String())
		c.placeCall(&c.Calls[p].Vehicle, "")
	}
	for i := range c.config.sensors {
		c.Sensors[i].restartTimer(c.config.sensors[i].limits, c.at)
	}
}

// flashRed is the activity flash-red. It is never refused, as definitions go to it when anything else fails. With untilMorning
// it is answered when the night is over, at once if it is not night; else never. Flashing ends when set-signals asks for red
// on all heads.
func (c *applier) flashRed(ticket int64, untilMorning bool) {
	if untilMorning {
		if !c.IsNight {
			c.answer(ticket, nil)
			return
		}
		c.MorningTicket = ticket
	}
	if c.parts.mode.Fire(&c.Mode, "end") {
		for p := range c.Heads {
			if t := c.Heads[p].Ticket; t != 0 {
				c.Heads[p].Ticket = 0
				c.Pedestrians[p].Armed = false
				c.fail(t, ErrSequence, "the crossing goes to flashing")
			}
		}
	}
}
