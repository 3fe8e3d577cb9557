package asl

import (
	"math"
	"strings"
	"time"
)

// state reads one state. It returns nil if the type is not known.
func (p *parser) state(name string, body any, at *location) *State {
	f := p.object(body, at)
	if f == nil {
		return nil
	}
	s := &State{at: at, Name: name, Comment: f.text("Comment")}
	f.require("Type")
	var ok bool
	if s.Type, ok = stateType(f.oneOf("Type", stateTypes[1:]...)); !ok {
		return nil
	}
	p.stateLanguage(f)
	s.jsonata = f.language == inJSONata
	if s.Type != TypeFail {
		if f.inLanguage(inJSONPath, "InputPath", "OutputPath") {
			s.inputPath = f.dataPath("InputPath")
			s.outputPath = f.dataPath("OutputPath")
		}
		if f.inLanguage(inJSONata, "Output") {
			f.checkQueries("Output")
		}
	}
	if s.Type != TypeFail && s.Type != TypeSucceed {
		s.assign = f.assign()
	}
	switch s.Type {
	case TypeTask:
		p.task(f, s)
	case TypePass:
		p.pass(f, s)
	case TypeChoice:
		p.choice(f, s)
	case TypeWait:
		p.wait(f, s)
	case TypeFail:
		p.failState(f, s)
	case TypeParallel:
		p.parallel(f, s)
	case TypeMap:
		p.mapState(f, s)
	}
	if s.Type != TypeChoice && s.Type != TypeSucceed && s.Type != TypeFail {
		f.transition(s)
	}
	f.reportUnknown()
	return s
}

// transition reads Next and End, of which there must be exactly one; "End": false does not count.
func (f *fields) transition(s *State) {
	s.Next = f.stateName("Next")
	s.End = f.boolean("End")
	switch hasNext := f.has("Next"); {
	case hasNext && s.End:
		f.atMostOne("Next", "End")
	case !hasNext && !s.End:
		f.reportMissing("Next", "End")
	}
}

// resultFields reads ResultPath and ResultSelector.
func (f *fields) resultFields(s *State) {
	if f.inLanguage(inJSONPath, "ResultPath", "ResultSelector") {
		s.resultPath, s.discardResult = f.resultPath()
		s.resultSelector = f.template("ResultSelector")
	}
}

// arguments reads Parameters or Arguments.
func (f *fields) arguments(s *State) {
	if f.inLanguage(inJSONPath, "Parameters") {
		s.parameters = f.template("Parameters")
	}
	if f.inLanguage(inJSONata, "Arguments") {
		f.checkQueries("Arguments")
	}
}

// task reads the fields of a Task.
func (p *parser) task(f *fields, s *State) {
	f.require("Resource")
	s.Resource = f.text("Resource")
	if v, ok := f.members.Lookup("Resource"); ok && v == any(s.Resource) {
		p.resource(f, s)
	}
	f.arguments(s)
	f.resultFields(s)
	s.timeout = f.seconds("TimeoutSeconds", "TimeoutSecondsPath")
	s.heartbeat = f.seconds("HeartbeatSeconds", "HeartbeatSecondsPath")
	if s.heartbeat.fixed > 0 && s.timeout.fixed > 0 && s.heartbeat.fixed >= s.timeout.fixed {
		p.schema(f.at, "HeartbeatSeconds", "HeartbeatSeconds must be smaller than TimeoutSeconds")
	}
	if f.has("Credentials") {
		f.credentials(s)
	}
	f.retryCatch(s)
}

// credentials reads Credentials of a Task.
func (f *fields) credentials(s *State) {
	v, _ := f.members.Lookup("Credentials")
	at := f.at.member("Credentials")
	if f.isQuery(v, "Credentials") {
		f.take("Credentials")
		return
	}
	c := f.object(v, at)
	switch {
	case c == nil:
	case s.Activity != "":
		f.p.schema(at, "", "The field 'Credentials' is not supported for activities")
	case !c.has("RoleArn") && (f.language == inJSONata || !c.has("RoleArn.$")):
		f.p.schema(at, "", "The field 'RoleArn' is required but was missing")
	}
	if f.language == inJSONata {
		f.checkQueries("Credentials")
		return
	}
	s.credentials = f.template("Credentials")
}

// seconds reads a number of seconds, or its Path form.
func (f *fields) seconds(name, pathName string) seconds {
	f.atMostOne(name, pathName)
	t := seconds{fixed: f.integer(name, 1, maxSeconds)}
	if f.inLanguage(inJSONPath, pathName) {
		t.path = f.reference(pathName)
	}
	return t
}

// pass reads the fields of a Pass.
func (p *parser) pass(f *fields, s *State) {
	if f.inLanguage(inJSONPath, "Result", "Parameters", "ResultPath") {
		s.result, s.hasResult = f.take("Result")
		s.parameters = f.template("Parameters")
		s.resultPath, s.discardResult = f.resultPath()
	}
}

// wait reads the fields of a Wait.
func (p *parser) wait(f *fields, s *State) {
	f.exactlyOne("SecondsPath", "Seconds", "TimestampPath", "Timestamp")
	s.wait.seconds = f.integer("Seconds", 0, maxSeconds)
	if f.inLanguage(inJSONPath, "SecondsPath", "TimestampPath") {
		s.wait.secondsPath = f.reference("SecondsPath")
		s.wait.timestampPath = f.reference("TimestampPath")
	}
	if v, ok := f.members.Lookup("Timestamp"); ok {
		text := f.text("Timestamp")
		if v != any(text) || f.isQuery(v, "Timestamp") {
			return
		}
		if s.wait.timestamp, ok = timestamp(text); !ok {
			p.schema(f.at.member("Timestamp"), "", "String does not match RFC3339 timestamp")
		}
	}
}

// timestamp parses an RFC 3339 date and time, with the capital T and Z (or an offset) that the States Language requires.
func timestamp(text string) (time.Time, bool) {
	t, err := time.Parse(time.RFC3339Nano, text)
	// Go accepts an hour of one digit and a comma as well.
	return t, err == nil && text[len("2006-01-02T15")] == ':' && !strings.Contains(text, ",")
}

// failState reads the fields of a Fail.
func (p *parser) failState(f *fields, s *State) {
	f.atMostOne("Error", "ErrorPath")
	f.atMostOne("Cause", "CausePath")
	s.errorName = f.text("Error")
	s.errorCause = f.text("Cause")
	f.isQuery(s.errorName, "Error")
	f.isQuery(s.errorCause, "Cause")
	if f.inLanguage(inJSONPath, "ErrorPath", "CausePath") {
		s.errorPath = f.expression("ErrorPath")
		s.causePath = f.expression("CausePath")
	}
}

// parallel reads the fields of a Parallel.
func (p *parser) parallel(f *fields, s *State) {
	f.require("Branches")
	f.arguments(s)
	f.resultFields(s)
	f.nonEmptyList("Branches", func(v any, at *location) {
		if branch := p.object(v, at); branch != nil {
			s.Branches = append(s.Branches, p.innerBlock(branch))
		}
	})
	f.retryCatch(s)
}

// innerBlock reads a branch of a Parallel or the processor of a Map.
func (p *parser) innerBlock(f *fields) *Block {
	b := &Block{}
	f.text("Comment")
	p.block(f, b)
	f.reportUnknown()
	p.reportUnreachable(b, f.at)
	return b
}

// retryCatch reads Retry and Catch. In each, States.ALL must stand alone in the last entry.
func (f *fields) retryCatch(s *State) {
	last := f.lastIndex("Retry")
	f.list("Retry", func(v any, at *location) {
		var r Retrier
		if e := f.p.object(v, at); e != nil {
			r = e.retrier(at.index == last)
		}
		s.Retry = append(s.Retry, r)
	})
	last = f.lastIndex("Catch")
	f.list("Catch", func(v any, at *location) {
		var c Catcher
		if e := f.object(v, at); e != nil {
			c = e.catcher(at.index == last)
		}
		s.Catch = append(s.Catch, c)
	})
}

// lastIndex returns the index of the last element of an array, -1 if there is none.
func (f *fields) lastIndex(name string) int {
	v, _ := f.members.Lookup(name)
	list, _ := v.([]any)
	return len(list) - 1
}

// errorEquals reads ErrorEquals. Last is true for the last entry of a Retry or Catch.
func (f *fields) errorEquals(last bool) []string {
	f.require("ErrorEquals")
	var names []string
	end := f.lastIndex("ErrorEquals")
	f.nonEmptyList("ErrorEquals", func(v any, at *location) {
		name, ok := v.(string)
		switch {
		case !ok:
			f.p.schema(at, "", "Expected value of type String")
		case name == ErrAll && (!last || end > 0):
			f.p.schema(at, "", "States.ALL must appear alone and at end of list")
		}
		names = append(names, name)
	})
	return names
}

// maxDelay is the greatest MaxDelaySeconds, 366 days. AWS, "Error handling".
const maxDelay = 31622400

// retrier reads an entry of Retry. Last is true for the last one.
func (f *fields) retrier(last bool) Retrier {
	r := Retrier{ErrorEquals: f.errorEquals(last), IntervalSeconds: 1, MaxAttempts: 3, BackoffRate: 2}
	if f.has("IntervalSeconds") {
		r.IntervalSeconds = f.integer("IntervalSeconds", 0, maxSeconds)
	}
	if f.has("MaxAttempts") {
		r.MaxAttempts = f.integer("MaxAttempts", 0, maxSeconds)
	}
	if rate, ok := f.float("BackoffRate", 1, math.MaxFloat64); ok {
		r.BackoffRate = rate
	}
	r.MaxDelay = time.Duration(f.integer("MaxDelaySeconds", 1, maxDelay)) * time.Second
	r.FullJitter = f.oneOf("JitterStrategy", "NONE", "FULL") == "FULL"
	f.text("Comment")
	f.reportUnknown()
	return r
}

// catcher reads an entry of Catch. Last is true for the last one.
func (f *fields) catcher(last bool) Catcher {
	c := Catcher{ErrorEquals: f.errorEquals(last)}
	f.require("Next")
	c.Next = f.stateName("Next")
	if f.inLanguage(inJSONPath, "ResultPath") {
		c.resultPath, c.discardResult = f.resultPath()
	}
	f.p.inCatch = true
	if f.inLanguage(inJSONata, "Output") {
		f.checkQueries("Output")
	}
	c.assign = f.assign()
	f.p.inCatch = false
	f.text("Comment")
	f.reportUnknown()
	return c
}

// Backoff returns the pause before retry n (n ≥ 1): IntervalSeconds · BackoffRate^(n-1), at most MaxDelay. States Language,
// "Retrying after error".
func (r *Retrier) Backoff(n int) time.Duration {
	limit := r.MaxDelay
	if limit == 0 {
		limit = maxSeconds * time.Second
	}
	if r.IntervalSeconds == 0 {
		return 0 // 0 · ∞ would be no number
	}
	// Not a loop, which would take longer with each retry of a machine that retries for ever.
	pause := float64(r.IntervalSeconds) * float64(time.Second) * math.Pow(r.BackoffRate, float64(n-1))
	if pause >= float64(limit) {
		return limit
	}
	return time.Duration(pause)
}
