package gpio

import (
	"errors"
	"fmt"

	periph "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	"signalbox/gpio/internal/pinmode"
)

// An OutPin is an output of an open board as a periph pin. High is on. Only the clock's goroutine may use it.
//
// Its level is the one written last: reading an output through gpioioctl would turn it into an input.
type OutPin struct {
	lines *Lines
	line  Line
	pin   periph.PinIO
	back  readsBack // nil: pin.Read does
	never []*OutPin // must not be on together with this one

	on        bool // the level written last without an error
	uncertain bool // a later write has failed: the line may be on
	// tripReason says why max-on has turned the line off; "" if it has not, or if a command has since.
	tripReason string
	limit      limiter     // of max-on
	stopTimer  func() bool // stops the timer of max-on; nil: it does not run
}

var _ periph.PinOut = (*OutPin)(nil)

// Out turns the line on or off. If a rule of the board forbids it the error is a *[Refusal], and nothing has changed.
func (p *OutPin) Out(l periph.Level) error { return p.OutBecause(l, "") }

// OutBecause is Out with a reason, which the [Change] has as its Why.
func (p *OutPin) OutBecause(l periph.Level, why string) error {
	if p.lines.closed {
		return p.lines.errClosed()
	}
	if l {
		if err := p.refusal((*OutPin).mayBeOn); err != nil {
			return err
		}
	}
	return p.command(bool(l), why)
}

// command writes a level that a caller asked for. Turning the line off permits to turn it on again after max-on.
func (p *OutPin) command(on bool, why string) error {
	err := p.write(on, why)
	if err == nil && !on {
		p.tripReason = ""
	}
	return err
}

// write drives the physical line and reports the change. After Open nothing else drives it. The timer of max-on starts before the
// line can be on, and stops only once it is off.
func (p *OutPin) write(on bool, why string) error {
	if on {
		p.runTimer(true)
	}
	if err := p.pin.Out(p.line.Physical(on)); err != nil {
		p.uncertain = true
		return fmt.Errorf("gpio: line %s (%s): %w", p.line.Name, p.line.Where(), err)
	}
	p.uncertain = false
	if !on {
		p.runTimer(false)
	}
	if on != p.on {
		p.on = on
		p.lines.changed(Change{Line: p.line.Name, Direction: Out, High: on, At: p.lines.clock.Now(), Why: why}, nil)
	}
	return nil
}

// mayBeOn reports whether the line is on, or may be on because a write has failed.
func (p *OutPin) mayBeOn() bool { return p.on || p.uncertain }

// ReadBack returns the logical level that the line has in fact, read from the line where the driver can do that, else the
// level written last.
func (p *OutPin) ReadBack() (high bool, err error) {
	if p.lines.closed {
		return false, p.lines.errClosed()
	}
	if p.back == nil {
		return p.line.Logical(p.pin.Read()), nil
	}
	level, err := p.back.ReadBack()
	if err != nil {
		return false, fmt.Errorf("gpio: line %s (%s): %w", p.line.Name, p.line.Where(), err)
	}
	return p.line.Logical(level), nil
}

// readsBack is a driver's pin whose level as an output is not what Read returns.
type readsBack interface {
	ReadBack() (periph.Level, error)
}

// TripReason says why max-on has turned the line off, as the Why of its [Change] does. It is "" if max-on has not, or if a
// command has turned the line off since.
func (p *OutPin) TripReason() string { return p.tripReason }

// PWM implements periph's PinOut. It always returns an error.
func (p *OutPin) PWM(periph.Duty, physic.Frequency) error {
	return fmt.Errorf("gpio: line %s: %w", p.line.Name, errPWM)
}

var errPWM = errors.New("no PWM: never and max-on cannot supervise it; turn the line on and off instead")

// Name returns the name of the line on the board.
func (p *OutPin) Name() string { return p.line.Name }

// Number returns the number of the physical pin.
func (p *OutPin) Number() int { return p.pin.Number() }

// String returns the name and the place of the line, such as "lamp (GPIO17)".
func (p *OutPin) String() string { return p.line.Name + " (" + p.line.Where() + ")" }

// Function returns Out/High if the line is on, else Out/Low.
func (p *OutPin) Function() string { return pinmode.Out.Function(periph.Level(p.on)) }

// Halt implements conn.Resource; it does nothing.
func (p *OutPin) Halt() error { return nil }
