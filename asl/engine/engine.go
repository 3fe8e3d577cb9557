// Package engine runs executions of package asl: it delivers the events on which they step and does the effects that follow.
//
//	[Clock]    the one queue of work; simulated or real
//	[Engine]   owns executions, their timers and their tasks; all its work happens on the clock
//	[Run]      one execution in an engine
//	[Handler]  carries out the Tasks of an activity and answers through a [Reply]
//	[Observer] sees immutable snapshots and the events of the history
//
// A waiting execution costs its own memory and an entry in the clock's queue; no goroutine.
package engine

import (
	"cmp"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"signalbox/asl"
)

// HistoryLimit is the number of history events kept for each execution by default; the oldest are dropped first. It is AWS's
// limit for a whole history.
const HistoryLimit = 25000

// Epoch is when simulated time begins: a fixed date, so that two runs have the same timestamps.
var Epoch = time.Date(2025, time.January, 1, 8, 0, 0, 0, time.UTC)

// Errors for errors.Is; the methods of [Engine] wrap them.
var (
	ErrExists   = errors.New("already exists")
	ErrNotFound = errors.New("not found")
)

// Options configure an Engine.
type Options struct {
	Clock *Clock
	// Handlers by the names of their activities; [Engine.Handle] changes them later.
	Handlers map[string]Handler
	// Other is for Tasks without a handler in Handlers. Nil: they fail.
	Other Handler
	// Objects for the ItemReaders and ResultWriters of distributed Maps. Nil: Maps that use them fail.
	Objects Objects
	// Observer sees every Step. Nil: none.
	Observer Observer
	// Journal makes Steps durable before their effects are done. Nil: they are done at once.
	Journal Journal
	// OnError is called once, on the clock's goroutine, when the Journal has failed. From then on the engine makes no Step;
	// it drops the effects of Steps that are not durable, and leaves tasks and timers as they are. Nil: the clock is stopped.
	OnError func(error)
	// HistoryLimit bounds the history window of each execution; 0 means [HistoryLimit], less than 0 none.
	HistoryLimit int
}

// An Observer is called for every Step, on the clock's goroutine, also for children of distributed Maps, which are Runs of
// their own. [Run.Snapshot] is the execution after the Step. Events are valid until Observe returns.
type Observer interface {
	Observe(run *Run, events *asl.History)
}

// An Engine owns executions. Its methods are for the clock's goroutine, or before the clock runs.
type Engine struct {
	options  Options
	handlers map[string]Handler
	runs     map[string]*Run     // running executions by ARN, including children
	tokens   map[string]*pending // for ReplyTo
	started  int64               // number of Runs so far
	spare    []*asl.Effects      // for reuse
	commits  commits
}

// New returns an engine without executions.
func New(o Options) *Engine {
	if o.HistoryLimit == 0 {
		o.HistoryLimit = HistoryLimit
	}
	o.HistoryLimit = max(0, o.HistoryLimit)
	e := &Engine{options: o, handlers: map[string]Handler{}, runs: map[string]*Run{}, tokens: map[string]*pending{}}
	maps.Copy(e.handlers, o.Handlers)
	e.commits = commits{engine: e, journal: o.Journal}
	return e
}

// Start starts an execution of m; its first Step follows on the clock. Done (may be nil) is called when the execution has
// ended. If who has no ID, Name serves as the ARN. The error is [ErrExists] if an execution with this ARN is running, or the
// error of a failed Journal.
func (e *Engine) Start(m *asl.Machine, who asl.Identity, input any, done func(asl.Execution)) (*Run, error) {
	r := &Run{who: &who, done: done}
	if err := e.refuse(r); err != nil {
		return nil, err
	}
	e.start(r, m, input)
	return r, nil
}

// refuse returns why an execution cannot be started or restored, nil if it can.
func (e *Engine) refuse(r *Run) error {
	if arn := r.ARN(); e.runs[arn] != nil {
		return fmt.Errorf("engine: execution %s: %w", arn, ErrExists)
	}
	return e.commits.err
}

// start posts the first Step of an execution, whose Run has an Identity.
func (e *Engine) start(r *Run, m *asl.Machine, input any) {
	r.x = asl.NewExecutionOf(r.who)
	r.x.Input = input
	e.register(r, m)
	e.options.Clock.post(r)
}

// register adds r to the running executions. A child whose ARN is taken (two executions of a machine have the same seed)
// runs, but Lookup does not find it.
func (e *Engine) register(r *Run, m *asl.Machine) {
	r.engine, r.machine = e, m
	if e.options.Journal != nil {
		durable := r.x
		r.durable = &durable
	}
	e.started++
	r.number = e.started
	if arn := r.ARN(); r.child == nil || e.runs[arn] == nil {
		e.runs[arn] = r
	}
}

// Lookup returns the running execution with an ARN; it may be a child of a distributed Map. The error is [ErrNotFound] if
// there is none, or if it has ended.
func (e *Engine) Lookup(arn string) (*Run, error) {
	if r := e.runs[arn]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("engine: execution %s: %w", arn, ErrNotFound)
}

// Runs ranges over the executions that are running when it is called, including children of distributed Maps, in the order in
// which they were started.
func (e *Engine) Runs() iter.Seq[*Run] {
	list := slices.SortedFunc(maps.Values(e.runs), func(a, b *Run) int { return cmp.Compare(a.number, b.number) })
	return slices.Values(list)
}

// ReplyTo returns the Reply for the pending Task with a token: a Task with .waitForTaskToken, or one whose [Task.Token] was
// called. The error is [ErrNotFound] if there is none, or if it has ended.
func (e *Engine) ReplyTo(token string) (Reply, error) {
	if p := e.tokens[token]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("engine: task token: %w", ErrNotFound)
}

// Handle sets the handler for the activity with a name; nil removes it, so that Tasks go to Options.Other. It affects Tasks
// that start from now on. Pending Tasks stay with their handler: its replies count, and its cancel functions are called.
func (e *Engine) Handle(activity string, h Handler) {
	if h == nil {
		delete(e.handlers, activity)
	} else {
		e.handlers[activity] = h
	}
}

// AfterCommit calls f when all Steps made so far are durable, on the clock's goroutine, or with the error of the failed
// Journal. It calls f at once if no Step waits for a commit; without a Journal none ever does. To include the Step of a reply
// that was just given, call AfterCommit from [Clock.Post], since the reply is in the clock's queue.
func (e *Engine) AfterCommit(f func(err error)) { e.commits.wait(f) }

// effects returns empty Effects. A Step may begin while the effects of another are done: a handler that is started may stop the
// execution.
func (e *Engine) effects() *asl.Effects {
	last := len(e.spare) - 1
	if last < 0 {
		return &asl.Effects{}
	}
	out := e.spare[last]
	e.spare = e.spare[:last]
	return out
}

// maxSpareEffects is the largest number of Effects kept for reuse.
const maxSpareEffects = 2 * maxBatch

// release keeps Effects for reuse.
func (e *Engine) release(out *asl.Effects) {
	if len(e.spare) < maxSpareEffects {
		out.Reset()
		e.spare = append(e.spare, out)
	}
}
