package engine_test

import (
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"testing"
	"time"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
)

// workload reads a file of the bench folder beside the project.
func workload(tb testing.TB, name string) string {
	tb.Helper()
	dir := os.Getenv("SIGNALBOX_BENCH")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "bench")
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("the workloads are missing: %v", err)
		}
		tb.Skipf("no workloads here: %v", err)
	}
	return string(text)
}

// The workloads run here as a user runs them: through an engine and its clock, with the newest 25,000 events of each history
// kept. Those of the interpreter alone are in package asl.

// begin starts an execution on an engine.
func begin(b *testing.B, e *engine.Engine, m *asl.Machine, name string, in any) *engine.Run {
	b.Helper()
	run, err := e.Start(m, asl.Identity{Name: name}, in, nil)
	if err != nil {
		b.Fatal(err)
	}
	return run
}

// finish runs the clock until nothing is left to do, and fails if the execution has not succeeded or kept no history.
func finish(b *testing.B, clock *engine.Clock, runs ...*engine.Run) {
	b.Helper()
	if err := clock.Run(b.Context()); err != nil {
		b.Fatal(err)
	}
	for _, run := range runs {
		if x := run.Snapshot(); x.Status != asl.StatusSucceeded {
			b.Fatalf("%v: %v", x.Status, x.Failure)
		}
		for range run.History() {
			return
		}
		b.Fatal("no history was kept")
	}
}

// single measures one execution after the other; each does so many units of work.
func single(b *testing.B, m *asl.Machine, in any, handler engine.Handler, units int, unit string) {
	b.Helper()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		clock := engine.NewSimulated(engine.Epoch, 0)
		e := engine.New(engine.Options{Clock: clock, Other: handler})
		finish(b, clock, begin(b, e, m, "bench", in))
		n += units
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), unit+"/s")
}

func input(tb testing.TB, text string) any {
	tb.Helper()
	v, err := value.Read([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

// BenchmarkW1CounterLoop is a loop of a Pass with States.MathAdd and a Choice.
func BenchmarkW1CounterLoop(b *testing.B) {
	single(b, parse(b, workload(b, "w1.json")), input(b, workload(b, "w1.input.json")), nil, 20001, "transitions")
}

// BenchmarkW2ShortExecutions is five Pass states that shape their data.
func BenchmarkW2ShortExecutions(b *testing.B) {
	m := parse(b, workload(b, "w2.json"))
	in := input(b, workload(b, "w2.input.json"))
	for _, c := range []struct {
		name string
		many int
	}{{"OneAtATime", 1}, {"1000AtOnce", 1000}} {
		b.Run(c.name, func(b *testing.B) {
			names := make([]string, c.many)
			for i := range names {
				names[i] = "bench-" + strconv.Itoa(i)
			}
			runs := make([]*engine.Run, c.many)
			clock := engine.NewSimulated(engine.Epoch, 0)
			e := engine.New(engine.Options{Clock: clock})
			b.ReportAllocs()
			n := 0
			for b.Loop() {
				for i, name := range names {
					runs[i] = begin(b, e, m, name, in)
				}
				finish(b, clock, runs...)
				n += len(runs)
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "executions/s")
		})
	}
}

// BenchmarkW3Map is an inline Map of 10,000 with States.Format each.
func BenchmarkW3Map(b *testing.B) {
	single(b, parse(b, workload(b, "w3.json")), input(b, workload(b, "w3.input.json")), nil, 10000, "items")
}

// BenchmarkW3MapOfTasks is a Map of 10,000 Tasks that are all under way at once.
func BenchmarkW3MapOfTasks(b *testing.B) {
	m := parse(b, `{"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":10000,"End":true,
		"ItemProcessor":{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"`+activity("a")+`","End":true}}}}}}`)
	yes := engine.HandlerFunc(func(engine.Task) (any, string, string) { return true, "", "" })
	single(b, m, input(b, workload(b, "w3.input.json")), yes, 10000, "items")
}

// BenchmarkW4TaskLoop is a loop of a Task that a handler in the process answers, and a Choice.
func BenchmarkW4TaskLoop(b *testing.B) {
	next := engine.HandlerFunc(func(task engine.Task) (any, string, string) {
		i, _ := task.Input.(*value.Object).Lookup("i")
		return value.NewObject("i", i.(int64)+1), "", ""
	})
	single(b, parse(b, workload(b, "w4.json")), input(b, workload(b, "w4.input.json")), next, 10000, "tasks")
}

// BenchmarkWaiting is what an execution in a Wait holds: name, input, history and timer included.
func BenchmarkWaiting(b *testing.B) {
	m := parse(b, workload(b, "wait.json"))
	for _, many := range []int{10_000, 100_000} {
		b.Run(strconv.Itoa(many), func(b *testing.B) {
			for b.Loop() {
				before := heap()
				clock := engine.NewSimulated(engine.Epoch, 0)
				e := engine.New(engine.Options{Clock: clock})
				runs := make([]*engine.Run, many)
				for i := range runs {
					name := "execution-" + strconv.Itoa(i)
					runs[i] = begin(b, e, m, name, value.NewObject("id", int64(i), "name", name))
				}
				clock.At(engine.Epoch.Add(time.Minute), clock.Stop) // the Waits end after an hour
				if err := clock.Run(b.Context()); err != nil {
					b.Fatal(err)
				}
				b.ReportMetric(float64(heap()-before)/float64(many), "B/execution")
				for i, run := range runs {
					if x := run.Snapshot(); len(x.Positions()) != 1 {
						b.Fatalf("execution %d does not wait", i)
					}
				}
			}
		})
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// BenchmarkEndlessMemory runs an endless machine for a million transitions after a warm-up and prints by how much the heap
// has grown: with its history window full it stays where it was.
func BenchmarkEndlessMemory(b *testing.B) {
	m := parse(b, `{"StartAt":"A","States":{
		"A":{"Type":"Pass","Parameters":{"i.$":"States.MathAdd($.i, 1)"},"Next":"B"},
		"B":{"Type":"Choice","Choices":[{"Variable":"$.i","NumericLessThan":0,"Next":"Never"}],"Default":"C"},
		"C":{"Type":"Wait","Seconds":1,"Next":"A"},
		"Never":{"Type":"Succeed"}}}`)
	const transitions = 1_000_000
	for b.Loop() {
		clock := engine.NewSimulated(engine.Epoch, 0)
		var before, after runtime.MemStats
		entered := 0
		e := engine.New(engine.Options{Clock: clock, Observer: counter(func(n int) {
			was := entered
			entered += n
			switch {
			case was < transitions/10 && entered >= transitions/10:
				runtime.GC()
				runtime.ReadMemStats(&before)
			case was < transitions*11/10 && entered >= transitions*11/10:
				clock.Stop()
			}
		})})
		run, err := e.Start(m, asl.Identity{Name: "endless"}, value.NewObject("i", int64(0)), nil)
		if err != nil {
			b.Fatal(err)
		}
		if err := clock.Run(b.Context()); err != nil {
			b.Fatal(err)
		}
		runtime.GC()
		runtime.ReadMemStats(&after)
		b.ReportMetric(float64(int64(after.HeapAlloc)-int64(before.HeapAlloc))/transitions, "B-grown/transition")
		b.ReportMetric(float64(after.HeapAlloc)/1e6, "MB-heap")
		runtime.KeepAlive(run)
	}
}

type counter func(entered int)

func (f counter) Observe(_ *engine.Run, events *asl.History) {
	n := 0
	for e := range events.All() {
		if e.Type == asl.HistoryStateEntered {
			n++
		}
	}
	f(n)
}

// A slow journal takes its time for each commit, on a goroutine of its own.
type slow struct {
	takes   time.Duration
	queue   chan func(error)
	commits int
}

func newSlow(b *testing.B, takes time.Duration) *slow {
	s := &slow{takes: takes, queue: make(chan func(error), 1)}
	go func() {
		for done := range s.queue {
			for begin := time.Now(); time.Since(begin) < s.takes; {
				runtime.Gosched()
			}
			done(nil)
		}
	}()
	b.Cleanup(func() { close(s.queue) })
	return s
}

func (s *slow) Commit(_ []engine.Record, done func(error)) {
	s.commits++
	s.queue <- done
}

// BenchmarkJournal is 1,000 executions of W4 beside each other, with commits of 0.2 ms.
func BenchmarkJournal(b *testing.B) {
	next := engine.HandlerFunc(func(task engine.Task) (any, string, string) {
		i, _ := task.Input.(*value.Object).Lookup("i")
		return value.NewObject("i", i.(int64)+1), "", ""
	})
	m := parse(b, workload(b, "w4.json"))
	const executions, tasks = 1000, 100
	for _, name := range []string{"None", "200µs"} {
		b.Run(name, func(b *testing.B) {
			n, commits := 0, 0
			for b.Loop() {
				clock := engine.NewSimulated(engine.Epoch, 0)
				o := engine.Options{Clock: clock, Other: next}
				var journal *slow
				if name != "None" {
					journal = newSlow(b, 200*time.Microsecond)
					o.Journal = journal
				}
				e := engine.New(o)
				runs := make([]*engine.Run, executions)
				for i := range runs {
					runs[i] = begin(b, e, m, "bench-"+strconv.Itoa(i), value.NewObject("i", int64(10000-tasks)))
				}
				finish(b, clock, runs...)
				n += executions * tasks
				if journal != nil {
					commits += journal.commits
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "tasks/s")
			b.ReportMetric(float64(n)/float64(max(1, commits)), "tasks/commit")
		})
	}
}
