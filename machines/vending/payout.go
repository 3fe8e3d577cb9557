package vending

import (
	"fmt"
	"time"

	"signalbox/machines"
)

const (
	// A coin comes every 250 ms; after maxSilence, less than four times that, none will. Short, because a tube whose exit
	// sensor is blind pays all that time: three coins leave it that no line tells of, and what is due is paid by another tube
	// or owed. It is out of work then, until an operator has looked after it.
	maxSilence = 900 * time.Millisecond
	// The board lets a tube's motor run for 10 s at a stretch; a long payout goes in bursts below that.
	maxBurst = 8 * time.Second
	pause    = time.Second
	// runOut is how long after the motor a coin may still come: it was on its way.
	runOut = 500 * time.Millisecond
)

const (
	tubeResting = "resting"
	tubePaying  = "paying"
	tubeStuck   = "stuck"
)

// A TubeLines is what is known of a tube beside its book: whether its motor runs, and the levels of its sensors.
type TubeLines struct {
	Is               string // resting, paying, stuck: no coin came, an operator must look after it
	InHigh, ExitHigh bool   // the sensors
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

// A Payout gives coins back one by one: each is written down before it is paid and when the exit sensor has seen it, so that
// a power cut leaves at most one in doubt. After each coin the fewest for the rest are searched again.
type Payout struct {
	Is     string // resting, paying, pausing: between two bursts, or a coin is coming in
	Number int    // from 1
	Sale   int    // whose change it is; 0: nobody asks for it again
	Debt   bool   // it pays what is owed, not the credit
	All    bool   // it ends when there is no credit left, also not of coins that come in meanwhile
	Due    Cents  // else: what is left of its amount
	Paid   Cents
	Tube   Cents // the tube whose coin is under way; 0: none
	Done   bool  // the last payout has paid everything
}

func payoutPart() *machines.Part[string] {
	return machines.NewPart(payoutResting,
		machines.On("start", payoutPaying, payoutResting),
		machines.On("pause", payoutPausing, payoutPaying),
		machines.On("resume", payoutPaying, payoutPausing),
		machines.On("finish", payoutResting, payoutPaying, payoutPausing))
}

func (p Payout) atWork() bool { return p.Is == payoutPaying || p.Is == payoutPausing }

// payOut takes {}, {"amount":25}, {"amount":25,"sale":7} or {"debt":true}: it gives the whole credit back, or so much of it,
// or pays what is owed, and answers when the exit sensors have seen every coin:
//
//	{"returned":25,"credit":0}
//
// The change of a sale is paid once: asked for again it is answered without moving. If the tubes cannot pay, the rest becomes
// recorded debt and the Task fails.
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
		m.s.PayTicket = c.Ticket // begun by a Task that was cancelled since
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
		// The tubes have nothing to do.
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

// remaining is what the payout under way still has to pay.
func (m *applier) remaining() Cents {
	if m.s.Payout.All {
		return m.s.Money.Credit
	}
	return m.s.Payout.Due
}

// stopTubes stops the motor that runs, if one does. A coin may still come.
func (m *applier) stopTubes() {
	for i := range m.s.TubeLines {
		if t := &m.s.TubeLines[i]; m.p.tube.Fire(&t.Is, "stop") {
			t.RunOutEnds = m.after(runOut)
		}
	}
	m.s.CoinOverdue = 0
}

// runTube has the motor of the tube run whose coin is under way, and no other.
func (m *applier) runTube() {
	i := m.p.setup.tube(m.s.Payout.Tube)
	if m.s.TubeLines[i].Is != tubePaying {
		m.stopTubes()
		m.p.tube.Fire(&m.s.TubeLines[i].Is, "start")
	}
	m.s.CoinOverdue, m.s.TubeLines[i].RunOutEnds = m.after(maxSilence), 0
}

// exitEdge is a tube's exit sensor: one pulse a coin.
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

// tubeSilent is the tube from which no coin came: it is out of work.
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

// continuePayout has the next coin paid, or ends a payout that has nothing left to pay. While a coin comes in, a payout of
// everything stands and waits for what it is worth.
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
