package asl_test

import (
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"signalbox/asl"
	"signalbox/asl/value"
)

// run is drive for an execution that is called arn:test, for at most so many Steps.
func run(m *asl.Machine, in any, steps int) (asl.Execution, []asl.HistoryEvent) {
	echo := func(request *asl.TaskRequest) []asl.Event {
		return []asl.Event{{Kind: asl.EventTaskSucceeded, Output: request.Input}}
	}
	none := func(any) asl.Event {
		return asl.Event{Kind: asl.EventObjectFailed, Failure: &asl.Error{Cause: "no objects"}}
	}
	return drive(m, asl.Identity{Name: "test", ID: "arn:test", Seed: 7}, in, steps, echo, none)
}

// An objectStore answers requests for objects.
type objectStore func(request any) asl.Event

// drive runs an execution for at most so many Steps: timers fire at their time, tasks get what answer says, children run to
// their ends while nothing else happens. What comes from outside comes before the start, a Stop when there is nothing left to
// do but to wait.
func drive(m *asl.Machine, who asl.Identity, in any, steps int, answer func(*asl.TaskRequest) []asl.Event,
	objects objectStore, outside ...asl.Event,
) (asl.Execution, []asl.HistoryEvent) {
	x := asl.NewExecution(who)
	var history []asl.HistoryEvent
	var stop *asl.Event
	for _, event := range outside {
		if event.Kind == asl.EventStop {
			stop = &event
			continue
		}
		m.Step(&x, event, &asl.Effects{})
	}
	var queue []asl.Event
	cancelled := map[int64]bool{}
	event := asl.Event{Kind: asl.EventStart, Time: epoch, Input: in}
	for range steps {
		var out asl.Effects
		m.Step(&x, event, &out)
		history = slices.AppendSeq(history, out.History.All())
		for _, do := range out.Do {
			next := asl.Event{Time: event.Time, Scope: do.Scope, ID: do.ID}
			switch do.Kind {
			case asl.EffectContinue:
				next.Kind = asl.EventContinue
			case asl.EffectStartTask:
				for _, e := range answer(do.Task) {
					e.Time, e.Scope, e.ID = next.Time, next.Scope, next.ID
					queue = append(queue, e)
				}
				continue
			case asl.EffectSetTimer:
				next.Kind = asl.EventTimerFired
				if do.At.After(next.Time) {
					next.Time = do.At
				}
			case asl.EffectStartChild:
				child, _ := drive(do.Child.Machine, do.Child.Identity, do.Child.Input, steps, answer, objects)
				next.Kind, next.Child = asl.EventChildEnded, asl.EndOf(do.Child, &child)
			case asl.EffectRequestObject:
				answered := objects(do.Object)
				next.Kind, next.Body, next.Listed, next.Failure = answered.Kind, answered.Body, answered.Listed, answered.Failure
			case asl.EffectCancelTimer, asl.EffectCancelTask:
				cancelled[do.ID] = true
				continue
			default:
				continue
			}
			queue = append(queue, next)
		}
		queue = slices.DeleteFunc(queue, func(e asl.Event) bool { return cancelled[e.ID] })
		if len(queue) == 0 || x.Status != asl.StatusRunning {
			break
		}
		slices.SortStableFunc(queue, func(a, b asl.Event) int { return a.Time.Compare(b.Time) })
		if wait := queue[0].Time.Sub(event.Time); wait > patience || wait > 0 && stop != nil {
			if stop == nil {
				break
			}
			queue, stop.Time = []asl.Event{*stop}, event.Time
		}
		event, queue = queue[0], queue[1:]
	}
	return x, history
}

// patience is how long nobody waits for an execution.
const patience = 10 * 365 * 24 * time.Hour

// one runs a single state that ends the machine, written without its End.
func one(t *testing.T, state, in string) asl.Execution {
	t.Helper()
	caught := ""
	if strings.Contains(state, `"Next":"Caught"`) {
		caught = `,"Caught":{"Type":"Pass","End":true}`
	}
	m := machine(t, []byte(`{"StartAt":"S","States":{"S":`+state+caught+`}}`))
	x, _ := run(m, input(t, []byte(in)), 1000)
	return x
}

func TestDataFlow(t *testing.T) {
	const task = `{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:echo","End":true,`
	for _, c := range []struct{ state, in, want string }{
		{
			`{"Type":"Pass","End":true}`, `{"b":1,"a":2.0,"big":123456789012345678901234567890}`,
			`{"b":1,"a":2.0,"big":123456789012345678901234567890}`,
		},
		{`{"Type":"Pass","InputPath":"$.a","End":true}`, `{"a":[1,2]}`, `[1,2]`},
		{`{"Type":"Pass","InputPath":null,"End":true}`, `{"a":1}`, `{}`},
		{`{"Type":"Pass","OutputPath":null,"End":true}`, `{"a":1}`, `{}`},
		{`{"Type":"Pass","Result":{"x":1},"ResultPath":"$.r.s","End":true}`, `{"a":1}`, `{"a":1,"r":{"s":{"x":1}}}`},
		{`{"Type":"Pass","Result":1,"ResultPath":null,"End":true}`, `{"a":1}`, `{"a":1}`},
		{
			`{"Type":"Pass","InputPath":"$.a","Parameters":{"k.$":"$.b","l":[{"m.$":"$.b"}],"n":"$.b"},"ResultPath":"$.r","End":true}`,
			`{"a":{"b":5}}`, `{"a":{"b":5},"r":{"k":5,"l":[{"m":5}],"n":"$.b"}}`,
		},
		{
			`{"Type":"Pass","Parameters":{"id.$":"$$.Execution.Id","at.$":"$$.State.EnteredTime"},"End":true}`, `{}`,
			`{"id":"arn:test","at":"2026-11-22T17:27:33.000Z"}`,
		},
		{
			task + `"Parameters":{"p.$":"$.a"},"ResultSelector":{"s.$":"$.p"},"ResultPath":"$.r","OutputPath":"$.r"}`,
			`{"a":[1]}`, `{"s":[1]}`,
		},
	} {
		x := one(t, c.state, c.in)
		if x.Status != asl.StatusSucceeded || value.Text(x.Output) != c.want {
			t.Errorf("%s\nof %s\ngot  %v %s %v\nwant %s", c.state, c.in, x.Status, value.Text(x.Output), x.Failure, c.want)
		}
	}
}

func TestIntrinsicFunctions(t *testing.T) {
	for _, c := range []struct{ call, want string }{
		{`States.Format('{} is {}', $.name, $.n)`, `"Ada is 3"`},
		{`States.Format('a\\{b\\} {} it\\'s', $.o)`, `"a{b} {k=1, l=[x, 2.5]} it's"`},
		{`States.StringToJson('{"a": [1]}')`, `{"a":[1]}`},
		{`States.JsonToString($.o)`, `"{\"k\":1,\"l\":[\"x\",2.5]}"`},
		{`States.Array(1, 'a', $.n, null, true)`, `[1,"a",3,null,true]`},
		{`States.Array()`, `[]`},
		{`States.ArrayPartition(States.ArrayRange(1, 5, 1), 2)`, `[[1,2],[3,4],[5]]`},
		{`States.ArrayContains($.o.l, 2.5)`, `true`},
		{`States.ArrayRange(5, 1, -2)`, `[5,3,1]`},
		{`States.ArrayGetItem($.o.l, 1)`, `2.5`},
		{`States.ArrayLength($.o.l)`, `2`},
		{`States.ArrayUnique(States.Array(1, 2, 1))`, `[1,2]`},
		{`States.Base64Encode('Straße')`, `"U3RyYcOfZQ=="`},
		{`States.Base64Decode('U3RyYcOfZQ==')`, `"Straße"`},
		{`States.Hash('x', 'SHA-256')`, `"2d711642b726b04401627ca9fbac32f5c8530fb1903cc4db02258717921a4881"`},
		{`States.JsonMerge($.o, States.StringToJson('{"l":0,"m":1}'), false)`, `{"k":1,"l":0,"m":1}`},
		{`States.MathAdd($.n, -1)`, `2`},
		{`States.MathAdd(1.5, -0.5)`, `2`},
		{`States.StringSplit('1,2;;3', ',;')`, `["1","2","3"]`},
	} {
		state := `{"Type":"Pass","Parameters":{"r.$":` + value.Text(strings.ReplaceAll(c.call, `\\`, `\`)) + `},"OutputPath":"$.r","End":true}`
		x := one(t, state, `{"name":"Ada","n":3,"o":{"k":1,"l":["x",2.5]}}`)
		if x.Status != asl.StatusSucceeded || value.Text(x.Output) != c.want {
			t.Errorf("%s: got %v %s %v, want %s", c.call, x.Status, value.Text(x.Output), x.Failure, c.want)
		}
	}
}

func TestRandomnessDerivesFromTheSeed(t *testing.T) {
	m := machine(t, []byte(`{"StartAt":"S","States":{"S":{"Type":"Pass","End":true,"Parameters":{
		"id.$":"States.UUID()","other.$":"States.UUID()","n.$":"States.MathRandom(1, 1000000)"}}}}`))
	first, _ := run(m, nil, 10)
	again, _ := run(m, nil, 10)
	if a, b := value.Text(first.Output), value.Text(again.Output); a != b {
		t.Errorf("the same seed gave %s and %s", a, b)
	}
	o := first.Output.(*value.Object)
	id, _ := o.Lookup("id")
	other, _ := o.Lookup("other")
	if text := id.(string); len(text) != 36 || text[14] != '4' || !strings.ContainsRune("89ab", rune(text[19])) || id == other {
		t.Errorf("got UUIDs %v and %v, want two of version 4", id, other)
	}
}

func TestChoices(t *testing.T) {
	for _, c := range []struct {
		rule, in string
		want     bool
	}{
		{`"Variable":"$.a","StringEquals":"x"`, `{"a":"x"}`, true},
		{`"Variable":"$.a","StringEquals":"1"`, `{"a":1}`, false},
		{`"Variable":"$.a","StringLessThanPath":"$.b"`, `{"a":"x","b":"y"}`, true},
		{`"Variable":"$.a","StringMatches":"log-*.t*t"`, `{"a":"log-7.txt"}`, true},
		{`"Variable":"$.a","StringMatches":"a\\*b"`, `{"a":"a*b"}`, true},
		{`"Variable":"$.a","StringMatches":"a\\*b"`, `{"a":"axb"}`, false},
		{`"Variable":"$.a","NumericEquals":3`, `{"a":3.0}`, true},
		{`"Variable":"$.a","NumericGreaterThanEquals":9007199254740993`, `{"a":9007199254740992}`, false},
		{`"Variable":"$.a","BooleanEquals":false`, `{"a":false}`, true},
		{`"Variable":"$.a","BooleanEqualsPath":"$.b"`, `{"a":true,"b":false}`, false},
		{`"Variable":"$.a","TimestampLessThan":"2024-05-01T12:00:00+02:00"`, `{"a":"2024-05-01T09:59:59Z"}`, true},
		{`"Variable":"$.a","IsTimestamp":true`, `{"a":"2024-05-01"}`, false},
		{`"Variable":"$.a","IsTimestamp":true`, `{"a":"2024-05-01T09:00:00.5Z"}`, true},
		{`"Variable":"$.a","IsTimestamp":true`, `{"a":"2024-05-01T9:00:00Z"}`, false},
		{`"Variable":"$.a","IsTimestamp":true`, `{"a":"2024-05-01T09:00:00,5Z"}`, false},
		{`"Variable":"$.a","IsPresent":false`, `{}`, true},
		{`"Variable":"$.a","IsNull":true`, `{"a":null}`, true},
		{`"Variable":"$.a","IsNumeric":false`, `{"a":"1"}`, true},
		{`"And":[{"Variable":"$.a","IsString":true},{"Not":{"Variable":"$.a","StringEquals":"y"}}]`, `{"a":"x"}`, true},
		{`"Or":[{"Variable":"$.a","IsBoolean":true},{"Variable":"$.a","IsNull":true}]`, `{"a":1}`, false},
	} {
		m := machine(t, []byte(`{"StartAt":"C","States":{
			"C":{"Type":"Choice","Choices":[{`+c.rule+`,"Next":"Yes"}],"Default":"No"},
			"Yes":{"Type":"Pass","Result":true,"End":true},"No":{"Type":"Pass","Result":false,"End":true}}}`))
		x, _ := run(m, input(t, []byte(c.in)), 10)
		if x.Output != c.want {
			t.Errorf("%s of %s: got %v %v, want %v", c.rule, c.in, x.Output, x.Failure, c.want)
		}
	}
}

func TestFailures(t *testing.T) {
	const at = "An error occurred while executing the state 'S' (entered at the event id #2). "
	for _, c := range []struct{ state, in, name, cause string }{
		{`{"Type":"Fail","Error":"E","Cause":"c"}`, `{}`, "E", "c"},
		{`{"Type":"Fail","ErrorPath":"$.e","CausePath":"States.Format('{}!', $.c)"}`, `{"e":"X","c":"why"}`, "X", "why!"},
		{
			`{"Type":"Pass","InputPath":"$.a.b","End":true}`, `{}`, "States.Runtime",
			at + "Invalid path '$.a.b' : Missing property in path $['a']",
		},
		{
			`{"Type":"Pass","Parameters":{"x.$":"$.a"},"End":true}`, `{"b":1}`, "States.Runtime",
			at + `The JSONPath '$.a' specified for the field 'x.$' could not be found in the input '{"b":1}'`,
		},
		{
			`{"Type":"Wait","SecondsPath":"$.s","End":true}`, `{"s":1.5}`, "States.Runtime",
			at + "The SecondsPath parameter cannot be parsed as a long value: $.s == 1.5",
		},
		{`{"Type":"Wait","SecondsPath":"$.s","End":true}`, `{"s":2147472001}`, "States.Runtime", at + "Wait state delay is too long."},
		{
			`{"Type":"Map","ItemsPath":"$$.Execution.Input","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}},"End":true}`,
			`{"a":1}`, "States.Runtime", at + `Reference path "$.Execution.Input" must point to array.`,
		},
		{
			`{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"Caught"}]}`, `{"a":1}`, "States.NoChoiceMatched",
			at + "Failed to transition out of the state. The state does not point to a next state.",
		},
	} {
		x := one(t, c.state, c.in)
		got := asl.Error{}
		if x.Failure != nil {
			got = *x.Failure
		}
		if diff := cmp.Diff(asl.Error{Name: c.name, Cause: c.cause}, got); x.Status != asl.StatusFailed || diff != "" {
			t.Errorf("%s of %s: got %v (-want +got):\n%s", c.state, c.in, x.Status, diff)
		}
	}
}

func TestWhatErrorNamesTake(t *testing.T) {
	for _, c := range []struct {
		equals, name string
		want         bool
	}{
		{"States.ALL", "Custom", true},
		{"States.ALL", "States.Timeout", true},
		{"States.ALL", "States.Runtime", false},
		{"States.ALL", "States.DataLimitExceeded", true},
		{"States.Runtime", "States.Runtime", false},
		{"States.TaskFailed", "Custom", true},
		{"States.TaskFailed", "States.Timeout", false},
		{"States.Timeout", "States.HeartbeatTimeout", true},
		{"Custom", "Other", false},
	} {
		m := machine(t, []byte(`{"StartAt":"T","States":{
			"T":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:a","End":true,
				"Catch":[{"ErrorEquals":["`+c.equals+`"],"Next":"Caught"}]},
			"Caught":{"Type":"Pass","End":true}}}`))
		x := asl.NewExecution(asl.Identity{})
		var out asl.Effects
		m.Step(&x, asl.Event{Kind: asl.EventStart, Time: epoch}, &out)
		m.Step(&x, asl.Event{
			Kind: asl.EventTaskFailed, Time: epoch, ID: out.Do[0].ID, Failure: &asl.Error{Name: c.name},
		}, &out)
		if got := x.Status == asl.StatusSucceeded; got != c.want {
			t.Errorf("%s takes %s: got %v, want %v", c.equals, c.name, got, c.want)
		}
	}
}

// A missing heartbeat is told as States.Timeout, as AWS records it, and taken by either name.
func TestBackoff(t *testing.T) {
	for _, c := range []struct {
		r    asl.Retrier
		n    int
		want time.Duration
	}{
		{asl.Retrier{IntervalSeconds: 3, BackoffRate: 2}, 1, 3 * time.Second},
		{asl.Retrier{IntervalSeconds: 3, BackoffRate: 1.5}, 3, 6750 * time.Millisecond},
		{asl.Retrier{IntervalSeconds: 3, BackoffRate: 2, MaxDelay: 10 * time.Second}, 3, 10 * time.Second},
		{asl.Retrier{IntervalSeconds: 3, BackoffRate: 1}, 99999999, 3 * time.Second},
		{asl.Retrier{IntervalSeconds: 1, BackoffRate: 2}, 99999999, 99999999 * time.Second},
		{asl.Retrier{IntervalSeconds: 0, BackoffRate: 2}, 99999999, 0},
	} {
		if got := c.r.Backoff(c.n); got != c.want {
			t.Errorf("retry %d of %+v: got %v, want %v", c.n, c.r, got, c.want)
		}
	}
}

func TestMissingHeartbeatIsTakenByBothNames(t *testing.T) {
	for _, c := range []struct {
		equals, late string
		want         string
	}{
		{"States.HeartbeatTimeout", "HeartbeatSeconds", `{"Error":"States.Timeout","Cause":""}`},
		{"States.Timeout", "HeartbeatSeconds", `{"Error":"States.Timeout","Cause":""}`},
		{"States.TaskFailed", "HeartbeatSeconds", `null`},
		{"States.Timeout", "TimeoutSeconds", `{"Error":"States.Timeout","Cause":""}`},
		{"States.HeartbeatTimeout", "TimeoutSeconds", `null`},
	} {
		m := machine(t, []byte(`{"StartAt":"T","States":{
			"T":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:a","`+c.late+`":5,"End":true,
				"Catch":[{"ErrorEquals":["`+c.equals+`"],"Next":"Caught"}]},
			"Caught":{"Type":"Pass","End":true}}}`))
		never := func(*asl.TaskRequest) []asl.Event { return nil }
		x, _ := drive(m, asl.Identity{}, nil, 10, never, nil)
		if got := value.Text(x.Output); got != c.want || x.Stopped.Sub(epoch) != 5*time.Second {
			t.Errorf("%s of %s: got %s after %v, want %s after 5s", c.equals, c.late, got, x.Stopped.Sub(epoch), c.want)
		}
	}
}

func TestParallelAndMapAreScopesOfOneExecution(t *testing.T) {
	m := machine(t, []byte(`{"StartAt":"P","States":{
		"P":{"Type":"Parallel","Next":"M","Branches":[
			{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3,"Next":"L"},"L":{"Type":"Pass","Result":"left","End":true}}},
			{"StartAt":"R","States":{"R":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:a",
				"Parameters":["right"],"End":true}}}]},
		"M":{"Type":"Map","End":true,"MaxConcurrency":1,"ItemSelector":{"i.$":"$$.Map.Item.Index","v.$":"$$.Map.Item.Value"},
			"ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Wait","Seconds":1,"End":true}}}}}}`))
	x, history := run(m, nil, 100)
	want := `[{"i":0,"v":"left"},{"i":1,"v":["right"]}]`
	if got := value.Text(x.Output); got != want || x.Stopped.Sub(epoch) != 5*time.Second {
		t.Errorf("got %s after %v (%v), want %s after 5s", got, x.Stopped.Sub(epoch), x.Failure, want)
	}
	for i := range history {
		if history[i].ID != int64(i+1) {
			t.Fatalf("event %d has id %d", i+1, history[i].ID)
		}
	}
}

// More iterations than a Step has budget, none of which ever waits, all begin.
func TestIterationsThatNeverWaitLetOthersBegin(t *testing.T) {
	m, faults := asl.ParseWith([]byte(`{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":1000,"End":true,
		"ItemProcessor":{"StartAt":"L","States":{"L":{"Type":"Pass","Next":"L"}}}}}}`), asl.Options{Endless: true})
	if m == nil {
		t.Fatal(faults)
	}
	x, _ := run(m, make([]any, 400), 400)
	if got := len(x.Positions()); got != 401 {
		t.Errorf("got %d scopes, want the Map's and 400", got)
	}
}

func TestFailedBranchTakesItsSiblingsBack(t *testing.T) {
	m := machine(t, []byte(`{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,
		"Catch":[{"ErrorEquals":["Boom"],"ResultPath":"$.error","Next":"After"}],
		"Branches":[
			{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:a","End":true}}},
			{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"Boom","Cause":"b"}}}]},
		"After":{"Type":"Pass","End":true}}}`))
	x := asl.NewExecution(asl.Identity{})
	var out asl.Effects
	m.Step(&x, asl.Event{Kind: asl.EventStart, Time: epoch, Input: value.NewObject()}, &out)
	var kinds []asl.EffectKind
	for _, do := range out.Do {
		kinds = append(kinds, do.Kind)
	}
	if diff := cmp.Diff([]asl.EffectKind{asl.EffectStartTask, asl.EffectCancelTask, asl.EffectFinish}, kinds); diff != "" {
		t.Errorf("effects (-want +got):\n%s", diff)
	}
	if got, want := value.Text(x.Output), `{"error":{"Error":"Boom","Cause":"b"}}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

// A copy of an execution is a snapshot: stepping one does not touch the other, in whatever order, and both end alike.
func TestCopiesOfAnExecutionAreIndependent(t *testing.T) {
	m := machine(t, []byte(`{"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$","MaxConcurrency":3,"End":true,
		"ItemProcessor":{"StartAt":"T","States":{
			"T":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:a",
				"Retry":[{"ErrorEquals":["Again"],"MaxAttempts":60}],"Next":"P"},
			"P":{"Type":"Parallel","End":true,"Branches":[
				{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":1,"End":true}}},
				{"StartAt":"B","States":{"B":{"Type":"Pass","End":true}}}]}}}}}}`))
	rapid.Check(t, func(t *rapid.T) {
		type fork struct {
			x    asl.Execution
			open []asl.Event
		}
		forks := []fork{{x: asl.NewExecution(asl.Identity{Seed: 1})}}
		step := func(f *fork, event asl.Event) {
			var out asl.Effects
			m.Step(&f.x, event, &out)
			f.open = append([]asl.Event(nil), f.open...)
			for _, do := range out.Do {
				switch do.Kind {
				case asl.EffectStartTask:
					f.open = append(f.open, asl.Event{Kind: asl.EventTaskSucceeded, Time: epoch, Scope: do.Scope, ID: do.ID, Output: do.Task.Input})
				case asl.EffectSetTimer:
					f.open = append(f.open, asl.Event{Kind: asl.EventTimerFired, Time: epoch, Scope: do.Scope, ID: do.ID})
				}
			}
		}
		step(&forks[0], asl.Event{Kind: asl.EventStart, Time: epoch, Input: []any{int64(1), int64(2), int64(3), int64(4), int64(5)}})
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			i := rapid.IntRange(0, len(forks)-1).Draw(t, "which")
			if len(forks) < 4 && rapid.Bool().Draw(t, "fork") {
				forks = append(forks, forks[i])
			}
			f := &forks[i]
			if len(f.open) == 0 {
				continue
			}
			k := rapid.IntRange(0, len(f.open)-1).Draw(t, "event")
			event := f.open[k]
			f.open = append(append([]asl.Event(nil), f.open[:k]...), f.open[k+1:]...)
			if event.Kind == asl.EventTaskSucceeded && rapid.IntRange(0, 4).Draw(t, "again") == 0 {
				event = asl.Event{Kind: asl.EventTaskFailed, Time: epoch, Scope: event.Scope, ID: event.ID, Failure: &asl.Error{Name: "Again"}}
			}
			before := make([]string, len(forks))
			for j := range forks {
				before[j] = picture(forks[j].x)
			}
			step(f, event)
			for j := range forks {
				if j != i && picture(forks[j].x) != before[j] {
					t.Fatalf("stepping copy %d changed copy %d from %s to %s", i, j, before[j], picture(forks[j].x))
				}
			}
		}
		for i := range forks {
			f := &forks[i]
			for len(f.open) > 0 {
				event := f.open[0]
				f.open = f.open[1:]
				step(f, event)
			}
			want := "[[1,1],[2,2],[3,3],[4,4],[5,5]]"
			if got := value.Text(f.x.Output); f.x.Status != asl.StatusSucceeded || got != want {
				t.Fatalf("copy %d ended as %v %s (%v), want %s", i, f.x.Status, got, f.x.Failure, want)
			}
		}
	})
}

// The same for a Map of many Tasks whose answers come in any order and differ from copy to copy: none gets into another.
func TestCopiesOfALargeMapAreIndependent(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.SampledFrom([]int{1, 31, 32, 33, 100, 1030}).Draw(t, "items")
		limit := rapid.SampledFrom([]int{1, 7, 40, 2000}).Draw(t, "at once")
		m, faults := asl.Parse([]byte(`{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":` + strconv.Itoa(limit) + `,"End":true,
			"ItemProcessor":{"StartAt":"T","States":{
				"T":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:a","End":true}}}}}}`))
		if m == nil {
			t.Fatal(faults)
		}
		type fork struct {
			x    asl.Execution
			open []asl.Event // what it waits for; the Output is the item's number
			got  []any       // what each item was answered with
		}
		step := func(f *fork, event asl.Event) {
			var out asl.Effects
			m.Step(&f.x, event, &out)
			for i := range out.Do {
				do := &out.Do[i]
				switch do.Kind {
				case asl.EffectStartTask:
					f.open = append(f.open, asl.Event{Kind: asl.EventTaskSucceeded, Time: epoch, Scope: do.Scope, ID: do.ID, Output: do.Task.Input})
				case asl.EffectContinue:
					f.open = append(f.open, asl.Event{Kind: asl.EventContinue, Time: epoch})
				}
			}
		}
		items := make([]any, total)
		for i := range items {
			items[i] = int64(i)
		}
		forks := []fork{{x: asl.NewExecution(asl.Identity{Seed: 1}), got: make([]any, total)}}
		step(&forks[0], asl.Event{Kind: asl.EventStart, Time: epoch, Input: items})
		random := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		for answered := 0; ; answered++ {
			going := slices.DeleteFunc([]int{0, 1, 2}, func(i int) bool { return i >= len(forks) || len(forks[i].open) == 0 })
			if len(going) == 0 {
				break
			}
			which := going[random.IntN(len(going))]
			if len(forks) < 3 && random.IntN(total) < 4 {
				f := forks[which]
				f.open, f.got = slices.Clone(f.open), slices.Clone(f.got)
				forks = append(forks, f)
			}
			f := &forks[which]
			k := random.IntN(len(f.open))
			event := f.open[k]
			f.open = slices.Delete(f.open, k, k+1)
			if event.Kind == asl.EventTaskSucceeded {
				i := event.Output.(int64)
				f.got[i] = int64(which)<<32 | int64(answered)
				event.Output = f.got[i]
			}
			step(f, event)
		}
		for i := range forks {
			f := &forks[i]
			if got, want := value.Text(f.x.Output), value.Text(f.got); f.x.Status != asl.StatusSucceeded || got != want {
				t.Fatalf("copy %d ended as %v (%v)\ngot  %s\nwant %s", i, f.x.Status, f.x.Failure, got, want)
			}
		}
	})
}

func picture(x asl.Execution) string {
	var b strings.Builder
	b.WriteString(x.Status.String())
	for _, p := range x.Positions() {
		b.WriteString(" " + p.State.Name + "@" + string(p.Scope))
		b.WriteByte(byte('0' + p.Retry))
	}
	return b.String()
}

// Of the whole payload of a state, as of a few elements: the time does not grow with the square of their number.
func TestArrayUniqueOfAWholePayload(t *testing.T) {
	list := make([]any, 0, 80000)
	for i := range cap(list) {
		list = append(list, int64(i%40000))
	}
	got := one(t, `{"Type":"Pass","Parameters":{"n.$":"States.ArrayLength(States.ArrayUnique($))"},"End":true}`, value.Text(list))
	if want := `{"n":40000}`; value.Text(got.Output) != want {
		t.Errorf("got %s, want %s", value.Text(got.Output), want)
	}
}
