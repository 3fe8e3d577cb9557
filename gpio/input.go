package gpio

import (
	"fmt"
	"slices"
	"sync"
	"time"

	periph "periph.io/x/conn/v3/gpio"
)

// An InPin is an input of an open board as a periph pin. Its level is logical and debounced. Unlike the rest of an open
// board it may be used from any goroutine.
type InPin struct {
	lines *Lines
	line  Line
	pin   periph.PinIO
	quit  func() // ends what brings the edges

	// For the clock's goroutine.
	debouncer Debouncer
	stop      func() bool // of the debouncer's deadline
	why       string      // of the last raw edge
	edges     []func(high bool)

	mu      sync.Mutex // guards what follows
	level   bool
	edge    periph.Edge // what is waited for
	seen    bool        // an edge came that nobody waited for
	waiters []chan bool
	closed  bool
}

var _ periph.PinIn = (*InPin)(nil)

// raw takes the line's physical level. It is for the clock's goroutine.
func (p *InPin) raw(l periph.Level, why string) {
	if p.lines.closed {
		return
	}
	p.why = why
	p.step(p.line.Logical(l))
}

// step lets the debouncer see the line at a level and waits for its deadline.
func (p *InPin) step(high bool) {
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
	now := p.lines.clock.Now()
	next, changed := p.debouncer.Edge(high, now)
	p.debouncer = next
	if deadline, waiting := next.Deadline(); waiting {
		p.stop = p.lines.clock.AfterFunc(deadline.Sub(now), func() {
			p.stop = nil
			if !p.lines.closed {
				p.step(p.debouncer.raw)
			}
		})
	}
	if !changed {
		return
	}
	p.wake(next.Level())
	p.lines.changed(Change{Line: p.line.Name, Direction: In, High: next.Level(), At: now, Why: p.why}, p)
}

// wake sets the level that others see and tells those who wait for such an edge.
func (p *InPin) wake(level bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.level = level
	if p.edge == periph.RisingEdge && !level || p.edge == periph.FallingEdge && level || p.edge == periph.NoEdge {
		return
	}
	p.seen = len(p.waiters) == 0
	p.release(true)
}

// release ends all waits. The caller holds mu.
func (p *InPin) release(edge bool) {
	for _, w := range p.waiters {
		w <- edge
	}
	p.waiters = nil
}

// In chooses the edges that WaitForEdge waits for (both, if In is not called), forgets those that came, and ends waits.
// The pull is the board's: only it and PullNoChange are taken.
func (p *InPin) In(pull periph.Pull, edge periph.Edge) error {
	if pull != periph.PullNoChange && pull != p.line.Pull {
		return fmt.Errorf("gpio: line %s: its pull is %s, not %s; change it in the board file",
			p.line.Name, p.line.Pull, pull)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.edge, p.seen = edge, false
	p.release(false)
	return nil
}

// Read returns the debounced logical level.
func (p *InPin) Read() periph.Level {
	p.mu.Lock()
	defer p.mu.Unlock()
	return periph.Level(p.level)
}

// WaitForEdge waits for the next edge of the kind chosen by In and returns true; at once, if one came since the last
// call. It returns false after timeout (on the clock; negative: never), after In and after Halt. The clock must run
// meanwhile: on the clock's own goroutine it would wait for ever.
func (p *InPin) WaitForEdge(timeout time.Duration) bool {
	p.mu.Lock()
	if p.seen || p.closed {
		seen := p.seen
		p.seen = false
		p.mu.Unlock()
		return seen
	}
	w := make(chan bool, 1)
	p.waiters = append(p.waiters, w)
	p.mu.Unlock()
	if timeout >= 0 {
		stop := p.lines.clock.AfterFunc(timeout, func() { p.giveUp(w) })
		defer stop()
	}
	return <-w
}

// giveUp ends one wait.
func (p *InPin) giveUp(w chan bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiters, w); i >= 0 {
		p.waiters = slices.Delete(p.waiters, i, i+1)
		w <- false
	}
}

// Halt ends all waits for an edge.
func (p *InPin) Halt() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.release(false)
	return nil
}

func (p *InPin) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.release(false)
}

// Pull returns the board's pull.
func (p *InPin) Pull() periph.Pull { return p.line.Pull }

// DefaultPull returns the physical pin's.
func (p *InPin) DefaultPull() periph.Pull { return p.pin.DefaultPull() }

// Name returns the logical name.
func (p *InPin) Name() string { return p.line.Name }

// Number returns the physical pin's number.
func (p *InPin) Number() int { return p.pin.Number() }

// String returns the logical name and the physical one.
func (p *InPin) String() string { return p.line.Name + " (" + p.line.Where() + ")" }

// Function returns In/High or In/Low, logical.
func (p *InPin) Function() string {
	if p.Read() {
		return string(periph.IN_HIGH)
	}
	return string(periph.IN_LOW)
}
