package engine_test

import (
	"os"
	"path/filepath"
	"runtime"
	"testing"

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

// BenchmarkTask is W4: a Task that a handler in the process answers, and a Choice.
func BenchmarkTask(b *testing.B) {
	m := parse(b, workload(b, "w4.json"))
	in, err := value.Read([]byte(workload(b, "w4.input.json")))
	if err != nil {
		b.Fatal(err)
	}
	handler := engine.HandlerFunc(func(task engine.Task) (any, string, string) {
		i, _ := task.Input.(*value.Object).Lookup("i")
		return value.NewObject("i", i.(int64)+1), "", ""
	})
	n := 0
	for b.Loop() {
		run, _ := runAll(b, engine.Options{Other: handler}, m, in)
		if x := run.Snapshot(); x.Status != asl.Succeeded {
			b.Fatal(x.Failure)
		}
		n += 10000
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "tasks/s")
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

func (f counter) Observe(_ asl.Execution, events []asl.HistoryEvent) {
	n := 0
	for i := range events {
		if events[i].Type == asl.StateEntered {
			n++
		}
	}
	f(n)
}
