package vending

import (
	"slices"
	"time"
)

const (
	// A turn takes about 2 s; beyond half as much again it has jammed. Shorter than two turns, so that a home switch that
	// died does not give a second snack away.
	maxTurn = 3 * time.Second
	// maxFall is how long after the turn a snack may still fall past the drop sensor.
	maxFall = 1500 * time.Millisecond
)

const (
	spiralResting  = "resting"
	spiralTurning  = "turning"
	spiralDropping = "dropping"
	spiralJammed   = "jammed"
)

// A Spiral is a column: a motor that turns it once, a home switch that tells when, and snacks that fall at the end.
type Spiral struct {
	Is    string // resting, turning, dropping (at home, the snack not seen yet), jammed
	Stock int    // snacks; changes only on the drop sensor's word
	Sold  int    // seen to fall since power-up
	Until Instant
}

func spiralPart() *part {
	return newPart(spiralResting,
		// From where it jammed there is only the rest of a turn to do.
		transition("start", spiralTurning, spiralResting, spiralJammed),
		transition("arrive", spiralDropping, spiralTurning),
		transition("overdue", spiralJammed, spiralTurning),
		transition("loosen", spiralResting, spiralJammed),
		transition("settle", spiralResting, spiralDropping))
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
	c.Until = m.in(maxTurn)
}

// home is a column's home switch. Only arriving counts: what arrives has left before, whether or not that was seen, and
// a spiral that a power cut stopped on its way goes no further than this.
func (m *moment) home(i int, high bool) {
	c, sale := &m.s.Spirals[i], &m.s.Sale
	switch {
	case !high:
	case m.p.spiral.fire(&c.Is, "arrive"):
		c.Until = m.in(maxFall)
		if sale.Is == saleSold && m.p.spiral.fire(&c.Is, "settle") {
			c.Until = 0
		}
	case m.p.spiral.fire(&c.Is, "loosen"):
		// It came home after it had been given up. The sale has had its turn.
		if sale.Column == i+1 && sale.Is == saleJammed {
			m.p.sale.fire(&sale.Is, "miss")
		}
	}
}

func (m *moment) turnOverdue() {
	for i := range m.s.Spirals {
		c := &m.s.Spirals[i]
		if m.p.spiral.fire(&c.Is, "overdue") {
			c.Until = 0
			m.p.sale.fire(&m.s.Sale.Is, "jam") // not when the snack fell: then it is sold
			m.note("column %d is jammed", i+1)
		}
	}
}

func (m *moment) dropOverdue() {
	for i := range m.s.Spirals {
		c := &m.s.Spirals[i]
		if m.p.spiral.fire(&c.Is, "settle") {
			c.Until = 0
			m.p.sale.fire(&m.s.Sale.Is, "miss")
			m.note("column %d turned and nothing was seen to fall", i+1)
		}
	}
}
