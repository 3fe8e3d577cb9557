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

// operate is the operator of the control socket: it puts an operation to the plant, on the clock's goroutine.
func (a *Assembly) operate(operation string, input any, answer func(any, *asl.Error)) {
	if operation == OpClearFault {
		a.clock.Interject(func() { a.clearFault(input, answer) })
		return
	}
	m := a.config.Target.BuiltIn
	if m == nil || !slices.Contains(m.Operations, operation) {
		answer(nil, &asl.Error{Name: "Operation.Unknown", Cause: fmt.Sprintf("the machine that runs has no operation %q", operation)})
		return
	}
	a.clock.Interject(func() {
		a.rig.Operate(operation, input, operated(func(output any, err *asl.Error) {
			if world, ok := a.world.(machines.Refillable); ok && err == nil {
				world.Apply(operation, input)
			}
			answer(output, err)
		}))
	})
}

// operated is the Reply to an operator.
type operated func(output any, err *asl.Error)

func (f operated) Succeed(output any) { f(output, nil) }

func (f operated) Fail(name, cause string) { f(nil, &asl.Error{Name: name, Cause: cause}) }

func (operated) Heartbeat() {}

// Started implements [engine.Reply].
func (operated) Started(string) {}

func (operated) Submit(any) {}

// clearFault is what a person does by the command clear-fault while the machine runs: the run ends, and the next one begins
// with the start-up sequence.
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
		answer(nil, &asl.Error{Name: "Fault.Latch", Cause: err.Error()})
		return
	}
	a.recorder.note("fault cleared by "+in.By+": "+f.Kind, OpClearFault)
	answer(FaultValue(f), nil)
	a.stop(faultCleared, "the fault is cleared; the next run begins with the start-up sequence")
}

const (
	OpClearFault = "clear-fault"
	ErrNoFault   = "Fault.None"
)

func FaultValue(f *monitor.Fault) *value.Object {
	return value.NewObject("kind", f.Kind, "detail", f.Detail, "time", f.Time.UTC().Format(time.RFC3339Nano))
}
