package asl

import (
	"encoding/binary"
	"time"

	"signalbox/asl/value"
)

// A Status is how an execution stands.
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
	// Seed is what everything that has to look random derives from: UUIDs, States.MathRandom, jitter.
	Seed uint64
}

// An Execution is the whole state of one run: a tree of scopes. It is a plain value: a copy can be stepped without touching
// the original, because a Step copies a scope before it changes it for the first time.
type Execution struct {
	Status  Status
	Input   any
	Output  any    // once it has Succeeded
	Failure *Error // once it has Failed
	Started time.Time
	Stopped time.Time

	who     *Identity
	steps   uint64   // how many Steps it has made
	events  int64    // id of the last history event
	ids     int64    // last id of a task or timer
	draws   uint64   // how many random numbers it has drawn
	timeout int64    // timer of the whole execution
	deleted []string // ARNs of activities that do not exist; never changed in place
	root    *Scope
}

// NewExecution returns an execution that has not begun: its first event is [EventStart].
func NewExecution(who Identity) Execution { return Execution{who: &who} }

// Identity returns what the execution is called.
func (x *Execution) Identity() Identity { return *x.who }

// A Position is a state in which an execution is just now.
type Position struct {
	State *State
	Since time.Time
	Retry int // how often the state has been retried
	Scope ScopePath
}

// Positions lists the states in which the execution is, outer ones before those inside them; a Parallel and its branches'
// states are all there. It is empty once the execution has ended.
func (x *Execution) Positions() []Position {
	if x.root == nil || x.Status != StatusRunning {
		return nil
	}
	return x.root.positions(nil)
}

func (sc *Scope) positions(list []Position) []Position {
	list = append(list, Position{sc.state, sc.entered, sc.retries(), sc.path})
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
	owner uint64 // the Step that made this copy; only that one may change it
	path  ScopePath

	state     *State
	input     any // of the state, before InputPath
	variables *value.Object
	from      *State // the state before
	whyIndex  int32
	why       Reason
	phase     phase
	started   bool // the task's start is in the history
	entered   time.Time
	enteredID int64 // history event
	previous  int64 // history event that the next one follows

	task      int64   // id of the task under way
	timer     int64   // wait, retry or timeout
	heartbeat int64   // timer
	attempts  []int32 // by retrier

	fan     *fan
	output  any
	failure *Error
}

// retries is how often the state has been retried.
func (sc *Scope) retries() int {
	n := 0
	for _, attempts := range sc.attempts {
		n += int(attempts)
	}
	return n
}

type phase uint8

const (
	ready   phase = iota // state is to be entered
	tasking              // waits for a task's answer
	waiting              // waits for the timer of a Wait
	backoff              // waits for the timer of a retry
	fanned               // waits for its branches or iterations
	ended                // has an output
	broken               // has a failure
)

// A fan is a Parallel or Map under way. It is copied with its scope.
type fan struct {
	items []any // of a Map
	input any   // of each branch of a Parallel
	total int
	next  int // the first that has not begun
	done  int
	limit int // how many may be active
	// parts has for each branch or iteration its *Scope while it is under way, then its result; for children a *ChildEnd.
	parts vector
	last  int64   // history event of the last iteration that ended
	run   *mapRun // of a distributed Map
}

// own returns the scope itself where this Step has copied it already, else a copy.
func (sc *Scope) own(step uint64) *Scope {
	if sc.owner == step {
		return sc
	}
	c := *sc
	c.owner = step
	if sc.fan != nil {
		f := *sc.fan
		if f.run != nil {
			run := *f.run
			f.run = &run
		}
		c.fan = &f
	}
	if sc.attempts != nil {
		c.attempts = append([]int32(nil), sc.attempts...)
	}
	return &c
}
