package assembly

import (
	"fmt"
	"slices"
	"time"

	"signalbox/asl"
	"signalbox/asl/value"
	"signalbox/machines"
	"signalbox/machines/monitor"
)

// OpClearFault is the operation that clears the monitor's fault, and ends the run; its input is {"by": NAME}. The other operations
// are those of the machine.
const OpClearFault = "clear-fault"

// Error names of operations, besides those of the machines.
const (
	ErrNoOperation = "Operation.Unknown" // the machine has no such operation
	ErrNoFault     = "Fault.None"        // no fault is latched
	ErrLatch       = "Fault.Latch"       // the latch could not be cleared
)

// operate starts an operator's operation on the clock's goroutine. It may be called from any goroutine; see [operateFunc].
func (a *Assembly) operate(r Request, begin func() bool, answer func(any, *asl.Error)) {
	a.Do(func() {
		if !begin() {
			return
		}
		m := a.config.Definition.BuiltIn
		switch {
		case r.Operation == OpClearFault:
			a.clearFault(r.Input, answer)
		case m == nil || !slices.Contains(m.Operations, r.Operation):
			answer(nil, &asl.Error{Name: ErrNoOperation, Cause: fmt.Sprintf("this machine has no operation %.80q", r.Operation)})
		default:
			a.operatePlant(r, answer)
		}
	})
}

// operatePlant has the plant carry out a request, unless it is a repeated one.
func (a *Assembly) operatePlant(r Request, answer func(any, *asl.Error)) {
	if a.underWay[r.Key] {
		answer(nil, &asl.Error{Name: ErrPending, Cause: "it is under way"})
		return
	}
	output, found, failed := repeated(a.requests(), r)
	if found || failed != nil {
		answer(output, failed)
		return
	}
	a.underWay[r.Key] = true
	a.rig.Operate(r.Operation, r.Input, r.Key, replyFunc(func(output any, err *asl.Error) {
		delete(a.underWay, r.Key)
		if world, ok := a.world.(machines.Refillable); ok && err == nil {
			world.Apply(r.Operation, r.Input)
		}
		answer(output, err)
	}))
}

// requests returns the ledger in which repeated requests are found.
func (a *Assembly) requests() machines.Ledger {
	if a.ledgerFile != nil {
		return a.ledgerFile
	}
	return a.ledger
}

// A replyFunc is the [engine.Reply] to an operator's operation: it gets the output or the error, once.
type replyFunc func(output any, err *asl.Error)

func (f replyFunc) Succeed(output any)      { f(output, nil) }
func (f replyFunc) Fail(name, cause string) { f(nil, &asl.Error{Name: name, Cause: cause}) }
func (replyFunc) Started(string)            {}
func (replyFunc) Heartbeat()                {}
func (replyFunc) Submit(any)                {}

// clearFault clears the monitor's latched fault and stops the run. The next run begins with the start-up sequence.
func (a *Assembly) clearFault(input any, answer func(any, *asl.Error)) {
	var in struct {
		By string `json:"by"`
	}
	if err := machines.Decode(input, &in); err != nil {
		answer(nil, &asl.Error{Name: machines.ErrInput, Cause: err.Error()})
		return
	}
	if !a.flashes() {
		answer(nil, &asl.Error{Name: ErrNoFault, Cause: "no fault is latched"})
		return
	}
	f, err := a.latch.Clear(monitor.Cleared{By: in.By, At: a.clock.Now()})
	if err == nil && f == nil {
		f = a.monitor.Fault() // it could not be stored
	}
	if err != nil {
		answer(nil, &asl.Error{Name: ErrLatch, Cause: err.Error()})
		return
	}
	a.recorder.note("fault cleared by "+in.By+": "+f.Kind, OpClearFault)
	answer(FaultObject(f), nil)
	a.stop(faultCleared, "the fault is cleared; the next run begins with the start-up sequence")
}

// FaultObject returns a fault as operators get it: {"kind": …, "detail": …, "time": …}.
func FaultObject(f *monitor.Fault) *value.Object {
	return value.NewObject("kind", f.Kind, "detail", f.Detail, "time", f.Time.UTC().Format(time.RFC3339Nano))
}
