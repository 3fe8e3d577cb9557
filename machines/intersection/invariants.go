package intersection

import (
	"fmt"

	"signalbox/machines"
)

// Invariants implements [machines.Plant]. They are checked on the lamps where lamps show them, else on the state.
func (p *Plant) Invariants() []machines.Invariant {
	holds := func(f func(*Config, *State, map[string]bool) error) func(machines.State) error {
		return func(s machines.State) error {
			state := s.(State)
			lit := map[string]bool{}
			for _, l := range p.config.levels(p.config.lit(&state), ^lamps(0)) {
				lit[l.Line] = l.High
			}
			return f(p.config, &state, lit)
		}
	}
	return []machines.Invariant{
		{Name: "conflicting phases never go together", Holds: holds(noConflict)},
		{Name: "pedestrians walk with their own green only", Holds: holds(walkWithGreen)},
		{Name: "no traffic moves while conflicting pedestrians are on the road", Holds: holds(roadClear)},
		{Name: "every head shows one aspect", Holds: holds(oneAspect)},
		{Name: "all heads flash, or none", Holds: holds(flashTogether)},
		{Name: "a call that is being served is not remembered", Holds: holds(callsServed)},
		{Name: "no Task awaits a call that is there", Holds: holds(callsAnswered)},
		{Name: "a sensor that has failed says why", Holds: holds(sensorsSay)},
	}
}

// lampsMoving reports whether a lamp of a phase is lit at which its traffic moves: green, and amber if that counts.
func lampsMoving(p *Phase, lit map[string]bool, amber bool) bool {
	for _, h := range p.Heads {
		if lit[h.Name+".green"] || amber && lit[h.Name+".amber"] {
			return true
		}
	}
	return false
}

// noConflict: of two conflicting phases at most one has green or amber lit.
func noConflict(c *Config, s *State, lit map[string]bool) error {
	for p := range c.Phases {
		for q := range c.Phases {
			// UK: at start-up all heads but the first phase's show amber, before the first green.
			starting := s.Heads[p].Starting && s.Heads[q].Starting
			if c.conflicts[p][q] && lampsMoving(&c.Phases[p], lit, true) && lampsMoving(&c.Phases[q], lit, true) && !starting {
				return fmt.Errorf("%s shows %s and %s %s", c.Phases[p].Name, s.Heads[p].Shows, c.Phases[q].Name, s.Heads[q].Shows)
			}
		}
	}
	return nil
}

// walkWithGreen: walk is lit only beside the green of its own phase.
func walkWithGreen(c *Config, _ *State, lit map[string]bool) error {
	for p := range c.Phases {
		for _, w := range c.Phases[p].Crosswalks {
			if lit[w.Name+".walk"] && !lampsMoving(&c.Phases[p], lit, false) {
				return fmt.Errorf("%s walk without green", w.Name)
			}
		}
	}
	return nil
}

// roadClear: no green or amber is lit while conflicting pedestrians walk or clear the road.
func roadClear(c *Config, s *State, lit map[string]bool) error {
	for p := range c.Phases {
		for q := range c.Phases {
			shows := s.Pedestrians[q].Shows
			if c.conflicts[p][q] && lampsMoving(&c.Phases[p], lit, true) && (shows == Walk || shows == Clearing) {
				return fmt.Errorf("%s goes while %s-pedestrians show %s", c.Phases[p].Name, c.Phases[q].Name, shows)
			}
		}
	}
	return nil
}

// oneAspect: each head has as many lamps lit as its aspect has.
func oneAspect(c *Config, s *State, lit map[string]bool) error {
	count := func(lines ...string) (n int) {
		for _, l := range lines {
			if lit[l] {
				n++
			}
		}
		return n
	}
	for p := range c.Phases {
		shows := s.Heads[p].Shows
		want := 1
		switch {
		case shows == RedAmber:
			want = 2
		case shows == Dark, shows == FlashingRed && !s.Flasher.Lit:
			want = 0
		}
		for _, h := range c.Phases[p].Heads {
			if n := count(h.Name+".red", h.Name+".amber", h.Name+".green"); n != want {
				return fmt.Errorf("%s has %d lamps lit and shows %s", h.Name, n, shows)
			}
		}
		shows, want = s.Pedestrians[p].Shows, 1
		if shows == Dark || shows == Clearing && (!s.Flasher.Lit || c.Style == UK) {
			want = 0
		}
		for _, w := range c.Phases[p].Crosswalks {
			if n := count(w.Name+".walk", w.Name+".dont-walk"); n != want {
				return fmt.Errorf("%s-pedestrians have %d lamps lit and show %s", w.Name, n, shows)
			}
		}
	}
	return nil
}

// flashTogether: in the mode flashing all heads flash, else none; the flasher runs exactly while a lamp flashes.
func flashTogether(c *Config, s *State, _ map[string]bool) error {
	for p := range c.Phases {
		flashing := s.Heads[p].Shows == FlashingRed
		dark := s.Pedestrians[p].Shows == Dark && !s.Heads[p].Starting
		if flashing != (s.Mode == Flashing) || dark != (s.Mode == Flashing) {
			return fmt.Errorf("%s shows %s and its pedestrians %s while all is %s",
				c.Phases[p].Name, s.Heads[p].Shows, s.Pedestrians[p].Shows, s.Mode)
		}
	}
	if s.flashes() != (s.Flasher.Next != 0) {
		return fmt.Errorf("flasher %+v", s.Flasher)
	}
	return nil
}

// callsServed: a head that shows green or walk has no call.
func callsServed(c *Config, s *State, _ map[string]bool) error {
	for p := range c.Phases {
		if s.Heads[p].Shows == Green && s.Calls[p].Vehicle == Called {
			return fmt.Errorf("%s shows green and remembers a car", c.Phases[p].Name)
		}
		if s.Pedestrians[p].Shows == Walk && s.Calls[p].Pedestrian == Called {
			return fmt.Errorf("%s-pedestrians show walk and a call of theirs is remembered", c.Phases[p].Name)
		}
	}
	return nil
}

func callsAnswered(c *Config, s *State, _ map[string]bool) error {
	look := applier{config: c, State: *s}
	if s.CallTickets != [maxCallTickets]int64{} && (s.IsNight || look.calledElsewhere(-1)) {
		return fmt.Errorf("a Task awaits calls and there is one")
	}
	return nil
}

func sensorsSay(c *Config, s *State, _ map[string]bool) error {
	for i, sensor := range c.sensors {
		if (s.Sensors[i].Condition == Failed) != (s.Sensors[i].Why != NoFailure) {
			return fmt.Errorf("%s is %s because of %q", sensor.line, s.Sensors[i].Condition, s.Sensors[i].Why)
		}
	}
	return nil
}
