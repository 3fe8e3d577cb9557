package gpio

import (
	"fmt"
	"time"

	periph "periph.io/x/conn/v3/gpio"
)

// A Driver opens physical lines as periph pins. The levels of its pins are physical; it ignores Line.ActiveLow.
// [Lines] calls it from one goroutine at a time.
type Driver interface {
	// Claim reserves a line for this process and leaves its level as it is. The caller makes the pin an output or an
	// input at once; until then another process may still get the line. If the line is in use, Claim or the pin's first
	// Out or In returns a *[BusyError].
	Claim(l Line) (periph.PinIO, error)
	// Release returns a pin that Claim returned. No WaitForEdge of the pin may be running. An output keeps its level
	// where the hardware allows it.
	Release(p periph.PinIO) error
}

// A BusyError reports that another program or the kernel uses a line. Holder is its name, "" if that is unknown.
type BusyError struct{ Holder string }

// Error names the holder and what to do.
func (e *BusyError) Error() string {
	if e.Holder == "" {
		return "held by another program or by the kernel; `gpioinfo` says which: stop it, or use another line"
	}
	return fmt.Sprintf("held by %q; stop it, or use another line", e.Holder)
}

// A Notifier is a pin that reports its edges by a callback, as simulated pins do. For an input that is no Notifier
// [Open] starts a goroutine with a loop of WaitForEdge.
type Notifier interface {
	// Notify registers f, which is called on any goroutine with each new physical level and the reason for it, when the
	// line takes that level. Stop unregisters f.
	Notify(f func(l periph.Level, why string)) (stop func())
}

// An EdgeTimes is a pin whose driver knows of each edge what it was and when: the kernel dates edges in its interrupt
// handler. For a pin without it an edge has the time at which the goroutine that waits for edges saw it, and a pulse that
// was over by then has no width; see [Open].
type EdgeTimes interface {
	// LastEdge returns the level that the line took with the edge for which WaitForEdge has returned true last, and the
	// time of that edge, which has a monotonic clock reading. The goroutine that calls WaitForEdge calls it.
	LastEdge() (l periph.Level, at time.Time)
}

// A Clock is the program's clock as an open board uses it: a queue of functions that one goroutine, the clock's, calls
// in the order of their times. All methods may be called from any goroutine and return at once.
type Clock interface {
	// Now returns the time of the function that is running. It stands still while that runs.
	Now() time.Time
	// Stamp returns the time of something that happens right now: on a real clock it goes on while a function runs.
	Stamp() time.Time
	// AfterFunc calls f on the clock's goroutine once d has passed. Stop cancels that and reports whether it was in time.
	AfterFunc(d time.Duration, f func()) (stop func() bool)
	// At is AfterFunc for a time. If t has passed f is called before the functions that are queued for later times.
	At(t time.Time, f func()) (stop func() bool)
	// Post calls f on the clock's goroutine, after what is due already.
	Post(f func())
}
