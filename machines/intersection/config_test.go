package intersection_test

import (
	"strings"
	"testing"
	"time"

	"signalbox/asl"
	"signalbox/gpio"
	"signalbox/machines"
	"signalbox/machines/intersection"
)

// TestTimesAreComputed: what a file leaves out follows from speed, grade and width.
func TestTimesAreComputed(t *testing.T) {
	for _, tt := range []struct {
		speed, grade, width string
		yellow, red         time.Duration
	}{
		{"40mph", "0%", "36ft", 4 * time.Second, time.Second},                      // 3.93, 0.95
		{"25mph", "0%", "36ft", 3 * time.Second, 1600 * time.Millisecond},          // 2.83: never below 3 s; 1.53
		{"45mph", "-3%", "60ft", 4700 * time.Millisecond, 1300 * time.Millisecond}, // 4.65, 1.21
		{"64.37 km/h", "0%", "10.97m", 4 * time.Second, time.Second},               // the first in metres
		{"55mph", "4%", "80ft", 4600 * time.Millisecond, 1300 * time.Millisecond},  // 4.57, 1.24
	} {
		text := strings.NewReplacer("speed: 40mph, grade: 0%, width: 36ft", "speed: "+tt.speed+", grade: "+tt.grade+", width: "+tt.width,
			"    red-clearance: 2s\n", "").Replace(string(intersection.Machine().Config))
		p := parse(t, text).Phases[0]
		if p.Yellow != tt.yellow || p.RedClearance != tt.red {
			t.Errorf("%+v: got yellow %v, red clearance %v", tt, p.Yellow, p.RedClearance)
		}
	}
	text := strings.ReplaceAll(string(intersection.Machine().Config), "pedestrian-clearance: 11s", "pedestrian-clearance: computed")
	if got, want := parse(t, text).Phases[0].PedestrianClearance, 10300*time.Millisecond; got != want { // 36 ft / 3.5 ft/s = 10.29 s
		t.Errorf("pedestrian clearance: got %v, want %v", got, want)
	}
}

// configFaults are changes of the two roads' description beside what is wrong then.
var configFaults = []struct{ old, put, want string }{
	{"yellow: computed", "yellow: 2.5s", "c.yaml:27:13: phase north-south: yellow is 2.5s; it should be at least 4s (never less than 3s; " +
		"Y = 1.0 + 0.733 S / (D + 0.32 G))"},
	{"yellow: computed", "yellow: 7s", "c.yaml:27:13: phase north-south: yellow is 7s; it is at most 6s"},
	{"red-clearance: 2s", "red-clearance: 500ms", "phase north-south: red-clearance is 500ms; the last vehicle needs 1s to leave the crossing"},
	{"red-clearance: 2s", "red-clearance: 8s", "red-clearance is 8s; it is at most 6s"},
	{"pedestrian-clearance: 11s", "pedestrian-clearance: 8s", "pedestrian-clearance is 8s; the crossing needs 10.3s (its length / 3.5 ft/s)"},
	{"walk: 7s", "walk: 3s", "walk is 3s; pedestrians need at least 4s"},
	{"from-button: 42ft", "from-button: 66ft", "from the button it takes 22s (distance / 3 ft/s): walk should be at least 11s"},
	{"maximum-green: 40s", "maximum-green: 5s", "maximum-green is 5s, less than the minimum green; it should be at least 8s"},
	{"passage: 3s", "passage: 60s", "the most is 25.5s"},
	{"minimum-green: 8s", "minimum-green: 300s", "the most is 4m15s"},
	{"    heads: [north-south]", "    heads: [north-south, east-west]", "head east-west belongs to another phase already"},
	{"north-south: [east-west]", "north-south: [east-wst]", `conflicts: no head is called "east-wst"`},
	{"north-south: [east-west]", "north-south: [north-south]", "conflict with itself"},
	{"speed: 40mph", "speed: 40", "speed should be a figure with its unit such as 40mph or 60km/h"},
	{"speed: 40mph", "speed: 100mph", "it is from 5 to 80 mph"},
	{"style: us", "style: de", "style should be us or uk"},
	{"style: us", "style: uk", ""},
	{"recall: minimum # the main road: green comes back to it", "recall: often", "recall should be none, minimum, maximum or pedestrian"},
	{"phases: [north-south]}", "phases: [north-south, east-west]}", "phases north-south and east-west conflict, so they cannot both have green"},
	{"emergencies:", "night: {from: \"25:00\", to: \"5\"}\nemergencies:", `from should be a time of day such as "23:00", not "25:00"`},
	{"emergencies:", "night: {from: \"23:00\", to: \"05:00\", zone: Nowhere/At-all}\nemergencies:", "zone: unknown time zone Nowhere/At-all"},
	{"detectors: [east-west.detector]", "detectors: [north-south.detector]", "line north-south.detector is used on line"},
	{"detectors: [east-west.detector]", "detectors: [north-south.red]", "line north-south.red is a lamp"},
	{"  east-west:   {approach: east-west}\n", "  east-west:   {approach: east-west}\n  third: {approach: east-west}\n", "head third belongs to no phase"},
	{"conflicts:\n  north-south: [east-west]\n", "", "the crossing has no conflicts"},
	{"  east-west:\n    heads", "  north--south:\n    heads", "north-south and north--south would have the same states in a definition (NorthSouthGreen)"},
	{"style: us", "stile: us", `a crossing has no key "stile"; did you mean "style"?`},
}

func TestFaultyConfigsAreRefused(t *testing.T) {
	text := string(intersection.Machine().Config)
	for _, tt := range configFaults {
		if !strings.Contains(text, tt.old) {
			t.Fatalf("the description has no %q", tt.old)
		}
		_, err := intersection.ParseConfig("c.yaml", []byte(strings.Replace(text, tt.old, tt.put, 1)))
		got := ""
		if err != nil {
			got = err.Error()
		}
		if !strings.Contains(got, tt.want) || (tt.want == "") != (got == "") {
			t.Errorf("%q: got\n%s\nwant\n%s", tt.put, got, tt.want)
		}
	}
}

// Greens of one phase must not conflict.
func TestGreensThatConflictWithinAPhase(t *testing.T) {
	text := strings.NewReplacer(
		"  east-west:   {approach: east-west}\n", "  east-west:   {approach: east-west}\n  far: {approach: east-west}\n",
		"heads: [north-south]", "heads: [north-south, far]", "north-south: [east-west]", "north-south: [east-west, far]",
	).Replace(string(intersection.Machine().Config))
	_, err := intersection.ParseConfig("c.yaml", []byte(text))
	const want = "heads north-south and far conflict, and phase north-south gives both green; put one of them into another phase"
	if err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v", err)
	}
}

// Every machine that a description makes is whole: its definition is valid and names what there is, its board has its lines.
func TestConfiguredMachinesAreWhole(t *testing.T) {
	two := string(intersection.Machine().Config)
	renamed := strings.NewReplacer("north-south", "main-street", "east-west", "lane").Replace(two)
	eight := string(intersection.DualRing().Config)
	for name, tt := range map[string]struct {
		machine machines.Machine
		text    string
		states  int
	}{
		"as it is":        {intersection.Machine(), two, 32},
		"renamed":         {intersection.Machine(), renamed, 32},
		"uk":              {intersection.Machine(), strings.Replace(two, "style: us", "style: uk", 1), 32},
		"eight in turn":   {intersection.Machine(), eight, 8*13 + 6},
		"eight, two ring": {intersection.DualRing(), eight, 0},
	} {
		m, err := tt.machine.Configure("c.yaml", []byte(tt.text))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		definition, faults := asl.Parse(m.Definition)
		if len(faults) > 0 || definition == nil {
			t.Errorf("%s: %v in\n%s", name, faults, m.Definition)
			continue
		}
		n := 0
		for s := range definition.All() {
			n++
			if strings.Contains(name, "renamed") && (strings.Contains(s.Name, "North") || strings.Contains(s.Name, "East")) {
				t.Errorf("%s: the definition still has a state %s", name, s.Name)
			}
		}
		if tt.states > 0 && n != tt.states {
			t.Errorf("%s: got %d states, want %d", name, n, tt.states)
		}
		board, err := gpio.ParseBoard(name, m.Board)
		if err != nil {
			t.Errorf("%s: %v in\n%s", name, err, m.Board)
			continue
		}
		s, reaction := m.Plant.Initial(start)
		if got, want := len(board.Outputs()), len(reaction.Levels); got != want {
			t.Errorf("%s: got %d outputs, want %d", name, got, want)
		}
		if got, want := len(board.Inputs()), len(m.Plant.Moves(s)); got != want {
			t.Errorf("%s: got %d inputs, want %d", name, got, want)
		}
		for _, k := range m.Keys {
			if _, err := board.Line(k.Line); err != nil {
				t.Errorf("%s: key %s: %v", name, k.Key, err)
			}
		}
		if explained := m.Explain(); !strings.Contains(explained, "R = (W + L) / v") {
			t.Errorf("%s: explained as\n%s", name, explained)
		}
	}
}

// The two that the program brings are what their descriptions make of them.
func TestTheTwoRoadsAreAsTheirDescriptionHasThem(t *testing.T) {
	own := intersection.Machine()
	m, err := own.Configure("intersection.yaml", own.Config)
	if err != nil {
		t.Fatal(err)
	}
	if string(m.Definition) != string(own.Definition) {
		t.Errorf("the definition that the description makes is not the one that people read:\n%s", m.Definition)
	}
	drawn, err := gpio.ParseBoard("drawn", m.Board)
	if err != nil {
		t.Fatal(err)
	}
	board, err := gpio.ParseBoard("board.yaml", own.Board)
	if err != nil {
		t.Fatal(err)
	}
	for _, l := range drawn.Lines {
		has, err := board.Line(l.Name)
		if err != nil || has.Direction != l.Direction || has.Safe != l.Safe {
			t.Errorf("board.yaml has %+v, %v; want %+v", has, err, l)
		}
	}
	never := map[[2]string]bool{}
	for _, pair := range board.Never {
		never[pair], never[[2]string{pair[1], pair[0]}] = true, true
	}
	for _, pair := range drawn.Never {
		if !never[pair] {
			t.Errorf("board.yaml lets %s and %s be lit together", pair[0], pair[1])
		}
	}
	if len(board.Never) != len(drawn.Never) {
		t.Errorf("board.yaml has %d pairs, want %d", len(board.Never), len(drawn.Never))
	}
}

func TestTheDualRingWantsItsPhases(t *testing.T) {
	_, err := intersection.DualRing().Configure("c.yaml", intersection.Machine().Config)
	if err == nil || !strings.Contains(err.Error(), "c.yaml: the intersection-dual-ring machine needs the phases") {
		t.Errorf("got %v", err)
	}
	text := strings.Replace(string(intersection.DualRing().Config), "north-left: [south, ", "north-left: [south, south-left, ", 1)
	_, err = intersection.DualRing().Configure("c.yaml", []byte(text))
	if err == nil || !strings.Contains(err.Error(), "north-left and south-left conflict") {
		t.Errorf("got %v", err)
	}
}

// UK signals start dark, then amber but for the first phase, and green comes by way of red and amber.
func TestUKSequence(t *testing.T) {
	text := strings.Replace(string(intersection.Machine().Config), "style: us", "style: uk", 1)
	c := powerUpOf(t, parse(t, text), start)
	shows := func(after time.Duration, want string) {
		t.Helper()
		c.pass(start.Add(after).Sub(c.now))
		if got := c.lit(); got != want {
			t.Errorf("after %s: got %q, want %q", after, got, want)
		}
	}
	shows(0, "")
	shows(7*time.Second-1, "")
	shows(7*time.Second, "east-west.amber east-west.dont-walk north-south.dont-walk north-south.red")
	shows(10*time.Second-1, "east-west.amber east-west.dont-walk north-south.dont-walk north-south.red")
	shows(10*time.Second, "east-west.dont-walk east-west.red north-south.dont-walk north-south.red")
	if name, _ := c.set(`{"north-south": "green"}`); name != intersection.ErrClearance {
		t.Errorf("green within the starting intergreen: got %q, want %s", name, intersection.ErrClearance)
	}
	c.pass(2 * time.Second)
	ticket := c.do("set-signals", `{"north-south": "green", "north-south-pedestrians": "walk"}`)
	shows(12*time.Second, "east-west.dont-walk east-west.red north-south.amber north-south.dont-walk north-south.red")
	c.pass(2*time.Second - 1)
	if _, ok := c.answers[ticket]; ok {
		t.Error("set-signals was answered before green")
	}
	shows(14*time.Second, "east-west.dont-walk east-west.red north-south.green north-south.walk")
	if a, ok := c.answers[ticket]; !ok || a.Error != "" {
		t.Errorf("set-signals: got %+v when green is shown", a)
	}
	c.must("7s", `{"north-south-pedestrians": "dont-walk"}`)
	shows(22*time.Second, "east-west.dont-walk east-west.red north-south.green") // the pedestrians' signal is dark
	c.must("10s", `{"north-south": "amber"}`)
	if name, _ := c.set(`{"north-south": "red"}`); name != intersection.ErrClearance {
		t.Errorf("red at once: got %q, want %s", name, intersection.ErrClearance)
	}
	c.must("3s", `{"north-south": "red"}`)
}
