// Package scenario reads scripts that push simulated lines: what people do and which faults occur, and when.
//
//	[Scenario]   a YAML list of pushes, checked against a board
//	[Push]       an entry: pulses, a press, a level, a fault or its end, a power cut; the terminal's keys make them too
//
// A file has entries such as
//
//   - {at: 2s, pin: coin, pulses: 4}                        # width: 50ms, gap: 50ms
//   - {at: 5s, press: select-1, hold: 120ms}
//   - {at: 9s, set: drop, level: high}                      # high, low, on, off
//   - {at: 3s, fault: stuck, pin: home-1, level: low}
//   - {at: 4s, fault: read-back, pin: motor-1}
//   - {at: 4s, fault: broken, pin: motor-1}                 # writes fail
//   - {at: 8s, clear: home-1}
//   - {at: 9s, power: off}                                  # of the program, which starts again with power: on
//   - {end: 90s}
//
// Times count from the start of the scenario, and pin, press, set and clear take the name of a line of the board. All
// levels are logical.
package scenario

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"go.yaml.in/yaml/v3"

	"signalbox/gpio"
	"signalbox/gpio/sim"
	"signalbox/internal/textfile"
	"signalbox/internal/yamltree"
)

// A Scenario is the content of a scenario file. It is immutable once read.
type Scenario struct {
	Pushes []Push // in the order of the file
	end    time.Duration
	hasEnd bool // the file has an end
}

// A Kind is the kind of a [Push].
type Kind uint8

// The kinds of pushes.
const (
	Pulses   Kind = iota // Count pulses: Line is high for Width each, and low for Gap between them
	Press                // Line is high for Width
	Set                  // Line takes and keeps the level High
	Stuck                // a fault: Line is stuck at the level High
	ReadBack             // a fault: the output Line reads back inverted
	Broken               // a fault: the output Line cannot be written
	Clear                // all faults of Line end
	Power                // the power supply of the program is switched, on if High is true
)

// A Push is an entry of a scenario: an action on a line, a fault, or a power cut.
type Push struct {
	At    time.Duration // after the start of the scenario
	Line  string        // "" for Power
	Kind  Kind
	Count int           // Pulses: how many; 0 means 1
	Width time.Duration // Pulses, Press: 0 means [DefaultWidth] or [DefaultHold]
	Gap   time.Duration // Pulses: 0 means [DefaultGap]
	High  bool          // Set, Stuck, Power
}

// The defaults of a push. Coin acceptors of the CH-926 kind give pulses of 50 ms at their middle setting.
const (
	DefaultWidth = 50 * time.Millisecond
	DefaultGap   = 50 * time.Millisecond
	DefaultHold  = 100 * time.Millisecond
	// AfterLast is the time from the last push to the end of a scenario whose file has no end.
	AfterLast = 60 * time.Second
)

// A Clock is the program's clock as a push uses it: f is called on the clock's goroutine once d has passed.
type Clock interface {
	AfterFunc(d time.Duration, f func()) (stop func() bool)
}

// defaults returns the push with defaults in place of zeros.
func (p Push) defaults() Push {
	p.Count = max(p.Count, 1)
	if p.Width == 0 {
		p.Width = DefaultWidth
		if p.Kind == Press {
			p.Width = DefaultHold
		}
	}
	if p.Gap == 0 {
		p.Gap = DefaultGap
	}
	return p
}

// End returns the time at which the push is over, after the start of the scenario.
func (p Push) End() time.Duration {
	p = p.defaults()
	switch p.Kind {
	case Pulses:
		n := time.Duration(p.Count)
		return p.At + n*p.Width + (n-1)*p.Gap
	case Press:
		return p.At + p.Width
	}
	return p.At
}

// Schedule queues the push on the clock, for the time At from now.
func (p Push) Schedule(clock Clock, panel *sim.Panel) {
	clock.AfterFunc(p.At, func() { p.Do(clock, panel) })
}

// Do begins the push now; its later edges are queued on the clock. Only the clock's goroutine may call it. It does nothing
// if the board has no such line.
func (p Push) Do(clock Clock, panel *sim.Panel) {
	p = p.defaults()
	switch p.Kind {
	case Pulses:
		p.pulse(clock, panel, p.Count)
	case Press:
		p.pulse(clock, panel, 1)
	case Set:
		panel.Push(p.Line, p.High, "pushed")
	case Stuck:
		_ = panel.Stick(p.Line, p.High) // the board has no such line
	case ReadBack:
		_ = panel.Misread(p.Line)
	case Broken:
		_ = panel.Break(p.Line)
	case Clear:
		_ = panel.Clear(p.Line)
	case Power:
		panel.SwitchPower(p.High)
	}
}

// pulse begins the first of count pulses and queues the rest.
func (p Push) pulse(clock Clock, panel *sim.Panel, count int) {
	panel.Push(p.Line, true, "pushed")
	clock.AfterFunc(p.Width, func() {
		panel.Push(p.Line, false, "let go")
		if count > 1 {
			clock.AfterFunc(p.Gap, func() { p.pulse(clock, panel, count-1) })
		}
	})
}

// End returns the time at which the scenario is over, after its start: the end in the file, else [AfterLast] after the end
// of the last push.
func (s *Scenario) End() time.Duration {
	if s.hasEnd {
		return s.end
	}
	var last time.Duration
	for _, p := range s.Pushes {
		last = max(last, p.End())
	}
	return last + AfterLast
}

// Schedule queues all pushes on the clock. The scenario starts now.
func (s *Scenario) Schedule(clock Clock, panel *sim.Panel) {
	for _, p := range s.Pushes {
		p.Schedule(clock, panel)
	}
}

// Read reads the scenario file at path. The error is that of reading the file, or gpio.Faults; see [Parse].
func Read(path string, board *gpio.Board) (*Scenario, error) {
	text, err := textfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("scenario: %w", err)
	}
	return Parse(path, text, board)
}

// Parse reads a scenario for a board from YAML. It uses file only to name the file in errors. An error is of type
// [gpio.Faults] and holds every fault of the file; the scenario is nil then.
func Parse(file string, text []byte, board *gpio.Board) (*Scenario, error) {
	r := &reader{
		Tree:     yamltree.Read(file, text, "a list of pushes, such as - {at: 2s, pin: coin, pulses: 4}"),
		board:    board,
		scenario: &Scenario{},
	}
	if root := r.Root(); root != nil {
		for _, n := range r.List(root, "a scenario") {
			r.entry(n)
		}
		r.checkEnd()
		if r.Err() == nil { // a time with a fault was read as 0
			r.checkOverlaps()
		}
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return r.scenario, nil
}

// A reader builds a scenario. Its tree collects the faults.
type reader struct {
	*yamltree.Tree
	board    *gpio.Board
	scenario *Scenario
	places   []*yaml.Node // by push: the node for faults of its time
}

// Limits for the values in a scenario file, far beyond any sensible value.
const (
	maxAt     = 10_000 * time.Hour
	maxWidth  = time.Hour
	maxPulses = 1000
)

// A form is a kind of entry: the key that identifies it, and the other keys that it may have.
type form struct {
	key  string
	with []string
}

var forms = []form{
	{"press", []string{"at", "hold"}},
	{"set", []string{"at", "level"}},
	{"fault", []string{"at", "pin", "level"}},
	{"clear", []string{"at"}},
	{"power", []string{"at"}},
	{"end", nil},
	{"pin", []string{"at", "pulses", "width", "gap"}}, // last, because a fault has a pin too
}

var keys = []string{"at", "pin", "pulses", "width", "gap", "press", "hold", "set", "level", "fault", "clear", "power", "end"}

// entry reads an element of the list: a push, or the end.
func (r *reader) entry(n *yaml.Node) {
	fields := r.Fields(n, "a push", keys...)
	if n.Kind != yaml.MappingNode {
		return
	}
	f, ok := r.form(n, fields)
	if !ok {
		return
	}
	if f.key == "end" {
		r.end(fields["end"])
		return
	}
	push := Push{}
	at := n
	if m, ok := fields["at"]; ok {
		push.At, _ = r.Duration(m.Value, "at", 0, maxAt)
		at = m.Value
	} else {
		r.Fault(n, "a push needs a time; add at:, such as at: 2s")
	}
	r.push(&push, f.key, n, fields)
	r.scenario.Pushes = append(r.scenario.Pushes, push)
	r.places = append(r.places, at)
}

// form returns the form of an entry, and adds a fault for each key that it must not have. It returns false if the entry
// has no form, or more than one.
func (r *reader) form(n *yaml.Node, fields map[string]yamltree.Member) (form, bool) {
	var found *form
	for i, f := range forms {
		m, ok := fields[f.key]
		if !ok {
			continue
		}
		if found == nil {
			found = &forms[i]
			continue
		}
		if !slices.Contains(found.with, f.key) {
			r.Fault(m.Key, "a push does one thing, this has %s and %s; make two of them", found.key, f.key)
			return form{}, false
		}
	}
	if found == nil {
		r.Fault(n, "a push needs one of pin, press, set, fault, clear, power or end")
		return form{}, false
	}
	for name, m := range fields {
		if name != found.key && !slices.Contains(found.with, name) {
			r.Fault(m.Key, "%s does not go with %s; remove it", name, found.key)
		}
	}
	return *found, true
}

// end reads the end of the scenario, which a file has at most once.
func (r *reader) end(m yamltree.Member) {
	if r.scenario.hasEnd {
		r.Fault(m.Key, "a second end; a scenario ends once")
		return
	}
	r.scenario.end, r.scenario.hasEnd = 0, true
	if d, ok := r.Duration(m.Value, "end", 0, maxAt); ok {
		r.scenario.end = d
	} else {
		r.scenario.end = maxAt // no push comes later
	}
}

// checkEnd adds a fault for each push that comes after the end.
func (r *reader) checkEnd() {
	if !r.scenario.hasEnd {
		return
	}
	for i, p := range r.scenario.Pushes {
		if p.At > r.scenario.end {
			r.Fault(r.places[i], "at %s never comes: the scenario ends at %s", p.At, r.scenario.end)
		}
	}
}

// checkOverlaps adds a fault for each push of a line that begins before the push before it is over: their pulses would
// merge, and the line would see fewer than the file has.
func (r *reader) checkOverlaps() {
	pushes := r.scenario.Pushes
	order := make([]int, 0, len(pushes))
	for i, p := range pushes {
		if p.Line != "" && (p.Kind == Pulses || p.Kind == Press) {
			order = append(order, i)
		}
	}
	slices.SortStableFunc(order, func(i, j int) int {
		return cmp.Or(cmp.Compare(pushes[i].Line, pushes[j].Line), cmp.Compare(pushes[i].At, pushes[j].At))
	})
	for k := 1; k < len(order); k++ {
		before, p := pushes[order[k-1]], pushes[order[k]]
		if before.Line == p.Line && p.At < before.End() {
			r.Fault(r.places[order[k]], "%s is still being pushed, from %s until %s; let this come later", p.Line, before.At, before.End())
		}
	}
}

// push reads the fields of an entry with the given key into p.
func (r *reader) push(p *Push, key string, n *yaml.Node, fields map[string]yamltree.Member) {
	switch key {
	case "pin":
		p.Kind = Pulses
		p.Line = r.line(fields["pin"], gpio.In)
		p.Count = 1
		if m, ok := fields["pulses"]; ok {
			p.Count, _ = r.Whole(m.Value, "pulses", 1, maxPulses)
		}
		p.Width = r.width(fields, "width", DefaultWidth)
		p.Gap = r.width(fields, "gap", DefaultGap)
	case "press":
		p.Kind = Press
		p.Line = r.line(fields["press"], gpio.In)
		p.Width = r.width(fields, "hold", DefaultHold)
	case "set":
		p.Kind = Set
		p.Line = r.line(fields["set"], gpio.In)
		p.High = r.level(n, fields, "set")
	case "fault":
		r.fault(p, n, fields)
	case "clear":
		p.Kind = Clear
		p.Line = r.line(fields["clear"], gpio.In, gpio.Out)
	case "power":
		p.Kind = Power
		text, _ := r.Choice(fields["power"].Value, "power", "on", "off")
		p.High = text == "on"
	}
}

// fault reads the fields of a fault into p.
func (r *reader) fault(p *Push, n *yaml.Node, fields map[string]yamltree.Member) {
	m := fields["fault"]
	name, ok := r.Choice(m.Value, "fault", "stuck", "read-back", "broken")
	directions := []gpio.Direction{gpio.Out}
	switch name {
	case "stuck":
		p.Kind = Stuck
		p.High = r.level(n, fields, "fault: stuck")
		directions = append(directions, gpio.In)
	case "read-back":
		p.Kind = ReadBack
	case "broken":
		p.Kind = Broken
	}
	if level, has := fields["level"]; has && ok && name != "stuck" {
		r.Fault(level.Key, "level does not go with fault: %s; remove it", name)
	}
	pin, has := fields["pin"]
	switch {
	case !has:
		r.Fault(n, "a fault needs a line; add pin:")
	case ok:
		p.Line = r.line(pin, directions...)
	default:
		p.Line = r.line(pin, gpio.In, gpio.Out)
	}
}

// level reads the level of the entry n, which it must have; what names the entry in a fault.
func (r *reader) level(n *yaml.Node, fields map[string]yamltree.Member, what string) bool {
	m, ok := fields["level"]
	if !ok {
		r.Fault(n, "%s needs a level; add level: high or level: low", what)
		return false
	}
	high, _ := r.Level(m.Value, "level")
	return high
}

// width reads the time called name; without it the value is byDefault.
func (r *reader) width(fields map[string]yamltree.Member, name string, byDefault time.Duration) time.Duration {
	m, ok := fields[name]
	if !ok {
		return byDefault
	}
	d, _ := r.Duration(m.Value, name, time.Microsecond, maxWidth)
	return d
}

// line reads the name of a line, which the board must have with one of the directions.
func (r *reader) line(m yamltree.Member, directions ...gpio.Direction) string {
	name, ok := r.Text(m.Value, m.Name)
	if !ok {
		return ""
	}
	l, err := r.board.Line(name)
	switch {
	case err != nil:
		names := make([]string, len(r.board.Lines))
		for i, l := range r.board.Lines {
			names[i] = l.Name
		}
		r.Fault(m.Value, "board %s has no line %q%s", r.board.Name, name, r.Hint(name, names))
	case slices.Contains(directions, l.Direction):
	case l.Direction == gpio.Out:
		r.Fault(m.Value, "line %q is an output; only inputs can be pushed (an output can have a fault)", name)
	default:
		r.Fault(m.Value, "line %q is an input; this fault is for outputs", name)
	}
	return name
}
