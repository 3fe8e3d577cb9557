package intersection

import "signalbox/machines"

// A Flasher is what all flashing lamps hang on. It runs while something flashes and begins lit.
type Flasher struct {
	Lit bool
	// Next is when it changes. 0: it does not run.
	Next machines.Instant
}

func startFlasher(at machines.Instant) Flasher { return Flasher{Lit: true, Next: at.Add(FlashLit)} }

// toggled returns the flasher after its change. The next interval counts from now, so that a late change shortens none.
func (f Flasher) toggled(at machines.Instant) Flasher {
	if f.Lit {
		return Flasher{Lit: false, Next: at.Add(FlashDark)}
	}
	return startFlasher(at)
}
