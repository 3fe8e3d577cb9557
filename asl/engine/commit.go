package engine

import (
	"fmt"
	"slices"

	"signalbox/asl"
)

// A Journal makes Steps durable. With one, nothing leaves the engine before the journal has the Step from which it follows:
// no task or child is started, no timer set, no object written, no end reported; Observers, [Run.Snapshot] and [Run.History]
// show durable Steps only.
//
// The engine goes on with other executions while a commit is under way. Their records gather for the next one, so that many
// executions share a commit. An execution whose effects wait is stepped at once when another event comes for it; its effects
// leave in the order of its Steps. A simulated clock stands still during a commit and gives its effects a place in the
// queue, so that their order does not depend on how long it took.
//
// After a power cut an execution continues from a stored Execution and the later events of its records: see
// [Engine.Restore]. Events come from outside; what follows from them, [asl.Machine.Step] makes again.
type Journal interface {
	// Commit begins to make the records durable, all or none, and does not wait. It calls done once when that has ended, from
	// any goroutine. Until then the records, and all that they refer to, do not change; afterwards the engine uses their memory
	// again. Records of an execution are in the order of its Steps. Commit is called on the clock's goroutine, and not before
	// done of the commit before. An error is final: the engine makes no further Step and calls Options.OnError.
	Commit(records []Record, done func(error))
}

// A Record is one Step of an execution.
type Record struct {
	Machine   *asl.Machine
	Parent    string // ARN of the execution whose distributed Map started this one; "" for one started from outside
	Event     asl.Event
	History   asl.History
	Execution asl.Execution // after the Step
}

// commits gathers the Steps of all executions and hands them to the journal, one batch after the other.
type commits struct {
	engine  *Engine
	journal Journal // nil: there is none
	next    batch   // gathered for the next commit
	current batch   // of the commit under way
	busy    bool    // a commit is under way
	queued  bool    // the next one is in the clock's queue
	err     error   // of a commit: it was the last
}

// A batch is the Steps of one commit.
type batch struct {
	records []Record
	steps   []step            // one for each record
	waiting []func(err error) // from AfterCommit
}

// A step is a Step whose effects wait.
type step struct {
	run *Run
	out *asl.Effects
}

// maxBatch is how many records are handed over without waiting for more that are due at once. A batch that gathers while a
// commit is under way can be larger.
const maxBatch = 1000

// add takes a Step. The commit follows what is in the clock's queue, which may bring more of them.
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

// begin hands the next batch to the journal, if there is one and no commit is under way.
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

// finish does the effects of the batch that is durable now.
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

// fail is the end of the engine: Steps that are not durable are dropped, and no others are made.
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

// wait calls f when the Steps of now are durable.
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

// reset empties the batch and keeps its memory, unless there is much of it.
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
