package engine_test

import (
	"context"
	"errors"
	"fmt"
	"time"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
)

// A machine that asks for a light, waits, and asks again.
const blink = `{
	"StartAt": "On",
	"States": {
		"On":  {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:light", "Parameters": {"on": true}, "Next": "Wait"},
		"Wait": {"Type": "Wait", "Seconds": 2, "Next": "Off"},
		"Off": {"Type": "Task", "Resource": "arn:aws:states:us-east-1:123456789012:activity:light", "Parameters": {"on": false}, "End": true}
	}
}`

func mustParse(text string) *asl.Machine {
	m, faults := asl.Parse([]byte(text))
	if m == nil {
		panic(faults)
	}
	return m
}

// An engine runs a machine on a simulated clock that does not wait.
func Example() {
	clock := engine.NewSimulated(engine.Epoch, 0)
	light := engine.HandlerFunc(func(task engine.Task) (output any, name, cause string) {
		fmt.Println(clock.Now().Format(time.TimeOnly), task.State, value.Text(task.Input))
		return nil, "", ""
	})
	e := engine.New(engine.Options{Clock: clock, Handlers: map[string]engine.Handler{"light": light}})
	_, err := e.Start(mustParse(blink), asl.Identity{Name: "blink-1"}, nil, func(x asl.Execution) {
		fmt.Println(clock.Now().Format(time.TimeOnly), x.Status)
	})
	if err != nil {
		panic(err)
	}
	if err := clock.Run(context.Background()); err != nil {
		panic(err)
	}
	// Output:
	// 08:00:00 On {"on":true}
	// 08:00:02 Off {"on":false}
	// 08:00:02 SUCCEEDED
}

func ExampleClock() {
	clock := engine.NewSimulated(engine.Epoch, 0)
	stop := clock.AfterFunc(time.Hour, func() { fmt.Println("never") })
	clock.AfterFunc(time.Minute, func() {
		fmt.Println(clock.Now().Sub(engine.Epoch), "stopped:", stop())
		clock.Post(func() { fmt.Println(clock.Now().Sub(engine.Epoch), "posted") })
	})
	clock.At(engine.Epoch.Add(time.Second), func() { fmt.Println(clock.Now().Sub(engine.Epoch)) })
	if err := clock.Run(context.Background()); err != nil {
		panic(err)
	}
	// Output:
	// 1s
	// 1m0s stopped: true
	// 1m0s posted
}

// Work on another goroutine takes no simulated time while it holds the clock.
func ExampleClock_Hold() {
	clock := engine.NewSimulated(engine.Epoch, 0)
	clock.Post(func() {
		release := clock.Hold()
		go func() {
			defer release()
			answer := 6 * 7 // it may take a while
			clock.Post(func() { fmt.Println(clock.Now().Sub(engine.Epoch), answer) })
		}()
	})
	clock.AfterFunc(time.Nanosecond, func() { fmt.Println(clock.Now().Sub(engine.Epoch), "later") })
	if err := clock.Run(context.Background()); err != nil {
		panic(err)
	}
	// Output:
	// 0s 42
	// 1ns later
}

// The engine cancels a Task that times out.
func ExampleHandler() {
	m := mustParse(`{"StartAt": "Run", "States": {"Run": {"Type": "Task", "TimeoutSeconds": 3, "End": true,
		"Resource": "arn:aws:states:us-east-1:123456789012:activity:motor"}}}`)
	clock := engine.NewSimulated(engine.Epoch, 0)
	motor := handler(func(_ engine.Task, reply engine.Reply) (cancel func()) { // a func type with a Start method
		fmt.Println("motor on")
		stop := clock.AfterFunc(5*time.Second, func() { reply.Succeed("done") })
		return func() {
			stop()
			fmt.Println("motor off after", clock.Now().Sub(engine.Epoch))
		}
	})
	e := engine.New(engine.Options{Clock: clock, Handlers: map[string]engine.Handler{"motor": motor}})
	run, err := e.Start(m, asl.Identity{Name: "run-1"}, nil, nil)
	if err != nil {
		panic(err)
	}
	if err := clock.Run(context.Background()); err != nil {
		panic(err)
	}
	x := run.Snapshot()
	fmt.Println(x.Status, x.Failure)
	// Output:
	// motor on
	// motor off after 3s
	// FAILED States.Timeout
}

func ExampleRun_History() {
	m := mustParse(`{"StartAt": "Hello", "States": {"Hello": {"Type": "Pass", "Result": "world", "End": true}}}`)
	clock := engine.NewSimulated(engine.Epoch, 0)
	run, err := engine.New(engine.Options{Clock: clock}).Start(m, asl.Identity{Name: "hello-1"}, nil, nil)
	if err != nil {
		panic(err)
	}
	if err := clock.Run(context.Background()); err != nil {
		panic(err)
	}
	for e := range run.History() {
		fmt.Println(e.ID, e.Name(), value.Text(e.Data))
	}
	// Output:
	// 1 ExecutionStarted null
	// 2 PassStateEntered null
	// 3 PassStateExited "world"
	// 4 ExecutionSucceeded "world"
}

func ExampleEngine_Lookup() {
	clock := engine.NewSimulated(engine.Epoch, 0)
	e := engine.New(engine.Options{Clock: clock})
	wait := mustParse(`{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}`)
	who := asl.Identity{Name: "order-1", ID: "arn:aws:states:us-east-1:123456789012:execution:orders:order-1"}
	if _, err := e.Start(wait, who, nil, nil); err != nil {
		panic(err)
	}
	_, err := e.Start(wait, who, nil, nil)
	fmt.Println(errors.Is(err, engine.ErrExists))
	clock.AfterFunc(time.Second, func() {
		run, err := e.Lookup(who.ID)
		if err != nil {
			panic(err)
		}
		run.Stop("Operator", "no longer needed")
		_, err = e.Lookup(who.ID)
		fmt.Println(errors.Is(err, engine.ErrNotFound))
	})
	if err := clock.Run(context.Background()); err != nil {
		panic(err)
	}
	// Output:
	// true
	// true
}

// A worker outside answers by the task token.
func ExampleEngine_ReplyTo() {
	m := mustParse(`{"StartAt": "Ask", "States": {"Ask": {"Type": "Task", "End": true,
		"Resource": "arn:aws:states:us-east-1:123456789012:activity:ask"}}}`)
	clock := engine.NewSimulated(engine.Epoch, 0)
	tokens := make(chan string, 1)
	ask := handler(func(task engine.Task, reply engine.Reply) (cancel func()) {
		tokens <- task.Token()
		reply.Started("worker-7")
		return nil
	})
	e := engine.New(engine.Options{Clock: clock, Handlers: map[string]engine.Handler{"ask": ask}})
	run, err := e.Start(m, asl.Identity{Name: "ask-1"}, nil, nil)
	if err != nil {
		panic(err)
	}
	clock.AfterFunc(time.Minute, func() {
		reply, err := e.ReplyTo(<-tokens)
		if err != nil {
			panic(err)
		}
		reply.Succeed("yes")
	})
	if err := clock.Run(context.Background()); err != nil {
		panic(err)
	}
	fmt.Println(run.Snapshot().Output)
	// Output: yes
}

// A journal in memory: the last stored form of each execution. A real one writes to disk, on a goroutine of its own.
type journal map[string][]byte

func (j journal) Commit(records []engine.Record, done func(error)) {
	for _, r := range records {
		j[r.Execution.Identity().Name] = r.Machine.AppendExecution(nil, &r.Execution)
	}
	done(nil)
}

// An execution continues after a restart of the program.
func ExampleEngine_Restore() {
	m := mustParse(`{"StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 60, "End": true}}}`)
	stored := journal{}
	clock := engine.NewSimulated(engine.Epoch, 0)
	e := engine.New(engine.Options{Clock: clock, Journal: stored})
	if _, err := e.Start(m, asl.Identity{Name: "wait-1"}, nil, nil); err != nil {
		panic(err)
	}
	clock.AfterFunc(20*time.Second, clock.Stop) // the power goes
	if err := clock.Run(context.Background()); err != nil {
		panic(err)
	}

	clock = engine.NewSimulated(engine.Epoch.Add(50*time.Second), 0)
	e = engine.New(engine.Options{Clock: clock, Journal: stored})
	x, err := m.DecodeExecution(stored["wait-1"])
	if err != nil {
		panic(err)
	}
	_, err = e.Restore(m, x, engine.Restoring{Done: func(x asl.Execution) {
		fmt.Println(x.Status, "after", x.Stopped.Sub(x.Started))
	}})
	if err != nil {
		panic(err)
	}
	if err := clock.Run(context.Background()); err != nil {
		panic(err)
	}
	// Output: SUCCEEDED after 1m0s
}
