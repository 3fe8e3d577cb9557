package migration

import (
	"context"
	"fmt"
	"math"

	"signalbox/asl"
	"signalbox/asl/value"
	"signalbox/internal/thousands"
	"signalbox/machines"
)

// withTimeout calls f with a context that ends after transactionTimeout, and returns its error.
func withTimeout(ctx context.Context, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, transactionTimeout)
	defer cancel()
	return f(ctx)
}

// seed handles [Seed], a transaction for each page of new entries. It reports progress meanwhile.
func (b *Backend) seed(ctx context.Context, input any) answer {
	var in struct{ Rows *int64 }
	if err := machines.Decode(input, &in); err != nil {
		return failed(err)
	}
	most := b.plan.Rows
	if in.Rows != nil {
		most = *in.Rows
	}
	err := withTimeout(ctx, func(ctx context.Context) error {
		_, err := b.source.Reopen(ctx)
		return err
	})
	var counts Counts
	count := func(ctx context.Context) (err error) {
		counts, err = b.source.Counts(ctx)
		return err
	}
	if err == nil {
		err = withTimeout(ctx, count)
	}
	had := counts.All()
	for made := int64(0); err == nil; {
		var n int
		err = withTimeout(ctx, func(ctx context.Context) (err error) {
			n, err = b.source.Fill(ctx, most, pageSize)
			return err
		})
		if n == 0 {
			break
		}
		made += int64(n)
		b.reportProgress(Seeding, had+made, max(most, had+made))
	}
	if err == nil {
		err = withTimeout(ctx, count)
	}
	if err != nil {
		return failed(err)
	}
	return answer{
		output: value.NewObject("entries", counts.All(), "open", counts.Open(), "migrated", counts.Migrated),
		then: func() {
			b.progress.setCounts(counts)
			b.progress.enter(Copying, b.run.Clock.Now())
			b.noteProgress()
			b.run.Note(fmt.Sprintf("%s in the source, %s still to be moved", entries(counts.All()), thousands.Format(counts.Open())))
		},
	}
}

// nextEntry handles [NextEntry].
func (b *Backend) nextEntry(ctx context.Context, input any) answer {
	r := everything
	if err := machines.Decode(input, &r); err != nil {
		return failed(err)
	}
	var taken []Entry
	err := withTimeout(ctx, func(ctx context.Context) (err error) {
		taken, err = b.source.Take(ctx, r, 1)
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

// entry returns the entry whose id is in the input of a Task.
func (b *Backend) entry(ctx context.Context, input any) (Entry, error) {
	var in struct{ ID *int64 }
	if err := machines.Decode(input, &in); err != nil {
		return Entry{}, err
	}
	if in.ID == nil {
		return Entry{}, fmt.Errorf("input %s: an id is missing", value.Text(input))
	}
	return b.source.Entry(ctx, *in.ID)
}

// writeEntry handles [WriteEntry]. The payload goes from store to store and not through the execution, whose data are
// limited to 256 KiB. A migrated entry is written again: that changes nothing.
func (b *Backend) writeEntry(ctx context.Context, input any) answer {
	var e Entry
	err := withTimeout(ctx, func(ctx context.Context) (err error) {
		if e, err = b.entry(ctx, input); err != nil {
			return err
		}
		if e.State != Moving && e.State != Migrated {
			return &asl.Error{Name: ErrRefused, Cause: fmt.Sprintf("entry %d: it is %s, and was not taken", e.ID, e.State)}
		}
		return b.target.Write(ctx, []Entry{e})
	})
	if err != nil {
		return failed(err)
	}
	return answer{output: value.NewObject("id", e.ID)}
}

// markMigrated handles [MarkMigrated].
func (b *Backend) markMigrated(ctx context.Context, input any) answer {
	var e Entry
	var changed int
	err := withTimeout(ctx, func(ctx context.Context) (err error) {
		if e, err = b.entry(ctx, input); err != nil {
			return err
		}
		if err = b.target.Holds(ctx, e); err == nil {
			changed, err = b.source.Mark(ctx, Confirm, []int64{e.ID})
		}
		return err
	})
	if err != nil {
		return failed(err)
	}
	return answer{output: value.NewObject("id", e.ID), then: func() { b.countChanged(changed, 0) }}
}

// markFailed handles [MarkFailed].
func (b *Backend) markFailed(ctx context.Context, input any) answer {
	var e Entry
	var changed int
	err := withTimeout(ctx, func(ctx context.Context) (err error) {
		if e, err = b.entry(ctx, input); err == nil {
			changed, err = b.source.Mark(ctx, GiveUp, []int64{e.ID})
		}
		return err
	})
	if err != nil {
		return failed(err)
	}
	return answer{output: value.NewObject("id", e.ID), then: func() { b.countChanged(0, changed) }}
}

// nextBatches handles [NextBatches]. It reads ids only, and changes nothing.
func (b *Backend) nextBatches(ctx context.Context, input any) answer {
	in := struct {
		Size, Count int
		After       *int64 // nil: from the beginning
	}{Size: 1000, Count: 1}
	if err := machines.Decode(input, &in); err != nil {
		return failed(err)
	}
	// The ranges go through the execution, whose data are limited to 256 KiB.
	if in.Size < 1 || in.Size > maxBatch || in.Count < 1 || in.Count > 1000 {
		return failed(fmt.Errorf("input %s: a size is 1 to %d, a count 1 to 1000", value.Text(input), maxBatch))
	}
	after := int64(math.MinInt64)
	if in.After != nil {
		after = *in.After
	}
	var ranges []Range
	err := withTimeout(ctx, func(ctx context.Context) (err error) {
		ranges, err = b.source.Batches(ctx, after, in.Size, in.Count)
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

// moveBatch handles [MoveBatch] in three transactions: take, write, mark. If one of them fails, the batch is unchanged or
// moving.
func (b *Backend) moveBatch(ctx context.Context, input any) answer {
	var in struct{ First, Last *int64 }
	if err := machines.Decode(input, &in); err != nil {
		return failed(err)
	}
	if in.First == nil || in.Last == nil {
		return failed(fmt.Errorf("input %s: first and last are missing", value.Text(input)))
	}
	var changed int
	err := withTimeout(ctx, func(ctx context.Context) error {
		batch, err := b.source.Take(ctx, Range{*in.First, *in.Last}, maxBatch)
		if err != nil || len(batch) == 0 {
			return err
		}
		if err := b.target.Write(ctx, batch); err != nil {
			return err
		}
		ids := make([]int64, len(batch))
		for i, e := range batch {
			ids[i] = e.ID
		}
		changed, err = b.source.Mark(ctx, Confirm, ids)
		return err
	})
	if err != nil {
		return failed(err)
	}
	return answer{output: value.NewObject("moved", int64(changed)), then: func() { b.countChanged(changed, 0) }}
}

// verify handles [Verify] page by page, with progress reports. The error counts the differences and names the first.
func (b *Backend) verify(ctx context.Context, input any) answer {
	if err := machines.Decode(input, &struct{}{}); err != nil {
		return failed(err)
	}
	var counts, before Counts
	err := withTimeout(ctx, func(ctx context.Context) (err error) {
		before, err = b.source.Counts(ctx)
		return err
	})
	var wrong int64
	var first string
	for after := int64(math.MinInt64); err == nil; {
		var has, want []Entry
		err = withTimeout(ctx, func(ctx context.Context) (err error) {
			if want, err = b.source.Page(ctx, after, pageSize); err != nil || len(want) == 0 {
				return err
			}
			has, err = b.target.Page(ctx, Range{want[0].ID, want[len(want)-1].ID})
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
			*counts.ofState(e.State)++
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
		b.reportProgress(Verifying, counts.All(), max(before.All(), counts.All()))
	}
	switch {
	case err != nil:
		return failed(err)
	case wrong > 0:
		return failed(&asl.Error{Name: ErrMismatch, Cause: fmt.Sprintf("%s (differences: %s)", first, thousands.Format(wrong))})
	}
	return answer{
		output: value.NewObject("entries", counts.All(), "migrated", counts.Migrated, "failed", counts.Failed, "open", counts.Open()),
		then: func() {
			b.progress.setCounts(counts)
			b.progress.enter(Done, b.run.Clock.Now())
			b.run.Note(fmt.Sprintf("verified: %s of %s migrated, %s failed", thousands.Format(counts.Migrated), thousands.Format(counts.All()), thousands.Format(counts.Failed)))
		},
	}
}

// notify handles [Notify]: it adds a row to the source's table of notices, and a note to the log even if that fails.
func (b *Backend) notify(ctx context.Context, input any) answer {
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
	err := withTimeout(ctx, func(ctx context.Context) error {
		return b.source.Note(ctx, Notice{At: b.run.Clock.Now(), Entry: in.Entry, Error: in.Error.Error, Cause: in.Error.Cause})
	})
	return answer{output: value.NewObject("text", text), err: err, then: func() {
		b.progress.addFailure(text)
		b.run.Note(text)
	}}
}
