package vending

import (
	"slices"
	"time"

	"signalbox/machines"
)

const (
	// A turn takes about 2 s; beyond half as much again it has jammed.
	maxTurn = 3 * time.Second
	// maxLeave is how long the home switch may stay closed after the motor has begun. One that stays closed is dead, or the
	// motor is: then nobody knows where the spiral is, and it must not turn so far that a second snack falls.
	maxLeave = 800 * time.Millisecond
	// maxRun is how long a motor may run in all from one home to the next, a second try included. Two snacks lie a turn
	// apart, the first at most a turn from home, so that it is less than two turns: where only the home switch is dead, the
	// spiral has turned all the time, and a second snack must not follow the first.
	maxRun = 3500 * time.Millisecond
	// maxFall is how long after the turn a snack may still fall past the drop sensor.
	maxFall = 1500 * time.Millisecond
)

const (
	spiralResting  = "resting"
	spiralLeaving  = "leaving"
	spiralTurning  = "turning"
	spiralDropping = "dropping"
	spiralJammed   = "jammed"
	spiralUnseen   = "unseen"
)

// A Spiral is a column's motor that turns it once, and the home switch that tells when.
//
// It sells only while it rests, at home. One that jammed is not known to be at home: its own sale may try again, within what
// is left of maxRun; nobody else before its home switch has closed. One whose snack was not seen would not sell the next
// better, for the customer could keep the snack and have the money back: an operator puts it on sale again, or the snack
// after all. So does one that a power cut has stopped in its turn.
type Spiral struct {
	Is    string // resting, leaving (home), turning, dropping (at home, the snack not seen yet), jammed, unseen (nor since)
	Home  bool   // the switch
	Until machines.Instant
	Ran   time.Duration // at most, by the motor since the spiral was last known to be at home
}

func spiralPart() *machines.Part[string] {
	return machines.NewPart(spiralResting,
		// From where it jammed there is only the rest of a turn to do; see maxRun.
		machines.On("start", spiralLeaving, spiralResting, spiralJammed),
		machines.On("resume", spiralTurning, spiralResting, spiralJammed),
		machines.On("leave", spiralTurning, spiralLeaving),
		machines.On("arrive", spiralDropping, spiralTurning),
		machines.On("overdue", spiralJammed, spiralLeaving, spiralTurning),
		machines.On("loosen", spiralResting, spiralJammed),
		machines.On("miss", spiralUnseen, spiralDropping, spiralResting),
		machines.On("settle", spiralResting, spiralDropping, spiralUnseen, spiralJammed))
}

// whyOutOfService says why a column must not begin a sale, or "".
func (s *State) whyOutOfService(i int) string {
	switch b, c := s.Columns[i], s.Spirals[i]; {
	case b.OutOfService == outDoubt:
		return "a power cut has hidden what became of its last sale: settle that"
	case b.OutOfService == outJammed || c.Is == spiralJammed:
		return "its spiral is not known to be at home"
	case b.OutOfService == outUnseen || c.Is == spiralUnseen:
		return "when it last turned nothing was seen to fall"
	case !c.Home:
		return "its home switch is open"
	}
	return ""
}

// motorOn reports whether the motor runs.
func (c Spiral) motorOn() bool { return c.Is == spiralLeaving || c.Is == spiralTurning }

// atWork reports whether a vend is under way: the motor runs, or the snack is awaited.
func (c Spiral) atWork() bool { return c.motorOn() || c.Is == spiralDropping }

// turning reports whether any column is at work.
func (s *State) turning() bool {
	return slices.ContainsFunc(s.Spirals[:], Spiral.atWork)
}

func (m *applier) startTurn(i int) {
	c := &m.s.Spirals[i]
	event, run := "start", maxLeave
	if !c.Home { // a second try, from where it jammed
		event, run = "resume", maxTurn
	}
	m.p.spiral.Fire(&c.Is, event)
	run = min(run, maxRun-c.Ran)
	c.Until = m.after(run)
	c.Ran += run // if it comes home earlier, it starts from nothing
}

// homeEdge is a column's home switch. Only arriving counts: what arrives has left before, whether or not that was seen, and
// a spiral that a power cut stopped on its way goes no further than this.
func (m *applier) homeEdge(i int, high bool) {
	c := &m.s.Spirals[i]
	if c.Home == high {
		return
	}
	c.Home = high
	switch {
	case m.s.StartUpEnds != 0: // where it stands at power-up says nothing of how it got there
	case !high:
		if m.p.spiral.Fire(&c.Is, "leave") {
			run := min(maxTurn-maxLeave, maxRun-c.Ran) // what is left of a turn
			c.Until = m.after(run)
			c.Ran += run
		}
	case m.p.spiral.Fire(&c.Is, "arrive"):
		m.arrived(i)
	case m.p.spiral.Fire(&c.Is, "loosen"):
		c.Ran = 0
		m.record(entryHome, "column", i+1)
		// It came home after it had been given up. The sale has had its turn.
		if m.s.Sale.Column == i+1 && m.s.Sale.Is == saleJammed {
			m.missSnack(i)
		}
	}
}

// arrived is a spiral at home after a turn: a snack that has not been seen may still fall.
func (m *applier) arrived(i int) {
	c := &m.s.Spirals[i]
	c.Until, c.Ran = m.after(maxFall), 0
	if m.s.Columns[i].OutOfService == outJammed {
		m.record(entryHome, "column", i+1)
	}
	if m.s.Sale.Is == saleSold && m.p.spiral.Fire(&c.Is, "settle") {
		c.Until = 0
	}
}

func (m *applier) turnOverdue() {
	for i := range m.s.Spirals {
		c := &m.s.Spirals[i]
		if m.p.spiral.Fire(&c.Is, "overdue") {
			c.Until = 0
			m.p.sale.Fire(&m.s.Sale.Is, "jam") // not when the snack fell: then it is sold
			m.record(entryJam, "column", i+1, "sale", m.s.Sale.Number)
			m.note("column %d is jammed: out of service until it is at home", i+1)
		}
	}
}

func (m *applier) dropOverdue() {
	for i := range m.s.Spirals {
		c := &m.s.Spirals[i]
		if c.Is == spiralDropping {
			c.Until = 0
			m.missSnack(i)
			m.note("column %d turned and nothing was seen to fall: out of service", i+1)
		}
	}
}

// missSnack ends the sale of a column that has done its turn without a snack.
func (m *applier) missSnack(i int) {
	m.p.spiral.Fire(&m.s.Spirals[i].Is, "miss")
	m.p.sale.Fire(&m.s.Sale.Is, "miss")
	m.record(entryMiss, "column", i+1, "sale", m.s.Sale.Number)
}
