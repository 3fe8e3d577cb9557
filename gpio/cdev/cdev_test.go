package cdev_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	periph "periph.io/x/conn/v3/gpio"

	"signalbox/gpio"
	"signalbox/gpio/cdev"
	"signalbox/gpio/internal/clocktest"
)

// A fakeChip is a chip as gpioioctl has it.
type fakeChip struct {
	name, label string
	lines       []*fakeLine
	sets        bool // lines can be had as outputs that are read back
}

func (c *fakeChip) Output(offset int) (cdev.Output, error) {
	if !c.sets {
		return nil, nil
	}
	l := c.lines[offset]
	if err := l.request("set", ""); err != nil {
		l.unsound = false // a set that failed leaves nothing behind
		return nil, err
	}
	return &fakeOutput{line: l}, nil
}

// A fakeOutput is a set of one line. A wire outside may hold it at a level.
type fakeOutput struct {
	line  *fakeLine
	level periph.Level
}

func (o *fakeOutput) Out(l periph.Level) error {
	o.level = l
	return o.line.request("set "+l.String(), "")
}

func (o *fakeOutput) Read() (periph.Level, error) {
	switch o.line.held {
	case "high":
		return periph.High, nil
	case "broken":
		return periph.Low, errors.New("no such device")
	}
	return o.level, nil
}

func (o *fakeOutput) Close() error { return o.line.request("set closed", "") }

func (c *fakeChip) Name() string              { return c.name }
func (c *fakeChip) Label() string             { return c.label }
func (c *fakeChip) LineCount() int            { return len(c.lines) }
func (c *fakeChip) Line(offset int) cdev.Line { return c.lines[offset] }

// A fakeLine has the traps of gpioioctl's lines at host v3.8.5: a busy line's error is a string, and unless it is
// closed the next call would be on file descriptor 0; a read of an output makes an input of it; a negative timeout
// returns at once and 0 waits for ever; a deadline that is over does not look; a Halt that comes before the wait is
// lost.
type fakeLine struct {
	periph.PinIO // periph.INVALID
	t            *testing.T
	name         string
	consumer     string

	mu      sync.Mutex
	busy    bool // another program has it
	dir     string
	unsound bool // failed and not closed since
	level   periph.Level
	log     []string
	edges   chan struct{}
	halt    chan struct{}
	file    bool   // made by the first wait
	gone    bool   // waits fail at once
	held    string // by a wire outside: "high", or "broken"
}

func newLine(t *testing.T, name string) *fakeLine {
	return &fakeLine{PinIO: periph.INVALID, t: t, name: name, edges: make(chan struct{}, 16), halt: make(chan struct{})}
}

func (l *fakeLine) Name() string     { return l.name }
func (l *fakeLine) Number() int      { return 42 }
func (l *fakeLine) Consumer() string { return l.consumer }

func (l *fakeLine) request(what, dir string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.unsound {
		l.t.Errorf("%s: %s on a line that failed and was not closed: a call on file descriptor 0", l.name, what)
	}
	l.log = append(l.log, what)
	l.dir = dir // gpioioctl believes it before the kernel has said yes
	if l.busy {
		l.unsound = true
		return fmt.Errorf("line_request ioctl: %w", errors.New("device or resource busy"))
	}
	return nil
}

func (l *fakeLine) In(pull periph.Pull, edge periph.Edge) error {
	return l.request(fmt.Sprintf("in %s %s", pull, edge), "in")
}

func (l *fakeLine) Out(level periph.Level) error {
	err := l.request("out "+level.String(), "out")
	if err == nil {
		l.level = level
	}
	return err
}

func (l *fakeLine) Read() periph.Level {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.dir != "in" {
		l.t.Errorf("%s: a read of an output makes an input of it", l.name)
	}
	return l.level
}

func (l *fakeLine) Function() string {
	l.t.Errorf("%s: Function reads the line", l.name)
	return ""
}

func (l *fakeLine) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.log = append(l.log, "close")
	l.unsound, l.dir, l.consumer, l.file = false, "", "", false
}

func (l *fakeLine) Halt() error {
	l.mu.Lock()
	file := l.file
	l.mu.Unlock()
	if !file {
		return nil
	}
	select {
	case l.halt <- struct{}{}:
	default:
	}
	return nil
}

func (l *fakeLine) WaitForEdge(timeout time.Duration) bool {
	l.mu.Lock()
	l.file = true
	gone := l.gone
	l.mu.Unlock()
	if timeout < 0 || gone || timeout > 0 && timeout < time.Millisecond {
		return false
	}
	var over <-chan time.Time
	if timeout > 0 {
		over = time.After(timeout)
	}
	select {
	case <-l.edges:
		return true
	case <-l.halt:
	case <-over:
	}
	return false
}

func (l *fakeLine) edge(level periph.Level) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.level = level
	l.edges <- struct{}{}
}

func (l *fakeLine) take() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	log := l.log
	l.log = nil
	return log
}

// headerNames are the names that Raspberry Pi OS gives the header's lines.
func headerNames() []string {
	names := []string{"ID_SDA", "ID_SCL"}
	for n := 2; n <= 27; n++ {
		names = append(names, fmt.Sprintf("GPIO%d", n))
	}
	return names
}

// A pi is the chips of something like a Raspberry Pi 5: the header's lines are on the second chip.
type pi struct {
	*cdev.Driver
	lines map[string]*fakeLine
}

func newPi(t *testing.T) *pi {
	t.Helper()
	p := &pi{lines: map[string]*fakeLine{}}
	chip := func(name, label string, lines ...string) *fakeChip {
		c := &fakeChip{name: name, label: label}
		for _, l := range lines {
			p.lines[l] = newLine(t, l)
			c.lines = append(c.lines, p.lines[l])
		}
		return c
	}
	var err error
	p.Driver, err = cdev.NewDriver([]cdev.Chip{
		chip("gpiochip4", "pinctrl-rp1", headerNames()...),
		chip("gpiochip10", "gpio-brcmstb", "2712_WAKE"),
	}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// function is periph's Function, which is deprecated there but still part of every pin.
func function(pin any) string { return pin.(interface{ Function() string }).Function() }

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

func (p *pi) claim(t *testing.T, l gpio.Line) periph.PinIO {
	t.Helper()
	pin, err := p.Claim(l)
	if err != nil {
		t.Fatal(err)
	}
	return pin
}

func TestLinesAreFoundByNameOrByChip(t *testing.T) {
	for _, test := range []struct {
		line gpio.Line
		want string
	}{
		{gpio.Line{Name: "a", Number: 17}, "gpiochip4:17"},
		{gpio.Line{Name: "a", Number: 0}, "gpiochip4:0"}, // called ID_SDA
		{gpio.Line{Name: "a", Chip: "gpiochip4", Number: 3}, "gpiochip4:3"},
		{gpio.Line{Name: "a", Chip: "gpio-brcmstb", Number: 0}, "gpiochip10:0"},
		{gpio.Line{Name: "a", Number: 99}, "cdev: gpiochip4 has lines 0 to 27"},
		{gpio.Line{Name: "a", Chip: "gpiochip4", Number: 28}, "cdev: gpiochip4 has lines 0 to 27"},
		{gpio.Line{Name: "a", Chip: "gpiochip0", Number: 4}, "cdev: no chip gpiochip0; there are gpiochip4, gpiochip10"},
	} {
		pin, err := newPi(t).Claim(test.line)
		got := fmt.Sprint(err)
		if err == nil {
			got = pin.String()
		}
		if got != test.want {
			t.Errorf("%s: got %s, want %s", test.line.Where(), got, test.want)
		}
	}
}

// A mainline device tree names a line of the header by its second function; another chip may have a line called GPIO7.
func TestHeaderLinesAreFoundWhateverTheKernelCallsThem(t *testing.T) {
	chip := func(name, label string, names ...string) *fakeChip {
		c := &fakeChip{name: name, label: label}
		for _, n := range names {
			c.lines = append(c.lines, newLine(t, n))
		}
		return c
	}
	expander := chip("gpiochip0", "mcp23017", "GPIO7", "GPIO1")
	mainline := chip("gpiochip1", "pinctrl-bcm2711", "ID_SDA", "ID_SCL", "SDA1", "SCL1", "GPIO_GCLK", "GPIO5", "GPIO6", "SPI_CE1_N")
	for _, test := range []struct {
		chips []cdev.Chip
		want  string
	}{
		{[]cdev.Chip{expander, mainline}, "gpiochip1:7"},
		{[]cdev.Chip{expander}, "gpiochip0:0"}, // no Pi: by its name
		{
			[]cdev.Chip{chip("gpiochip0", "mcp23017", "GPIO77", "", "gpio7")},
			"cdev: no line called GPIO7 on gpiochip0; write chip: and line: in the board file",
		},
	} {
		driver, err := cdev.NewDriver(test.chips, nil, nil)
		if err != nil {
			t.Fatal(err)
		}
		pin, err := driver.Claim(gpio.Line{Name: "a", Number: 7})
		got := fmt.Sprint(err)
		if err == nil {
			got = pin.String()
		}
		if got != test.want {
			t.Errorf("got %s, want %s", got, test.want)
		}
	}
}

func TestOneLineUnderTwoNamesIsRefused(t *testing.T) {
	p := newPi(t)
	pin := p.claim(t, gpio.Line{Name: "lamp", Number: 17})
	twin := gpio.Line{Name: "other", Chip: "gpiochip4", Number: 17}
	want := "cdev: gpiochip4 line 17 is line lamp of the board already; a physical line is used once"
	if _, err := p.Claim(twin); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	check(t, p.Release(pin))
	if err := p.Release(pin); err == nil {
		t.Error("a second Release was not refused")
	}
	p.claim(t, twin)
}

func TestBusyLineIsClosedAndItsHolderNamed(t *testing.T) {
	p := newPi(t)
	line := p.lines["GPIO17"]
	line.busy, line.consumer = true, "pigpiod@81"
	pin := p.claim(t, gpio.Line{Name: "lamp", Number: 17})
	for range 2 { // the second time the line is closed and knows no holder any more
		err := pin.Out(periph.High)
		var busy *gpio.BusyError
		if !errors.As(err, &busy) || busy.Holder != "pigpiod@81" {
			t.Errorf("got %v, want a BusyError of pigpiod@81", err)
		}
	}
	if err := pin.In(periph.PullUp, periph.BothEdges); err == nil {
		t.Error("In of a busy line succeeded")
	}
	if pin.WaitForEdge(-1) || pin.Read() != periph.Low || function(pin) != "" {
		t.Error("the pin believes in a direction")
	}
	want := []string{"out High", "close", "out High", "close", "in PullUp BothEdges", "close"}
	if diff := cmp.Diff(want, line.take()); diff != "" {
		t.Errorf("what the line saw (-want +got):\n%s", diff)
	}
}

func TestOutputIsNeverRead(t *testing.T) {
	p := newPi(t)
	pin := p.claim(t, gpio.Line{Name: "lamp", Number: 17})
	check(t, pin.Out(periph.High))
	if pin.Read() != periph.High || function(pin) != "Out/High" || pin.PWM(periph.DutyHalf, 0) == nil {
		t.Errorf("got %s, %s", pin.Read(), function(pin))
	}
	check(t, pin.Out(periph.Low))
	if pin.Read() != periph.Low || function(pin) != "Out/Low" || pin.WaitForEdge(-1) {
		t.Errorf("got %s, %s", pin.Read(), function(pin))
	}
	check(t, pin.Halt())
	if got := fmt.Sprintf("%s %s %d", pin, pin.Name(), pin.Number()); got != "gpiochip4:17 GPIO17 42" {
		t.Errorf("got %s", got)
	}
}

func TestOutputsAreReadBack(t *testing.T) {
	line := newLine(t, "GPIO17")
	driver, err := cdev.NewDriver([]cdev.Chip{&fakeChip{name: "gpiochip0", lines: []*fakeLine{line}, sets: true}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	board, err := gpio.ParseBoard("b", []byte("name: b\nlines: {lamp: {bcm: 17, direction: out, active-low: true, safe: off}}\n"))
	if err != nil {
		t.Fatal(err)
	}
	lines, err := gpio.Open(board, driver, clocktest.New())
	if err != nil {
		t.Fatal(err)
	}
	back := func(want string) {
		t.Helper()
		high, err := lines.ReadBack("lamp")
		if got := fmt.Sprint(high, err); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	}
	back("false <nil>")
	check(t, lines.Set(map[string]bool{"lamp": true}, "test"))
	back("true <nil>")
	line.held = "high" // physically, and the lamp is active-low
	back("false <nil>")
	line.held = "broken"
	back("false gpio: line lamp (GPIO17): no such device")
	if _, err := lines.ReadBack("lmap"); err == nil || !strings.Contains(err.Error(), `did you mean "lamp"`) {
		t.Errorf("got %v", err)
	}
	check(t, lines.Close())
	want := []string{"set", "set High", "set Low", "set High", "close", "set closed"}
	if diff := cmp.Diff(want, line.take()); diff != "" {
		t.Errorf("what the line saw (-want +got):\n%s", diff)
	}
}

// A line that another program has is refused as an output that is read back, too, and can be claimed when it is free.
func TestABusyOutput(t *testing.T) {
	line := newLine(t, "GPIO17")
	line.busy, line.consumer = true, "pigpiod@81"
	driver, err := cdev.NewDriver([]cdev.Chip{&fakeChip{name: "gpiochip0", lines: []*fakeLine{line}, sets: true}}, nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	pin, err := driver.Claim(gpio.Line{Name: "lamp", Number: 17})
	if err != nil {
		t.Fatal(err)
	}
	var busy *gpio.BusyError
	if err := pin.Out(periph.High); !errors.As(err, &busy) || busy.Holder != "pigpiod@81" {
		t.Errorf("got %v, want a BusyError of pigpiod@81", err)
	}
	line.busy = false
	check(t, pin.Out(periph.High))
	check(t, pin.In(periph.PullUp, periph.NoEdge)) // an output becomes an input
	check(t, driver.Release(pin))
}

func TestWaitForEdgeIsAsConnDocumentsIt(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPi(t)
		line := p.lines["GPIO5"]
		pin := p.claim(t, gpio.Line{Name: "button", Number: 5})
		check(t, pin.In(periph.PullUp, periph.BothEdges))
		if !line.file {
			t.Error("the file is made by the first wait, so that a Halt may meet it")
		}
		wait := func(timeout time.Duration) (bool, time.Duration) {
			began := time.Now()
			return pin.WaitForEdge(timeout), time.Since(began)
		}
		for _, timeout := range []time.Duration{time.Millisecond, time.Second, time.Minute + time.Millisecond} {
			if edge, took := wait(timeout); edge || took != timeout {
				t.Errorf("timeout %s: got %t after %s", timeout, edge, took)
			}
		}
		line.edge(periph.High)
		if edge, _ := wait(0); !edge {
			t.Error("an edge that had come was not seen")
		}
		if edge, took := wait(0); edge || took > 10*time.Millisecond {
			t.Errorf("timeout 0: got %t after %s", edge, took)
		}
		go func() {
			time.Sleep(time.Hour)
			line.edge(periph.Low)
			time.Sleep(time.Hour)
			check(t, pin.Halt())
		}()
		if edge, took := wait(-1); !edge || took != time.Hour {
			t.Errorf("timeout -1: got %t after %s, want an edge after 1h", edge, took)
		}
		if edge, took := wait(-1); edge || took != time.Hour {
			t.Errorf("Halt: got %t after %s, want the end of the wait after 1h", edge, took)
		}
		line.mu.Lock()
		line.gone = true
		line.mu.Unlock()
		if edge, took := wait(-1); edge || took > 0 {
			t.Errorf("a line that is gone: got %t after %s", edge, took)
		}
	})
}

const doorBoard = `
name: door
lines:
  button: {bcm: 5, direction: in, active-low: true, pull: up, debounce: 20ms}
  lamp:   {bcm: 17, direction: out, safe: off}
  motor:  {bcm: 27, direction: out, active-low: true, safe: off}
`

func parse(t *testing.T) *gpio.Board {
	t.Helper()
	board, err := gpio.ParseBoard("door.yaml", []byte(doorBoard))
	if err != nil {
		t.Fatal(err)
	}
	return board
}

func TestBoardOnTheHostsLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, clock := newPi(t), clocktest.New()
		button := p.lines["GPIO5"]
		button.level = periph.High
		lines, err := gpio.Open(parse(t), p, clock)
		if err != nil {
			t.Fatal(err)
		}
		var changes []string
		lines.Watch(func(c gpio.Change) { changes = append(changes, fmt.Sprintf("%s %t %s", c.Line, c.High, c.Why)) })
		lines.OnFault(func(line string, err error) { t.Errorf("%s: %v", line, err) })

		button.edge(periph.Low)
		synctest.Wait()
		clock.Advance(20 * time.Millisecond)
		motor, err := lines.Out("motor")
		check(t, err)
		check(t, motor.Out(periph.High))
		time.Sleep(time.Hour)
		check(t, lines.Close()) // waits for the goroutine, else synctest complains
		if diff := cmp.Diff([]string{"button true edge", "motor true ", "motor false closed"}, changes); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
		for name, want := range map[string][]string{
			"GPIO5":  {"in PullUp BothEdges", "close"},
			"GPIO17": {"out Low", "out Low", "close"},
			"GPIO27": {"out High", "out Low", "out High", "close"},
		} {
			if diff := cmp.Diff(want, p.lines[name].take()); diff != "" {
				t.Errorf("what %s saw (-want +got):\n%s", name, diff)
			}
		}
	})
}

func TestBoardWithABusyLine(t *testing.T) {
	p := newPi(t)
	p.lines["GPIO5"].busy, p.lines["GPIO5"].consumer = true, "kodi"
	_, err := gpio.Open(parse(t), p, clocktest.New())
	if want := `gpio: line button (GPIO5): held by "kodi"; stop it, or use another line`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
	for name, want := range map[string][]string{
		"GPIO5":  {"in PullUp BothEdges", "close", "close"},
		"GPIO17": {"out Low", "close"},
		"GPIO27": {"out High", "close"},
	} {
		if diff := cmp.Diff(want, p.lines[name].take()); diff != "" {
			t.Errorf("what %s saw (-want +got):\n%s", name, diff)
		}
	}
}

func TestNoChips(t *testing.T) {
	for _, test := range []struct {
		paths []string
		err   error
		want  string
	}{
		{nil, nil, "cdev: no GPIO chips found: this machine has no /dev/gpiochip*; without hardware, run with --driver sim"},
		{
			[]string{"/dev/gpiochip0"},
			&os.PathError{Op: "open", Path: "/dev/gpiochip0", Err: syscall.EACCES},
			"cdev: no GPIO chips found that may be opened: open /dev/gpiochip0: permission denied; join the group that owns " +
				"/dev/gpiochip0 (on a Pi: gpio); without hardware, run with --driver sim",
		},
		{
			[]string{"/dev/gpiochip0", "/dev/gpiochip1"},
			nil,
			"cdev: no GPIO chips found: /dev/gpiochip0, /dev/gpiochip1 cannot be used; the kernel may be older than 5.10" +
				"; without hardware, run with --driver sim",
		},
	} {
		d, err := cdev.NewDriver(nil, test.paths, test.err)
		if d != nil || err == nil || err.Error() != test.want {
			t.Errorf("got %v, want %s", err, test.want)
		}
	}
}

// Open goes through periph for real: with chips it finds them, without any it says what to do. Either way standard
// input is what it was.
func TestOpenHere(t *testing.T) {
	before, err := os.Stdin.Stat()
	if err != nil {
		t.Fatal(err)
	}
	chips, err := filepath.Glob("/dev/gpiochip*")
	if err != nil {
		t.Fatal(err)
	}
	d, err := cdev.Open()
	switch {
	case err != nil && (!strings.Contains(err.Error(), "no GPIO chips found") || !strings.Contains(err.Error(), "--driver sim")):
		t.Errorf("got %v, want that there are no chips and what to do", err)
	case err == nil && (d == nil || len(chips) == 0):
		t.Errorf("got %v and no error, with chips %v", d, chips)
	}
	after, err := os.Stdin.Stat()
	if err != nil || !os.SameFile(before, after) {
		t.Errorf("standard input is not what it was: %v", err)
	}
}
