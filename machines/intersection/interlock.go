package intersection

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"signalbox/asl/value"
	"signalbox/internal/near"
	"signalbox/machines"
)

// The error names of a refused set-signals.
const (
	// ErrConflict: the aspects must not be shown together.
	ErrConflict = "Interlock.Conflict"
	// ErrClearance: an amber, a red, a walk or a pedestrian clearance is too short or left out.
	ErrClearance = "Interlock.Clearance"
	// ErrSequence: the aspect does not follow the one that the head shows.
	ErrSequence = "Interlock.Sequence"
)

// A refusal is why a command is not carried out.
type refusal struct{ name, cause string }

func refused(name, format string, args ...any) *refusal {
	return &refusal{name, fmt.Sprintf(format, args...)}
}

// aspects are the aspects that a set-signals asks for, by phase; 0: none is asked for.
type aspects struct{ heads, pedestrians [MaxPhases]Aspect }

// pedestrians is the suffix of the name of a phase's pedestrian heads.
const pedestrians = "-pedestrians"

// parseAspects reads the input of set-signals: an object of aspects by head. A head left out keeps its aspect.
func (c *Config) parseAspects(input any) (aspects, error) {
	in := map[string]*string{}
	if err := machines.Decode(input, &in); err != nil {
		return aspects{}, err
	}
	var p aspects
	known := make([]string, 0, 2*len(c.Phases))
	for i, phase := range c.Phases {
		known = append(known, phase.Name)
		if err := parseAspect(&p.heads[i], phase.Name, in, Red, Amber, Green); err != nil {
			return p, err
		}
		if len(phase.Crosswalks) > 0 {
			known = append(known, phase.Name+pedestrians)
			if err := parseAspect(&p.pedestrians[i], phase.Name+pedestrians, in, Walk, DontWalk); err != nil {
				return p, err
			}
		}
	}
	for _, name := range sorted(in) {
		if !slices.Contains(known, name) {
			hint := near.Hint(name, known)
			if hint == "" {
				hint = "; there are " + strings.Join(known, ", ")
			}
			return p, fmt.Errorf("no head is called %q%s", name, hint)
		}
	}
	if len(in) == 0 {
		return p, fmt.Errorf("input %s names no head", value.Text(input))
	}
	return p, nil
}

func sorted(in map[string]*string) []string {
	names := make([]string, 0, len(in))
	for name := range in {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// parseAspect sets aspect to the aspect that in has for a head, if there is one. It must be one of from.
func parseAspect(aspect *Aspect, head string, in map[string]*string, from ...Aspect) error {
	asked, ok := in[head]
	if !ok {
		return nil
	}
	names := make([]string, len(from))
	for i, a := range from {
		names[i] = a.String()
		if asked != nil && *asked == names[i] {
			*aspect = a
			return nil
		}
	}
	if asked == nil {
		return fmt.Errorf("%s: null is none of %q", head, names)
	}
	return fmt.Errorf("%s: %q is none of %q", head, *asked, names)
}

func (c *applier) unknownPhase(name string) string {
	names := c.config.phaseNames()
	return fmt.Sprintf("phase %q is none of %s%s", name, strings.Join(names, ", "), near.Hint(name, names))
}

// setSignals is the activity set-signals. It is judged as a whole: all heads change, or none. The answer has the new aspects of
// all heads; where green comes after red and amber, the answer comes with green.
func (c *applier) setSignals(cmd machines.Command) {
	ask, err := c.config.parseAspects(cmd.Input)
	if err != nil {
		c.refuse(cmd, machines.ErrInput, err.Error())
		return
	}
	before, answers, notes := c.State, c.answers, c.notes
	if r := c.judge(ask, cmd.Ticket); r != nil {
		c.State, c.answers, c.notes = before, answers, notes
		c.refuse(cmd, r.name, r.cause)
		return
	}
	c.answerSetSignals(cmd.Ticket)
}

// answerSetSignals answers a set-signals, unless one of its heads still shows red and amber.
func (c *applier) answerSetSignals(ticket int64) {
	for p := range c.config.Phases {
		if c.Heads[p].Ticket == ticket {
			return
		}
	}
	var b value.Builder
	for p, phase := range c.config.Phases {
		b.Set(phase.Name, c.Heads[p].Shows.String())
	}
	for p, phase := range c.config.Phases {
		if len(phase.Crosswalks) > 0 {
			b.Set(phase.Name+pedestrians, c.Pedestrians[p].Shows.String())
		}
	}
	c.answer(ticket, b.Object())
}

// judge changes the heads to the given aspects, or returns why it must not; then the caller must restore the state. It judges
// first which aspects would be shown together, then each head's change of aspect, then the times.
func (c *applier) judge(ask aspects, ticket int64) *refusal {
	was := c.State
	if r := c.judgeConflicts(ask); r != nil {
		return r
	}
	if c.Mode != Normal {
		return c.leaveFlashing(ask)
	}
	for p, aspect := range ask.heads {
		if aspect == 0 || aspect == c.Heads[p].Shows || aspect == Red && c.Heads[p].Starting {
			continue
		}
		if r := c.requestHead(&was, p, aspect, ticket); r != nil {
			return r
		}
	}
	for p, aspect := range ask.pedestrians[:len(c.config.Phases)] {
		if r := c.requestWalk(p, aspect); r != nil {
			return r
		}
	}
	return nil
}

// requestWalk changes the pedestrian heads of a phase to an aspect, 0 for no change, or returns why it must not.
func (c *applier) requestWalk(p int, aspect Aspect) *refusal {
	name, w := c.config.Phases[p].Name, &c.Pedestrians[p]
	switch {
	case aspect == 0, aspect == w.Shows, aspect == DontWalk && w.Shows == Clearing, aspect == DontWalk && c.Heads[p].Starting:
		return nil
	case aspect == DontWalk && w.Shows == Walk && c.at < w.Until:
		return refused(ErrClearance, "%s-pedestrians: walk lasts at least %s, %s of it are to come",
			name, seconds(c.config.Phases[p].Walk), seconds(until(c.at, w.Until)))
	case aspect == Walk && w.Shows == DontWalk && c.Heads[p].Shows == RedAmber:
		w.Armed = true
		return nil
	case !c.firePedestrians(p, aspect.String()):
		return refused(ErrSequence, "%s-pedestrians: %s does not follow %s", name, aspect, w.Shows)
	}
	return nil
}

// judgeConflicts judges the aspects that the crossing would show together: while a head shows green or amber, conflicting heads
// must show red, and walk goes with the phase's own green only.
func (c *applier) judgeConflicts(ask aspects) *refusal {
	shown := func(p int) Aspect { return cmp.Or(ask.heads[p], c.Heads[p].Shows) }
	phases := c.config.Phases
	for p := range phases {
		for q := range phases {
			if p < q && c.config.conflicts[p][q] && isMoving(shown(p)) && isMoving(shown(q)) &&
				(!c.Heads[p].Starting || !c.Heads[q].Starting) {
				return refused(ErrConflict, "%s %s conflicts with %s %s", phases[p].Name, shown(p), phases[q].Name, shown(q))
			}
		}
	}
	for p, phase := range phases {
		walks := cmp.Or(ask.pedestrians[p], c.Pedestrians[p].Shows) == Walk
		if walks && shown(p) != Green {
			return refused(ErrConflict, "%s-pedestrians walk goes with %s green only, not with %s", phase.Name, phase.Name, shown(p))
		}
	}
	return nil
}

// isMoving reports whether traffic may move at an aspect, or is about to.
func isMoving(a Aspect) bool { return a == Green || a == Amber || a == RedAmber }

// requestHead changes the vehicle heads of a phase to an aspect, or returns why it must not. Was is the state before the
// command: conflicting heads that the same command turns red are not clear yet.
func (c *applier) requestHead(was *State, p int, to Aspect, ticket int64) *refusal {
	phase, head := &c.config.Phases[p], was.Heads[p]
	event := to
	if to == Green && c.config.Style == UK {
		if head.Shows == RedAmber {
			return nil // green follows anyway
		}
		event = RedAmber
	}
	switch {
	case head.Shows == Green && to == Red:
		return refused(ErrClearance, "%s red: green ends with at least %s of amber", phase.Name, seconds(phase.Yellow))
	case to == Amber && head.Shows == Dark, !c.fireHead(p, event):
		return refused(ErrSequence, "%s: %s does not follow %s", phase.Name, to, head.Shows)
	case to == Red && c.at < head.Until:
		return refused(ErrClearance, "%s red: amber lasts at least %s, %s of it are to come",
			phase.Name, seconds(phase.Yellow), seconds(until(c.at, head.Until)))
	case to == Green:
		if event == RedAmber {
			c.Heads[p].Ticket = ticket
		}
		return c.judgeClearance(was, p)
	}
	return nil
}

// judgeClearance judges whether everything that conflicts with the green of phase p has been stopped for long enough.
func (c *applier) judgeClearance(was *State, p int) *refusal {
	name := c.config.Phases[p].Name
	for q, other := range c.config.Phases {
		head, walk := was.Heads[q], was.Pedestrians[q]
		switch {
		case q != p && !c.config.conflicts[p][q]:
		case head.Shows != Red:
			return refused(ErrClearance, "%s green: %s shows %s, and must have shown red for %s",
				name, other.Name, head.Shows, seconds(other.RedClearance))
		case c.at < head.Until:
			return refused(ErrClearance, "%s green: %s must show red for another %s (%s after amber, %s at start-up)",
				name, other.Name, seconds(until(c.at, head.Until)), seconds(other.RedClearance), seconds(StartUpRed))
		case q == p || len(other.Crosswalks) == 0:
		case walk.Shows != DontWalk:
			return refused(ErrClearance, "%s green: %s-pedestrians are still on the road; their clearance is %s",
				name, other.Name, seconds(other.PedestrianClearance))
		case c.at < walk.Until:
			return refused(ErrClearance, "%s green: %s-pedestrians must show dont-walk for another %s",
				name, other.Name, seconds(until(c.at, walk.Until)))
		}
	}
	return nil
}

// leaveFlashing ends flashing if the command asks for red on all vehicle heads, or returns why it must not.
func (c *applier) leaveFlashing(ask aspects) *refusal {
	for p, phase := range c.config.Phases {
		switch {
		case c.Mode == Ending:
			return refused(ErrSequence, "the crossing is on its way to flashing; what goes is stopped first")
		case ask.heads[p] != Red:
			return refused(ErrSequence, "%s flashes: flashing ends with red on all vehicle heads at once, for %s",
				phase.Name, seconds(StartUpRed))
		}
	}
	c.restart()
	return nil
}
