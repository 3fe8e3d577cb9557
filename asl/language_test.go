package asl_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl"
	"signalbox/asl/value"
)

// All fields that a state in JSONata may have.
func TestJSONataStatesAreTaken(t *testing.T) {
	const text = `{"QueryLanguage":"JSONata","StartAt":"Task","States":{
"Task":{"Type":"Task","Resource":"arn:aws:states:::lambda:invoke","Arguments":{"FunctionName":"f","Payload":"{% $states.input %}"},
  "TimeoutSeconds":"{% $states.input.t %}","HeartbeatSeconds":5,"Credentials":{"RoleArn":"{% $role %}"},"Output":"{% $states.result %}",
  "Assign":{"x":"{% $states.result.x %}","été":[1]},"Retry":[{"ErrorEquals":["A"]}],
  "Catch":[{"ErrorEquals":["States.ALL"],"Output":{"e":"{% $states.errorOutput.Error %}"},"Assign":{"c":"{% $states.errorOutput %}"},"Next":"Pass"}],"Next":"Pass"},
"Pass":{"Type":"Pass","Output":{"not":"{ % this","list":[{"deep":"{%1%}"}]},"Next":"Choice"},
"Choice":{"Type":"Choice","Choices":[{"Condition":"{% $x > 1 %}","Output":1,"Assign":{"y":2},"Next":"Wait"},{"Condition":true,"Next":"Map"}],"Default":"Parallel","Output":"o"},
"Wait":{"Type":"Wait","Timestamp":"{% $now() %}","Next":"Wait2"},
"Wait2":{"Type":"Wait","Timestamp":"2024-01-01T00:00:00Z","Next":"Parallel"},
"Parallel":{"Type":"Parallel","Arguments":"{% $states.input %}","Branches":[{"StartAt":"In","States":{"In":{"Type":"Succeed","Output":"{% 1 %}"}}}],"Next":"Map"},
"Map":{"Type":"Map","Items":"{% [1..3] %}","ItemSelector":{"v":"{% $states.context.Map.Item.Value %}"},"MaxConcurrency":"{% 2 %}",
  "ToleratedFailurePercentage":"{% 5 %}","ItemBatcher":{"MaxItemsPerBatch":"{% 3 %}","BatchInput":{"b":"{% 1 %}"}},
  "ItemReader":{"Resource":"arn:aws:states:::s3:getObject","ReaderConfig":{"InputType":"JSON","MaxItems":"{% 9 %}"},"Arguments":{"Bucket":"b","Key":"{% $k %}"}},
  "ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Arguments":"{% $w %}"},
  "ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"EXPRESS"},"StartAt":"Item","States":{"Item":{"Type":"Pass","End":true}}},"Next":"Fail"},
"Fail":{"Type":"Fail","Error":"{% $e %}","Cause":"c"}}}`
	m, found := asl.Parse([]byte(text))
	if len(found) > 0 {
		t.Fatalf("got faults:\n%v", found)
	}
	for s := range m.All() {
		if !s.JSONata() {
			t.Errorf("%s: got another language than JSONata", s.Name)
		}
	}
	if got := m.State("Choice").Transitions()[0].Label; got != "$x > 1" {
		t.Errorf("a condition: got %q", got)
	}
}

func TestFaultsOfLanguages(t *testing.T) {
	const (
		path = "SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONata', but field '"
		only = "' is only supported for the 'JSONPath' QueryLanguage at "
	)
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"fields of JSONPath", `{"QueryLanguage":"JSONata","StartAt":"A","States":{
"A":{"Type":"Task","Resource":"arn:aws:states:::sns:publish","Arguments":{"Message":"m"},"Parameters":{},"ResultPath":"$","TimeoutSecondsPath":"$.t","ItemsPath":"$","Next":"B"},
"B":{"Type":"Map","Items":"all","ItemsPath":"$.i","ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Fail","ErrorPath":"$.e"}}},"Next":"C",
  "Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":null,"Next":"C"}]},
"C":{"Type":"Choice","Choices":[{"Variable":"$.a","IsNull":true,"Next":"D"},{"Next":"D"},{"Condition":"true","Next":"D"}]},
"D":{"Type":"Wait","SecondsPath":"$.s","Next":"E"},
"E":{"Type":"Wait","Timestamp":"soon","End":true}}}`, []string{
			"2:90: " + path + "Parameters" + only + "/States/A",
			"2:106: " + path + "ResultPath" + only + "/States/A",
			"2:123: " + path + "TimeoutSecondsPath" + only + "/States/A",
			"2:150: SCHEMA_VALIDATION_FAILED: Field 'ItemsPath' is not supported at /States/A",
			"3:19: SCHEMA_VALIDATION_FAILED: Expected value of type Array at /States/B/Items",
			"3:33: " + path + "ItemsPath" + only + "/States/B",
			"3:111: " + path + "ErrorPath" + only + "/States/B/ItemProcessor/States/I",
			"4:42: " + path + "ResultPath" + only + "/States/B/Catch[0]",
			"5:34: " + path + "Variable" + only + "/States/C/Choices[0]",
			"5:77: SCHEMA_VALIDATION_FAILED: These fields are required: [Condition] at /States/C/Choices[1]",
			"5:91: SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/C/Choices[2]/Condition",
			"6:20: " + path + "SecondsPath" + only + "/States/D",
			"7:20: SCHEMA_VALIDATION_FAILED: String does not match RFC3339 timestamp at /States/E/Timestamp",
		}},
		{"fields of JSONata", `{"StartAt":"A","States":{
"A":{"Type":"Pass","Output":1,"Arguments":2,"Next":"B"},
"B":{"Type":"Map","QueryLanguage":"JSONata","Items":[],"ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","Output":1,"End":true}}},"End":true}}}`, []string{
			"2:20: SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage at /States/A",
			"2:31: SCHEMA_VALIDATION_FAILED: Field 'Arguments' is not supported at /States/A",
			"3:116: SCHEMA_VALIDATION_FAILED: The QueryLanguage is set to 'JSONPath', but field 'Output' is only supported for the 'JSONata' QueryLanguage " +
				"at /States/B/ItemProcessor/States/I",
		}},
		{"expressions", `{"QueryLanguage":"JSONata","StartAt":"A","States":{
"A":{"Type":"Pass","Output":{"a":["{% 1 +"],"b":"{% 1 + %}","c":"{% phone & $states.errorOutput %}"},"Assign":{"v":"{% $$ %}"},"Next":"B"},
"B":{"Type":"Wait","Seconds":"{% ( %}","End":true}}}`, []string{
			"2:35: SCHEMA_VALIDATION_FAILED: JSONata string must start with {% and end with %} at /States/A/Output/a[0]",
			"2:45: INVALID_JSONATA_EXPRESSION: Unexpected end of expression at /States/A/Output/b",
			"2:61: UNSUPPORTED_JSONATA_EXPRESSION: Reference to 'phone' at the top level is not supported. at /States/A/Output/c",
			"2:61: UNSUPPORTED_JSONATA_EXPRESSION: Field '$states.errorOutput' does not exist. at /States/A/Output/c",
			"2:112: UNSUPPORTED_JSONATA_EXPRESSION: Reference to '$$' is not supported. at /States/A/Assign/v",
			`3:20: INVALID_JSONATA_EXPRESSION: Expected ")" before end of expression at /States/B/Seconds`,
		}},
		// A state may go over to JSONata but not back; what is neither is JSONata to AWS, and at fault.
		{"the language itself", `{"QueryLanguage":"JSONata","StartAt":"A","States":{
"A":{"Type":"Pass","QueryLanguage":"JSONPath","Output":1,"InputPath":"$.a","Next":"B"},
"B":{"Type":"Pass","QueryLanguage":"jsonpath","InputPath":"$.a","Next":"C"},
"C":{"Type":"Pass","QueryLanguage":5,"End":true}}}`, []string{
			"2:20: SCHEMA_VALIDATION_FAILED: 'QueryLanguage' can not be 'JSONPath' if set to 'JSONata' for whole state machine at /States/A",
			"3:20: SCHEMA_VALIDATION_FAILED: Value should be one of the following: [JSONPath, JSONata] at /States/B/QueryLanguage",
			"3:47: " + path + "InputPath" + only + "/States/B",
			"4:20: SCHEMA_VALIDATION_FAILED: Expected value of type [STRING] at /States/C/QueryLanguage",
		}},
	} {
		if diff := cmp.Diff(c.want, faults(c.text)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.name, diff)
		}
	}
}

func TestAStateInJSONataIsNotRun(t *testing.T) {
	m := machine(t, []byte(`{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"B"},"B":{"Type":"Pass","QueryLanguage":"JSONata","End":true}}}`))
	x, _ := run(m, value.NewObject(), 10)
	want := &asl.Error{
		Name: asl.ErrRuntime,
		Cause: "An error occurred while executing the state 'B' (entered at the event id #4). " +
			"The query language JSONata is not run by this version",
	}
	if diff := cmp.Diff(want, x.Failure); x.Status != asl.StatusFailed || diff != "" {
		t.Errorf("got %v (-want +got):\n%s", x.Status, diff)
	}
}
