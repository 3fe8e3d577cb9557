package engine_test

import (
	"reflect"
	"strconv"
	"testing"
	"time"

	"pgregory.net/rapid"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
)

// However the events come, the window shows the newest ones in order.
func TestWindowShowsTheNewestEvents(t *testing.T) {
	m := parse(t, waitAnHour)
	values := []any{nil, nil, int64(1), "text", true, value.NewObject("a", int64(1)), []any{int64(1)}, []any{}}
	rapid.Check(t, func(t *rapid.T) {
		limit := rapid.OneOf(rapid.IntRange(0, 20), rapid.IntRange(250, 1100)).Draw(t, "limit")
		w := engine.NewWindow(limit)
		all := rapid.SampledFrom([]int64{0, 17}).Draw(t, "before") // a history may be known from its middle on only
		first := all + 1
		at := engine.Epoch
		var whole []asl.HistoryEvent
		for range rapid.IntRange(0, 60).Draw(t, "steps") {
			events := make([]asl.HistoryEvent, rapid.OneOf(rapid.IntRange(0, 5), rapid.IntRange(0, 700)).Draw(t, "events"))
			seed := rapid.IntRange(0, 1000).Draw(t, "seed")
			if seed%3 == 0 {
				at = at.Add(time.Duration(seed) * 999 * time.Hour)
			}
			for i := range events {
				all++
				e := &events[i]
				*e = asl.HistoryEvent{ID: all, Previous: -all, Time: at, Type: asl.HistoryStateEntered}
				switch e.Data = values[(seed+i/3)%len(values)]; (seed + i) % 11 {
				case 7:
					e.Data, e.Error = nil, &asl.Error{Name: strconv.Itoa(i)}
				case 8:
					e.Request = &asl.TaskRequest{Input: e.Data}
				case 9:
					e.Assigned = value.NewObject()
				case 10:
					e.State, e.Index = m.States[0], int32(i)
				}
			}
			whole = append(whole, events...)
			var packed asl.History
			for i := range events {
				packed.Add(m, &events[i])
			}
			w.Add(&packed)
			packed.Reset() // its memory is used again
			id := max(first, all-int64(limit)+1)
			for got := range w.All() {
				if want := whole[id-first]; got.ID != id || !reflect.DeepEqual(got, want) {
					t.Fatalf("got %+v, want %+v", got, want)
				}
				id++
			}
			if id != all+1 {
				t.Fatalf("got events up to %d, want the newest %d of %d to %d", id-1, limit, first, all)
			}
		}
	})
}
