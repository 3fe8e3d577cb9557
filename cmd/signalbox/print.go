package main

import (
	"fmt"
	"strings"
	"time"

	"signalbox/asl/value"
	"signalbox/cmd/signalbox/internal/assembly"
)

// appendJSON appends an event as one JSON object on a line.
func appendJSON(b []byte, e *assembly.LogEvent) []byte {
	b = append(b, `{"time":"`...)
	b = e.Time.UTC().AppendFormat(b, "2006-01-02T15:04:05.000Z")
	b = append(b, `","type":"`...)
	b = append(b, e.Type()...)
	b = append(b, '"')
	if e.Child != "" {
		b = value.Append(append(b, `,"execution":`...), e.Child)
	}
	if state := e.State(); state != "" {
		b = value.Append(append(b, `,"state":`...), state)
	}
	if pin, high := e.Pin(); pin != "" {
		b = value.Append(append(b, `,"pin":`...), pin)
		b = value.Append(append(b, `,"level":`...), high)
	}
	b = append(b, `,"details":{`...)
	first := true
	for name, v := range e.Details() {
		if !first {
			b = append(b, ',')
		}
		first = false
		b = append(value.Append(b, name), ':')
		b = value.Append(b, v)
	}
	return append(b, "}}\n"...)
}

// plainWants reports whether --plain prints an event: each state entered, each line's change, and what else people want to
// know.
func plainWants(e *assembly.LogEvent) bool {
	switch t := e.Type(); t {
	case "StateEntered", "TaskFailed", "TaskTimedOut", assembly.TypePinChanged, assembly.TypeNote, assembly.TypeLinesDropped:
		return true
	case "ExecutionStarted":
		return false
	case "ExecutionSucceeded":
		return e.Child == "" // there may be thousands of children
	default:
		return strings.HasPrefix(t, "Execution")
	}
}

// plainFormat returns what appends an event as a line of --plain: the time since start, state or line, value, reason.
func plainFormat(start time.Time) func([]byte, *assembly.LogEvent) []byte {
	return func(b []byte, e *assembly.LogEvent) []byte {
		name, why := e.State(), e.Why()
		var val string
		switch t := e.Type(); t {
		case "StateEntered":
			val = "entered"
		case "TaskFailed":
			val = "failed"
		case "TaskTimedOut":
			val = "timed out"
		case assembly.TypePinChanged:
			pin, high := e.Pin()
			name, val = pin, "off"
			if high {
				val = "on"
			}
		case assembly.TypeNote:
			name, val = "-", "note"
		case assembly.TypeLinesDropped:
			name, val = "-", "dropped"
		default: // an execution has ended
			name, val = "-", strings.ToLower(strings.TrimPrefix(t, "Execution"))
			if stopped, ok := strings.CutPrefix(why, assembly.ErrEnded+": "); ok {
				val, why = "ended", stopped
			}
			if t == "ExecutionSucceeded" {
				why = value.Text(e.Output())
			}
		}
		return fmt.Appendf(b, "%s  %-28s %-9s %s\n", elapsed(e.Time.Sub(start)), name, val, why+e.ShortChild())
	}
}

// elapsed returns a time since the beginning as 0:00:02.400. Like all times that are shown it is cut, not rounded, so that nothing
// seems to happen before it does.
func elapsed(d time.Duration) string {
	ms := d.Milliseconds()
	return fmt.Sprintf("%d:%02d:%02d.%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, ms%1000)
}
