package asl_test

import (
	"crypto/md5"
	"encoding/hex"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"signalbox/asl"
	"signalbox/asl/value"
)

// corpus returns the folder of recordings that SIGNALBOX_CORPUS names, else the one beside the project.
func corpus(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("SIGNALBOX_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "conformance")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("the recordings are missing: %v", err)
		}
		tb.Skipf("not run: no recordings here: %v", err)
	}
	return dir
}

// A scenario is one recording of AWS.
type scenario struct {
	file string
	o    *value.Object
	refs map[string]string // values that a placeholder numbers, with what stands for them
	// topics are the names in ARNs of topics, with what stands for them.
	topics map[string]string
}

func (s scenario) text(key string) string {
	v, _ := s.o.Lookup(key)
	text, _ := v.(string)
	return text
}

func (s scenario) object(key string) *value.Object {
	v, _ := s.o.Lookup(key)
	o, _ := v.(*value.Object)
	return o
}

func (s scenario) list(key string) []any {
	v, _ := s.o.Lookup(key)
	list, _ := v.([]any)
	return list
}

func scenarios(tb testing.TB, kind string) []scenario {
	tb.Helper()
	files, err := filepath.Glob(filepath.Join(corpus(tb), "asl", "*", "*.json"))
	if err != nil || len(files) < leastRecordings(1000) {
		tb.Fatalf("got %d recordings, %v; want more", len(files), err)
	}
	var list []scenario
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			tb.Fatal(err)
		}
		v, err := value.Read(text)
		if err != nil {
			tb.Fatalf("%s: %v", file, err)
		}
		if s := (scenario{file: file, o: v.(*value.Object)}); s.text("kind") == kind {
			list = append(list, s)
		}
	}
	return list
}

// A tally counts per area how many recordings hold.
type tally struct{ held, total map[string]int }

func newTally() tally { return tally{map[string]int{}, map[string]int{}} }

func (t tally) add(area string, held bool) {
	t.total[area]++
	if held {
		t.held[area]++
	}
}

// log prints the counts and returns their sums.
func (t tally) log(tb testing.TB, what string) (held, total int) {
	tb.Helper()
	for _, area := range slices.Sorted(maps.Keys(t.total)) {
		tb.Logf("%-24s %4d/%d", area, t.held[area], t.total[area])
		held += t.held[area]
		total += t.total[area]
	}
	tb.Logf("%s: %d/%d", what, held, total)
	return held, total
}

// leastRecordings is how many recordings there are at least in the folder beside the project: a test that finds none of them
// would hold. A folder that somebody names may have fewer.
func leastRecordings(here int) int {
	if os.Getenv("SIGNALBOX_CORPUS") != "" {
		return 1
	}
	return here
}

func TestCorpusExecutions(t *testing.T) {
	held, services := newTally(), newTally()
	later := newTally()      // JSONata
	superseded := newTally() // newer recordings say otherwise
	for _, s := range scenarios(t, "execution") {
		if slices.Contains(s.list("features"), any("JSONata")) {
			later.add(s.text("area"), false)
			continue
		}
		if reason, ok := cannotHold[s.text("id")]; ok {
			if s.play() == "" {
				t.Errorf("%s holds, although it cannot: %s", s.text("id"), reason)
			}
			continue
		}
		diff := s.play()
		if newer, older := s.asOfToday(); older && diff != "" {
			if diff = newer.play(); diff == "" {
				superseded.add(s.text("area"), true)
				continue
			}
		}
		if len(s.list("requires")) > 0 {
			services.add(s.text("area"), diff == "")
		} else {
			held.add(s.text("area"), diff == "")
		}
		if diff != "" && os.Getenv("SIGNALBOX_CORPUS_DIFFS") != "" {
			t.Logf("%s\n%s", s.text("id"), diff)
		}
	}
	n, _ := held.log(t, "held, executions without services in JSONPath")
	m, _ := services.log(t, "held, executions with services in JSONPath")
	superseded.log(t, "superseded by newer recordings, and held in their way")
	later.log(t, "not yet played: JSONata")
	for id, reason := range cannotHold {
		t.Logf("cannot hold: %s: %s", id, reason)
	}
	if sum(held.total) != n || sum(services.total) != m {
		t.Errorf("got %d of %d and %d of %d that hold, want all", n, sum(held.total), m, sum(services.total))
	}
	if n+m < leastRecordings(700) {
		t.Errorf("got %d executions, want more", n+m)
	}
}

func sum(counts map[string]int) int {
	n := 0
	for _, count := range counts {
		n += count
	}
	return n
}

// cannotHold are the recordings that nobody could repeat from what is recorded.
var cannotHold = map[string]string{
	"express/express_sync.test_catch": "the output quotes the stack trace and request id of a Python function, of which the " +
		"recording tells the error's type and message only",
	"express/express_sync.test_retry": "as in test_catch",
	"map_inline/base_scenarios.test_max_concurrency_path_negative": "AWS hangs for ever on MaxConcurrencyPath -1, before the " +
		"state is entered; here it is a States.Runtime error",
	"mocking/base_scenarios.test_lambda_service_invoke_sync_execution": "the output holds the HTTP headers of AWS's answer, " +
		"which are not recorded apart from it",
	"mocking/base_scenarios.test_parallel_state_lambda": "the recording has lost its output and the answers of its tasks",
}

// asOfToday is the recording as AWS would have made it since: newer recordings of the same thing differ in two ways. Until
// November 2023 the context object had no RedriveCount; until November 2024 the exit of a distributed Map followed
// MapRunSucceeded, not MapRunStarted. Older says that the recording is from before one of these.
func (s scenario) asOfToday() (newer scenario, older bool) {
	made, err := time.Parse("02-01-2006, 15:04:05", s.text("recorded"))
	if err != nil {
		return s, false
	}
	expect := s.object("expect")
	events, _ := expect.Lookup("events")
	if made.Before(time.Date(2023, 11, 15, 0, 0, 0, 0, time.UTC)) {
		events, older = withRedriveCount(events), true
	}
	if made.Before(time.Date(2024, 11, 1, 0, 0, 0, 0, time.UTC)) && slices.Contains(s.list("features"), any("Map:DISTRIBUTED")) {
		events, older = exitsAfterRuns(events), true
	}
	s.o = s.o.With("expect", expect.With("events", events))
	return s, older
}

// withRedriveCount adds the member to every Execution of a context object that has none.
func withRedriveCount(v any) any {
	switch x := v.(type) {
	case []any:
		list := make([]any, len(x))
		for i, e := range x {
			list[i] = withRedriveCount(e)
		}
		return list
	case *value.Object:
		for key, member := range x.All() {
			member = withRedriveCount(member)
			if o, ok := member.(*value.Object); ok && key == "Execution" {
				if _, role := o.Lookup("RoleArn"); role {
					member = o.With("RedriveCount", int64(0))
				}
			}
			x = x.With(key, member)
		}
		return x
	}
	return v
}

// exitsAfterRuns lets every exit of a Map that follows a MapRunSucceeded follow what that followed.
func exitsAfterRuns(events any) any {
	list := slices.Clone(events.([]any))
	ran := map[any]any{} // id of MapRunSucceeded: what it followed
	for i, e := range list {
		event := scenario{o: e.(*value.Object)}
		id, _ := event.o.Lookup("id")
		previous, _ := event.o.Lookup("previousEventId")
		switch event.text("type") {
		case "MapRunSucceeded":
			ran[id] = previous
		case "MapStateExited":
			if started, ok := ran[previous]; ok {
				list[i] = event.o.With("previousEventId", started)
			}
		}
	}
	return list
}

// play runs an execution and returns how it differs from the recording; "" if it does not.
func (s scenario) play() string {
	s.refs, s.topics = map[string]string{}, map[string]string{}
	definition, _ := s.o.Lookup("definition")
	m, faults := asl.Parse([]byte(value.Text(definition)))
	if m == nil {
		return "refused: " + faults.Error()
	}
	names := scenario{o: s.object("names")}
	who := asl.Identity{
		Name: names.text("execution"), ID: names.text("executionArn"), RoleARN: names.text("roleArn"),
		StateMachineName: names.text("stateMachine"), StateMachineID: names.text("stateMachineArn"), Seed: 1,
	}
	in, _ := s.o.Lookup("input")
	x, history := drive(m, who, in, 100_000, s.player(), s.objects, s.outside(m)...)
	expect := scenario{o: s.object("expect")}
	if got, want := x.Status.String(), expect.text("status"); got != want {
		return fmt.Sprintf("status: got %s (%v), want %s", got, x.Failure, want)
	}
	for _, c := range []struct {
		what string
		got  any
	}{{"output", x.Output}, {"error", failureText(x, false)}, {"cause", failureText(x, true)}} {
		want, ok := expect.o.Lookup(c.what)
		if !ok {
			continue
		}
		if got := s.snapshot(parsed(c.got)); !value.Equal(got, want) {
			return fmt.Sprintf("%s: got  %s\nwant %s", c.what, value.Text(got), value.Text(want))
		}
	}
	events, ok := expect.o.Lookup("events")
	if !ok {
		return ""
	}
	// The role is the test's own business; some recordings show it by one placeholder, some by another.
	events, err := value.Read([]byte(anyRole.ReplaceAllString(value.Text(events), "snf_role_arn")))
	if err != nil {
		return err.Error()
	}
	return s.compare(history, who, events.([]any))
}

// player answers Tasks as they were answered when AWS was recorded: by the list of tasks, in its order for each state, and
// where there is none by what the Lambda functions did.
func (s scenario) player() func(*asl.TaskRequest) []asl.Event {
	mocks := scenario{o: s.object("mocks")}
	waiting := mocks.list("tasks")
	return func(request *asl.TaskRequest) []asl.Event {
		for i, t := range waiting {
			task := scenario{o: t.(*value.Object)}
			if task.text("state") != request.State.Name {
				continue
			}
			waiting = slices.Delete(slices.Clone(waiting), i, i+1)
			name, _ := s.worker(request.State.Resource)
			worker, _ := name.(string)
			return append([]asl.Event{{Kind: asl.EventTaskStarted, Worker: worker}}, task.answer()...)
		}
		name := request.State.Resource[strings.LastIndexByte(request.State.Resource, ':')+1:]
		if o, ok := request.Input.(*value.Object); ok && name == "invoke" {
			if f, ok := o.Lookup("FunctionName"); ok {
				text, _ := f.(string)
				name = text[strings.LastIndexByte(text, ':')+1:]
			}
		}
		if f, ok := mocks.object("lambda").Lookup(name); ok {
			return scenario{o: f.(*value.Object)}.lambda(request.Input)
		}
		return nil // it never answers
	}
}

// outside is what befell the execution from outside: activities that nobody served had been deleted, and somebody may have
// stopped it.
func (s scenario) outside(m *asl.Machine) []asl.Event {
	var events []asl.Event
	if stop, stopped := s.object("mocks").Lookup("stop_execution"); stopped {
		o, _ := stop.(*value.Object)
		events = append(events, asl.Event{Kind: asl.EventStop, Failure: scenario{o: o}.failure("error", "cause")})
	}
	for state := range m.All() {
		if _, served := s.worker(state.Resource); state.Activity != "" && !served {
			events = append(events, asl.Event{Kind: asl.EventActivityDeleted, Activity: state.Resource})
		}
	}
	return events
}

// worker returns the name of the worker that served an activity, nil if it gave none, and whether there was one.
func (s scenario) worker(activity string) (name any, served bool) {
	for _, c := range (scenario{o: s.object("mocks")}).list("activity_consumers") {
		consumer := scenario{o: c.(*value.Object)}
		if consumer.text("activityArn") == activity {
			get := scenario{o: scenario{o: consumer.object("consumer_definition")}.object("States")}
			name, _ = scenario{o: scenario{o: get.o}.object("GetActivityTask")}.object("Parameters").Lookup("WorkerName")
			return name, true
		}
	}
	return nil, false
}

// objects answers from the objects that were there when AWS was recorded.
func (s scenario) objects(request any) asl.Event {
	bodies := scenario{o: scenario{o: s.object("mocks")}.object("s3")}
	switch r := request.(type) {
	case asl.GetObject:
		if _, there := bodies.o.Lookup(r.Bucket + "/" + r.Key); there {
			return asl.Event{Kind: asl.EventObjectSucceeded, Body: bodies.text(r.Bucket + "/" + r.Key)}
		}
		return asl.Event{Kind: asl.EventObjectFailed, Failure: &asl.Error{Name: "S3.NoSuchKey"}}
	case asl.ListObjects:
		var list []any
		names := bodies.o.Keys()
		slices.Sort(names)
		for _, name := range names {
			if key, in := strings.CutPrefix(name, r.Bucket+"/"); in && strings.HasPrefix(key, r.Prefix) {
				body := bodies.text(name)
				sum := md5.Sum([]byte(body))
				list = append(list, value.NewObject("Etag", `"`+hex.EncodeToString(sum[:])+`"`, "Key", key,
					"LastModified", epoch.Unix(), "Size", int64(len(body)), "StorageClass", "STANDARD"))
			}
		}
		return asl.Event{Kind: asl.EventObjectSucceeded, Listed: list}
	case asl.PutObject:
		return asl.Event{Kind: asl.EventObjectSucceeded}
	}
	return asl.Event{Kind: asl.EventObjectFailed, Failure: &asl.Error{Name: "not recorded"}}
}

// answer is what a recorded task was told.
func (s scenario) answer() []asl.Event {
	var events []asl.Event
	if submitted := s.object("submitted"); submitted != nil {
		output, _ := submitted.Lookup("output")
		events = append(events, asl.Event{Kind: asl.EventTaskSubmitted, Output: output})
	}
	answer := scenario{o: s.object("answer")}
	output, _ := answer.o.Lookup("output")
	switch kind := answer.text("event"); {
	case strings.HasSuffix(kind, "Succeeded"):
		return append(events, asl.Event{Kind: asl.EventTaskSucceeded, Output: output})
	case strings.HasSuffix(kind, "Failed") && answer.text("error") == asl.ErrDataLimit:
		// It was not who did the task that failed it: AWS did, for more data than it takes.
		return append(events, asl.Event{Kind: asl.EventTaskSucceeded, Output: strings.Repeat("a", 257<<10)})
	case strings.HasSuffix(kind, "Failed"):
		return append(events, asl.Event{Kind: asl.EventTaskFailed, Failure: answer.failure("error", "cause")})
	}
	return append(events, asl.Event{Kind: asl.EventTaskStarted}) // and it timed out
}

func (s scenario) failure(name, cause string) *asl.Error {
	text, _ := s.o.Lookup(cause)
	switch o, ok := text.(*value.Object); {
	case ok && strings.HasPrefix(s.text("event"), "Lambda"):
		text = pythonText(o)
	case ok:
		text = value.Text(o)
	}
	e := &asl.Error{Name: s.text(name)}
	e.Cause, _ = text.(string)
	return e
}

// pythonText is JSON with the blanks that the recorded functions, written in Python, put in: their texts stand in outputs.
func pythonText(v any) string {
	switch x := v.(type) {
	case []any:
		parts := make([]string, len(x))
		for i, e := range x {
			parts[i] = pythonText(e)
		}
		return "[" + strings.Join(parts, ", ") + "]"
	case *value.Object:
		var parts []string
		for k, e := range x.All() {
			parts = append(parts, value.Text(k)+": "+pythonText(e))
		}
		return "{" + strings.Join(parts, ", ") + "}"
	}
	return value.Text(v)
}

// lambda is what a function that the recordings describe does with its input.
func (s scenario) lambda(input any) []asl.Event {
	output, _ := s.o.Lookup("value")
	switch s.text("kind") {
	case "identity":
		output = input
	case "raise":
		cause := value.NewObject("errorMessage", s.text("errorMessage"), "errorType", s.text("errorType"))
		return []asl.Event{{Kind: asl.EventTaskFailed, Failure: &asl.Error{Name: s.text("errorType"), Cause: value.Text(cause)}}}
	case "return":
	default:
		return nil
	}
	return []asl.Event{{Kind: asl.EventTaskSucceeded, Output: output}}
}

func failureText(x asl.Execution, cause bool) any {
	switch {
	case x.Failure == nil:
		return nil
	case cause:
		return x.Failure.Cause
	default:
		return x.Failure.Name
	}
}

// compare holds the history against the recorded one: order, ids, types and details.
func (s scenario) compare(history []asl.HistoryEvent, who asl.Identity, want []any) string {
	got := make([]any, len(history))
	for i := range history {
		got[i] = s.snapshot(eventObject(&history[i], who))
	}
	if _, sorted := s.object("expect").Lookup("events_order"); sorted {
		got, want = withoutOrder(got, want)
	}
	for i := range max(len(got), len(want)) {
		got, recorded := at(got, i), at(want, i)
		if !value.Equal(got, recorded) {
			return fmt.Sprintf("event %d: got  %s\n         want %s", i+1, value.Text(got), value.Text(recorded))
		}
	}
	return ""
}

func at(list []any, i int) any {
	if i < len(list) {
		return list[i]
	}
	return nil
}

// withoutOrder brings the events between the start and the end of a Parallel into one order, without ids, in which the
// recordings have them; ParallelStateSucceeded is not among theirs.
func withoutOrder(got, want []any) ([]any, []any) {
	inside := map[int]bool{}
	for i, e := range want {
		id, _ := e.(*value.Object).Lookup("id")
		inside[i] = id == int64(0)
	}
	got = slices.DeleteFunc(slices.Clone(got), func(e any) bool {
		kind, _ := e.(*value.Object).Lookup("type")
		return kind == "ParallelStateSucceeded"
	})
	arrange := func(events []any) []any {
		list := slices.Clone(events)
		for from := 0; from < len(list); from++ {
			to := from
			for to < len(list) && inside[to] {
				list[to] = list[to].(*value.Object).With("id", int64(0)).With("previousEventId", int64(0))
				to++
			}
			slices.SortFunc(list[from:to], func(a, b any) int { return strings.Compare(sortable(a), sortable(b)) })
			from = to
		}
		return list
	}
	return arrange(got), arrange(want)
}

// sortable is the text of a value with the keys of objects in order.
func sortable(v any) string {
	o, ok := v.(*value.Object)
	if !ok {
		return value.Text(v)
	}
	keys := o.Keys()
	slices.Sort(keys)
	var b strings.Builder
	for _, k := range keys {
		member, _ := o.Lookup(k)
		b.WriteString(k + ":" + sortable(member) + ",")
	}
	return b.String()
}

// eventObject is an event in the form of the recordings.
func eventObject(e *asl.HistoryEvent, who asl.Identity) *value.Object {
	o := value.NewObject("id", e.ID, "previousEventId", e.Previous, "type", e.Name())
	key, details := e.Details(who)
	if key == "" {
		return o
	}
	for _, name := range []string{"input", "output", "parameters", "cause"} {
		if v, ok := details.Lookup(name); ok {
			if name == "cause" {
				v = parsed(jsonInCause.ReplaceAllString(v.(string), "'<json-input:1>'"))
			} else if read, err := value.Read([]byte(v.(string))); err == nil {
				v = read
			}
			details = details.With(name, v)
		}
	}
	if v, ok := details.Lookup("assignedVariables"); ok {
		var b value.Builder
		for name, text := range v.(*value.Object).All() {
			read, err := value.Read([]byte(text.(string)))
			if err != nil {
				read = text
			}
			b.Set(name, read)
		}
		details = details.With("assignedVariables", b.Object())
	}
	return o.With("details", details).With("detailsKey", key)
}

// parsed is what the recordings made of a text: that of a JSON object became the object.
func parsed(v any) any {
	if text, ok := v.(string); ok && strings.HasPrefix(text, "{") {
		if read, err := value.Read([]byte(text)); err == nil {
			return read
		}
	}
	return v
}

// snapshot replaces what differs from run to run, as the recordings did: one placeholder after the other. A literal is
// looked for as earlier placeholders have left it.
func (s scenario) snapshot(v any) any {
	for _, p := range s.list("placeholders") {
		place := scenario{o: p.(*value.Object)}
		if numbered, _ := place.o.Lookup("reference"); numbered == true {
			s.number(v, strings.TrimPrefix(place.text("jsonpath"), "$.."), place.text("as"))
		} else if path := place.text("jsonpath"); path != "" {
			// A member of an event is called details here, and an output is compared by itself as well.
			if _, behind, ok := strings.Cut(path, "EventDetails.output."); ok {
				path = behind
			}
			v = replaceAt(v, strings.Split(strings.TrimPrefix(path, "$.."), "."), place.text("as"))
		}
	}
	text := value.Text(v)
	if _, cause := v.(string); cause {
		text = jsonInCause.ReplaceAllString(text, "'<json-input:1>'")
	}
	for _, found := range slices.Sorted(maps.Keys(s.refs)) {
		text = strings.ReplaceAll(text, found, s.refs[found])
	}
	if role := (scenario{o: s.object("names")}).text("roleArn"); role != "" {
		text = strings.ReplaceAll(text, role, "snf_role_arn")
	}
	var earlier []func(string) string
	for _, p := range s.list("placeholders") {
		place := scenario{o: p.(*value.Object)}
		as, what := place.text("as"), place.text("value")
		if what == "" {
			continue
		}
		replace := func(in string) string { return replaceRegex(in, what, as) }
		if regex, _ := place.o.Lookup("regex"); regex != true {
			for _, f := range earlier {
				what = f(what)
			}
			replace = func(in string) string { return strings.ReplaceAll(in, what, as) }
		}
		text = replace(text)
		earlier = append(earlier, replace)
	}
	text = testTable.ReplaceAllString(text, "<test-table>")
	text = topicARN.ReplaceAllStringFunc(text, func(arn string) string {
		at := strings.LastIndexByte(arn, ':')
		name, known := s.topics[arn[at+1:]]
		if !known {
			name = fmt.Sprintf("<resource:%d>", len(s.topics)+1)
			s.topics[arn[at+1:]] = name
		}
		return arn[:at+1] + name
	})
	text = mapRunARN.ReplaceAllString(text, "mapRun:<ArnPart_0idx>/<MapRunArnPart0_0idx>:<MapRunArnPart1_0idx>")
	text = labelARN.ReplaceAllString(text, "mapRun:<ArnPart_0idx>/$1:<MapRunArnPart1_0idx>")
	text = manifest.ReplaceAllString(text, "/<MapRunArnPart1_0idx>/manifest.json")
	text = isoTime.ReplaceAllString(text, "date")
	read, err := value.Read([]byte(text))
	if err != nil {
		return text
	}
	return withoutTimestamps(read)
}

// number gives every text under a key a number of its own, by which it is known from then on.
func (s scenario) number(v any, key, as string) {
	switch x := v.(type) {
	case []any:
		for _, e := range x {
			s.number(e, key, as)
		}
	case *value.Object:
		for k, member := range x.All() {
			text, ok := member.(string)
			if _, known := s.refs[text]; k == key && ok && text != "" && !known && !strings.HasPrefix(text, "<") {
				s.refs[text] = fmt.Sprintf("<%s:%d>", as, len(s.refs)+1)
			}
			s.number(member, key, as)
		}
	}
}

// replaceAt puts a text wherever a way of keys leads, from any place on.
func replaceAt(v any, way []string, as string) any {
	switch x := v.(type) {
	case []any:
		list := make([]any, len(x))
		for i, e := range x {
			list[i] = replaceAt(e, way, as)
		}
		return list
	case *value.Object:
		for key, member := range x.All() {
			member = replaceAt(member, way, as)
			if key == way[0] {
				member = replaceBelow(member, way[1:], as)
			}
			x = x.With(key, member)
		}
		return x
	}
	return v
}

func replaceBelow(v any, way []string, as string) any {
	if len(way) == 0 {
		return as
	}
	o, ok := v.(*value.Object)
	if !ok {
		return v
	}
	if member, there := o.Lookup(way[0]); there {
		return o.With(way[0], replaceBelow(member, way[1:], as))
	}
	return v
}

// withoutTimestamps does what the recordings did to every value whose key speaks of a timestamp.
func withoutTimestamps(v any) any {
	switch x := v.(type) {
	case []any:
		list := make([]any, len(x))
		for i, e := range x {
			list[i] = withoutTimestamps(e)
		}
		return list
	case *value.Object:
		for key, member := range x.All() {
			if text, ok := member.(string); ok && text != "date" && !strings.HasPrefix(text, "<") && strings.Contains(strings.ToLower(key), "timestamp") {
				x = x.With(key, "timestamp")
				continue
			}
			x = x.With(key, withoutTimestamps(member))
		}
		return x
	}
	return v
}

// jsonInCause is the input that some causes quote, as it stands in the text of a snapshot.
var jsonInCause = regexp.MustCompile(`'\{\\?".*\}'`)

const uuid = `[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}`

var (
	topicARN  = regexp.MustCompile(`arn:<partition>:sns:<region>:111111111111:[A-Za-z0-9_.-]+`)
	testTable = regexp.MustCompile(`[a-z_]*test_table_uid\d+`)
	anyRole   = regexp.MustCompile(`arn:<partition>:iam::111111111111:role/<resource:\d+>|sfn_role_arn`)
	mapRunARN = regexp.MustCompile(`mapRun:<ArnPart_0idx>/` + uuid + `:` + uuid)
	labelARN  = regexp.MustCompile(`mapRun:<ArnPart_0idx>/([^:"]+):` + uuid)
	manifest  = regexp.MustCompile(`/` + uuid + `/manifest\.json`)
	isoTime   = regexp.MustCompile(`\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d+)?(Z|[+-]\d{2}:?\d{2})`)
	around    = regexp.MustCompile(`^\(\?<=(.*?)\)(.*?)\(\?=(.*?)\)$`)
)

// replaceRegex knows the one kind of look-around that the recordings use and Go's regexp lacks.
func replaceRegex(text, pattern, as string) string {
	as = strings.ReplaceAll(as, "$", "$$")
	if m := around.FindStringSubmatch(pattern); m != nil {
		return regexp.MustCompile("("+m[1]+")"+m[2]+"("+m[3]+")").ReplaceAllString(text, "${1}"+as+"${2}")
	}
	return regexp.MustCompile(pattern).ReplaceAllString(text, as)
}

// The comparison must see what it is for: a recording with anything changed in it does not hold any more.
func TestCorpusComparisonSeesChanges(t *testing.T) {
	const text = `{"kind":"execution","definition":{"StartAt":"Only","States":{"Only":{"Type":"Pass","End":true}}},"input":{},
		"names":{"execution":"x","executionArn":"arn:x","roleArn":"arn:aws:iam::111111111111:role/r"},"placeholders":[],
		"expect":{"status":"SUCCEEDED","output":{},"events":[
		{"id":1,"previousEventId":0,"type":"ExecutionStarted","details":{"input":{},"inputDetails":{"truncated":false},
			"roleArn":"snf_role_arn"},"detailsKey":"executionStartedEventDetails"},
		{"id":2,"previousEventId":0,"type":"PassStateEntered","details":{"input":{},"inputDetails":{"truncated":false},
			"name":"Only"},"detailsKey":"stateEnteredEventDetails"},
		{"id":3,"previousEventId":2,"type":"PassStateExited","details":{"name":"Only","output":{},
			"outputDetails":{"truncated":false}},"detailsKey":"stateExitedEventDetails"},
		{"id":4,"previousEventId":3,"type":"ExecutionSucceeded","details":{"output":{},"outputDetails":{"truncated":false}},
			"detailsKey":"executionSucceededEventDetails"}]}}`
	if diff := readScenario(t, text).play(); diff != "" {
		t.Fatalf("the recording does not hold as it is: %s", diff)
	}
	for name, change := range map[string][2]string{
		"status":    {`"status":"SUCCEEDED"`, `"status":"FAILED"`},
		"output":    {`"status":"SUCCEEDED","output":{}`, `"status":"SUCCEEDED","output":{"a":1}`},
		"event":     {`"type":"PassStateExited"`, `"type":"TaskStateExited"`},
		"id":        {`"id":3,"previousEventId":2`, `"id":4,"previousEventId":2`},
		"previous":  {`"id":3,"previousEventId":2`, `"id":3,"previousEventId":1`},
		"details":   {`"name":"Only","output":{}`, `"name":"Only","output":{"x":null}`},
		"detail":    {`"details":{"input":{},"inputDetails":{"truncated":false},"name":"Only"}`, `"details":{"name":"Only"}`},
		"one less":  {`,{"id":4,`, `],"rest":[{"id":4,`},
		"one more":  {`{"id":1,"previousEventId":0,"type":"ExecutionStarted"`, `{"id":0},{"id":1,"previousEventId":0,"type":"ExecutionStarted"`},
		"input":     {`"input":{},"names"`, `"input":{"b":2},"names"`},
		"role":      {`"roleArn":"snf_role_arn"`, `"roleArn":"another_role_arn"`},
		"key order": {`"detailsKey":"stateEnteredEventDetails"`, `"detailsKey":"stateExitedEventDetails"`},
	} {
		compact := value.Text(readScenario(t, text).o)
		changed := strings.Replace(compact, change[0], change[1], 1)
		if changed == compact {
			t.Fatalf("%s: %s is not in the recording:\n%s", name, change[0], compact)
		}
		if diff := readScenario(t, changed).play(); diff == "" {
			t.Errorf("%s: a recording with %s still holds", name, change[1])
		}
	}

	// What happens while an execution waits longer than anybody looks on, or is stopped meanwhile.
	const waits = `{"kind":"execution","definition":{"StartAt":"W","States":{"W":{"Type":"Wait","TimestampPath":"$.at","End":true}}},
		"input":{"at":"2094-12-10T17:27:33.000Z"},"names":{"execution":"x"},"placeholders":[],"mocks":{},"expect":{"status":"RUNNING"}}`
	stops := strings.NewReplacer(`"mocks":{}`, `"mocks":{"stop_execution":{"error":"E","cause":"C"}}`, `"RUNNING"`, `"ABORTED","error":"E","cause":"C","events":[
		{"id":1,"previousEventId":0,"type":"ExecutionStarted","details":{"input":{"at":"date"},"inputDetails":{"truncated":false},
			"roleArn":""},"detailsKey":"executionStartedEventDetails"},
		{"id":2,"previousEventId":0,"type":"WaitStateEntered","details":{"input":{"at":"date"},"inputDetails":{"truncated":false},
			"name":"W"},"detailsKey":"stateEnteredEventDetails"},
		{"id":3,"previousEventId":0,"type":"ExecutionAborted","details":{"cause":"C","error":"E"},
			"detailsKey":"executionAbortedEventDetails"}]`)
	for _, text := range []string{waits, stops.Replace(waits)} {
		if diff := readScenario(t, text).play(); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
		if readScenario(t, strings.Replace(text, "-10T", "-11T", 1)).play() == "" {
			t.Error("AWS takes no wait of 24856 days")
		}
	}

	// Error and cause of a failure.
	const failed = `{"kind":"execution","definition":{"StartAt":"F","States":{"F":{"Type":"Fail","Error":"E","Cause":"C"}}},
		"input":{},"names":{"execution":"x"},"placeholders":[],"expect":{"status":"FAILED","error":"E","cause":"C"}}`
	if diff := readScenario(t, failed).play(); diff != "" {
		t.Fatal(diff)
	}
	for _, change := range [][2]string{{`"error":"E"`, `"error":"X"`}, {`"cause":"C"`, `"cause":"X"`}} {
		if diff := readScenario(t, strings.Replace(failed, change[0], change[1], 1)).play(); diff == "" {
			t.Errorf("a recording with %s still holds", change[1])
		}
	}
}

func readScenario(tb testing.TB, text string) scenario {
	tb.Helper()
	v, err := value.Read([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return scenario{o: v.(*value.Object)}
}
