package asl

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"signalbox/asl/jsonpath"
	"signalbox/asl/value"
)

// A choiceRule is one entry of Choices, or a rule inside And, Or and Not.
type choiceRule struct {
	Next string
	next *State

	operator string // "And", "Or", "Not", or a comparison such as "NumericLessThan"
	rules    []choiceRule
	variable *jsonpath.Path
	compare  comparison
	operand  any            // the constant to compare with, of the operator's type
	path     *jsonpath.Path // instead of operand, in the Path forms
	assign   *template
}

// A comparison reports whether a value stands in the operator's relation to the operand. Values of other types do not.
type comparison func(v, operand any) bool

// An operator is a comparison with the type of its operand: "string", "number", "boolean" or "timestamp".
type operator struct {
	kind    string
	compare comparison
}

// operators are the comparisons by the name of their field, without the Path forms.
var operators = func() map[string]operator {
	all := map[string]operator{
		"StringMatches": {"string", stringMatches},
		"BooleanEquals": {"boolean", func(v, operand any) bool {
			b, ok := v.(bool)
			return ok && any(b) == operand
		}},
	}
	for name, holds := range map[string]func(order int) bool{
		"Equals":            func(o int) bool { return o == 0 },
		"LessThan":          func(o int) bool { return o < 0 },
		"GreaterThan":       func(o int) bool { return o > 0 },
		"LessThanEquals":    func(o int) bool { return o <= 0 },
		"GreaterThanEquals": func(o int) bool { return o >= 0 },
	} {
		all["String"+name] = operator{"string", func(v, operand any) bool {
			a, ok := v.(string)
			b, ok2 := operand.(string)
			return ok && ok2 && holds(strings.Compare(a, b))
		}}
		all["Numeric"+name] = operator{"number", func(v, operand any) bool {
			order, ok := value.Compare(v, operand)
			return ok && holds(order)
		}}
		all["Timestamp"+name] = operator{"timestamp", func(v, operand any) bool {
			a, ok := timeOf(v)
			b, ok2 := timeOf(operand)
			return ok && ok2 && holds(a.Compare(b))
		}}
	}
	return all
}()

// typeTests are the operators that test the type of a value. The operand is the wanted result, true or false.
var typeTests = map[string]func(v any) bool{
	"IsNull":      func(v any) bool { return v == nil },
	"IsString":    func(v any) bool { _, ok := v.(string); return ok },
	"IsNumeric":   func(v any) bool { return value.Kind(v) == "number" },
	"IsBoolean":   func(v any) bool { _, ok := v.(bool); return ok },
	"IsTimestamp": func(v any) bool { _, ok := timeOf(v); return ok },
}

// timeOf returns the time that a value is: a constant that was parsed, or a timestamp in a string.
func timeOf(v any) (time.Time, bool) {
	if t, ok := v.(time.Time); ok {
		return t, true
	}
	s, ok := v.(string)
	if !ok {
		return time.Time{}, false
	}
	return timestamp(s)
}

// stringMatches reports whether a string matches a pattern, in which * stands for any text and \* for a star.
func stringMatches(v, operand any) bool {
	s, ok := v.(string)
	pattern, ok2 := operand.(string)
	return ok && ok2 && matches(s, pattern)
}

// matches is [stringMatches] for strings.
func matches(s, pattern string) bool {
	// On a mismatch the last star swallows one byte more, and matching starts again behind it.
	star, from := -1, 0
	i, j := 0, 0
	for i < len(s) {
		switch {
		case j < len(pattern) && pattern[j] == '*':
			star, from = j, i
			j++
			continue
		case j+1 < len(pattern) && pattern[j] == '\\' && pattern[j+1] == s[i]:
			i, j = i+1, j+2
			continue
		case j < len(pattern) && pattern[j] != '\\' && pattern[j] == s[i]:
			i, j = i+1, j+1
			continue
		case star < 0:
			return false
		}
		from++
		i, j = from, star+1
	}
	return strings.Trim(pattern[j:], "*") == ""
}

// choice reads the fields of a Choice.
func (p *parser) choice(f *fields, s *State) {
	f.require("Choices")
	f.nonEmptyList("Choices", func(v any, at *location) {
		var r choiceRule
		if e := f.object(v, at); e != nil {
			r = p.choiceRule(e, true)
		}
		s.choices = append(s.choices, r)
	})
	s.Default = f.stateName("Default")
}

// choiceRule reads a choice rule. Top is true for an entry of Choices, which has Next, Assign and Output.
func (p *parser) choiceRule(f *fields, top bool) choiceRule {
	r := choiceRule{}
	f.text("Comment")
	if top {
		f.require("Next")
		r.Next = f.stateName("Next")
		r.assign = f.assign()
		if f.inLanguage(inJSONata, "Output") {
			f.checkQueries("Output")
		}
	}
	if f.language == inJSONata {
		p.conditionRule(f, &r)
	} else {
		p.comparisonRule(f, &r)
	}
	f.reportUnknown()
	return r
}

// conditionRule reads Condition, the rule of a JSONata state, into r.
func (p *parser) conditionRule(f *fields, r *choiceRule) {
	r.operator = "Condition"
	f.inLanguage(inJSONPath, "And", "Or", "Not", "Variable")
	for i := range f.members.Len() {
		if name, _ := f.members.At(i); isComparison(name) {
			f.take(name) // the fault of Variable says it already
		}
	}
	if !slices.ContainsFunc([]string{"And", "Or", "Not", "Variable"}, f.has) {
		f.require("Condition")
	}
	v, ok := f.take("Condition")
	if _, isBool := v.(bool); ok && !isBool && !f.isQuery(v, "Condition") {
		if _, isText := v.(string); isText {
			p.schema(f.at.member("Condition"), "", "JSONata string must start with {%% and end with %%}")
		} else {
			f.reportType("Condition", "String")
		}
	}
	r.operand = v
}

// comparisonRule reads the rule of a JSONPath state into r: And, Or, Not or a comparison.
func (p *parser) comparisonRule(f *fields, r *choiceRule) {
	f.inLanguage(inJSONata, "Condition")
	kinds := 0
	for _, name := range []string{"And", "Or", "Not", "Variable", "Condition"} {
		if f.has(name) {
			kinds++
		}
	}
	if kinds != 1 {
		p.schema(f.at, "", "The object must have only one of the following fields, [And, Or, Not, Variable, Condition]")
	}
	inner := func(v any, at *location) {
		if e := f.object(v, at); e != nil {
			r.rules = append(r.rules, p.choiceRule(e, false))
		}
	}
	for _, name := range []string{"And", "Or"} {
		if f.has(name) {
			r.operator = name
			f.nonEmptyList(name, inner)
		}
	}
	if v, ok := f.take("Not"); ok {
		r.operator = "Not"
		inner(v, f.at.member("Not"))
	}
	if f.has("Variable") {
		p.variableComparison(f, r)
	}
}

// isComparison reports whether a field of a rule is an operator, of any form.
func isComparison(name string) bool {
	_, isOperator := operators[name]
	_, hasPath := operators[strings.TrimSuffix(name, "Path")]
	_, isTest := typeTests[name]
	return isOperator || hasPath && name != "StringMatchesPath" || isTest || name == "IsPresent"
}

// variableComparison reads Variable and the one operator beside it into r.
func (p *parser) variableComparison(f *fields, r *choiceRule) {
	r.variable = f.choicePath("Variable")
	present := 0
	for i := range f.members.Len() {
		name, operand := f.members.At(i)
		if op, ok := operators[name]; ok {
			r.compare = op.compare
			r.operand = p.comparisonOperand(f, name, op.kind, operand)
			f.take(name)
		} else if op, ok := operators[strings.TrimSuffix(name, "Path")]; ok && name != "StringMatchesPath" {
			r.compare = op.compare
			r.path = f.choicePath(name)
		} else if _, ok := typeTests[name]; ok || name == "IsPresent" {
			f.boolean(name)
			r.operand = operand
		} else {
			continue
		}
		if present++; present == 2 {
			p.schema(f.at, name, "There should only be one of the following fields: [%s]", comparisons)
		}
		r.operator = name
	}
	if present == 0 && r.operator == "" {
		f.reportMissing(comparisons)
	}
}

// comparisons lists the operators in the order of the States Language, for a message.
var comparisons = func() string {
	names := []string{"StringMatches", "IsNull", "IsPresent", "IsNumeric", "IsString", "IsBoolean", "IsTimestamp"}
	var all []string
	for _, kind := range []string{"String", "Numeric", "Boolean", "Timestamp"} {
		for _, relation := range []string{"Equals", "LessThan", "GreaterThan", "LessThanEquals", "GreaterThanEquals"} {
			if _, ok := operators[kind+relation]; ok {
				all = append(all, kind+relation, kind+relation+"Path")
			}
		}
	}
	return strings.Join(append(all, names...), ", ")
}()

// choicePath reads a path of a rule, whose faults AWS words differently from those of other paths.
func (f *fields) choicePath(name string) *jsonpath.Path {
	v, _ := f.take(name)
	text, ok := v.(string)
	if !ok {
		f.reportType(name, "String")
		return nil
	}
	path, err := f.p.compile(text)
	switch {
	case !jsonpath.IsPath(text):
		f.p.schema(f.at.member(name), "", "Value is not a Reference Path: Reference path didn't start with '$'")
	case err != nil || !path.Definite():
		f.p.schema(f.at.member(name), "", "Value is not a Reference Path")
	}
	return path
}

// comparisonOperand returns the operand v of an operator of a type, with a timestamp parsed. It reports one of another type.
func (p *parser) comparisonOperand(f *fields, name, kind string, v any) any {
	switch kind {
	case "timestamp":
		if t, ok := timeOf(v); ok {
			return t
		}
		if _, isText := v.(string); isText {
			p.schema(f.at.member(name), "", "String does not match RFC3339 timestamp")
		} else {
			f.reportType(name, "String")
		}
	case "number":
		if _, ok := value.Float(v); !ok {
			f.reportType(name, "Number")
		}
	case "string":
		if _, ok := v.(string); !ok {
			f.reportType(name, "String")
		}
	case "boolean":
		if _, ok := v.(bool); !ok {
			f.reportType(name, "Boolean")
		}
	}
	return v
}

// holds reports whether the rule holds, or the error of a path that selects nothing.
func (r *choiceRule) holds(env *environment) (bool, *Error) {
	switch r.operator {
	case "And", "Or":
		want := r.operator == "Or" // the answer that decides
		for i := range r.rules {
			if ok, err := r.rules[i].holds(env); err != nil || ok == want {
				return ok, err
			}
		}
		return !want, nil
	case "Not":
		ok, err := r.rules[0].holds(env)
		return !ok, err
	}
	v, err := env.lookup(r.variable)
	if r.operator == "IsPresent" {
		return (err == nil) == (r.operand == true), nil
	}
	if err != nil {
		return false, runtimeError("Invalid path '%s': The choice state's condition path references an invalid value.", r.variable)
	}
	if r.compare == nil {
		return typeTests[r.operator](v) == (r.operand == true), nil
	}
	operand := r.operand
	if r.path != nil {
		if operand, err = env.lookup(r.path); err != nil {
			return false, runtimeError("Invalid path '%s': The choice state's condition path references an invalid value.", r.path)
		}
	}
	return r.compare(v, operand), nil
}

// operatorSigns are the signs of relations in [choiceRule.String].
var operatorSigns = map[string]string{
	"Equals": "=", "LessThan": "<", "GreaterThan": ">", "LessThanEquals": "≤", "GreaterThanEquals": "≥", "Matches": "~",
}

// String returns the rule as a condition for diagrams: $.i < 3, $.a = "x" and not ($.b is present).
func (r *choiceRule) String() string {
	switch r.operator {
	case "And", "Or":
		parts := make([]string, len(r.rules))
		for i := range r.rules {
			parts[i] = r.rules[i].String()
			if op := r.rules[i].operator; op == "And" || op == "Or" {
				parts[i] = "(" + parts[i] + ")"
			}
		}
		return strings.Join(parts, " "+strings.ToLower(r.operator)+" ")
	case "Not":
		return "not (" + r.rules[0].String() + ")"
	case "Condition":
		text, ok := r.operand.(string)
		if !ok {
			return value.Text(r.operand)
		}
		return strings.TrimSpace(strings.TrimSuffix(strings.TrimPrefix(text, "{%"), "%}"))
	}
	variable := r.variable.String()
	if what, ok := strings.CutPrefix(r.operator, "Is"); ok {
		not := ""
		if r.operand != true {
			not = "not "
		}
		return variable + " is " + not + strings.ToLower(what)
	}
	name, isPath := strings.CutSuffix(r.operator, "Path")
	sign := name
	for _, kind := range []string{"String", "Numeric", "Boolean", "Timestamp"} {
		if relation, ok := strings.CutPrefix(name, kind); ok {
			sign = operatorSigns[relation]
		}
	}
	var operand string
	switch t, isTime := r.operand.(time.Time); {
	case isPath:
		operand = r.path.String()
	case isTime:
		operand = t.Format(time.RFC3339Nano)
	default:
		operand = value.Text(r.operand)
		if s, ok := r.operand.(string); ok {
			operand = strconv.Quote(s)
		}
	}
	return fmt.Sprintf("%s %s %s", variable, sign, operand)
}

// choose goes on to the Next of the first rule that holds, or to Default. It returns States.NoChoiceMatched if there is none.
func (st *stepper) choose(sc *Scope, in any) *Error {
	env := st.env(sc, in)
	s := sc.state
	for i := range s.choices {
		ok, err := s.choices[i].holds(env)
		if err != nil {
			return st.locate(sc, err)
		}
		if ok {
			st.leave(sc, in, in, transition{next: s.choices[i].next, why: ReasonRule, index: i, assign: s.choices[i].assign})
			return nil
		}
	}
	if s.defaultState == nil {
		return &Error{ErrNoChoiceMatched, "An error occurred while executing the state '" + s.Name +
			"' (entered at the event id #" + strconv.FormatInt(sc.enteredID, 10) + "). " +
			"Failed to transition out of the state. The state does not point to a next state."}
	}
	st.leave(sc, in, in, transition{next: s.defaultState, why: ReasonDefault, assign: s.assign})
	return nil
}
