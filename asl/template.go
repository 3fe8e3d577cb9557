package asl

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"signalbox/asl/value"
)

// A template is a compiled payload template (Parameters, ResultSelector, ItemSelector): JSON in which the value of a key that ends
// in ".$" is a path or a call of an intrinsic function. It has one of four forms: a constant, an expression, an object or array with
// templates inside.
type template struct {
	constant any
	shape    *value.Shape // of an object, whose members are fields
	fields   []template
	list     bool // an array, whose elements are fields
	expr     *expression
}

// template reads a payload template; nil if it is absent.
func (f *fields) template(name string) *template {
	v, ok := f.take(name)
	if !ok {
		return nil
	}
	t := f.p.template(v, f.at, name, -1)
	return &t
}

// assign reads Assign; nil if it is absent, empty, or in JSONata.
func (f *fields) assign() *template {
	v, ok := f.take("Assign")
	if !ok {
		return nil
	}
	o, ok := v.(*value.Object)
	if !ok {
		f.reportType("Assign", "Object")
		return nil
	}
	for name := range o.All() {
		f.variableName(name)
	}
	switch {
	case f.language == inJSONata:
		f.p.checkQueries(o, f.at.member("Assign"))
		return nil
	case o.Len() == 0:
		return nil
	}
	return f.template("Assign")
}

// variableName checks a key of Assign: a Unicode identifier of up to 80 characters, but not the reserved $states. States Language,
// "Variables".
func (f *fields) variableName(key string) {
	name := key
	if f.language == inJSONPath {
		name = strings.TrimSuffix(key, ".$")
	}
	at := f.at.member("Assign").member(key)
	switch {
	case name == "states":
		f.p.fault(at, "", CodeReservedName, "Cannot assign to reserved variable '$%s'.", name)
	case !isIdentifier(name):
		f.p.fault(at, "", CodeVariable, "Invalid variable name '%s': the variable name contains invalid characters.", name)
	case utf8.RuneCountInString(name) > maxNameLength:
		f.p.fault(at, "", CodeVariable, "Invalid variable name '%s': the variable name exceeds the %d-character limit.",
			name, maxNameLength)
	}
}

// isIdentifier reports whether text is a Unicode identifier (UAX #31).
func isIdentifier(text string) bool {
	for i, r := range text {
		start := unicode.In(r, unicode.L, unicode.Nl, unicode.Other_ID_Start)
		if !start && (i == 0 || !unicode.In(r, unicode.Mn, unicode.Mc, unicode.Nd, unicode.Pc, unicode.Other_ID_Continue)) {
			return false
		}
	}
	return text != ""
}

// template compiles v, which is the member key (with i = -1) or the element i of the value at a location.
func (p *parser) template(v any, at *location, key string, i int) template {
	switch x := v.(type) {
	case []any:
		t := template{list: true}
		at := &location{at, key, i}
		dynamic := false
		for i, e := range x {
			t.fields = append(t.fields, p.template(e, at, "", i))
			dynamic = dynamic || !t.fields[i].isConstant()
		}
		if dynamic {
			return t
		}
	case *value.Object:
		keys := make([]string, 0, x.Len())
		seen := make(map[string]bool, x.Len())
		t := template{fields: make([]template, 0, x.Len())}
		at := &location{at, key, i}
		dynamic := false
		for key, member := range x.All() {
			name, computed := strings.CutSuffix(key, ".$")
			var field template
			if computed {
				text, ok := member.(string)
				e, err := parseExpression(text)
				if !ok || err != nil {
					p.schema(at, key, "The value for the field '%s' must be a valid JSONPath or a valid intrinsic function call", key)
					continue
				}
				e.field = key
				field.expr = e
			} else {
				field = p.template(member, at, key, -1)
			}
			if seen[name] {
				p.schema(at, key, "The field '%s' is there twice, with and without .$", name)
				continue
			}
			seen[name] = true
			dynamic = dynamic || !field.isConstant()
			keys = append(keys, name)
			t.fields = append(t.fields, field)
		}
		if dynamic {
			shape := value.ShapeOf(keys)
			t.shape = &shape
			return t
		}
	}
	return template{constant: v}
}

func (t *template) isConstant() bool { return t.shape == nil && !t.list && t.expr == nil }

// eval returns the value of the template in an environment.
func (t *template) eval(env *environment) (any, *Error) {
	switch {
	case t.expr != nil:
		return t.expr.eval(env)
	case t.isConstant():
		return t.constant, nil
	}
	var object *value.Object
	var values []any
	if t.list {
		values = make([]any, len(t.fields))
	} else {
		object, values = t.shape.Make()
	}
	for i := range t.fields {
		v, err := t.fields[i].eval(env)
		if err != nil {
			return nil, err
		}
		values[i] = v
	}
	if t.list {
		return values, nil
	}
	return object, nil
}
