package services_test

import (
	"context"
	"os"
	"path/filepath"
	"testing"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/services"
	"signalbox/asl/value"
)

// corpus is the folder of what AWS and others have recorded.
func corpus(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("SIGNALBOX_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("the recordings are missing: %v", err)
		}
		tb.Skipf("not run: the recordings are missing: %v", err)
	}
	return dir
}

// answers is an observer that keeps what Tasks were answered: an output, or "name: cause".
type answers []any

func (a *answers) Observe(_ *engine.Run, events *asl.History) {
	for e := range events.All() {
		switch e.Type {
		case asl.HistoryTaskSucceeded:
			*a = append(*a, e.Data)
		case asl.HistoryTaskFailed:
			*a = append(*a, e.Error.Name+": "+e.Error.Cause)
		}
	}
}

// play runs a definition with Services in memory and returns what its Tasks were answered.
func play(tb testing.TB, definition, input, mapping string) answers {
	tb.Helper()
	got, _ := playOn(tb, "", definition, input, mapping)
	return got
}

// playOn is play with Services in a file.
func playOn(tb testing.TB, file, definition, input, mapping string) (answers, asl.Execution) {
	tb.Helper()
	m, faults := asl.Parse([]byte(definition))
	if m == nil {
		tb.Fatal(faults)
	}
	table, err := services.ReadMapping("mapping.yaml", []byte(mapping))
	if err != nil {
		tb.Fatal(err)
	}
	clock := engine.NewSimulated(engine.Epoch, 0)
	c, err := services.Open(table, file, clock)
	if err != nil {
		tb.Fatal(err)
	}
	defer func() {
		if err := c.Close(); err != nil {
			tb.Error(err)
		}
	}()
	var got answers
	var end asl.Execution
	e := engine.New(engine.Options{Clock: clock, Other: c, Observer: &got})
	if _, err := e.Start(m, asl.Identity{Name: "run"}, read(tb, input), func(x asl.Execution) { end = x }); err != nil {
		tb.Fatal(err)
	}
	if err := clock.Run(context.Background()); err != nil {
		tb.Fatal(err)
	}
	return got, end
}

func read(tb testing.TB, text string) any {
	tb.Helper()
	v, err := value.Read([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}
