package asl_test

import (
	"strings"
	"testing"

	"signalbox/asl"
	"signalbox/asl/value"
)

// task makes a definition of one Task.
func task(pairs ...any) string {
	state := value.NewObject(append([]any{"Type", "Task", "End", true}, pairs...)...)
	return value.Text(value.NewObject("StartAt", "T", "States", value.NewObject("T", state)))
}

func TestResources(t *testing.T) {
	const (
		good         = ""
		notARN       = "Value is not a valid resource ARN"
		unrecognized = "The resource provided * is not recognized. The value is not a valid resource ARN, or the resource is not " +
			"available in this region."
	)
	for resource, want := range map[string]string{
		"arn:aws:lambda:us-east-1:123456789012:function:f":                   good,
		"arn:aws:lambda:us-east-1:123456789012:function:f:$LATEST":           good,
		"arn:aws-cn:lambda:cn-north-1:123456789012:function:my_f.n-1:live-2": good,
		"arn:aws:lambda:us-east-1:123456789012:function:f:a b":               unrecognized,
		"arn:aws:lambda:us-east-1:123456789012:layer:f":                      unrecognized,
		"arn:aws:states:us-east-1:123456789012:activity:a b":                 good,
		"arn:aws:states:us-east-1:123456789012:activity:":                    unrecognized,
		"arn:aws:states:us-east-1:123456789012:stateMachine:m":               unrecognized,
		"arn:aws:states:::lambda:invoke":                                     good,
		"arn:aws-us-gov:states:::lambda:invoke.waitForTaskToken":             good,
		"arn:aws:states:::lambda:invoke.sync":                                unrecognized,
		"arn:aws:states:::lambda:Invoke":                                     unrecognized,
		"arn:aws:states:::lambda:invoke.waitForever":                         unrecognized,
		"arn:aws:states:::states:startExecution.sync:2":                      good,
		"arn:aws:states:::ecs:runTask.sync":                                  good,
		"arn:aws:states:::ecs:runTask.sync:2":                                unrecognized,
		"arn:aws:states:::glue:startJobRun.waitForTaskToken":                 unrecognized,
		"arn:aws:states:::dynamodb:updateItem":                               good,
		"arn:aws:states:::dynamodb:query":                                    unrecognized,
		"arn:aws:states:::emr-serverless:startJobRun.sync":                   good,
		"arn:aws:states:::http:invoke":                                       good,
		"arn:aws:states:::aws-sdk:dynamodb:query":                            good,
		"arn:aws:states:::aws-sdk:dynamodb:query.waitForTaskToken":           good,
		"arn:aws:states:::aws-sdk:dynamodb:query.sync":                       unrecognized,
		"arn:aws:states:::aws-sdk:dynamodb:Query":                            unrecognized,
		"arn:aws:states:::aws-sdk:dynamodb":                                  unrecognized,
		"arn:aws:states:us-east-1:123456789012:aws-sdk:s3:getObject":         unrecognized,
		"arn:aws:swf:us-east-1:123456789012:task:X":                          unrecognized,
		"nowhere": notARN,
		"":        notARN,
	} {
		all := value.NewObject("FunctionName", "f", "StateMachineArn", "s", "JobName", "j", "TaskDefinition", "t")
		text := task("Resource", resource, "Parameters", all)
		_, found := asl.Parse([]byte(text))
		got := ""
		if len(found) > 0 {
			got = found[0].Message
		}
		if want = strings.Replace(want, "*", resource, 1); got != want {
			t.Errorf("%s\ngot  %s\nwant %s", resource, got, want)
		}
	}
}

func TestWhatACallLacks(t *testing.T) {
	const location = " at /States/T/Parameters"
	for _, c := range []struct{ text, want string }{
		{task("Resource", "arn:aws:states:::lambda:invoke"), "Parameters field is required for resource ARN: arn:aws:states:::lambda:invoke at /States/T/Resource"},
		{
			task("Resource", "arn:aws:states:::aws-sdk:s3:listBuckets", "QueryLanguage", "JSONata"),
			"Arguments field is required for resource ARN: arn:aws:states:::aws-sdk:s3:listBuckets at /States/T/Resource",
		},
		{task("Resource", "arn:aws:states:::sqs:sendMessage", "Parameters", value.NewObject("QueueUrl.$", "$.q")), "The field 'MessageBody' is required but was missing" + location},
		{task("Resource", "arn:aws:states:::dynamodb:getItem", "Parameters", value.NewObject("TableName", "t", "Key.$", "$.k")), ""},
		{task("Resource", "arn:aws:states:::lambda:invoke", "QueryLanguage", "JSONata", "Arguments", "{% $states.input %}"), ""},
	} {
		_, found := asl.Parse([]byte(c.text))
		got := ""
		if len(found) > 0 {
			got = found[0].Message + " at " + found[0].Location
		}
		if got != c.want || len(found) > 1 {
			t.Errorf("%s\ngot  %v\nwant %s", c.text, found, c.want)
		}
	}
}

func TestWhatAnExpressMachineMayNotHave(t *testing.T) {
	inner := value.NewObject("StartAt", "I", "States", value.NewObject("I", value.NewObject("Type", "Succeed")),
		"ProcessorConfig", value.NewObject("Mode", "DISTRIBUTED", "ExecutionType", "EXPRESS"))
	distributed := value.Text(value.NewObject("StartAt", "M", "States", value.NewObject("M", value.NewObject("Type", "Map", "End", true,
		"ItemProcessor", inner))))
	parameters := value.NewObject("StateMachineArn", "a", "FunctionName", "f")
	for _, c := range []struct{ text, want string }{
		{task("Resource", "arn:aws:states:::lambda:invoke", "Parameters", parameters), ""},
		{
			task("Resource", "arn:aws:states:::states:startExecution.sync:2", "Parameters", parameters),
			"Express state machine does not support '.sync' service integration",
		},
		{
			task("Resource", "arn:aws:states:::lambda:invoke.waitForTaskToken", "Parameters", parameters),
			"Express state machine does not support '.waitForTaskToken' service integration ",
		},
		{task("Resource", "arn:aws:states:us-east-1:123456789012:activity:a"), "Express state machine does not support Activity ARN"},
		{distributed, "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines"},
	} {
		if m, found := asl.Parse([]byte(c.text)); m == nil {
			t.Errorf("%s: STANDARD: got %v", c.text, found)
		}
		_, found := asl.ParseWith([]byte(c.text), asl.Options{Express: true})
		got := ""
		if len(found) > 0 {
			got = found[0].Message
		}
		if got != c.want || len(found) > 1 {
			t.Errorf("%s\ngot  %v\nwant %s", c.text, found, c.want)
		}
	}
}
