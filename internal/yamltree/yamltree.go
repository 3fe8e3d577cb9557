// Package yamltree reads YAML files that people write, such as boards, scenarios and setups of machines, and reports all
// their faults at once, each with its line and column.
//
// A reader calls [Read], walks the tree from [Tree.Root] with methods that return values and collect faults, and at the end
// takes all faults from [Tree.Err].
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

// A Fault is an error in a file. Line and Column count from 1. The message says what to do.
type Fault struct {
	File         string
	Line, Column int
	Message      string
}

// Error returns file:line:column: message.
func (f Fault) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", f.File, f.Line, f.Column, f.Message)
}

// Faults are all the errors in a file.
type Faults []Fault

// Error returns one line for each fault.
func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.Error()
	}
	return strings.Join(lines, "\n")
}

// Err returns the faults as an error of type Faults in the order of the file, or nil if there are none.
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

// A Tree is a file being read. Its methods return the value of a node. If the node does not have such a value they add a
// fault and return a zero value; a second result, ok, is false then. The argument what names the node in that fault. Only
// one goroutine may use a Tree.
type Tree struct {
	file   string
	root   *yaml.Node
	faults Faults
	hints  near.Hints
	cut    bool // faults were left out
	unread int  // how many more members and elements may be read
}

// Bounds for a hostile file. A part that aliases name is read as often as it is named, so that a few kilobytes may stand for
// millions of members.
const (
	maxFaults = 10_000
	minRead   = 1_000_000 // members and elements, however short the file is; a longer one may have a member for each byte
)

// Read parses text. File names the file in faults, and what its content in the fault of an empty file. A text that is empty
// or no YAML has a fault and no root.
func Read(file string, text []byte, what string) *Tree {
	t := &Tree{file: file, unread: max(minRead, len(text))}
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

// syntax adds a fault for an error of the YAML parser, at the line and column in its text or else at 1:1.
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

// Root returns the root of the tree. It is nil if the file has none; then there is a fault already.
func (t *Tree) Root() *yaml.Node { return t.root }

// Fault adds a fault at n.
func (t *Tree) Fault(n *yaml.Node, format string, args ...any) {
	t.at(n.Line, n.Column, format, args...)
}

func (t *Tree) at(line, column int, format string, args ...any) {
	if len(t.faults) == maxFaults {
		t.cut = true
		return
	}
	t.faults = append(t.faults, Fault{t.file, max(line, 1), max(column, 1), fmt.Sprintf(format, args...)})
}

// Err returns the faults so far; see [Faults.Err]. Behind the first 10,000 there is one that says that there are more.
func (t *Tree) Err() error {
	err := t.faults.Err()
	if t.cut {
		return append(err.(Faults), Fault{t.file, 1, 1, "there are more faults than are listed"}) //nolint:errorlint,forcetypeassert // it is of that type
	}
	return err
}

// spend counts members or elements that are about to be read at n, and reports false where too many have been: then there is a
// fault, and nothing in n is read.
func (t *Tree) spend(n *yaml.Node, children int) bool {
	if t.unread < 0 {
		return false
	}
	if t.unread -= children; t.unread < 0 {
		t.Fault(n, "the file is too long when its aliases are replaced by what they stand for")
	}
	return t.unread >= 0
}

// A Member is a key of a mapping with its value. Key is the node of the key, for faults.
type Member struct {
	Name  string
	Key   *yaml.Node
	Value *yaml.Node
}

// Mapping returns the members of n in order. A repeated key is a fault, and left out.
func (t *Tree) Mapping(n *yaml.Node, what string) []Member {
	if n.Kind != yaml.MappingNode {
		t.Fault(n, "%s should be a mapping (name: value), not %s", what, kind(n))
		return nil
	}
	if !t.spend(n, len(n.Content)/2) {
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
			t.Fault(key, "%q is on line %d already; each name comes once", name, line)
			continue
		}
		lines[name] = key.Line
		members = append(members, Member{name, key, value})
	}
	return members
}

// Fields returns the members of n by name. A name that is not in known is a fault, and left out.
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

// Unknown adds a fault for a member whose name is not in known. It suggests similar names, or lists all.
func (t *Tree) Unknown(m Member, what string, known []string) {
	hint := t.Hint(m.Name, known)
	if hint == "" {
		hint = "; known are " + strings.Join(known, ", ")
	}
	t.Fault(m.Key, "%s has no key %q%s", what, m.Name, hint)
}

// Hint returns what [near.Hint] does, for the end of a fault's message. It is "" where the file has thousands of unknown names.
func (t *Tree) Hint(name string, known []string) string { return t.hints.Hint(name, known) }

// List returns the elements of n.
func (t *Tree) List(n *yaml.Node, what string) []*yaml.Node {
	if n.Kind != yaml.SequenceNode {
		t.Fault(n, "%s should be a list, not %s", what, kind(n))
		return nil
	}
	if !t.spend(n, len(n.Content)) {
		return nil
	}
	list := make([]*yaml.Node, len(n.Content))
	for i, e := range n.Content {
		list[i] = resolve(e)
	}
	return list
}

// Text returns the text of n. A blank one is a fault.
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

// Whole returns the whole number at n. One below least or above most is a fault.
func (t *Tree) Whole(n *yaml.Node, what string, least, most int) (int, bool) {
	i, err := strconv.Atoi(n.Value)
	if n.Kind != yaml.ScalarNode || err != nil || i < least || i > most {
		t.Fault(n, "%s should be a whole number from %d to %d, not %s", what, least, most, Describe(n))
		return 0, false
	}
	return i, true
}

// Choice returns the text at n. One that is not in choices, which are at least two, is a fault.
func (t *Tree) Choice(n *yaml.Node, what string, choices ...string) (string, bool) {
	if n.Kind == yaml.ScalarNode && slices.Contains(choices, n.Value) {
		return n.Value, true
	}
	t.Fault(n, "%s should be %s, not %s", what, alternatives(choices), Describe(n))
	return "", false
}

// Level returns the level at n: true for high and on, false for low and off.
func (t *Tree) Level(n *yaml.Node, what string) (high, ok bool) {
	text, ok := t.Choice(n, what, "high", "low", "on", "off")
	return text == "high" || text == "on", ok
}

// Duration returns the duration at n, such as 50ms. One below least or above most, or without a unit, is a fault.
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

// resolve returns n, or for an alias a copy of the node that it refers to, with the line and column of the alias.
func resolve(n *yaml.Node) *yaml.Node {
	if n.Kind != yaml.AliasNode || n.Alias == nil {
		return n
	}
	value := *n.Alias
	value.Line, value.Column = n.Line, n.Column
	return &value
}

// kind describes a node for the fault of a wrong kind.
func kind(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	}
	return Describe(n)
}

// Describe describes a node for a fault: its text in quotes, cut to 60 characters, or "a list", "a mapping" or "nothing".
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

// alternatives returns "a, b or c".
func alternatives(choices []string) string {
	last := len(choices) - 1
	return strings.Join(choices[:last], ", ") + " or " + choices[last]
}
