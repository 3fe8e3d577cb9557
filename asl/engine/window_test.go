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
		w := engine.NewWindow(m, limit)
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
			w.Add(events)
			clear(events) // they are used again
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

// Events are kept in another form. Each of their fields must come back, one that is new as well.
func TestWindowKeepsEveryField(t *testing.T) {
	m := parse(t, waitAnHour)
	whole := asl.HistoryEvent{
		ID: 1, Previous: 7, Time: time.Date(9999, 12, 31, 23, 59, 59, 999999999, time.UTC), Type: asl.HistoryStateExited,
		Reason: asl.ReasonCatch, Index: 1 << 30, State: m.States[0], From: m.States[0], Data: "data",
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
			w := engine.NewWindow(m, 10)
			w.Add([]asl.HistoryEvent{want})
			for got := range w.All() {
				if got != want {
					t.Errorf("%s: got %+v, want %+v", name, got, want)
				}
			}
		}
	}
}
