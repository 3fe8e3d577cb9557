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

// Codes of a [Diagnostic], as AWS's ValidateStateMachineDefinition has them. API reference,
// "ValidateStateMachineDefinitionDiagnostic".
const (
	CodeJSON         = "INVALID_JSON_DESCRIPTION"
	CodeEmpty        = "MISSING_DESCRIPTION"
	CodeSchema       = "SCHEMA_VALIDATION_FAILED"
	CodeTarget       = "MISSING_TRANSITION_TARGET" // also of a state that nothing leads to
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

// Codes that AWS does not have. It refuses a request with a definition that is too long, and returns a limited number of
// diagnostics.
const (
	CodeTooLong       = "DEFINITION_TOO_LONG"
	CodeTooManyFaults = "TOO_MANY_FAULTS" // of the last diagnostic, where others were left out
)

// A Diagnostic is one fault of a definition. Code, message and location are AWS's; line and column are ours.
type Diagnostic struct {
	Severity string
	Code     string
	Message  string
	Location string // the way from the top, as /States/Name/Choices[0]/Next; "" where AWS names none
	Line     int    // from 1
	Column   int    // from 1, in characters
	Offset   int64  // of the same place, in bytes of the text

	brief string // the message for people, where AWS's is long or about its API
}

func (d *Diagnostic) Error() string {
	switch {
	case d.brief != "":
		return fmt.Sprintf("%d:%d: %s: %s", d.Line, d.Column, d.Code, d.brief)
	case d.Location == "":
		return fmt.Sprintf("%d:%d: %s: %s", d.Line, d.Column, d.Code, d.Message)
	}
	return fmt.Sprintf("%d:%d: %s: %s at %s", d.Line, d.Column, d.Code, d.Message, d.Location)
}

// Diagnostics are the faults of a definition in the order of the text. As an error they hold at least one of severity ERROR.
type Diagnostics []*Diagnostic

func (d Diagnostics) Error() string {
	lines := make([]string, len(d))
	for i, one := range d {
		lines[i] = one.Error()
	}
	return strings.Join(lines, "\n")
}

// Failed reports whether there is a fault of severity ERROR.
func (d Diagnostics) Failed() bool {
	return slices.ContainsFunc(d, func(one *Diagnostic) bool { return one.Severity == SeverityError })
}

// A location is where a value stands in the definition: a key of an object, or an index of an array, in another place.
type location struct {
	parent *location
	key    string
	index  int // -1: a key
}

func (p *location) member(key string) *location { return &location{p, key, -1} }

func (p *location) element(i int) *location { return &location{p, "", i} }

// String is the place as AWS writes it: /States/Name/Choices[0].
func (p *location) String() string {
	if p.parent == nil {
		return "/"
	}
	return string(p.append(nil))
}

func (p *location) append(b []byte) []byte {
	if p.parent == nil {
		return b
	}
	b = p.parent.append(b)
	if p.index >= 0 {
		b = append(b, '[')
		b = strconv.AppendInt(b, int64(p.index), 10)
		return append(b, ']')
	}
	b = append(b, '/')
	return append(b, p.key...)
}

// maxReport is how many bytes of messages and locations are collected for one definition. Locations repeat the names of the
// states around them, so that a hostile text of a megabyte has gigabytes of them; those of 100,000 ordinary faults fit.
const maxReport = 64 << 20

// A collector gathers the diagnostics of one text.
type collector struct {
	source   *value.Source
	nodes    map[*location]value.Node // those that were found
	found    Diagnostics
	trailing *Diagnostic // comes behind all others
	size     int         // of the messages and locations in found
}

// fault reports an error at a place; a field of it (not "") is where line and column point.
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

// report reports an error at a value of the text. AWS's location is that of a place, which may be one around it.
func (c *collector) report(node value.Node, at *location, code, message string) {
	if c.size > maxReport {
		return
	}
	d := c.diagnostic(node, code, message)
	d.Location = at.String()
	c.found = append(c.found, d)
	c.size += len(d.Message) + len(d.Location)
}

func (c *collector) diagnostic(node value.Node, code, message string) *Diagnostic {
	d := &Diagnostic{Severity: SeverityError, Code: code, Message: message, Offset: node.Key()}
	d.Line, d.Column = c.source.Position(d.Offset)
	return d
}

func (c *collector) schema(at *location, field, format string, args ...any) {
	c.fault(at, field, CodeSchema, format, args...)
}

// node returns the value at a place. Where there is none it reports false and returns the innermost value around the place.
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

// result sorts the diagnostics by place in the text; those at the same place stay in the order in which they were found.
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
