package assembly

import (
	"fmt"

	"signalbox/asl"
	"signalbox/asl/engine"
)

// powerUp opens the lines, starts the plant from its ledger, and makes a new execution ready, at StartAt.
func (a *Assembly) powerUp() error {
	c := &a.config
	handlers := map[string]engine.Handler{}
	if c.Board != nil {
		if err := a.openLines(handlers); err != nil {
			return err
		}
	}
	if a.backend != nil {
		for _, activity := range c.Definition.BuiltIn.Activities {
			handlers[activity] = a.backend.Handler(activity)
		}
	}
	e := engine.New(engine.Options{
		Clock: a.clock, Handlers: handlers, Other: a.mocked(handlers), Objects: c.Objects, Observer: a.recorder,
	})
	const account = "arn:aws:states:us-east-1:123456789012:"
	name := c.Definition.Name
	run := "run"
	if a.restarts > 0 {
		run = fmt.Sprintf("run-%d", a.restarts+1)
	}
	var err error
	a.run, err = e.Start(c.Definition.Machine, asl.Identity{
		Name: run, ID: account + "execution:" + name + ":" + run,
		StateMachineName: name, StateMachineID: account + "stateMachine:" + name,
		RoleARN: "arn:aws:iam::123456789012:role/signalbox", Seed: c.Seed,
	}, c.Input, a.executionDone)
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
