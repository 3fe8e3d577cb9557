package intersection

import (
	"fmt"

	"signalbox/machines"
)

// Invariants implements [machines.Plant]. They are judged by the lamps as far as lamps tell.
func (*Plant) Invariants() []machines.Invariant {
	holds := func(f func(State, map[string]bool) error) func(machines.State) error {
		return func(s machines.State) error {
			lit := map[string]bool{}
			for _, l := range s.(State).levels() {
				lit[l.Line] = l.High
			}
			return f(s.(State), lit)
		}
	}
	return []machines.Invariant{
		{Name: "conflicting approaches never go together", Holds: holds(noConflict)},
		{Name: "pedestrians walk with their own green only", Holds: holds(walkWithGreen)},
		{Name: "nobody goes while conflicting pedestrians are on the road", Holds: holds(roadClear)},
		{Name: "every head shows one aspect", Holds: holds(oneAspect)},
		{Name: "all heads flash, or none", Holds: holds(flashTogether)},
		{Name: "a call that is being served is not remembered", Holds: holds(callsServed)},
		{Name: "no Task awaits a call that is there", Holds: holds(callsAnswered)},
	}
}

func noConflict(_ State, lit map[string]bool) error {
	for _, one := range []string{"green", "amber"} {
		for _, other := range []string{"green", "amber"} {
			if lit["north-south."+one] && lit["east-west."+other] {
				return fmt.Errorf("north-south %s and east-west %s", one, other)
			}
		}
	}
	return nil
}

func walkWithGreen(_ State, lit map[string]bool) error {
	for _, name := range approaches {
		if lit[name+".walk"] && !lit[name+".green"] {
			return fmt.Errorf("%s walk without green", name)
		}
	}
	return nil
}

func roadClear(s State, lit map[string]bool) error {
	for a, b := range conflicting {
		shows := s.Pedestrians[b].Shows
		if (lit[approaches[a]+".green"] || lit[approaches[a]+".amber"]) && (shows == Walk || shows == Clearing) {
			return fmt.Errorf("%s goes while %s-pedestrians show %s", approaches[a], approaches[b], shows)
		}
	}
	return nil
}

func oneAspect(s State, lit map[string]bool) error {
	count := func(lines ...string) (n int) {
		for _, l := range lines {
			if lit[l] {
				n++
			}
		}
		return n
	}
	for a, name := range approaches {
		n := count(name+".red", name+".amber", name+".green")
		if n > 1 || n == 0 && (s.Heads[a].Shows != FlashingRed || s.Flasher.Lit) {
			return fmt.Errorf("%s has %d lamps lit and shows %s", name, n, s.Heads[a].Shows)
		}
		n, shows := count(name+".walk", name+".dont-walk"), s.Pedestrians[a].Shows
		if n > 1 || n == 0 && shows != Dark && (shows != Clearing || s.Flasher.Lit) {
			return fmt.Errorf("%s-pedestrians have %d lamps lit and show %s", name, n, shows)
		}
	}
	return nil
}

func flashTogether(s State, _ map[string]bool) error {
	for a, name := range approaches {
		if (s.Heads[a].Shows == FlashingRed) != s.flashing() || (s.Pedestrians[a].Shows == Dark) != s.flashing() {
			return fmt.Errorf("%s shows %s and its pedestrians %s", name, s.Heads[a].Shows, s.Pedestrians[a].Shows)
		}
	}
	if s.flashes() != (s.Flasher.Next != 0) {
		return fmt.Errorf("flasher %+v", s.Flasher)
	}
	return nil
}

func callsServed(s State, _ map[string]bool) error {
	for a, name := range approaches {
		if s.Heads[a].Shows == Green && s.Calls[a].Detector.Placed() {
			return fmt.Errorf("%s shows green and remembers a car", name)
		}
		if s.Pedestrians[a].Shows == Walk && s.Calls[a].Button.Placed() {
			return fmt.Errorf("%s-pedestrians show walk and a call of theirs is remembered", name)
		}
	}
	return nil
}

func callsAnswered(s State, _ map[string]bool) error {
	for a, name := range approaches {
		if s.Awaits[a] != 0 && s.Calls[a].any() {
			return fmt.Errorf("%s has a call, and a Task awaits it", name)
		}
	}
	return nil
}
