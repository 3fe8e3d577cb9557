package vending

import (
	"time"

	"signalbox/machines"
)

// Figures of the simulated mechanics.
const (
	turnTime     = 2 * time.Second        // of a spiral, from home to home
	leaveTime    = 300 * time.Millisecond // of the turn, until the home switch opens
	releaseTime  = 1900 * time.Millisecond
	fallTime     = 500 * time.Millisecond // from the spiral to the drop sensor
	dropPulse    = 100 * time.Millisecond
	coinInterval = 250 * time.Millisecond
	exitPulse    = 30 * time.Millisecond  // NRI Currenza H2
	insideTime   = 100 * time.Millisecond // from the end of a coin's pulses to its tube
)

// A World is the mechanics behind simulated lines: spirals that turn while their motor is on, snacks that fall, tubes that pay a
// coin every quarter of a second, an acceptor that takes coins only while it is released, and coins that fall into their tubes.
// It counts its own snacks and coins, independently of the plant's books. People are not part of it: they act through a
// scenario or the keyboard.
type World struct {
	setup   Setup
	lines   machines.SimLines
	clock   machines.Clock
	columns []*worldColumn
	tubes   []*worldTube
	falling int // snacks in the light of the drop sensor
	front   Front

	accepting bool // the acceptor is released
	refused   time.Time
	pulses    int // of the coin that is coming in
	stop      func() bool
}

// A Front is the world as seen from outside the machine. It is immutable.
type Front struct {
	Tray    int             // snacks that have fallen since the start
	Cup     Cents           // coins paid since the start
	Refused int             // pulses that the acceptor has refused
	Box     Cents           // coins that went into the cash box since the start, or since it was emptied
	Snacks  [MaxColumns]int // left in the spirals
	Coins   [MaxTubes]int   // left in the tubes
	Fallen  [MaxColumns]int // snacks of each column
}

// NewWorld starts the world of a machine with the given setup. It lives on clock.
func NewWorld(setup Setup, lines machines.SimLines, clock machines.Clock) *World {
	w := &World{setup: setup, lines: lines, clock: clock}
	for i, c := range setup.Columns {
		column := &worldColumn{world: w, index: i, home: columnLine(lineHome, i), snacks: c.Stock}
		w.columns = append(w.columns, column)
		lines.Drive(column.home, true)
		lines.OnOutput(columnLine(lineMotor, i), column.motor)
	}
	for _, t := range setup.Tubes {
		tube := &worldTube{world: w, value: t.Value, line: t.motorLine(), coins: t.Coins}
		w.tubes = append(w.tubes, tube)
		lines.OnOutput(tube.line, tube.motor)
	}
	lines.OnOutput(lineCoinAccept, func(on bool) { w.accepting = on })
	if gates, ok := lines.(gates); ok {
		gates.Gate(lineCoin, w.takePulse)
	}
	return w
}

// gates are simulated lines that call let before each push: if it returns false, the push has no effect.
type gates interface {
	Gate(line string, let func(high bool) bool)
}

// takePulse decides about a pulse of the acceptor. The pulses of a coin that has begun are taken, even if the acceptor is blocked
// meanwhile.
func (w *World) takePulse(high bool) bool {
	if !high {
		return true
	}
	now := w.clock.Now()
	if w.pulses == 0 && (!w.accepting || now.Sub(w.refused) < coinSilence) {
		w.front.Refused++
		w.refused = now // the coin's other pulses are refused as well
		return false
	}
	w.pulses++
	if w.stop != nil {
		w.stop()
	}
	w.stop = w.clock.AfterFunc(coinSilence+insideTime, w.fallIn)
	return true
}

// fallIn lets a coin that was taken fall into its tube, or into the cash box if it has none.
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
	state := s.(State)
	for i, c := range w.columns {
		c.snacks = state.Columns[i].Stock
	}
	for i, t := range w.tubes {
		t.coins = state.Tubes[i].Coins
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

// A worldColumn is a spiral with its snacks. Its position is the motor's running time since it was at home.
type worldColumn struct {
	world    *World
	index    int
	home     string // the line of its home switch
	snacks   int
	marks    int           // passed in this turn
	position time.Duration // running time since home, as of the last start or mark
	since    time.Time     // when it last started or passed a mark
	running  bool
	stop     func() bool
}

// motor starts the motor, or stops it where it is.
func (c *worldColumn) motor(on bool) {
	if on == c.running {
		return
	}
	if on {
		c.running, c.since = true, c.world.clock.Now()
		c.awaitMark()
		return
	}
	c.running = false
	c.stop()
	c.position += c.world.clock.Now().Sub(c.since)
}

// awaitMark waits for the next mark of the turn: the home switch opens, the snack is released, the home switch closes.
func (c *worldColumn) awaitMark() {
	mark := [...]struct {
		at     time.Duration
		passed func()
	}{
		{leaveTime, func() { c.world.lines.Drive(c.home, false) }},
		{releaseTime, c.release},
		{turnTime, func() { c.world.lines.Drive(c.home, true) }},
	}
	next := mark[c.marks]
	c.stop = c.world.clock.AfterFunc(next.at-c.position, func() {
		c.marks = (c.marks + 1) % len(mark)
		c.position, c.since = next.at%turnTime, c.world.clock.Now()
		c.awaitMark()
		next.passed()
	})
}

// release lets a snack fall past the drop sensor.
func (c *worldColumn) release() {
	if c.snacks == 0 {
		return
	}
	c.snacks--
	w := c.world
	w.clock.AfterFunc(fallTime, func() {
		w.front.Tray++
		w.front.Fallen[c.index]++
		w.falling++
		w.lines.Drive(lineDrop, true)
		w.clock.AfterFunc(dropPulse, func() {
			if w.falling--; w.falling == 0 {
				w.lines.Drive(lineDrop, false)
			}
		})
	})
}

// A worldTube is a tube with its coins.
type worldTube struct {
	world   *World
	value   Cents
	line    string
	coins   int
	running bool
	stop    func() bool
}

// motor starts the motor, or stops it.
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

// pay pays a coin, if there is one, with a pulse of the exit sensor, and waits for the next.
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
