package main

import (
	"bytes"
	"errors"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/machines/monitor"
)

// A machine that flashes for a latched fault goes on until the command clears it through the socket; then it ends, and the
// next run is as any other.
func TestClearFaultReachesTheRunningMachine(t *testing.T) {
	dir := t.TempDir()
	fault := &monitor.Fault{Kind: monitor.Conflict, Detail: "two greens", Time: time.Unix(0, 0)}
	if err := (monitor.File{Dir: dir}).Store(fault); err != nil {
		t.Fatal(err)
	}
	var out, talk bytes.Buffer
	ended := make(chan int, 1)
	go func() {
		ended <- run(t.Context(), []string{"run", "intersection", "--data", dir, "--plain"}, streams{in: os.Stdin, out: &out, err: &talk})
	}()
	for {
		if _, err := os.Stat(dir + "/" + assembly.ControlSocket); err == nil {
			break
		}
		select {
		case code := <-ended:
			t.Fatalf("the run ended with %d:\n%s", code, talk.String())
		default:
			runtime.Gosched()
		}
	}
	var cleared, complaint bytes.Buffer
	command := clearFaultCmd{Data: dir, By: "Anna"}
	if err := command.Run(t.Context(), streams{out: &cleared, err: &complaint}); err != nil {
		t.Fatal(err)
	}
	if code := <-ended; code != exitDone {
		t.Errorf("the run ended with %d, want %d:\n%s%s", code, exitDone, out.String(), talk.String())
	}
	if !strings.Contains(cleared.String(), "cleared by Anna: conflict: two greens") {
		t.Errorf("got %q", cleared.String())
	}
	if !strings.Contains(out.String(), "fault cleared by Anna: conflict") || strings.Contains(out.String(), ".green") {
		t.Errorf("got\n%s", out.String())
	}
	if _, err := os.Stat(dir + "/" + monitor.FileName); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the fault is still there: %v", err)
	}
}
