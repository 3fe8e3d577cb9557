package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"signalbox/asl/value"
	"signalbox/cmd/signalbox/internal/assembly"
)

// printJSON writes a happening as one JSON object on a line.
func printJSON(w io.Writer, h assembly.LogEvent) error {
	var b value.Builder
	b.Set("time", h.Time.UTC().Format("2006-01-02T15:04:05.000Z"))
	b.Set("type", h.Type)
	if h.Child != "" {
		b.Set("execution", h.Child)
	}
	if h.State != "" {
		b.Set("state", h.State)
	}
	if h.Pin != "" {
		b.Set("pin", h.Pin)
		b.Set("level", h.High)
	}
	b.Set("details", h.Details)
	_, err := w.Write(append(value.Append(nil, b.Object()), '\n'))
	return err
}

// printPlain writes a line for each state entered, each line moved, and what else people want to know: time since the
// beginning, state or pin, value, why. The rest it leaves out.
func printPlain(w io.Writer, start time.Time, h assembly.LogEvent) error {
	name := h.State
	var val string
	if h.Child != "" {
		if h.Type == "ExecutionSucceeded" || h.Type == "ExecutionStarted" {
			return nil // there may be thousands of them
		}
		h.Why += h.OfChild()
	}
	switch {
	case h.Type == "StateEntered":
		val = "entered"
	case h.Type == "PinChanged":
		name, val = h.Pin, "off"
		if h.High {
			val = "on"
		}
	case h.Type == "Note":
		name, val = "-", "note"
	case h.Type == "TaskFailed":
		val = "failed"
	case h.Type == "TaskTimedOut":
		val = "timed out"
	case strings.HasPrefix(h.Type, "Execution") && h.Type != "ExecutionStarted":
		name, val = "-", strings.ToLower(strings.TrimPrefix(h.Type, "Execution"))
		if ended, ok := strings.CutPrefix(h.Why, assembly.ErrEnded+": "); ok {
			val, h.Why = "ended", ended
		}
		if h.Type == "ExecutionSucceeded" {
			output, _ := h.Details.Lookup("output")
			h.Why = value.Text(output)
		}
	default:
		return nil
	}
	_, err := fmt.Fprintf(w, "%s  %-28s %-9s %s\n", elapsed(h.Time.Sub(start)), name, val, h.Why)
	return err
}

// elapsed prints a time since the beginning as 0:00:02.400.
func elapsed(d time.Duration) string {
	ms := d.Round(time.Millisecond).Milliseconds()
	return fmt.Sprintf("%d:%02d:%02d.%03d", ms/3_600_000, ms/60_000%60, ms/1000%60, ms%1000)
}
