package monitor_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"signalbox/asl/engine"
	"signalbox/machines"
	"signalbox/machines/monitor"
)

var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// watch is a crossing of two roads with a crosswalk along the first.
var watch = machines.Watch{
	Channels: []machines.Channel{
		{Name: "a", Red: "a.red", Amber: "a.amber", Green: "a.green"},
		{Name: "b", Red: "b.red", Amber: "b.amber", Green: "b.green"},
		{Name: "a-walk", Walk: "a.walk", DontWalk: "a.dont-walk"},
	},
	Conflicts: [][2]int{{0, 1}, {1, 2}},
}

// A cabinet is a monitor with lamps that the test lights.
type cabinet struct {
	clock   *engine.Clock
	lamps   map[string]bool
	broken  map[string]bool // cannot be read
	latch   monitor.Latch
	fault   *monitor.Fault
	at      time.Duration // when it tripped
	latched error
	monitor *monitor.Monitor
	reports bool // the controller reports each change to the monitor
	flashes int
	writes  int
}

func newCabinet(w machines.Watch, latch monitor.Latch) *cabinet {
	c := &cabinet{
		clock: engine.NewSimulated(start, 0), latch: latch,
		lamps: map[string]bool{"a.red": true, "b.red": true, "a.dont-walk": true}, broken: map[string]bool{},
	}
	var err error
	c.monitor, err = monitor.New(monitor.Config{Watch: &w, Clock: c.clock, Lamps: c, Latch: latch, Trip: func(f *monitor.Fault, latch error) {
		c.fault, c.latched, c.at = f, latch, c.clock.Now().Sub(start)
	}})
	if err != nil {
		panic(err)
	}
	c.feed()
	return c
}

func (c *cabinet) feed() {
	c.monitor.Feed()
	c.clock.AfterFunc(500*time.Millisecond, c.feed)
}

func (c *cabinet) Lamp(line string) (monitor.Lamp, error) {
	if line == "missing" {
		return nil, errors.New("no such line")
	}
	return lamp{c, line}, nil
}

// A lamp is one of a cabinet.
type lamp struct {
	cabinet *cabinet
	line    string
}

func (l lamp) Read() (bool, error) {
	if l.cabinet.broken[l.line] {
		return false, errors.New("no answer from " + l.line)
	}
	return l.cabinet.lamps[l.line], nil
}

func (l lamp) Write(lit bool, _ string) error {
	c := l.cabinet
	c.writes++
	if l.line == "b.red" && lit && !c.lamps[l.line] {
		c.flashes++
	}
	c.lamps[l.line] = lit
	return nil
}

// set changes lamps at a time: "a.red- a.green+".
func (c *cabinet) set(at time.Duration, changes string) {
	c.clock.At(start.Add(at), func() {
		for _, change := range strings.Fields(changes) {
			c.lamps[change[:len(change)-1]] = strings.HasSuffix(change, "+")
		}
		if c.reports {
			c.monitor.Changed()
		}
	})
}

func (c *cabinet) run(t interface{ Fatal(...any) }, end time.Duration) {
	c.clock.At(start.Add(end), c.clock.Stop)
	if err := c.clock.Run(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// thresholds are faults with the longest time that must not trip and the shortest that must. Before it the lamps are made
// ready; the fault begins with one change and ends with the other.
var thresholds = []struct {
	name         string
	ready        string // at 1 s
	begins, ends string
	not, must    time.Duration
	latest       time.Duration // after its beginning, when it has tripped
	kind         string
	detail       string
}{
	{
		name: "two greens", ready: "a.red- a.green+", begins: "b.red- b.green+", ends: "b.green- b.red+",
		not: 200 * time.Millisecond, must: 450 * time.Millisecond, latest: 450 * time.Millisecond,
		kind: monitor.Conflict, detail: "a.green and b.green",
	},
	{
		name: "walk against green", ready: "a.red- a.green+ a.walk+ a.dont-walk-", begins: "b.red- b.green+", ends: "b.green- b.red+",
		not: 200 * time.Millisecond, must: 450 * time.Millisecond, latest: 450 * time.Millisecond,
		kind: monitor.Conflict, detail: "a.green and b.green",
	},
	{
		name: "walk alone against green", ready: "a.walk+ a.dont-walk-", begins: "b.red- b.green+", ends: "b.green- b.red+",
		not: 200 * time.Millisecond, must: 450 * time.Millisecond, latest: 450 * time.Millisecond,
		kind: monitor.Conflict, detail: "b.green and a.walk",
	},
	{
		name: "green against yellow", ready: "b.red- b.green+", begins: "b.green- b.amber+ a.red- a.green+", ends: "a.green- a.amber- a.red+",
		not: 0, must: 450 * time.Millisecond, latest: 450 * time.Millisecond, // it also has no yellow afterwards
		kind: monitor.Conflict, detail: "a.green and b.amber",
	},
	{
		name: "no lamp", begins: "a.red-", ends: "a.red+", not: 700 * time.Millisecond, must: 900 * time.Millisecond,
		latest: 900 * time.Millisecond, kind: monitor.RedFail, detail: "a has had no lamp lit",
	},
	{
		name: "red and green", ready: "b.red- b.green+", begins: "b.red+", ends: "b.red-", not: 950 * time.Millisecond,
		must: 1100 * time.Millisecond, latest: 1100 * time.Millisecond, kind: monitor.Dual, detail: "b has had two lamps lit",
	},
	{
		name: "red and amber", begins: "b.amber+", ends: "b.amber-", not: 950 * time.Millisecond,
		must: 1100 * time.Millisecond, latest: 1100 * time.Millisecond, kind: monitor.Dual, detail: "b has had two lamps lit",
	},
}

// TestThresholds: at whatever moment a fault begins between two looks, it trips in time, and what is shorter does not.
func TestThresholds(t *testing.T) {
	for _, tt := range thresholds {
		t.Run(tt.name, rapid.MakeCheck(func(t *rapid.T) {
			offset := time.Duration(rapid.Int64Range(0, int64(100*time.Millisecond)).Draw(t, "offset"))
			for _, lasts := range []time.Duration{tt.not, tt.must} {
				if lasts == 0 {
					continue
				}
				c := newCabinet(watch, &monitor.Memory{})
				c.set(time.Second, tt.ready)
				c.set(2*time.Second+offset, tt.begins)
				c.clock.At(start.Add(2*time.Second+offset+lasts), func() {
					if c.fault == nil {
						c.set(c.clock.Now().Sub(start), tt.ends)
					}
				})
				// Some ends skip a yellow: another test covers that.
				c.run(t, 2*time.Second+offset+lasts-1)
				took := c.at - 2*time.Second - offset
				switch {
				case lasts == tt.not && c.fault != nil:
					t.Fatalf("%v of it: tripped after %v: %v", lasts, took, c.fault)
				case lasts == tt.must && (c.fault == nil || c.fault.Kind != tt.kind || !strings.Contains(c.fault.Detail, tt.detail)):
					t.Fatalf("%v of it: got %v, want %s with %q", lasts, c.fault, tt.kind, tt.detail)
				case lasts == tt.must && took > tt.latest:
					t.Fatalf("tripped after %v, want %v at the latest", took, tt.latest)
				}
			}
		}))
	}
}

// TestYellow: too short a yellow trips when it ends, one long enough does not; none at all trips at once.
func TestYellow(t *testing.T) {
	for _, tt := range []struct {
		yellow  time.Duration
		reports bool // the controller reports when it changes lamps: then the time is exact
		trips   bool
	}{
		{2690 * time.Millisecond, true, true},
		{2700 * time.Millisecond, true, false},
		{2600 * time.Millisecond, false, true},
		{2800 * time.Millisecond, false, false},
		{3 * time.Second, false, false},
		{0, true, true},
		{0, false, true},
	} {
		c := newCabinet(watch, &monitor.Memory{})
		c.reports = tt.reports
		c.set(time.Second, "a.red- a.green+")
		c.set(9*time.Second+13*time.Millisecond, "a.green- a.amber+")
		if tt.yellow == 0 {
			c.set(9*time.Second+13*time.Millisecond, "a.amber- a.red+")
		} else {
			c.set(9*time.Second+13*time.Millisecond+tt.yellow, "a.amber- a.red+")
		}
		c.run(t, 20*time.Second)
		if (c.fault != nil) != tt.trips || c.fault != nil && c.fault.Kind != monitor.Yellow {
			t.Errorf("yellow of %v: got %v", tt.yellow, c.fault)
		}
	}
}

// TestWhatIsAsItShouldBe: a cycle, flashing red, and UK's start-up and red and amber do not trip.
func TestWhatIsAsItShouldBe(t *testing.T) {
	uk := watch
	uk.UK, uk.StartDark = true, 7*time.Second
	for name, tt := range map[string]struct {
		watch machines.Watch
		lamps map[time.Duration]string
	}{
		"a cycle": {watch, map[time.Duration]string{
			6: "a.red- a.green+ a.walk+ a.dont-walk-", 13: "a.walk- a.dont-walk+", 30: "a.green- a.amber+", 34: "a.amber- a.red+",
			36: "b.red- b.green+", 50: "b.green- b.amber+", 54: "b.amber- b.red+",
		}},
		"uk": {uk, map[time.Duration]string{
			0: "a.red- b.red- a.dont-walk-", 7: "a.red+ b.amber+ a.dont-walk+", 10: "b.amber- b.red+", 12: "a.amber+",
			14: "a.amber- a.red- a.green+", 30: "a.green- a.amber+", 33: "a.amber- a.red+",
		}},
	} {
		c := newCabinet(tt.watch, &monitor.Memory{})
		for at, changes := range tt.lamps {
			c.set(at*time.Second, changes)
		}
		c.run(t, time.Minute)
		if c.fault != nil {
			t.Errorf("%s: tripped at %v: %v", name, c.at, c.fault)
		}
	}
	c := newCabinet(watch, &monitor.Memory{})
	for at := time.Second; at < time.Minute; at += 1100 * time.Millisecond {
		c.set(at, "a.red- b.red- a.dont-walk-")
		c.set(at+500*time.Millisecond, "a.red+ b.red+")
	}
	c.run(t, time.Minute)
	if c.fault != nil {
		t.Errorf("flashing red tripped: %v", c.fault)
	}
}

func TestAControllerThatFallsSilent(t *testing.T) {
	c := newCabinet(watch, &monitor.Memory{})
	c.run(t, time.Hour)
	if c.fault != nil {
		t.Fatalf("tripped at %v while it was fed: %v", c.at, c.fault)
	}
	silent := newCabinet(watch, &monitor.Memory{})
	silent.clock = engine.NewSimulated(start, 0)
	var err error
	silent.monitor, err = monitor.New(monitor.Config{
		Watch: &watch, Clock: silent.clock, Lamps: silent, Latch: silent.latch,
		Trip: func(f *monitor.Fault, _ error) { silent.fault, silent.at = f, silent.clock.Now().Sub(start) },
	})
	if err != nil {
		t.Fatal(err)
	}
	silent.run(t, 10*time.Second)
	if silent.fault == nil || silent.fault.Kind != monitor.Controller || silent.at < 2*time.Second || silent.at > 2100*time.Millisecond {
		t.Errorf("got %v after %v, want %s just after 2 s", silent.fault, silent.at, monitor.Controller)
	}
}

// A board without one of the lamps is found before anything is watched.
func TestALampThatIsMissing(t *testing.T) {
	c := newCabinet(watch, &monitor.Memory{})
	for i := range 5 {
		w := machines.Watch{Channels: slices.Clone(watch.Channels)}
		*[]*string{
			&w.Channels[0].Red, &w.Channels[0].Amber, &w.Channels[1].Green, &w.Channels[2].Walk, &w.Channels[2].DontWalk,
		}[i] = "missing"
		if m, err := monitor.New(monitor.Config{Watch: &w, Clock: c.clock, Lamps: c, Latch: c.latch}); err == nil || m != nil {
			t.Errorf("lamp %d: got %v, %v; want an error", i, m, err)
		}
	}
}

func TestLampsThatCannotBeRead(t *testing.T) {
	c := newCabinet(watch, &monitor.Memory{})
	c.clock.AfterFunc(time.Second, func() { c.broken["b.amber"] = true })
	c.run(t, 2*time.Second)
	if c.fault == nil || c.fault.Kind != monitor.ReadBack || !strings.Contains(c.fault.Detail, "b.amber") {
		t.Errorf("got %v", c.fault)
	}
}

// TestATripFlashesAndIsKept: all but the reds go dark, these flash 50 to 60 times a minute, and the next monitor flashes from
// its first moment, until a person has cleared the fault.
func TestATripFlashesAndIsKept(t *testing.T) {
	dir := t.TempDir()
	c := newCabinet(watch, monitor.File{Dir: dir})
	c.set(time.Second, "a.red- a.green+ b.red- b.green+")
	c.run(t, 61500*time.Millisecond)
	if c.fault == nil || c.latched != nil {
		t.Fatalf("got %v, latch %v", c.fault, c.latched)
	}
	if c.lamps["a.green"] || c.lamps["b.green"] || c.lamps["a.dont-walk"] {
		t.Errorf("got %v lit, want nothing but red", c.lamps)
	}
	if c.flashes < 50 || c.flashes > 60 {
		t.Errorf("got %d flashes in a minute, want 50 to 60", c.flashes)
	}
	next := newCabinet(watch, monitor.File{Dir: dir})
	if next.fault == nil || *next.fault != *c.fault || next.at != 0 {
		t.Errorf("after a restart: got %+v at %v, want %+v at once", next.fault, next.at, c.fault)
	}
	if f, err := (monitor.File{Dir: dir}).Clear(monitor.Cleared{By: "Anna", At: start}); err != nil || f == nil || f.Kind != monitor.Conflict {
		t.Errorf("cleared: got %v, %v", f, err)
	}
	if text, err := os.ReadFile(filepath.Join(dir, "faults-cleared.jsonl")); err != nil || !strings.Contains(string(text), `"clearedBy":"Anna"`) {
		t.Errorf("who cleared it is not kept: %s, %v", text, err)
	}
	if f, err := (monitor.File{Dir: dir}).Clear(monitor.Cleared{}); f != nil || err != nil {
		t.Errorf("cleared again: got %v, %v; want nothing", f, err)
	}
	last := newCabinet(watch, monitor.File{Dir: dir})
	last.run(t, 10*time.Second)
	if last.fault != nil {
		t.Errorf("after it was cleared: got %v", last.fault)
	}
}

// A latch that cannot be read counts as a fault.
func TestADamagedLatchIsAFault(t *testing.T) {
	for _, text := range []string{"", "{", "{}", `{"kind": ""}`, "\x00\x00"} {
		dir := t.TempDir()
		if err := os.WriteFile(filepath.Join(dir, monitor.FileName), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if c := newCabinet(watch, monitor.File{Dir: dir}); c.fault == nil {
			t.Errorf("%q: the monitor has not tripped", text)
		}
		if f, err := (monitor.File{Dir: dir}).Clear(monitor.Cleared{By: "Anna"}); f == nil || err != nil {
			t.Errorf("%q: cleared: got %v, %v", text, f, err)
		}
	}
}

// A latch that cannot be written is reported, and the lamps flash nevertheless.
func TestALatchThatCannotBeWritten(t *testing.T) {
	c := newCabinet(watch, full{})
	c.set(time.Second, "a.red- a.green+ b.red- b.green+")
	c.run(t, 10*time.Second)
	if c.latched == nil || c.flashes < 5 {
		t.Errorf("got latch error %v, %d flashes", c.latched, c.flashes)
	}
}

type full struct{}

func (full) Load() (*monitor.Fault, error) { return nil, nil }
func (full) Store(*monitor.Fault) error    { return fmt.Errorf("disk full") }
