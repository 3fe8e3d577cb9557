package assembly

// power is what a scenario does to the program: everything is forgotten that is not in the ledger, the outputs go to their
// safe level, and the world goes on; later it begins anew.
func (a *Assembly) power(on bool) {
	switch {
	case on == !a.dark || a.enough != "" || a.ended != nil && !a.goesOn():
		return
	case !on:
		a.dark = true
		if a.monitor != nil {
			a.monitor.Close()
			a.monitor = nil // its latch stays
		}
		if a.rig != nil {
			a.rig.Drop()
		}
		if a.ended == nil {
			a.run.Stop("Power.Cut", "the power is off")
		}
		a.ended = nil
		if err := a.lines.Close(); err != nil {
			a.failure = err
		}
		return
	}
	a.dark = false
	a.restarts++
	if err := a.begin(); err != nil {
		a.failure = err
		a.clock.Stop()
	}
}
