// Package cdev is the driver for real lines, by the kernel's GPIO character device (/dev/gpiochip*). Every Raspberry Pi
// has it, and the kernel grants a line to one program at a time.
//
// Of periph's host drivers it uses gpioioctl only; bcm283x would drive lines that other programs hold. Where gpioioctl of
// host v3.8.5 deviates from what periph's conn documents, [Driver] and its pins correct it; nothing above this package has
// to know.
//
// It is tested with fakes of gpioioctl. The electrical behaviour on a real Pi is unproven.
package cdev

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	periph "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	"signalbox/gpio"
	"signalbox/gpio/internal/pinmode"
)

// A chip is a GPIO chip of the kernel.
type chip interface {
	Name() string         // such as gpiochip0
	Label() string        // such as pinctrl-bcm2711
	LineCount() int       // offsets are 0 to LineCount-1
	Line(offset int) line // does not request the line from the kernel
	// Output requests a line as an output that can be read back. It returns nil and no error if gpioioctl cannot do that
	// for the line: it requests lines by name, and the names of some are missing or not unique.
	Output(offset int) (output, error)
}

// An output is a requested line that is driven and can be read back.
type output interface {
	Out(l periph.Level) error
	Read() (periph.Level, error) // the level that the line has
	Close() error                // returns the line to the kernel
}

// A line is one of gpioioctl's: a periph pin.
type line interface {
	periph.PinIO
	Close()           // returns the line to the kernel; it can be requested again
	Consumer() string // the program that held the line when the chip was opened; ""
}

// A Driver opens lines of the host's GPIO chips. It implements [gpio.Driver]. Only one goroutine at a time may use it; the
// pins that it returns may be used from any goroutine, except that In and Out must not run at the same time as another
// method.
type Driver struct {
	chips   []chip
	claimed map[place]string // names of board lines
}

var _ gpio.Driver = (*Driver)(nil)

// A place identifies a physical line.
type place struct {
	chip   string
	offset int
}

// Claim implements [gpio.Driver]. The first In or Out of the pin requests the line from the kernel.
func (d *Driver) Claim(l gpio.Line) (periph.PinIO, error) {
	at, found, err := d.find(l)
	if err != nil {
		return nil, err
	}
	// A board can name a line twice, by its GPIO number and by chip and offset; gpioioctl would use one pin for both.
	if other, taken := d.claimed[at]; taken {
		return nil, fmt.Errorf("cdev: %s line %d is line %s of the board already; a physical line is used once",
			at.chip, at.offset, other)
	}
	d.claimed[at] = l.Name
	i := slices.IndexFunc(d.chips, func(c chip) bool { return c.Name() == at.chip })
	return &pin{line: found, chip: d.chips[i], at: at, holder: found.Consumer()}, nil
}

// Release implements [gpio.Driver].
func (d *Driver) Release(p periph.PinIO) error {
	own, ok := p.(*pin)
	if !ok || d.claimed[own.at] == "" {
		return fmt.Errorf("cdev: %s is not claimed", p)
	}
	delete(d.claimed, own.at)
	return own.close()
}

// find returns the place and the line that a board's line means: an offset on the named chip, or a GPIO number on the
// chip with the header. A host without such a chip is searched for a line called GPIO<n>.
func (d *Driver) find(l gpio.Line) (place, line, error) {
	names := make([]string, len(d.chips))
	for i, c := range d.chips {
		names[i] = c.Name()
		if l.Chip != "" && l.Chip != c.Name() && l.Chip != c.Label() || l.Chip == "" && !gpio.IsHeaderChip(c.Label()) {
			continue
		}
		if l.Number >= c.LineCount() {
			return place{}, nil, fmt.Errorf("cdev: %s has lines 0 to %d", cmp.Or(l.Chip, c.Name()), c.LineCount()-1)
		}
		return place{c.Name(), l.Number}, c.Line(l.Number), nil
	}
	if l.Chip != "" {
		return place{}, nil, fmt.Errorf("cdev: no chip %s; there are %s", l.Chip, strings.Join(names, ", "))
	}
	for _, c := range d.chips {
		for offset := range c.LineCount() {
			if found := c.Line(offset); found.Name() == l.Where() {
				return place{c.Name(), offset}, found, nil
			}
		}
	}
	return place{}, nil, fmt.Errorf("cdev: no line called %s on %s; write chip: and line: in the board file",
		l.Where(), strings.Join(names, ", "))
}

const (
	// maxWait is the longest timeout of one WaitForEdge of gpioioctl.
	maxWait = 200 * time.Millisecond
	// minWait is the shortest timeout that finds a queued edge: with a deadline that is over when the read begins,
	// gpioioctl returns without a look at the queue.
	minWait = time.Millisecond
)

// A pin makes one of gpioioctl's lines behave as periph's conn documents a pin.
type pin struct {
	line   line
	chip   chip
	at     place
	holder string // the program that held the line when the chip was opened; ""
	out    output // nil: the pin is no output, or one that cannot be read back

	mu      sync.Mutex // guards the fields below
	mode    pinmode.Mode
	written periph.Level // of an output
	pull    periph.Pull  // of an input
	halts   int          // counts the calls of Halt
}

var errPWM = errors.New("cdev: no PWM")

// In makes the line an input. If another program holds it the error is a *[gpio.BusyError].
func (p *pin) In(pull periph.Pull, edge periph.Edge) error {
	if p.mode == pinmode.Out {
		if err := p.close(); err != nil {
			return err
		}
	}
	if err := p.line.In(pull, edge); err != nil {
		return p.closeAfter(err)
	}
	p.set(pinmode.In, false, pull)
	if edge != periph.NoEdge {
		// gpioioctl opens its file in the first wait, and a Halt or Close meanwhile would race with that. So the first
		// wait is here.
		_ = p.line.WaitForEdge(minWait)
	}
	return nil
}

// Out makes the line an output at a level. When it becomes an output it is low for an instant before High. If another
// program holds the line the error is a *[gpio.BusyError].
func (p *pin) Out(l periph.Level) error {
	if err := p.drive(l); err != nil {
		return p.closeAfter(err)
	}
	p.set(pinmode.Out, l, periph.PullNoChange)
	return nil
}

// drive writes a level. A line that becomes an output is requested as one that can be read back, where the chip can.
func (p *pin) drive(l periph.Level) error {
	if p.mode != pinmode.Out {
		if p.mode == pinmode.In {
			p.line.Close()
		}
		var err error
		if p.out, err = p.chip.Output(p.at.offset); err != nil {
			return err
		}
	}
	if p.out != nil {
		return p.out.Out(l)
	}
	return p.line.Out(l)
}

// close returns the line to the kernel.
func (p *pin) close() error {
	p.line.Close()
	if p.out == nil {
		return nil
	}
	err := p.out.Close()
	p.out = nil
	return err
}

// ReadBack returns the level that an output has in fact; if it cannot be read back, the level written last.
func (p *pin) ReadBack() (periph.Level, error) {
	if p.out != nil {
		return p.out.Read()
	}
	return p.Read(), nil
}

// set records what the pin is now.
func (p *pin) set(m pinmode.Mode, written periph.Level, pull periph.Pull) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.written, p.pull = m, written, pull
}

// closeAfter closes the line after an error of gpioioctl and returns the error, as a *[gpio.BusyError] if the line is in use.
// Without that gpioioctl would take the line for requested, and issue its next call on file descriptor 0. The next In or
// Out requests the line again.
func (p *pin) closeAfter(err error) error {
	err = errors.Join(err, p.close())
	p.set(pinmode.Unused, false, periph.PullNoChange)
	// gpioioctl returns the error number as text.
	if errors.Is(err, syscall.EBUSY) || strings.Contains(err.Error(), syscall.EBUSY.Error()) {
		return &gpio.BusyError{Holder: p.holder}
	}
	return err
}

// Read returns the level of an input, or the level written to an output: package gpioioctl's Read would turn the output
// into an input.
func (p *pin) Read() periph.Level {
	p.mu.Lock()
	m, written := p.mode, p.written
	p.mu.Unlock()
	if m != pinmode.In {
		return written
	}
	return p.line.Read()
}

// WaitForEdge waits for the next edge and returns true. It returns false after timeout, when Halt is called, if the pin is
// no input, and if the line is gone. A negative timeout is none.
func (p *pin) WaitForEdge(timeout time.Duration) bool {
	p.mu.Lock()
	m, halts := p.mode, p.halts
	p.mu.Unlock()
	if m != pinmode.In {
		return false
	}
	for began := time.Now(); ; {
		next := maxWait
		if timeout >= 0 {
			next = max(min(maxWait, timeout-time.Since(began)), minWait)
		}
		started := time.Now()
		if p.line.WaitForEdge(next) {
			return true
		}
		now := time.Now()
		switch {
		case p.halted(halts), timeout >= 0 && now.Sub(began) >= timeout:
			return false
		case now.Sub(started) < next/2:
			return false // gpioioctl does not wait: the line is gone
		}
	}
}

// halted reports whether Halt was called since the count of calls was since.
func (p *pin) halted(since int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.halts != since
}

// Halt makes a running WaitForEdge return false.
func (p *pin) Halt() error {
	p.mu.Lock()
	p.halts++
	m := p.mode
	p.mu.Unlock()
	if m != pinmode.In {
		return nil
	}
	return p.line.Halt()
}

// PWM implements periph's PinOut. It always returns an error.
func (p *pin) PWM(periph.Duty, physic.Frequency) error { return errPWM }

// Pull returns the pull of an input.
func (p *pin) Pull() periph.Pull {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pull
}

// DefaultPull returns the pull at power-on, as gpioioctl knows it.
func (p *pin) DefaultPull() periph.Pull { return p.line.DefaultPull() }

// Name returns the name that the kernel gives the line.
func (p *pin) Name() string { return p.line.Name() }

// Number returns the number that periph gives the line.
func (p *pin) Number() int { return p.line.Number() }

// String returns the chip and the offset, such as gpiochip0:17. That of gpioioctl returns a page of JSON.
func (p *pin) String() string { return p.at.chip + ":" + strconv.Itoa(p.at.offset) }

// Function returns In/High, In/Low, Out/High or Out/Low, or "" before the first In or Out.
func (p *pin) Function() string {
	level := p.Read()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode.Function(level)
}

// newDriver returns the driver of the chips that periph has found. Without chips it returns an error that explains why,
// from the device files that exist and the error of opening the first.
func newDriver(chips []chip, paths []string, openErr error) (*Driver, error) {
	const otherwise = "; without hardware, run with --driver sim"
	switch {
	case len(chips) > 0:
		return &Driver{chips: chips, claimed: map[place]string{}}, nil
	case len(paths) == 0:
		return nil, errors.New("cdev: no GPIO chips found: this machine has no /dev/gpiochip*" + otherwise)
	case openErr != nil:
		return nil, fmt.Errorf("cdev: no GPIO chips found that may be opened: %w; join the group that owns %s (on a Pi: gpio)%s",
			openErr, paths[0], otherwise)
	}
	return nil, fmt.Errorf("cdev: no GPIO chips found: %s cannot be used; the kernel may be older than 5.10%s",
		strings.Join(paths, ", "), otherwise)
}
