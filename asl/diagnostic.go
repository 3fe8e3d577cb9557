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

// A Diagnostic is one fault of a definition. Code, message and location are AWS's; line and column are ours.
type Diagnostic struct {
	Severity string
	Code     string
	Message  string
	Location string // the way from the top, as /States/Name/Choices[0]/Next; "" where AWS names none
	Line     int    // from 1
	Column   int    // from 1, in characters

	offset int64
	brief  string // the message for people, where AWS's quotes the whole definition
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

// A place is where a value stands in the definition: a key of an object, or an index of an array, in another place.
type place struct {
	parent *place
	key    string
	index  int // -1: a key
}

func (p *place) in(key string) *place { return &place{p, key, -1} }

func (p *place) item(i int) *place { return &place{p, "", i} }

// path is the place as value.Locate takes it, with room for one more key.
func (p *place) path() []string {
	path := make([]string, 0, 8)
	for ; p != nil && p.parent != nil; p = p.parent {
		if p.index >= 0 {
			path = append(path, strconv.Itoa(p.index))
		} else {
			path = append(path, p.key)
		}
	}
	slices.Reverse(path)
	return path
}

// String is the place as AWS writes it: /States/Name/Choices[0].
func (p *place) String() string {
	if p.parent == nil {
		return "/"
	}
	var parts []string
	for ; p.parent != nil; p = p.parent {
		if p.index >= 0 {
			parts = append(parts, "["+strconv.Itoa(p.index)+"]")
		} else {
			parts = append(parts, "/"+p.key)
		}
	}
	slices.Reverse(parts)
	return strings.Join(parts, "")
}

// collector gathers diagnostics for one text.
type collector struct {
	text  []byte
	found Diagnostics
}

// fault reports an error at a place; a field of it (not "") is where line and column point.
func (c *collector) fault(at *place, field, code, format string, args ...any) {
	locate := at.path()
	if field != "" {
		locate = append(locate, field)
	}
	key, _ := value.Locate(c.text, locate...)
	line, column := value.Position(c.text, key)
	c.found = append(c.found, &Diagnostic{
		Severity: SeverityError,
		Code:     code,
		Message:  fmt.Sprintf(format, args...),
		Location: at.String(),
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
