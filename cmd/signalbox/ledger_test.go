package main_test

import (
	"bytes"
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// An operator serves a machine that runs: through it, for the folder is its own.
func TestAnOperatorServesARunningMachine(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	machine := exec.Command(signalbox, "run", "vending", "--data", dir, "--plain", "--for", "1h")
	var out bytes.Buffer
	machine.Stdout = &out
	if err := machine.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = machine.Process.Kill() }() // it has ended already if all is well
	operate := func(args ...string) (string, error) {
		text, err := exec.Command(signalbox, append([]string{"ledger"}, args...)...).CombinedOutput()
		return string(text), err
	}
	deadline := time.Now().Add(30 * time.Second) // far more than it takes
	for {
		text, err := operate("refill", "--data", dir, "--tube", "0.25", "7")
		if err == nil {
			if want := "refill: {\"tube\":25,\"coins\":47}\n"; text != want {
				t.Errorf("got %q, want %q", text, want)
			}
			break
		}
		// Not there yet, or not calm yet after its power-up.
		if time.Now().After(deadline) {
			t.Fatalf("the machine was never served: %s", text)
		}
		time.Sleep(20 * time.Millisecond)
	}
	if text, err := operate("--data", dir); err != nil || !strings.Contains(text, "\n0.25  47     11.75") {
		t.Errorf("got %v, %s; want what the machine has written so far", err, text)
	}
	// A repeated key is the same command, to the running machine and after its end.
	once := []string{"refill", "--data", dir, "--tube", "1.00", "3", "--key", "monday-7"}
	for range 2 {
		if text, err := operate(once...); err != nil || text != "refill: {\"tube\":100,\"coins\":23}\n" {
			t.Errorf("got %v, %s; want 23 coins", err, text)
		}
	}
	if text, err := operate("refill", "--data", dir, "--tube", "1.00", "4", "--key", "monday-7"); err == nil {
		t.Errorf("got %s; want the key of another command refused", text)
	}
	if text, err := operate("settle", "--data", dir, "--debt", "handed"); err == nil || !strings.Contains(text, "nothing is owed") {
		t.Errorf("got %v, %s; want what the machine says", err, text)
	}
	if err := machine.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if err := machine.Wait(); err != nil {
		t.Errorf("got %v, want exit 0", err)
	}
	if !strings.Contains(out.String(), "operator: refill") {
		t.Errorf("got %s, want a note of the refill", out.String())
	}
	// After it, the folder is free.
	if text, err := operate(once...); err != nil || text != "refill: {\"tube\":100,\"coins\":23}\n" {
		t.Errorf("got %v, %s; want the first answer", err, text)
	}
	text, err := operate("collect", "--data", dir, "--tube", "0.25", "7")
	if err != nil || text != "collect: {\"collected\":175,\"coins\":40}\n" {
		t.Errorf("got %v, %q", err, text)
	}
	var exit *exec.ExitError
	if _, err := operate("collect", "--data", dir, "--tube", "0.25", "-3"); !errors.As(err, &exit) {
		t.Errorf("got %v, want coins below nothing refused", err)
	}
}
