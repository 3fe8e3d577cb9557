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
	// patience is how long one transaction may take. A server that has gone without a word would be waited for far longer.
	patience = 30 * time.Second
	// maxBatch is how many entries are held in memory at once, at most.
	maxBatch = 10_000
	// page is how many entries are made or compared in one transaction.
	page = 5_000
)

// A Site is source and target, and answers the activities. Its work is done on goroutines of its own, as a database may be
// far away; everything else belongs to the clock's.
type Site struct {
	plan   Plan
	source *Source
	target *Target
	host   machines.RunContext

	progress progress
	paused   bool
	waiting  []*job
	jobs     map[*job]bool
	wg       sync.WaitGroup
}

// Open opens the stores of a plan, and makes what is missing of them.
func Open(p Plan, host machines.RunContext) (*Site, error) {
	named := p.Source.text != ""
	if err := p.settle(host.Data); err != nil {
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
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	counts, err := source.Counts(ctx)
	if err != nil {
		return nil, errors.Join(err, source.Close(), target.Close())
	}
	s := &Site{plan: p, source: source, target: target, host: host, jobs: map[*job]bool{}}
	s.progress.counted(counts)
	host.Clock.Post(func() { host.Note(fmt.Sprintf("from %v to %v", p.Source, p.Target)) })
	return s, nil
}

// Close waits for the work under way, which it cancels, and closes the stores.
func (s *Site) Close() error {
	for j := range s.jobs {
		j.cancel()
	}
	s.wg.Wait()
	return errors.Join(s.source.Close(), s.target.Close())
}

// Pause keeps work from beginning until resume is called; what is under way is finished.
func (s *Site) Pause() (resume func()) {
	s.paused = true
	return func() {
		s.paused = false
		waiting := s.waiting
		s.waiting = nil
		for _, j := range waiting {
			s.begin(j)
		}
	}
}

// Handler returns the handler of one of the activities.
func (s *Site) Handler(activity string) engine.Handler {
	do := map[string]func(context.Context, any) answer{
		Seed: s.seed, NextEntry: s.nextEntry, WriteEntry: s.writeEntry, MarkMigrated: s.markMigrated, MarkFailed: s.markFailed,
		NextBatches: s.nextBatches, MoveBatch: s.moveBatch, Verify: s.verify, Notify: s.notify,
	}[activity]
	return handler{s, do}
}

type handler struct {
	site *Site
	do   func(ctx context.Context, input any) answer
}

// An answer is what has come of an activity. Then (nil: nothing) is done on the clock's goroutine, also if it failed.
type answer struct {
	output any
	err    error
	then   func()
}

func failed(err error) answer { return answer{err: err} }

// A job is a Task that a handler works on, or will when the site is not paused any more.
type job struct {
	input  any
	do     func(ctx context.Context, input any) answer
	reply  engine.Reply
	cancel func()
	over   bool // cancelled before it began
}

// Start implements [engine.Handler].
func (h handler) Start(t engine.Task, reply engine.Reply) func() {
	j := &job{input: t.Input, do: h.do, reply: reply}
	j.cancel = func() { j.over = true }
	if h.site.paused {
		h.site.waiting = append(h.site.waiting, j)
	} else {
		h.site.begin(j)
	}
	return func() { j.cancel() }
}

func (s *Site) begin(j *job) {
	if j.over {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	j.cancel = cancel
	s.jobs[j] = true
	release := s.host.Clock.Hold()
	s.wg.Go(func() {
		a := j.do(ctx, j.input)
		s.host.Clock.Post(func() {
			release()
			cancel()
			delete(s.jobs, j)
			if a.then != nil {
				a.then()
			}
			s.reply(j.reply, a)
		})
	})
}

func (s *Site) reply(reply engine.Reply, a answer) {
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

// going tells from a goroutine of an activity how far a phase has come.
func (s *Site) going(phase Phase, done, of int64) {
	s.host.Clock.Post(func() {
		if s.progress.phase != phase {
			s.progress.enter(phase, s.host.Clock.Now())
		}
		s.progress.done, s.progress.of = done, of
		s.went()
	})
}

func (s *Site) went() {
	if text := s.progress.went(s.host.Clock.Now()); text != "" {
		s.host.Note(text)
	}
}

// changed counts entries that are migrated, or given up, now. It is for the clock's goroutine.
func (s *Site) changed(migrated, failed int) {
	c := &s.progress.counts
	c.Pending -= int64(migrated + failed)
	c.Migrated += int64(migrated)
	c.Failed += int64(failed)
	s.went()
}
