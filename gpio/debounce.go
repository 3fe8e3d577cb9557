package gpio

import "time"

// A Debouncer filters the edges of a bouncing contact: a level counts once the line has kept it for the stable time;
// shorter pulses are dropped. It is a plain value without a clock. The caller passes the time with each edge, and calls
// [Debouncer.Edge] for every edge and at the [Debouncer.Deadline]. Levels are logical.
//
// It is not periph's because gpioutil.Debounce of conn v3.7.3 ignores the stable time, and because periph does not offer
// the kernel's debounce.
type Debouncer struct {
	stable time.Duration
	level  bool      // the level that counts
	raw    bool      // the level that the line had last
	since  time.Time // when the line took that level
}

// NewDebouncer returns a Debouncer of a line that has the given level, which counts. With a stable time of 0 or less
// every edge counts at once.
func NewDebouncer(stable time.Duration, level bool) Debouncer {
	return Debouncer{stable: max(stable, 0), level: level, raw: level}
}

// Level returns the level that counts.
func (d Debouncer) Level() bool { return d.level }

// Deadline returns the time at which the line's present level starts to count, and whether it is a new one: without a
// new level there is no deadline.
func (d Debouncer) Deadline() (time.Time, bool) {
	return d.since.Add(d.stable), d.raw != d.level
}

// Edge returns the Debouncer after the line was seen at level raw, and whether the level that counts has changed. Times
// must not go backwards. If raw is the level that the line had already, only time has passed: a level whose deadline is
// over counts, also if the caller missed the deadline and the line has moved since.
func (d Debouncer) Edge(raw bool, at time.Time) (next Debouncer, changed bool) {
	next = d
	if deadline, waiting := d.Deadline(); waiting && !at.Before(deadline) {
		next.level = d.raw
	}
	if raw != next.raw {
		next.raw, next.since = raw, at
	}
	if next.stable == 0 {
		next.level = next.raw
	}
	return next, next.level != d.level
}
