package vending_test

import (
	"iter"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"signalbox/asl/value"
	"signalbox/machines"
	"signalbox/machines/internal/golden"
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
	money, _ := at.Data.Lookup("Money")
	unbalanced := machines.Entry{Kind: at.Kind, Data: at.Data.With("Money", money.(*value.Object).With("Inserted", int64(900)))}
	if _, err := vending.ReadBooks(slices.Values([]machines.Entry{unbalanced})); err == nil || !strings.Contains(err.Error(), "inserted") {
		t.Errorf("got %v, want books that do not balance refused", err)
	}
}

// The form of a checkpoint is on the disks of users: testdata/checkpoint.json is one. A change of it needs a reader for the form
// before, and a file for each.
func TestTheFormOfACheckpointStays(t *testing.T) {
	s := newStand(t)
	s.play("hopper-jam.yaml")
	s.run(30 * time.Second)
	sums := vending.Machine().Sums()
	for e, err := range s.ledger.All() {
		if err == nil {
			err = sums.Add(e)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	golden.Compare(t, "checkpoint.json", value.Text(sums.Checkpoint().Data)+"\n")
	text, err := os.ReadFile("testdata/checkpoint.json")
	if err != nil {
		t.Fatal(err)
	}
	stored, err := value.Read(text)
	if err != nil {
		t.Fatal(err)
	}
	entry := machines.Entry{Kind: machines.CheckpointKind, Data: stored.(*value.Object)}
	books, err := vending.ReadBooks(slices.Values([]machines.Entry{entry}))
	if err != nil || books.Sales == 0 {
		t.Errorf("got %+v, %v, want the books of a sale", books, err)
	}
}

func concat(e machines.Entry, rest []machines.Entry) iter.Seq[machines.Entry] {
	return slices.Values(append([]machines.Entry{e}, rest...))
}
