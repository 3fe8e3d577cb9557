package migration

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/machines"
)

const (
	// transactionTimeout limits one transaction. Without it a server that has vanished would block for many minutes.
	transactionTimeout = 30 * time.Second
	// maxBatch limits the entries of a batch, all of which are in memory at once.
	maxBatch = 10_000
	// pageSize is the number of entries that one transaction makes or compares.
	pageSize = 5_000
)

// A Backend has source and target, and handles the activities. It implements [machines.Backend]. Each activity works on a
// goroutine of its own, because a database may be slow; all else runs on the clock's goroutine, which alone may call the
// methods.
type Backend struct {
	plan   Plan
	source *Source
	target *Target
	run    machines.RunContext

	progress progress
	paused   bool
	waiting  []*job        // not begun, because paused
	jobs     map[*job]bool // begun
	wg       sync.WaitGroup
}

// Open opens the stores of a plan and creates missing tables. It may be called before the clock runs. The caller must
// close the Backend.
func Open(p Plan, run machines.RunContext) (*Backend, error) {
	named := p.Source.text != ""
	if err := p.setDefaults(run.Data); err != nil {
		return nil, err
	}
	source, err := OpenSource(p.Source, !named || p.Rows > 0)
	if err != nil {
		return nil, err
	}
	target, err := OpenTarget(p.Target)
	if err != nil {
		return nil, errors.Join(err, source.Close())
	}
	ctx, cancel := context.WithTimeout(context.Background(), transactionTimeout)
	defer cancel()
	counts, err := source.Counts(ctx)
	if err != nil {
		return nil, errors.Join(err, source.Close(), target.Close())
	}
	b := &Backend{plan: p, source: source, target: target, run: run, jobs: map[*job]bool{}}
	b.progress.setCounts(counts)
	run.Clock.Post(func() { run.Note(fmt.Sprintf("from %v to %v", p.Source, p.Target)) })
	return b, nil
}

// Close cancels the activities that are working, waits for their end, and closes the stores. They do not reply.
func (b *Backend) Close() error {
	for j := range b.jobs {
		j.cancel()
	}
	b.wg.Wait()
	return errors.Join(b.source.Close(), b.target.Close())
}

// Pause lets no activity begin until resume is called. An activity that has begun continues.
func (b *Backend) Pause() (resume func()) {
	b.paused = true
	return func() {
		b.paused = false
		waiting := b.waiting
		b.waiting = nil
		for _, j := range waiting {
			b.begin(j)
		}
	}
}

// Handler returns the handler of an activity, which must be one of the constants above.
func (b *Backend) Handler(activity string) engine.Handler {
	do := map[string]func(context.Context, any) answer{
		Seed: b.seed, NextEntry: b.nextEntry, WriteEntry: b.writeEntry, MarkMigrated: b.markMigrated, MarkFailed: b.markFailed,
		NextBatches: b.nextBatches, MoveBatch: b.moveBatch, Verify: b.verify, Notify: b.notify,
	}[activity]
	return handler{b, do}
}

// A handler handles the Tasks of one activity.
type handler struct {
	backend *Backend
	do      func(ctx context.Context, input any) answer
}

// An answer is the result of an activity.
type answer struct {
	output any    // unless err
	err    error  // an *asl.Error has the error name; any other error is one of the input
	then   func() // runs on the clock's goroutine before the reply, also with err; nil: nothing
}

func failed(err error) answer { return answer{err: err} }

// A job is a Task of a handler.
type job struct {
	input     any
	do        func(ctx context.Context, input any) answer
	reply     engine.Reply
	cancel    func()
	cancelled bool // before it began
}

// Start implements [engine.Handler]. While the backend is paused the Task waits.
func (h handler) Start(t engine.Task, reply engine.Reply) func() {
	j := &job{input: t.Input, do: h.do, reply: reply}
	j.cancel = func() { j.cancelled = true }
	if h.backend.paused {
		h.backend.waiting = append(h.backend.waiting, j)
	} else {
		h.backend.begin(j)
	}
	return func() { j.cancel() }
}

// begin starts the goroutine of a job. A simulated clock stands still until the job posts its answer.
func (b *Backend) begin(j *job) {
	if j.cancelled {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	j.cancel = cancel
	b.jobs[j] = true
	release := b.run.Clock.Hold()
	b.wg.Go(func() {
		a := j.do(ctx, j.input)
		b.run.Clock.Post(func() {
			release()
			cancel()
			delete(b.jobs, j)
			if a.then != nil {
				a.then()
			}
			b.reply(j.reply, a)
		})
	})
}

// reply sends an answer to the engine.
func (b *Backend) reply(reply engine.Reply, a answer) {
	var known *asl.Error
	switch {
	case a.err == nil:
		reply.Succeed(a.output)
	case errors.As(a.err, &known):
		reply.Fail(known.Name, known.Cause)
	default:
		reply.Fail(machines.ErrInput, a.err.Error())
	}
}

// reportProgress sets phase and progress: done of so many entries. The goroutine of an activity calls it.
func (b *Backend) reportProgress(phase Phase, done, of int64) {
	b.run.Clock.Post(func() {
		if b.progress.phase != phase {
			b.progress.enter(phase, b.run.Clock.Now())
		}
		b.progress.done, b.progress.of = done, of
		b.noteProgress()
	})
}

// noteProgress records the progress for the rate, and writes a note of it now and then.
func (b *Backend) noteProgress() {
	if text := b.progress.advance(b.run.Clock.Now()); text != "" {
		b.run.Note(text)
	}
}

// countChanged counts pending entries that have become migrated or failed.
func (b *Backend) countChanged(migrated, failed int) {
	c := &b.progress.counts
	c.Pending -= int64(migrated + failed)
	c.Migrated += int64(migrated)
	c.Failed += int64(failed)
	b.noteProgress()
}
