package gpio

import (
	"fmt"
	"time"
)

// The values of [Refusal.Rule].
const (
	RuleNever = "never"
	RuleMaxOn = "max-on"
)

// A Refusal reports that a rule of the board forbids to turn a line on. The line was not touched.
type Refusal struct {
	Line  string        // the line that is not turned on
	Rule  string        // [RuleNever] or [RuleMaxOn]
	Other string        // RuleNever: the line that is on or would be turned on by the same call
	Limit time.Duration // RuleMaxOn: the line's longest time
	Rest  time.Duration // RuleMaxOn: how long the line must still rest; 0: it has not been turned off by a command yet
}

// Error names the rule and what to do.
func (r *Refusal) Error() string {
	switch {
	case r.Rule == RuleNever:
		return fmt.Sprintf("gpio: line %s is not turned on while %s is on: the board says never; turn %s off first",
			r.Line, r.Other, r.Other)
	case r.Rest > 0:
		return fmt.Sprintf("gpio: line %s is not turned on: it was on for max-on %s and must rest for another %s",
			r.Line, r.Limit, r.Rest)
	}
	return fmt.Sprintf("gpio: line %s is not turned on: max-on %s has turned it off; turn it off first, then on",
		r.Line, r.Limit)
}

// refusal returns a *[Refusal] if p must not be turned on, else nil. On reports whether an output has to count as on.
func (p *OutPin) refusal(on func(*OutPin) bool) error {
	if p.tripReason != "" {
		return &Refusal{Line: p.line.Name, Rule: RuleMaxOn, Limit: p.line.MaxOn}
	}
	if rest := p.limit.rest(p.line, p.lines.clock.Stamp()); rest > 0 {
		return &Refusal{Line: p.line.Name, Rule: RuleMaxOn, Limit: p.line.MaxOn, Rest: rest}
	}
	for _, other := range p.never {
		if on(other) {
			return &Refusal{Line: p.line.Name, Rule: RuleNever, Other: other.line.Name}
		}
	}
	return nil
}

// A limiter is what max-on knows of a line: how much of its longest time it has spent. Being on spends time, and being off
// gives it back, all of it within the line's rest. When all is spent the line must rest for all of that.
type limiter struct {
	spent   time.Duration // when the line was turned on or off last
	since   time.Time     // that was then
	resting bool          // all was spent
}

// left returns how long a line that is off may be on.
func (m *limiter) left(l Line, now time.Time) time.Duration {
	off := now.Sub(m.since)
	if off >= l.Rest {
		return l.MaxOn
	}
	return min(l.MaxOn-m.spent+share(max(off, 0), l.MaxOn, l.Rest), l.MaxOn)
}

// rest returns how long a line must still be off before it may be turned on, 0 if it may, or is on.
func (m *limiter) rest(l Line, now time.Time) time.Duration {
	if !m.resting {
		return 0
	}
	return max(l.Rest-now.Sub(m.since), 0)
}

// turnedOn returns how long the line may be on from now on.
func (m *limiter) turnedOn(l Line, now time.Time) time.Duration {
	left := m.left(l, now)
	*m = limiter{spent: l.MaxOn - left, since: now}
	return left
}

// turnedOff notes that the line is off.
func (m *limiter) turnedOff(l Line, now time.Time) {
	m.spent = min(m.spent+max(now.Sub(m.since), 0), l.MaxOn)
	m.since, m.resting = now, m.spent == l.MaxOn
}

// runTimer starts the timer of max-on if p is turned on, and stops it if p is turned off. A timer that runs already
// keeps its deadline: turning p on again does not prolong its time.
func (p *OutPin) runTimer(on bool) {
	switch {
	case p.line.MaxOn == 0:
	case !on && p.stopTimer != nil:
		p.stopTimer()
		p.stopTimer = nil
		p.limit.turnedOff(p.line, p.lines.clock.Stamp())
	case on && p.stopTimer == nil:
		left := p.limit.turnedOn(p.line, p.lines.clock.Stamp())
		p.stopTimer = p.lines.clock.AfterFunc(left, func() { p.trip(left) })
	}
}

// trip turns p off because its longest time is over, after it was on for the time that was left of that. If the write fails
// the line may still be on: then trip takes all outputs to their safe levels, reports the fault, and tries again after the
// longest time.
func (p *OutPin) trip(left time.Duration) {
	if p.lines.closed {
		p.stopTimer = nil
		return
	}
	why := fmt.Sprintf("%s %s", RuleMaxOn, p.line.MaxOn)
	if left < p.line.MaxOn {
		why += fmt.Sprintf(": only %s of it were left after the last rest", left)
	}
	p.tripReason = why
	err := p.write(false, why)
	if err == nil {
		return
	}
	p.stopTimer = p.lines.clock.AfterFunc(p.line.MaxOn, func() { p.trip(p.line.MaxOn) })
	p.lines.fault(p.line.Name, fmt.Errorf("%w (%s)", err, why))
	if err := p.lines.Safe(why + " of " + p.line.Name + " failed"); err != nil {
		p.lines.fault(p.line.Name, err)
	}
}
