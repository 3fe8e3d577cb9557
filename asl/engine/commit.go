package engine

import (
	"fmt"
	"slices"

	"signalbox/asl"
)

// A Journal makes Steps durable. With a Journal, the effects of a Step wait until the Step is durable: only then are tasks and
// children started, timers set, objects written and ends reported. Observers, [Run.Snapshot] and [Run.History] show durable
// Steps only.
//
// While a commit is under way the engine steps other executions, and collects their records for the next commit: many
// executions share one. If another event arrives for an execution whose effects wait, it is stepped at once; effects are done
// in the order of its Steps. A simulated clock stands still during a commit and reserves a place in its queue for the
// effects, so that their order does not depend on how long the commit takes.
//
// To recover, take the last stored Execution, apply the events of later records with [asl.Machine.Step], which is
// deterministic, and call [Engine.Restore].
type Journal interface {
	// Commit starts to make the records durable, all or none of them, and returns without waiting. It calls done exactly once,
	// from any goroutine, when they are durable, or with an error. Until then the records do not change; afterwards the engine
	// reuses their memory. Records of an execution are in the order of its Steps. The engine calls Commit on the clock's
	// goroutine, and never before the previous commit is done. An error is final: the engine makes no further Step and calls
	// Options.OnError.
	Commit(records []Record, done func(error))
}

// A Record is one Step of an execution.
type Record struct {
	Machine   *asl.Machine
	Parent    string // of a child of a distributed Map: ARN of the execution with the Map; else ""
	Event     asl.Event
	History   asl.History
	Execution asl.Execution // after the Step
}

// commits collects the Steps of all executions and passes them to the journal in batches.
type commits struct {
	engine  *Engine
	journal Journal // nil: there is none
	next    batch   // for the next commit
	current batch   // of the commit under way
	busy    bool    // a commit is under way
	queued  bool    // the next commit is in the clock's queue
	err     error   // of a failed commit
}

// A batch is the Steps of one commit.
type batch struct {
	records []Record
	steps   []step            // parallel to records
	waiting []func(err error) // from AfterCommit
}

// A step has the effects of a Step, which wait.
type step struct {
	run *Run
	out *asl.Effects
}

// maxBatch is the number of records at which a commit begins without waiting for the entries that are due. A batch can be
// larger if it was collected during another commit.
const maxBatch = 1000

// add adds a Step to the next batch. Its commit is queued behind the entries of the clock that are due, which may add more
// Steps.
func (c *commits) add(r *Run, event *asl.Event, out *asl.Effects) {
	record := Record{Machine: r.machine, Event: *event, History: out.History, Execution: r.x}
	if r.child != nil {
		record.Parent = r.child.parent.ARN()
	}
	c.next.records = append(c.next.records, record)
	c.next.steps = append(c.next.steps, step{r, out})
	switch {
	case c.busy:
	case len(c.next.records) >= maxBatch:
		c.begin()
	case !c.queued:
		c.queued = true
		c.engine.options.Clock.postFree(c)
	}
}

func (c *commits) do() {
	c.queued = false
	c.begin()
}

// begin passes the next batch to the journal, unless it is empty or a commit is under way.
func (c *commits) begin() {
	if c.busy || len(c.next.records) == 0 {
		return
	}
	c.busy = true
	c.next, c.current = c.current, c.next
	var failed error
	ready := c.engine.options.Clock.Reserve(func() { c.finish(failed) })
	c.journal.Commit(c.current.records, func(err error) {
		failed = err
		ready()
	})
}

// finish does the effects of the current batch, which is durable now.
func (c *commits) finish(err error) {
	if err != nil {
		c.fail(err)
		return
	}
	for i, s := range c.current.steps {
		s.run.publish(&c.current.records[i].Execution, s.out)
	}
	for _, f := range c.current.waiting {
		f(nil)
	}
	c.current.reset()
	c.busy = false
	c.begin()
}

// fail stops the engine: Steps that are not durable are dropped, and no more are made.
func (c *commits) fail(err error) {
	c.err = fmt.Errorf("engine: journal: %w", err)
	waiting := slices.Concat(c.current.waiting, c.next.waiting)
	c.current, c.next = batch{}, batch{}
	for _, f := range waiting {
		f(c.err)
	}
	if o := &c.engine.options; o.OnError != nil {
		o.OnError(c.err)
	} else {
		o.Clock.Stop()
	}
}

// wait calls f when all Steps made so far are durable.
func (c *commits) wait(f func(error)) {
	switch {
	case c.err != nil:
		f(c.err)
	case len(c.next.records) > 0:
		c.next.waiting = append(c.next.waiting, f)
	case c.busy:
		c.current.waiting = append(c.current.waiting, f)
	default:
		f(nil)
	}
}

// reset empties the batch, and keeps its memory unless it is large.
func (b *batch) reset() {
	if cap(b.records) > 4*maxBatch {
		*b = batch{}
		return
	}
	clear(b.records)
	clear(b.steps)
	clear(b.waiting)
	b.records, b.steps, b.waiting = b.records[:0], b.steps[:0], b.waiting[:0]
}
