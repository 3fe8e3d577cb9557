package main_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"signalbox/internal/race"
	"signalbox/machines/intersection"
)

// watchPhases follows the lamps of any crossing through the printed lines alone and returns what must never be seen: lamps of
// conflicting heads lit together, green without amber after it, an amber or a red clearance that is too short.
func watchPhases(tb testing.TB, c *intersection.Config, lines []printed) (faults []string, greens map[string]int) {
	tb.Helper()
	lit, since, greens := map[string]bool{}, map[string]time.Time{}, map[string]int{}
	phaseOf := map[string]int{}
	for p, phase := range c.Phases {
		for _, h := range phase.Heads {
			for _, lamp := range []string{".green", ".amber", ".red"} {
				phaseOf[h.Name+lamp] = p
			}
		}
		for _, w := range phase.Crosswalks {
			phaseOf[w.Name+".walk"] = p
		}
	}
	moves := func(pin string) bool { return !strings.HasSuffix(pin, ".red") }
	for _, l := range lines {
		p, known := phaseOf[l.Pin]
		if l.Type != "PinChanged" || !known {
			continue
		}
		if l.Details["why"] == "the run is over" {
			break
		}
		at, err := time.Parse(time.RFC3339Nano, l.Time)
		if err != nil {
			tb.Fatal(err)
		}
		fault := func(format string, args ...any) { faults = append(faults, l.Time+": "+fmt.Sprintf(format, args...)) }
		head, lamp, _ := strings.Cut(l.Pin, ".")
		lit[l.Pin] = *l.Level
		switch {
		case *l.Level && moves(l.Pin):
			for pin, q := range phaseOf {
				if c.Conflict(p, q) && lit[pin] && moves(pin) {
					fault("%s is lit beside %s", l.Pin, pin)
				}
				if lamp != "green" || !c.Conflict(p, q) || moves(pin) {
					continue
				}
				if red := at.Sub(since[pin]); !lit[pin] || red < c.Phases[q].RedClearance {
					fault("%s comes when %s has been lit for %v", l.Pin, pin, red)
				}
			}
			if lamp == "green" {
				greens[head]++
			}
			if lamp == "amber" && since[head+".green"] != at {
				fault("%s does not follow green", l.Pin)
			}
		case *l.Level && lamp == "red" && since[head+".green"].Equal(at) && !at.Equal(since[head+".amber"]):
			fault("%s follows green", l.Pin)
		case !*l.Level && lamp == "amber":
			if d := at.Sub(since[l.Pin]); d < c.Phases[p].Yellow {
				fault("%s was lit for %v", l.Pin, d)
			}
		}
		since[l.Pin] = at
	}
	return faults, greens
}

// longRuns are a day and a night of both definitions, each of minutes: the definitions go around in one to three, and nothing
// in them counts further. A day finds an interval that is too short, heads that are wrong beside each other, and a phase that
// starves; a night also one that does not begin or end, or that green follows without all-red.
var longRuns = []struct {
	machine, length string
	night           bool
	least           int // greens of each head
}{
	{"intersection", "20m", false, 20},
	{"intersection", "30m", true, 15},
	{"intersection-dual-ring", "20m", false, 7},
	{"intersection-dual-ring", "30m", true, 7},
}

func TestADayAndANightShowNothingConflicting(t *testing.T) {
	t.Parallel()
	for _, r := range longRuns {
		t.Run(r.machine+" "+r.length, func(t *testing.T) {
			m := intersection.Machine()
			if r.machine != m.Name {
				m = intersection.DualRing()
			}
			text := string(m.Config)
			if r.night {
				text += "\nnight: {from: \"08:10\", to: \"08:20\"}\n"
			}
			config, err := intersection.ParseConfig("config.yaml", []byte(text))
			if err != nil {
				t.Fatal(err)
			}
			file := filepath.Join(t.TempDir(), "config.yaml")
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			lines := readJSON(t, run(t, "run", r.machine, "--config", file, "--speed", "0", "--for", r.length, "--json"))
			faults, greens := watchPhases(t, config, lines)
			for _, f := range faults[:min(len(faults), 10)] {
				t.Error(f)
			}
			for _, p := range config.Phases {
				if n := greens[p.Heads[0].Name]; n < r.least {
					t.Errorf("%s: got %d greens, want at least %d", p.Name, n, r.least)
				}
			}
			nights, failed := 0, 0
			for _, l := range lines {
				if l.Type == "StateEntered" && l.State == "NightFlash" {
					nights++
				}
				if l.Type == "TaskFailed" || l.Type == "StateEntered" && l.State == "FlashingRed" {
					failed++
				}
			}
			if (nights == 1) != r.night || failed > 0 {
				t.Errorf("got %d nights, %d failures; want a night: %v", nights, failed, r.night)
			}
		})
	}
}

// The watch itself must see what it is for.
func TestTheWatchOfPhasesSeesFaults(t *testing.T) {
	config, err := intersection.ParseConfig("", intersection.Machine().Config)
	if err != nil {
		t.Fatal(err)
	}
	on, off := true, false
	at := func(s int, pin string, level *bool) printed {
		return printed{Time: fmt.Sprintf("2025-01-01T08:00:%02dZ", s), Type: "PinChanged", Pin: pin, Level: level}
	}
	for want, lines := range map[string][]printed{
		"is lit beside":         {at(0, "north-south.green", &on), at(1, "east-west.walk", &on)},
		"red follows green":     {at(0, "north-south.green", &on), at(9, "north-south.green", &off), at(9, "north-south.red", &on)},
		"was lit for 3s":        {at(0, "north-south.amber", &on), at(3, "north-south.amber", &off)},
		"has been lit for 1s":   {at(0, "north-south.red", &on), at(1, "east-west.green", &on)},
		"does not follow green": {at(0, "north-south.red", &on), at(1, "north-south.amber", &on)},
	} {
		faults, _ := watchPhases(t, config, lines)
		if !strings.Contains(strings.Join(faults, "\n"), want) {
			t.Errorf("got %q, want one that says %q", faults, want)
		}
	}
}

// Whatever the definition of the two rings asks: each of its set-signals in turn is made to ask for two greens that conflict.
// It finds a plant that does not refuse them, and a definition that catches the refusal nowhere or flashes only for a while.
// With the race detector every sixth set-signals is changed.
func TestADualRingThatAsksForConflictingGreens(t *testing.T) {
	t.Parallel()
	m := intersection.DualRing()
	config, err := intersection.ParseConfig("", m.Config)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "config.yaml")
	if err := os.WriteFile(file, m.Config, 0o600); err != nil {
		t.Fatal(err)
	}
	// Pedestrians press every button at 4 s. Seed 8 is one with which every phase has green without walk, too, within three
	// minutes.
	scenario := filepath.Join(t.TempDir(), "presses.yaml")
	if err := os.WriteFile(scenario, []byte(`
- {at: 4s, press: north.button, hold: 200ms}
- {at: 4s, press: south.button, hold: 200ms}
- {at: 4s, press: east.button, hold: 200ms}
- {at: 4s, press: west.button, hold: 200ms}
- {end: 5m}
`), 0o600); err != nil {
		t.Fatal(err)
	}
	changed := 0
	for i, line := range strings.Split(string(m.Definition), "\n") {
		if !strings.Contains(line, `"Parameters": {"`) || !strings.Contains(line, "green") && !strings.Contains(line, "red") &&
			!strings.Contains(line, "amber") && !strings.Contains(line, "walk") {
			continue
		}
		if changed++; race.Enabled && changed%6 != 1 {
			continue
		}
		lines := strings.Split(string(m.Definition), "\n")
		lines[i] = `"Parameters": {"north": "green", "east": "green"},`
		definition := filepath.Join(t.TempDir(), "both.asl.json")
		if err := os.WriteFile(definition, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
			t.Fatal(err)
		}
		printed := readJSON(t, run(t, "run", definition, "--config", file, "--scenario", scenario, "--seed", "8", "--speed", "0", "--json"))
		faults, _ := watchPhases(t, config, printed)
		for _, f := range faults[:min(len(faults), 3)] {
			t.Errorf("line %d: %s", i+1, f)
		}
		refused, flashes := false, 0
		for _, p := range printed {
			refused = refused || p.Type == "TaskFailed" && p.Details["error"] == "Interlock.Conflict"
			if refused && p.Pin == "east.red" && *p.Level {
				flashes++
			}
		}
		// Walk that nobody asks for during green is not reached in every run.
		if again := strings.Contains(line, "walk") && !strings.Contains(line, "green") && !refused; !again && (!refused || flashes < 100) {
			t.Errorf("line %d (%s): refused %v, %d flashes; want Interlock.Conflict, then minutes of flashing",
				i+1, strings.TrimSpace(line), refused, flashes)
		}
	}
	if changed < 8*3+1 {
		t.Errorf("changed %d Tasks, want every set-signals", changed)
	}
}
