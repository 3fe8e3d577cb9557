package sim_test

import (
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	periph "periph.io/x/conn/v3/gpio"

	"signalbox/gpio"
	"signalbox/gpio/internal/clocktest"
	"signalbox/gpio/sim"
)

const benchBoard = `
name: bench
lines:
  lamp:   {bcm: 17, direction: out, safe: off}
  valve:  {bcm: 27, direction: out, active-low: true, safe: on}
  button: {bcm: 5, direction: in, active-low: true, pull: up}
  beam:   {bcm: 6, direction: in, pull: down}
  closed: {bcm: 7, direction: in, pull: up}
  bare:   {bcm: 8, direction: in, active-low: true}
`

func newPanel(t *testing.T) *sim.Panel {
	t.Helper()
	board, err := gpio.ParseBoard("bench.yaml", []byte(benchBoard))
	if err != nil {
		t.Fatal(err)
	}
	return sim.New(board)
}

func check(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Error(err)
	}
}

// A bench is an open board on simulated lines.
type bench struct {
	*gpio.Lines
	panel   *sim.Panel
	clock   *clocktest.Clock
	changes []string
}

func open(t *testing.T) *bench {
	t.Helper()
	b := &bench{panel: newPanel(t), clock: clocktest.New()}
	var err error
	if b.Lines, err = gpio.Open(b.panel.Board(), b.panel, b.clock); err != nil {
		t.Fatal(err)
	}
	b.Watch(func(c gpio.Change) { b.changes = append(b.changes, fmt.Sprintf("%s %t %s", c.Line, c.High, c.Why)) })
	return b
}

func (b *bench) expect(t *testing.T, want ...string) {
	t.Helper()
	b.clock.Advance(0)
	if diff := cmp.Diff(want, b.changes); diff != "" {
		t.Errorf("changes (-want +got):\n%s", diff)
	}
	b.changes = nil
}

func (b *bench) set(t *testing.T, line string, high bool) {
	t.Helper()
	p, err := b.Out(line)
	if err != nil {
		t.Fatal(err)
	}
	check(t, p.Out(periph.Level(high)))
}

func TestInputsThatNothingDrivesAreWhereTheirPullsTakeThem(t *testing.T) {
	b := open(t)
	want := []gpio.LineLevel{
		{Line: "lamp", Direction: gpio.Out},
		{Line: "valve", Direction: gpio.Out, High: true},
		{Line: "button", Direction: gpio.In},
		{Line: "beam", Direction: gpio.In},
		{Line: "closed", Direction: gpio.In, High: true},
		{Line: "bare", Direction: gpio.In},
	}
	if diff := cmp.Diff(want, b.Levels()); diff != "" {
		t.Errorf("levels (-want +got):\n%s", diff)
	}
}

func TestPushesTravelThroughTheClock(t *testing.T) {
	b := open(t)
	b.panel.Drive("beam", true)
	button, err := b.panel.Pin("button")
	check(t, err)
	button.Push(periph.Low)
	if len(b.changes) > 0 {
		t.Errorf("changes before the clock went on: %v", b.changes)
	}
	b.expect(t, "beam true world", "button true pushed")
	b.panel.Drive("beam", true) // it is there already
	button.Release()
	b.expect(t, "button false let go")
	b.panel.Drive("no such line", true)
	b.panel.Drive("lamp", true)
	b.expect(t)
	if b.panel.Level("lamp") {
		t.Error("an output was driven from outside")
	}
}

func TestOutsideSeesOutputs(t *testing.T) {
	b := open(t)
	var seen []string
	see := func(line string) {
		b.panel.OnOutput(line, func(high bool) { seen = append(seen, fmt.Sprintf("%s %t", line, high)) })
	}
	see("lamp")
	see("valve") // is on already
	see("button")
	see("no such line")
	b.set(t, "lamp", true)
	b.set(t, "lamp", true)
	b.set(t, "valve", false)
	b.panel.Drive("button", true)
	if diff := cmp.Diff([]string{"valve true", "lamp true", "valve false"}, seen); diff != "" {
		t.Errorf("seen outside (-want +got):\n%s", diff)
	}
	valve, err := b.panel.Pin("valve")
	check(t, err)
	if valve.Outside() != periph.High || b.panel.Level("valve") || valve.Function() != "Out/High" {
		t.Errorf("an active-low line that is off is physically %s, logically %t", valve.Outside(), b.panel.Level("valve"))
	}
}

func TestStuckInputKeepsWhatIsPushedForLater(t *testing.T) {
	b := open(t)
	check(t, b.panel.Stick("button", true))
	b.expect(t, "button true stuck")
	b.panel.Drive("button", true)
	b.panel.Drive("button", false)
	b.expect(t)
	b.panel.Drive("button", true)
	check(t, b.panel.Stick("button", false))
	b.expect(t, "button false stuck")
	check(t, b.panel.Clear("button"))
	b.expect(t, "button true fault cleared")
}

func TestStuckOutputTakesWritesAndDoesNotMove(t *testing.T) {
	b := open(t)
	moved := 0
	b.panel.OnOutput("lamp", func(bool) { moved++ })
	check(t, b.panel.Stick("lamp", false))
	b.set(t, "lamp", true)
	if b.panel.Level("lamp") || b.panel.ReadBack("lamp") || moved > 0 {
		t.Errorf("stuck lamp: seen %t, reads back %t, moved %d times", b.panel.Level("lamp"), b.panel.ReadBack("lamp"), moved)
	}
	check(t, b.panel.Clear("lamp"))
	if !b.panel.Level("lamp") || moved != 1 {
		t.Errorf("after the fault: seen %t, moved %d times; want true, once", b.panel.Level("lamp"), moved)
	}
}

func TestMisreadOutputMovesAndReadsBackWrong(t *testing.T) {
	b := open(t)
	check(t, b.panel.Misread("lamp"))
	for _, high := range []bool{true, false} {
		b.set(t, "lamp", high)
		if b.panel.Level("lamp") != high || b.panel.ReadBack("lamp") == high {
			t.Errorf("lamp %t: seen %t, reads back %t", high, b.panel.Level("lamp"), b.panel.ReadBack("lamp"))
		}
	}
	check(t, b.panel.Clear("lamp"))
	if b.panel.ReadBack("lamp") {
		t.Error("it reads back wrong after the fault")
	}
}

func TestBrokenOutputFails(t *testing.T) {
	b := open(t)
	check(t, b.panel.Break("lamp"))
	lamp, err := b.Out("lamp")
	check(t, err)
	if err := lamp.Out(periph.High); err == nil || b.panel.Level("lamp") {
		t.Errorf("got %v, lamp %t; want an error and no light", err, b.panel.Level("lamp"))
	}
	check(t, b.panel.Clear("lamp"))
	check(t, lamp.Out(periph.High))
}

func TestHeldLineCannotBeClaimed(t *testing.T) {
	for holder, want := range map[string]string{
		"pigpiod": `gpio: line button (GPIO5): held by "pigpiod"; stop it, or use another line`,
		"":        "gpio: line button (GPIO5): held by another program or by the kernel; `gpioinfo` says which: stop it, or use another line",
	} {
		panel := newPanel(t)
		check(t, panel.Hold("button", holder))
		_, err := gpio.Open(panel.Board(), panel, clocktest.New())
		if err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
		if !panel.Level("valve") || panel.Level("lamp") {
			t.Error("outputs were not left at their safe levels")
		}
		check(t, panel.Clear("button"))
		lines, err := gpio.Open(panel.Board(), panel, clocktest.New())
		if err != nil {
			t.Fatalf("once the line is free: %v", err)
		}
		var busy *gpio.BusyError
		if _, err := gpio.Open(panel.Board(), panel, clocktest.New()); !errors.As(err, &busy) {
			t.Errorf("a board that is open: got %v, want a BusyError", err)
		}
		check(t, lines.Close())
	}
}

func TestFaultOfALineThatIsMissing(t *testing.T) {
	panel := newPanel(t)
	for _, err := range []error{
		panel.Stick("lmap", true), panel.Misread("lmap"), panel.Break("lmap"), panel.Hold("lmap", ""), panel.Clear("lmap"),
	} {
		if want := `gpio: board bench: no line "lmap"; did you mean "lamp"?`; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if panel.Level("lmap") || panel.ReadBack("lmap") {
		t.Error("a line that is missing is on")
	}
}

func TestPinIsAPeriphPin(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		panel := newPanel(t)
		p, err := panel.Pin("beam")
		check(t, err)
		if got := fmt.Sprintf("%s %s %d %q", p, p.Name(), p.Number(), p.Function()); got != `GPIO6 GPIO6 6 ""` {
			t.Errorf("got %s", got)
		}
		check(t, p.In(periph.PullUp, periph.RisingEdge))
		if p.Read() != periph.High || p.Pull() != periph.PullUp || p.Function() != "In/High" {
			t.Errorf("with a pull-up: %s, %s, %s", p.Read(), p.Pull(), p.Function())
		}
		p.Push(periph.Low)
		p.Push(periph.High)
		if !p.WaitForEdge(-1) {
			t.Error("the edge before the call was not seen")
		}
		began := time.Now()
		if p.WaitForEdge(time.Second) || time.Since(began) != time.Second {
			t.Errorf("the wait ended after %s, want a timeout after 1s", time.Since(began))
		}
		go func() {
			time.Sleep(time.Minute)
			p.Push(periph.Low) // no rising edge
			time.Sleep(time.Minute)
			p.Push(periph.High)
		}()
		began = time.Now()
		if !p.WaitForEdge(-1) || time.Since(began) != 2*time.Minute {
			t.Errorf("the wait ended after %s, want an edge after 2m", time.Since(began))
		}
		go func() {
			time.Sleep(time.Second)
			check(t, p.Halt())
		}()
		if p.WaitForEdge(-1) {
			t.Error("Halt counted as an edge")
		}
		check(t, p.Out(periph.Low))
		if p.Read() != periph.Low || p.Function() != "Out/Low" || p.PWM(periph.DutyHalf, 0) == nil {
			t.Errorf("as an output: %s, %s", p.Read(), p.Function())
		}
	})
}
