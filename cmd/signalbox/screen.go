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

// maxLog is how many lines the screen's log keeps.
const maxLog = 1000

// runScreen runs with a screen until somebody leaves it. The clock has a goroutine of its own; all that touches the machine
// goes there.
func runScreen(ctx context.Context, o assembly.Config) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	f := &feed{config: o, speed: o.Speed, changed: map[string]time.Time{}, snapshots: make(chan tui.Snapshot)}
	a, err := assembly.Open(o, f.tell)
	if err != nil {
		return err
	}
	f.assembly = a
	a.KeepOpen()

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
	return errors.Join(err, failed, a.Result())
}

// A feed makes the screen's snapshots. It belongs to the clock's goroutine, but for options.
type feed struct {
	assembly  *assembly.Assembly
	config    assembly.Config
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
	speed   float64
	resume  func() // nil unless paused
}

// work runs the machine and sends snapshots, the last one when all is over.
func (f *feed) work(ctx context.Context) error {
	f.send()
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
					f.assembly.Do(func() {
						waiting.Store(false)
						f.send()
					})
				}
			}
		}
	})
	err := f.assembly.Run(ctx)
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

func (f *feed) toggle() {
	if f.resume == nil {
		f.resume = f.assembly.Pause()
		return
	}
	f.resume()
	f.resume = nil
}

// tell takes what happens into what the screen shows.
func (f *feed) tell(h assembly.LogEvent) {
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
		line.Kind, line.Text, line.Why = tui.LogState, "the run was ended", strings.TrimPrefix(h.Why, assembly.ErrEnded+": ")
	default:
		return
	}
	f.note(line)
}

// tellOfChild takes what happens in a child of a distributed Map into the log. The machine itself is in the Map meanwhile.
func (f *feed) tellOfChild(h assembly.LogEvent) {
	line := tui.LogLine{Time: h.Time, Why: h.Why + h.OfChild()}
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
