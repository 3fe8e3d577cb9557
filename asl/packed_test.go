package asl_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"signalbox/asl"
	"signalbox/asl/value"
)

const waitAnHour = `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}}`

// Events are packed. Each of their fields must come back, one that is new as well.
func TestAHistoryKeepsEveryField(t *testing.T) {
	m := machine(t, []byte(waitAnHour))
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
		alone := asl.HistoryEvent{ID: 1, Time: whole.Time, Type: asl.HistoryStateEntered}
		reflect.ValueOf(&alone).Elem().Field(i).Set(fields.Field(i))
		for _, want := range []asl.HistoryEvent{alone, whole} {
			var h asl.History
			h.Add(m, &want)
			if got := slices.Collect(h.All()); len(got) != 1 || got[0] != want {
				t.Errorf("%s: got %+v, want %+v", name, got, want)
			}
		}
	}
}

// Histories that are put together, copied, emptied and filled again hold what was added.
func TestHistoriesAreAppended(t *testing.T) {
	m := machine(t, []byte(waitAnHour))
	values := []any{nil, nil, int64(1), "text", 2.5, value.NewObject("a", int64(1)), []any{int64(1)}, []any{}}
	rapid.Check(t, func(t *rapid.T) {
		whole := asl.MakeHistory(rapid.IntRange(0, 20).Draw(t, "rows"), 2)
		var part asl.History
		var want []asl.HistoryEvent
		at := epoch
		first := rapid.SampledFrom([]int64{1, 1 << 40}).Draw(t, "first")
		for range rapid.IntRange(0, 6).Draw(t, "parts") {
			part.Reset()
			for range rapid.IntRange(0, 5).Draw(t, "events") {
				if rapid.Bool().Draw(t, "later") {
					at = at.Add(time.Duration(rapid.Int64Range(1, 1e12).Draw(t, "after")))
				}
				e := asl.HistoryEvent{ID: first + int64(len(want)), Time: at, Type: asl.HistoryStateExited}
				e.Data = rapid.SampledFrom(values).Draw(t, "data")
				switch rapid.IntRange(0, 5).Draw(t, "more") {
				case 0:
					e.Data, e.Error = nil, &asl.Error{Name: fmt.Sprint(e.ID)}
				case 1:
					e.Request = &asl.TaskRequest{Input: e.Data}
				case 2:
					e.Assigned = value.NewObject()
				case 3:
					e.State, e.Previous = m.States[0], e.ID-1
				}
				want = append(want, e)
				part.Add(m, &e)
			}
			whole.Append(&part)
			copied := whole.Clone()
			for _, h := range []*asl.History{&whole, &copied} {
				if got := slices.Collect(h.All()); !slices.EqualFunc(got, want, sameEvent) || h.Len() != len(want) {
					t.Fatalf("got %+v, want %+v", got, want)
				}
				if len(want) > 0 && h.First() != first {
					t.Fatalf("got %d as the first, want %d", h.First(), first)
				}
			}
		}
	})
}
