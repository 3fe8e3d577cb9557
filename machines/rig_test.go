package machines_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
	"pgregory.net/rapid"

	"signalbox/asl/engine"
	"signalbox/asl/value"
	"signalbox/machines"
)

var start = engine.Epoch

// A diary collects what a test sees of a rig, line by line.
type diary struct{ lines []string }

func (d *diary) note(format string, args ...any) {
	d.lines = append(d.lines, fmt.Sprintf(format, args...))
}

// want compares what was noted since the last time.
func (d *diary) want(t *testing.T, lines ...string) {
	t.Helper()
	if diff := cmp.Diff(lines, d.lines); diff != "" {
		t.Errorf("what happened (-want +got):\n%s", diff)
	}
	d.lines = nil
}

// count is the state of a plant that counts its inputs.
type count int

// plant does what the test says; it notes its inputs.
type plant struct {
	*diary
	initial machines.Reaction
	react   func(in machines.Input, at time.Time) machines.Reaction
}

func (p *plant) Initial(time.Time) (machines.State, machines.Reaction) { return count(0), p.initial }

func (p *plant) Apply(s machines.State, in machines.Input, at time.Time) (machines.State, machines.Reaction) {
	n := s.(count)
	switch in := in.(type) {
	case machines.Command:
		p.note("%d: command %d %s %s %s", n, in.Ticket, in.Name, value.Text(in.Input), in.State)
	case machines.Cancel:
		p.note("%d: cancel %d", n, in.Ticket)
	case machines.Edge:
		atPowerUp := map[bool]string{true: " at power-up"}[in.AtPowerUp]
		p.note("%d: edge %s %v%s", n, in.Line, in.High, atPowerUp)
	case machines.Due:
		p.note("%d: due %s at %v", n, in.Name, at.Sub(start))
	}
	if p.react == nil {
		return n + 1, machines.Reaction{}
	}
	return n + 1, p.react(in, at)
}

func (*plant) Moves(machines.State) []machines.Input { return nil }
func (*plant) Invariants() []machines.Invariant      { return nil }

// lines are those of a board that notes what is set. A line named in broken cannot be.
type lines struct {
	*diary
	edges  map[string]func(high bool, at time.Time)
	broken map[string]error
	onSet  func(line string, high bool)
	early  bool // an edge comes as soon as the rig listens
	reason bool // pins are ReasonedOutputs
	safe   error
	high   map[string]bool // inputs, at power-up
}

func (l *lines) Out(name string) (gpio.PinOut, error) {
	if name == "missing" {
		return nil, errors.New("no such line")
	}
	p := pin{l, name}
	if l.reason {
		return reasoned{p}, nil
	}
	return p, nil
}

func (l *lines) In(name string) (gpio.PinIn, error) { return level{high: l.high[name]}, nil }

// level is an input that stays where it is.
type level struct {
	gpio.PinIn
	high bool
}

func (l level) Read() gpio.Level { return gpio.Level(l.high) }

func (l *lines) OnEdge(line string, f func(high bool, at time.Time)) error {
	if line == "missing" {
		return errors.New("no such line")
	}
	l.edges[line] = f
	if l.early {
		f(true, start)
	}
	return nil
}

func (l *lines) Safe(why string) error {
	l.note("safe: %s", why)
	return l.safe
}

func (l *lines) set(line string, high bool, why string) error {
	if err := l.broken[line]; err != nil {
		l.note("%s cannot be set", line)
		return err
	}
	l.note("%s %v%s", line, high, why)
	if l.onSet != nil {
		l.onSet(line, high)
	}
	return nil
}

type pin struct {
	lines *lines
	name  string
}

func (p pin) String() string                      { return p.name }
func (pin) Halt() error                           { return nil }
func (p pin) Name() string                        { return p.name }
func (pin) Number() int                           { return -1 }
func (pin) Function() string                      { return "OUT" }
func (pin) PWM(gpio.Duty, physic.Frequency) error { return errors.New("no PWM") }
func (p pin) Out(l gpio.Level) error              { return p.lines.set(p.name, bool(l), "") }
func (p reasoned) OutBecause(l gpio.Level, w string) error {
	return p.lines.set(p.name, bool(l), " because "+w)
}

type reasoned struct{ pin }

// reply notes the answer to a Task.
type reply struct {
	*diary
	task string
}

func (r reply) Succeed(output any)      { r.note("%s succeeds: %s", r.task, value.Text(output)) }
func (r reply) Fail(name, cause string) { r.note("%s fails: %s: %s", r.task, name, cause) }
func (reply) Heartbeat()                {}
func (reply) Started(string)            {}
func (reply) Submit(any)                {}

// A bench is a rig with a plant, lines and a clock of the test's.
type bench struct {
	diary
	clock *engine.Clock
	plant *plant
	lines *lines
	rig   *machines.Rig
}

func newBench() *bench {
	b := &bench{clock: engine.NewSimulated(start, 0)}
	b.plant = &plant{diary: &b.diary}
	b.lines = &lines{diary: &b.diary, edges: map[string]func(bool, time.Time){}, broken: map[string]error{}}
	return b
}

func (b *bench) observe(why string, notes []machines.Note) { b.note("observed %s %v", why, notes) }

func (b *bench) open(t *testing.T, observe func(string, []machines.Note)) {
	t.Helper()
	rig, err := machines.NewRig(b.config(observe))
	if err != nil {
		t.Fatal(err)
	}
	b.rig = rig
}

func (b *bench) config(observe func(string, []machines.Note)) machines.RigConfig {
	return machines.RigConfig{
		Plant: b.plant, Lines: b.lines, Outputs: []string{"red", "green"}, Inputs: []string{"button", "coin"}, Clock: b.clock,
		Observe: observe,
	}
}

// task gives a Task of an execution, in a state named after the activity.
func (b *bench) task(execution, activity string) (cancel func()) {
	t := engine.Task{
		Top: execution, Activity: activity, State: strings.ToUpper(activity), Input: value.NewObject("n", int64(1)),
	}
	return b.rig.Handler(activity).Start(t, reply{&b.diary, activity})
}

func (b *bench) run(t *testing.T) {
	t.Helper()
	if err := b.clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func high(line string) machines.Level { return machines.Level{Line: line, High: true} }
func low(line string) machines.Level  { return machines.Level{Line: line} }

func TestPowerUpSetsTheLevels(t *testing.T) {
	b := newBench()
	b.lines.reason = true
	b.plant.initial = machines.Reaction{
		Levels:    []machines.Level{low("green"), high("red")},
		Deadlines: []machines.Deadline{{Name: "self-test", At: start.Add(time.Second)}},
		Notes:     []machines.Note{{Text: "hello"}},
	}
	b.open(t, b.observe)
	b.want(t, "green false because power-up", "red true because power-up", "observed power-up [{hello}]")
	if got := b.rig.State(); got != count(0) {
		t.Errorf("got the state %v, want the initial one", got)
	}
	b.run(t)
	b.want(t, "0: due self-test at 1s", "observed self-test []")
	if got := b.rig.State(); got != count(1) {
		t.Errorf("got the state %v, want the one after the deadline", got)
	}
}

func TestNewRigNeedsItsLines(t *testing.T) {
	for _, names := range [][2][]string{{{"red", "missing"}, nil}, {{"red"}, {"button", "missing"}}} {
		b := newBench()
		b.plant.initial.Levels = []machines.Level{high("red")}
		_, err := machines.NewRig(machines.RigConfig{
			Plant: b.plant, Lines: b.lines, Outputs: names[0], Inputs: names[1], Clock: b.clock, Observe: b.observe,
		})
		if err == nil || err.Error() != "no such line" {
			t.Errorf("%v: got %v, want the error of the missing line", names, err)
		}
		b.want(t)
	}
}

func TestPowerUpWithALineThatFails(t *testing.T) {
	b := newBench()
	b.lines.broken["red"] = errors.New("red is stuck")
	b.plant.initial.Levels = []machines.Level{low("green"), high("red"), high("green")}
	_, err := machines.NewRig(machines.RigConfig{
		Plant: b.plant, Lines: b.lines, Outputs: []string{"red", "green"}, Clock: b.clock,
	})
	if err == nil || !errors.Is(err, b.lines.broken["red"]) {
		t.Errorf("got %v, want the line's error", err)
	}
	b.want(t, "green false", "red cannot be set", "safe: a line failed")
}

func TestLinesMoveBeforeAnswers(t *testing.T) {
	b := newBench()
	b.lines.reason = true
	b.plant.react = func(in machines.Input, _ time.Time) machines.Reaction {
		c := in.(machines.Command)
		return machines.Reaction{
			Levels: []machines.Level{low("red"), high("green"), high("green")},
			Answers: []machines.Answer{
				{Ticket: c.Ticket, Output: "done"},
				{Ticket: c.Ticket, Error: "Twice", Cause: "an answer is one"},
				{Ticket: 99, Output: "not asked"},
			},
			Notes: []machines.Note{{Text: "a"}, {Text: "b"}},
		}
	}
	b.open(t, b.observe)
	b.lines.want(t, "observed power-up []")
	cancel := b.task("x", "go")
	cancel()
	b.want(t, `0: command 1 go {"n":1} GO`,
		"red false because go (GO)", "green true because go (GO)", "green true because go (GO)",
		`go succeeds: "done"`, "observed go (GO) [{a} {b}]")
}

func TestAnAnswerMayBeAnErrorAndComeLater(t *testing.T) {
	b := newBench()
	b.plant.react = func(in machines.Input, _ time.Time) machines.Reaction {
		if _, ok := in.(machines.Edge); !ok {
			return machines.Reaction{}
		}
		return machines.Reaction{Answers: []machines.Answer{
			{Ticket: 2, Error: "Interlock.Conflict", Cause: "no"}, {Ticket: 1, Output: nil},
		}}
	}
	b.open(t, nil)
	b.task("x", "first")
	b.task("x", "second")
	b.lines.edges["button"](true, b.clock.Now())
	b.lines.edges["button"](false, b.clock.Now())
	b.want(t, `0: command 1 first {"n":1} FIRST`, `1: command 2 second {"n":1} SECOND`, "2: edge button true",
		"second fails: Interlock.Conflict: no", "first succeeds: null", "3: edge button false")
}

func TestThePlantBelongsToOneExecution(t *testing.T) {
	b := newBench()
	b.open(t, nil)
	b.task("x", "one")
	if cancel := b.task("y", "two"); cancel != nil {
		cancel()
	}
	b.rig.Release("y") // it has nothing to give back
	b.task("y", "three")
	b.task("x", "four")
	b.rig.Release("x")
	b.task("y", "five")
	b.task("x", "six")
	b.want(t,
		`0: command 1 one {"n":1} ONE`,
		`two fails: Plant.Busy: the plant belongs to execution "x"`,
		`three fails: Plant.Busy: the plant belongs to execution "x"`,
		`1: command 2 four {"n":1} FOUR`,
		`2: command 3 five {"n":1} FIVE`,
		`six fails: Plant.Busy: the plant belongs to execution "y"`)
}

func TestCancelReachesThePlantOnceAndOnlyWhileOpen(t *testing.T) {
	b := newBench()
	b.plant.react = func(in machines.Input, _ time.Time) machines.Reaction {
		switch in.(type) {
		case machines.Edge:
			return machines.Reaction{Answers: []machines.Answer{{Ticket: 1, Output: "late"}, {Ticket: 2, Output: "in time"}}}
		case machines.Cancel:
			return machines.Reaction{Levels: []machines.Level{low("green")}}
		}
		return machines.Reaction{}
	}
	b.open(t, b.observe)
	cancelA := b.task("x", "a")
	cancelB := b.task("x", "b")
	b.lines.lines = nil
	cancelA()
	cancelA()
	b.want(t, "2: cancel 1", "green false", "observed a cancelled []")
	b.lines.edges["coin"](true, b.clock.Now())
	cancelB()
	cancelA()
	b.want(t, "3: edge coin true", `b succeeds: "in time"`, "observed coin []")
}

// countingClock counts the timers that the rig has asked for.
type countingClock struct {
	*engine.Clock
	asked int
}

func (c *countingClock) AfterFunc(d time.Duration, f func()) func() bool {
	c.asked++
	return c.Clock.AfterFunc(d, f)
}

func TestDeadlinesAreThoseOfTheLastReaction(t *testing.T) {
	b := newBench()
	keep := machines.Deadline{Name: "keep", At: start.Add(10 * time.Second)}
	after := map[string][]machines.Deadline{
		"1s": {keep, {Name: "drop", At: start.Add(5 * time.Second)}, {Name: "move", At: start.Add(6 * time.Second)}},
		"2s": {keep, keep, {Name: "move", At: start.Add(8 * time.Second)}},
		"3s": {keep, {Name: "move", At: start.Add(7 * time.Second)}, {Name: "past", At: start}},
		"7s": {keep, {Name: "twice", At: start.Add(12 * time.Second)}, {Name: "twice", At: start.Add(13 * time.Second)}},
	}
	var named []machines.Deadline
	b.plant.react = func(in machines.Input, at time.Time) machines.Reaction {
		if d, ok := in.(machines.Due); ok {
			named = slices.DeleteFunc(slices.Clone(named), func(n machines.Deadline) bool {
				return n.Name == d.Name && !n.At.After(at)
			})
		}
		if next, ok := after[at.Sub(start).String()]; ok {
			if _, edge := in.(machines.Edge); edge {
				named = next
			}
		}
		return machines.Reaction{Deadlines: named}
	}
	clock := &countingClock{Clock: b.clock}
	rig, err := machines.NewRig(machines.RigConfig{Plant: b.plant, Lines: b.lines, Inputs: []string{"button"}, Clock: clock})
	if err != nil {
		t.Fatal(err)
	}
	b.rig = rig
	for _, s := range []time.Duration{1, 2, 3, 7} {
		b.clock.At(start.Add(s*time.Second), func() { b.lines.edges["button"](true, b.clock.Now()) })
	}
	b.run(t)
	// At 7 s the edge was in the queue first: it drops the "move" that is due then.
	b.want(t, "0: edge button true", "1: edge button true", "2: edge button true", "3: due past at 3s", "4: edge button true",
		"5: due keep at 10s", "6: due twice at 12s", "7: due twice at 13s")
	// keep, drop, move, move, move, past and twice two: a deadline that stays keeps its timer.
	if clock.asked != 8 {
		t.Errorf("got %d timers, want 8", clock.asked)
	}
}

// Whatever a plant waits for comes when it was last named for, once, and nothing else does.
func TestDeadlinesComeWhenNamed(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var b *bench
		pending := map[machines.Deadline]bool{}
		draw := func(at time.Time) []machines.Deadline {
			var list []machines.Deadline
			for d := range pending {
				list = append(list, d)
			}
			slices.SortFunc(list, func(a, b machines.Deadline) int {
				return strings.Compare(fmt.Sprint(a.Name, a.At), fmt.Sprint(b.Name, b.At))
			})
			list = slices.DeleteFunc(list, func(machines.Deadline) bool { return rapid.IntRange(0, 3).Draw(t, "drop") == 0 })
			for range rapid.IntRange(0, 2).Draw(t, "new") {
				d := machines.Deadline{
					Name: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "name"),
					At:   at.Add(time.Duration(rapid.IntRange(0, 4).Draw(t, "in")) * time.Second),
				}
				if d.At.Sub(start) < 30*time.Second {
					list = append(list, d)
				}
			}
			pending = map[machines.Deadline]bool{}
			for _, d := range list {
				pending[d] = true
			}
			return list
		}
		b = newBench()
		b.plant.react = func(in machines.Input, at time.Time) machines.Reaction {
			if due, ok := in.(machines.Due); ok {
				d := machines.Deadline{Name: due.Name, At: at}
				if !pending[d] {
					t.Fatalf("at %v: got %s, want none of it; waiting for %v", at.Sub(start), due.Name, pending)
				}
				delete(pending, d)
			}
			for d := range pending {
				if d.At.Before(at) {
					t.Fatalf("at %v: %s of %v did not come", at.Sub(start), d.Name, d.At.Sub(start))
				}
			}
			if at.Sub(start) >= 30*time.Second {
				return machines.Reaction{}
			}
			return machines.Reaction{Deadlines: draw(at)}
		}
		b.plant.initial.Deadlines = draw(start)
		if _, err := machines.NewRig(machines.RigConfig{Plant: b.plant, Lines: b.lines, Inputs: []string{"button"}, Clock: b.clock}); err != nil {
			t.Fatal(err)
		}
		for range rapid.IntRange(0, 6).Draw(t, "edges") {
			at := start.Add(time.Duration(rapid.IntRange(0, 59).Draw(t, "edge")) * time.Second / 2)
			b.clock.At(at, func() { b.lines.edges["button"](true, b.clock.Now()) })
		}
		b.clock.AfterFunc(time.Minute, b.clock.Stop)
		if err := b.clock.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := b.clock.Now().Sub(start); got != time.Minute {
			t.Fatalf("the deadlines never end: the clock stands at %v", got)
		}
		if len(pending) > 0 {
			t.Fatalf("never came: %v", pending)
		}
	})
}

// A simulated line answers at once: its edges wait for the reaction under way, and go in the order in which they came.
func TestEdgesThatAReactionSetsOffWait(t *testing.T) {
	b := newBench()
	b.lines.onSet = func(line string, high bool) {
		switch {
		case line == "green" && high:
			b.lines.edges["coin"](true, b.clock.Now())
			b.lines.edges["coin"](false, b.clock.Now())
		case line == "red" && !high:
			b.lines.edges["button"](true, b.clock.Now())
		}
	}
	b.plant.react = func(in machines.Input, _ time.Time) machines.Reaction {
		switch in := in.(type) {
		case machines.Command:
			return machines.Reaction{
				Levels:  []machines.Level{high("green"), high("red")},
				Answers: []machines.Answer{{Ticket: in.Ticket, Output: "lit"}},
			}
		case machines.Edge:
			if in.Line == "coin" && in.High {
				return machines.Reaction{Levels: []machines.Level{low("red"), low("green")}}
			}
		}
		return machines.Reaction{}
	}
	b.open(t, b.observe)
	b.diary.lines = nil
	b.task("x", "light")
	b.want(t,
		`0: command 1 light {"n":1} LIGHT`, "green true", "red true", `light succeeds: "lit"`, "observed light (LIGHT) []",
		"1: edge coin true", "red false", "green false", "observed coin []",
		"2: edge coin false", "observed coin []",
		"3: edge button true", "observed button []")
}

func TestEdgesThatPowerUpSetsOffWait(t *testing.T) {
	b := newBench()
	b.plant.initial = machines.Reaction{
		Levels:    []machines.Level{high("green"), high("red")},
		Deadlines: []machines.Deadline{{Name: "self-test", At: start.Add(time.Second)}},
	}
	b.lines.onSet = func(line string, _ bool) {
		if line == "green" {
			b.lines.edges["coin"](true, b.clock.Now())
		}
	}
	b.plant.react = func(in machines.Input, _ time.Time) machines.Reaction {
		if _, ok := in.(machines.Edge); ok {
			return machines.Reaction{
				Levels:    []machines.Level{low("red")},
				Deadlines: []machines.Deadline{{Name: "jam", At: start.Add(2 * time.Second)}},
			}
		}
		return machines.Reaction{}
	}
	b.open(t, b.observe)
	b.want(t, "green true", "red true", "observed power-up []", "0: edge coin true", "red false", "observed coin []")
	b.run(t)
	b.want(t, "1: due jam at 2s", "observed jam []")
}

func TestEdgesBeforePowerUpWait(t *testing.T) {
	b := newBench()
	b.lines.early = true
	b.plant.initial.Levels = []machines.Level{high("red")}
	b.open(t, b.observe)
	b.want(t, "red true", "observed power-up []",
		"0: edge button true", "observed button []", "1: edge coin true", "observed coin []")
}

func TestALineThatFailsIsTheEnd(t *testing.T) {
	for _, safe := range []error{nil, errors.New("green is dead")} {
		b := newBench()
		b.lines.safe = safe
		b.plant.react = func(in machines.Input, _ time.Time) machines.Reaction {
			r := machines.Reaction{Deadlines: []machines.Deadline{{Name: "later", At: start.Add(time.Second)}}}
			if e, ok := in.(machines.Edge); ok && e.High {
				r.Levels = []machines.Level{high("green"), high("red"), low("green")}
				for ticket := range int64(20) {
					r.Answers = append(r.Answers, machines.Answer{Ticket: ticket, Output: "done"})
				}
			}
			return r
		}
		b.open(t, b.observe)
		var cancels []func()
		var want []string
		cause := "red is stuck"
		if safe != nil {
			cause += "; and on the way to the safe levels: green is dead"
		}
		for i := range 12 { // more than nine, so that an order of texts would show
			name := fmt.Sprint("task-", i+1)
			cancels = append(cancels, b.task("x", name))
			want = append(want, name+" fails: Hardware.Line: "+cause)
		}
		b.diary.lines = nil
		b.lines.broken["red"] = errors.New("red is stuck")
		b.lines.onSet = func(string, bool) { b.lines.edges["coin"](true, b.clock.Now()) } // waits, and is too late then
		b.lines.edges["button"](true, b.clock.Now())
		b.want(t, append([]string{"12: edge button true", "green true", "red cannot be set", "safe: a line failed"}, want...)...)

		// Nothing moves any more, even if the line is well again.
		b.lines.broken["red"] = nil
		b.lines.edges["button"](true, b.clock.Now())
		for _, cancel := range cancels {
			cancel()
		}
		b.run(t)
		b.want(t)
		if got := b.clock.Now(); !got.Equal(start) {
			t.Errorf("the rig still waited for something at %v", got.Sub(start))
		}
		if cancel := b.task("x", "again"); cancel != nil {
			cancel()
		}
		b.task("y", "another")
		b.want(t, "again fails: Hardware.Line: "+cause, "another fails: Hardware.Line: "+cause)
	}
}

func TestBreakIsTheEndToo(t *testing.T) {
	b := newBench()
	b.open(t, nil)
	b.task("x", "waiting")
	b.diary.lines = nil
	b.rig.Break(errors.New("max-on has turned green off"))
	b.rig.Break(errors.New("a second time"))
	b.lines.edges["button"](true, b.clock.Now())
	b.want(t, "safe: a line failed", "waiting fails: Hardware.Line: max-on has turned green off")
}

func TestAPlantMaySetItsOutputsOnly(t *testing.T) {
	b := newBench()
	b.plant.react = func(machines.Input, time.Time) machines.Reaction {
		return machines.Reaction{Levels: []machines.Level{high("yellow")}}
	}
	b.open(t, nil)
	b.task("x", "light")
	b.want(t, `0: command 1 light {"n":1} LIGHT`, "safe: a line failed",
		"light fails: Hardware.Line: machines: the plant sets yellow, which is no output of its")
}

func TestDecode(t *testing.T) {
	type signal struct {
		Head  string   `json:"head"`
		Cents int64    `json:"cents"`
		On    *bool    `json:"on"`
		Names []string `json:"names"`
	}
	on := true
	for _, c := range []struct {
		input string
		want  signal
		err   string // a part of it
	}{
		{`{"head":"ns","cents":300,"on":true,"names":["a","b"]}`, signal{"ns", 300, &on, []string{"a", "b"}}, ""},
		{`{}`, signal{}, ""},
		{`{"head":"ns","speed":3}`, signal{}, `input {"head":"ns","speed":3}: unknown field "speed"`},
		{`{"head":7}`, signal{}, `input {"head":7}: cannot unmarshal number`},
		{`{"cents":"300"}`, signal{}, `input {"cents":"300"}: cannot unmarshal string`},
		{`{"cents":2.5}`, signal{}, `cannot unmarshal number 2.5`},
		{`{"cents":9223372036854775808}`, signal{}, `cannot unmarshal number 9223372036854775808`},
		{`{"names":"a"}`, signal{}, `cannot unmarshal string`},
		{`"ns"`, signal{}, `input "ns": cannot unmarshal string`},
		{`[{}]`, signal{}, `cannot unmarshal array`},
	} {
		in, err := value.Read([]byte(c.input))
		if err != nil {
			t.Fatal(err)
		}
		var got signal
		err = machines.Decode(in, &got)
		switch {
		case c.err != "":
			if err == nil || !strings.Contains(err.Error(), c.err) {
				t.Errorf("%s: got %v, want an error with %s", c.input, err, c.err)
			}
		case err != nil:
			t.Errorf("%s: got %v", c.input, err)
		default:
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s (-want +got):\n%s", c.input, diff)
			}
		}
	}
}

func TestWhatIsHighAtPowerUpIsTold(t *testing.T) {
	b := newBench()
	b.lines.high = map[string]bool{"coin": true}
	b.plant.initial.Levels = []machines.Level{{Line: "red", High: true}}
	b.open(t, b.observe)
	b.want(t, "red true", "observed power-up []", "0: edge coin true at power-up", "observed coin at power-up []")
}

func TestStoppingDoesNotWaitForTheLedger(t *testing.T) {
	b := newBench()
	l := &book{}
	if err := b.keep(t, l); err != nil {
		t.Fatal(err)
	}
	b.plant.react = func(machines.Input, time.Time) machines.Reaction {
		return machines.Reaction{
			Stops:   []machines.Level{{Line: "red"}},
			Records: []machines.Entry{{Kind: "home"}},
			Levels:  []machines.Level{{Line: "green", High: true}},
		}
	}
	b.lines.edges["coin"](true, b.clock.Now())
	b.want(t, "observed power-up []", "0: edge coin true", "red false", "ledger: home at 0s", "green true", "observed coin []")
}

func TestADroppedRigIsSilent(t *testing.T) {
	b := newBench()
	b.open(t, nil)
	b.plant.react = func(machines.Input, time.Time) machines.Reaction {
		return machines.Reaction{Deadlines: []machines.Deadline{{Name: "late", At: start.Add(time.Second)}}}
	}
	b.task("x", "go")
	b.want(t, `0: command 1 go {"n":1} GO`)
	b.rig.Drop()
	b.lines.edges["coin"](true, b.clock.Now())
	if err := b.clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	b.want(t)
}
