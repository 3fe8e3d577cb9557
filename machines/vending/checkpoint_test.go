package vending_test

import (
	"iter"
	"slices"
	"strings"
	"testing"
	"time"

	"signalbox/machines"
	"signalbox/machines/vending"
)

// At every entry of a long run, a checkpoint gives the books that all entries before it give.
func TestACheckpointHasTheBooksOfTheEntriesBeforeIt(t *testing.T) {
	s := newStand(t)
	s.play("hopper-jam.yaml")
	s.run(30 * time.Second)
	var entries []machines.Entry
	for e, err := range s.ledger.All() {
		if err != nil {
			t.Fatal(err)
		}
		entries = append(entries, e)
	}
	if len(entries) < 10 {
		t.Fatalf("got %d entries, want a sale", len(entries))
	}
	sums := vending.Machine().Sums()
	for i, e := range entries {
		if err := sums.Add(e); err != nil {
			t.Fatal(err)
		}
		at := sums.Checkpoint()
		whole, err := vending.ReadBooks(slices.Values(entries))
		if err != nil {
			t.Fatal(err)
		}
		rest, err := vending.ReadBooks(concat(at, entries[i+1:]))
		if err != nil || rest != whole {
			t.Fatalf("from entry %d on: got %+v %v, want %+v", i, rest, err, whole)
		}
		if err := sums.Add(at); err != nil {
			t.Errorf("a checkpoint of the same entries: %v", err)
		}
	}
	at := sums.Checkpoint()
	changed := at
	changed.Data = at.Data.With("Unknown", int64(7))
	if err := sums.Add(changed); err == nil || !strings.Contains(err.Error(), "not those of the entries before it") {
		t.Errorf("got %v, want the checkpoint refused", err)
	}
	unbalanced := machines.Entry{Kind: at.Kind, Data: at.Data.With("Money", at.Data.With("Credit", int64(900)))}
	if _, err := vending.ReadBooks(slices.Values([]machines.Entry{unbalanced})); err == nil {
		t.Error("got books that do not balance")
	}
}

func concat(e machines.Entry, rest []machines.Entry) iter.Seq[machines.Entry] {
	return slices.Values(append([]machines.Entry{e}, rest...))
}
