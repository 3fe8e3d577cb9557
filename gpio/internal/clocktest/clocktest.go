// Package clocktest has a simulated clock for tests of boards.
package clocktest

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// A Clock is a queue of functions, ordered by time. Its time stands still except in Advance and Stall. The caller of Advance is
// the clock's goroutine and calls the functions. It begins at [Start]. All methods but Advance may be called from any
// goroutine.
type Clock struct {
	mu       sync.Mutex // guards the fields below
	now      time.Time
	sequence int
	queue    []*entry
}

// An entry is a function in the queue. Sequence orders entries of one time.
type entry struct {
	at       time.Time
	sequence int
	do       func()
}

// Start is the time at which every Clock begins.
var Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// New returns a clock that stands at Start.
func New() *Clock { return &Clock{now: Start} }

// Now returns the time; while a function runs, the time at which it was called.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Stamp returns the time, as Now.
func (c *Clock) Stamp() time.Time { return c.Now() }

// AfterFunc queues f for the time d from now; a negative d counts as 0. Stop removes f from the queue and reports whether
// it was still there.
func (c *Clock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	return c.At(c.Now().Add(max(d, 0)), f)
}

// At queues f for the time t. If that has passed, f is called before what is queued for later times, and Now is still the
// present time.
func (c *Clock) At(t time.Time, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	e := &entry{t, c.sequence, f}
	c.queue = append(c.queue, e)
	return func() bool {
		c.mu.Lock()
		defer c.mu.Unlock()
		i := slices.Index(c.queue, e)
		if i >= 0 {
			c.queue = slices.Delete(c.queue, i, i+1)
		}
		return i >= 0
	}
}

// Post queues f for the present time, behind what is queued for it already.
func (c *Clock) Post(f func()) { c.AfterFunc(0, f) }

// Advance calls the functions due within d, in order, also those that they queue, and sets the time d later.
func (c *Clock) Advance(d time.Duration) {
	end := c.Now().Add(d)
	for {
		do := c.next(end)
		if do == nil {
			return
		}
		do()
	}
}

// Stall sets the time d later and calls nothing, as a clock whose goroutine is busy for d. What has become due meanwhile
// is called, late, by the next Advance.
func (c *Clock) Stall(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// Waiting returns the number of functions in the queue.
func (c *Clock) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

// next removes the first function due by end and returns it. If there is none it sets the time to end and returns nil.
func (c *Clock) next(end time.Time) func() {
	c.mu.Lock()
	defer c.mu.Unlock()
	slices.SortFunc(c.queue, func(a, b *entry) int {
		return cmp.Or(a.at.Compare(b.at), cmp.Compare(a.sequence, b.sequence))
	})
	if len(c.queue) == 0 || c.queue[0].at.After(end) {
		c.now = end
		return nil
	}
	first := c.queue[0]
	c.queue = c.queue[1:]
	if first.at.After(c.now) {
		c.now = first.at
	}
	return first.do
}
