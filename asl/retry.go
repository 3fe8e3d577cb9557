package asl

// This file handles failures: Retry, Catch, or the end of the scope.

import (
	"time"

	"signalbox/asl/jsonpath"
	"signalbox/asl/value"
)

// fail applies Retry and Catch to a failure of the scope's state, and else breaks the scope.
func (st *stepper) fail(sc *Scope, err *Error) { st.failAs(sc, err, err.Name) }

// failAs is fail for an error that Retry and Catch match by another name: a missed heartbeat is recorded as States.Timeout,
// but matches States.HeartbeatTimeout, too.
func (st *stepper) failAs(sc *Scope, err *Error, kind string) {
	s := sc.state
	failed := sc.fan
	sc.fan = nil
	for i := range s.Retry {
		r := &s.Retry[i]
		if !errorMatches(r.ErrorEquals, kind) {
			continue
		}
		if int64(sc.attempts.of(i)) >= r.MaxAttempts {
			break
		}
		sc.attempts = sc.attempts.add(i, len(s.Retry))
		pause := r.Backoff(int(sc.attempts.of(i)))
		if r.FullJitter {
			pause = time.Duration(st.random() % uint64(pause+1)) //nolint:gosec // pause > 0
		}
		sc.phase = backoff
		sc.timer, sc.due = st.setTimer(sc, st.now.Add(pause))
		return
	}
	if failed != nil { // AWS records a failure only when it is not retried
		st.record(sc, HistoryEvent{Type: HistoryFanFailed, State: s, Error: err})
	}
	for i := range s.Catch {
		c := &s.Catch[i]
		if !errorMatches(c.ErrorEquals, kind) {
			continue
		}
		caught := value.NewObject("Error", err.Name, "Cause", err.Cause)
		if *err == (Error{}) { // SendTaskFailure without error and cause: AWS shows nulls, not empty texts
			caught = value.NewObject("Error", nil, "Cause", nil)
		}
		output, bad := merge(sc.data, caught, c.resultPath, c.discardResult)
		if bad == nil {
			bad = st.exit(sc, caught, output, transition{next: c.next, why: ReasonCatch, index: i, assign: c.assign})
		}
		if bad != nil {
			err = st.locate(sc, bad)
			break
		}
		return
	}
	if sc.path != "" && s.Type == TypeTask {
		st.record(sc, HistoryEvent{Type: HistoryStateAborted, State: s}) // AWS records it inside a Parallel or Map only
	}
	sc.phase, sc.failure, sc.fan = broken, err, failed
}

// errorMatches reports whether ErrorEquals matches an error. States Language, "Predefined error codes". On AWS nothing matches
// States.Runtime, not even its own name.
func errorMatches(names []string, name string) bool {
	if name == ErrRuntime {
		return false
	}
	for _, n := range names {
		switch n {
		case name:
			return true
		case ErrAll:
			return true
		case ErrTaskFailed:
			if name != ErrTimeout && name != ErrHeartbeatTimeout {
				return true
			}
		case ErrTimeout:
			if name == ErrHeartbeatTimeout {
				return true
			}
		}
	}
	return false
}

// A Retrier is one entry of Retry. States Language, "Retrying after error".
type Retrier struct {
	ErrorEquals     []string
	IntervalSeconds int64         // 1 where absent
	MaxAttempts     int64         // 3 where absent
	BackoffRate     float64       // 2.0 where absent
	MaxDelay        time.Duration // 0: none
	FullJitter      bool
}

// A Catcher is one entry of Catch.
type Catcher struct {
	ErrorEquals []string
	Next        string

	next          *State
	resultPath    *jsonpath.Path
	discardResult bool
	assign        *template
}
