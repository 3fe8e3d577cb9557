package engine

import (
	"errors"
	"fmt"
	"slices"

	"signalbox/asl"
)

// ErrInterrupted is the name of the error of a Task that was pending when the program ended and whose handler is no
// [Reattacher].
const ErrInterrupted = "Task.Interrupted"

// ErrEnded is the error of [Engine.Restore] for an execution that has ended. For errors.Is.
var ErrEnded = errors.New("has ended")

// A Reattacher is a Handler that decides how Tasks continue that were pending when the program ended. Tasks of other handlers
// fail with [ErrInterrupted]: no action is repeated blindly.
type Reattacher interface {
	Handler
	// Reattach is like Start, for a Task that may have been started before the restart. It may start the Task again, reply
	// with a known result, fail the Task, or leave it waiting for a reply by token (see [Engine.ReplyTo]). [Task.Started]
	// reports whether a worker had begun.
	Reattach(task Task, reply Reply) (cancel func())
}

// Idempotent returns a [Reattacher] that starts pending Tasks of h again.
func Idempotent(h Handler) Reattacher { return idempotent{h} }

type idempotent struct{ Handler }

func (h idempotent) Reattach(task Task, reply Reply) func() { return h.Start(task, reply) }

// Restoring has the options of [Engine.Restore]. The zero value is good for executions without distributed Maps.
type Restoring struct {
	// Done is called when the execution has ended. May be nil.
	Done func(asl.Execution)
	// Child returns the stored execution of a child of a distributed Map, running or ended, and whether there is one. A child
	// without a stored execution had not begun, and is started. Nil: none is stored.
	Child func(request *asl.ChildRequest) (x asl.Execution, stored bool)
}

// Restore resumes a stored execution of m after its last Step, together with the children that its distributed Maps wait for.
// It sets the timers again; late ones fire first, in the order of their times, across all executions that are restored before
// the clock goes on. Then it passes pending tasks to their handlers (see [Reattacher]) and repeats requests for objects.
// [Run.History] begins with the next event.
//
// The error is [ErrExists] if an execution with this ARN is running, and [ErrEnded] if x has ended.
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

// restore registers what a stored execution waits for, and posts the rest, which follows its late timers.
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

// restoreChild resumes a child of a distributed Map, or starts it if it is not stored.
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

// reattach continues the restored tasks and requests for objects that the execution still waits for after its late timers.
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
