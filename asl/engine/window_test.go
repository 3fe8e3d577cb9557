package engine_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"signalbox/asl"
	"signalbox/asl/engine"
)

// However the events come, the window shows the newest ones in order.
func TestWindowShowsTheNewestEvents(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(250, 1100)).Draw(t, "limit")
		w := engine.NewWindow(limit)
		var all []int64
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			events := make([]asl.HistoryEvent, rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(0, 700)).Draw(t, "events"))
			for i := range events {
				events[i].ID = int64(len(all) + 1)
				all = append(all, events[i].ID)
			}
			w.Add(events)
			clear(events) // whoever made them uses the slice again
			var got []int64
			for e := range w.All() {
				got = append(got, e.ID)
			}
			if want := all[max(0, len(all)-limit):]; !slices.Equal(got, want) {
				t.Fatalf("got %v, want the newest %d of %d", got, limit, len(all))
			}
		}
	})
}
