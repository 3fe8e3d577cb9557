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

// epoch is when executions begin: the recordings tell the times of their Waits relative to it.
var epoch = time.Date(2026, 11, 22, 17, 27, 33, 0, time.UTC)

// race steps an execution to its end, with events of history thrown away and tasks answered with true, one after the other.
func race(m *asl.Machine, in any) asl.Execution {
	x := asl.NewExecution(asl.Identity{Name: "bench", Seed: 1})
	var out asl.Effects
	queue := []asl.Event{{Kind: asl.EventStart, Time: epoch, Input: in}}
	for len(queue) > 0 && x.Status == asl.StatusRunning {
		event := queue[0]
		queue = queue[1:]
		out.Reset()
		m.Step(&x, event, &out)
		for i := range out.Do {
			switch do := &out.Do[i]; do.Kind {
			case asl.EffectContinue:
				queue = append(queue, asl.Event{Kind: asl.EventContinue, Time: epoch})
			case asl.EffectStartTask:
				queue = append(queue, asl.Event{Kind: asl.EventTaskSucceeded, Time: epoch, Scope: do.Scope, ID: do.ID, Output: true})
			}
		}
	}
	return x
}

// BenchmarkW1Step is the cost of one state transition of W1, a Pass with States.MathAdd or a Choice, in the interpreter
// alone: its history is made and thrown away.
func BenchmarkW1Step(b *testing.B) {
	stepping(b, machine(b, workload(b, "w1.json")), input(b, workload(b, "w1.input.json")), 20001, "transition")
}

// BenchmarkW3Step is the cost of an item of W3, an inline Map of 10,000.
func BenchmarkW3Step(b *testing.B) {
	stepping(b, machine(b, workload(b, "w3.json")), input(b, workload(b, "w3.input.json")), 10000, "item")
}

// BenchmarkW3StepOfTasks is the cost of an item where each is a Task, all under way at once: a Step for each answer.
func BenchmarkW3StepOfTasks(b *testing.B) {
	m := machine(b, []byte(`{"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.items","MaxConcurrency":10000,"End":true,
		"ItemProcessor":{"StartAt":"T","States":{
			"T":{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:a","End":true}}}}}}`))
	stepping(b, m, input(b, workload(b, "w3.input.json")), 10000, "item")
}

// stepping measures executions that do so many units of work.
func stepping(b *testing.B, m *asl.Machine, in any, units int, unit string) {
	b.Helper()
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		if x := race(m, in); x.Status != asl.StatusSucceeded {
			b.Fatalf("%v: %v", x.Status, x.Failure)
		}
		n += units
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/"+unit)
}

// BenchmarkW5Parse is a definition of 500 states, parsed, checked and compiled.
func BenchmarkW5Parse(b *testing.B) {
	text := workload(b, "w5.json")
	b.ReportAllocs()
	for b.Loop() {
		machine(b, text)
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "definitions/s")
}
