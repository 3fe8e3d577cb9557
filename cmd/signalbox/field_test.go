package main_test

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// field returns the folder of inputs that the program once got wrong: what real wiring, slow cards and careless files do.
func field(tb testing.TB) string {
	tb.Helper()
	dir := os.Getenv("SIGNALBOX_FIELD")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "field")
	}
	if _, err := os.Stat(dir); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatalf("the inputs are missing: %v", err)
		}
		tb.Skipf("not run: the inputs are missing: %v", err)
	}
	return dir
}

// end runs the program in a folder and returns its exit code, what it prints, and what it says on stderr.
func end(tb testing.TB, dir string, args ...string) (code int, out, talk string) {
	tb.Helper()
	cmd := exec.Command(signalbox, args...)
	var stdout, stderr bytes.Buffer
	cmd.Dir, cmd.Stdout, cmd.Stderr = dir, &stdout, &stderr
	err := cmd.Run()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = exit.ExitCode()
	case err != nil:
		tb.Fatal(err)
	}
	return code, stdout.String(), stderr.String()
}

// lines returns the lines of a text that hold a word.
func lines(text, word string) string {
	var list []string
	for line := range strings.Lines(text) {
		if strings.Contains(line, word) {
			list = append(list, line)
		}
	}
	return strings.Join(list, "")
}

// Boards and definitions of generic activities end as their users may expect.
func TestBoardsOfTheField(t *testing.T) {
	dir := filepath.Join(field(t), "board")
	onBoard := func(definition string, more ...string) []string {
		return append([]string{"run", definition, "--board", "board.yaml", "--speed", "0", "--plain"}, more...)
	}
	for _, c := range []struct {
		name string
		args []string
		code int
		only string // the lines of the output that are compared; "" all
		out  string
		talk string
	}{
		{
			// Twelve pulses of 4,999 ms with breaks of 1 ms are not twelve times max-on.
			name: "max-on by pulses", args: onBoard("pulse.asl.json"), code: 1, only: "motor",
			out: `
0:00:00.000  motor                        on        gpio-pulse (P)
0:00:04.999  motor                        off       gpio-pulse (P)
0:00:05.000  motor                        on        gpio-pulse (P)
0:00:05.011  motor                        off       max-on 5s: only 11ms of it were left after the last rest
0:00:05.011  P                            failed    Interlock.MaxOn: line motor was turned off before its pulse of 4.999s was over: max-on 5s: only 11ms of it were left after the last rest
0:00:05.011  -                            failed    Interlock.MaxOn: line motor was turned off before its pulse of 4.999s was over: max-on 5s: only 11ms of it were left after the last rest
`,
			talk: "signalbox: the execution ended as FAILED: Interlock.MaxOn: line motor was turned off before its pulse of 4.999s was over: " +
				"max-on 5s: only 11ms of it were left after the last rest\n",
		},
		{
			// Off and on within an instant is no break either.
			name: "max-on by writes", args: onBoard("maxon.asl.json", "--for", "20s"), only: " motor ",
			out: `
0:00:00.000  motor                        on        gpio-write (On)
0:00:04.000  motor                        off       gpio-write (Off)
0:00:04.000  motor                        on        gpio-write (On)
0:00:05.000  motor                        off       max-on 5s: only 1s of it were left after the last rest
0:00:08.000  motor                        on        gpio-write (On)
0:00:12.000  motor                        off       gpio-write (Off)
0:00:12.000  motor                        on        gpio-write (On)
0:00:13.000  motor                        off       max-on 5s: only 1s of it were left after the last rest
0:00:16.000  motor                        on        gpio-write (On)
0:00:20.000  motor                        off       the run is over
`,
		},
		{
			name: "two branches on one line", args: onBoard("par.asl.json"), code: 1, only: "0:00:01.000",
			out: `
0:00:01.000  other                        off       gpio-pulse (Pulse)
0:00:01.000  On                           entered   W: Next
0:00:01.000  On                           failed    Activity.Busy: another Task is pulsing line other; let it end first
0:00:01.000  -                            failed    Activity.Busy: another Task is pulsing line other; let it end first
`,
			talk: "signalbox: the execution ended as FAILED: Activity.Busy: another Task is pulsing line other; let it end first\n",
		},
		{
			// Without since, an edge between two Tasks does not count: see TestAnEdgeBetweenTwoTasks.
			name: "an edge between two Tasks", args: onBoard("lost.asl.json", "--scenario", "lost.yaml"),
			out: `
0:00:00.000  A                            entered   StartAt
0:00:01.010  button                       on        pushed
0:00:01.010  W                            entered   A: Next
0:00:01.110  button                       off       let go
0:00:01.510  button                       on        pushed
0:00:01.610  button                       off       let go
0:00:02.010  B                            entered   W: Next
0:00:20.000  -                            ended     the scenario is over
`,
		},
		{
			name: "one line under two names", args: []string{"run", "pulse.asl.json", "--board", "dup.yaml"}, code: 2, out: "\n",
			talk: "dup.yaml:4:30: line b is on gpiochip0:17, the same as GPIO17, which line a is on already; a physical line is used once\n",
		},
		{
			name: "one line under two names that must never be on together", args: []string{"run", "pulse.asl.json", "--board", "dupb.yaml"},
			code: 2, out: "\n",
			talk: "dupb.yaml:4:30: line q is on gpiochip0:17, the same as GPIO17, which line p is on already; a physical line is used once\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			code, out, talk := end(t, dir, c.args...)
			if code != c.code {
				t.Errorf("got exit code %d, want %d", code, c.code)
			}
			if diff := cmp.Diff(c.out, "\n"+lines(out, c.only)); diff != "" {
				t.Errorf("stdout (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(c.talk, talk); diff != "" {
				t.Errorf("stderr (-want +got):\n%s", diff)
			}
		})
	}
}

// The edge that came between two Tasks counts for the second if that names a time before it.
func TestAnEdgeBetweenTwoTasks(t *testing.T) {
	dir := filepath.Join(field(t), "board")
	text, err := os.ReadFile(filepath.Join(dir, "lost.asl.json"))
	if err != nil {
		t.Fatal(err)
	}
	const waits = `"Parameters":{"line":"button","edge":"rising"},"End":true`
	if strings.Count(string(text), waits) != 1 {
		t.Fatalf("lost.asl.json has no Task with %s", waits)
	}
	succeeded := func(at string) string {
		return `0:00:02.010  -                            succeeded {"line":"button","level":true,"time":"2025-01-01T08:00:0` + at + "Z\"}\n"
	}
	for _, c := range []struct{ name, since, want string }{
		{"the time of the edge before", "$.time", succeeded("1.510")},
		{"the time at which the machine began", "$$.Execution.StartTime", succeeded("1.010")},
		{
			"the time at which the Task began", "$$.State.EnteredTime",
			"0:00:20.000  -                            ended     the scenario is over\n",
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "asks.asl.json")
			asks := strings.Replace(string(text), waits, `"Parameters":{"line":"button","edge":"rising","since.$":"`+c.since+`"},"End":true`, 1)
			if err := os.WriteFile(file, []byte(asks), 0o600); err != nil {
				t.Fatal(err)
			}
			code, out, talk := end(t, dir, "run", file, "--board", "board.yaml", "--scenario", "lost.yaml", "--speed", "0", "--plain")
			if diff := cmp.Diff(c.want, lines(out, "  -  ")); diff != "" || code != 0 {
				t.Errorf("got exit code %d, stderr %q, end (-want +got):\n%s", code, talk, diff)
			}
		})
	}
}
