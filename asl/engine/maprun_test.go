package engine_test

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
)

// folder makes a Folder of objects: name of bucket and key → content.
func folder(t *testing.T, objects map[string]string) engine.Folder {
	t.Helper()
	f := engine.Folder(t.TempDir())
	for name, body := range objects {
		bucket, key, _ := strings.Cut(name, "/")
		if err := f.Put(bucket, key, []byte(body)); err != nil {
			t.Fatal(err)
		}
	}
	return f
}

func zipped(t *testing.T, text string) string {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

// distributed is a machine of one distributed Map whose children run the given states from S on.
func distributed(t *testing.T, fields, states string) *asl.Machine {
	t.Helper()
	return parse(t, `{"StartAt":"M","States":{"M":{"Type":"Map","End":true,`+fields+`"ItemProcessor":{
		"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"S","States":{`+states+`}}}}}`)
}

const pass = `"S":{"Type":"Pass","End":true}`

// failOdd fails for items that are odd.
const failOdd = `"S":{"Type":"Choice","Choices":[
	{"Or":[{"Variable":"$","NumericEquals":1},{"Variable":"$","NumericEquals":3}],"Next":"F"}],"Default":"OK"},
	"OK":{"Type":"Succeed"},"F":{"Type":"Fail","Error":"Odd","Cause":"it is odd"}`

func reader(config string) string {
	return `"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket":"in","Key.$":"$.key"},"ReaderConfig":` +
		config + `},`
}

func TestItemReaders(t *testing.T) {
	objects := folder(t, map[string]string{
		"in/a.json":     `[1,{"b":2}]`,
		"in/deep.json":  `{"x":{"a/b":[[7,8]]}}`,
		"in/a.jsonl":    "{\"a\":1}\n\n[2]\n",
		"in/a.csv":      "\ufeffid,name\r\n1,\"Ann, \"\"A\"\"\"\r\n\r\n2\r\n",
		"in/pipes.csv":  "1|x\n2|y\n",
		"in/a.csv.gz":   zipped(t, "id\n5\n"),
		"in/empty.csv":  "",
		"in/broken.gz":  "no gzip",
		"in/bad.jsonl":  "{}\n{\n",
		"in/text.json":  "nothing",
		"in/twice.csv":  "a,a\n1,2\n",
		"in/athena.csv": "\"s3://data/one.csv\"\ns3://data/two.csv\n",
		"in/wrong.csv":  "data/one.csv\n",
		"data/one.csv":  "1\n2\n",
		"data/two.csv":  "3\n",
		"in/inventory/manifest.json": `{"sourceBucket":"src","destinationBucket":"arn:aws:s3:::data","version":"2016-11-30",
			"fileFormat":"CSV","fileSchema":"Bucket, Key, Size","files":[{"key":"i/1.csv.gz","size":1},{"key":"i/2.csv","size":1}]}`,
		"data/i/1.csv.gz": zipped(t, "\"src\",\"a.txt\",\"3\"\n"),
		"data/i/2.csv":    "\"src\",\"b.txt\",\"4\"\n",
		"in/orc.json":     `{"destinationBucket":"arn:aws:s3:::data","fileFormat":"ORC","fileSchema":"Key","files":[]}`,
	})
	for _, c := range []struct{ config, key, want string }{
		{`{"InputType":"JSON"}`, "a.json", `[1,{"b":2}]`},
		{`{"InputType":"JSON","ItemsPointer":"/x/a~1b/0"}`, "deep.json", `[7,8]`},
		{`{"InputType":"JSON","ItemsPointer":"/x/0"}`, "deep.json", `States.ItemReaderFailed: ItemsPointer "/x/0" leads nowhere in the file`},
		{`{"InputType":"JSON","MaxItems":1}`, "a.json", `[1]`},
		{`{"InputType":"JSONL"}`, "a.jsonl", `[{"a":1},[2]]`},
		{`{"InputType":"JSONL"}`, "bad.jsonl", `States.ItemReaderFailed: line 2 of the file is not JSON: json: the text ends too early`},
		{`{"InputType":"JSON"}`, "text.json", `States.ItemReaderFailed: the file is not JSON: json: invalid character 'o' in literal null (expecting 'u')`},
		{
			`{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`, "a.csv",
			`[{"id":"1","name":"Ann, \"A\""},{"id":"2","name":""}]`,
		},
		{
			`{"InputType":"CSV","CSVDelimiter":"PIPE","CSVHeaderLocation":"GIVEN","CSVHeaders":["n","l"]}`, "pipes.csv",
			`[{"n":"1","l":"x"},{"n":"2","l":"y"}]`,
		},
		{`{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`, "a.csv.gz", `[{"id":"5"}]`},
		{`{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`, "empty.csv", `[]`},
		{`{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`, "twice.csv", `States.ItemReaderFailed: CSV headers cannot contain duplicates.`},
		{`{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`, "broken.gz", `States.ItemReaderFailed: broken.gz: unexpected EOF`},
		{`{"InputType":"JSON"}`, "none.json", `States.ItemReaderFailed: The specified key does not exist.`},
		{`{"InputType":"PARQUET"}`, "a.json", `States.ItemReaderFailed: InputType PARQUET cannot be read here: give JSON, JSONL or CSV`},
		{
			`{"InputType":"MANIFEST"}`, "inventory/manifest.json",
			`[{"Bucket":"src","Key":"a.txt","Size":"3"},{"Bucket":"src","Key":"b.txt","Size":"4"}]`,
		},
		{`{"InputType":"MANIFEST"}`, "orc.json", `States.ItemReaderFailed: the files of the manifest are "ORC"; CSV can be read`},
		{`{"InputType":"MANIFEST"}`, "a.json", `States.ItemReaderFailed: the manifest is not a JSON object`},
		{
			`{"InputType":"CSV","ManifestType":"ATHENA_DATA","CSVHeaderLocation":"GIVEN","CSVHeaders":["n"],"MaxItems":3}`, "athena.csv",
			`[{"n":"1"},{"n":"2"},{"n":"3"}]`,
		},
		{
			`{"InputType":"CSV","ManifestType":"ATHENA_DATA","CSVHeaderLocation":"GIVEN","CSVHeaders":["n"]}`, "wrong.csv",
			`States.ItemReaderFailed: the manifest names "data/one.csv"; want s3://bucket/key`,
		},
	} {
		m := distributed(t, reader(c.config), pass)
		run, _ := runAll(t, engine.Options{Objects: objects}, m, value.NewObject("key", c.key))
		x := run.Snapshot()
		got := value.Text(x.Output)
		if x.Failure != nil {
			got = x.Failure.Error()
		}
		if got != c.want {
			t.Errorf("%s of %s:\ngot  %s\nwant %s", c.config, c.key, got, c.want)
		}
	}
}

func TestListsOfObjects(t *testing.T) {
	objects := folder(t, map[string]string{"b/p/2.jsonl": "3\n", "b/p/1.jsonl": "1\n2\n", "b/q.jsonl": "9\n"})
	list := func(config string) asl.Execution {
		m := distributed(t, `"ItemReader":{"Resource":"arn:aws:states:::s3:listObjectsV2","Parameters":{"Bucket":"b","Prefix":"p/"}`+
			config+`},`, pass)
		run, _ := runAll(t, engine.Options{Objects: objects}, m, nil)
		return run.Snapshot()
	}
	x := list("")
	got := regexp.MustCompile(`"LastModified":\d+`).ReplaceAllString(value.Text(x.Output), `"LastModified":0`)
	const want = `[{"Etag":"\"6ddb4095eb719e2a9f0a3f95677d24e0\"","Key":"p/1.jsonl","LastModified":0,"Size":4,"StorageClass":"STANDARD"},` +
		`{"Etag":"\"6d7fce9fee471194aa8b5b6e47267f03\"","Key":"p/2.jsonl","LastModified":0,"Size":2,"StorageClass":"STANDARD"}]`
	if got != want {
		t.Errorf("got  %s %v\nwant %s", got, x.Failure, want)
	}
	x = list(`,"ReaderConfig":{"Transformation":"LOAD_AND_FLATTEN","InputType":"JSONL"}`)
	if got := value.Text(x.Output); got != `[1,2,3]` {
		t.Errorf("loaded and flattened: got %s %v, want [1,2,3]", got, x.Failure)
	}
}

func TestBatches(t *testing.T) {
	const items = `[10,11,12,13,14]`
	for _, c := range []struct{ batcher, want string }{
		{`{"MaxItemsPerBatch":2}`, `[{"Items":[10,11]},{"Items":[12,13]},{"Items":[14]}]`},
		{
			`{"MaxItemsPerBatch":4,"BatchInput":{"of.$":"$$.State.Name"}}`,
			`[{"BatchInput":{"of":"M"},"Items":[10,11,12,13]},{"BatchInput":{"of":"M"},"Items":[14]}]`,
		},
		{`{"MaxInputBytesPerBatch":20}`, `[{"Items":[10,11,12]},{"Items":[13,14]}]`},
		{`{"MaxInputBytesPerBatch":1}`, `[{"Items":[10]},{"Items":[11]},{"Items":[12]},{"Items":[13]},{"Items":[14]}]`},
	} {
		m := distributed(t, `"ItemBatcher":`+c.batcher+`,`, pass)
		in, err := value.Read([]byte(items))
		if err != nil {
			t.Fatal(err)
		}
		run, _ := runAll(t, engine.Options{}, m, in)
		if x := run.Snapshot(); value.Text(x.Output) != c.want {
			t.Errorf("%s: got %s %v, want %s", c.batcher, value.Text(x.Output), x.Failure, c.want)
		}
	}
}

func TestToleratedFailures(t *testing.T) {
	exceeded := "States.ExceedToleratedFailureThreshold: The specified tolerated failure threshold was exceeded"
	for _, c := range []struct{ fields, want string }{
		{``, exceeded},
		{`"ToleratedFailureCount":0,`, exceeded},
		{`"ToleratedFailureCount":1,`, exceeded},
		{`"ToleratedFailureCount":2,`, `[0,2]`},
		{`"ToleratedFailurePercentage":49.9,`, exceeded},
		{`"ToleratedFailurePercentage":50,`, `[0,2]`},
		{`"ToleratedFailureCount":5,"ToleratedFailurePercentage":10,`, exceeded},
		{`"ToleratedFailureCountPath":"$[2]",`, `[0,2]`},
	} {
		m := distributed(t, c.fields, failOdd)
		run, _ := runAll(t, engine.Options{}, m, []any{int64(0), int64(1), int64(2), int64(3)})
		x := run.Snapshot()
		got := value.Text(x.Output)
		if x.Failure != nil {
			got = x.Failure.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %s, want %s", c.fields, got, c.want)
		}
	}
}

func TestResultsAreWrittenWithAManifest(t *testing.T) {
	objects := folder(t, nil)
	const writer = `"Label":"L","ToleratedFailureCount":9,"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject",
		"Parameters":{"Bucket":"out","Prefix":"jobs/"}%s},`
	m := distributed(t, fmt.Sprintf(writer, ""), failOdd)
	run, _ := runAll(t, engine.Options{Objects: objects}, m, []any{int64(0), int64(1)})
	x := run.Snapshot()
	output, ok := x.Output.(*value.Object)
	if !ok {
		t.Fatalf("got %v %v, want an object", x.Output, x.Failure)
	}
	details, _ := output.Lookup("ResultWriterDetails")
	key, _ := details.(*value.Object).Lookup("Key")
	manifest, err := objects.Get("out", key.(string))
	if err != nil {
		t.Fatal(err)
	}
	id := regexp.MustCompile(`^jobs/([0-9a-f-]{36})/manifest\.json$`).FindStringSubmatch(key.(string))
	if id == nil {
		t.Fatalf("got the key %s, want jobs/UUID/manifest.json", key)
	}
	plain := func(text []byte) string {
		s := strings.ReplaceAll(string(text), id[1], "RUN")
		s = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f-]{27}`).ReplaceAllString(s, "CHILD")
		return regexp.MustCompile(`"Size":\d+`).ReplaceAllString(s, `"Size":0`)
	}
	read := func(name string) string {
		body, err := objects.Get("out", "jobs/"+id[1]+"/"+name)
		if err != nil {
			t.Fatal(err)
		}
		return plain(body)
	}
	const wantManifest = `{"DestinationBucket":"out","MapRunArn":":mapRun:/L:RUN","ResultFiles":{"FAILED":[{"Key":` +
		`"jobs/RUN/FAILED_0.json","Size":0}],"PENDING":[],"SUCCEEDED":[{"Key":"jobs/RUN/SUCCEEDED_0.json","Size":0}]}}`
	if got := plain(manifest); got != wantManifest {
		t.Errorf("the manifest: got\n%s\nwant\n%s", got, wantManifest)
	}
	const wantFailed = `[{"Cause":"it is odd","Error":"Odd","ExecutionArn":":execution:/L:CHILD","Input":"1",` +
		`"InputDetails":{"Included":true},"Name":"CHILD","RedriveCount":0,"RedriveStatus":"REDRIVABLE_BY_MAP_RUN",` +
		`"StartDate":"2025-01-01T08:00:00.000Z","StateMachineArn":":stateMachine:/L","Status":"FAILED",` +
		`"StopDate":"2025-01-01T08:00:00.000Z"}]`
	if got := read("FAILED_0.json"); got != wantFailed {
		t.Errorf("the failed: got\n%s\nwant\n%s", got, wantFailed)
	}
	if got := read("SUCCEEDED_0.json"); !strings.Contains(got, `"Output":"0"`) || !strings.Contains(got, `"Status":"SUCCEEDED"`) {
		t.Errorf("the succeeded: got %s", got)
	}

	// Lines of outputs alone.
	m = distributed(t, fmt.Sprintf(writer, `,"WriterConfig":{"Transformation":"FLATTEN","OutputType":"JSONL"}`), pass)
	run, _ = runAll(t, engine.Options{Objects: objects}, m, []any{[]any{int64(1), int64(2)}, "x"})
	output, _ = run.Snapshot().Output.(*value.Object)
	details, _ = output.Lookup("ResultWriterDetails")
	key, _ = details.(*value.Object).Lookup("Key")
	body, err := objects.Get("out", strings.Replace(key.(string), "manifest.json", "SUCCEEDED_0.jsonl", 1))
	if err != nil || string(body) != "1\n2\n\"x\"\n" {
		t.Errorf("flattened lines: got %q %v", body, err)
	}

	// What cannot be written fails the Map.
	if err := os.WriteFile(filepath.Join(string(objects), "blocked"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	m = distributed(t, strings.Replace(fmt.Sprintf(writer, ""), `"out"`, `"blocked"`, 1), pass)
	run, _ = runAll(t, engine.Options{Objects: objects}, m, []any{int64(0)})
	if x := run.Snapshot(); x.Failure == nil || x.Failure.Name != asl.ErrResultWriter {
		t.Errorf("got %v, want %s", x.Failure, asl.ErrResultWriter)
	}
}

func TestResultsWithoutExport(t *testing.T) {
	m := distributed(t, `"ResultWriter":{"WriterConfig":{"Transformation":"FLATTEN","OutputType":"JSON"}},`, pass)
	run, _ := runAll(t, engine.Options{}, m, []any{[]any{int64(1)}, []any{}, int64(2)})
	if got := value.Text(run.Snapshot().Output); got != `[1,2]` {
		t.Errorf("got %s, want [1,2]", got)
	}
}

func TestNothingOutsideAFolderIsReached(t *testing.T) {
	objects := folder(t, map[string]string{"b/key": "inside"})
	if err := os.WriteFile(filepath.Join(filepath.Dir(string(objects)), "secret"), []byte("outside"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, name := range [][2]string{{"..", "secret"}, {"b", "../../secret"}, {"b/..", "x"}, {"", "key"}, {".", "b/key"}} {
		if body, err := objects.Get(name[0], name[1]); err == nil {
			t.Errorf("%s: got %q, want an error", name, body)
		}
		if err := objects.Put(name[0], name[1], nil); err == nil {
			t.Errorf("%s was written, want an error", name)
		}
	}
}

func TestChildrenKeepToTheConcurrencyAndAreStopped(t *testing.T) {
	m := parse(t, `{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"MaxConcurrency":3,
		"Catch":[{"ErrorEquals":["States.ExceedToleratedFailureThreshold"],"Next":"Caught"}],
		"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"S","States":{
			"S":{"Type":"Choice","Choices":[{"Variable":"$","NumericEquals":5,"Next":"F"}],"Default":"W"},
			"W":{"Type":"Task","Resource":"`+activity("work")+`","End":true},"F":{"Type":"Fail","Error":"Five"}}}},
		"Caught":{"Type":"Pass","End":true}}}`)
	clock := engine.NewSimulated(engine.Epoch, 0)
	work := &crowded{clock: clock, now: map[string]bool{}}
	e := engine.New(engine.Options{Clock: clock, Handlers: map[string]engine.Handler{"work": work}})
	items := make([]any, 9)
	for i := range items {
		items[i] = int64(i)
	}
	run, err := e.Start(m, asl.Identity{Name: "top"}, items, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	x := run.Snapshot()
	if got := value.Text(x.Output); got != `{"Error":"States.ExceedToleratedFailureThreshold","Cause":"The specified tolerated failure threshold was exceeded"}` {
		t.Errorf("got %s %v", got, x.Failure)
	}
	if work.most != 3 {
		t.Errorf("at most %d children worked at once, want 3", work.most)
	}
	if len(work.now) != 0 || work.cancelled == 0 {
		t.Errorf("%d children still work, %d were cancelled; want none, and some", len(work.now), work.cancelled)
	}
	if diff := cmp.Diff([]string{"top"}, work.tops); diff != "" {
		t.Errorf("the executions on whose behalf the tasks are (-want +got):\n%s", diff)
	}

	// So does stopping the execution from outside.
	work = &crowded{clock: clock, now: map[string]bool{}}
	e = engine.New(engine.Options{Clock: clock, Handlers: map[string]engine.Handler{"work": work}})
	if run, err = e.Start(m, asl.Identity{Name: "top"}, items[:5], nil); err != nil {
		t.Fatal(err)
	}
	clock.AfterFunc(time.Second/2, func() { run.Stop("Enough", "") })
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if x := run.Snapshot(); x.Status != asl.StatusAborted || len(work.now) != 0 || work.cancelled != 3 {
		t.Errorf("got %v, %d at work, %d cancelled; want ABORTED, none, 3", x.Status, len(work.now), work.cancelled)
	}
}

// Children that are stopped in the Step that has asked for them do not begin; neither does an execution that is stopped before
// its turn on the clock has come.
func TestWhatIsStoppedBeforeItBeginsNeverBegins(t *testing.T) {
	m := parse(t, `{"StartAt":"Both","States":{"Both":{"Type":"Parallel","Branches":[
		{"StartAt":"Map","States":{"Map":{"Type":"Map","ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
			"StartAt":"T","States":{"T":{"Type":"Task","Resource":"`+activity("work")+`","End":true}}},"End":true}}},
		{"StartAt":"Fails","States":{"Fails":{"Type":"Fail","Error":"E"}}}],
		"Catch":[{"ErrorEquals":["E"],"Next":"Done"}],"End":true},"Done":{"Type":"Wait","Seconds":5,"End":true}}}`)
	begun := 0
	work := engine.HandlerFunc(func(engine.Task) (output any, name, cause string) {
		begun++
		return nil, "", ""
	})
	o := engine.Options{Handlers: map[string]engine.Handler{"work": work}}
	run, _ := runAll(t, o, m, []any{int64(1), int64(2)})
	if x := run.Snapshot(); x.Status != asl.StatusSucceeded || begun != 0 {
		t.Errorf("got %v, %d tasks of children that were stopped; want SUCCEEDED, none", x.Status, begun)
	}

	o.Clock = engine.NewSimulated(engine.Epoch, 0)
	run, err := engine.New(o).Start(m, asl.Identity{Name: "test"}, []any{int64(1)}, nil)
	if err != nil {
		t.Fatal(err)
	}
	run.Stop("Enough", "")
	if err := o.Clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	var events []string
	for e := range run.History() {
		events = append(events, e.Name())
	}
	if diff := cmp.Diff([]string{"ExecutionAborted"}, events); run.Snapshot().Status != asl.StatusAborted || diff != "" {
		t.Errorf("got %v, want ABORTED, and (-want +got):\n%s", run.Snapshot().Status, diff)
	}
}

// crowded answers each task after a second and counts how many are under way.
type crowded struct {
	clock     *engine.Clock
	now       map[string]bool
	most      int
	cancelled int
	tops      []string
}

func (c *crowded) Start(task engine.Task, reply engine.Reply) func() {
	c.now[task.Execution] = true
	c.most = max(c.most, len(c.now))
	if len(c.tops) == 0 || c.tops[len(c.tops)-1] != task.Top {
		c.tops = append(c.tops, task.Top)
	}
	stop := c.clock.AfterFunc(time.Second, func() {
		delete(c.now, task.Execution)
		reply.Succeed(task.Input)
	})
	return func() {
		stop()
		delete(c.now, task.Execution)
		c.cancelled++
	}
}

func TestChildrenHaveHistoriesOfTheirOwn(t *testing.T) {
	m := distributed(t, "", pass)
	seen := &histories{events: map[string][]string{}}
	run, _ := runAll(t, engine.Options{Observer: seen}, m, []any{int64(1), int64(2)})
	if run.Snapshot().Status != asl.StatusSucceeded {
		t.Fatal(run.Snapshot().Failure)
	}
	want := []string{
		"ExecutionStarted", "MapStateEntered", "MapStateStarted", "MapRunStarted", "MapRunSucceeded", "MapStateSucceeded",
		"MapStateExited", "ExecutionSucceeded",
	}
	if diff := cmp.Diff(want, seen.events["test"]); diff != "" {
		t.Errorf("the history of the Map (-want +got):\n%s", diff)
	}
	if len(seen.events) != 3 {
		t.Fatalf("got %d histories, want 3", len(seen.events))
	}
	for name, events := range seen.events {
		if want := []string{"ExecutionStarted", "PassStateEntered", "PassStateExited", "ExecutionSucceeded"}; name != "test" {
			if diff := cmp.Diff(want, events); diff != "" {
				t.Errorf("the history of a child (-want +got):\n%s", diff)
			}
		}
	}
}

type histories struct{ events map[string][]string }

func (h *histories) Observe(run *engine.Run, events *asl.History) {
	name := run.Identity().Name
	for e := range events.All() {
		h.events[name] = append(h.events[name], e.Name())
	}
}
