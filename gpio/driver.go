package gpio

import (
	"fmt"
	"time"

	periph "periph.io/x/conn/v3/gpio"
)

// A Driver opens physical lines as periph pins. Levels of its pins are physical: active-low is none of its business.
type Driver interface {
	// Claim takes a line for this process. The line is not moved yet; the caller makes it an output or an input at
	// once, and only then does it belong to the process for certain. A line that somebody else has is a *[BusyError],
	// from here or from the pin's first Out or In.
	Claim(l Line) (periph.PinIO, error)
	// Release gives back what Claim returned. Nobody waits for an edge of the pin any more. An output's level stays, as
	// far as the driver can see to it.
	Release(p periph.PinIO) error
}

// A BusyError says that a line belongs to another program, or to the kernel. Holder is "" if nobody knows which.
type BusyError struct{ Holder string }

func (e *BusyError) Error() string {
	if e.Holder == "" {
		return "held by another program or by the kernel; `gpioinfo` says which: stop it, or use another line"
	}
	return fmt.Sprintf("held by %q; stop it, or use another line", e.Holder)
}

// A Notifier is a pin that tells of its edges without being waited for, as simulated pins do. [Open] asks every input
// for it and starts a goroutine that waits for edges only where it is missing.
type Notifier interface {
	// Notify has f called with each new physical level, and why, on any goroutine, until stop is called.
	Notify(f func(l periph.Level, why string)) (stop func())
}

// A Clock is what an open board needs of the program's clock: one queue of things to do, done by one goroutine.
// AfterFunc and Post may be called from any goroutine, and neither blocks.
type Clock interface {
	Now() time.Time
	AfterFunc(d time.Duration, f func()) (stop func() bool)
	Post(f func())
}
