package intersection

import "signalbox/machines"

// lamps are the levels of all output lines: bit i belongs to the line i of [Config.outputs]. There are at most 5 × [MaxHeads].
type lamps uint64

// phaseLamps are the bits of one phase's lamps.
type phaseLamps struct{ red, amber, green, walk, dontWalk lamps }

// lampsOf assigns the bits to the lamps of every phase, in the order of [Config.outputs].
func lampsOf(phases []Phase) []phaseLamps {
	list := make([]phaseLamps, len(phases))
	bit := lamps(1)
	take := func(l *lamps) {
		*l |= bit
		bit <<= 1
	}
	for p := range phases {
		l := &list[p]
		for range phases[p].Heads {
			take(&l.red)
			take(&l.amber)
			take(&l.green)
		}
		for range phases[p].Crosswalks {
			take(&l.walk)
			take(&l.dontWalk)
		}
	}
	return list
}

// lit returns the lamps that are lit in a state.
func (c *Config) lit(s *State) (all lamps) {
	add := func(l lamps, lit bool) {
		if lit {
			all |= l
		}
	}
	for p := range c.lamps {
		l := &c.lamps[p]
		red, amber, green := s.Heads[p].lamps(s.Flasher)
		walk, dontWalk := s.Pedestrians[p].lamps(s.Flasher, c.Style)
		add(l.red, red)
		add(l.amber, amber)
		add(l.green, green)
		add(l.walk, walk)
		add(l.dontWalk, dontWalk)
	}
	return all
}

// levels returns the levels of those lines whose bits are set in which, as they are in all: what goes dark before what is
// lit.
func (c *Config) levels(all, which lamps) (list []machines.Level) {
	for _, high := range []bool{false, true} {
		for i, line := range c.outputs {
			if bit := lamps(1) << i; which&bit != 0 && all&bit != 0 == high {
				list = append(list, machines.Level{Line: line, High: high})
			}
		}
	}
	return list
}
