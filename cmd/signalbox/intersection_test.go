package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// watchLamps follows the lamps through the printed lines alone and returns what must never be seen: two conflicting heads
// lit, a green without amber after it, an amber shorter than 3 s, a change of direction without all-red.
func watchLamps(tb testing.TB, lines []printed) (faults []string, greens int) {
	tb.Helper()
	lit := map[string]bool{}
	since := map[string]time.Time{}
	last := map[string]string{} // by approach, the aspect before red
	var direction string        // of the last green
	allRed := false
	for _, l := range lines {
		if l.Type != "PinChanged" {
			continue
		}
		approach, lamp, _ := strings.Cut(l.Pin, ".")
		if lamp != "red" && lamp != "amber" && lamp != "green" && lamp != "walk" {
			continue
		}
		at, err := time.Parse(time.RFC3339Nano, l.Time)
		if err != nil {
			tb.Fatal(err)
		}
		fault := func(format string, args ...any) { faults = append(faults, l.Time+": "+fmt.Sprintf(format, args...)) }
		if l.Details["why"] == "the run is over" {
			break // the safe levels
		}
		other := map[string]string{"north-south": "east-west", "east-west": "north-south"}[approach]
		lit[l.Pin] = *l.Level
		switch {
		case *l.Level && (lamp == "green" || lamp == "amber" || lamp == "walk"):
			for _, conflicting := range []string{"green", "amber", "walk"} {
				if lit[other+"."+conflicting] {
					fault("%s.%s is lit beside %s", other, conflicting, l.Pin)
				}
			}
			if lamp == "green" {
				greens++
				if direction == other && !allRed {
					fault("%s got green without all-red before it", approach)
				}
				direction, allRed = approach, false
			}
			if lamp == "amber" && last[approach] != "green" {
				fault("%s.amber follows %s", approach, last[approach])
			}
		case *l.Level && lamp == "red":
			if last[approach] == "green" {
				fault("%s.green was not followed by amber", approach)
			}
		case !*l.Level && lamp == "amber":
			if d := at.Sub(since[l.Pin]); d < 3*time.Second {
				fault("%s.amber was lit for %v", approach, d)
			}
		}
		if *l.Level && lamp != "walk" {
			last[approach] = lamp
		}
		since[l.Pin] = at
		allRed = allRed || lit["north-south.red"] && lit["east-west.red"]
	}
	return faults, greens
}

// It finds an amber or an all-red that is too short, and heads that are wrong beside each other.
func TestTwentyMinutesOfIntersectionShowNothingConflicting(t *testing.T) {
	out := run(t, "run", "intersection", "--speed", "0", "--for", "20m", "--json")
	faults, greens := watchLamps(t, readJSON(t, out))
	if len(faults) > 0 {
		t.Errorf("got\n%s", strings.Join(faults, "\n"))
	}
	if greens < 20 {
		t.Errorf("got %d greens in 20 minutes, want one a minute at least", greens)
	}
}

// The watch itself must see what it is for.
func TestTheWatchOfLampsSeesFaults(t *testing.T) {
	on, off := true, false
	at := func(s int, pin string, level *bool) printed {
		return printed{Time: fmt.Sprintf("2025-01-01T08:00:%02dZ", s), Type: "PinChanged", Pin: pin, Level: level}
	}
	for name, lines := range map[string][]printed{
		"is lit beside":             {at(0, "north-south.green", &on), at(1, "east-west.green", &on)},
		"was not followed by amber": {at(0, "north-south.green", &on), at(9, "north-south.green", &off), at(9, "north-south.red", &on)},
		"was lit for 2s": {
			at(0, "north-south.green", &on), at(1, "north-south.amber", &on), at(3, "north-south.amber", &off),
		},
		"without all-red": {
			at(0, "north-south.green", &on), at(9, "north-south.green", &off), at(10, "east-west.green", &on),
		},
	} {
		faults, _ := watchLamps(t, lines)
		if !strings.Contains(strings.Join(faults, "\n"), name) {
			t.Errorf("got %q, want one that says %q", faults, name)
		}
	}
}

// Whatever the definition asks: each of its Tasks in turn is made to ask for both greens.
func TestADefinitionThatAsksForBothGreens(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../machines/intersection/intersection.asl.json")
	if err != nil {
		t.Fatal(err)
	}
	const both = `"Parameters": {"north-south": "green", "east-west": "green"},`
	changed := 0
	for i, line := range strings.Split(string(text), "\n") {
		if !strings.Contains(line, `"Parameters": {"`) || !strings.Contains(line, "green") && !strings.Contains(line, "red") &&
			!strings.Contains(line, "amber") {
			continue
		}
		changed++
		lines := strings.Split(string(text), "\n")
		lines[i] = both
		file := filepath.Join(t.TempDir(), "both.asl.json")
		if err := os.WriteFile(file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		printed := readJSON(t, run(t, "run", file, "--speed", "0", "--for", "5m", "--json"))
		faults, _ := watchLamps(t, printed)
		for _, f := range faults {
			// On the way to flashing red a green may go dark without amber; nothing conflicting may be lit.
			if strings.Contains(f, "is lit beside") {
				t.Errorf("line %d: %s", i+1, f)
			}
		}
		refused, flashing, flashes := false, false, 0
		for _, p := range printed {
			refused = refused || p.Type == "TaskFailed" && p.Details["error"] == "Interlock.Conflict"
			flashing = flashing || p.State == "FlashingRed"
			if flashing && p.Pin == "east-west.red" && *p.Level {
				flashes++
			}
		}
		if !refused || !flashing || flashes < 100 {
			t.Errorf("line %d: refused %v, flashing red %v, %d flashes; want Interlock.Conflict, then minutes of flashing",
				i+1, refused, flashing, flashes)
		}
	}
	if changed < 9 {
		t.Errorf("changed %d Tasks, want every set-signals with a colour", changed)
	}
}

func TestTwoRunsTellTheSame(t *testing.T) {
	t.Parallel()
	scenario := filepath.Join("..", "..", "examples", "vending", "three-dollars.yaml")
	slow := run(t, "run", "vending", "--scenario", scenario, "--speed", "40", "--plain")
	fast := run(t, "run", "vending", "--scenario", scenario, "--speed", "0", "--plain")
	if string(slow) != string(fast) {
		t.Errorf("at speed 40:\n%s\nat speed 0:\n%s", slow, fast)
	}
	first := run(t, "run", "intersection", "--for", "20m", "--speed", "0", "--plain", "--seed", "5")
	again := run(t, "run", "intersection", "--for", "20m", "--speed", "0", "--plain", "--seed", "5")
	other := run(t, "run", "intersection", "--for", "20m", "--speed", "0", "--plain", "--seed", "6")
	if string(first) != string(again) {
		t.Error("two runs with the same seed differ")
	}
	if string(first) == string(other) {
		t.Error("two runs with different seeds are the same")
	}
}
