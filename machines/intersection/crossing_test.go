package intersection_test

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"time"

	"signalbox/asl/value"
	"signalbox/machines"
	"signalbox/machines/intersection"
)

// start is when the tests' crossings power up.
var start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// A failer is a *testing.T or a *rapid.T.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

// A crossing is a plant with the time, the deadlines and the lamps around it, and an inspector who watches the lamps.
type crossing struct {
	t         failer
	config    *intersection.Config
	plant     machines.Plant
	state     machines.State
	now       time.Time
	deadlines []machines.Deadline
	ticket    int64
	answers   map[int64]machines.Answer
	inspector *inspector
}

// twoRoads is the description of the machine intersection.
func twoRoads(t failer) *intersection.Config {
	return parse(t, string(intersection.Machine().Config))
}

func parse(t failer, text string) *intersection.Config {
	t.Helper()
	c, err := intersection.ParseConfig("crossing.yaml", []byte(text))
	if err != nil {
		t.Fatalf("%v in\n%s", err, text)
	}
	return c
}

func powerUp(t failer) *crossing { return powerUpOf(t, twoRoads(t), start) }

func powerUpOf(t failer, config *intersection.Config, at time.Time) *crossing {
	c := &crossing{t: t, config: config, plant: intersection.NewPlant(config), now: at, answers: map[int64]machines.Answer{}}
	c.inspector = newInspector(config, at)
	s, r := c.plant.Initial(c.now)
	c.take(s, r)
	return c
}

// take carries the reaction out, and checks all that must always hold.
func (c *crossing) take(s machines.State, r machines.Reaction) {
	c.t.Helper()
	c.state, c.deadlines = s, r.Deadlines
	for i, l := range r.Levels {
		if i > 0 && !l.High && r.Levels[i-1].High {
			c.t.Fatalf("at %s: got %v, want what goes dark before what is lit", c.now.Sub(start), r.Levels)
		}
		if err := c.inspector.level(l); err != nil {
			c.t.Fatalf("at %s: %v", c.now.Sub(start), err)
		}
	}
	if err := c.inspector.look(c.now); err != nil {
		c.t.Fatalf("at %s: %v", c.now.Sub(start), err)
	}
	for _, a := range r.Answers {
		if old, ok := c.answers[a.Ticket]; ok {
			c.t.Fatalf("ticket %d: got a second answer %+v after %+v", a.Ticket, a, old)
		}
		c.answers[a.Ticket] = a
	}
	for _, i := range c.plant.Invariants() {
		if err := i.Holds(s); err != nil {
			c.t.Fatalf("at %s: not so: %s: %v in %+v", c.now.Sub(start), i.Name, err, s)
		}
	}
}

// apply applies an input twice, to see that the plant is a function, and takes the reaction.
func (c *crossing) apply(in machines.Input) machines.Reaction {
	c.t.Helper()
	s, r := c.plant.Apply(c.state, in, c.now)
	again, rAgain := c.plant.Apply(c.state, in, c.now)
	if s != again || !reflect.DeepEqual(r, rAgain) {
		c.t.Fatalf("%+v in %+v: got %+v %s, then %+v %s", in, c.state, s, show(r), again, show(rAgain))
	}
	c.take(s, r)
	return r
}

// do gives a command with an input in JSON and returns its ticket.
func (c *crossing) do(activity, input string) int64 {
	c.t.Helper()
	in, err := value.Read([]byte(input))
	if err != nil {
		c.t.Fatalf("%s: %v", input, err)
	}
	c.ticket++
	before := c.state
	r := c.apply(machines.Command{Ticket: c.ticket, Name: activity, Input: in, State: "Test"})
	if a, ok := c.answers[c.ticket]; ok && a.Error != "" && (c.state != before || len(r.Levels) > 0) {
		c.t.Fatalf("%s %s was refused and changed %+v to %+v, levels %v", activity, input, before, c.state, r.Levels)
	}
	return c.ticket
}

// set gives a set-signals command and returns the error name and the cause of its answer.
func (c *crossing) set(input string) (name, cause string) {
	c.t.Helper()
	a, ok := c.answers[c.do("set-signals", input)]
	if !ok {
		c.t.Fatalf("set-signals %s: got no answer", input)
	}
	return a.Error, a.Cause
}

// must gives set-signals commands that must be carried out, and lets times pass: "2s".
func (c *crossing) must(steps ...string) {
	c.t.Helper()
	for _, step := range steps {
		if d, err := time.ParseDuration(step); err == nil {
			c.pass(d)
		} else if name, cause := c.set(step); name != "" {
			c.t.Fatalf("set-signals %s: got %s: %s, want success", step, name, cause)
		}
	}
}

func (c *crossing) edge(line string, high bool) {
	c.t.Helper()
	c.apply(machines.Edge{Line: line, High: high})
}

// pass lets time pass, with the deadlines on the way.
func (c *crossing) pass(d time.Duration) {
	c.t.Helper()
	end := c.now.Add(d)
	for {
		i := -1
		for j, dl := range c.deadlines {
			if !dl.At.After(end) && (i < 0 || dl.At.Before(c.deadlines[i].At)) {
				i = j
			}
		}
		if i < 0 {
			break
		}
		due := c.deadlines[i]
		c.deadlines = slices.Delete(slices.Clone(c.deadlines), i, i+1)
		c.now = due.At
		before := slices.Clone(c.deadlines)
		c.apply(machines.Due{Name: due.Name})
		if slices.Contains(c.deadlines, due) {
			c.t.Fatalf("deadline %+v is still there when it has come, beside %+v", due, before)
		}
	}
	c.now = end
}

// lit returns the lines that are lit, in order: "east-west.red north-south.green".
func (c *crossing) lit() string { return c.inspector.lit() }

func show(r machines.Reaction) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%v %v %v", r.Levels, r.Deadlines, r.Notes)
	for _, a := range r.Answers {
		fmt.Fprintf(&b, " %d %s %s %s", a.Ticket, value.Text(a.Output), a.Error, a.Cause)
	}
	return b.String()
}

// An inspector sees nothing of a crossing but its lamps and the time, and knows the rules by himself.
type inspector struct {
	config *intersection.Config
	lamps  map[string]bool
	was    map[string]bool      // the lamps when he last looked
	since  map[string]time.Time // when a lamp last changed
	calm   time.Time            // when all began: power-up, or the end of flashing
	dark   time.Time            // since when all heads were dark; zero: they are not
	greens int
	walks  int
	nights int // times that all heads went dark together
}

func newInspector(config *intersection.Config, at time.Time) *inspector {
	return &inspector{
		config: config, lamps: map[string]bool{}, was: map[string]bool{}, since: map[string]time.Time{}, calm: at,
	}
}

func (i *inspector) lit() string {
	var lines []string
	for line, on := range i.lamps {
		if on {
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return strings.Join(lines, " ")
}

// level changes one lamp: even between two lamps of one reaction nothing may be lit that conflicts.
func (i *inspector) level(l machines.Level) error {
	i.lamps[l.Line] = l.High
	return i.conflict()
}

// goes reports whether cars or pedestrians of a phase may be on the road.
func (i *inspector) goes(p int) bool {
	phase := i.config.Phases[p]
	for _, h := range phase.Heads {
		if i.lamps[h.Name+".green"] || i.lamps[h.Name+".amber"] {
			return true
		}
	}
	for _, w := range phase.Crosswalks {
		if i.lamps[w.Name+".walk"] {
			return true
		}
	}
	return false
}

// starting reports whether no head has had green since power-up: in the UK all but one phase then show amber.
func (i *inspector) starting() bool { return i.config.Style == intersection.UK && i.greens == 0 }

func (i *inspector) conflict() error {
	for p := range i.config.Phases {
		for q := range i.config.Phases {
			if p < q && i.config.Conflict(p, q) && i.goes(p) && i.goes(q) && !i.starting() {
				return fmt.Errorf("conflict: %s", i.lit())
			}
		}
	}
	return nil
}

// look looks at the lamps as they are at a time.
func (i *inspector) look(at time.Time) error {
	defer func() { i.was = copied(i.lamps) }()
	allDark := true
	for line, on := range i.lamps {
		if i.was[line] != on {
			defer func() { i.since[line] = at }()
		}
		allDark = allDark && !on
	}
	switch {
	case allDark && i.dark.IsZero():
		i.dark = at
		i.nights++
	case !allDark && !i.dark.IsZero():
		if d := at.Sub(i.dark); d > intersection.FlashDark && !i.starting() {
			return fmt.Errorf("all was dark for %s", d)
		}
		i.dark, i.calm = time.Time{}, at
	}
	for p := range i.config.Phases {
		for _, h := range i.config.Phases[p].Heads {
			if err := i.head(p, h.Name, at, allDark); err != nil {
				return err
			}
		}
		for _, w := range i.config.Phases[p].Crosswalks {
			if err := i.crosswalk(p, w.Name, at); err != nil {
				return err
			}
		}
	}
	return nil
}

func (i *inspector) lasted(line string, at time.Time) time.Duration { return at.Sub(i.since[line]) }
func (i *inspector) comes(line string) bool                         { return i.lamps[line] && !i.was[line] }

func (i *inspector) ends(line string) bool { return !i.lamps[line] && i.was[line] }

// head looks at a head of phase p.
func (i *inspector) head(p int, a string, at time.Time, allDark bool) error {
	phase := &i.config.Phases[p]
	red, amber, green := i.lamps[a+".red"], i.lamps[a+".amber"], i.lamps[a+".green"]
	uk := i.config.Style == intersection.UK
	ready := uk && red && amber // green is to come
	switch {
	case !red && !amber && !green && !allDark:
		return fmt.Errorf("%s: no lamp lit, and %s", a, i.lit())
	case red && amber && !uk, red && green, amber && green:
		return fmt.Errorf("%s: two lamps lit: %s", a, i.lit())
	case i.ends(a+".green") && !amber:
		return fmt.Errorf("%s: no amber after green", a)
	case i.ends(a+".amber") && !green && (!red || i.lasted(a+".amber", at) < phase.Yellow):
		return fmt.Errorf("%s: amber of %s", a, i.lasted(a+".amber", at))
	case i.comes(a+".amber") && !i.ends(a+".green") && !ready && !i.starting():
		return fmt.Errorf("%s: amber not after green", a)
	case i.comes(a+".green") && uk && (!i.was[a+".red"] || i.lasted(a+".amber", at) < 2*time.Second):
		return fmt.Errorf("%s: green without red and amber for 2 s", a)
	}
	if i.comes(a+".green") || ready && i.comes(a+".amber") {
		return i.mayGo(p, a, at)
	}
	return nil
}

// mayGo looks at all that conflicts with a green that comes.
func (i *inspector) mayGo(p int, a string, at time.Time) error {
	i.greens++
	least := intersection.StartUpRed
	if i.config.Style == intersection.UK && i.greens <= len(i.config.Phases) {
		least = 0 // dark, amber and red have been before it
	}
	if at.Sub(i.calm) < least {
		return fmt.Errorf("%s green %s after power-up or flashing", a, at.Sub(i.calm))
	}
	for q, other := range i.config.Phases {
		if !i.config.Conflict(p, q) {
			continue
		}
		for _, h := range other.Heads {
			if !i.was[h.Name+".red"] || i.lasted(h.Name+".red", at) < other.RedClearance {
				return fmt.Errorf("%s green when %s has shown red for %s", a, h.Name, i.lasted(h.Name+".red", at))
			}
		}
		for _, w := range other.Crosswalks {
			walked := i.since[w.Name+".walk"]
			switch {
			case !i.was[w.Name+".dont-walk"] || i.lasted(w.Name+".dont-walk", at) < 3*time.Second:
				return fmt.Errorf("%s green when %s dont-walk has been lit for %s", a, w.Name, i.lasted(w.Name+".dont-walk", at))
			case !walked.IsZero() && at.Sub(walked) < other.PedestrianClearance+3*time.Second && walked.After(i.calm):
				return fmt.Errorf("%s green %s after the end of %s walk", a, at.Sub(walked), w.Name)
			}
		}
	}
	return nil
}

// crosswalk looks at a pedestrian head of phase p.
func (i *inspector) crosswalk(p int, w string, at time.Time) error {
	phase := &i.config.Phases[p]
	green := i.lamps[phase.Heads[0].Name+".green"]
	switch {
	case i.lamps[w+".walk"] && (!green || i.lamps[w+".dont-walk"]):
		return fmt.Errorf("walk with %s", i.lit())
	case i.ends(w+".walk") && i.lasted(w+".walk", at) < phase.Walk:
		return fmt.Errorf("%s: walk of %s", w, i.lasted(w+".walk", at))
	case i.comes(w + ".walk"):
		i.walks++
	}
	return nil
}

func copied(m map[string]bool) map[string]bool {
	c := make(map[string]bool, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}
