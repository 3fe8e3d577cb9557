package monitor_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"signalbox/machines"
	"signalbox/machines/monitor"
)

// A sample is what one look finds: the lamps that are lit.
type sample struct {
	at  time.Duration
	lit map[string]bool
}

// A model judges samples by going back over all of them; it keeps nothing from one to the next.
type model struct {
	watch   machines.Watch
	samples []sample
}

// lasts returns for how long something has been so without a break up to the last sample, -1 if it is not.
func (m *model) lasts(so func(sample) bool) time.Duration {
	last := len(m.samples) - 1
	began := -1
	for i := last; i >= 0 && so(m.samples[i]); i-- {
		began = i
	}
	if began < 0 {
		return -1
	}
	return m.samples[last].at - m.samples[began].at
}

// yellow reports whether a head's yellow was too short, or left out, and ended with the last sample.
func (m *model) yellow(c machines.Channel) bool {
	last := len(m.samples) - 1
	if last == 0 || m.samples[last].lit[c.Green] {
		return false
	}
	if m.samples[last-1].lit[c.Green] {
		return !m.samples[last].lit[c.Amber]
	}
	if m.samples[last].lit[c.Amber] || !m.samples[last-1].lit[c.Amber] {
		return false
	}
	began := last - 1 // back to where this amber began: it is a yellow where green was before
	for began > 0 && m.samples[began-1].lit[c.Amber] && !m.samples[began-1].lit[c.Green] {
		began--
	}
	return began > 0 && m.samples[began-1].lit[c.Green] && m.samples[last].at-m.samples[began].at < monitor.YellowLeast
}

// judge returns the kind of the fault that the last sample shows, "" for none.
func (m *model) judge() string {
	for _, c := range m.watch.Channels {
		if c.Red == "" {
			continue
		}
		none := func(s sample) bool {
			return !s.lit[c.Red] && !s.lit[c.Amber] && !s.lit[c.Green] && s.at >= m.watch.StartDark
		}
		dual := func(s sample) bool {
			red, amber, green := s.lit[c.Red], s.lit[c.Amber], s.lit[c.Green]
			return red && green || amber && green || red && amber && !m.watch.UK
		}
		switch {
		case m.lasts(none) >= monitor.RedFailTime:
			return monitor.RedFail
		case m.lasts(dual) >= monitor.DualTime:
			return monitor.Dual
		case m.yellow(c):
			return monitor.Yellow
		}
	}
	goes := func(c machines.Channel, s sample) bool { return s.lit[c.Green] || s.lit[c.Amber] || s.lit[c.Walk] }
	for _, pair := range m.watch.Conflicts {
		one, other := m.watch.Channels[pair[0]], m.watch.Channels[pair[1]]
		both := func(s sample) bool {
			starting := m.watch.UK && s.lit[one.Amber] && s.lit[other.Amber] && !s.lit[one.Green] && !s.lit[other.Green]
			return goes(one, s) && goes(other, s) && !starting
		}
		if m.lasts(both) >= monitor.ConflictTime {
			return monitor.Conflict
		}
	}
	return ""
}

// TestTheMonitorJudgesAsAModelDoes: a monitor that judges only when something has changed or is being timed trips as a model
// that judges every look anew, whatever the lamps do.
func TestTheMonitorJudgesAsAModelDoes(t *testing.T) {
	tripped := map[string]int{}
	rapid.Check(t, func(t *rapid.T) {
		w := watch
		w.UK = rapid.Bool().Draw(t, "uk")
		if w.UK {
			w.StartDark = 700 * time.Millisecond
		}
		c := newCabinet(w, &monitor.Memory{})
		c.reports = true
		lamps := map[time.Duration]string{}
		times := []time.Duration{0}
		end := 50 * time.Millisecond // no lamp changes at the instant of a regular look
		for range rapid.IntRange(1, 12).Draw(t, "changes") {
			end += time.Duration(rapid.SampledFrom([]int{40, 180, 320, 480, 840, 1020, 1500, 2720, 3100}).Draw(t, "later")) * time.Millisecond
			for slices.Contains(times, end+7*time.Millisecond) {
				end += 10 * time.Millisecond
			}
			line := rapid.SampledFrom([]string{
				"a.red", "a.amber", "a.green", "b.red", "b.amber", "b.green", "a.walk", "a.dont-walk", "b.red+ a.red", "a.green- a.amber", "a.red- a.green",
			}).Draw(t, "lamp")
			lamps[end+7*time.Millisecond] = line + rapid.SampledFrom([]string{"+", "-"}).Draw(t, "level")
			times = append(times, end+7*time.Millisecond)
		}
		end += 2 * time.Second
		for at, changes := range lamps {
			c.set(at, changes)
		}
		for at := monitor.LookEvery; at < end; at += monitor.LookEvery {
			times = append(times, at)
		}
		slices.Sort(times)

		m := model{watch: w}
		lit := map[string]bool{"a.red": true, "b.red": true, "a.dont-walk": true}
		kind, when := "", time.Duration(0)
		for _, at := range times {
			now := map[string]bool{}
			for line, on := range lit {
				now[line] = on
			}
			for change := range strings.FieldsSeq(lamps[at]) {
				now[change[:len(change)-1]] = strings.HasSuffix(change, "+")
			}
			lit = now
			m.samples = append(m.samples, sample{at, lit})
			if kind = m.judge(); kind != "" {
				when = at
				break
			}
		}
		c.run(t, end)
		got := ""
		if c.fault != nil {
			got = c.fault.Kind
		}
		if got != kind || c.at != when {
			t.Fatalf("got %q at %v (%v), want %q at %v", got, c.at, c.fault, kind, when)
		}
		tripped[kind]++
	})
	for _, kind := range []string{"", monitor.Conflict, monitor.RedFail, monitor.Dual, monitor.Yellow} {
		if tripped[kind] == 0 {
			t.Errorf("no run ended with %q: %v", kind, tripped)
		}
	}
}
