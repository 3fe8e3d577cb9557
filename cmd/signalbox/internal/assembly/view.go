package assembly

import (
	"time"

	"signalbox/asl"
	"signalbox/gpio"
	"signalbox/gpio/scenario"
	"signalbox/machines"
)

// A View is what a screen shows of a run at one instant: an immutable value.
type View struct {
	Time      time.Time // as the clock reads
	Execution asl.Execution
	State     RunState
	Fault     error            // the monitor's latched fault and what to do about it; nil if all is well
	Lines     []gpio.LineLevel // nil without a board
	// World is what the machine's picture shows besides the lines, nil if it has none.
	World any
	Live  bool // the machine works in real time and has no lines
}

// View returns what a screen shows now. It is for the clock's goroutine.
func (a *Assembly) View() View {
	v := View{
		Time: a.clock.Reading(), Execution: a.run.Snapshot(), Fault: a.fault(), State: a.life.state, Live: a.backend != nil,
	}
	if a.lines != nil {
		v.Lines = a.lines.Levels()
	}
	switch {
	case a.backend != nil:
		v.World = a.backend.View()
	case a.world != nil:
		v.World = a.world.View()
	}
	if m := a.config.Target.BuiltIn; m != nil && m.View != nil {
		v.World = m.View(a.rig.State(), v.World)
	}
	return v
}

// Do has f done on the clock's goroutine, between two entries of its queue. It may be called from any goroutine.
func (a *Assembly) Do(f func()) { a.clock.Interject(f) }

// Simulated reports whether time is simulated: it can be paused, and its speed changed.
func (a *Assembly) Simulated() bool { return !a.config.Real() }

// Pausable reports whether [Assembly.Pause] has an effect.
func (a *Assembly) Pausable() bool { return a.Simulated() || a.backend != nil }

// Pause stops simulated time, or has a machine without lines begin nothing new, until resume is called. Both are for the
// clock's goroutine.
func (a *Assembly) Pause() (resume func()) {
	if a.Simulated() {
		return a.clock.Hold()
	}
	return a.backend.Pause()
}

// SetSpeed changes the speed factor of a simulation.
func (a *Assembly) SetSpeed(speed float64) { a.clock.SetSpeed(speed) }

// Pushable reports whether there are simulated lines to push.
func (a *Assembly) Pushable() bool { return a.panel != nil }

// Toggle changes the level of a simulated input line. It is for the clock's goroutine.
func (a *Assembly) Toggle(line string) { a.panel.Push(line, !a.panel.Level(line), "key") }

// betweenKeys is the least time between two pushes of one line by keys: a slot takes one coin after the other.
const betweenKeys = 300 * time.Millisecond

// Press does what a machine's key does to its line, as soon as earlier pushes of that line by keys are over: the same as a
// scenario's push. It is for the clock's goroutine.
func (a *Assembly) Press(k machines.Key) {
	p := scenario.Push{Line: k.Line, Kind: scenario.Press, Width: k.Hold}
	if k.Pulses > 0 {
		p = scenario.Push{Line: k.Line, Kind: scenario.Pulses, Count: k.Pulses}
	}
	now := a.clock.Now()
	p.At = max(0, a.free[k.Line].Sub(now))
	a.free[k.Line] = now.Add(p.End() + betweenKeys)
	p.Schedule(a.clock, a.panel)
}
