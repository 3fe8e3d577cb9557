package assembly

import (
	"fmt"

	"signalbox/asl"
	"signalbox/asl/engine"
)

// begin is what happens at power-up: the lines are opened, the plant begins with its ledger, and a new execution at StartAt.
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
	}, o.Input, a.executionDone)
	if err != nil {
		return err
	}
	a.life.fire(begun)
	return nil
}

// executionDone is called when the execution has ended.
func (a *Assembly) executionDone(x asl.Execution) {
	if a.life.state == StateDark {
		return // aborted by the power cut
	}
	if a.rig != nil {
		a.rig.Release(x.Identity().ID)
	}
	// A monitor without a fault takes the lamps of a broken plant as soon as it misses the plant's sign of life.
	if a.flashes() || a.monitor != nil && a.rig.Broken() != nil {
		a.life.fire(lampsTaken)
	} else {
		a.life.fire(executionEnded)
	}
}
