package vending

import (
	"time"

	"signalbox/machines"
)

// Figures of the simulated mechanics.
const (
	turnTime     = 2 * time.Second        // of a spiral, home to home
	leaveTime    = 300 * time.Millisecond // of the turn, until the home switch opens
	releaseTime  = 1900 * time.Millisecond
	fallTime     = 500 * time.Millisecond // from the spiral to the drop sensor
	dropPulse    = 100 * time.Millisecond
	coinInterval = 250 * time.Millisecond
	exitPulse    = 30 * time.Millisecond // NRI Currenza H2
)

// A World is the mechanics behind simulated lines: spirals that turn as long as their motor is on and stop where they are,
// snacks that fall, a hopper that pays a coin every quarter of a second. It counts snacks and coins for itself, as the real
// things would be there whatever the plant believes. People are not part of it: they come with a scenario or the keyboard.
type World struct {
	lines   machines.SimLines
	clock   machines.Clock
	columns [Columns]worldColumn
	hopper  worldHopper
	falling int // snacks in the light of the drop sensor
	front   Front
}

// A Front is what can be seen from outside of the world behind the lines. It is immutable.
type Front struct {
	Tray   int          // snacks that have fallen since the start
	Cup    Cents        // coins paid since the start
	Snacks [Columns]int // left in the spirals
	Coins  int          // left in the hopper
}

// NewWorld starts the world of a machine with the given setup. It lives on clock.
func NewWorld(setup Setup, lines machines.SimLines, clock machines.Clock) *World {
	w := &World{lines: lines, clock: clock, hopper: worldHopper{coins: setup.Coins}}
	for i := range w.columns {
		c := &w.columns[i]
		c.world, c.home, c.snacks = w, of(lineHome, i), setup.Columns[i].Stock
		lines.Drive(c.home, true)
		lines.OnOutput(of(lineMotor, i), c.motor)
	}
	lines.OnOutput(lineHopper, w.hopperMotor)
	return w
}

// View implements [machines.World]; it returns a [Front].
func (w *World) View() any {
	front := w.front
	front.Coins = w.hopper.coins
	for i := range w.columns {
		front.Snacks[i] = w.columns[i].snacks
	}
	return front
}

// A worldColumn is a spiral. Its position is the time that the motor has needed to get there from home.
type worldColumn struct {
	world   *World
	home    string // its line
	snacks  int
	marks   int           // passed of this turn
	stood   time.Duration // the position when it last started or passed a mark
	since   time.Time     // of that
	running bool
	stop    func() bool
}

func (c *worldColumn) motor(on bool) {
	if on == c.running {
		return
	}
	if on {
		c.running, c.since = true, c.world.clock.Now()
		c.goOn()
		return
	}
	c.running = false
	c.stop()
	c.stood += c.world.clock.Now().Sub(c.since)
}

// goOn waits for the next mark of the turn.
func (c *worldColumn) goOn() {
	mark := [...]struct {
		at     time.Duration
		passed func()
	}{
		{leaveTime, func() { c.world.lines.Drive(c.home, false) }},
		{releaseTime, c.release},
		{turnTime, func() { c.world.lines.Drive(c.home, true) }},
	}
	next := mark[c.marks]
	c.stop = c.world.clock.AfterFunc(next.at-c.stood, func() {
		c.marks = (c.marks + 1) % len(mark)
		c.stood, c.since = next.at%turnTime, c.world.clock.Now()
		c.goOn()
		next.passed()
	})
}

func (c *worldColumn) release() {
	if c.snacks == 0 {
		return
	}
	c.snacks--
	w := c.world
	w.clock.AfterFunc(fallTime, func() {
		w.front.Tray++
		w.falling++
		w.lines.Drive(lineDrop, true)
		w.clock.AfterFunc(dropPulse, func() {
			if w.falling--; w.falling == 0 {
				w.lines.Drive(lineDrop, false)
			}
		})
	})
}

type worldHopper struct {
	coins   int
	running bool
	stop    func() bool
}

func (w *World) hopperMotor(on bool) {
	h := &w.hopper
	if on == h.running {
		return
	}
	h.running = on
	if on {
		h.stop = w.clock.AfterFunc(coinInterval, w.payCoin)
	} else {
		h.stop()
	}
}

func (w *World) payCoin() {
	w.hopper.stop = w.clock.AfterFunc(coinInterval, w.payCoin)
	if w.hopper.coins == 0 {
		return
	}
	w.hopper.coins--
	w.front.Cup += Quarter
	w.lines.Drive(lineExit, true)
	w.clock.AfterFunc(exitPulse, func() { w.lines.Drive(lineExit, false) })
}
