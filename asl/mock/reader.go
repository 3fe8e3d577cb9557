package mock

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"signalbox/asl"
	"signalbox/asl/value"
	"signalbox/internal/near"
	"signalbox/internal/yamltree"
)

// Read reads the text of a file; name stands for it in messages. The error is of type [yamltree.Faults] and has all faults.
func Read(name string, text []byte) (*File, error) {
	r := &reader{name: name, source: value.NewSource(text)}
	var syntax *value.SyntaxError
	if _, err := value.Read(text); errors.As(err, &syntax) {
		r.fault(syntax.Offset, "not JSON: %s", syntax.Reason)
		return nil, r.err()
	}
	start := int64(len(text) - len(bytes.TrimLeft(text, " \t\r\n")))
	f := r.file(part{text[start:], start})
	if err := r.err(); err != nil {
		return nil, err
	}
	return f, nil
}

// A reader reads a text that is well-formed JSON, and collects faults.
type reader struct {
	name   string
	source *value.Source
	faults yamltree.Faults

	responses []string // the names of the file's responses
	hints     near.Hints
}

// fault adds a fault at an offset.
func (r *reader) fault(at int64, format string, args ...any) {
	line, column := r.source.Position(at)
	r.faults = append(r.faults, yamltree.Fault{File: r.name, Line: line, Column: column, Message: fmt.Sprintf(format, args...)})
}

func (r *reader) err() error { return r.faults.Err() }

// meant ends a message about an unknown name with the known ones that are similar to it, else with some that are known.
func (r *reader) hint(name string, known []string, are string) string {
	if hint := r.hints.Hint(name, known); hint != "" {
		return hint
	}
	return fmt.Sprintf("; %s: %s", are, names(known))
}

// A part is a JSON value in the text, with its offset.
type part struct {
	text []byte
	at   int64
}

func (p part) value() any {
	v, _ := value.Read(p.text) // it is well-formed
	return v
}

// A member of a JSON object.
type member struct {
	name string
	key  int64 // offset of the name
	part
}

// members returns the members of an object in the order of the text. Repeated names are faults and left out.
func (r *reader) members(p part, what string) []member {
	dec := jsontext.NewDecoder(bytes.NewReader(p.text), jsontext.AllowDuplicateNames(true))
	if dec.PeekKind() != '{' {
		r.fault(p.at, "%s should be an object", what)
		return nil
	}
	_, _ = dec.ReadToken()
	next := func() part {
		text, _ := dec.ReadValue()
		end := dec.InputOffset()
		start := end - int64(len(text))
		return part{p.text[start:end], p.at + start}
	}
	var list []member
	seen := map[string]bool{}
	for dec.PeekKind() == '"' {
		key := next()
		name, _ := key.value().(string)
		m := member{name, key.at, next()}
		if seen[name] {
			r.fault(m.key, "%q is here again; each name comes once", name)
			continue
		}
		seen[name] = true
		list = append(list, m)
	}
	return list
}

// fields returns the members of an object by name. Unknown ones are faults and left out.
func (r *reader) fields(p part, what string, known ...string) map[string]member {
	fields := map[string]member{}
	for _, m := range r.members(p, what) {
		if !slices.Contains(known, m.name) {
			r.fault(m.key, "%s has no %q%s", what, m.name, r.hint(m.name, known, "known are"))
			continue
		}
		fields[m.name] = m
	}
	return fields
}

// required is fields for an object in which all names are required. Beside an unknown name, missing ones are no faults: the
// unknown name may be meant.
func (r *reader) required(p part, what string, names ...string) map[string]member {
	before := len(r.faults)
	fields := r.fields(p, what, names...)
	if len(r.faults) == before {
		for _, name := range names {
			if _, ok := fields[name]; !ok {
				r.fault(p.at, "%s needs %s", what, name)
			}
		}
	}
	return fields
}

// file reads the top-level object.
func (r *reader) file(top part) *File {
	f := &File{name: r.name, text: r.source.Text()}
	fields := r.required(top, "the file", "StateMachines", "MockedResponses")
	var responses map[string]*response
	if field, ok := fields["MockedResponses"]; ok {
		responses = map[string]*response{}
		for _, m := range r.members(field.part, "MockedResponses") {
			responses[m.name] = r.response(m)
			r.responses = append(r.responses, m.name)
		}
	}
	if field, ok := fields["StateMachines"]; ok {
		for _, m := range r.members(field.part, "StateMachines") {
			of := machine{name: m.name}
			if cases, ok := r.required(m.part, "a state machine", "TestCases")["TestCases"]; ok {
				for _, one := range r.members(cases.part, "TestCases") {
					c := &Case{Machine: m.name, Name: one.name, file: f, responses: map[string]*response{}}
					r.testCase(c, one.part, responses)
					of.cases = append(of.cases, c)
				}
			}
			f.machines = append(f.machines, of)
		}
	}
	return f
}

// testCase reads a test case. Responses is nil if the file has none, which is a fault already: then names of responses are not
// checked.
func (r *reader) testCase(c *Case, p part, responses map[string]*response) {
	for _, s := range r.members(p, "a test case") {
		name, ok := s.value().(string)
		switch {
		case !ok:
			r.fault(s.at, "a state has the name of a response, in quotes")
		case responses[name] != nil:
			c.states = append(c.states, mockedState{s.name, s.key})
			c.responses[s.name] = responses[name]
		case responses != nil:
			r.fault(s.at, "MockedResponses has no %q%s", name, r.hint(name, r.responses, "it has"))
		}
	}
}

// numbers matches the names of invocations: one number, or the first and the last of a range. Nine digits are more than enough.
var numbers = regexp.MustCompile(`^(0|[1-9][0-9]{0,8})(?:-(0|[1-9][0-9]{0,8}))?$`)

// response reads a response, whose ranges have to follow each other from 0 on. An empty response is valid: generated files have
// them for states that are not reached.
func (r *reader) response(m member) *response {
	type ranged struct {
		member
		answer
	}
	var list []ranged
	for _, a := range r.members(m.part, "a response") {
		one := ranged{member: a, answer: r.answer(a)}
		match := numbers.FindStringSubmatch(a.name)
		if match == nil {
			r.fault(a.key, "%q is no invocation; the first one is \"0\", the four after it are \"1-4\"", a.name)
			continue
		}
		one.first, _ = strconv.Atoi(match[1])
		one.last = one.first
		if match[2] != "" {
			one.last, _ = strconv.Atoi(match[2])
		}
		if one.last < one.first {
			r.fault(a.key, "%q ends before it begins", a.name)
			continue
		}
		list = append(list, one)
	}
	slices.SortStableFunc(list, func(a, b ranged) int { return cmp.Compare(a.first, b.first) })
	result := &response{name: m.name}
	next, before := 0, ""
	for _, one := range list {
		switch {
		case one.first < next:
			r.fault(one.key, "%q overlaps %q", one.name, before)
		case one.first > next && next == 0:
			r.fault(one.key, "nothing answers invocation 0, the first one: %q is too late", one.name)
		case one.first > next:
			r.fault(one.key, "nothing answers invocation %d, between %q and %q", next, before, one.name)
		}
		if one.last >= next {
			next, before = one.last+1, one.name
		}
		result.answers = append(result.answers, one.answer)
	}
	return result
}

// answer reads the Return or Throw for a range of invocations.
func (r *reader) answer(m member) answer {
	before := len(r.faults)
	fields := r.fields(m.part, "an answer", "Return", "Throw")
	returned, returns := fields["Return"]
	thrown, throws := fields["Throw"]
	switch {
	case returns && throws:
		r.fault(max(returned.key, thrown.key), "an answer has a Return or a Throw, not both")
	case returns:
		return answer{output: returned.value()}
	case throws:
		return answer{failure: r.failure(thrown.part)}
	case len(r.faults) == before:
		r.fault(m.key, "%q answers nothing: give it a Return or a Throw", m.name)
	}
	return answer{}
}

// failure reads a Throw. Cause is optional, unlike at AWS: real errors may have none.
func (r *reader) failure(p part) *asl.Error {
	before := len(r.faults)
	fields := r.fields(p, "a Throw", "Error", "Cause")
	failure := &asl.Error{}
	for name, to := range map[string]*string{"Error": &failure.Name, "Cause": &failure.Cause} {
		f, ok := fields[name]
		if !ok {
			continue
		}
		if *to, ok = f.value().(string); !ok {
			r.fault(f.at, "%s should be text", name)
		}
	}
	if len(r.faults) == before && failure.Name == "" {
		r.fault(p.at, "a Throw needs an Error: the name that Retry and Catch look for")
	}
	return failure
}
