package vending

import (
	"time"

	"signalbox/machines"
)

const (
	// coinSilence ends a coin's train of pulses. Coin acceptors of the CH-926 kind give pulses of 20, 50 or 100 ms with
	// pauses of the same order (maker's sheet, deconinck.info), so that the silence is longer than any pause.
	coinSilence = 200 * time.Millisecond
	// calm is how long after power-up nobody moves anything: a coin that a power cut caught in the acceptor ends in it, for
	// the silence restarts it.
	startUp = 300 * time.Millisecond
)

const (
	mechStarting = "calming"
	mechIdle     = "idle"
	mechCounting = "counting"
)

// A CoinMech counts pulses. A coin is worth what its number of pulses says when the train has ended; a number that is no
// coin's, a pulse that does not end, and pulses right after power-up whose beginning nobody has counted are written down as
// unknown: never dropped and never guessed at. Bounce is the board's business (debounce).
type CoinMech struct {
	Is     string // calming: after power-up, until the line has been silent; idle, counting
	High   bool   // the line
	Pulses int    // pulses so far
	Ends   machines.Instant
}

func coinMechPart() *machines.Part[string] {
	return machines.NewPart(mechIdle,
		machines.On("pulse", mechCounting, mechIdle, mechCounting),
		machines.On("silence", mechIdle, mechCounting, mechStarting))
}

func (m *applier) coinEdge(high bool) {
	mech := &m.s.Mech
	if high == mech.High {
		return
	}
	mech.High = high
	if high {
		mech.Pulses++
		if !m.s.CoinBegun { // also of a tail: power may be cut again before it has ended
			m.record(entryTrain)
		}
		m.p.mech.Fire(&mech.Is, "pulse")
	}
	switch mech.Is {
	case mechCounting:
		// Both edges put the end off: a slow acceptor's pulse is as long as the silence between quick ones.
		mech.Ends = m.after(coinSilence)
	case mechStarting:
		m.s.StartUpEnds = max(m.s.StartUpEnds, m.after(startUp))
	}
}

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

// storedEdge is a tube's sensor: a coin that was taken has fallen into it.
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

// MaxCredit is what the machine holds at most before it takes no more coins.
const MaxCredit = Cents(2000)

// accepts reports whether the acceptor may take coins: only what could be given back whatever the coin.
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
			continue // it goes into its tube, and comes out of it again
		}
		if _, ok := c.coinsFor(credit + coin.Value); !ok {
			return false
		}
	}
	return true
}

// exact reports whether somebody who does not pay exactly may have to be refused.
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

// working returns the tubes that change can be paid from, the others empty.
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
