package assembly_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"signalbox/asl"
	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/machines"
	"signalbox/machines/ledger"
	"signalbox/machines/vending"
)

// FuzzOperatorRequest sends requests to the control socket's handler, with a stopped vending machine and its simulated world
// behind it. No request reaches a panic, and the ledger stays readable.
func FuzzOperatorRequest(f *testing.F) {
	for _, body := range []string{
		`{"operation":"refill","input":{"tube":25,"coins":9223372036854775807}}`,
		`{"operation":"refill","input":{"tube":25,"coins":20}}`,
		`{"operation":"refill","input":{"column":1,"snacks":9223372036854775807}}`,
		`{"operation":"refill","input":{"column":-9223372036854775808,"snacks":1}}`,
		`{"operation":"collect","input":{"tube":100,"coins":-9223372036854775808}}`,
		`{"operation":"collect","input":{"tube":100}}`,
		`{"operation":"collect","input":{"box":true}}`,
		`{"operation":"settle","input":{"column":1,"decision":"refund"}}`,
		`{"operation":"settle","input":{"debt":true,"decision":"handed"}}`,
		`{"operation":"refill","input":{"tube":25,"coins":1},"key":" ","deadline":-1}`, `{"deadline":9223372036854775807}`,
		`{"operation":"refill","input":null}`, `{"operation":"pay-out","input":[]}`, `{"input":1e400}`, `[`, ``,
	} {
		f.Add(body)
	}
	m := vending.Machine()
	f.Fuzz(func(t *testing.T, body string) {
		book := &ledger.Memory{}
		world := m.World(noLines{}, noClock{}, 1).(machines.Refillable)
		handler := assembly.ControlHandler(func(r assembly.Request, begin func() bool, answer func(any, *asl.Error)) {
			if r.Key == "" {
				r.Key = "key"
			}
			if !begin() {
				return // its deadline has passed
			}
			output, err := assembly.OperateOffline(&m, book, r, time.Unix(0, 0))
			if err != nil {
				answer(nil, &asl.Error{Name: "refused", Cause: err.Error()})
				return
			}
			world.Apply(r.Operation, r.Input)
			answer(output, nil)
		})
		handler.ServeHTTP(httptest.NewRecorder(), httptest.NewRequest(http.MethodPost, "/", strings.NewReader(body)))
		var failed error
		if _, _, err := m.Report(assembly.Entries(book, &failed)); err != nil || failed != nil {
			t.Errorf("after %q: got %v %v, want a ledger that can be read", body, err, failed)
		}
	})
}

type noLines struct{}

func (noLines) OnOutput(string, func(bool)) {}
func (noLines) Drive(string, bool)          {}

type noClock struct{}

func (noClock) Now() time.Time { return time.Unix(0, 0) }
func (noClock) AfterFunc(time.Duration, func()) (stop func() bool) {
	return func() bool { return false }
}
