package gpio_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	periph "periph.io/x/conn/v3/gpio"
	"pgregory.net/rapid"

	"signalbox/gpio"
	"signalbox/gpio/internal/clocktest"
)

// A fakeDriver has pins that write down what happens to them, and fail a test that reads an output.
type fakeDriver struct {
	t    interface{ Errorf(string, ...any) }
	log  []string
	pins map[string]*fakePin
	busy map[string]error // by line: from Claim
	dead map[string]error // by line: from Out and In
}

func newDriver(t interface{ Errorf(string, ...any) }) *fakeDriver {
	return &fakeDriver{t: t, pins: map[string]*fakePin{}, busy: map[string]error{}, dead: map[string]error{}}
}

type fakePin struct {
	periph.PinIO // periph.INVALID
	driver       *fakeDriver
	line         gpio.Line
	output       bool
	level        periph.Level
	listener     func(periph.Level, string)
	claimed      bool
}

func (d *fakeDriver) Claim(l gpio.Line) (periph.PinIO, error) {
	if err := d.busy[l.Name]; err != nil {
		return nil, err
	}
	p := d.pins[l.Name]
	if p == nil {
		p = &fakePin{PinIO: periph.INVALID, driver: d, line: l, level: l.Physical(false)}
		d.pins[l.Name] = p
	}
	p.claimed = true
	d.log = append(d.log, "claim "+l.Name)
	return p, nil
}

func (d *fakeDriver) Release(pin periph.PinIO) error {
	p := pin.(*fakePin)
	p.claimed = false
	d.log = append(d.log, "release "+p.line.Name)
	return nil
}

func (p *fakePin) Out(l periph.Level) error {
	if err := p.driver.dead[p.line.Name]; err != nil {
		return err
	}
	p.output, p.level = true, l
	p.driver.log = append(p.driver.log, fmt.Sprintf("%s %s", p.line.Name, l))
	return nil
}

func (p *fakePin) In(pull periph.Pull, _ periph.Edge) error {
	p.driver.log = append(p.driver.log, fmt.Sprintf("%s in %s", p.line.Name, pull))
	return p.driver.dead[p.line.Name]
}

func (p *fakePin) Read() periph.Level {
	if p.output {
		p.driver.t.Errorf("output %s was read: that makes an input of a real line", p.line.Name)
	}
	return p.level
}

func (p *fakePin) Function() string {
	p.driver.t.Errorf("%s was asked for its function: that makes an input of a real line", p.line.Name)
	return ""
}

func (p *fakePin) Notify(f func(periph.Level, string)) func() {
	p.listener = f
	return func() { p.listener = nil }
}

// push moves the line from outside.
func (p *fakePin) push(l periph.Level) {
	p.level = l
	if p.listener != nil {
		p.listener(l, "pushed")
	}
}

func (d *fakeDriver) take() []string {
	log := d.log
	d.log = nil
	return log
}

func parse(t interface{ Fatal(...any) }, text string) *gpio.Board {
	board, err := gpio.ParseBoard("board.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return board
}

const doorBoard = `
name: door
lines:
  up:     {bcm: 17, direction: out, safe: off}
  lamp:   {bcm: 22, direction: out, safe: on}
  down:   {bcm: 27, direction: out, active-low: true, safe: off}
  button: {bcm: 5, direction: in, active-low: true, pull: up, debounce: 20ms}
  beam:   {bcm: 6, direction: in}
never: [[up, down]]
max-on: {up: 5s}
`

type door struct {
	*gpio.Lines
	driver  *fakeDriver
	clock   *clocktest.Clock
	changes []string
}

func openDoor(t *testing.T) *door {
	t.Helper()
	d := &door{driver: newDriver(t), clock: clocktest.New()}
	lines, err := gpio.Open(parse(t, doorBoard), d.driver, d.clock)
	if err != nil {
		t.Fatal(err)
	}
	d.Lines = lines
	d.Watch(func(c gpio.Change) {
		d.changes = append(d.changes, fmt.Sprintf("%s %s %s %t %s", c.At.Sub(clocktest.Start), c.Direction, c.Line, c.High, c.Why))
	})
	return d
}

func (d *door) out(t *testing.T, line string) *gpio.OutPin {
	t.Helper()
	p, err := d.Out(line)
	if err != nil {
		t.Fatal(err)
	}
	return p.(*gpio.OutPin)
}

func (d *door) in(t *testing.T, line string) *gpio.InPin {
	t.Helper()
	p, err := d.In(line)
	if err != nil {
		t.Fatal(err)
	}
	return p.(*gpio.InPin)
}

func (d *door) expect(t *testing.T, want ...string) {
	t.Helper()
	if diff := cmp.Diff(want, d.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	d.changes = nil
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func TestOpenDrivesOutputsToSafetyFirst(t *testing.T) {
	d := openDoor(t)
	want := []string{
		"claim up", "up Low", "claim down", "down High", "claim lamp", "lamp High",
		"claim button", "button in PullUp", "claim beam", "beam in Float",
	}
	if diff := cmp.Diff(want, d.driver.take()); diff != "" {
		t.Errorf("what the driver saw (-want +got):\n%s", diff)
	}
	wantLevels := []gpio.LineLevel{
		{Line: "up", Direction: gpio.Out},
		{Line: "lamp", Direction: gpio.Out, High: true},
		{Line: "down", Direction: gpio.Out},
		{Line: "button", Direction: gpio.In},
		{Line: "beam", Direction: gpio.In},
	}
	if diff := cmp.Diff(wantLevels, d.Levels()); diff != "" {
		t.Errorf("levels (-want +got):\n%s", diff)
	}
}

func TestLineThatCannotBeHadReleasesTheOthers(t *testing.T) {
	for line, prepare := range map[string]func(*fakeDriver, error){
		"button": func(d *fakeDriver, err error) { d.busy["button"] = err },
		"beam":   func(d *fakeDriver, err error) { d.dead["beam"] = err },
		"lamp":   func(d *fakeDriver, err error) { d.dead["lamp"] = err },
	} {
		t.Run(line, func(t *testing.T) {
			driver := newDriver(t)
			prepare(driver, &gpio.BusyError{Holder: "pigpiod"})
			lines, err := gpio.Open(parse(t, doorBoard), driver, clocktest.New())
			var busy *gpio.BusyError
			if lines != nil || !errors.As(err, &busy) || busy.Holder != "pigpiod" {
				t.Fatalf("got %v, %v; want a BusyError", lines, err)
			}
			if want := "gpio: line " + line + " (GPIO"; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("got %q, want it to begin with %q", err, want)
			}
			for name, p := range driver.pins {
				if p.claimed {
					t.Errorf("line %s is still claimed", name)
				}
				if p.output && p.line.Logical(p.level) != p.line.Safe {
					t.Errorf("line %s was left at %t", name, !p.line.Safe)
				}
			}
		})
	}
}

func TestOutputIsLogicalAndTold(t *testing.T) {
	d := openDoor(t)
	down := d.out(t, "down")
	check(t, down.OutBecause(periph.High, "close"))
	if got := d.driver.pins["down"].level; got != periph.Low {
		t.Errorf("active-low line that is on is physically %s, want Low", got)
	}
	check(t, down.OutBecause(periph.High, "close again"))
	check(t, down.Out(periph.Low))
	d.expect(t, "0s out down true close", "0s out down false ")
	if got := fmt.Sprintf("%s %s %d %s %v", down, down.Name(), down.Number(), down.Function(), down.Halt()); got != "down (GPIO27) down -1 Out/Low <nil>" {
		t.Errorf("got %q", got)
	}
	if err := down.PWM(periph.DutyHalf, 0); err == nil {
		t.Error("PWM was not refused")
	}
}

func TestNeverRefusesTheSecondLine(t *testing.T) {
	d := openDoor(t)
	check(t, d.out(t, "up").Out(periph.High))
	d.driver.take()
	err := d.out(t, "down").Out(periph.High)
	var refusal *gpio.Refusal
	if !errors.As(err, &refusal) || *refusal != (gpio.Refusal{Line: "down", Rule: gpio.RuleNever, Other: "up"}) {
		t.Errorf("got %#v, want a Refusal of down because of up", err)
	}
	if want := "gpio: line down is not turned on while up is on: the board says never; turn up off first"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if log := d.driver.take(); len(log) > 0 {
		t.Errorf("a refused line was touched: %v", log)
	}
	check(t, d.out(t, "up").Out(periph.Low))
	check(t, d.out(t, "down").Out(periph.High))
}

func TestLineThatMayBeOnCountsAsOn(t *testing.T) {
	d := openDoor(t)
	dead := errors.New("input/output error")
	d.driver.dead["up"] = dead
	if err := d.out(t, "up").Out(periph.High); !errors.Is(err, dead) {
		t.Errorf("got %v, want %v", err, dead)
	}
	var refusal *gpio.Refusal
	if err := d.out(t, "down").Out(periph.High); !errors.As(err, &refusal) {
		t.Errorf("got %v, want a Refusal: the state of up is unknown", err)
	}
	delete(d.driver.dead, "up")
	check(t, d.out(t, "up").Out(periph.Low))
	check(t, d.out(t, "down").Out(periph.High))
}

func TestMaxOnTurnsOffAndAsksForAnOffBeforeTheNextOn(t *testing.T) {
	d := openDoor(t)
	up := d.out(t, "up")
	check(t, up.OutBecause(periph.High, "open"))
	d.clock.Advance(3 * time.Second)
	check(t, up.OutBecause(periph.High, "open")) // gives it no more time
	d.clock.Advance(3 * time.Second)
	d.expect(t, "0s out up true open", "5s out up false max-on 5s")
	if up.TripReason() != "max-on 5s" || d.driver.pins["up"].level != periph.Low {
		t.Errorf("tripped by %q, physical level %s; want max-on 5s and Low", up.TripReason(), d.driver.pins["up"].level)
	}
	check(t, d.Safe("another line failed")) // is no command
	err := up.Out(periph.High)
	var refusal *gpio.Refusal
	if !errors.As(err, &refusal) || *refusal != (gpio.Refusal{Line: "up", Rule: gpio.RuleMaxOn, Limit: 5 * time.Second}) {
		t.Errorf("got %#v, want a Refusal by max-on", err)
	}
	if want := "gpio: line up is not turned on: max-on 5s has turned it off; turn it off first, then on"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	check(t, up.Out(periph.Low))
	check(t, up.Out(periph.High))
	d.clock.Advance(4999 * time.Millisecond)
	check(t, up.Out(periph.Low))
	d.clock.Advance(time.Minute)
	d.expect(t, "6s out up true ", "10.999s out up false ")
	if d.clock.Waiting() > 0 {
		t.Errorf("%d timers are left", d.clock.Waiting())
	}
}

// Pulses with breaks of a millisecond are one long pulse for a motor.
func TestBreaksThatAreTooShortDoNotProlongMaxOn(t *testing.T) {
	d := openDoor(t)
	up := d.out(t, "up")
	check(t, up.Out(periph.High))
	d.clock.Advance(4999 * time.Millisecond)
	check(t, up.Out(periph.Low))
	d.clock.Advance(time.Millisecond)
	check(t, up.Out(periph.High)) // a rest of 500ms gives back 5s, so 1ms gives back 10ms
	d.clock.Advance(100 * time.Millisecond)
	d.expect(t, "0s out up true ", "4.999s out up false ", "5s out up true ",
		"5.011s out up false max-on 5s: only 11ms of it were left after the last rest")
	check(t, up.Out(periph.Low))
	err := up.Out(periph.High)
	var refusal *gpio.Refusal
	want := gpio.Refusal{Line: "up", Rule: gpio.RuleMaxOn, Limit: 5 * time.Second, Rest: 411 * time.Millisecond}
	if !errors.As(err, &refusal) || *refusal != want {
		t.Fatalf("got %#v, want %#v", err, want)
	}
	if want := "gpio: line up is not turned on: it was on for max-on 5s and must rest for another 411ms"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	if err := d.Set(map[string]bool{"up": true}, ""); !errors.As(err, &refusal) {
		t.Errorf("Set: got %v, want a Refusal", err)
	}
	d.clock.Advance(411 * time.Millisecond)
	check(t, up.Out(periph.High))
	d.clock.Advance(6 * time.Second)
	d.expect(t, "5.511s out up true ", "10.511s out up false max-on 5s")
}

// A hopper pays many coins in bursts, and a lamp may flash for ever.
func TestRestsThatAreLongEnoughLetALineGoOnForEver(t *testing.T) {
	for _, c := range []struct{ on, off time.Duration }{
		{4 * time.Second, 400 * time.Millisecond},
		{500 * time.Millisecond, 500 * time.Millisecond},
		{time.Millisecond, 100 * time.Microsecond},
		{5*time.Second - 1, 500 * time.Millisecond},
	} {
		d := openDoor(t)
		for i := range 10000 {
			if err := d.out(t, "up").Out(periph.High); err != nil {
				t.Fatalf("%s on, %s off: the %dth time: %v", c.on, c.off, i+1, err)
			}
			d.clock.Advance(c.on)
			if reason := d.out(t, "up").TripReason(); reason != "" {
				t.Fatalf("%s on, %s off: the %dth time: %s", c.on, c.off, i+1, reason)
			}
			check(t, d.out(t, "up").Out(periph.Low))
			d.clock.Advance(c.off)
		}
	}
}

// A clock that is busy while a line is on does not count that time as rest, nor as nothing.
func TestMaxOnCountsTimeInWhichTheClockIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		driver := newDriver(t)
		clock := stampedClock{clocktest.New(), time.Now()}
		lines, err := gpio.Open(parse(t, doorBoard), driver, clock)
		if err != nil {
			t.Fatal(err)
		}
		up, err := lines.Out("up")
		check(t, err)
		check(t, up.Out(periph.High))
		time.Sleep(4 * time.Second)
		check(t, up.Out(periph.Low)) // within the same entry of the clock
		check(t, up.Out(periph.High))
		clock.Advance(999 * time.Millisecond)
		if driver.pins["up"].level != periph.High {
			t.Error("off before its time")
		}
		clock.Advance(time.Millisecond)
		if driver.pins["up"].level != periph.Low {
			t.Error("on for longer than max-on")
		}
	})
}

func TestRestrictTakesTheStricterLimits(t *testing.T) {
	line := func(on, rest time.Duration) gpio.Line { return gpio.Line{Name: "motor", MaxOn: on, Rest: rest} }
	const s = time.Second
	for _, c := range []struct{ a, b, want gpio.Line }{
		{line(0, 0), line(0, 0), line(0, 0)},
		{line(0, 0), line(5*s, s), line(5*s, s)},
		{line(5*s, s), line(0, 0), line(5*s, s)},
		{line(5*s, s), line(10*s, s), line(5*s, s)},
		{line(10*s, s), line(5*s, s), line(5*s, s)},
		{line(10*s, 4*s), line(5*s, s), line(5*s, 2*s)},
		{line(2*s, 1), line(5*s, s/2), line(2*s, s/5)},
		{line(1000*time.Hour, 1000*time.Hour), line(3, 1), line(3, 3)},
		{line(7, 1), line(3, 1), line(3, 1)},
	} {
		if got := c.a.Restrict(c.b); got != c.want {
			t.Errorf("%v/%v with %v/%v: got %v/%v, want %v/%v", c.a.MaxOn, c.a.Rest, c.b.MaxOn, c.b.Rest, got.MaxOn, got.Rest,
				c.want.MaxOn, c.want.Rest)
		}
	}
}

func TestMaxOnThatFailsIsToldAndTriedAgain(t *testing.T) {
	d := openDoor(t)
	var faults []string
	d.OnFault(func(line string, err error) { faults = append(faults, line+": "+err.Error()) })
	check(t, d.out(t, "lamp").Out(periph.Low))
	check(t, d.out(t, "up").Out(periph.High))
	d.driver.dead["up"] = errors.New("input/output error")
	d.clock.Advance(5 * time.Second)
	want := []string{
		"up: gpio: line up (GPIO17): input/output error (max-on 5s)",
		"up: gpio: line up (GPIO17): input/output error",
	}
	if diff := cmp.Diff(want, faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	d.expect(t, "0s out lamp false ", "0s out up true ", "5s out lamp true max-on 5s of up failed")
	delete(d.driver.dead, "up")
	d.clock.Advance(5 * time.Second)
	d.expect(t, "10s out up false max-on 5s")
}

func TestSafeGoesOnAfterAFailure(t *testing.T) {
	d := openDoor(t)
	check(t, d.out(t, "lamp").Out(periph.Low))
	check(t, d.out(t, "down").Out(periph.High))
	d.driver.take()
	dead := errors.New("input/output error")
	d.driver.dead["up"] = dead
	if err := d.Safe("test"); !errors.Is(err, dead) {
		t.Errorf("got %v, want %v", err, dead)
	}
	if diff := cmp.Diff([]string{"down High", "lamp High"}, d.driver.take()); diff != "" {
		t.Errorf("what the driver saw (-want +got):\n%s", diff)
	}
}

func TestSafeDoesNotTurnOnBesideALineThatStaysOn(t *testing.T) {
	driver := newDriver(t)
	lines, err := gpio.Open(parse(t, `
name: crossing
lines:
  red:   {bcm: 1, direction: out, safe: on}
  green: {bcm: 2, direction: out, safe: off}
never: [[red, green]]
`), driver, clocktest.New())
	check(t, err)
	check(t, lines.Set(map[string]bool{"red": false, "green": true}, ""))
	driver.dead["green"] = errors.New("input/output error")
	driver.take()
	err = lines.Safe("test")
	var refusal *gpio.Refusal
	if !errors.As(err, &refusal) || refusal.Line != "red" {
		t.Errorf("got %v, want a Refusal of red", err)
	}
	if log := driver.take(); len(log) > 0 {
		t.Errorf("got %v, want nothing to be written", log)
	}
}

func TestSetGoesDarkBeforeItLights(t *testing.T) {
	d := openDoor(t)
	check(t, d.Set(map[string]bool{"up": true}, "open"))
	d.driver.take()
	check(t, d.Set(map[string]bool{"down": true, "up": false, "lamp": false}, "close"))
	if diff := cmp.Diff([]string{"up Low", "lamp Low", "down Low"}, d.driver.take()); diff != "" {
		t.Errorf("what the driver saw (-want +got):\n%s", diff)
	}
	for name, levels := range map[string]map[string]bool{
		"both of a pair": {"up": true, "down": true, "lamp": true},
		"one of a pair":  {"up": true, "lamp": true},
		"an input":       {"lamp": true, "button": true},
		"no line":        {"lamp": true, "lmap": true},
	} {
		if err := d.Set(levels, ""); err == nil {
			t.Errorf("%s: not refused", name)
		}
	}
	if log := d.driver.take(); len(log) > 0 {
		t.Errorf("refused levels moved lines: %v", log)
	}
}

func TestInputIsLogicalAndDebounced(t *testing.T) {
	d := openDoor(t)
	var edges []string
	check(t, d.OnEdge("button", func(high bool, at time.Time) {
		edges = append(edges, fmt.Sprintf("%s %t", at.Sub(clocktest.Start), high))
	}))
	button, pin := d.in(t, "button"), d.driver.pins["button"]
	for range 3 { // bounces
		pin.push(periph.Low)
		d.clock.Advance(5 * time.Millisecond)
		pin.push(periph.High)
		d.clock.Advance(5 * time.Millisecond)
	}
	pin.push(periph.Low)
	d.clock.Advance(19 * time.Millisecond)
	if button.Read() != periph.Low {
		t.Error("the level counts before it was stable")
	}
	d.clock.Advance(time.Millisecond)
	if button.Read() != periph.High || button.Function() != "In/High" {
		t.Error("the level does not count though it was stable")
	}
	pin.push(periph.High)
	d.clock.Advance(time.Second)
	d.expect(t, "50ms in button true pushed", "70ms in button false pushed")
	if diff := cmp.Diff([]string{"50ms true", "70ms false"}, edges); diff != "" {
		t.Errorf("edges (-want +got):\n%s", diff)
	}
}

func TestChangesAreToldOneAfterTheOther(t *testing.T) {
	d := openDoor(t)
	check(t, d.OnEdge("beam", func(high bool, _ time.Time) {
		check(t, d.out(t, "lamp").OutBecause(periph.Level(!high), "beam"))
	}))
	var second []string
	d.Watch(func(c gpio.Change) {
		if c.Line == "lamp" && !c.High {
			check(t, d.out(t, "down").OutBecause(periph.High, "lamp"))
		}
	})
	d.Watch(func(c gpio.Change) { second = append(second, c.Line) })
	d.driver.pins["beam"].push(periph.High)
	d.clock.Advance(0)
	d.expect(t, "0s in beam true pushed", "0s out lamp false beam", "0s out down true lamp")
	if diff := cmp.Diff([]string{"beam", "lamp", "down"}, second); diff != "" {
		t.Errorf("the second watcher's order (-want +got):\n%s", diff)
	}
}

func TestMissingAndMistakenLines(t *testing.T) {
	d := openDoor(t)
	_, unknownOut := d.Out("buton")
	_, input := d.Out("button")
	_, output := d.In("lamp")
	for want, got := range map[string]error{
		`gpio: board door: no line "buton"; did you mean "button"?`:                        unknownOut,
		`gpio: board door: line "button" is direction in, not out`:                         input,
		`gpio: board door: line "lamp" is direction out, not in`:                           output,
		`gpio: board door: line "up" is direction out, not in`:                             d.OnEdge("up", nil),
		`gpio: board door: no line "beem"; did you mean "beam"?`:                           d.OnEdge("beem", nil),
		`gpio: line button: its pull is PullUp, not PullDown; change it in the board file`: d.in(t, "button").In(periph.PullDown, periph.BothEdges),
	} {
		if got == nil || got.Error() != want {
			t.Errorf("got %v, want %s", got, want)
		}
	}
}

func TestCloseGoesToSafetyAndReleases(t *testing.T) {
	d := openDoor(t)
	check(t, d.out(t, "up").Out(periph.High))
	d.driver.pins["button"].push(periph.Low)
	d.clock.Advance(0)
	d.driver.take()
	check(t, d.Close())
	want := []string{
		"up Low", "down High", "lamp High",
		"release beam", "release button", "release lamp", "release down", "release up",
	}
	if diff := cmp.Diff(want, d.driver.take()); diff != "" {
		t.Errorf("what the driver saw (-want +got):\n%s", diff)
	}
	d.expect(t, "0s out up true ", "0s out up false closed")
	check(t, d.Close())
	for name, err := range map[string]error{
		"Out":  d.out(t, "up").Out(periph.High),
		"Set":  d.Set(map[string]bool{"up": true}, ""),
		"Safe": d.Safe(""),
	} {
		if err == nil || err.Error() != "gpio: board door is closed" {
			t.Errorf("%s on a closed board: got %v", name, err)
		}
	}
	d.clock.Advance(time.Hour)
	if log := d.driver.take(); len(log) > 0 || len(d.changes) > 0 || d.clock.Waiting() > 0 {
		t.Errorf("after Close: %v, %v, %d timers", log, d.changes, d.clock.Waiting())
	}
	if d.in(t, "button").WaitForEdge(-1) {
		t.Error("an edge on a closed board")
	}
}

// Whatever is asked of the lines, and whichever writes fail, the physical levels never show both of a pair on, and none
// is on for longer than it may be.
// A budget looks at how long a line was on and off, and compares every stretch of time with max-on.
type budget struct {
	at   time.Time
	was  bool
	runs []budgetRun
}

type budgetRun struct{ on, off time.Duration }

func (b *budget) look(at time.Time, on bool) {
	if d := at.Sub(b.at); !b.at.IsZero() && d > 0 {
		r := budgetRun{off: d}
		if b.was {
			r = budgetRun{on: d}
		}
		b.runs = append(b.runs, r)
	}
	b.at, b.was = at, on
}

// most returns, of the stretches of time that end now, the most time on that the rests in it do not give back.
func (b *budget) most(rest, limit time.Duration) (most time.Duration) {
	var on, back time.Duration
	for _, r := range slices.Backward(b.runs) {
		on += r.on
		if r.off >= rest {
			break
		}
		back += time.Duration(float64(r.off) * float64(limit) / float64(rest))
		most = max(most, on-back-time.Microsecond) // of rounding
	}
	return most
}

func TestGuardHoldsUnderRandomWrites(t *testing.T) {
	const text = `
name: guard
lines:
  a: {bcm: 1, direction: out, safe: off}
  b: {bcm: 2, direction: out, active-low: true, safe: off}
  c: {bcm: 3, direction: out, safe: on}
  d: {bcm: 4, direction: out, active-low: true, safe: off}
never: [[a, b], [b, c], [d, c]]
max-on: {a: 5s, d: {on: 2s, rest: 3s}}
`
	limits := map[string]time.Duration{"a": 5 * time.Second, "d": 2 * time.Second}
	rests := map[string]time.Duration{"a": 500 * time.Millisecond, "d": 3 * time.Second}
	rapid.Check(t, func(t *rapid.T) {
		board := parse(t, text)
		driver, clock := newDriver(t), clocktest.New()
		lines, err := gpio.Open(board, driver, clock)
		if err != nil {
			t.Fatal(err)
		}
		on := func(name string) bool {
			p := driver.pins[name]
			return p.line.Logical(p.level)
		}
		since := map[string]time.Time{}
		budgets := map[string]*budget{"a": {}, "d": {}}
		look := func() {
			for _, pair := range board.Never {
				if on(pair[0]) && on(pair[1]) {
					t.Fatalf("%s and %s are on together; log %v", pair[0], pair[1], driver.log)
				}
			}
			for name, limit := range limits {
				if !on(name) {
					delete(since, name)
					continue
				}
				if _, ok := since[name]; !ok {
					since[name] = clock.Now()
				}
				if on := clock.Now().Sub(since[name]); on > limit && driver.dead[name] == nil {
					t.Fatalf("%s is on for %s", name, on)
				}
			}
			for name, b := range budgets {
				b.look(clock.Now(), on(name))
				if most := b.most(rests[name], limits[name]); most > limits[name] && driver.dead[name] == nil {
					t.Fatalf("%s was on for %s more than its rests allow", name, most-limits[name])
				}
			}
		}
		// After each single write of the driver, too.
		lines.Watch(func(gpio.Change) { look() })
		name := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		t.Repeat(map[string]func(*rapid.T){
			"out": func(t *rapid.T) {
				p, err := lines.Out(name.Draw(t, "line"))
				if err != nil {
					t.Fatal(err)
				}
				high := rapid.Bool().Draw(t, "high")
				before := slices.Clone(driver.log)
				var refusal *gpio.Refusal
				if err := p.Out(periph.Level(high)); errors.As(err, &refusal) && len(driver.log) != len(before) {
					t.Fatalf("a refused line was touched: %v", driver.log[len(before):])
				}
			},
			"set": func(t *rapid.T) {
				levels := rapid.MapOfN(name, rapid.Bool(), 1, 4).Draw(t, "levels")
				before := len(driver.log)
				var refusal *gpio.Refusal
				if err := lines.Set(levels, ""); errors.As(err, &refusal) && len(driver.log) != before {
					t.Fatalf("refused levels moved lines: %v", driver.log[before:])
				}
			},
			"safe": func(*rapid.T) { _ = lines.Safe("") },
			"time": func(t *rapid.T) {
				clock.Advance(time.Duration(rapid.IntRange(0, 3000).Draw(t, "ms")) * time.Millisecond)
			},
			"pulses": func(t *rapid.T) {
				p, err := lines.Out(rapid.SampledFrom([]string{"a", "d"}).Draw(t, "line"))
				if err != nil {
					t.Fatal(err)
				}
				width := time.Duration(rapid.IntRange(500, 4999).Draw(t, "width")) * time.Millisecond
				gap := time.Duration(rapid.IntRange(1, 50).Draw(t, "gap")) * time.Millisecond
				for range 4 {
					_ = p.Out(periph.High)
					clock.Advance(width)
					_ = p.Out(periph.Low)
					clock.Advance(gap)
				}
			},
			"die": func(t *rapid.T) { driver.dead[name.Draw(t, "line")] = errors.New("input/output error") },
			"live": func(*rapid.T) {
				clear(driver.dead)
				clear(since) // what was dead may be on for longer, until max-on tries again
				budgets["a"], budgets["d"] = &budget{}, &budget{}
			},
			"": func(*rapid.T) { look() },
		})
	})
}
