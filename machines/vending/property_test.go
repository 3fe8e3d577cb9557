package vending_test

import (
	"fmt"
	"testing"
	"time"

	"pgregory.net/rapid"

	"signalbox/machines"
	"signalbox/machines/vending"
)

// A ledger is the model: what somebody writes down who sees only the lines and the answers.
type ledger struct {
	inserted, kept, returned vending.Cents
	high                     map[string]bool // lines
	turned                   int             // the column that has been turned for money that is still held, else 0
	left                     bool            // it has left its home
}

// TestMoneyIsConservedWhateverHappens lets edges, commands, cancels and deadlines come in any order, sensible or not. The
// plant's own invariants are checked by the bench after each of them.
func TestMoneyIsConservedWhateverHappens(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		setup := vending.Standard()
		setup.Coins = rapid.IntRange(0, 60).Draw(t, "coins")
		for i := range setup.Columns {
			setup.Columns[i].Stock = rapid.IntRange(0, 3).Draw(t, "stock")
		}
		atHome := map[string]bool{"home-1": true, "home-2": true, "home-3": true}
		p := &property{T: t, bench: newBench(t, setup), seen: ledger{high: atHome}}
		actions := []func(*rapid.T){
			p.drawnPulse, p.drawnEdge, p.drawnCancel, p.drawnDeadline, p.drawnWait,
			p.drawnCoin, p.drawnCoin, p.drawnCommand, p.drawnCommand, p.drawnCommand,
			p.asExpected, p.asExpected, p.asExpected, p.asExpected, p.asExpected,
		}
		for range rapid.IntRange(200, 600).Draw(t, "steps") {
			rapid.SampledFrom(actions).Draw(t, "action")(t)
			p.check()
		}
	})
}

type property struct {
	*rapid.T
	bench *bench
	seen  ledger
	was   vending.Money
	on    [vending.Columns]bool
}

func (p *property) drawnPulse(t *rapid.T) {
	line := rapid.SampledFrom(vending.Inputs()).Draw(t, "line")
	p.edge(line, true)
	p.edge(line, false)
}

func (p *property) drawnEdge(t *rapid.T) {
	line := rapid.SampledFrom(vending.Inputs()).Draw(t, "line")
	p.edge(line, rapid.Bool().Draw(t, "high"))
}

func (p *property) drawnCoin(t *rapid.T) {
	for range rapid.SampledFrom([]int{1, 2, 4, 8, 8, 12, 3}).Draw(t, "pulses") {
		p.edge("coin", true)
		p.edge("coin", false)
	}
	p.bench.wait(time.Duration(rapid.SampledFrom([]int{0, 250}).Draw(t, "ms")) * time.Millisecond)
	p.settle()
}

// asExpected is what the mechanics should do: the home switch of a motor that runs, the snack after a turn, a hopper's coin.
func (p *property) asExpected(t *rapid.T) {
	for i, line := range []string{"home-1", "home-2", "home-3"} {
		if p.on[i] {
			p.edge(line, !p.seen.high[line])
		}
	}
	for _, c := range p.bench.state.Spirals {
		if c.Is == "dropping" && rapid.Bool().Draw(t, "falls") {
			p.edge("drop", true)
			p.edge("drop", false)
		}
	}
	if p.bench.levels["hopper-25"] {
		p.edge("hopper-25-exit", !p.seen.high["hopper-25-exit"])
	}
}

func (p *property) drawnCommand(t *rapid.T) {
	activity := rapid.SampledFrom([]string{"await-customer", "vend", "vend", "vend", "pay-out", "show"}).Draw(t, "activity")
	input := "{}"
	switch activity {
	case "vend":
		sale := p.bench.state.Sale
		column := rapid.SampledFrom([]int{sale.Column, sale.Column, 1, 2, 3, 4}).Draw(t, "column")
		input = fmt.Sprintf(`{"column":%d,"sale":%d}`, column, rapid.SampledFrom([]int{0, sale.Number, sale.Number, 1}).Draw(t, "sale"))
	case "pay-out":
		input = rapid.SampledFrom([]string{`{}`, `{"amount":25}`, `{"amount":25}`, `{"amount":100}`, `{"amount":7}`}).Draw(t, "input")
	case "show":
		input = `{"text":"x"}`
	}
	p.bench.ask(activity, input)
	p.settle()
}

func (p *property) drawnCancel(t *rapid.T) {
	p.bench.apply(machines.Cancel{Ticket: int64(rapid.IntRange(0, int(p.bench.tickets)).Draw(t, "ticket"))})
	p.settle()
}

func (p *property) drawnWait(t *rapid.T) {
	p.bench.wait(time.Duration(rapid.IntRange(0, 1000).Draw(t, "ms")) * time.Millisecond)
	p.settle()
}

// drawnDeadline has one come, too early or one that nobody asked for included.
func (p *property) drawnDeadline(t *rapid.T) {
	names := []string{"coin complete", "turn overdue", "drop overdue", "hopper silent", "hopper pause", "hopper run out"}
	for _, d := range p.bench.deadlines {
		names = append(names, d.Name, d.Name)
	}
	p.bench.apply(machines.Due{Name: rapid.SampledFrom(names).Draw(t, "deadline")})
	p.settle()
}

// edge writes down what an edge means before the plant hears of it.
func (p *property) edge(line string, high bool) {
	rises := high && !p.seen.high[line]
	p.seen.high[line] = high
	switch {
	case line == "coin" && rises:
		p.seen.inserted += 25
	case line == "hopper-25-exit" && rises && p.bench.levels["hopper-25"]:
		p.seen.returned += 25
	}
	kept := p.bench.state.Money.Kept
	p.bench.edge(line, high)
	if now := p.bench.state.Money.Kept; now != kept {
		if line != "drop" || !high || now != kept+300 || p.seen.turned == 0 {
			p.Fatalf("%s %t: got %v kept after %v, want a price only with a snack that falls, once for a turn", line, high, now, kept)
		}
		p.seen.kept += 300
	}
	p.settle()
}

// settle follows the motors: a spiral turns for money that is held, once.
func (p *property) settle() {
	s := &p.seen
	if m := p.bench.state.Money; m.Kept > p.was.Kept || m.Credit == 0 {
		s.turned, s.left = 0, false
	}
	for i, home := range []string{"home-1", "home-2", "home-3"} {
		on := p.bench.levels["motor-"+home[5:]]
		if on && !p.on[i] {
			switch {
			case p.bench.state.Money.Credit < 300:
				p.Fatalf("motor %d on with a credit of %v", i+1, p.bench.state.Money.Credit)
			case s.turned != 0 && (s.turned != i+1 || s.left && s.high[home]):
				p.Fatalf("motor %d on: column %d has been turned for this money", i+1, s.turned)
			}
			s.turned = i + 1
		}
		if on && s.turned == i+1 && !s.high[home] {
			s.left = true
		}
		p.on[i] = on
	}
	p.was = p.bench.state.Money
}

func (p *property) check() {
	m := p.bench.state.Money
	if m.Inserted != p.seen.inserted || m.Kept != p.seen.kept {
		p.Fatalf("got %v inserted and %v kept, want %v and %v", m.Inserted, m.Kept, p.seen.inserted, p.seen.kept)
	}
	// A coin that comes just after the hopper was switched off counts too, but none is counted that the sensor did not see.
	if m.Returned+m.Overpaid < p.seen.returned {
		p.Fatalf("got %v returned and %v overpaid, want at least %v", m.Returned, m.Overpaid, p.seen.returned)
	}
	if held := p.seen.inserted - p.seen.kept - m.Returned - m.Owed; m.Credit != held {
		p.Fatalf("got credit %v, want inserted - kept - returned - owed = %v", m.Credit, held)
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
			if b.levels["motor-1"] || b.levels["motor-2"] || b.levels["motor-3"] || b.levels["hopper-25"] {
				t.Fatalf("something moves and no Task has asked for it")
			}
		}
	})
}
