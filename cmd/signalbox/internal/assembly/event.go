package assembly

import (
	"iter"
	"strings"
	"time"

	"signalbox/asl"
	"signalbox/asl/value"
	"signalbox/gpio"
	"signalbox/internal/thousands"
)

// A LogEvent is something that happened in a run: an entry of an execution's history, a line with a new level, or a note. It is
// immutable and small; its texts are made when they are asked for, so that the clock's goroutine need not make them.
type LogEvent struct {
	Time  time.Time // on the run's clock
	Child string    // the ARN of the child execution of a distributed Map in which it happened; "" outside of them

	entry  asl.HistoryEvent // Type 0: it is none
	caught string           // the error that led into entry.State by a Catch
	change gpio.Change      // of TypePinChanged
	text   string           // of TypeNote
	why    string           // of TypeNote
	lost   int              // of TypeLinesDropped
}

// The types of events that are no entries of a history. Those that are have the type's name without the state's: StateEntered,
// TaskFailed, ExecutionSucceeded.
const (
	TypePinChanged   = "PinChanged"
	TypeNote         = "Note"
	TypeLinesDropped = "LinesDropped"
)

// Type returns the kind of event.
func (e *LogEvent) Type() string {
	switch {
	case e.entry.Type == asl.HistoryTaskScheduled:
		// Handlers here begin at once: what the history calls scheduled has started.
		return asl.HistoryTaskStarted.Name()
	case e.entry.Type != 0:
		return e.entry.Type.Name()
	case e.lost > 0:
		return TypeLinesDropped
	case e.change.Line != "":
		return TypePinChanged
	}
	return TypeNote
}

// State returns the name of the state in which it happened, "" if in none.
func (e *LogEvent) State() string {
	if e.entry.State == nil {
		return ""
	}
	return e.entry.State.Name
}

// From returns the name of the state from which a state was entered, "" for the first one.
func (e *LogEvent) From() string {
	if e.entry.From == nil {
		return ""
	}
	return e.entry.From.Name
}

// Pin returns the line whose level changed, and its new logical level; "" for other events.
func (e *LogEvent) Pin() (line string, high bool) { return e.change.Line, e.change.High }

// Output returns what a state, a Task or an execution has put out: a value of package asl/value. It is nil for other events.
func (e *LogEvent) Output() any {
	switch e.entry.Type {
	case asl.HistoryStateExited, asl.HistoryTaskSucceeded, asl.HistoryTaskSubmitted, asl.HistoryExecutionSucceeded:
		return e.entry.Data
	}
	return nil
}

// Why returns the reason, for people: what led to a state, why a line changed, the error of a failure, the text of a note, how
// many lines were dropped.
func (e *LogEvent) Why() string {
	switch t := e.entry.Type; {
	case t == asl.HistoryStateEntered:
		return e.reason()
	case t == asl.HistoryTaskScheduled:
		return e.entry.State.Activity
	case t != 0 && e.entry.Error != nil && isFailure(t):
		return e.entry.Error.Error()
	case e.change.Line != "":
		return e.change.Why
	case e.lost > 0:
		return thousands.Format(int64(e.lost)) + " lines dropped: they were not read in time"
	}
	return e.text
}

// isFailure reports whether the details of an entry of the history are those of its error.
func isFailure(t asl.HistoryType) bool {
	switch t {
	case asl.HistoryTaskFailed, asl.HistoryTaskTimedOut, asl.HistoryFanFailed, asl.HistoryMapRunFailed,
		asl.HistoryExecutionFailed, asl.HistoryExecutionTimedOut, asl.HistoryExecutionAborted:
		return true
	}
	return false
}

// reason returns why a state was entered: the state before it and the rule, catcher or field that led on.
func (e *LogEvent) reason() string {
	from := e.entry.From
	if from == nil {
		return "StartAt"
	}
	switch e.entry.Reason {
	case asl.ReasonRule:
		return from.Name + ": " + from.Transitions()[e.entry.Index].Label
	case asl.ReasonDefault:
		return from.Name + ": Default"
	case asl.ReasonCatch:
		return from.Name + ": Catch " + e.caught
	default:
		return from.Name + ": Next"
	}
}

// ShortChild returns enough of the child's name to know it from others, " (child 1a2b3c4d)"; "" outside of children.
func (e *LogEvent) ShortChild() string {
	if e.Child == "" {
		return ""
	}
	return " (child " + e.Child[strings.LastIndexByte(e.Child, ':')+1:][:8] + ")"
}

// Details ranges over the rest of what there is to say, as --json prints it: names and values of package asl/value.
func (e *LogEvent) Details() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		switch {
		case e.entry.Type != 0:
			e.entryDetails(yield)
		case e.lost > 0:
			yield("lines", int64(e.lost))
		case e.change.Line != "":
			_ = yield("direction", e.change.Direction.String()) && yield("why", e.change.Why)
		default:
			_ = yield("text", e.text) && yield("why", e.why)
		}
	}
}

// entryDetails ranges over the details of an entry of the history.
func (e *LogEvent) entryDetails(yield func(string, any) bool) {
	h := &e.entry
	switch h.Type {
	case asl.HistoryExecutionStarted:
		yield("input", h.Data)
	case asl.HistoryStateEntered:
		if !yield("stateType", h.State.Type.String()) || h.From != nil && !yield("from", h.From.Name) {
			return
		}
		_ = yield("why", e.reason()) && yield("input", h.Data)
	case asl.HistoryTaskScheduled:
		_ = yield("resource", h.State.Resource) && yield("input", h.Data)
	case asl.HistoryStateExited, asl.HistoryTaskSucceeded, asl.HistoryTaskSubmitted, asl.HistoryExecutionSucceeded:
		yield("output", h.Data)
	case asl.HistoryMapRunStarted:
		yield("mapRunArn", h.Data)
	case asl.HistoryFanStarted, asl.HistoryIterationStarted, asl.HistoryIterationSucceeded, asl.HistoryIterationFailed,
		asl.HistoryIterationAborted:
		yield("index", int64(h.Index)) // of FanStarted: how many
	default:
		if isFailure(h.Type) && h.Error != nil {
			_ = yield("error", h.Error.Name) && yield("cause", h.Error.Cause)
		}
	}
}

// Object returns an event's details as one value.
func (e *LogEvent) Object() *value.Object {
	var b value.Builder
	for name, v := range e.Details() {
		b.Set(name, v)
	}
	return b.Object()
}
