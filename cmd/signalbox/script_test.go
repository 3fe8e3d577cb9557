package main_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// signalbox is the built program.
var signalbox string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "signalbox")
	if err != nil {
		panic(err)
	}
	signalbox = filepath.Join(dir, "signalbox")
	if out, err := exec.Command("go", "build", "-o", signalbox, ".").CombinedOutput(); err != nil {
		panic(string(out))
	}
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// The scripts use the program as its users do. $EXAMPLES and $MACHINES are folders of the project.
func TestScripts(t *testing.T) {
	root, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir: "testdata/script",
		Setup: func(env *testscript.Env) error {
			env.Setenv("PATH", filepath.Dir(signalbox)+string(os.PathListSeparator)+env.Getenv("PATH"))
			env.Setenv("EXAMPLES", filepath.Join(root, "examples"))
			env.Setenv("MACHINES", filepath.Join(root, "machines"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"order": order, "exits": exits},
	})
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
