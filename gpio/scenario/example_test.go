package scenario_test

import (
	"fmt"
	"time"

	"signalbox/gpio"
	"signalbox/gpio/internal/clocktest"
	"signalbox/gpio/scenario"
	"signalbox/gpio/sim"
)

// A scenario pushes the lines of a simulated board at its times.
func Example() {
	board, err := gpio.ParseBoard("bell.yaml", []byte(`
name: bell
lines:
  bell:   {bcm: 17, direction: out, safe: off}
  button: {bcm: 5, direction: in, active-low: true, pull: up, debounce: 10ms}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	s, err := scenario.Parse("rings.yaml", []byte(`
- {at: 1s, press: button, hold: 200ms}
- {at: 3s, pin: button, pulses: 2}
- {at: 5s, fault: stuck, pin: bell, level: low}
- {end: 10s}
`), board)
	if err != nil {
		fmt.Println(err)
		return
	}
	panel := sim.New(board)
	clock := clocktest.New()
	lines, err := gpio.Open(board, panel, clock)
	if err != nil {
		fmt.Println(err)
		return
	}
	lines.Watch(func(c gpio.Change) {
		fmt.Println(c.At.Sub(clocktest.Start), c.Line, c.High, c.Why)
	})
	s.Schedule(clock, panel)
	clock.Advance(s.End())
	// Output:
	// 1.01s button true pushed
	// 1.21s button false let go
	// 3.01s button true pushed
	// 3.06s button false let go
	// 3.11s button true pushed
	// 3.16s button false let go
}

// A push outside of a scenario, such as one of a key, starts at once.
func ExamplePush_Do() {
	board, err := gpio.ParseBoard("coin.yaml", []byte("name: coin\nlines: {coin: {bcm: 5, direction: in}}\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	panel := sim.New(board)
	clock := clocktest.New()
	push := scenario.Push{Line: "coin", Kind: scenario.Pulses, Count: 4}
	push.Do(clock, panel)
	clock.Advance(20 * time.Millisecond)
	fmt.Println(panel.Level("coin"), push.End())
	// Output: true 350ms
}
