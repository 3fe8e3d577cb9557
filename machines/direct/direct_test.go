package direct_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
	"signalbox/gpio"
	"signalbox/gpio/scenario"
	"signalbox/gpio/sim"
	"signalbox/machines"
	"signalbox/machines/direct"
)

// What package gpio has is what machines want.
var (
	_ machines.Lines          = (*gpio.Lines)(nil)
	_ direct.Lines            = (*gpio.Lines)(nil)
	_ machines.ReasonedOutput = (*gpio.OutPin)(nil)
	_ machines.SimLines       = (*sim.Panel)(nil)
	_ gpio.Clock              = (*engine.Clock)(nil)
	_ machines.Clock          = (*engine.Clock)(nil)
)

const benchBoard = `
name: bench
lines:
  red:    {bcm: 9, direction: out, safe: on}
  green:  {bcm: 10, direction: out, safe: off}
  bell:   {bcm: 11, direction: out, active-low: true, safe: off}
  lamp:   {bcm: 12, direction: out, safe: off}
  button: {bcm: 5, direction: in, active-low: true, pull: up, debounce: 20ms}
  gate:   {bcm: 6, direction: in}
never: [[red, green]]
max-on: {bell: 2s}
`

var start = time.Date(2026, 1, 1, 8, 0, 0, 0, time.UTC)

// A bench is an open board on simulated lines with the activities on it.
type bench struct {
	t        *testing.T
	clock    *engine.Clock
	panel    *sim.Panel
	lines    *gpio.Lines
	handlers map[string]engine.Handler
	log      []string // movements and answers
	cancel   []func()
}

func newBench(t *testing.T, board *gpio.Board) *bench {
	t.Helper()
	b := &bench{t: t, clock: engine.NewSimulated(start, 0), panel: sim.New(board)}
	var err error
	if b.lines, err = gpio.Open(board, b.panel, b.clock); err != nil {
		t.Fatal(err)
	}
	b.lines.Watch(func(c gpio.Change) { b.note("%s %t %s", c.Line, c.High, c.Why) })
	b.handlers = direct.Handlers(b.lines, b.clock)
	return b
}

func parse(t *testing.T, text string) *gpio.Board {
	t.Helper()
	board, err := gpio.ParseBoard("bench.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return board
}

func (b *bench) note(format string, args ...any) {
	at := b.clock.Now().Sub(start)
	b.log = append(b.log, strings.TrimSpace(fmt.Sprintf("%s ", at)+fmt.Sprintf(format, args...)))
}

// A reply notes its answer.
type reply struct {
	b    *bench
	done bool
}

func (r *reply) answer(format string, args ...any) {
	if !r.done {
		r.done = true
		r.b.note(format, args...)
	}
}
func (r *reply) Succeed(output any)      { r.answer("→ %s", value.Text(output)) }
func (r *reply) Fail(name, cause string) { r.answer("→ %s: %s", name, cause) }
func (r *reply) Heartbeat()              {}
func (r *reply) Started(string)          {}
func (r *reply) Submit(any)              {}

// at has an activity begin so much after the start.
func (b *bench) at(d time.Duration, activity, input string) {
	b.t.Helper()
	v, err := value.Read([]byte(input))
	if err != nil {
		b.t.Fatal(err)
	}
	i := len(b.cancel)
	b.cancel = append(b.cancel, nil)
	b.clock.At(start.Add(d), func() {
		task := engine.Task{Top: "x", ID: int64(i), State: "S", Activity: activity, Input: v}
		b.cancel[i] = b.handlers[activity].Start(task, &reply{b: b})
	})
}

func (b *bench) push(d time.Duration, line string, high bool) {
	b.clock.At(start.Add(d), func() { b.panel.Drive(line, high) })
}

// expect runs the clock until nothing is left to do.
func (b *bench) expect(want ...string) {
	b.t.Helper()
	if err := b.clock.Run(context.Background()); err != nil {
		b.t.Fatal(err)
	}
	if diff := cmp.Diff(want, b.log); diff != "" {
		b.t.Errorf("what happened (-want +got):\n%s", diff)
	}
	b.log = nil
}

// expectAnswers is expect for the answers alone.
func (b *bench) expectAnswers(want ...string) {
	b.t.Helper()
	if err := b.clock.Run(context.Background()); err != nil {
		b.t.Fatal(err)
	}
	b.log = slices.DeleteFunc(b.log, func(line string) bool { return !strings.Contains(line, "→") })
	b.expect(want...)
}

const ms = time.Millisecond

func TestActivitiesHaveHandlers(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	var names []string
	for name := range b.handlers {
		names = append(names, name)
	}
	slices.Sort(names)
	if diff := cmp.Diff(direct.Activities(), names); diff != "" {
		t.Errorf("handlers (-want +got):\n%s", diff)
	}
}

func TestWrite(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	b.at(1*ms, "gpio-write", `{"line": "red", "level": false}`)
	b.at(2*ms, "gpio-write", `{"line": "red", "level": "on"}`)
	b.at(3*ms, "gpio-write", `{"levels": {"green": "high", "red": "low"}}`)
	b.at(4*ms, "gpio-write", `{"levels": {"red": true, "green": "off", "bell": false}}`)
	b.expect(
		"1ms red false gpio-write (S)", `1ms → {"level":false}`,
		"2ms red true gpio-write (S)", `2ms → {"level":true}`,
		"3ms red false gpio-write (S)", "3ms green true gpio-write (S)", `3ms → {"levels":{"green":true,"red":false}}`,
		"4ms green false gpio-write (S)", "4ms red true gpio-write (S)", `4ms → {"levels":{"bell":false,"green":false,"red":true}}`,
	)
}

func TestWriteThatTheBoardForbidsChangesNothing(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	b.at(1*ms, "gpio-write", `{"line": "green", "level": true}`)
	b.at(2*ms, "gpio-write", `{"levels": {"bell": true, "green": true}}`)
	refused := "→ Interlock.Conflict: gpio: line green is not turned on while red is on: the board says never; turn red off first"
	b.expect("1ms "+refused, "2ms "+refused)
	b.at(3*ms, "gpio-write", `{"line": "bell", "level": true}`)
	b.at(4*time.Second, "gpio-write", `{"line": "bell", "level": true}`)
	b.expect(
		"3ms bell true gpio-write (S)", `3ms → {"level":true}`, "2.003s bell false max-on 2s",
		"4s → Interlock.MaxOn: gpio: line bell is not turned on: max-on 2s has turned it off; turn it off first, then on",
	)
}

func TestLineThatFailsTakesAllToSafety(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	if err := b.panel.Break("lamp"); err != nil {
		t.Fatal(err)
	}
	const cause = "gpio: line lamp (GPIO12): sim: input/output error (a simulated fault)"
	b.at(1*ms, "gpio-write", `{"line": "red", "level": false}`)
	b.at(2*ms, "gpio-write", `{"line": "lamp", "level": true}`)
	b.at(3*ms, "gpio-pulse", `{"line": "lamp", "milliseconds": 5}`)
	b.expect(
		"1ms red false gpio-write (S)", `1ms → {"level":false}`,
		"2ms red true a line failed", "2ms → Hardware.Line: "+cause+"\n"+cause,
		"3ms → Hardware.Line: "+cause+"\n"+cause,
	)
}

func TestRead(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	b.push(0, "button", true)
	b.at(1*ms, "gpio-read", `{"line": "button"}`) // not stable yet
	b.at(30*ms, "gpio-read", `{"line": "button"}`)
	b.at(31*ms, "gpio-read", `{"lines": ["gate", "button"]}`)
	b.expect(
		`1ms → {"level":false}`, "20ms button true world",
		`30ms → {"level":true}`, `31ms → {"levels":{"gate":false,"button":true}}`,
	)
}

func TestPulse(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	b.at(0, "gpio-pulse", `{"line": "bell", "milliseconds": 200}`)
	b.at(time.Second, "gpio-pulse", `{"line": "bell", "milliseconds": 50, "count": 2, "gapMilliseconds": 10}`)
	b.at(2*time.Second, "gpio-pulse", `{"line": "bell", "milliseconds": 50, "count": 2}`)
	const why = " gpio-pulse (S)"
	b.expect(
		"0s bell true"+why, "200ms bell false"+why, `200ms → {"line":"bell","count":1}`,
		"1s bell true"+why, "1.05s bell false"+why, "1.06s bell true"+why, "1.11s bell false"+why,
		`1.11s → {"line":"bell","count":2}`,
		"2s bell true"+why, "2.05s bell false"+why, "2.1s bell true"+why, "2.15s bell false"+why,
		`2.15s → {"line":"bell","count":2}`,
	)
}

func TestPulseThatIsCancelledGoesOff(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	b.at(0, "gpio-pulse", `{"line": "bell", "milliseconds": 200, "count": 5}`)
	b.clock.At(start.Add(500*ms), func() { b.cancel[0]() })
	b.expect(
		"0s bell true gpio-pulse (S)", "200ms bell false gpio-pulse (S)",
		"400ms bell true gpio-pulse (S)", "500ms bell false gpio-pulse (S) cancelled",
	)
}

func TestPulsesOfTwoTasksDoNotMix(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	b.at(0, "gpio-pulse", `{"line": "bell", "milliseconds": 200, "count": 2}`)
	b.at(300*ms, "gpio-pulse", `{"line": "bell", "milliseconds": 50}`)
	b.at(700*ms, "gpio-pulse", `{"line": "bell", "milliseconds": 50}`)
	const why = " gpio-pulse (S)"
	b.expect(
		"0s bell true"+why, "200ms bell false"+why,
		"300ms → Activity.Busy: another Task is pulsing line bell; let it end first",
		"400ms bell true"+why, "600ms bell false"+why, `600ms → {"line":"bell","count":2}`,
		"700ms bell true"+why, "750ms bell false"+why, `750ms → {"line":"bell","count":1}`,
	)
}

func TestPulseAgainstTheBoard(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	b.at(0, "gpio-pulse", `{"line": "green", "milliseconds": 200}`)
	b.at(1*ms, "gpio-pulse", `{"line": "bell", "milliseconds": 3000}`)
	b.at(10*time.Second, "gpio-pulse", `{"line": "bell", "milliseconds": 10}`)
	// Between two pulses the pair's other line comes on.
	b.at(20*time.Second, "gpio-write", `{"line": "red", "level": false}`)
	b.at(20*time.Second, "gpio-pulse", `{"line": "green", "milliseconds": 10, "count": 3}`)
	b.at(20*time.Second+15*ms, "gpio-write", `{"line": "red", "level": true}`)
	const refused = "→ Interlock.Conflict: gpio: line green is not turned on while red is on: the board says never; turn red off first"
	b.expect(
		"0s "+refused,
		"1ms bell true gpio-pulse (S)", "2.001s bell false max-on 2s",
		"2.001s → Interlock.MaxOn: line bell was turned off before its pulse of 3s was over: max-on 2s",
		"10s bell true gpio-pulse (S)", "10.01s bell false gpio-pulse (S)", `10.01s → {"line":"bell","count":1}`,
		"20s red false gpio-write (S)", `20s → {"level":false}`,
		"20s green true gpio-pulse (S)", "20.01s green false gpio-pulse (S)",
		"20.015s red true gpio-write (S)", `20.015s → {"level":true}`,
		"20.02s "+refused,
	)
}

func TestAwaitEdge(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	b.push(0, "gate", true)
	b.at(1*ms, "gpio-await-edge", `{"line": "gate", "edge": "rising"}`)
	b.at(2*ms, "gpio-await-edge", `{"lines": ["button", "gate"], "edge": "both"}`)
	b.at(3*ms, "gpio-await-edge", `{"lines": ["button"], "edge": "falling"}`)
	b.at(4*ms, "gpio-await-edge", `{"line": "gate", "edge": "both"}`)
	b.clock.At(start.Add(50*ms), func() { b.cancel[3]() })
	b.push(100*ms, "gate", false)
	b.push(200*ms, "button", true)
	b.push(300*ms, "gate", true)
	b.push(400*ms, "button", false)
	b.expect(
		"0s gate true world",
		"100ms gate false world", `100ms → {"line":"gate","level":false,"time":"2026-01-01T08:00:00.100Z"}`,
		"220ms button true world",
		"300ms gate true world", `300ms → {"line":"gate","level":true,"time":"2026-01-01T08:00:00.300Z"}`,
		"420ms button false world", `420ms → {"line":"button","level":false,"time":"2026-01-01T08:00:00.420Z"}`,
	)
}

func TestAwaitLevelThatIsThereAlready(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	b.push(0, "gate", true)
	b.push(0, "button", true)
	b.at(50*ms, "gpio-await-edge", `{"lines": ["button", "gate"], "edge": "rising", "already": ["gate"]}`)
	b.at(51*ms, "gpio-await-edge", `{"line": "gate", "edge": "falling", "already": ["gate"]}`)
	b.push(60*ms, "gate", false)
	b.at(70*ms, "gpio-await-edge", `{"line": "gate", "edge": "falling", "already": ["gate"]}`)
	b.expect(
		"0s gate true world", "20ms button true world",
		`50ms → {"line":"gate","level":true,"time":"2026-01-01T08:00:00.050Z"}`,
		"60ms gate false world", `60ms → {"line":"gate","level":false,"time":"2026-01-01T08:00:00.060Z"}`,
		`70ms → {"line":"gate","level":false,"time":"2026-01-01T08:00:00.070Z"}`,
	)
}

// An edge that comes while no Task awaits one is there for the next Task that names the time since which edges count.
func TestAwaitEdgeSince(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	since := func(ms int) string { return fmt.Sprintf(`"since": "2026-01-01T08:00:00.%03dZ"`, ms) }
	b.push(0, "gate", true)
	b.push(10*ms, "gate", false)
	b.push(20*ms, "gate", true)
	b.push(30*ms, "button", true)
	b.at(100*ms, "gpio-await-edge", `{"line": "gate", "edge": "rising", "since": "2025-12-31T09:00:00+01:00"}`)
	b.at(101*ms, "gpio-await-edge", `{"line": "gate", "edge": "rising", `+since(0)+`}`)
	b.at(102*ms, "gpio-await-edge", `{"lines": ["button", "gate"], "edge": "both", `+since(10)+`}`)
	b.at(103*ms, "gpio-await-edge", `{"lines": ["button", "gate"], "edge": "both", `+since(20)+`}`)
	b.at(104*ms, "gpio-await-edge", `{"line": "gate", "edge": "falling", `+since(10)+`}`) // waits
	b.at(105*ms, "gpio-await-edge", `{"line": "button", "edge": "rising", "already": ["button"], `+since(60)+`}`)
	b.at(106*ms, "gpio-await-edge", `{"line": "button", "edge": "falling", `+since(300)+`}`)
	b.push(200*ms, "gate", false)
	b.push(250*ms, "button", false) // before the time
	b.push(300*ms, "button", true)
	b.push(350*ms, "button", false)
	b.expect(
		"0s gate true world", "10ms gate false world", "20ms gate true world", "50ms button true world",
		`100ms → {"line":"gate","level":true,"time":"2026-01-01T08:00:00.000Z"}`,
		`101ms → {"line":"gate","level":true,"time":"2026-01-01T08:00:00.020Z"}`,
		`102ms → {"line":"gate","level":true,"time":"2026-01-01T08:00:00.020Z"}`,
		`103ms → {"line":"button","level":true,"time":"2026-01-01T08:00:00.050Z"}`,
		`105ms → {"line":"button","level":true,"time":"2026-01-01T08:00:00.105Z"}`,
		"200ms gate false world", `200ms → {"line":"gate","level":false,"time":"2026-01-01T08:00:00.200Z"}`,
		"270ms button false world", "320ms button true world",
		"370ms button false world", `370ms → {"line":"button","level":false,"time":"2026-01-01T08:00:00.370Z"}`,
	)
}

// The time of an edge, given back, is not before the edge, however exact that is: no edge is answered twice.
func TestTimeOfAnEdgeIsExact(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	b.push(1*ms+1, "gate", true)
	b.push(1*ms+2, "gate", false)
	b.push(1*ms+3, "gate", true)
	b.at(2*ms, "gpio-await-edge", `{"line": "gate", "edge": "rising", "since": "2026-01-01T08:00:00Z"}`)
	b.at(3*ms, "gpio-await-edge", `{"line": "gate", "edge": "rising", "since": "2026-01-01T08:00:00.001000001Z"}`)
	b.at(4*ms, "gpio-await-edge", `{"line": "gate", "edge": "rising", "since": "2026-01-01T08:00:00.001000003Z"}`)
	b.expect(
		"1.000001ms gate true world", "1.000002ms gate false world", "1.000003ms gate true world",
		`2ms → {"line":"gate","level":true,"time":"2026-01-01T08:00:00.001000001Z"}`,
		`3ms → {"line":"gate","level":true,"time":"2026-01-01T08:00:00.001000003Z"}`,
	)
}

func TestEdgesThatAreForgottenAreReported(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	for i := range 1001 {
		b.push(time.Duration(i+1)*ms, "gate", i%2 == 0)
	}
	since := func(at time.Duration, edge string) string {
		return fmt.Sprintf(`{"line": "gate", "edge": %q, "since": %q}`, edge, start.Add(at).Format(time.RFC3339Nano))
	}
	b.at(2*time.Second, "gpio-await-edge", since(0, "both"))
	b.at(3*time.Second, "gpio-await-edge", since(1*ms, "both"))
	b.at(4*time.Second, "gpio-await-edge", since(1*ms, "rising"))
	b.expectAnswers(
		"2s → Activity.EdgesLost: line gate had more than 1000 edges since 2026-01-01T08:00:00.000Z, and the first are forgotten",
		`3s → {"line":"gate","level":false,"time":"2026-01-01T08:00:00.002Z"}`,
		`4s → {"line":"gate","level":true,"time":"2026-01-01T08:00:00.003Z"}`,
	)
}

// One line obeys one Task at a time.
func TestWriteDuringAPulseTrainIsBusy(t *testing.T) {
	b := newBench(t, parse(t, benchBoard))
	const busy = "Activity.Busy: another Task is pulsing line lamp; let it end first"
	b.at(0, "gpio-pulse", `{"line": "lamp", "milliseconds": 10, "count": 2}`)
	b.at(5*ms, "gpio-write", `{"line": "lamp", "level": true}`)
	b.at(15*ms, "gpio-write", `{"levels": {"red": "off", "lamp": "on"}}`)
	b.at(20*ms, "gpio-write", `{"line": "red", "level": "off"}`) // another line
	b.at(31*ms, "gpio-write", `{"line": "lamp", "level": true}`)
	b.expect(
		"0s lamp true gpio-pulse (S)", "5ms → "+busy, "10ms lamp false gpio-pulse (S)", "15ms → "+busy,
		"20ms red false gpio-write (S)", `20ms → {"level":false}`,
		"20ms lamp true gpio-pulse (S)", "30ms lamp false gpio-pulse (S)", `30ms → {"line":"lamp","count":2}`,
		"31ms lamp true gpio-write (S)", `31ms → {"level":true}`,
	)
}

func TestInputsThatAnActivityDoesNotTake(t *testing.T) {
	const either = `name either a "line" or "lines"`
	for _, test := range []struct{ activity, input, want string }{
		{"gpio-write", `{}`, `Activity.Input: gpio-write: name either a "line" and its "level", or "levels" by line`},
		{"gpio-write", `{"levels": {"red": true}, "level": true}`, `Activity.Input: gpio-write: name either a "line" and its "level", or "levels" by line`},
		{"gpio-write", `{"line": "red", "levels": {}}`, `Activity.Input: gpio-write: name either a "line" and its "level", or "levels" by line`},
		{"gpio-write", `{"line": "red"}`, `Activity.Input: gpio-write: line "red": a level is true, "high" or "on", else false, "low" or "off"`},
		{"gpio-write", `{"line": "red", "level": [1]}`, `Activity.Input: gpio-write: line "red": a level is true, "high" or "on", else false, "low" or "off"`},
		{"gpio-write", `{"line": "red", "value": 1}`, `Activity.Input: gpio-write: input {"line":"red","value":1}: unknown field "value"`},
		{"gpio-write", `{"line": "rde", "level": true}`, `Activity.UnknownLine: gpio: board bench: no line "rde"; did you mean "red"?`},
		{"gpio-write", `{"levels": {"green": true, "button": true}}`, `Activity.UnknownLine: gpio: board bench: line "button" is direction in, not out`},
		{"gpio-read", `{}`, "Activity.Input: gpio-read: " + either},
		{"gpio-read", `{"line": "gate", "lines": ["gate"]}`, "Activity.Input: gpio-read: " + either},
		{"gpio-read", `{"lines": ["gate", "gate"]}`, `Activity.Input: gpio-read: line "gate" is named twice`},
		{"gpio-read", `{"line": "red"}`, `Activity.UnknownLine: gpio: board bench: line "red" is direction out, not in`},
		{"gpio-pulse", `{"milliseconds": 5}`, `Activity.Input: gpio-pulse: name a "line"`},
		{"gpio-pulse", `{"line": "bell"}`, `Activity.Input: gpio-pulse: milliseconds is 0; it is from 1 to 3600000`},
		{"gpio-pulse", `{"line": "bell", "milliseconds": 5, "gapMilliseconds": 0}`, `Activity.Input: gpio-pulse: gapMilliseconds is 0; it is from 1 to 3600000`},
		{"gpio-pulse", `{"line": "bell", "milliseconds": 5, "count": 0}`, `Activity.Input: gpio-pulse: count is 0; it is from 1 to 1000`},
		{"gpio-pulse", `{"line": "gate", "milliseconds": 5}`, `Activity.UnknownLine: gpio: board bench: line "gate" is direction in, not out`},
		{"gpio-await-edge", `{"line": "gate"}`, `Activity.Input: gpio-await-edge: edge is ""; it is rising, falling or both`},
		{"gpio-await-edge", `{"edge": "both"}`, "Activity.Input: gpio-await-edge: " + either},
		{"gpio-await-edge", `{"line": "gate", "edge": "both", "already": ["gate"]}`, `Activity.Input: gpio-await-edge: "already" needs a rising or a falling edge: for both, every level would be one`},
		{"gpio-await-edge", `{"line": "gate", "edge": "rising", "already": ["button"]}`, `Activity.Input: gpio-await-edge: already names "button", which is not awaited`},
		{"gpio-await-edge", `{"line": "gate", "edge": "both", "since": "yesterday"}`, `Activity.Input: gpio-await-edge: since is "yesterday"; it is a time, such as the "time" of the edge before or $$.State.EnteredTime`},
		{"gpio-await-edge", `{"line": "gate", "edge": "both", "since": ""}`, `Activity.Input: gpio-await-edge: since is ""; it is a time, such as the "time" of the edge before or $$.State.EnteredTime`},
		{"gpio-await-edge", `{"lines": ["gate", "bell"], "edge": "rising"}`, `Activity.UnknownLine: gpio: board bench: line "bell" is direction out, not in`},
	} {
		b := newBench(t, parse(t, benchBoard))
		b.at(0, test.activity, test.input)
		b.expect("0s → " + test.want)
	}
}

// run plays an example with its scenario through the engine.
func run(t *testing.T, name string) *bench {
	t.Helper()
	dir := filepath.Join("../../examples", name)
	text, err := os.ReadFile(filepath.Join(dir, name+".asl.json"))
	if err != nil {
		t.Fatal(err)
	}
	machine, diagnostics := asl.Parse(text)
	if len(diagnostics) > 0 {
		t.Fatal(diagnostics)
	}
	board, err := gpio.ReadBoard(filepath.Join(dir, "board.yaml"))
	if err != nil {
		t.Fatal(err)
	}
	pushes, err := scenario.Read(filepath.Join(dir, "scenario.yaml"), board)
	if err != nil {
		t.Fatal(err)
	}
	b := newBench(t, board)
	pushes.Schedule(b.clock, b.panel)
	b.clock.AfterFunc(pushes.End(), b.clock.Stop)
	e := engine.New(engine.Options{Clock: b.clock, Handlers: b.handlers})
	if _, err := e.Start(machine, asl.Identity{Name: name}, value.NewObject(), nil); err != nil {
		t.Fatal(err)
	}
	return b
}

func TestBlinkExample(t *testing.T) {
	b := run(t, "blink")
	b.expect(
		"0s lamp true gpio-write (On)", "1s lamp false gpio-write (Off)", "2s lamp true gpio-write (On)",
		"3s lamp false gpio-write (Off)", "4s lamp true gpio-write (On)",
		"4.52s button true pushed", "4.52s lamp false gpio-write (Pause)", "4.62s button false let go",
		"10.02s button true pushed", "10.02s lamp true gpio-write (On)", "10.32s button false let go",
		"11.02s lamp false gpio-write (Off)", "12.02s lamp true gpio-write (On)", "13.02s lamp false gpio-write (Off)",
		"14.02s lamp true gpio-write (On)",
	)
}

func TestGarageDoorExample(t *testing.T) {
	b := run(t, "garage-door")
	b.expect(
		"10ms is-closed true pushed",
		"2.02s button true pushed",
		"2.02s motor-up true gpio-write (StartOpening)", "2.02s warning-lamp true gpio-write (StartOpening)",
		"2.12s button false let go",
		"3.01s is-closed false pushed",
		"14.01s is-open true pushed",
		"14.01s motor-up false gpio-write (Stand)", "14.01s warning-lamp false gpio-write (Stand)",
		"20.02s button true pushed",
		"20.02s motor-down true gpio-write (StartClosing)", "20.02s warning-lamp true gpio-write (StartClosing)",
		"20.12s button false let go",
		"21.01s is-open false pushed",
		"25.01s obstacle true pushed", "25.01s motor-down false gpio-write (StopBeforeReopening)",
		"26.01s motor-up true gpio-write (StartOpening)",
		"27.01s obstacle false pushed",
		"31.01s is-open true pushed",
		"31.01s motor-up false gpio-write (Stand)", "31.01s warning-lamp false gpio-write (Stand)",
		"40.02s button true pushed",
		"40.02s motor-down true gpio-write (StartClosing)", "40.02s warning-lamp true gpio-write (StartClosing)",
		"40.12s button false let go",
		"41.01s is-open false pushed",
		"52.01s is-closed true pushed",
		"52.01s motor-down false gpio-write (Stand)", "52.01s warning-lamp false gpio-write (Stand)",
	)
}
