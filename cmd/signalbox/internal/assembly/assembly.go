package assembly

import (
	"context"
	"errors"
	"fmt"
	"time"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/mock"
	"signalbox/asl/services"
	"signalbox/gpio"
	"signalbox/gpio/scenario"
	"signalbox/gpio/sim"
	"signalbox/machines"
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

	free     map[string]time.Time // by line, when its next push by a key may begin
	restarts int                  // after power cuts

	life    lifecycle
	why     string // why the run was stopped; "" if it was not
	failure error  // what went wrong beside the execution
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
	a.life.entered = func() {
		if a.life.state.Final() {
			a.clock.Stop()
		}
	}
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
		a.clock.AfterFunc(o.Scenario.End(), func() { a.stop(stopRequested, "the scenario is over") })
	}
	if a.data != nil {
		if a.control, err = listen(a.data.dir, a.operate); err != nil {
			return nil, err
		}
	}
	if o.Length > 0 {
		a.clock.AfterFunc(o.Length, func() { a.stop(stopRequested, fmt.Sprintf("%v are over", o.Length)) })
	}
	return a, nil
}

// stop stops the run, once: later reasons are ignored. The execution, if it still runs, is aborted. It is for the clock's
// goroutine.
func (a *Assembly) stop(t transition, why string) {
	if !a.life.fire(t) {
		return
	}
	a.why = why
	if s := a.life.state; s == StateStopping || s == StateClearing {
		a.run.Stop(ErrEnded, why)
	}
}

// fail records what went wrong beside the execution; nil is ignored. The run goes on.
func (a *Assembly) fail(err error) { a.failure = errors.Join(a.failure, err) }

// Run runs the clock until the execution has ended, nothing more can happen, or ctx ends, and takes the outputs to their safe
// levels on every way out, a panic included. It returns what went wrong beside the execution.
func (a *Assembly) Run(ctx context.Context) error {
	why := "a fault in the program"
	defer func() {
		if err := a.close(why); a.failure == nil {
			a.fail(err)
		}
	}()
	if err := a.clock.Run(ctx); err != nil {
		a.stop(interrupted, "somebody ended it: "+err.Error())
	} else {
		a.life.fire(ranDry)
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

// Result is the end of a run as an error: nil if the execution succeeded or the run was stopped.
func (a *Assembly) Result() error {
	x := a.run.Snapshot()
	switch {
	case a.fault() != nil:
		return errors.Join(a.fault(), a.failure)
	case a.failure != nil:
		return a.failure
	case a.life.state == StateStalled:
		state := "nothing"
		if p := x.Positions(); len(p) > 0 {
			state = p[len(p)-1].State.Name
		}
		return fmt.Errorf("the machine waits in %s for something that nobody will do: push its lines with --scenario, "+
			"end it with --for, or run it on a terminal", state)
	case a.life.state.Stopped() || x.Status == asl.StatusSucceeded:
		return nil
	default:
		return fmt.Errorf("the execution ended as %v: %w", x.Status, x.Failure)
	}
}
