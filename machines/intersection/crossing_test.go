package intersection_test

import (
	"fmt"
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
	plant     machines.Plant
	state     machines.State
	now       time.Time
	deadlines []machines.Deadline
	ticket    int64
	answers   map[int64]machines.Answer
	inspector *inspector
}

func powerUp(t failer) *crossing {
	c := &crossing{t: t, plant: intersection.NewPlant(), now: start, answers: map[int64]machines.Answer{}}
	c.inspector = newInspector(start)
	s, r := c.plant.Initial(c.now)
	c.take(s, r)
	return c
}

// take makes the reaction happen, and checks all that must always hold.
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

// happen applies h twice, to see that the plant is a function, and takes what follows.
func (c *crossing) happen(h machines.Happening) machines.Reaction {
	c.t.Helper()
	s, r := c.plant.Apply(c.state, h, c.now)
	again, rAgain := c.plant.Apply(c.state, h, c.now)
	if s != again || show(r) != show(rAgain) {
		c.t.Fatalf("%+v in %+v: got %+v %s, then %+v %s", h, c.state, s, show(r), again, show(rAgain))
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
	if activity == "flash-red" {
		c.inspector.fails()
	}
	r := c.happen(machines.Command{Ticket: c.ticket, Name: activity, Input: in, State: "Test"})
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
	c.happen(machines.Edge{Line: line, High: high})
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
		c.happen(machines.Due{Name: due.Name})
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
	lamps   map[string]bool
	was     map[string]bool      // the lamps when he last looked
	since   map[string]time.Time // when a lamp last changed
	failing bool                 // the fail-safe was asked for, and no lamp has been steady since
	calm    time.Time            // since when all has been red: power-up, or the end of flashing
	greens  int
}

func newInspector(at time.Time) *inspector {
	return &inspector{
		lamps: map[string]bool{}, was: map[string]bool{}, since: map[string]time.Time{}, calm: at,
	}
}

// fails tells him that the fail-safe was asked for: from now on a green may end without amber.
func (i *inspector) fails() { i.failing = true }

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

func (i *inspector) conflict() error {
	goes := func(a string) bool { return i.lamps[a+".green"] || i.lamps[a+".amber"] }
	switch {
	case goes("north-south") && goes("east-west"),
		i.lamps["north-south.walk"] && goes("east-west"),
		i.lamps["east-west.walk"] && goes("north-south"),
		i.lamps["north-south.walk"] && i.lamps["east-west.walk"]:
		return fmt.Errorf("conflict: %s", i.lit())
	}
	return nil
}

// look looks at the lamps as they are at a time.
func (i *inspector) look(at time.Time) error {
	defer func() { i.was = copied(i.lamps) }()
	for line, on := range i.lamps {
		if i.was[line] != on {
			defer func() { i.since[line] = at }()
		}
	}
	for a, b := range map[string]string{"north-south": "east-west", "east-west": "north-south"} {
		if err := i.head(a, b, at); err != nil {
			return err
		}
	}
	return nil
}

// head looks at the heads of approach a, which conflicts with b.
func (i *inspector) head(a, b string, at time.Time) error {
	lasted := func(line string) time.Duration { return at.Sub(i.since[line]) }
	comes := func(line string) bool { return i.lamps[line] && !i.was[line] }
	ends := func(line string) bool { return !i.lamps[line] && i.was[line] }
	red, amber, green := i.lamps[a+".red"], i.lamps[a+".amber"], i.lamps[a+".green"]
	dark := !red && !amber && !green
	switch {
	case i.failing && (amber || green):
		return fmt.Errorf("%s in the fail-safe", i.lit())
	case dark && !i.failing:
		return fmt.Errorf("%s: no lamp lit", a)
	case red && amber || red && green || amber && green:
		return fmt.Errorf("%s: two lamps lit: %s", a, i.lit())
	case ends(a+".green") && !amber && !i.failing:
		return fmt.Errorf("%s: no amber after green", a)
	case ends(a+".amber") && !i.failing && (!red || lasted(a+".amber") < 3*time.Second):
		return fmt.Errorf("%s: amber of %s", a, lasted(a+".amber"))
	case comes(a+".amber") && !ends(a+".green"):
		return fmt.Errorf("%s: amber not after green", a)
	case i.lamps[a+".walk"] && (!green || i.lamps[a+".dont-walk"]):
		return fmt.Errorf("walk with %s", i.lit())
	}
	if comes(a + ".green") {
		i.greens++
		switch {
		case !i.was[b+".red"] || lasted(b+".red") < 2*time.Second:
			return fmt.Errorf("%s green when %s has shown red for %s", a, b, lasted(b+".red"))
		case at.Sub(i.calm) < 6*time.Second:
			return fmt.Errorf("%s green %s after power-up or flashing", a, at.Sub(i.calm))
		case !i.was[b+".dont-walk"] || lasted(b+".dont-walk") < 3*time.Second:
			return fmt.Errorf("%s green when %s dont-walk has been lit for %s", a, b, lasted(b+".dont-walk"))
		case !i.since[b+".walk"].IsZero() && lasted(b+".walk") < 14*time.Second && i.since[b+".walk"].After(i.calm):
			return fmt.Errorf("%s green %s after the end of %s walk", a, lasted(b+".walk"), b)
		}
	}
	return nil
}

// steady tells him that the crossing has left the fail-safe.
func (i *inspector) steady(at time.Time) { i.failing, i.calm = false, at }

func copied(m map[string]bool) map[string]bool {
	c := make(map[string]bool, len(m))
	for k, v := range m {
		c[k] = v
	}
	return c
}
