package vending

import "signalbox/machines"

const (
	customerIdle    = "idle"
	customerAwaited = "awaited"
	customerActed   = "acted"
)

// A Customer is the customer's next action, for the Task that awaits it. Buttons count only while a Task awaits them and nothing
// moves. Coins always count: the next await-customer is answered at once.
type Customer struct {
	Is      string // idle, awaited, acted (the answer waits until a coin is complete)
	Ticket  int64
	Did     string // coin, selection, coin-return, service
	Column  int    // of a selection, from 1
	Coin    bool   // a coin has come that was not reported to a Task
	Service bool   // an operator has been at work, and some of the debt can be paid now
}

func customerPart() *machines.Part[string] {
	return machines.NewPart(customerIdle,
		machines.On("await", customerAwaited, customerIdle),
		machines.On("act", customerActed, customerAwaited),
		machines.On("answer", customerIdle, customerActed),
		machines.On("cancel", customerIdle, customerAwaited, customerActed))
}

// awaitCustomer is the activity await-customer. Its input is {}. It is answered with the customer's next action:
//
//	{"event":"selection","credit":325,"dollars":"3.25","price":300,"column":1,"sale":7}
//
// The event is coin, selection, coin-return, or service: an operator has been at work, and some of the debt can be paid. Amounts
// are cents. The price is that of the column, else the lowest. Only a selection has a column and a sale, which makes its vend
// and the payout of its change idempotent.
func (m *applier) awaitCustomer(c machines.Command) {
	if err := machines.Decode(c.Input, &struct{}{}); err != nil {
		m.refuse(c, machines.ErrInput, err.Error())
		return
	}
	if !m.p.customer.Fire(&m.s.Customer.Is, "await") {
		m.refuse(c, ErrCustomerTaken, "another Task awaits the customer")
		return
	}
	m.s.Customer.Ticket = c.Ticket
	m.s.Serving = true
}

// buttonEdge applies an edge of a button. Did and column are the customer's action.
func (m *applier) buttonEdge(line string, high bool, did string, column int) {
	switch {
	case !high:
		return
	case m.s.moving():
		m.note("%s ignored: the machine is busy", line)
		return
	}
	c := &m.s.Customer
	if !m.p.customer.Fire(&c.Is, "act") {
		m.note("%s ignored: no Task waits for it", line)
		return
	}
	c.Did, c.Column = did, column
}

// answerCustomer answers the await-customer that waits, if the customer has acted.
func (m *applier) answerCustomer() {
	c := &m.s.Customer
	switch {
	case m.s.StartUpEnds != 0:
		return
	case c.Coin && m.p.customer.Fire(&c.Is, "act"):
		c.Did = "coin"
	case c.Service && m.s.Money.Credit == 0 && m.p.customer.Fire(&c.Is, "act"):
		c.Did, c.Service = "service", false
	}
	if !m.p.customer.Fire(&c.Is, "answer") {
		return
	}
	m.s.Message = ""
	price := m.p.lowest
	if c.Did == "selection" {
		price = m.p.setup.Columns[c.Column-1].Price
	}
	output := []any{
		"event", c.Did,
		"credit", int64(m.s.Money.Credit),
		"dollars", m.s.Money.Credit.String(),
		"price", int64(price),
	}
	if c.Did == "selection" {
		m.openSale(c.Column)
		output = append(output, "column", int64(c.Column), "sale", int64(m.s.Sale.Number))
	}
	m.succeed(c.Ticket, output...)
	*c = Customer{Is: c.Is, Service: c.Service}
}
