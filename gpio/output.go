package gpio

import (
	"errors"
	"fmt"

	periph "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

// An OutPin is an output of an open board as a periph pin. High is on. It is for the clock's goroutine.
//
// What was written is remembered: reading an output back through gpioioctl would make an input of it.
type OutPin struct {
	lines *Lines
	line  Line
	pin   periph.PinIO
	never []*OutPin // must not be on together with this one

	on      bool        // what was last written without an error
	doubt   bool        // a write has failed since: it may be on
	tripped bool        // turned off by max-on, not yet by a command
	stop    func() bool // of the time that it may still be on; nil: it does not run
}

var _ periph.PinOut = (*OutPin)(nil)

// Out turns the line on or off. The error is a *[Refusal] if the board forbids it, and then nothing has changed.
func (p *OutPin) Out(l periph.Level) error { return p.OutBecause(l, "") }

// OutBecause is Out with a reason for the log.
func (p *OutPin) OutBecause(l periph.Level, why string) error {
	if p.lines.closed {
		return p.lines.errClosed()
	}
	if l {
		if err := p.refuse((*OutPin).hot); err != nil {
			return err
		}
	}
	return p.command(bool(l), why)
}

// command writes what somebody asked for.
func (p *OutPin) command(on bool, why string) error {
	err := p.write(on, why)
	if err == nil && !on {
		p.tripped = false
	}
	return err
}

// write moves the line. Nothing else does.
func (p *OutPin) write(on bool, why string) error {
	if on {
		p.watchTime(true)
	}
	if err := p.pin.Out(p.line.Physical(on)); err != nil {
		p.doubt = true
		return fmt.Errorf("gpio: line %s (%s): %w", p.line.Name, p.line.Where(), err)
	}
	p.doubt = false
	if !on {
		p.watchTime(false)
	}
	if on != p.on {
		p.on = on
		p.lines.changed(Change{Line: p.line.Name, Direction: Out, High: on, At: p.lines.clock.Now(), Why: why}, nil)
	}
	return nil
}

// hot reports whether the line is on as far as anybody knows.
func (p *OutPin) hot() bool { return p.on || p.doubt }

// Tripped reports whether max-on has turned the line off and nobody has since.
func (p *OutPin) Tripped() bool { return p.tripped }

// PWM implements periph's PinOut; it is always refused.
func (p *OutPin) PWM(periph.Duty, physic.Frequency) error {
	return fmt.Errorf("gpio: line %s: %w", p.line.Name, errPWM)
}

var errPWM = errors.New("no PWM: never and max-on cannot watch over it; turn the line on and off instead")

// Name returns the logical name.
func (p *OutPin) Name() string { return p.line.Name }

// Number returns the physical pin's number.
func (p *OutPin) Number() int { return p.pin.Number() }

// String returns the logical name and the physical one.
func (p *OutPin) String() string { return p.line.Name + " (" + p.line.Where() + ")" }

// Function returns Out/High if the line is on, else Out/Low.
func (p *OutPin) Function() string {
	if p.on {
		return string(periph.OUT_HIGH)
	}
	return string(periph.OUT_LOW)
}

// Halt implements conn.Resource; it does nothing.
func (p *OutPin) Halt() error { return nil }
