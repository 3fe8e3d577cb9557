// Package sim is the simulated driver: the lines of a board without hardware.
//
//	[Panel]   the lines of a board: the driver that [gpio.Open] claims pins from, and at the same time the outside, which
//	          reads outputs and pushes inputs by logical names and levels
//	[Pin]     a physical line with physical levels: a periph pin for the program, a wire for the outside
//
// Lines can have faults: stuck at a level, an output that reads back inverted, an output that cannot be written, a line
// that another program holds.
//
// A pin reports its edges at once, on the goroutine that pushes it; package gpio posts them to the clock. Only the clock's
// goroutine may use a Panel, so that a simulation is repeatable. Other goroutines, such as that of the terminal's keys,
// post to the clock first.
package sim

import (
	"fmt"

	periph "periph.io/x/conn/v3/gpio"

	"signalbox/gpio"
)

// A Panel is the simulated lines of a board. It implements [gpio.Driver].
type Panel struct {
	board   *gpio.Board
	pins    map[string]*Pin // by logical name
	claimed map[*Pin]bool
	gates   map[string]func(high bool) bool // by logical name; see Gate
	power   []func(on bool)                 // see OnPower
}

var _ gpio.Driver = (*Panel)(nil)

// New returns the simulated lines of a board. Inputs have the level of their pulls. An input without a pull is logically
// low, like a button that is not pressed.
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
		pin.reported = pin.wire()
		p.pins[line.Name] = pin
	}
	return p
}

// Board returns the board.
func (p *Panel) Board() *gpio.Board { return p.board }

// Claim implements [gpio.Driver].
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

// Release implements [gpio.Driver]. The line keeps its direction and level, as on a Raspberry Pi.
func (p *Panel) Release(pin periph.PinIO) error {
	own, ok := pin.(*Pin)
	if !ok || !p.claimed[own] {
		return fmt.Errorf("sim: %s is not claimed", pin)
	}
	delete(p.claimed, own)
	return nil
}

// Pin returns the physical line of the board's line with that name.
func (p *Panel) Pin(line string) (*Pin, error) {
	if _, err := p.board.Line(line); err != nil {
		return nil, err
	}
	return p.pins[line], nil
}

// OnOutput registers f, which is called with every new level that an output has on the outside, and now if it is on. It
// does nothing if the board has no such output.
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

// Drive sets an input to a level, as the simulated world does; the reason in the log is "world". It does nothing if the
// board has no such input.
func (p *Panel) Drive(line string, high bool) { p.drive(line, high, "world") }

// Push sets an input to a level, as a person does, with a reason for the log. A gate may stop it; see [Panel.Gate]. It
// does nothing if the board has no such input.
func (p *Panel) Push(line string, high bool, why string) {
	if allow, ok := p.gates[line]; ok && !allow(high) {
		return
	}
	p.drive(line, high, why)
}

// Gate registers allow, which is asked before each Push of a line; if it returns false the Push does nothing. So an
// inhibited coin acceptor gives no pulses. Drive is not asked for. A second Gate of the line replaces the first.
func (p *Panel) Gate(line string, allow func(high bool) bool) { p.gates[line] = allow }

// OnPower registers f, which is called with every Power. The simulated world goes on without power.
func (p *Panel) OnPower(f func(on bool)) { p.power = append(p.power, f) }

// SwitchPower switches the power supply of the program off or on.
func (p *Panel) SwitchPower(on bool) {
	for _, f := range p.power {
		f(on)
	}
}

// drive sets an input to a logical level. It does nothing if the board has no such input.
func (p *Panel) drive(line string, high bool, why string) {
	l, err := p.board.Line(line)
	if err != nil || l.Direction != gpio.In {
		return
	}
	p.pins[line].push(l.Physical(high), why)
}

// Level returns the level that a line has on the outside; low if the board has no such line.
func (p *Panel) Level(line string) bool {
	l, err := p.board.Line(line)
	return err == nil && l.Logical(p.pins[line].Outside())
}

// ReadBack returns the level that the program reads back from a line. It differs from Level under the fault of Misread.
func (p *Panel) ReadBack(line string) bool {
	l, err := p.board.Line(line)
	return err == nil && l.Logical(p.pins[line].Read())
}

// Stick is a fault: the line stays at a level, whatever is written or pushed.
func (p *Panel) Stick(line string, high bool) error {
	return p.setFault(line, "stuck", func(l gpio.Line, f *fault) { f.stuck, f.level = true, l.Physical(high) })
}

// Misread is a fault: the output reads back inverted.
func (p *Panel) Misread(line string) error {
	return p.setFault(line, "read-back", func(_ gpio.Line, f *fault) { f.misread = true })
}

// Break is a fault: every write to the output returns an error.
func (p *Panel) Break(line string) error {
	return p.setFault(line, "broken", func(_ gpio.Line, f *fault) { f.broken = true })
}

// Hold is a fault: another program holds the line, so that Claim returns a *[gpio.BusyError] with the holder; "" is an
// unknown holder.
func (p *Panel) Hold(line, holder string) error {
	return p.setFault(line, "held", func(_ gpio.Line, f *fault) { f.occupied, f.heldBy = true, holder })
}

// Clear removes all faults of a line. It takes the level that was last written or pushed.
func (p *Panel) Clear(line string) error {
	return p.setFault(line, "fault cleared", func(_ gpio.Line, f *fault) { *f = fault{} })
}

// setFault changes the faults of a line; if that moves the line, why is the reason. The error is that of an unknown line.
func (p *Panel) setFault(line, why string, set func(gpio.Line, *fault)) error {
	pin, err := p.Pin(line)
	if err != nil {
		return err
	}
	l, _ := p.board.Line(line)
	pin.change(why, func() { set(l, &pin.fault) })
	return nil
}
