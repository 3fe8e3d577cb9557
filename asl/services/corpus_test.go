package services_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl/value"
)

// A recording is one of AWS, as far as this test looks into it.
type recording struct {
	Kind, Area string
	Definition json.RawMessage
	Input      json.RawMessage
	Requires   []string
	Features   []string
	Mocks      struct {
		Lambda map[string]struct{ Kind string }
		Tasks  []struct {
			Scheduled struct {
				Parameters map[string]any
			}
			Answer struct {
				Event  string
				Output json.RawMessage
				Error  string
				Cause  string
			}
		}
	}
}

// leastPlayed is how many recordings there are to play at least: it only ever goes up.
const leastPlayed = 37

// supported are the Tasks that Services answer.
var supported = map[string]bool{
	"lambda": true, "lambda:invoke": true, "sqs:sendMessage": true, "dynamodb:getItem": true, "dynamodb:putItem": true, "dynamodb:deleteItem": true,
	"aws-sdk:dynamodb:getItem": true, "aws-sdk:dynamodb:putItem": true, "aws-sdk:dynamodb:deleteItem": true,
}

// TestCorpus runs the recorded definitions with Tasks that Services answer, and compares each answer with AWS's. What is
// called no-such-… does not exist here either; functions that give back what they get are echoes.
func TestCorpus(t *testing.T) {
	dir := corpus(t)
	files, err := filepath.Glob(filepath.Join(dir, "asl", "*", "*.json"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no recordings in %s: %v", dir, err)
	}
	played := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var r recording
		if json.Unmarshal(text, &r) != nil || !r.playable() {
			continue
		}
		t.Run(filepath.Base(filepath.Dir(file))+"/"+strings.TrimSuffix(filepath.Base(file), ".json"), func(t *testing.T) {
			played++
			got := play(t, string(r.Definition), string(r.Input), r.mapping())
			var want []string
			for _, task := range r.Mocks.Tasks {
				if a := task.Answer; a.Error != "" {
					want = append(want, normal(a.Error+": "+a.Cause))
				} else {
					want = append(want, normal(read(t, string(a.Output))))
				}
			}
			for i := range got {
				got[i] = normal(got[i])
			}
			var have []string
			for _, g := range got {
				have = append(have, g.(string))
			}
			if diff := cmp.Diff(want, have); diff != "" {
				t.Errorf("answers (-AWS +here):\n%s", diff)
			}
		})
	}
	t.Logf("%d recordings played", played)
	if played < leastPlayed {
		t.Errorf("got %d recordings, want %d at least", played, leastPlayed)
	}
}

func (r *recording) playable() bool {
	if r.Kind != "execution" || len(r.Requires) == 0 || len(r.Mocks.Tasks) == 0 {
		return false
	}
	for _, need := range r.Requires {
		if !supported[need] {
			return false
		}
	}
	for _, f := range r.Features {
		if f == "JSONata" {
			return false
		}
	}
	for _, l := range r.Mocks.Lambda {
		if l.Kind != "identity" {
			return false
		}
	}
	return true
}

// mapping is the file that says what is there: every function, and the tables and queues that the input names.
func (r *recording) mapping() string {
	var b strings.Builder
	b.WriteString("functions:\n  another: {builtin: echo}\n")
	named := func(text string) bool {
		return !strings.Contains(text, "no_such") && !strings.Contains(text, "no-such")
	}
	for name := range r.Mocks.Lambda {
		fmt.Fprintf(&b, "  %s: {builtin: echo}\n", name)
	}
	for _, name := range functionARN.FindAllString(string(r.Definition), -1) {
		if bare := name[strings.LastIndexByte(name, ':')+1:]; r.Mocks.Lambda[bare].Kind == "" {
			fmt.Fprintf(&b, "  %s: {builtin: echo}\n", bare)
		}
	}
	var input struct {
		TableName string
		QueueURL  string `json:"QueueUrl"`
	}
	_ = json.Unmarshal(r.Input, &input) // an input without them has none
	if tableName.MatchString(input.TableName) && named(input.TableName) {
		fmt.Fprintf(&b, "tables:\n  %s: {is: table, key: id}\n", input.TableName)
	}
	if strings.HasPrefix(input.QueueURL, "http") && named(input.QueueURL) {
		fmt.Fprintf(&b, "queues:\n  %s: {is: queue}\n", input.QueueURL)
	}
	return b.String()
}

var (
	functionARN  = regexp.MustCompile(`arn:aws:lambda:[^"]*:function:[^"]*`)
	tableName    = regexp.MustCompile(`^[a-zA-Z0-9_.-]+$`)
	requestID    = regexp.MustCompile(`Request ID: [^;)]+`)
	lambdaARN    = regexp.MustCompile(`arn:[^:]*:lambda:[^:]*:[^:]*:function:[^ ]*?(:\$LATEST)? `)
	functionName = regexp.MustCompile(`<lambda_function_name>|lambda_func_uid\d+`)
	noHost       = regexp.MustCompile(`HTTP request: \S+: Name`)
)

// volatile are the members that differ from one call to the next.
var volatile = map[string]bool{
	"Date": true, "x-amzn-RequestId": true, "x-amzn-requestid": true, "x-amz-crc32": true, "X-Amzn-Trace-Id": true, "RequestId": true,
	"MessageId": true, "MD5OfMessageBody": true, "MD5OfMessageAttributes": true,
}

// normal writes an answer with its volatile parts covered.
func normal(answer any) string {
	if text, ok := answer.(string); ok {
		text = requestID.ReplaceAllString(text, "Request ID: …")
		text = noHost.ReplaceAllString(text, "HTTP request: …: Name")
		text = strings.ReplaceAll(text, "<test-table>", "invalid_test_table_uid00001")
		return lambdaARN.ReplaceAllString(text, "FUNCTION$1 ")
	}
	return functionName.ReplaceAllString(value.Text(cover(answer, false)), "FUNCTION")
}

// cover covers the volatile parts of a value, and the length of a payload: AWS's came from Python, which puts blanks into JSON.
func cover(v any, payload bool) any {
	switch v := v.(type) {
	case *value.Object:
		_, executed := v.Lookup("ExecutedVersion")
		payload = payload || executed
		var b value.Builder
		names := v.Keys()
		_, headers := v.Lookup("Server")
		_, item := v.Lookup("data")
		if headers || item {
			// DynamoDB's older recordings spell a header otherwise and have it elsewhere; and attributes come in any order.
			slices.SortFunc(names, func(a, b string) int { return strings.Compare(strings.ToLower(a), strings.ToLower(b)) })
		}
		for _, name := range names {
			member, _ := v.Lookup(name)
			if name == "x-amzn-requestid" {
				name = "x-amzn-RequestId"
			}
			if volatile[name] || name == "Content-Length" && payload {
				member = "…"
			}
			b.Set(name, cover(member, payload))
		}
		return b.Object()
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = cover(v[i], payload)
		}
		return list
	}
	return v
}
