package assembly

import (
	"time"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/gpio"
	"signalbox/machines"
)

// A recorder makes log events of what engine, lines and plant report, and hands them to emit. It belongs to the clock's
// goroutine.
type recorder struct {
	clock  interface{ Now() time.Time }
	emit   func(*LogEvent)   // must not keep the event, but may copy it
	failed map[string]string // by state, the error with which it failed last
}

// Observe implements engine.Observer.
func (r *recorder) Observe(run *engine.Run, events *asl.History) {
	child := ""
	if run.Parent() != nil {
		child = run.ARN()
	}
	for e := range events.All() {
		r.entry(&e, child)
	}
}

// entry records an entry of a history; child is the execution's ARN where that is a child of a distributed Map.
func (r *recorder) entry(h *asl.HistoryEvent, child string) {
	e := LogEvent{Time: h.Time, Child: child, entry: *h}
	switch {
	case h.Type == asl.HistoryTaskStarted:
		return // TaskScheduled says it already
	case h.Type == asl.HistoryStateEntered && h.Reason == asl.ReasonCatch:
		e.caught = r.failed[h.From.Name]
	case isFailure(h.Type) && h.Error != nil:
		r.failed[e.State()] = h.Error.Name
	}
	r.emit(&e)
}

// pin records a line's change.
func (r *recorder) pin(c gpio.Change) { r.emit(&LogEvent{Time: c.At, change: c}) }

// note records a text. Why is what led to it; it is in the details only.
func (r *recorder) note(text, why string) {
	r.emit(&LogEvent{Time: r.clock.Now(), text: text, why: why})
}

// plant records the notes of a plant's reaction.
func (r *recorder) plant(why string, notes []machines.Note) {
	for _, n := range notes {
		r.note(n.Text, why)
	}
}
