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
	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/gpio"
	"signalbox/tui"
)

// frame is how often the screen is fed while the clock runs.
const frame = time.Second / 20

// maxLog is how many lines the screen's log keeps at least.
const maxLog = 1000

// runScreen runs with a screen until its user leaves it. The clock has a goroutine of its own, which never waits for the
// screen: a terminal may hang.
func runScreen(ctx context.Context, o assembly.Config) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f := &feed{config: o, speed: o.Speed, changed: map[string]time.Time{}, snapshots: make(mailbox, 1)}
	o.Events = f.record
	a, err := assembly.Open(o)
	if err != nil {
		return err
	}
	f.assembly = a

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
		failed = f.run(ctx)
	})
	err = tui.Run(ctx, f.options(), f.snapshots)
	asked := ctx.Err() != nil // by a signal
	cancel(errors.New("the screen was closed"))
	wg.Wait()
	if fault != nil {
		panic(fault)
	}
	if asked {
		err = nil
	}
	return errors.Join(err, failed)
}

// A mailbox holds the newest snapshot until the screen takes it.
type mailbox chan tui.Snapshot

// put replaces what is in the mailbox, and returns at once. It is for one goroutine.
func (m mailbox) put(s tui.Snapshot) {
	select {
	case <-m:
	default:
	}
	m <- s
}

// A feed makes the screen's snapshots. It belongs to the clock's goroutine, but for options.
type feed struct {
	assembly  *assembly.Assembly
	config    assembly.Config
	snapshots mailbox

	start   time.Time
	states  []tui.State
	current string
	since   time.Time
	last    tui.Transition
	problem string
	log     []tui.LogLine
	dropped int                  // log lines that are forgotten
	changed map[string]time.Time // by line
	speed   float64
	resume  func() // nil unless paused
}

// run runs the machine and makes snapshots, the last one when all is over.
func (f *feed) run(ctx context.Context) error {
	f.snapshots.put(f.snapshot())
	ticking, stop := context.WithCancel(ctx)
	var wg sync.WaitGroup
	wg.Go(func() {
		ticker := time.NewTicker(frame)
		defer ticker.Stop()
		var waiting atomic.Bool // one is in the clock's queue
		for {
			select {
			case <-ticking.Done():
				return
			case <-ticker.C:
				if waiting.CompareAndSwap(false, true) {
					f.assembly.Do(func() {
						waiting.Store(false)
						f.snapshots.put(f.snapshot())
					})
				}
			}
		}
	})
	err := f.assembly.Run(ctx)
	stop()
	wg.Wait()
	f.snapshots.put(f.snapshot())
	return err
}

// options are what the keys do. Whatever they do happens on the clock's goroutine.
func (f *feed) options() tui.Options {
	a := f.assembly
	o := tui.Options{}
	if a.Pausable() {
		o.TogglePause = func() { a.Do(f.toggle) }
	}
	if !a.Simulated() {
		return o
	}
	o.SetSpeed = func(speed float64) {
		a.Do(func() {
			f.speed = speed
			a.SetSpeed(speed)
		})
	}
	if !a.Pushable() {
		return o
	}
	o.Toggle = func(line string) { a.Do(func() { a.Toggle(line) }) }
	if m := f.config.Target.BuiltIn; m != nil {
		for _, k := range m.Keys {
			o.Keys = append(o.Keys, tui.Key{Key: k.Key, Help: k.Help, Line: k.Line, Do: func() {
				a.Do(func() { a.Press(k) })
			}})
		}
	}
	return o
}

// toggle pauses the machine, or has it go on.
func (f *feed) toggle() {
	if f.resume == nil {
		f.resume = f.assembly.Pause()
		return
	}
	f.resume()
	f.resume = nil
}

// record takes an event into what the screen shows.
func (f *feed) record(e *assembly.LogEvent) {
	if e.Child != "" {
		f.recordOfChild(e)
		return
	}
	line := tui.LogLine{Time: e.Time, Why: e.Why()}
	switch e.Type() {
	case "ExecutionStarted":
		f.start = e.Time
		return
	case "StateEntered":
		f.last = tui.Transition{From: e.From(), To: e.State(), Reason: line.Why}
		if from := e.From(); from != "" {
			f.last.Reason = strings.TrimPrefix(line.Why, from+": ")
		}
		f.current, f.since = e.State(), e.Time
		line.Kind, line.Text = tui.LogState, e.State()
	case assembly.TypePinChanged:
		pin, high := e.Pin()
		f.changed[pin] = e.Time
		line.Kind, line.Text = tui.LogPin, pin+" off"
		if high {
			line.Text = pin + " on"
		}
	case assembly.TypeNote:
		line.Kind, line.Text, line.Why = tui.LogNote, line.Why, ""
	case "TaskSucceeded":
		f.problem = ""
		return
	case "TaskFailed", "TaskTimedOut":
		line.Kind, line.Text = tui.LogError, e.State()+" failed"
		if e.Type() == "TaskFailed" {
			f.problem = line.Why
		}
	case "ExecutionFailed", "ExecutionTimedOut":
		f.problem = line.Why
		line.Kind, line.Text = tui.LogError, "the execution failed"
	case "ExecutionSucceeded":
		line.Kind, line.Text = tui.LogState, "the execution succeeded: "+value.Text(e.Output())
	case "ExecutionAborted":
		line.Kind, line.Text, line.Why = tui.LogState, "the run was ended", strings.TrimPrefix(line.Why, assembly.ErrEnded+": ")
	default:
		return
	}
	f.note(line)
}

// recordOfChild takes an event of a child of a distributed Map into the log. The machine itself is in the Map meanwhile.
func (f *feed) recordOfChild(e *assembly.LogEvent) {
	line := tui.LogLine{Time: e.Time}
	switch e.Type() {
	case "StateEntered":
		line.Kind, line.Text = tui.LogState, e.State()
	case "TaskFailed", "TaskTimedOut":
		line.Kind, line.Text = tui.LogError, e.State()+" failed"
	case "ExecutionFailed", "ExecutionTimedOut":
		line.Kind, line.Text = tui.LogError, "a child failed"
	default:
		return
	}
	line.Why = e.Why() + e.ShortChild()
	f.note(line)
}

// note adds a line to the log and forgets old ones.
func (f *feed) note(line tui.LogLine) {
	if len(f.log) == 2*maxLog {
		f.log = append([]tui.LogLine(nil), f.log[maxLog:]...) // snapshots have the old array
		f.dropped += maxLog
	}
	f.log = append(f.log, line)
}

// snapshot returns what the screen is to show now.
func (f *feed) snapshot() tui.Snapshot {
	t := f.config.Target
	if f.states == nil {
		f.states = screenStates(t.Machine)
	}
	v := f.assembly.View()
	s := tui.Snapshot{
		Machine: t.Name, Driver: f.config.Driver,
		Time: v.Time, Start: f.start, Speed: f.speed, Paused: f.resume != nil,
		Status: tui.Status(v.Execution.Status.String()),
		States: f.states, Current: f.current, Since: f.since, Last: f.last, Problem: f.problem,
		Log: f.log[:len(f.log):len(f.log)], Dropped: f.dropped, World: v.World,
	}
	if v.Live {
		s.Driver = "live"
	}
	if v.State.Stopped() {
		s.Status = tui.StatusEnded
	}
	if v.Fault != nil {
		s.Status, s.Problem = tui.StatusFlashing, v.Fault.Error()
	}
	for _, p := range v.Execution.Positions() {
		if len(p.State.Branches) == 0 || p.State.Distributed { // another Parallel or Map is where its branches are
			s.Active = append(s.Active, p.State.Name)
		}
	}
	for _, l := range v.Lines {
		s.Lines = append(s.Lines, tui.Line{
			Name: l.Line, Output: l.Direction == gpio.Out, High: l.High, ChangedAt: f.changed[l.Line],
		})
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
