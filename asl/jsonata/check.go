// Package jsonata is the query language of states whose QueryLanguage is JSONata. So far it only checks expressions, as AWS does
// when a definition is created: whether they parse, and whether they refer to something that AWS does not provide.
package jsonata

import (
	"fmt"
	"slices"

	"signalbox/asl/value"
)

// An Error is a fault of an expression.
type Error struct {
	Code        string // of the reference implementation, such as S0202; "" if Unsupported
	Message     string
	Unsupported bool // the expression is valid JSONata, but AWS refuses it
}

func (e *Error) Error() string { return e.Message }

// fault returns an Error with a code of the reference implementation.
func fault(code, format string, args ...any) error {
	return &Error{Code: code, Message: fmt.Sprintf(format, args...)}
}

// Check returns the faults for which AWS refuses an expression, nil if there are none. Text is the expression without {% and %}.
// InCatch says that it is in Output or Assign of a Catch, where $states.errorOutput exists.
func Check(text string, inCatch bool) []*Error {
	p := parser{lexer: lexer{text: text}, inCatch: inCatch}
	if err := p.parse(); err != nil {
		return []*Error{err.(*Error)} //nolint:errorlint,forcetypeassert // fault makes all of them
	}
	return p.faults
}

// maxDepth is how deep expressions may be nested. Deeper ones would use up the stack.
const maxDepth = 1000

// A parser parses as the reference implementation does: by top-down operator precedence, after Vaughan Pratt. It makes no tree.
type parser struct {
	lexer
	token          token // the current one
	depth          int   // of nested expressions
	operandMissing bool  // the text ends where an operand is needed
	inCatch        bool
	contextDepth   int // of nested parts that are evaluated for an item, of which a name in them is a key
	faults         []*Error
	reported       map[string]bool // the messages of faults
}

// An operand is what the parser remembers of an expression.
type operand struct {
	kind     tokenKind // name or variable, if the expression is only that; else end
	text     string
	reported bool // as a name that is a key of nothing
}

// advance reads the next token. If expected is not "", the current token must be that operator. Infix says that an operator may
// follow, see [lexer.next].
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

// parse reads the whole text.
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

// expression reads operands and operators, up to an operator whose binding power is not greater than power.
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

// prefix reads the operand that begins with t. The token after t is the current one.
func (p *parser) prefix(t token) (operand, error) {
	switch t.kind {
	case end:
		p.operandMissing = true
		return operand{}, nil
	case name:
		return p.name(t), nil
	case variable:
		if t.text == "$" {
			p.unsupported("Reference to '$$' is not supported.")
		}
		return operand{kind: variable, text: t.text}, nil
	case literal, regex:
		return operand{}, nil
	}
	switch t.text {
	case "*", "**", "%":
		return operand{}, nil
	case "and", "or", "in":
		return p.name(t), nil
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

// infix reads the right side of an operator. The token after the operator is the current one.
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

// list reads an opening operator, expressions with a separator between them, and a closing operator. Each operator may be "", for
// none; without a separator there is one expression.
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
			_, err := p.expression(0) // reports what follows the comma
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

// call reads the arguments of a call. If the callee is "function" or "λ" they are the parameters of a definition, and its signature and
// body follow.
func (p *parser) call(callee operand) error {
	if callee.reported { // it is a function
		last := len(p.faults) - 1
		delete(p.reported, p.faults[last].Message)
		p.faults = p.faults[:last]
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
	// Only a call decides of which value the names in the body are keys.
	return p.inContext(func() error { return p.list("}", "", "") })
}

// signature skips a signature, such as <s-n:b>.
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

// inContext calls read for a part of the expression that is evaluated for an item.
func (p *parser) inContext(read func() error) error {
	p.contextDepth++
	defer func() { p.contextDepth-- }()
	return read()
}

// name returns the operand of a name. At the top level, where there is nothing that it could be a key of, AWS refuses it.
func (p *parser) name(t token) operand {
	o := operand{kind: name, text: t.text}
	if p.contextDepth == 0 {
		o.reported = p.unsupported("Reference to '" + t.text + "' at the top level is not supported.")
	}
	return o
}

// unsupported adds a fault of an expression that is valid JSONata. It reports false if there is one with that message already.
func (p *parser) unsupported(message string) bool {
	if p.reported[message] {
		return false
	}
	if p.reported == nil {
		p.reported = map[string]bool{}
	}
	p.reported[message] = true
	p.faults = append(p.faults, &Error{Message: message, Unsupported: true})
	return true
}
