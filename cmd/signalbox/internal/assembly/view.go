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
	State     RunState
	Execution asl.Execution    // the newest
	Fault     error            // the monitor's latched fault and what to do about it; nil if there is none
	Lines     []gpio.LineLevel // nil without a board
	World     any              // what the machine's picture shows besides the lines; nil if it has no picture
	Live      bool             // the machine works on databases, in real time
}

// View returns what a screen shows now.
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
	if m := a.config.Definition.BuiltIn; m != nil && m.View != nil {
		v.World = m.View(a.rig.State(), v.World)
	}
	return v
}

// Do calls f on the clock's goroutine, between two entries of the clock's queue, if Run has not ended by then. It may be called from
// any goroutine.
func (a *Assembly) Do(f func()) { a.clock.Interject(f) }

// Simulated reports whether time is simulated, so that its speed can be changed. It may be called from any goroutine.
func (a *Assembly) Simulated() bool { return !a.config.RealTime() }

// Pausable reports whether the run can be paused. It may be called from any goroutine.
func (a *Assembly) Pausable() bool { return a.Simulated() || a.backend != nil }

// Pause stops simulated time until resume is called; a machine without lines completes its Tasks and starts no other. The run must
// be pausable.
func (a *Assembly) Pause() (resume func()) {
	if a.Simulated() {
		return a.clock.Hold()
	}
	return a.backend.Pause()
}

// SetSpeed changes the speed factor of a simulation; 0 is as fast as possible.
func (a *Assembly) SetSpeed(speed float64) { a.clock.SetSpeed(speed) }

// Pushable reports whether there are simulated lines to push. It may be called from any goroutine.
func (a *Assembly) Pushable() bool { return a.panel != nil }

// Toggle changes the level of a simulated input line.
func (a *Assembly) Toggle(line string) { a.panel.Push(line, !a.panel.Level(line), "key") }

// betweenKeys is the shortest time between two pushes of a line by keys: coins go into the slot one by one.
const betweenKeys = 300 * time.Millisecond

// Press pushes the line of a machine's key as a scenario would, when earlier pushes of the line by keys are over.
func (a *Assembly) Press(k machines.Key) {
	p := scenario.Push{Line: k.Line, Kind: scenario.Press, Width: k.Hold}
	if k.Pulses > 0 {
		p = scenario.Push{Line: k.Line, Kind: scenario.Pulses, Count: k.Pulses}
	}
	now := a.clock.Now()
	p.At = max(0, a.nextPush[k.Line].Sub(now))
	a.nextPush[k.Line] = now.Add(p.End() + betweenKeys)
	p.Schedule(a.clock, a.panel)
}
