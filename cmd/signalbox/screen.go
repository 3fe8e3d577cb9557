package main

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"signalbox/asl"
	"signalbox/asl/value"
	"signalbox/gpio"
	"signalbox/gpio/scenario"
	"signalbox/machines"
	"signalbox/tui"
)

// frame is how often the screen is fed while the clock runs.
const frame = time.Second / 20

// maxLog is how many lines the screen's log keeps.
const maxLog = 1000

// runScreen runs with a screen until somebody leaves it. The clock has a goroutine of its own; all that touches the machine
// goes there.
func runScreen(ctx context.Context, o order) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f := &feed{speed: o.speed, changed: map[string]time.Time{}, free: map[string]time.Time{}, snapshots: make(chan tui.Snapshot)}
	a, err := assemble(o, f.tell)
	if err != nil {
		return err
	}
	f.assembly = a
	a.clock.KeepOpen()

	var wg sync.WaitGroup
	var failed error
	var fault any // a panic on the clock's goroutine, which must not leave the terminal as the screen has it
	wg.Go(func() {
		defer func() {
			if fault = recover(); fault != nil {
				fault = fmt.Sprintf("%v\n\n%s", fault, debug.Stack())
				cancel(errors.New("a fault in the program"))
			}
			close(f.snapshots)
		}()
		failed = f.work(ctx)
	})
	err = tui.Run(ctx, f.options(), f.snapshots)
	asked := ctx.Err() != nil // by a signal
	cancel(errors.New("the screen was left"))
	for range f.snapshots { // the clock's goroutine must not be stuck with one
	}
	wg.Wait()
	if fault != nil {
		panic(fault)
	}
	if asked {
		err = nil
	}
	return errors.Join(err, failed, a.result())
}

// A feed makes the screen's snapshots. It belongs to the clock's goroutine, but for options.
type feed struct {
	assembly  *assembly
	snapshots chan tui.Snapshot

	start   time.Time
	states  []tui.State
	current string
	since   time.Time
	last    tui.Transition
	problem string
	log     []tui.LogLine
	dropped int
	changed map[string]time.Time // by line
	free    map[string]time.Time // by line, when its next push by a key may begin
	speed   float64
	resume  func() // nil unless paused
}

// work runs the machine and sends snapshots, the last one when all is over.
func (f *feed) work(ctx context.Context) error {
	f.send()
	clock := f.assembly.clock
	ticking, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(frame)
		defer ticker.Stop()
		var waiting atomic.Bool // one is in the queue
		for {
			select {
			case <-ticking.Done():
				return
			case <-ticker.C:
				if waiting.CompareAndSwap(false, true) {
					clock.Interject(func() {
						waiting.Store(false)
						f.send()
					})
				}
			}
		}
	})
	err := f.assembly.work(ctx)
	stop()
	wg.Wait()
	f.send()
	return err
}

func (f *feed) send() { f.snapshots <- f.snapshot() }

// options are what the keys do. Whatever they do happens on the clock's goroutine.
func (f *feed) options() tui.Options {
	a := f.assembly
	o := tui.Options{}
	if a.backend != nil {
		o.TogglePause = func() { a.clock.Interject(func() { f.toggle(a.backend.Pause) }) }
	}
	if a.order.real() {
		return o
	}
	o.TogglePause = func() {
		a.clock.Interject(func() { f.toggle(a.clock.Hold) })
	}
	o.SetSpeed = func(speed float64) {
		a.clock.Interject(func() {
			f.speed = speed
			a.clock.SetSpeed(speed)
		})
	}
	if a.panel == nil { // no lines
		return o
	}
	o.Toggle = func(line string) {
		a.clock.Interject(func() { a.panel.Push(line, !a.panel.Level(line), "key") })
	}
	if m := a.order.target.builtIn; m != nil {
		for _, k := range m.Keys {
			o.Keys = append(o.Keys, tui.Key{Key: k.Key, Help: k.Help, Line: k.Line, Do: func() {
				a.clock.Interject(func() { f.push(k) })
			}})
		}
	}
	return o
}

func (f *feed) toggle(pause func() (resume func())) {
	if f.resume == nil {
		f.resume = pause()
		return
	}
	f.resume()
	f.resume = nil
}

// between is the least time between two pushes of one line by keys: a slot takes one coin after the other.
const between = 300 * time.Millisecond

// push is what a machine's key does to its line: the same as a scenario's push, as soon as the line is free.
func (f *feed) push(k machines.Key) {
	p := scenario.Push{Line: k.Line, Kind: scenario.Press, Width: k.Hold}
	if k.Pulses > 0 {
		p = scenario.Push{Line: k.Line, Kind: scenario.Pulses, Count: k.Pulses}
	}
	clock := f.assembly.clock
	now := clock.Now()
	p.At = max(0, f.free[k.Line].Sub(now))
	f.free[k.Line] = now.Add(p.End() + between)
	p.Schedule(clock, f.assembly.panel)
}

// tell takes what happens into what the screen shows.
func (f *feed) tell(h logEvent) {
	if h.Child != "" {
		f.tellOfChild(h)
		return
	}
	line := tui.LogLine{Time: h.Time, Why: h.Why}
	switch h.Type {
	case "ExecutionStarted":
		f.start = h.Time
		return
	case "StateEntered":
		from, _ := h.Details.Lookup("from")
		f.last = tui.Transition{To: h.State, Reason: h.Why}
		if name, ok := from.(string); ok {
			f.last.From = name
			f.last.Reason = strings.TrimPrefix(h.Why, name+": ")
		}
		f.current, f.since = h.State, h.Time
		line.Kind, line.Text = tui.LogState, h.State
	case "PinChanged":
		f.changed[h.Pin] = h.Time
		line.Kind, line.Text = tui.LogPin, h.Pin+" off"
		if h.High {
			line.Text = h.Pin + " on"
		}
	case "Note":
		line.Kind, line.Text, line.Why = tui.LogNote, h.Why, ""
	case "TaskSucceeded":
		f.problem = ""
		return
	case "TaskFailed", "TaskTimedOut":
		line.Kind, line.Text = tui.LogError, h.State+" failed"
		if h.Type == "TaskFailed" {
			f.problem = h.Why
		}
	case "ExecutionFailed", "ExecutionTimedOut":
		f.problem = h.Why
		line.Kind, line.Text = tui.LogError, "the execution failed"
	case "ExecutionSucceeded":
		output, _ := h.Details.Lookup("output")
		line.Kind, line.Text = tui.LogState, "the execution succeeded: "+value.Text(output)
	case "ExecutionAborted":
		line.Kind, line.Text, line.Why = tui.LogState, "the run was ended", strings.TrimPrefix(h.Why, errEnded+": ")
	default:
		return
	}
	f.note(line)
}

// tellOfChild takes what happens in a child of a distributed Map into the log. The machine itself is in the Map meanwhile.
func (f *feed) tellOfChild(h logEvent) {
	line := tui.LogLine{Time: h.Time, Why: h.Why + h.ofChild()}
	switch h.Type {
	case "StateEntered":
		line.Kind, line.Text = tui.LogState, h.State
	case "TaskFailed", "TaskTimedOut":
		line.Kind, line.Text = tui.LogError, h.State+" failed"
	case "ExecutionFailed", "ExecutionTimedOut":
		line.Kind, line.Text = tui.LogError, "a child failed"
	default:
		return
	}
	f.note(line)
}

func (f *feed) note(line tui.LogLine) {
	if len(f.log) == 2*maxLog {
		f.log = append([]tui.LogLine(nil), f.log[maxLog:]...) // snapshots have the old array
		f.dropped += maxLog
	}
	f.log = append(f.log, line)
}

func (f *feed) snapshot() tui.Snapshot {
	a := f.assembly
	t := a.order.target
	if f.states == nil {
		f.states = screenStates(t.machine)
	}
	x := a.run.Snapshot()
	s := tui.Snapshot{
		Machine: t.name, Driver: a.order.driver,
		Time: a.clock.Reading(), Start: f.start, Speed: f.speed, Paused: f.resume != nil,
		Status: tui.Status(x.Status.String()),
		States: f.states, Current: f.current, Since: f.since, Last: f.last, Problem: f.problem,
		Log: f.log[:len(f.log):len(f.log)], Dropped: f.dropped,
	}
	if a.enough != "" {
		s.Status = tui.StatusEnded
	}
	if a.flashes() && !a.cleared {
		s.Status, s.Problem = tui.StatusFlashing, a.latched(a.monitor.Fault()).Error()
	}
	for _, p := range x.Positions() {
		if len(p.State.Branches) == 0 || p.State.Distributed { // another Parallel or Map is where its branches are
			s.Active = append(s.Active, p.State.Name)
		}
	}
	if a.lines != nil {
		for _, l := range a.lines.Levels() {
			s.Lines = append(s.Lines, tui.Line{
				Name: l.Line, Output: l.Direction == gpio.Out, High: l.High, ChangedAt: f.changed[l.Line],
			})
		}
	}
	switch {
	case a.backend != nil:
		s.World, s.Driver = a.backend.View(), "live"
	case a.world != nil:
		s.World = a.world.View()
	}
	if m := t.builtIn; m != nil && m.View != nil {
		s.World = m.View(a.rig.State(), s.World)
	}
	return s
}

func screenStates(m *asl.Machine) []tui.State {
	var list []tui.State
	for s := range m.All() {
		state := tui.State{Name: s.Name, Type: s.Type.String(), Comment: s.Comment}
		for _, t := range s.Transitions() {
			state.Next = append(state.Next, tui.Next{State: t.To.Name, Label: t.Label})
		}
		list = append(list, state)
	}
	return list
}
