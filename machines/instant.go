package machines

import "time"

// An Instant is a point in time in a [State], which cannot hold a time.Time, as that has a pointer: nanoseconds since 1970 UTC.
// 0 is none.
type Instant int64

// InstantOf returns t as an Instant.
func InstantOf(t time.Time) Instant { return Instant(t.UnixNano()) }

// Time returns i as a time.Time in UTC.
func (i Instant) Time() time.Time { return time.Unix(0, int64(i)).UTC() }

// Add returns the point in time d after i.
func (i Instant) Add(d time.Duration) Instant { return i + Instant(d) }

// Reached reports whether i is set and now is not before it.
func (i Instant) Reached(now Instant) bool { return i != 0 && i <= now }
