package asl

import (
	"time"

	"signalbox/asl/value"
)

// A HistoryType is the kind of a [HistoryEvent]. Its String is AWS's name of the event: PassStateEntered, TaskScheduled, ….
type HistoryType uint8

// The kinds. AWS's names of state and task events also hold the state's type or the kind of its resource; [HistoryEvent.Name]
// adds them.
const (
	_ HistoryType = iota
	HistoryExecutionStarted
	HistoryExecutionSucceeded
	HistoryExecutionFailed
	HistoryExecutionTimedOut
	HistoryExecutionAborted
	HistoryStateEntered
	HistoryStateExited
	HistoryTaskScheduled
	HistoryTaskStarted
	HistoryTaskSubmitted
	HistoryTaskSucceeded
	HistoryTaskFailed
	HistoryTaskTimedOut
	HistoryStateAborted     // TaskStateAborted, ParallelStateAborted, MapStateAborted, WaitStateAborted
	HistoryFanStarted       // ParallelStateStarted, MapStateStarted
	HistoryFanSucceeded     // ParallelStateSucceeded, MapStateSucceeded
	HistoryFanFailed        // ParallelStateFailed, MapStateFailed
	HistoryIterationStarted // MapIterationStarted, and so on
	HistoryIterationSucceeded
	HistoryIterationFailed
	HistoryIterationAborted
	HistoryMapRunStarted // of a distributed Map
	HistoryMapRunSucceeded
	HistoryMapRunFailed
	HistoryMapRunAborted
)

var historyNames = [...]string{
	"", "ExecutionStarted", "ExecutionSucceeded", "ExecutionFailed", "ExecutionTimedOut", "ExecutionAborted",
	"StateEntered", "StateExited", "Scheduled", "Started", "Submitted", "Succeeded", "Failed", "TimedOut",
	"StateAborted", "StateStarted", "StateSucceeded", "StateFailed",
	"MapIterationStarted", "MapIterationSucceeded", "MapIterationFailed", "MapIterationAborted",
	"MapRunStarted", "MapRunSucceeded", "MapRunFailed", "MapRunAborted",
}

// Name returns the kind without the state's type: StateEntered, TaskSucceeded.
func (t HistoryType) Name() string {
	if t >= HistoryTaskScheduled && t <= HistoryTaskTimedOut {
		return "Task" + historyNames[t]
	}
	return historyNames[t]
}

// A HistoryEvent is one entry of an execution's history, compact: values are shared with the execution, and text is made
// only when it is read.
type HistoryEvent struct {
	ID       int64 // from 1
	Previous int64 // the event that led to this one in its branch; 0 at the beginning
	Time     time.Time
	Type     HistoryType
	Reason   Reason        // of StateEntered
	Index    int32         // of iterations; of StateEntered: which rule or catcher; of FanStarted: how many items
	State    *State        // nil for events of the execution
	From     *State        // of StateEntered: the state before it; nil for the first of its block
	Data     any           // input of entered and scheduled, output of exited and succeeded
	Error    *Error        // of failures
	Assigned *value.Object // of StateExited: the variables that Assign has set
	Request  *TaskRequest  // of TaskScheduled
}

// Name returns AWS's name of the event.
func (e *HistoryEvent) Name() string {
	switch {
	case e.Type >= HistoryTaskScheduled && e.Type <= HistoryTaskTimedOut:
		return e.State.resourceKind() + historyNames[e.Type]
	case e.Type == HistoryStateEntered || e.Type == HistoryStateExited || e.Type >= HistoryStateAborted && e.Type <= HistoryFanFailed:
		return e.State.Type.String() + historyNames[e.Type]
	}
	return historyNames[e.Type]
}

// A Reason says why a state was entered.
type Reason uint8

// The reasons.
const (
	ReasonStart   Reason = iota // StartAt
	ReasonNext                  // Next of the state before
	ReasonRule                  // a choice rule of the state before held; Index says which
	ReasonDefault               // no choice rule held
	ReasonCatch                 // a catcher took the error of the state before; Index says which
)

// resourceKind is how AWS calls the events of a Task with this resource.
func (s *State) resourceKind() string {
	switch {
	case s.Activity != "":
		return "Activity"
	case isLambda(s.Resource):
		return "LambdaFunction"
	}
	return "Task"
}
