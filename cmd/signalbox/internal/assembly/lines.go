package assembly

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"signalbox/asl/engine"
	"signalbox/gpio"
	"signalbox/gpio/cdev"
	"signalbox/gpio/sim"
	"signalbox/machines"
	"signalbox/machines/direct"
)

// openDriver opens the driver of the board's lines; in a simulation with the world behind them.
func (a *Assembly) openDriver() error {
	m := a.config.Definition.BuiltIn
	switch {
	case a.config.Pins != nil:
		a.driver = a.config.Pins
	case a.config.Driver == DriverGPIO:
		host, err := cdev.Open()
		if err != nil {
			return UsageError{err}
		}
		a.driver = host
	default:
		a.panel = sim.New(a.config.Board)
		a.driver = a.panel
		a.panel.OnPower(a.power)
		if m != nil && m.World != nil {
			a.world = m.World(a.panel, a.clock, a.config.Seed)
		}
	}
	return nil
}

// openLines opens the board's lines, the plant and the monitor behind them, and adds their activities to handlers.
func (a *Assembly) openLines(handlers map[string]engine.Handler) error {
	m := a.config.Definition.BuiltIn
	var err error
	if a.lines, err = gpio.Open(a.config.Board, a.driver, a.clock); err != nil {
		return err
	}
	a.unpowered = false
	a.lines.Watch(func(c gpio.Change) {
		a.recorder.pin(c)
		a.checkMaxOn(c)
	})
	for _, l := range a.lines.Levels() {
		if l.Direction == gpio.Out && l.High {
			a.recorder.pin(gpio.Change{Line: l.Line, Direction: gpio.Out, High: true, At: a.clock.Now(), Why: "safe level"})
		}
	}
	a.lines.OnFault(func(line string, err error) {
		a.fail(fmt.Errorf("line %s: %w", line, err))
		a.stop(stopRequested, "a line failed")
	})
	if m == nil {
		maps.Copy(handlers, direct.Handlers(a.lines, a.clock))
		return nil
	}
	outputs, inputs, err := plantLines(m)
	if err != nil {
		return err
	}
	if a.rig, err = machines.NewRig(machines.RigConfig{
		Ledger: a.ledger, Background: a.background(),
		Plant: m.Plant, Lines: a.lines, Outputs: outputs, Inputs: inputs, Clock: a.clock,
		Observe: func(why string, notes []machines.Note) {
			a.recorder.plant(why, notes)
			if a.monitor != nil {
				a.monitor.Feed()
			}
		},
	}); err != nil {
		return err
	}
	if world, ok := a.world.(machines.Refillable); ok && a.ledgerFile != nil && a.restarts == 0 {
		world.Restock(a.rig.State())
	}
	if m.Watch != nil {
		if err := a.watch(m.Watch); err != nil {
			return err
		}
	}
	for _, activity := range m.Activities {
		handlers[activity] = a.rig.Handler(activity)
	}
	return nil
}

// background returns how the ledger is written while the clock goes on. In a simulation it is nil: a write takes no time.
func (a *Assembly) background() func(write, done func()) {
	if !a.config.RealTime() {
		return nil
	}
	return func(write, done func()) {
		ready := a.clock.Reserve(done)
		a.writes.Go(func() {
			write()
			ready()
		})
	}
}

// checkMaxOn breaks the rig if max-on has turned off the line that changed: the plant's state no longer agrees with its lines.
func (a *Assembly) checkMaxOn(c gpio.Change) {
	if a.rig == nil || c.Direction != gpio.Out || c.High {
		return
	}
	pin, err := a.lines.Out(c.Line)
	if out, ok := pin.(*gpio.OutPin); err == nil && ok && out.TripReason() != "" {
		// Not at once: other watchers have not seen the change yet.
		a.clock.Post(func() { a.rig.Break(fmt.Errorf("line %s: %s has turned it off below the plant", c.Line, c.Why)) })
	}
}

// plantLines lists the lines that a built-in machine uses: those of its own board.
func plantLines(m *machines.Machine) (outputs, inputs []string, err error) {
	board, err := gpio.ParseBoard(m.Name, m.Board)
	if err != nil {
		return nil, nil, err
	}
	for _, l := range board.Outputs() {
		outputs = append(outputs, l.Name)
	}
	for _, l := range board.Inputs() {
		inputs = append(inputs, l.Name)
	}
	return outputs, inputs, nil
}

// FitBoard checks that a user's board, read from file, has the lines that a built-in machine uses, in the same directions and with
// the same safe levels. It returns a copy of the board with the rules of the machine's own board added: a user's wiring can
// forbid more, and allow nothing.
func FitBoard(m *machines.Machine, file string, board *gpio.Board) (*gpio.Board, error) {
	own, err := gpio.ParseBoard(m.Name, m.Board)
	if err != nil {
		return nil, err
	}
	var faults []error
	fault := func(format string, args ...any) {
		faults = append(faults, fmt.Errorf("%s: the %s machine "+format, append([]any{file, m.Name}, args...)...))
	}
	fitted := *board
	fitted.Lines = slices.Clone(board.Lines)
	for _, want := range own.Lines {
		i := slices.IndexFunc(fitted.Lines, func(l gpio.Line) bool { return l.Name == want.Name })
		if i < 0 {
			_, err := board.Line(want.Name)
			fault("needs it: %w", err)
			continue
		}
		switch has := &fitted.Lines[i]; {
		case has.Direction != want.Direction:
			fault("needs line %s as direction %v, not %v", want.Name, want.Direction, has.Direction)
		case has.Safe != want.Safe:
			fault("needs line %s with the safe level %s", want.Name, map[bool]string{true: "on", false: "off"}[want.Safe])
		default:
			*has = has.Restrict(want)
		}
	}
	fitted.Never = append(slices.Clone(board.Never), own.Never...)
	return &fitted, errors.Join(faults...)
}
