package asl_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl"
	"signalbox/asl/value"
)

// faults parses text and returns each diagnostic as line:column: message at location.
func faults(text string) []string {
	_, found := asl.Parse([]byte(text))
	var list []string
	for _, f := range found {
		list = append(list, f.Error())
	}
	return list
}

func TestFaultsOfDefinitions(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"not JSON", "{\n  \"StartAt\": }", []string{
			"2:14: INVALID_JSON_DESCRIPTION: missing value after object name at /",
		}},
		{"empty", " ", []string{"1:2: INVALID_JSON_DESCRIPTION: the text is empty at /"}},
		{"no object", "[]", []string{"1:1: SCHEMA_VALIDATION_FAILED: Expected value of type Object at /"}},
		{"nothing in it", "{}", []string{
			"1:1: SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /",
		}},
		{"no StartAt", `{"States":{"A":{"Type":"Pass","End":true}}}`, []string{
			"1:1: SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at /",
		}},
		{"targets that are not there", `{"StartAt":"X","States":{
  "A":{"Type":"Pass","Next":"Y"},
  "C":{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"Z"}],"Default":"W"},
  "T":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:a","End":true,
    "Catch":[{"ErrorEquals":["States.ALL"],"Next":"V"}]}}}`, []string{
			"1:2: MISSING_TRANSITION_TARGET: Missing 'StartAt' target: X at /StartAt",
			"2:22: MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at /States/A/Next",
			"3:67: MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /States/C/Choices/0/Next",
			"3:80: MISSING_TRANSITION_TARGET: Missing 'Default' target: W at /States/C/Default",
			"5:44: MISSING_TRANSITION_TARGET: Missing 'Next' target: V at /States/T/Catch/0/Next",
		}},
		{"fields", `{"StartAt":"A","States":{"A":{"Type":"Pass","Nxt":"B","Next":"A","End":true,"InputPath":"a"},
"B":{"Type":"Wait","Seconds":1.5,"End":true},
"C":{"Type":"Sleep"},
"D":{"Type":"Wait","Seconds":1,"SecondsPath":"$.x","End":true},
"E":{"Type":"Pass","ResultPath":"$.a[*]","Parameters":{"x.$":"b","y":{"z.$":"States.Nothing()"}}}}}`, []string{
			"1:45: SCHEMA_VALIDATION_FAILED: Field is not supported at /States/A/Nxt",
			"1:66: SCHEMA_VALIDATION_FAILED: Only one of the following fields may be specified: [Next, End] at /States/A",
			"1:77: SCHEMA_VALIDATION_FAILED: Value is not a valid JSONPath at /States/A/InputPath",
			"2:20: SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/B/Seconds",
			"3:6: SCHEMA_VALIDATION_FAILED: Value must be one of: " +
				"[Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map] at /States/C/Type",
			"4:1: SCHEMA_VALIDATION_FAILED: Exactly one of the following fields must be specified: " +
				"[Seconds, Timestamp, SecondsPath, TimestampPath] at /States/D",
			"5:1: SCHEMA_VALIDATION_FAILED: These fields are required: [Next or End] at /States/E",
			"5:20: SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/E/ResultPath",
			"5:56: SCHEMA_VALIDATION_FAILED: The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic " +
				"function call at /States/E/Parameters",
			"5:71: SCHEMA_VALIDATION_FAILED: The value for the field 'z.$' must be a valid JSONPath or a valid intrinsic " +
				"function call at /States/E/Parameters/y",
		}},
		{"choice rules", `{"StartAt":"C","States":{"C":{"Type":"Choice","Default":"C","Choices":[
{"And":[{"Variable":"$.a","IsNull":true}],"Or":[{"Variable":"$.b","IsNull":true}],"Next":"C"},
{"Or":[],"Next":"C"},
{"Next":"C"},
{"Variable":"$.a","Next":"C"},
{"Variable":"$.a","StringEquals":1,"Next":"C"}]}}}`, []string{
			"2:43: SCHEMA_VALIDATION_FAILED: Only one of the following fields may be specified: [And, Or] at /States/C/Choices/0",
			"3:2: SCHEMA_VALIDATION_FAILED: The field 'Or' must contain at least one choice rule at /States/C/Choices/1/Or",
			"4:1: SCHEMA_VALIDATION_FAILED: These fields are required: [Variable] at /States/C/Choices/2",
			"4:1: SCHEMA_VALIDATION_FAILED: A choice rule needs a comparison such as StringEquals, or And, Or, Not at /States/C/Choices/2",
			"5:1: SCHEMA_VALIDATION_FAILED: A choice rule needs a comparison such as StringEquals, or And, Or, Not at /States/C/Choices/3",
			"6:19: SCHEMA_VALIDATION_FAILED: Expected value of type String at /States/C/Choices/4/StringEquals",
		}},
		{"a name that is there twice", `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
{"StartAt":"A","States":{"A":{"Type":"Succeed"}}},
{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}]}}}`, []string{
			"3:26: DUPLICATE_STATE_NAME: Duplicate state name: A at /States/P/Branches/1/States/A",
		}},
		{"error names", `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"nowhere","End":true,
"Retry":[{"ErrorEquals":["States.ALL","X"]},{"ErrorEquals":[]}],
"Catch":[{"Next":"T"}]}}}`, []string{
			"1:45: SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/T/Resource",
			"2:11: SCHEMA_VALIDATION_FAILED: States.ALL must appear alone at /States/T/Retry/0/ErrorEquals",
			"2:46: SCHEMA_VALIDATION_FAILED: The field 'ErrorEquals' must contain at least one error name at " +
				"/States/T/Retry/1/ErrorEquals",
			"3:10: SCHEMA_VALIDATION_FAILED: These fields are required: [ErrorEquals] at /States/T/Catch/0",
		}},
	} {
		if diff := cmp.Diff(c.want, faults(c.text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestEveryFieldOfTheEightTypesIsTaken(t *testing.T) {
	const text = `{"Comment":"c","Version":"1.0","StartAt":"Task","TimeoutSeconds":60,"QueryLanguage":"JSONPath","States":{
"Task":{"Type":"Task","Comment":"c","Resource":"arn:aws:states:::lambda:invoke","InputPath":"$","OutputPath":null,
  "Parameters":{"a.$":"$$.Execution.Id"},"ResultSelector":{"b.$":"$.c[0]"},"ResultPath":"$.d","TimeoutSeconds":10,
  "HeartbeatSeconds":5,"Credentials":{"RoleArn":"arn:aws:iam::123456789012:role/r"},
  "Retry":[{"ErrorEquals":["A"],"IntervalSeconds":1,"MaxAttempts":0,"BackoffRate":1.5,"MaxDelaySeconds":9,"JitterStrategy":"FULL"}],
  "Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":"$.e","Next":"Pass"}],"Next":"Pass"},
"Pass":{"Type":"Pass","Result":[1],"ResultPath":null,"Next":"Choice"},
"Choice":{"Type":"Choice","Choices":[{"And":[{"Variable":"$.a","StringMatches":"x*"},
  {"Not":{"Variable":"$.b","NumericLessThanEqualsPath":"$.c"}}],"Next":"Wait"},
  {"Or":[{"Variable":"$.t","TimestampGreaterThan":"2024-01-01T00:00:00Z"}],"Next":"Wait"}],"Default":"Parallel"},
"Wait":{"Type":"Wait","TimestampPath":"$.t","Next":"Parallel"},
"Parallel":{"Type":"Parallel","Branches":[{"StartAt":"In","States":{"In":{"Type":"Succeed"}}}],"Next":"Map"},
"Map":{"Type":"Map","ItemsPath":"$.items","ItemSelector":{"v.$":"$$.Map.Item.Value"},"MaxConcurrency":3,
  "ItemProcessor":{"ProcessorConfig":{"Mode":"INLINE"},"StartAt":"Item","States":{"Item":{"Type":"Pass","End":true}}},"Next":"Fail"},
"Fail":{"Type":"Fail","ErrorPath":"$.e","CausePath":"States.Format('{}', $.c)"}}}`
	m, found := asl.Parse([]byte(text))
	if len(found) > 0 {
		t.Fatalf("got faults:\n%v", found)
	}
	var names []string
	for s := range m.All() {
		names = append(names, s.Name)
	}
	want := []string{"Task", "Pass", "Choice", "Wait", "Parallel", "In", "Map", "Item", "Fail"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("states (-want +got):\n%s", diff)
	}
	var ways []string
	for _, way := range m.State("Choice").Transitions() {
		ways = append(ways, way.To.Name+": "+way.Label)
	}
	want = []string{
		`Wait: $.a ~ "x*" and not ($.b ≤ $.c)`, "Wait: $.t > 2024-01-01T00:00:00Z", "Parallel: Default",
	}
	if diff := cmp.Diff(want, ways); diff != "" {
		t.Errorf("transitions (-want +got):\n%s", diff)
	}
}

func FuzzParse(f *testing.F) {
	for _, pattern := range []string{"../examples/*/*.asl.json", "../machines/*/*.asl.json"} {
		files, err := filepath.Glob(pattern)
		if err != nil || len(files) == 0 {
			f.Fatalf("no seeds in %s: %v", pattern, err)
		}
		for _, name := range files {
			text, err := os.ReadFile(name)
			if err != nil {
				f.Fatal(err)
			}
			f.Add(text)
		}
	}
	for _, text := range []string{
		"", "{", "[]", `{"StartAt":"A"}`, `{"StartAt":1,"States":[]}`,
		`{"StartAt":"M","States":{"M":{"Type":"Map","Iterator":{"StartAt":"A","States":{"A":{"Type":"Fail"}}},"End":true}}}`,
		`{"StartAt":"A","States":{"A":{"Type":"Pass","Parameters":{"a.$":"States.Format('{}', $.b[?(@.c)])"},"End":true}}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, found := asl.Parse(text)
		if (m == nil) != found.Failed() {
			t.Fatalf("got machine %v with faults %v", m, found)
		}
		for _, fault := range found {
			if fault.Line < 1 || fault.Column < 1 || !strings.HasPrefix(fault.Location, "/") {
				t.Fatalf("a fault without a place: %v", fault)
			}
		}
		if m != nil {
			// Whatever is accepted can be run without a panic, for a while.
			run(m, nil, 20)
		}
	})
}

func FuzzIntrinsic(f *testing.F) {
	for _, text := range []string{
		"States.Format('a{}\\{b\\}', $.a)", "States.ArrayRange(1, 9, -2)", "States.MathRandom(1, $.n, 3)", "States.StringSplit($.s, ',')",
		"States.JsonMerge($.o, $.o, false)", "States.Hash($.s, 'MD5')", "States.Base64Decode('!')", "States.ArrayPartition($.l, 2)",
		"States.StringToJson('[1')", "States.ArrayGetItem($.l, States.MathAdd(-1, $.n))", "$$.Execution.Id", "$.l[?(@ > 1)]", "States.UUID()",
	} {
		f.Add(text)
	}
	f.Fuzz(func(_ *testing.T, text string) {
		state := value.NewObject("Type", "Pass", "Parameters", value.NewObject("r.$", text), "End", true)
		m, _ := asl.Parse(value.Append(nil, value.NewObject("StartAt", "S", "States", value.NewObject("S", state))))
		if m != nil {
			in, _ := value.Read([]byte(`{"a":1,"n":7,"s":"x,y","l":[1,2.5,"z"],"o":{"k":null}}`))
			run(m, in, 10)
		}
	})
}

func FuzzChoiceRule(f *testing.F) {
	for _, rule := range []string{
		`{"Variable":"$.a","NumericLessThanPath":"$.n"}`, `{"Variable":"$.s","StringMatches":"*\\*?"}`, `{"Not":{"Variable":"$.x","IsPresent":true}}`,
		`{"And":[{"Variable":"$.a","IsNull":false},{"Or":[{"Variable":"$.s","StringEquals":"x,y"}]}]}`,
		`{"Variable":"$.t","TimestampEquals":"2024-01-01T00:00:00Z"}`, `{"Variable":"$.l[*]","IsString":true}`,
	} {
		f.Add(rule)
	}
	f.Fuzz(func(t *testing.T, rule string) {
		v, err := value.Read([]byte(rule))
		o, ok := v.(*value.Object)
		if err != nil || !ok {
			return
		}
		state := value.NewObject("Type", "Choice", "Choices", []any{o.With("Next", "E")}, "Default", "E")
		m, _ := asl.Parse(value.Append(nil, value.NewObject(
			"StartAt", "C", "States", value.NewObject("C", state, "E", value.NewObject("Type", "Succeed")))))
		if m == nil {
			return
		}
		in, err := value.Read([]byte(`{"a":1,"n":7,"s":"x,y","l":[1],"t":"2024-01-01T00:00:00Z"}`))
		if err != nil {
			t.Fatal(err)
		}
		run(m, in, 10)
		m.State("C").Transitions()
	})
}
