package assembly

import (
	"context"
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"signalbox/internal/thousands"
)

// An Output is where a run prints its events. Printing happens on a goroutine of its own, behind a bounded queue, so that a
// reader who is slow or does not read at all holds back neither the clock nor what runs on it. Where the queue is half full, a
// simulated clock is suspended until the reader has caught up, and no line is lost. A real clock never waits: events that find
// the queue full are dropped, and an event of [TypeLinesDropped] stands in their place.
type Output struct {
	Writer io.Writer
	// Format appends an event's line to b, "\n" included. It is called on the output's goroutine.
	Format func(b []byte, e *LogEvent) []byte
	// Wants reports whether Format prints an event. It is called on the clock's goroutine and must be quick. Nil: it prints all.
	Wants func(e *LogEvent) bool
	// Limit is how many events wait at most; 0 means [DefaultLimit].
	Limit int
}

// DefaultLimit is how many events wait for their reader at most: some 4 MB.
const DefaultLimit = 16 << 10

const (
	// gatherTime is how long a line waits for others, so that a fast run does not wake the writer for each.
	gatherTime = 5 * time.Millisecond
	// chunk is how much is written at once, in bytes.
	chunk = 64 << 10
	// drainTime is how long an interrupted run waits for its reader before it leaves the rest unwritten.
	drainTime = 400 * time.Millisecond
)

// An outputQueue is an Output at work: the clock's goroutine puts events in, and print, on its own goroutine, takes them out.
type outputQueue struct {
	Output
	suspend func() (resume func()) // of the clock; a real one takes no notice

	wake    chan struct{} // one place: events are pending
	hurry   chan struct{} // one place: the clock is suspended
	closing chan struct{} // closed when nothing more comes
	done    chan struct{} // closed when print has returned
	broken  chan error    // one place: why nothing is written any more

	mu      sync.Mutex // guards what follows
	pending []LogEvent
	resume  func() // nil unless the clock is suspended
	held    int    // events that print has taken and not yet written
	err     error  // of Writer, or a panic of Format: from then on all is dropped
	fault   any    // the panic
}

// newOutputQueue starts the goroutine; close ends it.
func newOutputQueue(o Output, suspend func() (resume func())) *outputQueue {
	if o.Limit == 0 {
		o.Limit = DefaultLimit
	}
	q := &outputQueue{
		Output: o, suspend: suspend, wake: make(chan struct{}, 1), hurry: make(chan struct{}, 1),
		closing: make(chan struct{}), done: make(chan struct{}), broken: make(chan error, 1),
	}
	go func() {
		defer close(q.done)
		defer func() {
			// The outputs go to their safe levels before the process ends: close panics.
			if fault := recover(); fault != nil {
				q.fail(errFault, fmt.Sprintf("%v\n\n%s", fault, debug.Stack()))
			}
		}()
		q.print()
	}()
	return q
}

// put queues a copy of an event, or drops it, and returns at once. It is for the clock's goroutine.
func (q *outputQueue) put(e *LogEvent) {
	if q.Wants != nil && !q.Wants(e) {
		return
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	n := len(q.pending)
	switch {
	case q.err != nil:
		return
	case n > q.Limit: // the last one stands for what was dropped
		q.pending[n-1].lost++
		return
	case n == q.Limit:
		q.pending = append(q.pending, LogEvent{Time: e.Time, lost: 1})
		return
	}
	q.pending = append(q.pending, *e)
	if n == 0 {
		signal(q.wake)
	}
	if n+1 >= q.Limit/2 && q.resume == nil {
		q.resume = q.suspend()
		signal(q.hurry)
	}
}

// signal fills the one place of a channel.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}

// print writes what is put until the queue is closed.
func (q *outputQueue) print() {
	var events []LogEvent
	var b []byte
	gather := time.NewTimer(0)
	for closed := false; !closed; {
		select {
		case <-q.wake:
		case <-q.closing:
		}
		gather.Reset(gatherTime)
		select {
		case <-gather.C:
		case <-q.hurry:
		case <-q.closing:
			closed = true
		}
		events = q.take(events)
		b = q.write(events, b[:0])
		clear(events) // they hold values of the execution
	}
}

// take exchanges the pending events for an empty slice, and has a suspended clock go on.
func (q *outputQueue) take(empty []LogEvent) []LogEvent {
	q.mu.Lock()
	defer q.mu.Unlock()
	events := q.pending
	q.pending = empty[:0]
	q.held = len(events)
	if q.resume != nil {
		q.resume()
		q.resume = nil
	}
	return events
}

// write prints events and returns b, which it uses, for the next time.
func (q *outputQueue) write(events []LogEvent, b []byte) []byte {
	first := 0 // of those in b
	for i := range events {
		b = q.Format(b, &events[i])
		if len(b) < chunk && i < len(events)-1 {
			continue
		}
		if _, err := q.Writer.Write(b); err != nil {
			q.fail(err, nil)
			return b
		}
		q.mu.Lock()
		q.held -= i + 1 - first
		q.mu.Unlock()
		b, first = b[:0], i+1
	}
	return b
}

// errFault ends a run because of a panic.
var errFault = errors.New("a fault in the program")

// fail ends the output: nothing is written any more. Fault is the panic that led to it, or nil.
func (q *outputQueue) fail(err error, fault any) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.err == nil {
		q.err, q.fault, q.pending, q.held = err, fault, nil, 0
		q.broken <- err
	}
}

// close waits until all is written, or ctx has ended and the reader has had drainTime more. A Write that still hangs then is
// left behind. It returns the error of the Writer, or how many lines were not written. A panic of Format goes on here.
func (q *outputQueue) close(ctx context.Context) error {
	close(q.closing)
	select {
	case <-q.done:
	case <-ctx.Done():
		select {
		case <-q.done:
		case <-time.After(drainTime):
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.fault != nil {
		panic(q.fault)
	}
	lines := q.held
	for i := range q.pending {
		lines += max(1, q.pending[i].lost)
	}
	if q.err == nil && lines > 0 {
		q.err = fmt.Errorf("the output is not read: the last %s lines were not written", thousands.Format(int64(lines)))
	}
	return q.err
}
