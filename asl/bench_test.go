package asl_test

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"signalbox/asl"
	"signalbox/asl/value"
)

// workload reads a file of the bench folder that stands beside the project, or is named by SIGNALBOX_BENCH.
func workload(tb testing.TB, name string) []byte {
	tb.Helper()
	dir := os.Getenv("SIGNALBOX_BENCH")
	if dir == "" {
		dir = filepath.Join("..", "..", "shared", "bench")
	}
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("the workloads are missing: %v", err)
		}
		tb.Skipf("no workloads here: %v", err)
	}
	return text
}

func machine(tb testing.TB, text []byte) *asl.Machine {
	tb.Helper()
	m, faults := asl.Parse(text)
	if m == nil {
		tb.Fatalf("%v", faults)
	}
	return m
}

func input(tb testing.TB, text []byte) any {
	tb.Helper()
	v, err := value.Read(text)
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

var epoch = time.Date(2025, 1, 1, 8, 0, 0, 0, time.UTC)

// race steps an execution to its end, with events of history thrown away and tasks answered at once.
func race(m *asl.Machine, in any, task func(*asl.TaskRequest) any) asl.Execution {
	x := asl.NewExecution(asl.Identity{Name: "bench", Seed: 1})
	var out asl.Effects
	event := asl.Event{Kind: asl.Start, Time: epoch, Output: in}
	for {
		out.Reset()
		m.Step(&x, event, &out)
		if x.Status != asl.Running {
			return x
		}
		for _, do := range out.Do {
			switch do.Kind {
			case asl.More:
				event = asl.Event{Kind: asl.Continue, Time: epoch}
			case asl.StartTask:
				event = asl.Event{Kind: asl.TaskDone, Time: epoch, Scope: do.Scope, ID: do.ID, Output: task(do.Task)}
			}
		}
	}
}

// BenchmarkTransition is the cost of one state transition of W1: Pass with States.MathAdd, then Choice.
func BenchmarkTransition(b *testing.B) {
	m := machine(b, workload(b, "w1.json"))
	in := input(b, workload(b, "w1.input.json"))
	const transitions = 20002
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if x := race(m, in, nil); x.Status != asl.Succeeded {
			b.Fatalf("%v", x.Failure)
		}
		n += transitions
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/transition")
}

func BenchmarkParse500States(b *testing.B) {
	text := workload(b, "w5.json")
	for b.Loop() {
		machine(b, text)
	}
}

func BenchmarkMap10000(b *testing.B) {
	m := machine(b, workload(b, "w3.json"))
	in := input(b, workload(b, "w3.input.json"))
	n := 0
	for b.Loop() {
		if x := race(m, in, nil); x.Status != asl.Succeeded {
			b.Fatalf("%v", x.Failure)
		}
		n += 10000
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "items/s")
}
