package intersection_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"signalbox/machines"
	"signalbox/machines/intersection"
)

// drawConfig makes a crossing of two to eight phases with random conflicts and times, which it need not be sensible to have
// but which must be kept.
func drawConfig(t *rapid.T) *intersection.Config {
	t.Helper()
	if rapid.IntRange(0, 4).Draw(t, "which") == 0 {
		return parse(t, string(intersection.DualRing().Config))
	}
	phases := rapid.IntRange(2, 8).Draw(t, "phases")
	style := rapid.SampledFrom([]string{"us", "uk"}).Draw(t, "style")
	seconds := func(what string, least, most int) string {
		return fmt.Sprintf("%dms", 100*rapid.IntRange(10*least, 10*most).Draw(t, what))
	}
	var b strings.Builder
	p := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	p("style: %s", style)
	p("approaches: {a: {from: [north], speed: 30mph, width: 30ft}, b: {from: [east], speed: 50km/h, width: 9m}}")
	p("heads:")
	for i := range phases {
		p("  h%d: {approach: %s}", i, []string{"a", "b"}[i%2])
	}
	walks := make([]bool, phases)
	p("pedestrians:")
	p("  w0: {crossing: 30ft}")
	walks[0] = true
	for i := 1; i < phases; i++ {
		if walks[i] = rapid.Bool().Draw(t, "walks"); walks[i] {
			p("  w%d: {crossing: 30ft}", i)
		}
	}
	p("phases:")
	for i := range phases {
		p("  p%d:", i)
		p("    heads: [h%d]", i)
		p("    detectors: [d%d]", i)
		p("    recall: %s", rapid.SampledFrom([]string{"none", "none", "minimum", "maximum"}).Draw(t, "recall"))
		p("    red-clearance: %s", seconds("red clearance", 2, 6))
		p("    maximum-green: %s", seconds("maximum", 10, 30))
		if style == "us" {
			p("    yellow: %s", seconds("yellow", 4, 6))
		}
		if walks[i] {
			p("    pedestrians: [w%d]", i)
			p("    buttons: [b%d]", i)
			p("    walk: %s", seconds("walk", 4, 9))
			p("    pedestrian-clearance: %s", seconds("clearance", 9, 15))
		}
	}
	p("conflicts:")
	for i := range phases {
		var with []string
		for j := i + 1; j < phases; j++ {
			if rapid.IntRange(0, 2).Draw(t, "conflict") > 0 {
				with = append(with, fmt.Sprintf("h%d", j))
			}
		}
		p("  h%d: [%s]", i, strings.Join(with, ", "))
	}
	p("emergencies: {siren: {phases: [p0], at-most: 1m}}")
	p("detectors: {no-activity: 2m, maximum-presence: 1m, most-counts: 20}")
	if rapid.Bool().Draw(t, "night") {
		p(`night: {from: "00:03", to: "00:10"}`)
	}
	return parse(t, b.String())
}

// drawCommand asks for some aspects of some heads, or for what a definition would ask next.
func drawCommand(t *rapid.T, c *crossing) string {
	phases := c.config.Phases
	part := func(name, aspect string) string { return fmt.Sprintf("%q: %q", name, aspect) }
	switch rapid.SampledFrom([]string{"any", "go on", "go on", "go on", "all red"}).Draw(t, "command") {
	case "all red":
		var all []string
		for _, p := range phases {
			all = append(all, part(p.Name, "red"))
		}
		return "{" + strings.Join(all, ", ") + "}"
	case "any":
		var some []string
		for _, p := range phases {
			if a := rapid.SampledFrom([]string{"", "", "", "red", "amber", "green"}).Draw(t, "aspect"); a != "" {
				some = append(some, part(p.Name, a))
			}
			if a := rapid.SampledFrom([]string{"", "", "", "walk", "dont-walk"}).Draw(t, "walk"); a != "" {
				some = append(some, part(p.Name+"-pedestrians", a))
			}
		}
		return "{" + strings.Join(some, ", ") + "}"
	}
	p := rapid.SampledFrom(phases).Draw(t, "phase")
	lit := func(line string) bool { return c.inspector.lamps[line] }
	head := p.Heads[0].Name
	for _, w := range p.Crosswalks {
		if lit(w.Name + ".walk") {
			return "{" + part(p.Name+"-pedestrians", "dont-walk") + "}"
		}
	}
	switch {
	case lit(head + ".green"):
		return "{" + part(p.Name, "amber") + "}"
	case lit(head + ".amber"):
		return "{" + part(p.Name, "red") + "}"
	case len(p.Crosswalks) > 0 && rapid.Bool().Draw(t, "on foot"):
		return "{" + part(p.Name, "green") + ", " + part(p.Name+"-pedestrians", "walk") + "}"
	}
	return "{" + part(p.Name, "green") + "}"
}

// TestWhateverIsAsked has the inspector watch long random sequences of commands, edges and pauses, sensible and not, on
// random crossings: no two conflicting greens, no amber, walk or clearance cut short.
func TestWhateverIsAsked(t *testing.T) {
	pauses := []time.Duration{
		0, time.Nanosecond, 300 * time.Millisecond, time.Second, 2*time.Second - 1, 2 * time.Second,
		3*time.Second - 1, 3 * time.Second, 4 * time.Second, 6*time.Second - 1, 6 * time.Second,
		11 * time.Second, 14*time.Second - 1, 15 * time.Second, time.Minute,
	}
	const doings = "command command command command pause pause pause pause go-on go-on move move move task cancel"
	greens, walks, flashes := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		c := powerUpOf(t, drawConfig(t), start)
		for range rapid.SampledFrom([]int{5, 50, 100, 200}).Draw(t, "steps") {
			switch rapid.SampledFrom(strings.Fields(doings)).Draw(t, "doing") {
			case "command", "go-on":
				command := drawCommand(t, c)
				ticket := c.do("set-signals", command)
				if a, ok := c.answers[ticket]; ok && a.Error != "" && a.Cause == "" {
					t.Fatalf("%s: %s without a cause", command, a.Error)
				}
			case "pause":
				c.pass(rapid.SampledFrom(pauses).Draw(t, "pause"))
			case "move":
				c.apply(rapid.SampledFrom(c.plant.Moves(c.state)).Draw(t, "move"))
			case "task":
				phase := fmt.Sprintf(`{"phase": %q}`, rapid.SampledFrom(c.config.Phases).Draw(t, "phase").Name)
				activity := rapid.SampledFrom([]string{"await-call", "hold-green", "await-interval"}).Draw(t, "activity")
				c.do(activity, phase)
			case "cancel":
				c.apply(machines.Cancel{Ticket: rapid.Int64Range(0, c.ticket).Draw(t, "ticket")})
				if rapid.IntRange(0, 9).Draw(t, "fail-safe") == 9 {
					c.do("flash-red", rapid.SampledFrom([]string{`{}`, `{"until": "morning"}`}).Draw(t, "until"))
				}
			}
		}
		greens += c.inspector.greens
		walks += c.inspector.walks
		flashes += c.inspector.nights
	})
	if greens == 0 || walks == 0 || flashes == 0 {
		t.Errorf("got %d greens, %d walks, %d flashes: nothing was shown", greens, walks, flashes)
	}
	t.Logf("%d greens, %d walks, %d flashes", greens, walks, flashes)
}
