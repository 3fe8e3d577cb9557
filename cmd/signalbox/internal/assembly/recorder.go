package assembly

import (
	"strings"
	"time"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
	"signalbox/gpio"
	"signalbox/machines"
)

// A LogEvent is one thing that a run tells: a line of what it prints.
type LogEvent struct {
	Time    time.Time
	Type    string // StateEntered, PinChanged, TaskStarted, …, Note
	Child   string // the execution that it happened in, where that is a child of a distributed Map
	State   string
	Pin     string
	High    bool   // of a PinChanged
	Why     string // for people
	Details *value.Object
}

// OfChild tells which child it happened in, in the few letters that tell one from another; "" where it was none.
func (h *LogEvent) OfChild() string {
	if h.Child == "" {
		return ""
	}
	return " (child " + h.Child[strings.LastIndexByte(h.Child, ':')+1:][:8] + ")"
}

// A recorder makes happenings of what engine, lines and plant tell. It belongs to the clock's goroutine.
type recorder struct {
	clock  interface{ Now() time.Time }
	tell   func(LogEvent)
	failed map[string]string // by state, the error that it failed with last
}

func newRecorder(clock interface{ Now() time.Time }, tell func(LogEvent)) *recorder {
	return &recorder{clock: clock, tell: tell, failed: map[string]string{}}
}

// Observe implements engine.Observer.
func (s *recorder) Observe(run *engine.Run, events []asl.HistoryEvent) {
	child := ""
	if run.Parent() != nil {
		child = run.ARN()
	}
	for i := range events {
		s.event(&events[i], child)
	}
}

func (s *recorder) event(e *asl.HistoryEvent, child string) {
	h := LogEvent{Time: e.Time, Type: e.Type.Name(), Child: child}
	if e.State != nil {
		h.State = e.State.Name
	}
	var details value.Builder
	switch e.Type {
	case asl.HistoryExecutionStarted:
		details.Set("input", e.Data)
	case asl.HistoryStateEntered:
		h.Why = s.reason(e)
		details.Set("stateType", e.State.Type.String())
		if e.From != nil {
			details.Set("from", e.From.Name)
		}
		details.Set("why", h.Why)
		details.Set("input", e.Data)
	case asl.HistoryStateExited:
		details.Set("output", e.Data)
	case asl.HistoryTaskScheduled:
		// Handlers here begin at once: what the history calls scheduled has started.
		h.Type = asl.HistoryTaskStarted.Name()
		h.Why = e.State.Activity
		details.Set("resource", e.State.Resource)
		details.Set("input", e.Data)
	case asl.HistoryTaskStarted:
		return
	case asl.HistoryTaskSucceeded, asl.HistoryTaskSubmitted, asl.HistoryExecutionSucceeded:
		details.Set("output", e.Data)
	case asl.HistoryMapRunStarted:
		details.Set("mapRunArn", e.Data)
	case asl.HistoryFanStarted, asl.HistoryIterationStarted, asl.HistoryIterationSucceeded, asl.HistoryIterationFailed, asl.HistoryIterationAborted:
		details.Set("index", int64(e.Index)) // of FanStarted: how many
	case asl.HistoryTaskFailed, asl.HistoryTaskTimedOut, asl.HistoryFanFailed, asl.HistoryMapRunFailed, asl.HistoryExecutionFailed, asl.HistoryExecutionTimedOut, asl.HistoryExecutionAborted:
		if err := e.Error; err != nil {
			s.failed[h.State] = err.Name
			h.Why = err.Error()
			details.Set("error", err.Name)
			details.Set("cause", err.Cause)
		}
	}
	h.Details = details.Object()
	s.tell(h)
}

// reason says why a state was entered.
func (s *recorder) reason(e *asl.HistoryEvent) string {
	from := e.From
	if from == nil {
		return "StartAt"
	}
	switch e.Reason {
	case asl.ReasonRule:
		return from.Name + ": " + from.Transitions()[e.Index].Label
	case asl.ReasonDefault:
		return from.Name + ": Default"
	case asl.ReasonCatch:
		return from.Name + ": Catch " + s.failed[from.Name]
	default:
		return from.Name + ": Next"
	}
}

// pin is told every change of a line.
func (s *recorder) pin(c gpio.Change) {
	s.tell(LogEvent{
		Time: c.At, Type: "PinChanged", Pin: c.Line, High: c.High, Why: c.Why,
		Details: value.NewObject("direction", c.Direction.String(), "why", c.Why),
	})
}

// note tells what is worth a line beside what engine, lines and plant tell.
func (s *recorder) note(text, why string) {
	s.tell(LogEvent{Time: s.clock.Now(), Type: "Note", Why: text, Details: value.NewObject("text", text, "why", why)})
}

// plant is told every reaction of a plant.
func (s *recorder) plant(why string, notes []machines.Note) {
	for _, n := range notes {
		s.note(n.Text, why)
	}
}
