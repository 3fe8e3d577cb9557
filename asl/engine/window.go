package engine

import (
	"iter"
	"slices"

	"signalbox/asl"
)

// A window holds the newest events of a history. It grows in chunks, so that a short history takes little memory and a long
// one is never copied; when the window is full, the memory of the oldest chunk is reused. The events of a Step are in one
// chunk.
type window struct {
	newest asl.History
	older  *olderChunks // nil: there are none
}

type olderChunks struct {
	chunks []asl.History // oldest first
	events int           // in all chunks
}

// chunkSize is the number of rows for which a chunk of a long history has room.
const chunkSize = 256

// add adds the events of the next Step. The window shows at most limit events, ≥ 0, and may hold a chunk more.
func (w *window) add(events *asl.History, limit int) {
	if events.Len() == 0 || limit == 0 {
		return
	}
	rows, values := events.Size()
	if used, _ := w.newest.Size(); used+rows > w.newest.Room() {
		w.nextChunk(rows, values, limit)
	}
	w.newest.Append(events)
}

// nextChunk sets w.newest to an empty chunk with room for rows and values. It reuses the oldest chunk if that has left the
// window; a new chunk is the larger the longer the history is.
func (w *window) nextChunk(rows, values, limit int) {
	if w.newest.Len() == 0 {
		w.newest = asl.MakeHistory(rows, values)
		return
	}
	if w.older == nil {
		w.older = &olderChunks{}
	}
	o := w.older
	o.chunks = append(o.chunks, w.newest)
	o.events += w.newest.Len()
	var spare asl.History
	for o.events-o.chunks[0].Len() >= limit {
		spare = o.chunks[0]
		o.events -= spare.Len()
		o.chunks = slices.Delete(o.chunks, 0, 1)
	}
	if spare.Room() >= max(rows, chunkSize) {
		spare.Reset()
		w.newest = spare
		return
	}
	if room := min(o.events, chunkSize); room > rows {
		rows, values = room, room/2
	}
	w.newest = asl.MakeHistory(rows, values)
}

// all ranges over the newest events, at most limit, oldest first. It does not include events that are added meanwhile.
func (w *window) all(limit int) iter.Seq[asl.HistoryEvent] {
	return func(yield func(asl.HistoryEvent) bool) {
		newest := w.newest
		first := newest.First() + int64(newest.Len()-limit)
		if w.older != nil {
			for _, chunk := range slices.Clone(w.older.chunks) {
				for e := range chunk.All() {
					if e.ID >= first && !yield(e) {
						return
					}
				}
			}
		}
		for e := range newest.All() {
			if e.ID >= first && !yield(e) {
				return
			}
		}
	}
}
