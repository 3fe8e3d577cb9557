package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	mainpkg "signalbox/cmd/signalbox"
	"signalbox/internal/race"
)

// signalbox is the path of the program.
var signalbox string

// TestMain makes the test binary the program as well, under the name signalbox in a folder that comes first in PATH. So
// nothing is built, and the program has the race detector when the tests have it.
func TestMain(m *testing.M) {
	testscript.Main(withProgram{m}, map[string]func(){"signalbox": mainpkg.Main})
}

// withProgram runs the tests when the program is in PATH.
type withProgram struct{ *testing.M }

// Run implements testscript.TestingM.
func (m withProgram) Run() int {
	var err error
	if signalbox, err = exec.LookPath("signalbox"); err != nil {
		panic(err)
	}
	// A program with the race detector sleeps before it exits, so that other goroutines can report: 1 s by default.
	if err := os.Setenv("GORACE", strings.TrimSpace("atexit_sleep_ms=50 "+os.Getenv("GORACE"))); err != nil {
		panic(err)
	}
	return m.M.Run()
}

// The scripts use the program as its users do. $EXAMPLES and $MACHINES are folders of the project. What is behind [!race]
// takes minutes with the race detector.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	inputs(t, filepath.Join(root, "examples"))
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("GORACE", os.Getenv("GORACE"))
			env.Setenv("EXAMPLES", filepath.Join(root, "examples"))
			env.Setenv("MACHINES", filepath.Join(root, "machines"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"order": order, "exits": exits},
		Condition: func(name string) (bool, error) {
			if name != "race" {
				return false, fmt.Errorf("unknown condition %s", name)
			}
			return race.Enabled, nil
		},
	})
}

// inputs makes the files of a folder inputs of the tests in go test's cache, which sees what the tests open themselves, and
// not what the program reads.
func inputs(tb testing.TB, folder string) {
	tb.Helper()
	err := filepath.WalkDir(folder, func(name string, _ fs.DirEntry, err error) error {
		if err == nil {
			_, err = os.Stat(name)
		}
		return err
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// exits runs a command and wants an exit code: exits 2 signalbox run …
func exits(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: exits CODE COMMAND [ARG ...]")
	}
	err := ts.Exec(args[1], args[2:]...)
	code := "0"
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit):
		code = strconv.Itoa(exit.ExitCode())
	case err != nil:
		ts.Fatalf("%v", err)
	}
	if code != args[0] {
		ts.Fatalf("got exit code %s, want %s", code, args[0])
	}
}

// order wants texts in a file, or in stdout, one line after the other: order stdout 'coin' 'Vend'. Each text is looked for
// behind the line of the one before it.
func order(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) < 2 {
		ts.Fatalf("usage: order FILE TEXT ...")
	}
	lines := strings.Split(ts.ReadFile(args[0]), "\n")
	for _, want := range args[1:] {
		i := 0
		for i < len(lines) && !strings.Contains(strings.Join(strings.Fields(lines[i]), " "), want) {
			i++
		}
		if i == len(lines) {
			ts.Fatalf("%q does not come after those before it", want)
		}
		lines = lines[i+1:]
	}
}

// run runs the program and returns what it printed.
func run(tb testing.TB, args ...string) []byte {
	tb.Helper()
	cmd := exec.Command(signalbox, args...)
	var out, talk bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &talk
	if err := cmd.Run(); err != nil {
		tb.Fatalf("signalbox %s: %v\n%s", strings.Join(args, " "), err, talk.String())
	}
	return out.Bytes()
}

// A printed is one line of --json.
type printed struct {
	Time, Type, State, Pin string
	Level                  *bool
	Details                map[string]any
}

func readJSON(tb testing.TB, out []byte) []printed {
	tb.Helper()
	var list []printed
	for line := range bytes.Lines(out) {
		var p printed
		if err := json.Unmarshal(line, &p); err != nil {
			tb.Fatalf("%s: %v", line, err)
		}
		list = append(list, p)
	}
	return list
}
