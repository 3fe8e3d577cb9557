package vending

import (
	"fmt"

	"signalbox/machines"
)

// An operator's decisions. They are stored in settle entries.
const (
	decidedDelivered = "delivered" // the snack fell: the price is kept
	decidedRefund    = "refund"    // the snack did not fall: the price is owed
	decidedPaid      = "paid"      // the coin was paid
	decidedOwed      = "owed"      // the coin was not paid: it is owed
	decidedHanded    = "handed"    // the operator has paid the debt by hand
)

const (
	questionUnasked = "unasked"
	questionAsked   = "asked"
)

// A Question is the wait of a settlement or an await-service Task, for the end of start-up or for an operator.
type Question struct {
	Is     string // unasked, asked
	Ticket int64
	Served bool // an operator has been at work since
}

func questionPart() *machines.Part[string] {
	return machines.NewPart(questionUnasked,
		machines.On("ask", questionAsked, questionUnasked),
		machines.On("answer", questionUnasked, questionAsked))
}

// awaitAnswer keeps the ticket of a settlement or an await-service. The input must be {}.
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

// answerSettlement answers the activity settlement with what is due after a power cut, as soon as start-up has ended and nothing
// moves:
//
//	{"due":"refund","credit":125,"owed":0}
//
// Due is change (of a sale whose snack has fallen), refund (of the credit), debt (some of it can be paid now), service (only an
// operator can help) or nothing.
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

// payable reports whether the tubes can pay some of the debt.
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

// answerService answers the activity await-service when an operator has done something and the door is closed.
func (m *applier) answerService() {
	q := &m.s.Service
	if !q.Served || m.s.DoorOpen || !m.p.question.Fire(&q.Is, "answer") {
		return
	}
	m.succeed(q.Ticket, "owed", int64(m.s.Money.Owed))
	*q = Question{Is: q.Is}
}

// operatorActed records that an operator has been at work, for the Tasks that wait for it.
func (m *applier) operatorActed() {
	m.s.Service.Served = true
	m.s.Customer.Service = m.s.Money.Owed > 0 && m.payable()
}

// doorEdge applies an edge of the service door. Closing it counts as an operator's work.
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

// A serviceInput is the input of an operator's command.
type serviceInput struct {
	Tube     *Cents `json:"tube"`
	Column   *int   `json:"column"`
	Box      bool   `json:"box"`
	Debt     bool   `json:"debt"`
	Coins    *int   `json:"coins"`
	Snacks   *int   `json:"snacks"`
	Decision string `json:"decision"`
}

// operate carries out an operator's command. Inputs of refill are {"tube":25,"coins":40} and {"column":1,"snacks":5}; of collect
// {"tube":25,"coins":10} (without coins: all) and {"box":true}; of settle {"column":1,"decision":"delivered"},
// {"tube":25,"decision":"owed"} and {"debt":true,"decision":"handed"}. It is refused while a motor runs and during start-up.
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

// refill records coins that an operator has put into a tube, or snacks into a column, and puts it back into service.
func (m *applier) refill(c machines.Command, in serviceInput, tube int) {
	switch {
	case tube >= 0 && in.Coins != nil && *in.Coins >= 0 && *in.Coins <= maxTubeCoins-m.s.Tubes[tube].Coins: // a sum could overflow
		m.record(entryRefill, "tube", *in.Tube, "coins", *in.Coins)
		m.p.tube.Fire(&m.s.TubeLines[tube].Is, "serve")
		m.operated(c, "tube", int64(*in.Tube), "coins", int64(m.s.Tubes[tube].Coins))
	case in.Column != nil && in.Snacks != nil && *in.Snacks >= 0 && *in.Snacks <= maxStock-m.s.Columns[*in.Column-1].Stock:
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

// collect records coins that an operator has taken out of a tube or the box.
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

// settle records an operator's decision about a column or a tube in doubt, or that the debt was paid by hand.
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

// operated answers an operator's command that was carried out.
func (m *applier) operated(c machines.Command, pairs ...any) {
	m.note("operator: %s", c.Name)
	m.operatorActed()
	m.succeed(c.Ticket, pairs...)
}
