// Package yamltree reads a YAML file that people write, and collects everything that is wrong with it, each fault with
// its place. Boards, scenarios and the descriptions of machines are read with it.
package yamltree

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"signalbox/internal/near"
)

// A Fault is something wrong with a file. Line and Column count from 1; the message says what to do.
type Fault struct {
	File         string
	Line, Column int
	Message      string
}

// Error returns file:line:column: message.
func (f Fault) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Message)
}

// Faults are all that is wrong with a file, in the order of the file.
type Faults []Fault

// Error returns one line for each fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// Err returns the faults in the order of the file, nil if there are none.
func (f Faults) Err() error {
	if len(f) == 0 {
		return nil
	}
	sorted := slices.Clone(f)
	slices.SortStableFunc(sorted, func(a, b Fault) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return sorted
}

// A Tree is a file being read. Its methods return what they found and note a fault where it is not what it should be.
type Tree struct {
	file   string
	root   *yaml.Node
	faults Faults
}

// Read parses text. A text that is no YAML, or is empty, has no root; what is the word for what the file should hold.
func Read(file string, text []byte, what string) *Tree {
	t := &Tree{file: file}
	dec := yaml.NewDecoder(bytes.NewReader(text))
	var doc yaml.Node
	err := dec.Decode(&doc)
	switch {
	case errors.Is(err, io.EOF) || err == nil && len(doc.Content) == 0:
		t.at(1, 1, "the file is empty; it should hold %s", what)
		return t
	case err != nil:
		t.syntax(err)
		return t
	}
	root := resolve(doc.Content[0])
	if root.Kind == yaml.ScalarNode && root.Tag == "!!null" {
		t.Fault(root, "the file is empty; it should hold %s", what)
		return t
	}
	t.root = root
	var more yaml.Node
	if err := dec.Decode(&more); err == nil {
		t.Fault(&more, "a second document; a file holds one")
	} else if !errors.Is(err, io.EOF) {
		t.syntax(err)
	}
	return t
}

var syntaxLine = regexp.MustCompile(`^yaml: line (\d+)(?:, column (\d+))?: `)

// syntax notes an error of the YAML parser, which says the line in its text, if that.
func (t *Tree) syntax(err error) {
	text, line, column := err.Error(), 1, 1
	if m := syntaxLine.FindStringSubmatch(text); m != nil {
		line, _ = strconv.Atoi(m[1])
		if m[2] != "" {
			column, _ = strconv.Atoi(m[2])
		}
		text = text[len(m[0]):]
	}
	t.at(line, column, "not YAML: %s", strings.ReplaceAll(strings.TrimPrefix(text, "yaml: "), "\n", " "))
}

// Root returns the top of the file, nil if there is none (which is noted already).
func (t *Tree) Root() *yaml.Node { return t.root }

// Fault notes something wrong at n.
func (t *Tree) Fault(n *yaml.Node, format string, args ...any) {
	t.at(n.Line, n.Column, format, args...)
}

func (t *Tree) at(line, column int, format string, args ...any) {
	t.faults = append(t.faults, Fault{t.file, max(line, 1), max(column, 1), fmt.Sprintf(format, args...)})
}

// Err returns the faults in the order of the file as Faults, nil if there are none.
func (t *Tree) Err() error { return t.faults.Err() }

// A Member is one key of a mapping with its value. Key is where the key stands.
type Member struct {
	Name  string
	Key   *yaml.Node
	Value *yaml.Node
}

// Mapping returns the members of n in order. A key that comes again is noted and left out.
func (t *Tree) Mapping(n *yaml.Node, what string) []Member {
	if n.Kind != yaml.MappingNode {
		t.Fault(n, "%s should be a mapping (name: value), not %s", what, kind(n))
		return nil
	}
	var members []Member
	lines := map[string]int{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := resolve(n.Content[i]), resolve(n.Content[i+1])
		if key.Kind != yaml.ScalarNode {
			t.Fault(key, "a name should be plain text, not %s", kind(key))
			continue
		}
		name := key.Value
		if line, again := lines[name]; again {
			t.Fault(key, "%q is here again, it was on line %d already; each name comes once", name, line)
			continue
		}
		lines[name] = key.Line
		members = append(members, Member{name, key, value})
	}
	return members
}

// Fields returns the members of n by name. A name that is not among known is noted.
func (t *Tree) Fields(n *yaml.Node, what string, known ...string) map[string]Member {
	fields := map[string]Member{}
	for _, m := range t.Mapping(n, what) {
		if !slices.Contains(known, m.Name) {
			t.Unknown(m, what, known)
			continue
		}
		fields[m.Name] = m
	}
	return fields
}

// Unknown notes a member whose name is not among known.
func (t *Tree) Unknown(m Member, what string, known []string) {
	hint := near.Hint(m.Name, known)
	if hint == "" {
		hint = "; known are " + strings.Join(known, ", ")
	}
	t.Fault(m.Key, "%s has no key %q%s", what, m.Name, hint)
}

// List returns the elements of n.
func (t *Tree) List(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		t.Fault(n, "%s should be a list, not %s", what, kind(n))
		return nil
	}
	list := make([]*yaml.Node, len(n.Content))
	for i, e := range n.Content {
		list[i] = resolve(e)
	}
	return list
}

// Text returns the text of n, which must not be blank.
func (t *Tree) Text(n *yaml.Node, what string) (string, bool) {
	switch {
	case n.Kind != yaml.ScalarNode:
		t.Fault(n, "%s should be plain text, not %s", what, kind(n))
	case strings.TrimSpace(n.Value) == "" || n.Tag == "!!null":
		t.Fault(n, "%s is blank", what)
	default:
		return n.Value, true
	}
	return "", false
}

// Whole returns the whole number at n, from least to most.
func (t *Tree) Whole(n *yaml.Node, what string, least, most int) (int, bool) {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || i < least || i > most {
		t.Fault(n, "%s should be a whole number from %d to %d, not %s", what, least, most, Describe(n))
		return 0, false
	}
	return i, true
}

// Choice returns the text at n, which must be one of choices.
func (t *Tree) Choice(n *yaml.Node, what string, choices ...string) (string, bool) {
	if n.Kind == yaml.ScalarNode && slices.Contains(choices, n.Value) {
		return n.Value, true
	}
	t.Fault(n, "%s should be %s, not %s", what, alternatives(choices), Describe(n))
	return "", false
}

// Level returns the level at n: high or on is true, low or off is false.
func (t *Tree) Level(n *yaml.Node, what string) (high, ok bool) {
	text, ok := t.Choice(n, what, "high", "low", "on", "off")
	return text == "high" || text == "on", ok
}

// Duration returns the time span at n, from least to most.
func (t *Tree) Duration(n *yaml.Node, what string, least, most time.Duration) (time.Duration, bool) {
	if n.Kind != yaml.ScalarNode {
		t.Fault(n, "%s should be a time such as 50ms or 5s, not %s", what, kind(n))
		return 0, false
	}
	d, err := time.ParseDuration(n.Value)
	switch {
	case err != nil:
		if _, number := strconv.ParseFloat(n.Value, 64); number == nil {
			t.Fault(n, "%s is %s, which has no unit; write %sms or %ss", what, n.Value, n.Value, n.Value)
		} else {
			t.Fault(n, "%s should be a time such as 50ms or 5s, not %s", what, Describe(n))
		}
	case d < 0:
		t.Fault(n, "%s is %s; a time cannot be negative", what, n.Value)
	case d < least:
		t.Fault(n, "%s is %s; the least is %s", what, n.Value, least)
	case d > most:
		t.Fault(n, "%s is %s; the most is %s", what, n.Value, most)
	default:
		return d, true
	}
	return 0, false
}

// resolve follows an alias to what it stands for, which then counts as standing where the alias does.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.AliasNode || n.Alias == nil {
		return n
	}
	value := *n.Alias
	value.Line, value.Column = n.Line, n.Column
	return &value
}

func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return Describe(n)
}

// Describe returns what a message says of a node: its text in quotes, shortened to 60 characters, or "a list", "a
// mapping" or "nothing".
func Describe(n *yaml.Node) string {
	switch {
	case n.Kind != yaml.ScalarNode:
		return kind(n)
	case n.Value == "" || n.Tag == "!!null":
		return "nothing"
	case len(n.Value) > 60:
		return fmt.Sprintf("%.60q…", n.Value)
	}
	return fmt.Sprintf("%q", n.Value)
}

func alternatives(choices []string) string {
	last := len(choices) - 1
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}
