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

// long is a name of 81 characters.
var long = strings.Repeat("n", 81)

// comparisons are the operators of a choice rule, as AWS lists them.
const comparisons = "StringEquals, StringEqualsPath, StringLessThan, StringLessThanPath, StringGreaterThan, StringGreaterThanPath, " +
	"StringLessThanEquals, StringLessThanEqualsPath, StringGreaterThanEquals, StringGreaterThanEqualsPath, NumericEquals, " +
	"NumericEqualsPath, NumericLessThan, NumericLessThanPath, NumericGreaterThan, NumericGreaterThanPath, NumericLessThanEquals, " +
	"NumericLessThanEqualsPath, NumericGreaterThanEquals, NumericGreaterThanEqualsPath, BooleanEquals, BooleanEqualsPath, " +
	"TimestampEquals, TimestampEqualsPath, TimestampLessThan, TimestampLessThanPath, TimestampGreaterThan, " +
	"TimestampGreaterThanPath, TimestampLessThanEquals, TimestampLessThanEqualsPath, TimestampGreaterThanEquals, " +
	"TimestampGreaterThanEqualsPath, StringMatches, IsNull, IsPresent, IsNumeric, IsString, IsBoolean, IsTimestamp"

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
			"2:14: INVALID_JSON_DESCRIPTION: Unexpected character ('}' (code 125)): expected a valid value " +
				"(JSON String, Number, Array, Object or token 'null', 'true' or 'false')",
		}},
		{"not closed", "{\n  \"StartAt\": [", []string{
			"2:15: INVALID_JSON_DESCRIPTION: Unexpected end-of-input: expected close marker for Array (start marker at line 2, column 14)",
		}},
		{"empty", " ", []string{"1:2: MISSING_DESCRIPTION: Received a null or empty workflow input at /"}},
		{"no object", "[]", []string{"1:1: SCHEMA_VALIDATION_FAILED: Expected value of type Object at /"}},
		{"nothing in it", "{}", []string{
			"1:1: SCHEMA_VALIDATION_FAILED: These fields are required: [States, StartAt] at /",
		}},
		{"no StartAt", `{"States":{"A":{"Type":"Pass","End":true}}}`, []string{
			"1:1: SCHEMA_VALIDATION_FAILED: These fields are required: [StartAt] at /",
		}},
		{"the top", `{"StartAt":"A","States":{"A":{"Type":"Succeed"}},"Version":"2.0","TimeoutSeconds":-1,"Comment":1,"startAt":"A"}`, []string{
			"1:50: SCHEMA_VALIDATION_FAILED: Value should be one of the following: [1.0] at /Version",
			"1:66: SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /TimeoutSeconds",
			"1:86: SCHEMA_VALIDATION_FAILED: Expected value of type String at /Comment",
			"1:98: SCHEMA_VALIDATION_FAILED: Field 'startAt' is not supported at /",
		}},
		{"targets that are not there", `{"StartAt":"X","States":{
  "A":{"Type":"Pass","Next":"Y"},
  "C":{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"Z"}],"Default":"W"},
  "T":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:a","End":true,
    "Catch":[{"ErrorEquals":["States.ALL"],"Next":"V"}]}}}`, []string{
			"1:2: MISSING_TRANSITION_TARGET: Missing 'Next' target: X at /StartAt",
			`2:3: MISSING_TRANSITION_TARGET: State "A" is not reachable. at /States/A`,
			"2:22: MISSING_TRANSITION_TARGET: Missing 'Next' target: Y at /States/A/Next",
			`3:3: MISSING_TRANSITION_TARGET: State "C" is not reachable. at /States/C`,
			"3:67: MISSING_TRANSITION_TARGET: Missing 'Next' target: Z at /States/C/Choices[0]/Next",
			"3:80: MISSING_TRANSITION_TARGET: Missing 'Next' target: W at /States/C/Default",
			`4:3: MISSING_TRANSITION_TARGET: State "T" is not reachable. at /States/T`,
			"5:44: MISSING_TRANSITION_TARGET: Missing 'Next' target: V at /States/T/Catch[0]/Next",
		}},
		{"no end", `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","Next":"C"},"U":{"Type":"Pass","Next":"A"}}}`, []string{
			"1:76: MISSING_TRANSITION_TARGET: Missing 'Next' target: C at /States/B/Next",
			"1:16: MISSING_END_STATE: Workflow has no terminal state",
		}},
		{"an end that is not reached", `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A"},"Z":{"Type":"Succeed"}}}`, []string{
			`1:57: MISSING_TRANSITION_TARGET: State "Z" is not reachable. at /States/Z`,
		}},
		{"nothing leads there", `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[{"StartAt":"W","States":{
"W":{"Type":"Pass","Next":"W"},"Ghost":{"Type":"Pass","End":true}}}]}}}`, []string{
			`2:32: MISSING_TRANSITION_TARGET: State "Ghost" is not reachable. at /States/P/Branches[0]/States/Ghost`,
		}},
		{"a name without letters", `{"StartAt":"","States":{"A":{"Type":"Pass","Next":""},"":{"Type":"Succeed"}}}`, []string{
			"1:2: MISSING_TRANSITION_TARGET: Missing 'Next' target:  at /StartAt",
			"1:44: MISSING_TRANSITION_TARGET: Missing 'Next' target:  at /States/A/Next",
			"1:55: INVALID_STATE_NAME: Invalid State name: the name of a state cannot be empty at /States/",
		}},
		{"a long name", `{"StartAt":"` + long + `","States":{"` + long + `":{"Type":"Succeed"}}}`, []string{
			"1:106: INVALID_STATE_NAME: Invalid State name: State '" + long +
				"' exceeds the 80-character limit allowed by the service at /States/" + long,
		}},
		{"fields", `{"StartAt":"A","States":{"A":{"Type":"Pass","Nxt":"B","Next":"B","End":true,"InputPath":"a"},
"B":{"Type":"Wait","Seconds":1.5,"Next":"C"},
"C":{"Type":"Sleep"},
"D":{"Type":"Wait","Seconds":1,"SecondsPath":"$.x","End":true},
"E":{"Type":"Pass","ResultPath":"$.a[*]","Parameters":{"x.$":"b","y":{"z.$":"States.Nothing()"}}},
"F":{"Type":"Wait","Seconds":100000000,"End":false},
"G":{"Type":"Wait","End":1},
"H":{"Type":"Pass","End":true,"Catch":[],"TimeoutSeconds":5},
"I":{"Type":"Succeed","End":true},
"J":{"Type":"Fail","InputPath":"$","Error":"E","ErrorPath":"$.e","CausePath":"c"}}}`, []string{
			"1:45: SCHEMA_VALIDATION_FAILED: Field 'Nxt' is not supported at /States/A",
			"1:66: SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [Next, End] at /States/A",
			"1:77: SCHEMA_VALIDATION_FAILED: Value must be a valid JSONPath. at /States/A/InputPath",
			"2:20: SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/B/Seconds",
			"3:6: SCHEMA_VALIDATION_FAILED: Value should be one of the following: " +
				"[Task, Pass, Choice, Wait, Succeed, Fail, Parallel, Map] at /States/C/Type",
			"4:20: SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: " +
				"[SecondsPath, Seconds, TimestampPath, Timestamp] at /States/D",
			"5:1: SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/E",
			"5:20: SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/E/ResultPath",
			"5:56: SCHEMA_VALIDATION_FAILED: The value for the field 'x.$' must be a valid JSONPath or a valid intrinsic " +
				"function call at /States/E/Parameters",
			"5:71: SCHEMA_VALIDATION_FAILED: The value for the field 'z.$' must be a valid JSONPath or a valid intrinsic " +
				"function call at /States/E/Parameters/y",
			"6:1: SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/F",
			"6:20: SCHEMA_VALIDATION_FAILED: Maximum value is 99999999 at /States/F/Seconds",
			"7:1: SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: " +
				"[SecondsPath, Seconds, TimestampPath, Timestamp] at /States/G",
			"7:1: SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [Next, End] at /States/G",
			"7:20: SCHEMA_VALIDATION_FAILED: Expected value of type Boolean at /States/G/End",
			"8:31: SCHEMA_VALIDATION_FAILED: Field 'Catch' is not supported at /States/H",
			"8:42: SCHEMA_VALIDATION_FAILED: Field 'TimeoutSeconds' is not supported at /States/H",
			"9:23: SCHEMA_VALIDATION_FAILED: Field 'End' is not supported at /States/I",
			"10:20: SCHEMA_VALIDATION_FAILED: Field 'InputPath' is not supported at /States/J",
			"10:48: SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [Error, ErrorPath] at /States/J",
			"10:66: SCHEMA_VALIDATION_FAILED: The value for the field 'CausePath' must be a valid JSONPath or a valid intrinsic " +
				"function call at /States/J",
		}},
		{"variables", `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B","Assign":{
"états_2":1,"states":1,"a-b.$":"$.x","_c":1}},
"B":{"Type":"Pass","End":true,"Assign":[]}}}`, []string{
			"2:13: RESERVED_VARIABLE_NAME: Cannot assign to reserved variable '$states'. at /States/A/Assign/states",
			"2:24: INVALID_VARIABLE_NAME: Invalid variable name 'a-b': the variable name contains invalid characters. at /States/A/Assign/a-b.$",
			"2:38: INVALID_VARIABLE_NAME: Invalid variable name '_c': the variable name contains invalid characters. at /States/A/Assign/_c",
			"3:31: SCHEMA_VALIDATION_FAILED: Expected value of type Object at /States/B/Assign",
		}},
		{"choice rules", `{"StartAt":"C","States":{"C":{"Type":"Choice","Default":"C","Choices":[
{"And":[{"Variable":"$.a","IsNull":true}],"Or":[{"Variable":"$.b","IsNull":true}],"Next":"C"},
{"Or":[],"Next":"C"},
{"Next":"C"},
{"Variable":"$.a","Next":"C"},
{"Variable":"$.a","StringEquals":1,"Next":"C"},
{"Variable":"a","StringEqualsPath":"b","Next":"C"},
{"Variable":"$.a[*]","IsNull":1,"IsString":true,"Next":"E"},
{"Not":{"Variable":"$.a","TimestampEquals":"today","Next":"C"}},
{"Condition":"{% true %}","Output":1,"Next":"C"},
7]},
"E":{"Type":"Choice","Choices":[],"Next":"C"}}}`, []string{
			"2:1: SCHEMA_VALIDATION_FAILED: The object must have only one of the following fields, " +
				"[And, Or, Not, Variable, Condition] at /States/C/Choices[0]",
			"3:2: SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/C/Choices[1]/Or",
			"4:1: SCHEMA_VALIDATION_FAILED: The object must have only one of the following fields, " +
				"[And, Or, Not, Variable, Condition] at /States/C/Choices[2]",
			"5:1: SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [" + comparisons + "] at /States/C/Choices[3]",
			"6:19: SCHEMA_VALIDATION_FAILED: Expected value of type String at /States/C/Choices[4]/StringEquals",
			"7:2: SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' at /States/C/Choices[5]/Variable",
			"7:17: SCHEMA_VALIDATION_FAILED: Value is not a Reference Path: Reference path didn't start with '$' " +
				"at /States/C/Choices[5]/StringEqualsPath",
			"8:2: SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/C/Choices[6]/Variable",
			"8:22: SCHEMA_VALIDATION_FAILED: Expected value of type Boolean at /States/C/Choices[6]/IsNull",
			"8:33: SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [" + comparisons + "] at /States/C/Choices[6]",
			"9:1: SCHEMA_VALIDATION_FAILED: These fields are required: [Next] at /States/C/Choices[7]",
			"9:26: SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/C/Choices[7]/Not/TimestampEquals",
			"9:52: SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /States/C/Choices[7]/Not",
			"10:2: SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Condition' is only supported " +
				"for the 'JSONata' QueryLanguage at /States/C/Choices[8]",
			"10:27: SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported " +
				"for the 'JSONata' QueryLanguage at /States/C/Choices[8]",
			"11:1: SCHEMA_VALIDATION_FAILED: Expected value of type Object at /States/C/Choices[9]",
			"12:22: SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/E/Choices",
			"12:35: SCHEMA_VALIDATION_FAILED: Field 'Next' is not supported at /States/E",
			"1:16: MISSING_END_STATE: Workflow has no terminal state",
		}},
		{"a name that is there twice", `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
{"StartAt":"A","States":{"A":{"Type":"Succeed"}}},
{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}]}}}`, []string{
			"3:26: DUPLICATE_STATE_NAME: Duplicate State name: A at /States/P/Branches[1]/States/A",
		}},
		{"a name that is there twice in one block", `{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"End":true,
"ItemProcessor":{"StartAt":"A","States":{
"A":{"Type":"Succeed"},
"A":{"Type":"Pass","Parameters":{"States":1,"States":2},"End":true}}}}}}`, []string{
			"4:1: DUPLICATE_STATE_NAME: Duplicate State name: A at /States/M/ItemProcessor/States/A",
		}},
		{"Retry and Catch", `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"nowhere","End":true,
"Retry":[{"ErrorEquals":["X","States.ALL"]},{"ErrorEquals":["States.ALL"]},{"ErrorEquals":[]},
 {"ErrorEquals":["A",1],"IntervalSeconds":0,"MaxAttempts":-1,"BackoffRate":0.5,"MaxDelaySeconds":31622401,"JitterStrategy":"SOME","Jitter":1}],
"Catch":[{"Next":"T"},{"ErrorEquals":["States.ALL"]}]}}}`, []string{
			"1:45: SCHEMA_VALIDATION_FAILED: Value is not a valid resource ARN at /States/T/Resource",
			"2:30: SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/T/Retry[0]/ErrorEquals[1]",
			"2:61: SCHEMA_VALIDATION_FAILED: States.ALL must appear alone and at end of list at /States/T/Retry[1]/ErrorEquals[0]",
			"2:77: SCHEMA_VALIDATION_FAILED: Value cannot be empty at /States/T/Retry[2]/ErrorEquals",
			"3:22: SCHEMA_VALIDATION_FAILED: Expected value of type String at /States/T/Retry[3]/ErrorEquals[1]",
			"3:45: SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/T/Retry[3]/MaxAttempts",
			"3:62: SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /States/T/Retry[3]/BackoffRate",
			"3:80: SCHEMA_VALIDATION_FAILED: Maximum value is 31622400 at /States/T/Retry[3]/MaxDelaySeconds",
			"3:107: SCHEMA_VALIDATION_FAILED: Value should be one of the following: [NONE, FULL] at /States/T/Retry[3]/JitterStrategy",
			"3:131: SCHEMA_VALIDATION_FAILED: Field 'Jitter' is not supported at /States/T/Retry[3]",
			"4:10: SCHEMA_VALIDATION_FAILED: These fields are required: [ErrorEquals] at /States/T/Catch[0]",
			"4:23: SCHEMA_VALIDATION_FAILED: These fields are required: [Next] at /States/T/Catch[1]",
		}},
		{"Tasks", `{"StartAt":"A","States":{
"A":{"Type":"Task","Next":"B","TimeoutSeconds":0,"HeartbeatSeconds":"5","HeartbeatSecondsPath":"$.h"},
"B":{"Type":"Task","Resource":5,"Next":"C","TimeoutSeconds":10,"HeartbeatSeconds":10},
"C":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:a","Next":"D","Credentials":{"RoleArn":"r"}},
"D":{"Type":"Task","Resource":"arn:aws:lambda:us-east-1:123456789012:function:f","End":true,"Credentials":{}}}}`, []string{
			"2:1: SCHEMA_VALIDATION_FAILED: These fields are required: [Resource] at /States/A",
			"2:31: SCHEMA_VALIDATION_FAILED: Minimum value is 1 at /States/A/TimeoutSeconds",
			"2:50: SCHEMA_VALIDATION_FAILED: Expected value of type Integer at /States/A/HeartbeatSeconds",
			"2:73: SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: " +
				"[HeartbeatSeconds, HeartbeatSecondsPath] at /States/A",
			"3:20: SCHEMA_VALIDATION_FAILED: Expected value of type String at /States/B/Resource",
			"3:64: SCHEMA_VALIDATION_FAILED: HeartbeatSeconds must be smaller than TimeoutSeconds at /States/B",
			"4:93: SCHEMA_VALIDATION_FAILED: The field 'Credentials' is not supported for activities at /States/C/Credentials",
			"5:93: SCHEMA_VALIDATION_FAILED: The field 'RoleArn' is required but was missing at /States/D/Credentials",
		}},
		{"Maps", `{"StartAt":"A","States":{
"A":{"Type":"Map","Next":"B","MaxConcurrency":-1,"MaxConcurrencyPath":"$.c[*]","ToleratedFailurePercentage":101},
"B":{"Type":"Map","Next":"C","Label":"l","ItemProcessor":{"QueryLanguage":"JSONPath","StartAt":"B1","States":{"B1":{"Type":"Succeed"}},
  "ProcessorConfig":{"Mode":"INLINE","ExecutionType":"STANDARD"}}},
"C":{"Type":"Map","End":true,"Label":"l","Iterator":{"StartAt":"C1","States":{"C1":{"Type":"Task","End":true,"Parameters":{"QueueUrl":"u","MessageBody":"b"},
  "Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken"}},"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"}}}}}`, []string{
			"2:1: SCHEMA_VALIDATION_FAILED: This object should have only one of the following fields: [ItemProcessor, Iterator] at /States/A",
			"2:30: SCHEMA_VALIDATION_FAILED: Minimum value is 0 at /States/A/MaxConcurrency",
			"2:50: SCHEMA_VALIDATION_FAILED: There should only be one of the following fields: [MaxConcurrency, MaxConcurrencyPath] at /States/A",
			"2:50: SCHEMA_VALIDATION_FAILED: Value is not a Reference Path at /States/A/MaxConcurrencyPath",
			"2:80: SCHEMA_VALIDATION_FAILED: Maximum value is 100 at /States/A/ToleratedFailurePercentage",
			"3:59: SCHEMA_VALIDATION_FAILED: Field 'QueryLanguage' is not supported at /States/B/ItemProcessor",
			"4:38: SCHEMA_VALIDATION_FAILED: Field 'ExecutionType' is not supported at /States/B/ItemProcessor/ProcessorConfig",
			"5:30: DUPLICATE_LABEL_NAME: Duplicate Label name: l at /States/C/Label",
			"6:3: SCHEMA_VALIDATION_FAILED: Express state machine does not support '.waitForTaskToken' service integration  " +
				"at /States/C/Iterator/States/C1/Resource",
		}},
	} {
		if diff := cmp.Diff(c.want, faults(c.text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

// A state around many faults whose name is half a megabyte would give gigabytes of locations.
func TestFaultsThatWouldFillTheMemoryAreLeftOut(t *testing.T) {
	const name = 1 << 19
	_, found := asl.Parse([]byte(`{"StartAt":"A","States":{"` + strings.Repeat("n", name) + `":{"Type":"Choice","Choices":[` +
		strings.Repeat("1,", 200_000) + `1]},"A":{"Type":"Succeed"}}}`))
	last := found[len(found)-1]
	if n := len(found); n < 100 || n > 200 {
		t.Errorf("got %d faults, want those that fill 64 MiB", n)
	}
	if got, want := last.Error(), "1:1: TOO_MANY_FAULTS: there are more faults than are listed"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDefinitionsThatAreTooLongAreNotRead(t *testing.T) {
	const text = `{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`
	if m, found := asl.Parse([]byte(strings.Repeat(" ", asl.MaxLength-len(text)) + text)); m == nil {
		t.Errorf("got %v, want that the longest definition is valid", found)
	}
	m, found := asl.Parse([]byte(strings.Repeat(" ", asl.MaxLength-len(text)+1) + text))
	if m != nil || len(found) != 1 || found[0].Code != asl.CodeTooLong ||
		found[0].Message != "Value at 'definition' failed to satisfy constraint: Member must have length less than or equal to 1048576" {
		t.Errorf("got %v, want one fault", found)
	}
}

// The offset of a fault is that of its line and column, so that a caller can show the text there.
func TestOffsetsOfFaults(t *testing.T) {
	for _, text := range []string{
		"{\n \"StartAt\": \"Ä\",\n \"States\": {\"Ä\": {\"Type\": \"Pass\", \"Nxt\": 1, \"End\": 5}, \"B\": {}}}", "{\"a\"", "", "[]",
		`{"StartAt":"A","States":{"A":{"Type":"Wait","Seconds":1,"Next":"A"}}}`,
		`{"StartAt":"A","States":{"A":{"Type":"Pass","End":true},"A":{"Type":"Pass","End":true},"A":{"Type":"Succeed"}}}`,
	} {
		_, found := asl.Parse([]byte(text))
		if found == nil {
			t.Errorf("%s: got no faults", text)
		}
		for _, f := range found {
			if line, column := value.Position([]byte(text), f.Offset); line != f.Line || column != f.Column {
				t.Errorf("%v: its offset %d is at %d:%d", f, f.Offset, line, column)
			}
		}
	}
}

func TestEveryFieldOfTheEightTypesIsTaken(t *testing.T) {
	const text = `{"Comment":"c","Version":"1.0","StartAt":"Task","TimeoutSeconds":60,"QueryLanguage":"JSONPath","States":{
"Task":{"Type":"Task","Comment":"c","Resource":"arn:aws:states:::lambda:invoke","InputPath":"$","OutputPath":null,
  "Parameters":{"FunctionName.$":"$$.Execution.Id"},"ResultSelector":{"b.$":"$.c[0]"},"ResultPath":"$.d","TimeoutSeconds":10,
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
		`{"QueryLanguage":"JSONata","StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Condition":"{% $states.input.a > 1 %}","Output":
			{"b":"{% $x %}"},"Next":"M"}],"Default":"W"},"M":{"Type":"Map","Items":"{% [1..3] %}","ItemSelector":{"v":"{% $states.context %}"},
			"ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":"{% $a %}",
			"TimeoutSeconds":"{% 5 %}","Output":1,"Catch":[{"ErrorEquals":["States.ALL"],"Output":"{% $states.errorOutput %}","Next":"F"}],
			"End":true},"F":{"Type":"Fail","Error":"{% 'e' %}"}}},"Next":"W"},"W":{"Type":"Wait","Timestamp":"{% $now() %}","End":true}}}`,
		`{"StartAt":"A","States":{"A":{"Type":"Pass","QueryLanguage":"JSONata","Assign":{"x":"{% 1 %}"},"Output":"{% $x","End":true}}}`,
		`{"StartAt":"A","States":{"A":{"Type":"Pass","End":true},"A":{"Type":"Succeed"}}}`,
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		m, found := asl.ParseWith(text, asl.Options{Endless: true})
		if (m == nil) != found.Failed() {
			t.Fatalf("got machine %v with faults %v", m, found)
		}
		for _, fault := range found {
			named := strings.HasPrefix(fault.Location, "/") || fault.Code == asl.CodeJSON && strings.HasPrefix(fault.Location, "[Source: ")
			if fault.Line < 1 || fault.Column < 1 || fault.Message == "" || !named {
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
