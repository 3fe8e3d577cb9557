package gpio

import (
	"fmt"
	"time"
)

// The rules that a [Refusal] can name.
const (
	RuleNever = "never"
	RuleMaxOn = "max-on"
)

// A Refusal is the board saying no: the line was not touched.
type Refusal struct {
	Line  string        // should have been turned on
	Rule  string        // [RuleNever] or [RuleMaxOn]
	Other string        // never: the line that is on, or was asked for at the same time
	Limit time.Duration // max-on: the time that the line had
}

func (r *Refusal) Error() string {
	if r.Rule == RuleMaxOn {
		return fmt.Sprintf("gpio: line %s is not turned on: max-on %s has turned it off; turn it off first, then on",
			r.Line, r.Limit)
	}
	return fmt.Sprintf("gpio: line %s is not turned on while %s is on: the board says never; turn %s off first",
		r.Line, r.Other, r.Other)
}

// refuse says why p may not be turned on, given which outputs are on, or nil. Hot reports whether an output is on.
func (p *OutPin) refuse(hot func(*OutPin) bool) error {
	if p.tripped {
		return &Refusal{Line: p.line.Name, Rule: RuleMaxOn, Limit: p.line.MaxOn}
	}
	for _, other := range p.never {
		if hot(other) {
			return &Refusal{Line: p.line.Name, Rule: RuleNever, Other: other.line.Name}
		}
	}
	return nil
}

// watchTime starts or ends the time that p may be on. Turning on what is on already does not give it more.
func (p *OutPin) watchTime(on bool) {
	switch {
	case p.line.MaxOn == 0:
	case !on && p.stop != nil:
		p.stop()
		p.stop = nil
	case on && p.stop == nil:
		p.stop = p.lines.clock.AfterFunc(p.line.MaxOn, p.trip)
	}
}

// trip turns p off because its time is over. If that fails, nobody knows what the line does: all outputs go to their
// safe levels, and it is tried again after the same time.
func (p *OutPin) trip() {
	p.stop = nil
	if p.lines.closed {
		return
	}
	p.tripped = true
	why := fmt.Sprintf("%s %s", RuleMaxOn, p.line.MaxOn)
	err := p.write(false, why)
	if err == nil {
		return
	}
	p.stop = p.lines.clock.AfterFunc(p.line.MaxOn, p.trip)
	p.lines.fault(p.line.Name, fmt.Errorf("%w (%s)", err, why))
	if err := p.lines.Safe(why + " of " + p.line.Name + " failed"); err != nil {
		p.lines.fault(p.line.Name, err)
	}
}
