package gpio_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"signalbox/gpio"
)

var midnight = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

func at(ms int) time.Time { return midnight.Add(time.Duration(ms) * time.Millisecond) }

func TestGlitchShorterThanDebounceIsDropped(t *testing.T) {
	d := gpio.NewDebouncer(10*time.Millisecond, false)
	d, changed := d.Edge(true, at(0))
	if deadline, waiting := d.Deadline(); changed || !waiting || !deadline.Equal(at(10)) {
		t.Fatalf("after the edge: changed %t, deadline %v %t; want to wait for %v", changed, deadline, waiting, at(10))
	}
	d, changed = d.Edge(false, at(9))
	if _, waiting := d.Deadline(); changed || waiting || d.Level() {
		t.Errorf("after the glitch: changed %t, waiting %t, level %t; want nothing", changed, waiting, d.Level())
	}
}

func TestLevelCountsOnceItWasStable(t *testing.T) {
	d := gpio.NewDebouncer(10*time.Millisecond, false)
	d, _ = d.Edge(true, at(0))
	d, changed := d.Edge(true, at(10))
	if !changed || !d.Level() {
		t.Errorf("at the deadline: changed %t, level %t; want both", changed, d.Level())
	}
}

func TestLevelThatWasStableCountsThoughNobodyCameAtItsDeadline(t *testing.T) {
	d := gpio.NewDebouncer(10*time.Millisecond, false)
	d, _ = d.Edge(true, at(0))
	d, changed := d.Edge(false, at(25))
	if deadline, waiting := d.Deadline(); !changed || !d.Level() || !waiting || !deadline.Equal(at(35)) {
		t.Errorf("got changed %t, level %t, deadline %v %t; want high to count and low to wait", changed, d.Level(), deadline, waiting)
	}
}

func TestWithoutDebounceEveryEdgeCounts(t *testing.T) {
	d := gpio.NewDebouncer(0, false)
	for i, level := range []bool{true, false, true} {
		var changed bool
		if d, changed = d.Edge(level, at(0)); !changed || d.Level() != level {
			t.Errorf("edge %d: changed %t, level %t, want %t", i, changed, d.Level(), level)
		}
	}
}

// The model looks at the line once a millisecond: the level that counts becomes another one when the line has stayed
// there for the whole time, both ends included.
func TestDebouncerAgreesWithSampling(t *testing.T) {
	type change struct {
		ms    int
		level bool
	}
	rapid.Check(t, func(t *rapid.T) {
		stable := rapid.IntRange(0, 12).Draw(t, "stable")
		first := rapid.Bool().Draw(t, "first")
		gaps := rapid.SliceOfN(rapid.IntRange(1, 20), 1, 40).Draw(t, "gaps")
		lazy := rapid.Bool().Draw(t, "deadlines are missed")

		edges, end := map[int]bool{}, 0
		level := first
		for _, gap := range gaps {
			end += gap
			level = !level
			edges[end] = level
		}
		end += 20

		var want []change
		raw, counts, since := first, first, 0
		for ms := range end + 1 {
			// Up to and including this millisecond's beginning the line was raw.
			if raw != counts && ms-since >= stable {
				counts = raw
				want = append(want, change{ms, counts})
			}
			if l, ok := edges[ms]; ok {
				raw, since = l, ms
				if stable == 0 {
					counts = raw
					want = append(want, change{ms, counts})
				}
			}
		}

		var got []change
		d := gpio.NewDebouncer(time.Duration(stable)*time.Millisecond, first)
		see := func(raw bool, ms int) {
			deadline, _ := d.Deadline()
			next, changed := d.Edge(raw, at(ms))
			d = next
			if !changed {
				return
			}
			if lazy && stable > 0 { // then the change is noticed later than it was due
				ms = int(deadline.Sub(midnight) / time.Millisecond)
			}
			got = append(got, change{ms, d.Level()})
		}
		raw = first
		for ms := range end + 1 {
			if deadline, waiting := d.Deadline(); !lazy && waiting && !at(ms).Before(deadline) {
				see(raw, ms)
			}
			if l, ok := edges[ms]; ok {
				raw = l
				see(raw, ms)
			}
		}
		see(raw, end)
		if len(got) != len(want) {
			t.Fatalf("got changes %v, want %v", got, want)
		}
		for i := range got {
			if got[i] != want[i] {
				t.Fatalf("got changes %v, want %v", got, want)
			}
		}
	})
}
