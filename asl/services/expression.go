package services

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"signalbox/asl"
	"signalbox/asl/value"
)

// This file holds expressions of DynamoDB: conditions and projections. Developer Guide, "Condition and filter expressions,
// operators, and functions". Reserved words are not refused.

// A predicate reports whether a condition holds for an item; nil: there is no item.
type predicate func(item *value.Object) bool

// An operand returns an attribute value of an item, or nil.
type operand func(item *value.Object) any

// An expressionReader parses one expression.
type expressionReader struct {
	call   *call
	field  string // the parameter, such as ConditionExpression
	tokens []string
	next   int               // index in tokens
	names  map[string]string // ExpressionAttributeNames
	values map[string]any    // ExpressionAttributeValues
	used   map[string]bool   // names and values that the expression has used
}

// maxExpression is the longest expression, in bytes. Developer Guide, "Quotas".
const maxExpression = 4 << 10

var token = regexp.MustCompile(`\s+|[#:]?[A-Za-z_][A-Za-z0-9_-]*|[#:][A-Za-z0-9_]+|\d+|<>|<=|>=|[=<>(),.\[\]]`)

// expression splits the expression in a field into tokens. It returns nil if there is none.
func (c *call) expression(field string) (*expressionReader, *asl.Error) {
	r := &expressionReader{call: c, field: field, names: map[string]string{}, values: map[string]any{}, used: map[string]bool{}}
	text, present, err := c.text(field)
	if err != nil {
		return nil, err
	}
	for _, of := range []string{"ExpressionAttributeNames", "ExpressionAttributeValues"} {
		v, _ := c.in.Lookup(of)
		o, ok := v.(*value.Object)
		switch {
		case v == nil:
			continue
		case !ok:
			return nil, c.invalid(of)
		case !present:
			return nil, c.validation("%s can only be specified when using expressions", of)
		case o.Len() == 0:
			return nil, c.validation("%s must not be empty", of)
		}
		for name, v := range o.All() {
			if of == "ExpressionAttributeNames" {
				if r.names[name], ok = v.(string); !ok {
					return nil, c.invalid(of)
				}
				continue
			}
			stored, w := checkAttribute(v)
			if w != nil {
				return nil, c.faultError(w)
			}
			r.values[name] = stored
		}
	}
	if !present {
		return nil, nil
	}
	if strings.TrimSpace(text) == "" {
		return nil, c.validation("Invalid %s: The expression can not be empty;", field)
	}
	if len(text) > maxExpression {
		return nil, c.validation("Invalid %s: Expression size has exceeded the maximum allowed size;", field)
	}
	for rest := text; rest != ""; {
		at := token.FindStringIndex(rest)
		if at == nil || at[0] > 0 {
			return nil, c.validation(`Invalid %s: Syntax error; token: "%c", near: "%s"`, field, []rune(rest)[0], excerpt(text, rest))
		}
		if t := strings.TrimSpace(rest[:at[1]]); t != "" {
			r.tokens = append(r.tokens, t)
		}
		rest = rest[at[1]:]
	}
	return r, nil
}

// excerpt returns the text around the beginning of its end rest.
func excerpt(text, rest string) string {
	at := len(text) - len(rest)
	return text[max(at-5, 0):min(at+5, len(text))]
}

// A refusal is the panic with which parsing stops at an error; read recovers it.
type refusal struct{ err *asl.Error }

// refuse stops parsing with an error.
func (r *expressionReader) refuse(format string, args ...any) {
	panic(refusal{r.call.validation("Invalid "+r.field+": "+format, args...)})
}

// syntaxError stops parsing because of the next token.
func (r *expressionReader) syntaxError() {
	near := strings.Join(r.tokens[max(r.next-1, 0):min(r.next+2, len(r.tokens))], " ")
	t := "<EOF>"
	if r.next < len(r.tokens) {
		t = r.tokens[r.next]
	}
	r.refuse(`Syntax error; token: "%s", near: "%s"`, t, near)
}

// read parses the whole expression with f, and returns the error of a refusal, of tokens left over, or of names and values that
// are not used.
func (r *expressionReader) read(f func()) (err *asl.Error) {
	defer func() {
		switch stopped := recover().(type) {
		case nil:
		case refusal:
			err = stopped.err
		default:
			panic(stopped)
		}
	}()
	f()
	if r.next < len(r.tokens) {
		r.syntaxError()
	}
	for _, unused := range []struct {
		of    string
		names []string
	}{
		{"ExpressionAttributeNames", slices.Sorted(maps.Keys(r.names))}, {"ExpressionAttributeValues", slices.Sorted(maps.Keys(r.values))},
	} {
		left := slices.DeleteFunc(unused.names, func(name string) bool { return r.used[name] })
		if len(left) > 0 {
			return r.call.validation("Value provided in %s unused in expressions: keys: {%s}", unused.of, strings.Join(left, ", "))
		}
	}
	return nil
}

// peek returns the next token, "" at the end.
func (r *expressionReader) peek() string {
	if r.next < len(r.tokens) {
		return r.tokens[r.next]
	}
	return ""
}

// accept skips the next token if it is t, in upper or lower case, and reports whether it was.
func (r *expressionReader) accept(t string) bool {
	if !strings.EqualFold(r.peek(), t) {
		return false
	}
	r.next++
	return true
}

// expect is accept for a token that is required.
func (r *expressionReader) expect(t string) {
	if !r.accept(t) {
		r.syntaxError()
	}
}

// condition parses the call's condition; nil if it has none.
func (c *call) condition() (holds predicate, err *asl.Error) {
	r, err := c.expression("ConditionExpression")
	if err != nil || r == nil {
		return nil, err
	}
	if err := r.read(func() { holds = r.or() }); err != nil {
		return nil, err
	}
	return holds, nil
}

// or parses conditions joined by OR.
func (r *expressionReader) or() predicate {
	a := r.and()
	for r.accept("OR") {
		left, right := a, r.and()
		a = func(item *value.Object) bool { return left(item) || right(item) }
	}
	return a
}

// and parses conditions joined by AND.
func (r *expressionReader) and() predicate {
	a := r.not()
	for r.accept("AND") {
		left, right := a, r.not()
		a = func(item *value.Object) bool { return left(item) && right(item) }
	}
	return a
}

// not parses one condition, with or without NOT and parentheses.
func (r *expressionReader) not() predicate {
	if r.accept("NOT") {
		a := r.not()
		return func(item *value.Object) bool { return !a(item) }
	}
	if r.accept("(") {
		a := r.or()
		r.expect(")")
		return a
	}
	if r.next+1 < len(r.tokens) && r.tokens[r.next+1] == "(" && !strings.EqualFold(r.peek(), "size") {
		return r.function()
	}
	return r.comparison()
}

// function parses a function that is a condition.
func (r *expressionReader) function() predicate {
	name := r.peek()
	r.next += 2
	a := r.operand()
	var b operand
	switch name {
	case "attribute_exists", "attribute_not_exists":
	case "attribute_type", "begins_with", "contains":
		r.expect(",")
		b = r.operand()
	default:
		r.refuse("Invalid function name; function: %s", name)
	}
	r.expect(")")
	return func(item *value.Object) bool {
		v := a(item)
		switch name {
		case "attribute_exists":
			return v != nil
		case "attribute_not_exists":
			return v == nil
		}
		w := b(item)
		if v == nil || w == nil {
			return false
		}
		kind, content := typed(v)
		other, part := typed(w)
		switch name {
		case "attribute_type":
			return part == kind
		case "begins_with":
			return kind == other && (kind == "S" || kind == "B") && strings.HasPrefix(content.(string), part.(string))
		}
		return contains(kind, content, other, part, w)
	}
}

// contains reports whether a string contains a part, or a set or list an element.
func contains(kind string, content any, other string, part, element any) bool {
	switch list, isList := content.([]any); {
	case kind == "S" && other == "S":
		return strings.Contains(content.(string), part.(string))
	case kind == "L":
		return slices.ContainsFunc(list, func(e any) bool { return value.Equal(e, element) })
	case isList && kind == other+"S":
		return slices.Contains(list, part)
	}
	return false
}

// comparison parses a comparison of operands, BETWEEN or IN.
func (r *expressionReader) comparison() predicate {
	a := r.operand()
	switch sign := strings.ToUpper(r.peek()); sign {
	case "=", "<>", "<", "<=", ">", ">=":
		r.next++
		b := r.operand()
		return func(item *value.Object) bool { return compare(sign, a(item), b(item)) }
	case "BETWEEN":
		r.next++
		low := r.operand()
		r.expect("AND")
		high := r.operand()
		return func(item *value.Object) bool {
			v := a(item)
			return compare(">=", v, low(item)) && compare("<=", v, high(item))
		}
	case "IN":
		r.next++
		r.expect("(")
		list := []operand{r.operand()}
		for r.accept(",") {
			list = append(list, r.operand())
		}
		r.expect(")")
		return func(item *value.Object) bool {
			v := a(item)
			return slices.ContainsFunc(list, func(one operand) bool { return compare("=", v, one(item)) })
		}
	}
	r.syntaxError()
	return nil
}

// compare compares two attribute values, nil for missing ones. Missing values and values of different types are unequal, and
// have no order.
func compare(sign string, a, b any) bool {
	same := a != nil && b != nil && value.Equal(a, b)
	switch sign {
	case "=":
		return same
	case "<>":
		return !same
	}
	kind, x := typed(a)
	other, y := typed(b)
	if kind != other || kind != "S" && kind != "N" && kind != "B" {
		return false
	}
	switch n := order(kind, x, y); sign {
	case "<":
		return n < 0
	case "<=":
		return n <= 0
	case ">":
		return n > 0
	default:
		return n >= 0
	}
}

// operand parses a value, a size or a path.
func (r *expressionReader) operand() operand {
	t := r.peek()
	switch {
	case strings.HasPrefix(t, ":"):
		r.next++
		v, present := r.values[t]
		if !present {
			r.refuse("An expression attribute value used in expression is not defined; attribute value: %s", t)
		}
		r.used[t] = true
		return func(*value.Object) any { return v }
	case strings.EqualFold(t, "size") && r.next+1 < len(r.tokens) && r.tokens[r.next+1] == "(":
		r.next += 2
		a := r.operand()
		r.expect(")")
		return func(item *value.Object) any { return attributeSize(a(item)) }
	}
	p := r.path()
	return func(item *value.Object) any { return p.lookup(item) }
}

// attributeSize returns the length of a string, set, list or map as a number; nil for other types.
func attributeSize(v any) any {
	var n int
	switch kind, content := typed(v); c := content.(type) {
	case string:
		if kind == "N" {
			return nil
		}
		n = len(c)
		if kind == "B" {
			n = len(c)/4*3 - strings.Count(c, "=")
		}
	case []any:
		n = len(c)
	case *value.Object:
		n = c.Len()
	default:
		return nil
	}
	return value.NewObject("N", strconv.Itoa(n))
}

// A path leads to an attribute: names of members (string) and indices in lists (int).
type path []any

// path parses a document path.
func (r *expressionReader) path() path {
	p := path{r.name()}
	for {
		switch {
		case r.accept("."):
			p = append(p, r.name())
		case r.accept("["):
			i, err := strconv.Atoi(r.peek())
			if err != nil {
				r.syntaxError()
			}
			r.next++
			r.expect("]")
			p = append(p, i)
		default:
			return p
		}
	}
}

// name parses an attribute's name, or the placeholder of one.
func (r *expressionReader) name() string {
	t := r.peek()
	if t == "" || !strings.ContainsAny(t[:1], "#_") && (t[0]|0x20 < 'a' || t[0]|0x20 > 'z') {
		r.syntaxError()
	}
	r.next++
	if t[0] != '#' {
		return t
	}
	name, present := r.names[t]
	if !present {
		r.refuse("An expression attribute name used in the document path is not defined; attribute name: %s", t)
	}
	r.used[t] = true
	return name
}

// lookup returns the attribute value at the path, or nil.
func (p path) lookup(item *value.Object) any {
	v, _ := item.Lookup(p[0].(string))
	for _, step := range p[1:] {
		_, content := typed(v)
		switch at := step.(type) {
		case string:
			o, _ := content.(*value.Object)
			v, _ = o.Lookup(at)
		case int:
			list, _ := content.([]any)
			if at >= len(list) {
				return nil
			}
			v = list[at]
		}
		if v == nil {
			return nil
		}
	}
	return v
}

// projection parses the call's projection, and returns the function that applies it. Without a projection the
// function returns the whole item.
func (c *call) projection() (func(item *value.Object) *value.Object, *asl.Error) {
	r, err := c.expression("ProjectionExpression")
	if err != nil {
		return nil, err
	}
	if r == nil {
		return func(item *value.Object) *value.Object { return item }, nil
	}
	var paths []path
	if err := r.read(func() {
		paths = append(paths, r.path())
		for r.accept(",") {
			paths = append(paths, r.path())
		}
		for i, p := range paths {
			for _, q := range paths[:i] {
				if n := min(len(p), len(q)); slices.Equal(p[:n], q[:n]) {
					r.refuse("Two document paths overlap with each other; must remove or rewrite one of these paths; path one: %s, path two: %s",
						q.text(), p.text())
				}
			}
		}
	}); err != nil {
		return nil, err
	}
	return func(item *value.Object) *value.Object {
		_, stored := typed(project(value.NewObject("M", item), paths))
		if o, ok := stored.(*value.Object); ok {
			return o
		}
		return value.NewObject()
	}, nil
}

// text returns the path as DynamoDB's errors show it: [a, [1], b].
func (p path) text() string {
	list := make([]string, len(p))
	for i, step := range p {
		if n, ok := step.(int); ok {
			list[i] = fmt.Sprintf("[%d]", n)
		} else {
			list[i] = fmt.Sprint(step)
		}
	}
	return "[" + strings.Join(list, ", ") + "]"
}

// project returns the parts of an attribute value at the paths, nil if there are none.
func project(v any, paths []path) *value.Object {
	o, _ := v.(*value.Object)
	if slices.ContainsFunc(paths, func(p path) bool { return len(p) == 0 }) {
		return o
	}
	kind, content := typed(v)
	// below returns the paths that begin with a step, without it.
	below := func(step any) (rest []path) {
		for _, p := range paths {
			if p[0] == step {
				rest = append(rest, p[1:])
			}
		}
		return rest
	}
	switch c := content.(type) {
	case *value.Object:
		var b value.Builder
		for name, member := range c.All() {
			if part := project(member, below(name)); part != nil {
				b.Set(name, part)
			}
		}
		if o := b.Object(); o.Len() > 0 {
			return value.NewObject(kind, o)
		}
	case []any:
		var list []any
		for i, e := range c {
			if part := project(e, below(i)); part != nil {
				list = append(list, part)
			}
		}
		if len(list) > 0 {
			return value.NewObject(kind, list)
		}
	}
	return nil
}
