// Package direct has generic activities that move and read lines, for machines that are only a definition and a board.
//
//	gpio-write       {"line": "lamp", "level": true}                       → {"level": true}
//	                 {"levels": {"red": "off", "green": "on"}}             → {"levels": {"red": false, "green": true}}
//	gpio-read        {"line": "button"}                                    → {"level": false}
//	                 {"lines": ["is-open", "is-closed"]}                   → {"levels": {"is-open": true, …}}
//	gpio-pulse       {"line": "bell", "milliseconds": 200}                 → {"line": "bell", "count": 1}
//	                 {…, "count": 3, "gapMilliseconds": 100}
//	gpio-await-edge  {"line": "button", "edge": "rising"}                  → {"line": "button", "level": true, "time": "…"}
//	                 {"lines": ["up", "down"], "edge": "both"}             → the first edge of either
//	                 {…, "already": ["up"]}                                at once, if up is at the edge's level already
//	                 {…, "since": "2026-01-01T08:00:00.100Z"}              the first edge after that time, also one that has come
//
// A level is true, "high" or "on", or else false, "low" or "off". It is logical, whatever the wiring. The input of a Task
// is on the left, its output on the right; "gapMilliseconds" is the time between two pulses, "milliseconds" if it is left
// out. "since" is the "time" of an earlier edge, which the next one may have followed before the Task that awaits it began.
//
// There is no plant. The board protects the hardware: its never and max-on hold for all activities. A Task fails with
// machines.ErrInput, machines.ErrLine or one of the error names below, which a Catch can name.
package direct

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"periph.io/x/conn/v3/gpio"

	"signalbox/asl/engine"
	"signalbox/asl/value"
	board "signalbox/gpio"
	"signalbox/machines"
)

// The error names of the activities, besides machines.ErrInput and machines.ErrLine.
const (
	ErrConflict    = "Interlock.Conflict"   // never forbids the levels; no line has changed
	ErrMaxOn       = "Interlock.MaxOn"      // max-on has turned the line off, or it must rest
	ErrUnknownLine = "Activity.UnknownLine" // the board has no such line, or it has the other direction
	ErrBusy        = "Activity.Busy"        // another Task is pulsing the line
	ErrEdgesLost   = "Activity.EdgesLost"   // so many edges have come since the given time that the first are forgotten
)

// Activities returns the names of the activities, sorted.
func Activities() []string {
	return []string{"gpio-await-edge", "gpio-pulse", "gpio-read", "gpio-write"}
}

// Lines are the open lines of a board.
type Lines interface {
	machines.Lines
	// Set takes several outputs to the given levels, by name. If a rule of the board forbids one, no line has changed.
	Set(levels map[string]bool, why string) error
	// Levels lists every line of the board.
	Levels() []board.LineLevel
	// Watch registers f, which is called with every change of a line.
	Watch(f func(board.Change))
}

// Handlers returns the handlers by the names of their activities. Only the clock's goroutine may use them. From now on the
// edges of all inputs are remembered for Tasks with "since".
func Handlers(lines Lines, clock machines.Clock) map[string]engine.Handler {
	d := &direct{lines: lines, clock: clock, inputs: map[string]*input{}, trains: map[string]*train{}}
	lines.Watch(d.changed)
	for _, l := range lines.Levels() {
		if l.Direction == board.In {
			d.listen(l.Line)
		}
	}
	return map[string]engine.Handler{
		"gpio-write":      engine.HandlerFunc(d.write),
		"gpio-read":       engine.HandlerFunc(d.read),
		"gpio-pulse":      handler(d.pulse),
		"gpio-await-edge": handler(d.await),
	}
}

// direct is the state of the handlers.
type direct struct {
	lines  Lines
	clock  machines.Clock
	inputs map[string]*input
	trains map[string]*train // unfinished ones, by line
}

// A handler handles a Task that takes time.
type handler func(engine.Task, engine.Reply) (cancel func())

// Start implements [engine.Handler].
func (h handler) Start(t engine.Task, reply engine.Reply) func() { return h(t, reply) }

// inputError returns name and cause for an error in the input of a Task.
func inputError(t engine.Task, format string, args ...any) (name, cause string) {
	return machines.ErrInput, t.Activity + ": " + fmt.Sprintf(format, args...)
}

// why returns the reason for a change of a line, for the log.
func why(t engine.Task) string { return t.Activity + " (" + t.State + ")" }

// failure returns name and cause for an error of moving lines. After a failed write the level of the line is unknown, so it
// takes all outputs to their safe levels; after a refusal by the board it does not.
func (d *direct) failure(err error) (name, cause string) {
	var refusal *board.Refusal
	switch {
	case !errors.As(err, &refusal):
		return machines.ErrLine, errors.Join(err, d.lines.Safe("a line failed")).Error()
	case refusal.Rule == board.RuleMaxOn:
		return ErrMaxOn, err.Error()
	}
	return ErrConflict, err.Error()
}

// level returns the level that v, from the input of a Task, stands for.
func level(v any) (high bool, err error) {
	switch v {
	case true, "high", "on":
		return true, nil
	case false, "low", "off":
		return false, nil
	}
	return false, fmt.Errorf(`a level is true, "high" or "on", else false, "low" or "off"`)
}

// names returns the lines of an input that must have either a line or lines.
func names(line string, lines []string) ([]string, error) {
	switch {
	case (line == "") == (len(lines) == 0):
		return nil, errors.New(`name either a "line" or "lines"`)
	case line != "":
		return []string{line}, nil
	}
	for i, name := range lines {
		if slices.Contains(lines[:i], name) {
			return nil, fmt.Errorf("line %q is named twice", name)
		}
	}
	return lines, nil
}

// write handles gpio-write.
func (d *direct) write(t engine.Task) (output any, name, cause string) {
	var in struct {
		Line   string         `json:"line"`
		Level  any            `json:"level"`
		Levels map[string]any `json:"levels"`
	}
	if err := machines.Decode(t.Input, &in); err != nil {
		name, cause = inputError(t, "%s", err)
		return nil, name, cause
	}
	single := in.Line != ""
	if single != (in.Levels == nil) || !single && in.Level != nil {
		name, cause = inputError(t, `name either a "line" and its "level", or "levels" by line`)
		return nil, name, cause
	}
	if single {
		in.Levels = map[string]any{in.Line: in.Level}
	}
	levels := map[string]bool{}
	var written value.Builder
	for _, line := range slices.Sorted(maps.Keys(in.Levels)) {
		high, err := level(in.Levels[line])
		if err != nil {
			name, cause = inputError(t, "line %q: %s", line, err)
			return nil, name, cause
		}
		if _, err := d.lines.Out(line); err != nil {
			return nil, ErrUnknownLine, err.Error()
		}
		if d.trains[line] != nil {
			return nil, ErrBusy, busy(line)
		}
		levels[line] = high
		written.Set(line, high)
	}
	if err := d.lines.Set(levels, why(t)); err != nil {
		name, cause = d.failure(err)
		return nil, name, cause
	}
	if single {
		return value.NewObject("level", levels[in.Line]), "", ""
	}
	return value.NewObject("levels", written.Object()), "", ""
}

// read handles gpio-read.
func (d *direct) read(t engine.Task) (output any, name, cause string) {
	var in struct {
		Line  string   `json:"line"`
		Lines []string `json:"lines"`
	}
	err := machines.Decode(t.Input, &in)
	var lines []string
	if err == nil {
		lines, err = names(in.Line, in.Lines)
	}
	if err != nil {
		name, cause = inputError(t, "%s", err)
		return nil, name, cause
	}
	var levels value.Builder
	for _, line := range lines {
		pin, err := d.lines.In(line)
		if err != nil {
			return nil, ErrUnknownLine, err.Error()
		}
		high := bool(pin.Read())
		if in.Line != "" {
			return value.NewObject("level", high), "", ""
		}
		levels.Set(line, high)
	}
	return value.NewObject("levels", levels.Object()), "", ""
}

// set moves an output; why is the reason for the log, if the pin takes one.
func set(pin gpio.PinOut, high bool, why string) error {
	if t, ok := pin.(machines.ReasonedOutput); ok {
		return t.OutBecause(gpio.Level(high), why)
	}
	return pin.Out(gpio.Level(high))
}

// The limits of a pulse train.
const (
	maxPulses = 1000
	maxPulse  = time.Hour
)

// busy is the cause of ErrBusy.
func busy(line string) string {
	return fmt.Sprintf("another Task is pulsing line %s; let it end first", line)
}

// A train is the pulse train of a Task.
type train struct {
	d     *direct
	reply engine.Reply
	pin   gpio.PinOut
	why   string
	line  string
	count int
	width time.Duration
	gap   time.Duration
	left  int         // pulses that are not over
	stop  func() bool // stops the timer of the next edge; nil: none runs
}

// pulse handles gpio-pulse. It replies when the last pulse is over. Cancel turns the line off.
func (d *direct) pulse(t engine.Task, reply engine.Reply) (cancel func()) {
	var in struct {
		Line            string `json:"line"`
		Milliseconds    int64  `json:"milliseconds"`
		Count           *int   `json:"count"`
		GapMilliseconds *int64 `json:"gapMilliseconds"`
	}
	err := machines.Decode(t.Input, &in)
	count, gap := 1, in.Milliseconds
	if in.Count != nil {
		count = *in.Count
	}
	if in.GapMilliseconds != nil {
		gap = *in.GapMilliseconds
	}
	most := maxPulse.Milliseconds()
	switch {
	case err != nil:
	case in.Line == "":
		err = errors.New(`name a "line"`)
	case in.Milliseconds < 1 || in.Milliseconds > most:
		err = fmt.Errorf("milliseconds is %d; it is from 1 to %d", in.Milliseconds, most)
	case gap < 1 || gap > most:
		err = fmt.Errorf("gapMilliseconds is %d; it is from 1 to %d", gap, most)
	case count < 1 || count > maxPulses:
		err = fmt.Errorf("count is %d; it is from 1 to %d", count, maxPulses)
	}
	if err != nil {
		reply.Fail(inputError(t, "%s", err))
		return nil
	}
	pin, err := d.lines.Out(in.Line)
	if err != nil {
		reply.Fail(ErrUnknownLine, err.Error())
		return nil
	}
	if d.trains[in.Line] != nil {
		// Two trains on one line would merge, and both would count pulses that the line did not make.
		reply.Fail(ErrBusy, busy(in.Line))
		return nil
	}
	p := &train{
		d: d, reply: reply, pin: pin, why: why(t), line: in.Line, count: count, left: count,
		width: time.Duration(in.Milliseconds) * time.Millisecond,
		gap:   time.Duration(gap) * time.Millisecond,
	}
	if !p.on() {
		return nil
	}
	return p.cancel
}

// on begins a pulse. If the line cannot be turned on it fails the Task and returns false.
func (p *train) on() bool {
	if err := set(p.pin, true, p.why); err != nil {
		delete(p.d.trains, p.line)
		p.reply.Fail(p.d.failure(err))
		return false
	}
	p.d.trains[p.line] = p
	p.stop = p.d.clock.AfterFunc(p.width, p.off)
	return true
}

// off ends a pulse, and the Task after the last one.
func (p *train) off() {
	p.stop = nil
	err := set(p.pin, false, p.why)
	p.left--
	if err != nil || p.left == 0 {
		delete(p.d.trains, p.line)
	}
	switch {
	case err != nil:
		p.reply.Fail(p.d.failure(err))
	case p.left == 0:
		p.reply.Succeed(value.NewObject("line", p.line, "count", int64(p.count)))
	default:
		p.stop = p.d.clock.AfterFunc(p.gap, func() { p.on() })
	}
}

// changed fails the Task whose pulse max-on has cut short.
func (d *direct) changed(c board.Change) {
	p := d.trains[c.Line]
	if p == nil || c.High {
		return
	}
	pin, ok := p.pin.(interface{ TripReason() string })
	if !ok || pin.TripReason() == "" {
		return
	}
	reason := pin.TripReason()
	p.stop()
	p.stop = nil
	delete(d.trains, p.line)
	// Off by command, so that the line may be turned on again once it has rested.
	if err := set(p.pin, false, p.why); err != nil {
		p.reply.Fail(d.failure(err))
		return
	}
	p.reply.Fail(ErrMaxOn, fmt.Sprintf("line %s was turned off before its pulse of %s was over: %s", p.line, p.width, reason))
}

// cancel ends the train and turns the line off. If that fails it takes all outputs to their safe levels, as the Task can no
// longer fail.
func (p *train) cancel() {
	if p.stop == nil {
		return
	}
	p.stop()
	p.stop = nil
	delete(p.d.trains, p.line)
	if err := set(p.pin, false, p.why+" cancelled"); err != nil {
		_ = p.d.lines.Safe("a line failed")
	}
}
