package intersection

import (
	_ "embed" // the definitions, the descriptions and the board
	"time"

	"signalbox/machines"
)

//go:embed intersection.asl.json
var twoPhases []byte

//go:embed intersection.yaml
var twoRoads []byte

//go:embed board.yaml
var board []byte

//go:embed dual-ring.asl.json
var dualRing []byte

//go:embed dual-ring.yaml
var eightPhases []byte

// Machine returns the built-in machine intersection: a crossing of two roads.
func Machine() machines.Machine {
	m := build("intersection", "two roads that cross under signals, with pedestrians", must("intersection.yaml", twoRoads))
	m.Definition, m.Board = twoPhases, board
	m.Configure = func(file string, text []byte) (machines.Machine, error) {
		c, err := ParseConfig(file, text)
		if err != nil {
			return machines.Machine{}, err
		}
		m := build(m.Name, m.Summary, c)
		m.Definition = inTurn(c)
		m.Board = drawBoard(c, m.Name)
		return m, nil
	}
	return m
}

// DualRing returns the built-in machine intersection-dual-ring: a crossing with eight phases in two rings.
func DualRing() machines.Machine {
	m := build("intersection-dual-ring", "eight phases in two rings, with protected left turns", must("dual-ring.yaml", eightPhases))
	m.Definition = dualRing
	m.Board = drawBoard(must("dual-ring.yaml", eightPhases), m.Name)
	m.Configure = func(file string, text []byte) (machines.Machine, error) {
		c, err := ParseConfig(file, text)
		if err == nil {
			err = fitRings(file, c)
		}
		if err != nil {
			return machines.Machine{}, err
		}
		m := build(m.Name, m.Summary, c)
		m.Definition, m.Board = dualRing, drawBoard(c, m.Name)
		return m, nil
	}
	return m
}

// must parses an embedded description.
func must(file string, text []byte) *Config {
	c, err := ParseConfig(file, text)
	if err != nil {
		panic(err)
	}
	return c
}

// build returns the machine of a crossing without its definition and its board.
func build(name, summary string, c *Config) machines.Machine {
	const press = 200 * time.Millisecond
	m := machines.Machine{
		Name:    name,
		Summary: summary,
		Activities: []string{
			activitySetSignals, activityAwaitInterval, activityHoldGreen, activityAwaitCall, activityFlashRed,
		},
		Plant:   NewPlant(c),
		Config:  c.text,
		Explain: c.Explain,
		World: func(lines machines.SimLines, clock machines.Clock, seed uint64) machines.World {
			return newWorld(c, lines, clock, seed)
		},
		View: func(s machines.State, world any) any {
			v, _ := world.(View) // with real lines there is no world: a zero View
			state := s.(State)
			return c.view(&state, v)
		},
		Watch: c.watch(),
	}
	keys := "nesw"
	used := map[byte]bool{}
	for _, p := range c.Phases {
		if len(p.Buttons) == 0 {
			continue
		}
		if key := freeKey(p.Name[:1]+keys, used); key != "" {
			m.Keys = append(m.Keys, machines.Key{Key: key, Help: "walk " + p.Name, Line: p.Buttons[0], Hold: press})
		}
	}
	for i, e := range c.Emergencies {
		m.Keys = append(m.Keys, machines.Key{Key: string(rune('1' + i)), Help: e.Line, Line: e.Line, Hold: emergencyLasts})
	}
	return m
}

// emergencyLasts is how long a key holds an emergency vehicle's input.
const emergencyLasts = 20 * time.Second

// freeKey returns the first of some keys that is n, e, s or w and not used yet, and marks it as used; "" if there is none.
func freeKey(some string, used map[byte]bool) string {
	for i := range len(some) {
		if k := some[i]; (k == 'n' || k == 'e' || k == 's' || k == 'w') && !used[k] {
			used[k] = true
			return some[i : i+1]
		}
	}
	return ""
}

// watch returns the channels and conflicts that a monitor has to watch.
func (c *Config) watch() *machines.Watch {
	w := &machines.Watch{UK: c.Style == UK}
	if c.Style == UK {
		w.StartDark = UKStartDark
	}
	var phaseOf []int
	for i, p := range c.Phases {
		for _, h := range p.Heads {
			w.Channels = append(w.Channels, machines.Channel{
				Name: h.Name, Red: h.Name + ".red", Amber: h.Name + ".amber", Green: h.Name + ".green",
			})
			phaseOf = append(phaseOf, i)
		}
		for _, x := range p.Crosswalks {
			w.Channels = append(w.Channels, machines.Channel{Name: x.Name + pedestrians, Walk: x.Name + ".walk", DontWalk: x.Name + ".dont-walk"})
			phaseOf = append(phaseOf, i)
		}
	}
	for i, p := range phaseOf {
		for j, q := range phaseOf {
			if i < j && c.conflicts[p][q] {
				w.Conflicts = append(w.Conflicts, [2]int{i, j})
			}
		}
	}
	return w
}
