package machines_test

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"
	"pgregory.net/rapid"

	"signalbox/asl/engine"
	"signalbox/machines"
)

// A disk is a ledger whose writes end when the test says so.
type disk struct {
	entries []machines.Entry
	err     error
	write   func() // the write under way; nil: there is none
	done    func() // reports its end
}

func (d *disk) Append(entries []machines.Entry) error {
	if d.err == nil {
		d.entries = append(d.entries, entries...)
	}
	return d.err
}

func (*disk) All() iter.Seq2[machines.Entry, error] { return func(func(machines.Entry, error) bool) {} }

func (d *disk) background(write, done func()) {
	if d.write != nil {
		panic("two writes at once")
	}
	d.write, d.done = write, done
}

// end ends the write under way.
func (d *disk) end() {
	d.write()
	d.write = nil
	d.done()
}

// A switchboard is a plant whose edges turn lines on and off, and whose state is which are on: bit i is line i. Each edge is a
// record, or none.
type switchboard struct {
	draw func(was int) (is, records int)
}

var switched = []string{"a", "b", "c"}

func (switchboard) Initial(time.Time) (machines.State, machines.Reaction) {
	return 0, machines.Reaction{}
}

func (switchboard) Recover(iter.Seq[machines.Entry], time.Time) (machines.State, machines.Reaction, error) {
	return 0, machines.Reaction{}, nil
}

func (p switchboard) Apply(s machines.State, in machines.Input, _ time.Time) (machines.State, machines.Reaction) {
	was := s.(int)
	is, records := p.draw(was)
	var r machines.Reaction
	for i, line := range switched {
		switch bit := 1 << i; {
		case was&bit != 0 && is&bit == 0:
			r.Stops = append(r.Stops, machines.Level{Line: line})
		case was&bit == 0 && is&bit != 0:
			r.Levels = append(r.Levels, machines.Level{Line: line, High: true})
		}
	}
	for range records {
		r.Records = append(r.Records, machines.Entry{Kind: in.(machines.Edge).Line})
	}
	return is, r
}

func (switchboard) Moves(machines.State) []machines.Input { return nil }
func (switchboard) Invariants() []machines.Invariant      { return nil }

// switchedLines are the lines of a switchboard. Each input has a name of its own.
type switchedLines struct {
	on    map[string]bool
	edges map[string]func(bool, time.Time)
	set   func(line string, high bool, why string)
}

func (l *switchedLines) Out(name string) (gpio.PinOut, error) {
	return switchedPin{lines: l, name: name}, nil
}
func (l *switchedLines) In(string) (gpio.PinIn, error) { return level{}, nil }
func (l *switchedLines) Safe(string) error             { return nil }

func (l *switchedLines) OnEdge(line string, f func(bool, time.Time)) error {
	l.edges[line] = f
	return nil
}

type switchedPin struct {
	gpio.PinOut
	lines *switchedLines
	name  string
}

func (p switchedPin) OutBecause(l gpio.Level, why string) error {
	p.lines.on[p.name] = bool(l)
	p.lines.set(p.name, bool(l), why)
	return nil
}

// Whatever the disk does: nothing is turned on before the records of its reaction, and all before them, are on disk; nothing is on
// that the plant has turned off; and in the end all is as the plant has it, each record written once and in order.
func TestNothingMovesBeforeTheLedgerHasItAndNothingWaitsForItToStop(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		const inputs = 30
		var (
			d        disk
			names    []string
			upTo     = map[string]int{} // by input: the number of records that it waits for
			want     []string
			observed []string
			rig      *machines.Rig
		)
		for i := range inputs {
			names = append(names, fmt.Sprint("input-", i))
		}
		lines := &switchedLines{on: map[string]bool{}, edges: map[string]func(bool, time.Time){}}
		lines.set = func(line string, high bool, why string) {
			if high && len(d.entries) < upTo[why] {
				t.Fatalf("%s is on by %s with %d of %d records on disk", line, why, len(d.entries), upTo[why])
			}
		}
		var plant switchboard
		now := ""
		plant.draw = func(int) (is, records int) {
			is, records = rapid.IntRange(0, 7).Draw(t, "lines on"), rapid.IntRange(0, 2).Draw(t, "records")
			for range records {
				want = append(want, now)
			}
			upTo[now] = len(want)
			return is, records
		}
		rig, err := machines.NewRig(machines.RigConfig{
			Plant: plant, Lines: lines, Outputs: switched, Inputs: names, Clock: engine.NewSimulated(start, 0), Ledger: &d,
			Background: d.background,
			Observe:    func(why string, _ []machines.Note) { observed = append(observed, why) },
		})
		if err != nil {
			t.Fatal(err)
		}
		check := func() {
			state := rig.State().(int)
			for i, line := range switched {
				on := state&(1<<i) != 0
				if lines.on[line] && !on || d.write == nil && on != lines.on[line] {
					t.Fatalf("line %s: on is %t, and the plant has it %t; a write is under way: %t", line, lines.on[line], on, d.write != nil)
				}
			}
		}
		for _, now = range names {
			for d.write != nil && rapid.Bool().Draw(t, "the disk has done it") {
				d.end()
				check()
			}
			lines.edges[now](true, start)
			check()
		}
		if rapid.Bool().Draw(t, "the disk gets time") {
			for d.write != nil {
				d.end()
				check()
			}
			if diff := cmp.Diff(names, observed[1:]); diff != "" {
				t.Fatalf("order of the reactions (-want +got):\n%s", diff)
			}
		} else if d.write != nil {
			go d.write() // it ends while the rig is closed
		}
		if err := rig.Close(); err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, e := range d.entries {
			got = append(got, e.Kind)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("the ledger (-want +got):\n%s", diff)
		}
	})
}

// What the ledger refuses is the end, as without a background: what waits is not carried out.
func TestAWriteThatFailsInTheBackgroundIsTheEnd(t *testing.T) {
	b := newBench()
	d := &disk{err: errors.New("no space left")}
	c := b.config(b.observe)
	c.Plant, c.Ledger, c.Background = recoverer{plant: b.plant}, d, d.background
	b.plant.react = func(in machines.Input, _ time.Time) machines.Reaction {
		r := machines.Reaction{
			Records:   []machines.Entry{{Kind: "pay"}},
			Levels:    []machines.Level{{Line: "green", High: true}},
			Deadlines: []machines.Deadline{{Name: "jam", At: start.Add(time.Second)}, {Name: "silence", At: start, OfEdges: true}},
		}
		if c, ok := in.(machines.Command); ok {
			r.Answers = []machines.Answer{{Ticket: c.Ticket, Output: "paid"}}
		}
		return r
	}
	var err error
	if b.rig, err = machines.NewRig(c); err != nil {
		t.Fatal(err)
	}
	b.task("x", "pay-out")
	b.lines.edges["coin"](true, start)
	b.want(t, "observed power-up []", "0: command 1 pay-out {\"n\":1} PAY-OUT", "1: edge coin true")
	d.end()
	b.want(t, "safe: a line failed", "pay-out fails: Hardware.Line: the ledger: no space left")
	b.lines.edges["coin"](false, start)
	b.run(t)
	b.want(t)
	if err := b.rig.Close(); err != nil || d.write != nil {
		t.Errorf("got %v, and a write is under way: %t; want neither", err, d.write != nil)
	}
}

// A line that fails while the disk is busy is the end as well, but the ledger gets what has happened.
func TestALineThatFailsDoesNotLoseRecords(t *testing.T) {
	b := newBench()
	d := &disk{}
	c := b.config(nil)
	c.Plant, c.Ledger, c.Background = recoverer{plant: b.plant}, d, d.background
	b.plant.react = func(in machines.Input, _ time.Time) machines.Reaction {
		e := in.(machines.Edge)
		r := machines.Reaction{Records: []machines.Entry{{Kind: e.Line}}, Levels: []machines.Level{{Line: "green", High: true}}}
		if e.Line == "button" {
			r.Stops = []machines.Level{{Line: "red"}}
		}
		return r
	}
	var err error
	if b.rig, err = machines.NewRig(c); err != nil {
		t.Fatal(err)
	}
	b.lines.edges["coin"](true, start)
	b.lines.edges["coin"](false, start)
	b.lines.broken["red"] = errors.New("red is stuck")
	b.lines.edges["button"](true, start)
	b.want(t, "0: edge coin true", "1: edge coin false", "2: edge button true", "red cannot be set", "safe: a line failed")
	d.end()
	b.want(t)    // green stays off
	go d.write() // of the second coin's record
	if err := b.rig.Close(); err != nil {
		t.Error(err)
	}
	if len(d.entries) != 2 {
		t.Errorf("got %d records on disk, want that of each coin's edge", len(d.entries))
	}
}

// On a real clock, a write that takes seconds delays no edge and no stop. A deadline that counts from an edge comes when it is due;
// one that counts from a level comes that much after the level is set.
func TestDeadlinesWhileTheDiskIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		clock := engine.NewReal()
		began := clock.Now()
		c := b.config(nil)
		c.Clock, c.Ledger = clock, slowLedger(3*time.Second)
		c.Plant = recoverer{plant: b.plant}
		c.Background = func(write, done func()) {
			ready := clock.Reserve(done)
			go func() {
				write()
				ready()
			}()
		}
		at := func() time.Duration { return clock.Now().Sub(began) }
		b.lines.onSet = func(line string, high bool) { b.note("%s %t at %v", line, high, at()) }
		silence := machines.Deadline{Name: "silence", At: began.Add(1200 * time.Millisecond), OfEdges: true}
		turn := machines.Deadline{Name: "turn", At: began.Add(2 * time.Second)}
		dropped := machines.Deadline{Name: "dropped", At: began.Add(2 * time.Second)}
		b.plant.react = func(in machines.Input, _ time.Time) machines.Reaction {
			switch in := in.(type) {
			case machines.Edge:
				b.note("%s seen at %v", in.Line, in.At.Sub(began))
				if in.Line == "button" {
					return machines.Reaction{Deadlines: []machines.Deadline{turn, silence}}
				}
				return machines.Reaction{
					Stops: []machines.Level{low("red")}, Records: []machines.Entry{{Kind: "coin"}}, Levels: []machines.Level{high("green")},
					Deadlines: []machines.Deadline{silence, turn, dropped},
				}
			case machines.Due:
				b.note("%s at %v", in.Name, at())
				if in.Name == "silence" {
					return machines.Reaction{Deadlines: []machines.Deadline{turn}}
				}
			}
			return machines.Reaction{}
		}
		rig, err := machines.NewRig(c)
		if err != nil {
			t.Fatal(err)
		}
		clock.At(began.Add(time.Second), func() { b.lines.edges["coin"](true, clock.Now()) })
		clock.At(began.Add(1100*time.Millisecond), func() { b.lines.edges["button"](true, clock.Now()) })
		clock.AfterFunc(10*time.Second, clock.Stop)
		if err := clock.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := rig.Close(); err != nil {
			t.Error(err)
		}
		b.withoutInputs()
		b.want(t, "coin seen at 1s", "red false", "red false at 1s", "button seen at 1.1s", "silence at 1.2s",
			"green true", "green true at 4s", "turn at 5s")
	})
}

// withoutInputs drops what the plant has noted of its inputs.
func (d *diary) withoutInputs() {
	d.lines = slices.DeleteFunc(d.lines, func(l string) bool { return strings.Contains(l, ": ") })
}

// slowLedger is how long a write takes; what is written is forgotten.
type slowLedger time.Duration

func (l slowLedger) Append([]machines.Entry) error {
	time.Sleep(time.Duration(l))
	return nil
}

func (slowLedger) All() iter.Seq2[machines.Entry, error] {
	return func(func(machines.Entry, error) bool) {}
}

// Without a background the edges wait, and keep their times and their order among the deadlines that count from edges.
func TestEdgesThatWaitForTheLedgerKeepTheirTimes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBench()
		clock := engine.NewReal()
		began := clock.Now()
		c := b.config(nil)
		c.Clock, c.Ledger, c.Plant = clock, slowLedger(3*time.Second), recoverer{plant: b.plant}
		b.plant.react = func(in machines.Input, at time.Time) machines.Reaction {
			e, ok := in.(machines.Edge)
			if !ok {
				b.note("silence")
				return machines.Reaction{}
			}
			b.note("seen at %v, applied at %v", e.Seen(at).Sub(began), at.Sub(began))
			r := machines.Reaction{Deadlines: []machines.Deadline{{Name: "silence", At: e.At.Add(200 * time.Millisecond), OfEdges: true}}}
			if at.Sub(began) < time.Second {
				r.Records = []machines.Entry{{Kind: "train"}}
			}
			return r
		}
		if _, err := machines.NewRig(c); err != nil {
			t.Fatal(err)
		}
		for _, ms := range []int{0, 50, 100, 150, 500, 550} {
			go func() {
				time.Sleep(time.Duration(ms) * time.Millisecond)
				seen := clock.Stamp()
				clock.At(seen, func() { b.lines.edges["coin"](ms%100 == 0, seen) })
			}()
		}
		clock.AfterFunc(10*time.Second, clock.Stop)
		if err := clock.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		b.withoutInputs()
		b.want(t, "seen at 0s, applied at 0s",
			"seen at 50ms, applied at 3s", "seen at 100ms, applied at 3s", "seen at 150ms, applied at 3s", "silence",
			"seen at 500ms, applied at 3s", "seen at 550ms, applied at 3s", "silence")
	})
}

// An edge at the very instant of a deadline that counts from edges comes before it: a silence has ended with the edge.
func TestEdgesComeBeforeDeadlinesOfTheSameInstant(t *testing.T) {
	for name, clock := range map[string]*engine.Clock{"simulated": engine.NewSimulated(start, 0), "real": nil} {
		synctest.Test(t, func(t *testing.T) {
			if clock == nil {
				clock = engine.NewReal()
			}
			b := newBench()
			began := clock.Now()
			c := b.config(nil)
			c.Clock = clock
			b.plant.react = func(in machines.Input, _ time.Time) machines.Reaction {
				e, ok := in.(machines.Edge)
				if !ok {
					b.note("silence")
					return machines.Reaction{}
				}
				b.note("seen at %v", e.At.Sub(began))
				return machines.Reaction{Deadlines: []machines.Deadline{{Name: "silence", At: e.At.Add(time.Second), OfEdges: true}}}
			}
			if _, err := machines.NewRig(c); err != nil {
				t.Fatal(err)
			}
			edge := func(at time.Duration) {
				clock.At(began.Add(at), func() { b.lines.edges["coin"](true, began.Add(at)) })
			}
			edge(0)
			clock.At(began.Add(time.Second/2), func() { edge(time.Second) }) // queued after the deadline
			edge(2*time.Second + 1)
			clock.At(began.Add(3*time.Second), clock.Stop)
			if err := clock.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			b.withoutInputs()
			if diff := cmp.Diff([]string{"seen at 0s", "seen at 1s", "silence", "seen at 2.000000001s"}, b.diary.lines); diff != "" {
				t.Errorf("%s clock (-want +got):\n%s", name, diff)
			}
		})
	}
}

func TestEdgeWithoutATimeIsSeenWhenItIsApplied(t *testing.T) {
	if got := (machines.Edge{}).Seen(start); got != start {
		t.Errorf("got %v, want %v", got, start)
	}
	if got := (machines.Edge{At: start}).Seen(start.Add(time.Second)); got != start {
		t.Errorf("got %v, want %v", got, start)
	}
}
