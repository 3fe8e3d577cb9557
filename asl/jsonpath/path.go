// Package jsonpath runs the paths of the Amazon States Language on values of package value.
//
// A [Path] that names one place ($.a['b'][0]) is definite: a slice of steps that a short loop follows. Any other (wildcards,
// slices, filters, descents) gives a list of results and is left to ojg's jp. What is valid is decided here, by the rules
// that AWS follows; jp takes and refuses other texts.
package jsonpath

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/ohler55/ojg/jp"

	"signalbox/asl/value"
)

// A Root says what a path starts from.
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
	expr     jp.Expr // for paths that are not definite
}

type step struct {
	key   string
	index int
	array bool // index counts, not key
}

// String returns the path as it was written.
func (p *Path) String() string { return p.text }

// Root returns what the path starts from.
func (p *Path) Root() Root { return p.root }

// Name returns the name of the variable that a path with root [Variable] starts from.
func (p *Path) Name() string { return p.variable }

// Definite reports whether the path names exactly one place.
func (p *Path) Definite() bool { return p.expr == nil }

// Reference reports whether the path may be written to (ResultPath): definite, from the input, by names and whole places.
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

// A MissingError says that a definite path leads nowhere. Path is the way up to the first place that is not there, in the
// bracket form that AWS shows: $['a']['b'].
type MissingError struct {
	Path string
	// Whole is the whole path in bracket form.
	Whole string
	// Index is set where an array is too short.
	Index bool
}

func (e *MissingError) Error() string {
	if e.Index {
		return "Index out of bounds when evaluating path " + e.Path
	}
	return "Missing property in path " + e.Path
}

// Get returns what the path finds below root, which is the value that [Path.Root] names. A definite path gives the value at
// its place, or a *MissingError; any other path gives a list, empty where nothing matches.
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

// ErrNoPlace is returned by Set where a path runs through something that cannot hold it: a key below a string, a place past
// the end of an array.
var ErrNoPlace = errors.New("jsonpath: no such place")

// Set returns a copy of root with v at the path's place; objects that are missing on the way are made. The path must be a
// [Path.Reference].
func (p *Path) Set(root, v any) (any, error) { return set(root, p.steps, v) }

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

// A SyntaxError says what is wrong with the text of a path.
type SyntaxError struct {
	Path   string
	Reason string
}

func (e *SyntaxError) Error() string { return fmt.Sprintf("jsonpath %q: %s", e.Path, e.Reason) }

// Compile reads the text of a path: $…, $$… or $name….
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

// maxIndefinite bounds paths that are left to jp: the time that it takes for a filter grows with the square of its length.
const maxIndefinite = 2048

type compiler struct {
	text string
	at   int
}

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

// bracketForm returns the path with every plain step in brackets, so that jp takes it. The text has been read once already.
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

// step reads one step. It is plain where it names one key or one place.
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

// name reads a key without quotes: up to the next . or [.
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

// bracket reads ['key'], [0], and as not plain anything else up to the closing bracket.
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
	return s, false, nil // jp judges wildcards, slices and filters
}

// closingBracket finds the bracket that closes the one at c.at, outside quotes.
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

// unquote reads a quoted name and returns what stands behind it.
func unquote(s string) (key, rest string, ok bool) {
	var b strings.Builder
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == '\\' && i+1 < len(s) && (s[i+1] == s[0] || s[i+1] == '\\'):
			i++ // before anything else a backslash stands for itself
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
