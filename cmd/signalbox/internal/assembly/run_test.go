package assembly_test

import (
	"context"
	"errors"
	"iter"
	"strings"
	"testing"
	"time"

	"signalbox/asl"
	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/gpio/scenario"
	"signalbox/machines"
	"signalbox/machines/monitor"
)

// withScenario adds a scenario.
func withScenario(tb testing.TB, c assembly.Config, text string) assembly.Config {
	tb.Helper()
	s, err := scenario.Parse("scenario.yaml", []byte(text), c.Board)
	if err != nil {
		tb.Fatal(err)
	}
	c.Scenario = s
	return c
}

// latched is a crossing whose data folder holds a fault: it flashes from the beginning.
func latched(tb testing.TB) assembly.Config {
	tb.Helper()
	c := builtIn(tb, "intersection")
	c.Data = tb.TempDir()
	fault := &monitor.Fault{Kind: monitor.Conflict, Detail: "two greens", Time: time.Unix(0, 0)}
	if err := (monitor.File{Dir: c.Data}).Store(fault); err != nil {
		tb.Fatal(err)
	}
	return c
}

// stuckOn is a scenario in which two conflicting greens are lit.
const stuckOn = "- {at: 10s, fault: stuck, pin: north-south.green, level: on}\n- {at: 10s, fault: stuck, pin: east-west.green, level: on}\n"

// How a run ends, by what it runs and what is done to it.
func TestTheResultOfARun(t *testing.T) {
	pass := `{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}`
	for _, tt := range []struct {
		name   string
		config func(testing.TB) assembly.Config
		state  assembly.RunState
		why    string
		status asl.Status
		err    string // "": none
	}{
		{
			"succeeded", func(tb testing.TB) assembly.Config { return defined(tb, pass, "") },
			assembly.StateFinished, "", asl.StatusSucceeded, "",
		},
		{
			"failed", func(tb testing.TB) assembly.Config {
				return defined(tb, `{"StartAt": "A", "States": {"A": {"Type": "Fail", "Error": "Broken", "Cause": "on purpose"}}}`, "")
			},
			assembly.StateFinished, "", asl.StatusFailed, "the execution ended as FAILED: Broken: on purpose",
		},
		{
			"time limit", func(tb testing.TB) assembly.Config {
				c := builtIn(tb, "intersection")
				c.Duration = time.Minute
				return c
			},
			assembly.StateStopped, "the time limit of 1m0s is reached", asl.StatusAborted, "",
		},
		{
			"scenario", func(tb testing.TB) assembly.Config {
				return withScenario(tb, builtIn(tb, "intersection"), "- {end: 1m}\n")
			},
			assembly.StateStopped, "the scenario is over", asl.StatusAborted, "",
		},
		{
			"stalled", func(tb testing.TB) assembly.Config {
				return defined(tb, strings.NewReplacer("gpio-read", "gpio-await-edge", `"line": "button"`, `"line": "button", "edge": "both"`).
					Replace(loop), oneMotor)
			},
			assembly.StateStalled, "", asl.StatusRunning, "the machine waits in Read for an event that cannot come",
		},
		{
			"power cut and back", func(tb testing.TB) assembly.Config {
				return withScenario(tb, builtIn(tb, "intersection"), "- {at: 10s, power: off}\n- {at: 20s, power: on}\n- {end: 1m}\n")
			},
			assembly.StateStopped, "the scenario is over", asl.StatusAborted, "",
		},
		{
			"over while dark", func(tb testing.TB) assembly.Config {
				return withScenario(tb, builtIn(tb, "intersection"), "- {at: 10s, power: off}\n- {end: 1m}\n")
			},
			assembly.StateStopped, "the scenario is over", asl.StatusAborted, "",
		},
		{
			"time limit while the lamps flash", func(tb testing.TB) assembly.Config {
				c := latched(tb)
				c.Duration = time.Hour
				return c
			},
			assembly.StateStopped, "the time limit of 1h0m0s is reached", asl.StatusFailed, "two greens",
		},
		{
			"two greens", func(tb testing.TB) assembly.Config {
				return withScenario(tb, builtIn(tb, "intersection"), stuckOn+"- {end: 1m}\n")
			},
			assembly.StateStopped, "the scenario is over", asl.StatusFailed, "monitor: conflict",
		},
		{
			"a power cut does not clear a fault", func(tb testing.TB) assembly.Config {
				return withScenario(tb, builtIn(tb, "intersection"), stuckOn+"- {at: 20s, power: off}\n- {at: 25s, power: on}\n- {end: 1m}\n")
			},
			assembly.StateStopped, "the scenario is over", asl.StatusFailed, "monitor: conflict",
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			a := open(t, tt.config(t))
			err := a.Run(t.Context())
			got := a.Result()
			if got.State != tt.state || got.Why != tt.why || got.Execution.Status != tt.status {
				t.Errorf("got %v (%q) with an execution that is %v, want %v (%q), %v",
					got.State, got.Why, got.Execution.Status, tt.state, tt.why, tt.status)
			}
			if (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
				t.Errorf("got the error %v, want %q", err, tt.err)
			}
		})
	}
}

// An interrupted run: what it returns depends on what it was doing.
func TestAnInterruptedRun(t *testing.T) {
	for name, tt := range map[string]struct {
		config func(testing.TB) assembly.Config
		err    string
	}{
		"in the middle":         {func(tb testing.TB) assembly.Config { return builtIn(tb, "intersection") }, ""},
		"while the lamps flash": {latched, "two greens"},
	} {
		c := tt.config(t)
		ctx, stop := context.WithCancelCause(t.Context())
		events := 0
		c.Events = func(*assembly.LogEvent) {
			if events++; events == 200 {
				stop(errors.New("interrupt signal received"))
			}
		}
		a := open(t, c)
		if err := a.Run(ctx); (err == nil) != (tt.err == "") || err != nil && !strings.Contains(err.Error(), tt.err) {
			t.Errorf("%s: got %v, want %q", name, err, tt.err)
		}
		if s := a.Result().State; !s.Final() {
			t.Errorf("%s: got the state %v after the run", name, s)
		}
	}
}

// errBroken is the error of an unreadable ledger.
var errBroken = errors.New("the card is broken")

// An unreadable ledger can be read once.
type unreadable struct {
	machines.Ledger
	read int
}

func (u *unreadable) All() iter.Seq2[machines.Entry, error] {
	if u.read++; u.read == 1 {
		return u.Ledger.All()
	}
	return func(yield func(machines.Entry, error) bool) { yield(machines.Entry{}, errBroken) }
}

// A machine that cannot start when the power comes back ends the run.
func TestAMachineThatCannotStartAgain(t *testing.T) {
	c := withScenario(t, builtIn(t, "vending"), "- {at: 10s, power: off}\n- {at: 20s, power: on}\n- {end: 1m}\n")
	c.Data = t.TempDir()
	c.Ledger = func(l machines.Ledger) machines.Ledger { return &unreadable{Ledger: l} }
	a := open(t, c)
	err := a.Run(t.Context())
	if got := a.Result().State; got != assembly.StateBroken || !errors.Is(err, errBroken) {
		t.Errorf("got %v, %v; want the run %v: %v", got, err, assembly.StateBroken, errBroken)
	}
}
