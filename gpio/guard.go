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
}

// Error names the rule and what to do.
func (r *Refusal) Error() string {
	if r.Rule == RuleMaxOn {
		return fmt.Sprintf("gpio: line %s is not turned on: max-on %s has turned it off; turn it off first, then on",
			r.Line, r.Limit)
	}
	return fmt.Sprintf("gpio: line %s is not turned on while %s is on: the board says never; turn %s off first",
		r.Line, r.Other, r.Other)
}

// refusal returns a *[Refusal] if p must not be turned on, else nil. On reports whether an output has to count as on.
func (p *OutPin) refusal(on func(*OutPin) bool) error {
	if p.tripped {
		return &Refusal{Line: p.line.Name, Rule: RuleMaxOn, Limit: p.line.MaxOn}
	}
	for _, other := range p.never {
		if on(other) {
			return &Refusal{Line: p.line.Name, Rule: RuleNever, Other: other.line.Name}
		}
	}
	return nil
}

// runTimer starts the timer of max-on if p is turned on, and stops it if p is turned off. A timer that runs already
// keeps its deadline: turning p on again does not prolong its time.
func (p *OutPin) runTimer(on bool) {
	switch {
	case p.line.MaxOn == 0:
	case !on && p.stopTimer != nil:
		p.stopTimer()
		p.stopTimer = nil
	case on && p.stopTimer == nil:
		p.stopTimer = p.lines.clock.AfterFunc(p.line.MaxOn, p.trip)
	}
}

// trip turns p off because its longest time is over. If the write fails the line may still be on: then trip takes all
// outputs to their safe levels, reports the fault, and tries again after the same time.
func (p *OutPin) trip() {
	p.stopTimer = nil
	if p.lines.closed {
		return
	}
	p.tripped = true
	why := fmt.Sprintf("%s %s", RuleMaxOn, p.line.MaxOn)
	err := p.write(false, why)
	if err == nil {
		return
	}
	p.stopTimer = p.lines.clock.AfterFunc(p.line.MaxOn, p.trip)
	p.lines.fault(p.line.Name, fmt.Errorf("%w (%s)", err, why))
	if err := p.lines.Safe(why + " of " + p.line.Name + " failed"); err != nil {
		p.lines.fault(p.line.Name, err)
	}
}
