package vending

import (
	"encoding/json"
	"errors"
	"fmt"

	"signalbox/asl/value"
	"signalbox/machines"
)

// sums are the books of the entries alone, as a reader of the ledger has them. They implement [machines.Sums].
type sums struct{ Books }

// Reset implements [machines.Sums].
func (s *sums) Reset() { s.Books = Books{} }

// Add implements [machines.Sums].
func (s *sums) Add(e machines.Entry) error {
	if err := s.add(e); err != nil {
		return fmt.Errorf("entry %s: %w; it is damaged, or of another machine: nothing moves", e.Kind, err)
	}
	return nil
}

// Checkpoint implements [machines.Sums].
func (s *sums) Checkpoint() machines.Entry {
	text, err := json.Marshal(s.Books)
	var v any
	if err == nil {
		v, err = value.Read(text)
	}
	if err != nil {
		panic(fmt.Sprintf("vending: %v", err)) // Books have nothing that JSON lacks
	}
	return machines.Entry{Kind: machines.CheckpointKind, Data: v.(*value.Object)}
}

// checkpoint adds a checkpoint: at the beginning it sets the books, later it must agree with them.
func (b *Books) checkpoint(e machines.Entry) error {
	var at Books
	if e.Data == nil {
		return errors.New("a checkpoint without sums")
	}
	if err := machines.Decode(e.Data, &at); err != nil {
		return err
	}
	if b.Started && at != *b {
		return errors.New("its sums are not those of the entries before it")
	}
	*b = at
	return b.check()
}
