package engine

import (
	"context"
	"sync"
	"time"
)

// A Clock is a queue of entries, functions to call, ordered by (time, sequence), and one goroutine that calls them: the
// caller of Run. Everything that runs on the clock (executions, handlers, debounce, plants, worlds, scenarios) needs no
// locks. Waiting costs an entry in the queue, no goroutine.
//
// A simulated clock jumps to the time of the next entry when no work is outstanding; a real clock waits for it on the
// monotonic clock.
type Clock struct {
	real  bool
	start time.Time // a real clock's reading of wall and monotonic time at the beginning

	mu          sync.Mutex // guards what follows
	now         time.Time
	pace        pacer
	queue       queue
	interjected []func()
	doing       bool // an entry is being done: now stands still
	turn        bool // the last entry was an interjection: the next one is from the queue, if it is due
	held        int
	suspended   int
	keptOpen    bool // interjections may come at any time
	stopped     bool
	atOnce      int           // entries done at this simulated instant
	wake        chan struct{} // one place: something changed
}

// After maxPerInstant entries the clock advances one tick, so that a busy loop cannot freeze it.
const (
	maxPerInstant = 100
	tick          = time.Millisecond
)

// NewSimulated returns a clock that begins at start and runs at speed simulated seconds per second; 0: as fast as possible.
func NewSimulated(start time.Time, speed float64) *Clock {
	return &Clock{pace: pacer{speed: speed}, now: start.UTC().Round(0), wake: make(chan struct{}, 1)}
}

// NewReal returns a clock that follows the monotonic clock of the computer.
func NewReal() *Clock {
	now := time.Now()
	return &Clock{real: true, start: now, now: now.UTC().Round(0), wake: make(chan struct{}, 1)}
}

// Now returns the time of the current entry, which does not change during the entry. UTC, without a monotonic reading. Now
// may be called from any goroutine.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AfterFunc calls f on the clock's goroutine when d has passed, never earlier. If d is 0 or less, f follows the entries that
// are due. Stop cancels the call, and reports whether it was still pending. Both may be called from any goroutine.
func (c *Clock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	// The current entry may have begun a while ago: intervals count from now, so that none is shorter than d.
	return c.add(c.newest().Add(max(d, 0)), f)
}

// At calls f on the clock's goroutine at time t. If t has passed, it calls f as soon as possible; a real clock calls it before
// the entries for later times, so that what was seen at t is handled before what came after it. Now is the time of the call.
func (c *Clock) At(t time.Time, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.add(t.UTC().Round(0), f)
}

func (c *Clock) add(t time.Time, f func()) (stop func() bool) {
	e := &timer{work: call(f)}
	c.setLocked(e, t)
	return func() bool { return c.cancel(e) }
}

// set is [Clock.At] for a timer that the caller has allocated.
func (c *Clock) set(t *timer, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.setLocked(t, at.UTC().Round(0))
}

func (c *Clock) setLocked(t *timer, at time.Time) {
	if !c.real && at.Before(c.now) {
		at = c.now
	}
	c.queue.set(t, at)
	c.notify()
}

// setLate is set for a restored timer. Late ones fire before all other entries, in the order of their times.
func (c *Clock) setLate(t *timer, at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.set(t, at.UTC().Round(0))
	c.notify()
}

// cancel removes a timer, and reports whether it was pending.
func (c *Clock) cancel(t *timer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.index < 0 {
		return false
	}
	c.queue.timers.remove(t.index)
	return true
}

// Post calls f on the clock's goroutine behind the entries that are due. It may be called from any goroutine: handlers on other
// goroutines use it.
func (c *Clock) Post(f func()) { c.post(call(f)) }

func (c *Clock) post(w work) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.push(c.newest(), w, false)
	c.notify()
}

// Yield is Post for the next part of a long computation. A simulated clock advances one tick for it, so that a machine that
// never waits cannot freeze it.
func (c *Clock) Yield(f func()) {
	if c.real {
		c.Post(f)
	} else {
		c.AfterFunc(tick, f)
	}
}

// Reserve is Post for an f that waits for another goroutine, which calls ready. A simulated clock stops at f's place in the
// queue until then, so that the order of entries does not depend on real time; f does not count for maxPerInstant. A real
// clock goes on, and posts f when ready is called. Ready may be called from any goroutine; further calls do nothing.
func (c *Clock) Reserve(f func()) (ready func()) {
	r := &reservation{clock: c, f: f}
	if !c.real {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.queue.push(c.now, r, true)
	}
	return r.makeReady
}

// postFree is post for work that does not count for maxPerInstant.
func (c *Clock) postFree(w work) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.queue.push(c.newest(), w, true)
	c.notify()
}

// A reservation is the entry of [Clock.Reserve].
type reservation struct {
	clock *Clock
	f     func()
	ready bool // guarded by the clock's mutex
}

func (r *reservation) do() { r.f() }

func (r *reservation) makeReady() {
	c := r.clock
	c.mu.Lock()
	defer c.mu.Unlock()
	if r.ready {
		return
	}
	if r.ready = true; c.real {
		c.queue.push(c.newest(), r, true)
	}
	c.notify()
}

// Interject calls f for an action from outside the simulation, such as a key press: at the time of [Clock.Reading], between
// two entries of the queue, also while the clock is suspended. Interjections and due entries take turns.
func (c *Clock) Interject(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interjected = append(c.interjected, f)
	c.notify()
}

// Reading returns the time to display: unlike Now it advances between two entries, up to the time of the next one. It may be
// called from any goroutine.
func (c *Clock) Reading() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.readingLocked()
}

func (c *Clock) readingLocked() time.Time {
	if c.real {
		return c.reading()
	}
	t := c.now
	if c.held == 0 && c.suspended == 0 {
		t = c.pace.reading(c.now)
	}
	if first, ok := c.queue.due(); ok && t.After(first) {
		t = first
	}
	if t.Before(c.now) {
		t = c.now // the first entry is late, after a tick
	}
	return t
}

// reading returns the time of a real clock: wall time at the beginning plus monotonic time since then, so that a step of the
// wall clock shortens no interval.
func (c *Clock) reading() time.Time { return c.start.Add(time.Since(c.start)).UTC().Round(0) }

// Stamp returns the time of something that happens right now: the reading of a real clock, which advances during an entry, else
// Now. It may be called from any goroutine.
func (c *Clock) Stamp() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.newest()
}

// newest is Stamp for callers that hold mu.
func (c *Clock) newest() time.Time {
	if c.real {
		return c.reading()
	}
	return c.now
}

// catchUp advances a simulated clock to its reading, unless an entry is being done.
func (c *Clock) catchUp() {
	if !c.doing {
		c.now = c.readingLocked()
	}
}

// SetSpeed changes the pace of a simulated clock from now on.
func (c *Clock) SetSpeed(speed float64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.real {
		c.catchUp()
		c.pace = pacer{speed: speed}
		c.notify()
	}
}

// Hold stops simulated time until release is called, because work on another goroutine is outstanding whose posts belong to
// the current instant. Entries that are due are done meanwhile. On a real clock Hold does nothing. Hold and release may be
// called from any goroutine; further calls of release do nothing.
func (c *Clock) Hold() (release func()) { return c.keep(&c.held) }

// Suspend stops a simulated clock after the current entry, even in the middle of an instant, until resume is called, because
// a reader of its output cannot keep up. Only interjections are done meanwhile. On a real clock Suspend does nothing. Suspend
// and resume may be called from any goroutine; further calls of resume do nothing.
func (c *Clock) Suspend() (resume func()) { return c.keep(&c.suspended) }

// keep increments count, and decrements it when release is called.
func (c *Clock) keep(count *int) (release func()) {
	if c.real {
		return func() {}
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.catchUp()
	*count++
	released := false
	return func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		if released {
			return
		}
		released = true
		if *count--; *count == 0 {
			c.pace.real = time.Time{}
			c.notify()
		}
	}
}

// KeepOpen makes Run wait for a [Clock.Interject] when the queue of a simulated clock is empty.
func (c *Clock) KeepOpen() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keptOpen = true
}

// Stop makes Run return after the current entry.
func (c *Clock) Stop() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopped = true
	c.notify()
}

func (c *Clock) notify() {
	select {
	case c.wake <- struct{}{}:
	default:
	}
}

// Run does the entries of the queue until ctx ends, [Clock.Stop] is called, or the queue of a simulated clock is empty and no
// work is outstanding. It returns the cause of ctx's end, else nil.
func (c *Clock) Run(ctx context.Context) error {
	for {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		do, wait, done := c.next()
		switch {
		case done:
			return nil
		case do != nil:
			do.do()
			continue
		case wait > 0:
			t := time.NewTimer(wait)
			select {
			case <-ctx.Done():
			case <-c.wake:
			case <-t.C:
			}
			t.Stop()
		default:
			select {
			case <-ctx.Done():
			case <-c.wake:
			}
		}
	}
}

// next takes the next entry, or returns how long to wait for it (0: until wake), or that Run is done.
func (c *Clock) next() (do work, wait time.Duration, done bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.doing = false
	if c.stopped {
		return nil, 0, true
	}
	if c.real {
		c.now = c.reading()
	}
	if len(c.interjected) > 0 && !c.turn {
		return c.interjection(), 0, false
	}
	do, wait, done = c.due()
	if do == nil && len(c.interjected) > 0 {
		return c.interjection(), 0, false
	}
	c.doing, c.turn = do != nil, false
	return do, wait, done
}

// interjection takes the first interjection.
func (c *Clock) interjection() work {
	if now := c.readingLocked(); now.After(c.now) {
		c.now, c.atOnce = now, 0
	}
	f := c.interjected[0]
	c.interjected[0] = nil
	if c.interjected = c.interjected[1:]; len(c.interjected) == 0 {
		c.interjected = nil
	}
	c.doing, c.turn = true, true
	return call(f)
}

// due is next for the queue without interjections.
func (c *Clock) due() (do work, wait time.Duration, done bool) {
	if c.suspended > 0 {
		return nil, 0, false
	}
	if p := c.queue.front(); p != nil && p.free {
		if r, ok := p.work.(*reservation); ok && !r.ready {
			return nil, 0, false
		}
		return c.queue.take(), 0, false
	}
	first, ok := c.queue.due()
	if !ok {
		c.pace.begin(c.now)
		return nil, 0, !c.real && c.held == 0 && !c.keptOpen
	}
	switch {
	case !first.After(c.now) && (c.real || c.held > 0 || c.atOnce < maxPerInstant):
		c.atOnce++
	case !first.After(c.now):
		if wait := c.pace.wait(c.now, c.now.Add(tick)); wait > 0 {
			return nil, wait, false
		}
		c.now = c.now.Add(tick)
		c.atOnce = 0
	case c.real:
		return nil, first.Sub(c.now), false
	case c.held > 0:
		return nil, 0, false
	default:
		if wait := c.pace.wait(c.now, first); wait > 0 {
			return nil, wait, false
		}
		c.now = first
		c.atOnce = 0
	}
	return c.queue.take(), 0, false
}
