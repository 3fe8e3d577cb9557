package engine

import (
	"errors"
	"fmt"
	"slices"

	"signalbox/asl"
)

// ErrInterrupted is the name of the error with which a Task fails that was pending when the program ended, unless its handler
// is a [Reattacher].
const ErrInterrupted = "Task.Interrupted"

// ErrEnded is the error of restoring an execution that has ended.
var ErrEnded = errors.New("has ended")

// A Reattacher is a Handler that takes up Tasks which were pending when the program ended. Without it they fail with
// [ErrInterrupted]: an action is not repeated blindly.
type Reattacher interface {
	Handler
	// Reattach is Start for a Task that has been started before, or was about to be. It may start it again, reply with what it
	// knows of it, fail it, or wait for a reply to its token. [Task.Started] has whether a worker had begun.
	Reattach(task Task, reply Reply) (cancel func())
}

// Idempotent returns h as a [Reattacher] that starts pending Tasks again.
func Idempotent(h Handler) Reattacher { return idempotent{h} }

type idempotent struct{ Handler }

func (h idempotent) Reattach(task Task, reply Reply) func() { return h.Start(task, reply) }

// A Restoring says how an execution is restored. The zero Restoring will do for one without distributed Maps.
type Restoring struct {
	// Done is called when the execution has ended. May be nil.
	Done func(asl.Execution)
	// Child returns the stored execution of a child of a distributed Map, ended or not, and whether there is one: a child that
	// is not stored had not begun, and begins now. Nil: none is stored.
	Child func(request *asl.ChildRequest) (x asl.Execution, stored bool)
}

// Restore takes up a stored execution of m that has not ended: after its last stored Step, with the children that it waits for.
// Its timers are set again; those that are late fire first, in the order of their times, over all executions that are
// restored before the clock runs on. Then its pending tasks are given to their handlers (see [Reattacher]), and its requests
// for objects are made again. [Run.History] begins with the next event.
//
// The error is [ErrExists] while an execution with this ARN is running, and [ErrEnded] for one that has ended.
func (e *Engine) Restore(m *asl.Machine, x asl.Execution, how Restoring) (*Run, error) {
	who := x.Identity()
	r := &Run{who: &who, done: how.Done}
	if err := e.refuse(r); err != nil {
		return nil, err
	}
	if x.Status != asl.StatusRunning {
		return nil, fmt.Errorf("engine: execution %s: %w", r.ARN(), ErrEnded)
	}
	e.restore(r, m, x, &how)
	return r, nil
}

// restore sets what a stored execution waits for, and posts what is to follow its late timers.
func (e *Engine) restore(r *Run, m *asl.Machine, x asl.Execution, how *Restoring) {
	r.x, r.copied = x, true
	e.register(r, m)
	clock := e.options.Clock
	if len(x.Positions()) == 0 {
		clock.post(r) // it has not begun
		return
	}
	var objects []int64
	for _, effect := range m.Waits(&x) {
		switch effect.Kind {
		case asl.EffectSetTimer:
			clock.setLate(&r.newDeadline(&effect).timer, effect.At)
		case asl.EffectStartTask:
			r.newPending(&effect).restored = true
		case asl.EffectStartChild:
			r.restoreChild(&effect, how)
		case asl.EffectRequestObject:
			objects = append(objects, effect.ID)
		case asl.EffectContinue:
			r.proceed()
		}
	}
	clock.Post(func() { r.reattach(objects) })
}

// restoreChild takes up a child of a distributed Map: as it is stored, or from its beginning.
func (r *Run) restoreChild(effect *asl.Effect, how *Restoring) {
	var x asl.Execution
	stored := false
	if how.Child != nil {
		x, stored = how.Child(effect.Child)
	}
	switch {
	case !stored:
		r.startChild(effect)
	case x.Status == asl.StatusRunning:
		r.engine.restore(r.newChild(effect), effect.Child.Machine, x, how)
	default:
		r.newChild(effect).child.finish(&x)
	}
}

// reattach takes up the tasks, and the requests for objects, that the execution still waits for now that late timers have fired.
func (r *Run) reattach(objects []int64) {
	for _, effect := range r.machine.Waits(&r.x) {
		switch effect.Kind {
		case asl.EffectStartTask:
			if w, ok := r.waits.find(effect.ID); ok && w.task.restored {
				w.task.start(&effect)
			}
		case asl.EffectRequestObject:
			if slices.Contains(objects, effect.ID) {
				r.requestObject(&effect)
			}
		}
	}
}
