package scenario_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signalbox/gpio"
	"signalbox/gpio/internal/clocktest"
	"signalbox/gpio/scenario"
	"signalbox/gpio/sim"
)

const vendingBoard = `
name: vending
lines:
  motor-1:  {bcm: 17, direction: out, safe: off}
  coin:     {bcm: 5, direction: in, active-low: true, pull: up}
  select-1: {bcm: 6, direction: in, active-low: true, pull: up, debounce: 10ms}
  drop:     {bcm: 7, direction: in}
  home-1:   {bcm: 8, direction: in}
`

func board(t testing.TB) *gpio.Board {
	t.Helper()
	b, err := gpio.ParseBoard("board.yaml", []byte(vendingBoard))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// play runs a scenario for a minute and returns what the board saw of it.
func play(t *testing.T, schedule func(*clocktest.Clock, *sim.Panel, *gpio.Lines)) []string {
	t.Helper()
	clock, panel := clocktest.New(), sim.New(board(t))
	lines, err := gpio.Open(panel.Board(), panel, clock)
	if err != nil {
		t.Fatal(err)
	}
	var seen []string
	lines.Watch(func(c gpio.Change) {
		seen = append(seen, fmt.Sprintf("%s %s %t %s", c.At.Sub(clocktest.Start), c.Line, c.High, c.Why))
	})
	schedule(clock, panel, lines)
	clock.Advance(time.Minute)
	return seen
}

func TestScenarioPushesLines(t *testing.T) {
	seen := play(t, func(clock *clocktest.Clock, panel *sim.Panel, _ *gpio.Lines) {
		s, err := scenario.Parse("s.yaml", []byte(`
- {at: 2s, pin: coin, pulses: 2}
- {at: 4s, pin: coin, width: 20ms}
- {at: 6s, pin: coin, pulses: 2, width: 100ms, gap: 1s}
- {at: 3s, press: select-1}
- {at: 5s, press: select-1, hold: 200ms}
- {at: 9s, set: drop, level: high}
- {at: 10s, set: drop, level: off}
- {at: 11s, fault: stuck, pin: home-1, level: on}
- {at: 12s, set: home-1, level: high}
- {at: 13s, set: home-1, level: low}
- {at: 14s, clear: home-1}
`), panel.Board())
		if err != nil {
			t.Fatal(err)
		}
		if got, want := s.End(), 74*time.Second; got != want {
			t.Errorf("the scenario ends at %s, want %s", got, want)
		}
		s.Schedule(clock, panel)
	})
	want := []string{
		"2s coin true pushed", "2.05s coin false let go", "2.1s coin true pushed", "2.15s coin false let go",
		"3.01s select-1 true pushed", "3.11s select-1 false let go",
		"4s coin true pushed", "4.02s coin false let go",
		"5.01s select-1 true pushed", "5.21s select-1 false let go",
		"6s coin true pushed", "6.1s coin false let go", "7.1s coin true pushed", "7.2s coin false let go",
		"9s drop true pushed", "10s drop false pushed",
		"11s home-1 true stuck", "14s home-1 false fault cleared",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestFaultsOfOutputs(t *testing.T) {
	play(t, func(clock *clocktest.Clock, panel *sim.Panel, lines *gpio.Lines) {
		s, err := scenario.Parse("s.yaml", []byte(`
- {at: 1s, fault: read-back, pin: motor-1}
- {at: 2s, clear: motor-1}
- {at: 3s, fault: broken, pin: motor-1}
- {at: 4s, clear: motor-1}
- {at: 5s, fault: stuck, pin: motor-1, level: high}
`), panel.Board())
		if err != nil {
			t.Fatal(err)
		}
		s.Schedule(clock, panel)
		motor, err := lines.Out("motor-1")
		if err != nil {
			t.Fatal(err)
		}
		for second, want := range []string{
			"seen false, reads back false, broken false",
			"seen false, reads back true, broken false",
			"seen false, reads back false, broken false",
			"seen false, reads back false, broken true",
			"seen false, reads back false, broken false",
			"seen true, reads back true, broken false",
		} {
			got := fmt.Sprintf("seen %t, reads back %t, broken %t",
				panel.Level("motor-1"), panel.ReadBack("motor-1"), motor.Out(false) != nil)
			if got != want {
				t.Errorf("after %d s: %s, want %s", second, got, want)
			}
			clock.Advance(time.Second)
		}
	})
}

func TestPushOfAKey(t *testing.T) {
	seen := play(t, func(clock *clocktest.Clock, panel *sim.Panel, _ *gpio.Lines) {
		clock.AfterFunc(time.Second, func() {
			scenario.Push{Line: "coin", Kind: scenario.Pulses, Count: 2}.Do(clock, panel)
			scenario.Push{Line: "select-1", Kind: scenario.Press}.Do(clock, panel)
			scenario.Push{Line: "no-such-line", Kind: scenario.Press}.Do(clock, panel)
		})
	})
	want := []string{
		"1s coin true pushed", "1.01s select-1 true pushed", "1.05s coin false let go",
		"1.1s coin true pushed", "1.11s select-1 false let go", "1.15s coin false let go",
	}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
}

func TestEnd(t *testing.T) {
	for text, want := range map[string]time.Duration{
		"[]": time.Minute,
		"[{end: 90s}, {at: 80s, press: coin, hold: 1m}]": 90 * time.Second,
		"[{at: 1s, pin: coin, pulses: 3}]":               61*time.Second + 250*time.Millisecond,
		"[{at: 1s, press: coin}, {at: 0s, clear: coin}]": 61*time.Second + 100*time.Millisecond,
		"[{end: 0s}]": 0,
	} {
		s, err := scenario.Parse("s", []byte(text), board(t))
		if err != nil {
			t.Errorf("%s: %v", text, err)
		} else if got := s.End(); got != want {
			t.Errorf("%s ends at %s, want %s", text, got, want)
		}
	}
}

// scenarioFaults are scenarios beside what is wrong with them.
var scenarioFaults = []struct{ name, text, want string }{
	{"nothing", "", `s:1:1: the file is empty; it should hold a list of pushes, such as - {at: 2s, pin: coin, pulses: 4}`},
	{"no list", "at: 2s\n", `s:1:1: a scenario should be a list, not a mapping`},
	{"not YAML", "- {at: 2s\n", `s:1:1: not YAML: did not find expected ',' or '}'`},
	{"no mapping", "- coin\n- [coin]\n", `s:1:3: a push should be a mapping (name: value), not "coin"
s:2:3: a push should be a mapping (name: value), not a list`},
	{"two coins at once", `- {at: 2s, pin: coin, pulses: 4}
- {at: 1s, pin: coin, pulses: 11}
- {at: 2500ms, pin: coin}
`, `s:1:8: coin is still being pushed, from 1s until 2.05s; let this come later`},
	{"lines", `- {at: 1s, pin: coim}
- {at: 1s, press: motor-1}
- {at: 1s, set: door, level: high}
- {at: 1s, clear: home1}
- {at: 1s, fault: stuck, pin: mtor-1, level: low}
- {at: 1s, fault: read-back, pin: coin}
- {at: 1s, pin: }
`, `s:1:17: board vending has no line "coim"; did you mean "coin"?
s:2:19: line "motor-1" is an output; only inputs can be pushed (an output can have a fault)
s:3:17: board vending has no line "door"
s:4:19: board vending has no line "home1"; did you mean "home-1"?
s:5:31: board vending has no line "mtor-1"; did you mean "motor-1"?
s:6:35: line "coin" is an input; this fault is for outputs
s:7:17: pin is blank`},
	{"times", `- {pin: coin}
- {at: -1s, pin: coin}
- {at: 1, pin: coin}
- {at: soon, pin: coin}
- {at: 1s, pin: coin, width: 0s, gap: -1ms}
- {at: 1s, press: coin, hold: 2h}
`, `s:1:3: a push needs a time; add at:, such as at: 2s
s:2:8: at is -1s; a time cannot be negative
s:3:8: at is 1, which has no unit; write 1ms or 1s
s:4:8: at should be a time such as 50ms or 5s, not "soon"
s:5:30: width is 0s; the least is 1µs
s:5:39: gap is -1ms; a time cannot be negative
s:6:31: hold is 2h; the most is 1h0m0s`},
	{"keys", `- {at: 1s, pin: coin, pulse: 4}
- {at: 1s, press: coin, pulses: 4}
- {at: 1s, press: coin, set: drop, level: high}
- {at: 1s, press: coin, pin: coin}
- {at: 1s}
- {at: 1s, end: 5s}
- {at: 1s, pin: coin, at: 2s}
- {at: 1s, pin: coin, pulses: 0}
- {at: 1s, pin: coin, pulses: many}
`, `s:1:23: a push has no key "pulse"; did you mean "pulses"?
s:2:25: pulses does not go with press; remove it
s:3:25: a push does one thing, this has press and set; make two of them
s:4:25: a push does one thing, this has press and pin; make two of them
s:5:3: a push needs one of pin, press, set, fault, clear, power or end
s:6:4: at does not go with end; remove it
s:7:23: "at" is on line 7 already; each name comes once
s:8:31: pulses should be a whole number from 1 to 1000, not "0"
s:9:31: pulses should be a whole number from 1 to 1000, not "many"`},
	{"levels and faults", `- {at: 1s, set: drop}
- {at: 1s, set: drop, level: up}
- {at: 1s, fault: stuck, pin: drop}
- {at: 1s, fault: broken, pin: motor-1, level: low}
- {at: 1s, fault: flaky, pin: drop}
- {at: 1s, fault: broken}
`, `s:1:3: set needs a level; add level: high or level: low
s:2:30: level should be high, low, on or off, not "up"
s:3:3: fault: stuck needs a level; add level: high or level: low
s:4:41: level does not go with fault: broken; remove it
s:5:19: fault should be stuck, read-back or broken, not "flaky"
s:6:3: a fault needs a line; add pin:`},
	{"ends", `- {at: 6s, pin: coin}
- {end: 5s}
- {end: 7s}
`, `s:1:8: at 6s never comes: the scenario ends at 5s
s:3:4: a second end; a scenario ends once`},
	{"bad end", "- {end: later}\n- {at: 1s, pin: coin}\n", `s:1:9: end should be a time such as 50ms or 5s, not "later"`},
}

func TestScenarioFaultsAreAllToldWithTheirPlaces(t *testing.T) {
	for _, test := range scenarioFaults {
		t.Run(test.name, func(t *testing.T) {
			s, err := scenario.Parse("s", []byte(test.text), board(t))
			if s != nil || err == nil {
				t.Fatalf("got %v, %v; want no scenario and an error", s, err)
			}
			if diff := cmp.Diff(test.want, err.Error()); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func TestReadScenario(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s.yaml")
	if _, err := scenario.Read(path, board(t)); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that the file is missing", err)
	}
	if err := os.WriteFile(path, []byte("- {at: 1s, pin: coin}\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := scenario.Read(path, board(t)); err != nil || len(s.Pushes) != 1 {
		t.Errorf("got %v, %v", s, err)
	}
}

// Each example that has a board of its own has scenarios that fit it.
func TestExampleScenariosFitTheirBoards(t *testing.T) {
	boards, err := filepath.Glob("../../examples/*/board.yaml")
	if err != nil || len(boards) == 0 {
		t.Fatalf("no example boards: %v", err)
	}
	for _, path := range boards {
		b, err := gpio.ReadBoard(path)
		if err != nil {
			t.Error(err)
			continue
		}
		if _, err := scenario.Read(filepath.Join(filepath.Dir(path), "scenario.yaml"), b); err != nil {
			t.Error(err)
		}
	}
}

func FuzzScenario(f *testing.F) {
	for _, test := range scenarioFaults {
		f.Add([]byte(test.text))
	}
	f.Add([]byte("- {at: 2s, power: off}\n- {at: 3s, power: on}\n"))
	f.Add([]byte("- {at: 2s, pin: coin, pulses: 4}\n- {at: 5s, press: select-1, hold: 120ms}\n- {end: 90s}\n"))
	b := board(f)
	f.Fuzz(func(t *testing.T, text []byte) {
		s, err := scenario.Parse("s", text, b)
		var faults gpio.Faults
		if err != nil {
			if !errors.As(err, &faults) {
				t.Errorf("%T is no Faults: %v", err, err)
			}
			return
		}
		if s.End() < 0 {
			t.Errorf("it ends at %s", s.End())
		}
		for _, p := range s.Pushes {
			_, err := b.Line(p.Line)
			if err != nil && p.Kind != scenario.Power || p.At < 0 || p.End() < p.At {
				t.Errorf("push %+v", p)
			}
		}
	})
}

func TestScenarioCutsThePower(t *testing.T) {
	var powered []string
	play(t, func(clock *clocktest.Clock, panel *sim.Panel, _ *gpio.Lines) {
		s, err := scenario.Parse("s.yaml", []byte("- {at: 2s, power: off}\n- {at: 5s, power: on}\n"), board(t))
		if err != nil {
			t.Fatal(err)
		}
		panel.OnPower(func(on bool) {
			powered = append(powered, fmt.Sprintf("%s %t", clock.Now().Sub(clocktest.Start), on))
		})
		s.Schedule(clock, panel)
	})
	if diff := cmp.Diff([]string{"2s false", "5s true"}, powered); diff != "" {
		t.Errorf("power (-want +got):\n%s", diff)
	}
	_, err := scenario.Parse("s.yaml", []byte("- {at: 2s, power: out}\n- {at: 3s, power: on, pin: coin}\n"), board(t))
	want := "s.yaml:1:19: power should be on or off, not \"out\"\ns.yaml:2:23: a push does one thing, this has power and pin; make two of them"
	if fmt.Sprint(err) != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// The simulated world may stop pushes of a line; its own Drive goes through.
func TestAPushThatIsHeldBackDoesNotHappen(t *testing.T) {
	seen := play(t, func(clock *clocktest.Clock, panel *sim.Panel, _ *gpio.Lines) {
		open := false
		panel.Gate("coin", func(high bool) bool { return open || !high })
		scenario.Push{At: time.Second, Line: "coin"}.Schedule(clock, panel)
		clock.AfterFunc(2*time.Second, func() { panel.Drive("coin", true) })
		clock.AfterFunc(3*time.Second, func() { panel.Drive("coin", false) })
		clock.AfterFunc(4*time.Second, func() { open = true })
		scenario.Push{At: 5 * time.Second, Line: "coin"}.Schedule(clock, panel)
	})
	want := []string{"2s coin true world", "3s coin false world", "5s coin true pushed", "5.05s coin false let go"}
	if diff := cmp.Diff(want, seen); diff != "" {
		t.Errorf("seen (-want +got):\n%s", diff)
	}
}
