package vending

import (
	"slices"
	"time"
)

const (
	// A turn takes about 2 s; beyond half as much again it has jammed.
	maxTurn = 3 * time.Second
	// maxRun is how long a motor may run in all from one home to the next, a second try included. Two snacks lie a turn
	// apart, the first at most a turn from home, so that it is less than two turns: where only the home switch is dead, the
	// spiral has turned all the time, and a second snack must not follow the first.
	maxRun = 3500 * time.Millisecond
	// maxFall is how long after the turn a snack may still fall past the drop sensor.
	maxFall = 1500 * time.Millisecond
)

const (
	spiralResting  = "resting"
	spiralTurning  = "turning"
	spiralDropping = "dropping"
	spiralJammed   = "jammed"
	spiralUnseen   = "unseen"
)

// A Spiral is a column: a motor that turns it once, a home switch that tells when, and snacks that fall at the end.
//
// It sells only while it rests. One that jammed is not known to be at home: its own sale may try again, within what is left
// of maxRun; nobody else before its home switch has closed. One whose snack was not seen would not sell the next better, for
// the customer could keep the snack and have the money back: only power-up, or the snack after all, puts it on sale again.
type Spiral struct {
	Is    string // resting, turning, dropping (at home, the snack not seen yet), jammed, unseen (nor has it been since)
	Stock int    // snacks; changes only on the drop sensor's word
	Sold  int    // seen to fall since power-up
	Until Instant
	Ran   time.Duration // at most, by the motor since the spiral was last known to be at home
}

func spiralPart() *part {
	return newPart(spiralResting,
		// From where it jammed there is only the rest of a turn to do; see maxRun.
		transition("start", spiralTurning, spiralResting, spiralJammed),
		transition("arrive", spiralDropping, spiralTurning),
		transition("overdue", spiralJammed, spiralTurning),
		transition("loosen", spiralResting, spiralJammed),
		transition("miss", spiralUnseen, spiralDropping, spiralResting),
		transition("settle", spiralResting, spiralDropping, spiralUnseen))
}

// outOfService says why the column must not begin a sale, or "".
func (c Spiral) outOfService() string {
	switch c.Is {
	case spiralJammed:
		return "its spiral is not known to be at home"
	case spiralUnseen:
		return "when it last turned nothing was seen to fall"
	}
	return ""
}

// atWork reports whether a vend is under way: the motor runs, or the snack is awaited.
func (c Spiral) atWork() bool { return c.Is == spiralTurning || c.Is == spiralDropping }

// turning reports whether any column is at work.
func (s *State) turning() bool {
	return slices.ContainsFunc(s.Spirals[:], Spiral.atWork)
}

func (m *moment) turn(i int) {
	c := &m.s.Spirals[i]
	m.p.spiral.fire(&c.Is, "start")
	run := min(maxTurn, maxRun-c.Ran)
	c.Until = m.in(run)
	c.Ran += run // if it comes home earlier, it starts from nothing
}

// home is a column's home switch. Only arriving counts: what arrives has left before, whether or not that was seen, and
// a spiral that a power cut stopped on its way goes no further than this.
func (m *moment) home(i int, high bool) {
	c, sale := &m.s.Spirals[i], &m.s.Sale
	switch {
	case !high:
	case m.p.spiral.fire(&c.Is, "arrive"):
		c.Until, c.Ran = m.in(maxFall), 0
		if sale.Is == saleSold && m.p.spiral.fire(&c.Is, "settle") {
			c.Until = 0
		}
	case m.p.spiral.fire(&c.Is, "loosen"):
		c.Ran = 0
		// It came home after it had been given up. The sale has had its turn.
		if sale.Column == i+1 && sale.Is == saleJammed {
			m.miss(i)
		}
	}
}

func (m *moment) turnOverdue() {
	for i := range m.s.Spirals {
		c := &m.s.Spirals[i]
		if m.p.spiral.fire(&c.Is, "overdue") {
			c.Until = 0
			m.p.sale.fire(&m.s.Sale.Is, "jam") // not when the snack fell: then it is sold
			m.note("column %d is jammed: out of service until it is at home", i+1)
		}
	}
}

func (m *moment) dropOverdue() {
	for i := range m.s.Spirals {
		c := &m.s.Spirals[i]
		if c.Is == spiralDropping {
			c.Until = 0
			m.miss(i)
			m.note("column %d turned and nothing was seen to fall: out of service", i+1)
		}
	}
}

// miss ends the sale of a column that has done its turn without a snack.
func (m *moment) miss(i int) {
	m.p.spiral.fire(&m.s.Spirals[i].Is, "miss")
	m.p.sale.fire(&m.s.Sale.Is, "miss")
}
