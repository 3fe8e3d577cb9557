package assembly_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"signalbox/asl/engine"
	"signalbox/asl/value"
	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/machines/monitor"
)

// A reader takes what is written only while it is not stalled.
type reader struct {
	bytes.Buffer // for after the run
	tried        chan struct{}
	free         chan struct{} // closed: it reads
}

func newReader() *reader { return &reader{tried: make(chan struct{}, 1), free: make(chan struct{})} }

func (r *reader) Write(b []byte) (int, error) {
	select {
	case r.tried <- struct{}{}:
	default:
	}
	<-r.free
	return r.Buffer.Write(b)
}

// typesOnly prints each event as its time and type.
func typesOnly(b []byte, e *assembly.LogEvent) []byte {
	return fmt.Appendf(b, "%s %s %s\n", e.Time.Format("15:04:05.000"), e.Type(), e.Why())
}

// await returns what comes from c, or fails when that takes too long: far longer than it does.
func await[T any](tb testing.TB, c <-chan T, what string) T {
	tb.Helper()
	select {
	case v := <-c:
		return v
	case <-time.After(30 * time.Second):
		tb.Fatalf("%s: not after half a minute", what)
		panic("unreachable")
	}
}

// start runs an assembly on a goroutine and returns where its end comes.
func start(ctx context.Context, a *assembly.Assembly) <-chan error {
	done := make(chan error, 1)
	go func() { done <- a.Run(ctx) }()
	return done
}

// A simulation waits for its reader: no line is lost, whatever the reader does.
func TestASimulationLosesNoLineToAReaderThatStalls(t *testing.T) {
	var want bytes.Buffer
	c := builtIn(t, "intersection")
	c.Duration = 20 * time.Minute
	c.Output = &assembly.Output{Writer: &want, Format: typesOnly}
	if err := open(t, c).Run(t.Context()); err != nil {
		t.Fatal(err)
	}

	r := newReader()
	var events atomic.Int64
	c.Output = &assembly.Output{Writer: r, Format: typesOnly, Limit: 200}
	c.Events = func(*assembly.LogEvent) { events.Add(1) }
	a := open(t, c)
	done := start(t.Context(), a)
	await(t, r.tried, "a Write")
	// Suspended: interjections are done, and nothing else. One batch is being written, and one is as full as it gets.
	still := func() int64 {
		n := make(chan int64)
		a.Do(func() { n <- events.Load() })
		return await(t, n, "an interjection")
	}
	last := int64(-1)
	for n := still(); n != last; n = still() {
		last = n
		time.Sleep(50 * time.Millisecond) // if this is too short, less is tested
	}
	if lines := int64(bytes.Count(want.Bytes(), []byte("\n"))); last == 0 || last > 1000 || last >= lines {
		t.Errorf("the clock went on for %d events of %d while nothing was read", last, lines)
	}
	close(r.free)
	if err := await(t, done, "the run"); err != nil {
		t.Fatal(err)
	}
	if got := r.String(); got != want.String() {
		t.Errorf("got %d bytes, want the %d of a run whose reader is quick", len(got), want.Len())
	}
}

// loop reads a line for ever.
const loop = `{"StartAt": "Read", "States": {"Read": {"Type": "Task", "Next": "Read",
	"Resource": "arn:aws:states:us-east-1:123456789012:activity:gpio-read", "Parameters": {"line": "button"}}}}`

const oneMotor = `
name: test
lines:
  motor: {bcm: 17, direction: out, safe: off}
  button: {bcm: 2, direction: in}
max-on: {motor: 300ms}
`

// Real time does not wait: what the reader does not take in time is counted where it would stand.
func TestARealClockDropsLinesAndSaysSo(t *testing.T) {
	c := defined(t, loop, oneMotor)
	c.Pins, c.Clock = newFakePins(), engine.NewReal()
	r := newReader()
	const limit = 100
	c.Output = &assembly.Output{Writer: r, Format: typesOnly, Limit: limit}
	var events atomic.Int64
	enough := make(chan struct{})
	c.Events = func(*assembly.LogEvent) {
		if events.Add(1) == 2000 {
			close(enough)
		}
	}
	ctx, stop := context.WithCancelCause(t.Context())
	done := start(ctx, open(t, c))
	await(t, enough, "2,000 events though nothing is read")
	close(r.free)
	for len(done) == 0 && events.Load() < 4000 {
		time.Sleep(time.Millisecond)
	}
	stop(errors.New("enough"))
	if err := await(t, done, "the run"); err != nil {
		t.Fatal(err)
	}
	var printed, dropped int64
	for line := range strings.Lines(r.String()) {
		if !strings.Contains(line, assembly.TypeLinesDropped) {
			printed++
			continue
		}
		var n int64
		text := strings.ReplaceAll(strings.Fields(line)[2], ",", "")
		if _, err := fmt.Sscan(text, &n); err != nil || !strings.Contains(line, " lines dropped: they were not read in time") {
			t.Errorf("got %q, want how many lines were dropped", line)
		}
		dropped += n
	}
	if printed+dropped != events.Load() || dropped < 2000-3*limit {
		t.Errorf("got %d lines and %d dropped of %d events", printed, dropped, events.Load())
	}
}

// max-on holds in real time though nothing is read.
func TestMaxOnTripsOnTimeThoughTheOutputIsNotRead(t *testing.T) {
	c := defined(t, `{"StartAt": "On", "States": {
		"On": {"Type": "Task", "Next": "Read", "Resource": "arn:aws:states:us-east-1:123456789012:activity:gpio-write",
			"Parameters": {"line": "motor", "level": true}},
		"Read": {"Type": "Task", "Next": "Read", "Resource": "arn:aws:states:us-east-1:123456789012:activity:gpio-read",
			"Parameters": {"line": "button"}}}}`, oneMotor)
	pins := newFakePins()
	c.Pins, c.Clock = pins, engine.NewReal()
	r := newReader()
	defer close(r.free)
	on, off := make(chan time.Time, 1), make(chan time.Time, 1)
	c.Output = &assembly.Output{Writer: r, Format: typesOnly, Limit: 100}
	c.Events = func(e *assembly.LogEvent) {
		if pin, high := e.Pin(); pin == "motor" {
			_, at := pins.level("motor")
			if high {
				on <- at
			} else {
				off <- at
			}
		}
	}
	ctx, stop := context.WithCancel(t.Context())
	done := start(ctx, open(t, c))
	d := -await(t, on, "the motor").Sub(await(t, off, "max-on"))
	// Far less than a stalled reader's for ever; the machine that tests may be slow.
	if d < 300*time.Millisecond || d > 3*time.Second {
		t.Errorf("the motor was on for %v, want max-on: 300ms", d)
	}
	stop()
	if err := await(t, done, "the run"); err == nil || !strings.Contains(err.Error(), "lines were not written") {
		t.Errorf("got %v, want how many lines were not written", err)
	}
}

// An interrupted run ends though nothing reads its output, and its outputs are safe before it waits for the reader.
func TestAnInterruptedRunEndsThoughItsOutputIsNotRead(t *testing.T) {
	for _, clock := range []*engine.Clock{engine.NewSimulated(engine.Epoch, 0), engine.NewReal()} {
		c := builtIn(t, "intersection")
		pins := newFakePins()
		c.Pins, c.Clock = pins, clock
		r := newReader()
		c.Output = &assembly.Output{Writer: r, Format: typesOnly, Limit: 100}
		ctx, stop := context.WithCancelCause(t.Context())
		a := open(t, c)
		done := start(ctx, a)
		await(t, r.tried, "a Write")
		interrupted := time.Now()
		stop(errors.New("terminated signal received"))
		err := await(t, done, "the run")
		if took := time.Since(interrupted); took > 10*time.Second {
			t.Errorf("the run took %v to end", took)
		}
		if err == nil || !strings.Contains(err.Error(), "the output is not read: the last ") {
			t.Errorf("got %v, want how many lines were not written", err)
		}
		if lines := pins.unsafe(); lines != nil {
			t.Errorf("not at their safe levels: %v", lines)
		}
		if got := a.Result(); got.State != assembly.StateStopped || got.Why != "terminated signal received" || got.Err != nil {
			t.Errorf("got %+v, want it stopped by the signal", got)
		}
		close(r.free)
	}
}

// A run that is over takes its outputs to their safe levels, and waits for its reader after that.
func TestTheOutputsAreSafeBeforeTheReaderIsWaitedFor(t *testing.T) {
	c := builtIn(t, "intersection")
	pins := newFakePins()
	c.Pins, c.Clock, c.Duration = pins, engine.NewReal(), 200*time.Millisecond
	r := newReader()
	c.Output = &assembly.Output{Writer: r, Format: typesOnly}
	lit := make(chan struct{}) // red: safe is dark on this board
	c.Board.Lines = slices.Clone(c.Board.Lines)
	for i := range c.Board.Lines {
		c.Board.Lines[i].Safe = false
	}
	once := sync.OnceFunc(func() { close(lit) })
	c.Events = func(e *assembly.LogEvent) {
		if _, high := e.Pin(); high {
			once()
		}
	}
	done := start(t.Context(), open(t, c))
	await(t, lit, "a lamp")
	for begun := time.Now(); pins.unsafe() != nil; time.Sleep(time.Millisecond) {
		if time.Since(begun) > 30*time.Second {
			t.Fatalf("not at their safe levels: %v", pins.unsafe())
		}
	}
	select {
	case err := <-done:
		t.Errorf("got the end of the run before its output was read: %v", err)
	default:
	}
	close(r.free)
	if err := await(t, done, "the run"); err != nil {
		t.Error(err)
	}
}

// An operator is answered though the output of a simulation is not read, and its clock is suspended.
func TestAnOperatorIsAnsweredThoughTheOutputIsNotRead(t *testing.T) {
	c := builtIn(t, "intersection")
	c.Data = t.TempDir()
	fault := &monitor.Fault{Kind: monitor.Conflict, Detail: "two greens", Time: time.Unix(0, 0)}
	if err := (monitor.File{Dir: c.Data}).Store(fault); err != nil {
		t.Fatal(err)
	}
	r := newReader()
	c.Output = &assembly.Output{Writer: r, Format: typesOnly, Limit: 100}
	a := open(t, c)
	done := start(t.Context(), a)
	await(t, r.tried, "a Write")
	got, err := assembly.Ask(t.Context(), c.Data, assembly.Request{Operation: assembly.OpClearFault, Input: value.NewObject("by", "Anna")})
	if err != nil || !strings.Contains(value.Text(got), "two greens") {
		t.Errorf("got %v, %v; want the fault that was cleared", value.Text(got), err)
	}
	select {
	case err := <-done:
		t.Errorf("got the end of the run before its output was read: %v", err)
	default:
	}
	close(r.free)
	if err := await(t, done, "the run"); err != nil || a.Result().State != assembly.StateCleared {
		t.Errorf("got %v, %v; want the run cleared", err, a.Result().State)
	}
	if !strings.Contains(r.String(), "fault cleared by Anna") {
		t.Errorf("got %s, want a note of the clearing", r.String())
	}
}

type failing struct{ err error }

func (f failing) Write([]byte) (int, error) { return 0, f.err }

// A reader that has gone away ends the run.
func TestAnOutputThatFailsEndsTheRun(t *testing.T) {
	c := builtIn(t, "intersection")
	pins := newFakePins()
	c.Pins = pins
	gone := errors.New("the reader has gone")
	c.Output = &assembly.Output{Writer: failing{gone}, Format: typesOnly}
	if err := await(t, start(t.Context(), open(t, c)), "the run"); !errors.Is(err, gone) {
		t.Errorf("got %v, want %v", err, gone)
	}
	if lines := pins.unsafe(); lines != nil {
		t.Errorf("not at their safe levels: %v", lines)
	}
}

// A fault of the program beside the clock's goroutine does not end the process with lamps lit.
func TestAPanicOfTheOutputComesAfterTheSafeLevels(t *testing.T) {
	c := builtIn(t, "intersection")
	pins := newFakePins()
	c.Pins = pins
	c.Output = &assembly.Output{Writer: &bytes.Buffer{}, Format: func([]byte, *assembly.LogEvent) []byte { panic("a wrong format") }}
	a := open(t, c)
	defer func() {
		if p := recover(); p == nil || !strings.Contains(fmt.Sprint(p), "a wrong format") {
			t.Errorf("got %v, want the panic", p)
		}
		if lines := pins.unsafe(); lines != nil {
			t.Errorf("not at their safe levels: %v", lines)
		}
	}()
	_ = a.Run(t.Context())
}
