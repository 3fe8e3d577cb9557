package machines_test

import (
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signalbox/machines"
)

type doorState string

func door() *machines.Part[doorState] {
	return machines.NewPart[doorState](
		"closed",
		machines.On[doorState]("open", "open", "closed", "open"),
		machines.On[doorState]("close", "closed", "open"),
		machines.On[doorState]("lock", "locked", "closed"),
	)
}

func TestAPartSaysWhatFollowsAnEvent(t *testing.T) {
	for _, tt := range []struct {
		state  doorState
		event  string
		next   doorState
		happen bool
	}{
		{"closed", "open", "open", true},
		{"open", "open", "open", true}, // a transition to the same state is one
		{"open", "close", "closed", true},
		{"closed", "lock", "locked", true},
		{"open", "lock", "open", false},
		{"locked", "open", "locked", false},
		{"closed", "burn", "closed", false},
		{"gone", "open", "gone", false},
		{"", "", "", false},
	} {
		p, fired := door(), tt.state
		next, ok := p.After(tt.state, tt.event)
		if next != tt.next || ok != tt.happen {
			t.Errorf("After(%q, %q): got %q, %v, want %q, %v", tt.state, tt.event, next, ok, tt.next, tt.happen)
		}
		if got := p.Can(tt.state, tt.event); got != tt.happen {
			t.Errorf("Can(%q, %q): got %v, want %v", tt.state, tt.event, got, tt.happen)
		}
		if got := p.Fire(&fired, tt.event); got != tt.happen || fired != tt.next {
			t.Errorf("Fire(%q, %q): got %q, %v, want %q, %v", tt.state, tt.event, fired, got, tt.next, tt.happen)
		}
	}
}

func TestAnEventWithTwoMeaningsInOneStateIsRefused(t *testing.T) {
	for name, transitions := range map[string][]machines.Transition[doorState]{
		"two ends": {
			machines.On[doorState]("push", "open", "closed"),
			machines.On[doorState]("push", "locked", "closed"),
		},
		"the same end twice": {
			machines.On[doorState]("push", "open", "closed"),
			machines.On[doorState]("push", "open", "closed"),
		},
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("it was taken")
				}
			}()
			machines.NewPart("closed", transitions...)
		})
	}
}

// A gear prints as one of three names, two of which are the same.
type gear int

func (g gear) String() string { return []string{"low", "high", "low"}[g] }

func TestTwoStatesWithOneNameAreRefused(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("it was taken")
		}
	}()
	machines.NewPart(gear(0), machines.On("shift", gear(1), gear(0)), machines.On("shift", gear(2), gear(1)))
}

func TestStatesThatAreNumbersHaveNames(t *testing.T) {
	p := machines.NewPart(gear(0), machines.On("shift", gear(1), gear(0)))
	if next, ok := p.After(0, "shift"); next != 1 || !ok {
		t.Errorf("got %v, %v, want high", next, ok)
	}
	if want := "stateDiagram-v2\n    [*] --> low\n    low --> high: shift\n"; p.Diagram() != want {
		t.Errorf("got %s, want %s", p.Diagram(), want)
	}
}

func TestAPartServesSeveralGoroutines(t *testing.T) {
	p := door()
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 1000 {
				if next, ok := p.After("open", "close"); !ok || next != "closed" {
					t.Errorf("got %q, %v", next, ok)
					return
				}
			}
		})
	}
	group.Wait()
}

func TestADiagramHasEveryTransition(t *testing.T) {
	want := `stateDiagram-v2
    [*] --> closed
    closed --> locked: lock
    closed --> open: open
    open --> closed: close
    open --> open: open
`
	if diff := cmp.Diff(want, door().Diagram()); diff != "" {
		t.Errorf("diagram (-want +got):\n%s", diff)
	}
}

func TestInstants(t *testing.T) {
	var none machines.Instant
	noon := time.Date(2026, 3, 4, 12, 0, 0, 5, time.FixedZone("somewhere", 3600))
	i := machines.InstantOf(noon)
	if got := i.Time(); !got.Equal(noon) || got.Location() != time.UTC {
		t.Errorf("got %v, want %v in UTC", got, noon)
	}
	if got := i.Add(time.Minute).Time(); !got.Equal(noon.Add(time.Minute)) {
		t.Errorf("got %v a minute after %v", got, noon)
	}
	for now, want := range map[machines.Instant]bool{i - 1: false, i: true, i + 1: true} {
		if i.Reached(now) != want {
			t.Errorf("reached %v after: got %v", now-i, !want)
		}
	}
	if none.Reached(i) {
		t.Error("what is not set was reached")
	}
}
