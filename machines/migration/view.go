package migration

import (
	"fmt"
	"time"

	"signalbox/internal/thousands"
)

// A Phase is a stage of a migration.
type Phase string

// The phases, in their order.
const (
	Seeding   Phase = "seeding"
	Copying   Phase = "moving"
	Verifying Phase = "verifying"
	Done      Phase = "done"
)

// A View is a snapshot of a migration for a screen. It is immutable.
type View struct {
	Source, Target string // addresses, without passwords
	Phase          Phase  // "" before Seeding
	Done, Of       int64  // the progress of the phase: Done of Of entries
	Pending        int64  // entries that are pending or moving
	Moved          int64
	Failed         int64
	Rate           float64       // entries per second in the last ten seconds; 0: unknown
	Left           time.Duration // estimated time to the end of the phase; 0: unknown
	Failures       []string      // the newest notices, at most 20, newest last
}

// progress is the state of a migration. Only the clock's goroutine uses it.
type progress struct {
	phase    Phase
	counts   Counts   // Moving is counted as Pending
	done, of int64    // the progress of Seeding and Verifying
	recent   []sample // of this phase, oldest first
	failures []string // the newest notices, newest last
	lastNote time.Time
}

// A sample is the progress of the phase at a time.
type sample struct {
	at   time.Time
	done int64
}

const (
	// rateWindow is the time over which the rate is an average.
	rateWindow = 10 * time.Second
	// maxFailures limits the notices in a View.
	maxFailures = 20
	// noteInterval is the shortest time between two notes of the progress.
	noteInterval = 5 * time.Second
)

// enter begins a phase.
func (p *progress) enter(phase Phase, now time.Time) {
	p.phase, p.recent = phase, nil
	p.lastNote = now
}

// setCounts sets the counts to those of the source.
func (p *progress) setCounts(c Counts) {
	p.counts = Counts{Pending: c.Open(), Migrated: c.Migrated, Failed: c.Failed}
}

// position returns the progress of the phase: done of so many entries.
func (p *progress) position() (done, of int64) {
	switch p.phase {
	case Seeding, Verifying:
		return p.done, p.of
	}
	return p.counts.Migrated + p.counts.Failed, p.counts.All()
}

// advance takes a sample of the progress. It returns a note of it if the last one is noteInterval ago, else "".
func (p *progress) advance(now time.Time) string {
	done, of := p.position()
	if len(p.recent) == 0 || now.Sub(p.recent[len(p.recent)-1].at) >= rateWindow/40 {
		for len(p.recent) > 1 && now.Sub(p.recent[1].at) >= rateWindow {
			p.recent = p.recent[1:]
		}
		p.recent = append(p.recent, sample{now, done})
	}
	if now.Sub(p.lastNote) < noteInterval {
		return ""
	}
	p.lastNote = now
	rate, _ := p.rate(now)
	return fmt.Sprintf("%s: %s of %s, %s per second", p.phase, thousands.Format(done), entries(of), thousands.Format(int64(rate)))
}

// rate returns the entries per second in the last rateWindow, and the time that the rest of the phase takes at that rate.
// Both are 0 without two samples.
func (p *progress) rate(now time.Time) (rate float64, left time.Duration) {
	if len(p.recent) == 0 || !now.After(p.recent[0].at) {
		return 0, 0
	}
	done, of := p.position()
	rate = float64(done-p.recent[0].done) / now.Sub(p.recent[0].at).Seconds()
	if rate > 0 {
		left = time.Duration(float64(of-done) / rate * float64(time.Second))
	}
	return rate, left
}

// addFailure adds a notice. It keeps at least the newest maxFailures, and less than twice as many.
func (p *progress) addFailure(text string) {
	if len(p.failures) == 2*maxFailures {
		p.failures = append([]string(nil), p.failures[maxFailures:]...) // Views share the old array
	}
	p.failures = append(p.failures, text)
}

// View implements [machines.Backend]. It returns a [View].
func (b *Backend) View() any {
	p := &b.progress
	v := View{
		Source: b.plan.Source.String(), Target: b.plan.Target.String(), Phase: p.phase,
		Pending: p.counts.Pending, Moved: p.counts.Migrated, Failed: p.counts.Failed,
	}
	v.Done, v.Of = p.position()
	if p.phase != Done {
		v.Rate, v.Left = p.rate(b.run.Clock.Now())
	}
	n := len(p.failures)
	v.Failures = p.failures[max(n-maxFailures, 0):n:n]
	return v
}

// entries returns the text of a number of entries: "1 entry", "1,000 entries".
func entries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return thousands.Format(n) + " entries"
}
