package asl

import (
	"errors"
	"fmt"
	"strings"

	"signalbox/asl/jsonpath"
	"signalbox/asl/value"
)

// An expression is the value of a ".$" field: a path, or a call of an intrinsic function whose arguments are expressions or literals.
type expression struct {
	field   string // its key, for messages; "" for an argument
	text    string
	path    *jsonpath.Path
	call    intrinsic
	args    []*expression
	literal any
	format  formatText // a quoted literal with its escapes, for States.Format
}

// An environment holds the values to which expressions refer.
type environment struct {
	input any // $
	step  *stepper
	scope *Scope
	item  *value.Object // $$.Map.Item, in ItemSelector
}

// lookup returns what a path selects.
func (env *environment) lookup(p *jsonpath.Path) (any, error) {
	switch p.Root() {
	case jsonpath.Context:
		return p.Get(env.step.context(env.scope, env.item))
	case jsonpath.Variable:
		v, ok := env.scope.variables.Lookup(p.Name())
		if !ok {
			return nil, fmt.Errorf("the variable %s has no value", p.Name())
		}
		return p.Get(v)
	default:
		return p.Get(env.input)
	}
}

// eval returns the value of the expression, or States.Runtime.
func (e *expression) eval(env *environment) (any, *Error) {
	switch {
	case e.path != nil:
		v, err := env.lookup(e.path)
		if err != nil {
			return nil, e.notFound(env, err)
		}
		return v, nil
	case e.call != nil:
		st := env.step
		first := len(st.args)
		for _, a := range e.args {
			v, err := a.eval(env)
			if err != nil {
				st.args = st.args[:first]
				if a.path != nil {
					err = runtimeError("The function '%s' had the following error: %s", e.text, err.Cause)
				}
				return nil, err
			}
			st.args = append(st.args, v)
		}
		v, err := e.call(env, st.args[first:])
		clear(st.args[first:])
		st.args = st.args[:first]
		if err != nil {
			return nil, runtimeError("The function '%s' had the following error: %s", e.text, err)
		}
		return v, nil
	}
	return e.literal, nil
}

// notFound returns the error of a path that selects nothing, in AWS's words.
func (e *expression) notFound(env *environment, err error) *Error {
	var missing *jsonpath.MissingError
	switch {
	case !errors.As(err, &missing):
		return runtimeError("Invalid path '%s' : %s", e.path, err)
	case e.field == "": // an argument
		return runtimeError("The JsonPath argument for the field '%s' could not be found in the input '%s'",
			e.path, value.Text(env.input))
	}
	return runtimeError("The JSONPath '%s' specified for the field '%s' could not be found in the input '%s'",
		e.path, e.field, value.Text(env.input))
}

// parseExpression parses a path or a call of an intrinsic function.
func parseExpression(text string) (*expression, error) {
	if jsonpath.IsPath(text) {
		path, err := jsonpath.Compile(text)
		if err != nil {
			return nil, err
		}
		return &expression{text: text, path: path}, nil
	}
	p := callParser{text: text}
	e, err := p.call()
	if err == nil && p.at < len(text) {
		err = fmt.Errorf("unexpected %q at character %d", text[p.at:], p.at+1)
	}
	return e, err
}

// maxNesting is how deep calls may be nested. AWS, "Intrinsic functions".
const maxNesting = 10

// A callParser parses a call; at is the byte that it reads next.
type callParser struct {
	text  string
	at    int
	depth int
}

func (p *callParser) skipBlanks() {
	for p.at < len(p.text) && p.text[p.at] == ' ' {
		p.at++
	}
}

// call parses NAME(ARGUMENT, …).
func (p *callParser) call() (*expression, error) {
	start := p.at
	open := strings.IndexByte(p.text[p.at:], '(')
	if open < 0 {
		return nil, errors.New("neither a path nor a function call")
	}
	name := p.text[p.at : p.at+open]
	f, ok := intrinsics[name]
	if !ok {
		return nil, fmt.Errorf("no intrinsic function is called %q", name)
	}
	if p.depth++; p.depth > maxNesting {
		return nil, fmt.Errorf("calls are nested more than %d deep", maxNesting)
	}
	p.at += open + 1
	e := &expression{call: f.do}
	for {
		p.skipBlanks()
		if p.at >= len(p.text) {
			return nil, fmt.Errorf("the ( of %s is not closed", name)
		}
		if p.text[p.at] == ')' && len(e.args) == 0 {
			break
		}
		arg, err := p.argument()
		if err != nil {
			return nil, err
		}
		e.args = append(e.args, arg)
		p.skipBlanks()
		if p.at >= len(p.text) || p.text[p.at] != ',' && p.text[p.at] != ')' {
			return nil, fmt.Errorf("expected , or ) at character %d", p.at+1)
		}
		if p.text[p.at] == ')' {
			break
		}
		p.at++
	}
	p.at++
	p.depth--
	if name == "States.Format" && len(e.args) > 0 && e.args[0].format != "" {
		e.args[0].literal = e.args[0].format
	}
	if n := len(e.args); n < f.least || f.most >= 0 && n > f.most {
		return nil, fmt.Errorf("%s does not take %d arguments", name, n)
	}
	e.text = p.text[start:p.at]
	return e, nil
}

// argument parses a quoted string, a path, a call, or a number, true, false or null.
func (p *callParser) argument() (*expression, error) {
	rest := p.text[p.at:]
	switch {
	case rest[0] == '\'':
		return p.quoted()
	case rest[0] == '$':
		end := p.pathEnd()
		path, err := jsonpath.Compile(strings.TrimSpace(p.text[p.at:end]))
		if err != nil {
			return nil, err
		}
		p.at = end
		return &expression{text: path.String(), path: path}, nil
	case strings.HasPrefix(rest, "States."):
		return p.call()
	}
	end := strings.IndexAny(rest, ",)")
	if end < 0 {
		end = len(rest)
	}
	v, err := value.Read([]byte(rest[:end]))
	if err != nil {
		return nil, fmt.Errorf("%q at character %d is no argument", rest[:end], p.at+1)
	}
	p.at += end
	switch v.(type) {
	case []any, *value.Object, string:
		return nil, fmt.Errorf("%q at character %d is no argument", rest[:end], p.at+1)
	}
	return &expression{text: rest[:end], literal: v}, nil
}

// quoted parses a string in single quotes. \' \{ \} and \\ stand for the character after the backslash.
func (p *callParser) quoted() (*expression, error) {
	var plain, format strings.Builder
	start := p.at
	for i := p.at + 1; i < len(p.text); i++ {
		switch c := p.text[i]; c {
		case '\\':
			if i++; i >= len(p.text) || !strings.ContainsRune(`'\{}`, rune(p.text[i])) {
				return nil, fmt.Errorf("the \\ at character %d escapes nothing", i)
			}
			plain.WriteByte(p.text[i])
			format.WriteString(p.text[i-1 : i+1])
		case '\'':
			p.at = i + 1
			return &expression{text: p.text[start:p.at], literal: plain.String(), format: formatText(format.String())}, nil
		default:
			plain.WriteByte(c)
			format.WriteByte(c)
		}
	}
	return nil, fmt.Errorf("the text at character %d is not closed", start+1)
}

// pathEnd returns the index of the comma or parenthesis that ends the path at p.at, outside brackets, quotes and inner parentheses.
func (p *callParser) pathEnd() int {
	brackets, parens := 0, 0
	var quote byte
	for i := p.at; i < len(p.text); i++ {
		c := p.text[i]
		switch {
		case quote != 0:
			switch c {
			case '\\':
				i++
			case quote:
				quote = 0
			}
		case c == '[':
			brackets++
		case c == ']':
			brackets--
		case (c == '\'' || c == '"') && brackets > 0:
			quote = c
		case c == '(':
			parens++
		case c == ')' && parens > 0:
			parens--
		case (c == ',' || c == ')') && brackets == 0:
			return i
		}
	}
	return len(p.text)
}
