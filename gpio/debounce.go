package gpio

import "time"

// A Debouncer decides which levels of a bouncing contact count: one counts once the line has stayed at it for the whole
// of a time; what is shorter is dropped. It is a plain value without a clock: time comes with the edges, and whoever
// holds it calls [Debouncer.Edge] for every edge and for the deadline that it names. Levels are logical.
//
// conn's gpioutil.Debounce ignores the time that it is given, and the kernel's debounce is not offered by periph, so
// this is ours.
type Debouncer struct {
	stable time.Duration
	level  bool      // counts
	raw    bool      // is there now
	since  time.Time // when raw came
}

// NewDebouncer returns a Debouncer for which level counts already. With a stable time of 0 every edge counts at once.
func NewDebouncer(stable time.Duration, level bool) Debouncer {
	return Debouncer{stable: max(stable, 0), level: level, raw: level}
}

// Level returns the level that counts.
func (d Debouncer) Level() bool { return d.level }

// Deadline returns when the level that is there now will count if it stays, and whether there is one to wait for.
func (d Debouncer) Deadline() (time.Time, bool) {
	return d.since.Add(d.stable), d.raw != d.level
}

// Edge returns the Debouncer after the line was seen at the level raw at a time that is not before the last one, and
// whether the level that counts has changed. An edge that is not one (the level that was there already) lets time pass.
// A level that had its time before this edge counts, even if nobody came at its deadline.
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
