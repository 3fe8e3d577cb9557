package asl

import (
	"strings"

	"signalbox/asl/jsonata"
	"signalbox/asl/value"
)

// A language is a query language: how a state selects and builds its data. States Language, "QueryLanguage".
type language uint8

const (
	inJSONPath language = iota
	inJSONata
)

func (l language) String() string { return [...]string{"JSONPath", "JSONata"}[l] }

// queryLanguage reads QueryLanguage; if it is absent it returns the inherited one. Any value but JSONPath counts as JSONata, as on
// AWS, even if the value is at fault.
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

// stateLanguage reads the QueryLanguage of a state. In a JSONPath machine a state may use JSONata, but not the other way round.
// States inside a Map or Parallel inherit the machine's language, not that of the Map or Parallel.
func (p *parser) stateLanguage(f *fields) {
	f.language = f.queryLanguage(p.language)
	if p.language == inJSONata && f.language == inJSONPath {
		f.mixed = true
		p.schema(f.at, "QueryLanguage", "'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine")
	}
}

// JSONata reports whether the state's query language is JSONata. Such states are checked, but this version does not run them.
func (s *State) JSONata() bool { return s.jsonata }

// isQuery reports whether the value v of a member is a JSONata expression, and checks it.
func (f *fields) isQuery(v any, name string) bool {
	text, ok := v.(string)
	return ok && f.language == inJSONata && f.p.checkQuery(text, f.at.member(name))
}

// checkQuery reports whether a string of a JSONata state is an expression, {% … %}, and checks it.
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

// checkQueries checks all expressions in a member.
func (f *fields) checkQueries(name string) {
	if v, ok := f.take(name); ok {
		f.p.checkQueries(v, f.at.member(name))
	}
}

// checkQueries checks all expressions in a value.
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
