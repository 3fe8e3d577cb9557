package engine

import (
	"fmt"
	"time"

	"signalbox/asl"
)

// A Task is one attempt of a Task state, as its handler sees it.
type Task struct {
	Execution string // the execution's ARN
	Top       string // ARN of the execution at the top: differs from Execution in children of distributed Maps
	ID        int64  // differs for every attempt of every Task of the execution
	State     string
	Resource  string // as in the definition
	Activity  string // the name behind "activity:" in Resource, else ""
	Input     any    // see package value
	// Credentials is the evaluated field of the state; nil: none.
	Credentials any
	Timeout     time.Duration // 0: none
	Heartbeat   time.Duration // longest time between heartbeats; 0: any
	// Started reports in [Reattacher.Reattach] whether a worker had begun the Task or a service had accepted it.
	Started bool

	pending *pending // nil in Tasks made outside the engine
}

// Token returns the task token: the one in $$.Task.Token of a state with .waitForTaskToken, and the one for a worker outside.
// It is the same after a restart. From now on [Engine.ReplyTo] finds the Reply by it. In Tasks made outside the engine it is
// "".
func (t *Task) Token() string {
	if t.pending == nil {
		return ""
	}
	return t.pending.register()
}

// A Reply takes the answer to one Task. Calls after the first Succeed or Fail are ignored, and so are all calls after the
// Task has timed out or its execution has ended. The methods are for the clock's goroutine; other goroutines use
// [Clock.Post].
type Reply interface {
	Succeed(output any)
	Fail(name, cause string)
	// Heartbeat restarts the heartbeat timer.
	Heartbeat()
	// Started records that a worker, whose name may be "", has begun the Task. Without it the start is recorded with the
	// answer.
	Started(worker string)
	// Submit records that a service has accepted the job of a Task with .sync or .waitForTaskToken, and its response. The
	// answer follows later.
	Submit(output any)
}

// A Handler carries out the Tasks of an activity. Start is called on the clock's goroutine and must not block: it replies at
// once, or keeps the reply for later. The engine calls cancel (may be nil) if the Task ends without a reply, because it has
// timed out or the execution has been stopped.
type Handler interface {
	Start(task Task, reply Reply) (cancel func())
}

// HandlerFunc is a Handler that replies at once: with the output, or with an error if name is not empty.
type HandlerFunc func(task Task) (output any, name, cause string)

// Start implements [Handler].
func (f HandlerFunc) Start(task Task, reply Reply) func() {
	output, name, cause := f(task)
	if name != "" {
		reply.Fail(name, cause)
	} else {
		reply.Succeed(output)
	}
	return nil
}

// A pending is a Task under way, and its Reply. Answers go through the clock's queue, so that a handler may reply during
// Start, and so that the next Step has the time of the answer.
type pending struct {
	run      *Run
	scope    asl.ScopePath
	id       int64
	cancel   func() // nil: nothing to do
	output   any
	failure  *asl.Error // nil: success
	given    bool       // the answer is in the clock's queue
	ended    bool       // the execution no longer waits for an answer
	token    bool       // it is in Engine.tokens
	restored bool       // it was pending when the program ended
}

// register adds the Reply to Engine.tokens and returns its token.
func (p *pending) register() string {
	token := p.run.who.Token(p.id)
	if !p.ended {
		p.token = true
		p.run.engine.tokens[token] = p
	}
	return token
}

// newPending returns a Task that is registered with the execution, but not started.
func (r *Run) newPending(effect *asl.Effect) *pending {
	p := &pending{run: r, scope: effect.Scope, id: effect.ID}
	r.waits.put(p.id, wait{task: p})
	if effect.Task.Token != "" {
		p.register()
	}
	return p
}

// start passes the Task to its handler, for the first time or after a restart.
func (p *pending) start(effect *asl.Effect) {
	r, request := p.run, effect.Task
	s := request.State
	h := r.engine.handlers[s.Activity]
	if s.Activity == "" || h == nil {
		h = r.engine.options.Other
	}
	if h == nil {
		p.Fail(asl.ErrRuntime, fmt.Sprintf("nothing here answers the resource %s", s.Resource))
		return
	}
	task := Task{
		Execution: r.ARN(), Top: r.top().ARN(), ID: p.id, State: s.Name, Resource: s.Resource, Activity: s.Activity, Input: request.Input,
		Credentials: request.Credentials, Timeout: request.Timeout, Heartbeat: request.Heartbeat, Started: effect.Started, pending: p,
	}
	var cancel func()
	if !p.restored {
		cancel = h.Start(task, p)
	} else if h, ok := h.(Reattacher); ok {
		cancel = h.Reattach(task, p)
	} else {
		p.Fail(ErrInterrupted, "the program ended while the task was pending")
	}
	switch {
	case cancel == nil:
	case p.ended:
		cancel() // starting it has ended the execution
	default:
		p.cancel = cancel
	}
}

// end cancels a Task whose answer will be ignored.
func (p *pending) end() {
	if p.close(); p.cancel != nil {
		p.cancel()
	}
}

// close marks the Task as ended.
func (p *pending) close() {
	if p.ended = true; !p.token {
		return
	}
	tokens, token := p.run.engine.tokens, p.run.who.Token(p.id)
	if tokens[token] == p { // an execution with the same seed has the same tokens
		delete(tokens, token)
	}
}

// give posts the answer.
func (p *pending) give() {
	p.given = true
	p.run.engine.options.Clock.post(p)
}

// do delivers the answer.
func (p *pending) do() {
	p.run.waits.take(p.id)
	p.close()
	event := asl.Event{Kind: asl.EventTaskSucceeded, Scope: p.scope, ID: p.id, Output: p.output}
	if p.failure != nil {
		event.Kind, event.Failure = asl.EventTaskFailed, p.failure
	}
	p.run.step(event)
}

// send posts an event that comes before the answer.
func (p *pending) send(event asl.Event) {
	event.Scope, event.ID = p.scope, p.id
	p.run.engine.options.Clock.Post(func() { p.run.step(event) })
}

// Succeed implements [Reply].
func (p *pending) Succeed(output any) {
	if !p.given {
		p.output = output
		p.give()
	}
}

// Fail implements [Reply].
func (p *pending) Fail(name, cause string) {
	if !p.given {
		p.failure = &asl.Error{Name: name, Cause: cause}
		p.give()
	}
}

// Heartbeat implements [Reply].
func (p *pending) Heartbeat() { p.send(asl.Event{Kind: asl.EventTaskHeartbeat}) }

// Started implements [Reply].
func (p *pending) Started(worker string) {
	p.send(asl.Event{Kind: asl.EventTaskStarted, Worker: worker})
}

// Submit implements [Reply].
func (p *pending) Submit(output any) { p.send(asl.Event{Kind: asl.EventTaskSubmitted, Output: output}) }
