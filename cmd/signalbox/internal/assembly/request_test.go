package assembly_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"signalbox/asl"
	"signalbox/asl/value"
	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/machines"
	"signalbox/machines/ledger"
	"signalbox/machines/vending"
)

// ask sends a request to a handler and returns the response.
func ask(t *testing.T, deadline time.Duration, operate func(begin func() bool, answer func(any, *asl.Error))) string {
	t.Helper()
	h := assembly.ControlHandler(func(_ assembly.Request, begin func() bool, answer func(any, *asl.Error)) { operate(begin, answer) })
	body, err := json.Marshal(map[string]any{"operation": "refill", "key": "k", "deadline": deadline})
	if err != nil {
		t.Fatal(err)
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/", bytes.NewReader(body)))
	return strings.TrimSpace(w.Body.String())
}

func TestARequestThatWasAnsweredAsLateNeverBegins(t *testing.T) {
	var begin func() bool
	got := ask(t, assembly.Uptime()+20*time.Millisecond, func(b func() bool, _ func(any, *asl.Error)) { begin = b })
	if want := `{"error":"Operation.Late","cause":"the machine is busy: nothing was done"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if begin() {
		t.Error("the machine began it after its operator had the answer that nothing was done")
	}
}

// A request may wait in the socket of a process that is stopped for longer than its sender waits for the answer.
func TestARequestThatArrivesAfterItsDeadlineDoesNotBegin(t *testing.T) {
	ask(t, assembly.Uptime()-time.Second, func(begin func() bool, _ func(any, *asl.Error)) {
		if begin() {
			t.Error("it began")
		}
	})
}

func TestARequestThatHasBegunIsWaitedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		late := assembly.Uptime() + 10*time.Millisecond
		got := ask(t, late, func(begin func() bool, answer func(any, *asl.Error)) {
			if !begin() {
				t.Error("it did not begin")
			}
			time.AfterFunc(5*time.Second, func() { answer("done", nil) })
		})
		if want := `{"output":"done"}`; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		got = ask(t, assembly.Uptime()+10*time.Millisecond, func(begin func() bool, _ func(any, *asl.Error)) { begin() })
		if !strings.Contains(got, assembly.ErrPending) {
			t.Errorf("without an answer: got %s, want %s", got, assembly.ErrPending)
		}
	})
}

// coins returns the coins in the tube of 0.25 by the books of a ledger.
func coins(t *testing.T, l machines.Ledger) int {
	t.Helper()
	var failed error
	b, err := vending.ReadBooks(assembly.Entries(l, &failed))
	if err = errors.Join(err, failed); err != nil {
		t.Fatal(err)
	}
	return b.Tubes[1].Coins
}

// A repeated key gets the first answer and counts once, also across a restart.
func TestARepeatedRequestIsDoneOnce(t *testing.T) {
	path := filepath.Join(t.TempDir(), ledger.Name)
	m := vending.Machine()
	refill := assembly.Request{Operation: vending.Refill, Input: value.NewObject("tube", int64(25), "coins", int64(5)), Key: "k-1"}
	for range 3 {
		file, err := ledger.Open(path, m.Name)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := assembly.OperateOffline(&m, file, refill, time.Now())
			if want := `{"tube":25,"coins":45}`; err != nil || value.Text(got) != want {
				t.Errorf("got %s %v, want %s", value.Text(got), err, want)
			}
		}
		if got := coins(t, file); got != 45 {
			t.Errorf("got %d coins, want 45", got)
		}
		other := refill
		other.Input = value.NewObject("tube", int64(25), "coins", int64(6))
		var refused *asl.Error
		if _, err := assembly.OperateOffline(&m, file, other, time.Now()); !errors.As(err, &refused) || refused.Name != assembly.ErrKey {
			t.Errorf("another request with the key: got %v, want %s", err, assembly.ErrKey)
		}
		if err := file.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestRequestsWaitForAProcessThatStarts: a process that holds the folder and does not listen yet is asked as soon as it does.
func TestRequestsWaitForAProcessThatStarts(t *testing.T) {
	dir := t.TempDir()
	data, err := assembly.OpenData(dir)
	if err != nil {
		t.Fatal(err)
	}
	asked := make(chan error, 1)
	go func() {
		_, err := assembly.Ask(t.Context(), dir, assembly.Request{Operation: "refill", Key: "k"})
		asked <- err
	}()
	select {
	case err := <-asked:
		t.Fatalf("it has not waited: %v", err)
	case <-time.After(100 * time.Millisecond):
	}
	if err := data.Close(); err != nil { // the process has gone
		t.Fatal(err)
	}
	if err := <-asked; !errors.Is(err, assembly.ErrNotRunning) {
		t.Errorf("got %v, want ErrNotRunning", err)
	}
}
