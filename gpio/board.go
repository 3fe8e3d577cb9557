package gpio

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
	periph "periph.io/x/conn/v3/gpio"

	"signalbox/internal/near"
	"signalbox/internal/yamltree"
)

// A Fault is something wrong with a file: its place, counted from 1, and a message that says what to do.
type Fault = yamltree.Fault

// Faults are all that is wrong with a file, in the order of the file. The error text has a line for each.
type Faults = yamltree.Faults

// A Board is a description of lines: what a board file says. It is not changed once read.
type Board struct {
	Name  string
	Lines []Line // in the order of the file
	// Never holds pairs of outputs that must not be on together.
	Never [][2]string
}

// A Line is one line of a board.
type Line struct {
	Name string // logical: "coin", "north-south.red"
	// Chip is the GPIO chip that Number counts on, by its name (gpiochip0) or its label (pinctrl-bcm2711). It is "" for
	// a header line, whose Number is the BCM number that people know: the line called GPIO<Number>, on whichever chip
	// the Pi has it.
	Chip   string
	Number int

	Direction Direction
	// ActiveLow says that the line is physically low when it is logically high. periph drives a line low for an instant
	// before it drives it high for the first time, so an active-low output is on for that instant when the board is
	// opened: wire what must not move then active-high.
	ActiveLow bool
	// Pull is an input's bias: PullUp, PullDown, or Float if the file says none. The kernel's interface, as periph uses
	// it, cannot take a bias away, so Float leaves the one of power-on (up for BCM 0–8, down for 9–27).
	Pull periph.Pull
	// Debounce is how long an input must be stable before its level counts. 0: every edge counts.
	Debounce time.Duration
	// Safe is an output's safe level, logical. Every way out of the program takes the line there.
	Safe bool
	// MaxOn is how long an output may be on at a stretch. 0: for ever.
	MaxOn time.Duration
}

// Where names the physical line: GPIO17, or gpiochip0:17.
func (l Line) Where() string {
	if l.Chip == "" {
		return "GPIO" + strconv.Itoa(l.Number)
	}
	return l.Chip + ":" + strconv.Itoa(l.Number)
}

// Physical returns the physical level that goes with a logical one.
func (l Line) Physical(high bool) periph.Level { return periph.Level(high != l.ActiveLow) }

// Logical returns the logical level that goes with a physical one.
func (l Line) Logical(level periph.Level) bool { return bool(level) != l.ActiveLow }

// A Direction is what a line is for.
type Direction uint8

// The directions.
const (
	In Direction = iota
	Out
)

func (d Direction) String() string {
	if d == Out {
		return "out"
	}
	return "in"
}

// Line returns the line with the given name. The error names lines that may have been meant.
func (b *Board) Line(name string) (Line, error) {
	for _, l := range b.Lines {
		if l.Name == name {
			return l, nil
		}
	}
	return Line{}, fmt.Errorf("gpio: board %s: no line %q%s", b.Name, name, near.Hint(name, b.names()))
}

// Outputs returns the outputs in the order of the file.
func (b *Board) Outputs() []Line { return b.directed(Out) }

// Inputs returns the inputs in the order of the file.
func (b *Board) Inputs() []Line { return b.directed(In) }

func (b *Board) directed(d Direction) []Line {
	var lines []Line
	for _, l := range b.Lines {
		if l.Direction == d {
			lines = append(lines, l)
		}
	}
	return lines
}

func (b *Board) names() []string {
	names := make([]string, len(b.Lines))
	for i, l := range b.Lines {
		names[i] = l.Name
	}
	return names
}

// ReadBoard reads the board file at path; see [ParseBoard].
func ReadBoard(path string) (*Board, error) {
	text, err := os.ReadFile(path) //nolint:gosec // whoever runs the program names its board
	if err != nil {
		return nil, fmt.Errorf("gpio: board: %w", err)
	}
	return ParseBoard(path, text)
}

// ParseBoard reads a board from YAML. File is the name for messages. The error is Faults: all that is wrong.
func ParseBoard(file string, text []byte) (*Board, error) {
	r := &boardReader{
		Tree:  yamltree.Read(file, text, "a board: name, lines, and perhaps never and max-on"),
		board: &Board{},
		lines: map[string]*boardLine{},
		used:  map[string]string{},
	}
	if root := r.Root(); root != nil {
		r.read(root)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return r.board, nil
}

// A boardReader puts a board together while its tree collects the faults.
type boardReader struct {
	*yamltree.Tree
	board *Board
	order []*boardLine
	lines map[string]*boardLine
	used  map[string]string // physical line → logical name
}

// A boardLine is a line with what is known of it so far. A line with faults of its own can still be named by others.
type boardLine struct {
	Line
	directed bool // Direction is known
	safe     bool // Safe is known
}

// Bounds of what a file may say, far from everything sensible.
const (
	mostOffset   = 1023
	mostBCM      = 53 // the BCM2835 to 2711 have GPIO0 to GPIO53
	mostDebounce = time.Minute
	mostOn       = 1000 * time.Hour
)

func (r *boardReader) read(root *yaml.Node) {
	fields := r.Fields(root, "a board", "name", "lines", "never", "max-on")
	if root.Kind != yaml.MappingNode {
		return
	}
	if m, ok := fields["name"]; ok {
		r.board.Name, _ = r.Text(m.Value, "name")
	} else {
		r.Fault(root, "the board has no name; write one, such as name: vending")
	}
	m, ok := fields["lines"]
	if !ok {
		r.Fault(root, "the board has no lines; list them under lines:")
		return
	}
	members := r.Mapping(m.Value, "lines")
	if m.Value.Kind == yaml.MappingNode && len(members) == 0 {
		r.Fault(m.Value, "lines is empty; a board has at least one line")
	}
	for _, member := range members {
		r.line(member)
	}
	if m, ok := fields["max-on"]; ok {
		r.maxOn(m.Value)
	}
	for _, l := range r.order {
		r.board.Lines = append(r.board.Lines, l.Line)
	}
	if m, ok := fields["never"]; ok {
		r.never(m.Value)
	}
}

var lineName = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

func (r *boardReader) line(m yamltree.Member) {
	l := &boardLine{Line: Line{Name: m.Name, Pull: periph.Float}}
	r.order = append(r.order, l)
	r.lines[m.Name] = l
	what := "line " + m.Name
	if !lineName.MatchString(m.Name) {
		r.Fault(m.Key, "a line's name has letters, digits, dots, dashes and underscores, not %q", m.Name)
	}
	fields := r.Fields(m.Value, what, "chip", "line", "bcm", "direction", "active-low", "pull", "debounce", "safe")
	if m.Value.Kind != yaml.MappingNode {
		return
	}
	r.place(m, l, fields)
	if f, ok := fields["direction"]; ok {
		var text string
		text, l.directed = r.Choice(f.Value, what+": direction", "in", "out")
		if text == "out" {
			l.Direction = Out
		}
	} else {
		r.Fault(m.Key, "%s has no direction; write direction: in or direction: out", what)
	}
	if f, ok := fields["active-low"]; ok {
		text, _ := r.Choice(f.Value, what+": active-low", "true", "false")
		l.ActiveLow = text == "true"
	}
	r.input(l, fields)
	r.output(m, l, fields)
}

// place reads where a line is, and sees that no other line is there.
func (r *boardReader) place(m yamltree.Member, l *boardLine, fields map[string]yamltree.Member) {
	what := "line " + m.Name
	chip, hasChip := fields["chip"]
	line, hasLine := fields["line"]
	bcm, hasBCM := fields["bcm"]
	place, ok := m.Key, false
	switch {
	case hasBCM && hasLine:
		r.Fault(bcm.Key, "%s has both bcm and line; keep one: bcm for a pin of the header, else chip and line", what)
		return
	case hasBCM && hasChip:
		r.Fault(chip.Key, "%s has both bcm and chip; take chip away, bcm finds its chip by itself", what)
		return
	case hasBCM:
		place = bcm.Value
		l.Number, ok = r.Whole(bcm.Value, what+": bcm", 0, mostBCM)
	case hasLine && hasChip:
		place = line.Value
		var named bool
		l.Chip, named = r.Text(chip.Value, what+": chip")
		l.Number, ok = r.Whole(line.Value, what+": line", 0, mostOffset)
		ok = ok && named
	case hasLine:
		r.Fault(line.Key, "%s has a line but no chip; add chip: gpiochip0, or write bcm instead of line", what)
	case hasChip:
		r.Fault(chip.Key, "%s has a chip but no line; add line: and the offset on the chip", what)
	default:
		r.Fault(m.Key, "%s is nowhere; write bcm: and the number on the header, or chip: and line:", what)
	}
	if !ok {
		return
	}
	if other, taken := r.used[l.Where()]; taken {
		r.Fault(place, "%s is on %s, which line %s is on already; a physical line is used once", what, l.Where(), other)
		return
	}
	r.used[l.Where()] = m.Name
}

// input reads what belongs to inputs only.
func (r *boardReader) input(l *boardLine, fields map[string]yamltree.Member) {
	what := "line " + l.Name
	output := l.directed && l.Direction == Out
	if f, ok := fields["pull"]; ok {
		switch text, _ := r.Choice(f.Value, what+": pull", "up", "down", "none"); text {
		case "up":
			l.Pull = periph.PullUp
		case "down":
			l.Pull = periph.PullDown
		}
		if output {
			r.Fault(f.Key, "%s is an output; pull is for inputs, take it away", what)
		}
	}
	if f, ok := fields["debounce"]; ok {
		l.Debounce, _ = r.Duration(f.Value, what+": debounce", 0, mostDebounce)
		if output {
			r.Fault(f.Key, "%s is an output; debounce is for inputs, take it away", what)
		}
	}
	if output {
		l.Pull, l.Debounce = periph.PullNoChange, 0
	}
}

// output reads what belongs to outputs only.
func (r *boardReader) output(m yamltree.Member, l *boardLine, fields map[string]yamltree.Member) {
	what := "line " + l.Name
	f, ok := fields["safe"]
	if ok {
		l.Safe, l.safe = r.Level(f.Value, what+": safe")
	}
	if !l.directed {
		return
	}
	switch {
	case l.Direction == Out && !ok:
		r.Fault(m.Key, "%s is an output without a safe level; add safe: off, or safe: on", what)
	case l.Direction == In && ok:
		r.Fault(f.Key, "%s is an input; a safe level is for outputs, take it away", what)
		l.Safe, l.safe = false, false
	}
}

func (r *boardReader) maxOn(n *yaml.Node) {
	for _, m := range r.Mapping(n, "max-on") {
		d, ok := r.Duration(m.Value, "max-on: "+m.Name, time.Millisecond, mostOn)
		l := r.named(m.Key, "max-on", m.Name)
		switch {
		case l == nil:
		case l.directed && l.Direction == In:
			r.Fault(m.Key, "max-on: line %s is an input; only outputs are turned off", m.Name)
		case l.safe && l.Safe:
			r.Fault(m.Key, "max-on: line %s is on at its safe level and would be turned off there; choose one", m.Name)
		case ok:
			l.MaxOn = d
		}
	}
}

func (r *boardReader) never(n *yaml.Node) {
	for _, pair := range r.List(n, "never") {
		elements := r.List(pair, "a pair of never")
		if pair.Kind != yaml.SequenceNode {
			continue
		}
		if len(elements) != 2 {
			r.Fault(pair, "a pair of never has two lines, this has %d; write several pairs for more", len(elements))
			continue
		}
		var lines [2]*boardLine
		for i, e := range elements {
			name, ok := r.Text(e, "a line of never")
			if !ok {
				continue
			}
			l := r.named(e, "never", name)
			if l != nil && l.directed && l.Direction == In {
				r.Fault(e, "never: line %s is an input; a pair is of outputs", name)
				l = nil
			}
			lines[i] = l
		}
		a, b := lines[0], lines[1]
		switch {
		case a == nil || b == nil:
			continue
		case a == b:
			r.Fault(pair, "never: line %s is paired with itself; name two lines", a.Name)
			continue
		case a.safe && a.Safe && b.safe && b.Safe:
			r.Fault(pair, "never: lines %s and %s are both on at their safe levels; make one of them safe: off",
				a.Name, b.Name)
		}
		r.board.Never = append(r.board.Never, [2]string{a.Name, b.Name})
	}
}

// named returns the line called name, or notes that there is none.
func (r *boardReader) named(n *yaml.Node, what, name string) *boardLine {
	if l, ok := r.lines[name]; ok {
		return l
	}
	names := make([]string, len(r.order))
	for i, l := range r.order {
		names[i] = l.Name
	}
	r.Fault(n, "%s: no line %q%s", what, name, near.Hint(name, names))
	return nil
}

// neverWith returns the names of the lines that must not be on together with the given one.
func (b *Board) neverWith(name string) []string {
	var others []string
	for _, pair := range b.Never {
		if i := slices.Index(pair[:], name); i >= 0 && !slices.Contains(others, pair[1-i]) {
			others = append(others, pair[1-i])
		}
	}
	return others
}
