// Package sim is the simulated driver: a board's lines without hardware.
//
//	Panel   the driver of one board, and its outside: whoever has it looks at outputs and pushes inputs, by logical
//	        names and levels
//	Pin     one physical line, with physical levels: inside a periph pin that can be claimed, outside a wire
//
// Faults can be put in: a line stuck at a level, an output that reads back as what it is not, one that cannot be
// written, a line that another program holds.
//
// A pin tells of its edges at once; package gpio has them travel through the clock. So a simulation is driven from the
// clock's goroutine alone, and whoever is elsewhere (a terminal's keys) goes there by the clock's Post first.
package sim

import (
	"fmt"

	periph "periph.io/x/conn/v3/gpio"

	"signalbox/gpio"
)

// A Panel is the simulated lines of one board.
type Panel struct {
	board   *gpio.Board
	pins    map[string]*Pin // by logical name
	claimed map[*Pin]bool
	gates   map[string]func(high bool) bool
	power   []func(on bool)
}

var _ gpio.Driver = (*Panel)(nil)

// New returns the simulated lines of a board. Inputs are where their pulls take them; one without a pull is logically
// low, as if the wiring saw to it: a button with nobody's finger on it.
func New(board *gpio.Board) *Panel {
	p := &Panel{board: board, pins: map[string]*Pin{}, claimed: map[*Pin]bool{}, gates: map[string]func(bool) bool{}}
	for _, line := range board.Lines {
		pin := &Pin{
			name:      line.Where(),
			number:    line.Number,
			pull:      line.Pull,
			idle:      line.Physical(false),
			listeners: map[int]func(periph.Level, string){},
		}
		pin.outside = pin.wire()
		p.pins[line.Name] = pin
	}
	return p
}

// Board returns the board.
func (p *Panel) Board() *gpio.Board { return p.board }

// Claim implements gpio.Driver.
func (p *Panel) Claim(l gpio.Line) (periph.PinIO, error) {
	pin, err := p.Pin(l.Name)
	if err != nil {
		return nil, err
	}
	pin.mu.Lock()
	f := pin.fault
	pin.mu.Unlock()
	if f.occupied {
		return nil, &gpio.BusyError{Holder: f.heldBy}
	}
	if p.claimed[pin] {
		return nil, &gpio.BusyError{Holder: "signalbox"}
	}
	p.claimed[pin] = true
	return pin, nil
}

// Release implements gpio.Driver. The line stays what it was, as lines of a Pi do.
func (p *Panel) Release(pin periph.PinIO) error {
	own, ok := pin.(*Pin)
	if !ok || !p.claimed[own] {
		return fmt.Errorf("sim: %s is not claimed", pin)
	}
	delete(p.claimed, own)
	return nil
}

// Pin returns the physical line under a logical name.
func (p *Panel) Pin(line string) (*Pin, error) {
	if _, err := p.board.Line(line); err != nil {
		return nil, err
	}
	return p.pins[line], nil
}

// OnOutput has f called with every level that the outside sees of an output, at once if it is on already. A line that
// is missing from the board, or is an input, is never heard of.
func (p *Panel) OnOutput(line string, f func(high bool)) {
	l, err := p.board.Line(line)
	if err != nil || l.Direction != gpio.Out {
		return
	}
	pin := p.pins[line]
	pin.watch(func(level periph.Level) { f(l.Logical(level)) })
	if p.Level(line) {
		f(true)
	}
}

// Drive takes an input to a level, as the world behind the board does. A line that is missing from the board, or is an
// output, is not moved.
func (p *Panel) Drive(line string, high bool) { p.drive(line, high, "world") }

// Push is what somebody does to an input, with a reason for the log. The world may not let it through; see Gate.
func (p *Panel) Push(line string, high bool, why string) {
	if let, ok := p.gates[line]; ok && !let(high) {
		return
	}
	p.drive(line, high, why)
}

// Gate has let asked before each Push of a line: one that it does not let through does not happen. A coin acceptor that is
// held back gives no pulses, whatever somebody puts into it.
func (p *Panel) Gate(line string, let func(high bool) bool) { p.gates[line] = let }

// OnPower has f called when somebody cuts the power of the program, or gives it back. The world goes on.
func (p *Panel) OnPower(f func(on bool)) { p.power = append(p.power, f) }

// Power cuts the power, or gives it back.
func (p *Panel) Power(on bool) {
	for _, f := range p.power {
		f(on)
	}
}

func (p *Panel) drive(line string, high bool, why string) {
	l, err := p.board.Line(line)
	if err != nil || l.Direction != gpio.In {
		return
	}
	p.pins[line].push(l.Physical(high), why)
}

// Level returns the level that the outside sees of a line. A line that is missing from the board is low.
func (p *Panel) Level(line string) bool {
	l, err := p.board.Line(line)
	return err == nil && l.Logical(p.pins[line].Outside())
}

// ReadBack returns the level that reads back from a line, which a fault can make differ from what the outside sees.
func (p *Panel) ReadBack(line string) bool {
	l, err := p.board.Line(line)
	return err == nil && l.Logical(p.pins[line].Read())
}

// Stick has a line stay at a level, whatever is written or pushed.
func (p *Panel) Stick(line string, high bool) error {
	return p.fault(line, "stuck", func(l gpio.Line, f *fault) { f.stuck, f.at = true, l.Physical(high) })
}

// Misread has an output read back as what it is not.
func (p *Panel) Misread(line string) error {
	return p.fault(line, "read-back", func(_ gpio.Line, f *fault) { f.misread = true })
}

// Break has every write to an output fail.
func (p *Panel) Break(line string) error {
	return p.fault(line, "broken", func(_ gpio.Line, f *fault) { f.broken = true })
}

// Hold has a line belong to another program, so that it cannot be claimed. Holder may be "", for one that nobody knows.
func (p *Panel) Hold(line, holder string) error {
	return p.fault(line, "held", func(_ gpio.Line, f *fault) { f.occupied, f.heldBy = true, holder })
}

// Clear takes all faults of a line away. What was written or pushed meanwhile shows now.
func (p *Panel) Clear(line string) error {
	return p.fault(line, "fault cleared", func(_ gpio.Line, f *fault) { *f = fault{} })
}

func (p *Panel) fault(line, why string, set func(gpio.Line, *fault)) error {
	pin, err := p.Pin(line)
	if err != nil {
		return err
	}
	l, _ := p.board.Line(line)
	pin.change(why, func() { set(l, &pin.fault) })
	return nil
}
