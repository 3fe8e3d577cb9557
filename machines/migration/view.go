package migration

import (
	"fmt"
	"strconv"
	"time"
)

// A Phase is what a migration is doing.
type Phase string

// The phases, in their order.
const (
	Seeding   Phase = "seeding"
	Copying   Phase = "moving"
	Verifying Phase = "verifying"
	Done      Phase = "done"
)

// A View is what a screen shows of a migration. It is immutable.
type View struct {
	Source, Target string // where they are, without passwords
	Phase          Phase  // "" before it begins
	Done, Of       int64  // entries: how far the phase has come
	Pending        int64
	Moved          int64
	Failed         int64
	Rate           float64       // entries a second, lately; 0: not known
	Left           time.Duration // until the phase is over, at that rate; 0: not known
	Failures       []string      // the newest notices, newest last
}

// progress is how far it has all come. It belongs to the clock's goroutine.
type progress struct {
	phase    Phase
	counts   Counts // Moving counts as Pending here
	done, of int64  // of Seeding and Verifying
	recent   []mark // oldest first, of this phase
	failures []string
	noted    time.Time
}

// A mark is how far a phase had come at a time.
type mark struct {
	at   time.Time
	done int64
}

const (
	// lately is how far back the rate looks.
	lately = 10 * time.Second
	// maxFailures is how many notices a screen gets.
	maxFailures = 20
	// between is the least time between two notes of how far it has come.
	between = 5 * time.Second
)

// enter begins a phase.
func (p *progress) enter(phase Phase, now time.Time) {
	p.phase, p.recent = phase, nil
	p.noted = now
}

// counted takes what the source says.
func (p *progress) counted(c Counts) {
	p.counts = Counts{Pending: c.Open(), Migrated: c.Migrated, Failed: c.Failed}
}

// at returns how far the phase has come.
func (p *progress) at() (done, of int64) {
	switch p.phase {
	case Seeding, Verifying:
		return p.done, p.of
	}
	return p.counts.Migrated + p.counts.Failed, p.counts.All()
}

// went remembers how far it has come, and returns a note if it is time for one, else "".
func (p *progress) went(now time.Time) string {
	done, of := p.at()
	if len(p.recent) == 0 || now.Sub(p.recent[len(p.recent)-1].at) >= lately/40 {
		for len(p.recent) > 1 && now.Sub(p.recent[1].at) >= lately {
			p.recent = p.recent[1:]
		}
		p.recent = append(p.recent, mark{now, done})
	}
	if now.Sub(p.noted) < between {
		return ""
	}
	p.noted = now
	rate, _ := p.rate(now)
	return fmt.Sprintf("%s: %s of %s, %s a second", p.phase, number(done), entries(of), number(int64(rate)))
}

// rate returns how many entries a second it has been lately, and how long the rest of the phase takes at that rate.
func (p *progress) rate(now time.Time) (rate float64, left time.Duration) {
	if len(p.recent) == 0 || !now.After(p.recent[0].at) {
		return 0, 0
	}
	done, of := p.at()
	rate = float64(done-p.recent[0].done) / now.Sub(p.recent[0].at).Seconds()
	if rate > 0 {
		left = time.Duration(float64(of-done) / rate * float64(time.Second))
	}
	return rate, left
}

// told keeps a notice.
func (p *progress) told(text string) {
	if len(p.failures) == 2*maxFailures {
		p.failures = append([]string(nil), p.failures[maxFailures:]...) // views have the old array
	}
	p.failures = append(p.failures, text)
}

// View implements [machines.Site].
func (s *Site) View() any {
	p := &s.progress
	v := View{
		Source: s.plan.Source.String(), Target: s.plan.Target.String(), Phase: p.phase,
		Pending: p.counts.Pending, Moved: p.counts.Migrated, Failed: p.counts.Failed,
	}
	v.Done, v.Of = p.at()
	if p.phase != Done {
		v.Rate, v.Left = p.rate(s.host.Clock.Now())
	}
	n := len(p.failures)
	v.Failures = p.failures[max(n-maxFailures, 0):n:n]
	return v
}

// entries writes a number of them.
func entries(n int64) string {
	if n == 1 {
		return "1 entry"
	}
	return number(n) + " entries"
}

// number writes a number with its thousands apart: 1,000,000.
func number(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
