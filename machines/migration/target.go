package migration

import (
	"context"
	"fmt"

	"signalbox/asl"
)

// A Target is the database that entries go to. Each method is one transaction, may be called from any goroutine, and
// returns errors of type *asl.Error, with a name that the definitions can catch.
type Target struct{ store }

// OpenTarget opens a target, and creates the file and the table if they are missing. It refuses a database that is a
// source. Its error is for the user of the command line.
func OpenTarget(d DSN) (*Target, error) {
	s, err := openStore(d, "target", true, d.dialect.target)
	if err != nil {
		return nil, err
	}
	if _, err := s.db.Exec("SELECT state FROM entries WHERE id < 0"); err == nil {
		_ = s.Close()
		return nil, fmt.Errorf("migration: target %v: it is a source: its entries have states", d)
	}
	if _, err := s.db.Exec("SELECT id, payload FROM entries WHERE id < 0"); err != nil {
		_ = s.Close() // err says more
		return nil, fmt.Errorf("migration: target %v: its table entries should have the columns id and payload: %w", d, err)
	}
	return &Target{*s}, nil
}

// Write inserts entries. Entries that the target has with the same content stay as they are. If it has one with another
// content nothing is written, and the error is [ErrConflict].
func (t *Target) Write(ctx context.Context, entries []Entry) error {
	return t.transact(ctx, "write", func(w *work) error {
		for len(entries) > 0 {
			part := entries[:min(rowsPerInsert, len(entries))]
			entries = entries[len(part):]
			n, err := w.exec(insert(len(part))+" ON CONFLICT (id) DO NOTHING", arguments(part)...)
			if err != nil {
				return err
			}
			if n == int64(len(part)) {
				continue
			}
			if err := t.same(w, part); err != nil {
				return err
			}
		}
		return nil
	})
}

// Holds returns nil if the target has an entry with the same content. The error is [ErrRefused] if the entry is missing,
// [ErrConflict] if its content is another.
func (t *Target) Holds(ctx context.Context, e Entry) error {
	return t.transact(ctx, "holds", func(w *work) error { return t.same(w, []Entry{e}) })
}

// same returns the error of [Target.Holds] for the first entry that is missing or differs.
func (t *Target) same(w *work, entries []Entry) error {
	ids := make([]int64, len(entries))
	for i, e := range entries {
		ids[i] = e.ID
	}
	condition, argument := t.idIn(ids)
	found, err := w.query("SELECT id, payload, '' FROM entries WHERE "+condition, argument)
	if err != nil {
		return err
	}
	has := make(map[int64]string, len(found))
	for _, e := range found {
		has[e.ID] = e.Payload
	}
	for _, e := range entries {
		switch payload, there := has[e.ID]; {
		case !there:
			return &asl.Error{Name: ErrRefused, Cause: fmt.Sprintf("the target has no entry %d", e.ID)}
		case payload != e.Payload:
			return &asl.Error{Name: ErrConflict, Cause: fmt.Sprintf("the target has another entry %d", e.ID)}
		}
	}
	return nil
}

// Page returns the entries of a range in order, without their states.
func (t *Target) Page(ctx context.Context, r Range) (entries []Entry, err error) {
	err = t.transact(ctx, "page", func(w *work) error {
		entries, err = w.query("SELECT id, payload, '' FROM entries WHERE id >= ? AND id <= ? ORDER BY id", r.First, r.Last)
		return err
	})
	return entries, err
}
