package mock

import (
	"fmt"
	"strings"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
)

// A Player is the [engine.Handler] for one execution and the children of its distributed Maps. The n-th invocation of a state
// has the n-th answer, whether it is a retry, a loop or another iteration.
type Player struct {
	c           *Case
	invocations map[string]int // so far, by state
}

// Play returns a Player that has answered no invocation yet.
func (c *Case) Play() *Player { return &Player{c, map[string]int{}} }

// Start implements [engine.Handler]. A Task whose state has no response fails with States.Runtime, as do invocations beyond
// the last answer: no Catch takes that error, so that a gap in the file is not mistaken for a failure of the Task.
func (p *Player) Start(t engine.Task, reply engine.Reply) func() {
	r := p.c.responses[t.State]
	if r == nil {
		reply.Fail(asl.ErrRuntime, fmt.Sprintf("Nothing answers state '%s': test case '%s' of '%s' in %s has no response for it, "+
			"and nothing else here answers the resource %s", t.State, p.c.Name, p.c.Machine, p.c.file.name, t.Resource))
		return nil
	}
	n := p.invocations[t.State]
	p.invocations[t.State]++
	a := r.answer(n)
	if a == nil {
		last := "it has no answers"
		if len(r.answers) > 0 {
			last = fmt.Sprintf("its last one is for invocation %d", r.answers[len(r.answers)-1].last)
		}
		reply.Fail(asl.ErrRuntime, fmt.Sprintf("Response '%s' in %s has no answer for invocation %d of state '%s': %s",
			r.name, p.c.file.name, n, t.State, last))
		return nil
	}
	if submits(t.Resource) {
		reply.Submit(value.NewObject()) // the file has no responses of services to a submission
	}
	if a.failure != nil {
		reply.Fail(a.failure.Name, a.failure.Cause)
		return nil
	}
	reply.Succeed(result(t.Resource, a.output))
	return nil
}

// Before returns a handler that passes Tasks of states without a response to another handler.
func (p *Player) Before(other engine.Handler) engine.Handler { return before{p, other} }

// before tries a player, then another handler.
type before struct {
	player *Player
	other  engine.Handler
}

// Start implements [engine.Handler].
func (b before) Start(t engine.Task, reply engine.Reply) func() {
	if b.player.c.Mocks(t.State) {
		return b.player.Start(t, reply)
	}
	return b.other.Start(t, reply)
}

// submits reports whether the integration is one whose service accepts a job first and answers later.
func submits(resource string) bool {
	_, action, _ := strings.Cut(resource, ":states:::")
	_, pattern, _ := strings.Cut(action, ".")
	return pattern == "sync" || pattern == "sync:2" || pattern == "waitForTaskToken"
}

// result returns the state's result for a Return. Mocks have the shape of the service's response; if the resource is a Lambda
// function that is the response of Invoke, of which the state gets the payload.
func result(resource string, output any) any {
	if o, ok := output.(*value.Object); ok && isFunction(resource) {
		if payload, ok := o.Lookup("Payload"); ok {
			return payload
		}
	}
	return output
}

// isFunction reports whether a resource is the ARN of a Lambda function.
func isFunction(resource string) bool {
	arn := strings.Split(resource, ":")
	return len(arn) > 6 && arn[2] == "lambda" && arn[5] == "function"
}
