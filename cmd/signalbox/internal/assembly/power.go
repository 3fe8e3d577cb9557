package assembly

// power is what a scenario does to the program. Off: all that is not in the ledger is forgotten, the outputs go to their safe
// levels, and the world goes on. On: the machine starts again.
func (a *Assembly) power(on bool) {
	if on {
		a.restorePower()
	} else {
		a.cutPower()
	}
}

func (a *Assembly) cutPower() {
	if !a.life.fire(powerCut) {
		return
	}
	if a.monitor != nil {
		a.monitor.Close()
		a.monitor = nil // its latch stays
	}
	if a.rig != nil {
		a.rig.Drop()
	}
	a.run.Stop("Power.Cut", "the power is off") // nothing happens if it has ended
	a.fail(a.lines.Close())
	a.unpowered = true
}

func (a *Assembly) restorePower() {
	if a.life.state != StateDark {
		return
	}
	a.restarts++
	if err := a.powerUp(); err != nil {
		a.fail(err)
		a.life.fire(beginFailed)
	}
}
