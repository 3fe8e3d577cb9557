package asl

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"signalbox/asl/value"
)

// Severities of a [Diagnostic].
const (
	SeverityError   = "ERROR"
	SeverityWarning = "WARNING"
)

// Codes of a [Diagnostic], from AWS's ValidateStateMachineDefinition. AWS, API reference,
// "ValidateStateMachineDefinitionDiagnostic".
const (
	CodeJSON         = "INVALID_JSON_DESCRIPTION"
	CodeEmpty        = "MISSING_DESCRIPTION"
	CodeSchema       = "SCHEMA_VALIDATION_FAILED"
	CodeTarget       = "MISSING_TRANSITION_TARGET" // also for an unreachable state
	CodeNoEnd        = "MISSING_END_STATE"
	CodeDuplicate    = "DUPLICATE_STATE_NAME"
	CodeStateName    = "INVALID_STATE_NAME"
	CodeLabel        = "INVALID_LABEL_NAME"
	CodeSameLabel    = "DUPLICATE_LABEL_NAME"
	CodeVariable     = "INVALID_VARIABLE_NAME"
	CodeReservedName = "RESERVED_VARIABLE_NAME"

	CodeInvalidJSONata     = "INVALID_JSONATA_EXPRESSION"
	CodeUnsupportedJSONata = "UNSUPPORTED_JSONATA_EXPRESSION"
)

// Codes of our own. AWS refuses the request with a definition that is too long, and returns a limited number of diagnostics.
const (
	CodeTooLong       = "DEFINITION_TOO_LONG"
	CodeTooManyFaults = "TOO_MANY_FAULTS" // the last diagnostic: others were left out
)

// A Diagnostic is one fault of a definition. Code, Message and Location are those of AWS; Line, Column and Offset are ours.
type Diagnostic struct {
	Severity string
	Code     string
	Message  string
	Location string // the path from the top, such as /States/Name/Choices[0]/Next; "" if AWS gives none
	Line     int    // from 1
	Column   int    // from 1, in characters
	Offset   int64  // of the same character, in bytes from the beginning of the text

	brief string // replaces Message in Error where AWS's is long or about its API
}

// Error returns LINE:COLUMN: CODE: MESSAGE at LOCATION.
func (d *Diagnostic) Error() string {
	switch {
	case d.brief != "":
		return fmt.Sprintf("%d:%d: %s: %s", d.Line, d.Column, d.Code, d.brief)
	case d.Location == "":
		return fmt.Sprintf("%d:%d: %s: %s", d.Line, d.Column, d.Code, d.Message)
	}
	return fmt.Sprintf("%d:%d: %s: %s at %s", d.Line, d.Column, d.Code, d.Message, d.Location)
}

// Diagnostics are the faults of a definition in the order of the text.
type Diagnostics []*Diagnostic

// Error returns a line for each diagnostic.
func (d Diagnostics) Error() string {
	lines := make([]string, len(d))
	for i, one := range d {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Failed reports whether one of the diagnostics is an error, so that there is no machine.
func (d Diagnostics) Failed() bool {
	return slices.ContainsFunc(d, func(one *Diagnostic) bool { return one.Severity == SeverityError })
}

// A location is the path to a value in the definition: a key of an object or an index of an array, inside another location.
type location struct {
	parent *location
	key    string
	index  int // -1 for a key
}

// member returns the location of a member of the object at l.
func (l *location) member(key string) *location { return &location{l, key, -1} }

// element returns the location of an element of the array at l.
func (l *location) element(i int) *location { return &location{l, "", i} }

// String returns the location as AWS writes it: /States/Name/Choices[0].
func (l *location) String() string {
	if l.parent == nil {
		return "/"
	}
	return string(l.append(nil))
}

// append appends the location as AWS writes it, without the / of the top.
func (l *location) append(b []byte) []byte {
	if l.parent == nil {
		return b
	}
	b = l.parent.append(b)
	if l.index >= 0 {
		b = append(b, '[')
		b = strconv.AppendInt(b, int64(l.index), 10)
		return append(b, ']')
	}
	b = append(b, '/')
	return append(b, l.key...)
}

// maxReport is how many bytes of messages and locations are collected for one definition, enough for 100,000 ordinary faults. A
// location repeats the names of the states around it, so a hostile definition of a megabyte would have gigabytes of locations.
const maxReport = 64 << 20

// A collector collects the diagnostics of one text.
type collector struct {
	source   *value.Source
	nodes    map[*location]value.Node // found so far
	found    Diagnostics
	trailing *Diagnostic // listed after found
	size     int         // of the messages and locations in found
}

// fault adds an error at a location. If field is not "", line and column point to that member of the value there.
func (c *collector) fault(at *location, field, code, format string, args ...any) {
	if c.size > maxReport {
		return
	}
	node, ok := c.node(at)
	if ok && field != "" {
		if member, ok := node.Member(field); ok {
			node = member
		}
	}
	c.report(node, at, code, fmt.Sprintf(format, args...))
}

// report adds an error whose line and column are those of node. At is its location for AWS, which may be one around the node.
func (c *collector) report(node value.Node, at *location, code, message string) {
	if c.size > maxReport {
		return
	}
	d := c.diagnostic(node, code, message)
	d.Location = at.String()
	c.found = append(c.found, d)
	c.size += len(d.Message) + len(d.Location)
}

// diagnostic returns an error without a location.
func (c *collector) diagnostic(node value.Node, code, message string) *Diagnostic {
	d := &Diagnostic{Severity: SeverityError, Code: code, Message: message, Offset: node.Key()}
	d.Line, d.Column = c.source.Position(d.Offset)
	return d
}

// schema is [collector.fault] with the code of most faults.
func (c *collector) schema(at *location, field, format string, args ...any) {
	c.fault(at, field, CodeSchema, format, args...)
}

// node returns the value at a location. If there is none it reports false, and returns the innermost value around the location.
func (c *collector) node(at *location) (node value.Node, ok bool) {
	if at.parent == nil {
		return c.source.Root(), true
	}
	if node, ok = c.nodes[at]; ok {
		return node, true
	}
	around, ok := c.node(at.parent)
	if !ok {
		return around, false
	}
	if at.index >= 0 {
		node, ok = around.Element(at.index)
	} else {
		node, ok = around.Member(at.key)
	}
	if !ok {
		return around, false
	}
	if c.nodes == nil {
		c.nodes = map[*location]value.Node{}
	}
	c.nodes[at] = node
	return node, true
}

// result returns the diagnostics in the order of the text; those at the same offset stay in the order in which they were found.
func (c *collector) result() Diagnostics {
	slices.SortStableFunc(c.found, func(a, b *Diagnostic) int { return cmp.Compare(a.Offset, b.Offset) })
	if c.trailing != nil {
		c.found = append(c.found, c.trailing)
	}
	if c.size > maxReport {
		c.found = append(c.found, &Diagnostic{
			Severity: SeverityError, Code: CodeTooManyFaults, Message: "there are more faults than are listed", Line: 1, Column: 1,
		})
	}
	return c.found
}
