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

// Errors for errors.Is. What the methods of [Engine] return names the execution, too.
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
	// Objects are where distributed Maps read items and write results. Nil: Maps that do so fail.
	Objects Objects
	// Observer sees every Step. Nil: none.
	Observer Observer
	// Journal makes Steps durable before their effects are done. Nil: they are done at once.
	Journal Journal
	// OnError is called once, on the clock's goroutine, when the Journal has failed. The engine makes no Step from then on: the
	// effects of those that were not durable are not done, and tasks and timers are left as they are. Nil: the clock is stopped.
	OnError func(error)
	// HistoryLimit bounds the history of each execution; 0 means [HistoryLimit], less than 0 none at all.
	HistoryLimit int
}

// An Observer sees every Step, on the clock's goroutine; of the child executions of distributed Maps as well, which are Runs of
// their own. [Run.Snapshot] has the execution after that Step. The memory of events is used again after Observe returns.
type Observer interface {
	Observe(run *Run, events *asl.History)
}

// An Engine owns executions. Its methods are for the clock's goroutine, or before the clock runs.
type Engine struct {
	options  Options
	handlers map[string]Handler
	runs     map[string]*Run // that have not ended, by ARN; children of distributed Maps as well
	tokens   map[string]*pending
	started  int64          // how many Runs there have been
	spare    []*asl.Effects // to use again
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

// Start begins an execution as soon as the clock runs. Done (may be nil) is called when it has ended. An Identity without
// an ID is known by its Name instead of an ARN. The error is [ErrExists] while an execution with this ARN is running, or that of
// the Journal after it has failed.
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

// register makes r the Run of its execution. Children whose ARN is taken (two executions of a machine with the same seed) run
// all the same; Lookup finds the one that was first.
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

// Lookup returns the running execution with an ARN: one that was started here, or a child of a distributed Map. The error is
// [ErrNotFound] where there is none: what has ended is not found, either.
func (e *Engine) Lookup(arn string) (*Run, error) {
	if r := e.runs[arn]; r != nil {
		return r, nil
	}
	return nil, fmt.Errorf("engine: execution %s: %w", arn, ErrNotFound)
}

// Runs ranges over the executions that are running, children of distributed Maps as well, in the order in which they were
// started. Executions may start and end meanwhile; new ones are not included.
func (e *Engine) Runs() iter.Seq[*Run] {
	list := slices.SortedFunc(maps.Values(e.runs), func(a, b *Run) int { return cmp.Compare(a.number, b.number) })
	return slices.Values(list)
}

// ReplyTo returns the Reply to the pending Task that has a token: one of .waitForTaskToken, or a Task whose [Task.Token] has been
// called. The error is [ErrNotFound] where there is none, or no longer.
func (e *Engine) ReplyTo(token string) (Reply, error) {
	if p := e.tokens[token]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("engine: task token: %w", ErrNotFound)
}

// Handle makes h the handler of an activity, by its name; nil takes the handler away. Tasks that start from now on go to h
// (nil: to Options.Other). Tasks that are pending stay with the handler that they were given to: its Reply still counts, and
// it is still the one whose cancel is called.
func (e *Engine) Handle(activity string, h Handler) {
	if h == nil {
		delete(e.handlers, activity)
	} else {
		e.handlers[activity] = h
	}
}

// AfterCommit calls f on the clock's goroutine when the Steps made so far are durable, with the error of the Journal if it has
// failed. It calls f at once when nothing waits for a commit, as is always so without a Journal. An answer that a handler has
// just given waits in the clock's queue: [Clock.Post] the call behind it.
func (e *Engine) AfterCommit(f func(err error)) { e.commits.wait(f) }

// effects returns empty Effects that are not in use: a handler that is started may stop the execution, and so begin a Step
// while the effects of another are carried out.
func (e *Engine) effects() *asl.Effects {
	last := len(e.spare) - 1
	if last < 0 {
		return &asl.Effects{}
	}
	out := e.spare[last]
	e.spare = e.spare[:last]
	return out
}

// maxSpareEffects is how many Effects are kept to be used again.
const maxSpareEffects = 2 * maxBatch

// release takes Effects back.
func (e *Engine) release(out *asl.Effects) {
	if len(e.spare) < maxSpareEffects {
		out.Reset()
		e.spare = append(e.spare, out)
	}
}
