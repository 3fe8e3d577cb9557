package sim_test

import (
	"fmt"

	periph "periph.io/x/conn/v3/gpio"

	"signalbox/gpio"
	"signalbox/gpio/internal/clocktest"
	"signalbox/gpio/sim"
)

// A Panel is the driver of a simulated board and its outside: a test or a simulated world reads outputs and pushes inputs.
func Example() {
	board, err := gpio.ParseBoard("pump.yaml", []byte(`
name: pump
lines:
  pump:  {bcm: 17, direction: out, safe: off}
  float: {bcm: 5, direction: in, active-low: true, pull: up}
`))
	if err != nil {
		fmt.Println(err)
		return
	}
	panel := sim.New(board)
	panel.OnOutput("pump", func(on bool) {
		fmt.Println("pump", on)
		panel.Drive("float", on) // the water rises at once
	})
	clock := clocktest.New()
	lines, err := gpio.Open(board, panel, clock)
	if err != nil {
		fmt.Println(err)
		return
	}
	pump, _ := lines.Out("pump")
	float, _ := lines.In("float")

	_ = pump.Out(periph.High)
	clock.Advance(0) // the edge of float travels by the clock
	fmt.Println("float", float.Read())
	_ = lines.Close()
	// Output:
	// pump true
	// float High
	// pump false
}

// Faults show what a machine does when its hardware fails.
func ExamplePanel_Stick() {
	board, err := gpio.ParseBoard("lamp.yaml", []byte("name: lamp\nlines: {lamp: {bcm: 17, direction: out, safe: off}}\n"))
	if err != nil {
		fmt.Println(err)
		return
	}
	panel := sim.New(board)
	lines, err := gpio.Open(board, panel, clocktest.New())
	if err != nil {
		fmt.Println(err)
		return
	}
	lamp, _ := lines.Out("lamp")

	_ = panel.Stick("lamp", false)
	fmt.Println(lamp.Out(periph.High))
	on, _ := lines.ReadBack("lamp")
	fmt.Println("lit:", on)
	_ = panel.Clear("lamp")
	_ = panel.Break("lamp")
	fmt.Println(lamp.Out(periph.Low))
	// Output:
	// <nil>
	// lit: false
	// gpio: line lamp (GPIO17): sim: input/output error (a simulated fault)
}
