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
	"signalbox/machines"
	"signalbox/tui"
)

// frame is the time between two snapshots while the clock runs.
const frame = time.Second / 20

// maxLog is how many lines the screen's log keeps at least.
const maxLog = 1000

// runScreen runs with a screen until the user leaves it. The clock's goroutine never waits for the screen: a terminal may hang.
func runScreen(ctx context.Context, config assembly.Config) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	p := &presenter{config: config, speed: config.Speed, changed: map[string]time.Time{}, snapshots: make(mailbox, 1)}
	p.states, p.visits = screenStates(config.Definition.Machine), newStateVisits(config.Definition.Machine)
	config.Events = p.record
	a, err := assembly.Open(config)
	if err != nil {
		return err
	}
	p.assembly = a

	var wg sync.WaitGroup
	var failed error
	var fault any // a panic on the clock's goroutine, which must not leave the terminal as the screen has it
	wg.Go(func() {
		defer func() {
			if fault = recover(); fault != nil {
				fault = fmt.Sprintf("%v\n\n%s", fault, debug.Stack())
				cancel(errors.New("a fault in the program"))
			}
			close(p.snapshots)
		}()
		failed = p.run(ctx)
	})
	err = tui.Run(ctx, p.options(), p.snapshots)
	interrupted := ctx.Err() != nil // by a signal
	cancel(errors.New("the screen was closed"))
	wg.Wait()
	if fault != nil {
		panic(fault)
	}
	if interrupted {
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

// A presenter makes snapshots for the screen from the events and views of a run. It belongs to the clock's goroutine, except for
// options.
type presenter struct {
	assembly  *assembly.Assembly
	config    assembly.Config
	snapshots mailbox

	start   time.Time
	states  []tui.State
	visits  *stateVisits
	problem string
	log     []tui.LogLine
	dropped int                  // log lines that are forgotten
	changed map[string]time.Time // by line
	speed   float64
	resume  func() // nil unless paused
}

// run runs the machine and makes snapshots, the last one when all is over.
func (p *presenter) run(ctx context.Context) error {
	p.snapshots.put(p.snapshot())
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
					p.assembly.Do(func() {
						waiting.Store(false)
						p.snapshots.put(p.snapshot())
					})
				}
			}
		}
	})
	err := p.assembly.Run(ctx)
	stop()
	wg.Wait()
	p.snapshots.put(p.snapshot())
	return err
}

// options returns what the keys do, all of it on the clock's goroutine. It may be called from any goroutine.
func (p *presenter) options() tui.Options {
	a := p.assembly
	o := tui.Options{}
	if a.Pausable() {
		o.TogglePause = func() { a.Do(p.toggle) }
	}
	if !a.Simulated() {
		return o
	}
	o.SetSpeed = func(speed float64) {
		a.Do(func() {
			p.speed = speed
			a.SetSpeed(speed)
		})
	}
	if !a.Pushable() {
		return o
	}
	o.Push = func(line string) { a.Do(func() { a.Press(machines.Key{Line: line}) }) }
	o.Hold = func(line string) { a.Do(func() { a.Toggle(line) }) }
	if m := p.config.Definition.BuiltIn; m != nil {
		for _, k := range m.Keys {
			o.Keys = append(o.Keys, tui.Key{Key: k.Key, Help: k.Help, Line: k.Line, Do: func() {
				a.Do(func() { a.Press(k) })
			}})
		}
	}
	return o
}

// toggle pauses the machine, or has it go on.
func (p *presenter) toggle() {
	if p.resume == nil {
		p.resume = p.assembly.Pause()
		return
	}
	p.resume()
	p.resume = nil
}

// record adds an event to what the screen shows.
func (p *presenter) record(e *assembly.LogEvent) {
	if e.Child != "" {
		p.recordOfChild(e)
		return
	}
	line := tui.LogLine{Time: e.Time, Why: e.Why()}
	by := tui.Transition{From: e.From(), To: e.State(), Reason: line.Why}
	if by.From != "" {
		by.Reason = strings.TrimPrefix(line.Why, by.From+": ")
	}
	p.visits.record(e, by)
	switch e.Type() {
	case "ExecutionStarted":
		p.start = e.Time
		return
	case "StateEntered":
		line.Kind, line.Text = tui.LogState, e.State()
	case assembly.TypePinChanged:
		pin, high := e.Pin()
		p.changed[pin] = e.Time
		line.Kind, line.Text = tui.LogPin, pin+" off"
		if high {
			line.Text = pin + " on"
		}
	case assembly.TypeNote:
		line.Kind, line.Text, line.Why = tui.LogNote, line.Why, ""
	case "TaskSucceeded":
		p.problem = ""
		return
	case "TaskFailed", "TaskTimedOut":
		line.Kind, line.Text = tui.LogError, e.State()+" failed"
		if e.Type() == "TaskFailed" {
			p.problem = line.Why
		}
	case "ExecutionFailed", "ExecutionTimedOut":
		p.problem = line.Why
		line.Kind, line.Text = tui.LogError, "the execution failed"
	case "ExecutionSucceeded":
		line.Kind, line.Text = tui.LogState, "the execution succeeded: "+value.Text(e.Output())
	case "ExecutionAborted":
		line.Kind, line.Text, line.Why = tui.LogState, "the run was ended", strings.TrimPrefix(line.Why, assembly.ErrEnded+": ")
	default:
		return
	}
	p.note(line)
}

// recordOfChild adds an event of a child of a distributed Map to the log. The machine itself is in the Map meanwhile.
func (p *presenter) recordOfChild(e *assembly.LogEvent) {
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
	p.note(line)
}

// note adds a line to the log and forgets old ones.
func (p *presenter) note(line tui.LogLine) {
	if len(p.log) == 2*maxLog {
		p.log = append([]tui.LogLine(nil), p.log[maxLog:]...) // snapshots have the old array
		p.dropped += maxLog
	}
	p.log = append(p.log, line)
}

// snapshot returns what the screen is to show now.
func (p *presenter) snapshot() tui.Snapshot {
	d := p.config.Definition
	v := p.assembly.View()
	s := tui.Snapshot{
		Machine: d.Name, Driver: p.config.Driver,
		Time: v.Time, Start: p.start, Speed: p.speed, Paused: p.resume != nil,
		Status: tui.Status(v.Execution.Status.String()),
		States: p.states, Problem: p.problem,
		Log: p.log[:len(p.log):len(p.log)], Dropped: p.dropped, World: v.World,
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
	for _, at := range v.Execution.Positions() {
		if p.visits.byName[at.State.Name].in > 0 { // else it is ready to be entered, or was left
			s.Active = append(s.Active, at.State.Name)
		}
	}
	s.Current = p.visits.newest(s.Active)
	if v.Execution.Status != asl.StatusRunning {
		s.Current = p.visits.end()
	}
	if visit := p.visits.byName[s.Current]; visit != nil {
		s.Since, s.Last = visit.since, visit.by
	}
	for _, l := range v.Lines {
		s.Lines = append(s.Lines, tui.Line{
			Name: l.Line, Output: l.Direction == gpio.Out, High: l.High, ChangedAt: p.changed[l.Line],
		})
	}
	return s
}

// screenStates lists the states of a machine, nested ones after their container.
func screenStates(m *asl.Machine) []tui.State {
	var list []tui.State
	var add func(block *asl.Block, depth int)
	add = func(block *asl.Block, depth int) {
		for _, s := range block.States {
			state := tui.State{Name: s.Name, Type: s.Type.String(), Comment: s.Comment, Depth: depth}
			for _, t := range s.Transitions() {
				state.Next = append(state.Next, tui.Next{State: t.To.Name, Label: t.Label})
			}
			list = append(list, state)
			for _, inner := range s.Branches {
				add(inner, depth+1)
			}
		}
	}
	add(&m.Block, 0)
	return list
}
