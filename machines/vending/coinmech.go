package vending

import (
	"time"

	"signalbox/machines"
)

const (
	// coinSilence after the last edge ends a coin's train of pulses. Coin acceptors of the CH-926 kind give pulses of 20, 50 or
	// 100 ms with pauses of the same order (maker's sheet, deconinck.info): the silence is longer than any pause.
	coinSilence = 200 * time.Millisecond
	// startUp is the time after power-up in which no motor runs. A coin that was in the acceptor at the power cut ends in it, as
	// each of its pulses restarts the time.
	startUp = 300 * time.Millisecond
)

const (
	mechStarting = "starting"
	mechIdle     = "idle"
	mechCounting = "counting"
)

// A CoinMech counts pulses. When a train of pulses has ended, their number is the coin's value. A number that is no coin's, a
// pulse that does not end, and pulses right after power-up, whose beginning was not counted, are recorded as unknown. The board
// removes bounce (debounce).
type CoinMech struct {
	Is     string // starting (after power-up, until the line has been silent), idle, counting
	High   bool   // the level of the line
	Pulses int    // of the coin that comes in
	Ends   machines.Instant
}

func coinMechPart() *machines.Part[string] {
	return machines.NewPart(mechIdle,
		machines.On("pulse", mechCounting, mechIdle, mechCounting),
		machines.On("silence", mechIdle, mechCounting, mechStarting))
}

// coinEdge applies an edge of the coin acceptor.
func (m *applier) coinEdge(high bool) {
	mech := &m.s.Mech
	if high == mech.High {
		return
	}
	mech.High = high
	if high {
		mech.Pulses++
		if !m.s.CoinBegun { // also in start-up: the power may be cut again before the train has ended
			m.record(entryTrain)
		}
		m.p.mech.Fire(&mech.Is, "pulse")
	}
	switch mech.Is {
	case mechCounting:
		// Both edges restart the time: a pulse of a slow acceptor is as long as the silence of a fast one.
		mech.Ends = m.afterEdge(coinSilence)
	case mechStarting:
		m.s.StartUpEnds = max(m.s.StartUpEnds, m.after(startUp))
	}
}

// coinComplete ends a train of pulses and records the coin.
func (m *applier) coinComplete() {
	mech := &m.s.Mech
	calming := mech.Is == mechStarting
	if !m.p.mech.Fire(&mech.Is, "silence") {
		return
	}
	pulses := mech.Pulses
	mech.Pulses, mech.Ends = 0, 0
	coin, known := m.p.setup.coin(pulses)
	switch {
	case calming && pulses == 0:
	case calming:
		m.record(entryUnknown, "pulses", pulses, "why", "power-up")
		m.note("%d pulses of a coin that a power cut has hidden: its value is unknown", pulses)
	case mech.High:
		m.record(entryUnknown, "pulses", pulses, "why", "stuck")
		m.note("%d pulses, and the last does not end: no coin is known by them", pulses)
	case !known:
		m.record(entryUnknown, "pulses", pulses, "why", "count")
		m.note("%d pulses: no coin is known by them", pulses)
	default:
		m.record(entryCoin, "pulses", pulses, "value", coin.Value)
		m.note("coin %v, credit %v", coin.Value, m.s.Money.Credit)
		m.s.Customer.Coin = true
	}
}

// storedEdge applies an edge of a tube's sensor: at a rising edge an inserted coin has fallen into the tube.
func (m *applier) storedEdge(i int, high bool) {
	t := &m.s.TubeLines[i]
	if high == t.InHigh {
		return
	}
	t.InHigh = high
	if high {
		m.record(entryStored, "tube", m.s.Tubes[i].Value)
	}
}

// MaxCredit is the credit from which on the machine takes no more coins, unless the highest price is above it.
const MaxCredit = Cents(2000)

// accepts reports whether the acceptor may take coins: the credit must be returnable after any one coin.
func (p *Plant) accepts(s *State) bool {
	credit, limit := s.Money.Credit, max(MaxCredit, p.highest)
	if s.StartUpEnds != 0 || s.DoorOpen || s.Money.Owed > 0 || !s.Serving || credit >= limit {
		return false
	}
	largest := p.setup.Coins[len(p.setup.Coins)-1].Value
	c := newChangeTable(p.working(s), credit+largest)
	_, returnable := c.coinsFor(credit)
	for _, coin := range p.setup.Coins {
		if i := p.setup.tube(coin.Value); i >= 0 && !s.Tubes[i].Stuck && returnable {
			continue // the coin can be paid out of its own tube again
		}
		if _, ok := c.coinsFor(credit + coin.Value); !ok {
			return false
		}
	}
	return true
}

// exact reports whether there is an amount of change, up to the most that is needed, that the tubes cannot make.
func (p *Plant) exact(s *State) bool {
	most := p.setup.maxChange()
	c := newChangeTable(p.working(s), most)
	for change := p.step; change <= most; change += p.step {
		if _, ok := c.coinsFor(change); !ok {
			return true
		}
	}
	return false
}

// working returns the tubes with their coins; those of stuck tubes count as none.
func (p *Plant) working(s *State) []Tube {
	tubes := make([]Tube, len(p.setup.Tubes))
	for i := range tubes {
		tubes[i].Value = s.Tubes[i].Value
		if !s.Tubes[i].Stuck {
			tubes[i].Coins = s.Tubes[i].Coins
		}
	}
	return tubes
}
