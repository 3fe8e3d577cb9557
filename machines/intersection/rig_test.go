package intersection_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"signalbox/asl/engine"
	"signalbox/asl/value"
	"signalbox/gpio"
	"signalbox/gpio/sim"
	"signalbox/machines"
	"signalbox/machines/intersection"
)

// A bench is the machine on its own board with simulated lines, without a definition: the test gives the Tasks. The board's
// never pairs guard the lines below the plant; the inspector looks at the lamps outside.
type bench struct {
	t         *testing.T
	clock     *engine.Clock
	panel     *sim.Panel
	lines     *gpio.Lines
	rig       *machines.Rig
	world     machines.World
	inspector *inspector
	notes     []string
}

func newBench(t *testing.T, withWorld bool, seed uint64) *bench {
	t.Helper()
	m := intersection.Machine()
	board, err := gpio.ParseBoard("board.yaml", m.Board)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, clock: engine.NewSimulated(start, 0), panel: sim.New(board), inspector: newInspector(twoRoads(t), start)}
	if b.lines, err = gpio.Open(board, b.panel, b.clock); err != nil {
		t.Fatal(err)
	}
	if withWorld {
		b.world = m.World(b.panel, b.clock, seed)
	}
	var outputs, inputs []string
	for _, l := range board.Outputs() {
		outputs = append(outputs, l.Name)
		b.inspector.lamps[l.Name] = b.panel.Level(l.Name)
	}
	for _, l := range board.Inputs() {
		inputs = append(inputs, l.Name)
	}
	b.lines.Watch(func(c gpio.Change) {
		if c.Direction == gpio.Out {
			if err := b.inspector.level(machines.Level{Line: c.Line, High: c.High}); err != nil {
				t.Errorf("at %s: %v", c.At.Sub(start), err)
			}
		}
	})
	observe := func(_ string, notes []machines.Note) {
		if err := b.inspector.look(b.clock.Now()); err != nil {
			t.Errorf("at %s: %v", b.clock.Now().Sub(start), err)
		}
		for _, n := range notes {
			b.notes = append(b.notes, n.Text)
		}
	}
	b.rig, err = machines.NewRig(machines.RigConfig{
		Plant: m.Plant, Lines: b.lines, Outputs: outputs, Inputs: inputs, Clock: b.clock, Observe: observe,
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// at has f done at a time after the start.
func (b *bench) at(d time.Duration, f func()) { b.clock.At(start.Add(d), f) }

// run runs the clock until a time after the start.
func (b *bench) run(end time.Duration) {
	b.t.Helper()
	b.at(end, b.clock.Stop)
	if err := b.clock.Run(b.t.Context()); err != nil {
		b.t.Fatal(err)
	}
	if got := b.clock.Now().Sub(start); got != end {
		b.t.Fatalf("the clock stands at %s, want %s", got, end)
	}
}

// task gives a Task; done is called with what it is answered: JSON, or an error name.
func (b *bench) task(activity, input string, done func(answer string)) (cancel func()) {
	b.t.Helper()
	in, err := value.Read([]byte(input))
	if err != nil {
		b.t.Fatal(err)
	}
	task := engine.Task{Top: "test", State: "Test", Activity: activity, Input: in}
	return b.rig.Handler(activity).Start(task, reply(done))
}

// must gives a Task that must succeed at once.
func (b *bench) must(activity, input string) {
	b.t.Helper()
	answer := "nothing"
	b.task(activity, input, func(a string) { answer = a })
	if !strings.HasPrefix(answer, "{") {
		b.t.Errorf("at %s: %s %s: got %s, want success", b.clock.Now().Sub(start), activity, input, answer)
	}
}

type reply func(answer string)

func (r reply) Succeed(output any)      { r(value.Text(output)) }
func (r reply) Fail(name, cause string) { r(name + ": " + cause) }
func (reply) Heartbeat()                {}
func (reply) Started(string)            {}
func (reply) Submit(any)                {}

func TestTasksMoveTheLines(t *testing.T) {
	b := newBench(t, false, 0)
	var call, both, early string
	b.at(0, func() {
		b.task("set-signals", `{"north-south": "green"}`, func(a string) { early = a })
	})
	b.at(31500*time.Millisecond, func() { b.task("await-call", `{}`, func(a string) { call = a }) })
	b.at(6*time.Second, func() { b.must("set-signals", `{"north-south": "green", "north-south-pedestrians": "walk"}`) })
	b.at(7*time.Second, func() {
		b.task("set-signals", `{"north-south": "green", "east-west": "green"}`, func(a string) { both = a })
		if !b.panel.Level("north-south.walk") || b.panel.Level("east-west.green") {
			t.Errorf("got %s lit after a refused command", b.inspector.lit())
		}
	})
	b.at(8*time.Second, func() { b.panel.Drive("east-west.button", true) })
	b.at(8*time.Second+10*time.Millisecond, func() {
		if len(b.notes) > 0 {
			t.Errorf("got notes %q before the button's debounce", b.notes)
		}
	})
	b.at(8*time.Second+200*time.Millisecond, func() { b.panel.Drive("east-west.button", false) })
	b.at(13*time.Second, func() { b.must("set-signals", `{"north-south-pedestrians": "dont-walk"}`) })
	b.at(24*time.Second, func() { b.must("set-signals", `{"north-south": "amber"}`) })
	b.at(28*time.Second, func() { b.must("set-signals", `{"north-south": "red"}`) })
	b.at(30*time.Second, func() { b.must("set-signals", `{"east-west": "green", "east-west-pedestrians": "walk"}`) })
	b.run(32 * time.Second)

	if want := callsAre(aCar, noCalls); call != want { // recall
		t.Errorf("await-call: got %s, want %s", call, want)
	}
	if !strings.HasPrefix(early, intersection.ErrClearance+": ") {
		t.Errorf("green at power-up: got %s, want %s", early, intersection.ErrClearance)
	}
	if !strings.HasPrefix(both, intersection.ErrConflict+": ") {
		t.Errorf("both greens: got %s, want %s", both, intersection.ErrConflict)
	}
	if want := "east-west.green east-west.walk north-south.dont-walk north-south.red"; b.inspector.lit() != want {
		t.Errorf("got %s, want %s", b.inspector.lit(), want)
	}
	if want := []string{"call: east-west pedestrians"}; !slices.Equal(b.notes, want) {
		t.Errorf("got notes %q, want %q", b.notes, want)
	}
}

func TestFlashRedMovesTheLines(t *testing.T) {
	b := newBench(t, false, 0)
	answered := ""
	flashes := 0
	b.panel.OnOutput("north-south.red", func(high bool) {
		if at := b.clock.Now().Sub(start); high && at > 12*time.Second && at <= 72*time.Second {
			flashes++
		}
	})
	b.at(6*time.Second, func() { b.must("set-signals", `{"east-west": "green"}`) })
	b.at(8*time.Second, func() {
		cancel := b.task("flash-red", `{}`, func(a string) { answered = a })
		b.at(100*time.Second, cancel)
	})
	b.at(110*time.Second, func() {
		b.must("set-signals", `{"north-south": "red", "east-west": "red"}`)
	})
	b.at(116*time.Second, func() { b.must("set-signals", `{"east-west": "green"}`) })
	b.run(2 * time.Minute)
	if answered != "" {
		t.Errorf("flash-red was answered with %s", answered)
	}
	if flashes < 50 || flashes > 60 {
		t.Errorf("got %d flashes in a minute, want 50 to 60", flashes)
	}
}

// TestALineThatBreaks: when a lamp cannot be lit, all lines go to their safe levels and nothing moves again.
func TestALineThatBreaks(t *testing.T) {
	b := newBench(t, false, 0)
	var answers []string
	hear := func(a string) { answers = append(answers, a) }
	b.at(6*time.Second, func() {
		if err := b.panel.Break("north-south.green"); err != nil {
			t.Error(err)
		}
		b.task("set-signals", `{"north-south": "green"}`, hear)
		b.task("flash-red", `{}`, hear)
	})
	b.run(10 * time.Second)
	if len(answers) != 2 {
		t.Errorf("got answers %q, want two", answers)
	}
	for _, a := range answers {
		if !strings.HasPrefix(a, machines.ErrLine+": ") {
			t.Errorf("got %s, want %s", a, machines.ErrLine)
		}
	}
	if want := "east-west.dont-walk east-west.red north-south.dont-walk north-south.red"; b.inspector.lit() != want {
		t.Errorf("got %s, want %s", b.inspector.lit(), want)
	}
}

// drive is a definition in Go: green in turn, with walk for those who asked.
func (b *bench) drive(phase, other string) {
	set := func(aspect string) { b.must("set-signals", `{"`+phase+`": "`+aspect+`"}`) }
	interval := func(then func()) { b.task("await-interval", `{"phase": "`+phase+`"}`, func(string) { then() }) }
	hold := func() {
		b.task("hold-green", `{"phase": "`+phase+`"}`, func(string) {
			b.clock.Post(func() {
				set("amber")
				interval(func() {
					b.clock.Post(func() { set("red"); interval(func() { b.clock.Post(func() { b.drive(other, phase) }) }) })
				})
			})
		})
	}
	b.task("await-call", `{}`, func(calls string) {
		b.clock.Post(func() {
			set("green")
			if !strings.Contains(calls, `"`+phase+`":{"pedestrian":true`) {
				hold()
				return
			}
			b.must("set-signals", `{"`+phase+`-pedestrians": "walk"}`)
			interval(func() {
				b.clock.Post(func() {
					b.must("set-signals", `{"`+phase+`-pedestrians": "dont-walk"}`)
					hold()
				})
			})
		})
	})
}

func TestAnHourOfTraffic(t *testing.T) {
	b := newBench(t, true, 1)
	b.at(6*time.Second, func() { b.drive("north-south", "east-west") })
	walked := 0
	b.panel.OnOutput("east-west.walk", func(high bool) {
		if high {
			walked++
		}
	})
	b.run(time.Hour)
	v := b.world.View().(intersection.View)
	// 2 sides × 300 cars and 2 × 200 an hour come; one in three being stuck would be a jam.
	if v.Passed < 700 {
		t.Errorf("got %d cars passed in an hour, want most of about 1000: %+v", v.Passed, v)
	}
	if walked < 10 {
		t.Errorf("got %d walks east-west in an hour, want some 30", walked)
	}
	if b.inspector.greens < 60 {
		t.Errorf("got %d greens in an hour", b.inspector.greens)
	}
}
