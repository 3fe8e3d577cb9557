package engine

import (
	"iter"

	"signalbox/asl"
)

// A Window is a window for its tests.
type Window struct {
	w     window
	limit int
}

// NewWindow returns an empty window.
func NewWindow(limit int) *Window { return &Window{limit: limit} }

// Add is window.add.
func (w *Window) Add(events *asl.History) { w.w.add(events, w.limit) }

// All is window.all.
func (w *Window) All() iter.Seq[asl.HistoryEvent] { return w.w.all(w.limit) }
