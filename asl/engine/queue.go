package engine

import "time"

// A queue is work in the order of (time, sequence). Work that is due when it is added needs no sorting and goes to a list of
// its own.
type queue struct {
	timers   timers
	ready    []item // from next on
	next     int
	sequence uint64 // of the last entry
}

// A work is done on the clock.
type work interface{ do() }

type call func()

func (f call) do() { f() }

// An item is work that was due when it was added.
type item struct {
	at       time.Time
	sequence uint64
	work     work
	free     bool // does not count for maxPerInstant
}

// A timer is work for a later time. Its owner allocates it.
type timer struct {
	at       time.Time
	sequence uint64
	work     work
	index    int // in the heap; -1: removed
}

// before reports whether an entry (t, sequence) comes before (u, than).
func before(t time.Time, sequence uint64, u time.Time, than uint64) bool {
	if !t.Equal(u) {
		return t.Before(u)
	}
	return sequence < than
}

// push adds work that is due. Times of successive calls do not decrease.
func (q *queue) push(at time.Time, w work, free bool) {
	q.sequence++
	if q.next > len(q.ready)/2 && len(q.ready) == cap(q.ready) {
		// Reuse the room of items that are done rather than grow.
		rest := copy(q.ready, q.ready[q.next:])
		clear(q.ready[rest:])
		q.ready, q.next = q.ready[:rest], 0
	}
	q.ready = append(q.ready, item{at, q.sequence, w, free})
}

// set adds a timer.
func (q *queue) set(t *timer, at time.Time) {
	q.sequence++
	t.at, t.sequence = at, q.sequence
	q.timers.push(t)
}

// front returns the first item, if it comes before all timers, else nil.
func (q *queue) front() *item {
	if q.next == len(q.ready) {
		return nil
	}
	p := &q.ready[q.next]
	if len(q.timers) > 0 && !before(p.at, p.sequence, q.timers[0].at, q.timers[0].sequence) {
		return nil
	}
	return p
}

// due returns the time of the first entry, and whether there is one.
func (q *queue) due() (time.Time, bool) {
	if p := q.front(); p != nil {
		return p.at, true
	}
	if len(q.timers) > 0 {
		return q.timers[0].at, true
	}
	return time.Time{}, false
}

// maxSpare is the largest capacity that an empty list of items keeps.
const maxSpare = 4000

// take removes the first entry of a queue that is not empty.
func (q *queue) take() work {
	p := q.front()
	if p == nil {
		return q.timers.remove(0).work
	}
	w := p.work
	*p = item{}
	if q.next++; q.next == len(q.ready) {
		q.ready, q.next = q.ready[:0], 0
		if cap(q.ready) > maxSpare {
			q.ready = nil
		}
	}
	return w
}

// timers is a binary heap. Calls of container/heap through its interface would cost as much as the rest.
type timers []*timer

func (h timers) less(i, j int) bool { return before(h[i].at, h[i].sequence, h[j].at, h[j].sequence) }

func (h timers) swap(i, j int) {
	h[i], h[j] = h[j], h[i]
	h[i].index, h[j].index = i, j
}

func (h *timers) push(t *timer) {
	t.index = len(*h)
	*h = append(*h, t)
	h.up(t.index)
}

// remove removes the timer at index i.
func (h *timers) remove(i int) *timer {
	t, last := (*h)[i], len(*h)-1
	if i != last {
		h.swap(i, last)
	}
	(*h)[last] = nil
	*h = (*h)[:last]
	if i != last && !h.down(i) {
		h.up(i)
	}
	t.index = -1
	return t
}

// up moves the timer at index i towards the root.
func (h timers) up(i int) {
	for i > 0 {
		parent := (i - 1) / 2
		if !h.less(i, parent) {
			return
		}
		h.swap(i, parent)
		i = parent
	}
}

// down moves the timer at index i away from the root, and reports whether it has moved.
func (h timers) down(i int) bool {
	start := i
	for {
		least := 2*i + 1
		if least >= len(h) {
			break
		}
		if right := least + 1; right < len(h) && h.less(right, least) {
			least = right
		}
		if !h.less(least, i) {
			break
		}
		h.swap(i, least)
		i = least
	}
	return i > start
}
