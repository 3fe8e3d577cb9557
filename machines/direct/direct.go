// Package direct lets a definition move lines by itself: generic activities for machines of nothing but ASL and a
// board.
//
//	gpio-write       {"line": "lamp", "level": true}                       → {"level": true}
//	                 {"levels": {"red": "off", "green": "on"}}             → {"levels": {"red": false, "green": true}}
//	gpio-read        {"line": "button"}                                    → {"level": false}
//	                 {"lines": ["is-open", "is-closed"]}                   → {"levels": {"is-open": true, …}}
//	gpio-pulse       {"line": "bell", "milliseconds": 200}                 → {"line": "bell", "count": 1}
//	                 {…, "count": 3, "gapMilliseconds": 100}
//	gpio-await-edge  {"line": "button", "edge": "rising"}                  → {"line": "button", "level": true, "time": "…"}
//	                 {"lines": ["up", "down"], "edge": "both"}             → the first of them
//	                 {…, "already": ["up"]}                                at once, if it is there already
//
// A level is true, "high" or "on", else false, "low" or "off": logical, whatever the wiring. There is no plant; what
// must never happen is in the board, whose never and max-on hold below every activity. A Task fails with one of the
// names below, all of which a Catch can take.
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

// Error names of the activities, besides machines.ErrInput and machines.ErrLine.
const (
	ErrConflict    = "Interlock.Conflict"   // the board's never forbids it; nothing has changed
	ErrMaxOn       = "Interlock.MaxOn"      // max-on has turned the line off
	ErrUnknownLine = "Activity.UnknownLine" // the board has no such line, or it is of the other direction
	ErrBusy        = "Activity.Busy"        // the line is in the middle of another Task's pulses
)

// Activities are the names that the handlers answer to.
func Activities() []string {
	return []string{"gpio-await-edge", "gpio-pulse", "gpio-read", "gpio-write"}
}

// Lines are the lines that the activities move.
type Lines interface {
	machines.Lines
	// Set takes several outputs to levels, those that go off first. If one is refused nothing has changed.
	Set(levels map[string]bool, why string) error
}

// Handlers returns the handlers by the names of their activities. They are for the clock's goroutine.
func Handlers(lines Lines, clock machines.Clock) map[string]engine.Handler {
	d := &direct{lines: lines, clock: clock, waits: map[string][]*wait{}, trains: map[string]*train{}}
	return map[string]engine.Handler{
		"gpio-write":      engine.HandlerFunc(d.write),
		"gpio-read":       engine.HandlerFunc(d.read),
		"gpio-pulse":      handler(d.pulse),
		"gpio-await-edge": handler(d.await),
	}
}

type direct struct {
	lines  Lines
	clock  machines.Clock
	waits  map[string][]*wait // for edges, by line; a line that was waited for once has an entry
	trains map[string]*train  // by line, those on their way
}

type handler func(engine.Task, engine.Reply) (cancel func())

// Start implements [engine.Handler].
func (h handler) Start(t engine.Task, reply engine.Reply) func() { return h(t, reply) }

// inputError is an error in what a Task gives.
func inputError(t engine.Task, format string, args ...any) (name, cause string) {
	return machines.ErrInput, t.Activity + ": " + fmt.Sprintf(format, args...)
}

// why is the reason of a movement for the log.
func why(t engine.Task) string { return t.Activity + " (" + t.State + ")" }

// failure names the error of a movement. A line that failed may be anywhere, so all outputs go to their safe levels.
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

// level reads a level of a Task's input.
func level(v any) (high bool, err error) {
	switch v {
	case true, "high", "on":
		return true, nil
	case false, "low", "off":
		return false, nil
	}
	return false, fmt.Errorf(`a level is true, "high" or "on", else false, "low" or "off"`)
}

// names returns the lines that a Task names as line or as lines: one of the two.
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

// set moves one line and passes on why.
func set(pin gpio.PinOut, high bool, why string) error {
	if t, ok := pin.(machines.ReasonedOutput); ok {
		return t.OutBecause(gpio.Level(high), why)
	}
	return pin.Out(gpio.Level(high))
}

// Bounds of a pulse train.
const (
	maxPulses = 1000
	maxPulse  = time.Hour
)

// A train is a Task's pulses on their way.
type train struct {
	d     *direct
	reply engine.Reply
	pin   gpio.PinOut
	why   string
	line  string
	count int
	width time.Duration
	gap   time.Duration
	left  int         // pulses to come, with the one under way
	stop  func() bool // what comes next
}

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
		// Two trains on one line would run into each other, and both would count pulses that nobody saw.
		reply.Fail(ErrBusy, fmt.Sprintf("line %s is in the middle of another Task's pulses; let them end first", in.Line))
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

// on begins a pulse and reports whether it could.
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

// off ends a pulse.
func (p *train) off() {
	p.stop = nil
	// A pulse longer than max-on was cut short.
	t, ok := p.pin.(interface{ Tripped() bool })
	cut := ok && t.Tripped()
	err := set(p.pin, false, p.why)
	p.left--
	if err != nil || cut || p.left == 0 {
		delete(p.d.trains, p.line)
	}
	switch {
	case err != nil:
		p.reply.Fail(p.d.failure(err))
	case cut:
		p.reply.Fail(ErrMaxOn, fmt.Sprintf("line %s was turned off before its pulse of %s was over", p.line, p.width))
	case p.left == 0:
		p.reply.Succeed(value.NewObject("line", p.line, "count", int64(p.count)))
	default:
		p.stop = p.d.clock.AfterFunc(p.gap, func() { p.on() })
	}
}

// cancel takes the line off: nobody waits for the rest of the pulses any more. If that fails, all outputs go to their
// safe levels; there is no Task left to tell.
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

// A wait is a Task that awaits an edge.
type wait struct {
	reply           engine.Reply
	lines           []string
	rising, falling bool
}

func (d *direct) await(t engine.Task, reply engine.Reply) (cancel func()) {
	var in struct {
		Line    string   `json:"line"`
		Lines   []string `json:"lines"`
		Edge    string   `json:"edge"`
		Already []string `json:"already"`
	}
	err := machines.Decode(t.Input, &in)
	var lines []string
	if err == nil {
		lines, err = names(in.Line, in.Lines)
	}
	w := &wait{reply: reply, lines: lines}
	w.rising = in.Edge == "rising" || in.Edge == "both"
	w.falling = in.Edge == "falling" || in.Edge == "both"
	switch {
	case err != nil:
	case !w.rising && !w.falling:
		err = fmt.Errorf("edge is %q; it is rising, falling or both", in.Edge)
	case len(in.Already) > 0 && in.Edge == "both":
		err = errors.New(`"already" goes with a rising or a falling edge: after both, a line is always where it leads`)
	default:
		for _, line := range in.Already {
			if !slices.Contains(lines, line) {
				err = fmt.Errorf("already names %q, which is not awaited", line)
			}
		}
	}
	if err != nil {
		reply.Fail(inputError(t, "%s", err))
		return nil
	}
	for _, line := range lines {
		if err := d.listen(line); err != nil {
			reply.Fail(ErrUnknownLine, err.Error())
			return nil
		}
	}
	for _, line := range in.Already {
		if pin, err := d.lines.In(line); err == nil && bool(pin.Read()) == w.rising {
			d.succeed(w, line, w.rising)
			return nil
		}
	}
	for _, line := range lines {
		d.waits[line] = append(d.waits[line], w)
	}
	return func() { d.forget(w) }
}

// listen hears of a line's edges from now on.
func (d *direct) listen(line string) error {
	if _, listening := d.waits[line]; listening {
		return nil
	}
	if err := d.lines.OnEdge(line, func(high bool) { d.edge(line, high) }); err != nil {
		return err
	}
	d.waits[line] = nil
	return nil
}

// edge answers those who await it. One who begins to wait because of the answer waits for the next.
func (d *direct) edge(line string, high bool) {
	for _, w := range slices.Clone(d.waits[line]) {
		if (high && w.rising || !high && w.falling) && slices.Contains(d.waits[line], w) {
			d.forget(w)
			d.succeed(w, line, high)
		}
	}
}

func (d *direct) succeed(w *wait, line string, high bool) {
	at := d.clock.Now().UTC().Format("2006-01-02T15:04:05.000Z")
	w.reply.Succeed(value.NewObject("line", line, "level", high, "time", at))
}

func (d *direct) forget(w *wait) {
	for _, line := range w.lines {
		d.waits[line] = slices.DeleteFunc(d.waits[line], func(other *wait) bool { return other == w })
	}
}
