package asl

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"signalbox/asl/value"
)

// Severities of a [Diagnostic].
const (
	SeverityError   = "ERROR"
	SeverityWarning = "WARNING"
)

// Codes of a [Diagnostic], as AWS's ValidateStateMachineDefinition has them.
const (
	CodeJSON      = "INVALID_JSON_DESCRIPTION"
	CodeSchema    = "SCHEMA_VALIDATION_FAILED"
	CodeTarget    = "MISSING_TRANSITION_TARGET"
	CodeDuplicate = "DUPLICATE_STATE_NAME"
)

// A Diagnostic is one fault of a definition.
type Diagnostic struct {
	Severity string
	Code     string
	Message  string
	Location string // the way from the top, as /States/Name/Next
	Line     int    // from 1
	Column   int    // from 1, in characters

	offset int64
}

func (d *Diagnostic) Error() string {
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

// A place is where a value stands in the definition: a key or index in another place.
type place struct {
	parent *place
	key    string
}

func (p *place) in(key string) *place { return &place{p, key} }

func (p *place) path() []string {
	var path []string
	for ; p != nil && p.parent != nil; p = p.parent {
		path = append(path, p.key)
	}
	slices.Reverse(path)
	return path
}

// collector gathers diagnostics for one text.
type collector struct {
	text  []byte
	found Diagnostics
}

// fault reports an error at a place; a field of it (not "") is where line and column point.
func (c *collector) fault(at *place, field, code, format string, args ...any) {
	path := at.path()
	locate := path
	if field != "" {
		locate = append(slices.Clone(path), field)
	}
	key, _ := value.Locate(c.text, locate...)
	line, column := value.Position(c.text, key)
	c.found = append(c.found, &Diagnostic{
		Severity: SeverityError,
		Code:     code,
		Message:  fmt.Sprintf(format, args...),
		Location: "/" + strings.Join(path, "/"),
		Line:     line, Column: column, offset: key,
	})
}

func (c *collector) schema(at *place, field, format string, args ...any) {
	c.fault(at, field, CodeSchema, format, args...)
}

// result sorts the diagnostics by place in the text; those at the same place stay in the order in which they were found.
func (c *collector) result() Diagnostics {
	slices.SortStableFunc(c.found, func(a, b *Diagnostic) int { return cmp.Compare(a.offset, b.offset) })
	return c.found
}
