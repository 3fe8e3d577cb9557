package services_test

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl/services"
	"signalbox/asl/value"
)

const url = "https://sqs.eu-west-1.amazonaws.com/123456789012/q"

func send(parameters string) [2]string {
	return [2]string{"sqs:sendMessage", `{"QueueUrl": "` + url + `", ` + parameters + `}`}
}

func TestMessagesAreKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "services.db")
	mapping := "queues:\n  " + url + ": {is: outbox}\n"
	definition := machine(
		send(`"MessageBody": "derp", "MessageAttributes": {"timestamp": {"DataType": "Number", "StringValue": "1493147359900"}}`),
		send(`"MessageBody": {"a": [1, "two"]}`),
	)
	got, _ := playOn(t, file, definition, "{}", mapping)
	first, _ := got[0].(*value.Object)
	// The sums are those that SQS gives (boto's and moto's tests have them).
	for name, want := range map[string]string{
		"MD5OfMessageBody": "58fd9edd83341c29f1aebba81c31e257", "MD5OfMessageAttributes": "235c5c510d26fb653d073faed50ae77c",
	} {
		if sum, _ := first.Lookup(name); sum != want {
			t.Errorf("got %s %v, want %s", name, sum, want)
		}
	}
	playOn(t, file, definition, "{}", mapping)
	db, err := sql.Open("sqlite", file)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	rows, err := db.Query("SELECT queue || ': ' || body, id FROM messages ORDER BY number")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }()
	var bodies []string
	ids := map[string]bool{}
	for rows.Next() {
		var body, id string
		if err := rows.Scan(&body, &id); err != nil {
			t.Fatal(err)
		}
		bodies = append(bodies, body)
		ids[id] = true
	}
	if diff := cmp.Diff([]string{"outbox: derp", `outbox: {"a":[1,"two"]}`, "outbox: derp", `outbox: {"a":[1,"two"]}`}, bodies); diff != "" {
		t.Errorf("messages (-want +got):\n%s", diff)
	}
	if id, _ := first.Lookup("MessageId"); len(ids) != 4 || !ids[id.(string)] {
		t.Errorf("got ids %v, the first answer was %v", ids, id)
	}
}

func TestRefusedBySQS(t *testing.T) {
	mapping := "queues:\n  " + url + ": {is: outbox}\n  http://localhost:4566/000000000000/q: {is: local}\n"
	for _, c := range []struct{ task, want string }{
		{`{"QueueUrl": "` + url + `", "MessageBody": null}`, "SQS.AmazonSQSException: The request must contain the parameter MessageBody. (Service: AmazonSQS; Status Code: 400; Error Code: MissingParameter;"},
		{`{"QueueUrl": "` + url + `", "MessageBody": ""}`, "SQS.AmazonSQSException: The request must contain the parameter MessageBody."},
		{`{"QueueUrl": null, "MessageBody": "x"}`, "SQS.AmazonSQSException: The request must contain the parameter QueueUrl."},
		{`{"QueueUrl": "` + url + `2", "MessageBody": "x"}`, "SQS.QueueDoesNotExistException: The specified queue does not exist. (Service: AmazonSQS; Status Code: 400; Error Code: AWS.SimpleQueueService.NonExistentQueue;"},
		{`{"QueueUrl": "https://example.org/q", "MessageBody": "x"}`, "SQS.SdkClientException: Unable to execute HTTP request: example.org: Name or service not known"},
		{`{"QueueUrl": "http://localhost:4566/000000000000/p", "MessageBody": "x"}`, "SQS.QueueDoesNotExistException"},
		{`{"QueueUrl": "` + url + `", "MessageBody": "\u0001"}`, "SQS.InvalidMessageContentsException: Invalid binary character '#x1' was found"},
		{`{"QueueUrl": "` + url + `", "MessageBody": "x", "MessageAttributes": {"a": {"DataType": "Date", "StringValue": "x"}}}`, "SQS.AmazonSQSException: The type of message (user) attribute 'a' is invalid."},
		{`{"QueueUrl": "` + url + `", "MessageBody": "x", "MessageAttributes": {"a": {"DataType": "String"}}}`, "SQS.AmazonSQSException: The message (user) attribute 'a' must contain a non-empty value of type 'String'."},
		{`{"QueueUrl": "` + url + `", "MessageBody": "x", "MessageGroupId": "g"}`, "States.Runtime: The Parameters"},
	} {
		got := play(t, machine([2]string{"sqs:sendMessage", c.task}), "{}", mapping)
		if text, _ := got[0].(string); len(got) != 1 || !strings.HasPrefix(text, c.want) {
			t.Errorf("%s:\n got %v\nwant %s", c.task, got, c.want)
		}
	}
}

func TestFunctionsByEachOfTheirNames(t *testing.T) {
	mapping := "functions:\n  arn:aws:lambda:eu-west-1:123456789012:function:mirror: {builtin: echo}\n"
	for name, found := range map[string]bool{
		"mirror": true, "mirror:live": true, "123456789012:function:mirror": true,
		"arn:aws:lambda:eu-west-1:123456789012:function:mirror":         true,
		"arn:aws:lambda:eu-west-1:123456789012:function:mirror:$LATEST": true,
		"other": false, "999999999999:function:mirror": false, "arn:aws:lambda:us-east-1:123456789012:function:mirror": false,
	} {
		got := play(t, machine([2]string{"lambda:invoke", `{"FunctionName": "` + name + `", "Payload": {"a": 1}}`}), "{}", mapping)
		if text, failed := got[0].(string); failed == found ||
			failed && !strings.HasPrefix(text, "Lambda.ResourceNotFoundException: Function not found: arn:") && !strings.Contains(name, "999") {
			t.Errorf("%s: got %v", name, got[0])
		}
	}
	got := play(t, machine([2]string{"lambda:invoke", `{"FunctionName": "mirror", "Payload": "{\"a\""}`}), "{}", mapping)
	if text, _ := got[0].(string); !strings.HasPrefix(text, "Lambda.InvalidRequestContentException: Could not parse request body into json") {
		t.Errorf("got %v", got[0])
	}
}

func TestSeed(t *testing.T) {
	mapping := oneTable + `functions:
  f: {builtin: seed, table: t, records: 3, item: {Message: "number {n}"}}
`
	definition := `{"StartAt": "F", "States": {"F": {"Type": "Task", "Resource": "arn:aws:lambda:us-east-1:123456789012:function:f", "Next": "G"},
		"G": {"Type": "Task", "Resource": "arn:aws:states:::aws-sdk:dynamodb:getItem", "Parameters": {"TableName": "T", "Key": {"id": {"S.$": "$[2]"}}}, "End": true}}}`
	got := play(t, definition, "{}", mapping)
	if value.Text([]any(got)) != `[["1","2","3","DONE"],{"Item":{"Message":{"S":"number 3"},"id":{"S":"3"}}}]` {
		t.Errorf("got %s", value.Text([]any(got)))
	}
}

func TestFaultsOfMappings(t *testing.T) {
	for _, c := range []struct {
		name, text string
		want       []string
	}{
		{"empty", "", []string{"1:1: the file is empty; it should hold what functions, tables and queues stand for"}},
		{"a list", "- a\n", []string{"1:1: the file should be a mapping (name: value), not a list"}},
		{"a slip", "tabels: {}\n", []string{`1:1: the file has no key "tabels"; did you mean "tables"?`}},
		{"a table without what it needs", "tables:\n  T: {}\n", []string{
			"2:3: table T: what is it called here? Add is: NAME", "2:3: table T: by what are its items found? Add key: ATTRIBUTE",
		}},
		{"a name that is none", "tables:\n  a/b: {is: t, key: id}\n", []string{`2:3: "a/b" is no name of a table: letters, digits, dots, hyphens and underscores`}},
		{"two of one name", "tables:\n  T: {is: t, key: id}\n  U: {is: t, key: id}\n", []string{"3:11: table t is another one already, on line 2"}},
		{"keys", "tables:\n  T: {is: t, key: {a: S, b: X}}\n  U: {is: u, key: {a: S, b: N, c: B}}\n", []string{
			`2:29: the type of b should be S, N or B, not "X"`, "3:19: a key has one attribute or two: the hash, and perhaps the range",
		}},
		{"queues", "queues:\n  q: {is: a}\n  https://sqs.x/1/q.fifo: {is: b}\n", []string{
			`2:3: "q" is no URL of a queue: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME`, "3:3: queue https://sqs.x/1/q.fifo: FIFO queues have no likeness here",
		}},
		{"functions", "functions:\n  f: {}\n  g: {builtin: sing}\n  h: {builtin: echo, records: 3}\n  i: {builtin: seed, table: t}\n  j: {builtin: seed, records: 5000}\n  a:b:c:d: {builtin: echo}\n", []string{
			"2:3: function f: what does it do here? Add builtin: echo or builtin: seed",
			`3:16: builtin should be echo or seed, not "sing"`,
			"4:22: records is for builtin: seed",
			"5:29: no table is called t here",
			"6:3: function j: which table does it fill? Add table: NAME",
			`6:31: records should be a whole number from 0 to 1000, not "5000"`,
			`7:3: "a:b:c:d" is no function: arn:aws:lambda:REGION:ACCOUNT:function:NAME, or NAME`,
		}},
		{"a seed for two attributes", "tables:\n  T: {is: t, key: {a: S, b: S}}\nfunctions:\n  f: {builtin: seed, table: t}\n", []string{
			"4:29: table t: a seed fills tables whose key is one attribute, a text or a number",
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := services.ReadMapping("m.yaml", []byte(c.text))
			if err == nil {
				t.Fatal("got no error")
			}
			want := "m.yaml:" + strings.Join(c.want, "\nm.yaml:")
			if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(err.Error(), "\n")); diff != "" {
				t.Errorf("faults (-want +got):\n%s", diff)
			}
		})
	}
}

func FuzzMapping(f *testing.F) {
	f.Add("tables:\n  T: {is: t, key: {a: S, b: N}}\nqueues:\n  https://a/b: {is: q}\nfunctions:\n  f: {builtin: seed, table: t, item: {M: x}}\n")
	f.Add("functions: {a:function:b: {builtin: echo}}")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := services.ReadMapping("m.yaml", []byte(text))
		if (m == nil) == (err == nil) {
			t.Fatalf("got %v and %v", m, err)
		}
	})
}
