package asl

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"signalbox/asl/jsonpath"
	"signalbox/asl/value"
)

// Options change what [ParseWith] accepts. The zero Options are those of [Parse].
type Options struct {
	// Express checks the definition for the type EXPRESS, which has no jobs (.sync), callbacks, activities or distributed Maps.
	Express bool
	// Endless accepts a machine without a terminal state, which AWS refuses. A traffic light never ends.
	Endless bool
}

// MaxLength is the greatest length of a definition's text in bytes. AWS, "Quotas".
const MaxLength = 1 << 20

// Parse reads the text of a definition, checks it as AWS does for a machine of the type STANDARD, and compiles it. The
// diagnostics hold every fault, in the order of the text. The machine is nil if one of them is an error.
func Parse(text []byte) (*Machine, Diagnostics) { return ParseWith(text, Options{}) }

// ParseWith is [Parse] with options.
func ParseWith(text []byte, o Options) (*Machine, Diagnostics) {
	if len(text) > MaxLength {
		return nil, Diagnostics{{
			Severity: SeverityError, Code: CodeTooLong, Line: 1, Column: 1,
			Message: fmt.Sprintf("Value at 'definition' failed to satisfy constraint: Member must have length less than or equal to %d", MaxLength),
			brief:   fmt.Sprintf("the definition is longer than %d bytes, which is the most that AWS takes", MaxLength),
		}}
	}
	p := parser{collector: collector{source: value.NewSource(text)}, express: o.Express}
	m := p.machine(text, o.Endless)
	found := p.result()
	if found.Failed() {
		return nil, found
	}
	m.number(text)
	return m, found
}

// A parser reads one definition. Its methods return what they read, or a zero value, and report faults to its collector.
type parser struct {
	collector
	language language                  // of the whole machine
	inCatch  bool                      // inside a Catch, where JSONata may use $states.errorOutput
	express  bool                      // the current block runs as EXPRESS
	names    map[string]bool           // of all states so far
	labels   map[string]bool           // of all Maps so far
	paths    map[string]*jsonpath.Path // compiled so far, by text: definitions repeat them
}

// compile returns the compiled path of a text, from the cache if it is there.
func (p *parser) compile(text string) (*jsonpath.Path, error) {
	if path := p.paths[text]; path != nil {
		return path, nil
	}
	path, err := jsonpath.Compile(text)
	if err == nil {
		p.paths[text] = path
	}
	return path, err
}

// machine reads the whole definition. It returns nil if the text is not a JSON object.
func (p *parser) machine(text []byte, endless bool) *Machine {
	v, repeated, err := value.ReadStrictly(text)
	var syntax *value.SyntaxError
	if errors.As(err, &syntax) {
		p.found = append(p.found, syntaxFault(text, syntax))
		return nil
	}
	top := &location{index: -1}
	f := p.object(v, top)
	if f == nil {
		return nil
	}
	p.names, p.labels, p.paths = map[string]bool{}, map[string]bool{}, map[string]*jsonpath.Path{}
	m := &Machine{Comment: f.text("Comment")}
	f.oneOf("Version", "1.0")
	if s := f.integer("TimeoutSeconds", 0, maxSeconds); s > 0 {
		m.Timeout = time.Duration(s) * time.Second
	}
	p.language = f.queryLanguage(inJSONPath)
	p.block(f, &m.Block)
	f.reportUnknown()
	if repeated {
		p.reportRepeatedNames(p.source.Root(), top)
	}
	switch {
	case m.broken:
	case endless || m.canEnd():
		p.reportUnreachable(&m.Block, top)
	case len(m.States) > 0:
		// AWS gives this fault no location, lists it last, and then does not report unreachable states.
		states, _ := p.node(top.member("States"))
		p.trailing = p.diagnostic(states, CodeNoEnd, "Workflow has no terminal state")
	}
	return m
}

// syntaxFault returns the fault of a text that is not JSON. Message and location are those of Jackson, as AWS shows them; line and
// column are those of our reader.
func syntaxFault(text []byte, e *value.SyntaxError) *Diagnostic {
	d := &Diagnostic{Severity: SeverityError, Code: CodeJSON, Message: e.Reason, Location: "/", Offset: e.Offset}
	d.Line, d.Column = value.Position(text, e.Offset)
	jackson := value.Jackson(text)
	switch {
	case len(bytes.TrimSpace(text)) == 0:
		d.Code, d.Message = CodeEmpty, "Received a null or empty workflow input"
	case jackson != nil:
		d.Message, d.Location, d.brief = jackson.Error(), jackson.Location(), jackson.Problem()
	}
	return d
}

// maxSeconds is the longest wait or timeout that AWS accepts as a number.
const maxSeconds = 99999999

// block reads StartAt and States into b and links the states to each other.
func (p *parser) block(f *fields, b *Block) {
	f.require("States", "StartAt")
	b.StartAt = f.stateName("StartAt")
	v, ok := f.take("States")
	if !ok {
		b.broken = true
		return
	}
	at := f.at.member("States")
	states, ok := v.(*value.Object)
	switch {
	case !ok:
		b.broken = true
		p.schema(at, "", "Expected value of type Object")
		return
	case states.Len() == 0:
		p.schema(at, "", "Value cannot be empty")
	}
	b.byName = make(map[string]*State, states.Len())
	b.States = make([]*State, 0, states.Len())
	for name, body := range states.All() {
		here := at.member(name)
		p.checkStateName(name, here)
		if s := p.state(name, body, here); s != nil {
			b.States = append(b.States, s)
			b.byName[name] = s
		} else {
			b.broken = true
			b.byName[name] = &State{Name: name} // so that a Next to it is not reported as well
		}
	}
	b.start = p.target(b, f.at, "StartAt", b.StartAt)
	b.broken = b.broken || b.StartAt == ""
	p.linkStates(b)
}

// maxNameLength is the greatest length of a state's name in characters.
const maxNameLength = 80

// checkStateName reports a name that is empty, too long, or already used by a state of any block.
func (p *parser) checkStateName(name string, at *location) {
	switch n := utf8.RuneCountInString(name); {
	case n > maxNameLength:
		p.fault(at, "", CodeStateName, "Invalid State name: State '%s' exceeds the %d-character limit allowed by the service",
			name, maxNameLength)
	case n == 0:
		p.fault(at, "", CodeStateName, "Invalid State name: the name of a state cannot be empty")
	}
	if p.names[name] {
		p.fault(at, "", CodeDuplicate, "%s", duplicateName(name))
	}
	p.names[name] = true
}

// reportRepeatedNames reports repeated names of states in a block and in the blocks inside it. Other repeated keys are no fault, as
// on AWS: the last one counts.
func (p *parser) reportRepeatedNames(block value.Node, at *location) {
	states, _ := block.Member("States")
	at = at.member("States")
	seen := map[string]bool{}
	for name, state := range states.Members() {
		here := at.member(name)
		if seen[name] {
			p.report(state, here, CodeDuplicate, duplicateName(name))
		}
		seen[name] = true
		if branches, ok := state.Member("Branches"); ok {
			for i, branch := range branches.Elements() {
				p.reportRepeatedNames(branch, here.member("Branches").element(i))
			}
		}
		for _, key := range []string{"ItemProcessor", "Iterator"} {
			if processor, ok := state.Member(key); ok {
				p.reportRepeatedNames(processor, here.member(key))
			}
		}
	}
}

func duplicateName(name string) string { return "Duplicate State name: " + name }

// target returns the state that a field names, or reports that there is none. AWS calls each such field a Next.
func (p *parser) target(b *Block, at *location, field, name string) *State {
	s := b.byName[name]
	if s == nil && name != "" {
		p.fault(at.member(field), "", CodeTarget, "Missing 'Next' target: %s", name)
	}
	return s
}

// linkStates resolves the names of next states in a block.
func (p *parser) linkStates(b *Block) {
	for _, s := range b.States {
		s.next = p.target(b, s.at, "Next", s.Next)
		if s.Default != "" {
			s.defaultState = p.target(b, s.at, "Default", s.Default)
		}
		for i := range s.choices {
			c := &s.choices[i]
			if c.next = b.byName[c.Next]; c.next == nil {
				p.target(b, s.at.member("Choices").element(i), "Next", c.Next)
			}
		}
		for i := range s.Catch {
			c := &s.Catch[i]
			if c.next = b.byName[c.Next]; c.next == nil {
				p.target(b, s.at.member("Catch").element(i), "Next", c.Next)
			}
		}
	}
}

// canEnd reports whether the block has a terminal state of its own, reachable or not.
func (b *Block) canEnd() bool { return slices.ContainsFunc(b.States, (*State).Terminal) }

// reportUnreachable reports the states of a block to which no chain of transitions leads.
func (p *parser) reportUnreachable(b *Block, at *location) {
	if b.broken {
		return // a state that could not be read may lead anywhere
	}
	todo := make([]*State, 0, len(b.States))
	visit := func(s *State) {
		if s != nil && !s.reached {
			s.reached = true
			todo = append(todo, s)
		}
	}
	visit(b.start)
	for len(todo) > 0 {
		s := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		visit(s.next)
		visit(s.defaultState)
		for i := range s.choices {
			visit(s.choices[i].next)
		}
		for i := range s.Catch {
			visit(s.Catch[i].next)
		}
	}
	for _, s := range b.States {
		if !s.reached {
			p.fault(at.member("States").member(s.Name), "", CodeTarget, "State \"%s\" is not reachable.", s.Name)
		}
	}
}
