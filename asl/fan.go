package asl

import (
	"math"

	"signalbox/asl/jsonpath"
)

// inlineLimit is how many iterations of an inline Map run at once where the definition names no number. AWS, "Map state in
// Inline mode".
const inlineLimit = 40

// startFan begins a Parallel or a Map.
func (st *stepper) startFan(sc *Scope, in any) *Error {
	s := sc.state
	if s.Distributed {
		return st.startMapRun(sc, in)
	}
	f := &fan{total: len(s.Branches), limit: len(s.Branches), input: in}
	var err *Error
	if s.Type == TypeParallel {
		if s.parameters != nil {
			if f.input, err = s.parameters.eval(st.env(sc, in)); err != nil {
				return st.located(sc, err)
			}
		}
	} else {
		if f.items, err = st.items(sc, in); err != nil {
			return st.located(sc, err)
		}
		f.total, f.limit = len(f.items), inlineLimit
		if err = st.concurrency(sc, in, f); err != nil {
			return st.located(sc, err)
		}
	}
	f.parts = newVector(f.total)
	sc.fan, sc.phase = f, fanned
	st.record(sc, HistoryEvent{Type: HistoryFanStarted, State: s, Index: int32(f.total)}) //nolint:gosec // a length
	st.fill(sc)
	return nil
}

// items are what a Map goes over.
func (st *stepper) items(sc *Scope, in any) ([]any, *Error) {
	s := sc.state
	v := in
	if s.itemsPath != nil {
		found, err := st.env(sc, in).lookup(s.itemsPath)
		if err != nil {
			return nil, noResults(s.itemsPath, err)
		}
		v = found
	}
	list, ok := v.([]any)
	if !ok {
		path := "$"
		if s.itemsPath != nil {
			path = s.itemsPath.String()
			if s.itemsPath.Root() == jsonpath.Context {
				path = path[1:] // $$.Map is told as $.Map, as a recording of TestState shows
			}
		}
		return nil, runtimeError("Reference path \"%s\" must point to array.", path)
	}
	return list, nil
}

// concurrency takes how many may run at once from the definition, if it says so.
func (st *stepper) concurrency(sc *Scope, in any, f *fan) *Error {
	s := sc.state
	if n := s.maxConcurrency.fixed; n > 0 {
		f.limit = int(min(n, math.MaxInt32))
	}
	if s.maxConcurrency.path != nil {
		v, err := st.env(sc, in).lookup(s.maxConcurrency.path)
		if err != nil {
			return noResults(s.maxConcurrency.path, err)
		}
		n, ok := wholeOf(v)
		if !ok || n < 0 {
			return runtimeError("The MaxConcurrencyPath field refers to value \"%s\" which is not a valid integer: %s",
				plainText(v), s.maxConcurrency.path)
		}
		if n > 0 {
			f.limit = int(min(n, math.MaxInt32))
		}
	}
	return nil
}

// fill starts what may start, each branch or iteration running until it blocks, and ends the fan when all are done.
func (st *stepper) fill(sc *Scope) {
	f := sc.fan
	for sc.phase == fanned && f.next < f.total && f.parts.active() < f.limit {
		if st.budget <= 0 {
			st.unfinished = true
			return
		}
		child, err := st.spawn(sc, f.next)
		if err != nil {
			st.failFan(sc, st.located(sc, err))
			return
		}
		f.next++
		rest := st.splitBudget(min(f.total-f.next, f.limit-f.parts.active()-1) + 1)
		st.run(child)
		st.budget += rest
		st.absorb(sc, child)
	}
	if sc.phase == fanned && f.done == f.total {
		// What follows a Map follows the end of its last iteration.
		if f.last != 0 {
			sc.previous = f.last
		}
		sc.fan = nil
		st.record(sc, HistoryEvent{Type: HistoryFanSucceeded, State: sc.state})
		st.succeed(sc, f.parts.list(f.total))
	}
}

func (st *stepper) spawn(sc *Scope, i int) (*Scope, *Error) {
	f, s := sc.fan, sc.state
	child := &Scope{owner: st.x.steps, path: sc.path.child(i), data: f.input, previous: sc.previous}
	// What is assigned outside can be read inside. It cannot change while the fan is under way, so a copy will do.
	child.variables = sc.variables
	block := s.Branches[0]
	if s.Type == TypeParallel {
		block = s.Branches[i]
	} else {
		input, err := st.item(sc, i)
		if err != nil {
			return nil, err
		}
		child.data = input
		st.record(child, HistoryEvent{Type: HistoryIterationStarted, State: s, Index: int32(i)}) //nolint:gosec // a place in a slice
	}
	child.state = block.start
	return child, nil
}

// absorb takes what became of a branch or iteration into its fan. The child is new, or this Step's copy of what is there.
func (st *stepper) absorb(sc, child *Scope) {
	f, i := sc.fan, child.path.last()
	if child.phase != ended && child.phase != broken {
		f.parts.set(i, child, st.x)
		return
	}
	kind := HistoryIterationSucceeded
	if child.phase == broken {
		kind = HistoryIterationFailed
	}
	if sc.state.Type == TypeMap {
		f.last = st.record(child, HistoryEvent{Type: kind, State: sc.state, Index: int32(i)}) //nolint:gosec // a place in a slice
	}
	sc.previous = child.previous
	if child.phase == broken {
		f.parts.set(i, child, st.x)
		st.failFan(sc, child.failure)
		return
	}
	f.parts.set(i, child.data, st.x)
	f.done++
}

// failFan ends a fan of which one part has failed: the others are aborted.
func (st *stepper) failFan(sc *Scope, err *Error) {
	for _, child := range sc.fan.parts.scopes() {
		if child.phase == broken {
			continue
		}
		st.abort(child)
		child = st.own(child)
		st.recordAborted(child)
		if sc.state.Type == TypeMap {
			st.record(child, HistoryEvent{
				Type: HistoryIterationAborted, State: sc.state, Index: int32(child.path.last()), //nolint:gosec // a place in a slice
			})
		}
	}
	st.fail(sc, err)
}

// recordAborted tells of the states in which a branch or iteration was aborted, inner ones first.
func (st *stepper) recordAborted(sc *Scope) {
	if sc.fan != nil {
		for _, child := range sc.fan.parts.scopes() {
			st.recordAborted(st.own(child))
		}
		if sc.fan.run != nil {
			st.record(sc, HistoryEvent{Type: HistoryMapRunAborted, State: sc.state})
		}
	}
	if sc.phase != ready {
		st.record(sc, HistoryEvent{Type: HistoryStateAborted, State: sc.state})
	}
}
