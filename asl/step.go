package asl

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"signalbox/asl/jsonpath"
	"signalbox/asl/value"
)

// budget is how many states one Step enters at most. Larger ones make the slice of effects grow, smaller ones pay for the
// call more often.
const budget = 256

// Step takes the execution x, in place, to where event leads, and adds to out what follows. It goes on until the execution
// waits for something, has ended, or the budget is used up; then one effect says [EffectContinue]. A copy of x made before is not
// touched.
func (m *Machine) Step(x *Execution, event Event, out *Effects) {
	if !out.Unshared {
		x.shared = x.steps
	}
	x.steps++
	st := &out.stepper
	*st = stepper{m: m, x: x, now: event.Time, out: out, budget: budget, args: st.args}
	switch {
	case event.Kind == EventActivityDeleted, event.Kind == EventActivityCreated:
		x.noteActivity(&event)
	case event.Kind == EventStart:
		if x.root == nil {
			st.start(event)
		}
	case x.Status != StatusRunning, x.root == nil && event.Kind != EventStop:
	case event.Kind == EventStop:
		if x.root == nil { // it has not begun, and never will
			x.Started, x.root = st.now, &Scope{owner: x.steps, state: m.start}
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
	*st = stepper{args: st.args} // lets go of everything but memory to use again
}

// noteActivity remembers that an activity does not exist, or exists again.
func (x *Execution) noteActivity(event *Event) {
	arn := event.Activity
	gone := slices.DeleteFunc(slices.Clone(x.deleted), func(one string) bool { return one == arn })
	if event.Kind == EventActivityDeleted {
		gone = append(gone, arn)
	}
	x.deleted = gone
}

// A stepper is one Step under way.
type stepper struct {
	m          *Machine
	x          *Execution
	now        time.Time
	out        *Effects
	budget     int
	unfinished bool
	scratch    environment
	args       []any // of the intrinsic functions that are being called, outer ones first
}

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

// conclude ends the execution when its root has ended, or asks for another Step.
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

func (st *stepper) finish(status Status, kind HistoryType) {
	x := st.x
	x.Status, x.Stopped = status, st.now
	x.root = st.own(x.root)
	st.record(x.root, HistoryEvent{Type: kind, Data: x.Output, Error: x.Failure})
	if x.timeout != 0 {
		st.cancelTimer(&x.timeout, "")
	}
	st.out.Do = append(st.out.Do, Effect{Kind: EffectFinish})
}

// record adds an event to the history and returns its id.
func (st *stepper) record(sc *Scope, e HistoryEvent) int64 {
	to := st.event(sc, e.Type)
	e.ID, e.Previous, e.Time = to.ID, to.Previous, to.Time
	*to = e
	return e.ID
}

// event adds an event to the history for the caller to fill in, numbered and joined to the scope's thread of events. It is
// record without a copy, for the events that every state has.
func (st *stepper) event(sc *Scope, kind HistoryType) *HistoryEvent {
	list := st.out.History
	if len(list) < cap(list) {
		list = list[:len(list)+1] // empty: see Effects.Reset
	} else {
		list = append(list, HistoryEvent{})
	}
	st.out.History = list
	st.x.events++
	e := &list[len(list)-1]
	e.ID, e.Previous, e.Time, e.Type = st.x.events, sc.previous, st.now, kind
	switch kind {
	case HistoryExecutionAborted:
		e.Previous = 0 // what aborts it comes from outside: a recording of StopExecution
	case HistoryExecutionStarted, HistoryIterationSucceeded, HistoryIterationFailed, HistoryStateAborted, HistoryIterationAborted, HistoryFanSucceeded,
		HistoryMapRunSucceeded, HistoryMapRunAborted:
	default:
		sc.previous = e.ID
	}
	return e
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

// resume goes on everywhere in the tree where a Step has stopped for lack of budget.
func (st *stepper) resume(sc *Scope) {
	if sc.phase == fanned {
		active := sc.fan.parts.scopes()
		for i, child := range active {
			if sc.phase != fanned {
				break
			}
			if child.phase != ready && child.phase != fanned {
				continue // it waits
			}
			child = st.own(child)
			rest := st.splitBudget(len(active) - i + 1) // one share is for those that have not begun
			st.resume(child)
			st.budget += rest
			st.absorb(sc, child)
		}
		st.budget = max(st.budget, 1) // what has not begun must not wait for those that never end
		st.startReady(sc)
	}
	st.run(sc)
}

// startReady starts what may start of a fan that has stopped for lack of budget, or of which a part has ended.
func (st *stepper) startReady(sc *Scope) {
	switch {
	case sc.phase != fanned:
	case sc.fan.run == nil:
		st.fill(sc)
	case sc.fan.run.stage == stageRunning:
		st.startChildren(sc)
	}
}

// splitBudget leaves one of n shares of the budget, at least one state, and returns the rest, which is to be added again. So one
// branch that never waits does not keep the others from going on.
func (st *stepper) splitBudget(n int) (rest int) {
	share := max(1, st.budget/n)
	rest = st.budget - share
	st.budget = share
	return rest
}

// deliver takes an event down to the scope at path, and what follows from it up again.
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

// handle is what an event does to the scope that it is for.
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
			if d, err := st.duration(sc, sc.state.heartbeat, "HeartbeatSecondsPath"); err == nil && d > 0 {
				sc.heartbeat, sc.heartbeatDue = st.setTimer(sc, st.now.Add(d))
			}
		}
	case EventTaskSucceeded:
		if isTask {
			st.taskStarted(sc, "")
			st.endTask(sc)
			if value.Size(event.Output) > maxPayload {
				err := tooLarge(sc.state.service())
				st.record(sc, HistoryEvent{Type: HistoryTaskFailed, State: sc.state, Error: err})
				st.fail(sc, err)
				return
			}
			e := st.event(sc, HistoryTaskSucceeded)
			e.State, e.Data = sc.state, event.Output
			st.succeed(sc, event.Output)
		}
	case EventTaskFailed:
		if isTask {
			st.taskStarted(sc, "")
			st.endTask(sc)
			st.record(sc, HistoryEvent{Type: HistoryTaskFailed, State: sc.state, Error: event.Failure})
			st.fail(sc, event.Failure)
		}
	case EventTimerFired:
		st.timerFired(sc, event.ID)
	case EventChildEnded, EventObjectSucceeded, EventObjectFailed:
		if sc.phase == fanned && sc.fan.run != nil {
			st.runEvent(sc, event)
		}
	}
}

func (st *stepper) timerFired(sc *Scope, id int64) {
	switch {
	case id == 0:
	case sc.phase == waiting && id == sc.timer:
		sc.timer = 0
		if in, err := st.in(sc); err != nil {
			st.fail(sc, err)
		} else {
			st.leave(sc, in, in, transition{next: sc.state.next, assign: sc.state.assign})
		}
	case sc.phase == backoff && id == sc.timer:
		sc.timer = 0
		st.work(sc)
	case sc.phase == tasking && (id == sc.timer || id == sc.heartbeat):
		kind := ErrTimeout
		if id == sc.heartbeat {
			sc.heartbeat, kind = 0, ErrHeartbeatTimeout
		} else {
			sc.timer = 0
		}
		st.out.Do = append(st.out.Do, Effect{Kind: EffectCancelTask, Scope: sc.path, ID: sc.task})
		st.endTask(sc)
		err := &Error{Name: ErrTimeout} // of a missing heartbeat as well, as AWS records it
		st.record(sc, HistoryEvent{Type: HistoryTaskTimedOut, State: sc.state, Error: err})
		st.failAs(sc, err, kind)
	}
}

// enter begins the scope's state.
func (st *stepper) enter(sc *Scope) {
	sc.entered, sc.attempts = instantOf(st.now), nil
	e := st.event(sc, HistoryStateEntered)
	e.State, e.From, e.Data, e.Reason, e.Index = sc.state, sc.from, sc.data, sc.why, sc.whyIndex
	sc.enteredID = e.ID
	st.work(sc)
}

// work does what the state does, for the first time or again.
func (st *stepper) work(sc *Scope) {
	if err := st.do(sc); err != nil {
		st.fail(sc, err)
	}
}

func (st *stepper) do(sc *Scope) *Error {
	s := sc.state
	if s.jsonata {
		return st.located(sc, runtimeError("The query language JSONata is not run by this version"))
	}
	if s.Type == TypeFail {
		return st.failing(sc)
	}
	in, err := st.in(sc)
	if err != nil {
		return st.located(sc, err)
	}
	switch s.Type {
	case TypePass:
		result := in
		if s.parameters != nil {
			if result, err = s.parameters.eval(st.env(sc, in)); err != nil {
				return st.located(sc, err)
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
		until, err := st.until(sc, in)
		if err != nil {
			return st.located(sc, err)
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

// env returns the environment for one evaluation; the next call uses it again.
func (st *stepper) env(sc *Scope, input any) *environment {
	st.scratch = environment{input: input, step: st, scope: sc}
	return &st.scratch
}

// in applies InputPath.
func (st *stepper) in(sc *Scope) (any, *Error) { return st.through(sc, sc.state.inputPath, sc.data) }

func (st *stepper) through(sc *Scope, f *pathField, v any) (any, *Error) {
	switch {
	case f == nil:
		return v, nil
	case f.none:
		return value.NewObject(), nil
	}
	found, err := st.env(sc, v).lookup(f.path)
	if err != nil {
		return nil, noResults(f.path, err)
	}
	return found, nil
}

// noResults is how AWS words a missing place for InputPath, OutputPath and their like: in one way where only the last step
// leads nowhere, in another where an earlier one does.
func noResults(p *jsonpath.Path, err error) *Error {
	var missing *jsonpath.MissingError
	if errors.As(err, &missing) && missing.Path == missing.Whole {
		return runtimeError("Invalid path '%s' : No results for path: %s", p, missing.Whole)
	}
	return runtimeError("Invalid path '%s' : %s", p, err)
}

// located adds to a runtime error where it happened.
func (st *stepper) located(sc *Scope, err *Error) *Error {
	if err == nil || err.Name != ErrRuntime {
		return err
	}
	return &Error{err.Name, "An error occurred while executing the state '" + sc.state.Name +
		"' (entered at the event id #" + strconv.FormatInt(sc.enteredID, 10) + "). " + err.Cause}
}

// succeed takes the state's result through ResultSelector and ResultPath, and leaves by Next.
func (st *stepper) succeed(sc *Scope, result any) {
	s := sc.state
	var err *Error
	if s.resultSelector != nil {
		if result, err = s.resultSelector.eval(st.env(sc, result)); err != nil {
			st.fail(sc, st.located(sc, err))
			return
		}
	}
	output, err := merge(sc.data, result, s.resultPath, s.discardResult)
	if err != nil {
		st.fail(sc, st.located(sc, err))
		return
	}
	st.leave(sc, result, output, transition{next: s.next, assign: s.assign})
}

// A transition is how a scope leaves a state: where to (nil ends the scope), why, and what it assigns.
type transition struct {
	next   *State
	why    Reason
	index  int
	assign *template
}

// merge puts a result into the state's input as ResultPath says.
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

// leave applies OutputPath and goes on. The result is what $ stands for in Assign.
func (st *stepper) leave(sc *Scope, result, output any, w transition) {
	output, err := st.through(sc, sc.state.outputPath, output)
	if err == nil {
		err = st.exit(sc, result, output, w)
	}
	if err != nil {
		st.fail(sc, st.located(sc, err))
	}
}

// maxPayload is how many bytes the JSON of an input, output or result may have. AWS, "Quotas": 256 KiB.
const maxPayload = 256 << 10

// tooLarge is how AWS words that a state or a task gave more.
func tooLarge(who string) *Error {
	return &Error{ErrDataLimit, "The state/task '" + who +
		"' returned a result with a size exceeding the maximum number of bytes service limit."}
}

// exit assigns and goes on. All of Assign sees the variables as they were; the next state sees the new ones.
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
	e := st.event(sc, HistoryStateExited)
	e.State, e.Data, e.Assigned = sc.state, output, assigned
	sc.fan = nil
	if w.next == nil {
		sc.phase, sc.data = ended, output
		return nil
	}
	sc.phase, sc.from, sc.state, sc.data = ready, sc.state, w.next, output
	sc.why, sc.whyIndex = w.why, int32(w.index) //nolint:gosec // a place in a list of the definition
	return nil
}

// plainText is a value in a message: a string as it is, anything else as JSON.
func plainText(v any) string {
	if s, ok := v.(string); ok {
		return s
	}
	return value.Text(v)
}

// wholeOf takes a whole number, or the text of one, as AWS does for paths to numbers.
func wholeOf(v any) (int64, bool) {
	if s, ok := v.(string); ok {
		n, err := strconv.ParseInt(s, 10, 64)
		return n, err == nil
	}
	n, ok := v.(int64)
	return n, ok
}

// abort takes back everything that the scope and those inside it wait for.
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
