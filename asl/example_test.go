package asl_test

import (
	"errors"
	"fmt"
	"time"

	"signalbox/asl"
	"signalbox/asl/value"
)

// Parse reports every fault of a definition at once, with its place in the text.
func ExampleParse() {
	machine, faults := asl.Parse([]byte(`{
  "StartAt": "Green",
  "States": {
    "Green": {"Type": "Wait", "Seconds": 1.5, "Next": "Amber"},
    "Red":   {"Type": "Succeed", "Comnent": "all stop"}
  }
}`))
	fmt.Println(machine)
	for _, fault := range faults {
		fmt.Println(fault)
	}
	// Output:
	// <nil>
	// 4:31: SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/Green/Seconds
	// 4:47: MISSING_TRANSITION_TARGET: Missing 'Next' target: Amber at /States/Green/Next
	// 5:5: MISSING_TRANSITION_TARGET: State "Red" is not reachable. at /States/Red
	// 5:34: SCHEMA_VALIDATION_FAILED: Field 'Comnent' is not supported at /States/Red
}

func ExampleDiagnostics() {
	_, faults := asl.Parse([]byte(`{"StartAt": "A"}`))
	var err error = faults
	if all := asl.Diagnostics(nil); errors.As(err, &all) && all.Failed() {
		fmt.Println(all[0].Code, "in line", all[0].Line)
	}
	// Output: SCHEMA_VALIDATION_FAILED in line 1
}

// An execution is stepped by hand: the caller does the effects of each Step, and answers them with the next event.
func ExampleMachine_Step() {
	machine, faults := asl.Parse([]byte(`{
  "StartAt": "Double",
  "States": {
    "Double": {
      "Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:double",
      "InputPath": "$.n", "ResultPath": "$.n", "Next": "Rest"
    },
    "Rest": {"Type": "Wait", "Seconds": 10, "End": true}
  }
}`))
	if machine == nil {
		fmt.Println(faults)
		return
	}
	execution := asl.NewExecution(asl.Identity{Name: "example"})
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	event := asl.Event{Kind: asl.EventStart, Time: now, Input: value.NewObject("n", int64(21))}
	var effects asl.Effects
	for execution.Status == asl.StatusRunning {
		effects.Reset()
		machine.Step(&execution, event, &effects)
		for _, do := range effects.Do {
			// The answer copies the scope and the ID of the effect.
			event = asl.Event{Scope: do.Scope, ID: do.ID, Time: now}
			switch do.Kind {
			case asl.EffectStartTask:
				n := do.Task.Input.(int64)
				fmt.Println("task", do.Task.State.Activity, "of", n)
				event.Kind, event.Output = asl.EventTaskSucceeded, 2*n
			case asl.EffectSetTimer:
				fmt.Println("wait until", do.At.Format(time.TimeOnly))
				now = do.At
				event.Kind, event.Time = asl.EventTimerFired, now
			case asl.EffectFinish:
				fmt.Println(execution.Status, value.Text(execution.Output))
			}
		}
	}
	// Output:
	// task double of 21
	// wait until 12:00:10
	// SUCCEEDED {"n":42}
}

// A copy of an execution is stepped without touching the original.
func ExampleExecution() {
	machine, _ := asl.Parse([]byte(`{"StartAt":"W","States":{
		"W":{"Type":"Wait","Seconds":5,"Next":"S"},"S":{"Type":"Succeed"}}}`))
	now := time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)
	execution := asl.NewExecution(asl.Identity{Name: "original"})
	var effects asl.Effects
	machine.Step(&execution, asl.Event{Kind: asl.EventStart, Time: now}, &effects)
	timer := effects.Do[0]

	ahead := execution
	effects.Reset()
	machine.Step(&ahead, asl.Event{Kind: asl.EventTimerFired, Scope: timer.Scope, ID: timer.ID, Time: timer.At}, &effects)
	fmt.Println("copy:", ahead.Status)
	fmt.Println("original:", execution.Status, "in", execution.Positions()[0].State.Name)
	// Output:
	// copy: SUCCEEDED
	// original: RUNNING in W
}

// The transitions of the states are the edges of a diagram.
func ExampleState_Transitions() {
	machine, _ := asl.Parse([]byte(`{"StartAt":"Sort","States":{
		"Sort":{"Type":"Choice","Choices":[{"Variable":"$.cents","NumericLessThan":50,"Next":"Small"}],"Default":"Big"},
		"Small":{"Type":"Pass","Next":"Big"},
		"Big":{"Type":"Succeed"}}}`))
	for state := range machine.All() {
		for _, t := range state.Transitions() {
			fmt.Printf("%s -> %s [%s]\n", state.Name, t.To.Name, t.Label)
		}
	}
	// Output:
	// Sort -> Small [$.cents < 50]
	// Sort -> Big [Default]
	// Small -> Big []
}
