// Package cdev is the driver of the host's real lines, through the kernel's GPIO character device (/dev/gpiochip*). It
// is the one path on every Pi: the kernel knows who holds a line, and refuses it to everybody else.
//
// It stands on periph's gpioioctl and on nothing else of periph's host: bcm283x drives lines that others hold.
// What gpioioctl of host v3.8.5 does unlike what conn documents is mended in [Driver] and its pins, and only there.
//
// It has been tried against fakes of gpioioctl; electrical behaviour on a real Pi is unproven.
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
)

// A chip is what this package needs of a GPIO chip.
type chip interface {
	Name() string  // gpiochip0
	Label() string // pinctrl-bcm2711
	LineCount() int
	Line(offset int) line
	// Output takes a line as an output that can be read back. It returns nil without an error where the chip cannot say which
	// line is meant: it asks for it by its name, and not every line has one of its own.
	Output(offset int) (output, error)
}

// An output is a line that is driven, and that can be asked for the level that it really has.
type output interface {
	Out(l periph.Level) error
	Read() (periph.Level, error)
	Close() error
}

// A line is what this package needs of gpioioctl's line: a periph pin that can be closed and knows who held it when the
// chip was opened.
type line interface {
	periph.PinIO
	Close()
	Consumer() string
}

// A Driver opens lines of the host's GPIO chips. Its methods are for one goroutine.
type Driver struct {
	chips   []chip
	claimed map[place]string // by the names of board lines
}

var _ gpio.Driver = (*Driver)(nil)

// A place is where a line physically is, whatever a board calls it.
type place struct {
	chip   string
	offset int
}

// Claim implements gpio.Driver. The kernel is asked for the line when the pin's Out or In is first called.
func (d *Driver) Claim(l gpio.Line) (periph.PinIO, error) {
	at, found, err := d.find(l)
	if err != nil {
		return nil, err
	}
	// Two names for one line, as a BCM number and as an offset, would share one pin in gpioioctl without a word.
	if other, taken := d.claimed[at]; taken {
		return nil, fmt.Errorf("cdev: %s line %d is line %s of the board already; a physical line is used once",
			at.chip, at.offset, other)
	}
	d.claimed[at] = l.Name
	i := slices.IndexFunc(d.chips, func(c chip) bool { return c.Name() == at.chip })
	return &pin{line: found, chip: d.chips[i], at: at, holder: found.Consumer()}, nil
}

// Release implements gpio.Driver.
func (d *Driver) Release(p periph.PinIO) error {
	own, ok := p.(*pin)
	if !ok || d.claimed[own.at] == "" {
		return fmt.Errorf("cdev: %s is not claimed", p)
	}
	delete(d.claimed, own.at)
	return own.close()
}

// headerChips are the labels of the chips that have a Raspberry Pi's header: offset n of such a chip is GPIO<n>. Its
// name may be another: GPIO0 is called ID_SDA everywhere, and mainline device trees name twelve of the header's lines by
// a second function, as SPI_CE1_N for GPIO7.
var headerChips = []string{"pinctrl-bcm2835", "pinctrl-bcm2711", "pinctrl-rp1"}

// find returns the place and the line that a board's line means: an offset on the named chip, or a GPIO number on the
// chip with the header. A host without such a chip is searched for a line called GPIO<n>.
func (d *Driver) find(l gpio.Line) (place, line, error) {
	names := make([]string, len(d.chips))
	for i, c := range d.chips {
		names[i] = c.Name()
		if l.Chip != "" && l.Chip != c.Name() && l.Chip != c.Label() || l.Chip == "" && !slices.Contains(headerChips, c.Label()) {
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
	// wait is how long a single wait in gpioioctl lasts at most.
	wait = 200 * time.Millisecond
	// glance is the shortest wait that sees an edge that has come already: a deadline that is over when the read begins
	// makes it fail without looking.
	glance = time.Millisecond
)

// A pin is a line as conn documents a pin, made of one of gpioioctl's.
type pin struct {
	line   line
	chip   chip
	at     place
	holder string // when the chip was opened

	mu      sync.Mutex // guards what follows
	mode    mode
	written periph.Level
	pull    periph.Pull
	halts   int
	out     output // nil: it is no output, or one that cannot be read back
}

type mode uint8

const (
	unused mode = iota
	input
	driven
)

var errPWM = errors.New("cdev: no PWM")

// In makes the line an input.
func (p *pin) In(pull periph.Pull, edge periph.Edge) error {
	if p.mode == driven {
		if err := p.close(); err != nil {
			return err
		}
	}
	if err := p.line.In(pull, edge); err != nil {
		return p.failed(err)
	}
	p.set(input, false, pull)
	if edge != periph.NoEdge {
		// gpioioctl makes its file at the first wait, and neither Halt nor Close may come at that moment: so it comes
		// now.
		_ = p.line.WaitForEdge(glance)
	}
	return nil
}

// Out makes the line an output at a level. The first High of all is low for an instant before.
func (p *pin) Out(l periph.Level) error {
	if err := p.drive(l); err != nil {
		return p.failed(err)
	}
	p.set(driven, l, periph.PullNoChange)
	return nil
}

// drive writes a level. When the line becomes an output it is taken as one that can be read back, if there is such a one.
func (p *pin) drive(l periph.Level) error {
	if p.mode != driven {
		if p.mode == input {
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

// close gives the line back, whatever it is.
func (p *pin) close() error {
	p.line.Close()
	if p.out == nil {
		return nil
	}
	err := p.out.Close()
	p.out = nil
	return err
}

// ReadBack returns the level that an output really has. Of a line without a name of its own it is what was written.
func (p *pin) ReadBack() (periph.Level, error) {
	if p.out != nil {
		return p.out.Read()
	}
	return p.Read(), nil
}

func (p *pin) set(m mode, written periph.Level, pull periph.Pull) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.mode, p.written, p.pull = m, written, pull
}

// failed closes the line: gpioioctl believes in a direction that it does not have, and would issue its next call on
// file descriptor 0. The next In or Out asks the kernel for the line anew.
func (p *pin) failed(err error) error {
	err = errors.Join(err, p.close())
	p.set(unused, false, periph.PullNoChange)
	// gpioioctl makes a string of the error number.
	if errors.Is(err, syscall.EBUSY) || strings.Contains(err.Error(), syscall.EBUSY.Error()) {
		return &gpio.BusyError{Holder: p.holder}
	}
	return err
}

// Read returns an input's level. Of an output it is what was written: gpioioctl would make an input of it.
func (p *pin) Read() periph.Level {
	p.mu.Lock()
	m, written := p.mode, p.written
	p.mu.Unlock()
	if m != input {
		return written
	}
	return p.line.Read()
}

// WaitForEdge waits for the next edge; with a negative timeout for ever.
func (p *pin) WaitForEdge(timeout time.Duration) bool {
	p.mu.Lock()
	m, halts := p.mode, p.halts
	p.mu.Unlock()
	if m != input {
		return false
	}
	for began := time.Now(); ; {
		next := wait
		if timeout >= 0 {
			next = max(min(wait, timeout-time.Since(began)), glance)
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
			return false // it does not wait: the line is gone
		}
	}
}

func (p *pin) halted(since int) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.halts != since
}

// Halt ends a wait for an edge.
func (p *pin) Halt() error {
	p.mu.Lock()
	p.halts++
	m := p.mode
	p.mu.Unlock()
	if m != input {
		return nil
	}
	return p.line.Halt()
}

// PWM is not to be had.
func (p *pin) PWM(periph.Duty, physic.Frequency) error { return errPWM }

// Pull returns an input's pull.
func (p *pin) Pull() periph.Pull {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pull
}

func (p *pin) DefaultPull() periph.Pull { return p.line.DefaultPull() }
func (p *pin) Name() string             { return p.line.Name() }
func (p *pin) Number() int              { return p.line.Number() }

// String returns the chip and the offset: gpioioctl's own is a page of JSON.
func (p *pin) String() string { return p.at.chip + ":" + strconv.Itoa(p.at.offset) }

// Function returns In/High, Out/Low and so on, or "" if the pin is not set up.
func (p *pin) Function() string {
	level := p.Read()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.mode == unused:
		return ""
	case p.mode == driven && bool(level):
		return string(periph.OUT_HIGH)
	case p.mode == driven:
		return string(periph.OUT_LOW)
	case bool(level):
		return string(periph.IN_HIGH)
	}
	return string(periph.IN_LOW)
}

// newDriver returns the driver of the chips that were found. Paths are the device files that there are.
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
