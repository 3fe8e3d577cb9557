package assembly

import (
	"fmt"
	"time"

	periph "periph.io/x/conn/v3/gpio"

	"signalbox/gpio"
	"signalbox/machines"
	"signalbox/machines/monitor"
)

// A clearableLatch is a monitor's latch whose fault an operator can clear.
type clearableLatch interface {
	monitor.Latch
	Clear(c monitor.Cleared) (*monitor.Fault, error)
}

// watch starts the monitor of the machine's lamps. It reads the outputs back, and knows neither definition nor plant.
func (a *Assembly) watch(w *machines.Watch) (err error) {
	switch {
	case a.latch != nil: // from before a power cut
	case a.data != nil:
		a.latch = monitor.File{Dir: a.data.dir}
	default:
		a.latch = &monitor.Memory{}
	}
	a.lines.Watch(func(c gpio.Change) {
		if c.Direction == gpio.Out && a.monitor != nil {
			a.monitor.Changed()
		}
	})
	a.monitor, err = monitor.New(monitor.Config{Watch: w, Clock: a.clock, Lamps: lamps{a.lines}, Latch: a.latch, Trip: a.monitorTripped})
	return err
}

// lamps gives the monitor access to the open lines.
type lamps struct{ lines *gpio.Lines }

// Lamp implements [monitor.Lamps].
func (l lamps) Lamp(line string) (monitor.Lamp, error) {
	pin, err := l.lines.Out(line)
	if err != nil {
		return nil, err
	}
	return lamp{pin.(*gpio.OutPin)}, nil
}

// A lamp implements [monitor.Lamp].
type lamp struct{ pin *gpio.OutPin }

func (l lamp) Read() (bool, error) { return l.pin.ReadBack() }

func (l lamp) Write(lit bool, why string) error { return l.pin.OutBecause(periph.Level(lit), why) }

// monitorTripped is called by the monitor when it sees a fault, or finds one latched: the plant may not move the lamps any more.
// Latch is the error of storing the fault, nil if it is stored.
func (a *Assembly) monitorTripped(f *monitor.Fault, latch error) {
	text := f.Error()
	if latch != nil {
		text += fmt.Sprintf("; the latch: %v", latch)
		a.fail(fmt.Errorf("the latched fault is not on disk: %w", latch))
	}
	a.recorder.note(text, "monitor")
	a.rig.Break(a.faultError(f))
}

// faultError returns a monitor's fault as an error that says what to do.
func (a *Assembly) faultError(f *monitor.Fault) error {
	since := f.Time.UTC().Format(time.DateTime)
	if a.data == nil {
		return fmt.Errorf("%w (%s UTC); all heads flash red", f, since)
	}
	return fmt.Errorf("%w (%s UTC); all heads flash red until the cause is mended and the fault cleared: signalbox clear-fault --data %s",
		f, since, a.data.dir)
}

// flashes reports whether the monitor has seen a fault and flashes the lamps.
func (a *Assembly) flashes() bool { return a.monitor != nil && a.monitor.Fault() != nil }

// fault returns the fault for which the monitor flashes, with what to do about it; nil if there is none, or it has been
// cleared.
func (a *Assembly) fault() error {
	if s := a.life.state; !a.flashes() || s == StateClearing || s == StateCleared {
		return nil
	}
	return a.faultError(a.monitor.Fault())
}
