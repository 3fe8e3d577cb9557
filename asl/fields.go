package asl

import (
	"math"
	"slices"
	"strings"

	"signalbox/asl/jsonpath"
	"signalbox/asl/value"
)

// fields are the members of an object in the definition. The reading methods return a zero value for an absent member, and
// report one of the wrong type or value. They mark the members that they read, and [fields.reportUnknown] reports the others.
type fields struct {
	p           *parser
	members     *value.Object
	at          *location // of the object
	language    language  // of the state that the object belongs to
	mixed       bool      // the language itself is at fault: fields of the other one are not reported as well
	known       uint64    // a bit for each of the first 64 members that were read
	knownBeyond []int     // the indices of other members that were read
}

// object returns the fields of an object, or reports that v is none and returns nil.
func (p *parser) object(v any, at *location) *fields {
	o, ok := v.(*value.Object)
	if !ok {
		p.schema(at, "", "Expected value of type Object")
		return nil
	}
	return &fields{p: p, members: o, at: at}
}

// object is [parser.object] for an object inside a state: it inherits the language.
func (f *fields) object(v any, at *location) *fields {
	inner := f.p.object(v, at)
	if inner != nil {
		inner.language, inner.mixed = f.language, f.mixed
	}
	return inner
}

// member returns the fields of an object in a member, nil if it is absent.
func (f *fields) member(name string) *fields {
	v, ok := f.take(name)
	if !ok {
		return nil
	}
	return f.object(v, f.at.member(name))
}

// take returns a member and marks it as known. It reports false if the member is absent.
func (f *fields) take(name string) (any, bool) {
	for i := range f.members.Len() {
		if key, v := f.members.At(i); key == name {
			if i < 64 {
				f.known |= 1 << i
			} else {
				f.knownBeyond = append(f.knownBeyond, i)
			}
			return v, true
		}
	}
	return nil, false
}

// has reports whether there is a member, without marking it as known.
func (f *fields) has(name string) bool {
	_, ok := f.members.Lookup(name)
	return ok
}

// inLanguage reports whether the state's query language is l. If not, members of the given names, which only l has, are
// reported as faults.
func (f *fields) inLanguage(l language, names ...string) bool {
	if f.language == l {
		return true
	}
	for _, name := range names {
		if _, ok := f.take(name); ok && !f.mixed {
			f.p.schema(f.at, name, "The QueryLanguage is set to '%v', but field '%s' is only supported for the '%v' QueryLanguage",
				f.language, name, l)
		}
	}
	return false
}

// require reports the missing members among the given names, all in one fault.
func (f *fields) require(names ...string) {
	var missing []string
	for _, n := range names {
		if !f.has(n) {
			missing = append(missing, n)
		}
	}
	if missing != nil {
		f.p.schema(f.at, "", "These fields are required: [%s]", strings.Join(missing, ", "))
	}
}

// atMostOne reports a fault if there is more than one member among the given names.
func (f *fields) atMostOne(names ...string) {
	second := ""
	present := 0
	for _, n := range names {
		if !f.has(n) {
			continue
		}
		if present++; present == 2 {
			second = n
		}
	}
	if present > 1 {
		f.p.schema(f.at, second, "There should only be one of the following fields: [%s]", strings.Join(names, ", "))
	}
}

// exactlyOne reports a fault if there is not exactly one member among the given names.
func (f *fields) exactlyOne(names ...string) {
	if slices.ContainsFunc(names, f.has) {
		f.atMostOne(names...)
		return
	}
	f.reportMissing(names...)
}

// reportMissing reports that there is no member among the given names, of which one is needed.
func (f *fields) reportMissing(names ...string) {
	f.p.schema(f.at, "", "This object should have only one of the following fields: [%s]", strings.Join(names, ", "))
}

// reportType reports a member that is not of the type that is needed.
func (f *fields) reportType(name, kind string) {
	f.p.schema(f.at.member(name), "", "Expected value of type %s", kind)
}

// text reads a string.
func (f *fields) text(name string) string {
	v, ok := f.take(name)
	if !ok {
		return ""
	}
	s, ok := v.(string)
	if !ok {
		f.reportType(name, "String")
	}
	return s
}

// stateName reads the name of a next state. An empty one is a fault.
func (f *fields) stateName(name string) string {
	text := f.text(name)
	if v, ok := f.members.Lookup(name); ok && v == any("") {
		f.p.fault(f.at.member(name), "", CodeTarget, "Missing 'Next' target: ")
	}
	return text
}

// oneOf reads a string that must be one of the values; "" if it is absent.
func (f *fields) oneOf(name string, values ...string) string {
	text := f.text(name)
	if v, ok := f.members.Lookup(name); ok && v == any(text) && !slices.Contains(values, text) {
		f.p.schema(f.at.member(name), "", "Value should be one of the following: [%s]", strings.Join(values, ", "))
	}
	return text
}

// boolean reads true or false; false if the member is absent.
func (f *fields) boolean(name string) bool {
	v, ok := f.take(name)
	if !ok {
		return false
	}
	b, ok := v.(bool)
	if !ok {
		f.reportType(name, "Boolean")
	}
	return b
}

// integer reads a whole number from low to high; 0 if it is absent, at fault, or a JSONata expression.
func (f *fields) integer(name string, low, high int64) int64 {
	v, ok := f.take(name)
	if !ok || f.isQuery(v, name) {
		return 0
	}
	n, ok := v.(int64)
	if big, isNumber := v.(value.Number); isNumber && !strings.ContainsAny(string(big), ".eE") {
		n, ok = math.MaxInt64, true
		if big[0] == '-' {
			n = math.MinInt64
		}
	}
	switch {
	case !ok:
		f.reportType(name, "Integer")
		return 0
	case n < low:
		f.p.schema(f.at.member(name), "", "Minimum value is %d", low)
		return 0
	case n > high:
		f.p.schema(f.at.member(name), "", "Maximum value is %d", high)
		return 0
	}
	return n
}

// float reads a number from low to high. It reports false if it is absent, at fault, or a JSONata expression.
func (f *fields) float(name string, low, high float64) (float64, bool) {
	v, ok := f.take(name)
	if !ok || f.isQuery(v, name) {
		return 0, false
	}
	n, ok := value.Float(v)
	switch {
	case !ok:
		f.reportType(name, "Number")
		return 0, false
	case n < low:
		f.p.schema(f.at.member(name), "", "Minimum value is %v", low)
		return 0, false
	case n > high || math.IsInf(n, 0):
		f.p.schema(f.at.member(name), "", "Maximum value is %v", high)
		return 0, false
	}
	return n, true
}

// list calls yield with each element of an array and its location.
func (f *fields) list(name string, yield func(v any, at *location)) {
	v, ok := f.take(name)
	if !ok {
		return
	}
	list, ok := v.([]any)
	if !ok {
		f.reportType(name, "Array")
		return
	}
	if len(list) == 0 {
		return
	}
	at := f.at.member(name)
	for i, e := range list {
		yield(e, at.element(i))
	}
}

// nonEmptyList is [fields.list] for an array that must not be empty.
func (f *fields) nonEmptyList(name string, yield func(v any, at *location)) {
	f.list(name, yield)
	if v, ok := f.members.Lookup(name); ok {
		if list, isList := v.([]any); isList && len(list) == 0 {
			f.p.schema(f.at.member(name), "", "Value cannot be empty")
		}
	}
}

// texts reads an array of strings.
func (f *fields) texts(name string) []string {
	var list []string
	f.list(name, func(v any, at *location) {
		s, ok := v.(string)
		if !ok {
			f.p.schema(at, "", "Expected value of type String")
			return
		}
		list = append(list, s)
	})
	return list
}

// path reads a JSONPath; nil if it is absent or at fault.
func (f *fields) path(name string) *jsonpath.Path {
	v, ok := f.take(name)
	if !ok {
		return nil
	}
	s, ok := v.(string)
	if !ok {
		f.reportType(name, "String")
		return nil
	}
	path, err := f.p.compile(s)
	if err != nil {
		f.p.schema(f.at.member(name), "", "Value must be a valid JSONPath.")
		return nil
	}
	return path
}

// reference reads a path that selects exactly one value; nil if it is absent or at fault.
func (f *fields) reference(name string) *jsonpath.Path {
	path := f.path(name)
	if path != nil && !path.Definite() {
		f.p.schema(f.at.member(name), "", "Value is not a Reference Path")
		return nil
	}
	return path
}

// isNull reports whether there is a member with the value null.
func (f *fields) isNull(name string) bool {
	v, ok := f.members.Lookup(name)
	return ok && v == nil
}

// dataPath reads InputPath or OutputPath; nil stands for "$".
func (f *fields) dataPath(name string) *pathField {
	if f.isNull(name) {
		f.take(name)
		return &pathField{null: true}
	}
	path := f.path(name)
	if path == nil || path.String() == "$" {
		return nil
	}
	return &pathField{path: path}
}

// resultPath reads ResultPath; nil stands for "$". Discard is true for null.
func (f *fields) resultPath() (path *jsonpath.Path, discard bool) {
	if f.isNull("ResultPath") {
		f.take("ResultPath")
		return nil, true
	}
	path = f.path("ResultPath")
	switch {
	case path == nil || path.String() == "$":
		return nil, false
	case !path.Reference():
		f.p.schema(f.at.member("ResultPath"), "", "Value is not a Reference Path")
		return nil, false
	}
	return path, false
}

// expression reads a path or a call of an intrinsic function; nil if it is absent or at fault.
func (f *fields) expression(name string) *expression {
	text := f.text(name)
	if text == "" {
		return nil
	}
	e, err := parseExpression(text)
	if err != nil {
		f.p.schema(f.at, name, "The value for the field '%s' must be a valid JSONPath or a valid intrinsic function call", name)
		return nil
	}
	e.field = name
	return e
}

// reportUnknown reports the members that were not read. It comes after all reading.
func (f *fields) reportUnknown() {
	for i := range f.members.Len() {
		if i < 64 && f.known&(1<<i) != 0 || i >= 64 && slices.Contains(f.knownBeyond, i) {
			continue
		}
		key, _ := f.members.At(i)
		f.p.schema(f.at, key, "Field '%s' is not supported", key)
	}
}
