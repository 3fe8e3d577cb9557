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

// A Sale is one selection and its result. Its number makes the vend idempotent: a repeated vend whose snack has been seen is
// answered without moving, and one whose snack may have fallen unseen is refused until the credit has been paid back. So one
// payment turns a spiral at most once, also across power cuts.
type Sale struct {
	Is     string // idle, asked, vending, sold, jammed, failed
	Number int    // from 1
	Column int    // from 1
	Price  Cents  // at the beginning of the vend
	Change Cents  // the credit above the price at the beginning of the vend; later coins are the next customer's
}

// salePart returns the machine of a sale.
func salePart() *machines.Part[string] {
	return machines.NewPart(saleIdle,
		machines.On("select", saleAsked, saleIdle, saleAsked, saleSold),
		machines.On("vend", saleVending, saleAsked, saleJammed),
		// A snack may also fall late: after the deadline, before the money has been paid back.
		machines.On("drop", saleSold, saleVending, saleJammed, saleFailed),
		machines.On("jam", saleJammed, saleVending),
		machines.On("miss", saleFailed, saleVending, saleJammed),
		machines.On("refund", saleIdle, saleAsked, saleJammed, saleFailed))
}

// openSale begins a sale, unless the last one is still open: then the selection belongs to that.
func (m *applier) openSale(column int) {
	if m.s.turning() || m.s.VendTicket != 0 {
		return
	}
	if m.p.sale.Fire(&m.s.Sale.Is, "select") {
		m.s.Sale = Sale{Is: m.s.Sale.Is, Number: max(m.s.Sale.Number, m.s.Sales) + 1, Column: column}
	}
}

// vend is the activity vend: {"column":1,"sale":7}. Without a sale it opens one, and cannot be repeated. It is answered when the
// snack has been seen to fall and the spiral is at home again, with the change that is due:
//
//	{"sale":7,"column":1,"price":300,"change":25,"credit":25}
func (m *applier) vend(c machines.Command) {
	var in struct {
		Column int `json:"column"`
		Sale   int `json:"sale"`
	}
	if err := machines.Decode(c.Input, &in); err != nil {
		m.refuse(c, machines.ErrInput, err.Error())
		return
	}
	if columns := len(m.p.setup.Columns); in.Column < 1 || in.Column > columns {
		m.refuse(c, machines.ErrInput, fmt.Sprintf("column %d: there are columns 1 to %d", in.Column, columns))
		return
	}
	sale := &m.s.Sale
	switch {
	case in.Sale == 0:
	case in.Sale != sale.Number || in.Column != sale.Column && sale.Is != saleJammed && sale.Is != saleFailed:
		m.refuse(c, ErrNoSale, fmt.Sprintf("sale %d of column %d is over, or never was", in.Sale, in.Column))
		return
	case m.s.VendTicket == 0 && (sale.Is == saleSold || sale.Is == saleVending):
		// Sold already, or begun by a Task that was cancelled since: the answer comes when the spiral is at home.
		m.s.VendTicket = c.Ticket
		return
	}
	if name, cause := m.judgeVend(in.Column, in.Sale); name != "" {
		m.refuse(c, name, cause)
		return
	}
	if in.Sale == 0 {
		m.openSale(in.Column)
	}
	price, change := m.priceOf(in.Column, sale.Is == saleJammed)
	m.p.sale.Fire(&sale.Is, "vend")
	m.record(entryVend, "sale", sale.Number, "column", in.Column, "price", price, "change", change)
	m.s.VendTicket = c.Ticket
	m.s.Message = ""
	m.startTurn(in.Column - 1)
}

// priceOf returns the price of a vend of a column, and the change. Again is true for a retry of a jammed sale, which keeps both.
func (m *applier) priceOf(column int, again bool) (price, change Cents) {
	if again {
		return m.s.Sale.Price, m.s.Sale.Change
	}
	price = m.p.setup.Columns[column-1].Price
	return price, m.s.Money.Credit - price
}

// judgeVend returns the error name and cause of a vend that must be refused, "" if it may begin. A number of 0 is a new sale.
func (m *applier) judgeVend(column, number int) (name, cause string) {
	sale, credit, c := m.s.Sale, m.s.Money.Credit, m.s.Spirals[column-1]
	again := number != 0 && sale.Is == saleJammed && column == sale.Column
	price, change := m.priceOf(column, again)
	out := m.s.whyOutOfService(column - 1)
	switch {
	case m.s.moving() || m.s.VendTicket != 0 || m.s.StartUpEnds != 0:
		return ErrVendBusy, "the machine is at work on something else"
	case m.s.DoorOpen:
		return ErrDoor, "the service door is open"
	case sale.Is == saleFailed:
		return ErrNoDrop, fmt.Sprintf("sale %d: a snack may have fallen unseen; pay the credit back first", sale.Number)
	case sale.Is == saleJammed && !again:
		return ErrJam, fmt.Sprintf("sale %d: column %d is jammed; pay the credit back first", sale.Number, sale.Column)
	case number != 0 && !m.p.sale.Can(sale.Is, "vend"):
		return ErrNoSale, fmt.Sprintf("sale %d is over", number)
	case credit < price:
		return ErrNotPaid, fmt.Sprintf("credit %v, price %v", credit, price)
	case m.s.DropCovered:
		return ErrJam, "something is in the light of the drop sensor, which would not see a snack"
	case m.s.Columns[column-1].Stock == 0:
		return ErrSoldOut, fmt.Sprintf("column %d is empty", column)
	case out != "" && !again:
		return ErrSoldOut, fmt.Sprintf("column %d is out of service: %s", column, out)
	case c.Ran >= maxRun:
		return ErrJam, fmt.Sprintf("column %d has been tried long enough; pay the credit back", column)
	}
	if _, ok := Change(change, m.p.working(&m.s)); !ok {
		return ErrChange, fmt.Sprintf("change of %v cannot be made of what the tubes hold", change)
	}
	return "", ""
}

// dropEdge applies an edge of the drop sensor. The price of a sale is kept here and nowhere else.
func (m *applier) dropEdge(high bool) {
	rises := high && !m.s.DropCovered
	m.s.DropCovered = high
	sale := &m.s.Sale
	switch {
	case !rises:
	case m.s.StartUpEnds != 0:
		m.dropAfterCut()
	case m.s.Payout.atWork() || m.s.Money.Credit < sale.Price || !m.p.sale.Can(sale.Is, "drop"):
		m.unpaidSnack()
	default:
		m.p.sale.Fire(&sale.Is, "drop")
		m.record(entrySold, "sale", sale.Number, "column", sale.Column)
		m.note("snack %d fell, %v kept, credit %v", sale.Column, sale.Price, m.s.Money.Credit)
		c := &m.s.Spirals[sale.Column-1]
		if c.Is != spiralJammed && m.p.spiral.Fire(&c.Is, "settle") {
			c.Until = 0
		}
	}
}

// unpaidSnack records a snack that fell without a sale.
func (m *applier) unpaidSnack() {
	if m.s.Sale.Column > 0 && m.s.Sale.Is != saleAsked {
		m.record(entryGone, "column", m.s.Sale.Column)
	} else {
		m.record(entryGone)
	}
	m.note("a snack fell that was not paid for")
}

// dropAfterCut records a snack that falls right after power-up: sold by the column whose vend was under way, if there is one.
func (m *applier) dropAfterCut() {
	i := m.s.LateColumn - 1
	if i < 0 || m.s.Columns[i].OutOfService != outDoubt {
		m.unpaidSnack()
		return
	}
	m.record(entrySold, "sale", m.s.Columns[i].Sale, "column", i+1)
	m.note("snack %d fell after the power cut: %v kept", i+1, m.s.Columns[i].Price)
}

// answerVend answers the vend that waits, once no spiral turns.
func (m *applier) answerVend() {
	sale := &m.s.Sale
	if m.s.VendTicket == 0 || m.s.turning() {
		return
	}
	switch sale.Is {
	case saleSold:
		m.succeed(m.s.VendTicket,
			"sale", int64(sale.Number),
			"column", int64(sale.Column),
			"price", int64(sale.Price),
			"change", int64(min(sale.Change, m.s.Money.Credit)),
			"credit", int64(m.s.Money.Credit))
	case saleJammed:
		m.fail(m.s.VendTicket, ErrJam, fmt.Sprintf("column %d did not come home", sale.Column))
	case saleFailed:
		m.fail(m.s.VendTicket, ErrNoDrop, fmt.Sprintf("column %d turned and nothing was seen to fall", sale.Column))
	}
	m.s.VendTicket = 0
}
