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

// What a refused set-signals fails with.
const (
	// ErrConflict: what would be shown together must not be.
	ErrConflict = "Interlock.Conflict"
	// ErrClearance: an amber, a red, a walk or a pedestrians' clearance is too short or left out.
	ErrClearance = "Interlock.Clearance"
	// ErrSequence: a head has no such change of aspect.
	ErrSequence = "Interlock.Sequence"
)

// A refusal is why a command is not carried out.
type refusal struct{ name, cause string }

func refused(name, format string, args ...any) *refusal {
	return &refusal{name, fmt.Sprintf(format, args...)}
}

// A picture is an aspect for each phase's heads; 0 where none is asked for.
type picture struct{ heads, pedestrians [MostPhases]Aspect }

// pedestrians ends the name of a phase's pedestrian heads.
const pedestrians = "-pedestrians"

// asked reads the input of set-signals: heads and what they shall show. A head left out keeps what it shows.
func (c *Config) asked(input any) (picture, error) {
	in := map[string]*string{}
	if err := machines.Decode(input, &in); err != nil {
		return picture{}, err
	}
	var p picture
	known := make([]string, 0, 2*len(c.Phases))
	for i, phase := range c.Phases {
		known = append(known, phase.Name)
		if err := choose(&p.heads[i], phase.Name, in, Red, Amber, Green); err != nil {
			return p, err
		}
		if len(phase.Crosswalks) > 0 {
			known = append(known, phase.Name+pedestrians)
			if err := choose(&p.pedestrians[i], phase.Name+pedestrians, in, Walk, DontWalk); err != nil {
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

// choose sets aspect to what in asks of a head, if it does. An error says that it is none of those to choose from.
func choose(aspect *Aspect, head string, in map[string]*string, from ...Aspect) error {
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

func (c *applier) noPhase(name string) string {
	names := c.config.phaseNames()
	return fmt.Sprintf("phase %q is none of %s%s", name, strings.Join(names, ", "), near.Hint(name, names))
}

// setSignals takes the activity set-signals. It is judged as a whole: all heads change, or none. The answer is what all
// heads show then; where green comes by way of red and amber, it comes when green does.
func (c *applier) setSignals(cmd machines.Command) {
	ask, err := c.config.asked(cmd.Input)
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
	c.answerGreens(cmd.Ticket)
}

// answerGreens answers a set-signals, unless it waits for a green that is on its way.
func (c *applier) answerGreens(ticket int64) {
	for p := range c.config.Phases {
		if c.Heads[p].Answer == ticket {
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

// judge makes the heads show what is asked, or says why that must not be; then the state is spoilt. First what would be
// shown together is judged, then every head's change by its machine, then the times.
func (c *applier) judge(ask picture, ticket int64) *refusal {
	was := c.State
	if r := c.conflict(ask); r != nil {
		return r
	}
	if c.Mode != Normal {
		return c.leaveFlashing(ask)
	}
	for p, aspect := range ask.heads {
		if aspect == 0 || aspect == c.Heads[p].Shows || aspect == Red && c.Heads[p].Starts {
			continue
		}
		if r := c.turnHead(&was, p, aspect, ticket); r != nil {
			return r
		}
	}
	for p, aspect := range ask.pedestrians[:len(c.config.Phases)] {
		if r := c.turnWalk(p, aspect); r != nil {
			return r
		}
	}
	return nil
}

// turnWalk changes the pedestrian heads of a phase.
func (c *applier) turnWalk(p int, aspect Aspect) *refusal {
	name, w := c.config.Phases[p].Name, &c.Pedestrians[p]
	switch {
	case aspect == 0, aspect == w.Shows, aspect == DontWalk && w.Shows == Clearing, aspect == DontWalk && c.Heads[p].Starts:
		return nil
	case aspect == DontWalk && w.Shows == Walk && c.at < w.Until:
		return refused(ErrClearance, "%s-pedestrians: walk lasts at least %s, %s of it are to come",
			name, seconds(c.config.Phases[p].Walk), seconds(until(c.at, w.Until)))
	case aspect == Walk && w.Shows == DontWalk && c.Heads[p].Shows == RedAmber:
		w.Armed = true
		return nil
	case !c.turnPedestrians(p, aspect.String()):
		return refused(ErrSequence, "%s-pedestrians: %s does not follow %s", name, aspect, w.Shows)
	}
	return nil
}

// conflict judges what the crossing would show: a green or amber head wants red on the conflicting ones, and pedestrians
// walk together with their own green.
func (c *applier) conflict(ask picture) *refusal {
	shown := func(p int) Aspect { return cmp.Or(ask.heads[p], c.Heads[p].Shows) }
	phases := c.config.Phases
	for p := range phases {
		for q := range phases {
			if p < q && c.config.conflicts[p][q] && goes(shown(p)) && goes(shown(q)) &&
				(!c.Heads[p].Starts || !c.Heads[q].Starts) {
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

// goes reports whether traffic may be moving at a, or is about to.
func goes(a Aspect) bool { return a == Green || a == Amber || a == RedAmber }

// turnHead changes the vehicle heads of a phase.
func (c *applier) turnHead(was *State, p int, to Aspect, ticket int64) *refusal {
	phase, head := &c.config.Phases[p], was.Heads[p]
	event := to
	if to == Green && c.config.Style == UK {
		if head.Shows == RedAmber {
			return nil // it is on its way
		}
		event = RedAmber
	}
	switch {
	case head.Shows == Green && to == Red:
		return refused(ErrClearance, "%s red: green ends with at least %s of amber", phase.Name, seconds(phase.Yellow))
	case to == Amber && head.Shows == Dark, !c.turn(p, event):
		return refused(ErrSequence, "%s: %s does not follow %s", phase.Name, to, head.Shows)
	case to == Red && c.at < head.Until:
		return refused(ErrClearance, "%s red: amber lasts at least %s, %s of it are to come",
			phase.Name, seconds(phase.Yellow), seconds(until(c.at, head.Until)))
	case to == Green:
		if event == RedAmber {
			c.Heads[p].Answer = ticket
		}
		return c.cleared(was, p)
	}
	return nil
}

// cleared judges whether all that conflicts with the green of phase p has been stopped for long enough.
func (c *applier) cleared(was *State, p int) *refusal {
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

// leaveFlashing judges the way out of flashing: all vehicle heads show red at once, and the pedestrian heads light up.
func (c *applier) leaveFlashing(ask picture) *refusal {
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
