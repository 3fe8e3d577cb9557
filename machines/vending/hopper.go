package vending

import (
	"fmt"
	"time"

	"signalbox/machines"
)

const (
	// A coin comes every 250 ms; after maxSilence, less than four times that, none will. Short, because a hopper whose exit
	// sensor is blind pays all that time: three coins leave it, whatever is due, that no line tells of, and what is due is
	// recorded as owed as well. That much is lost in each payout that is asked of such a hopper; the built-in definition
	// asks for none after the first. A hopper that only needs longer to find a coin fails too: its debt is recorded.
	maxSilence = 900 * time.Millisecond
	// The board lets the hopper run for 10 s at a stretch; a long payout goes in bursts below that.
	maxBurst = 8 * time.Second
	pause    = time.Second
	// runOut is how long after the motor a coin may still come: it was on its way.
	runOut = 500 * time.Millisecond
	// maxChange is the most change that somebody needs who stops paying when it is enough.
	maxChange = MaxCoin - Quarter
)

const (
	hopperResting = "resting"
	hopperPaying  = "paying"
	hopperPausing = "pausing"
	hopperStuck   = "stuck"
)

// A Hopper pays out quarters. Its count changes only on the exit sensor's word.
type Hopper struct {
	Is     string // resting, paying, pausing, stuck: the last payout failed
	High   bool   // the exit sensor
	Coins  int    // believed to be left
	All    bool   // this payout ends when there is no credit left, also not of coins that come in meanwhile
	Due    Cents  // else: what is left of its amount
	Paid   Cents  // in this payout
	Ticket int64

	Silent  Instant // no coin until then: it failed
	Burst   Instant // the end of a burst, or of the pause after it
	RunsOut Instant // the motor is off, but a coin until then is one
}

func hopperPart() *part {
	return newPart(hopperResting,
		transition("start", hopperPaying, hopperResting, hopperStuck),
		transition("pause", hopperPausing, hopperPaying),
		transition("resume", hopperPaying, hopperPausing),
		transition("finish", hopperResting, hopperPaying, hopperPausing),
		transition("overdue", hopperStuck, hopperPaying))
}

// atWork reports whether a payout is under way.
func (h Hopper) atWork() bool { return h.Is == hopperPaying || h.Is == hopperPausing }

func (h Hopper) value() Cents { return Cents(h.Coins) * Quarter }

// canPay reports whether the hopper is believed to be able to pay amount.
func (h Hopper) canPay(amount Cents) bool {
	return amount == 0 || h.Is != hopperStuck && h.value() >= amount
}

// payOut takes {} or {"amount":25}: it gives the whole credit back, or so much of it, and answers when the exit sensor has
// seen every coin:
//
//	{"returned":25,"credit":0}
//
// If coins stop coming, the rest becomes recorded debt and the Task fails.
func (m *moment) payOut(c machines.Command) {
	var in struct {
		Amount *Cents `json:"amount"`
	}
	if err := machines.Decode(c.Input, &in); err != nil {
		m.refuse(c, machines.ErrInput, err.Error())
		return
	}
	h := &m.s.Hopper
	switch {
	case m.s.turning() || m.s.Sale.Ticket != 0:
		m.refuse(c, ErrVendBusy, "a snack may be falling: its price is not decided yet")
		return
	case h.atWork() || h.Ticket != 0:
		m.refuse(c, ErrPayOutBusy, "the hopper is paying")
		return
	case in.Amount == nil:
		m.p.sale.fire(&m.s.Sale.Is, "refund")
	case *in.Amount < 0 || *in.Amount%Quarter != 0:
		m.refuse(c, machines.ErrInput, fmt.Sprintf("amount %d: must be a multiple of %d cents", *in.Amount, Quarter))
		return
	case *in.Amount > m.s.Money.Credit:
		m.refuse(c, ErrNotHeld, fmt.Sprintf("%v asked back of a credit of %v", *in.Amount, m.s.Money.Credit))
		return
	}
	due, all := m.s.Money.Credit, in.Amount == nil
	if !all {
		due = *in.Amount
	}
	if due == 0 && (!all || m.s.Mech.Is == mechIdle) {
		// The hopper has nothing to do, and learns nothing of itself.
		m.s.Message = ""
		m.succeed(c.Ticket, "returned", int64(0), "credit", int64(m.s.Money.Credit))
		return
	}
	h.Ticket, h.All, h.Due, h.Paid = c.Ticket, all, 0, 0
	if !all {
		h.Due = due
	}
	m.p.dispense.fire(&h.Is, "start")
	m.run()
}

// rest is what the payout under way still has to pay.
func (m *moment) rest() Cents {
	if m.s.Hopper.All {
		return m.s.Money.Credit
	}
	return m.s.Hopper.Due
}

// run and stand set the deadlines of a hopper that has begun to run or to stand.
func (m *moment) run() {
	h := &m.s.Hopper
	h.Silent, h.Burst, h.RunsOut = m.in(maxSilence), m.in(maxBurst), 0
}

func (m *moment) stand() {
	h := &m.s.Hopper
	h.Silent, h.Burst, h.RunsOut = 0, 0, m.in(runOut)
}

// exit is the exit sensor: one pulse a coin.
func (m *moment) exit(high bool) {
	h, money := &m.s.Hopper, &m.s.Money
	if high == h.High {
		return
	}
	h.High = high
	if !high {
		return
	}
	if h.Is != hopperPaying && h.RunsOut == 0 {
		m.note("a pulse of the exit sensor while the hopper stands: no coin")
		return
	}
	h.Coins = max(h.Coins-1, 0)
	switch {
	case h.atWork() && m.rest() > 0:
		if !h.All {
			h.Due -= Quarter
		}
		h.Paid += Quarter
		money.Credit -= Quarter
		money.Returned += Quarter
		if h.Is == hopperPaying {
			h.Silent = m.in(maxSilence)
		}
	case money.Owed > 0:
		money.Owed -= Quarter
		money.Returned += Quarter
		m.note("a coin came loose: owed %v", money.Owed)
	default:
		money.Overpaid += Quarter
		m.note("a coin too many: overpaid %v", money.Overpaid)
	}
}

func (m *moment) hopperSilent() {
	h, money := &m.s.Hopper, &m.s.Money
	if !m.p.dispense.fire(&h.Is, "overdue") {
		return
	}
	rest := m.rest()
	money.Credit -= rest
	money.Owed += rest
	h.Due, h.All = 0, false
	m.stand()
	m.refunded()
	m.note("%v returned, then no coin came: owed %v", h.Paid, money.Owed)
}

func (m *moment) hopperPause() {
	h := &m.s.Hopper
	switch {
	case m.p.dispense.fire(&h.Is, "pause"):
		m.stand()
		h.Burst = m.in(pause)
	case h.Burst != 0 && m.p.dispense.fire(&h.Is, "resume"):
		m.run()
	}
}

// settleHopper ends a payout that has nothing left to pay. While a coin comes in, a payout of everything stands and waits
// for what it is worth.
func (m *moment) settleHopper() {
	h := &m.s.Hopper
	if !h.atWork() {
		return
	}
	counting := h.All && m.s.Mech.Is == mechCounting
	switch due := m.rest(); {
	case due == 0 && counting:
		if m.p.dispense.fire(&h.Is, "pause") {
			m.stand()
		}
	case due == 0:
		if h.Is == hopperPaying {
			m.stand()
		}
		m.p.dispense.fire(&h.Is, "finish")
		h.Burst, h.All = 0, false
		m.refunded()
		m.note("%v returned, credit %v", h.Paid, m.s.Money.Credit)
	case h.Burst == 0 && !counting && m.p.dispense.fire(&h.Is, "resume"):
		m.run()
	}
}

// refunded ends a sale that got its last cent back in parts.
func (m *moment) refunded() {
	if m.s.Money.Credit == 0 {
		m.p.sale.fire(&m.s.Sale.Is, "refund")
	}
}

func (m *moment) answerPayOut() {
	h := &m.s.Hopper
	switch {
	case h.Ticket == 0 || h.atWork():
		return
	case h.Is != hopperStuck:
		m.s.Message = ""
		m.succeed(h.Ticket, "returned", int64(h.Paid), "credit", int64(m.s.Money.Credit))
	default:
		name := ErrPayOutJam
		if h.Coins == 0 {
			name = ErrHopperEmpty
		}
		m.fail(h.Ticket, name, fmt.Sprintf("%v returned, %v owed", h.Paid, m.s.Money.Owed))
	}
	h.Ticket = 0
}
