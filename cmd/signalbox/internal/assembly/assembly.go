package assembly

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"time"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/mock"
	"signalbox/asl/services"
	"signalbox/gpio"
	"signalbox/gpio/cdev"
	"signalbox/gpio/scenario"
	"signalbox/gpio/sim"
	"signalbox/machines"
	"signalbox/machines/direct"
	"signalbox/machines/ledger"
	"signalbox/machines/monitor"
)

// ErrEnded is the error name of an execution that was ended from outside: by --for, a scenario's end, or a person.
const ErrEnded = "Run.Ended"

// An Config is what is to be put together: everything is read and checked before anything is opened.
type Config struct {
	Target   *Target
	Board    *gpio.Board        // nil: the definition moves no lines
	Scenario *scenario.Scenario // nil: none
	Mocks    *mock.Case         // nil: none
	Services *services.Mapping  // nil: none
	Input    any
	Objects  engine.Objects // nil: none
	Settings machines.Settings
	Data     string // the folder for what must outlive the process; "": it is forgotten
	Driver   string
	Speed    float64
	Length   time.Duration // 0: until the machine ends
	Seed     uint64
	// attended says that somebody may push lines while it runs: then waiting for ever is nothing wrong.
	Attended bool
	// A test brings its own lines, clock and view of the ledger. Nil: those that driver and data ask for.
	Pins   gpio.Driver
	Clock  *engine.Clock
	Ledger func(machines.Ledger) machines.Ledger
}

// Real reports whether it is done in real time.
func (o *Config) Real() bool { return o.Driver == "gpio" || o.Target.Real() }

// An Assembly is a machine put together: engine, plant, lines, world and clock. There is one clock, and what is here belongs
// to the goroutine that runs it.
type Assembly struct {
	config   Config
	clock    *engine.Clock
	driver   gpio.Driver // nil without a board
	panel    *sim.Panel  // nil with real lines
	lines    *gpio.Lines // nil without a board
	rig      *machines.Rig
	world    machines.World
	backend  machines.Backend   // nil: the machine has lines, or there is none
	services *services.Services // nil: no service is answered for
	run      *engine.Run
	recorder *recorder
	data     *DataFolder      // nil: nothing is kept
	books    machines.Ledger  // nil: the plant keeps none
	ledger   *ledger.File     // nil: in memory, or none
	control  *control         // nil without data
	monitor  *monitor.Monitor // nil where nothing is watched
	latch    keeper           // of the monitor
	cleared  bool             // somebody has cleared the monitor's fault

	free map[string]time.Time // by line, when its next push by a key may begin

	dark     bool // the power is off
	restarts int

	ended   *asl.Execution // nil while it runs
	enough  string         // why the run was ended from outside: "" if it was not
	failure error          // something beside the execution went wrong
}

// Open opens the lines, starts the world and the plant, and makes the execution ready to begin with the clock. Tell is
// told everything that happens.
func Open(o Config, tell func(LogEvent)) (_ *Assembly, err error) {
	a := &Assembly{config: o, free: map[string]time.Time{}}
	switch {
	case o.Clock != nil:
		a.clock = o.Clock
	case o.Real():
		a.clock = engine.NewReal()
	default:
		a.clock = engine.NewSimulated(engine.Epoch, o.Speed)
	}
	a.recorder = newRecorder(a.clock, tell)
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close("not started"))
		}
	}()
	if o.Data != "" {
		if a.data, err = OpenData(o.Data); err != nil {
			return nil, err
		}
	}
	if err := a.keepBooks(); err != nil {
		return nil, err
	}
	switch {
	case o.Board != nil:
		err = a.open()
	case o.Target.Real():
		err = a.openBackend()
	}
	if err != nil {
		return nil, err
	}
	if o.Services != nil {
		if err = a.openServices(); err != nil {
			return nil, err
		}
	}
	if err := a.begin(); err != nil {
		return nil, err
	}
	if o.Scenario != nil {
		o.Scenario.Schedule(a.clock, a.panel)
		a.clock.AfterFunc(o.Scenario.End(), func() { a.end("the scenario is over") })
	}
	if a.data != nil {
		if a.control, err = listen(a.data.dir, a.operate); err != nil {
			return nil, err
		}
	}
	if o.Length > 0 {
		a.clock.AfterFunc(o.Length, func() { a.end(fmt.Sprintf("%v are over", o.Length)) })
	}
	return a, nil
}

// begin is what happens when the power is switched on: the lines are opened, the plant begins with its ledger and a new
// execution at StartAt.
func (a *Assembly) begin() error {
	o := a.config
	handlers := map[string]engine.Handler{}
	if o.Board != nil {
		if err := a.connect(handlers); err != nil {
			return err
		}
	}
	if a.backend != nil {
		for _, activity := range o.Target.BuiltIn.Activities {
			handlers[activity] = a.backend.Handler(activity)
		}
	}
	e := engine.New(engine.Options{
		Clock: a.clock, Handlers: handlers, Other: a.mocked(handlers), Objects: a.config.Objects, Observer: a.recorder,
	})
	const account = "arn:aws:states:us-east-1:123456789012:"
	name := o.Target.Name
	run := "run"
	if a.restarts > 0 {
		run = fmt.Sprintf("run-%d", a.restarts+1)
	}
	var err error
	a.run, err = e.Start(o.Target.Machine, asl.Identity{
		Name: run, ID: account + "execution:" + name + ":" + run,
		StateMachineName: name, StateMachineID: account + "stateMachine:" + name,
		RoleARN: "arn:aws:iam::123456789012:role/signalbox", Seed: o.Seed,
	}, o.Input, func(x asl.Execution) {
		if a.dark {
			return
		}
		a.ended = &x
		if a.rig != nil {
			a.rig.Release(x.Identity().Name)
		}
		if !a.goesOn() {
			a.clock.Stop()
		}
	})
	return err
}

// power is what a scenario does to the program: everything is forgotten that is not in the ledger, the outputs go to their
// safe level, and the world goes on; later it begins anew.
func (a *Assembly) power(on bool) {
	switch {
	case on == !a.dark || a.enough != "" || a.ended != nil && !a.goesOn():
		return
	case !on:
		a.dark = true
		if a.monitor != nil {
			a.monitor.Close()
			a.monitor = nil // its latch stays
		}
		if a.rig != nil {
			a.rig.Drop()
		}
		if a.ended == nil {
			a.run.Stop("Power.Cut", "the power is off")
		}
		a.ended = nil
		if err := a.lines.Close(); err != nil {
			a.failure = err
		}
		return
	}
	a.dark = false
	a.restarts++
	if err := a.begin(); err != nil {
		a.failure = err
		a.clock.Stop()
	}
}

// keepBooks opens the ledger of a plant that keeps one: in the data folder, else in memory.
func (a *Assembly) keepBooks() (err error) {
	switch {
	case !a.config.Target.recovers():
		return nil
	case a.data == nil:
		a.books = &ledger.Memory{}
		return nil
	}
	if a.ledger, err = ledger.Open(filepath.Join(a.data.dir, ledger.Name), a.config.Target.BuiltIn.Name); err != nil {
		return err
	}
	a.books = a.ledger
	if a.config.Ledger != nil {
		a.books = a.config.Ledger(a.books)
	}
	return nil
}

// open makes the driver of the board's lines, with the world behind them in a simulation.
func (a *Assembly) open() error {
	m := a.config.Target.BuiltIn
	switch {
	case a.config.Pins != nil:
		a.driver = a.config.Pins
	case a.config.Driver == "gpio":
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

// connect opens the lines and the plant behind them, and fills in who answers which activity.
func (a *Assembly) connect(handlers map[string]engine.Handler) error {
	m := a.config.Target.BuiltIn
	var err error
	if a.lines, err = gpio.Open(a.config.Board, a.driver, a.clock); err != nil {
		return err
	}
	a.lines.Watch(func(c gpio.Change) {
		a.recorder.pin(c)
		a.tripped(c)
	})
	for _, l := range a.lines.Levels() {
		if l.Direction == gpio.Out && l.High {
			a.recorder.pin(gpio.Change{Line: l.Line, Direction: gpio.Out, High: true, At: a.clock.Now(), Why: "safe level"})
		}
	}
	a.lines.OnFault(func(line string, err error) {
		a.failure = fmt.Errorf("line %s: %w", line, err)
		a.end("a line failed")
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
		Ledger: a.books,
		Plant:  m.Plant, Lines: a.lines, Outputs: outputs, Inputs: inputs, Clock: a.clock,
		Observe: func(why string, notes []machines.Note) {
			a.recorder.plant(why, notes)
			if a.monitor != nil {
				a.monitor.Feed()
			}
		},
	}); err != nil {
		return err
	}
	if world, ok := a.world.(machines.Refillable); ok && a.ledger != nil && a.restarts == 0 {
		world.Restock(a.rig.State())
	}
	if m.Watch != nil {
		a.watch(m.Watch)
	}
	for _, activity := range m.Activities {
		handlers[activity] = a.rig.Handler(activity)
	}
	return nil
}

// servicesFile is where a run keeps tables and queues, in its folder, if their mapping names no file.
const servicesFile = "services.db"

// openServices opens what answers for AWS's services.
func (a *Assembly) openServices() (err error) {
	file := a.config.Services.Store()
	if file == "" && a.config.Data != "" {
		file = filepath.Join(a.config.Data, servicesFile)
	}
	a.services, err = services.Open(a.config.Services, file, a.clock)
	return err
}

// openBackend opens what a machine without lines works on.
func (a *Assembly) openBackend() (err error) {
	note := func(text string) { a.recorder.plant("", []machines.Note{{Text: text}}) }
	a.backend, err = a.config.Target.BuiltIn.Open(a.config.Settings, machines.RunContext{Clock: a.clock, Note: note, Data: a.config.Data})
	return err
}

// mocked puts the test case before the handlers, and returns who answers the Tasks that have none.
func (a *Assembly) mocked(handlers map[string]engine.Handler) engine.Handler {
	var other engine.Handler
	if a.services != nil {
		other = a.services
	}
	if a.config.Mocks == nil {
		return other
	}
	if a.config.Board == nil {
		for _, activity := range direct.Activities() {
			handlers[activity] = engine.HandlerFunc(func(t engine.Task) (any, string, string) {
				return nil, asl.ErrRuntime, fmt.Sprintf("State '%s' moves lines: give it a response in the test case, or name the board "+
					"that has its lines with --board FILE", t.State)
			})
		}
	}
	player := a.config.Mocks.Play()
	for activity, h := range handlers {
		handlers[activity] = player.Before(h)
	}
	if other != nil {
		return player.Before(other)
	}
	return player
}

// tripped takes a plant out of work whose line max-on has turned off: what the plant believes of its lines is not so any
// more.
func (a *Assembly) tripped(c gpio.Change) {
	if a.rig == nil || c.Direction != gpio.Out || c.High {
		return
	}
	pin, err := a.lines.Out(c.Line)
	if out, ok := pin.(*gpio.OutPin); err == nil && ok && out.Tripped() {
		// Not within the change itself, which others still have to hear of.
		a.clock.Post(func() { a.rig.Break(fmt.Errorf("line %s: %s has turned it off below the plant", c.Line, c.Why)) })
	}
}

// plantLines lists the lines that a built-in machine works with: those of its own board.
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

// FitBoard checks that a user's board has the lines that a built-in machine works with, safe as they must be, and returns
// it with the rules of the machine's own board added: what must never be does not become possible by other wiring.
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
		case want.MaxOn > 0 && (has.MaxOn == 0 || has.MaxOn > want.MaxOn):
			has.MaxOn = want.MaxOn
		}
	}
	fitted.Never = append(slices.Clone(board.Never), own.Never...)
	return &fitted, errors.Join(faults...)
}

// end stops the execution from outside, once. It is for the clock's goroutine.
func (a *Assembly) end(why string) {
	if a.enough != "" {
		return
	}
	a.enough = why
	if a.ended == nil && !a.dark {
		a.run.Stop(ErrEnded, why)
	} else { // the power is off, or the monitor has been flashing
		a.clock.Stop()
	}
}

// Run runs the clock until the execution has ended, nothing more can happen, or ctx ends, and takes the outputs to their safe
// levels on every way out, a panic included. It returns what went wrong beside the execution.
func (a *Assembly) Run(ctx context.Context) error {
	why := "a fault in the program"
	defer func() {
		if err := a.close(why); err != nil && a.failure == nil {
			a.failure = err
		}
	}()
	err := a.clock.Run(ctx)
	switch {
	case a.ended != nil:
	case err != nil:
		a.end("somebody ended it: " + err.Error())
	default:
		a.enough = "nothing more can happen"
	}
	why = "the run is over"
	return nil
}

// close takes the outputs to their safe levels first; the folder is given up last.
func (a *Assembly) close(why string) (err error) {
	if a.monitor != nil {
		a.monitor.Close()
	}
	if a.lines != nil {
		err = errors.Join(a.lines.Safe(why), a.lines.Close())
	}
	if a.services != nil {
		err = errors.Join(err, a.services.Close())
	}
	if a.backend != nil {
		err = errors.Join(err, a.backend.Close())
	}
	if a.control != nil {
		err = errors.Join(err, a.control.close())
	}
	if a.ledger != nil {
		err = errors.Join(err, a.ledger.Close())
	}
	if a.data != nil {
		err = errors.Join(err, a.data.Close())
	}
	return err
}

// operate is the operator of the control socket: it puts an operation to the plant, on the clock's goroutine.
func (a *Assembly) operate(operation string, input any, answer func(any, *asl.Error)) {
	if operation == OpClearFault {
		a.clock.Interject(func() { a.clearFault(input, answer) })
		return
	}
	m := a.config.Target.BuiltIn
	if m == nil || !slices.Contains(m.Operations, operation) {
		answer(nil, &asl.Error{Name: "Operation.Unknown", Cause: fmt.Sprintf("the machine that runs has no operation %q", operation)})
		return
	}
	a.clock.Interject(func() {
		a.rig.Operate(operation, input, operated(func(output any, err *asl.Error) {
			if world, ok := a.world.(machines.Refillable); ok && err == nil {
				world.Apply(operation, input)
			}
			answer(output, err)
		}))
	})
}

// operated is the Reply to an operator.
type operated func(output any, err *asl.Error)

func (f operated) Succeed(output any)      { f(output, nil) }
func (f operated) Fail(name, cause string) { f(nil, &asl.Error{Name: name, Cause: cause}) }
func (operated) Heartbeat()                {}
func (operated) Submit(any)                {}

// Result is the end of a run as an error: nil if the execution succeeded or was ended from outside.
func (a *Assembly) Result() error {
	switch {
	case a.flashes() && !a.cleared:
		return errors.Join(a.latched(a.monitor.Fault()), a.failure)
	case a.failure != nil:
		return a.failure
	case a.dark, a.cleared:
		return nil
	case a.ended == nil:
		x := a.run.Snapshot()
		state := "nothing"
		if p := x.Positions(); len(p) > 0 {
			state = p[len(p)-1].State.Name
		}
		return fmt.Errorf("the machine waits in %s for something that nobody will do: push its lines with --scenario, "+
			"end it with --for, or run it on a terminal", state)
	case a.enough != "" || a.ended.Status == asl.StatusSucceeded:
		return nil
	default:
		return fmt.Errorf("the execution ended as %v: %w", a.ended.Status, a.ended.Failure)
	}
}
