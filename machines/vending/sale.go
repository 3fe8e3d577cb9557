package vending

import (
	"fmt"

	"signalbox/machines"
)

const (
	saleIdle    = "idle"
	saleAsked   = "asked"
	saleVending = "vending"
	saleSold    = "sold"
	saleJammed  = "jammed"
	saleFailed  = "failed"
)

// A Sale is one selection and what became of it. Its number is the key of its vend: asked for again, a vend that is known
// to have delivered answers without moving, and one that may have delivered unseen is not tried again before the credit
// has been paid back. So one payment turns a spiral at most once.
type Sale struct {
	Is     string // idle, asked, vending, sold, jammed, failed
	Number int    // from 1
	Column int    // from 1
	Change Cents  // what the credit was above the price when the vend began; coins of later are the next customer's
	Ticket int64
}

func salePart() *part {
	return newPart(saleIdle,
		transition("select", saleAsked, saleIdle, saleAsked, saleSold),
		transition("vend", saleVending, saleAsked, saleJammed),
		// A snack can also fall late: after the machine has given it up, before the money is back.
		transition("drop", saleSold, saleVending, saleJammed, saleFailed),
		transition("jam", saleJammed, saleVending),
		transition("miss", saleFailed, saleVending, saleJammed),
		transition("refund", saleIdle, saleAsked, saleJammed, saleFailed))
}

// open begins a sale. While the last one is not settled it does nothing: the selection belongs to that.
func (m *moment) open(column int) {
	if m.s.turning() || m.s.Sale.Ticket != 0 {
		return
	}
	if m.p.sale.fire(&m.s.Sale.Is, "select") {
		m.s.Sale = Sale{Is: m.s.Sale.Is, Number: m.s.Sale.Number + 1, Column: column}
	}
}

// vend takes {"column":1,"sale":7}. Without a sale it opens one, which cannot be asked for again. It answers when the
// snack has been seen to fall and the spiral is at home again, with the change that is now due:
//
//	{"sale":7,"column":1,"price":300,"change":25,"credit":25}
func (m *moment) vend(c machines.Command) {
	var in struct {
		Column int `json:"column"`
		Sale   int `json:"sale"`
	}
	if err := machines.Decode(c.Input, &in); err != nil {
		m.refuse(c, machines.ErrInput, err.Error())
		return
	}
	if in.Column < 1 || in.Column > Columns {
		m.refuse(c, machines.ErrInput, fmt.Sprintf("column %d: there are columns 1 to %d", in.Column, Columns))
		return
	}
	sale := &m.s.Sale
	switch {
	case in.Sale == 0:
	case in.Sale != sale.Number || in.Column != sale.Column && sale.Is != saleJammed && sale.Is != saleFailed:
		m.refuse(c, ErrNoSale, fmt.Sprintf("sale %d of column %d is over, or never was", in.Sale, in.Column))
		return
	case sale.Ticket == 0 && (sale.Is == saleSold || sale.Is == saleVending):
		// Delivered already, or begun by a Task that was cancelled since: the answer comes when the spiral is at home.
		sale.Ticket = c.Ticket
		return
	}
	if name, cause := m.judge(in.Column, in.Sale); name != "" {
		m.refuse(c, name, cause)
		return
	}
	if in.Sale == 0 {
		m.open(in.Column)
	}
	sale.Change = m.change(sale.Is == saleJammed)
	m.p.sale.fire(&sale.Is, "vend")
	sale.Ticket = c.Ticket
	m.s.Message = ""
	m.turn(in.Column - 1)
}

// change is what a sale leaves of the credit. One that is tried again leaves what it did at first.
func (m *moment) change(again bool) Cents {
	if again {
		return m.s.Sale.Change
	}
	return m.s.Money.Credit - m.p.setup.Price
}

// judge says why column must not be vended now, or "". A sale of 0 is a new one.
func (m *moment) judge(column, number int) (name, cause string) {
	sale, credit, price, c := m.s.Sale, m.s.Money.Credit, m.p.setup.Price, m.s.Spirals[column-1]
	again := number != 0 && sale.Is == saleJammed && column == sale.Column
	switch {
	case m.s.moving() || sale.Ticket != 0:
		return ErrVendBusy, "the machine is at work on something else"
	case sale.Is == saleFailed:
		return ErrNoDrop, fmt.Sprintf("sale %d: a snack may have fallen unseen; pay the credit back first", sale.Number)
	case sale.Is == saleJammed && !again:
		return ErrJam, fmt.Sprintf("sale %d: column %d is jammed; pay the credit back first", sale.Number, sale.Column)
	case number != 0 && !m.p.sale.may(sale.Is, "vend"):
		return ErrNoSale, fmt.Sprintf("sale %d is over", number)
	case credit < price:
		return ErrNotPaid, fmt.Sprintf("credit %v, price %v", credit, price)
	case m.s.Drop:
		return ErrJam, "something is in the light of the drop sensor, which would not see a snack"
	case c.Stock == 0:
		return ErrSoldOut, fmt.Sprintf("column %d is empty", column)
	case c.outOfService() != "" && !again:
		return ErrSoldOut, fmt.Sprintf("column %d is out of service: %s", column, c.outOfService())
	case c.Ran >= maxRun:
		return ErrJam, fmt.Sprintf("column %d has been tried long enough; pay the credit back", column)
	case !m.s.Hopper.canPay(m.change(again)):
		return ErrChange, fmt.Sprintf("change of %v, and the hopper can pay %v", m.change(again), m.s.Hopper.value())
	}
	return "", ""
}

// drop is the drop sensor. The price is kept at this moment and at no other.
func (m *moment) drop(high bool) {
	sale := &m.s.Sale
	m.s.Drop = high
	switch {
	case !high:
	case m.s.Hopper.atWork() || m.s.Money.Credit < m.p.setup.Price || !m.p.sale.may(sale.Is, "drop"):
		m.note("a snack fell that nobody has paid for")
	default:
		m.p.sale.fire(&sale.Is, "drop")
		m.s.Money.Credit -= m.p.setup.Price
		m.s.Money.Kept += m.p.setup.Price
		c := &m.s.Spirals[sale.Column-1]
		c.Sold++
		c.Stock = max(c.Stock-1, 0)
		m.note("snack %d fell, %v kept, credit %v", sale.Column, m.p.setup.Price, m.s.Money.Credit)
		if m.p.spiral.fire(&c.Is, "settle") {
			c.Until = 0
		}
	}
}

func (m *moment) answerVend() {
	sale := &m.s.Sale
	if sale.Ticket == 0 || m.s.turning() {
		return
	}
	switch sale.Is {
	case saleSold:
		m.succeed(sale.Ticket,
			"sale", int64(sale.Number),
			"column", int64(sale.Column),
			"price", int64(m.p.setup.Price),
			"change", int64(min(sale.Change, m.s.Money.Credit)),
			"credit", int64(m.s.Money.Credit))
	case saleJammed:
		m.fail(sale.Ticket, ErrJam, fmt.Sprintf("column %d did not come home", sale.Column))
	case saleFailed:
		m.fail(sale.Ticket, ErrNoDrop, fmt.Sprintf("column %d turned and nothing was seen to fall", sale.Column))
	}
	sale.Ticket = 0
}
