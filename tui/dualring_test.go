package tui_test

import (
	"strings"
	"testing"
	"time"

	"signalbox/machines/intersection"
	"signalbox/tui"
)

// rings is the crossing with eight phases: the two left turns of the avenue have green, and an ambulance comes.
func rings() tui.Snapshot {
	s := crossing()
	s.Machine, s.Current, s.Lines = "intersection-dual-ring", "NorthSouthHold", nil
	v := intersection.View{
		Queue: [4]int{2, 3, 1, 9}, Left: [4]int{1, 4, 0, 2}, Crossing: [4]int{}, Passed: 42, Pedestrians: [2]int{1, 2},
		Heads: [4]string{"north", "east", "south", "west"}, Walks: [4]string{"north", "east", "south", "west"},
		LeftHeads: [4]string{"north-left", "east-left", "south-left", "west-left"},
		Mode:      intersection.Normal, Emergency: "north.emergency",
	}
	for side, head := range v.Heads {
		for _, name := range []string{head, v.LeftHeads[side]} {
			green := strings.HasSuffix(name, "h-left")
			s.Lines = append(s.Lines,
				tui.Line{Name: name + ".red", Output: true, High: !green, ChangedAt: after(time.Minute)},
				tui.Line{Name: name + ".amber", Output: true},
				tui.Line{Name: name + ".green", Output: true, High: green, ChangedAt: after(time.Minute)})
		}
		s.Lines = append(s.Lines, tui.Line{Name: head + ".walk", Output: true}, tui.Line{Name: head + ".dont-walk", Output: true, High: true})
	}
	s.World = v
	return s
}

// The picture says in words what is out of the ordinary, the most urgent of it.
func TestTheCrossingSaysWhatIsOutOfTheOrdinary(t *testing.T) {
	for want, change := range map[string]func(*tui.Snapshot, *intersection.View){
		"EMERGENCY north.emergency":    func(*tui.Snapshot, *intersection.View) {},
		"FLASHING: a fault is latched": func(s *tui.Snapshot, _ *intersection.View) { s.Status = tui.StatusFlashing },
		"FLASHING: out of order":       func(_ *tui.Snapshot, v *intersection.View) { v.Emergency, v.Mode = "", intersection.Flashing },
		"FLASHING for the night": func(_ *tui.Snapshot, v *intersection.View) {
			v.Emergency, v.Mode, v.Night = "", intersection.Flashing, true
		},
		"ending, then FLASHING": func(_ *tui.Snapshot, v *intersection.View) { v.Emergency, v.Mode = "", intersection.Ending },
		"failed: south.detector (no ac": func(_ *tui.Snapshot, v *intersection.View) {
			v.Emergency, v.Failed = "", "south.detector (no activity)"
		},
		"calls: south cars": func(_ *tui.Snapshot, v *intersection.View) { v.Emergency, v.Calls = "", "south cars" },
	} {
		s := rings()
		v := s.World.(intersection.View)
		change(&s, &v)
		s.World = v
		if got := text(screen(tui.Options{}, 80, 24, s)); !strings.Contains(got, want) {
			t.Errorf("want %q in\n%s", want, got)
		}
	}
}
