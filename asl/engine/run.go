package engine

import (
	"iter"

	"signalbox/asl"
)

// A Run is one execution in an engine. Its methods are for the clock's goroutine, or while the clock does not run.
type Run struct {
	engine   *Engine
	machine  *asl.Machine
	x        asl.Execution  // after its last Step; before the first its Input is set already
	durable  *asl.Execution // after its last Step that is durable; nil without a journal
	copied   bool           // there is a copy of x from after its last Step
	who      *asl.Identity  // of x
	number   int64          // in the order of starts
	window   window
	waits    waits
	done     func(asl.Execution) // may be nil
	child    *child              // nil: started from outside
	children *children           // nil: none
}

// ARN returns what [Engine.Lookup] finds the execution by.
func (r *Run) ARN() string {
	if r.who.ID == "" {
		return r.who.Name
	}
	return r.who.ID
}

// Identity returns the names of the execution and its machine.
func (r *Run) Identity() asl.Identity { return *r.who }

// Machine returns what the execution is an execution of.
func (r *Run) Machine() *asl.Machine { return r.machine }

// Parent returns the execution whose distributed Map started r, nil for one that was started from outside.
func (r *Run) Parent() *Run {
	if r.child == nil {
		return nil
	}
	return r.child.parent
}

// top returns the execution that was started from outside.
func (r *Run) top() *Run {
	for r.child != nil {
		r = r.child.parent
	}
	return r
}

// Snapshot returns the execution as it stands, a value that does not change: with a Journal after the last Step that is durable.
// Before its first Step it has an Input only.
func (r *Run) Snapshot() asl.Execution {
	if r.durable != nil {
		return *r.durable
	}
	r.copied = true
	return r.x
}

// History ranges over the events that are kept, oldest first.
func (r *Run) History() iter.Seq[asl.HistoryEvent] {
	return r.window.all(r.engine.options.HistoryLimit)
}

// Stop aborts the execution at once: its tasks are cancelled before Stop returns, or with a Journal when that is durable. It
// does nothing after the end.
func (r *Run) Stop(name, cause string) {
	event := asl.Event{Kind: asl.EventStop, Failure: &asl.Error{Name: name, Cause: cause}}
	if r.x.Started.IsZero() {
		event.Input = r.x.Input
	}
	r.step(event)
}

// do makes the first Step.
func (r *Run) do() { r.step(asl.Event{Kind: asl.EventStart, Input: r.x.Input}) }

// step takes the execution one event further. The effects are done at once, or when the journal has the Step.
func (r *Run) step(event asl.Event) {
	e := r.engine
	if r.x.Status != asl.StatusRunning || e.commits.err != nil {
		return
	}
	event.Time = e.options.Clock.Now()
	out := e.effects()
	out.Unshared, r.copied = !r.copied, false
	r.machine.Step(&r.x, event, out)
	if e.commits.journal == nil {
		r.publish(&r.x, out)
		return
	}
	r.copied = true
	e.commits.add(r, &event, out)
	for i := range out.Do {
		// That children are stopped stays inside the engine: their Steps follow in the same commit or a later one.
		if out.Do[i].Kind == asl.EffectStopChildren {
			r.family().stopping = append(r.family().stopping, out.Do[i].ID)
			r.stopChildren(out.Do[i].ID)
		}
	}
}

// publish shows a Step and does its effects. It leaves x as it is after that Step, and uses out again.
func (r *Run) publish(x *asl.Execution, out *asl.Effects) {
	o := &r.engine.options
	if r.durable != nil {
		*r.durable = *x
	}
	r.window.add(&out.History, o.HistoryLimit)
	if o.Observer != nil {
		o.Observer.Observe(r, &out.History)
	}
	for i := range out.Do {
		r.carryOut(&out.Do[i])
	}
	r.engine.release(out)
}

func (r *Run) carryOut(effect *asl.Effect) {
	clock := r.engine.options.Clock
	switch effect.Kind {
	case asl.EffectSetTimer:
		clock.set(&r.newDeadline(effect).timer, effect.At)
	case asl.EffectCancelTimer:
		if w, ok := r.waits.take(effect.ID); ok {
			clock.cancel(w.timer)
		}
	case asl.EffectStartTask:
		if r.x.Status == asl.StatusRunning {
			r.newPending(effect).start(effect)
		}
	case asl.EffectCancelTask:
		if w, ok := r.waits.take(effect.ID); ok {
			w.task.end()
		}
	case asl.EffectStartChild:
		if stopping := r.children.stops(effect.ID); stopping || r.x.Status == asl.StatusRunning {
			r.startChild(effect)
		}
	case asl.EffectStopChildren:
		r.stopChildren(effect.ID)
		r.children.stopped(effect.ID)
	case asl.EffectRequestObject:
		r.requestObject(effect)
	case asl.EffectContinue:
		r.proceed()
	case asl.EffectFinish:
		r.finish()
	}
}

// proceed has an unfinished Step go on.
func (r *Run) proceed() {
	r.engine.options.Clock.Yield(func() { r.step(asl.Event{Kind: asl.EventContinue}) })
}

// finish takes an execution that has ended out of the engine and reports its end.
func (r *Run) finish() {
	e := r.engine
	if arn := r.ARN(); e.runs[arn] == r {
		delete(e.runs, arn)
	}
	if r.child != nil {
		r.child.finish(&r.x)
	}
	if r.done != nil {
		r.done(r.x)
	}
}

// deadline is a timer of an execution.
type deadline struct {
	timer
	run   *Run
	scope asl.ScopePath
	id    int64
}

func (r *Run) newDeadline(effect *asl.Effect) *deadline {
	d := &deadline{run: r, scope: effect.Scope, id: effect.ID}
	d.work = d
	r.waits.put(d.id, wait{timer: &d.timer})
	return d
}

func (d *deadline) do() {
	d.run.waits.take(d.id)
	d.run.step(asl.Event{Kind: asl.EventTimerFired, Scope: d.scope, ID: d.id})
}
