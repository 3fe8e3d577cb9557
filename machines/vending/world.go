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
	exitPulse    = 30 * time.Millisecond  // NRI Currenza H2
	insideTime   = 100 * time.Millisecond // from the end of a coin's pulses to its tube
)

// A World is the mechanics behind simulated lines: spirals that turn as long as their motor is on and stop where they are,
// snacks that fall, tubes that pay a coin every quarter of a second, an acceptor that takes coins only while it may, and coins
// that fall into their tubes. It counts snacks and coins for itself, as the real things would be there whatever the plant
// believes. People are not part of it: they come with a scenario or the keyboard.
type World struct {
	setup   Setup
	lines   machines.SimLines
	clock   machines.Clock
	columns []*worldColumn
	tubes   []*worldTube
	falling int // snacks in the light of the drop sensor
	front   Front

	open    bool // the acceptor takes coins
	refused time.Time
	pulses  int // of the coin that is coming in
	stop    func() bool
}

// A Front is what can be seen from outside of the world behind the lines. It is immutable.
type Front struct {
	Tray    int             // snacks that have fallen since the start
	Cup     Cents           // coins paid since the start
	Refused int             // pulses that the acceptor has not taken
	Box     Cents           // coins that went into the cash box since the start, or since it was emptied
	Snacks  [MaxColumns]int // left in the spirals
	Coins   [MaxTubes]int   // left in the tubes
	Fallen  [MaxColumns]int // snacks of each column
}

// NewWorld starts the world of a machine with the given setup. It lives on clock.
func NewWorld(setup Setup, lines machines.SimLines, clock machines.Clock) *World {
	w := &World{setup: setup, lines: lines, clock: clock}
	for i, c := range setup.Columns {
		column := &worldColumn{world: w, place: i, home: columnLine(lineHome, i), snacks: c.Stock}
		w.columns = append(w.columns, column)
		lines.Drive(column.home, true)
		lines.OnOutput(columnLine(lineMotor, i), column.motor)
	}
	for _, t := range setup.Tubes {
		tube := &worldTube{world: w, value: t.Value, line: t.motorLine(), coins: t.Coins}
		w.tubes = append(w.tubes, tube)
		lines.OnOutput(tube.line, tube.motor)
	}
	lines.OnOutput(lineCoinAccept, func(on bool) { w.open = on })
	if gates, ok := lines.(gates); ok {
		gates.Gate(lineCoin, w.take)
	}
	return w
}

// gates are simulated lines that ask before they are pushed: a push that is not let through does not happen.
type gates interface {
	Gate(line string, let func(high bool) bool)
}

// take is the acceptor: a coin that has begun comes in, also when it is closed meanwhile.
func (w *World) take(high bool) bool {
	if !high {
		return true
	}
	now := w.clock.Now()
	if w.pulses == 0 && (!w.open || now.Sub(w.refused) < coinSilence) {
		w.front.Refused++
		w.refused = now // and the rest of its pulses
		return false
	}
	w.pulses++
	if w.stop != nil {
		w.stop()
	}
	w.stop = w.clock.AfterFunc(coinSilence+insideTime, w.fallIn)
	return true
}

// fallIn is a coin that has been taken: it falls into its tube, or into the cash box.
func (w *World) fallIn() {
	coin, known := w.setup.coin(w.pulses)
	w.pulses, w.stop = 0, nil
	if !known {
		return
	}
	i := w.setup.tube(coin.Value)
	if i < 0 {
		w.front.Box += coin.Value
		return
	}
	t := w.tubes[i]
	t.coins++
	w.lines.Drive(t.line+inSuffix, true)
	w.clock.AfterFunc(exitPulse, func() { w.lines.Drive(t.line+inSuffix, false) })
}

// Restock implements [machines.Refillable].
func (w *World) Restock(s machines.State) {
	books := s.(State)
	for i, c := range w.columns {
		c.snacks = books.Columns[i].Stock
	}
	for i, t := range w.tubes {
		t.coins = books.Tubes[i].Coins
	}
}

// Apply implements [machines.Refillable].
func (w *World) Apply(operation string, input any) {
	var in serviceInput
	if err := machines.Decode(input, &in); err != nil {
		return // the plant has refused it
	}
	sign := 1
	if operation == Collect {
		sign = -1
	} else if operation != Refill {
		return
	}
	switch {
	case in.Column != nil && in.Snacks != nil:
		w.columns[*in.Column-1].snacks += *in.Snacks
	case in.Tube != nil:
		t := w.tubes[w.setup.tube(*in.Tube)]
		coins := t.coins // all of them
		if in.Coins != nil {
			coins = *in.Coins
		}
		t.coins = max(0, t.coins+sign*coins)
	case in.Box:
		w.front.Box = 0
	}
}

// View implements [machines.World]; it returns a [Front].
func (w *World) View() any {
	front := w.front
	for i, t := range w.tubes {
		front.Coins[i] = t.coins
	}
	for i, c := range w.columns {
		front.Snacks[i] = c.snacks
	}
	return front
}

// A worldColumn is a spiral. Its position is the time that the motor has needed to get there from home.
type worldColumn struct {
	world   *World
	place   int
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
		w.front.Fallen[c.place]++
		w.falling++
		w.lines.Drive(lineDrop, true)
		w.clock.AfterFunc(dropPulse, func() {
			if w.falling--; w.falling == 0 {
				w.lines.Drive(lineDrop, false)
			}
		})
	})
}

type worldTube struct {
	world   *World
	value   Cents
	line    string
	coins   int
	running bool
	stop    func() bool
}

func (t *worldTube) motor(on bool) {
	if on == t.running {
		return
	}
	t.running = on
	if on {
		t.stop = t.world.clock.AfterFunc(coinInterval, t.pay)
	} else {
		t.stop()
	}
}

func (t *worldTube) pay() {
	w := t.world
	t.stop = w.clock.AfterFunc(coinInterval, t.pay)
	if t.coins == 0 {
		return
	}
	t.coins--
	w.front.Cup += t.value
	w.lines.Drive(t.line+exitSuffix, true)
	w.clock.AfterFunc(exitPulse, func() { w.lines.Drive(t.line+exitSuffix, false) })
}
