package asl

import (
	"encoding/binary"
	"time"

	"signalbox/asl/value"
)

// A Status is the status of an execution.
type Status uint8

// The statuses. An execution is Running until it has ended in one of the others.
const (
	StatusRunning Status = iota
	StatusSucceeded
	StatusFailed
	StatusTimedOut
	StatusAborted
)

func (s Status) String() string {
	return [...]string{"RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"}[s]
}

// An Identity names an execution and its machine: what the context object shows.
type Identity struct {
	Name             string
	ID               string // ARN
	RoleARN          string
	StateMachineID   string // ARN
	StateMachineName string
	// Seed of the pseudo-random sequence: UUIDs, States.MathRandom, jitter, task tokens.
	Seed uint64
}

// An Execution is the whole state of one run: a tree of scopes. It is a plain value: a copy can be stepped without touching
// the original, because a Step copies a scope before it changes it for the first time. [Machine.AppendExecution] stores it,
// [Execution.Fingerprint] compares it.
//
// A failed, aborted or timed out execution keeps its tree, so that it can be redriven.
type Execution struct {
	Status  Status
	Input   any
	Output  any    // of StatusSucceeded
	Failure *Error // of StatusFailed, StatusTimedOut and StatusAborted
	Started time.Time
	Stopped time.Time

	who     *Identity
	steps   uint64   // how many Steps it has made
	shared  uint64   // scopes that Steps up to this one have made may belong to copies, too: see Effects.Unshared
	events  int64    // id of the last history event
	ids     int64    // last id of a task or timer
	draws   uint64   // how many random numbers it has drawn
	timeout int64    // timer of the whole execution
	deleted []string // ARNs of deleted activities; never changed in place
	// unfinished: a Step has used up its budget, and EventContinue has not come yet.
	unfinished bool
	root       *Scope
}

// NewExecution returns an execution that has not begun: its first event is [EventStart].
func NewExecution(who Identity) Execution { return Execution{who: &who} }

// NewExecutionOf is NewExecution with an Identity that the caller keeps, and does not change.
func NewExecutionOf(who *Identity) Execution { return Execution{who: who} }

// Identity returns the names of the execution and its machine.
func (x *Execution) Identity() Identity { return *x.who }

// A Position is a state that an execution is in.
type Position struct {
	State *State
	Since time.Time // when the state was entered
	Retry int       // how often the state has been retried
	Scope ScopePath
}

// Positions lists the states that the execution is in, outer before inner: a Parallel and the states of its branches are all
// there. It is empty before the execution begins and once it has ended.
func (x *Execution) Positions() []Position {
	if x.root == nil || x.Status != StatusRunning {
		return nil
	}
	return x.root.positions(nil)
}

func (sc *Scope) positions(list []Position) []Position {
	list = append(list, Position{sc.state, sc.entered.time(), sc.retries(), sc.path})
	if sc.fan != nil {
		for _, child := range sc.fan.parts.scopes() {
			list = child.positions(list)
		}
	}
	return list
}

// A ScopePath leads from the top of an execution to a scope: four bytes for each branch or iteration on the way.
type ScopePath string

func (p ScopePath) child(i int) ScopePath {
	return ScopePath(binary.BigEndian.AppendUint32([]byte(p), uint32(i))) //nolint:gosec // i is a place in a slice
}

// first returns the first branch on the way, and the rest of it.
func (p ScopePath) first() (int, ScopePath) {
	return int(binary.BigEndian.Uint32([]byte(p[:4]))), p[4:]
}

// last returns the place of the branch or iteration in the fan around it.
func (p ScopePath) last() int { return int(binary.BigEndian.Uint32([]byte(p[len(p)-4:]))) }

// A Scope is one thread of states: the top of the machine, a branch of a Parallel, an iteration of a Map.
type Scope struct {
	// The Step that made this copy. A later Step may change it in place only if owner > Execution.shared.
	owner uint64
	path  ScopePath

	state     *State
	data      any // the state's input, before InputPath; once the scope has ended, its output
	variables *value.Object
	from      *State // the state before
	whyIndex  int32
	why       Reason
	phase     phase
	started   bool    // the task's start is in the history
	entered   instant // when the state was entered
	enteredID int64   // history event
	previous  int64   // history event that the next one follows

	task         int64        // id of the task under way
	request      *TaskRequest // of the task under way
	timer        int64        // id of the timer of a wait, a retry or a task's timeout; 0: none
	due          instant      // of timer
	heartbeat    int64        // id of the heartbeat timer; 0: none
	heartbeatDue instant
	attempts     *attempts // nil: the state has not been retried

	fan     *fan
	failure *Error // of a broken scope
}

// An instant is a time as nanoseconds of the Unix epoch: a third of the size of a time.Time.
type instant int64

func instantOf(t time.Time) instant { return instant(t.UnixNano()) }

func (t instant) time() time.Time { return time.Unix(0, int64(t)).UTC() }

// attempts are the retries of a state by the places of its retriers. They do not change.
type attempts []int32

// add returns the attempts after one more by retrier i of n.
func (a *attempts) add(i, n int) *attempts {
	more := make(attempts, n)
	if a != nil {
		copy(more, *a)
	}
	more[i]++
	return &more
}

// of returns how often retrier i has retried.
func (a *attempts) of(i int) int32 {
	if a == nil {
		return 0
	}
	return (*a)[i]
}

// retries returns how often the state has been retried.
func (sc *Scope) retries() int {
	n := 0
	if sc.attempts != nil {
		for _, k := range *sc.attempts {
			n += int(k)
		}
	}
	return n
}

// A phase is how far a scope has come with its state.
type phase uint8

const (
	ready   phase = iota // its state is to be entered
	tasking              // waits for a task's answer
	waiting              // waits for the timer of a Wait
	backoff              // waits for the timer of a retry
	fanned               // waits for its branches, iterations or children
	ended                // has an output
	broken               // has a failure
)

// A fan is a Parallel or Map under way, or that has failed. It is copied with its scope.
type fan struct {
	items []any // of a Map
	input any   // of each branch of a Parallel
	total int
	next  int // the first that has not begun
	done  int
	limit int // how many may be active
	// parts has for each branch or iteration its *Scope until it has succeeded, then its result. For a child of a distributed
	// Map it has the *ChildRequest while the child runs, then the *ChildEnd.
	parts vector
	last  int64   // history event of the last iteration that ended
	run   *mapRun // of a distributed Map
}

// own returns the scope itself where no copy of the execution can have it, else a copy for the Step under way.
func (st *stepper) own(sc *Scope) *Scope {
	if sc.owner > st.x.shared {
		return sc
	}
	c := *sc
	c.owner = st.x.steps
	if sc.fan != nil {
		f := *sc.fan
		if f.run != nil {
			run := *f.run
			f.run = &run
		}
		c.fan = &f
	}
	return &c
}
