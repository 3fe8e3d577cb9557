package vending

import (
	"fmt"
	"iter"
	"strings"
	"text/tabwriter"

	"signalbox/asl/value"
	"signalbox/machines"
)

// Report returns the sales, cash and stock of a ledger: as tables, and as a value of package asl/value in cents.
func Report(entries iter.Seq[machines.Entry]) (text string, data any, err error) {
	b, err := ReadBooks(entries)
	if err != nil {
		return "", nil, err
	}
	return b.table(), b.value(), nil
}

// table returns the report as tables.
func (b *Books) table() string {
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	line := func(cells ...any) {
		for i, c := range cells {
			if i > 0 {
				_, _ = fmt.Fprint(w, "\t") // a strings.Builder takes everything
			}
			_, _ = fmt.Fprint(w, c)
		}
		_, _ = fmt.Fprintln(w)
	}
	line("COLUMN", "SNACK", "PRICE", "STOCK", "SOLD", "TAKINGS", "STATE")
	for i, c := range b.Columns {
		if c.Name == "" {
			continue
		}
		state := "sells"
		switch {
		case c.OutOfService == outDoubt:
			state = fmt.Sprintf("sale %d in doubt: settle it", c.Sale)
		case c.OutOfService != "":
			state = "out of service: " + c.OutOfService
		case c.Stock == 0:
			state = "empty"
		}
		line(i+1, c.Name, c.Price, c.Stock, c.Sold, c.Takings, state)
	}
	line()
	line("TUBE", "COINS", "VALUE", "IN", "OUT", "STATE")
	for _, t := range b.Tubes {
		if t.Value == 0 {
			continue
		}
		state := "works"
		if t.Stuck {
			state = "stuck: refill it, 0 coins if it has enough"
		}
		if t.CoinsInDoubt > 0 {
			state = fmt.Sprintf("%s; %d coins in doubt: settle them", state, t.CoinsInDoubt)
		}
		line(t.Value, t.Coins, Cents(t.Coins)*t.Value, t.In, t.Out, state)
	}
	line("box", "", b.Cash.Box)
	line()
	m := b.Money
	line("MONEY", "")
	for _, l := range b.lines() {
		if l.always || l.amount != 0 {
			line(l.name, l.amount)
		}
	}
	line()
	line(fmt.Sprintf("inserted %v = kept %v + returned %v + held %v + owed %v",
		m.Inserted, m.Kept, m.Returned, m.Credit+m.Doubt, m.Owed))
	if b.Unknown > 0 {
		line(fmt.Sprintf("%d times there were pulses that are no coin: they are not in these sums", b.Unknown))
	}
	if b.CutsAtWork > 0 {
		line(fmt.Sprintf("%d times the power was cut while something was under way", b.CutsAtWork))
	}
	if b.BlindCuts > 0 {
		line(fmt.Sprintf("%d times coins were taken when the power was cut: the first pulse of one may not have been counted", b.BlindCuts))
	}
	_ = w.Flush() // as above
	return strings.ReplaceAll(trimRight(out.String()), "\n\n\n", "\n\n")
}

// trimRight removes the blanks with which a tabwriter pads the last cell of a line.
func trimRight(text string) string {
	var b strings.Builder
	for line := range strings.Lines(text) {
		b.WriteString(strings.TrimRight(line, " \n") + "\n")
	}
	return b.String()
}

// A sum is a line of the report's money table.
type sum struct {
	name   string
	amount Cents
	always bool
}

// lines returns the lines of the report's money table.
func (b *Books) lines() []sum {
	m, c := b.Money, b.Cash
	return []sum{
		{"inserted", m.Inserted, true},
		{"kept", m.Kept, true},
		{"returned", m.Returned, true},
		{"credit", m.Credit, true},
		{"in doubt", m.Doubt, true},
		{"owed", m.Owed, true},
		{"opening", c.Opening, true},
		{"refilled", c.Refilled, true},
		{"collected", c.Collected, true},
		{"surplus", c.Surplus, false},
		{"lost", c.Lost, false},
		{"handed", c.Handed, false},
	}
}

// value returns the report as a value; amounts are cents.
func (b *Books) value() *value.Object {
	var columns, tubes []any
	for i, c := range b.Columns {
		if c.Name != "" {
			columns = append(columns, value.NewObject("column", int64(i+1), "name", c.Name, "price", int64(c.Price),
				"stock", int64(c.Stock), "sold", int64(c.Sold), "takings", int64(c.Takings), "out", c.OutOfService,
				"inDoubt", int64(c.Doubt), "saleInDoubt", int64(c.Sale)))
		}
	}
	for _, t := range b.Tubes {
		if t.Value != 0 {
			tubes = append(tubes, value.NewObject("value", int64(t.Value), "coins", int64(t.Coins), "in", int64(t.In),
				"out", int64(t.Out), "stuck", t.Stuck, "inDoubt", int64(t.CoinsInDoubt)))
		}
	}
	money := make([]any, 0, 32)
	for _, l := range b.lines() {
		money = append(money, strings.ReplaceAll(l.name, "in doubt", "inDoubt"), int64(l.amount))
	}
	money = append(money, "box", int64(b.Cash.Box))
	return value.NewObject("columns", columns, "tubes", tubes, "money", value.NewObject(money...),
		"sales", int64(b.Sales), "unknownTrains", int64(b.Unknown), "powerCuts", int64(b.CutsAtWork), "cutsWhileTakingCoins", int64(b.BlindCuts))
}
