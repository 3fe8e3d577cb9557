// Package asl is the Amazon States Language: definitions, and an interpreter that is itself a state machine.
//
//	Definition  the text of a machine, parsed and checked; [Diagnostics] say what is wrong with it
//	[Machine]   a definition that is compiled: immutable, shared by all its executions
//	[Execution] the whole state of one run: a value that can be copied, stored ([Machine.AppendExecution]) and compared
//	            ([Machine.Fingerprint])
//	[Event]     something that happened, with the time at which it happened
//	[Effects]   what the caller must do now, and the events of the history
//
// [Machine.Step] applies an event to an execution and returns its effects. It starts no goroutine, reads no clock, draws no
// random number and does no I/O: time comes with the event, and pseudo-random numbers derive from the execution's seed. Package
// engine drives it.
package asl

import "fmt"

// An Error is how a Task, a state or an execution fails: a name that Retry and Catch match, and a cause for people.
type Error struct{ Name, Cause string }

func (e *Error) Error() string {
	if e.Cause == "" {
		return e.Name
	}
	return e.Name + ": " + e.Cause
}

// The reserved error names that the interpreter makes or matches itself. States Language, "Predefined error codes".
const (
	ErrAll              = "States.ALL"
	ErrTaskFailed       = "States.TaskFailed"
	ErrTimeout          = "States.Timeout"
	ErrHeartbeatTimeout = "States.HeartbeatTimeout"
	ErrRuntime          = "States.Runtime"
	ErrNoChoiceMatched  = "States.NoChoiceMatched"
	ErrDataLimit        = "States.DataLimitExceeded"
	ErrItemReader       = "States.ItemReaderFailed"
	ErrResultWriter     = "States.ResultWriterFailed"
	ErrTolerance        = "States.ExceedToleratedFailureThreshold"
)

// A StateType is the value of a state's Type field.
type StateType uint8

// The eight types.
const (
	_ StateType = iota
	TypeTask
	TypePass
	TypeChoice
	TypeWait
	TypeSucceed
	TypeFail
	TypeParallel
	TypeMap
)

var stateTypes = [...]string{"", "Task", "Pass", "Choice", "Wait", "Succeed", "Fail", "Parallel", "Map"}

func (t StateType) String() string { return stateTypes[t] }

func stateType(name string) (StateType, bool) {
	for i, n := range stateTypes[1:] {
		if n == name {
			return StateType(i + 1), true
		}
	}
	return 0, false
}

func runtimeError(format string, args ...any) *Error {
	return &Error{Name: ErrRuntime, Cause: fmt.Sprintf(format, args...)}
}
