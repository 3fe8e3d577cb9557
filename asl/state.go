package asl

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"signalbox/asl/value"
)

// maxNameLength is how many characters a state's name may have.
const maxNameLength = 80

// state reads one state. It is nil where not even its type can be told.
func (p *parser) state(name string, body any, at *place) *State {
	f := p.object(body, at)
	if f == nil {
		return nil
	}
	if n := len([]rune(name)); n == 0 || n > maxNameLength {
		p.schema(at, "", "State name must be between 1 and %d characters long", maxNameLength)
	}
	s := &State{at: at, Name: name, Comment: f.text("Comment")}
	f.require("Type")
	typeName := f.text("Type")
	var ok bool
	if s.Type, ok = stateType(typeName); !ok {
		if _, isText := f.o.Lookup("Type"); isText && typeName != "" {
			p.schema(at.in("Type"), "", "Value must be one of: [%s]", strings.Join(stateTypes[1:], ", "))
		}
		return nil
	}
	f.queryLanguage()
	if s.Type != Fail {
		s.inputPath = f.inOut("InputPath")
		s.outputPath = f.inOut("OutputPath")
	}
	if s.Type != Fail && s.Type != Succeed {
		s.assign = f.assign()
	}
	switch s.Type {
	case Task:
		p.task(f, s)
	case Pass:
		p.pass(f, s)
	case Choice:
		p.choice(f, s)
	case Wait:
		p.wait(f, s)
	case Fail:
		p.failState(f, s)
	case Parallel:
		p.parallel(f, s)
	case Map:
		p.mapState(f, s)
	}
	if s.Type != Choice && s.Type != Succeed && s.Type != Fail {
		f.transition(s)
	}
	f.rest()
	return s
}

// transition reads Next and End, of which there is exactly one.
func (f *fields) transition(s *State) {
	s.Next = f.text("Next")
	s.End = f.boolean("End")
	hasNext, end := f.has("Next"), s.End
	switch {
	case hasNext && f.has("End") && end:
		f.p.schema(f.at, "End", "Only one of the following fields may be specified: [Next, End]")
	case !hasNext && !end:
		f.p.schema(f.at, "", "These fields are required: [Next or End]")
	}
}

// resultFields reads the fields that say what becomes of a result.
func (f *fields) resultFields(s *State, selector bool) {
	s.resultPath, s.discardResult = f.resultPath()
	if selector {
		s.resultSelector = f.template("ResultSelector")
	}
}

func (p *parser) task(f *fields, s *State) {
	f.require("Resource")
	s.Resource = f.text("Resource")
	if s.Resource != "" {
		arn := strings.Split(s.Resource, ":")
		if len(arn) < 6 || arn[0] != "arn" {
			p.schema(f.at.in("Resource"), "", "Value is not a valid resource ARN")
		}
	}
	if arn, name, ok := strings.Cut(s.Resource, ":activity:"); ok && strings.Contains(arn, ":states:") {
		s.Activity = name
	}
	s.parameters = f.template("Parameters")
	f.resultFields(s, true)
	f.only("TimeoutSeconds", "TimeoutSecondsPath")
	s.timeout = f.seconds("TimeoutSeconds")
	f.only("HeartbeatSeconds", "HeartbeatSecondsPath")
	s.heartbeat = f.seconds("HeartbeatSeconds")
	if s.heartbeat.fixed > 0 && s.timeout.fixed > 0 && s.heartbeat.fixed >= s.timeout.fixed {
		p.schema(f.at, "HeartbeatSeconds", "HeartbeatSeconds must be smaller than TimeoutSeconds")
	}
	if v, ok := f.take("Credentials"); ok {
		c := p.object(v, f.at.in("Credentials"))
		if c != nil && !c.has("RoleArn") && !c.has("RoleArn.$") {
			p.schema(c.at, "", "The field 'RoleArn' is required but was missing")
		}
		s.credentials = f.template("Credentials")
	}
	f.retryCatch(s)
}

// seconds reads a number of seconds or its Path form.
func (f *fields) seconds(name string) seconds {
	return seconds{fixed: f.whole(name, 1, maxSeconds), path: f.reference(name + "Path")}
}

func (p *parser) pass(f *fields, s *State) {
	f.only("Result", "Parameters")
	s.result, s.hasResult = f.take("Result")
	s.parameters = f.template("Parameters")
	f.resultFields(s, false)
}

func (p *parser) wait(f *fields, s *State) {
	forms := []string{"Seconds", "Timestamp", "SecondsPath", "TimestampPath"}
	there := 0
	for _, name := range forms {
		if f.has(name) {
			there++
		}
	}
	if there != 1 {
		p.schema(f.at, "", "Exactly one of the following fields must be specified: [%s]", strings.Join(forms, ", "))
	}
	s.wait.seconds = f.whole("Seconds", 0, maxSeconds)
	s.wait.secondsPath = f.reference("SecondsPath")
	s.wait.timestampPath = f.reference("TimestampPath")
	if text := f.text("Timestamp"); text != "" {
		var ok bool
		if s.wait.timestamp, ok = timestamp(text); !ok {
			p.schema(f.at.in("Timestamp"), "", "String does not match RFC3339 timestamp")
		}
	}
}

// timestamp reads an RFC 3339 date and time with the capital T and Z (or offset) that the States Language asks for.
func timestamp(text string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, text)
	return t, err == nil
}

func (p *parser) failState(f *fields, s *State) {
	f.only("Error", "ErrorPath")
	f.only("Cause", "CausePath")
	s.errorName = f.text("Error")
	s.errorCause = f.text("Cause")
	s.errorPath = f.expression("ErrorPath")
	s.causePath = f.expression("CausePath")
}

func (p *parser) parallel(f *fields, s *State) {
	f.require("Branches")
	s.parameters = f.template("Parameters")
	f.resultFields(s, true)
	f.list("Branches", func(v any, at *place) {
		if branch := p.object(v, at); branch != nil {
			s.Branches = append(s.Branches, p.inner(branch))
		}
	})
	if v, _ := f.o.Lookup("Branches"); v != nil {
		if list, ok := v.([]any); ok && len(list) == 0 {
			p.schema(f.at.in("Branches"), "", "The field 'Branches' must contain at least one branch")
		}
	}
	f.retryCatch(s)
}

// inner reads a block inside a state.
func (p *parser) inner(f *fields) *Block {
	b := &Block{}
	f.text("Comment")
	f.queryLanguage()
	p.block(f, b)
	f.rest()
	return b
}

// retryCatch reads Retry and Catch. States.ALL stands alone, in the last entry.
func (f *fields) retryCatch(s *State) {
	f.list("Retry", func(v any, at *place) {
		if e := f.p.object(v, at); e != nil {
			s.Retry = append(s.Retry, e.retrier())
		}
	})
	f.list("Catch", func(v any, at *place) {
		if e := f.p.object(v, at); e != nil {
			s.Catch = append(s.Catch, e.catcher())
		}
	})
	for _, name := range []string{"Retry", "Catch"} {
		list, _ := f.o.Lookup(name)
		entries, _ := list.([]any)
		for i, e := range entries {
			o, _ := e.(*value.Object)
			names, _ := o.Lookup("ErrorEquals")
			errors, _ := names.([]any)
			at := func() *place { return f.at.in(name).in(strconv.Itoa(i)).in("ErrorEquals") }
			switch {
			case !slices.Contains(errors, any(ErrAll)):
			case len(errors) > 1:
				f.p.schema(at(), "", "States.ALL must appear alone")
			case i < len(entries)-1:
				f.p.schema(at(), "", "States.ALL must be in the last entry of '%s'", name)
			}
		}
	}
}

func (f *fields) errorEquals() []string {
	f.require("ErrorEquals")
	names := f.texts("ErrorEquals")
	if v, ok := f.o.Lookup("ErrorEquals"); ok {
		if list, isList := v.([]any); isList && len(list) == 0 {
			f.p.schema(f.at.in("ErrorEquals"), "", "The field 'ErrorEquals' must contain at least one error name")
		}
	}
	return names
}

func (f *fields) retrier() Retrier {
	r := Retrier{ErrorEquals: f.errorEquals(), IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 2}
	if n := f.whole("IntervalSeconds", 1, maxSeconds); n > 0 {
		r.IntervalSeconds = n
	}
	if f.has("MaxAttempts") {
		r.MaxAttempts = f.whole("MaxAttempts", 0, maxSeconds)
	}
	if rate, ok := f.float("BackoffRate", 1); ok {
		r.BackoffRate = rate
	}
	if n := f.whole("MaxDelaySeconds", 1, 31622400); n > 0 {
		r.MaxDelay = time.Duration(n) * time.Second
		if n <= r.IntervalSeconds {
			f.p.schema(f.at.in("MaxDelaySeconds"), "", "MaxDelaySeconds must be greater than IntervalSeconds")
		}
	}
	f.oneOf("JitterStrategy", "NONE", "FULL")
	jitter, _ := f.o.Lookup("JitterStrategy")
	r.FullJitter = jitter == "FULL"
	f.text("Comment")
	f.rest()
	return r
}

func (f *fields) catcher() Catcher {
	c := Catcher{ErrorEquals: f.errorEquals()}
	f.require("Next")
	c.Next = f.text("Next")
	c.resultPath, c.discardResult = f.resultPath()
	c.assign = f.assign()
	f.text("Comment")
	f.rest()
	return c
}

// Backoff returns the pause before retry n (n ≥ 1): IntervalSeconds · BackoffRate^(n-1), at most MaxDelay. States Language,
// "Retrying after error".
func (r *Retrier) Backoff(n int) time.Duration {
	limit := r.MaxDelay
	if limit == 0 {
		limit = maxSeconds * time.Second
	}
	pause := float64(r.IntervalSeconds) * float64(time.Second)
	for range n - 1 {
		pause *= r.BackoffRate
		if pause >= float64(limit) {
			return limit
		}
	}
	return min(time.Duration(pause), limit)
}

// expression reads a path or an intrinsic function.
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
