package gpio_test

import (
	"errors"
	"fmt"
	"time"

	periph "periph.io/x/conn/v3/gpio"

	"signalbox/gpio"
	"signalbox/gpio/internal/clocktest"
	"signalbox/gpio/sim"
)

// A board names its lines, by GPIO number or by position on the header, and the rules that hold for them.
func ExampleParseBoard() {
	board, err := gpio.ParseBoard("gate.yaml", []byte(`
name: gate
lines:
  motor-up:   {bcm: 17, direction: out, safe: off}
  motor-down: {pin: 13, direction: out, safe: off}
  button:     {bcm: GPIO5, direction: in, active-low: true, pull: up, debounce: 20ms}
never: [[motor-up, motor-down]]
max-on: {motor-up: 20s, motor-down: 20s}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, line := range board.Lines {
		fmt.Println(line.Name, line.Direction, line.Where())
	}
	fmt.Println("never:", board.Never)
	// Output:
	// motor-up out GPIO17
	// motor-down out GPIO27
	// button in GPIO5
	// never: [[motor-up motor-down]]
}

// All faults of a file are reported at once, each with its line and column.
func ExampleFaults() {
	_, err := gpio.ParseBoard("lamp.yaml", []byte(`
name: lamp
lines:
  lamp:   {pin: 17, direction: out, safe: off}
  button: {bcm: 5, direction: inn}
`))
	var faults gpio.Faults
	if errors.As(err, &faults) {
		for _, f := range faults {
			fmt.Println(f.Line, f.Column, f.Message)
		}
	}
	// Output:
	// 4 17 line lamp: pin 17 is 3.3 V; pin is the position on the header: for GPIO17 write bcm: 17 (pin 11)
	// 5 31 line button: direction should be in or out, not "inn"
}

// An open board drives outputs within its rules, and reports the debounced edges of inputs. Package cdev has the driver for
// a Raspberry Pi's real lines.
func ExampleOpen() {
	board, err := gpio.ParseBoard("gate.yaml", []byte(`
name: gate
lines:
  up:     {bcm: 17, direction: out, safe: off}
  down:   {bcm: 27, direction: out, safe: off}
  button: {bcm: 5, direction: in, active-low: true, pull: up, debounce: 20ms}
never: [[up, down]]
max-on: {up: 20s}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	panel := sim.New(board)
	clock := clocktest.New() // the program has a clock of its own
	lines, err := gpio.Open(board, panel, clock)
	if err != nil {
		fmt.Println(err)
		return
	}
	lines.Watch(func(c gpio.Change) {
		fmt.Printf("%v %s %t %q\n", c.At.Sub(clocktest.Start), c.Line, c.High, c.Why)
	})
	up, _ := lines.Out("up")
	down, _ := lines.Out("down")
	_ = lines.OnEdge("button", func(pressed bool, _ time.Time) {
		_ = up.Out(periph.Level(pressed))
	})

	panel.Push("button", true, "pushed")
	clock.Advance(10 * time.Millisecond) // shorter than the debounce
	panel.Push("button", false, "let go")
	panel.Push("button", true, "pushed")
	clock.Advance(time.Second)
	fmt.Println(down.Out(periph.High))
	clock.Advance(time.Minute)
	fmt.Println(lines.Close())
	// Output:
	// 30ms button true "pushed"
	// 30ms up true ""
	// gpio: line down is not turned on while up is on: the board says never; turn up off first
	// 20.03s up false "max-on 20s"
	// <nil>
}

// A level counts once it is stable. The caller has the clock.
func ExampleDebouncer() {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	d := gpio.NewDebouncer(20*time.Millisecond, false)
	for _, edge := range []struct {
		after time.Duration
		level bool
	}{{0, true}, {3 * time.Millisecond, false}, {5 * time.Millisecond, true}} {
		d, _ = d.Edge(edge.level, start.Add(edge.after))
	}
	deadline, waiting := d.Deadline()
	fmt.Println(d.Level(), deadline.Sub(start), waiting)
	d, changed := d.Edge(true, deadline)
	fmt.Println(d.Level(), changed)
	// Output:
	// false 25ms true
	// true true
}
