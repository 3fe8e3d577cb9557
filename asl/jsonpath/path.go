// Package jsonpath evaluates the paths of the Amazon States Language on values of package value.
//
// A [Path] that selects exactly one value ($.a['b'][0]) is definite: a list of steps, followed by a loop. Any other path, with
// wildcards, slices, filters or descents, selects a list of values and is evaluated by jp of github.com/ohler55/ojg. This package
// decides which paths are valid, by AWS's rules, which are not those of jp.
package jsonpath

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ohler55/ojg/jp"

	"signalbox/asl/value"
)

// A Root is the value that a path starts from.
type Root int

// The roots.
const (
	Input    Root = iota // $: the state's input, or result
	Context              // $$: the context object
	Variable             // $name: an assigned variable
)

// A Path is a compiled path, immutable and safe for use from several goroutines.
type Path struct {
	text     string
	root     Root
	variable string
	steps    []step
	expr     jp.Expr // of an indefinite path, instead of steps
}

// A step selects a member of an object, or an element of an array.
type step struct {
	key   string
	index int  // of an element; negative from the end
	array bool // index counts, not key
}

// String returns the path as it was written.
func (p *Path) String() string { return p.text }

// Root returns what the path starts from.
func (p *Path) Root() Root { return p.root }

// Name returns the name of the variable that a path with root [Variable] starts from.
func (p *Path) Name() string { return p.variable }

// Definite reports whether the path selects exactly one value.
func (p *Path) Definite() bool { return p.expr == nil }

// Reference reports whether the path may be written to, as ResultPath: it is definite, starts from the input, and has no negative
// index.
func (p *Path) Reference() bool {
	if !p.Definite() || p.root != Input {
		return false
	}
	for _, s := range p.steps {
		if s.array && s.index < 0 {
			return false
		}
	}
	return true
}

// A MissingError says that a definite path selects nothing.
type MissingError struct {
	Path  string // up to the first step that selects nothing, in the bracket form that AWS shows: $['a']['b']
	Whole string // the whole path in bracket form
	Index bool   // the step is an index
}

func (e *MissingError) Error() string {
	if e.Index {
		return "Index out of bounds when evaluating path " + e.Path
	}
	return "Missing property in path " + e.Path
}

// Get returns what the path selects in root, which is the value that [Path.Root] names. For a definite path that is one value, or a
// *MissingError; for any other path a list, which is empty if nothing matches.
func (p *Path) Get(root any) (any, error) {
	if p.expr != nil {
		found := p.expr.Get(root)
		if found == nil {
			found = []any{}
		}
		return found, nil
	}
	v := root
	for i := range p.steps {
		s := &p.steps[i]
		if s.array {
			list, ok := v.([]any)
			at := s.index
			if at < 0 {
				at += len(list)
			}
			if !ok || at < 0 || at >= len(list) {
				return nil, p.missing(i, true)
			}
			v = list[at]
			continue
		}
		o, ok := v.(*value.Object)
		if !ok {
			return nil, p.missing(i, false)
		}
		if v, ok = o.Lookup(s.key); !ok {
			return nil, p.missing(i, false)
		}
	}
	return v, nil
}

func (p *Path) missing(i int, index bool) error {
	return &MissingError{Path: bracketed(p.steps[:i+1]), Whole: bracketed(p.steps), Index: index}
}

// Bracketed returns the path in bracket form, as AWS's messages show it.
func (p *Path) Bracketed() string {
	if p.expr != nil {
		return p.expr.BracketString()
	}
	return bracketed(p.steps)
}

// bracketed returns steps in bracket form.
func bracketed(steps []step) string {
	var b strings.Builder
	b.WriteByte('$')
	for _, s := range steps {
		if s.array {
			fmt.Fprintf(&b, "[%d]", s.index)
		} else {
			b.WriteString("['" + s.key + "']")
		}
	}
	return b.String()
}

// ErrNoPlace is returned by [Path.Set] if the path leads through a value that cannot hold the next step: a key of a string, an index
// past the end of an array.
var ErrNoPlace = errors.New("jsonpath: no such place")

// Set returns a copy of root in which the path selects v, with missing objects added. Root is not changed, and shares the other
// values with the copy. The path must be a [Path.Reference].
func (p *Path) Set(root, v any) (any, error) { return set(root, p.steps, v) }

// set is [Path.Set] for the steps that are left.
func set(root any, steps []step, v any) (any, error) {
	if len(steps) == 0 {
		return v, nil
	}
	s := steps[0]
	if s.array {
		list, ok := root.([]any)
		if !ok || s.index < 0 || s.index >= len(list) {
			return nil, ErrNoPlace
		}
		inner, err := set(list[s.index], steps[1:], v)
		if err != nil {
			return nil, err
		}
		copied := append([]any(nil), list...)
		copied[s.index] = inner
		return copied, nil
	}
	o, ok := root.(*value.Object)
	if !ok && root != nil {
		return nil, ErrNoPlace
	}
	child, _ := o.Lookup(s.key)
	inner, err := set(child, steps[1:], v)
	if err != nil {
		return nil, err
	}
	return o.With(s.key, inner), nil
}

// A SyntaxError says why a text is not a path.
type SyntaxError struct {
	Path   string
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("jsonpath %q: %s", e.Path, e.Reason) }

// Compile parses a path: $…, $$… or $name…. The error is a *SyntaxError.
func Compile(text string) (*Path, error) {
	c := compiler{text: text}
	p, err := c.path()
	if err != nil {
		return nil, &SyntaxError{Path: text, Reason: err.Error()}
	}
	return p, nil
}

// IsPath reports whether text begins as a path does.
func IsPath(text string) bool { return strings.HasPrefix(text, "$") }

// maxIndefinite is the greatest length of an indefinite path. The time that jp takes for a filter grows with the square of its length.
const maxIndefinite = 2048

// A compiler parses a path; at is the byte that it reads next.
type compiler struct {
	text string
	at   int
}

// path parses the whole text.
func (c *compiler) path() (*Path, error) {
	p := &Path{text: c.text}
	if !IsPath(c.text) {
		return nil, errors.New("a path begins with $")
	}
	c.at = 1
	switch {
	case c.peek() == '$':
		p.root = Context
		c.at++
	case isNameStart(c.peek()):
		p.root = Variable
		start := c.at
		for c.at < len(c.text) && isNamePart(c.text[c.at]) {
			c.at++
		}
		p.variable = c.text[start:c.at]
	}
	definite := true
	start := c.at
	for c.at < len(c.text) {
		s, plain, err := c.step()
		if err != nil {
			return nil, err
		}
		p.steps = append(p.steps, s)
		definite = definite && plain
	}
	if definite {
		return p, nil
	}
	if len(c.text) > maxIndefinite {
		return nil, fmt.Errorf("a path with wildcards, slices or filters has at most %d bytes", maxIndefinite)
	}
	p.steps = nil
	expr, err := jp.ParseString(c.bracketForm(start))
	if err != nil {
		return nil, errors.New(strings.TrimSpace(err.Error()))
	}
	p.expr = expr
	return p, nil
}

// bracketForm returns the path from start on with each plain step in brackets, for jp. The text has been parsed without a fault.
func (c *compiler) bracketForm(start int) string {
	var b strings.Builder
	b.WriteByte('$')
	quote := strings.NewReplacer(`\`, `\\`, `'`, `\'`)
	for c.at = start; c.at < len(c.text); {
		before := c.at
		switch s, plain, _ := c.step(); {
		case !plain:
			b.WriteString(strings.Replace(c.text[before:c.at], ".[", "[", 1))
		case s.array:
			b.WriteString("[" + strconv.Itoa(s.index) + "]")
		default:
			b.WriteString("['" + quote.Replace(s.key) + "']")
		}
	}
	return b.String()
}

func (c *compiler) peek() byte {
	if c.at < len(c.text) {
		return c.text[c.at]
	}
	return 0
}

// step parses one step. Plain says that it selects exactly one value.
func (c *compiler) step() (s step, plain bool, err error) {
	switch c.peek() {
	case '[':
		return c.bracket()
	case '.':
		c.at++
	default:
		return s, false, fmt.Errorf("expected . or [ at character %d", c.at+1)
	}
	switch {
	case c.peek() == '.':
		c.at++
		if c.peek() == '[' {
			_, _, err := c.bracket()
			return s, false, err
		}
		if c.peek() == '*' {
			c.at++
			return s, false, nil
		}
		_, err := c.name()
		return s, false, err
	case c.peek() == '[': // $.a.[0] is $.a[0]
		return c.bracket()
	case c.peek() == '*':
		c.at++
		return s, false, nil
	}
	s.key, err = c.name()
	return s, true, err
}

// name parses a key without quotes, up to the next . or [.
func (c *compiler) name() (string, error) {
	start := c.at
	for c.at < len(c.text) && !strings.ContainsRune(".[", rune(c.text[c.at])) {
		switch c.text[c.at] {
		case ' ', '\t', '\n', '\r', '(', ')', ']', '\'', '"', ',', '*', '?':
			return "", fmt.Errorf("unexpected %q at character %d", c.text[c.at], c.at+1)
		}
		c.at++
	}
	if start == c.at {
		return "", fmt.Errorf("a name is missing at character %d", start+1)
	}
	return c.text[start:c.at], nil
}

// bracket parses ['key'] or [0], or skips anything else up to the closing bracket, which is not plain.
func (c *compiler) bracket() (s step, plain bool, err error) {
	open := c.at
	end := c.closingBracket()
	if end < 0 {
		return s, false, fmt.Errorf("the [ at character %d is not closed", open+1)
	}
	c.at = end + 1
	inside := strings.TrimSpace(c.text[open+1 : end])
	if inside == "" {
		return s, false, fmt.Errorf("nothing between the brackets at character %d", open+1)
	}
	if quote := inside[0]; quote == '\'' || quote == '"' {
		key, rest, ok := unquote(inside)
		if !ok {
			return s, false, fmt.Errorf("the name at character %d is not closed", open+2)
		}
		if strings.TrimSpace(rest) == "" {
			return step{key: key}, true, nil
		}
		return s, false, nil // several names
	}
	if i, err := strconv.Atoi(inside); err == nil {
		return step{index: i, array: true}, true, nil
	}
	return s, false, nil // jp checks wildcards, slices and filters
}

// closingBracket returns the index of the bracket that closes the one at c.at, or -1. Brackets in quotes do not count.
func (c *compiler) closingBracket() int {
	depth := 0
	var quote byte
	for i := c.at; i < len(c.text); i++ {
		ch := c.text[i]
		switch {
		case quote != 0:
			switch ch {
			case '\\':
				i++
			case quote:
				quote = 0
			}
		case ch == '\'' || ch == '"':
			quote = ch
		case ch == '[':
			depth++
		case ch == ']':
			depth--
			if depth == 0 {
				return i
			}
		}
	}
	return -1
}

// unquote parses the quoted name at the beginning of s, and returns the rest of s.
func unquote(s string) (key, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == s[0] || s[i+1] == '\\'):
			i++ // a backslash escapes a quote and a backslash only
			b.WriteByte(s[i])
		case s[i] == s[0]:
			return b.String(), s[i+1:], true
		default:
			b.WriteByte(s[i])
		}
	}
	return "", "", false
}

func isNameStart(c byte) bool {
	return c == '_' || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= 0x80
}

func isNamePart(c byte) bool { return isNameStart(c) || c >= '0' && c <= '9' }
