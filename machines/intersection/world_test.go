package intersection_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl/engine"
	"signalbox/machines"
	"signalbox/machines/intersection"
)

// A street is a world on a clock of its own. The test lights the lamps; what the world drives is written down.
type street struct {
	t       *testing.T
	clock   *engine.Clock
	world   machines.World
	listens map[string]func(bool)
	inputs  map[string]bool
	log     []string
}

func newStreet(t *testing.T, seed uint64) *street {
	s := &street{
		t: t, clock: engine.NewSimulated(start, 0),
		listens: map[string]func(bool){}, inputs: map[string]bool{},
	}
	s.world = intersection.Machine().World(s, s.clock, seed)
	return s
}

func (s *street) OnOutput(line string, f func(bool)) { s.listens[line] = f }

func (s *street) Drive(line string, high bool) {
	if s.inputs[line] == high {
		s.t.Errorf("at %s: %s was %t already", s.now(), line, high)
	}
	s.inputs[line] = high
	s.log = append(s.log, fmt.Sprintf("%s %s %t", s.now(), line, high))
}

func (s *street) now() time.Duration { return s.clock.Now().Sub(start) }

func (s *street) view() intersection.View { return s.world.View().(intersection.View) }

func (s *street) at(d time.Duration, f func()) { s.clock.At(start.Add(d), f) }

// lamp has a lamp change at a time.
func (s *street) lamp(d time.Duration, line string, lit bool) {
	s.at(d, func() { s.listens[line](lit) })
}

// each has f done every step.
func (s *street) each(step time.Duration, f func()) {
	s.clock.AfterFunc(step, func() { f(); s.each(step, f) })
}

func (s *street) run(end time.Duration) {
	s.t.Helper()
	s.at(end, s.clock.Stop)
	if err := s.clock.Run(s.t.Context()); err != nil {
		s.t.Fatal(err)
	}
}

// rounds gives both roads green in turn, 20 s of a minute each, with walk for the first 7 s.
func (s *street) rounds(n int) {
	for i := range n {
		for j, a := range []string{"north-south", "east-west"} {
			from := time.Duration(i)*time.Minute + time.Duration(j)*30*time.Second
			s.lamp(from, a+".green", true)
			s.lamp(from, a+".walk", true)
			s.lamp(from+7*time.Second, a+".walk", false)
			s.lamp(from+20*time.Second, a+".green", false)
		}
	}
}

func TestWorldIsTheSameForTheSameSeed(t *testing.T) {
	history := func(seed uint64) ([]string, intersection.View) {
		s := newStreet(t, seed)
		s.rounds(20)
		s.run(20 * time.Minute)
		return s.log, s.view()
	}
	log, view := history(7)
	again, viewAgain := history(7)
	if diff := cmp.Diff(log, again); diff != "" {
		t.Errorf("two runs of seed 7 differ (-first +second):\n%s", diff)
	}
	if view != viewAgain {
		t.Errorf("got %+v and %+v after the same seed", view, viewAgain)
	}
	other, _ := history(8)
	if cmp.Equal(log, other) {
		t.Error("seeds 7 and 8 make the same traffic")
	}
	if len(log) < 100 {
		t.Errorf("got %d changes of inputs in 20 minutes, want more", len(log))
	}
}

func TestNobodyGoesWithoutGreen(t *testing.T) {
	s := newStreet(t, 1)
	s.run(time.Hour)
	v := s.view()
	if v.Passed != 0 || v.Crossing != [4]int{} || v.Walking != [2]int{} {
		t.Errorf("got %+v, want nobody on the crossing", v)
	}
	for i, n := range v.Queue {
		if n != 12 {
			t.Errorf("got %d cars from side %d after an hour of red, want a full queue of 12", n, i)
		}
	}
	for _, line := range []string{"north-south.detector", "east-west.detector"} {
		if !s.inputs[line] {
			t.Errorf("%s is off while cars wait", line)
		}
	}
	if v.Pedestrians[0] != 8 || v.Pedestrians[1] != 8 {
		t.Errorf("got %v pedestrians after an hour, want 8 at each button", v.Pedestrians)
	}
}

func TestCarsSetOffOneAfterTheOther(t *testing.T) {
	s := newStreet(t, 1)
	const green = 10 * time.Minute // all queues are full
	s.lamp(green, "north-south.green", true)
	s.lamp(green+15*time.Second, "north-south.green", false)
	var gone []time.Duration
	queue, crossing := 0, 0
	s.at(green-1, func() { queue = s.view().Queue[intersection.North] })
	s.at(green+1, func() {
		s.each(100*time.Millisecond, func() {
			n := s.view().Crossing[intersection.North]
			if n > crossing {
				gone = append(gone, (s.now() - green).Round(100*time.Millisecond))
			}
			crossing = n
			if s.view().Crossing[intersection.East] > 0 {
				t.Errorf("at %s: a car from the east without green", s.now())
			}
		})
	})
	s.run(green + 30*time.Second)
	if queue != 12 {
		t.Fatalf("got %d cars waiting, want 12", queue)
	}
	var want []time.Duration
	for d := 2 * time.Second; d < 15*time.Second; d += 2 * time.Second {
		want = append(want, d)
	}
	if diff := cmp.Diff(want, gone); diff != "" {
		t.Errorf("times of departure after green (-want +got):\n%s", diff)
	}
	if v := s.view(); v.Crossing != [4]int{} || v.Passed != 14 {
		t.Errorf("got %+v, want 14 cars passed from two sides and none on the crossing", v)
	}
}

func TestACarOnGreenDoesNotStop(t *testing.T) {
	s := newStreet(t, 3)
	s.lamp(0, "north-south.green", true)
	s.each(50*time.Millisecond, func() {
		if n := s.view().Queue[intersection.North]; n > 2 {
			t.Errorf("at %s: %d cars wait at green", s.now(), n)
		}
	})
	s.run(10 * time.Minute)
	if n := s.view().Passed; n < 50 {
		t.Errorf("got %d cars passed in ten minutes, want about 100", n)
	}
	if s.inputs["north-south.detector"] && s.view().Queue[intersection.North]+s.view().Crossing[intersection.North]+
		s.view().Queue[intersection.South]+s.view().Crossing[intersection.South] == 0 {
		t.Error("the detector is on and there is no car")
	}
}

func TestPedestriansPressAndWalk(t *testing.T) {
	s := newStreet(t, 1)
	const walk = 30 * time.Minute
	var before, during intersection.View
	s.at(walk-1, func() { before = s.view() })
	s.lamp(walk, "east-west.walk", true)
	s.at(walk+1, func() { during = s.view() })
	s.lamp(walk+7*time.Second, "east-west.walk", false)
	s.run(walk + 20*time.Second)
	if before.Pedestrians[intersection.EastWest] == 0 || during.Pedestrians[intersection.EastWest] != 0 ||
		during.Walking[intersection.EastWest] != before.Pedestrians[intersection.EastWest] {
		t.Errorf("got %+v before walk and %+v after, want all who waited on the road", before, during)
	}
	if n := s.view().Walking[intersection.EastWest]; n != 0 {
		t.Errorf("got %d pedestrians on the road when clearance is over", n)
	}
	if s.inputs["east-west.button"] {
		t.Error("the button is still pressed")
	}
	presses := 0
	for _, l := range s.log {
		var at, line string
		var high bool
		if _, err := fmt.Sscan(l, &at, &line, &high); err != nil {
			t.Fatal(err)
		}
		if line == "east-west.button" && high {
			presses++
		}
	}
	if presses == 0 {
		t.Error("nobody pressed the button")
	}
}

func TestWhoeverPressedFromOutsideWalksToo(t *testing.T) {
	s := newStreet(t, 1)
	s.lamp(0, "north-south.walk", true)
	s.run(time.Second)
	if got := s.view().Walking; got != [2]int{1, 0} {
		t.Errorf("got %v walking, want one north-south", got)
	}
}
