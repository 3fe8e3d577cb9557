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

// Expressions of DynamoDB: conditions and projections. Developer Guide, "Condition and filter expressions, operators, and
// functions". Reserved words are not refused.

// A test says whether a condition holds of an item, which is nil where there is none.
type test func(item *value.Object) bool

// An operand is an attribute value of an item, nil where there is none.
type operand func(item *value.Object) any

// A reader reads one expression.
type reader struct {
	call   *call
	field  string // "ConditionExpression"
	tokens []string
	next   int
	names  map[string]string
	values map[string]any
	used   map[string]bool // of names and values
}

const maxExpression = 4 << 10

var token = regexp.MustCompile(`\s+|[#:]?[A-Za-z_][A-Za-z0-9_-]*|[#:][A-Za-z0-9_]+|\d+|<>|<=|>=|[=<>(),.\[\]]`)

// expression prepares the reading of a field; nil if it is not there.
func (c *call) expression(field string) (*reader, *asl.Error) {
	r := &reader{call: c, field: field, names: map[string]string{}, values: map[string]any{}, used: map[string]bool{}}
	text, there, err := c.text(field)
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
		case !there:
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
			kept, w := checked(v)
			if w != nil {
				return nil, c.wrong(w)
			}
			r.values[name] = kept
		}
	}
	if !there {
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
			return nil, c.validation(`Invalid %s: Syntax error; token: "%c", near: "%s"`, field, []rune(rest)[0], near(text, rest))
		}
		if t := strings.TrimSpace(rest[:at[1]]); t != "" {
			r.tokens = append(r.tokens, t)
		}
		rest = rest[at[1]:]
	}
	return r, nil
}

func near(text, rest string) string {
	at := len(text) - len(rest)
	return text[max(at-5, 0):min(at+5, len(text))]
}

// A refusal is how reading an expression ends that is none: it unwinds to the one that began it.
type refusal struct{ err *asl.Error }

func (r *reader) refuse(format string, args ...any) {
	panic(refusal{r.call.validation("Invalid "+r.field+": "+format, args...)})
}

func (r *reader) syntax() {
	near := strings.Join(r.tokens[max(r.next-1, 0):min(r.next+2, len(r.tokens))], " ")
	t := "<EOF>"
	if r.next < len(r.tokens) {
		t = r.tokens[r.next]
	}
	r.refuse(`Syntax error; token: "%s", near: "%s"`, t, near)
}

// read reads all of the expression by f.
func (r *reader) read(f func()) (err *asl.Error) {
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
		r.syntax()
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

func (r *reader) peek() string {
	if r.next < len(r.tokens) {
		return r.tokens[r.next]
	}
	return ""
}

// is takes the next token if it is this one; words are taken in any case.
func (r *reader) is(t string) bool {
	if !strings.EqualFold(r.peek(), t) {
		return false
	}
	r.next++
	return true
}

func (r *reader) must(t string) {
	if !r.is(t) {
		r.syntax()
	}
}

// condition reads the call's condition; nil if it has none.
func (c *call) condition() (holds test, err *asl.Error) {
	r, err := c.expression("ConditionExpression")
	if err != nil || r == nil {
		return nil, err
	}
	if err := r.read(func() { holds = r.or() }); err != nil {
		return nil, err
	}
	return holds, nil
}

func (r *reader) or() test {
	a := r.and()
	for r.is("OR") {
		left, right := a, r.and()
		a = func(item *value.Object) bool { return left(item) || right(item) }
	}
	return a
}

func (r *reader) and() test {
	a := r.not()
	for r.is("AND") {
		left, right := a, r.not()
		a = func(item *value.Object) bool { return left(item) && right(item) }
	}
	return a
}

func (r *reader) not() test {
	if r.is("NOT") {
		a := r.not()
		return func(item *value.Object) bool { return !a(item) }
	}
	if r.is("(") {
		a := r.or()
		r.must(")")
		return a
	}
	if r.next+1 < len(r.tokens) && r.tokens[r.next+1] == "(" && !strings.EqualFold(r.peek(), "size") {
		return r.function()
	}
	return r.comparison()
}

func (r *reader) function() test {
	name := r.peek()
	r.next += 2
	a := r.operand()
	var b operand
	switch name {
	case "attribute_exists", "attribute_not_exists":
	case "attribute_type", "begins_with", "contains":
		r.must(",")
		b = r.operand()
	default:
		r.refuse("Invalid function name; function: %s", name)
	}
	r.must(")")
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

// contains reports whether a text has a part, or a set or list an element.
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

func (r *reader) comparison() test {
	a := r.operand()
	switch sign := strings.ToUpper(r.peek()); sign {
	case "=", "<>", "<", "<=", ">", ">=":
		r.next++
		b := r.operand()
		return func(item *value.Object) bool { return compare(sign, a(item), b(item)) }
	case "BETWEEN":
		r.next++
		low := r.operand()
		r.must("AND")
		high := r.operand()
		return func(item *value.Object) bool {
			v := a(item)
			return compare(">=", v, low(item)) && compare("<=", v, high(item))
		}
	case "IN":
		r.next++
		r.must("(")
		list := []operand{r.operand()}
		for r.is(",") {
			list = append(list, r.operand())
		}
		r.must(")")
		return func(item *value.Object) bool {
			v := a(item)
			return slices.ContainsFunc(list, func(one operand) bool { return compare("=", v, one(item)) })
		}
	}
	r.syntax()
	return nil
}

// compare compares two attribute values. What is not there, or of another type, is not equal and has no order.
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

func (r *reader) operand() operand {
	t := r.peek()
	switch {
	case strings.HasPrefix(t, ":"):
		r.next++
		v, there := r.values[t]
		if !there {
			r.refuse("An expression attribute value used in expression is not defined; attribute value: %s", t)
		}
		r.used[t] = true
		return func(*value.Object) any { return v }
	case strings.EqualFold(t, "size") && r.next+1 < len(r.tokens) && r.tokens[r.next+1] == "(":
		r.next += 2
		a := r.operand()
		r.must(")")
		return func(item *value.Object) any { return size(a(item)) }
	}
	p := r.path()
	return func(item *value.Object) any { return p.of(item) }
}

// size is how long a text, how large a set, list or map is, as a number; nil where it has no size.
func size(v any) any {
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

// A path leads to an attribute: names of members (string) and places in lists (int).
type path []any

func (r *reader) path() path {
	p := path{r.name()}
	for {
		switch {
		case r.is("."):
			p = append(p, r.name())
		case r.is("["):
			i, err := strconv.Atoi(r.peek())
			if err != nil {
				r.syntax()
			}
			r.next++
			r.must("]")
			p = append(p, i)
		default:
			return p
		}
	}
}

func (r *reader) name() string {
	t := r.peek()
	if t == "" || !strings.ContainsAny(t[:1], "#_") && (t[0]|0x20 < 'a' || t[0]|0x20 > 'z') {
		r.syntax()
	}
	r.next++
	if t[0] != '#' {
		return t
	}
	name, there := r.names[t]
	if !there {
		r.refuse("An expression attribute name used in the document path is not defined; attribute name: %s", t)
	}
	r.used[t] = true
	return name
}

// of returns what the path leads to in an item, nil if there is nothing.
func (p path) of(item *value.Object) any {
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

// projection reads what a call wants of an item: all of it if it does not say.
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
		for r.is(",") {
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
		_, kept := typed(project(value.NewObject("M", item), paths))
		if o, ok := kept.(*value.Object); ok {
			return o
		}
		return value.NewObject()
	}, nil
}

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

// project returns of an attribute value what the paths lead to, nil if that is nothing.
func project(v any, paths []path) *value.Object {
	o, _ := v.(*value.Object)
	if slices.ContainsFunc(paths, func(p path) bool { return len(p) == 0 }) {
		return o
	}
	kind, content := typed(v)
	// below returns the rest of the paths that go on with a step.
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
