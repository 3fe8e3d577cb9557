package engine

import (
	"iter"
	"slices"
	"time"

	"signalbox/asl"
	"signalbox/asl/value"
)

// A window is the newest part of a history. It grows by chunks, so that a short history takes little and a long one is
// never copied; once it is full, the chunk that has left it is filled again.
type window struct {
	last []packedEvent // the newest chunk
	full *fullChunks   // nil: nothing came before it
}

type fullChunks struct {
	chunks  [][]packedEvent // oldest first, all of them full
	held    int             // how many events are in them
	dropped int64           // how many came before those
}

// chunkSize is how many events a chunk has once the history is long.
const chunkSize = 256

// packedEvent is an event in less room: without its id, since ids are consecutive, and with a part of its own for what few events
// have.
type packedEvent struct {
	previous int64
	seconds  int64 // of the Unix epoch
	nanos    int32
	index    int32
	kind     asl.HistoryType
	reason   asl.Reason
	state    *asl.State
	from     *asl.State
	data     any // or a *rest
}

type extra struct {
	data     any
	failure  *asl.Error
	assigned *value.Object
	request  *asl.TaskRequest
}

func (k *packedEvent) set(e *asl.HistoryEvent) {
	k.previous, k.seconds, k.nanos = e.Previous, e.Time.Unix(), int32(e.Time.Nanosecond()) //nolint:gosec // less than 1e9
	k.index, k.kind, k.reason, k.state, k.from, k.data = e.Index, e.Type, e.Reason, e.State, e.From, e.Data
	if e.Error != nil || e.Assigned != nil || e.Request != nil {
		k.data = &extra{e.Data, e.Error, e.Assigned, e.Request}
	}
}

func (k *packedEvent) event(id int64) asl.HistoryEvent {
	e := asl.HistoryEvent{
		ID: id, Previous: k.previous, Time: time.Unix(k.seconds, int64(k.nanos)).UTC(),
		Type: k.kind, Reason: k.reason, Index: k.index, State: k.state, From: k.from, Data: k.data,
	}
	if r, ok := k.data.(*extra); ok {
		e.Data, e.Error, e.Assigned, e.Request = r.data, r.failure, r.assigned, r.request
	}
	return e
}

// size returns how many events there have been, and how many of them are held.
func (w *window) size() (all int64, held int) {
	held = len(w.last)
	if w.full == nil {
		return int64(held), held
	}
	held += w.full.held
	return w.full.dropped + int64(held), held
}

// add takes the next events of a history. The window shows limit of them, ≥ 0, and may hold a chunk more.
func (w *window) add(events []asl.HistoryEvent, limit int) {
	events = events[max(0, len(events)-limit):]
	if all, _ := w.size(); len(events) > 0 && events[0].ID != all+1 {
		*w = window{full: &fullChunks{dropped: events[0].ID - 1}}
	}
	for len(events) > 0 {
		if len(w.last) == cap(w.last) {
			w.last = w.nextChunk(len(events), limit)
		}
		n := len(w.last)
		w.last = w.last[:min(n+len(events), cap(w.last))]
		for i := range w.last[n:] {
			w.last[n+i].set(&events[i])
		}
		events = events[len(w.last)-n:]
	}
}

// nextChunk returns an empty chunk in place of the newest, which is full: the oldest one if all of it has left the window, else a
// new one for n events or more.
func (w *window) nextChunk(n, limit int) []packedEvent {
	if w.last == nil {
		return make([]packedEvent, 0, min(n, chunkSize))
	}
	if w.full == nil {
		w.full = &fullChunks{}
	}
	o := w.full
	o.chunks = append(o.chunks, w.last)
	o.held += len(w.last)
	if oldest := o.chunks[0]; o.held-len(oldest) >= limit {
		o.held -= len(oldest)
		o.dropped += int64(len(oldest))
		o.chunks = slices.Delete(o.chunks, 0, 1)
		if cap(oldest) == chunkSize {
			return oldest[:0]
		}
	}
	return make([]packedEvent, 0, min(max(n, o.held), chunkSize))
}

// all ranges over the newest events, limit at most, oldest first.
func (w *window) all(limit int) iter.Seq[asl.HistoryEvent] {
	return func(yield func(asl.HistoryEvent) bool) {
		newest, held := w.size()
		id := newest - int64(held)
		var chunks [][]packedEvent
		if w.full != nil {
			chunks = slices.Clip(w.full.chunks)
		}
		for _, chunk := range append(chunks, w.last) {
			for i := range chunk {
				if id++; id <= newest-int64(limit) {
					continue
				}
				if !yield(chunk[i].event(id)) {
					return
				}
			}
		}
	}
}
