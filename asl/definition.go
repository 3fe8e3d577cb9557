package asl

import (
	"errors"
	"iter"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"signalbox/asl/jsonpath"
	"signalbox/asl/value"
)

// A Block is a StartAt with its States: the top of a machine, a branch of a Parallel, or the processor of a Map.
type Block struct {
	StartAt string
	States  []*State // in the order of the text

	start  *State
	byName map[string]*State
}

// State returns the state of that name in the block itself, or nil.
func (b *Block) State(name string) *State { return b.byName[name] }

// A State is one state with its fields compiled. Which fields count depends on its Type.
type State struct {
	Name    string
	Type    StateType
	Comment string
	Next    string
	End     bool

	at                         *place
	inputPath, outputPath      *pathField
	parameters, resultSelector *template
	resultPath                 *jsonpath.Path
	discardResult              bool // "ResultPath": null
	result                     any  // Pass
	hasResult                  bool
	Resource                   string // Task
	Activity                   string // Task: the name of the activity that Resource names, or ""
	timeout, heartbeat         seconds
	credentials                *template
	Retry                      []Retrier
	Catch                      []Catcher
	choices                    []choiceRule
	Default                    string // Choice
	wait                       waitField
	errorName, errorCause      string // Fail
	errorPath, causePath       *expression
	Branches                   []*Block // Parallel; of a Map the processor alone
	Distributed                bool     // Map
	distribution               *distribution
	itemsPath                  *jsonpath.Path
	itemSelector               *template
	maxConcurrency             count
	next, defaultState         *State
	assign                     *template
}

// A pathField is InputPath or OutputPath: nil means "$"; none means null, which gives an empty object.
type pathField struct {
	path *jsonpath.Path
	none bool
}

// seconds is TimeoutSeconds or its Path form: a number, or a path to one. The zero value means there is none.
type seconds struct {
	fixed int64
	path  *jsonpath.Path
}

// count is MaxConcurrency and its like.
type count struct {
	fixed int64
	path  *jsonpath.Path
}

// A Retrier is one entry of Retry. States Language, "Retrying after error".
type Retrier struct {
	ErrorEquals     []string
	IntervalSeconds int64         // 1 where absent
	MaxAttempts     int64         // 3 where absent
	BackoffRate     float64       // 2.0 where absent
	MaxDelay        time.Duration // 0: none
	FullJitter      bool
}

// A Catcher is one entry of Catch.
type Catcher struct {
	ErrorEquals []string
	Next        string

	next          *State
	resultPath    *jsonpath.Path
	discardResult bool
	assign        *template
}

// waitField holds the one of four forms that a Wait has.
type waitField struct {
	seconds                    int64
	timestamp                  time.Time
	secondsPath, timestampPath *jsonpath.Path
}

// A Transition is a way from one state to another, with what has to be true for it: "", "Catch States.ALL", "$.i < 3",
// "Default".
type Transition struct {
	To    *State
	Label string
}

// Transitions lists where a state can lead, in the order of its definition.
func (s *State) Transitions() []Transition {
	var list []Transition
	for _, c := range s.choices {
		list = append(list, Transition{c.next, c.String()})
	}
	if s.defaultState != nil {
		list = append(list, Transition{s.defaultState, "Default"})
	}
	if s.next != nil {
		list = append(list, Transition{s.next, ""})
	}
	for _, c := range s.Catch {
		list = append(list, Transition{c.next, "Catch " + strings.Join(c.ErrorEquals, ", ")})
	}
	return list
}

// Terminal reports whether the state ends its block.
func (s *State) Terminal() bool { return s.End || s.Type == Succeed || s.Type == Fail }

// A Machine is a definition that is compiled. It does not change and may be used from any number of goroutines.
type Machine struct {
	Block
	Comment string
	Timeout time.Duration // of an execution; 0: none
}

// Parse reads and checks the text of a definition. Every fault of the text is among the diagnostics, and where one of them
// is an error the machine is nil. Without errors the diagnostics may still hold warnings.
func Parse(text []byte) (*Machine, Diagnostics) {
	p := parser{collector{text: text}}
	m := p.machine()
	found := p.result()
	if found.Failed() {
		return nil, found
	}
	return m, found
}

type parser struct{ collector }

func (p *parser) machine() *Machine {
	v, err := value.Read(p.text)
	var syntax *value.SyntaxError
	if errors.As(err, &syntax) {
		line, column := value.Position(p.text, syntax.Offset)
		p.found = append(p.found, &Diagnostic{
			Severity: SeverityError, Code: CodeJSON, Message: syntax.Reason,
			Location: "/", Line: line, Column: column,
		})
		return nil
	}
	top := &place{}
	f := p.object(v, top)
	if f == nil {
		return nil
	}
	m := &Machine{Comment: f.text("Comment")}
	f.text("Version")
	if s := f.whole("TimeoutSeconds", 1, maxSeconds); s > 0 {
		m.Timeout = time.Duration(s) * time.Second
	}
	f.queryLanguage()
	p.block(f, &m.Block)
	f.rest()
	p.names(top, &m.Block, make(map[string]bool, 2*len(m.States)))
	return m
}

// maxSeconds is the longest wait or timeout that AWS takes as a number: 99999999.
const maxSeconds = 99999999

// names reports state names that occur twice in one machine, in whatever block.
func (p *parser) names(at *place, b *Block, seen map[string]bool) {
	for _, s := range b.States {
		if seen[s.Name] {
			p.fault(at.in("States").in(s.Name), "", CodeDuplicate, "Duplicate state name: %s", s.Name)
		}
		seen[s.Name] = true
		for i, branch := range s.Branches {
			inner := at.in("States").in(s.Name)
			if s.Type == Map {
				inner = inner.in("ItemProcessor")
			} else {
				inner = inner.in("Branches").in(strconv.Itoa(i))
			}
			p.names(inner, branch, seen)
		}
	}
}

// block reads StartAt and States, links the states and checks that each leads somewhere.
func (p *parser) block(f *fields, b *Block) {
	f.require("States", "StartAt")
	b.StartAt = f.text("StartAt")
	v, ok := f.take("States")
	if !ok {
		return
	}
	at := f.at.in("States")
	states, ok := v.(*value.Object)
	if !ok {
		p.schema(at, "", "Expected value of type Object")
		return
	}
	if states.Len() == 0 {
		p.schema(at, "", "The field 'States' must contain at least one state")
	}
	b.byName = make(map[string]*State, states.Len())
	for name, body := range states.All() {
		if s := p.state(name, body, at.in(name)); s != nil {
			b.States = append(b.States, s)
			b.byName[name] = s
		} else {
			b.byName[name] = &State{Name: name} // so that who leads to it is not at fault as well
		}
	}
	if _, has := f.o.Lookup("StartAt"); has {
		b.start = p.target(b, f.at, "StartAt", b.StartAt)
	}
	p.link(b)
}

// target returns the state of that name, which the field at a place, or below it as keys lead, names.
func (p *parser) target(b *Block, at *place, field, name string, keys ...string) *State {
	s := b.byName[name]
	if s == nil && name != "" {
		for _, key := range keys {
			at = at.in(key)
		}
		p.fault(at.in(field), "", CodeTarget, "Missing '%s' target: %s", field, name)
	}
	return s
}

// link resolves the names of next states. A block that can never end is taken: endless machines are normal here.
func (p *parser) link(b *Block) {
	for _, s := range b.States {
		s.next = p.target(b, s.at, "Next", s.Next)
		if s.Default != "" {
			s.defaultState = p.target(b, s.at, "Default", s.Default)
		}
		for i := range s.choices {
			s.choices[i].next = p.target(b, s.at, "Next", s.choices[i].Next, "Choices", strconv.Itoa(i))
		}
		for i := range s.Catch {
			s.Catch[i].next = p.target(b, s.at, "Next", s.Catch[i].Next, "Catch", strconv.Itoa(i))
		}
	}
}

// fields are the members of an object in the definition. Each reading method reports a member of the wrong kind; rest
// reports those that nobody read.
type fields struct {
	p     *parser
	o     *value.Object
	at    *place
	known []string
	room  [6]string // for those that most objects have
}

func (p *parser) object(v any, at *place) *fields {
	o, ok := v.(*value.Object)
	if !ok {
		p.schema(at, "", "Expected value of type Object")
		return nil
	}
	f := &fields{p: p, o: o, at: at}
	f.known = f.room[:0]
	return f
}

// take returns a member and marks it as known.
func (f *fields) take(name string) (any, bool) {
	v, ok := f.o.Lookup(name)
	if ok {
		f.known = append(f.known, name)
	}
	return v, ok
}

func (f *fields) has(name string) bool {
	_, ok := f.o.Lookup(name)
	return ok
}

// require reports those of the names that are missing, all in one fault.
func (f *fields) require(names ...string) {
	var missing []string
	for _, n := range names {
		if !f.has(n) {
			missing = append(missing, n)
		}
	}
	if missing != nil {
		f.p.schema(f.at, "", "These fields are required: [%s]", strings.Join(missing, ", "))
	}
}

// only reports where more than one of the names is there.
func (f *fields) only(names ...string) {
	var there []string
	for _, n := range names {
		if f.has(n) {
			there = append(there, n)
		}
	}
	if len(there) > 1 {
		f.p.schema(f.at, there[1], "Only one of the following fields may be specified: [%s]", strings.Join(there, ", "))
	}
}

func (f *fields) text(name string) string {
	v, ok := f.take(name)
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		f.p.schema(f.at.in(name), "", "Expected value of type String")
	}
	return s
}

func (f *fields) boolean(name string) bool {
	v, ok := f.take(name)
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		f.p.schema(f.at.in(name), "", "Expected value of type Boolean")
	}
	return b
}

// whole reads a whole number between low and high; 0 where it is absent or at fault.
func (f *fields) whole(name string, low, high int64) int64 {
	v, ok := f.take(name)
	if !ok {
		return 0
	}
	n, ok := v.(int64)
	switch {
	case !ok:
		f.p.schema(f.at.in(name), "", "Expected value of type Integer")
		return 0
	case n < low || n > high:
		f.p.schema(f.at.in(name), "", "Value must be between %d and %d", low, high)
		return 0
	}
	return n
}

func (f *fields) float(name string, low float64) (float64, bool) {
	v, ok := f.take(name)
	if !ok {
		return 0, false
	}
	n, ok := value.Float(v)
	switch {
	case !ok:
		f.p.schema(f.at.in(name), "", "Expected value of type Number")
		return 0, false
	case n < low || math.IsInf(n, 0):
		f.p.schema(f.at.in(name), "", "Value must be at least %v", low)
		return 0, false
	}
	return n, true
}

// list returns the elements of an array with their places.
func (f *fields) list(name string, yield func(v any, at *place)) {
	v, ok := f.take(name)
	if !ok {
		return
	}
	list, ok := v.([]any)
	if !ok {
		f.p.schema(f.at.in(name), "", "Expected value of type Array")
		return
	}
	at := f.at.in(name)
	for i, e := range list {
		yield(e, at.in(strconv.Itoa(i)))
	}
}

func (f *fields) texts(name string) []string {
	v, ok := f.take(name)
	if !ok {
		return nil
	}
	list, ok := v.([]any)
	if !ok {
		f.p.schema(f.at.in(name), "", "Expected value of type Array")
		return nil
	}
	texts := make([]string, 0, len(list))
	for i, e := range list {
		if s, ok := e.(string); ok {
			texts = append(texts, s)
		} else {
			f.p.schema(f.at.in(name).in(strconv.Itoa(i)), "", "Expected value of type String")
		}
	}
	return texts
}

// path reads a JSONPath. Null gives nil as well; has tells the difference.
func (f *fields) path(name string) *jsonpath.Path {
	v, ok := f.take(name)
	if !ok {
		return nil
	}
	s, ok := v.(string)
	if ok {
		if path, err := jsonpath.Compile(s); err == nil {
			return path
		}
	}
	f.p.schema(f.at.in(name), "", "Value is not a valid JSONPath")
	return nil
}

// reference reads a path that names one place.
func (f *fields) reference(name string) *jsonpath.Path {
	path := f.path(name)
	if path != nil && !path.Definite() {
		f.p.schema(f.at.in(name), "", "Value is not a Reference Path")
		return nil
	}
	return path
}

func (f *fields) isNull(name string) bool {
	v, ok := f.o.Lookup(name)
	return ok && v == nil
}

// inOut reads InputPath or OutputPath.
func (f *fields) inOut(name string) *pathField {
	if f.isNull(name) {
		f.known = append(f.known, name)
		return &pathField{none: true}
	}
	path := f.path(name)
	if path == nil || path.String() == "$" {
		return nil
	}
	return &pathField{path: path}
}

// resultPath reads ResultPath: nil stands for "$", and discard for null.
func (f *fields) resultPath() (path *jsonpath.Path, discard bool) {
	if f.isNull("ResultPath") {
		f.known = append(f.known, "ResultPath")
		return nil, true
	}
	path = f.path("ResultPath")
	switch {
	case path == nil || path.String() == "$":
		return nil, false
	case !path.Reference():
		f.p.schema(f.at.in("ResultPath"), "", "Value is not a Reference Path")
		return nil, false
	}
	return path, false
}

// queryLanguage reads QueryLanguage. This version runs JSONPath only.
func (f *fields) queryLanguage() {
	v, ok := f.take("QueryLanguage")
	switch {
	case !ok || v == "JSONPath":
	case v == "JSONata":
		f.p.schema(f.at.in("QueryLanguage"), "", "QueryLanguage 'JSONata' is not run by this version: use 'JSONPath'")
	default:
		f.p.schema(f.at.in("QueryLanguage"), "", "Value must be one of: [JSONPath, JSONata]")
	}
}

// rest reports the members that nobody knows.
func (f *fields) rest() {
	for i := range f.o.Len() {
		key, _ := f.o.At(i)
		if !slices.Contains(f.known, key) {
			f.p.schema(f.at.in(key), "", "Field is not supported")
		}
	}
}

// All ranges over the block's states in the order of the text, each followed by those inside it.
func (b *Block) All() iter.Seq[*State] {
	return func(yield func(*State) bool) { b.each(yield) }
}

func (b *Block) each(yield func(*State) bool) bool {
	for _, s := range b.States {
		if !yield(s) {
			return false
		}
		for _, inner := range s.Branches {
			if !inner.each(yield) {
				return false
			}
		}
	}
	return true
}

// Fault returns a diagnostic about a state for those who ask more of a definition than the language does. Text is what the
// state was parsed from. It points to the state's Resource where there is one.
func Fault(text []byte, s *State, code, message string) *Diagnostic {
	c := collector{text: text}
	field := ""
	if s.Resource != "" {
		field = "Resource"
	}
	c.fault(s.at, field, code, "%s", message)
	return c.found[0]
}
