package vending

import (
	"fmt"
	"time"

	"signalbox/machines"
)

const (
	// maxSilence is how long a tube may take for a coin; coins normally come every 250 ms. It is short because a tube whose exit
	// sensor is blind pays coins during all of it: three coins that are not counted. The tube is out of service then, until an
	// operator refills it; another tube pays the rest, or it is owed.
	maxSilence = 900 * time.Millisecond
	// The board limits a tube's motor to 10 s at a stretch (max-on); a long payout has shorter bursts.
	maxBurst = 8 * time.Second
	pause    = time.Second
	// runOut is how long after the motor has stopped a coin may still come.
	runOut = 500 * time.Millisecond
)

const (
	tubeResting = "resting"
	tubePaying  = "paying"
	tubeStuck   = "stuck"
)

// TubeLines are the motor and the sensors of a tube. Its coins are in its [TubeBook].
type TubeLines struct {
	Is               string // resting, paying, stuck (no coin came: an operator must see to it)
	InHigh, ExitHigh bool   // the levels of the sensors
	RunOutEnds       machines.Instant
}

func tubePart() *machines.Part[string] {
	return machines.NewPart(tubeResting,
		machines.On("start", tubePaying, tubeResting),
		machines.On("stop", tubeResting, tubePaying),
		machines.On("overdue", tubeStuck, tubePaying),
		machines.On("serve", tubeResting, tubeStuck))
}

const (
	payoutResting = "resting"
	payoutPaying  = "paying"
	payoutPausing = "pausing"
)

// A Payout pays out coins one by one. Each is recorded before it is paid and when the exit sensor has seen it, so that a power
// cut leaves at most one in doubt. The fewest coins for the rest are searched again after each coin.
type Payout struct {
	Is     string // resting, paying, pausing (between two bursts)
	Number int    // from 1
	Sale   int    // the sale whose change it is; 0: none
	Debt   bool   // it pays the debt, not the credit
	All    bool   // it ends when no credit is left, that of coins that come in meanwhile included
	Due    Cents  // the rest of its amount, if not All
	Paid   Cents
	Tube   Cents // the tube whose coin is under way; 0: none
	Done   bool  // the payout has paid everything
}

func payoutPart() *machines.Part[string] {
	return machines.NewPart(payoutResting,
		machines.On("start", payoutPaying, payoutResting),
		machines.On("pause", payoutPausing, payoutPaying),
		machines.On("resume", payoutPaying, payoutPausing),
		machines.On("finish", payoutResting, payoutPaying, payoutPausing))
}

func (p Payout) atWork() bool { return p.Is == payoutPaying || p.Is == payoutPausing }

// payOut is the activity pay-out: {} pays the whole credit back, {"amount":25} a part of it, {"amount":25,"sale":7} the change of
// a sale, {"debt":true} the debt. It is answered when the exit sensors have seen every coin:
//
//	{"returned":25,"credit":0}
//
// The change of a sale is paid once: a repeated command is answered without moving. If the tubes cannot pay, the rest becomes
// debt and the Task fails.
func (m *applier) payOut(c machines.Command) {
	var in struct {
		Amount *Cents `json:"amount"`
		Sale   int    `json:"sale"`
		Debt   bool   `json:"debt"`
	}
	if err := machines.Decode(c.Input, &in); err != nil {
		m.refuse(c, machines.ErrInput, err.Error())
		return
	}
	p := &m.s.Payout
	same := in.Sale != 0 && in.Sale == p.Sale && in.Amount != nil
	all := in.Amount == nil && !in.Debt
	switch {
	case m.s.turning() || m.s.VendTicket != 0 || m.s.StartUpEnds != 0:
		m.refuse(c, ErrVendBusy, "a snack may be falling: its price is not decided yet")
		return
	case same && p.atWork() && m.s.PayTicket == 0:
		m.s.PayTicket = c.Ticket // the payout was begun by a Task that was cancelled since
		return
	case p.atWork() || m.s.PayTicket != 0:
		m.refuse(c, ErrPayOutBusy, "coins are being paid")
		return
	case same && p.Done:
		m.succeed(c.Ticket, "returned", int64(p.Paid), "credit", int64(m.s.Money.Credit))
		return
	case in.Debt && in.Amount != nil:
		m.refuse(c, machines.ErrInput, "amount and debt: the debt is paid as a whole")
		return
	case in.Amount != nil && (*in.Amount < 0 || *in.Amount%m.p.step != 0):
		m.refuse(c, machines.ErrInput, fmt.Sprintf("amount %d: must be a multiple of %d cents", *in.Amount, m.p.step))
		return
	case in.Amount != nil && *in.Amount > m.s.Money.Credit:
		m.refuse(c, ErrNotHeld, fmt.Sprintf("%v asked back of a credit of %v", *in.Amount, m.s.Money.Credit))
		return
	}
	due := m.s.Money.Credit
	switch {
	case in.Debt:
		due = m.s.Money.Owed
	case !all:
		due = *in.Amount
	}
	if all {
		m.p.sale.Fire(&m.s.Sale.Is, "refund")
	}
	if due == 0 && (!all || m.s.Mech.Is == mechIdle) {
		// No coin is due.
		m.s.Message = ""
		m.succeed(c.Ticket, "returned", int64(0), "credit", int64(m.s.Money.Credit))
		return
	}
	if m.s.DoorOpen {
		m.refuse(c, ErrDoor, "the service door is open")
		return
	}
	m.p.payout.Fire(&p.Is, "start")
	if all {
		due = 0
	}
	m.record(entryPayout, "payout", m.s.Payouts+1, "due", due, "all", boolInt(all), "debt", boolInt(in.Debt), "sale", in.Sale)
	m.s.PayTicket, m.s.PayoutError, m.s.BurstEnds = c.Ticket, "", m.after(maxBurst)
}

// remaining returns what the payout under way still has to pay.
func (m *applier) remaining() Cents {
	if m.s.Payout.All {
		return m.s.Money.Credit
	}
	return m.s.Payout.Due
}

// stopTubes stops the tube that is paying, if there is one. A coin may still come.
func (m *applier) stopTubes() {
	for i := range m.s.TubeLines {
		if t := &m.s.TubeLines[i]; m.p.tube.Fire(&t.Is, "stop") {
			t.RunOutEnds = m.after(runOut)
		}
	}
	m.s.CoinOverdue = 0
}

// runTube starts the motor of the tube whose coin is under way, and stops any other.
func (m *applier) runTube() {
	i := m.p.setup.tube(m.s.Payout.Tube)
	if m.s.TubeLines[i].Is != tubePaying {
		m.stopTubes()
		m.p.tube.Fire(&m.s.TubeLines[i].Is, "start")
	}
	m.s.CoinOverdue, m.s.TubeLines[i].RunOutEnds = m.after(maxSilence), 0
}

// exitEdge applies an edge of a tube's exit sensor: a rising edge is one coin.
func (m *applier) exitEdge(i int, high bool) {
	t := &m.s.TubeLines[i]
	if high == t.ExitHigh {
		return
	}
	t.ExitHigh = high
	if !high {
		return
	}
	value := m.s.Tubes[i].Value
	switch {
	case m.s.StartUpEnds != 0 && m.s.LateTube == i+1 && m.s.Tubes[i].CoinsInDoubt > 0:
		m.s.LateTube = 0
		m.record(entryPaid, "payout", m.s.Payouts, "tube", value, "doubt", 1)
		m.note("%v returned after the power cut", value)
	case t.Is != tubePaying && t.RunOutEnds == 0:
		m.note("a pulse of the exit sensor of tube %v while it stands: no coin", value)
	case m.s.Payout.atWork() && m.s.Payout.Tube == value:
		m.record(entryPaid, "payout", m.s.Payout.Number, "tube", value)
	case m.s.Money.Owed >= value && !m.s.Payout.Debt:
		m.record(entryLoose, "tube", value)
		m.note("a coin came loose: owed %v", m.s.Money.Owed)
	default:
		m.record(entryLost, "tube", value)
		m.note("a coin too many: %v lost", value)
	}
}

// tubeSilent puts the tube that is paying out of service, as no coin has come from it.
func (m *applier) tubeSilent() {
	p := &m.s.Payout
	i := m.p.setup.tube(p.Tube)
	if i < 0 || !m.p.tube.Fire(&m.s.TubeLines[i].Is, "overdue") {
		return
	}
	m.s.CoinOverdue, m.s.TubeLines[i].RunOutEnds = 0, m.after(runOut)
	m.note("no coin came from tube %v: out of work", p.Tube)
	m.record(entryUnpaid, "payout", p.Number, "tube", p.Tube)
}

// burstOver pauses the payout, or ends the pause.
func (m *applier) burstOver() {
	p := &m.s.Payout
	switch {
	case m.p.payout.Fire(&p.Is, "pause"):
		m.stopTubes()
		m.s.BurstEnds = m.after(pause)
	case m.p.payout.Fire(&p.Is, "resume"):
		m.s.BurstEnds = m.after(maxBurst)
		if p.Tube != 0 {
			m.runTube()
		}
	}
}

// continuePayout begins the next coin of the payout, or ends it. While a coin comes in, a payout of the whole credit waits for
// its value.
func (m *applier) continuePayout() {
	p := &m.s.Payout
	if !p.atWork() || p.Tube != 0 {
		return
	}
	rest := m.remaining()
	switch {
	case rest == 0 && p.All && m.s.Mech.Is == mechCounting:
		m.stopTubes()
		return
	case rest == 0:
		m.stopTubes()
		m.p.payout.Fire(&p.Is, "finish")
		m.record(entryPaidOut, "payout", p.Number)
		m.s.BurstEnds = 0
		m.note("%v returned, credit %v", p.Paid, m.s.Money.Credit)
		return
	}
	c := newChangeTable(m.p.working(&m.s), rest)
	counts, _ := c.coinsFor(c.largest(rest))
	for i, n := range counts {
		if n == 0 {
			continue
		}
		m.record(entryPay, "payout", p.Number, "tube", m.s.Tubes[i].Value)
		if p.Is == payoutPaying {
			m.runTube()
		}
		return
	}
	m.stopTubes()
	m.p.payout.Fire(&p.Is, "finish")
	m.s.PayoutError = ErrHopperEmpty
	for i := range m.p.setup.Tubes {
		if m.s.Tubes[i].Stuck {
			m.s.PayoutError = ErrPayOutJam
		}
	}
	m.record(entryDebt, "payout", p.Number, "amount", rest)
	m.s.BurstEnds = 0
	m.note("%v returned, and the tubes cannot pay the rest: owed %v", p.Paid, m.s.Money.Owed)
}

// answerPayOut answers the pay-out that waits, once the payout has ended.
func (m *applier) answerPayOut() {
	p := &m.s.Payout
	switch {
	case m.s.PayTicket == 0 || p.atWork():
		return
	case m.s.PayoutError == "":
		m.s.Message = ""
		m.succeed(m.s.PayTicket, "returned", int64(p.Paid), "credit", int64(m.s.Money.Credit))
	default:
		m.fail(m.s.PayTicket, m.s.PayoutError, fmt.Sprintf("%v returned, %v owed", p.Paid, m.s.Money.Owed))
	}
	m.s.PayTicket = 0
}

func boolInt(is bool) int {
	if is {
		return 1
	}
	return 0
}
