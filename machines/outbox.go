package machines

import (
	"fmt"
	"slices"
	"time"
)

// An outbox holds the reactions of a plant whose records are on their way to the ledger. The plant is ahead of them: further
// edges and deadlines are applied meanwhile, so that a slow disk merges no pulses and keeps no motor running. The reactions are
// carried out in order, each when its records and all before them are on disk, so that nothing moves before the ledger has it.
type outbox struct {
	background func(write, done func()) // nil: the ledger is waited for

	waiting   []pending // oldest first
	unwritten []Entry   // the records that no write has begun with
	writing   chan error
	batch     int // number of records in the write under way
	queued    int // number of records put into the outbox so far
	durable   int // number of those that are on disk
}

// A pending is a reaction that is not carried out yet, but for its Stops.
type pending struct {
	Reaction
	why    string
	at     time.Time  // when its input was applied
	queued bool       // it is in the outbox
	upTo   int        // it waits until so many records are on disk
	held   []Deadline // those that count from its Levels
}

// delays reports whether a reaction has to wait: for its own records or for its turn.
func (o *outbox) delays(r Reaction) bool {
	return o.background != nil && (len(r.Records) > 0 || len(o.waiting) > 0)
}

// stop removes what would turn a line on from the reactions that wait: the plant has turned the line off since.
func (o *outbox) stop(line string) {
	for i := range o.waiting {
		o.waiting[i].Levels = slices.DeleteFunc(o.waiting[i].Levels, func(l Level) bool { return l.Line == line && l.High })
	}
}

// drop removes the held deadlines that are not among those that the plant waits for now.
func (o *outbox) drop(deadlines []Deadline) {
	for i := range o.waiting {
		o.waiting[i].held = slices.DeleteFunc(o.waiting[i].held, func(d Deadline) bool { return !slices.Contains(deadlines, d) })
	}
}

// holds reports whether a reaction that waits holds the deadline.
func (o *outbox) holds(d Deadline) bool {
	return slices.ContainsFunc(o.waiting, func(p pending) bool { return slices.Contains(p.held, d) })
}

// forget drops everything, as a power cut does.
func (o *outbox) forget() { o.waiting, o.unwritten = nil, nil }

// enqueue puts a reaction into the outbox. Deadlines start at once, except new ones of a reaction that has Levels to set.
func (r *Rig) enqueue(p pending) {
	o := &r.outbox
	o.unwritten = append(o.unwritten, p.Records...)
	o.queued += len(p.Records)
	p.queued, p.upTo = true, o.queued
	var held *[]Deadline
	if len(p.Levels) > 0 {
		held = &p.held
	}
	r.schedule(p.Deadlines, held)
	o.waiting = append(o.waiting, p)
	r.write()
}

// write begins to write the records that wait, all in one commit, unless a write is under way.
func (r *Rig) write() {
	o := &r.outbox
	if o.writing != nil || len(o.unwritten) == 0 {
		return
	}
	entries, result := o.unwritten, make(chan error, 1)
	o.unwritten, o.writing, o.batch = nil, result, len(entries)
	o.background(func() { result <- r.ledger.Append(entries) }, r.written)
}

// written carries out the reactions whose records are on disk now, and begins the next write.
func (r *Rig) written() {
	o := &r.outbox
	if o.writing == nil {
		return // Close was quicker
	}
	err := <-o.writing
	o.writing = nil
	if err != nil {
		o.forget()
		r.Break(fmt.Errorf("the ledger: %w", err))
		return
	}
	o.durable += o.batch
	for len(o.waiting) > 0 && o.waiting[0].upTo <= o.durable {
		p := o.waiting[0]
		o.waiting = o.waiting[1:]
		r.applying = true // a simulated line may answer at once
		r.finish(p)
		r.applying = false
		r.applyNext()
	}
	r.write()
}

// Close waits for the write under way and then writes the records that are left: what the plant knows must not be forgotten,
// though nothing moves any more. It is for when the clock has stopped and the outputs are safe.
func (r *Rig) Close() error {
	o := &r.outbox
	var err error
	if o.writing != nil {
		err = <-o.writing
		o.writing = nil
	}
	if err == nil && len(o.unwritten) > 0 {
		err = r.ledger.Append(o.unwritten)
	}
	o.forget()
	if err != nil {
		return fmt.Errorf("the ledger: %w", err)
	}
	return nil
}
