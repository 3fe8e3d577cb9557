package vending_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"signalbox/machines"
	"signalbox/machines/vending"
)

// A model keeps accounts from the lines alone: ten lines of arithmetic, see edge and decide.
type model struct {
	inserted, kept, returned vending.Cents
	pulses                   int // of the coin that comes in
}

// property lets edges, commands, cancels, deadlines, operators and power cuts come in any order, sensible or not. The plant's
// own invariants are checked by the bench after each of them.
type property struct {
	*rapid.T
	bench  *bench
	seen   model
	high   map[string]bool // lines
	was    vending.Money
	on     map[string]bool
	turned map[int]bool // sales for which a motor has begun since the last power-up
	closed int          // no sale up to this number may turn a spiral any more
}

func TestMoneyIsConservedWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		setup := vending.Standard()
		for i := range setup.Tubes {
			setup.Tubes[i].Coins = rapid.IntRange(0, 30).Draw(t, "coins")
		}
		for i := range setup.Columns {
			setup.Columns[i].Stock = rapid.IntRange(0, 3).Draw(t, "stock")
			setup.Columns[i].Price = vending.Cents(25 * rapid.IntRange(1, 12).Draw(t, "price"))
		}
		p := &property{T: t, bench: newBench(t, setup), high: map[string]bool{}, on: map[string]bool{}, turned: map[int]bool{}}
		for i := range setup.Columns {
			p.high[fmt.Sprint("home-", i+1)] = true
		}
		actions := []func(*rapid.T){
			p.drawnPulse, p.drawnEdge, p.drawnCancel, p.drawnDeadline, p.drawnWait, p.drawnOperation, p.drawnCut,
			p.drawnCoin, p.drawnCoin, p.drawnCoin, p.drawnCommand, p.drawnCommand, p.drawnCommand,
			p.asExpected, p.asExpected, p.asExpected, p.asExpected, p.asExpected,
		}
		for range rapid.IntRange(100, 400).Draw(t, "steps") {
			rapid.SampledFrom(actions).Draw(t, "action")(t)
			p.check()
		}
	})
}

func (p *property) drawnPulse(t *rapid.T) {
	line := rapid.SampledFrom(p.bench.setup.Inputs()).Draw(t, "line")
	p.edge(line, true)
	p.edge(line, false)
}

func (p *property) drawnEdge(t *rapid.T) {
	line := rapid.SampledFrom(p.bench.setup.Inputs()).Draw(t, "line")
	p.edge(line, rapid.Bool().Draw(t, "high"))
}

func (p *property) drawnCoin(t *rapid.T) {
	for range rapid.SampledFrom([]int{1, 2, 4, 8, 8, 12, 3}).Draw(t, "pulses") {
		p.edge("coin", true)
		p.edge("coin", false)
	}
	p.wait(time.Duration(rapid.SampledFrom([]int{0, 250}).Draw(t, "ms")) * time.Millisecond)
}

// asExpected is what the mechanics should do: the home switch of a motor that runs, the snack after a turn, a tube's coin.
func (p *property) asExpected(t *rapid.T) {
	for _, line := range p.bench.setup.Outputs() {
		switch {
		case !p.bench.levels[line]:
		case strings.HasPrefix(line, "motor-"):
			home := "home-" + line[len("motor-"):]
			p.edge(home, !p.high[home])
		case strings.HasPrefix(line, "hopper-"):
			p.edge(line+"-exit", !p.high[line+"-exit"])
		}
	}
	for _, c := range p.bench.state.Spirals {
		if c.Is == "dropping" && rapid.Bool().Draw(t, "falls") {
			p.edge("drop", true)
			p.edge("drop", false)
		}
	}
}

func (p *property) drawnCommand(t *rapid.T) {
	activity := rapid.SampledFrom([]string{
		"settlement", "await-customer", "await-service", "vend", "vend", "vend", "pay-out", "pay-out", "show",
	}).Draw(t, "activity")
	input := "{}"
	switch activity {
	case "vend":
		sale := p.bench.state.Sale
		column := rapid.SampledFrom([]int{sale.Column, sale.Column, 1, 2, 3, 4}).Draw(t, "column")
		input = fmt.Sprintf(`{"column":%d,"sale":%d}`, column, rapid.SampledFrom([]int{0, sale.Number, sale.Number, 1}).Draw(t, "sale"))
	case "pay-out":
		sale := rapid.SampledFrom([]int{p.bench.state.Sale.Number, 1}).Draw(t, "sale")
		input = rapid.SampledFrom([]string{
			`{}`, `{"debt":true}`, `{"amount":25}`, `{"amount":100}`, `{"amount":7}`, fmt.Sprintf(`{"amount":25,"sale":%d}`, sale),
		}).Draw(t, "input")
	case "show":
		input = `{"text":"x"}`
	}
	p.bench.ask(activity, input)
	p.settle()
}

func (p *property) drawnOperation(t *rapid.T) {
	before := p.bench.state.Money
	operations := [][2]string{
		{"refill", `{"tube":25,"coins":3}`},
		{"refill", `{"tube":100,"coins":0}`},
		{"refill", `{"column":1,"snacks":1}`},
		{"collect", `{"tube":25,"coins":1}`},
		{"collect", `{"tube":100}`},
		{"collect", `{"box":true}`},
		{"settle", `{"column":1,"decision":"delivered"}`},
		{"settle", `{"column":2,"decision":"refund"}`},
		{"settle", `{"tube":25,"decision":"paid"}`},
		{"settle", `{"tube":100,"decision":"owed"}`},
		{"settle", `{"debt":true,"decision":"handed"}`},
		{"settle", `{"column":9,"decision":"refund"}`},
	}
	o := rapid.SampledFrom(operations).Draw(t, "operation")
	p.bench.ask(o[0], o[1])
	after := p.bench.state.Money
	switch { // what an operator says is so
	case strings.Contains(o[1], "delivered"):
		p.seen.kept += before.Doubt - after.Doubt
	case strings.Contains(o[1], "paid"):
		p.seen.returned += before.Doubt - after.Doubt
	case strings.Contains(o[1], "handed"):
		p.seen.returned += before.Owed - after.Owed
	}
	p.settle()
}

func (p *property) drawnCancel(t *rapid.T) {
	p.bench.apply(machines.Cancel{Ticket: int64(rapid.IntRange(0, int(p.bench.tickets)).Draw(t, "ticket"))})
	p.settle()
}

func (p *property) drawnWait(t *rapid.T) {
	p.wait(time.Duration(rapid.IntRange(0, 2000).Draw(t, "ms")) * time.Millisecond)
}

// drawnDeadline applies a deadline, which may be early or stale.
func (p *property) drawnDeadline(t *rapid.T) {
	names := []string{
		"power-up over", "coin complete", "turn overdue", "drop overdue", "hopper silent", "hopper pause", "hopper run out 0.25",
	}
	for _, d := range p.bench.deadlines {
		names = append(names, d.Name, d.Name)
	}
	p.act(func() { p.bench.apply(machines.Due{Name: rapid.SampledFrom(names).Draw(t, "deadline")}) })
}

// drawnCut cuts the power between two things, or in the middle of one: after its entries were written and before a line has
// moved, or before they were. Then the lines are where they are, and the plant knows its ledger.
func (p *property) drawnCut(t *rapid.T) {
	entries := slices.Clone(p.bench.entries)
	if lost := rapid.IntRange(0, 2).Draw(t, "in the middle"); lost > 0 && !p.high["drop"] {
		before := len(entries)
		line := rapid.SampledFrom(p.bench.setup.Inputs()).Draw(t, "line")
		p.bench.edge(line, !p.high[line])
		if lost == 2 {
			entries = slices.Clone(p.bench.entries)
		}
		p.high[line] = !p.high[line]
		p.count(line, p.high[line], p.bench.entries[before:], lost == 2)
	}
	p.closed = max(p.closed, p.bench.state.Sales)
	p.turned = map[int]bool{}
	p.seen.pulses = 0
	p.bench.cut(entries)
	for _, line := range p.bench.setup.Inputs() {
		if p.high[line] {
			if line == "coin" {
				p.seen.pulses++
			}
			p.bench.apply(machines.Edge{Line: line, High: true, AtPowerUp: true})
		}
	}
	p.settle()
}

func (p *property) wait(d time.Duration) { p.act(func() { p.bench.wait(d) }) }

// act does something that moves no line.
func (p *property) act(what func()) {
	before := len(p.bench.entries)
	what()
	p.count("", false, p.bench.entries[before:], true)
	p.settle()
}

func (p *property) edge(line string, high bool) {
	before := len(p.bench.entries)
	rises := high && !p.high[line]
	p.high[line] = high
	if rises && line == "coin" {
		p.seen.pulses++
	}
	p.bench.edge(line, high)
	p.count(line, rises, p.bench.entries[before:], true)
	p.settle()
}

// count is the model: which edge may have which money follow. Entries that a power cut has swallowed do not count.
func (p *property) count(line string, rises bool, entries []machines.Entry, written bool) {
	number := func(e machines.Entry, key string) int64 {
		v, _ := e.Data.Lookup(key)
		n, _ := v.(int64)
		return n
	}
	for _, e := range entries {
		switch e.Kind {
		case "coin", "unknown":
			if got := number(e, "pulses"); got != int64(p.seen.pulses) {
				p.Fatalf("got %s of %d pulses, want %d", e.Kind, got, p.seen.pulses)
			}
			if e.Kind == "coin" && written {
				p.seen.inserted += map[int]vending.Cents{1: 25, 2: 50, 4: 100, 8: 200}[p.seen.pulses]
			}
			p.seen.pulses = 0
		case "sold":
			if line != "drop" || !rises {
				p.Fatalf("%s %t: sold, want that only when a snack falls", line, rises)
			}
			if written {
				p.seen.kept += p.bench.setup.Columns[number(e, "column")-1].Price
			}
		case "paid", "loose":
			if line != fmt.Sprintf("hopper-%d-exit", number(e, "tube")) || !rises {
				p.Fatalf("%s %t: %s by tube %d, want that only when its sensor sees a coin", line, rises, e.Kind, number(e, "tube"))
			}
			if written {
				p.seen.returned += vending.Cents(number(e, "tube"))
			}
		}
	}
}

// settle follows the motors: what turns is paid for, and no sale turns a spiral again after a power cut.
func (p *property) settle() {
	sale := p.bench.state.Sale
	for line, on := range p.bench.levels {
		if on && !p.on[line] && strings.HasPrefix(line, "motor-") {
			last := p.bench.entries[len(p.bench.entries)-1]
			switch {
			case p.bench.state.Money.Credit < sale.Price:
				p.Fatalf("%s on with a credit of %v", line, p.bench.state.Money.Credit)
			case sale.Number <= p.closed:
				p.Fatalf("%s on for sale %d, which a power cut has ended", line, sale.Number)
			case last.Kind != "vend" && last.Kind != "accepting":
				p.Fatalf("%s on, and the last entry is %q, want vend", line, last.Kind)
			}
			p.turned[sale.Number] = true
		}
		p.on[line] = on
	}
	p.was = p.bench.state.Money
}

func (p *property) check() {
	m := p.bench.state.Money
	if got := (model{m.Inserted, m.Kept, m.Returned, p.seen.pulses}); got != p.seen {
		p.Fatalf("got %+v, want %+v", got, p.seen)
	}
	if held := p.seen.inserted - p.seen.kept - p.seen.returned - m.Owed; m.Credit+m.Doubt != held {
		p.Fatalf("got %v + %v held, want inserted - kept - returned - owed = %v", m.Credit, m.Doubt, held)
	}
	// The books of the ledger are those of the plant.
	books, err := vending.ReadBooks(slices.Values(p.bench.entries))
	if err != nil {
		p.Fatalf("the ledger: %v", err)
	}
	if books.Money != m || books.Cash != p.bench.state.Cash || books.Tubes != p.bench.state.Tubes || books.Columns != p.bench.state.Columns {
		p.Fatalf("got books %+v, want those of the plant %+v", books, p.bench.state.Books)
	}
}

// TestMovesAreWhatTheOutsideCanDo walks at random over the plant's own list of moves and its deadlines.
func TestMovesAreWhatTheOutsideCanDo(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		b := newBench(t, vending.Standard())
		b.ask("await-customer", `{}`)
		for range rapid.IntRange(0, 200).Draw(t, "steps") {
			moves := b.plant.Moves(b.state)
			for _, d := range b.deadlines {
				moves = append(moves, machines.Due{Name: d.Name})
			}
			b.apply(rapid.SampledFrom(moves).Draw(t, "move"))
			for line, on := range b.levels {
				if on && (strings.HasPrefix(line, "motor-") || strings.HasPrefix(line, "hopper-")) {
					t.Fatalf("%s is on and no Task has asked for it", line)
				}
			}
		}
	})
}
