package gpio

import (
	"errors"
	"fmt"
	"slices"
	"time"

	periph "periph.io/x/conn/v3/gpio"
)

// Lines are an open board. Only the clock's goroutine may call the methods; before the clock runs and after it has
// stopped, one other goroutine may.
type Lines struct {
	board  *Board
	driver Driver
	clock  Clock

	outs   map[string]*OutPin
	ins    map[string]*InPin
	order  []*OutPin // in the order of the board
	pins   []periph.PinIO
	closed bool

	watchers   []func(Change)
	onFault    []func(line string, err error)
	queue      []delivery // changes not reported yet, oldest first
	delivering bool
}

// A Change is a new level of a line. High is logical and, of an input, debounced.
type Change struct {
	Line      string
	Direction Direction
	High      bool
	At        time.Time // on the clock; of an input, when the edge was seen, or had been stable for the debounce time
	Why       string    // the command's reason, "max-on 5s", or the driver's reason for an edge; "" if there is none
}

// A delivery is a change that is to be reported.
type delivery struct {
	change Change
	in     *InPin // whose edge callbacks get it too; nil for an output
}

// A LineLevel is a line with its present level. High is logical.
type LineLevel struct {
	Line      string
	Direction Direction
	High      bool
}

// Open claims every line of a board. Outputs come first, and each takes its safe level as soon as it is claimed: the
// outputs that are off there, then those that are on. If a line fails, Open releases the lines claimed so far, with
// outputs at their safe levels, and the error names the line; a line in use is a *[BusyError].
func Open(board *Board, driver Driver, clock Clock) (*Lines, error) {
	l := &Lines{board: board, driver: driver, clock: clock, outs: map[string]*OutPin{}, ins: map[string]*InPin{}}
	outputs := board.Outputs()
	for _, safe := range []bool{false, true} {
		for _, line := range outputs {
			if line.Safe != safe {
				continue
			}
			if err := l.openOutput(line); err != nil {
				return nil, l.failOpen(line, err)
			}
		}
	}
	for _, line := range outputs {
		p := l.outs[line.Name]
		l.order = append(l.order, p)
		for _, other := range board.neverWith(line.Name) {
			p.never = append(p.never, l.outs[other])
		}
		p.runTimer(p.on)
	}
	for _, line := range board.Inputs() {
		if err := l.openInput(line); err != nil {
			return nil, l.failOpen(line, err)
		}
	}
	for _, line := range board.Inputs() {
		l.listen(l.ins[line.Name])
	}
	return l, nil
}

// openOutput claims an output and drives it to its safe level.
func (l *Lines) openOutput(line Line) error {
	pin, err := l.claim(line)
	if err != nil {
		return err
	}
	if err := pin.Out(line.Physical(line.Safe)); err != nil {
		return err
	}
	back, _ := pin.(readsBack)
	l.outs[line.Name] = &OutPin{lines: l, line: line, pin: pin, back: back, on: line.Safe}
	return nil
}

// openInput claims an input. Its present level is taken without debounce.
func (l *Lines) openInput(line Line) error {
	pin, err := l.claim(line)
	if err != nil {
		return err
	}
	if err := pin.In(line.Pull, periph.BothEdges); err != nil {
		return err
	}
	level := line.Logical(pin.Read())
	l.ins[line.Name] = &InPin{
		lines: l, line: line, pin: pin, edge: periph.BothEdges,
		level: level, debouncer: NewDebouncer(line.Debounce, level),
	}
	return nil
}

func (l *Lines) claim(line Line) (periph.PinIO, error) {
	pin, err := l.driver.Claim(line)
	if err == nil {
		l.pins = append(l.pins, pin)
	}
	return pin, err
}

// listen queues the edges of p on the clock from now on, each at its own time.
func (l *Lines) listen(p *InPin) {
	edge := func(level periph.Level, why string, at time.Time) {
		l.clock.At(at, func() { p.raw(level, why, at) })
	}
	if n, ok := p.pin.(Notifier); ok {
		p.stopEdges = n.Notify(func(level periph.Level, why string) { edge(level, why, l.clock.Stamp()) })
		return
	}
	fail := func(err error) { l.clock.Post(func() { l.fault(p.line.Name, err) }) }
	p.stopEdges = waitForEdges(p.pin, p.line.Physical(p.level), l.clock, edge, fail)
}

// failOpen releases the lines claimed so far and returns the error of an Open to which line failed.
func (l *Lines) failOpen(line Line, err error) error {
	err = fmt.Errorf("gpio: line %s (%s): %w", line.Name, line.Where(), err)
	return errors.Join(err, l.release())
}

// release returns all pins to the driver, the last claimed first.
func (l *Lines) release() error {
	l.closed = true
	var errs []error
	for _, pin := range slices.Backward(l.pins) {
		if err := l.driver.Release(pin); err != nil {
			errs = append(errs, fmt.Errorf("gpio: %w", err))
		}
	}
	l.pins = nil
	return errors.Join(errs...)
}

// Close takes every output to its safe level, ends all waits for edges, waits for the goroutines of the board, and
// releases all lines, also after errors, which it returns joined. No line moves afterwards. A second Close does nothing.
func (l *Lines) Close() error {
	if l.closed {
		return nil
	}
	err := l.Safe("closed")
	l.closed = true
	for _, p := range l.order {
		p.runTimer(false)
	}
	for _, line := range l.board.Inputs() {
		p := l.ins[line.Name]
		p.stopEdges()
		p.close()
		if p.stop != nil {
			p.stop()
		}
	}
	return errors.Join(err, l.release())
}

func (l *Lines) errClosed() error { return fmt.Errorf("gpio: board %s is closed", l.board.Name) }

// Board returns the board.
func (l *Lines) Board() *Board { return l.board }

// Out returns the output called name, an *[OutPin]. The error names similar names, or the wrong direction.
func (l *Lines) Out(name string) (periph.PinOut, error) {
	if p, ok := l.outs[name]; ok {
		return p, nil
	}
	return nil, l.missing(name, Out)
}

// In returns the input called name, an *[InPin]. The error names similar names, or the wrong direction.
func (l *Lines) In(name string) (periph.PinIn, error) {
	if p, ok := l.ins[name]; ok {
		return p, nil
	}
	return nil, l.missing(name, In)
}

// missing returns the error for a line that does not exist or does not have the wanted direction.
func (l *Lines) missing(name string, wanted Direction) error {
	line, err := l.board.Line(name)
	if err == nil {
		err = fmt.Errorf("gpio: board %s: line %q is direction %s, not %s", l.board.Name, name, line.Direction, wanted)
	}
	return err
}

// OnEdge registers f, which is called on the clock's goroutine with every new debounced level of an input and its time, the
// At of its [Change].
func (l *Lines) OnEdge(line string, f func(high bool, at time.Time)) error {
	p, ok := l.ins[line]
	if !ok {
		return l.missing(line, In)
	}
	p.edges = append(p.edges, f)
	return nil
}

// Watch registers f, which is called on the clock's goroutine with every change of every line, in order, before the
// callbacks of OnEdge. If f moves a line itself, that change is reported after the present one has reached all callbacks.
func (l *Lines) Watch(f func(Change)) { l.watchers = append(l.watchers, f) }

// OnFault registers f, which is called on the clock's goroutine when a line fails outside of a call: max-on could not
// turn it off, or edges of it were lost.
func (l *Lines) OnFault(f func(line string, err error)) { l.onFault = append(l.onFault, f) }

func (l *Lines) fault(line string, err error) {
	for _, f := range l.onFault {
		f(line, err)
	}
}

// changed reports a change to the watchers and, if in is not nil, to its edge callbacks. A change that a callback makes
// waits in the queue until the present one is reported.
func (l *Lines) changed(c Change, in *InPin) {
	l.queue = append(l.queue, delivery{c, in})
	if l.delivering {
		return
	}
	l.delivering = true
	defer func() { l.delivering = false }()
	for len(l.queue) > 0 {
		next := l.queue[0]
		l.queue = l.queue[1:]
		for _, f := range l.watchers {
			f(next.change)
		}
		if next.in != nil {
			for _, f := range next.in.edges {
				f(next.change.High, next.change.At)
			}
		}
	}
}

// ReadBack is [OutPin.ReadBack] of the output with the given name.
func (l *Lines) ReadBack(name string) (high bool, err error) {
	p, ok := l.outs[name]
	if !ok {
		return false, l.missing(name, Out)
	}
	return p.ReadBack()
}

// Levels returns the level of every line in the order of the board: the level written to an output, the debounced level
// of an input.
func (l *Lines) Levels() []LineLevel {
	levels := make([]LineLevel, len(l.board.Lines))
	for i, line := range l.board.Lines {
		levels[i] = LineLevel{Line: line.Name, Direction: line.Direction}
		if line.Direction == Out {
			levels[i].High = l.outs[line.Name].on
		} else {
			levels[i].High = bool(l.ins[line.Name].Read())
		}
	}
	return levels
}

// Set takes several outputs to the given levels, by name: first it turns lines off, then on, each in the order of the
// board. If a name is not an output, or a rule forbids a level (a *[Refusal]), nothing has changed. If a write fails, Set
// returns its error and leaves the lines that follow as they are.
func (l *Lines) Set(levels map[string]bool, why string) error {
	if l.closed {
		return l.errClosed()
	}
	for name := range levels {
		if _, ok := l.outs[name]; !ok {
			return l.missing(name, Out)
		}
	}
	willBeOn := func(p *OutPin) bool {
		if on, asked := levels[p.line.Name]; asked {
			return on
		}
		return p.mayBeOn()
	}
	for _, p := range l.order {
		if levels[p.line.Name] {
			if err := p.refusal(willBeOn); err != nil {
				return err
			}
		}
	}
	for _, on := range []bool{false, true} {
		for _, p := range l.order {
			if asked, ok := levels[p.line.Name]; !ok || asked != on {
				continue
			}
			if err := p.command(on, why); err != nil {
				return err
			}
		}
	}
	return nil
}

// Safe takes every output to its safe level: first it turns lines off, then on. It goes on after errors, which it returns
// joined. A line whose safe level is on stays off if a line that it must never be on with could not be turned off.
func (l *Lines) Safe(why string) error {
	if l.closed {
		return l.errClosed()
	}
	var errs []error
	for _, on := range []bool{false, true} {
		for _, p := range l.order {
			if p.line.Safe != on {
				continue
			}
			if on {
				if err := p.refusal((*OutPin).mayBeOn); err != nil {
					errs = append(errs, err)
					continue
				}
			}
			if err := p.write(on, why); err != nil {
				errs = append(errs, err)
			}
		}
	}
	return errors.Join(errs...)
}
