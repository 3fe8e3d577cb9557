package engine

import (
	"iter"
	"maps"
	"slices"

	"signalbox/asl"
)

// A Run is one execution in an engine. Its methods are for the clock's goroutine, or while the clock does not run.
type Run struct {
	engine   *Engine
	machine  *asl.Machine
	x        asl.Execution // before it begins its Input is set already
	arn      string
	number   int64 // in the order of starts
	window   window
	waits    waits
	done     func(asl.Execution) // may be nil
	child    *child              // nil: started from outside
	children map[int64]map[int]*Run
}

// A child says which distributed Map an execution works for.
type child struct {
	parent  *Run
	scope   asl.ScopePath
	mapRun  int64 // id of the effect that started it
	request *asl.ChildRequest
	end     *asl.ChildEnd // nil while it runs
}

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

// Snapshot returns the execution as it stands: a value that does not change. Before its first Step it has an Input only.
func (r *Run) Snapshot() asl.Execution { return r.x }

// History ranges over the events that are kept, oldest first.
func (r *Run) History() iter.Seq[asl.HistoryEvent] {
	return r.window.all(r.engine.options.HistoryLimit)
}

// Stop aborts the execution at once: its tasks are cancelled before Stop returns. It does nothing after the end.
func (r *Run) Stop(name, cause string) {
	r.step(asl.Event{Kind: asl.EventStop, Failure: &asl.Error{Name: name, Cause: cause}})
}

// do makes the first Step.
func (r *Run) do() { r.step(asl.Event{Kind: asl.EventStart, Input: r.x.Input}) }

// step takes the execution one event further and does the effects.
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
		r.carryOut(&out.Do[i])
	}
	out.Reset()
	r.engine.spare = append(r.engine.spare, out)
}

func (r *Run) carryOut(effect *asl.Effect) {
	clock := r.engine.options.Clock
	switch effect.Kind {
	case asl.EffectSetTimer:
		d := &deadline{run: r, scope: effect.Scope, id: effect.ID}
		d.work = d
		r.waits.put(d.id, wait{timer: &d.timer})
		clock.set(&d.timer, effect.At)
	case asl.EffectCancelTimer:
		if w, ok := r.waits.take(effect.ID); ok {
			clock.cancel(w.timer)
		}
	case asl.EffectStartTask:
		if r.x.Status == asl.StatusRunning {
			r.startTask(effect)
		}
	case asl.EffectCancelTask:
		if w, ok := r.waits.take(effect.ID); ok {
			w.task.end()
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
		r.requestObject(effect)
	case asl.EffectContinue:
		clock.Yield(func() { r.step(asl.Event{Kind: asl.EventContinue}) })
	case asl.EffectFinish:
		r.finish()
	}
}

// finish takes an execution that has ended out of the engine and reports its end.
func (r *Run) finish() {
	e := r.engine
	if e.runs[r.arn] == r {
		delete(e.runs, r.arn)
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

func (d *deadline) do() {
	d.run.waits.take(d.id)
	d.run.step(asl.Event{Kind: asl.EventTimerFired, Scope: d.scope, ID: d.id})
}

// startChild starts an execution of a distributed Map.
func (r *Run) startChild(effect *asl.Effect) {
	request := effect.Child
	if r.children == nil {
		r.children = map[int64]map[int]*Run{}
	}
	if r.children[effect.ID] == nil {
		r.children[effect.ID] = map[int]*Run{}
	}
	c := &Run{child: &child{parent: r, scope: effect.Scope, mapRun: effect.ID, request: request}}
	r.children[effect.ID][request.Index] = c
	r.engine.start(c, request.Machine, request.Identity, request.Input)
}

// finish posts the end of a child to its parent, unless the Map has stopped its children.
func (c *child) finish(x *asl.Execution) {
	children := c.parent.children[c.mapRun]
	if _, there := children[c.request.Index]; !there {
		return
	}
	if delete(children, c.request.Index); len(children) == 0 {
		delete(c.parent.children, c.mapRun)
	}
	c.end = asl.EndOf(c.request, x)
	c.parent.engine.options.Clock.post(c)
}

func (c *child) do() {
	c.parent.step(asl.Event{Kind: asl.EventChildEnded, Scope: c.scope, ID: c.mapRun, Child: c.end})
}
