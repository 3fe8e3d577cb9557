package intersection

import "signalbox/machines"

// A Flasher is the common clock of all flashing lamps. It runs while a lamp flashes, and starts lit.
type Flasher struct {
	Lit  bool
	Next machines.Instant // when Lit changes; 0: it does not run
}

func startFlasher(at machines.Instant) Flasher { return Flasher{Lit: true, Next: at.Add(FlashLit)} }

// toggled returns the flasher after its change. The next interval counts from at, so that a late change shortens none.
func (f Flasher) toggled(at machines.Instant) Flasher {
	if f.Lit {
		return Flasher{Lit: false, Next: at.Add(FlashDark)}
	}
	return startFlasher(at)
}
