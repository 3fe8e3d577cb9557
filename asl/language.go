package asl

import (
	"strings"

	"signalbox/asl/jsonata"
	"signalbox/asl/value"
)

// A language is a state's query language: how it says what its data are. States Language, "QueryLanguage".
type language uint8

const (
	inJSONPath language = iota
	inJSONata
)

func (l language) String() string { return [...]string{"JSONPath", "JSONata"}[l] }

// queryLanguage reads QueryLanguage; where it is absent the language is the inherited one. To AWS whatever is not JSONPath is
// JSONata, also where the value itself is at fault.
func (f *fields) queryLanguage(inherited language) language {
	v, ok := f.take("QueryLanguage")
	switch {
	case !ok:
		return inherited
	case v == "JSONPath":
		return inJSONPath
	case v != "JSONata":
		if _, isText := v.(string); isText {
			f.oneOf("QueryLanguage", "JSONPath", "JSONata")
		} else {
			f.reportType("QueryLanguage", "[STRING]")
		}
	}
	return inJSONata
}

// stateLanguage reads the QueryLanguage of a state. A state may go over to JSONata, but not back. What is inside a Map or
// Parallel has the machine's language, not that of the Map or Parallel.
func (p *parser) stateLanguage(f *fields) {
	f.language = f.queryLanguage(p.language)
	if p.language == inJSONata && f.language == inJSONPath {
		f.mixed = true
		p.schema(f.at, "QueryLanguage", "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine")
	}
}

// JSONata reports whether the state's query language is JSONata. Such states are checked, but not run by this version.
func (s *State) JSONata() bool { return s.jsonata }

// isQuery reports whether a member is left to JSONata, and checks that.
func (f *fields) isQuery(v any, name string) bool {
	text, ok := v.(string)
	return ok && f.language == inJSONata && f.p.checkQuery(text, f.at.member(name))
}

// checkQuery checks a text of a JSONata state and reports whether it is an expression: {% $states.input %}.
func (p *parser) checkQuery(text string, at *location) bool {
	inner, opened := strings.CutPrefix(text, "{%")
	inner, closed := strings.CutSuffix(inner, "%}")
	switch {
	case opened && closed:
		for _, e := range jsonata.Check(inner, p.inCatch) {
			code := CodeInvalidJSONata
			if e.Unsupported {
				code = CodeUnsupportedJSONata
			}
			p.fault(at, "", code, "%s", e.Message)
		}
	case opened || strings.HasSuffix(text, "%}"):
		p.schema(at, "", "JSONata string must start with {%% and end with %%}")
	default:
		return false
	}
	return true
}

// checkQueries checks the expressions in a member, however deep they are.
func (f *fields) checkQueries(name string) {
	if v, ok := f.take(name); ok {
		f.p.checkQueries(v, f.at.member(name))
	}
}

func (p *parser) checkQueries(v any, at *location) {
	switch x := v.(type) {
	case string:
		p.checkQuery(x, at)
	case []any:
		for i, e := range x {
			p.checkQueries(e, at.element(i))
		}
	case *value.Object:
		for key, member := range x.All() {
			p.checkQueries(member, at.member(key))
		}
	}
}
