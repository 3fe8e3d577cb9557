package gpio

import (
	"fmt"
	"math/big"
	"regexp"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
	periph "periph.io/x/conn/v3/gpio"

	"signalbox/internal/near"
	"signalbox/internal/textfile"
	"signalbox/internal/yamltree"
)

// A Fault is one error in a file: its line and column, counted from 1, and a message that says what to do.
type Fault = yamltree.Fault

// Faults are all the errors in a file, in the order of the file. The error text has a line for each.
type Faults = yamltree.Faults

// A Board is the content of a board file: the lines and the rules for them. It is immutable once read and may be used
// from any goroutine.
type Board struct {
	Name  string
	Lines []Line      // in the order of the file
	Never [][2]string // pairs of outputs, by name, that must not be on at the same time
}

// A Line is a line of a board: its name, its place, and how it is wired.
type Line struct {
	Name string // logical: "coin", "north-south.red"
	// Chip is the name (gpiochip0) or the label (pinctrl-bcm2711) of a GPIO chip, and Number the offset of the line on
	// it, from 0. For a line of the Raspberry Pi's header Chip is "" and Number is the GPIO number, 0 to 27: 17 is GPIO17,
	// which is pin 11 by position; pin 17 is 3.3 V.
	Chip   string
	Number int

	Direction Direction
	// ActiveLow inverts the line: it is physically low when it is logically high. periph drives a line low for an instant
	// before it first drives it high, so an active-low output is on for that instant when the board is opened. Wire an
	// actuator that must not move then active-high.
	ActiveLow bool
	// Pull is the bias of an input: PullUp, PullDown or Float (no pull: in the file). Float keeps the bias of power-on, up
	// for GPIO0 to GPIO8 and down for GPIO9 to GPIO27, because periph cannot remove one. Outputs have PullNoChange.
	Pull periph.Pull
	// Debounce is how long an input must keep a level before the level counts. 0: every edge counts.
	Debounce time.Duration
	// Safe is the logical level of an output that the program leaves behind, however it ends.
	Safe bool
	// MaxOn is the longest time that an output may be on without a break. 0: no limit.
	MaxOn time.Duration
	// Rest is how long an output that was on for MaxOn must be off before it may be on for MaxOn again. A shorter break gives
	// back a part of MaxOn, in proportion. So the line is never on for more than MaxOn/(MaxOn+Rest) of a long time. 0 if MaxOn
	// is.
	Rest time.Duration
}

// restShare is the part of MaxOn that a line rests for if the board does not say: a tenth. It lets a line be on for 91 % of the
// time, so that a hopper can pay coins in bursts, and keeps pulses with breaks of a millisecond from being one long pulse.
const restShare = 10

// Restrict returns l with the stricter limits of l and another line: no longer on without a break, and no greater part of the
// time.
func (l Line) Restrict(other Line) Line {
	if other.MaxOn == 0 {
		return l
	}
	if l.MaxOn == 0 {
		l.MaxOn, l.Rest = other.MaxOn, other.Rest
		return l
	}
	// Compared as l.Rest/l.MaxOn ≥ other.Rest/other.MaxOn.
	strict := l
	strict.MaxOn = min(l.MaxOn, other.MaxOn)
	strict.Rest = max(share(strict.MaxOn, l.Rest, l.MaxOn), share(strict.MaxOn, other.Rest, other.MaxOn))
	return strict
}

// share returns d·part/whole, rounded up, for part ≥ 0, whole > 0 and 0 ≤ d ≤ whole.
func share(d, part, whole time.Duration) time.Duration {
	product := new(big.Int).Mul(big.NewInt(int64(d)), big.NewInt(int64(part))) // up to 10³⁷
	q, rest := product.QuoRem(product, big.NewInt(int64(whole)), new(big.Int))
	return time.Duration(q.Int64() + int64(rest.Sign()))
}

// Where returns the physical line as messages name it: GPIO17 on the header, else gpiochip0:17.
func (l Line) Where() string {
	if l.Chip == "" {
		return "GPIO" + strconv.Itoa(l.Number)
	}
	return l.Chip + ":" + strconv.Itoa(l.Number)
}

// Physical returns the physical level for a logical one.
func (l Line) Physical(high bool) periph.Level { return periph.Level(high != l.ActiveLow) }

// Logical returns the logical level for a physical one.
func (l Line) Logical(level periph.Level) bool { return bool(level) != l.ActiveLow }

// A Direction says whether the program reads a line or drives it.
type Direction uint8

// The directions.
const (
	In Direction = iota
	Out
)

// String returns "in" or "out", as a board file writes it.
func (d Direction) String() string {
	if d == Out {
		return "out"
	}
	return "in"
}

// Line returns the line called name. If there is none, the error suggests lines with similar names.
func (b *Board) Line(name string) (Line, error) {
	for _, l := range b.Lines {
		if l.Name == name {
			return l, nil
		}
	}
	return Line{}, fmt.Errorf("gpio: board %s: no line %q%s", b.Name, name, near.Hint(name, b.names()))
}

// Outputs returns the outputs, in the order of the file.
func (b *Board) Outputs() []Line { return b.directed(Out) }

// Inputs returns the inputs, in the order of the file.
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

// ReadBoard reads the board file at path. The error is that of reading the file, or [Faults]; see [ParseBoard].
func ReadBoard(path string) (*Board, error) {
	text, err := textfile.Read(path)
	if err != nil {
		return nil, fmt.Errorf("gpio: board: %w", err)
	}
	return ParseBoard(path, text)
}

// ParseBoard reads a board from YAML. It uses file only to name the file in errors. An error is of type [Faults] and
// holds every fault of the file; the board is nil then.
func ParseBoard(file string, text []byte) (*Board, error) {
	r := &boardReader{
		Tree:  yamltree.Read(file, text, "a board: name, lines, and perhaps never and max-on"),
		board: &Board{},
		lines: map[string]*boardLine{},
		used:  map[spot]Line{},
	}
	if root := r.Root(); root != nil {
		r.read(root)
	}
	if err := r.Err(); err != nil {
		return nil, err
	}
	return r.board, nil
}

// A boardReader builds a board. Its tree collects the faults.
type boardReader struct {
	*yamltree.Tree
	board *Board
	order []*boardLine
	lines map[string]*boardLine
	used  map[spot]Line // by physical line
}

// A boardLine is a line being read. It may have faults; never and max-on can refer to it even so.
type boardLine struct {
	Line
	directed bool // Direction was read without a fault
	safe     bool // Safe was read without a fault
}

// Limits for the values in a board file, far beyond any sensible value.
const (
	maxOffset    = 1023
	maxDebounce  = time.Minute
	longestMaxOn = 1000 * time.Hour
)

// read fills the board from the top of the file. The lines come before max-on and never, which refer to them.
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

// line reads a line and adds it to the board, even if it has faults.
func (r *boardReader) line(m yamltree.Member) {
	l := &boardLine{Line: Line{Name: m.Name, Pull: periph.Float}}
	r.order = append(r.order, l)
	r.lines[m.Name] = l
	what := "line " + m.Name
	if !lineName.MatchString(m.Name) {
		r.Fault(m.Key, "a line's name has letters, digits, dots, dashes and underscores, not %q", m.Name)
	}
	fields := r.Fields(m.Value, what, "bcm", "pin", "chip", "line", "direction", "active-low", "pull", "debounce", "safe")
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

// place reads the physical line of l, which no other line of the board may have.
func (r *boardReader) place(m yamltree.Member, l *boardLine, fields map[string]yamltree.Member) {
	what := "line " + m.Name
	chip, hasChip := fields["chip"]
	line, hasLine := fields["line"]
	onHeader, key := fields["bcm"], "bcm"
	if _, ok := fields["bcm"]; !ok {
		onHeader, key = fields["pin"], "pin"
	}
	at, ok := m.Key, false
	switch {
	case onHeader.Key != nil && hasLine:
		r.Fault(onHeader.Key, "%s has both %s and line; keep one: bcm or pin on the header, else chip and line", what, key)
		return
	case onHeader.Key != nil && hasChip:
		r.Fault(chip.Key, "%s has both %s and chip; remove chip, the driver finds the header's chip by itself", what, key)
		return
	case onHeader.Key != nil:
		l.Number, at, ok = r.header(what, fields)
	case hasLine && hasChip:
		at = line.Value
		var named bool
		l.Chip, named = r.Text(chip.Value, what+": chip")
		l.Number, ok = r.Whole(line.Value, what+": line", 0, maxOffset)
		ok = ok && named
	case hasLine:
		r.Fault(line.Key, "%s has a line but no chip; add chip: gpiochip0, or write bcm or pin instead of line", what)
	case hasChip:
		r.Fault(chip.Key, "%s has a chip but no line; add line: and the offset on the chip", what)
	default:
		r.Fault(m.Key, "%s has no place; write bcm: and its GPIO number, pin: and its position on the header, or chip: and line:", what)
	}
	if !ok {
		return
	}
	other, taken := r.used[l.spot()]
	if !taken {
		r.used[l.spot()] = l.Line
		return
	}
	where, which := l.Where(), "which line "+other.Name+" is on already"
	if l.Chip == "" {
		where += fmt.Sprintf(" (pin %d)", pinOf(l.Number))
	}
	if other.Where() != l.Where() {
		which = fmt.Sprintf("the same as %s, %s", other.Where(), which)
	}
	r.Fault(at, "%s is on %s, %s; a physical line is used once", what, where, which)
}

// input reads the fields that only inputs have, pull and debounce, into l.
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
			r.Fault(f.Key, "%s is an output; pull is for inputs, remove it", what)
		}
	}
	if f, ok := fields["debounce"]; ok {
		l.Debounce, _ = r.Duration(f.Value, what+": debounce", 0, maxDebounce)
		if output {
			r.Fault(f.Key, "%s is an output; debounce is for inputs, remove it", what)
		}
	}
	if output {
		l.Pull, l.Debounce = periph.PullNoChange, 0
	}
}

// output reads the field that only outputs have, and must have: the safe level.
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
		r.Fault(f.Key, "%s is an input; a safe level is for outputs, remove it", what)
		l.Safe, l.safe = false, false
	}
}

// maxOn reads the longest times of outputs, and their rests, into their lines.
func (r *boardReader) maxOn(n *yaml.Node) {
	for _, m := range r.Mapping(n, "max-on") {
		on, rest, ok := r.limit(m)
		l := r.named(m.Key, "max-on", m.Name)
		switch {
		case l == nil:
		case l.directed && l.Direction == In:
			r.Fault(m.Key, "max-on: line %s is an input; only outputs are turned off", m.Name)
		case l.safe && l.Safe:
			r.Fault(m.Key, "max-on: line %s is on at its safe level and would be turned off there; choose one", m.Name)
		case ok:
			l.MaxOn, l.Rest = on, rest
		}
	}
}

// limit reads a limit of max-on: 5s, or {on: 5s, rest: 1s}.
func (r *boardReader) limit(m yamltree.Member) (on, rest time.Duration, ok bool) {
	what := "max-on: " + m.Name
	if m.Value.Kind != yaml.MappingNode {
		on, ok = r.Duration(m.Value, what, time.Millisecond, longestMaxOn)
		return on, on / restShare, ok
	}
	fields := r.Fields(m.Value, what, "on", "rest")
	f, ok := fields["on"]
	if !ok {
		r.Fault(m.Value, "%s has no on; write on: and the longest time, such as {on: 5s, rest: 1s}", what)
		return 0, 0, false
	}
	on, ok = r.Duration(f.Value, what+": on", time.Millisecond, longestMaxOn)
	rest = on / restShare
	if f, given := fields["rest"]; given {
		var okRest bool
		rest, okRest = r.Duration(f.Value, what+": rest", time.Millisecond, longestMaxOn)
		ok = ok && okRest
	}
	return on, rest, ok
}

// never reads the pairs of outputs that must not be on together into the board. A pair with a fault is left out.
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

// named returns the line called name. If there is none it adds a fault at n and returns nil.
func (r *boardReader) named(n *yaml.Node, what, name string) *boardLine {
	if l, ok := r.lines[name]; ok {
		return l
	}
	names := make([]string, len(r.order))
	for i, l := range r.order {
		names[i] = l.Name
	}
	r.Fault(n, "%s: no line %q%s", what, name, r.Hint(name, names))
	return nil
}

// neverWith returns the names of the outputs that must not be on while the named one is, without duplicates.
func (b *Board) neverWith(name string) []string {
	var others []string
	for _, pair := range b.Never {
		if i := slices.Index(pair[:], name); i >= 0 && !slices.Contains(others, pair[1-i]) {
			others = append(others, pair[1-i])
		}
	}
	return others
}
