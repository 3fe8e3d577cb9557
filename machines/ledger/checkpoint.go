package ledger

import (
	"iter"

	"signalbox/machines"
)

// checkpointEvery is the number of entries between two checkpoints: what a start has to read at most, but for those of a last
// batch.
const checkpointEvery = 5000

// Checkpoints returns l with a checkpoint entry behind every 5,000 entries: the start reads only what follows the last one. Sums
// are those of the machine that keeps the ledger.
func Checkpoints(l machines.Ledger, sums machines.Sums) machines.Ledger {
	return &checkpoints{ledger: l, sums: sums}
}

// A checkpoints is a ledger with checkpoints.
type checkpoints struct {
	ledger machines.Ledger
	sums   machines.Sums
	read   bool // the sums are those of the ledger
	since  int  // the entries since the last checkpoint
}

// All implements [machines.Ledger].
func (c *checkpoints) All() iter.Seq2[machines.Entry, error] {
	return func(yield func(machines.Entry, error) bool) {
		c.sums.Reset()
		c.since, c.read = 0, false
		for e, err := range c.ledger.All() {
			if err == nil {
				err = c.add(e)
			}
			if !yield(e, err) || err != nil {
				return
			}
		}
		c.read = true
	}
}

func (c *checkpoints) add(e machines.Entry) error {
	c.since++
	if e.Kind == machines.CheckpointKind {
		c.since = 0
	}
	return c.sums.Add(e)
}

// Append implements [machines.Ledger].
func (c *checkpoints) Append(entries []machines.Entry) error {
	if !c.read {
		for _, err := range c.All() {
			if err != nil {
				return err
			}
		}
	}
	for _, e := range entries {
		if err := c.add(e); err != nil {
			return err
		}
	}
	if c.since >= checkpointEvery && len(entries) > 0 {
		e := c.sums.Checkpoint()
		e.Time = entries[len(entries)-1].Time
		entries = append(entries[:len(entries):len(entries)], e)
		c.since = 0
	}
	return c.ledger.Append(entries)
}

// Request returns the request with a key that the ledger has.
func (c *checkpoints) Request(key string) (machines.Request, error) {
	if l, ok := c.ledger.(interface {
		Request(key string) (machines.Request, error)
	}); ok {
		return l.Request(key)
	}
	for e, err := range c.ledger.All() {
		if r := e.Request(); err != nil || r.Key == key {
			return r, err
		}
	}
	return machines.Request{}, nil
}
