package gpio

import (
	"errors"
	"fmt"
	"slices"
	"time"

	periph "periph.io/x/conn/v3/gpio"
)

// Lines are an open board. All methods are for the clock's goroutine, or for whoever is alone with the board before the
// clock runs or after it has stopped.
type Lines struct {
	board  *Board
	driver Driver
	clock  Clock

	outs   map[string]*OutPin
	ins    map[string]*InPin
	order  []*OutPin // in the order of the board
	pins   []periph.PinIO
	closed bool

	watchers []func(Change)
	onFault  []func(line string, err error)
	queue    []delivery // changes that nobody has been told of yet
	telling  bool
}

// A Change is a line's new level. High is logical; an input's is debounced.
type Change struct {
	Line      string
	Direction Direction
	High      bool
	At        time.Time
	Why       string // as the command said, "max-on 5s", or what the driver knows of an edge; may be ""
}

// A delivery is a change and, if an input changed, whom to tell.
type delivery struct {
	change Change
	in     *InPin
}

// A LineLevel is a line with the level that it has. High is logical.
type LineLevel struct {
	Line      string
	Direction Direction
	High      bool
}

// Open claims every line of a board. The outputs come first, each driven to its safe level as soon as it is claimed,
// those that are off before those that are on. If a line cannot be had, those had already are released, outputs at
// their safe levels, and the error says which line it was.
func Open(board *Board, driver Driver, clock Clock) (*Lines, error) {
	l := &Lines{board: board, driver: driver, clock: clock, outs: map[string]*OutPin{}, ins: map[string]*InPin{}}
	outputs := board.Outputs()
	for _, safe := range []bool{false, true} {
		for _, line := range outputs {
			if line.Safe != safe {
				continue
			}
			if err := l.openOutput(line); err != nil {
				return nil, l.giveUp(line, err)
			}
		}
	}
	for _, line := range outputs {
		p := l.outs[line.Name]
		l.order = append(l.order, p)
		for _, other := range board.neverWith(line.Name) {
			p.never = append(p.never, l.outs[other])
		}
		p.watchTime(p.on)
	}
	for _, line := range board.Inputs() {
		if err := l.openInput(line); err != nil {
			return nil, l.giveUp(line, err)
		}
	}
	for _, line := range board.Inputs() {
		l.listen(l.ins[line.Name])
	}
	return l, nil
}

func (l *Lines) openOutput(line Line) error {
	pin, err := l.claim(line)
	if err != nil {
		return err
	}
	if err := pin.Out(line.Physical(line.Safe)); err != nil {
		return err
	}
	l.outs[line.Name] = &OutPin{lines: l, line: line, pin: pin, on: line.Safe}
	return nil
}

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

// listen has p's edges brought to the clock.
func (l *Lines) listen(p *InPin) {
	edge := func(level periph.Level, why string) { l.clock.Post(func() { p.raw(level, why) }) }
	if n, ok := p.pin.(Notifier); ok {
		p.quit = n.Notify(edge)
		return
	}
	trouble := func(err error) { l.clock.Post(func() { l.fault(p.line.Name, err) }) }
	p.quit = waitForEdges(p.pin, p.line.Physical(p.level), edge, trouble)
}

// giveUp is the end of an Open that could not have line.
func (l *Lines) giveUp(line Line, err error) error {
	err = fmt.Errorf("gpio: line %s (%s): %w", line.Name, line.Where(), err)
	return errors.Join(err, l.release())
}

// release gives all pins back, the last claimed first.
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

// Close takes every output to its safe level, ends what waits for edges, waits for its goroutines, and releases all
// lines. Nothing moves afterwards. A second Close does nothing.
func (l *Lines) Close() error {
	if l.closed {
		return nil
	}
	err := l.Safe("closed")
	l.closed = true
	for _, p := range l.order {
		p.watchTime(false)
	}
	for _, line := range l.board.Inputs() {
		p := l.ins[line.Name]
		p.quit()
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

// Out returns the output with the given name, an *[OutPin].
func (l *Lines) Out(name string) (periph.PinOut, error) {
	if p, ok := l.outs[name]; ok {
		return p, nil
	}
	return nil, l.missing(name, Out)
}

// In returns the input with the given name, an *[InPin].
func (l *Lines) In(name string) (periph.PinIn, error) {
	if p, ok := l.ins[name]; ok {
		return p, nil
	}
	return nil, l.missing(name, In)
}

func (l *Lines) missing(name string, wanted Direction) error {
	line, err := l.board.Line(name)
	if err == nil {
		err = fmt.Errorf("gpio: board %s: line %q is direction %s, not %s", l.board.Name, name, line.Direction, wanted)
	}
	return err
}

// OnEdge has f called, on the clock's goroutine, with every new debounced level of an input.
func (l *Lines) OnEdge(line string, f func(high bool)) error {
	p, ok := l.ins[line]
	if !ok {
		return l.missing(line, In)
	}
	p.edges = append(p.edges, f)
	return nil
}

// Watch has f called, on the clock's goroutine, with every change of every line, in order, before those who asked for
// the line's edges. What f moves is told after all have heard of this change.
func (l *Lines) Watch(f func(Change)) { l.watchers = append(l.watchers, f) }

// OnFault has f called, on the clock's goroutine, when a line fails where no caller hears of it: max-on could not turn
// it off, or edges of it were lost.
func (l *Lines) OnFault(f func(line string, err error)) { l.onFault = append(l.onFault, f) }

func (l *Lines) fault(line string, err error) {
	for _, f := range l.onFault {
		f(line, err)
	}
}

// changed tells of a change, one change after the other.
func (l *Lines) changed(c Change, in *InPin) {
	l.queue = append(l.queue, delivery{c, in})
	if l.telling {
		return
	}
	l.telling = true
	defer func() { l.telling = false }()
	for len(l.queue) > 0 {
		next := l.queue[0]
		l.queue = l.queue[1:]
		for _, f := range l.watchers {
			f(next.change)
		}
		if next.in != nil {
			for _, f := range next.in.edges {
				f(next.change.High)
			}
		}
	}
}

// ReadBack returns the level that an output really has, as far as its driver can read it, whatever was written.
func (l *Lines) ReadBack(name string) (high bool, err error) {
	p, ok := l.outs[name]
	if !ok {
		return false, l.missing(name, Out)
	}
	if l.closed {
		return false, l.errClosed()
	}
	if r, ok := p.pin.(interface {
		ReadBack() (periph.Level, error)
	}); ok {
		level, err := r.ReadBack()
		if err != nil {
			return false, fmt.Errorf("gpio: line %s (%s): %w", p.line.Name, p.line.Where(), err)
		}
		return p.line.Logical(level), nil
	}
	return p.line.Logical(p.pin.Read()), nil
}

// Levels returns the level of every line in the order of the board: of an output what was written, of an input what
// counts after debounce.
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

// Set takes several outputs to the given levels: those that go off before those that go on, each in the order of the
// board. If a line is not an output, or the board refuses one (a *[Refusal]), nothing has changed. Should a line fail
// on the way, the rest stays as it was.
func (l *Lines) Set(levels map[string]bool, why string) error {
	if l.closed {
		return l.errClosed()
	}
	for name := range levels {
		if _, ok := l.outs[name]; !ok {
			return l.missing(name, Out)
		}
	}
	hot := func(p *OutPin) bool {
		if on, asked := levels[p.line.Name]; asked {
			return on
		}
		return p.hot()
	}
	for _, p := range l.order {
		if levels[p.line.Name] {
			if err := p.refuse(hot); err != nil {
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

// Safe takes every output to its safe level, those that go off before those that go on, and all of them even if one
// fails. A line that is on at its safe level stays off if one that it must never be on with could not be turned off.
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
				if err := p.refuse((*OutPin).hot); err != nil {
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
