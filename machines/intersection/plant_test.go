package intersection_test

import (
	"strings"
	"testing"
	"time"

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
		// Walk is shown for 7 s, then pedestrians have 11 s, then 3 s of dont-walk go by.
		endWalk = append(walk[:2:2], "7s", `{"north-south": "amber", "north-south-pedestrians": "dont-walk"}`,
			"4s", `{"north-south": "red"}`)
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
			err: intersection.ErrClearance, why: "must show red for another 0.001 s",
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
			err: intersection.ErrClearance, why: "at least 4 s of amber",
		},
		{
			name: "short amber", steps: append(amber[:4:4], "1.2s"), command: `{"north-south": "red"}`,
			err: intersection.ErrClearance, why: "2.8 s of it are to come",
		},
		{
			name: "red after four seconds of amber", steps: append(amber[:4:4], "4s"), command: `{"north-south": "red"}`,
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
			name: "a short walk", steps: append(walk[:2:2], "6.5s"), command: `{"north-south-pedestrians": "dont-walk"}`,
			err: intersection.ErrClearance, why: "walk lasts at least 7 s, 0.5 s of it are to come",
		},
		{
			name: "walk again during clearance", command: `{"north-south-pedestrians": "walk"}`,
			steps: append(walk[:2:2], "7s", `{"north-south-pedestrians": "dont-walk"}`),
			err:   intersection.ErrSequence, why: "walk does not follow clearing",
		},
		{
			name: "the other green while pedestrians clear the road", command: `{"east-west": "green"}`,
			steps: append(endWalk[:6:6], "6.9s"),
			err:   intersection.ErrClearance, why: "still on the road",
		},
		{
			name: "the other green when they have just cleared it", command: `{"east-west": "green"}`,
			steps: append(endWalk[:6:6], "9s"),
			err:   intersection.ErrClearance, why: "dont-walk for another 1 s",
		},
		{
			name: "the other green after the buffer", command: `{"east-west": "green"}`,
			steps: append(endWalk[:6:6], "10s"),
			lit:   "east-west.dont-walk east-west.green north-south.dont-walk north-south.red",
		},
		{
			name: "one part refused, all refused", steps: append(red[:6:6], "2s"),
			command: `{"east-west": "green", "north-south-pedestrians": "walk"}`,
			err:     intersection.ErrConflict, why: "north-south-pedestrians walk",
		},
		{name: "no head", command: `{}`, err: machines.ErrInput, why: "names no head"},
		{name: "an unknown head", command: `{"north-sout": "green"}`, err: machines.ErrInput, why: `did you mean "north-south"`},
		{name: "an unknown aspect", command: `{"north-south": "blue"}`, err: machines.ErrInput, why: `"blue" is none of`},
		{name: "walk for cars", command: `{"north-south": "walk"}`, err: machines.ErrInput, why: `"walk" is none of`},
		{name: "an empty aspect", command: `{"north-south": ""}`, err: machines.ErrInput, why: `"" is none of`},
		{name: "no aspect", command: `{"north-south": null}`, err: machines.ErrInput, why: `null is none of`},
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
	c.must("6s", `{"north-south": "green", "north-south-pedestrians": "walk"}`, "7s")
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

// TestFlashRedFromEverywhere: whatever is shown ends as it must, with its amber and its pedestrians' clearance, then all
// heads flash.
func TestFlashRedFromEverywhere(t *testing.T) {
	walk := `{"north-south": "green", "north-south-pedestrians": "walk"}`
	for name, tt := range map[string]struct {
		steps []string
		after time.Duration // until all heads flash
	}{
		"power-up":             {nil, 0},
		"green":                {[]string{"6s", `{"north-south": "green"}`}, 4 * time.Second},
		"walk":                 {[]string{"6s", walk, "2s"}, 16 * time.Second},
		"pedestrian clearance": {[]string{"6s", walk, "7s", `{"north-south-pedestrians": "dont-walk"}`, "700ms"}, 10300 * time.Millisecond},
		"amber":                {[]string{"6s", `{"north-south": "green"}`, "1s", `{"north-south": "amber"}`, "1s"}, 3 * time.Second},
		"red clearance": {[]string{
			"6s", `{"north-south": "green"}`, "1s", `{"north-south": "amber"}`, "4s", `{"north-south": "red"}`,
		}, 0},
	} {
		t.Run(name, func(t *testing.T) {
			c := powerUp(t)
			c.must(tt.steps...)
			ticket := c.do("flash-red", `{"whatever": [1]}`)
			mode := func() intersection.Mode { return c.state.(intersection.State).Mode }
			if tt.after > 0 {
				c.pass(tt.after - 1)
				if mode() != intersection.Ending {
					t.Errorf("got %s just before %s, want %s", mode(), tt.after, intersection.Ending)
				}
				if name, _ := c.set(allRed); name != intersection.ErrSequence {
					t.Errorf("set-signals on the way to flashing: got %q, want %s", name, intersection.ErrSequence)
				}
				c.pass(1)
			}
			if mode() != intersection.Flashing {
				t.Fatalf("got %s after %s, want %s", mode(), tt.after, intersection.Flashing)
			}
			if got, want := c.lit(), "east-west.red north-south.red"; got != want {
				t.Fatalf("got %q lit, want %q", got, want)
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
			c.apply(machines.Cancel{Ticket: ticket})
			if mode() != intersection.Flashing {
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
	c.must(allRed)
	const want = "east-west.dont-walk east-west.red north-south.dont-walk north-south.red"
	if got := c.lit(); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	c.pass(5900 * time.Millisecond)
	const why = "must show red for another 0.1 s"
	if name, cause := c.set(`{"east-west": "green"}`); name != intersection.ErrClearance || !strings.Contains(cause, why) {
		t.Errorf("green 5.9 s after flashing: got %q %q, want %s with %q", name, cause, intersection.ErrClearance, why)
	}
	c.must("100ms", `{"east-west": "green"}`)
}

// quiet is a crossing without a call and without a recall since both roads had green: east-west is green.
func quiet(t *testing.T) *crossing {
	t.Helper()
	text := strings.Replace(string(intersection.Machine().Config), "recall: minimum", "recall: none", 1)
	c := powerUpOf(t, parse(t, text), start)
	c.must("6s", `{"north-south": "green"}`, "8s", `{"north-south": "amber"}`, "4s", `{"north-south": "red"}`, "2s",
		`{"east-west": "green"}`, "10s")
	return c
}

const (
	noCalls = `{"pedestrian":false,"vehicle":false}`
	onFoot  = `{"pedestrian":true,"vehicle":false}`
	aCar    = `{"pedestrian":false,"vehicle":true}`
)

func callsAre(northSouth, eastWest string) string {
	return `{"north-south":` + northSouth + `,"east-west":` + eastWest + `,"emergency":"","night":false}`
}

func TestAwaitCall(t *testing.T) {
	for _, tt := range []struct {
		name  string
		steps func(c *crossing)
		want  string // the answer; "" for none
	}{
		{"nobody waits", func(*crossing) {}, ""},
		{"a press before", func(c *crossing) {
			c.edge("north-south.button", true)
			c.edge("north-south.button", false)
		}, callsAre(onFoot, noCalls)},
		{"a car before", func(c *crossing) {
			c.edge("north-south.detector", true)
		}, callsAre(aCar, noCalls)},
		{"a car that has gone still counts", func(c *crossing) {
			c.edge("north-south.detector", true)
			c.edge("north-south.detector", false)
		}, callsAre(aCar, noCalls)},
		{"only who has green already", func(c *crossing) {
			c.edge("east-west.detector", true)
			c.edge("east-west.button", true)
		}, ""},
		{"green serves the car, not the pedestrian", func(c *crossing) {
			c.edge("north-south.detector", true)
			c.edge("north-south.button", true)
			c.must(`{"east-west": "amber"}`, "4s", `{"east-west": "red"}`, "2s", `{"north-south": "green"}`)
			c.edge("east-west.button", true)
		}, callsAre(onFoot, onFoot)},
		{"walk serves the pedestrian", func(c *crossing) {
			c.edge("north-south.button", true)
			c.must(`{"east-west": "amber"}`, "4s", `{"east-west": "red"}`, "2s",
				`{"north-south": "green", "north-south-pedestrians": "walk"}`)
		}, ""},
		{"a press during walk needs no call", func(c *crossing) {
			c.must(`{"east-west-pedestrians": "walk"}`)
			c.edge("east-west.button", true)
			c.must("7s", `{"east-west": "amber", "east-west-pedestrians": "dont-walk"}`, "4s", `{"east-west": "red"}`)
		}, ""},
		{"a press during clearance counts", func(c *crossing) {
			c.must(`{"east-west-pedestrians": "walk"}`, "7s", `{"east-west": "amber", "east-west-pedestrians": "dont-walk"}`)
			c.edge("east-west.button", true)
		}, callsAre(noCalls, onFoot)},
		{"a car that green leaves behind counts", func(c *crossing) {
			c.edge("east-west.detector", true)
			c.must(`{"east-west": "amber"}`)
		}, callsAre(noCalls, aCar)},
		{"a car that green has let go does not", func(c *crossing) {
			c.edge("east-west.detector", true)
			c.edge("east-west.detector", false)
			c.must(`{"east-west": "amber"}`)
		}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c := quiet(t)
			tt.steps(c)
			got := ""
			if a, ok := c.answers[c.do("await-call", `{}`)]; ok {
				got = value.Text(a.Output)
			}
			if got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestAwaitCallWaits(t *testing.T) {
	c := quiet(t)
	first := c.do("await-call", `{}`)
	c.apply(machines.Cancel{Ticket: first})
	var others []int64
	for range 4 {
		others = append(others, c.do("await-call", `{}`))
	}
	if got := c.answers[c.do("await-call", `{}`)].Error; got != machines.ErrBusy {
		t.Errorf("a fifth Task: got %q, want %s", got, machines.ErrBusy)
	}
	c.pass(time.Minute)
	c.edge("north-south.button", true)
	if _, ok := c.answers[first]; ok {
		t.Error("a Task that was cancelled got an answer")
	}
	for _, ticket := range others {
		if got, want := value.Text(c.answers[ticket].Output), callsAre(onFoot, noCalls); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
}

func TestOnlyCallsAreNoted(t *testing.T) {
	c := quiet(t)
	c.must(`{"east-west-pedestrians": "walk"}`)
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
		for _, n := range c.apply(machines.Edge{Line: tt.line, High: tt.high}).Notes {
			got += n.Text
		}
		if got != tt.want {
			t.Errorf("%s %t: got note %q, want %q", tt.line, tt.high, got, tt.want)
		}
	}
}

func TestUnknownThingsAreRefused(t *testing.T) {
	c := powerUp(t)
	for _, tt := range []struct{ activity, input, why string }{
		{"hold-green", `{"phase": "up-down"}`, `"up-down" is none of north-south, east-west`},
		{"hold-green", `{}`, `"" is none of`},
		{"hold-green", `{"phas": "east-west"}`, `phas`},
		{"await-interval", `{"phase": "east"}`, `did you mean "east-west"`},
		{"await-interval", `[]`, `[]`},
		{"make-coffee", `{}`, `no activity "make-coffee"`},
	} {
		a := c.answers[c.do(tt.activity, tt.input)]
		if a.Error != machines.ErrInput || !strings.Contains(a.Cause, tt.why) {
			t.Errorf("%s %s: got %q %q, want %s with %q", tt.activity, tt.input, a.Error, a.Cause, machines.ErrInput, tt.why)
		}
	}
	before := c.state
	c.edge("nobody.button", true)
	c.apply(machines.Due{Name: "nothing"})
	c.apply(machines.Cancel{Ticket: 99})
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
	if len(c.deadlines) < 4 {
		t.Errorf("got deadlines %v, want the amber's, the clearance's, the flasher's and more", c.deadlines)
	}
	for _, d := range c.deadlines {
		c.apply(machines.Due{Name: d.Name})
		if c.state != before {
			t.Errorf("%s before its time: got %+v, want %+v", d.Name, c.state, before)
		}
	}
}

const allRed = `{"north-south": "red", "east-west": "red"}`

// TestInvariantsFail shows that each invariant can.
func TestInvariantsFail(t *testing.T) {
	c := powerUp(t)
	c.must("6s", `{"north-south": "green", "north-south-pedestrians": "walk"}`)
	good := c.state.(intersection.State)
	called := intersection.Called
	for name, spoil := range map[string]func(*intersection.State){
		"conflicting phases never go together": func(s *intersection.State) {
			s.Heads[intersection.EastWest].Shows = intersection.Amber
		},
		"pedestrians walk with their own green only": func(s *intersection.State) {
			s.Heads[intersection.NorthSouth].Shows = intersection.Red
		},
		"no traffic moves while conflicting pedestrians are on the road": func(s *intersection.State) {
			s.Pedestrians[intersection.EastWest].Shows = intersection.Clearing
		},
		"every head shows one aspect": func(s *intersection.State) {
			s.Heads[intersection.EastWest].Shows = 0
		},
		"all heads flash, or none": func(s *intersection.State) {
			s.Heads[intersection.EastWest].Shows = intersection.FlashingRed
		},
		"a call that is being served is not remembered": func(s *intersection.State) {
			s.Calls[intersection.NorthSouth].Vehicle = called
		},
		"no Task awaits a call that is there": func(s *intersection.State) {
			s.Calls[intersection.EastWest].Pedestrian = called
			s.CallTickets[1] = 1
		},
		"a sensor that has failed says why": func(s *intersection.State) {
			s.Sensors[2].Condition = intersection.Failed
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
	if got, want := len(c.plant.Invariants()), 8; got != want {
		t.Errorf("got %d invariants, want %d: add a case here", got, want)
	}
}

func BenchmarkApply(b *testing.B) {
	c, err := intersection.ParseConfig("", intersection.Machine().Config)
	if err != nil {
		b.Fatal(err)
	}
	p := intersection.NewPlant(c)
	s, _ := p.Initial(start)
	e := machines.Edge{Line: "east-west.button", High: true}
	b.ReportAllocs()
	for b.Loop() {
		p.Apply(s, e, start)
	}
}
