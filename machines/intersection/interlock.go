package intersection

import (
	"cmp"
	"fmt"
	"slices"

	"signalbox/asl/value"
	"signalbox/machines"
)

// What a refused set-signals fails with.
const (
	// ErrConflict: what would be shown together must not be.
	ErrConflict = "Interlock.Conflict"
	// ErrClearance: an amber, a red or a pedestrians' clearance is too short or left out.
	ErrClearance = "Interlock.Clearance"
	// ErrSequence: a head has no such change of aspect.
	ErrSequence = "Interlock.Sequence"
)

// A refusal is why a command is not carried out.
type refusal struct{ name, cause string }

func refused(name, format string, args ...any) *refusal {
	return &refusal{name, fmt.Sprintf(format, args...)}
}

// A picture is an aspect for each head; "" where none is asked for.
type picture struct{ heads, pedestrians [2]Aspect }

// asked reads the input of set-signals: heads and what they shall show. A head left out keeps what it shows.
func asked(input any) (picture, error) {
	var in struct {
		NorthSouth            *Aspect `json:"north-south"`
		EastWest              *Aspect `json:"east-west"`
		NorthSouthPedestrians *Aspect `json:"north-south-pedestrians"`
		EastWestPedestrians   *Aspect `json:"east-west-pedestrians"`
	}
	if err := machines.Decode(input, &in); err != nil {
		return picture{}, err
	}
	var p picture
	err := cmp.Or(
		choose(&p.heads[NorthSouth], "north-south", in.NorthSouth, Red, Amber, Green),
		choose(&p.heads[EastWest], "east-west", in.EastWest, Red, Amber, Green),
		choose(&p.pedestrians[NorthSouth], "north-south-pedestrians", in.NorthSouthPedestrians, Walk, DontWalk),
		choose(&p.pedestrians[EastWest], "east-west-pedestrians", in.EastWestPedestrians, Walk, DontWalk),
	)
	if err == nil && p == (picture{}) {
		err = fmt.Errorf("input %s names no head", value.Text(input))
	}
	return p, err
}

func choose(place *Aspect, head string, asked *Aspect, from ...Aspect) error {
	if asked == nil {
		return nil
	}
	if !slices.Contains(from, *asked) {
		return fmt.Errorf("%s: %q is none of %q", head, *asked, from)
	}
	*place = *asked
	return nil
}

// setSignals takes the activity set-signals. It is judged as a whole: all heads change, or none. The answer is what all
// heads show then.
func (c *change) setSignals(cmd machines.Command) {
	ask, err := asked(cmd.Input)
	if err != nil {
		c.refuse(cmd, machines.ErrInput, err.Error())
		return
	}
	next, r := c.judge(ask)
	if r != nil {
		c.refuse(cmd, r.name, r.cause)
		return
	}
	c.State = next
	var b value.Builder
	for a, name := range approaches {
		b.Set(name, string(c.Heads[a].Shows))
	}
	for a, name := range approaches {
		b.Set(name+"-pedestrians", string(c.Pedestrians[a].Shows))
	}
	c.answers = append(c.answers, machines.Answer{Ticket: cmd.Ticket, Output: b.Object()})
}

// flashRed takes the activity flash-red, whatever its input and whatever is shown: it is where everything goes that is
// refused. It is never answered; flashing ends when set-signals asks for red on all vehicle heads.
func (c *change) flashRed() {
	if c.flashing() {
		return
	}
	for a := range approaches {
		c.Heads[a].turn(c.head, "flash", c.at)
		c.Pedestrians[a].turn(c.pedestrian, "darken", c.at)
	}
	c.Flasher = startFlasher(c.at)
	c.note("flashing red")
}

// judge returns the state in which the heads show what is asked, or why that must not be. First what would be shown
// together is judged, then every head's change by its machine, then the times.
func (c *change) judge(ask picture) (State, *refusal) {
	if r := c.conflict(ask); r != nil {
		return State{}, r
	}
	next := c.State
	for a, aspect := range ask.heads {
		if aspect == "" || aspect == c.Heads[a].Shows {
			continue
		}
		if r := c.turnHead(&next, a, aspect); r != nil {
			return State{}, r
		}
	}
	for a, aspect := range ask.pedestrians {
		shows := c.Pedestrians[a].Shows
		if aspect == "" || aspect == shows || aspect == DontWalk && shows == Clearing {
			continue
		}
		if !next.Pedestrians[a].turn(c.pedestrian, string(aspect), c.at) {
			return State{}, refused(ErrSequence, "%s-pedestrians: %s does not follow %s", approaches[a], aspect, shows)
		}
	}
	if c.flashing() {
		if r := c.leaveFlashing(&next); r != nil {
			return State{}, r
		}
	}
	return next, nil
}

// conflict judges what the crossing would show: a green or amber head wants red on the conflicting ones, and pedestrians
// walk together with their own green.
func (c *change) conflict(ask picture) *refusal {
	shown := func(a int) Aspect { return cmp.Or(ask.heads[a], c.Heads[a].Shows) }
	for a, b := range conflicting {
		if goes(shown(a)) && goes(shown(b)) {
			return refused(ErrConflict, "%s %s conflicts with %s %s", approaches[a], shown(a), approaches[b], shown(b))
		}
	}
	for a, name := range approaches {
		walks := cmp.Or(ask.pedestrians[a], c.Pedestrians[a].Shows) == Walk
		if walks && shown(a) != Green {
			return refused(ErrConflict, "%s-pedestrians walk goes with %s green only, not with %s", name, name, shown(a))
		}
	}
	return nil
}

// goes reports whether traffic may be moving at a.
func goes(a Aspect) bool { return a == Green || a == Amber }

// turnHead changes a vehicle head of next.
func (c *change) turnHead(next *State, a int, to Aspect) *refusal {
	name, head := approaches[a], c.Heads[a]
	switch {
	case head.Shows == Green && to == Red:
		return refused(ErrClearance, "%s red: green ends with at least %s of amber", name, seconds(AmberMin))
	case !next.Heads[a].turn(c.head, string(to), c.at):
		return refused(ErrSequence, "%s: %s does not follow %s", name, to, head.Shows)
	case to == Red && c.at < head.Until:
		return refused(ErrClearance, "%s red: amber lasts at least %s, %s of it are to come",
			name, seconds(AmberMin), seconds(c.at.until(head.Until)))
	case to == Green:
		return c.cleared(a)
	}
	return nil
}

// cleared judges whether all that conflicts with the green of a has been stopped for long enough.
func (c *change) cleared(a int) *refusal {
	b := conflicting[a]
	name, other := approaches[a], approaches[b]
	head, pedestrians := c.Heads[b], c.Pedestrians[b]
	switch {
	case head.Shows != Red:
		return refused(ErrClearance, "%s green: %s shows %s, and must have shown red for %s",
			name, other, head.Shows, seconds(RedClearance))
	case c.at < head.Until:
		return refused(ErrClearance, "%s green: %s must show red for another %s (%s after amber, %s at start-up)",
			name, other, seconds(c.at.until(head.Until)), seconds(RedClearance), seconds(StartUpRed))
	case pedestrians.Shows != DontWalk:
		return refused(ErrClearance, "%s green: %s-pedestrians are still on the road; their dont-walk flashes for %s",
			name, other, seconds(PedestrianClearance))
	case c.at < pedestrians.Until:
		return refused(ErrClearance, "%s green: %s-pedestrians must show dont-walk for another %s",
			name, other, seconds(c.at.until(pedestrians.Until)))
	}
	return nil
}

// leaveFlashing judges the way out of flashing: all vehicle heads show red at once, and the pedestrian heads light up.
func (c *change) leaveFlashing(next *State) *refusal {
	for a, name := range approaches {
		if next.Heads[a].Shows == FlashingRed {
			return refused(ErrSequence, "%s flashes: flashing ends with red on all vehicle heads at once, for %s",
				name, seconds(StartUpRed))
		}
	}
	for a := range approaches {
		next.Pedestrians[a].turn(c.pedestrian, string(DontWalk), c.at)
	}
	return nil
}
