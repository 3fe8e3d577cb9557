package mock

import (
	"fmt"
	"strings"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
)

// A Player answers the Tasks of one execution, and of the child executions that a distributed Map starts in it: the n-th
// invocation of a state, whether retried, looped to or in another iteration, has the n-th answer. It is an
// [engine.Handler] for the clock's goroutine.
type Player struct {
	c           *Case
	invocations map[string]int // so far, by state
}

// Play returns a player at its beginning.
func (c *Case) Play() *Player { return &Player{c, map[string]int{}} }

// Start implements [engine.Handler]. A Task whose state has no response fails, as does one beyond the last answer, with
// States.Runtime: no Catch takes it, so that a gap in the file never passes for a failure of the Task.
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
	if handedOn(t.Resource) {
		reply.Submit(value.NewObject()) // what the service said is not in the file
	}
	if a.failure != nil {
		reply.Fail(a.failure.Name, a.failure.Cause)
		return nil
	}
	reply.Succeed(result(t.Resource, a.output))
	return nil
}

// Before returns a handler that leaves the Tasks of states without a response to another one.
func (p *Player) Before(other engine.Handler) engine.Handler { return before{p, other} }

type before struct {
	player *Player
	other  engine.Handler
}

func (b before) Start(t engine.Task, reply engine.Reply) func() {
	if b.player.c.Mocks(t.State) {
		return b.player.Start(t, reply)
	}
	return b.other.Start(t, reply)
}

// handedOn reports whether a service takes the Task first and answers later.
func handedOn(resource string) bool {
	_, action, _ := strings.Cut(resource, ":states:::")
	_, pattern, _ := strings.Cut(action, ".")
	return pattern == "sync" || pattern == "sync:2" || pattern == "waitForTaskToken"
}

// result is what a Return gives the state. Mocks are written as the service answers; where the resource is a Lambda function,
// that is Invoke's answer, of which the state gets the payload.
func result(resource string, output any) any {
	if o, ok := output.(*value.Object); ok && isFunction(resource) {
		if payload, ok := o.Lookup("Payload"); ok {
			return payload
		}
	}
	return output
}

// isFunction reports whether a resource is a Lambda function itself, arn:aws:lambda:REGION:ACCOUNT:function:NAME.
func isFunction(resource string) bool {
	arn := strings.Split(resource, ":")
	return len(arn) > 6 && arn[2] == "lambda" && arn[5] == "function"
}
