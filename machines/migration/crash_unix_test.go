//go:build unix && !race

package migration_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"signalbox/asl"
	"signalbox/machines/migration/pgtest"
)

// childVariable holds what a child of the crash test is to do: definition, source, target, rows, and how many points of
// its transactions it lives for (0: all).
const childVariable = "SIGNALBOX_MIGRATION_CHILD"

func TestMain(m *testing.M) {
	if order := os.Getenv(childVariable); order != "" {
		os.Exit(child(strings.Split(order, "\n")))
	}
	os.Exit(m.Run())
}

// failing is a rapid.TB for a process that is no test.
type failing struct{ rapid.TB }

func (failing) Helper() {}

func (failing) Fatal(args ...any) {
	_, _ = fmt.Fprintln(os.Stderr, args...)
	os.Exit(4)
}

// child is the process that is killed: it migrates.
func child(order []string) int {
	rows, _ := strconv.ParseInt(order[3], 10, 64)
	lives, _ := strconv.ParseInt(order[4], 10, 64)
	var points atomic.Int64
	got := migrate(failing{}, small(order[0]), stores{order[1], order[2]}.plan(failing{}, rows), func(string) error {
		if points.Add(1) == lives {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the kill is not announced
		}
		return nil
	})
	if got.x.Status != asl.StatusSucceeded {
		_, _ = fmt.Fprintln(os.Stderr, got.x.Failure)
		return 5
	}
	return 0
}

// small returns a definition with batches of few entries.
func small(name string) []byte {
	for _, d := range definitions {
		if d.name == name {
			return bytes.ReplaceAll(d.text, []byte(`"size": 1000`), []byte(`"size": 12`))
		}
	}
	panic(name)
}

// crashes is how many kills are wanted in all: 200, or SIGNALBOX_CRASHES.
func crashes(tb testing.TB) int {
	text := os.Getenv("SIGNALBOX_CRASHES")
	if text == "" {
		return 200
	}
	n, err := strconv.Atoi(text)
	if err != nil || n < 1 {
		tb.Fatalf("SIGNALBOX_CRASHES=%s: not a number of kills", text)
	}
	return n
}

// Processes that migrate are killed with SIGKILL: at a step towards or beyond a commit that they count themselves, or by us
// after a while. Whatever they leave behind, what is migrated stays migrated and is in the target, and the next one goes on.
func TestCrashesLoseNothingAndDoubleNothing(t *testing.T) {
	const rows = 120
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 4))
	ways := len(definitions) * len(kinds)
	if !pgtest.Installed() {
		ways = len(definitions) // the others are skipped, and say so
	}
	each := (crashes(t) + ways - 1) / ways
	total := 0
	for _, k := range kinds {
		for _, d := range definitions {
			t.Run(d.name+" "+k.name, func(t *testing.T) {
				killed, migrations := 0, 0
				for killed < each {
					killed += crashing(t, d.name, k.open(t), rows, each-killed, random)
					migrations++
				}
				total += killed
				t.Logf("%d kills in %d migrations of %d entries", killed, migrations, rows)
			})
		}
	}
	t.Logf("%d kills in all", total)
}

// crashing migrates, with at most so many kills on the way, and returns how many there were.
func crashing(t *testing.T, definition string, s stores, rows, kills int, random *rand.Rand) (killed int) {
	prepare(t, s)
	points := 1500 // about as many as it passes from beginning to end
	if definition == "migration-batch" {
		points = 200
	}
	migrated := map[string]bool{}
	for {
		lives, wait := 0, time.Duration(0)
		switch {
		case killed >= kills:
		case random.IntN(4) > 0:
			lives = 1 + random.IntN([]int{60, points}[random.IntN(2)])
		default:
			wait = time.Duration(1+random.IntN(120)) * time.Millisecond
		}
		dead := once(t, strings.Join([]string{definition, s.source, s.target, strconv.Itoa(rows), strconv.Itoa(lives)}, "\n"), wait)
		migrated = look(t, s, migrated)
		if dead {
			killed++
			continue
		}
		wantAllMoved(t, s, rows)
		return killed
	}
}

// once runs a child, kills it after a while if wait is more than 0, and reports whether it was killed.
func once(t *testing.T, order string, wait time.Duration) bool {
	t.Helper()
	cmd := exec.Command(os.Args[0], "-test.run=^$")
	cmd.Env = append(os.Environ(), childVariable+"="+order)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if wait > 0 {
		kill := time.AfterFunc(wait, func() { _ = cmd.Process.Kill() })
		defer kill.Stop()
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL {
			return true
		}
	}
	if err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	return false
}

// look checks the stores that a killed process has left behind, and returns the migrated entries.
func look(t *testing.T, s stores, before map[string]bool) map[string]bool {
	t.Helper()
	migrated := map[string]bool{}
	for _, e := range content(t, s.source, "SELECT id, payload FROM entries WHERE state = 'migrated'") {
		migrated[e] = true
	}
	target := map[string]bool{}
	for _, e := range content(t, s.target, "SELECT id, payload FROM entries") {
		if target[e] {
			t.Errorf("twice in the target: %s", e)
		}
		target[e] = true
	}
	for e := range before {
		if !migrated[e] {
			t.Errorf("was migrated, and is not any more: %s", e)
		}
	}
	for e := range migrated {
		if !target[e] {
			t.Errorf("migrated, and not in the target: %s", e)
		}
	}
	source := content(t, s.source, "SELECT id, payload FROM entries")
	for e := range target {
		if !slices.Contains(source, e) {
			t.Errorf("in the target, and not in the source: %s", e)
		}
	}
	if t.Failed() {
		t.Log(cmp.Diff(slices.Sorted(maps.Keys(migrated)), slices.Sorted(maps.Keys(target))))
		t.FailNow()
	}
	return migrated
}
