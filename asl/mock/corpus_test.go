package mock_test

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/mock"
	"signalbox/asl/value"
)

// leastHeld is how many recordings with a file of mocks hold at least: it only ever goes up.
const leastHeld = 12

// TestCorpusMocks plays recordings of AWS with the file of mocks that says the same as AWS's services did, and compares
// status, output, error, cause and the names of the events.
func TestCorpusMocks(t *testing.T) {
	held, total, later := map[string]int{}, map[string]int{}, map[string]int{}
	for _, s := range recordings(t) {
		area := s.text("area")
		if slices.Contains(s.list("features"), any("JSONata")) {
			later[area]++
			continue
		}
		total[area]++
		diff := s.play(s.config())
		if diff == "" {
			held[area]++
		} else if os.Getenv("SIGNALBOX_CORPUS_DIFFS") != "" {
			t.Logf("%s\n%s", s.text("id"), diff)
		}
	}
	sum := 0
	for _, area := range slices.Sorted(maps.Keys(total)) {
		t.Logf("%-24s %4d/%d", area, held[area], total[area])
		sum += held[area]
	}
	t.Logf("not yet played: JSONata: %v", later)
	if sum < leastHeld {
		t.Errorf("got %d that hold, want %d at least", sum, leastHeld)
	}
}

// The comparison must see what it is for: with another answer in the file, a recording does not hold any more.
func TestCorpusMocksSeesChanges(t *testing.T) {
	list := recordings(t)
	for id, changes := range map[string][][2]string{
		"base_scenarios.test_lambda_invoke": {
			{`"body":"string body"`, `"body":"another body"`},
			{`{"Return":`, `{"Throw":{"Error":"E"}},"1":{"Return":`},
			{`"step1":"`, `"step2":"`},
		},
		"base_callbacks.test_sqs_wait_for_task_token_task_failure": {
			{`"Cause":"Failure cause"`, `"Cause":"another"`},
			{`"Error":"Failure error"`, `"Error":"another"`},
			{`"Throw":{"Error":"Failure error","Cause":"Failure cause"}`, `"Return":1`},
		},
	} {
		i := slices.IndexFunc(list, func(s recording) bool { return filepath.Base(s.file) == id+".json" })
		if i < 0 {
			t.Fatalf("there is no recording %s", id)
		}
		s := list[i]
		if diff := s.play(s.config()); diff != "" {
			t.Errorf("%s does not hold as it is: %s", id, diff)
		}
		for _, change := range changes {
			changed := strings.Replace(s.config(), change[0], change[1], 1)
			if changed == s.config() {
				t.Fatalf("%s: %s is not in %s", id, change[0], changed)
			}
			if s.play(changed) == "" {
				t.Errorf("%s still holds with %s", id, change[1])
			}
		}
	}
}

// A recording is one of AWS, with the file of mocks that gives the same run.
type recording struct {
	file string
	node
}

type node struct{ o *value.Object }

func (s node) get(key string) any {
	v, _ := s.o.Lookup(key)
	return v
}

func (s node) text(key string) string {
	text, _ := s.get(key).(string)
	return text
}

func (s node) object(key string) node {
	o, _ := s.get(key).(*value.Object)
	return node{o}
}

func (s node) list(key string) []any {
	list, _ := s.get(key).([]any)
	return list
}

func recordings(tb testing.TB) []recording {
	tb.Helper()
	dir := os.Getenv("SIGNALBOX_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("the recordings are missing: %v", err)
		}
		tb.Skipf("not run: no recordings here: %v", err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "asl", "*", "*.json"))
	if err != nil {
		tb.Fatal(err)
	}
	var list []recording
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		if !strings.Contains(string(text), "sfn_local_mock_config") {
			continue
		}
		v, err := value.Read(text)
		if err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		s := recording{file, node{v.(*value.Object)}}
		if s.text("kind") == "execution" && s.mocks().o.Len() > 0 {
			list = append(list, s)
		}
	}
	if len(list) == 0 {
		tb.Fatal("no recording has a file of mocks")
	}
	return list
}

func (s recording) mocks() node { return s.object("mocks").object("sfn_local_mock_config") }

// config is the text of the file of mocks.
func (s recording) config() string { return value.Text(s.mocks().get("config")) }

// play runs the recorded execution, its Tasks answered by a file of mocks, and returns how it differs; "" if it does not.
func (s recording) play(config string) string {
	m, faults := asl.Parse([]byte(value.Text(s.get("definition"))))
	if m == nil {
		return "refused: " + faults.Error()
	}
	file, err := mock.Read("mocks", []byte(config))
	if err != nil {
		return err.Error()
	}
	machine, _ := s.mocks().list("state_machines")[0].(string)
	target, _ := s.mocks().list("targets")[0].(string)
	c, err := file.Case(machine, target)
	if err == nil {
		err = c.Check(m)
	}
	if err != nil {
		return err.Error()
	}
	names := s.object("names")
	clock := engine.NewSimulated(engine.Epoch, 0)
	run, err := engine.New(engine.Options{Clock: clock, Other: c.Play()}).Start(m, asl.Identity{
		Name: names.text("execution"), ID: names.text("executionArn"), RoleARN: names.text("roleArn"),
		StateMachineName: names.text("stateMachine"), StateMachineID: names.text("stateMachineArn"), Seed: 1,
	}, s.get("input"), nil)
	if err == nil {
		err = clock.Run(context.Background())
	}
	if err != nil {
		return err.Error()
	}
	x := run.Snapshot()
	failure := asl.Error{}
	if x.Failure != nil {
		failure = *x.Failure
	}
	expect := s.object("expect")
	if got, want := x.Status.String(), expect.text("status"); got != want {
		return fmt.Sprintf("status: got %s (%v), want %s", got, x.Failure, want)
	}
	for what, got := range map[string]any{"output": x.Output, "error": failure.Name, "cause": failure.Cause} {
		want, ok := expect.o.Lookup(what)
		if ok && !s.same(got, want) {
			return fmt.Sprintf("%s: got  %s\nwant %s", what, value.Text(got), value.Text(want))
		}
	}
	if _, ok := expect.o.Lookup("events"); !ok {
		return ""
	}
	var got, want []string
	for e := range run.History() {
		got = append(got, e.Name())
	}
	for _, e := range expect.list("events") {
		want = append(want, node{e.(*value.Object)}.text("type"))
	}
	if _, sorted := expect.o.Lookup("events_order"); sorted { // and ParallelStateSucceeded is not among the recorded ones
		got = slices.DeleteFunc(got, func(name string) bool { return name == "ParallelStateSucceeded" })
		slices.Sort(got)
		slices.Sort(want)
	}
	if !slices.Equal(got, want) {
		return fmt.Sprintf("events: got  %v\nwant %v", got, want)
	}
	return ""
}

// placeholder is how recordings show what differs from run to run, where they name no text of their own for it.
var placeholder = regexp.MustCompile(`^<.*>$`)

// same compares a value with a recorded one. A text that stands for what differs from run to run is like any other text; the
// members that the file of mocks does not have, such as the headers of answers, are named by the recording.
func (s recording) same(got, want any) bool {
	switch w := want.(type) {
	case string:
		stands := func(p any) bool { return node{p.(*value.Object)}.text("as") == w }
		return value.Equal(got, want) || placeholder.MatchString(w) || slices.ContainsFunc(s.list("placeholders"), stands)
	case []any:
		g, ok := got.([]any)
		return ok && slices.EqualFunc(g, w, s.same)
	case *value.Object:
		g, ok := got.(*value.Object)
		if !ok {
			return false
		}
		members := func(o *value.Object) map[string]any {
			all := maps.Collect(o.All())
			maps.DeleteFunc(all, func(key string, _ any) bool { return slices.Contains(s.list("localstack_skips"), any("$.."+key)) })
			return all
		}
		return maps.EqualFunc(members(g), members(w), s.same)
	}
	return value.Equal(got, want)
}
