package asl

import (
	"hash/fnv"
	"math"
	"strconv"
	"strings"
	"time"

	"signalbox/asl/value"
)

// distributedLimit is the default MaxConcurrency of a distributed Map. AWS, "Map state in Distributed mode".
const distributedLimit = 10_000

// A mapRun is a distributed Map under way, beside what every fan has. It is copied with its fan.
type mapRun struct {
	id    int64  // of the effects and events of its children
	name  string // a UUID, the last part of its ARN
	label string
	stage stage
	// object is the id of the request for an object that is under way.
	object  int64
	reading reading
	writing []PutObject // the first is under way
	items   int         // given to children so far
	running int
	failed  int // number of items of children that have failed
	// Tolerated number and percentage of failed items; below 0: not limited by this one.
	failures, percentage float64
	maxItems, maxBytes   int // of a batch
	batchInput           any
}

type stage uint8

const (
	stageReading stage = iota
	stageRunning
	stageWriting
)

// A ChildRequest asks for a child execution for an item, or a batch of items, of a distributed Map. It does not change.
type ChildRequest struct {
	Machine  *Machine
	Identity Identity
	Input    any
	Index    int
	Items    int // number of items: 1 without batches
}

// A ChildEnd is how a child execution has ended.
type ChildEnd struct {
	Request *ChildRequest
	Status  Status
	Output  any
	Failure *Error
	Started time.Time
	Stopped time.Time
}

// EndOf returns how a child execution has ended, for the [EventChildEnded] of its parent.
func EndOf(request *ChildRequest, x *Execution) *ChildEnd {
	return &ChildEnd{request, x.Status, x.Output, x.Failure, x.Started, x.Stopped}
}

// startMapRun begins a distributed Map.
func (st *stepper) startMapRun(sc *Scope, in any) *Error {
	s := sc.state
	d := s.distribution
	f := &fan{input: in, limit: distributedLimit}
	if d.reader == nil {
		list, err := st.mapItems(sc, in)
		if err != nil {
			return st.locate(sc, err)
		}
		f.items = list
	}
	if err := st.concurrency(sc, in, f); err != nil {
		return st.locate(sc, err)
	}
	st.record(sc, HistoryEvent{Type: HistoryFanStarted, State: s, Index: int32(len(f.items))}) //nolint:gosec // a length
	run := &mapRun{label: d.label}
	if err := run.configure(st, sc, in); err != nil {
		return st.locate(sc, err)
	}
	st.x.ids++
	run.id, run.name = st.x.ids, st.uuid()
	if run.label == "" {
		run.label = labelOf(st.x.who.StateMachineID, s.Name)
	}
	var first any
	if d.reader != nil {
		var err *Error
		if first, err = st.startReading(sc, in, run); err != nil {
			return st.locate(sc, err)
		}
	}
	f.run = run
	sc.fan, sc.phase = f, fanned
	st.record(sc, HistoryEvent{Type: HistoryMapRunStarted, State: s, Data: run.arn(st.x.who)})
	switch {
	case first == nil:
		st.advanceMapRun(sc)
	case run.reading.max < 0:
		st.failMapRun(sc, &Error{ErrItemReader, "field MaxItems must be positive"})
	default:
		st.requestObject(sc, first)
	}
	return nil
}

// configure evaluates the run's limits and BatchInput.
func (run *mapRun) configure(st *stepper, sc *Scope, in any) (err *Error) {
	d := sc.state.distribution
	number := func(l limit, whole bool) float64 {
		if err != nil || !l.given {
			return -1
		}
		var n float64
		n, err = st.limit(sc, in, l, whole)
		return n
	}
	run.failures = number(d.failures, true)
	switch {
	case err != nil:
		return err
	case d.failures.given && run.failures < 0:
		return runtimeError("ToleratedFailureCount cannot be negative.")
	}
	run.percentage = number(d.percentage, false)
	switch {
	case err != nil:
		return err
	case d.percentage.given && (run.percentage < 0 || run.percentage > 100):
		return runtimeError("ToleratedFailurePercentage must be between 0 and 100.")
	}
	if d.batcher == nil {
		return nil
	}
	items, bytes := number(d.batcher.items, true), number(d.batcher.byteSize, true)
	switch {
	case err != nil:
		return err
	case d.batcher.items.given && items < 1, d.batcher.byteSize.given && bytes < 1:
		return runtimeError("MaxItemsPerBatch and MaxInputBytesPerBatch must be positive.")
	}
	run.maxItems, run.maxBytes = int(items), maxPayload
	if bytes > 0 {
		run.maxBytes = min(maxPayload, int(bytes))
	}
	if d.batcher.input != nil {
		run.batchInput, err = d.batcher.input.eval(st.env(sc, in))
	}
	return err
}

// limit returns a number that the definition gives itself or by a path. AWS takes its text as well.
func (st *stepper) limit(sc *Scope, in any, l limit, whole bool) (float64, *Error) {
	if l.path == nil {
		return l.fixed, nil
	}
	v, err := st.env(sc, in).lookup(l.path)
	if err != nil {
		return 0, noResults(l.path, err)
	}
	kind := "float"
	var n float64
	var ok bool
	if whole {
		kind = "integer"
		var i int64
		i, ok = wholeNumber(v)
		n = float64(max(math.MinInt32, min(i, math.MaxInt32))) // fits an int wherever this runs
	} else if text, isText := v.(string); isText {
		n, err = strconv.ParseFloat(text, 64)
		ok = err == nil
	} else {
		n, ok = value.Float(v)
	}
	if !ok {
		return 0, runtimeError("The %sPath field refers to value \"%s\" which is not a valid %s: %s", l.field, messageText(v), kind, l.path)
	}
	return n, nil
}

// labelOf returns the label of a Map that has none: always the same for one state of one machine.
func labelOf(machine, state string) string {
	h := fnv.New64a()
	_, _ = h.Write([]byte(machine + "\x00" + state)) // it never fails
	return uuidOf(h.Sum64(), mix(h.Sum64()))
}

// arn returns the ARN of the run.
func (run *mapRun) arn(who *Identity) string {
	return arnPrefix(who) + ":mapRun:" + who.StateMachineName + "/" + run.label + ":" + run.name
}

// arnPrefix returns partition, region and account of the machine: arn:aws:states:us-east-1:123456789012.
func arnPrefix(who *Identity) string {
	prefix, _, _ := strings.Cut(who.StateMachineID, ":stateMachine:")
	return prefix
}

// advanceMapRun starts children as far as limit and budget allow, and completes the run when all have ended.
func (st *stepper) advanceMapRun(sc *Scope) {
	f, run := sc.fan, sc.fan.run
	if run.stage != stageRunning {
		run.stage, f.parts = stageRunning, newVector(len(f.items))
	}
	for run.items < len(f.items) && run.running < f.limit {
		if st.budget <= 0 {
			st.unfinished = true
			return
		}
		st.budget--
		child, err := st.nextChild(sc)
		if err != nil {
			st.failMapRun(sc, st.locate(sc, err))
			return
		}
		f.parts.set(f.next, child, st.x)
		run.items += child.Items
		run.running++
		f.next++
		st.out.Do = append(st.out.Do, Effect{Kind: EffectStartChild, Scope: sc.path, ID: run.id, Child: child})
	}
	if run.items == len(f.items) && run.running == 0 {
		st.completeMapRun(sc)
	}
}

// nextChild returns the request for the next child execution: of an item or a batch.
func (st *stepper) nextChild(sc *Scope) (*ChildRequest, *Error) {
	f, run := sc.fan, sc.fan.run
	input, err := st.itemInput(sc, run.items)
	if err != nil {
		return nil, err
	}
	n := 1
	if sc.state.distribution.batcher != nil {
		batch := []any{input}
		var around value.Builder
		if run.batchInput != nil {
			around.Set("BatchInput", run.batchInput)
		}
		around.Set("Items", batch)
		size := value.Size(around.Object())
		for run.items+n < len(f.items) && (run.maxItems < 1 || n < run.maxItems) {
			next, err := st.itemInput(sc, run.items+n)
			if err != nil {
				return nil, err
			}
			if size += 1 + value.Size(next); size > run.maxBytes {
				break
			}
			batch = append(batch, next)
			n++
		}
		around.Set("Items", batch)
		input = around.Object()
	}
	who := st.x.who
	seed := st.random()
	name := uuidOf(seed, mix(seed))
	machine := who.StateMachineName + "/" + run.label
	return &ChildRequest{
		Machine: sc.state.distribution.child, Input: input, Index: f.next, Items: n,
		Identity: Identity{
			Name: name, ID: arnPrefix(who) + ":execution:" + machine + ":" + name, RoleARN: who.RoleARN,
			StateMachineName: machine, StateMachineID: arnPrefix(who) + ":stateMachine:" + machine, Seed: seed,
		},
	}, nil
}

// itemInput returns item i of the fan after ItemSelector.
func (st *stepper) itemInput(sc *Scope, i int) (any, *Error) {
	f := sc.fan
	if sc.state.itemSelector == nil {
		return f.items[i], nil
	}
	env := st.env(sc, f.input)
	env.item = value.NewObject("Index", int64(i), "Value", f.items[i])
	return sc.state.itemSelector.eval(env)
}

// childEnded stores how a child has ended, and fails the run if too many have failed. Stale ends are ignored.
func (st *stepper) childEnded(sc *Scope, end *ChildEnd) {
	f, run := sc.fan, sc.fan.run
	i := end.Request.Index
	if i < 0 || i >= f.next {
		return
	}
	if _, running := f.parts.at(i).(*ChildRequest); !running {
		return
	}
	f.parts.set(i, end, st.x)
	f.done++
	run.running--
	if end.Status != StatusSucceeded {
		run.failed += end.Request.Items
		if run.failuresExceeded(len(f.items)) {
			st.failMapRun(sc, &Error{ErrTolerance, "The specified tolerated failure threshold was exceeded"})
			return
		}
	}
	st.advanceMapRun(sc)
}

// failuresExceeded reports whether more items have failed than the definition tolerates.
func (run *mapRun) failuresExceeded(total int) bool {
	failed := float64(run.failed)
	switch {
	case run.failures < 0 && run.percentage < 0:
		return failed > 0
	case run.failures >= 0 && failed > run.failures:
		return true
	}
	return run.percentage >= 0 && failed*100 > run.percentage*float64(total)
}

// failMapRun ends the run with an error and stops its children.
func (st *stepper) failMapRun(sc *Scope, err *Error) {
	st.stopChildren(sc)
	st.record(sc, HistoryEvent{Type: HistoryMapRunFailed, State: sc.state, Error: err})
	st.fail(sc, err)
}

func (st *stepper) stopChildren(sc *Scope) {
	if run := sc.fan.run; run.running > 0 {
		st.out.Do = append(st.out.Do, Effect{Kind: EffectStopChildren, Scope: sc.path, ID: run.id})
	}
}

// completeMapRun exports the results if there is a ResultWriter, and ends the run.
func (st *stepper) completeMapRun(sc *Scope) {
	w := sc.state.distribution.writer
	if w == nil || w.parameters == nil {
		st.endMapRun(sc, exportedResults(sc.fan.parts.list(sc.fan.next), w))
		return
	}
	if err := st.startWriting(sc); err != nil {
		st.failMapRun(sc, err)
	}
}

// endMapRun succeeds with a result. In the history the state's exit follows the start of its run.
func (st *stepper) endMapRun(sc *Scope, result any) {
	s := sc.state
	started := sc.previous
	sc.previous = st.record(sc, HistoryEvent{Type: HistoryMapRunSucceeded, State: s})
	st.record(sc, HistoryEvent{Type: HistoryFanSucceeded, State: s})
	sc.previous = started
	sc.fan = nil
	st.succeed(sc, result)
}

// mapRunEvent applies an event to a distributed Map. Stale events are ignored.
func (st *stepper) mapRunEvent(sc *Scope, event *Event) {
	run := sc.fan.run
	switch {
	case event.Kind == EventChildEnded:
		if event.ID == run.id && event.Child != nil && run.stage == stageRunning {
			st.childEnded(sc, event.Child)
		}
	case event.ID != run.object || run.object == 0:
	case run.stage == stageReading:
		run.object = 0
		st.objectRead(sc, event)
	case run.stage == stageWriting:
		run.object = 0
		st.objectWritten(sc, event)
	}
}

// requestObject asks for an object to be read, listed or written.
func (st *stepper) requestObject(sc *Scope, request any) {
	st.x.ids++
	sc.fan.run.object = st.x.ids
	st.out.Do = append(st.out.Do, Effect{Kind: EffectRequestObject, Scope: sc.path, ID: st.x.ids, Object: request})
}
