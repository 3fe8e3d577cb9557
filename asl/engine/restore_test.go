package engine_test

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
)

// restart takes an execution through its stored form, as a restart does.
func restart(t testing.TB, m *asl.Machine, x asl.Execution) asl.Execution {
	t.Helper()
	y, err := m.DecodeExecution(m.AppendExecution(nil, &x))
	if err != nil {
		t.Fatal(err)
	}
	return y
}

func TestRestoredTimersFireInOrder(t *testing.T) {
	wait := func(seconds int) *asl.Machine {
		return parse(t, fmt.Sprintf(`{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":%d,"End":true}}}`, seconds))
	}
	clock := engine.NewSimulated(engine.Epoch, 0)
	e := engine.New(engine.Options{Clock: clock})
	seconds := []int{50, 30, 90, 40} // in the order of their starts
	machines, runs := make([]*asl.Machine, len(seconds)), make([]*engine.Run, len(seconds))
	for i, s := range seconds {
		var err error
		machines[i] = wait(s)
		if runs[i], err = e.Start(machines[i], identity("m", fmt.Sprint(s)), nil, nil); err != nil {
			t.Fatal(err)
		}
	}
	clock.AfterFunc(10*time.Second, clock.Stop) // and the program ends
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}

	clock = engine.NewSimulated(engine.Epoch.Add(time.Minute), 0)
	e = engine.New(engine.Options{Clock: clock})
	var ends []string
	for i, m := range machines {
		_, err := e.Restore(m, restart(t, m, runs[i].Snapshot()), engine.Restoring{Done: func(x asl.Execution) {
			ends = append(ends, fmt.Sprint(x.Identity().Name, " at ", clock.Now().Sub(engine.Epoch)))
		}})
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"30 at 1m0s", "40 at 1m0s", "50 at 1m0s", "90 at 1m30s"}, ends); diff != "" {
		t.Errorf("ends (-want +got):\n%s", diff)
	}
}

func TestAnExecutionIsRestoredOnce(t *testing.T) {
	m := parse(t, waitAnHour)
	run := func(stop time.Duration) asl.Execution {
		clock := engine.NewSimulated(engine.Epoch, 0)
		r, err := engine.New(engine.Options{Clock: clock}).Start(m, identity("m", "x"), nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		clock.AfterFunc(stop, clock.Stop)
		if err := clock.Run(t.Context()); err != nil {
			t.Fatal(err)
		}
		return r.Snapshot()
	}
	e := engine.New(engine.Options{Clock: engine.NewSimulated(engine.Epoch, 0)})
	if _, err := e.Restore(m, run(2*time.Hour), engine.Restoring{}); !errors.Is(err, engine.ErrEnded) {
		t.Errorf("one that has ended: got %v, want %v", err, engine.ErrEnded)
	}
	if _, err := e.Restore(m, run(time.Minute), engine.Restoring{}); err != nil {
		t.Error(err)
	}
	if _, err := e.Restore(m, run(time.Minute), engine.Restoring{}); !errors.Is(err, engine.ErrExists) {
		t.Errorf("again: got %v, want %v", err, engine.ErrExists)
	}
}

// A reattacher notes what it is asked for.
type reattacher struct {
	logged
	decide func(task engine.Task, reply engine.Reply)
}

func (h *reattacher) Reattach(task engine.Task, reply engine.Reply) func() {
	*h.log = append(*h.log, fmt.Sprintf("%s reattaches %s, started: %v", h.name, task.State, task.Started))
	h.decide(task, reply)
	return func() { *h.log = append(*h.log, h.name+" cancels "+task.State) }
}

func TestHandlersDecideAboutTasksAfterARestart(t *testing.T) {
	branch := func(name, resource, more string) string {
		return fmt.Sprintf(`{"StartAt":"%s","States":{"%[1]s":{"Type":"Task","Resource":"%s",%s
			"Catch":[{"ErrorEquals":["States.ALL"],"Next":"%[1]s caught"}],"End":true},"%[1]s caught":{"Type":"Pass","End":true}}}`,
			name, resource, more)
	}
	m := parse(t, `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[`+
		branch("Plain", activity("plain"), "")+`,`+branch("Again", activity("again"), "")+`,`+branch("Outside", activity("outside"), "")+`,`+
		branch("Told", activity("told"), "")+`,`+branch("Late", activity("again"), `"TimeoutSeconds":60,`)+`]}}}`)
	var log []string
	plain, again := &logged{name: "plain", log: &log}, &logged{name: "again", log: &log}
	outside, told := &reattacher{logged: logged{name: "outside", log: &log}}, &reattacher{logged: logged{name: "told", log: &log}}
	handlers := map[string]engine.Handler{"plain": plain, "again": again, "outside": outside, "told": told}
	clock := engine.NewSimulated(engine.Epoch, 0)
	e := engine.New(engine.Options{Clock: clock, Handlers: handlers})
	run, err := e.Start(m, identity("m", "x"), "in", nil)
	if err != nil {
		t.Fatal(err)
	}
	clock.Post(func() { outside.replies[0].Started("worker") })
	clock.AfterFunc(time.Second, clock.Stop)
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}

	log = nil
	handlers["again"] = engine.Idempotent(again)
	var token string
	outside.decide = func(task engine.Task, _ engine.Reply) { token = task.Token() }
	told.decide = func(_ engine.Task, reply engine.Reply) { reply.Fail("Told", "it is known how it ended") }
	again.replies = nil
	clock = engine.NewSimulated(engine.Epoch.Add(time.Hour), 0)
	e = engine.New(engine.Options{Clock: clock, Handlers: handlers})
	if run, err = e.Restore(m, restart(t, m, run.Snapshot()), engine.Restoring{}); err != nil {
		t.Fatal(err)
	}
	clock.AfterFunc(time.Second, func() {
		reply, err := e.ReplyTo(token)
		if err != nil {
			t.Fatal(err)
		}
		reply.Succeed("from outside")
		again.replies[0].Succeed("again")
	})
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	// Late has timed out before its handler could take it up.
	want := []string{"again starts Again", "outside reattaches Outside, started: true", "told reattaches Told, started: false"}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("what the handlers did (-want +got):\n%s", diff)
	}
	x := run.Snapshot()
	const output = `[{"Error":"Task.Interrupted","Cause":"the program ended while the task was pending"},"again","from outside",` +
		`{"Error":"Told","Cause":"it is known how it ended"},{"Error":"States.Timeout","Cause":""}]`
	if got := value.Text(x.Output); got != output {
		t.Errorf("got %s %v, want %s", got, x.Failure, output)
	}
}

// An outlast is a world that goes on while the program is down: it knows what it was asked for, and when each task is due.
type outlast struct {
	clock *engine.Clock
	tasks map[string]work // by execution and id
	count map[string]int  // of tasks by execution, state and input
}

// A work is a task that has left.
type work struct {
	due time.Time
	n   int
}

// handler returns a handler whose tasks take a time, and of which all but each third fail if they are flaky.
func (w *outlast) handler(after time.Duration, flaky bool) engine.Handler {
	return handler(func(task engine.Task, reply engine.Reply) func() {
		key, kind := fmt.Sprint(task.Execution, task.ID), fmt.Sprint(task.Execution, task.State, value.Text(task.Input))
		job, known := w.tasks[key]
		if !known {
			w.count[kind]++
			sum := fnv.New64a()
			_, _ = fmt.Fprint(sum, kind, w.count[kind])
			job = work{w.clock.Now().Add(after), w.count[kind]}
			if after > 0 {
				job.due = job.due.Add(time.Duration(sum.Sum64() % 1e6))
			}
			w.tasks[key] = job
		}
		answer := func() {
			if flaky && job.n%3 > 0 {
				reply.Fail("Flaky", "again")
			} else {
				reply.Succeed(nil)
			}
		}
		if after == 0 {
			answer()
			return nil
		}
		stop := w.clock.AfterFunc(job.due.Sub(w.clock.Now()), answer)
		return func() { stop() }
	})
}

// handlers are those of unsteady, in this world.
func (w *outlast) handlers() map[string]engine.Handler {
	handlers := map[string]engine.Handler{
		"now": w.handler(0, false), "soon": w.handler(1500*time.Millisecond, false), "late": w.handler(10*time.Second, false),
		"flaky": w.handler(0, true), "bad": unsteady(nil)["bad"],
	}
	for name, h := range handlers {
		handlers[name] = engine.Idempotent(h)
	}
	return handlers
}

// simultaneous returns the transcript without what depends on the order in which simultaneous events are taken.
func (tr transcript) simultaneous() transcript {
	sorted := transcript{}
	for arn, lines := range tr {
		for _, line := range lines {
			at, rest, _ := strings.Cut(line, " ")
			_, what, _ := strings.Cut(rest, " ")
			sorted[arn] = append(sorted[arn], at+" "+what)
		}
		slices.Sort(sorted[arn])
	}
	return sorted
}

// A crash at any commit, before or after it is durable, changes no history: what had left is in what was stored, and what had
// not comes again.
func TestACrashLosesNothing(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		text, calm := machine(t, "", 2), rapid.Bool().Draw(t, "calm")
		if calm { // nothing fails, so that the order of what is simultaneous does not matter
			text = regexp.MustCompile(`"HeartbeatSeconds":.,`).ReplaceAllString(text, "")
			text = regexp.MustCompile(`activity:(late|flaky|bad)`).ReplaceAllString(text, "activity:soon")
		}
		m, faults := asl.Parse([]byte(text))
		if m == nil {
			t.Fatalf("%s\n%v", text, faults)
		}
		executions := rapid.IntRange(1, 3).Draw(t, "executions")
		crashes := rapid.SliceOfN(rapid.IntRange(1, 12), 0, 6).Draw(t, "crashes") // after so many commits
		durable := rapid.Bool().Draw(t, "durable")

		run := func(crashes []int) (transcript, *memory) {
			tr := transcript{}
			world := &outlast{tasks: map[string]work{}, count: map[string]int{}}
			journal := &memory{}
			now := engine.Epoch
			for {
				clock := engine.NewSimulated(now, 0)
				world.clock = clock
				crash := 0
				if len(crashes) > 0 {
					crash, crashes = crashes[0], crashes[1:]
				}
				crashed := false
				var j engine.Journal = journal
				if crash > 0 {
					n := 0
					j = journalFunc(func(records []engine.Record, done func(error)) {
						if n++; n < crash {
							journal.keep(records)
							done(nil)
							return
						}
						if durable {
							journal.keep(records)
						}
						crashed = true
						clock.Stop()
					})
				}
				e := engine.New(engine.Options{Clock: clock, Handlers: world.handlers(), Observer: tr, Journal: j})
				for i := range executions {
					who := identity("m", fmt.Sprint(i))
					who.Seed = uint64(i)
					stored := journal.last[who.ID]
					var err error
					switch {
					case stored == nil:
						_, err = e.Start(m, who, []any{int64(1), int64(2)}, nil)
					case stored.Execution.Status == asl.StatusRunning:
						_, err = e.Restore(m, again(t, m, stored.Execution), engine.Restoring{
							Child: func(request *asl.ChildRequest) (asl.Execution, bool) {
								c := journal.last[request.Identity.ID]
								if c == nil {
									return asl.Execution{}, false
								}
								return again(t, request.Machine, c.Execution), true
							},
						})
					}
					if err != nil {
						t.Fatal(err)
					}
				}
				if err := clock.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if !crashed {
					return tr, journal
				}
				now = clock.Now()
				// What was durable and not seen yet is seen in the stored history.
				seen := transcript{}
				for _, r := range journal.records {
					seen.note(r.Execution.Identity().ID, &r.History)
				}
				for arn, lines := range tr {
					if len(lines) > len(seen[arn]) {
						t.Fatalf("%s: %d events had been seen, %d are durable", arn, len(lines), len(seen[arn]))
					}
				}
				tr = seen
			}
		}
		got, journal := run(crashes)
		replayed := replay(t, journal.records)
		if diff := cmp.Diff(got, replayed); diff != "" {
			t.Fatalf("%s\nthe history seen (-) and stepped again (+):\n%s", text, diff)
		}
		for i := range executions {
			if x := journal.last[identity("m", fmt.Sprint(i)).ID].Execution; x.Status == asl.StatusRunning {
				t.Fatalf("%s\nexecution %d has not ended", text, i)
			}
		}
		if !calm {
			return
		}
		want, _ := run(nil)
		if diff := cmp.Diff(want.simultaneous(), got.simultaneous()); diff != "" {
			t.Fatalf("%s\nhistories without (-) and with (+) crashes:\n%s", text, diff)
		}
	})
}

// replay steps executions through the events of their records again, as a recovery does.
func replay(t *rapid.T, records []engine.Record) transcript {
	tr := transcript{}
	executions := map[string]*asl.Execution{}
	var out asl.Effects
	for _, r := range records {
		who := r.Execution.Identity()
		x := executions[who.ID]
		if x == nil {
			begun := asl.NewExecution(who)
			x = &begun
			executions[who.ID] = x
		}
		out.Reset()
		r.Machine.Step(x, r.Event, &out)
		tr.note(who.ID, &out.History)
		if want, got := r.Machine.AppendExecution(nil, &r.Execution), r.Machine.AppendExecution(nil, x); !bytes.Equal(want, got) {
			t.Fatalf("%s: stepping event %v again gives another execution", who.ID, r.Event)
		}
	}
	return tr
}

type journalFunc func(records []engine.Record, done func(error))

func (f journalFunc) Commit(records []engine.Record, done func(error)) { f(records, done) }

func again(t *rapid.T, m *asl.Machine, x asl.Execution) asl.Execution {
	y, err := m.DecodeExecution(m.AppendExecution(nil, &x))
	if err != nil {
		t.Fatal(err)
	}
	return y
}

// Whatever an execution waits for when the program ends, it goes on afterwards: a task, a timer, children, objects, and a Step
// that was not finished.
func TestRestoredExecutionsGoOnFromEveryCommit(t *testing.T) {
	count := `{"StartAt":"N","States":{"N":{"Type":"Pass","Parameters":{"i.$":"States.MathAdd($.i, 1)"},"Next":"C"},
		"C":{"Type":"Choice","Choices":[{"Variable":"$.i","NumericLessThan":500,"Next":"N"}],"Default":"E"},"E":{"Type":"Succeed"}}}`
	for name, text := range map[string]string{"every effect": everything, "unfinished Steps": count} {
		m := parse(t, text)
		end := func(crash int, durable bool) (output string, objects engine.Folder, crashed bool) {
			objects = folder(t, nil)
			journal := &memory{}
			now := engine.Epoch
			for {
				clock := engine.NewSimulated(now, 0)
				n, stopped := 0, false
				j := journalFunc(func(records []engine.Record, done func(error)) {
					if n++; n != crash || crashed {
						journal.keep(records)
						done(nil)
						return
					}
					if durable {
						journal.keep(records)
					}
					stopped = true
					clock.Stop()
				})
				e := engine.New(engine.Options{
					Clock: clock, Other: engine.Idempotent(&world{}), Objects: objects, Journal: j,
				})
				var err error
				if stored := journal.last[identity("m", "x").ID]; stored == nil {
					_, err = e.Start(m, identity("m", "x"), value.NewObject("i", int64(0)), nil)
				} else {
					_, err = e.Restore(m, restart(t, m, stored.Execution), engine.Restoring{
						Child: func(request *asl.ChildRequest) (asl.Execution, bool) {
							c := journal.last[request.Identity.ID]
							if c == nil {
								return asl.Execution{}, false
							}
							return restart(t, request.Machine, c.Execution), true
						},
					})
				}
				if errors.Is(err, engine.ErrEnded) {
					err = nil // the crash came after its end
				}
				if err != nil {
					t.Fatal(err)
				}
				if err := clock.Run(t.Context()); err != nil {
					t.Fatal(err)
				}
				if !stopped {
					x := journal.last[identity("m", "x").ID].Execution
					return fmt.Sprint(x.Status, value.Text(x.Output)), objects, crashed
				}
				crashed, now = true, clock.Now()
			}
		}
		want, _, _ := end(0, false)
		crashes := 0
		for crash := 1; ; crash++ {
			_, _, again := end(crash, false)
			for _, durable := range []bool{false, true} {
				got, objects, _ := end(crash, durable)
				if got != want {
					t.Errorf("%s: a crash at commit %d, durable %v: got %s, want %s", name, crash, durable, got, want)
				}
				if list, err := objects.List("b", "p"); name == "every effect" && (err != nil || len(list) != 2) {
					t.Errorf("a crash at commit %d, durable %v: got %d objects (%v), want 2", crash, durable, len(list), err)
				}
			}
			if !again {
				break
			}
			crashes++
		}
		if crashes < 4 {
			t.Errorf("%s: got %d commits, want some", name, crashes)
		}
	}
}
