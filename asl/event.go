package asl

import "time"

// An Event is something that happened to an execution. Fields that do not belong to its Kind are zero.
type Event struct {
	Kind  EventKind
	Time  time.Time // when it happened
	Scope ScopePath // of the effect that it answers
	ID    int64     // of the effect that it answers

	Input    any       // of EventStart, and of an EventStop that comes instead
	Output   any       // of EventTaskSucceeded and EventTaskSubmitted
	Worker   string    // of EventTaskStarted: the worker's name; "" for none
	Failure  *Error    // of EventTaskFailed, EventObjectFailed and EventStop
	Child    *ChildEnd // of EventChildEnded
	Body     string    // of EventObjectSucceeded after a GetObject: the object's bytes
	Listed   []any     // of EventObjectSucceeded after a ListObjects
	Activity string    // of EventActivityDeleted and EventActivityCreated: the activity's ARN
}

// An EventKind is the kind of an [Event].
type EventKind uint8

// The kinds of events. Events that answer a stale effect (a cancelled timer, a task that timed out) are ignored.
const (
	EventStart         EventKind = iota // the first event of an execution
	EventContinue                       // answers EffectContinue
	EventTaskStarted                    // a worker has begun the task
	EventTaskSubmitted                  // a service has accepted the job (.sync, .waitForTaskToken)
	EventTaskHeartbeat                  // restarts the task's heartbeat timer
	EventTaskSucceeded
	EventTaskFailed
	EventTimerFired      // answers EffectSetTimer
	EventChildEnded      // answers EffectStartChild
	EventObjectSucceeded // answers EffectRequestObject
	EventObjectFailed    // answers EffectRequestObject
	EventActivityDeleted // Tasks that name the activity fail from now on; allowed before EventStart
	EventActivityCreated // undoes EventActivityDeleted
	EventStop            // aborts the execution
)

// Effects are what follows from a Step, in order: events for the history, and work for the caller. One Effects serves any
// number of Steps: see [Effects.Reset].
type Effects struct {
	History History
	Do      []Effect
	// Unshared promises that no copy of the execution has been made since its last Step. Step then changes scopes in place
	// where it would copy them.
	Unshared bool

	stepper stepper // of the Step under way; here so that a Step allocates none
}

// Reset empties e for the next Step and keeps its memory.
func (e *Effects) Reset() {
	clear(e.Do)
	e.Do = e.Do[:0]
	e.History.Reset()
}

// An Effect is one thing for the caller of Step to do. Fields that do not belong to its Kind are zero.
type Effect struct {
	Kind    EffectKind
	Started bool          // of EffectStartTask in Waits: EventTaskStarted or EventTaskSubmitted has come
	Scope   ScopePath     // to be copied to the Event that answers
	ID      int64         // to be copied to the Event that answers
	At      time.Time     // of EffectSetTimer
	Task    *TaskRequest  // of EffectStartTask
	Child   *ChildRequest // of EffectStartChild
	Object  any           // of EffectRequestObject: a GetObject, ListObjects or PutObject
}

// An EffectKind is the kind of an [Effect].
type EffectKind uint8

// The kinds of effects.
const (
	EffectStartTask     EffectKind = iota // answer with EventTaskSucceeded or EventTaskFailed
	EffectCancelTask                      // the task's answer will be ignored
	EffectSetTimer                        // answer with EventTimerFired, not before At
	EffectCancelTimer                     // the timer need not fire
	EffectStartChild                      // run a child execution, and answer with EventChildEnded
	EffectStopChildren                    // stop all children with this ID; how they end will be ignored
	EffectRequestObject                   // answer with EventObjectSucceeded or EventObjectFailed
	EffectContinue                        // the Step has used up its budget: send EventContinue
	EffectFinish                          // the execution has ended
)

// A TaskRequest is what a Task state asks for. It does not change.
type TaskRequest struct {
	State       *State
	Input       any // after Parameters
	Credentials any
	Timeout     time.Duration // 0: none
	Heartbeat   time.Duration // 0: none
	Token       string        // of a Task with .waitForTaskToken, else ""
}
