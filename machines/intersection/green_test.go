package intersection_test

import (
	"strings"
	"testing"
	"time"

	"signalbox/asl/value"
	"signalbox/machines"
	"signalbox/machines/intersection"
)

// TestHoldGreen: north-south has had green for a moment (minimum 8 s, passage 3 s, maximum 40 s), and traffic comes to the
// other road or not.
func TestHoldGreen(t *testing.T) {
	waits := func(c *crossing) { c.edge("east-west.detector", true) }
	for _, tt := range []struct {
		name   string
		steps  func(c *crossing)
		after  time.Duration // of green, when it is to end
		reason string        // "" for never
	}{
		{"nobody else comes", func(*crossing) {}, 0, ""},
		{"the other road waits", waits, 8 * time.Second, intersection.GapOut},
		{"a car keeps it for the passage time", func(c *crossing) {
			waits(c)
			c.pass(7 * time.Second)
			c.edge("north-south.detector", true)
			c.pass(time.Second)
			c.edge("north-south.detector", false)
		}, 11 * time.Second, intersection.GapOut},
		{"cars that do not end keep it for the maximum", func(c *crossing) {
			c.pass(5 * time.Second)
			waits(c)
			c.edge("north-south.detector", true)
		}, 45 * time.Second, intersection.MaxOut},
		{"an emergency does not wait for the minimum", func(c *crossing) {
			c.pass(2 * time.Second)
			c.edge("east-west.emergency", true)
		}, 2 * time.Second, intersection.Preemption},
		{"its own emergency keeps it", func(c *crossing) {
			waits(c)
			c.edge("north-south.emergency", true)
			c.pass(100 * time.Second)
			c.edge("north-south.emergency", false)
		}, 100 * time.Second, intersection.GapOut},
		{"an emergency that never ends is not heeded", func(c *crossing) {
			waits(c)
			c.edge("north-south.emergency", true)
			c.pass(179 * time.Second)
		}, 180 * time.Second, intersection.GapOut},
		{"its own pedestrians walk while nobody else waits", func(c *crossing) {
			c.pass(20 * time.Second)
			c.edge("north-south.button", true)
		}, 20 * time.Second, intersection.WalkAgain},
		{"a detector that has failed keeps it for the maximum", func(c *crossing) {
			c.edge("north-south.detector", true)
			c.pass(10 * time.Minute) // then it has been on for too long
			c.edge("east-west.button", true)
		}, 10*time.Minute + 40*time.Second, intersection.MaxOut},
	} {
		t.Run(tt.name, func(t *testing.T) {
			text := strings.Replace(string(intersection.Machine().Config), "recall: minimum", "recall: none", 1)
			c := powerUpOf(t, parse(t, text), start)
			c.must("6s", `{"east-west": "green"}`, "10s", `{"east-west": "amber"}`, "4s", `{"east-west": "red"}`, "2s",
				`{"north-south": "green"}`)
			green := c.now
			ticket := c.do("hold-green", `{"phase": "north-south"}`)
			tt.steps(c)
			if tt.reason != "" && c.now.Sub(green) < tt.after {
				c.pass(tt.after - 1 - c.now.Sub(green))
				if a, ok := c.answers[ticket]; ok {
					t.Fatalf("got %s before %s of green", value.Text(a.Output), tt.after)
				}
				c.pass(1)
			}
			if tt.reason == "" {
				c.pass(20 * time.Minute)
			}
			got := ""
			if a, ok := c.answers[ticket]; ok {
				got = value.Text(a.Output)
			}
			want := ""
			if tt.reason != "" {
				want = `{"phase":"north-south","reason":"` + tt.reason + `"}`
			}
			if got != want {
				t.Errorf("got %q after %s, want %q", got, c.now.Sub(green), want)
			}
		})
	}
}

// Pedestrians who walk or clear the road are not cut short by an emergency, nor by the night.
func TestPedestriansAreNotCutShort(t *testing.T) {
	for _, cut := range []string{"emergency", "night"} {
		text, reason := string(intersection.Machine().Config), intersection.Preemption
		if cut == "night" {
			text, reason = text+"\nnight: {from: \"00:01\", to: \"06:00\"}\n", intersection.NightFalls
		}
		c := powerUpOf(t, parse(t, text), start)
		c.must("51s", `{"north-south": "green", "north-south-pedestrians": "walk"}`, "7s", `{"north-south-pedestrians": "dont-walk"}`)
		ticket := c.do("hold-green", `{"phase": "north-south"}`) // after 58 s: the road is clear after 69 s, night after 60 s
		if cut == "emergency" {
			c.edge("east-west.emergency", true)
		}
		c.pass(11*time.Second - 1)
		if a, ok := c.answers[ticket]; ok {
			t.Errorf("%s: got %s while pedestrians are on the road", cut, value.Text(a.Output))
		}
		c.pass(1)
		if a, ok := c.answers[ticket]; !ok || !strings.Contains(value.Text(a.Output), reason) {
			t.Errorf("%s: got %+v when they have left it, want %s", cut, a, reason)
		}
	}
}

// TestSensorsFail: what a detector does, and when it counts as failed and works again.
func TestSensorsFail(t *testing.T) {
	text := strings.Replace(string(intersection.Machine().Config), "recall: minimum", "recall: none", 1) +
		"\ndetectors: {no-activity: 10m, maximum-presence: 5m, most-counts: 10}\n"
	for _, tt := range []struct {
		why           intersection.Failure
		fails, mended func(c *crossing)
	}{
		{intersection.NoActivity, func(c *crossing) { c.pass(10 * time.Minute) }, func(c *crossing) { c.edge("north-south.detector", true) }},
		{
			intersection.MaxPresence,
			func(c *crossing) {
				c.edge("north-south.detector", true)
				c.pass(5 * time.Minute)
			},
			func(c *crossing) { c.edge("north-south.detector", false) },
		},
		{
			intersection.Erratic,
			func(c *crossing) {
				for i := range 11 {
					c.edge("north-south.detector", i%2 == 0)
				}
			},
			func(c *crossing) { c.pass(2 * time.Minute) },
		},
	} {
		c := powerUpOf(t, parse(t, text), start)
		sensor := func() intersection.Sensor { return c.state.(intersection.State).Sensors[0] }
		tt.fails(c)
		if s := sensor(); s.Condition != intersection.Failed || s.Why != tt.why {
			t.Errorf("%s: got %+v", tt.why, s)
		}
		// It calls again as soon as green is over, though there is no car.
		c.must("6s", `{"north-south": "green"}`, "8s", `{"north-south": "amber"}`)
		a := c.answers[c.do("await-call", `{}`)]
		if got := value.Text(a.Output); !strings.Contains(got, `"north-south":{"pedestrian":false,"vehicle":true}`) {
			t.Errorf("%s: got calls %s, want one of north-south", tt.why, got)
		}
		tt.mended(c)
		if s := sensor(); s.Condition != intersection.Working || s.Why != intersection.NoFailure {
			t.Errorf("%s: got %+v when it works again", tt.why, s)
		}
	}
}

// TestNight: the Task of the night is answered in the morning; a clock that has not been set knows no night. The night is
// short, and has midnight and another zone in it, where an end can be computed wrongly.
func TestNight(t *testing.T) {
	text := string(intersection.Machine().Config) + "\nnight: {from: \"23:55\", to: \"00:05\", zone: Europe/Berlin}\n"
	evening := time.Date(2026, 7, 1, 21, 54, 50, 0, time.UTC) // 23:54:50 there
	c := powerUpOf(t, parse(t, text), evening)
	c.must("6s")
	if a, ok := c.answers[c.do("flash-red", `{"until": "morning"}`)]; !ok || a.Error != "" {
		t.Errorf("before the night: got %+v, want an answer at once", a)
	}
	c.pass(4 * time.Second)
	ticket := c.do("flash-red", `{"until": "morning"}`)
	c.pass(10*time.Minute - 1)
	if mode := c.state.(intersection.State).Mode; mode != intersection.Flashing {
		t.Errorf("at night: got %s", mode)
	}
	if a, ok := c.answers[ticket]; ok {
		t.Errorf("at night: got %+v", a)
	}
	c.pass(1)
	if _, ok := c.answers[ticket]; !ok {
		t.Error("in the morning: no answer")
	}
	c.must(allRed, "6s", `{"north-south": "green"}`)

	unset := powerUpOf(t, parse(t, text), time.Date(1970, 1, 1, 22, 58, 0, 0, time.UTC))
	if unset.state.(intersection.State).IsNight {
		t.Error("a clock that begins in 1970 was taken for good")
	}
	unset.apply(machines.Due{Name: "night"})
}
