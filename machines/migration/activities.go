package migration

import (
	"context"
	"fmt"
	"math"

	"signalbox/asl"
	"signalbox/asl/value"
	"signalbox/machines"
)

// within does something that has to be done within a while.
func within(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return f(ctx)
}

// seed puts back what an earlier run has given up, and makes the entries that are asked for and not there.
func (s *Site) seed(ctx context.Context, input any) answer {
	var in struct{ Rows *int64 }
	if err := machines.Decode(input, &in); err != nil {
		return failed(err)
	}
	most := s.plan.Rows
	if in.Rows != nil {
		most = *in.Rows
	}
	err := within(ctx, func(ctx context.Context) error {
		_, err := s.source.Reopen(ctx)
		return err
	})
	var counts Counts
	count := func(ctx context.Context) (err error) {
		counts, err = s.source.Counts(ctx)
		return err
	}
	if err == nil {
		err = within(ctx, count)
	}
	had := counts.All()
	for made := int64(0); err == nil; {
		var n int
		err = within(ctx, func(ctx context.Context) (err error) {
			n, err = s.source.Fill(ctx, most, page)
			return err
		})
		if n == 0 {
			break
		}
		made += int64(n)
		s.going(Seeding, had+made, max(most, had+made))
	}
	if err == nil {
		err = within(ctx, count)
	}
	if err != nil {
		return failed(err)
	}
	return answer{
		output: value.NewObject("entries", counts.All(), "open", counts.Open(), "migrated", counts.Migrated),
		then: func() {
			s.progress.counted(counts)
			s.progress.enter(Copying, s.host.Clock.Now())
			s.went()
			s.host.Note(fmt.Sprintf("%s in the source, %s still to be moved", entries(counts.All()), number(counts.Open())))
		},
	}
}

// nextEntry takes the first entry that is open, of all or of a range.
func (s *Site) nextEntry(ctx context.Context, input any) answer {
	r := everything
	if err := machines.Decode(input, &r); err != nil {
		return failed(err)
	}
	var taken []Entry
	err := within(ctx, func(ctx context.Context) (err error) {
		taken, err = s.source.Take(ctx, r, 1)
		return err
	})
	switch {
	case err != nil:
		return failed(err)
	case len(taken) == 0:
		return answer{output: value.NewObject("id", nil)}
	}
	return answer{output: value.NewObject("id", taken[0].ID)}
}

// entry reads the entry that an input names.
func (s *Site) entry(ctx context.Context, input any) (Entry, error) {
	var in struct{ ID *int64 }
	if err := machines.Decode(input, &in); err != nil {
		return Entry{}, err
	}
	if in.ID == nil {
		return Entry{}, fmt.Errorf("input %s: an id is missing", value.Text(input))
	}
	return s.source.Entry(ctx, *in.ID)
}

// writeEntry copies an entry that is moving from the source into the target. What it holds does not go through the
// execution: it may be larger than a state may, and is none of the definition's business.
func (s *Site) writeEntry(ctx context.Context, input any) answer {
	var e Entry
	err := within(ctx, func(ctx context.Context) (err error) {
		if e, err = s.entry(ctx, input); err != nil {
			return err
		}
		if e.State != Moving && e.State != Migrated {
			return &asl.Error{Name: ErrRefused, Cause: fmt.Sprintf("entry %d: it is %s, and was not taken", e.ID, e.State)}
		}
		return s.target.Write(ctx, []Entry{e})
	})
	if err != nil {
		return failed(err)
	}
	return answer{output: value.NewObject("id", e.ID)}
}

// markMigrated ends an entry's way, if the target holds it.
func (s *Site) markMigrated(ctx context.Context, input any) answer {
	var e Entry
	var changed int
	err := within(ctx, func(ctx context.Context) (err error) {
		if e, err = s.entry(ctx, input); err != nil {
			return err
		}
		if err = s.target.Holds(ctx, e); err == nil {
			changed, err = s.source.Mark(ctx, Confirm, []int64{e.ID})
		}
		return err
	})
	if err != nil {
		return failed(err)
	}
	return answer{output: value.NewObject("id", e.ID), then: func() { s.changed(changed, 0) }}
}

// markFailed gives an entry up.
func (s *Site) markFailed(ctx context.Context, input any) answer {
	var e Entry
	var changed int
	err := within(ctx, func(ctx context.Context) (err error) {
		if e, err = s.entry(ctx, input); err == nil {
			changed, err = s.source.Mark(ctx, GiveUp, []int64{e.ID})
		}
		return err
	})
	if err != nil {
		return failed(err)
	}
	return answer{output: value.NewObject("id", e.ID), then: func() { s.changed(0, changed) }}
}

// nextBatches divides what is open behind an entry.
func (s *Site) nextBatches(ctx context.Context, input any) answer {
	in := struct {
		Size, Count int
		After       *int64 // nil: from the beginning
	}{Size: 1000, Count: 1}
	if err := machines.Decode(input, &in); err != nil {
		return failed(err)
	}
	// The ranges go through the execution, whose states take 256 KiB.
	if in.Size < 1 || in.Size > maxBatch || in.Count < 1 || in.Count > 1000 {
		return failed(fmt.Errorf("input %s: a size is 1 to %d, a count 1 to 1000", value.Text(input), maxBatch))
	}
	after := int64(math.MinInt64)
	if in.After != nil {
		after = *in.After
	}
	var ranges []Range
	err := within(ctx, func(ctx context.Context) (err error) {
		ranges, err = s.source.Batches(ctx, after, in.Size, in.Count)
		return err
	})
	if err != nil {
		return failed(err)
	}
	list := make([]any, len(ranges))
	for i, r := range ranges {
		list[i] = value.NewObject("first", r.First, "last", r.Last)
		after = r.Last
	}
	return answer{output: value.NewObject("batches", list, "after", after)}
}

// moveBatch moves all that is open in a range, each store's part of it in one transaction.
func (s *Site) moveBatch(ctx context.Context, input any) answer {
	var in struct{ First, Last *int64 }
	if err := machines.Decode(input, &in); err != nil {
		return failed(err)
	}
	if in.First == nil || in.Last == nil {
		return failed(fmt.Errorf("input %s: first and last are missing", value.Text(input)))
	}
	var changed int
	err := within(ctx, func(ctx context.Context) error {
		batch, err := s.source.Take(ctx, Range{*in.First, *in.Last}, maxBatch)
		if err != nil || len(batch) == 0 {
			return err
		}
		if err := s.target.Write(ctx, batch); err != nil {
			return err
		}
		ids := make([]int64, len(batch))
		for i, e := range batch {
			ids[i] = e.ID
		}
		changed, err = s.source.Mark(ctx, Confirm, ids)
		return err
	})
	if err != nil {
		return failed(err)
	}
	return answer{output: value.NewObject("moved", int64(changed)), then: func() { s.changed(changed, 0) }}
}

// verify compares what is migrated with what the target holds, page by page.
func (s *Site) verify(ctx context.Context, input any) answer {
	if err := machines.Decode(input, &struct{}{}); err != nil {
		return failed(err)
	}
	var counts, before Counts
	err := within(ctx, func(ctx context.Context) (err error) {
		before, err = s.source.Counts(ctx)
		return err
	})
	var wrong int64
	var first string
	for after := int64(math.MinInt64); err == nil; {
		var has, want []Entry
		err = within(ctx, func(ctx context.Context) (err error) {
			if want, err = s.source.Page(ctx, after, page); err != nil || len(want) == 0 {
				return err
			}
			has, err = s.target.Page(ctx, Range{want[0].ID, want[len(want)-1].ID})
			return err
		})
		if err != nil || len(want) == 0 {
			break
		}
		after = want[len(want)-1].ID
		for _, e := range want {
			for len(has) > 0 && has[0].ID < e.ID {
				has = has[1:]
			}
			there := len(has) > 0 && has[0].ID == e.ID
			*counts.of(e.State)++
			switch {
			case e.State != Migrated || there && has[0].Payload == e.Payload:
				continue
			case wrong == 0 && there:
				first = fmt.Sprintf("the target has another entry %d", e.ID)
			case wrong == 0:
				first = fmt.Sprintf("the target has no entry %d", e.ID)
			}
			wrong++
		}
		s.going(Verifying, counts.All(), max(before.All(), counts.All()))
	}
	switch {
	case err != nil:
		return failed(err)
	case wrong > 0:
		return failed(&asl.Error{Name: ErrMismatch, Cause: fmt.Sprintf("%s, and so on: %s in all", first, number(wrong))})
	}
	return answer{
		output: value.NewObject("entries", counts.All(), "migrated", counts.Migrated, "failed", counts.Failed, "open", counts.Open()),
		then: func() {
			s.progress.counted(counts)
			s.progress.enter(Done, s.host.Clock.Now())
			s.host.Note(fmt.Sprintf("verified: %s of %s migrated, %s failed", number(counts.Migrated), number(counts.All()), number(counts.Failed)))
		},
	}
}

// notify tells somebody: a note in the log, and a row in the source's table of notices.
func (s *Site) notify(ctx context.Context, input any) answer {
	var in struct {
		Entry *int64
		Error struct{ Error, Cause string }
	}
	if err := machines.Decode(input, &in); err != nil {
		return failed(err)
	}
	what := "the migration has stopped"
	if in.Entry != nil {
		what = fmt.Sprintf("entry %d could not be moved", *in.Entry)
	}
	text := fmt.Sprintf("%s: %v", what, &asl.Error{Name: in.Error.Error, Cause: in.Error.Cause})
	err := within(ctx, func(ctx context.Context) error {
		return s.source.Note(ctx, Notice{At: s.host.Clock.Now(), Entry: in.Entry, Error: in.Error.Error, Cause: in.Error.Cause})
	})
	return answer{output: value.NewObject("text", text), err: err, then: func() {
		s.progress.told(text)
		s.host.Note(text)
	}}
}
