package asl

import "time"

// An Event is something that happened to an execution, with the time at which it happened.
type Event struct {
	Kind  EventKind
	Time  time.Time
	Scope ScopePath // of the effect that it answers
	ID    int64     // of the effect that it answers
	// Output is the input of a Start, the output of TaskDone and TaskSubmit, the worker's name (or nil) of TaskStart, the ARN
	// of ActivityGone and ActivityBack, and what an object holds or a list names.
	Output  any
	Failure *Error    // of TaskFail, ObjectFailed and Stop
	Child   *ChildEnd // of ChildEnded
}

// An EventKind says what happened.
type EventKind uint8

// The kinds of events. Those that answer an effect which no longer matters (an old timer, a task that timed out) do nothing.
const (
	EventStart         EventKind = iota // the first event of an execution
	EventContinue                       // answers [EffectContinue]
	EventTaskStarted                    // somebody has begun the task
	EventTaskSubmitted                  // the task was handed on (.sync, .waitForTaskToken)
	EventTaskHeartbeat                  // heartbeat
	EventTaskSucceeded
	EventTaskFailed
	EventTimerFired
	EventChildEnded
	EventObjectSucceeded
	EventObjectFailed
	EventActivityDeleted // it does not exist: a Task that names it fails. Comes at any time, before Start as well
	EventActivityCreated
	EventStop // somebody aborts the execution
)

// Effects are what follows from a Step: what the history shall record, and what the world must do, both in order. One
// Effects can serve many Steps: see Reset.
type Effects struct {
	History []HistoryEvent
	Do      []Effect

	stepper stepper // of the Step under way: here it is made once
}

// Reset empties e for the next Step and keeps its memory.
func (e *Effects) Reset() {
	clear(e.History)
	clear(e.Do)
	e.History, e.Do = e.History[:0], e.Do[:0]
}

// An Effect is one thing that the world must do.
type Effect struct {
	Kind  EffectKind
	Scope ScopePath
	ID    int64
	At    time.Time // of SetTimer
	Task  *TaskRequest
	Child *ChildRequest
	// Object is what AskObject asks for: a GetObject, ListObjects or PutObject.
	Object any
}

// An EffectKind says what is to be done.
type EffectKind uint8

// The kinds of effects.
const (
	EffectStartTask     EffectKind = iota // and answer with TaskDone or TaskFail, with the same Scope and ID
	EffectCancelTask                      // its answer no longer matters
	EffectSetTimer                        // and send TimerFire at that time, never earlier
	EffectCancelTimer                     // it need not fire
	EffectStartChild                      // run an execution of its own, and answer with ChildEnded
	EffectStopChildren                    // all with this ID: how they end no longer matters
	EffectRequestObject                   // and answer with ObjectDone or ObjectFailed
	EffectContinue                        // send Continue: the Step has used up its budget
	EffectFinish                          // the execution has ended
)

// A TaskRequest is what a Task state asks for.
type TaskRequest struct {
	State       *State
	Input       any // after Parameters
	Credentials any
	Timeout     time.Duration // 0: none
	Heartbeat   time.Duration // 0: none
	Token       string        // of a Task with .waitForTaskToken
}
