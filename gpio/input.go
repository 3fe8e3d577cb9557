package gpio

import (
	"fmt"
	"slices"
	"sync"
	"time"

	periph "periph.io/x/conn/v3/gpio"

	"signalbox/gpio/internal/pinmode"
)

// An InPin is an input of an open board as a periph pin. Its level is logical and debounced. Unlike the rest of an open
// board it may be used from any goroutine.
type InPin struct {
	lines     *Lines
	line      Line
	pin       periph.PinIO
	stopEdges func() // stops the delivery of edges

	// Only the clock's goroutine uses these.
	debouncer Debouncer
	stop      func() bool // stops the timer of the debouncer's deadline; nil: it does not run
	why       string      // the reason for the last edge
	last      time.Time   // of the last edge or deadline
	edges     []func(high bool, at time.Time)

	mu      sync.Mutex  // guards the fields below
	level   bool        // debounced
	edge    periph.Edge // the kind of edge that WaitForEdge returns
	pending bool        // such an edge came while no WaitForEdge was running
	waiters []chan bool // one for each running WaitForEdge
	closed  bool
}

var _ periph.PinIn = (*InPin)(nil)

// raw takes a new physical level of the line, the reason for it, and its time. It runs on the clock's goroutine, in the order
// of the times unless the goroutine that waits for edges was late; then the edge counts as simultaneous with what came
// before.
func (p *InPin) raw(l periph.Level, why string, at time.Time) {
	if p.lines.closed {
		return
	}
	p.why = why
	p.step(p.line.Logical(l), at)
}

// step passes a level to the debouncer, sets a timer for its deadline, and reports a change of the debounced level. At is
// the time of the edge or the deadline, not that of the call, which may be later: a clock that was busy must not make
// bounce of pulses.
func (p *InPin) step(high bool, at time.Time) {
	if p.stop != nil {
		p.stop()
		p.stop = nil
	}
	if at.Before(p.last) {
		at = p.last
	}
	p.last = at
	next, changed := p.debouncer.Edge(high, at)
	p.debouncer = next
	if deadline, waiting := next.Deadline(); waiting {
		p.stop = p.lines.clock.At(deadline, func() {
			p.stop = nil
			if !p.lines.closed {
				p.step(p.debouncer.raw, deadline)
			}
		})
	}
	if !changed {
		return
	}
	p.wake(next.Level())
	p.lines.changed(Change{Line: p.line.Name, Direction: In, High: next.Level(), At: at, Why: p.why}, p)
}

// wake sets the debounced level and ends the waits for this kind of edge.
func (p *InPin) wake(level bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.level = level
	if p.edge == periph.RisingEdge && !level || p.edge == periph.FallingEdge && level || p.edge == periph.NoEdge {
		return
	}
	p.pending = len(p.waiters) == 0
	p.endWaits(true)
}

// endWaits makes every running WaitForEdge return edge. The caller holds mu.
func (p *InPin) endWaits(edge bool) {
	for _, w := range p.waiters {
		w <- edge
	}
	p.waiters = nil
}

// In chooses the kind of edge that WaitForEdge waits for; without In it is both. It drops a pending edge and ends running
// waits. The pull must be that of the board, or PullNoChange.
func (p *InPin) In(pull periph.Pull, edge periph.Edge) error {
	if pull != periph.PullNoChange && pull != p.line.Pull {
		return fmt.Errorf("gpio: line %s: its pull is %s, not %s; change it in the board file",
			p.line.Name, p.line.Pull, pull)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.edge, p.pending = edge, false
	p.endWaits(false)
	return nil
}

// Read returns the debounced logical level.
func (p *InPin) Read() periph.Level {
	p.mu.Lock()
	defer p.mu.Unlock()
	return periph.Level(p.level)
}

// WaitForEdge waits for an edge of the kind chosen by In and returns true, at once if one came since the last call. It
// returns false after timeout, and when In, Halt or the board's Close is called. The timeout is on the board's clock; a
// negative one is none. The clock's goroutine must not call it: it would wait for itself.
func (p *InPin) WaitForEdge(timeout time.Duration) bool {
	p.mu.Lock()
	if p.pending || p.closed {
		seen := p.pending
		p.pending = false
		p.mu.Unlock()
		return seen
	}
	w := make(chan bool, 1)
	p.waiters = append(p.waiters, w)
	p.mu.Unlock()
	if timeout >= 0 {
		stop := p.lines.clock.AfterFunc(timeout, func() { p.timeOut(w) })
		defer stop()
	}
	return <-w
}

// timeOut makes the WaitForEdge of w return false, if it still runs.
func (p *InPin) timeOut(w chan bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if i := slices.Index(p.waiters, w); i >= 0 {
		p.waiters = slices.Delete(p.waiters, i, i+1)
		w <- false
	}
}

// Halt ends every running WaitForEdge. Later ones return false at once, after an edge that is still pending.
func (p *InPin) Halt() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.endWaits(false)
	return nil
}

// close makes every running and later WaitForEdge return false.
func (p *InPin) close() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.closed = true
	p.endWaits(false)
}

// Pull returns the pull of the board.
func (p *InPin) Pull() periph.Pull { return p.line.Pull }

// DefaultPull returns the pull of the physical pin at power-on.
func (p *InPin) DefaultPull() periph.Pull { return p.pin.DefaultPull() }

// Name returns the name of the line on the board.
func (p *InPin) Name() string { return p.line.Name }

// Number returns the number of the physical pin.
func (p *InPin) Number() int { return p.pin.Number() }

// String returns the name and the place of the line, such as "coin (GPIO5)".
func (p *InPin) String() string { return p.line.Name + " (" + p.line.Where() + ")" }

// Function returns In/High or In/Low, by the debounced logical level.
func (p *InPin) Function() string { return pinmode.In.Function(p.Read()) }
