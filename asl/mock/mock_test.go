package mock_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/mock"
	"signalbox/asl/value"
	"signalbox/internal/yamltree"
)

// fileFaults are texts with everything that is wrong with them.
var fileFaults = []struct{ name, text, want string }{
	{"nothing", ``, `m.json:1:1: not JSON: the text is empty`},
	{"not JSON", "{\n \"StateMachines\": x}", `m.json:2:19: not JSON: invalid character 'x' at start of value`},
	{"no object", ` []`, `m.json:1:2: the file should be an object`},
	{"empty", ` {}`, "m.json:1:2: the file needs StateMachines\nm.json:1:2: the file needs MockedResponses"},
	{
		"names that are near", `{"StateMachine": {}, "MockedResponses": {}, "Version": 1}`,
		"m.json:1:2: the file has no \"StateMachine\"; did you mean \"StateMachines\"?\n" +
			`m.json:1:45: the file has no "Version"; known are: StateMachines, MockedResponses`,
	},
	{
		"machines", `{"StateMachines": {"m": {}, "n": [], "o": {"Cases": {}}, "p": {"TestCases": 1}}, "MockedResponses": {}}`,
		"m.json:1:25: a state machine needs TestCases\n" +
			"m.json:1:34: a state machine should be an object\n" +
			"m.json:1:44: a state machine has no \"Cases\"; did you mean \"TestCases\"?\n" +
			"m.json:1:77: TestCases should be an object",
	},
	{
		"cases",
		`{"StateMachines": {"m": {"TestCases": {"c": {"Ä": "rr", "B": {}, "C": "x",` + "\n" + `"D": "r", "D": "r"}}}},` +
			`"MockedResponses": {"r": {"0": {"Return": 1}}, "r": {"0": {"Return": 2}}}}`,
		"m.json:1:51: MockedResponses has no \"rr\"; did you mean \"r\"?\n" +
			"m.json:1:62: a state has the name of a response, in quotes\n" +
			"m.json:1:71: MockedResponses has no \"x\"; it has: r\n" +
			"m.json:2:11: \"D\" is here again; each name comes once\n" +
			`m.json:2:71: "r" is here again; each name comes once`,
	},
	{
		"responses that are missing are said once", `{"StateMachines": {"m": {"TestCases": {"c": {"A": "r"}}}}}`,
		`m.json:1:1: the file needs MockedResponses`,
	},
	{
		"invocations", responses(`"first": {"Return": 1}`),
		`m.json:1:48: "first" is no invocation; the first one is "0", the four after it are "1-4"`,
	},
	{
		"a sign", responses(`"0": {"Return": 1}, "+1": {"Return": 1}`),
		`m.json:1:68: "+1" is no invocation; the first one is "0", the four after it are "1-4"`,
	},
	{
		"too many", responses(`"0-1000000000": {"Return": 1}`),
		`m.json:1:48: "0-1000000000" is no invocation; the first one is "0", the four after it are "1-4"`,
	},
	{"backwards", responses(`"0": {"Return": 1}, "3-1": {"Return": 1}`), `m.json:1:68: "3-1" ends before it begins`},
	{"late", responses(`"1": {"Return": 1}`), `m.json:1:48: nothing answers invocation 0, the first one: "1" is too late`},
	{
		"a gap", responses(`"4-5": {"Return": 1}, "0-2": {"Return": 1}`),
		`m.json:1:48: nothing answers invocation 3, between "0-2" and "4-5"`,
	},
	{"an overlap", responses(`"0-2": {"Return": 1}, "2-3": {"Return": 1}`), `m.json:1:70: "2-3" overlaps "0-2"`},
	{
		"one inside another", responses(`"0-5": {"Return": 1}, "1": {"Return": 1}, "6": {"Return": 1}`),
		`m.json:1:70: "1" overlaps "0-5"`,
	},
	{"no answer", responses(`"0": {}`), `m.json:1:48: "0" answers nothing: give it a Return or a Throw`},
	{"no object for an answer", responses(`"0": "yes"`), `m.json:1:53: an answer should be an object`},
	{
		"both", responses(`"0": {"Return": 1, "Throw": {"Error": "E"}}`),
		`m.json:1:67: an answer has a Return or a Throw, not both`,
	},
	{"neither", responses(`"0": {"Returns": 1}`), `m.json:1:54: an answer has no "Returns"; did you mean "Return"?`},
	{
		"a Throw of nothing", responses(`"0": {"Throw": {"Cause": "c"}}`),
		`m.json:1:63: a Throw needs an Error: the name that Retry and Catch look for`,
	},
	{"a Throw of text", responses(`"0": {"Throw": "E"}`), `m.json:1:63: a Throw should be an object`},
	{
		"a Throw of numbers", responses(`"0": {"Throw": {"Error": 1, "Cause": null, "Code": 2}}`),
		"m.json:1:73: Error should be text\nm.json:1:85: Cause should be text\n" +
			`m.json:1:91: a Throw has no "Code"; known are: Error, Cause`,
	},
}

// responses is a file of one response.
func responses(answers string) string {
	return `{"StateMachines":{}, "MockedResponses": {"r": {` + answers + `}}}`
}

func TestFaultsOfFiles(t *testing.T) {
	for _, test := range fileFaults {
		_, err := mock.Read("m.json", []byte(test.text))
		if err == nil || err.Error() != test.want {
			t.Errorf("%s: got\n%v\nwant\n%s", test.name, err, test.want)
		}
	}
}

func read(tb testing.TB, text string) *mock.File {
	tb.Helper()
	f, err := mock.Read("m.json", []byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return f
}

func TestWhichCaseIsMeant(t *testing.T) {
	const (
		one  = `{"StateMachines": {"m": {"TestCases": {"c": {}}}}, "MockedResponses": {}}`
		some = `{"StateMachines": {"m": {"TestCases": {"c": {}, "d": {}}}, "n": {"TestCases": {"e": {}}}, "o": {"TestCases": {}}},
			"MockedResponses": {}}`
	)
	for _, c := range []struct{ text, definition, name, want string }{
		{one, "m", "", "m#c"},
		{one, "other", "", "m#c"},
		{one, "other", "c", "m#c"},
		{one, "m", "x", `m.json has no test case "x" for m; it has: c`},
		{one, "m", "x#c", `m.json has no state machine "x"; it has: m; name a case of one as MACHINE#CASE`},
		{some, "m", "d", "m#d"},
		{some, "m", "", `m.json has several test cases for m, name one of them: c, d`},
		{some, "m", "e", `m.json has no test case "e" for m; it has: c, d`},
		{some, "n", "", "n#e"},
		{some, "m", "n#e", "n#e"},
		{some, "x", "n#", "n#e"},
		{some, "x", "e", `m.json has no state machine "x"; it has: m, n, o; name a case of one as MACHINE#CASE`},
		{some, "o", "", "m.json has no test cases for o"},
		{
			`{"StateMachines": {}, "MockedResponses": {}}`, "m", "",
			`m.json has no state machine "m"; it has: none; name a case of one as MACHINE#CASE`,
		},
	} {
		var got string
		if found, err := read(t, c.text).Case(c.definition, c.name); err != nil {
			got = err.Error()
		} else {
			got = found.Machine + "#" + found.Name
		}
		if got != c.want {
			t.Errorf("case %q for %s: got %q, want %q", c.name, c.definition, got, c.want)
		}
	}
}

func parse(tb testing.TB, text string) *asl.Machine {
	tb.Helper()
	m, faults := asl.Parse([]byte(text))
	if m == nil {
		tb.Fatal(faults)
	}
	return m
}

func TestTheStatesOfACaseAreTasksOfTheDefinition(t *testing.T) {
	m := parse(t, `{"StartAt": "Map", "States": {"Map": {"Type": "Map", "End": true, "ItemProcessor": {"StartAt": "In", "States": {
		"In": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": "q", "MessageBody": "b"}, "End": true}}}}}}`)
	f, err := mock.Read("m.json", []byte(`{"MockedResponses": {"r": {"0": {"Return": 1}}}, "StateMachines": {"m": {"TestCases": {
"c": {"In": "r", "I": "r", "Map": "r", "Out": "r"}}}}}`))
	if err != nil {
		t.Fatal(err)
	}
	c, err := f.Case("m", "c")
	if err != nil {
		t.Fatal(err)
	}
	const want = "m.json:2:18: the definition has no state \"I\"; did you mean \"In\"?\n" +
		"m.json:2:28: state \"Map\" is a Map; only a Task is answered\n" +
		"m.json:2:40: the definition has no state \"Out\"; its Tasks are: In"
	if err := c.Check(m); err == nil || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
}

// run plays a case with a definition to its end, on a simulated clock.
func run(tb testing.TB, m *asl.Machine, input any, o engine.Options) *engine.Run {
	tb.Helper()
	o.Clock = engine.NewSimulated(engine.Epoch, 0)
	r, err := engine.New(o).Start(m, asl.Identity{Name: "test"}, input, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if err := o.Clock.Run(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return r
}

// caseOf is the only case of a file with one machine and these members.
func caseOf(tb testing.TB, states, responses string) *mock.Case {
	tb.Helper()
	f := read(tb, `{"StateMachines": {"m": {"TestCases": {"c": {`+states+`}}}}, "MockedResponses": {`+responses+`}}`)
	c, err := f.Case("m", "")
	if err != nil {
		tb.Fatal(err)
	}
	return c
}

// outcome is the output of an execution, or its failure.
func outcome(r *engine.Run) string {
	x := r.Snapshot()
	if x.Failure != nil {
		return x.Failure.Error()
	}
	return value.Text(x.Output)
}

func TestAnswers(t *testing.T) {
	const (
		loop = `{"StartAt": "A", "States": {
			"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": "q", "MessageBody": "b"}, "ResultPath": "$.result", "Next": "Enough"},
			"Enough": {"Type": "Choice", "Choices": [{"Variable": "$.result", "StringEquals": "more", "Next": "A"}], "Default": "Done"},
			"Done": {"Type": "Succeed"}}}`
		retry = `{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": "q", "MessageBody": "b"}, "End": true,
			"Retry": [{"ErrorEquals": ["Busy"]}], "Catch": [{"ErrorEquals": ["States.ALL"], "Next": "Caught"}]},
			"Caught": {"Type": "Pass", "End": true}}}`
		each = `{"StartAt": "Map", "States": {"Map": {"Type": "Map", "MaxConcurrency": 1, "End": true,
			"ItemProcessor": {"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": "q", "MessageBody": "b"},
				"Retry": [{"ErrorEquals": ["Busy"]}], "End": true}}}}}}`
		resource = `{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "RESOURCE", "End": true,
			"Parameters": {"FunctionName": "f", "QueueUrl": "q", "MessageBody": "b"}}}}`
	)
	of := func(arn string) string { return strings.Replace(resource, "RESOURCE", arn, 1) }
	const function = "arn:aws:lambda:eu-north-1:123456789012:function:f"
	invoked := `"0": {"Return": {"StatusCode": 200, "Payload": {"x": 1.0}}}`
	for _, test := range []struct{ name, definition, input, answers, want string }{
		{"any value is returned", of("arn:aws:states:::sqs:sendMessage"), `{}`, `"0": {"Return": "text"}`, `"text"`},
		{"null too", of("arn:aws:states:::sqs:sendMessage"), `{}`, `"0": {"Return": null}`, `null`},
		{
			"a service's answer stays as it is", of("arn:aws:states:::lambda:invoke"), `{}`, invoked,
			`{"StatusCode":200,"Payload":{"x":1.0}}`,
		},
		{"a function's is its payload", of(function), `{}`, invoked, `{"x":1.0}`},
		{"of a version too", of(function + ":live"), `{}`, invoked, `{"x":1.0}`},
		{"without Invoke's answer around it", of(function), `{}`, `"0": {"Return": {"y": 2}}`, `{"y":2}`},
		{"an activity", of("arn:aws:states:us-east-1:123456789012:activity:f"), `{}`, `"0": {"Return": {"y": 2}}`, `{"y":2}`},
		{
			"a failure has its words", of(function), `{}`, `"0": {"Throw": {"Error": "Oh", "Cause": "{\"a\": 1}"}}`,
			`Oh: {"a": 1}`,
		},
		{"and need not have a cause", of(function), `{}`, `"0": {"Throw": {"Error": "Oh"}}`, `Oh`},
		{"what a loop comes back to", loop, `{}`, `"0-2": {"Return": "more"}, "3": {"Return": 7}`, `{"result":7}`},
		{"retries", retry, `{}`, `"0-1": {"Throw": {"Error": "Busy"}}, "2": {"Return": 1}`, `1`},
		{
			"a failure that is caught", retry, `{}`, `"0": {"Throw": {"Error": "Broken", "Cause": "badly"}}`,
			`{"Error":"Broken","Cause":"badly"}`,
		},
		{
			"iterations and their retries go on where the others stopped", each, `[1, 2]`,
			`"0": {"Throw": {"Error": "Busy"}}, "1": {"Return": "one"}, "2": {"Return": "two"}`, `["one","two"]`,
		},
		{
			"so do the child executions of a distributed Map",
			strings.Replace(each, `"ItemProcessor": {`, `"ItemProcessor": {"ProcessorConfig": {"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}, `, 1),
			`[1, 2]`, `"0": {"Throw": {"Error": "Busy"}}, "1": {"Return": "one"}, "2": {"Return": "two"}`, `["one","two"]`,
		},
		{
			"beyond the last answer nothing catches it", retry, `{}`, `"0-1": {"Throw": {"Error": "Busy"}}`,
			"States.Runtime: Response 'r' in m.json has no answer for invocation 2 of state 'A': its last one is for invocation 1",
		},
		{
			"nor where there is none at all", retry, `{}`, ``,
			"States.Runtime: Response 'r' in m.json has no answer for invocation 0 of state 'A': it has no answers",
		},
	} {
		input, err := value.Read([]byte(test.input))
		if err != nil {
			t.Fatal(err)
		}
		c := caseOf(t, `"A": "r"`, `"r": {`+test.answers+`}`)
		if got := outcome(run(t, parse(t, test.definition), input, engine.Options{Other: c.Play()})); got != test.want {
			t.Errorf("%s: got %s, want %s", test.name, got, test.want)
		}
	}
}

// AWS records that a Task was submitted where a service takes it first and answers later, and nowhere else.
func TestTasksThatAreHandedOnAreSubmitted(t *testing.T) {
	for resource, want := range map[string]bool{
		"arn:aws:states:::sqs:sendMessage":                       false,
		"arn:aws:states:::sqs:sendMessage.waitForTaskToken":      true,
		"arn:aws:states:::batch:submitJob.sync":                  true,
		"arn:aws:states:::states:startExecution.sync:2":          true,
		"arn:aws:lambda:us-east-1:123456789012:function:f":       false,
		"arn:aws:states:us-east-1:123456789012:activity:in.sync": false,
	} {
		m := parse(t, `{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "`+resource+`", "End": true,
			"Parameters": {"QueueUrl": "q", "MessageBody": "b", "StateMachineArn": "s"}}}}`)
		for _, answer := range []string{`{"Return": 1}`, `{"Throw": {"Error": "E"}}`} {
			submitted := false
			for e := range run(t, m, nil, engine.Options{Other: caseOf(t, `"A": "r"`, `"r": {"0": `+answer+`}`).Play()}).History() {
				submitted = submitted || e.Type == asl.HistoryTaskSubmitted
			}
			if submitted != want {
				t.Errorf("%s with %s: got submitted %v, want %v", resource, answer, submitted, want)
			}
		}
	}
}

func TestEveryPlayerBeginsAnew(t *testing.T) {
	m := parse(t, `{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": "q", "MessageBody": "b"}, "End": true}}}`)
	c := caseOf(t, `"A": "r"`, `"r": {"0": {"Return": 1}}`)
	for range 2 {
		if got := outcome(run(t, m, nil, engine.Options{Other: c.Play()})); got != "1" {
			t.Errorf("got %s, want 1", got)
		}
	}
}

// What the file says goes before a handler that is there, and a handler before a failure.
func TestStatesWithoutAResponse(t *testing.T) {
	m := parse(t, `{"StartAt": "A", "States": {
		"A": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:f", "ResultPath": "$.a", "Next": "B"},
		"B": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:f", "ResultPath": "$.b", "Next": "C"},
		"C": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": "q", "MessageBody": "b"}, "End": true,
			"Catch": [{"ErrorEquals": ["States.ALL"], "Next": "D"}]},
		"D": {"Type": "Succeed"}}}`)
	var handled []string
	f := engine.HandlerFunc(func(t engine.Task) (any, string, string) {
		handled = append(handled, t.State)
		return "handler", "", ""
	})
	p := caseOf(t, `"A": "r"`, `"r": {"0": {"Return": "file"}}`).Play()
	r := run(t, m, value.NewObject(), engine.Options{Other: p, Handlers: map[string]engine.Handler{"f": p.Before(f)}})
	const want = "States.Runtime: Nothing answers state 'C': test case 'c' of 'm' in m.json has no response for it, " +
		"and nothing else here answers the resource arn:aws:states:::sqs:sendMessage"
	if got := outcome(r); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if !slices.Equal(handled, []string{"B"}) {
		t.Errorf("the handler was asked for %v, want B alone", handled)
	}
}

func FuzzRead(f *testing.F) {
	for _, test := range fileFaults {
		f.Add([]byte(test.text))
	}
	examples, err := filepath.Glob("../../examples/*/mocks.json")
	if err != nil || len(examples) == 0 {
		f.Fatalf("no example mocks: %v", err)
	}
	for _, path := range examples {
		text, err := os.ReadFile(path)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(text)
	}
	m := parse(f, `{"StartAt": "A", "States": {"A": {"Type": "Task", "Resource": "arn:aws:states:::sqs:sendMessage", "Parameters": {"QueueUrl": "q", "MessageBody": "b"}, "End": true}}}`)
	f.Fuzz(func(t *testing.T, text []byte) {
		file, err := mock.Read("m.json", text)
		var faults yamltree.Faults
		switch {
		case err == nil:
			if c, err := file.Case("m", ""); err == nil && c.Check(m) == nil {
				run(t, m, nil, engine.Options{Other: c.Play()})
			}
			return
		case !errors.As(err, &faults) || len(faults) == 0:
			t.Fatalf("%T is no Faults: %v", err, err)
		}
		lines := strings.Split(string(text), "\n")
		for i, fault := range faults {
			switch {
			case fault.Line < 1 || fault.Line > len(lines) || fault.Column < 1 || fault.Column > len(lines[fault.Line-1])+1:
				t.Errorf("%v is not in the text", fault)
			case i > 0 && (fault.Line < faults[i-1].Line || fault.Line == faults[i-1].Line && fault.Column < faults[i-1].Column):
				t.Errorf("%v comes before %v", fault, faults[i-1])
			}
		}
	})
}

// Thousands of unknown names beside thousands of known ones: the messages list some of those, and hints are not looked for without
// end. (Each message listed all of them, which was hundreds of megabytes.)
func TestMessagesAboutThousandsOfNamesStayShort(t *testing.T) {
	var states, responses []string
	for i := range 5000 {
		states = append(states, fmt.Sprintf(`"state %d":"unknown %d"`, i, i))
		responses = append(responses, fmt.Sprintf(`"response %d":{"0":{"Return":1}}`, i))
	}
	text := `{"StateMachines":{"m":{"TestCases":{"c":{` + strings.Join(states, ",") + `}}}},"MockedResponses":{` + strings.Join(responses, ",") + `}}`
	_, err := mock.Read("f", []byte(text))
	var found yamltree.Faults
	if !errors.As(err, &found) || len(found) != 5000 {
		t.Fatalf("got %d faults, want 5000", len(found))
	}
	for _, f := range []yamltree.Fault{found[0], found[4999]} {
		if len(f.Message) > 1200 || !strings.HasSuffix(f.Message, "response 49 and 4950 more") {
			t.Errorf("got the message %s", f.Message)
		}
	}
}
