package engine

import (
	"iter"

	"signalbox/asl"
)

// A window is the newest part of a history. It grows by chunks, so that a short history takes little and a long one is
// never copied; once it is full, the chunk that has left it is filled again.
type window struct {
	limit  int // how many events it shows, ≥ 0; it may hold a chunk more
	chunks [][]asl.HistoryEvent
	held   int
}

// chunkSize is how many events a chunk has once the history is long.
const chunkSize = 256

func (w *window) add(events []asl.HistoryEvent) {
	if len(events) > w.limit {
		events = events[len(events)-w.limit:]
	}
	for len(events) > 0 {
		last := len(w.chunks) - 1
		if last < 0 || len(w.chunks[last]) == cap(w.chunks[last]) {
			chunk := w.chunk(len(events))
			w.chunks = append(w.chunks, chunk)
			last = len(w.chunks) - 1
		}
		chunk := w.chunks[last]
		n := min(len(events), cap(chunk)-len(chunk))
		w.chunks[last] = append(chunk, events[:n]...)
		w.held += n
		events = events[n:]
	}
}

// chunk returns an empty chunk: the oldest one if all of it has left the window, else a new one for n events or more.
func (w *window) chunk(n int) []asl.HistoryEvent {
	if len(w.chunks) > 0 && w.held-len(w.chunks[0]) >= w.limit {
		oldest := w.chunks[0]
		copy(w.chunks, w.chunks[1:])
		w.chunks = w.chunks[:len(w.chunks)-1]
		w.held -= len(oldest)
		if cap(oldest) == chunkSize {
			return oldest[:0]
		}
	}
	return make([]asl.HistoryEvent, 0, min(max(n, w.held), chunkSize))
}

// all ranges over the events, oldest first.
func (w *window) all() iter.Seq[asl.HistoryEvent] {
	return func(yield func(asl.HistoryEvent) bool) {
		skip := max(0, w.held-w.limit)
		for _, chunk := range w.chunks {
			n := min(skip, len(chunk))
			skip -= n
			for i := range chunk[n:] {
				if !yield(chunk[n+i]) {
					return
				}
			}
		}
	}
}
