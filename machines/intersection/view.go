package intersection

import "strings"

// A View is what a screen shows of the crossing beside its lines. It is immutable.
type View struct {
	// Queue counts the cars that wait at the stop line, by the side of the crossing that they come from; Left counts those in
	// the left-turn lanes.
	Queue, Left [4]int
	// Crossing counts the cars that are on the crossing now, by the side that they came from; LeftCrossing those that turn left.
	Crossing, LeftCrossing [4]int
	// Passed counts the cars that have passed since the start.
	Passed int
	// Pedestrians counts the pedestrians who wait at a button, by the direction in which they walk: [NorthSouth] along that road.
	Pedestrians [2]int
	// Walking counts the pedestrians on the road now, by direction.
	Walking [2]int

	// Heads and LeftHeads are the names of the heads that the drivers of each side see, Walks those of the pedestrian heads beside
	// them; "" where there are none.
	Heads, LeftHeads, Walks [4]string

	Mode      Mode
	Night     bool
	Emergency string // the emergency input that is served; "": none
	Calls     string // the calls, in words: "east-west cars, north-south on foot"
	Failed    string // the sensors that have failed, in words
}

// The sides of the crossing, as indices of a [View].
const (
	North = iota
	East
	South
	West
)

// The directions, as indices of a [View].
const (
	NorthSouth = iota
	EastWest
)

// direction returns the direction of a side's traffic.
func direction(side int) int { return side % 2 }

// heads fills in the names of the heads.
func (c *Config) heads(v *View) {
	for _, p := range c.Phases {
		for _, h := range p.Heads {
			for _, side := range c.Approaches[h.Approach].Sides {
				if h.Left {
					v.LeftHeads[side] = h.Name
				} else {
					v.Heads[side] = h.Name
				}
			}
		}
		for _, w := range p.Crosswalks {
			for _, side := range c.Approaches[w.Approach].Sides {
				v.Walks[side] = w.Name
			}
		}
	}
}

// view adds the plant's state to the world's view.
func (c *Config) view(s *State, v View) View {
	c.heads(&v)
	v.Mode, v.Night = s.Mode, s.IsNight
	look := applier{config: c, State: *s}
	if e := look.emergency(); e >= 0 {
		v.Emergency = c.Emergencies[e].Line
	}
	var calls, failed []string
	for p, phase := range c.Phases {
		if s.Calls[p].Vehicle == Called {
			calls = append(calls, phase.Name+" cars")
		}
		if s.Calls[p].Pedestrian == Called {
			calls = append(calls, phase.Name+" on foot")
		}
	}
	for i, sensor := range c.sensors {
		if s.Sensors[i].Condition == Failed {
			failed = append(failed, sensor.line+" ("+s.Sensors[i].Why.String()+")")
		}
	}
	for i, e := range c.Emergencies {
		if s.Emergencies[i].Condition == Failed {
			failed = append(failed, e.Line+" ("+s.Emergencies[i].Why.String()+")")
		}
	}
	v.Calls, v.Failed = strings.Join(calls, ", "), strings.Join(failed, ", ")
	return v
}
