package engine_test

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
)

// However the events come, the window shows the newest ones in order.
func TestWindowShowsTheNewestEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(250, 1100)).Draw(t, "limit")
		w := engine.NewWindow(limit)
		all := rapid.SampledFrom([]int64{0, 17}).Draw(t, "before") // a history may be known from its middle on only
		first := all + 1
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			events := make([]asl.HistoryEvent, rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(0, 700)).Draw(t, "events"))
			for i := range events {
				all++
				events[i] = asl.HistoryEvent{ID: all, Previous: -all}
			}
			w.Add(events)
			clear(events) // whoever made them uses the slice again
			var got, want []int64
			for e := range w.All() {
				got = append(got, e.ID, e.Previous)
			}
			for id := max(first, all-int64(limit)+1); id <= all; id++ {
				want = append(want, id, -id)
			}
			if !slices.Equal(got, want) {
				t.Fatalf("got %v, want the newest %d of %d to %d", got, limit, first, all)
			}
		}
	})
}

// Events are kept in another form. Each of their fields must come back, one that is new as well.
func TestWindowKeepsEveryField(t *testing.T) {
	whole := asl.HistoryEvent{
		ID: 1, Previous: 7, Time: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), Type: asl.HistoryStateExited,
		Reason: asl.ReasonCatch, Index: 1 << 30, State: &asl.State{}, From: &asl.State{}, Data: "data",
		Error: &asl.Error{}, Assigned: value.NewObject(), Request: &asl.TaskRequest{},
	}
	fields := reflect.ValueOf(whole)
	for i := range fields.NumField() {
		name := fields.Type().Field(i).Name
		if fields.Field(i).IsZero() {
			t.Fatalf("the test says nothing about %s", name)
		}
		// Alone, then with all the others.
		alone := asl.HistoryEvent{ID: 1, Time: whole.Time}
		reflect.ValueOf(&alone).Elem().Field(i).Set(fields.Field(i))
		for _, want := range []asl.HistoryEvent{alone, whole} {
			w := engine.NewWindow(10)
			w.Add([]asl.HistoryEvent{want})
			for got := range w.All() {
				if got != want {
					t.Errorf("%s: got %+v, want %+v", name, got, want)
				}
			}
		}
	}
}
