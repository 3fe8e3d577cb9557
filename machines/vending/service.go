package vending

import (
	"fmt"

	"signalbox/machines"
)

// What an operator decides about something in doubt.
const (
	decidedDelivered = "delivered" // the snack fell: the price is kept
	decidedRefund    = "refund"    // it did not: the price is owed
	decidedPaid      = "paid"      // the coin went out
	decidedOwed      = "owed"      // it did not
	decidedHanded    = "handed"    // the operator has given back by hand what is owed
)

const (
	questionUnasked = "unasked"
	questionAsked   = "asked"
)

// A Question is a Task that waits for the machine to be calm after power-up, or for an operator.
type Question struct {
	Is     string // unasked, asked
	Ticket int64
	Served bool // an operator has been at work
}

func questionPart() *machines.Part[string] {
	return machines.NewPart(questionUnasked,
		machines.On("ask", questionAsked, questionUnasked),
		machines.On("answer", questionUnasked, questionAsked))
}

func (m *applier) awaitAnswer(c machines.Command, q *Question) {
	if err := machines.Decode(c.Input, &struct{}{}); err != nil {
		m.refuse(c, machines.ErrInput, err.Error())
		return
	}
	if !m.p.question.Fire(&q.Is, "ask") {
		m.refuse(c, ErrAsked, "another Task waits for the answer")
		return
	}
	q.Ticket = c.Ticket
}

// answerSettlement tells what is due, as soon as the machine is calm: after power-up a coin, a snack or pulses may still come
// that were on their way.
//
//	{"due":"refund","credit":125,"owed":0}
//
// Due is change (of a sale that is delivered), refund (of everything that is held), debt (that can be paid now), service (an
// operator is needed before anything can go on) or nothing.
func (m *applier) answerSettlement() {
	q := &m.s.Settlement
	if m.s.StartUpEnds != 0 || m.s.moving() || !m.p.question.Fire(&q.Is, "answer") {
		return
	}
	money, due := m.s.Money, "nothing"
	switch {
	case money.Credit > 0 && m.s.Sale.Is == saleSold:
		due = "change"
	case money.Credit > 0:
		due = "refund"
	case money.Owed > 0 && m.payable() && !m.s.DoorOpen:
		due = "debt"
	case money.Owed > 0 || m.s.DoorOpen || !m.p.pays(&m.s):
		due = "service"
	}
	m.succeed(q.Ticket, "due", due, "credit", int64(money.Credit), "owed", int64(money.Owed))
	q.Ticket = 0
}

// payable reports whether something of the debt can be paid.
func (m *applier) payable() bool {
	return newChangeTable(m.p.working(&m.s), m.s.Money.Owed).largest(m.s.Money.Owed) > 0
}

// pays reports whether any tube works.
func (p *Plant) pays(s *State) bool {
	for i := range p.setup.Tubes {
		if !s.Tubes[i].Stuck {
			return true
		}
	}
	return false
}

// answerService ends the wait for an operator: something was done, and the door is closed.
func (m *applier) answerService() {
	q := &m.s.Service
	if !q.Served || m.s.DoorOpen || !m.p.question.Fire(&q.Is, "answer") {
		return
	}
	m.succeed(q.Ticket, "owed", int64(m.s.Money.Owed))
	*q = Question{Is: q.Is}
}

// operatorActed notes that an operator has changed something.
func (m *applier) operatorActed() {
	m.s.Service.Served = true
	m.s.Customer.Service = m.s.Money.Owed > 0 && m.payable()
}

func (m *applier) doorEdge(open bool) {
	if open == m.s.DoorOpen {
		return
	}
	m.s.DoorOpen = open
	if open {
		m.note("the service door is open: nothing begins")
	} else {
		m.note("the service door is closed")
		m.operatorActed()
	}
}

// A serviceInput is what an operator asks for.
type serviceInput struct {
	Tube     *Cents `json:"tube"`
	Column   *int   `json:"column"`
	Box      bool   `json:"box"`
	Debt     bool   `json:"debt"`
	Coins    *int   `json:"coins"`
	Snacks   *int   `json:"snacks"`
	Decision string `json:"decision"`
}

// operate takes an operator's {"tube":25,"coins":40}, {"column":1,"snacks":5} for refill, {"tube":25,"coins":10} (without
// coins: all) or {"box":true} for collect, and {"column":1,"decision":"delivered"}, {"tube":25,"decision":"owed"} or
// {"debt":true,"decision":"handed"} for settle. It is refused while something moves.
func (m *applier) operate(c machines.Command) {
	var in serviceInput
	if err := machines.Decode(c.Input, &in); err != nil {
		m.refuse(c, machines.ErrInput, err.Error())
		return
	}
	things := 0
	for _, named := range []bool{in.Tube != nil, in.Column != nil, in.Box, in.Debt} {
		things += boolInt(named)
	}
	tube := -1
	if in.Tube != nil {
		tube = m.p.setup.tube(*in.Tube)
	}
	switch {
	case m.s.moving() || m.s.StartUpEnds != 0:
		m.refuse(c, ErrVendBusy, "something moves; try again in a moment")
	case things != 1:
		m.refuse(c, machines.ErrInput, "name one of tube, column, box and debt")
	case in.Tube != nil && tube < 0:
		m.refuse(c, machines.ErrInput, fmt.Sprintf("there is no tube %v", *in.Tube))
	case in.Column != nil && (*in.Column < 1 || *in.Column > len(m.p.setup.Columns)):
		m.refuse(c, machines.ErrInput, fmt.Sprintf("column %d: there are columns 1 to %d", *in.Column, len(m.p.setup.Columns)))
	case c.Name == Refill:
		m.refill(c, in, tube)
	case c.Name == Collect:
		m.collect(c, in, tube)
	default:
		m.settle(c, in, tube)
	}
}

func (m *applier) refill(c machines.Command, in serviceInput, tube int) {
	switch {
	case tube >= 0 && in.Coins != nil && *in.Coins >= 0 && m.s.Tubes[tube].Coins+*in.Coins <= maxTubeCoins:
		m.record(entryRefill, "tube", *in.Tube, "coins", *in.Coins)
		m.p.tube.Fire(&m.s.TubeLines[tube].Is, "serve")
		m.operated(c, "tube", int64(*in.Tube), "coins", int64(m.s.Tubes[tube].Coins))
	case in.Column != nil && in.Snacks != nil && *in.Snacks >= 0 && m.s.Columns[*in.Column-1].Stock+*in.Snacks <= maxStock:
		i := *in.Column - 1
		m.record(entryRefill, "column", i+1, "snacks", *in.Snacks)
		if m.s.Columns[i].OutOfService == "" {
			m.p.spiral.Fire(&m.s.Spirals[i].Is, "settle")
			m.s.Spirals[i].Ran = 0
		}
		m.operated(c, "column", int64(i+1), "snacks", int64(m.s.Columns[i].Stock))
	default:
		m.refuse(c, machines.ErrInput, fmt.Sprintf("refill coins into a tube (up to %d) or snacks into a column (up to %d)",
			maxTubeCoins, maxStock))
	}
}

func (m *applier) collect(c machines.Command, in serviceInput, tube int) {
	switch {
	case in.Box:
		amount := m.s.Cash.Box
		m.record(entryCollect, "box", amount)
		m.operated(c, "collected", int64(amount))
	case tube >= 0:
		coins := m.s.Tubes[tube].Coins
		if in.Coins != nil {
			coins = *in.Coins
		}
		if coins < 0 || coins > m.s.Tubes[tube].Coins {
			m.refuse(c, machines.ErrInput, fmt.Sprintf("%d coins: the tube has %d", coins, m.s.Tubes[tube].Coins))
			return
		}
		m.record(entryCollect, "tube", *in.Tube, "coins", coins)
		m.operated(c, "collected", int64(*in.Tube)*int64(coins), "coins", int64(m.s.Tubes[tube].Coins))
	default:
		m.refuse(c, machines.ErrInput, "collect from a tube or from the box")
	}
}

func (m *applier) settle(c machines.Command, in serviceInput, tube int) {
	decision := in.Decision
	switch {
	case in.Column != nil && (decision == decidedDelivered || decision == decidedRefund):
		i := *in.Column - 1
		book := m.s.Columns[i]
		if book.OutOfService != outDoubt {
			m.refuse(c, ErrNoDoubt, fmt.Sprintf("nothing is in doubt of column %d", i+1))
			return
		}
		m.record(entrySettle, "column", i+1, "sale", book.Sale, "decision", decision)
		m.p.spiral.Fire(&m.s.Spirals[i].Is, "settle")
		m.s.Spirals[i].Ran = 0
		m.operated(c, "sale", int64(book.Sale), "decision", decision, "owed", int64(m.s.Money.Owed))
	case tube >= 0 && (decision == decidedPaid || decision == decidedOwed):
		if m.s.Tubes[tube].CoinsInDoubt == 0 {
			m.refuse(c, ErrNoDoubt, fmt.Sprintf("no coin of tube %v is in doubt", *in.Tube))
			return
		}
		m.record(entrySettle, "tube", *in.Tube, "decision", decision)
		m.operated(c, "tube", int64(*in.Tube), "decision", decision, "owed", int64(m.s.Money.Owed))
	case in.Debt && decision == decidedHanded:
		owed := m.s.Money.Owed
		if owed == 0 {
			m.refuse(c, ErrNoDoubt, "nothing is owed")
			return
		}
		m.record(entrySettle, "owed", owed, "decision", decision)
		m.operated(c, "handed", int64(owed), "owed", int64(0))
	default:
		m.refuse(c, machines.ErrInput, fmt.Sprintf("decide %s or %s of a column, %s or %s of a tube, %s of the debt",
			decidedDelivered, decidedRefund, decidedPaid, decidedOwed, decidedHanded))
	}
}

func (m *applier) operated(c machines.Command, pairs ...any) {
	m.note("operator: %s", c.Name)
	m.operatorActed()
	m.succeed(c.Ticket, pairs...)
}
