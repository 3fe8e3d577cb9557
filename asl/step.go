package asl

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"signalbox/asl/jsonpath"
	"signalbox/asl/value"
)

// budget is the number of states that one Step enters at most. With a larger one the slices of effects grow, with a smaller one
// the cost of a call is paid more often.
const budget = 256

// Step applies an event to the execution x, in place, and appends the history events and effects that follow to out. It
// enters states until the execution waits for something, has ended, or has entered 256 of them; then the last effect is
// [EffectContinue]. Copies of x are not changed. Between Steps of different executions out is reset.
func (m *Machine) Step(x *Execution, event Event, out *Effects) {
	if !out.Unshared {
		x.shared = x.steps
	}
	x.steps++
	st := &out.stepper
	*st = stepper{m: m, x: x, now: event.Time, out: out, budget: budget, args: st.args}
	switch {
	case event.Kind == EventActivityDeleted, event.Kind == EventActivityCreated:
		x.recordActivity(&event)
	case event.Kind == EventStart:
		if x.root == nil {
			st.start(event)
		}
	case x.Status != StatusRunning, x.root == nil && event.Kind != EventStop:
	case event.Kind == EventStop:
		if x.root == nil { // stopped before EventStart
			x.Input, x.Started, x.root = event.Input, st.now, &Scope{owner: x.steps, state: m.start}
		}
		st.abort(x.root)
		x.Failure = event.Failure
		st.finish(StatusAborted, HistoryExecutionAborted)
	case event.Kind == EventTimerFired && event.ID == x.timeout:
		x.timeout = 0
		st.abort(x.root)
		x.Failure = &Error{Name: ErrTimeout}
		st.finish(StatusTimedOut, HistoryExecutionTimedOut)
	default:
		x.root = st.own(x.root)
		if event.Kind == EventContinue {
			x.unfinished = false
			st.resume(x.root)
		} else {
			st.deliver(x.root, event.Scope, &event)
		}
		st.conclude()
	}
	*st = stepper{args: st.args} // keeps nothing but memory for the next Step
}

// recordActivity adds an activity to the list of deleted ones, or takes it off.
func (x *Execution) recordActivity(event *Event) {
	deleted := slices.DeleteFunc(slices.Clone(x.deleted), func(arn string) bool { return arn == event.Activity })
	if event.Kind == EventActivityDeleted {
		deleted = append(deleted, event.Activity)
	}
	x.deleted = deleted
}

// A stepper is one Step under way.
type stepper struct {
	m          *Machine
	x          *Execution
	now        time.Time
	out        *Effects
	budget     int         // how many more states may be entered
	unfinished bool        // it was used up
	dated      bool        // the history has the time of this Step
	scratch    environment // of the evaluation under way
	args       []any       // of the intrinsic functions that are being called, outer before inner
}

// start begins the execution with its first state.
func (st *stepper) start(event Event) {
	x := st.x
	x.Input, x.Started = event.Input, st.now
	x.root = &Scope{owner: x.steps, state: st.m.start, data: event.Input}
	st.record(x.root, HistoryEvent{Type: HistoryExecutionStarted, Data: event.Input})
	if st.m.Timeout > 0 {
		x.timeout, _ = st.setTimer(x.root, st.now.Add(st.m.Timeout))
	}
	st.run(x.root)
	st.conclude()
}

// conclude ends the execution if its root scope has ended, and asks for another Step if the budget was used up.
func (st *stepper) conclude() {
	x := st.x
	switch x.root.phase {
	case ended:
		x.Output = x.root.data
		st.finish(StatusSucceeded, HistoryExecutionSucceeded)
	case broken:
		x.Failure = x.root.failure
		st.finish(StatusFailed, HistoryExecutionFailed)
	default:
		if st.unfinished {
			x.unfinished = true
			st.out.Do = append(st.out.Do, Effect{Kind: EffectContinue})
		}
	}
}

// finish ends the execution with a status and records the event for it.
func (st *stepper) finish(status Status, kind HistoryType) {
	x := st.x
	x.Status, x.Stopped, x.unfinished = status, st.now, false
	x.root = st.own(x.root)
	st.record(x.root, HistoryEvent{Type: kind, Data: x.Output, Error: x.Failure})
	if x.timeout != 0 {
		st.cancelTimer(&x.timeout, "")
	}
	st.out.Do = append(st.out.Do, Effect{Kind: EffectFinish})
}

// record adds an event to the history, numbered and joined to the scope's thread of events, and returns its id.
func (st *stepper) record(sc *Scope, e HistoryEvent) int64 {
	st.x.events++
	e.ID, e.Previous = st.x.events, sc.previous
	switch e.Type {
	case HistoryExecutionAborted:
		e.Previous = 0 // as a recording of StopExecution shows
	case HistoryExecutionStarted, HistoryIterationSucceeded, HistoryIterationFailed, HistoryStateAborted,
		HistoryIterationAborted, HistoryFanSucceeded, HistoryMapRunSucceeded, HistoryMapRunAborted:
	default:
		sc.previous = e.ID
	}
	if !st.dated {
		st.dated = true
		st.out.History.setTime(st.now)
	}
	st.out.History.add(st.m, &e)
	return e.ID
}

// run enters states until the scope waits, ends, or the budget is used up.
func (st *stepper) run(sc *Scope) {
	for sc.phase == ready {
		if st.budget <= 0 {
			st.unfinished = true
			return
		}
		st.budget--
		st.enter(sc)
	}
}

// resume continues every scope of the tree that a Step has left because its budget was used up.
func (st *stepper) resume(sc *Scope) {
	if sc.phase == fanned {
		active := sc.fan.parts.scopes()
		for i, child := range active {
			if sc.phase != fanned {
				break
			}
			if child.phase != ready && child.phase != fanned {
				continue // waits for an event of its own
			}
			child = st.own(child)
			rest := st.splitBudget(len(active) - i + 1) // one share is for the parts that have not begun
			st.resume(child)
			st.budget += rest
			st.absorb(sc, child)
		}
		st.budget = max(st.budget, 1) // parts that never wait must not keep others from beginning
		st.startReady(sc)
	}
	st.run(sc)
}

// startReady starts the parts of a fan that may start now, after one has ended or a budget was used up.
func (st *stepper) startReady(sc *Scope) {
	switch {
	case sc.phase != fanned:
	case sc.fan.run == nil:
		st.startParts(sc)
	case sc.fan.run.stage == stageRunning:
		st.advanceMapRun(sc)
	}
}

// splitBudget reduces the budget to one of n shares, at least one state, and returns the rest for the caller to add again. A
// branch that never waits can so not starve the others.
func (st *stepper) splitBudget(n int) (rest int) {
	share := max(1, st.budget/n)
	rest = st.budget - share
	st.budget = share
	return rest
}

// deliver passes an event down to the scope at path. On the way back up each fan absorbs what has become of its part.
func (st *stepper) deliver(sc *Scope, path ScopePath, event *Event) {
	if path == "" {
		st.handle(sc, event)
		st.run(sc)
		return
	}
	if sc.phase != fanned {
		return
	}
	index, rest := path.first()
	if index < sc.fan.parts.n {
		if child, ok := sc.fan.parts.at(index).(*Scope); ok {
			child = st.own(child)
			st.deliver(child, rest, event)
			st.absorb(sc, child)
			st.startReady(sc)
		}
	}
	st.run(sc)
}

// handle applies an event to its scope. Stale events are ignored.
func (st *stepper) handle(sc *Scope, event *Event) {
	isTask := sc.phase == tasking && event.ID == sc.task
	switch event.Kind {
	case EventTaskStarted:
		if isTask {
			st.taskStarted(sc, event.Worker)
		}
	case EventTaskSubmitted:
		if isTask {
			st.taskStarted(sc, "")
			st.record(sc, HistoryEvent{Type: HistoryTaskSubmitted, State: sc.state, Data: event.Output})
		}
	case EventTaskHeartbeat:
		if isTask && sc.heartbeat != 0 {
			st.cancelTimer(&sc.heartbeat, sc.path)
			sc.heartbeat, sc.heartbeatDue = st.setTimer(sc, st.now.Add(sc.request.Heartbeat))
		}
	case EventTaskSucceeded:
		if isTask {
			st.taskStarted(sc, "")
			st.clearTask(sc)
			if value.Size(event.Output) > maxPayload {
				err := tooLarge(sc.state.serviceName())
				st.record(sc, HistoryEvent{Type: HistoryTaskFailed, State: sc.state, Error: err})
				st.fail(sc, err)
				return
			}
			st.record(sc, HistoryEvent{Type: HistoryTaskSucceeded, State: sc.state, Data: event.Output})
			st.succeed(sc, event.Output)
		}
	case EventTaskFailed:
		if isTask {
			st.taskStarted(sc, "")
			st.clearTask(sc)
			st.record(sc, HistoryEvent{Type: HistoryTaskFailed, State: sc.state, Error: event.Failure})
			st.fail(sc, event.Failure)
		}
	case EventTimerFired:
		st.timerFired(sc, event.ID)
	case EventChildEnded, EventObjectSucceeded, EventObjectFailed:
		if sc.phase == fanned && sc.fan.run != nil {
			st.mapRunEvent(sc, event)
		}
	}
}

// timerFired ends a Wait, begins a retry, or lets a task time out. A stale timer is ignored.
func (st *stepper) timerFired(sc *Scope, id int64) {
	switch {
	case id == 0:
	case sc.phase == waiting && id == sc.timer:
		sc.timer = 0
		if in, err := st.effectiveInput(sc); err != nil {
			st.fail(sc, err)
		} else {
			st.leave(sc, in, in, transition{next: sc.state.next, assign: sc.state.assign})
		}
	case sc.phase == backoff && id == sc.timer:
		sc.timer = 0
		st.attempt(sc)
	case sc.phase == tasking && (id == sc.timer || id == sc.heartbeat):
		kind := ErrTimeout
		if id == sc.heartbeat {
			sc.heartbeat, kind = 0, ErrHeartbeatTimeout
		} else {
			sc.timer = 0
		}
		st.out.Do = append(st.out.Do, Effect{Kind: EffectCancelTask, Scope: sc.path, ID: sc.task})
		st.clearTask(sc)
		err := &Error{Name: ErrTimeout} // AWS records a missing heartbeat so, too
		st.record(sc, HistoryEvent{Type: HistoryTaskTimedOut, State: sc.state, Error: err})
		st.failAs(sc, err, kind)
	}
}

// enter records that the scope's state was entered, and executes it.
func (st *stepper) enter(sc *Scope) {
	sc.entered, sc.attempts = instantOf(st.now), nil
	sc.enteredID = st.record(sc, HistoryEvent{
		Type: HistoryStateEntered, State: sc.state, From: sc.from, Data: sc.data, Reason: sc.why, Index: sc.whyIndex,
	})
	st.attempt(sc)
}

// attempt executes the scope's state, for the first time or as a retry, and handles its failure.
func (st *stepper) attempt(sc *Scope) {
	if err := st.execute(sc); err != nil {
		st.fail(sc, err)
	}
}

// execute does what the state's type asks for, until the scope has left the state or waits in it. It returns a failure that
// Retry and Catch have not seen yet.
func (st *stepper) execute(sc *Scope) *Error {
	s := sc.state
	if s.jsonata {
		return st.locate(sc, runtimeError("The query language JSONata is not run by this version"))
	}
	if s.Type == TypeFail {
		return st.evaluateFail(sc)
	}
	in, err := st.effectiveInput(sc)
	if err != nil {
		return st.locate(sc, err)
	}
	switch s.Type {
	case TypePass:
		result := in
		if s.parameters != nil {
			if result, err = s.parameters.eval(st.env(sc, in)); err != nil {
				return st.locate(sc, err)
			}
		}
		if s.hasResult {
			result = s.result
		}
		st.succeed(sc, result)
	case TypeChoice:
		return st.choose(sc, in)
	case TypeSucceed:
		st.leave(sc, in, in, transition{})
	case TypeWait:
		until, err := st.waitEnd(sc, in)
		if err != nil {
			return st.locate(sc, err)
		}
		sc.phase = waiting
		sc.timer, sc.due = st.setTimer(sc, until)
	case TypeTask:
		return st.startTask(sc, in)
	default:
		return st.startFan(sc, in)
	}
	return nil
}

// env returns the environment for one evaluation. The next call reuses it.
func (st *stepper) env(sc *Scope, input any) *environment {
	st.scratch = environment{input: input, step: st, scope: sc}
	return &st.scratch
}

// effectiveInput returns the state's input after InputPath.
func (st *stepper) effectiveInput(sc *Scope) (any, *Error) {
	return st.applyPath(sc, sc.state.inputPath, sc.data)
}

// applyPath returns the part of v that InputPath or OutputPath selects.
func (st *stepper) applyPath(sc *Scope, f *pathField, v any) (any, *Error) {
	switch {
	case f == nil:
		return v, nil
	case f.null:
		return value.NewObject(), nil
	}
	found, err := st.env(sc, v).lookup(f.path)
	if err != nil {
		return nil, noResults(f.path, err)
	}
	return found, nil
}

// noResults returns the error of a path that selects nothing, in AWS's words: they differ for a path of which only the last
// step is missing.
func noResults(p *jsonpath.Path, err error) *Error {
	var missing *jsonpath.MissingError
	if errors.As(err, &missing) && missing.Path == missing.Whole {
		return runtimeError("Invalid path '%s' : No results for path: %s", p, missing.Whole)
	}
	return runtimeError("Invalid path '%s' : %s", p, err)
}

// locate prefixes the cause of a runtime error with the state and its entry in the history.
func (st *stepper) locate(sc *Scope, err *Error) *Error {
	if err == nil || err.Name != ErrRuntime {
		return err
	}
	return &Error{err.Name, "An error occurred while executing the state '" + sc.state.Name +
		"' (entered at the event id #" + strconv.FormatInt(sc.enteredID, 10) + "). " + err.Cause}
}

// succeed applies ResultSelector and ResultPath to the state's result and leaves by Next.
func (st *stepper) succeed(sc *Scope, result any) {
	s := sc.state
	var err *Error
	if s.resultSelector != nil {
		if result, err = s.resultSelector.eval(st.env(sc, result)); err != nil {
			st.fail(sc, st.locate(sc, err))
			return
		}
	}
	output, err := merge(sc.data, result, s.resultPath, s.discardResult)
	if err != nil {
		st.fail(sc, st.locate(sc, err))
		return
	}
	st.leave(sc, result, output, transition{next: s.next, assign: s.assign})
}

// A transition is the way by which a scope leaves a state: the next state (nil ends the scope), the reason, and Assign.
type transition struct {
	next   *State
	why    Reason
	index  int
	assign *template
}

// merge returns the state's input with the result at ResultPath.
func merge(input, result any, path *jsonpath.Path, discard bool) (any, *Error) {
	switch {
	case discard:
		return input, nil
	case path == nil:
		return result, nil
	}
	merged, err := path.Set(input, result)
	if err != nil {
		return nil, runtimeError("Unable to apply step \"%s\" to input %s", path, value.Text(input))
	}
	return merged, nil
}

// leave applies OutputPath to output and exits the state. In Assign, $ is the result.
func (st *stepper) leave(sc *Scope, result, output any, w transition) {
	output, err := st.applyPath(sc, sc.state.outputPath, output)
	if err == nil {
		err = st.exit(sc, result, output, w)
	}
	if err != nil {
		st.fail(sc, st.locate(sc, err))
	}
}

// maxPayload is the largest input, output or result, in bytes of JSON. AWS, "Quotas": 256 KiB.
const maxPayload = 256 << 10

// tooLarge returns the error of a state or task whose result exceeds maxPayload, in AWS's words.
func tooLarge(who string) *Error {
	return &Error{ErrDataLimit, "The state/task '" + who +
		"' returned a result with a size exceeding the maximum number of bytes service limit."}
}

// exit sets the variables of Assign, records the exit and makes the next state ready. Assign reads the old variables, the next
// state the new ones.
func (st *stepper) exit(sc *Scope, result, output any, w transition) *Error {
	if value.Size(output) > maxPayload {
		return tooLarge(sc.state.Name)
	}
	var assigned *value.Object
	if w.assign != nil {
		v, err := w.assign.eval(st.env(sc, result))
		if err != nil {
			return err
		}
		assigned = v.(*value.Object) // Assign is an object
		for name, v := range assigned.All() {
			sc.variables = sc.variables.With(name, v)
		}
	}
	st.record(sc, HistoryEvent{Type: HistoryStateExited, State: sc.state, Data: output, Assigned: assigned})
	sc.fan = nil
	if w.next == nil {
		sc.phase, sc.data = ended, output
		return nil
	}
	sc.phase, sc.from, sc.state, sc.data = ready, sc.state, w.next, output
	sc.why, sc.whyIndex = w.why, int32(w.index) //nolint:gosec // a place in a list of the definition
	return nil
}

// messageText returns a value as AWS's messages show it: a string without quotes, anything else as JSON.
func messageText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return value.Text(v)
}

// wholeNumber returns the whole number that v is, or is the text of: AWS takes both where a path selects a number.
func wholeNumber(v any) (int64, bool) {
	if s, ok := v.(string); ok {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil
	}
	n, ok := v.(int64)
	return n, ok
}

// abort cancels the tasks, timers and children that the scope and its parts wait for.
func (st *stepper) abort(sc *Scope) {
	switch sc.phase {
	case tasking:
		st.out.Do = append(st.out.Do, Effect{Kind: EffectCancelTask, Scope: sc.path, ID: sc.task})
		timer, heartbeat := sc.timer, sc.heartbeat
		st.cancelTimer(&timer, sc.path)
		st.cancelTimer(&heartbeat, sc.path)
	case waiting, backoff:
		timer := sc.timer
		st.cancelTimer(&timer, sc.path)
	case fanned:
		for _, child := range sc.fan.parts.scopes() {
			st.abort(child)
		}
		if sc.fan.run != nil {
			st.stopChildren(sc)
		}
	}
}
