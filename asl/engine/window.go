package engine

import (
	"iter"
	"slices"
	"time"

	"signalbox/asl"
	"signalbox/asl/value"
)

// A window is the newest part of a history. It grows by chunks, so that a short history takes little and a long one is
// never copied; once it is full, the oldest chunk is used again.
type window struct {
	newest chunk
	older  *olderChunks // nil: there are none
}

type olderChunks struct {
	chunks  []chunk // oldest first
	held    int     // how many events are in them
	dropped int64   // how many came before those
}

// A chunk is consecutive events, packed into a quarter of their size. IDs are not kept: they are consecutive.
type chunk struct {
	rows   []row
	data   []any  // in the order in which rows refer to it
	events uint16 // rows that are no times
	time   uint16 // place of the newest time
	value  uint16 // place of the newest Data of its own in data, + 1; 0: none
}

// chunkSize is how many rows a chunk has once the history is long.
const chunkSize = 256

// A row is an event without pointers, which the garbage collector need not look at. A row of kind timeRow is the time of the
// events behind it, up to the next one.
type row struct {
	previous uint32 // how far back from the event
	index    int32
	state    uint16 // number + 1; 0: none
	from     uint16
	kind     asl.HistoryType
	reason   asl.Reason
	content  content
}

const timeRow asl.HistoryType = 0 // no event has it

// A content says what an event has of the chunk's data.
type content uint8

const (
	noContent      content = iota
	sameContent            // Data: that of the event before which had some
	valueContent           // Data
	failureContent         // Error
	requestContent         // Request; Data is its Input
	extraContent           // an *extra
)

// An extra holds what a row has no room for.
type extra struct {
	data        any
	failure     *asl.Error
	assigned    *value.Object
	request     *asl.TaskRequest
	state, from *asl.State
	previous    int64
}

// maxNumber is the highest number of a state that a row has room for.
const maxNumber = 1<<16 - 2

func number(s *asl.State) uint16 {
	if s == nil {
		return 0
	}
	return uint16(s.Number() + 1) //nolint:gosec // at most maxNumber: see fits
}

// fits reports whether a row has room for the event.
func fits(e *asl.HistoryEvent) bool {
	return uint64(e.ID-e.Previous) < 1<<32 && e.Assigned == nil && //nolint:gosec // wraps around
		(e.State == nil || e.State.Number() <= maxNumber) && (e.From == nil || e.From.Number() <= maxNumber) &&
		(e.Error == nil || e.Data == nil && e.Request == nil) && (e.Request == nil || same(e.Data, e.Request.Input))
}

// same reports whether two values are one and the same, for the kinds of values that take room.
func same(a, b any) bool {
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

// add packs an event into the chunk, whose rows have room for it.
func (c *chunk) add(e *asl.HistoryEvent) {
	n := len(c.rows)
	c.rows = c.rows[:n+1]
	r := &c.rows[n]
	r.index, r.kind, r.reason, r.content = e.Index, e.Type, e.Reason, noContent
	c.events++
	if !fits(e) {
		r.previous, r.state, r.from, r.content = 0, 0, 0, extraContent
		c.data = append(c.data, &extra{e.Data, e.Error, e.Assigned, e.Request, e.State, e.From, e.Previous})
		return
	}
	r.previous, r.state, r.from = uint32(e.ID-e.Previous), number(e.State), number(e.From) //nolint:gosec // see fits
	switch {
	case e.Request != nil:
		r.content, c.data = requestContent, append(c.data, e.Request)
	case e.Error != nil:
		r.content, c.data = failureContent, append(c.data, e.Error)
	case e.Data == nil:
	case c.value > 0 && same(c.data[c.value-1], e.Data):
		r.content = sameContent
	default:
		r.content, c.data = valueContent, append(c.data, e.Data)
		c.value = uint16(len(c.data)) //nolint:gosec // at most chunkSize
	}
}

// addTime has the events behind it happen at a time.
func (c *chunk) addTime(t time.Time) {
	c.time = uint16(len(c.rows))                               //nolint:gosec // at most chunkSize
	seconds, nanos := uint64(t.Unix()), uint32(t.Nanosecond()) //nolint:gosec // taken apart, and put together by rowTime
	c.rows = append(c.rows, row{
		previous: uint32(seconds >> 32), index: int32(uint32(seconds)), state: uint16(nanos >> 16), from: uint16(nanos), //nolint:gosec // as above
		kind: timeRow,
	})
}

func rowTime(r *row) time.Time {
	seconds, nanos := uint64(r.previous)<<32|uint64(uint32(r.index)), uint32(r.state)<<16|uint32(r.from) //nolint:gosec // see addTime
	return time.Unix(int64(seconds), int64(nanos)).UTC()                                                 //nolint:gosec // see addTime
}

// events ranges over the chunk's events, of which the first has an id.
func (c *chunk) all(m *asl.Machine, id int64) iter.Seq[asl.HistoryEvent] {
	return func(yield func(asl.HistoryEvent) bool) {
		var at time.Time
		var last any
		data := c.data
		take := func() any {
			v := data[0]
			data = data[1:]
			return v
		}
		state := func(n uint16) *asl.State {
			if n == 0 {
				return nil
			}
			return m.Numbered(int(n) - 1)
		}
		for i := range c.rows {
			r := &c.rows[i]
			if r.kind == timeRow {
				at = rowTime(r)
				continue
			}
			e := asl.HistoryEvent{
				ID: id, Previous: id - int64(r.previous), Time: at, Type: r.kind, Reason: r.reason, Index: r.index,
				State: state(r.state), From: state(r.from),
			}
			switch r.content {
			case noContent:
			case sameContent:
				e.Data = last
			case valueContent:
				last = take()
				e.Data = last
			case failureContent:
				e.Error = take().(*asl.Error)
			case requestContent:
				e.Request = take().(*asl.TaskRequest)
				e.Data = e.Request.Input
			case extraContent:
				x := take().(*extra)
				e.Data, e.Error, e.Assigned, e.Request = x.data, x.failure, x.assigned, x.request
				e.State, e.From, e.Previous = x.state, x.from, x.previous
			}
			if !yield(e) {
				return
			}
			id++
		}
	}
}

// size returns how many events there have been, and how many of them are held.
func (w *window) size() (all int64, held int) {
	held = int(w.newest.events)
	if w.older == nil {
		return int64(held), held
	}
	held += w.older.held
	return w.older.dropped + int64(held), held
}

// add takes the next events of a history. The window shows limit of them, ≥ 0, and may hold a chunk more.
func (w *window) add(events []asl.HistoryEvent, limit int) {
	events = events[max(0, len(events)-limit):]
	if all, _ := w.size(); len(events) > 0 && events[0].ID != all+1 {
		*w = window{older: &olderChunks{dropped: events[0].ID - 1}}
	}
	var at time.Time // of the chunk's last event, once it is known
	for i := range events {
		e := &events[i]
		rows := 1
		if e.Time != at {
			if i == 0 && len(w.newest.rows) > 0 {
				at = rowTime(&w.newest.rows[w.newest.time])
			}
			if e.Time != at {
				rows, at = 2, e.Time
			}
		}
		if len(w.newest.rows)+rows > cap(w.newest.rows) {
			w.nextChunk(len(events)-i, limit)
			rows = 2
		}
		if rows == 2 {
			w.newest.addTime(e.Time)
		}
		w.newest.add(e)
	}
}

// nextChunk makes room for n events or more: in the oldest chunk if all of it has left the window, else in a new one.
func (w *window) nextChunk(n, limit int) {
	if w.newest.events == 0 {
		w.newest = newChunk(n + 1)
		return
	}
	if w.older == nil {
		w.older = &olderChunks{}
	}
	o := w.older
	o.chunks = append(o.chunks, w.newest)
	o.held += int(w.newest.events)
	if oldest := o.chunks[0]; o.held-int(oldest.events) >= limit {
		o.held -= int(oldest.events)
		o.dropped += int64(oldest.events)
		o.chunks = slices.Delete(o.chunks, 0, 1)
		if cap(oldest.rows) == chunkSize {
			clear(oldest.data)
			w.newest = chunk{rows: oldest.rows[:0], data: oldest.data[:0]}
			return
		}
	}
	w.newest = newChunk(max(n+1, o.held))
}

// newChunk returns an empty chunk with room for so many rows, at most chunkSize. Half of them are expected to have data.
func newChunk(rows int) chunk {
	rows = max(2, min(rows, chunkSize))
	return chunk{rows: make([]row, 0, rows), data: make([]any, 0, rows/2)}
}

// all ranges over the newest events, limit at most, oldest first.
func (w *window) all(m *asl.Machine, limit int) iter.Seq[asl.HistoryEvent] {
	return func(yield func(asl.HistoryEvent) bool) {
		newest, held := w.size()
		id := newest - int64(held) + 1
		var chunks []chunk
		if w.older != nil {
			chunks = slices.Clip(w.older.chunks)
		}
		for _, c := range append(chunks, w.newest) {
			for e := range c.all(m, id) {
				if id++; e.ID > newest-int64(limit) && !yield(e) {
					return
				}
			}
		}
	}
}
