package vending

import "time"

const (
	// Quarter is what one pulse of the coin mech and one coin of the hopper are worth.
	Quarter Cents = 25
	// MaxCoin is the largest coin that the mech takes.
	MaxCoin Cents = 200
	// coinSilence ends a coin's train of pulses. Coin acceptors of the CH-926 kind give pulses of 20, 50 or 100 ms with
	// pauses of the same order (maker's sheet, deconinck.info), so that the silence is longer than any pause.
	coinSilence = 200 * time.Millisecond
)

const (
	mechIdle     = "idle"
	mechCounting = "counting"
)

// A CoinMech counts pulses. Money is added pulse by pulse, so that a lost pulse loses no more than its quarter and two
// coins that run into one train lose nothing; the train only tells when a coin is complete. The board has no line that
// inhibits the mech: a coin that the machine could not give back is taken all the same, credited and noted.
type CoinMech struct {
	Is    string // idle, counting
	High  bool   // the line
	Train int    // pulses so far
	Ends  Instant
}

func coinMechPart() *part {
	return newPart(mechIdle,
		transition("pulse", mechCounting, mechIdle, mechCounting),
		transition("silence", mechIdle, mechCounting))
}

func (m *moment) coin(high bool) {
	mech := &m.s.Mech
	if high == mech.High {
		return
	}
	mech.High = high
	if high && m.p.mech.fire(&mech.Is, "pulse") {
		mech.Train++
		m.s.Money.Inserted += Quarter
		m.s.Money.Credit += Quarter
	}
	if mech.Is == mechCounting {
		// Both edges put the end off: a slow acceptor's pulse is as long as the silence between quick ones.
		mech.Ends = m.in(coinSilence)
	}
}

func (m *moment) coinComplete() {
	mech := &m.s.Mech
	if !m.p.mech.fire(&mech.Is, "silence") {
		return
	}
	switch mech.Train {
	case 1, 2, 4, 8:
		m.note("coin %v, credit %v", Cents(mech.Train)*Quarter, m.s.Money.Credit)
	default:
		m.note("coins or a damaged train, %d pulses: %v, credit %v", mech.Train, Cents(mech.Train)*Quarter, m.s.Money.Credit)
	}
	switch h := m.s.Hopper; {
	case h.Is == hopperStuck:
		m.note("coin taken while the hopper is stuck: it cannot be returned")
	case !h.canPay(m.s.Money.Credit):
		m.note("coin taken although the hopper cannot return a credit of %v: it has %v", m.s.Money.Credit, h.value())
	}
	mech.Train, mech.Ends = 0, 0
	m.s.Customer.Coin = true
}
