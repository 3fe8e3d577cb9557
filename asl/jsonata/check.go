// Package jsonata is the query language of states whose QueryLanguage is JSONata. So far it only checks expressions, as AWS
// does when a definition is created: whether they parse, and whether they speak of things that are not there.
package jsonata

import (
	"fmt"
	"slices"

	"signalbox/asl/value"
)

// An Error is what is wrong with an expression.
type Error struct {
	Code        string // of the reference implementation: S0202; "" where the expression is JSONata, but AWS does not take it
	Message     string
	Unsupported bool // it parses
}

func (e *Error) Error() string { return e.Message }

func fault(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Check returns what AWS refuses in an expression, nil if nothing. In the Output and Assign of a Catch there is an error to
// speak of, $states.errorOutput.
func Check(text string, inCatch bool) []*Error {
	p := parser{lexer: lexer{text: text}, inCatch: inCatch}
	if err := p.parse(); err != nil {
		return []*Error{err.(*Error)} //nolint:errorlint,forcetypeassert // fault makes all of them
	}
	return p.faults
}

// maxDepth is how deep expressions may stand in each other: deeper ones would use up the stack.
const maxDepth = 1000

// A parser is the reference implementation's: top-down operator precedence, after Vaughan Pratt. It makes no tree.
type parser struct {
	lexer
	token          token
	depth          int
	operandMissing bool // an operand is missing at the end of the text
	inCatch        bool
	contextDepth   int // how many parts around are evaluated for an item: in them a name is a key of it
	faults         []*Error
	reported       map[string]bool // the messages of found
}

// An operand is what is known of an expression that was read.
type operand struct {
	kind tokenKind // name or variable where it is nothing but that
	text string
}

// advance goes on to the next token; the present one must be the operator, if one is named.
func (p *parser) advance(expected string, infix bool) error {
	if expected != "" && !p.is(expected) {
		if p.token.kind == end {
			return fault("S0203", "Expected %s before end of expression", value.Text(expected))
		}
		return fault("S0202", "Expected %s, got %s", value.Text(expected), p.token.shown())
	}
	next, err := p.next(infix)
	if err == nil && next.kind == operator && (next.text == "!" || next.text == "~") {
		err = fault("S0204", "Unknown operator: %s", next.shown())
	}
	p.token = next
	return err
}

func (p *parser) is(text string) bool { return p.token.kind == operator && p.token.text == text }

func (p *parser) parse() error {
	if err := p.advance("", false); err != nil {
		return err
	}
	if _, err := p.expression(0); err != nil {
		return err
	}
	switch {
	case p.token.kind != end:
		return fault("S0201", "Syntax error: %s", p.token.shown())
	case p.operandMissing:
		return fault("S0207", "Unexpected end of expression")
	}
	return nil
}

// expression reads operands and operators, up to one that binds no stronger than the power.
func (p *parser) expression(power int) (left operand, err error) {
	if p.depth++; p.depth > maxDepth {
		return left, fault("S0201", "The expression is nested too deeply")
	}
	defer func() { p.depth-- }()
	t := p.token
	if err = p.advance("", true); err != nil {
		return left, err
	}
	if left, err = p.prefix(t); err != nil {
		return left, err
	}
	for p.token.kind == operator && power < bindingPower[p.token.text] {
		t = p.token
		if err = p.advance("", false); err != nil {
			return left, err
		}
		if err = p.infix(t.text, left); err != nil {
			return left, err
		}
		left = operand{}
	}
	return left, nil
}

// prefix reads what a token begins; the token behind it is read already.
func (p *parser) prefix(t token) (operand, error) {
	switch t.kind {
	case end:
		p.operandMissing = true
		return operand{}, nil
	case name:
		p.noteName(t.text)
		return operand{name, t.text}, nil
	case variable:
		if t.text == "$" {
			p.unsupported("Reference to '$$' is not supported.")
		}
		return operand{variable, t.text}, nil
	case literal, regex:
		return operand{}, nil
	}
	switch t.text {
	case "*", "**", "%":
		return operand{}, nil
	case "and", "or", "in":
		p.noteName(t.text)
		return operand{name, t.text}, nil
	case "-":
		_, err := p.expression(70)
		return operand{}, err
	case "(":
		return operand{}, p.block()
	case "[":
		return operand{}, p.array()
	case "{":
		return operand{}, p.object()
	case "|":
		return operand{}, p.transform()
	}
	return operand{}, fault("S0211", "The symbol %s cannot be used as a unary operator", t.shown())
}

// infix reads what stands behind an operator; the token behind that is read already.
func (p *parser) infix(op string, left operand) error {
	switch op {
	case "(":
		return p.call(left)
	case "[":
		if p.is("]") {
			return p.advance("]", true)
		}
		return p.inContext(func() error { return p.list("]", "", "") })
	case "{":
		return p.inContext(p.object)
	case "^":
		if err := p.advance("(", false); err != nil {
			return err
		}
		return p.inContext(p.order)
	case ".":
		var right operand
		err := p.inContext(func() (err error) { right, err = p.expression(bindingPower["."]); return err })
		if left.kind == variable && left.text == "states" && right.kind == name && right.text == "errorOutput" && !p.inCatch {
			p.unsupported("Field '$states.errorOutput' does not exist.")
		}
		return err
	case ":=":
		if left.kind != variable {
			return fault("S0212", "The left side of := must be a variable name (start with $)")
		}
		_, err := p.expression(bindingPower[":="] - 1)
		return err
	case "@", "#":
		right, err := p.expression(bindingPower[op])
		if err == nil && right.kind != variable {
			err = fault("S0214", "The right side of %s must be a variable name (start with $)", value.Text(op))
		}
		return err
	case "?":
		if _, err := p.expression(0); err != nil || !p.is(":") {
			return err
		}
		return p.list("", ":", "")
	}
	_, err := p.expression(bindingPower[op])
	return err
}

// list reads expressions with a separator between them, and then the operator that closes them. A list of one may be begun
// by an operator instead.
func (p *parser) list(closing, begin, separator string) error {
	if begin != "" {
		if err := p.advance(begin, false); err != nil {
			return err
		}
	}
	for {
		if _, err := p.expression(0); err != nil {
			return err
		}
		if separator == "" || !p.is(separator) {
			break
		}
		if err := p.advance(separator, false); err != nil {
			return err
		}
	}
	if closing == "" {
		return nil
	}
	return p.advance(closing, true)
}

// block reads expressions in parentheses: (a; b). The last may be empty.
func (p *parser) block() error {
	for !p.is(")") {
		if _, err := p.expression(0); err != nil {
			return err
		}
		if !p.is(";") {
			break
		}
		if err := p.advance(";", false); err != nil {
			return err
		}
	}
	return p.advance(")", true)
}

// array reads [a, b..c].
func (p *parser) array() error {
	for !p.is("]") {
		if _, err := p.expression(0); err != nil {
			return err
		}
		if p.is("..") {
			if err := p.list("", "..", ""); err != nil {
				return err
			}
		}
		if !p.is(",") {
			break
		}
		if err := p.advance(",", false); err != nil {
			return err
		}
		if p.is("]") {
			_, err := p.expression(0) // nothing behind a comma
			return err
		}
	}
	return p.advance("]", true)
}

// object reads {a: b, c: d}.
func (p *parser) object() error {
	if p.is("}") {
		return p.advance("}", true)
	}
	for {
		if err := p.list("", "", ""); err != nil {
			return err
		}
		if err := p.list("", ":", ""); err != nil {
			return err
		}
		if !p.is(",") {
			return p.advance("}", true)
		}
		if err := p.advance(",", false); err != nil {
			return err
		}
	}
}

// order reads the terms of an order-by: ^(<a, >b).
func (p *parser) order() error {
	for {
		if p.is("<") || p.is(">") {
			if err := p.advance("", false); err != nil {
				return err
			}
		}
		if _, err := p.expression(0); err != nil {
			return err
		}
		if !p.is(",") {
			return p.advance(")", true)
		}
		if err := p.advance(",", false); err != nil {
			return err
		}
	}
}

// transform reads |where|update, delete|.
func (p *parser) transform() error {
	return p.inContext(func() error {
		if err := p.list("", "", ""); err != nil {
			return err
		}
		if err := p.list("", "|", ","); err != nil {
			return err
		}
		return p.advance("|", true)
	})
}

// call reads the arguments of a function; of a function that is defined here its parameters, its signature and its body.
func (p *parser) call(callee operand) error {
	if callee.kind == name && len(p.faults) > 0 && p.contextDepth == 0 {
		p.forgetName(callee.text)
	}
	var arguments []operand
	for !p.is(")") || len(arguments) > 0 {
		if p.is("?") {
			arguments = append(arguments, operand{})
			if err := p.advance("?", true); err != nil {
				return err
			}
		} else {
			a, err := p.expression(0)
			if err != nil {
				return err
			}
			arguments = append(arguments, a)
		}
		if !p.is(",") {
			break
		}
		if err := p.advance(",", false); err != nil {
			return err
		}
	}
	if err := p.advance(")", true); err != nil || callee.kind != name || callee.text != "function" && callee.text != "λ" {
		return err
	}
	if i := slices.IndexFunc(arguments, func(a operand) bool { return a.kind != variable }); i >= 0 {
		return fault("S0208", "Parameter %d of function definition must be a variable name (start with $)", i+1)
	}
	if p.is("<") {
		if err := p.signature(); err != nil {
			return err
		}
	}
	if err := p.advance("{", false); err != nil {
		return err
	}
	// What a name in a body is a key of is known only where the function is called.
	return p.inContext(func() error { return p.list("}", "", "") })
}

// signature passes <s-n:b>.
func (p *parser) signature() error {
	for depth := 1; depth > 0 && !p.is("{") && p.token.kind != end; {
		if err := p.advance("", true); err != nil {
			return err
		}
		switch {
		case p.is(">"):
			depth--
		case p.is("<"):
			depth++
		}
	}
	return p.advance(">", true)
}

func (p *parser) inContext(read func() error) error {
	p.contextDepth++
	defer func() { p.contextDepth-- }()
	return read()
}

// noteName notes a name. A key of nothing is nothing: AWS does not take it.
func (p *parser) noteName(name string) {
	if p.contextDepth == 0 {
		p.unsupported("Reference to '" + name + "' at the top level is not supported.")
	}
}

func (p *parser) forgetName(name string) {
	last := len(p.faults) - 1
	if message := "Reference to '" + name + "' at the top level is not supported."; p.faults[last].Message == message {
		p.faults = p.faults[:last]
		delete(p.reported, message)
	}
}

func (p *parser) unsupported(message string) {
	if p.reported[message] {
		return
	}
	if p.reported == nil {
		p.reported = map[string]bool{}
	}
	p.reported[message] = true
	p.faults = append(p.faults, &Error{Message: message, Unsupported: true})
}
