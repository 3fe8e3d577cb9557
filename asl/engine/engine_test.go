package engine_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
)

func parse(tb testing.TB, text string) *asl.Machine {
	tb.Helper()
	m, faults := asl.ParseWith([]byte(text), asl.Options{Endless: true})
	if m == nil {
		tb.Fatal(faults)
	}
	return m
}

// runAll runs one execution on a simulated clock to its end, or until nothing is left to do.
func runAll(tb testing.TB, o engine.Options, m *asl.Machine, in any) (*engine.Run, *engine.Clock) {
	tb.Helper()
	o.Clock = engine.NewSimulated(engine.Epoch, 0)
	e := engine.New(o)
	run, err := e.Start(m, asl.Identity{Name: "test"}, in, nil)
	if err != nil {
		tb.Fatal(err)
	}
	if err := o.Clock.Run(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return run, o.Clock
}

func activity(name string) string { return "arn:aws:states:us-east-1:123456789012:activity:" + name }

func TestWaitTakesSimulatedTime(t *testing.T) {
	m := parse(t, `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}}`)
	run, clock := runAll(t, engine.Options{}, m, nil)
	if got := clock.Now().Sub(engine.Epoch); got != time.Hour {
		t.Errorf("got %v, want 1h", got)
	}
	if x := run.Snapshot(); x.Status != asl.StatusSucceeded {
		t.Errorf("got %v, want SUCCEEDED", x.Status)
	}
}

// later replies after a time, unless it is cancelled.
type later struct {
	clock     func() *engine.Clock
	after     time.Duration
	beats     time.Duration
	cancelled int
}

func (l *later) Start(task engine.Task, reply engine.Reply) func() {
	stop := l.clock().AfterFunc(l.after, func() { reply.Succeed(value.NewObject("for", task.State)) })
	if l.beats > 0 {
		for d := l.beats; d < l.after; d += l.beats {
			l.clock().AfterFunc(d, reply.Heartbeat)
		}
	}
	return func() { l.cancelled++; stop() }
}

func TestTaskTimesOutAndIsCancelled(t *testing.T) {
	m := parse(t, `{"StartAt":"T","States":{
		"T":{"Type":"Task","Resource":"`+activity("slow")+`","TimeoutSeconds":5,
			"Catch":[{"ErrorEquals":["States.Timeout"],"ResultPath":"$.error","Next":"Done"}],"Next":"Done"},
		"Done":{"Type":"Succeed"}}}`)
	clock := engine.NewSimulated(engine.Epoch, 0)
	h := &later{clock: func() *engine.Clock { return clock }, after: 10 * time.Second}
	e := engine.New(engine.Options{Clock: clock, Handlers: map[string]engine.Handler{"slow": h}})
	run, err := e.Start(m, asl.Identity{Name: "x"}, value.NewObject("a", int64(1)), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	x := run.Snapshot()
	if got, want := value.Text(x.Output), `{"a":1,"error":{"Error":"States.Timeout","Cause":""}}`; got != want {
		t.Errorf("got output %s, want %s", got, want)
	}
	if got := x.Stopped.Sub(x.Started); got != 5*time.Second {
		t.Errorf("got an end after %v, want 5s", got)
	}
	if h.cancelled != 1 {
		t.Errorf("got %d cancels, want 1", h.cancelled)
	}
}

// submitting hands its Task on before it replies, and never replies to the second one.
type submitting struct{ replies, cancelled int }

func (s *submitting) Start(_ engine.Task, reply engine.Reply) func() {
	reply.Submit(value.NewObject("job", "7"))
	if s.replies++; s.replies == 1 {
		reply.Succeed("done")
	}
	return func() { s.cancelled++ }
}

func TestATaskThatIsHandedOnStillRuns(t *testing.T) {
	m := parse(t, `{"StartAt":"A","States":{
		"A":{"Type":"Task","Resource":"arn:aws:states:::batch:submitJob.sync","Parameters":{},"Next":"B"},
		"B":{"Type":"Task","Resource":"arn:aws:states:::batch:submitJob.sync","Parameters":{},"TimeoutSeconds":5,"End":true}}}`)
	h := &submitting{}
	run, _ := runAll(t, engine.Options{Other: h}, m, nil)
	var names []string
	for e := range run.History() {
		names = append(names, e.Name())
	}
	want := []string{
		"ExecutionStarted", "TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskSucceeded", "TaskStateExited",
		"TaskStateEntered", "TaskScheduled", "TaskStarted", "TaskSubmitted", "TaskTimedOut", "ExecutionFailed",
	}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
	if h.cancelled != 1 {
		t.Errorf("got %d cancels, want 1: of the one that timed out", h.cancelled)
	}
}

func TestHeartbeatsKeepATaskAlive(t *testing.T) {
	m := parse(t, `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"`+activity("slow")+`",
		"TimeoutSeconds":60,"HeartbeatSeconds":4,"End":true}}}`)
	for _, c := range []struct {
		beats time.Duration
		want  asl.Status
	}{{3 * time.Second, asl.StatusSucceeded}, {5 * time.Second, asl.StatusFailed}} {
		clock := engine.NewSimulated(engine.Epoch, 0)
		h := &later{clock: func() *engine.Clock { return clock }, after: 20 * time.Second, beats: c.beats}
		e := engine.New(engine.Options{Clock: clock, Handlers: map[string]engine.Handler{"slow": h}})
		run, err := e.Start(m, asl.Identity{Name: "x"}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		if err := clock.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		if x := run.Snapshot(); x.Status != c.want {
			t.Errorf("a beat every %v: got %v (%v), want %v", c.beats, x.Status, x.Failure, c.want)
		}
	}
}

func TestRetryWaitsLongerEachTime(t *testing.T) {
	m := parse(t, `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"`+activity("flaky")+`",
		"Retry":[{"ErrorEquals":["Flaky"],"IntervalSeconds":2,"BackoffRate":3,"MaxAttempts":3,"MaxDelaySeconds":10}],"End":true}}}`)
	var at []time.Duration
	clock := engine.NewSimulated(engine.Epoch, 0)
	flaky := engine.HandlerFunc(func(engine.Task) (any, string, string) {
		at = append(at, clock.Now().Sub(engine.Epoch))
		return nil, "Flaky", "again"
	})
	e := engine.New(engine.Options{Clock: clock, Handlers: map[string]engine.Handler{"flaky": flaky}})
	run, err := e.Start(m, asl.Identity{Name: "x"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []time.Duration{0, 2 * time.Second, 8 * time.Second, 18 * time.Second}
	if diff := cmp.Diff(want, at); diff != "" {
		t.Errorf("attempts (-want +got):\n%s", diff)
	}
	if x := run.Snapshot(); x.Status != asl.StatusFailed || x.Failure.Name != "Flaky" {
		t.Errorf("got %v %v, want FAILED Flaky", x.Status, x.Failure)
	}
}

func TestStopCancelsWhatIsUnderWay(t *testing.T) {
	m := parse(t, `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"`+activity("slow")+`","TimeoutSeconds":50,"End":true}}}`)
	clock := engine.NewSimulated(engine.Epoch, 0)
	h := &later{clock: func() *engine.Clock { return clock }, after: time.Hour}
	e := engine.New(engine.Options{Clock: clock, Handlers: map[string]engine.Handler{"slow": h}})
	run, err := e.Start(m, asl.Identity{Name: "x"}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	clock.AfterFunc(time.Second, func() { run.Stop("Operator", "enough") })
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	x := run.Snapshot()
	if x.Status != asl.StatusAborted || x.Failure.Cause != "enough" || h.cancelled != 1 {
		t.Errorf("got %v %v, %d cancels; want ABORTED, enough, 1", x.Status, x.Failure, h.cancelled)
	}
	if got := clock.Now().Sub(engine.Epoch); got != time.Second {
		t.Errorf("something was left in the queue: the clock went on for %v", got)
	}
}

func TestTaskWithoutHandlerFailsWithTheResource(t *testing.T) {
	m := parse(t, `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"`+activity("nobody")+`","End":true}}}`)
	run, _ := runAll(t, engine.Options{}, m, nil)
	want := "nothing here answers the resource " + activity("nobody")
	if x := run.Snapshot(); x.Status != asl.StatusFailed || x.Failure.Cause != want {
		t.Errorf("got %v %v, want FAILED %s", x.Status, x.Failure, want)
	}
}

func TestHistoryIsAWindow(t *testing.T) {
	m := parse(t, workload(t, "w1.json"))
	in, err := value.Read([]byte(`{"i":0,"n":100}`))
	if err != nil {
		t.Fatal(err)
	}
	run, _ := runAll(t, engine.Options{HistoryLimit: 50}, m, in)
	var ids []int64
	for e := range run.History() {
		ids = append(ids, e.ID)
	}
	if len(ids) != 50 || !slices.IsSorted(ids) || ids[49] != 4*100+4 {
		t.Errorf("got %d events from %d to %d, want the 50 newest up to 404", len(ids), ids[0], ids[len(ids)-1])
	}
}

// Two that set each other off for ever must not keep simulated time from passing, and one endless branch not the other.
func TestMachinesThatNeverWaitLetTimePass(t *testing.T) {
	for name, text := range map[string]string{
		"pass": `{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A"}}}`,
		"task": `{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"` + activity("ok") + `","Next":"A"}}}`,
		"branches": `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
			{"StartAt":"A","States":{"A":{"Type":"Pass","Next":"A"}}},
			{"StartAt":"B","States":{"B":{"Type":"Wait","Seconds":1,"Next":"C"},"C":{"Type":"Pass","Next":"D"},"D":{"Type":"Fail","Error":"Seen"}}}]}}}`,
	} {
		m := parse(t, text)
		clock := engine.NewSimulated(engine.Epoch, 0)
		ok := engine.HandlerFunc(func(engine.Task) (any, string, string) { return nil, "", "" })
		e := engine.New(engine.Options{Clock: clock, HistoryLimit: -1, Handlers: map[string]engine.Handler{"ok": ok}})
		run, err := e.Start(m, asl.Identity{Name: name}, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		clock.AfterFunc(2*time.Second, clock.Stop)
		if err := clock.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		x := run.Snapshot()
		if name == "branches" && (x.Failure == nil || x.Failure.Name != "Seen") {
			t.Errorf("%s: got %v %v, want the second branch to have come to its end", name, x.Status, x.Failure)
		}
	}
}

type recorder struct{ names []string }

func (r *recorder) Observe(_ *engine.Run, events *asl.History) {
	for e := range events.All() {
		r.names = append(r.names, e.Name())
	}
}

func TestHistoryOfATask(t *testing.T) {
	m := parse(t, `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"`+activity("ok")+`","End":true}}}`)
	var r recorder
	ok := engine.HandlerFunc(func(engine.Task) (any, string, string) { return "done", "", "" })
	runAll(t, engine.Options{Observer: &r, Handlers: map[string]engine.Handler{"ok": ok}}, m, nil)
	want := []string{
		"ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "ActivityStarted", "ActivitySucceeded",
		"TaskStateExited", "ExecutionSucceeded",
	}
	if diff := cmp.Diff(want, r.names); diff != "" {
		t.Errorf("history (-want +got):\n%s", diff)
	}
}

func TestSnapshotsDoNotChange(t *testing.T) {
	m := parse(t, workload(t, "w3.json"))
	in, err := value.Read([]byte(workload(t, "w3.input.json")))
	if err != nil {
		t.Fatal(err)
	}
	var snapshots []asl.Execution
	var seen []string
	observer := observe(func(x asl.Execution) {
		snapshots = append(snapshots, x)
		seen = append(seen, describe(x))
	})
	runAll(t, engine.Options{Observer: observer}, m, in)
	if len(snapshots) < 10 {
		t.Fatalf("got %d Steps, want a run of many", len(snapshots))
	}
	for i, x := range snapshots {
		if got := describe(x); got != seen[i] {
			t.Fatalf("snapshot %d changed from %s to %s", i, seen[i], got)
		}
	}
}

type observe func(asl.Execution)

func (f observe) Observe(run *engine.Run, _ *asl.History) { f(run.Snapshot()) }

func describe(x asl.Execution) string {
	text := x.Status.String()
	for _, p := range x.Positions() {
		text += fmt.Sprintf(" %x:%s", p.Scope, p.State.Name)
	}
	return text
}
