package intersection_test

import (
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"signalbox/asl/value"
	"signalbox/machines"
	"signalbox/machines/intersection"
)

func TestPowerUpIsAllRed(t *testing.T) {
	c := powerUp(t)
	const want = "east-west.dont-walk east-west.red north-south.dont-walk north-south.red"
	if got := c.lit(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if n := len(c.inspector.lamps); n != 10 {
		t.Errorf("got %d outputs set, want all 10", n)
	}
}

// TestSetSignals has what leads to a situation (commands that must succeed, times that pass), then a command and what
// comes of it: the lamps lit, or an error name and a part of its cause.
func TestSetSignals(t *testing.T) {
	var (
		green = []string{"6s", `{"north-south": "green"}`}
		walk  = []string{"6s", `{"north-south": "green", "north-south-pedestrians": "walk"}`}
		amber = append(green[:2:2], "10s", `{"north-south": "amber"}`)
		red   = append(amber[:4:4], "4s", `{"north-south": "red"}`)
	)
	const redLamps = "east-west.dont-walk east-west.red north-south.dont-walk north-south.red"
	for _, tt := range []struct {
		name     string
		steps    []string
		command  string
		lit      string
		err, why string
	}{
		{
			name: "green after six seconds of red", steps: []string{"6s"}, command: `{"north-south": "green"}`,
			lit: "east-west.dont-walk east-west.red north-south.dont-walk north-south.green",
		},
		{
			name: "no green before that", steps: []string{"5.999s"}, command: `{"north-south": "green"}`,
			err: intersection.ErrClearance, why: "east-west must show red for another 0.001 s",
		},
		{
			name: "two greens", steps: []string{"6s"}, command: `{"north-south": "green", "east-west": "green"}`,
			err: intersection.ErrConflict, why: "north-south green conflicts with east-west green",
		},
		{
			name: "the second green", steps: green, command: `{"east-west": "green"}`,
			err: intersection.ErrConflict, why: "conflicts",
		},
		{
			name: "green against amber", steps: amber, command: `{"east-west": "green"}`,
			err: intersection.ErrConflict, why: "east-west green",
		},
		{
			name: "two ambers", steps: green, command: `{"north-south": "amber", "east-west": "amber"}`,
			err: intersection.ErrConflict, why: "amber",
		},
		{
			name: "a change of direction in one go", steps: append(amber[:4:4], "4s"),
			command: `{"north-south": "red", "east-west": "green"}`,
			err:     intersection.ErrClearance, why: "north-south shows amber, and must have shown red for 2 s",
		},
		{
			name: "green to red without amber", steps: green, command: `{"north-south": "red"}`,
			err: intersection.ErrClearance, why: "at least 3 s of amber",
		},
		{
			name: "short amber", steps: append(amber[:4:4], "1.2s"), command: `{"north-south": "red"}`,
			err: intersection.ErrClearance, why: "1.8 s of it are to come",
		},
		{
			name: "red after three seconds of amber", steps: append(amber[:4:4], "3s"), command: `{"north-south": "red"}`,
			lit: redLamps,
		},
		{
			name: "short red clearance", steps: append(red[:6:6], "1.5s"), command: `{"east-west": "green"}`,
			err: intersection.ErrClearance, why: "north-south must show red for another 0.5 s",
		},
		{
			name: "the other green after two seconds", steps: append(red[:6:6], "2s"), command: `{"east-west": "green"}`,
			lit: "east-west.dont-walk east-west.green north-south.dont-walk north-south.red",
		},
		{
			name: "amber after red", steps: []string{"6s"}, command: `{"east-west": "amber"}`,
			err: intersection.ErrSequence, why: "amber does not follow red",
		},
		{
			name: "back to green from amber", steps: amber, command: `{"north-south": "green"}`,
			err: intersection.ErrSequence, why: "green does not follow amber",
		},
		{
			name: "what is shown already", steps: green, command: `{"north-south": "green", "east-west": "red"}`,
			lit: "east-west.dont-walk east-west.red north-south.dont-walk north-south.green",
		},
		{
			name: "walk with its green", steps: []string{"6s"},
			command: `{"east-west": "green", "east-west-pedestrians": "walk"}`,
			lit:     "east-west.green east-west.walk north-south.dont-walk north-south.red",
		},
		{
			name: "walk during green", steps: green, command: `{"north-south-pedestrians": "walk"}`,
			lit: "east-west.dont-walk east-west.red north-south.green north-south.walk",
		},
		{
			name: "walk against green", steps: green, command: `{"east-west-pedestrians": "walk"}`,
			err: intersection.ErrConflict, why: "east-west green only, not with red",
		},
		{
			name: "walk with red", steps: []string{"6s"}, command: `{"north-south-pedestrians": "walk"}`,
			err: intersection.ErrConflict, why: "not with red",
		},
		{
			name: "amber while they walk", steps: walk, command: `{"north-south": "amber"}`,
			err: intersection.ErrConflict, why: "not with amber",
		},
		{
			name: "walk again during clearance", command: `{"north-south-pedestrians": "walk"}`,
			steps: append(walk[:2:2], "7s", `{"north-south-pedestrians": "dont-walk"}`),
			err:   intersection.ErrSequence, why: "walk does not follow clearing",
		},
		{
			name: "the other green while pedestrians clear the road", command: `{"east-west": "green"}`,
			steps: append(walk[:2:2], "7s", `{"north-south": "amber", "north-south-pedestrians": "dont-walk"}`,
				"3s", `{"north-south": "red"}`, "7.9s"),
			err: intersection.ErrClearance, why: "still on the road",
		},
		{
			name: "the other green when they have just cleared it", command: `{"east-west": "green"}`,
			steps: append(walk[:2:2], "7s", `{"north-south": "amber", "north-south-pedestrians": "dont-walk"}`,
				"3s", `{"north-south": "red"}`, "10s"),
			err: intersection.ErrClearance, why: "dont-walk for another 1 s",
		},
		{
			name: "the other green after the buffer", command: `{"east-west": "green"}`,
			steps: append(walk[:2:2], "7s", `{"north-south": "amber", "north-south-pedestrians": "dont-walk"}`,
				"3s", `{"north-south": "red"}`, "11s"),
			lit: "east-west.dont-walk east-west.green north-south.dont-walk north-south.red",
		},
		{
			name: "one part refused, all refused", steps: append(red[:6:6], "2s"),
			command: `{"east-west": "green", "north-south-pedestrians": "walk"}`,
			err:     intersection.ErrConflict, why: "north-south-pedestrians walk",
		},
		{name: "no head", command: `{}`, err: machines.ErrInput, why: "names no head"},
		{name: "an unknown head", command: `{"north": "green"}`, err: machines.ErrInput, why: `"north"`},
		{name: "an unknown aspect", command: `{"north-south": "blue"}`, err: machines.ErrInput, why: `"blue" is none of`},
		{name: "walk for cars", command: `{"north-south": "walk"}`, err: machines.ErrInput, why: `"walk" is none of`},
		{name: "an empty aspect", command: `{"north-south": ""}`, err: machines.ErrInput, why: `"" is none of`},
		{name: "no object", command: `[1]`, err: machines.ErrInput, why: "[1]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := powerUp(t)
			c.must(tt.steps...)
			name, cause := c.set(tt.command)
			if name != tt.err || !strings.Contains(cause, tt.why) {
				t.Errorf("%s: got %q %q, want %q with %q", tt.command, name, cause, tt.err, tt.why)
			}
			if tt.err == "" && c.lit() != tt.lit {
				t.Errorf("%s: got %s lit, want %s", tt.command, c.lit(), tt.lit)
			}
		})
	}
}

func TestSetSignalsAnswersWithWhatIsShown(t *testing.T) {
	c := powerUp(t)
	c.must("6s", `{"north-south": "green", "north-south-pedestrians": "walk"}`)
	got := value.Text(c.answers[c.do("set-signals", `{"north-south-pedestrians": "dont-walk"}`)].Output)
	const want = `{"north-south":"green","east-west":"red",` +
		`"north-south-pedestrians":"clearing","east-west-pedestrians":"dont-walk"}`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDontWalkFlashesUntilTheRoadIsClear(t *testing.T) {
	c := powerUp(t)
	c.must("6s", `{"north-south": "green", "north-south-pedestrians": "walk"}`, "7s",
		`{"north-south-pedestrians": "dont-walk"}`)
	lit := func() bool { return c.inspector.lamps["north-south.dont-walk"] }
	if !lit() {
		t.Error("dont-walk is dark at the beginning of the clearance, want lit")
	}
	changes, was := 0, true
	for range 1090 {
		c.pass(10 * time.Millisecond)
		if lit() != was {
			changes, was = changes+1, lit()
		}
	}
	if changes != 19 {
		t.Errorf("got %d changes in 10.9 s, want 19: dark after 0.6 s, lit after 1.1 s, and so on", changes)
	}
	c.pass(100 * time.Millisecond)
	if !lit() {
		t.Error("dont-walk is dark when the clearance is over, want lit")
	}
	c.pass(time.Second)
	if !lit() {
		t.Error("dont-walk is dark after the clearance, want lit")
	}
}

func TestFlashRedFromEverywhere(t *testing.T) {
	walk := `{"north-south": "green", "north-south-pedestrians": "walk"}`
	for name, steps := range map[string][]string{
		"power-up":             {},
		"green":                {"6s", `{"north-south": "green"}`},
		"walk":                 {"6s", walk},
		"pedestrian clearance": {"6s", walk, "1s", `{"north-south-pedestrians": "dont-walk"}`, "700ms"},
		"amber":                {"6s", `{"north-south": "green"}`, "1s", `{"north-south": "amber"}`},
		"red clearance": {
			"6s", `{"north-south": "green"}`, "1s", `{"north-south": "amber"}`, "4s", `{"north-south": "red"}`,
		},
		"flashing, and is dark": nil,
	} {
		t.Run(name, func(t *testing.T) {
			c := powerUp(t)
			wantNow := "east-west.red north-south.red"
			if steps == nil {
				c.do("flash-red", `{}`)
				c.pass(700 * time.Millisecond)
				wantNow = ""
			}
			c.must(steps...)
			ticket := c.do("flash-red", `{"whatever": [1]}`)
			if got := c.lit(); got != wantNow {
				t.Fatalf("got %q lit, want %q", got, wantNow)
			}
			c.pass(2 * time.Second)
			flashes, litFor, was := 0, 0, c.inspector.lamps["north-south.red"]
			const step = 10 * time.Millisecond
			for range int(time.Minute / step) {
				c.pass(step)
				now := c.inspector.lamps["north-south.red"]
				if now != c.inspector.lamps["east-west.red"] {
					t.Fatalf("got %q lit, want both reds or none", c.lit())
				}
				if now && !was {
					flashes++
				}
				if now {
					litFor++
				}
				was = now
			}
			if flashes < 50 || flashes > 60 {
				t.Errorf("got %d flashes a minute, want 50 to 60", flashes)
			}
			if litFor < 3000 || litFor > 4000 {
				t.Errorf("got lit for %d of 6000, want half to two thirds", litFor)
			}
			if a, ok := c.answers[ticket]; ok {
				t.Errorf("flash-red was answered: %+v", a)
			}
			c.happen(machines.Cancel{Ticket: ticket})
			if c.state.(intersection.State).Heads[intersection.NorthSouth].Shows != intersection.FlashingRed {
				t.Error("flashing ended with its Task, want it to go on")
			}
		})
	}
}

func TestFlashingEndsWithAllRedOnly(t *testing.T) {
	c := powerUp(t)
	c.must("6s", `{"north-south": "green"}`)
	c.do("flash-red", `{}`)
	c.pass(10 * time.Second)
	for _, tt := range []struct{ command, err string }{
		{`{"north-south": "green"}`, intersection.ErrSequence},
		{`{"north-south": "red"}`, intersection.ErrSequence},
		{`{"north-south-pedestrians": "dont-walk"}`, intersection.ErrSequence},
		{`{"north-south": "green", "east-west": "red"}`, intersection.ErrSequence},
		{`{"north-south": "green", "east-west": "green"}`, intersection.ErrConflict},
		{`{"north-south": "red", "east-west": "red", "north-south-pedestrians": "walk"}`, intersection.ErrConflict},
	} {
		if name, cause := c.set(tt.command); name != tt.err {
			t.Errorf("%s: got %q %s, want %s", tt.command, name, cause, tt.err)
		}
	}
	c.inspector.steady(c.now)
	c.must(`{"north-south": "red", "east-west": "red"}`)
	const want = "east-west.dont-walk east-west.red north-south.dont-walk north-south.red"
	if got := c.lit(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c.pass(5900 * time.Millisecond)
	const why = "north-south must show red for another 0.1 s"
	if name, cause := c.set(`{"east-west": "green"}`); name != intersection.ErrClearance || !strings.Contains(cause, why) {
		t.Errorf("green 5.9 s after flashing: got %q %q, want %s with %q", name, cause, intersection.ErrClearance, why)
	}
	c.must("100ms", `{"east-west": "green"}`)
}

func TestAwaitCall(t *testing.T) {
	const eastWest = `{"approach": "east-west"}`
	for _, tt := range []struct {
		name  string
		steps func(c *crossing)
		want  string // the answer; "" for none
	}{
		{"nobody waits", func(*crossing) {}, ""},
		{"a press before", func(c *crossing) {
			c.edge("east-west.button", true)
			c.edge("east-west.button", false)
		}, `{"approach":"east-west","pedestrian":true,"vehicle":false}`},
		{"a car before", func(c *crossing) {
			c.edge("east-west.detector", true)
		}, `{"approach":"east-west","pedestrian":false,"vehicle":true}`},
		{"a car that has gone still counts", func(c *crossing) {
			c.edge("east-west.detector", true)
			c.edge("east-west.detector", false)
		}, `{"approach":"east-west","pedestrian":false,"vehicle":true}`},
		{"only the other approach", func(c *crossing) {
			c.edge("north-south.detector", true)
			c.edge("north-south.button", true)
		}, ""},
		{"a car on green needs no call", func(c *crossing) {
			c.must("6s", `{"east-west": "green"}`)
			c.edge("east-west.detector", true)
		}, ""},
		{"green serves the car, not the pedestrian", func(c *crossing) {
			c.edge("east-west.detector", true)
			c.edge("east-west.button", true)
			c.must("6s", `{"east-west": "green"}`)
		}, `{"approach":"east-west","pedestrian":true,"vehicle":false}`},
		{"walk serves the pedestrian", func(c *crossing) {
			c.edge("east-west.button", true)
			c.must("6s", `{"east-west": "green", "east-west-pedestrians": "walk"}`)
		}, ""},
		{"a press during walk needs no call", func(c *crossing) {
			c.must("6s", `{"east-west": "green", "east-west-pedestrians": "walk"}`)
			c.edge("east-west.button", true)
		}, ""},
		{"a press during clearance counts", func(c *crossing) {
			c.must("6s", `{"east-west": "green", "east-west-pedestrians": "walk"}`, "7s",
				`{"east-west-pedestrians": "dont-walk"}`)
			c.edge("east-west.button", true)
		}, `{"approach":"east-west","pedestrian":true,"vehicle":false}`},
		{"a car that green leaves behind counts", func(c *crossing) {
			c.edge("east-west.detector", true)
			c.must("6s", `{"east-west": "green"}`, "8s", `{"east-west": "amber"}`)
		}, `{"approach":"east-west","pedestrian":false,"vehicle":true}`},
		{"a car that green has let go does not", func(c *crossing) {
			c.edge("east-west.detector", true)
			c.must("6s", `{"east-west": "green"}`)
			c.edge("east-west.detector", false)
			c.must("8s", `{"east-west": "amber"}`)
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := powerUp(t)
			tt.steps(c)
			got := ""
			if a, ok := c.answers[c.do("await-call", eastWest)]; ok {
				got = value.Text(a.Output)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAwaitCallWaits(t *testing.T) {
	c := powerUp(t)
	first := c.do("await-call", `{"approach": "east-west"}`)
	other := c.do("await-call", `{"approach": "north-south"}`)
	second := c.do("await-call", `{"approach": "east-west"}`)
	if got := c.answers[second].Error; got != machines.ErrBusy {
		t.Errorf("a second Task for the same approach: got %q, want %s", got, machines.ErrBusy)
	}
	c.happen(machines.Cancel{Ticket: first})
	third := c.do("await-call", `{"approach": "east-west"}`)
	c.pass(time.Minute)
	c.edge("east-west.button", true)
	if _, ok := c.answers[first]; ok {
		t.Error("a Task that was cancelled got an answer")
	}
	if _, ok := c.answers[other]; ok {
		t.Error("the Task that awaits north-south got the call of east-west")
	}
	const want = `{"approach":"east-west","pedestrian":true,"vehicle":false}`
	if got := value.Text(c.answers[third].Output); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestOnlyCallsAreNoted(t *testing.T) {
	c := powerUp(t)
	c.must("6s", `{"east-west": "green", "east-west-pedestrians": "walk"}`)
	for _, tt := range []struct {
		line string
		high bool
		want string
	}{
		{"east-west.button", true, ""},
		{"east-west.button", false, ""},
		{"east-west.detector", true, ""},
		{"north-south.button", true, "call: north-south pedestrians"},
		{"north-south.button", false, ""},
		{"north-south.button", true, ""}, // remembered already
		{"north-south.detector", true, "call: north-south vehicles"},
	} {
		got := ""
		for _, n := range c.happen(machines.Edge{Line: tt.line, High: tt.high}).Notes {
			got += n.Text
		}
		if got != tt.want {
			t.Errorf("%s %t: got note %q, want %q", tt.line, tt.high, got, tt.want)
		}
	}
}

func TestReadCalls(t *testing.T) {
	c := powerUp(t)
	c.edge("east-west.button", true)
	c.edge("north-south.detector", true)
	got := value.Text(c.answers[c.do("read-calls", `{"carried": "along"}`)].Output)
	const want = `{"north-south":{"pedestrian":false,"vehicle":true},"east-west":{"pedestrian":true,"vehicle":false}}`
	if got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestUnknownThingsAreRefused(t *testing.T) {
	c := powerUp(t)
	for _, tt := range []struct{ activity, input, why string }{
		{"await-call", `{"approach": "up-down"}`, `"up-down" is none of north-south, east-west`},
		{"await-call", `{}`, `"" is none of`},
		{"await-call", `{"approch": "east-west"}`, `approch`},
		{"make-coffee", `{}`, `no activity "make-coffee"`},
	} {
		a := c.answers[c.do(tt.activity, tt.input)]
		if a.Error != machines.ErrInput || !strings.Contains(a.Cause, tt.why) {
			t.Errorf("%s %s: got %q %q, want %s with %q", tt.activity, tt.input, a.Error, a.Cause, machines.ErrInput, tt.why)
		}
	}
	before := c.state
	c.edge("nobody.button", true)
	c.happen(machines.Due{Name: "nothing"})
	c.happen(machines.Cancel{Ticket: 99})
	if c.state != before {
		t.Errorf("got %+v, want %+v", c.state, before)
	}
}

// TestDeadlinesThatComeEarlyAreNothing: a deadline that was dropped just when it came must not end what has begun since.
func TestDeadlinesThatComeEarlyAreNothing(t *testing.T) {
	c := powerUp(t)
	c.must("6s", `{"north-south": "green", "north-south-pedestrians": "walk"}`, "7s",
		`{"north-south": "amber", "north-south-pedestrians": "dont-walk"}`)
	before := c.state
	if len(c.deadlines) != 3 {
		t.Errorf("got deadlines %v, want the amber's, the clearance's and the flasher's", c.deadlines)
	}
	for _, d := range c.deadlines {
		c.happen(machines.Due{Name: d.Name})
		if c.state != before {
			t.Errorf("%s before its time: got %+v, want %+v", d.Name, c.state, before)
		}
	}
}

// TestWhateverIsAsked has the inspector watch long random sequences of commands, edges and pauses, sensible and not.
func TestWhateverIsAsked(t *testing.T) {
	commands := []string{
		`{"north-south": "green"}`, `{"north-south": "amber"}`, `{"north-south": "red"}`,
		`{"east-west": "green"}`, `{"east-west": "amber"}`, `{"east-west": "red"}`,
		`{"north-south-pedestrians": "walk"}`, `{"north-south-pedestrians": "dont-walk"}`,
		`{"east-west-pedestrians": "walk"}`, `{"east-west-pedestrians": "dont-walk"}`,
		`{"north-south": "green", "north-south-pedestrians": "walk"}`,
		`{"east-west": "green", "east-west-pedestrians": "walk"}`,
		`{"north-south": "amber", "north-south-pedestrians": "dont-walk"}`,
		`{"east-west": "amber", "east-west-pedestrians": "dont-walk"}`,
		`{"north-south": "green", "east-west": "red"}`, `{"north-south": "red", "east-west": "green"}`,
		`{"north-south": "green", "east-west": "green"}`, `{"north-south": "amber", "east-west": "amber"}`,
		allRed,
		`{"north-south": "green", "east-west-pedestrians": "walk"}`,
		`{"north-south-pedestrians": "walk", "east-west-pedestrians": "walk"}`,
		`{"north-south": "purple"}`,
	}
	pauses := []time.Duration{
		0, time.Nanosecond, 300 * time.Millisecond, time.Second, 2*time.Second - 1, 2 * time.Second,
		3*time.Second - 1, 3 * time.Second, 4 * time.Second, 6*time.Second - 1, 6 * time.Second,
		11 * time.Second, 14*time.Second - 1, 15 * time.Second,
	}
	// What happens, as often as it is named.
	const doings = "command command command command pause pause pause go-on go-on go-on go-on move move await cancel"
	greens, walks, failSafes := 0, 0, 0
	rapid.Check(t, func(t *rapid.T) {
		c := powerUp(t)
		set := func(command string) {
			if c.inspector.failing && command == allRed {
				c.inspector.steady(c.now)
			}
			if name, cause := c.set(command); name != "" && cause == "" {
				t.Fatalf("%s: %s without a cause", command, name)
			}
		}
		for range rapid.SampledFrom([]int{5, 50, 200, 400}).Draw(t, "steps") {
			switch rapid.SampledFrom(strings.Fields(doings)).Draw(t, "doing") {
			case "command":
				set(rapid.SampledFrom(commands).Draw(t, "command"))
			case "pause":
				c.pass(rapid.SampledFrom(pauses).Draw(t, "pause"))
			case "go-on":
				set(goOn(c.inspector, rapid.Bool().Draw(t, "east-west")))
			case "move":
				c.happen(rapid.SampledFrom(c.plant.Moves(c.state)).Draw(t, "move"))
			case "await":
				c.do("await-call", rapid.SampledFrom([]string{
					`{"approach": "north-south"}`, `{"approach": "east-west"}`,
				}).Draw(t, "approach"))
			case "cancel":
				c.happen(machines.Cancel{Ticket: rapid.Int64Range(0, c.ticket).Draw(t, "ticket")})
				if rapid.IntRange(0, 9).Draw(t, "fail-safe") == 9 {
					c.do("flash-red", `{}`)
					failSafes++
				}
			}
			if c.inspector.lamps["north-south.walk"] {
				walks++
			}
		}
		greens += c.inspector.greens
	})
	if greens == 0 || walks == 0 || failSafes == 0 {
		t.Errorf("got %d greens, %d steps of walk, %d fail-safes: nothing was shown", greens, walks, failSafes)
	}
	t.Logf("%d greens, %d steps of walk, %d fail-safes", greens, walks, failSafes)
}

const allRed = `{"north-south": "red", "east-west": "red"}`

// goOn returns the command that a sensible definition would give next, whether or not it is time.
func goOn(i *inspector, eastWest bool) string {
	if i.failing {
		return allRed
	}
	for _, a := range []string{"north-south", "east-west"} {
		switch {
		case i.lamps[a+".walk"]:
			return `{"` + a + `-pedestrians": "dont-walk"}`
		case i.lamps[a+".green"]:
			return `{"` + a + `": "amber"}`
		case i.lamps[a+".amber"]:
			return `{"` + a + `": "red"}`
		}
	}
	if eastWest {
		return `{"east-west": "green", "east-west-pedestrians": "walk"}`
	}
	return `{"north-south": "green"}`
}

// TestInvariantsFail shows that each invariant can.
func TestInvariantsFail(t *testing.T) {
	c := powerUp(t)
	c.must("6s", `{"north-south": "green", "north-south-pedestrians": "walk"}`)
	good := c.state.(intersection.State)
	called := intersection.Call{Memory: "called"}
	for name, spoil := range map[string]func(*intersection.State){
		"conflicting approaches never go together": func(s *intersection.State) {
			s.Heads[intersection.EastWest].Shows = intersection.Amber
		},
		"pedestrians walk with their own green only": func(s *intersection.State) {
			s.Heads[intersection.NorthSouth].Shows = intersection.Red
		},
		"nobody goes while conflicting pedestrians are on the road": func(s *intersection.State) {
			s.Pedestrians[intersection.EastWest].Shows = intersection.Clearing
		},
		"every head shows one aspect": func(s *intersection.State) {
			s.Heads[intersection.EastWest].Shows = "nothing"
		},
		"all heads flash, or none": func(s *intersection.State) {
			s.Heads[intersection.EastWest].Shows = intersection.FlashingRed
		},
		"a call that is being served is not remembered": func(s *intersection.State) {
			s.Calls[intersection.NorthSouth].Detector = called
		},
		"no Task awaits a call that is there": func(s *intersection.State) {
			s.Calls[intersection.EastWest].Button = called
			s.Awaits[intersection.EastWest] = 1
		},
	} {
		s := good
		spoil(&s)
		found := false
		for _, i := range c.plant.Invariants() {
			if i.Name == name {
				found = i.Holds(s) != nil
			}
		}
		if !found {
			t.Errorf("%s: holds in %+v, want not", name, s)
		}
	}
	if got, want := len(c.plant.Invariants()), 7; got != want {
		t.Errorf("got %d invariants, want %d: add a case here", got, want)
	}
}

func BenchmarkApply(b *testing.B) {
	p := intersection.NewPlant()
	s, _ := p.Initial(start)
	e := machines.Edge{Line: "east-west.button", High: true}
	b.ReportAllocs()
	for b.Loop() {
		p.Apply(s, e, start)
	}
}
