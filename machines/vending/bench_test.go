package vending_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl/value"
	"signalbox/machines"
	"signalbox/machines/vending"
)

var start = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)

// A fataler is what tests and properties have in common.
type fataler interface {
	Helper()
	Fatalf(format string, args ...any)
}

// A bench is a plant alone, with a clock that a test turns by hand. After every input it checks the invariants.
type bench struct {
	t         fataler
	plant     *vending.Plant
	setup     vending.Setup
	state     vending.State
	now       time.Time
	entries   []machines.Entry
	levels    map[string]bool
	deadlines []machines.Deadline
	answers   map[int64]machines.Answer
	tickets   int64
	notes     []string
}

func newBench(t fataler, setup vending.Setup) *bench {
	b := &bench{
		t: t, plant: vending.New(setup), setup: setup, now: start,
		levels: map[string]bool{}, answers: map[int64]machines.Answer{},
	}
	s, r := b.plant.Initial(b.now)
	b.follow(s, r)
	b.settleDown()
	return b
}

// settleDown closes the home switches, and lets start-up pass.
func (b *bench) settleDown() {
	b.t.Helper()
	for _, line := range b.setup.Inputs() {
		if strings.HasPrefix(line, "home-") {
			b.edge(line, true)
		}
	}
	b.wait(2 * time.Second)
	b.notes = nil
}

// cut cuts the power and switches on again: the plant begins with the entries that were written.
func (b *bench) cut(entries []machines.Entry) {
	b.t.Helper()
	b.entries = slices.Clone(entries)
	b.levels, b.answers, b.notes = map[string]bool{}, map[int64]machines.Answer{}, nil
	s, r, err := b.plant.Recover(slices.Values(entries), b.now)
	if err != nil {
		b.t.Fatalf("Recover: %v", err)
	}
	b.follow(s, r)
}

// quarters is the standard machine with nothing but quarters to pay with.
func quarters() vending.Setup {
	setup := vending.Standard()
	setup.Tubes = []vending.Tube{{Value: 25, Coins: 40}}
	return setup
}

func (b *bench) apply(in machines.Input) machines.Reaction {
	b.t.Helper()
	s, r := b.plant.Apply(b.state, in, b.now)
	again, same := b.plant.Apply(b.state, in, b.now)
	if s != again || text(r) != text(same) {
		b.t.Fatalf("%+v applied twice to the same state: got %+v, then %+v", in, r, same)
	}
	b.follow(s, r)
	return r
}

func text(r machines.Reaction) string {
	text := fmt.Sprint(r.Stops, r.Levels, r.Deadlines, r.Notes)
	for _, e := range r.Records {
		text += e.Kind + value.Text(e.Data)
	}
	for _, a := range r.Answers {
		text += fmt.Sprint(a.Ticket, value.Text(a.Output), a.Error, a.Cause)
	}
	return text
}

func (b *bench) follow(s machines.State, r machines.Reaction) {
	b.t.Helper()
	b.state = s.(vending.State)
	b.entries = append(b.entries, r.Records...)
	for _, l := range r.Stops {
		b.levels[l.Line] = false
	}
	for _, l := range r.Levels {
		if !l.High && b.levels[l.Line] {
			b.t.Fatalf("%s goes off after the ledger has been written", l.Line)
		}
		b.levels[l.Line] = l.High
	}
	b.deadlines = r.Deadlines
	for _, a := range r.Answers {
		if _, twice := b.answers[a.Ticket]; twice {
			b.t.Fatalf("ticket %d is answered twice", a.Ticket)
		}
		b.answers[a.Ticket] = a
	}
	for _, n := range r.Notes {
		b.notes = append(b.notes, n.Text)
	}
	for _, i := range b.plant.Invariants() {
		if err := i.Holds(b.state); err != nil {
			b.t.Fatalf("%s does not hold: %v\n%+v", i.Name, err, b.state)
		}
	}
}

// wait lets time pass, and deadlines come.
func (b *bench) wait(d time.Duration) {
	b.t.Helper()
	end := b.now.Add(d)
	for {
		i := -1
		for j, dl := range b.deadlines {
			if !dl.At.After(end) && (i < 0 || dl.At.Before(b.deadlines[i].At)) {
				i = j
			}
		}
		if i < 0 {
			b.now = end
			return
		}
		if due := b.deadlines[i]; due.At.After(b.now) {
			b.now = due.At
		}
		b.apply(machines.Due{Name: b.deadlines[i].Name})
	}
}

func (b *bench) edge(line string, high bool) {
	b.t.Helper()
	b.apply(machines.Edge{Line: line, High: high})
}

// pulse gives a pulse of 30 ms and a pause of 50 ms.
func (b *bench) pulse(line string) {
	b.t.Helper()
	b.edge(line, true)
	b.wait(30 * time.Millisecond)
	b.edge(line, false)
	b.wait(50 * time.Millisecond)
}

// insert puts coins in and waits until each is complete.
func (b *bench) insert(coins ...vending.Cents) {
	b.t.Helper()
	for _, c := range coins {
		for range c / 25 {
			b.pulse("coin")
		}
		b.wait(300 * time.Millisecond)
	}
}

func (b *bench) ask(activity, input string) (ticket int64) {
	b.t.Helper()
	in, err := value.Read([]byte(input))
	if err != nil {
		b.t.Fatalf("%s: %v", input, err)
	}
	b.tickets++
	b.apply(machines.Command{Ticket: b.tickets, Name: activity, Input: in, State: "Test"})
	return b.tickets
}

// press presses a button.
func (b *bench) press(line string) { b.t.Helper(); b.pulse(line) }

// turn lets a column leave its home and come back.
func (b *bench) turn(column string) {
	b.t.Helper()
	b.wait(300 * time.Millisecond)
	b.edge("home-"+column, false)
	b.wait(1700 * time.Millisecond)
	b.edge("home-"+column, true)
}

// pay lets the hopper pay coins as long as it runs.
func (b *bench) pay() (coins int) {
	b.t.Helper()
	for b.levels["hopper-25"] {
		b.wait(200 * time.Millisecond)
		b.pulse("hopper-25-exit")
		coins++
	}
	return coins
}

// want checks the answer to a ticket: JSON, the name of an error, or "" for none yet.
func (b *bench) want(ticket int64, want string) {
	b.t.Helper()
	a, ok := b.answers[ticket]
	got := ""
	switch {
	case !ok:
	case a.Error != "":
		got = a.Error
	default:
		got = value.Text(a.Output)
	}
	if got != want {
		b.t.Fatalf("ticket %d: got answer %q (%s), want %q", ticket, got, a.Cause, want)
	}
}

func (b *bench) wantMoney(want vending.Money) {
	b.t.Helper()
	if diff := cmp.Diff(want, b.state.Money); diff != "" {
		b.t.Fatalf("money (-want +got):\n%s", diff)
	}
}

func (b *bench) wantOn(want ...string) {
	b.t.Helper()
	got := []string{}
	for line, high := range b.levels {
		if high && line != "coin-accept" {
			got = append(got, line)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, want) {
		b.t.Fatalf("outputs on: got %q, want %q", got, want)
	}
}

func standard(t *testing.T) *bench {
	t.Helper()
	return newBench(t, quarters())
}
