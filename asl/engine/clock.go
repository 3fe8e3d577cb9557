package engine

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// A Clock is one queue of things to do, ordered by (time, sequence), and the one goroutine that does them: whoever calls
// Run. Everything that runs on the clock (executions, handlers, debounce, plants, worlds, scenarios) needs no lock of its
// own. Waiting costs an entry in the queue, no goroutine.
//
// A simulated clock jumps to the time of the next entry as soon as nothing is outstanding; a real one waits for it on
// the monotonic clock.
type Clock struct {
	real  bool
	start time.Time // a real clock's reading of wall and monotonic time at the beginning

	mu       sync.Mutex // guards what follows
	now      time.Time
	pace     pacer
	queue    timers
	ready    ready // what was due when it came: a part of the queue that needs no sorting
	sequence uint64
	doing    bool // one of the queue is being done: now stands still
	held     int
	open     bool // somebody may interject at any time

	suspended       int
	interjected     []func()
	interjectedLast bool // the thing done last was an interjection: one of the queue comes next, if it is due
	stopped         bool
	atOnce          int           // things done at this simulated instant
	wake            chan struct{} // one place: something changed
}

// What is done at one simulated instant takes no time; but after a crowd of things a millisecond has passed, so that two
// that set each other off for ever, such as a machine that reads an input in a loop, do not stop the clock.
const (
	maxPerInstant = 100
	tick          = time.Millisecond
)

// NewSimulated returns a clock that stands at start and passes speed simulated seconds a second. Speed 0 does not wait at all.
func NewSimulated(start time.Time, speed float64) *Clock {
	return &Clock{pace: pacer{speed: speed}, now: start.UTC().Round(0), wake: make(chan struct{}, 1)}
}

// NewReal returns a clock that follows the machine's monotonic clock, from now on.
func NewReal() *Clock {
	now := time.Now()
	return &Clock{real: true, start: now, now: now.UTC().Round(0), wake: make(chan struct{}, 1)}
}

// Now returns the time of the thing being done: it stands still while one is done. UTC, without a monotonic reading.
// It may be called from any goroutine.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// AfterFunc has f done on the clock's goroutine when d has passed, never earlier; a d of 0 or less means after what is
// due already. stop takes it back and reports whether it was still to come. Both may be called from any goroutine.
func (c *Clock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	base := c.now
	if c.real {
		// The step under way may have begun a while ago: an interval counts from now, so that none is shorter than asked.
		base = c.reading()
	}
	return c.add(base.Add(max(d, 0)), f)
}

// A work is something to do on the clock.
type work interface{ do() }

type call func()

func (f call) do() { f() }

// At has f done when the clock reaches t, at once (in order) if that has passed.
func (c *Clock) At(t time.Time, f func()) (stop func() bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.add(t.UTC().Round(0), f)
}

// Post has f done on the clock's goroutine as soon as possible, in the time that is now. Edges of real lines and handlers on
// other goroutines come in by it.
func (c *Clock) Post(f func()) { c.post(call(f)) }

func (c *Clock) post(w work) {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.now
	if c.real {
		at = c.reading()
	}
	c.sequence++
	c.ready.push(readyItem{at, c.sequence, w})
	c.notify()
}

// Yield is Post for something that has worked for a while and wants to go on. In a simulation that takes a millisecond, so
// that a machine that never waits cannot keep time from passing.
func (c *Clock) Yield(f func()) {
	if c.real {
		c.Post(f)
	} else {
		c.AfterFunc(tick, f)
	}
}

// Interject is Post for what is done from outside the simulation, such as pressing a key: it happens at [Clock.Reading],
// between two entries of the queue, and also while the clock is suspended. Interjections and due entries take turns.
func (c *Clock) Interject(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.interjected = append(c.interjected, f)
	c.notify()
}

// Reading returns the time as somebody who looks at the clock sees it: unlike Now it goes on between two things to do, up
// to the next one.
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
	if first, ok := c.first(); ok && t.After(first) {
		t = first
	}
	if t.Before(c.now) {
		t = c.now // the first is late, after a crowd
	}
	return t
}

// catchUp takes a simulated clock to its reading: between two things to do, for while one is done now stands still.
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

func (c *Clock) add(t time.Time, f func()) func() bool {
	e := &timer{work: call(f)}
	c.set(e, t)
	return func() bool { return c.cancel(e) }
}

// at is [Clock.At] for a timer that whoever calls it has made.
func (c *Clock) at(e *timer, t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.set(e, t.UTC().Round(0))
}

func (c *Clock) set(e *timer, t time.Time) {
	if t.Before(c.now) {
		t = c.now
	}
	c.sequence++
	e.at, e.sequence = t, c.sequence
	heap.Push(&c.queue, e)
	c.notify()
}

// cancel takes a timer back and reports whether it was still to come.
func (c *Clock) cancel(e *timer) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if e.index < 0 {
		return false
	}
	heap.Remove(&c.queue, e.index)
	return true
}

// Hold keeps simulated time from passing until release is called: something works on another goroutine, and what it will
// post belongs to the time that is now. A real clock takes no notice. Release may be called more than once.
func (c *Clock) Hold() (release func()) { return c.keep(&c.held) }

// Suspend keeps a simulated clock from doing anything but interjections until resume is called: a reader of what happens
// cannot keep up. It ends after the thing being done, in the middle of an instant if need be. A real clock takes no notice.
// Resume may be called from any goroutine, and more than once.
func (c *Clock) Suspend() (resume func()) { return c.keep(&c.suspended) }

// keep counts one more reason for simulated time to stand, until release is called.
func (c *Clock) keep(count *int) (release func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.real {
		c.catchUp()
	}
	*count++
	return sync.OnceFunc(func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		*count--
		c.pace.real = time.Time{}
		c.notify()
	})
}

// KeepOpen makes Run wait when a simulated clock has nothing left to do: somebody may still [Clock.Interject].
func (c *Clock) KeepOpen() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.open = true
}

// Stop makes Run return after the thing being done.
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

// reading is the time a real clock shows: wall time at the beginning plus the monotonic time since, so that a step of the
// wall clock shortens nothing.
func (c *Clock) reading() time.Time { return c.start.Add(time.Since(c.start)).UTC().Round(0) }

// Run does what the queue holds until ctx ends or [Clock.Stop] is called. It returns the cause of ctx's end, else nil: also
// when a simulated clock has nothing left to do and nothing can come.
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

// next takes the next thing to do from the queue, or says how long to wait for it (0: until something changes).
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
	if len(c.interjected) > 0 && !c.interjectedLast {
		return c.interjection(), 0, false
	}
	do, wait, done = c.due()
	if do == nil && len(c.interjected) > 0 {
		return c.interjection(), 0, false
	}
	c.doing, c.interjectedLast = do != nil, false
	return do, wait, done
}

// interjection takes the first of the interjections.
func (c *Clock) interjection() work {
	if now := c.readingLocked(); now.After(c.now) {
		c.now, c.atOnce = now, 0
	}
	f := c.interjected[0]
	c.interjected[0] = nil
	if c.interjected = c.interjected[1:]; len(c.interjected) == 0 {
		c.interjected = nil
	}
	c.doing, c.interjectedLast = true, true
	return call(f)
}

// due is next for the queue alone: it takes the first entry, if that is due.
func (c *Clock) due() (do work, wait time.Duration, done bool) {
	if c.suspended > 0 && !c.real {
		return nil, 0, false
	}
	first, ok := c.first()
	if !ok {
		c.pace.begin(c.now)
		return nil, 0, !c.real && c.held == 0 && !c.open
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
	return c.take(), 0, false
}

// first returns when the first of the queue is due, and whether there is one.
func (c *Clock) first() (time.Time, bool) {
	switch {
	case c.posted():
		return c.ready.list[c.ready.next].at, true
	case len(c.queue) > 0:
		return c.queue[0].at, true
	}
	return time.Time{}, false
}

// take removes the first of the queue, which is not empty.
func (c *Clock) take() work {
	if c.posted() {
		return c.ready.pop()
	}
	return heap.Pop(&c.queue).(*timer).work
}

// posted reports whether the first of the queue is among the posts.
func (c *Clock) posted() bool {
	if c.ready.next == len(c.ready.list) {
		return false
	}
	p := &c.ready.list[c.ready.next]
	return len(c.queue) == 0 || before(p.at, p.sequence, c.queue[0].at, c.queue[0].sequence)
}

// Posts are in order as they come: the time that is now goes nowhere but on.
type ready struct {
	list []readyItem
	next int // those before are done
}

// maxSpare is how many places an empty list of posts keeps.
const maxSpare = 1000

type readyItem struct {
	at       time.Time
	sequence uint64
	work     work
}

func (p *ready) push(e readyItem) {
	if p.next > len(p.list)/2 && len(p.list) == cap(p.list) {
		// Rather than to grow, use the room of those that are done.
		rest := copy(p.list, p.list[p.next:])
		clear(p.list[rest:])
		p.list, p.next = p.list[:rest], 0
	}
	p.list = append(p.list, e)
}

func (p *ready) pop() work {
	w := p.list[p.next].work
	p.list[p.next] = readyItem{}
	if p.next++; p.next == len(p.list) {
		p.list, p.next = p.list[:0], 0
		if cap(p.list) > maxSpare {
			p.list = nil
		}
	}
	return w
}

// A pacer keeps simulated time in step with real time.
type pacer struct {
	speed     float64
	simulated time.Time // the two clocks when they were last in step
	real      time.Time
}

// begin puts the clocks in step if they have not been.
func (p *pacer) begin(now time.Time) {
	if p.real.IsZero() {
		p.simulated, p.real = now, time.Now()
	}
}

// reading returns the simulated time that goes with real time, at least now.
func (p *pacer) reading(now time.Time) time.Time {
	if p.speed <= 0 || p.real.IsZero() {
		return now
	}
	t := p.simulated.Add(duration(float64(time.Since(p.real)) * p.speed))
	if t.Before(now) {
		return now
	}
	return t
}

// wait returns how long to wait before simulated time may go from now to next.
func (p *pacer) wait(now, next time.Time) time.Duration {
	if p.speed <= 0 {
		return 0
	}
	p.begin(now)
	due := p.real.Add(duration(float64(next.Sub(p.simulated)) / p.speed))
	wait := time.Until(due)
	if wait <= 0 {
		// In step again: what was late stays late and is not hurried after.
		p.simulated, p.real = next, time.Now()
	}
	return wait
}

// duration keeps to what a time.Duration can hold: a Wait until the year 3000 must not come out negative.
func duration(nanoseconds float64) time.Duration {
	const most = 200 * 365 * 24 * time.Hour
	return time.Duration(min(nanoseconds, float64(most)))
}

type timer struct {
	at       time.Time
	sequence uint64
	work     work
	index    int // in the heap, -1 when no longer there
}

func before(t time.Time, sequence uint64, u time.Time, than uint64) bool {
	if !t.Equal(u) {
		return t.Before(u)
	}
	return sequence < than
}

type timers []*timer

func (t timers) Len() int           { return len(t) }
func (t timers) Less(i, j int) bool { return before(t[i].at, t[i].sequence, t[j].at, t[j].sequence) }

func (t timers) Swap(i, j int) {
	t[i], t[j] = t[j], t[i]
	t[i].index, t[j].index = i, j
}

func (t *timers) Push(x any) {
	e := x.(*timer)
	e.index = len(*t)
	*t = append(*t, e)
}

func (t *timers) Pop() any {
	old := *t
	e := old[len(old)-1]
	old[len(old)-1] = nil
	*t = old[:len(old)-1]
	e.index = -1
	return e
}
