// Package assembly puts a machine together and runs it: engine, plant, lines, world, monitor, data folder and operators, all on
// one clock. The subcommands of signalbox differ in what they ask for and in what they print.
//
//	[Definition]  what to run, and the built-in machine whose plant it commands
//	[Config]      everything that a run consists of, read and checked
//	[Open]        opens it: lines, ledger, world, plant, execution, control socket
//	[Assembly]    what is open; [Assembly.Run] runs it, and the outputs are safe when that returns
//	[LogEvent]    something that happened: an entry of the history, a line's change, a note
//	[Output]      prints events without ever holding up the clock
//	[RunState]    how far a run has come
//	[View]        what a screen shows
//	[Ask]         sends an operator's operation to the process that holds a data folder
package assembly

import (
	"context"
	"errors"
	"fmt"
	"sync"
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

// ErrEnded is the error name of an execution that was aborted because the run was stopped: by a signal, --for, the end of a
// scenario, an operator.
const ErrEnded = "Run.Ended"

// The drivers of lines.
const (
	DriverSim  = "sim"  // simulated lines, simulated time
	DriverGPIO = "gpio" // the host's lines, in real time
)

// A Config is everything that a run consists of. It has been read and checked; nothing is open yet.
type Config struct {
	Definition *Definition
	Board      *gpio.Board        // nil: the definition moves no lines
	Scenario   *scenario.Scenario // pushes of simulated lines; the run stops at its end. Nil: none
	Mocks      *mock.Case         // nil: none
	Services   *services.Mapping  // nil: none
	Input      any                // of the execution, a value of package asl/value
	Objects    engine.Objects     // of distributed Maps; nil: there are none
	Settings   machines.Settings  // of a machine without lines
	Data       string             // the folder for what must outlive the process; "": that is kept in memory
	Driver     string             // [DriverSim] or [DriverGPIO]
	Speed      float64            // simulation speed factor; 0: as fast as possible
	Duration   time.Duration      // the run stops after it; 0: it has no limit
	Seed       uint64             // of simulated randomness
	// Attended says that lines may be pushed while the run goes on: then a simulation that has nothing left to do waits.
	Attended bool

	// Output prints events. Nil: nothing is printed.
	Output *Output
	// Events is called with each event on the clock's goroutine, and must return at once. The event is valid until then. Nil:
	// events are only printed.
	Events func(*LogEvent)

	// Pins, Clock and Ledger are for tests that bring lines, a clock, or a view of the plant's ledger of their own. Nil: what
	// Driver, Speed and Data ask for.
	Pins   gpio.Driver
	Clock  *engine.Clock
	Ledger func(machines.Ledger) machines.Ledger
}

// RealTime reports whether the run is in real time.
func (c *Config) RealTime() bool { return c.Driver == DriverGPIO || c.Definition.RealTime() }

// An Assembly is a machine that is put together. Run runs the clock; the other methods are for the clock's goroutine, unless they
// say otherwise.
type Assembly struct {
	config     Config
	clock      *engine.Clock
	driver     gpio.Driver // nil without a board
	panel      *sim.Panel  // nil with real lines
	lines      *gpio.Lines // nil without a board; closed while the power is off
	rig        *machines.Rig
	world      machines.World
	backend    machines.Backend   // nil: the machine has lines, or there is none
	services   *services.Services // nil: no mapping is given
	run        *engine.Run        // the newest: each power-up begins one
	recorder   *recorder
	output     *outputQueue     // nil: nothing is printed
	data       *DataFolder      // nil: nothing outlives the process
	ledger     machines.Ledger  // nil: the plant keeps none
	ledgerFile *ledger.File     // nil: in memory, or none
	writes     sync.WaitGroup   // of the ledger, in the background
	control    *controlServer   // nil without data
	underWay   map[string]bool  // the keys of operators' requests that the plant has not answered yet
	monitor    *monitor.Monitor // nil where nothing is watched, and while the power is off
	latch      clearableLatch   // of the monitor

	nextPush  map[string]time.Time // by line, when its next push by a key may begin
	restarts  int                  // after power cuts
	unpowered bool                 // the lines are closed by a power cut

	life       lifecycle
	stopReason string // why the run was stopped; "" if it was not
	failure    error  // what went wrong beside the execution
}

// Open opens everything and makes the execution ready to begin when Run is called. If something cannot be opened, all that was
// is closed again, outputs at their safe levels. The error is a [UsageError] if the caller can mend it.
func Open(c Config) (_ *Assembly, err error) {
	a := &Assembly{config: c, nextPush: map[string]time.Time{}, underWay: map[string]bool{}}
	switch {
	case c.Clock != nil:
		a.clock = c.Clock
	case c.RealTime():
		a.clock = engine.NewReal()
	default:
		a.clock = engine.NewSimulated(engine.Epoch, c.Speed)
	}
	if c.Attended {
		a.clock.KeepOpen()
	}
	if c.Output != nil {
		a.output = newOutputQueue(*c.Output, a.clock.Suspend)
	}
	a.recorder = &recorder{clock: a.clock, emit: a.emit, failed: map[string]string{}}
	a.life.entered = func() {
		if a.life.state.Final() {
			a.clock.Stop()
		}
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, a.close("not started"), a.closeOutput(canceled()))
		}
	}()
	if err := a.openAll(); err != nil {
		return nil, err
	}
	if err := a.powerUp(); err != nil {
		return nil, err
	}
	if s := c.Scenario; s != nil {
		s.Schedule(a.clock, a.panel)
		a.clock.AfterFunc(s.End(), func() { a.stop(stopRequested, "the scenario is over") })
	}
	if a.data != nil {
		if a.control, err = listen(a.data.dir, a.operate); err != nil {
			return nil, err
		}
	}
	if c.Duration > 0 {
		a.clock.AfterFunc(c.Duration, func() { a.stop(stopRequested, fmt.Sprintf("the time limit of %v is reached", c.Duration)) })
	}
	return a, nil
}

// openAll opens what outlives a power cut: data folder, ledger, driver and world, services.
func (a *Assembly) openAll() (err error) {
	if a.config.Data != "" {
		if a.data, err = OpenData(a.config.Data); err != nil {
			return err
		}
	}
	if err := a.openLedger(); err != nil {
		return err
	}
	switch {
	case a.config.Board != nil:
		err = a.openDriver()
	case a.config.Definition.RealTime():
		err = a.openBackend()
	}
	if err == nil && a.config.Services != nil {
		err = a.openServices()
	}
	return err
}

// emit hands an event to whatever wants it.
func (a *Assembly) emit(e *LogEvent) {
	if a.output != nil {
		a.output.put(e)
	}
	if a.config.Events != nil {
		a.config.Events(e)
	}
}

// stop stops the run, once: later reasons are ignored. The execution, if it still runs, is aborted.
func (a *Assembly) stop(t transition, why string) {
	if !a.life.fire(t) {
		return
	}
	a.stopReason = why
	if s := a.life.state; s == StateStopping || s == StateClearing {
		a.run.Stop(ErrEnded, why)
	}
}

// fail records what went wrong beside the execution; nil is ignored. The run goes on.
func (a *Assembly) fail(err error) { a.failure = errors.Join(a.failure, err) }

// Run runs the machine until its execution has ended, nothing more can happen, or ctx ends. On every way out, a panic included,
// the outputs are at their safe levels before anything else is closed and before the reader of the output is waited for. It
// returns nil if the execution succeeded or the run was stopped, and all was printed; see [Assembly.Result].
//
// Once ctx has ended, Run returns within a second, whether the output is read or not.
func (a *Assembly) Run(ctx context.Context) error {
	unwritten := a.runClock(ctx)
	return errors.Join(a.Result().Err, unwritten)
}

// runClock runs the clock, closes everything, and returns the error of the output.
func (a *Assembly) runClock(ctx context.Context) (err error) {
	ctx, cancel := context.WithCancelCause(ctx)
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel(nil)
	if a.output != nil {
		wg.Go(func() {
			select {
			case err := <-a.output.broken:
				cancel(err)
			case <-ctx.Done():
			}
		})
	}
	why := errFault.Error()
	draining := canceled() // after a panic, the reader has only a moment
	defer func() {
		if err := a.close(why); a.failure == nil {
			a.fail(err)
		}
		err = a.closeOutput(draining)
	}()
	if err := a.clock.Run(ctx); err != nil {
		a.stop(interrupted, err.Error())
	} else {
		a.life.fire(ranDry)
	}
	why, draining = "the run is over", ctx
	return nil
}

// canceled returns a context that has ended.
func canceled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// closeOutput has the output print what is left; see close of outputQueue.
func (a *Assembly) closeOutput(ctx context.Context) error {
	if a.output == nil {
		return nil
	}
	return a.output.close(ctx)
}

// close takes the outputs to their safe levels first; the folder is given up last.
func (a *Assembly) close(why string) (err error) {
	if a.monitor != nil {
		a.monitor.Close()
	}
	if a.lines != nil && !a.unpowered {
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
	if a.rig != nil {
		err = errors.Join(err, a.rig.Close())
	}
	a.writes.Wait()
	if a.ledgerFile != nil {
		err = errors.Join(err, a.ledgerFile.Close())
	}
	if a.data != nil {
		err = errors.Join(err, a.data.Close())
	}
	return err
}

// A Result is how a run has ended.
type Result struct {
	State     RunState
	Why       string        // why the run was stopped; "" if it was not
	Execution asl.Execution // the last one, as it ended
	// Err is nil if the execution succeeded or the run was stopped, and nothing else went wrong.
	Err error
}

// Result returns how the run has ended. It is for after Run.
func (a *Assembly) Result() Result {
	x := a.run.Snapshot()
	r := Result{State: a.life.state, Why: a.stopReason, Execution: x}
	switch {
	case a.fault() != nil:
		r.Err = errors.Join(a.fault(), a.failure)
	case a.failure != nil:
		r.Err = a.failure
	case r.State == StateStalled:
		state := "nothing"
		if p := x.Positions(); len(p) > 0 {
			state = p[len(p)-1].State.Name
		}
		r.Err = fmt.Errorf("the machine waits in %s for an event that cannot come: push its lines with --scenario, "+
			"end it with --for, or run it on a terminal", state)
	case !r.State.Stopped() && x.Status != asl.StatusSucceeded:
		r.Err = fmt.Errorf("the execution ended as %v: %w", x.Status, x.Failure)
	}
	return r
}
