// Package clocktest has the clock that this module's tests of boards run on.
package clocktest

import (
	"cmp"
	"slices"
	"sync"
	"time"
)

// A Clock is a queue of things to do, done by whoever calls Advance. It stands at 2026-01-01 at first.
type Clock struct {
	mu       sync.Mutex // guards what follows
	now      time.Time
	sequence int
	queue    []*entry
}

type entry struct {
	at       time.Time
	sequence int
	do       func()
}

// Start is when every Clock begins.
var Start = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// New returns a clock that stands at Start.
func New() *Clock { return &Clock{now: Start} }

// Now returns the time of the thing being done.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AfterFunc has f done when d has passed.
func (c *Clock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sequence++
	e := &entry{c.now.Add(max(d, 0)), c.sequence, f}
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

// Post has f done next.
func (c *Clock) Post(f func()) { c.AfterFunc(0, f) }

// Advance does what is due within d, in order, and stands d later.
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

// Waiting returns how many things are still to be done.
func (c *Clock) Waiting() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.queue)
}

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
	c.now = first.at
	return first.do
}
