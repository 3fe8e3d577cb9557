package intersection

import (
	"math/rand/v2"
	"time"

	"signalbox/machines"
)

// How traffic behaves. A queue that has stood loses 2 s at the start, then a car goes every 2 s: HCM, which has 1,900
// vehicles an hour and lane.
const (
	startUpDelay = 2 * time.Second
	headway      = 2 * time.Second
	clearsLoop   = 500 * time.Millisecond // from setting off until the detector is free
	closesUp     = 500 * time.Millisecond // from then until the next car stands on it
	crossesRoad  = 3 * time.Second
	walksAcross  = 9 * time.Second // 36 ft at 4 ft/s
	presses      = 200 * time.Millisecond

	longestQueue = 12 // of cars a side; who finds it full takes another road
	mostPeople   = 8  // at a button
)

// meanGaps are the mean times between two arrivals: cars by side, pedestrians by approach.
var (
	meanCarGaps = [4]time.Duration{
		North: 12 * time.Second, East: 18 * time.Second, South: 12 * time.Second, West: 18 * time.Second,
	}
	meanPersonGaps = [2]time.Duration{NorthSouth: 150 * time.Second, EastWest: 100 * time.Second}
)

// approachOf is the approach that the cars of a side use.
var approachOf = [4]int{North: NorthSouth, East: EastWest, South: NorthSouth, West: EastWest}

// A world is the cars and pedestrians around the crossing. Cars wait at the stop line while their head does not show
// green, one behind the other; a detector is on while a car is on the loop at one of its two stop lines. Pedestrians come
// now and then, press the button and set off when walk is shown. Flashing red holds everybody.
type world struct {
	lines machines.SimLines
	clock machines.Clock
	sides [4]side
	roads [2]road
	view  View
}

// A side is the lane by which cars come from one side.
type side struct {
	gaps  gaps
	loop  loop
	ready time.Time // no car sets off earlier
}

// A loop is what is on a detector's loop.
type loop uint8

const (
	free    loop = iota
	stands       // a car waits on it
	leaving      // a car that has set off is still on it
)

// A road is what the world sees of one approach's heads, and what it does to its inputs.
type road struct {
	people      gaps
	green, walk bool
	detector    bool
	pressing    bool
}

// gaps are the random times between arrivals. Every lane and button has a stream of its own, so that who comes when does
// not depend on what the signals show.
type gaps struct {
	random *rand.Rand
	mean   time.Duration
}

func (g gaps) next() time.Duration {
	const shortest = time.Second
	return shortest + time.Duration(g.random.ExpFloat64()*float64(g.mean-shortest))
}

func newWorld(lines machines.SimLines, clock machines.Clock, seed uint64) *world {
	w := &world{lines: lines, clock: clock}
	stream := uint64(0)
	arrivals := func(mean time.Duration) gaps {
		stream++
		return gaps{random: rand.New(rand.NewPCG(seed, stream)), mean: mean} //nolint:gosec // traffic keeps no secrets
	}
	for i := range w.sides {
		w.sides[i].gaps = arrivals(meanCarGaps[i])
		clock.AfterFunc(w.sides[i].gaps.next(), func() { w.carComes(i) })
	}
	for a, name := range approaches {
		w.roads[a].people = arrivals(meanPersonGaps[a])
		clock.AfterFunc(w.roads[a].people.next(), func() { w.personComes(a) })
		lines.OnOutput(name+".green", func(high bool) { w.greenIs(a, high) })
		lines.OnOutput(name+".walk", func(high bool) { w.walkIs(a, high) })
	}
	return w
}

// View implements [machines.World]; it returns a [View].
func (w *world) View() any { return w.view }

func (w *world) greenIs(a int, lit bool) {
	if w.roads[a].green == lit {
		return
	}
	w.roads[a].green = lit
	if !lit {
		return // who is not on the crossing yet stops
	}
	for i := range w.sides {
		if approachOf[i] != a {
			continue
		}
		s := &w.sides[i]
		s.ready = w.clock.Now()
		if s.loop != free {
			s.ready = s.ready.Add(startUpDelay)
		}
		w.setOff(i)
	}
}

func (w *world) carComes(i int) {
	s := &w.sides[i]
	w.clock.AfterFunc(s.gaps.next(), func() { w.carComes(i) })
	if w.view.Queue[i] == longestQueue {
		return
	}
	w.view.Queue[i]++
	if w.view.Queue[i] == 1 && s.loop == free {
		w.atLine(i)
	}
}

// atLine puts the first car of a queue on the loop: it goes on at once when it may.
func (w *world) atLine(i int) {
	w.setLoop(i, stands)
	w.setOff(i)
}

// setOff lets the car at the line go, as soon as it can.
func (w *world) setOff(i int) {
	s := &w.sides[i]
	if s.loop != stands || !w.roads[approachOf[i]].green {
		return
	}
	if wait := s.ready.Sub(w.clock.Now()); wait > 0 {
		w.clock.AfterFunc(wait, func() { w.setOff(i) })
		return
	}
	s.ready = w.clock.Now().Add(headway)
	w.view.Queue[i]--
	w.view.Crossing[i]++
	w.setLoop(i, leaving)
	w.clock.AfterFunc(clearsLoop, func() {
		w.setLoop(i, free)
		w.clock.AfterFunc(closesUp, func() {
			if s.loop == free && w.view.Queue[i] > 0 {
				w.atLine(i)
			}
		})
	})
	w.clock.AfterFunc(crossesRoad, func() {
		w.view.Crossing[i]--
		w.view.Passed++
	})
}

// setLoop says what is on the loop of a side, and drives the detector that hangs on it.
func (w *world) setLoop(i int, l loop) {
	w.sides[i].loop = l
	a := approachOf[i]
	on := false
	for j, s := range w.sides {
		on = on || approachOf[j] == a && s.loop != free
	}
	if r := &w.roads[a]; r.detector != on {
		r.detector = on
		w.lines.Drive(approaches[a]+".detector", on)
	}
}

func (w *world) personComes(a int) {
	r := &w.roads[a]
	w.clock.AfterFunc(r.people.next(), func() { w.personComes(a) })
	switch {
	case r.walk:
		w.walk(a, 1)
		return
	case w.view.Pedestrians[a] == mostPeople:
		return
	}
	w.view.Pedestrians[a]++
	if r.pressing {
		return
	}
	r.pressing = true
	button := approaches[a] + ".button"
	w.lines.Drive(button, true)
	w.clock.AfterFunc(presses, func() {
		r.pressing = false
		w.lines.Drive(button, false)
	})
}

// walkIs sends those who wait over the road. When nobody of ours does, the button was pressed by a key or a scenario, and
// one walks.
func (w *world) walkIs(a int, lit bool) {
	if w.roads[a].walk == lit {
		return
	}
	w.roads[a].walk = lit
	if lit {
		w.walk(a, max(1, w.view.Pedestrians[a]))
		w.view.Pedestrians[a] = 0
	}
}

func (w *world) walk(a, people int) {
	w.view.Walking[a] += people
	w.clock.AfterFunc(walksAcross, func() { w.view.Walking[a] -= people })
}
