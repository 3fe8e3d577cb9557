package asl

import (
	"iter"
	"slices"
	"time"

	"signalbox/asl/value"
)

// A History is consecutive events of one execution, packed into a fifth of their size. The zero History is empty.
type History struct {
	machine *Machine
	first   int64 // id of the first event
	rows    []row
	data    []any // in the order in which rows refer to it
	events  int32 // rows that are no times
	time    int32 // index of the newest time in rows
	value   int32 // index of the newest Data in data, + 1; 0: none
}

// A row is an event without pointers, which the garbage collector need not look at. A row of kind timeRow is the time of the
// events behind it, up to the next one. IDs are not kept: they are consecutive.
type row struct {
	previous uint32 // how far back from the event
	index    int32
	state    uint16 // number + 1; 0: none
	from     uint16
	kind     HistoryType
	reason   Reason
	content  content
}

const timeRow HistoryType = 0 // no event has it

// A content says what an event has of the history's data.
type content uint8

const (
	noContent      content = iota
	sameContent            // Data: that of the newest event before which had some
	valueContent           // Data
	failureContent         // Error
	requestContent         // Request; Data is its Input
	extraContent           // an *extra
)

// An extra holds what a row has no room for.
type extra struct {
	data        any
	failure     *Error
	assigned    *value.Object
	request     *TaskRequest
	state, from *State
	previous    int64
}

// maxNumber is the highest number of a state that a row has room for.
const maxNumber = 1<<16 - 2

// MakeHistory returns an empty history with room for a number of rows (one for each event and for each time) and values.
func MakeHistory(rows, values int) History {
	return History{rows: make([]row, 0, rows), data: make([]any, 0, values)}
}

// Len returns the number of events.
func (h *History) Len() int { return int(h.events) }

// First returns the ID of the first event.
func (h *History) First() int64 { return h.first }

// Size returns how many rows and values the history has.
func (h *History) Size() (rows, values int) { return len(h.rows), len(h.data) }

// Room returns how many rows it has room for in its memory.
func (h *History) Room() int { return cap(h.rows) }

// Clone returns a copy in memory of its own.
func (h *History) Clone() History {
	c := *h
	c.rows, c.data = slices.Clone(h.rows), slices.Clone(h.data)
	return c
}

// Reset empties the history and keeps its memory.
func (h *History) Reset() {
	clear(h.data)
	*h = History{rows: h.rows[:0], data: h.data[:0]}
}

// Append adds the events of a history that follow those of h.
func (h *History) Append(next *History) {
	if next.events == 0 {
		return
	}
	if h.events == 0 {
		h.machine, h.first = next.machine, next.first
	}
	rows := next.rows
	if h.events > 0 && h.rows[h.time] == rows[0] {
		rows = rows[1:] // they happened at the same time
	}
	skipped := len(next.rows) - len(rows)
	if next.time > 0 || skipped == 0 {
		h.time = int32(len(h.rows)-skipped) + next.time //nolint:gosec // an index
	}
	if next.value > 0 {
		h.value = int32(len(h.data)) + next.value //nolint:gosec // an index
	}
	h.rows, h.data, h.events = append(h.rows, rows...), append(h.data, next.data...), h.events+next.events
}

// Add adds the next event of an execution of m.
func (h *History) Add(m *Machine, e *HistoryEvent) {
	h.setTime(e.Time)
	h.add(m, e)
}

// setTime has the events that are added next happen at a time.
func (h *History) setTime(t time.Time) {
	seconds, nanos := uint64(t.Unix()), uint32(t.Nanosecond()) //nolint:gosec // taken apart, and put together by row.time
	r := row{
		previous: uint32(seconds >> 32), index: int32(uint32(seconds)), state: uint16(nanos >> 16), from: uint16(nanos), //nolint:gosec // as above
		kind: timeRow,
	}
	if len(h.rows) == 0 || h.rows[h.time] != r {
		h.time = int32(len(h.rows)) //nolint:gosec // an index
		h.rows = append(h.rows, r)
	}
}

// time returns the time that a timeRow holds.
func (r *row) time() time.Time {
	seconds, nanos := uint64(r.previous)<<32|uint64(uint32(r.index)), uint32(r.state)<<16|uint32(r.from) //nolint:gosec // see setTime
	return time.Unix(int64(seconds), int64(nanos)).UTC()                                                 //nolint:gosec // see setTime
}

// add is Add for an event of the newest time.
func (h *History) add(m *Machine, e *HistoryEvent) {
	if h.events == 0 {
		h.machine, h.first = m, e.ID
	}
	h.events++
	r := row{index: e.Index, kind: e.Type, reason: e.Reason}
	if !e.fitsRow() {
		r.content = extraContent
		h.data = append(h.data, &extra{e.Data, e.Error, e.Assigned, e.Request, e.State, e.From, e.Previous})
		h.rows = append(h.rows, r)
		return
	}
	r.previous, r.state, r.from = uint32(e.ID-e.Previous), e.State.rowNumber(), e.From.rowNumber() //nolint:gosec // see fitsRow
	switch {
	case e.Request != nil:
		r.content, h.data = requestContent, append(h.data, e.Request)
	case e.Error != nil:
		r.content, h.data = failureContent, append(h.data, e.Error)
	case e.Data == nil:
	case h.value > 0 && identical(h.data[h.value-1], e.Data):
		r.content = sameContent
	default:
		r.content, h.data = valueContent, append(h.data, e.Data)
		h.value = int32(len(h.data)) //nolint:gosec // an index
	}
	h.rows = append(h.rows, r)
}

// rowNumber returns how a row refers to a state.
func (s *State) rowNumber() uint16 {
	if s == nil {
		return 0
	}
	return uint16(s.number + 1) //nolint:gosec // see fitsRow
}

// fitsRow reports whether a row has room for the event.
func (e *HistoryEvent) fitsRow() bool {
	return uint64(e.ID-e.Previous) < 1<<32 && e.Assigned == nil && //nolint:gosec // wraps around
		(e.State == nil || e.State.number <= maxNumber) && (e.From == nil || e.From.number <= maxNumber) &&
		(e.Error == nil || e.Data == nil && e.Request == nil) && (e.Request == nil || identical(e.Data, e.Request.Input))
}

// identical reports whether two values are one and the same, for the kinds of values that take room.
func identical(a, b any) bool {
	switch a := a.(type) {
	case *value.Object:
		b, ok := b.(*value.Object)
		return ok && a == b
	case []any:
		b, ok := b.([]any)
		return ok && len(a) == len(b) && len(a) > 0 && &a[0] == &b[0]
	case nil:
		return b == nil
	case bool, int64:
		return a == b
	}
	return false
}

// All ranges over the events in order.
func (h *History) All() iter.Seq[HistoryEvent] {
	return func(yield func(HistoryEvent) bool) {
		u := unpacker{machine: h.machine, id: h.first, data: h.data}
		for i := range h.rows {
			if r := &h.rows[i]; r.kind == timeRow {
				u.at = r.time()
			} else if !yield(u.event(r)) {
				return
			}
		}
	}
}

// An unpacker makes events of rows.
type unpacker struct {
	machine *Machine
	id      int64 // of the next event
	at      time.Time
	data    []any // of the next events
	last    any   // newest Data
}

func (u *unpacker) event(r *row) HistoryEvent {
	e := HistoryEvent{
		ID: u.id, Previous: u.id - int64(r.previous), Time: u.at, Type: r.kind, Reason: r.reason, Index: r.index,
		State: u.state(r.state), From: u.state(r.from),
	}
	u.id++
	switch r.content {
	case noContent:
	case sameContent:
		e.Data = u.last
	case valueContent:
		u.last = u.take()
		e.Data = u.last
	case failureContent:
		e.Error = u.take().(*Error)
	case requestContent:
		e.Request = u.take().(*TaskRequest)
		e.Data = e.Request.Input
	case extraContent:
		x := u.take().(*extra)
		e.Data, e.Error, e.Assigned, e.Request = x.data, x.failure, x.assigned, x.request
		e.State, e.From, e.Previous = x.state, x.from, x.previous
	}
	return e
}

func (u *unpacker) state(number uint16) *State {
	if number == 0 {
		return nil
	}
	return u.machine.states[number-1]
}

func (u *unpacker) take() any {
	v := u.data[0]
	u.data = u.data[1:]
	return v
}
