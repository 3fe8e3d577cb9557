package vending

import (
	"slices"
	"time"

	"signalbox/machines"
)

const (
	// A turn takes about 2 s; after half as much again the spiral has jammed.
	maxTurn = 3 * time.Second
	// maxLeave is how long the home switch may stay closed after the motor has started. If it stays closed, switch or motor is
	// broken: the spiral's position is unknown, and it must not turn so far that a second snack falls.
	maxLeave = 800 * time.Millisecond
	// maxRun is how long a motor may run in all from home to home, a retry included. It is less than two turns, as two snacks are a
	// turn apart and the first is at most a turn from home: if only the home switch is broken, the spiral has turned all the time,
	// and a second snack must not fall.
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

// A Spiral is a column's motor with its home switch, which opens and closes once in a turn.
//
// A column sells only while its spiral rests at home. A jammed spiral may not be at home: only its own sale may retry, within
// the rest of maxRun, until the home switch has closed. A column whose snack was not seen is out of service, as the customer
// might keep the snack and get the money back: a refill puts it back into service, or the snack if it falls after all. The same
// holds for a column whose turn a power cut has interrupted, once that sale is settled.
type Spiral struct {
	Is    string // resting, leaving (home), turning, dropping (at home, the snack not seen yet), jammed, unseen (no snack came)
	Home  bool   // the home switch is closed
	Until machines.Instant
	Ran   time.Duration // the most that the motor can have run since the spiral was last at home
}

// spiralPart returns the machine of a spiral.
func spiralPart() *machines.Part[string] {
	return machines.NewPart(spiralResting,
		// A jammed spiral has only the rest of its turn to do; see maxRun.
		machines.On("start", spiralLeaving, spiralResting, spiralJammed),
		machines.On("resume", spiralTurning, spiralResting, spiralJammed),
		machines.On("leave", spiralTurning, spiralLeaving),
		machines.On("arrive", spiralDropping, spiralTurning),
		machines.On("overdue", spiralJammed, spiralLeaving, spiralTurning),
		machines.On("loosen", spiralResting, spiralJammed),
		machines.On("miss", spiralUnseen, spiralDropping, spiralResting),
		machines.On("settle", spiralResting, spiralDropping, spiralUnseen, spiralJammed))
}

// whyOutOfService returns why the column with index i must not begin a sale, "" if it may.
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

// atWork reports whether a vend is under way: the motor runs, or the snack may still fall.
func (c Spiral) atWork() bool { return c.motorOn() || c.Is == spiralDropping }

// turning reports whether any column is at work.
func (s *State) turning() bool {
	return slices.ContainsFunc(s.Spirals[:], Spiral.atWork)
}

// startTurn starts the motor of the column with index i.
func (m *applier) startTurn(i int) {
	c := &m.s.Spirals[i]
	event, run := "start", maxLeave
	if !c.Home { // a retry, from where the spiral jammed
		event, run = "resume", maxTurn
	}
	m.p.spiral.Fire(&c.Is, event)
	run = min(run, maxRun-c.Ran)
	c.Until = m.after(run)
	c.Ran += run // reset if it comes home earlier
}

// homeEdge applies an edge of a column's home switch. A closing switch ends the turn, whether or not its opening was seen.
func (m *applier) homeEdge(i int, high bool) {
	c := &m.s.Spirals[i]
	if c.Home == high {
		return
	}
	c.Home = high
	switch {
	case m.s.StartUpEnds != 0: // edges at power-up are no movements
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
		// It came home after its deadline. The sale has had its turn.
		if m.s.Sale.Column == i+1 && m.s.Sale.Is == saleJammed {
			m.missSnack(i)
		}
	}
}

// arrived ends the turn of a spiral: a snack that has not been seen may still fall until maxFall.
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

// turnOverdue jams the spiral that turns.
func (m *applier) turnOverdue() {
	for i := range m.s.Spirals {
		c := &m.s.Spirals[i]
		if m.p.spiral.Fire(&c.Is, "overdue") {
			c.Until = 0
			m.p.sale.Fire(&m.s.Sale.Is, "jam") // without effect if the snack fell: then it is sold
			m.record(entryJam, "column", i+1, "sale", m.s.Sale.Number)
			m.note("column %d is jammed: out of service until it is at home", i+1)
		}
	}
}

// dropOverdue puts the column out of service whose snack has not been seen.
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

// missSnack fails the sale of a column that has done its turn without a snack.
func (m *applier) missSnack(i int) {
	m.p.spiral.Fire(&m.s.Spirals[i].Is, "miss")
	m.p.sale.Fire(&m.s.Sale.Is, "miss")
	m.record(entryMiss, "column", i+1, "sale", m.s.Sale.Number)
}
