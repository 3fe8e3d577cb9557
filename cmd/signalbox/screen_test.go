package main_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A terminal is a tmux server of its own with one window in which a command runs.
type terminal struct {
	tb     testing.TB
	socket string
}

func openTerminal(tb testing.TB, width, height int, command string) *terminal {
	tb.Helper()
	if _, err := exec.LookPath("tmux"); err != nil {
		if os.Getenv("CI") == "true" {
			tb.Fatal("tmux is not installed")
		}
		tb.Skip("not run: tmux is not installed")
	}
	t := &terminal{tb, fmt.Sprintf("signalbox-%d-%d", os.Getpid(), width)}
	t.tmux("-f", "/dev/null", "new-session", "-d", "-x", fmt.Sprint(width), "-y", fmt.Sprint(height), command+`; echo "exit $?"; exec cat`)
	tb.Cleanup(func() { t.tmux("kill-server") })
	return t
}

func (t *terminal) tmux(args ...string) string {
	t.tb.Helper()
	out, err := exec.Command("tmux", append([]string{"-L", t.socket}, args...)...).CombinedOutput()
	if err != nil {
		t.tb.Fatalf("tmux %v: %v\n%s", args, err, out)
	}
	return string(out)
}

// shows waits until the screen holds all of the texts, and returns it.
func (t *terminal) shows(texts ...string) string {
	t.tb.Helper()
	deadline := time.Now().Add(5 * time.Minute) // far more than it takes: a screen that never comes must not hang the test
	for {
		screen := t.tmux("capture-pane", "-p")
		missing := ""
		for _, text := range texts {
			if !strings.Contains(screen, text) {
				missing = text
			}
		}
		if missing == "" {
			return screen
		}
		if time.Now().After(deadline) {
			t.tb.Fatalf("the screen never showed %q:\n%s", missing, screen)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func TestScreenOfASale(t *testing.T) {
	t.Parallel()
	for _, size := range [][2]int{{80, 24}, {200, 60}, {40, 20}} {
		t.Run(fmt.Sprintf("%dx%d", size[0], size[1]), func(t *testing.T) {
			term := openTerminal(t, size[0], size[1], signalbox+" run vending --speed 5")
			term.shows("vending", "RUNNING", "▶ WaitingForCustomer", "insert") // before that no coin is taken
			for _, key := range []string{"d", "t", "c"} {
				term.tmux("send-keys", key) // quicker than coins fall: the slot takes them one by one
			}
			term.shows("credit", "3.25")
			term.tmux("send-keys", "2")
			term.shows("WaitingForCustomer", "cup", "0.25")
			term.tmux("send-keys", "?")
			term.shows("symbols", "coin 0.50")
			term.tmux("send-keys", "?")
			term.shows("WaitingForCustomer", "cup")
			term.tmux("send-keys", "q")
			screen := term.shows("exit 0")
			if strings.Contains(screen, "RUNNING") {
				t.Errorf("the screen was left standing:\n%s", screen)
			}
		})
	}
}

func TestScreenOfTheCrossing(t *testing.T) {
	t.Parallel()
	term := openTerminal(t, 100, 30, "NO_COLOR=1 "+signalbox+" run intersection --speed 5 --for 2m")
	term.shows("intersection", "(R)", "(G)")
	term.tmux("send-keys", "p")
	term.shows("PAUSED")
	term.tmux("send-keys", "p")
	for range 6 { // speed 500
		term.tmux("send-keys", "+")
	}
	term.shows("ENDED", "+2:00") // the screen stays until somebody leaves it
	term.tmux("send-keys", "q")
	term.shows("exit 0")
}

func TestScreenOfMockedTasks(t *testing.T) {
	t.Parallel()
	const order = "../../examples/order/"
	for i, c := range []struct{ name, status, end, exit string }{
		{"Ordered", "SUCCEEDED", `the execution succeeded: {"order":"A-1001"`, "exit 0"},
		{"QueueIsGone", "FAILED", "the execution failed  ← Order.NotTaken: The specified queue does not exist.", "exit 1"},
	} {
		t.Run(c.name, func(t *testing.T) {
			term := openTerminal(t, 120+i, 30, signalbox+" run "+order+"order.asl.json --mocks "+order+"mocks.json --case "+c.name+
				" --input @"+order+"input.json --speed 20")
			term.shows(c.status, c.end)
			term.tmux("send-keys", "q")
			term.shows(c.exit)
		})
	}
}

// The children of a distributed Map are executions of their own: the machine is in the Map, and has not ended when they have.
func TestScreenOfADistributedMap(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "map.asl.json")
	err := os.WriteFile(file, []byte(`{"StartAt":"Each","States":{"Each":{"Type":"Map","MaxConcurrency":1,"ToleratedFailureCount":9,
		"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"Inner","States":{
			"Inner":{"Type":"Wait","SecondsPath":"$","Next":"Bad"},"Bad":{"Type":"Fail","Error":"E"}}},"End":true}}}`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	term := openTerminal(t, 118, 30, signalbox+" run "+file+" --input [1,2,100] --speed 5")
	screen := term.shows("▶ Each", "+0:10", "a child failed  ← E (child ")
	if strings.Contains(screen, "execution") {
		t.Errorf("a child's end is told as the machine's:\n%s", screen)
	}
	term.tmux("send-keys", "+")
	term.tmux("send-keys", "+")
	term.tmux("send-keys", "+")
	term.shows("SUCCEEDED in Each", "the execution succeeded: []")
	term.tmux("send-keys", "q")
	term.shows("exit 0")
}

// The current state is the newest of those that the execution is in, and not one that a branch has left.
func TestScreenOfABranchThatHasEnded(t *testing.T) {
	file := filepath.Join(t.TempDir(), "par.asl.json")
	err := os.WriteFile(file, []byte(`{"StartAt":"Par","States":{"Par":{"Type":"Parallel","Branches":[
		{"StartAt":"Long","States":{"Long":{"Type":"Wait","Seconds":600,"End":true}}},
		{"StartAt":"Short","States":{"Short":{"Type":"Wait","Seconds":2,"Next":"Done"},"Done":{"Type":"Pass","End":true}}}],
		"Next":"Fin"},"Fin":{"Type":"Succeed"}}}`), 0o600)
	if err != nil {
		t.Fatal(err)
	}
	term := openTerminal(t, 81, 24, signalbox+" run "+file)
	term.shows("▶ Short (+1)", "▽ Par", "▷ Long")
	term.shows("▶ Long  ", "▽ Par", "Done  ← Short: Next")
	for range 9 {
		term.tmux("send-keys", "+")
	}
	term.shows("SUCCEEDED in Fin")
	term.tmux("send-keys", "q")
	term.shows("exit 0")
}

// A terminal that knows no escape sequences gets lines.
func TestADumbTerminalGetsLines(t *testing.T) {
	term := openTerminal(t, 101, 24, "TERM=dumb "+signalbox+" run intersection --speed 0 --for 5s")
	if screen := term.shows("exit 0", "entered"); strings.Contains(screen, "RUNNING") {
		t.Errorf("got a screen:\n%s", screen)
	}
}

// Time can be held and hurried where there are no lines, too.
func TestKeysOfAScreenWithoutLines(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "wait.asl.json")
	text := `{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 1800, "End": true}}}`
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	term := openTerminal(t, 90, 24, signalbox+" run "+file+" --speed 10")
	term.shows("RUNNING", "p pause")
	term.tmux("send-keys", "p")
	term.shows("PAUSED")
	term.tmux("send-keys", "p")
	for range 12 {
		term.tmux("send-keys", "+")
	}
	term.shows("SUCCEEDED")
	term.tmux("send-keys", "q")
	term.shows("exit 0")
}

// A reader that goes away ends the run as well, and does not kill it.
func TestAReaderThatGoesAway(t *testing.T) {
	t.Parallel()
	cmd := exec.Command(signalbox, "run", "intersection", "--plain", "--speed", "0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := out.Read(make([]byte, 100)); err != nil {
		t.Fatal(err)
	}
	_ = out.Close()
	if err := cmd.Wait(); cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("got %v, want exit 1 rather than a death by SIGPIPE", err)
	}
}
