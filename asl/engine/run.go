package engine

import (
	"iter"

	"signalbox/asl"
)

// A Run is one execution in an engine. Its methods are for the clock's goroutine, or while the clock does not run.
type Run struct {
	engine   *Engine
	machine  *asl.Machine
	x        asl.Execution  // after its last Step; before the first it has an Input only
	durable  *asl.Execution // after its last Step that is durable; nil without a journal
	copied   bool           // x has been copied since its last Step
	who      *asl.Identity  // of x
	number   int64          // in the order of starts
	window   window
	waits    waits
	done     func(asl.Execution) // may be nil
	child    *child              // nil: started from outside
	children *children           // nil: none
}

// ARN returns the execution's ARN, or its name if it has none: the key for [Engine.Lookup].
func (r *Run) ARN() string {
	if r.who.ID == "" {
		return r.who.Name
	}
	return r.who.ID
}

// Identity returns the names of the execution and its machine.
func (r *Run) Identity() asl.Identity { return *r.who }

// Machine returns the machine that the execution runs.
func (r *Run) Machine() *asl.Machine { return r.machine }

// Parent returns the execution whose distributed Map started r; nil if r is not a child.
func (r *Run) Parent() *Run {
	if r.child == nil {
		return nil
	}
	return r.child.parent
}

// top returns the execution that r is a child of, at any depth; r itself if it is not a child.
func (r *Run) top() *Run {
	for r.child != nil {
		r = r.child.parent
	}
	return r
}

// Snapshot returns a copy of the execution, which later Steps do not change. With a Journal it is the last durable state.
// Before the first Step only Input is set.
func (r *Run) Snapshot() asl.Execution {
	if r.durable != nil {
		return *r.durable
	}
	r.copied = true
	return r.x
}

// History ranges over the events in the history window, oldest first.
func (r *Run) History() iter.Seq[asl.HistoryEvent] {
	return r.window.all(r.engine.options.HistoryLimit)
}

// Stop aborts the execution. Its tasks are cancelled before Stop returns; with a Journal, when the Step is durable. After the
// end Stop does nothing.
func (r *Run) Stop(name, cause string) {
	event := asl.Event{Kind: asl.EventStop, Failure: &asl.Error{Name: name, Cause: cause}}
	if r.x.Started.IsZero() {
		event.Input = r.x.Input
	}
	r.step(event)
}

// do makes the first Step.
func (r *Run) do() { r.step(asl.Event{Kind: asl.EventStart, Input: r.x.Input}) }

// step applies an event to the execution. The effects are done at once, or with a Journal when the Step is durable.
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
		// Children are stopped at once: that does not leave the engine, and their Steps are recorded behind this one.
		if out.Do[i].Kind == asl.EffectStopChildren {
			r.family().stopping = append(r.family().stopping, out.Do[i].ID)
			r.stopChildren(out.Do[i].ID)
		}
	}
}

// publish shows the result of a Step, after which the execution is x, does its effects, and releases out.
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

// carryOut does an effect.
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

// proceed posts the event that continues an unfinished Step.
func (r *Run) proceed() {
	r.engine.options.Clock.Yield(func() { r.step(asl.Event{Kind: asl.EventContinue}) })
}

// finish removes an ended execution from the engine and reports the end.
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

// A deadline is a timer of an execution.
type deadline struct {
	timer
	run   *Run
	scope asl.ScopePath
	id    int64
}

// newDeadline returns a timer that is registered with the execution, but not set.
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
