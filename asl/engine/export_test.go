package engine

import (
	"iter"

	"signalbox/asl"
)

// A Window is a window for its tests.
type Window struct {
	w     window
	m     *asl.Machine
	limit int
}

// NewWindow returns an empty window for executions of m.
func NewWindow(m *asl.Machine, limit int) *Window { return &Window{m: m, limit: limit} }

// Add is window.add.
func (w *Window) Add(events []asl.HistoryEvent) { w.w.add(events, w.limit) }

// All is window.all.
func (w *Window) All() iter.Seq[asl.HistoryEvent] { return w.w.all(w.m, w.limit) }
