package machines_test

import (
	"errors"
	"fmt"
	"iter"
	"testing"
	"time"

	"signalbox/machines"
)

// book is a ledger that notes what is written, and can be full.
type book struct {
	*diary
	before []machines.Entry
	broken error
	full   error
}

func (b *book) Append(entries []machines.Entry) error {
	for _, e := range entries {
		b.note("ledger: %s at %v", e.Kind, e.Time.Sub(start))
	}
	return b.full
}

func (b *book) All() iter.Seq2[machines.Entry, error] {
	return func(yield func(machines.Entry, error) bool) {
		for _, e := range b.before {
			if !yield(e, nil) {
				return
			}
		}
		if b.broken != nil {
			yield(machines.Entry{}, b.broken)
		}
	}
}

// recoverer is a plant that counts the entries of its ledger.
type recoverer struct {
	*plant
	refuse error
}

func (r recoverer) Recover(entries iter.Seq[machines.Entry], _ time.Time) (machines.State, machines.Reaction, error) {
	n := count(0)
	for e := range entries {
		r.note("recovers %s", e.Kind)
		n += 100
	}
	return n, r.initial, r.refuse
}

func (b *bench) keep(t *testing.T, l *book) error {
	t.Helper()
	l.diary = &b.diary
	c := b.config(b.observe)
	c.Plant, c.Ledger = recoverer{plant: b.plant}, l
	rig, err := machines.NewRig(c)
	b.rig = rig
	return err
}

func TestLedgerIsWrittenBeforeALineMoves(t *testing.T) {
	b := newBench()
	b.plant.initial.Levels = []machines.Level{{Line: "red", High: true}}
	if err := b.keep(t, &book{before: []machines.Entry{{Kind: "coin"}, {Kind: "vend"}}}); err != nil {
		t.Fatal(err)
	}
	b.want(t, "recovers coin", "recovers vend", "red true", "observed power-up []")
	b.plant.react = func(machines.Input, time.Time) machines.Reaction {
		return machines.Reaction{
			Records: []machines.Entry{{Kind: "pay"}},
			Levels:  []machines.Level{{Line: "green", High: true}},
		}
	}
	b.lines.edges["coin"](true, b.clock.Now())
	b.want(t, "200: edge coin true", "ledger: pay at 0s", "green true", "observed coin []")
}

func TestNothingMovesThatTheLedgerDoesNotHave(t *testing.T) {
	b := newBench()
	l := &book{}
	if err := b.keep(t, l); err != nil {
		t.Fatal(err)
	}
	b.want(t, "observed power-up []")
	l.full = errors.New("no space left")
	b.plant.react = func(machines.Input, time.Time) machines.Reaction {
		return machines.Reaction{
			Records: []machines.Entry{{Kind: "pay"}},
			Levels:  []machines.Level{{Line: "green", High: true}},
		}
	}
	b.task("x", "pay-out")
	b.want(t, "0: command 1 pay-out {\"n\":1} PAY-OUT", "ledger: pay at 0s", "safe: a line failed",
		"pay-out fails: Hardware.Line: the ledger: no space left")
	b.lines.edges["coin"](true, b.clock.Now())
	b.want(t)
}

func TestADamagedLedgerLetsNothingMove(t *testing.T) {
	b := newBench()
	b.plant.initial.Levels = []machines.Level{{Line: "red", High: true}}
	err := b.keep(t, &book{before: []machines.Entry{{Kind: "coin"}}, broken: errors.New("page 3 is damaged")})
	if got, want := fmt.Sprint(err), "the ledger: page 3 is damaged"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	b.want(t, "recovers coin")
}

func TestAnOperatorNeedNotOwnThePlant(t *testing.T) {
	b := newBench()
	b.open(t, nil)
	b.task("x", "go")
	b.want(t, `0: command 1 go {"n":1} GO`)
	b.plant.react = func(in machines.Input, _ time.Time) machines.Reaction {
		return machines.Reaction{Answers: []machines.Answer{{Ticket: in.(machines.Command).Ticket, Output: "done"}}}
	}
	b.rig.Operate("refill", nil, "k", reply{&b.diary, "refill"})
	b.want(t, `1: command 2 refill null operator`, `refill succeeds: "done"`)
}
