package sim

import (
	"errors"
	"slices"
	"sync"
	"time"

	periph "periph.io/x/conn/v3/gpio"
	"periph.io/x/conn/v3/physic"

	"signalbox/gpio/internal/pinmode"
)

// A Pin is a simulated physical line: a full periph pin for the program, and a wire that the outside can push. Its levels
// are physical. It may be used from any goroutine.
type Pin struct {
	name   string
	number int

	mu       sync.Mutex // guards the fields below
	mode     pinmode.Mode
	pull     periph.Pull
	idle     periph.Level // the level if nothing drives or pulls the line
	driven   bool         // the outside drives the line
	drive    periph.Level // the level to which it does
	written  periph.Level // the level that the program wrote last
	fault    fault
	reported periph.Level // the level of the wire, as last reported

	edge         periph.Edge                        // the kind of edge that WaitForEdge returns
	pending      bool                               // such an edge came while no WaitForEdge was running
	waiters      []chan bool                        // one for each running WaitForEdge
	listeners    map[int]func(periph.Level, string) // called with the edges of an input
	wireWatchers []func(periph.Level)               // called with every level of the wire
	next         int                                // the next key of listeners
}

// A fault is the set of a pin's faults.
type fault struct {
	stuck    bool
	level    periph.Level // at which it is stuck
	misread  bool         // it reads back inverted
	broken   bool         // writes fail
	occupied bool         // another program holds it
	heldBy   string       // that program; "" if unknown
}

var (
	_ periph.PinIO = (*Pin)(nil)

	errBroken = errors.New("sim: input/output error (a simulated fault)")
	errPWM    = errors.New("sim: no PWM")
)

// change calls f, which changes the fields of p under mu. If that moves the wire, the waits for an edge end, and
// listeners and watchers are called, without mu, with the new level and why.
func (p *Pin) change(why string, f func()) {
	p.mu.Lock()
	f()
	level := p.wire()
	if level == p.reported {
		p.mu.Unlock()
		return
	}
	p.reported = level
	var listeners []func(periph.Level, string)
	if p.mode == pinmode.In {
		for i := range p.next {
			if l, ok := p.listeners[i]; ok {
				listeners = append(listeners, l)
			}
		}
		edge := periph.FallingEdge
		if level {
			edge = periph.RisingEdge
		}
		if p.edge == periph.BothEdges || p.edge == edge {
			p.pending = len(p.waiters) == 0
			p.endWaits(true)
		}
	}
	watchers := slices.Clone(p.wireWatchers)
	p.mu.Unlock()
	for _, l := range listeners {
		l(level, why)
	}
	for _, w := range watchers {
		w(level)
	}
}

// wire returns the level that faults, program, outside and pull give the wire, the first of them that applies. The
// caller holds mu.
func (p *Pin) wire() periph.Level {
	switch {
	case p.fault.stuck:
		return p.fault.level
	case p.mode == pinmode.Out:
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

// endWaits makes every running WaitForEdge return edge. The caller holds mu.
func (p *Pin) endWaits(edge bool) {
	for _, w := range p.waiters {
		w <- edge
	}
	p.waiters = nil
}

// Push drives the line from outside to a physical level until Release. It does not move an output.
func (p *Pin) Push(l periph.Level) { p.push(l, "pushed") }

func (p *Pin) push(l periph.Level, why string) {
	p.change(why, func() { p.driven, p.drive = true, l })
}

// Release ends a Push: the line takes the level of its pull again.
func (p *Pin) Release() { p.change("let go", func() { p.driven = false }) }

// Outside returns the physical level that the outside sees.
func (p *Pin) Outside() periph.Level {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.reported
}

// Notify implements [gpio.Notifier]: f is called with every edge while the pin is an input.
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

// watch registers f, which is called with every new level of the wire.
func (p *Pin) watch(f func(periph.Level)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wireWatchers = append(p.wireWatchers, f)
}

// In makes the pin an input and ends running waits for an edge. PullNoChange keeps the pull.
func (p *Pin) In(pull periph.Pull, edge periph.Edge) error {
	p.change("input", func() {
		p.mode, p.edge, p.pending = pinmode.In, edge, false
		if pull != periph.PullNoChange {
			p.pull = pull
		}
		p.endWaits(false)
	})
	return nil
}

// Read returns the level of the wire, inverted under the fault of [Panel.Misread].
func (p *Pin) Read() periph.Level {
	p.mu.Lock()
	defer p.mu.Unlock()
	return periph.Level(bool(p.reported) != p.fault.misread)
}

// WaitForEdge waits for an edge of the kind chosen by In and returns true, at once if one came since the last call. It
// returns false after timeout, which is in real time, and when In or Halt is called. A negative timeout is none.
func (p *Pin) WaitForEdge(timeout time.Duration) bool {
	p.mu.Lock()
	if p.pending {
		p.pending = false
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
	return <-w // an edge came between the timeout and the lock
}

// Out makes the pin an output at the given level. It returns an error under the fault of [Panel.Break].
func (p *Pin) Out(l periph.Level) error {
	p.mu.Lock()
	broken := p.fault.broken
	p.mu.Unlock()
	if broken {
		return errBroken
	}
	p.change("output", func() { p.mode, p.written = pinmode.Out, l })
	return nil
}

// PWM implements periph's PinOut. It always returns an error.
func (p *Pin) PWM(periph.Duty, physic.Frequency) error { return errPWM }

// Halt makes every running WaitForEdge return false.
func (p *Pin) Halt() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endWaits(false)
	return nil
}

// Pull returns the pull.
func (p *Pin) Pull() periph.Pull {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.pull
}

// DefaultPull returns PullNoChange: a simulated pin has no pull of its own at power-on.
func (p *Pin) DefaultPull() periph.Pull { return periph.PullNoChange }

// Name returns the physical line's name, such as GPIO17.
func (p *Pin) Name() string { return p.name }

// Number returns the line's number.
func (p *Pin) Number() int { return p.number }

// String returns the name.
func (p *Pin) String() string { return p.name }

// Function returns In/High, In/Low, Out/High or Out/Low, or "" before the first In or Out.
func (p *Pin) Function() string {
	level := p.Read()
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.mode.Function(level)
}
