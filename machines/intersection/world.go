package intersection

import (
	"math/rand/v2"
	"slices"
	"time"

	"signalbox/machines"
)

// How traffic behaves. A standing queue loses 2 s at the start, then a car goes every 2 s: HCM, which counts 1,900 vehicles an
// hour and lane.
const (
	startUpDelay = 2 * time.Second
	headway      = 2 * time.Second
	clearsLoop   = 500 * time.Millisecond // from setting off until the detector is free
	closesUp     = 500 * time.Millisecond // from then until the next car stands on it
	crossesRoad  = 3 * time.Second
	walksAcross  = 9 * time.Second // 36 ft at 4 ft/s
	presses      = 200 * time.Millisecond

	longestQueue = 12 // cars in a lane; a car that comes then is not counted
	maxPeople    = 8  // at a button
)

// The mean times between two arrivals, by direction: of cars that go straight on, of cars that turn left, of pedestrians.
var (
	meanCarGaps    = [2]time.Duration{NorthSouth: 12 * time.Second, EastWest: 18 * time.Second}
	meanLeftGaps   = [2]time.Duration{NorthSouth: 40 * time.Second, EastWest: 50 * time.Second}
	meanPersonGaps = [2]time.Duration{NorthSouth: 150 * time.Second, EastWest: 100 * time.Second}
)

// A world is the cars and pedestrians around the crossing. Cars queue at the stop line while their head does not show green; a
// detector is on while a car is on the loop of one of its lanes. Pedestrians arrive, press the button and set off when walk is
// shown. At flashing red all of them wait.
type world struct {
	lines machines.SimLines
	clock machines.Clock
	lanes []*lane
	walks []*crosswalk
	view  View
}

// A lane brings cars from one side.
type lane struct {
	gaps      gaps
	loop      loop
	ready     time.Time // when the next car can set off
	green     bool
	detector  *detector // nil: none
	waiting   *int      // the view's count of its cars
	onTheWay  *int
	greenLine string // the lamp at which its cars go
}

// A loop is the state of a lane's loop at the stop line.
type loop uint8

const (
	free    loop = iota
	stands       // a car waits on it
	leaving      // a car that has set off is still on it
)

// A detector is an input line that is on while a car is on the loop of one of its lanes.
type detector struct {
	line  string
	on    bool
	lanes []*lane
}

// A crosswalk brings pedestrians of one phase.
type crosswalk struct {
	people    gaps
	button    string // its line; "": none
	direction int
	waiting   int
	walk      bool
	pressing  bool
}

// gaps are the random times between arrivals. Every lane and crosswalk has its own random stream, so that arrivals do not
// depend on the signals.
type gaps struct {
	random *rand.Rand
	mean   time.Duration
}

func (g gaps) next() time.Duration {
	const shortest = time.Second
	return shortest + time.Duration(g.random.ExpFloat64()*float64(g.mean-shortest))
}

// newWorld starts the traffic of a crossing. It lives on clock; seed makes its random arrivals.
func newWorld(c *Config, lines machines.SimLines, clock machines.Clock, seed uint64) *world {
	w := &world{lines: lines, clock: clock}
	c.heads(&w.view)
	stream := uint64(0)
	arrivals := func(mean time.Duration) gaps {
		stream++
		return gaps{random: rand.New(rand.NewPCG(seed, stream)), mean: mean} //nolint:gosec // nothing secret
	}
	detectors := map[string]*detector{}
	for _, left := range []bool{false, true} {
		for side := range w.view.Queue {
			w.addLane(c, side, left, arrivals, detectors)
		}
	}
	for p := range c.Phases {
		phase := &c.Phases[p]
		for k, walk := range phase.Crosswalks {
			x := &crosswalk{direction: direction(c.Approaches[walk.Approach].Sides[0])}
			if n := len(phase.Buttons); n > 0 {
				x.button = phase.Buttons[min(k, n-1)]
			}
			x.people = arrivals(meanPersonGaps[x.direction])
			w.walks = append(w.walks, x)
			clock.AfterFunc(x.people.next(), func() { w.personComes(x) })
			lines.OnOutput(walk.Name+".walk", func(high bool) { w.walkIs(x, high) })
		}
	}
	for p := range c.Phases {
		for _, h := range c.Phases[p].Heads {
			line := h.Name + ".green"
			lines.OnOutput(line, func(high bool) { w.greenIs(line, high) })
		}
	}
	return w
}

// addLane adds the lane of a side, straight on or left, if there is a head for it.
func (w *world) addLane(c *Config, side int, left bool, arrivals func(time.Duration) gaps, detectors map[string]*detector) {
	for p := range c.Phases {
		phase := &c.Phases[p]
		for _, h := range phase.Heads {
			if h.Left != left || !slices.Contains(c.Approaches[h.Approach].Sides, side) {
				continue
			}
			l := &lane{waiting: &w.view.Queue[side], onTheWay: &w.view.Crossing[side], greenLine: h.Name + ".green"}
			mean := meanCarGaps[direction(side)]
			if left {
				l.waiting, l.onTheWay, mean = &w.view.Left[side], &w.view.LeftCrossing[side], meanLeftGaps[direction(side)]
			}
			l.gaps = arrivals(mean)
			if n := len(phase.Detectors); n > 0 {
				k := 0 // each detector of the phase gets a lane, the last one all others
				for _, d := range phase.Detectors[:n-1] {
					if detectors[d] == nil {
						break
					}
					k++
				}
				line := phase.Detectors[k]
				if detectors[line] == nil {
					detectors[line] = &detector{line: line}
				}
				l.detector = detectors[line]
				l.detector.lanes = append(l.detector.lanes, l)
			}
			w.lanes = append(w.lanes, l)
			w.clock.AfterFunc(l.gaps.next(), func() { w.carComes(l) })
			return
		}
	}
}

// View implements [machines.World]; it returns a [View].
func (w *world) View() any { return w.view }

// greenIs takes a change of a green lamp: its lanes may go, or stop.
func (w *world) greenIs(line string, lit bool) {
	for _, l := range w.lanes {
		if l.greenLine != line || l.green == lit {
			continue
		}
		l.green = lit
		if !lit {
			continue // cars at the stop line stay there
		}
		l.ready = w.clock.Now()
		if l.loop != free {
			l.ready = l.ready.Add(startUpDelay)
		}
		w.setOff(l)
	}
}

// carComes adds a car to a lane, unless its queue is full, and schedules the next one.
func (w *world) carComes(l *lane) {
	w.clock.AfterFunc(l.gaps.next(), func() { w.carComes(l) })
	if *l.waiting == longestQueue {
		return
	}
	*l.waiting++
	if *l.waiting == 1 && l.loop == free {
		w.atLine(l)
	}
}

// atLine puts the first car of a queue on the loop. It sets off at once if it may.
func (w *world) atLine(l *lane) {
	w.setLoop(l, stands)
	w.setOff(l)
}

// setOff lets the car at the stop line go, at once or when the lane is ready.
func (w *world) setOff(l *lane) {
	if l.loop != stands || !l.green {
		return
	}
	if wait := l.ready.Sub(w.clock.Now()); wait > 0 {
		w.clock.AfterFunc(wait, func() { w.setOff(l) })
		return
	}
	l.ready = w.clock.Now().Add(headway)
	*l.waiting--
	*l.onTheWay++
	w.setLoop(l, leaving)
	w.clock.AfterFunc(clearsLoop, func() {
		w.setLoop(l, free)
		w.clock.AfterFunc(closesUp, func() {
			if l.loop == free && *l.waiting > 0 {
				w.atLine(l)
			}
		})
	})
	w.clock.AfterFunc(crossesRoad, func() {
		*l.onTheWay--
		w.view.Passed++
	})
}

// setLoop sets the state of a lane's loop, and drives its detector.
func (w *world) setLoop(l *lane, now loop) {
	l.loop = now
	d := l.detector
	if d == nil {
		return
	}
	on := slices.ContainsFunc(d.lanes, func(l *lane) bool { return l.loop != free })
	if d.on != on {
		d.on = on
		w.lines.Drive(d.line, on)
	}
}

// personComes adds a pedestrian, who walks at once or presses the button, and schedules the next one.
func (w *world) personComes(x *crosswalk) {
	w.clock.AfterFunc(x.people.next(), func() { w.personComes(x) })
	switch {
	case x.walk:
		w.walk(x, 1)
		return
	case x.waiting == maxPeople:
		return
	}
	x.waiting++
	w.view.Pedestrians[x.direction]++
	if x.pressing || x.button == "" {
		return
	}
	x.pressing = true
	w.lines.Drive(x.button, true)
	w.clock.AfterFunc(presses, func() {
		x.pressing = false
		w.lines.Drive(x.button, false)
	})
}

// walkIs takes a change of the walk lamp: when it is lit, all who wait walk. If none do, the button was pressed by a key or a
// scenario, and one pedestrian walks.
func (w *world) walkIs(x *crosswalk, lit bool) {
	if x.walk == lit {
		return
	}
	x.walk = lit
	if lit {
		w.walk(x, max(1, x.waiting))
		w.view.Pedestrians[x.direction] -= x.waiting
		x.waiting = 0
	}
}

func (w *world) walk(x *crosswalk, people int) {
	w.view.Walking[x.direction] += people
	w.clock.AfterFunc(walksAcross, func() { w.view.Walking[x.direction] -= people })
}
