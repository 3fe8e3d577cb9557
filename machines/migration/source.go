package migration

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"signalbox/asl"
	"signalbox/machines"
)

// A Range is a range of ids, both ends included.
type Range struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// everything is the range of all ids.
var everything = Range{math.MinInt64, math.MaxInt64}

// Counts are the numbers of entries by state.
type Counts struct{ Pending, Moving, Migrated, Failed int64 }

// Open returns the number of entries that are still to be moved.
func (c Counts) Open() int64 { return c.Pending + c.Moving }

// ofState returns a pointer to the count of a state, nil if there is no such state.
func (c *Counts) ofState(s State) *int64 {
	return map[State]*int64{Pending: &c.Pending, Moving: &c.Moving, Migrated: &c.Migrated, Failed: &c.Failed}[s]
}

// All returns the number of all entries.
func (c Counts) All() int64 { return c.Pending + c.Moving + c.Migrated + c.Failed }

// A Source is the database that entries come from. Each method is one transaction, may be called from any goroutine, and
// returns errors of type *asl.Error, with a name that the definitions can catch.
type Source struct {
	store
	entry *machines.Part[State]
}

// OpenSource opens a source and creates missing tables and triggers. Fresh permits to create a SQLite file that does not
// exist. Its error is for the user of the command line.
func OpenSource(d DSN, fresh bool) (*Source, error) {
	s, err := openStore(d, "source", fresh, d.dialect.source)
	if err != nil {
		return nil, err
	}
	if _, err := s.db.Exec("SELECT id, payload, state FROM entries WHERE id < 0"); err != nil {
		_ = s.Close() // err says more
		return nil, fmt.Errorf("migration: source %v: its table entries should have the columns id, payload and state: %w", d, err)
	}
	return &Source{store: *s, entry: newEntryPart()}, nil
}

// Counts returns the numbers of entries by state.
func (s *Source) Counts(ctx context.Context) (Counts, error) {
	var c Counts
	err := s.transact(ctx, "counts", func(w *work) error {
		rows, err := w.tx.QueryContext(ctx, "SELECT state, count(*) FROM entries GROUP BY state")
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // Err returns its error
		for rows.Next() {
			var state State
			var n int64
			if err := rows.Scan(&state, &n); err != nil {
				return err
			}
			*c.ofState(state) = n
		}
		return rows.Err()
	})
	return c, err
}

// Fill adds at most n entries with the ids that follow the highest one, up to lastID, and returns how many it added. Their
// payloads derive from their ids.
func (s *Source) Fill(ctx context.Context, lastID int64, n int) (made int, err error) {
	err = s.transact(ctx, "fill", func(w *work) error {
		var last int64
		if err := w.tx.QueryRowContext(ctx, "SELECT coalesce(max(id), 0) FROM entries").Scan(&last); err != nil {
			return err
		}
		for made < n && last < lastID {
			var entries []Entry
			for ; made < n && last < lastID && len(entries) < rowsPerInsert; made++ {
				last++
				entries = append(entries, Entry{ID: last, Payload: samplePayload(last)})
			}
			if _, err := w.exec(insert(len(entries)), arguments(entries)...); err != nil {
				return err
			}
		}
		return nil
	})
	return made, err
}

// samplePayload returns the payload of an entry that Fill makes: a customer record in JSON.
func samplePayload(id int64) string {
	return fmt.Sprintf(`{"number":%d,"name":"customer %d","address":"%d Signal Row","balance":%d.%02d}`,
		id, id, id%997+1, id*7919%100000, id%100)
}

// rowsPerInsert is the number of rows that one statement inserts.
const rowsPerInsert = 250

// insert returns a statement that inserts so many rows; its parameters are ids and payloads in turn.
func insert(rows int) string {
	return "INSERT INTO entries (id, payload) VALUES (?, ?)" + strings.Repeat(", (?, ?)", rows-1)
}

// arguments returns the parameters of insert.
func arguments(entries []Entry) []any {
	args := make([]any, 0, 2*len(entries))
	for _, e := range entries {
		args = append(args, e.ID, e.Payload)
	}
	return args
}

// Take makes the first n open entries of a range moving and returns them in order, fewer if the range has fewer.
func (s *Source) Take(ctx context.Context, r Range, n int) (entries []Entry, err error) {
	err = s.transact(ctx, "take", func(w *work) error {
		entries, err = w.query("SELECT id, payload, state FROM entries WHERE state IN ('pending', 'moving') AND id >= ? AND id <= ? "+
			"ORDER BY id LIMIT ?"+s.dialect.forUpdate, r.First, r.Last, n)
		if err != nil {
			return err
		}
		return s.applyEvent(w, Take, entries)
	})
	return entries, err
}

// Entry returns the entry with an id. The error is [ErrRefused] if there is none.
func (s *Source) Entry(ctx context.Context, id int64) (Entry, error) {
	var found []Entry
	err := s.transact(ctx, "read", func(w *work) (err error) {
		found, err = w.query("SELECT id, payload, state FROM entries WHERE id = ?", id)
		return err
	})
	switch {
	case err != nil:
		return Entry{}, err
	case len(found) == 0:
		return Entry{}, &asl.Error{Name: ErrRefused, Cause: fmt.Sprintf("the source has no entry %d", id)}
	}
	return found[0], nil
}

// Mark applies an event to entries, all of them or none, and returns how many have another state now. The error is
// [ErrRefused] if one of them does not exist or its state does not allow the event.
func (s *Source) Mark(ctx context.Context, e Event, ids []int64) (changed int, err error) {
	err = s.transact(ctx, string(e), func(w *work) error {
		condition, argument := s.idIn(ids)
		entries, err := w.query("SELECT id, '', state FROM entries WHERE "+condition+" ORDER BY id"+s.dialect.forUpdate, argument)
		if err != nil {
			return err
		}
		if len(entries) < len(ids) {
			return &asl.Error{Name: ErrRefused, Cause: fmt.Sprintf("the source has %d of %d entries", len(entries), len(ids))}
		}
		before := slices.Clone(entries)
		if err := s.applyEvent(w, e, entries); err != nil {
			return err
		}
		for i := range entries {
			if entries[i].State != before[i].State {
				changed++
			}
		}
		return nil
	})
	return changed, err
}

// Reopen makes all failed entries pending and returns their number.
func (s *Source) Reopen(ctx context.Context) (reopened int64, err error) {
	err = s.transact(ctx, string(Reopen), func(w *work) error {
		to, refused := after(s.entry, Failed, Reopen)
		if refused != nil {
			return refused
		}
		reopened, err = w.exec("UPDATE entries SET state = ? WHERE state = 'failed'", string(to))
		return err
	})
	return reopened, err
}

// applyEvent applies an event to entries, in the slice and in the database. The error is [ErrRefused], with nothing
// written, if the state machine of one entry does not allow the event.
func (s *Source) applyEvent(w *work, e Event, entries []Entry) error {
	to := map[[2]State][]int64{} // ids by the states before and after
	for i := range entries {
		was := entries[i].State
		is, err := after(s.entry, was, e)
		if err != nil {
			return &asl.Error{Name: ErrRefused, Cause: fmt.Sprintf("entry %d: %v", entries[i].ID, err)}
		}
		if is != was {
			to[[2]State{was, is}] = append(to[[2]State{was, is}], entries[i].ID)
		}
		entries[i].State = is
	}
	for change, ids := range to {
		condition, argument := s.idIn(ids)
		n, err := w.exec("UPDATE entries SET state = ? WHERE state = ? AND "+condition, string(change[1]), string(change[0]), argument)
		if err != nil {
			return err
		}
		if n != int64(len(ids)) {
			return fmt.Errorf("%d of %d entries went from %s to %s", n, len(ids), change[0], change[1])
		}
	}
	return nil
}

// Batches divides the open entries with ids above after into at most count ranges of size entries each, the last of which
// may have fewer.
func (s *Source) Batches(ctx context.Context, after int64, size, count int) ([]Range, error) {
	var ranges []Range
	err := s.transact(ctx, "divide", func(w *work) error {
		rows, err := w.tx.QueryContext(ctx, s.statement("SELECT id FROM entries WHERE state IN ('pending', 'moving') AND id > ? "+
			"ORDER BY id LIMIT ?"), after, size*count)
		if err != nil {
			return err
		}
		defer func() { _ = rows.Close() }() // Err returns its error
		for n := 0; rows.Next(); n++ {
			var id int64
			if err := rows.Scan(&id); err != nil {
				return err
			}
			if n%size == 0 {
				ranges = append(ranges, Range{First: id})
			}
			ranges[len(ranges)-1].Last = id
		}
		return rows.Err()
	})
	return ranges, err
}

// Page returns the first n entries with ids above after, in order.
func (s *Source) Page(ctx context.Context, after int64, n int) (entries []Entry, err error) {
	err = s.transact(ctx, "page", func(w *work) error {
		entries, err = w.query("SELECT id, payload, state FROM entries WHERE id > ? ORDER BY id LIMIT ?", after, n)
		return err
	})
	return entries, err
}

// A Notice reports a failure that was not retried any further.
type Notice struct {
	At           time.Time
	Entry        *int64 // nil: the migration, not one entry
	Error, Cause string
}

// Note adds a notice to the table of notices.
func (s *Source) Note(ctx context.Context, n Notice) error {
	return s.transact(ctx, "note", func(w *work) error {
		_, err := w.exec("INSERT INTO notices (at, entry, error, cause) VALUES (?, ?, ?, ?)",
			n.At.UTC().Format(time.RFC3339), n.Entry, n.Error, n.Cause)
		return err
	})
}
