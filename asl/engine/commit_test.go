package engine_test

import (
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
)

// A memory is a Journal that commits when a function says so: it is called on a goroutine of its own for each commit.
type memory struct {
	commit  func(n int, records []engine.Record) error // nil: at once
	commits int
	records []engine.Record // that are durable
	last    map[string]*engine.Record
}

func (j *memory) Commit(records []engine.Record, done func(error)) {
	j.commits++
	n := j.commits
	go func() {
		var err error
		if j.commit != nil {
			err = j.commit(n, records)
		}
		if err == nil {
			j.keep(records)
		}
		done(err)
	}()
}

// keep copies the records, whose slices the engine uses again.
func (j *memory) keep(records []engine.Record) {
	if j.last == nil {
		j.last = map[string]*engine.Record{}
	}
	for _, r := range records {
		r.History = r.History.Clone()
		j.records = append(j.records, r)
		j.last[r.Execution.Identity().ID] = &r
	}
}

// everything is a machine that has an effect of each kind.
const everything = `{"StartAt":"T","States":{
	"T":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:work","TimeoutSeconds":9,"Next":"W"},
	"W":{"Type":"Wait","Seconds":1,"Next":"M"},
	"M":{"Type":"Map","ItemsPath":"$.items","End":true,
		"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"S","States":{
			"S":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:work","End":true}}},
		"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b","Prefix":"p"}}}}}`

// A world is all that an engine has effects on: it notes each of them.
type world struct {
	engine.Objects
	log []string
}

func (w *world) note(format string, args ...any) { w.log = append(w.log, fmt.Sprintf(format, args...)) }

func (w *world) Start(task engine.Task, reply engine.Reply) func() {
	w.note("start %s", task.State)
	reply.Succeed(value.NewObject("items", []any{int64(1)}))
	return nil
}

func (w *world) Put(bucket, key string, body []byte) error {
	w.note("put %s", key[strings.LastIndexByte(key, '/')+1:])
	return w.Objects.Put(bucket, key, body)
}

func (w *world) Observe(_ *engine.Run, events *asl.History) {
	for e := range events.All() {
		w.note("%s", e.Name())
	}
}

// While the journal commits, nothing that follows from its records has left, and no simulated time passes.
func TestNothingLeavesBeforeItsCommit(t *testing.T) {
	m := parse(t, everything)
	var without []string
	for _, journalled := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			clock := engine.NewSimulated(engine.Epoch, 0)
			w := &world{Objects: folder(t, nil)}
			var run *engine.Run
			var at time.Time
			journal := &memory{commit: func(n int, records []engine.Record) error {
				synctest.Wait() // until the clock waits for the commit
				before, now := len(w.log), clock.Now()
				x := run.Snapshot()
				status, events := x.Status, len(slices.Collect(run.History()))
				time.Sleep(time.Hour)
				synctest.Wait()
				switch {
				case len(w.log) != before:
					t.Errorf("commit %d: %v left before it was durable", n, w.log[before:])
				case !clock.Now().Equal(now) || now.Before(at):
					t.Errorf("commit %d: time went on from %v to %v", n, now, clock.Now())
				case records[0].Parent == "" && records[0].History.Len() > 0 && records[0].History.First() <= int64(events):
					t.Errorf("commit %d: the history shows %d events, but those from %d on are not durable", n, events, records[0].History.First())
				}
				x = run.Snapshot()
				if x.Status != status {
					t.Errorf("commit %d: the status went from %v to %v before it was durable", n, status, x.Status)
				}
				at = now
				return nil
			}}
			o := engine.Options{Clock: clock, Handlers: map[string]engine.Handler{"work": w}, Objects: w, Observer: w}
			if journalled {
				o.Journal = journal
			}
			e := engine.New(o)
			var err error
			if run, err = e.Start(m, identity("m", "x"), "in", func(asl.Execution) { w.note("done") }); err != nil {
				t.Fatal(err)
			}
			if x := run.Snapshot(); x.Input != "in" {
				t.Errorf("before the first Step: got the input %v", x.Input)
			}
			if err := clock.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !journalled {
				without = w.log
				return
			}
			if diff := cmp.Diff(without, w.log); diff != "" {
				t.Errorf("what left without (-) and with (+) a journal:\n%s", diff)
			}
			if journal.commits < 8 {
				t.Errorf("got %d commits, want one for each event from outside", journal.commits)
			}
			if got := clock.Now().Sub(engine.Epoch); got != time.Second {
				t.Errorf("got an end after %v, want 1s", got)
			}
		})
	}
	if !slices.Contains(without, "done") || !slices.Contains(without, "put manifest.json") {
		t.Errorf("got %v, want all to the end", without)
	}
}

// Steps of many executions share a commit, also those that come while one is under way on a real clock.
func TestExecutionsShareCommits(t *testing.T) {
	m := parse(t, `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"`+activity("work")+`","End":true}}}`)
	clock := engine.NewSimulated(engine.Epoch, 0)
	journal := &memory{}
	yes := engine.HandlerFunc(func(engine.Task) (any, string, string) { return true, "", "" })
	e := engine.New(engine.Options{Clock: clock, Other: yes, Journal: journal})
	for i := range 500 {
		if _, err := e.Start(m, identity("m", fmt.Sprint(i)), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if journal.commits != 2 || len(journal.records) != 1000 {
		t.Errorf("got %d commits of %d records, want 2 of 1000", journal.commits, len(journal.records))
	}

	synctest.Test(t, func(t *testing.T) {
		clock := engine.NewReal()
		var sizes []int
		journal := &memory{commit: func(_ int, records []engine.Record) error {
			sizes = append(sizes, len(records))
			time.Sleep(time.Second)
			return nil
		}}
		e := engine.New(engine.Options{Clock: clock, Other: yes, Journal: journal})
		for i := range 5 {
			clock.AfterFunc(time.Duration(i)*300*time.Millisecond, func() {
				if _, err := e.Start(m, identity("m", fmt.Sprint(i)), nil, nil); err != nil {
					t.Error(err)
				}
			})
		}
		clock.AfterFunc(10*time.Second, clock.Stop)
		if err := clock.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		// Starts at 0, 0.3, 0.6, 0.9, 1.2 s; the first end shares a commit with the last start.
		if diff := cmp.Diff([]int{1, 3, 2, 3, 1}, sizes); diff != "" {
			t.Errorf("records of each commit (-want +got):\n%s", diff)
		}
	})
}

// An execution is stepped at once although effects of it wait; they leave in order, and a task that was aborted meanwhile is
// not started any more.
func TestAnExecutionIsSteppedWhileItsEffectsWait(t *testing.T) {
	m := parse(t, `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"`+activity("work")+`","End":true}}}`)
	synctest.Test(t, func(t *testing.T) {
		clock := engine.NewReal()
		w := &world{}
		journal := &memory{commit: func(int, []engine.Record) error {
			time.Sleep(time.Second)
			return nil
		}}
		e := engine.New(engine.Options{Clock: clock, Other: w, Observer: w, Journal: journal})
		run, err := e.Start(m, identity("m", "x"), nil, func(x asl.Execution) {
			w.note("%v", x.Status)
			clock.Stop()
		})
		if err != nil {
			t.Fatal(err)
		}
		clock.AfterFunc(time.Second/2, func() { run.Stop("Enough", "") })
		if err := clock.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{"ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "ExecutionAborted", "ABORTED"}
		if diff := cmp.Diff(want, w.log); diff != "" {
			t.Errorf("what left (-want +got):\n%s", diff)
		}
	})
}

func TestAfterAFailedCommitNothingIsDone(t *testing.T) {
	m := parse(t, everything)
	full := errors.New("the disk is full")
	for _, handled := range []bool{true, false} {
		clock := engine.NewSimulated(engine.Epoch, 0)
		w := &world{Objects: folder(t, nil)}
		journal := &memory{commit: func(n int, _ []engine.Record) error {
			if n == 2 {
				return full
			}
			return nil
		}}
		var reported []error
		o := engine.Options{Clock: clock, Other: w, Objects: w, Observer: w, Journal: journal}
		if handled {
			o.OnError = func(err error) { reported = append(reported, err) }
		}
		e := engine.New(o)
		run, err := e.Start(m, identity("m", "x"), nil, func(asl.Execution) { w.note("done") })
		if err != nil {
			t.Fatal(err)
		}
		var waited []error
		clock.Post(func() { e.AfterCommit(func(err error) { waited = append(waited, err) }) }) // of the first commit
		clock.AfterFunc(time.Second, func() { w.note("time passes") })
		if err := clock.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		want := []string{"ExecutionStarted", "TaskStateEntered", "ActivityScheduled", "start T"}
		if handled {
			want = append(want, "time passes")
			if len(reported) != 1 || !errors.Is(reported[0], full) {
				t.Errorf("got %v, want the error once", reported)
			}
		}
		if diff := cmp.Diff(want, w.log); diff != "" {
			t.Errorf("what happened (-want +got):\n%s", diff)
		}
		if x := run.Snapshot(); len(x.Positions()) != 1 || x.Positions()[0].State.Name != "T" {
			t.Errorf("got %v, want what is durable", x.Positions())
		}
		run.Stop("", "") // does nothing
		if _, err := e.Start(m, identity("m", "y"), nil, nil); !errors.Is(err, full) {
			t.Errorf("a later Start: got %v, want the error", err)
		}
		e.AfterCommit(func(err error) { waited = append(waited, err) })
		if len(waited) != 2 || waited[0] != nil || !errors.Is(waited[1], full) {
			t.Errorf("after the commits: got %v, want nil and the error", waited)
		}
	}
}

// machine draws a machine of a few states, nested up to a depth. The names of all states begin with prefix.
func machine(t *rapid.T, prefix string, depth int) string {
	var states []string
	n := rapid.IntRange(1, 4).Draw(t, "states")
	name := func(i int) string { return prefix + string(rune('A'+i)) }
	for i := range n {
		inner := name(i)
		to := fmt.Sprintf(`"Next":"%s"`, name(i+1))
		if i == n-1 {
			to = `"End":true`
		}
		kinds := []string{"pass", "wait", "task", "task", "task"}
		if depth > 0 {
			kinds = append(kinds, "parallel", "map", "distributed")
		}
		var s string
		switch rapid.SampledFrom(kinds).Draw(t, "kind") {
		case "pass":
			s = `"Type":"Pass"`
		case "wait":
			s = fmt.Sprintf(`"Type":"Wait","Seconds":%d`, rapid.IntRange(0, 2).Draw(t, "seconds"))
		case "task":
			s = fmt.Sprintf(`"Type":"Task","Resource":"%s","TimeoutSeconds":%d,"HeartbeatSeconds":%d,"ResultPath":null,
				"Retry":[{"ErrorEquals":["Flaky"],"IntervalSeconds":1,"MaxAttempts":2}]`,
				activity(rapid.SampledFrom([]string{"now", "soon", "late", "flaky", "bad"}).Draw(t, "activity")),
				rapid.IntRange(3, 5).Draw(t, "timeout"), rapid.IntRange(1, 2).Draw(t, "heartbeat"))
		case "parallel":
			s = `"Type":"Parallel","ResultPath":null,"Branches":[` + machine(t, inner+"1", depth-1) + `,` + machine(t, inner+"2", depth-1) + `]`
		case "map":
			s = fmt.Sprintf(`"Type":"Map","ResultPath":null,"ItemsPath":"$$.Execution.Input","MaxConcurrency":%d,"ItemProcessor":%s`,
				rapid.IntRange(0, 2).Draw(t, "concurrency"), machine(t, inner, depth-1))
		case "distributed":
			s = `"Type":"Map","ResultPath":null,"ItemsPath":"$$.Execution.Input","ToleratedFailureCount":1,"ItemProcessor":` +
				strings.Replace(machine(t, inner, 0), "{", `{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},`, 1)
		}
		if i < n-1 && rapid.Bool().Draw(t, "catch") && !strings.Contains(s, `"Pass"`) && !strings.Contains(s, `"Wait"`) {
			s += fmt.Sprintf(`,"Catch":[{"ErrorEquals":["States.ALL"],"ResultPath":null,"Next":"%s"}]`, name(rapid.IntRange(i+1, n-1).Draw(t, "next")))
		}
		states = append(states, fmt.Sprintf(`"%s":{%s,%s}`, name(i), s, to))
	}
	return `{"StartAt":"` + name(0) + `","States":{` + strings.Join(states, ",") + `}}`
}

// unsteady carries out tasks in ways that depend on nothing but the task. No two of its timers end in the same instant: what
// comes from outside in the instant of a commit may come before what waits for that.
func unsteady(clock *engine.Clock) map[string]engine.Handler {
	later := func(d time.Duration) handler {
		return func(task engine.Task, reply engine.Reply) func() {
			h := fnv.New64a()
			_, _ = fmt.Fprint(h, task.Execution, task.State, task.ID)
			d := d + time.Duration(h.Sum64()%1e6)
			if h.Sum64()%2 == 0 {
				clock.AfterFunc(d/2, reply.Heartbeat)
			}
			stop := clock.AfterFunc(d, func() { reply.Succeed(int64(h.Sum64() % 1000)) })
			return func() { stop() }
		}
	}
	return map[string]engine.Handler{
		"now":  engine.HandlerFunc(func(task engine.Task) (any, string, string) { return task.ID, "", "" }),
		"soon": later(1500 * time.Millisecond),
		"late": later(10 * time.Second),
		"flaky": handler(func(task engine.Task, reply engine.Reply) func() {
			if task.ID%3 == 0 {
				reply.Succeed(nil)
			} else {
				reply.Fail("Flaky", "again")
			}
			return nil
		}),
		"bad": engine.HandlerFunc(func(engine.Task) (any, string, string) { return nil, "Bad", "always" }),
	}
}

type handler func(engine.Task, engine.Reply) func()

func (h handler) Start(task engine.Task, reply engine.Reply) func() { return h(task, reply) }

// A transcript notes the histories of all executions, children too, each event on a line.
type transcript map[string][]string

func (tr transcript) Observe(run *engine.Run, events *asl.History) { tr.note(run.ARN(), events) }

func (tr transcript) note(arn string, events *asl.History) {
	for e := range events.All() {
		tr[arn] = append(tr[arn], fmt.Sprintf("%v %d<%d %s %s %v",
			e.Time.Sub(engine.Epoch), e.ID, e.Previous, e.Name(), value.Text(e.Data), e.Error))
	}
}

// A journal changes no history, however long its commits take: not what happens, nor when, nor in which order.
func TestHistoriesAreTheSameWithAJournal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text := machine(t, "", 2)
		m, faults := asl.Parse([]byte(text))
		if m == nil {
			t.Fatalf("%s\n%v", text, faults)
		}
		executions := rapid.IntRange(1, 3).Draw(t, "executions")
		slow := rapid.Uint64().Draw(t, "slow")
		run := func(journal engine.Journal) transcript {
			clock := engine.NewSimulated(engine.Epoch, 0)
			tr := transcript{}
			e := engine.New(engine.Options{Clock: clock, Handlers: unsteady(clock), Observer: tr, Journal: journal})
			for i := range executions {
				who := identity("m", fmt.Sprint(i))
				who.Seed = uint64(i)
				if _, err := e.Start(m, who, []any{int64(1), int64(2)}, nil); err != nil {
					t.Fatal(err)
				}
			}
			if err := clock.Run(t.Context()); err != nil {
				t.Fatal(err)
			}
			return tr
		}
		random := rand.New(rand.NewPCG(slow, 0))
		journal := &memory{commit: func(int, []engine.Record) error {
			time.Sleep(time.Duration(random.IntN(3)) * time.Duration(random.IntN(100)) * time.Microsecond)
			return nil
		}}
		want, got := run(nil), run(journal)
		if diff := cmp.Diff(want, got); diff != "" {
			t.Fatalf("%s\nhistories without (-) and with (+) a journal:\n%s", text, diff)
		}
		recorded := transcript{}
		for _, r := range journal.records {
			recorded.note(r.Execution.Identity().ID, &r.History)
		}
		if diff := cmp.Diff(got, recorded); diff != "" {
			t.Fatalf("histories seen (-) and recorded (+):\n%s", diff)
		}
	})
}
