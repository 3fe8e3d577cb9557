package asl

import (
	"math"

	"signalbox/asl/jsonpath"
)

// inlineLimit is the default MaxConcurrency of an inline Map. AWS, "Map state in Inline mode".
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
				return st.locate(sc, err)
			}
		}
	} else {
		if f.items, err = st.mapItems(sc, in); err != nil {
			return st.locate(sc, err)
		}
		f.total, f.limit = len(f.items), inlineLimit
		if err = st.concurrency(sc, in, f); err != nil {
			return st.locate(sc, err)
		}
	}
	f.parts = newVector(f.total)
	sc.fan, sc.phase = f, fanned
	st.record(sc, HistoryEvent{Type: HistoryFanStarted, State: s, Index: int32(f.total)}) //nolint:gosec // a length
	st.startParts(sc)
	return nil
}

// mapItems returns the array that a Map iterates over.
func (st *stepper) mapItems(sc *Scope, in any) ([]any, *Error) {
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
				path = path[1:] // AWS writes $$.Map as $.Map here: a recording of TestState
			}
		}
		return nil, runtimeError("Reference path \"%s\" must point to array.", path)
	}
	return list, nil
}

// concurrency sets the fan's limit to MaxConcurrency, if the definition has one.
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
		n, ok := wholeNumber(v)
		if !ok || n < 0 {
			return runtimeError("The MaxConcurrencyPath field refers to value \"%s\" which is not a valid integer: %s",
				messageText(v), s.maxConcurrency.path)
		}
		if n > 0 {
			f.limit = int(min(n, math.MaxInt32))
		}
	}
	return nil
}

// startParts starts branches or iterations as far as limit and budget allow, runs each until it waits, and ends the fan when
// all are done.
func (st *stepper) startParts(sc *Scope) {
	f := sc.fan
	for sc.phase == fanned && f.next < f.total && f.parts.active() < f.limit {
		if st.budget <= 0 {
			st.unfinished = true
			return
		}
		child, err := st.spawn(sc, f.next)
		if err != nil {
			st.failFan(sc, st.locate(sc, err))
			return
		}
		f.next++
		rest := st.splitBudget(min(f.total-f.next, f.limit-f.parts.active()-1) + 1)
		st.run(child)
		st.budget += rest
		st.absorb(sc, child)
	}
	if sc.phase == fanned && f.done == f.total {
		// In the history a Map's end follows that of its last iteration.
		if f.last != 0 {
			sc.previous = f.last
		}
		sc.fan = nil
		st.record(sc, HistoryEvent{Type: HistoryFanSucceeded, State: sc.state})
		st.succeed(sc, f.parts.list(f.total))
	}
}

// spawn returns the scope of branch or iteration i, ready to run.
func (st *stepper) spawn(sc *Scope, i int) (*Scope, *Error) {
	f, s := sc.fan, sc.state
	child := &Scope{owner: st.x.steps, path: sc.path.child(i), data: f.input, previous: sc.previous}
	// A part reads the variables around it, which cannot change while the fan is under way.
	child.variables = sc.variables
	block := s.Branches[0]
	if s.Type == TypeParallel {
		block = s.Branches[i]
	} else {
		input, err := st.itemInput(sc, i)
		if err != nil {
			return nil, err
		}
		child.data = input
		st.record(child, HistoryEvent{Type: HistoryIterationStarted, State: s, Index: int32(i)}) //nolint:gosec // a place in a slice
	}
	child.state = block.start
	return child, nil
}

// absorb updates the fan after child, one of its parts, has run: it stores the scope or its output, or fails the fan. The child
// is new or this Step's copy.
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

// failFan ends a fan after a part has failed: it aborts the others and fails the state.
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

// recordAborted records the states in which a branch or iteration was aborted, inner before outer.
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
