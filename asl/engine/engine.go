// Package engine runs executions of package asl: it brings them the events that they step on, and does what they ask for.
//
//	[Clock]    the one queue of things to do; simulated or real
//	[Engine]   owns executions, their timers and their tasks; everything it does happens on the clock
//	[Handler]  answers the Tasks of an activity
//	[Observer] sees immutable snapshots and the events of the history
//
// A waiting execution costs its own memory and an entry in the clock's queue; no goroutine.
package engine

import (
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"signalbox/asl"
)

// HistoryLimit is how many events of an execution are kept where Options name no number; after that the oldest go. It is
// AWS's limit for a whole history.
const HistoryLimit = 25000

// Options say what an Engine works with.
type Options struct {
	Clock *Clock
	// Handlers answer activities by their names.
	Handlers map[string]Handler
	// Other answers the Tasks that name no activity of Handlers. Nil: they fail.
	Other Handler
	// Objects are where distributed Maps read items and write results. Nil: those that do so fail.
	Objects Objects
	// Observer sees every Step. Nil: nobody does.
	Observer Observer
	// HistoryLimit bounds the history of each execution; 0 means [HistoryLimit], less than 0 none at all.
	HistoryLimit int
}

// An Observer is told of every Step, on the clock's goroutine; of the child executions of a distributed Map as well, which
// have an Identity of their own. The execution is a snapshot that never changes; the slice of events is used again after
// Observe returns.
type Observer interface {
	Observe(x asl.Execution, events []asl.HistoryEvent)
}

// An Engine owns executions. Its methods are for the clock's goroutine, or before the clock runs.
type Engine struct {
	options Options
	runs    map[string]*Run
	spare   []*asl.Effects // to use again
}

// New returns an engine without executions.
func New(o Options) *Engine {
	if o.HistoryLimit == 0 {
		o.HistoryLimit = HistoryLimit
	}
	o.HistoryLimit = max(0, o.HistoryLimit)
	return &Engine{options: o, runs: map[string]*Run{}}
}

// A Run is one execution in an engine.
type Run struct {
	engine  *Engine
	machine *asl.Machine
	x       asl.Execution
	window  window
	waits   waits
	done    func(asl.Execution)
	// children are the executions of distributed Maps that are under way, by the Map's run and their place in it.
	children map[int64]map[int]*Run
	top      string // the name of the execution that was started from outside
}

// Start begins an execution as soon as the clock runs. Done (nil: nobody) is called when it has ended. The name in who must
// differ from those of the executions that are running.
func (e *Engine) Start(m *asl.Machine, who asl.Identity, input any, done func(asl.Execution)) (*Run, error) {
	if _, there := e.runs[who.Name]; there {
		return nil, fmt.Errorf("engine: an execution called %q is running", who.Name)
	}
	e.runs[who.Name] = e.start(m, who, input, who.Name, done)
	return e.runs[who.Name], nil
}

func (e *Engine) start(m *asl.Machine, who asl.Identity, input any, top string, done func(asl.Execution)) *Run {
	r := &Run{engine: e, machine: m, x: asl.NewExecution(who), done: done, top: top}
	e.options.Clock.Post(func() { r.step(asl.Event{Kind: asl.EventStart, Input: input}) })
	return r
}

// Snapshot returns the execution as it stands: a value that does not change.
func (r *Run) Snapshot() asl.Execution { return r.x }

// History ranges over the events that are kept, oldest first.
func (r *Run) History() iter.Seq[asl.HistoryEvent] {
	return r.window.all(r.engine.options.HistoryLimit)
}

// Stop aborts the execution at once: its tasks are cancelled before Stop returns.
func (r *Run) Stop(name, cause string) {
	r.step(asl.Event{Kind: asl.EventStop, Failure: &asl.Error{Name: name, Cause: cause}})
}

// step takes the execution one event further and does what it asks for.
func (r *Run) step(event asl.Event) {
	if r.x.Status != asl.StatusRunning {
		return
	}
	o := &r.engine.options
	event.Time = o.Clock.Now()
	out := r.engine.effects()
	r.machine.Step(&r.x, event, out)
	r.window.add(out.History, o.HistoryLimit)
	if o.Observer != nil {
		o.Observer.Observe(r.x, out.History)
	}
	for i := range out.Do {
		r.do(&out.Do[i])
	}
	out.Reset()
	r.engine.spare = append(r.engine.spare, out)
}

// effects returns empty Effects that nobody uses: a handler that is started may stop the execution, and so begin a Step while
// the effects of another are carried out.
func (e *Engine) effects() *asl.Effects {
	last := len(e.spare) - 1
	if last < 0 {
		return &asl.Effects{}
	}
	out := e.spare[last]
	e.spare = e.spare[:last]
	return out
}

func (r *Run) do(effect *asl.Effect) {
	clock := r.engine.options.Clock
	switch effect.Kind {
	case asl.EffectSetTimer:
		d := &deadline{run: r, scope: effect.Scope, id: effect.ID}
		d.work = d
		r.waits.put(d.id, wait{timer: &d.timer})
		clock.at(&d.timer, effect.At)
	case asl.EffectCancelTimer:
		if w, ok := r.waits.take(effect.ID); ok {
			clock.cancel(w.timer)
		}
	case asl.EffectStartTask:
		if r.x.Status == asl.StatusRunning {
			r.start(effect)
		}
	case asl.EffectCancelTask:
		if w, ok := r.waits.take(effect.ID); ok && w.cancel != nil {
			w.cancel()
		}
	case asl.EffectStartChild:
		if r.x.Status == asl.StatusRunning {
			r.startChild(effect)
		}
	case asl.EffectStopChildren:
		children := r.children[effect.ID]
		delete(r.children, effect.ID)
		for _, i := range slices.Sorted(maps.Keys(children)) {
			children[i].Stop("", "")
		}
	case asl.EffectRequestObject:
		r.ask(effect)
	case asl.EffectContinue:
		clock.Yield(func() { r.step(asl.Event{Kind: asl.EventContinue}) })
	case asl.EffectFinish:
		if name := r.x.Identity().Name; r.engine.runs[name] == r {
			delete(r.engine.runs, name)
		}
		if r.done != nil {
			r.done(r.x)
		}
	}
}

// deadline is a timer of an execution.
type deadline struct {
	timer
	run   *Run
	scope asl.ScopePath
	id    int64
}

func (d *deadline) do() {
	d.run.waits.take(d.id)
	d.run.step(asl.Event{Kind: asl.EventTimerFired, Scope: d.scope, ID: d.id})
}

// startChild starts an execution of a distributed Map; its end is told to r in its turn on the clock.
func (r *Run) startChild(effect *asl.Effect) {
	request, scope, run := effect.Child, effect.Scope, effect.ID
	if r.children == nil {
		r.children = map[int64]map[int]*Run{}
	}
	if r.children[run] == nil {
		r.children[run] = map[int]*Run{}
	}
	r.children[run][request.Index] = r.engine.start(request.Machine, request.Identity, request.Input, r.top, func(x asl.Execution) {
		children := r.children[run]
		if _, there := children[request.Index]; !there {
			return // all have been stopped
		}
		if delete(children, request.Index); len(children) == 0 {
			delete(r.children, run)
		}
		r.engine.options.Clock.Post(func() {
			r.step(asl.Event{Kind: asl.EventChildEnded, Scope: scope, ID: run, Child: asl.EndOf(request, &x)})
		})
	})
}

func (r *Run) start(effect *asl.Effect) {
	o := &r.engine.options
	s := effect.Task.State
	task := Task{
		Execution: r.x.Identity().Name, Top: r.top, ID: effect.ID, State: s.Name,
		Resource: s.Resource, Activity: s.Activity, Input: effect.Task.Input,
	}
	a := &answer{run: r, event: asl.Event{Scope: effect.Scope, ID: effect.ID}}
	h := o.Handlers[s.Activity]
	if s.Activity == "" || h == nil {
		h = o.Other
	}
	if h == nil {
		a.Fail(asl.ErrRuntime, fmt.Sprintf("nothing here answers the resource %s", s.Resource))
		return
	}
	r.waits.put(task.ID, wait{})
	cancel := h.Start(task, a)
	if cancel == nil {
		return
	}
	if _, ok := r.waits.take(task.ID); ok {
		r.waits.put(task.ID, wait{cancel: cancel})
	} else {
		cancel() // starting it has ended the execution
	}
}

// answer is the Reply to one task. What it is told reaches the execution through the clock's queue, so that a handler may
// reply while it is being started, and so that what follows has the time at which the reply came.
type answer struct {
	run   *Run
	event asl.Event
	given bool
}

// give posts the answer itself.
func (a *answer) give() {
	a.given = true
	a.run.engine.options.Clock.post(a)
}

func (a *answer) do() {
	a.run.waits.take(a.event.ID)
	a.run.step(a.event)
}

// send posts something that comes before the answer.
func (a *answer) send(event asl.Event) {
	event.Scope, event.ID = a.event.Scope, a.event.ID
	a.run.engine.options.Clock.Post(func() { a.run.step(event) })
}

// Succeed implements [Reply].
func (a *answer) Succeed(output any) {
	if !a.given {
		a.event.Kind, a.event.Output = asl.EventTaskSucceeded, output
		a.give()
	}
}

// Fail implements [Reply].
func (a *answer) Fail(name, cause string) {
	if !a.given {
		a.event.Kind, a.event.Failure = asl.EventTaskFailed, &asl.Error{Name: name, Cause: cause}
		a.give()
	}
}

// Heartbeat implements [Reply].
func (a *answer) Heartbeat() { a.send(asl.Event{Kind: asl.EventTaskHeartbeat}) }

// Submit implements [Reply].
func (a *answer) Submit(output any) { a.send(asl.Event{Kind: asl.EventTaskSubmitted, Output: output}) }

// Epoch is when simulated time begins: a fixed date, so that two runs tell the same times.
var Epoch = time.Date(2025, time.January, 1, 8, 0, 0, 0, time.UTC)
