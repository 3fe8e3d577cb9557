package main_test

import (
	"bufio"
	"bytes"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A printedRun is the built program in a run whose lines are printed and read: what it writes to its lines is seen there.
type printedRun struct {
	tb    testing.TB
	cmd   *exec.Cmd
	talk  bytes.Buffer
	lines *bufio.Scanner
	on    map[string]bool // the lines that are on
	ended string          // why the run ended; "" if it has not
}

// startRun starts signalbox run with the given arguments and --plain.
func startRun(tb testing.TB, args ...string) *printedRun {
	tb.Helper()
	r := &printedRun{tb: tb, cmd: exec.Command(signalbox, append(append([]string{"run"}, args...), "--plain")...), on: map[string]bool{}}
	r.cmd.Stderr = &r.talk
	out, err := r.cmd.StdoutPipe()
	if err != nil {
		tb.Fatal(err)
	}
	if err := r.cmd.Start(); err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = r.cmd.Process.Kill() })
	r.lines = bufio.NewScanner(out)
	return r
}

// readUntil reads printed lines until an output whose name ends in suffix is on; without one until there are no more. It
// reports whether it is.
func (r *printedRun) readUntil(suffix string) bool {
	for r.lines.Scan() {
		fields := strings.Fields(r.lines.Text())
		switch {
		case len(fields) < 3:
		case fields[1] == "-" && fields[2] == "ended":
			r.ended = strings.Join(fields[3:], " ")
		case fields[2] == "on":
			r.on[fields[1]] = true
			if suffix != "" && strings.HasSuffix(fields[1], suffix) {
				return true
			}
		case fields[2] == "off":
			delete(r.on, fields[1])
		}
	}
	return false
}

func (r *printedRun) signal(s syscall.Signal) {
	r.tb.Helper()
	if err := r.cmd.Process.Signal(s); err != nil {
		r.tb.Fatal(err)
	}
}

// wait reads the rest and returns the exit code.
func (r *printedRun) wait() int {
	late := time.AfterFunc(time.Minute, func() { _ = r.cmd.Process.Kill() })
	defer late.Stop()
	r.readUntil("")
	_ = r.cmd.Wait() // the exit code says more
	return r.cmd.ProcessState.ExitCode()
}

// Every signal that ends a run, and that a process can catch, takes the outputs to their safe levels first.
func TestSignalsEndARunSafely(t *testing.T) {
	for _, c := range []struct {
		signal syscall.Signal
		code   int
		dump   bool
	}{
		{syscall.SIGINT, 0, false},
		{syscall.SIGTERM, 0, false},
		{syscall.SIGHUP, 0, false},
		{syscall.SIGQUIT, 131, true},
		{syscall.SIGABRT, 134, true},
	} {
		t.Run(c.signal.String(), func(t *testing.T) {
			t.Parallel()
			r := startRun(t, "intersection", "--speed", "100")
			if !r.readUntil(".green") {
				t.Fatal("no green came on")
			}
			r.signal(c.signal)
			if code := r.wait(); code != c.code {
				t.Errorf("got exit code %d, want %d; stderr: %.300s", code, c.code, r.talk.String())
			}
			if want := c.signal.String() + " signal received"; r.ended != want {
				t.Errorf("the run ended with %q, want %q", r.ended, want)
			}
			reds := 0
			for line := range r.on {
				switch line[strings.LastIndexByte(line, '.')+1:] {
				case "green", "yellow", "walk":
					t.Errorf("%s was left on, want safe levels", line)
				case "red":
					reds++
				}
			}
			if reds != 2 {
				t.Errorf("%d reds are on, want 2", reds)
			}
			if dump := strings.Contains(r.talk.String(), "goroutine "); dump != c.dump {
				t.Errorf("got stacks: %v, want %v:\n%.300s", dump, c.dump, r.talk.String())
			}
		})
	}
}

// Ctrl-Z and the other signals of job control do not stop a run: a stopped process keeps its lamps on.
func TestJobControlDoesNotStopARun(t *testing.T) {
	for _, s := range []syscall.Signal{syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU} {
		t.Run(s.String(), func(t *testing.T) {
			t.Parallel()
			r := startRun(t, "intersection", "--speed", "100")
			if !r.readUntil(".green") {
				t.Fatal("no green came on")
			}
			r.signal(s)
			for range 3 { // the same again, phases later; a stopped process prints no more
				late := time.AfterFunc(time.Minute, func() { _ = r.cmd.Process.Kill() })
				if !r.readUntil(".green") {
					t.Fatal("the run stopped")
				}
				late.Stop()
			}
			r.signal(syscall.SIGTERM)
			if code := r.wait(); code != 0 || r.ended != "terminated signal received" {
				t.Errorf("got exit code %d, %q", code, r.ended)
			}
		})
	}
}
