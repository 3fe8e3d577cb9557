package sim

import (
	"errors"
	"slices"
	"sync"
	"time"

	periph "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"
)

// A Pin is a simulated physical line: a full periph pin, inside, and outside a wire that anybody can push. Its levels
// are physical. It may be used from any goroutine.
type Pin struct {
	name   string
	number int

	mu      sync.Mutex // guards what follows
	mode    mode
	pull    periph.Pull
	idle    periph.Level // where the wiring outside leaves a line that nothing drives or pulls
	driven  bool         // somebody outside drives the line
	drive   periph.Level // to this level
	written periph.Level // by the program
	fault   fault
	outside periph.Level // the wire, as everybody was told last

	edge      periph.Edge
	seen      bool // an edge came that nobody waited for
	waiters   []chan bool
	listeners map[int]func(periph.Level, string) // to edges of an input
	onOutside []func(periph.Level)
	next      int // key of listeners
}

type mode uint8

const (
	unused mode = iota
	input
	output
)

// A fault is what is wrong with a pin.
type fault struct {
	stuck    bool
	at       periph.Level // stuck there
	misread  bool         // an output reads back as what it is not
	broken   bool         // writes fail
	heldBy   string       // by another program
	occupied bool         // heldBy counts
}

var (
	_ periph.PinIO = (*Pin)(nil)

	errBroken = errors.New("sim: input/output error (a fault that was put in)")
	errPWM    = errors.New("sim: no PWM")
)

// change does f, works out the level of the wire and tells those who should know why it moved.
func (p *Pin) change(why string, f func()) {
	p.mu.Lock()
	f()
	level := p.wire()
	if level == p.outside {
		p.mu.Unlock()
		return
	}
	p.outside = level
	var listeners []func(periph.Level, string)
	if p.mode == input {
		for i := range p.next {
			if l, ok := p.listeners[i]; ok {
				listeners = append(listeners, l)
			}
		}
		this := periph.FallingEdge
		if level {
			this = periph.RisingEdge
		}
		if p.edge == periph.BothEdges || p.edge == this {
			p.seen = len(p.waiters) == 0
			p.release(true)
		}
	}
	watchers := slices.Clone(p.onOutside)
	p.mu.Unlock()
	for _, l := range listeners {
		l(level, why)
	}
	for _, w := range watchers {
		w(level)
	}
}

// wire returns the level outside. The caller holds mu.
func (p *Pin) wire() periph.Level {
	switch {
	case p.fault.stuck:
		return p.fault.at
	case p.mode == output:
		return p.written
	case p.driven:
		return p.drive
	case p.pull == periph.PullUp:
		return periph.High
	case p.pull == periph.PullDown:
		return periph.Low
	}
	return p.idle
}

func (p *Pin) release(edge bool) {
	for _, w := range p.waiters {
		w <- edge
	}
	p.waiters = nil
}

// Push drives the line from outside to a physical level and leaves it there. An output takes no notice.
func (p *Pin) Push(l periph.Level) { p.push(l, "pushed") }

func (p *Pin) push(l periph.Level, why string) {
	p.change(why, func() { p.driven, p.drive = true, l })
}

// Let ends a Push: the line floats again, to where its pull takes it.
func (p *Pin) Let() { p.change("let go", func() { p.driven = false }) }

// Outside returns the physical level that the outside sees.
func (p *Pin) Outside() periph.Level {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.outside
}

// Notify implements gpio.Notifier: f is called with every edge while the pin is an input.
func (p *Pin) Notify(f func(l periph.Level, why string)) (stop func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	key := p.next
	p.next++
	p.listeners[key] = f
	return func() {
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.listeners, key)
	}
}

// watch has f called with every level of the wire.
func (p *Pin) watch(f func(periph.Level)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.onOutside = append(p.onOutside, f)
}

// In makes the pin an input. PullNoChange keeps the pull.
func (p *Pin) In(pull periph.Pull, edge periph.Edge) error {
	p.change("input", func() {
		p.mode, p.edge, p.seen = input, edge, false
		if pull != periph.PullNoChange {
			p.pull = pull
		}
		p.release(false)
	})
	return nil
}

// Read returns the level of an input. Of an output it is what reads back from the wire.
func (p *Pin) Read() periph.Level {
	p.mu.Lock()
	defer p.mu.Unlock()
	return periph.Level(bool(p.outside) != p.fault.misread)
}

// WaitForEdge waits in real time for the next edge, as conn documents it: a negative timeout is none.
func (p *Pin) WaitForEdge(timeout time.Duration) bool {
	p.mu.Lock()
	if p.seen {
		p.seen = false
		p.mu.Unlock()
		return true
	}
	w := make(chan bool, 1)
	p.waiters = append(p.waiters, w)
	p.mu.Unlock()
	var over <-chan time.Time
	if timeout >= 0 {
		t := time.NewTimer(timeout)
		defer t.Stop()
		over = t.C
	}
	select {
	case edge := <-w:
		return edge
	case <-over:
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiters, w); i >= 0 {
		p.waiters = slices.Delete(p.waiters, i, i+1)
		return false
	}
	return <-w // it came at the last moment
}

// Out makes the pin an output at the given level.
func (p *Pin) Out(l periph.Level) error {
	p.mu.Lock()
	broken := p.fault.broken
	p.mu.Unlock()
	if broken {
		return errBroken
	}
	p.change("output", func() { p.mode, p.written = output, l })
	return nil
}

// PWM is not simulated.
func (p *Pin) PWM(periph.Duty, physic.Frequency) error { return errPWM }

// Halt ends the waits for an edge.
func (p *Pin) Halt() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release(false)
	return nil
}

// Pull returns the pull of an input.
func (p *Pin) Pull() periph.Pull {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pull
}

// DefaultPull returns PullNoChange: a simulated pin has no power-on of its own.
func (p *Pin) DefaultPull() periph.Pull { return periph.PullNoChange }

// Name returns the physical line's name, such as GPIO17.
func (p *Pin) Name() string { return p.name }

// Number returns the line's number.
func (p *Pin) Number() int { return p.number }

// String returns the name.
func (p *Pin) String() string { return p.name }

// Function returns In/High, Out/Low and so on, or "" for a pin that nobody has set up.
func (p *Pin) Function() string {
	level := p.Read()
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.mode == unused:
		return ""
	case p.mode == output && bool(level):
		return string(periph.OUT_HIGH)
	case p.mode == output:
		return string(periph.OUT_LOW)
	case bool(level):
		return string(periph.IN_HIGH)
	}
	return string(periph.IN_LOW)
}
