package machines_test

import (
	"context"
	"fmt"
	"time"

	"periph.io/x/conn/v3/gpio"

	"signalbox/asl/engine"
	"signalbox/asl/value"
	"signalbox/machines"
)

// A stairLight is the plant of a lamp that a button turns on for a minute, and that the activity lock turns off until a power
// cut.
type stairLight struct{ lamp *machines.Part[string] }

// A stairState is its state.
type stairState struct {
	Lamp string           // dark, lit, locked
	Off  machines.Instant // when the lamp goes off; 0: it is off
}

func newStairLight() *stairLight {
	return &stairLight{lamp: machines.NewPart(
		"dark",
		machines.On("press", "lit", "dark", "lit"),
		machines.On("time", "dark", "lit"),
		machines.On("lock", "locked", "dark"),
	)}
}

func (p *stairLight) Initial(time.Time) (machines.State, machines.Reaction) {
	return stairState{Lamp: "dark"}, machines.Reaction{Levels: []machines.Level{{Line: "lamp"}}}
}

func (p *stairLight) Apply(s machines.State, in machines.Input, at time.Time) (machines.State, machines.Reaction) {
	state, now := s.(stairState), machines.InstantOf(at)
	var r machines.Reaction
	if state.Off.Reached(now) && p.lamp.Fire(&state.Lamp, "time") {
		state.Off = 0
	}
	switch in := in.(type) {
	case machines.Edge:
		if in.High && p.lamp.Fire(&state.Lamp, "press") {
			state.Off = now.Add(time.Minute)
		}
	case machines.Command:
		answer := machines.Answer{Ticket: in.Ticket, Output: value.NewObject("locked", true)}
		if !p.lamp.Fire(&state.Lamp, "lock") {
			answer = machines.Answer{Ticket: in.Ticket, Error: "Lamp.Lit", Cause: "the lamp is " + state.Lamp}
		}
		r.Answers = append(r.Answers, answer)
	}
	r.Levels = []machines.Level{{Line: "lamp", High: state.Lamp == "lit"}}
	if state.Off != 0 {
		r.Deadlines = []machines.Deadline{{Name: "a minute", At: state.Off.Time()}}
	}
	return state, r
}

func (p *stairLight) Moves(machines.State) []machines.Input {
	return []machines.Input{machines.Edge{Line: "button", High: true}, machines.Edge{Line: "button"}}
}

func (p *stairLight) Invariants() []machines.Invariant {
	return []machines.Invariant{{Name: "a lit lamp goes off", Holds: func(s machines.State) error {
		if state := s.(stairState); (state.Lamp == "lit") != (state.Off != 0) {
			return fmt.Errorf("the lamp is %s and goes off at %d", state.Lamp, state.Off)
		}
		return nil
	}}}
}

// A plant is a function: it is driven by hand with inputs and times.
func ExamplePlant() {
	var plant machines.Plant = newStairLight()
	at := time.Date(2026, 1, 1, 20, 0, 0, 0, time.UTC)
	state, _ := plant.Initial(at)
	for _, step := range []struct {
		after time.Duration
		in    machines.Input
	}{
		{0, machines.Edge{Line: "button", High: true}},
		{10 * time.Second, machines.Command{Ticket: 1, Name: "lock"}},
		{50 * time.Second, machines.Due{Name: "a minute"}},
		{0, machines.Command{Ticket: 2, Name: "lock"}},
	} {
		at = at.Add(step.after)
		var r machines.Reaction
		state, r = plant.Apply(state, step.in, at)
		fmt.Println(at.Format(time.TimeOnly), r.Levels[0].High, len(r.Deadlines), "deadlines")
		for _, a := range r.Answers {
			fmt.Println("  answer", a.Ticket, value.Text(a.Output), a.Error, a.Cause)
		}
		for _, i := range plant.Invariants() {
			if err := i.Holds(state); err != nil {
				fmt.Println(i.Name, err)
			}
		}
	}
	// Output:
	// 20:00:00 true 1 deadlines
	// 20:00:10 true 1 deadlines
	//   answer 1 null Lamp.Lit the lamp is lit
	// 20:01:00 false 0 deadlines
	// 20:01:00 false 0 deadlines
	//   answer 2 {"locked":true}
}

// The state machine of a part shows which event follows which, and draws itself.
func ExamplePart() {
	lamp := newStairLight().lamp
	state := "dark"
	fmt.Println(lamp.Fire(&state, "press"), state)
	fmt.Println(lamp.Fire(&state, "lock"), state)
	fmt.Print(lamp.Diagram())
	// Output:
	// true lit
	// false lit
	// stateDiagram-v2
	//     [*] --> dark
	//     dark --> locked: lock
	//     dark --> lit: press
	//     lit --> lit: press
	//     lit --> dark: time
}

// A hallway is a board of two lines; package gpio has real and simulated ones.
type hallway struct {
	lamp    lamp
	pressed func(high bool, at time.Time)
}

// A lamp is an output pin that remembers its level. Nothing else of it is used.
type lamp struct {
	gpio.PinOut
	level gpio.Level
}

func (l *lamp) Out(level gpio.Level) error {
	l.level = level
	return nil
}

// A button is an input pin that is not pressed at power-up.
type button struct{ gpio.PinIn }

func (button) Read() gpio.Level { return gpio.Low }

func (h *hallway) Out(string) (gpio.PinOut, error) { return &h.lamp, nil }
func (h *hallway) In(string) (gpio.PinIn, error)   { return button{}, nil }
func (h *hallway) Safe(string) error               { return h.lamp.Out(gpio.Low) }

func (h *hallway) OnEdge(_ string, f func(high bool, at time.Time)) error {
	h.pressed = f
	return nil
}

// A Rig joins a plant, its lines and the clock.
func ExampleRig() {
	clock := engine.NewSimulated(engine.Epoch, 0)
	board := &hallway{}
	_, err := machines.NewRig(machines.RigConfig{
		Plant: newStairLight(), Lines: board, Outputs: []string{"lamp"}, Inputs: []string{"button"}, Clock: clock,
		Observe: func(why string, _ []machines.Note) {
			fmt.Println(clock.Now().Sub(engine.Epoch), why, board.lamp.level)
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	for _, at := range []time.Duration{5 * time.Second, 25 * time.Second} {
		clock.AfterFunc(at, func() { board.pressed(true, clock.Now()) })
	}
	if err := clock.Run(context.Background()); err != nil {
		fmt.Println(err)
	}
	// Output:
	// 0s power-up Low
	// 5s button High
	// 25s button High
	// 1m25s a minute Low
}

// An activity reads its input into a struct.
func ExampleDecode() {
	var in struct {
		Phase string `json:"phase"`
	}
	fmt.Println(machines.Decode(value.NewObject("phase", "north-south"), &in), in.Phase)
	fmt.Println(machines.Decode(value.NewObject("phaze", "north-south"), &in))
	// Output:
	// <nil> north-south
	// input {"phaze":"north-south"}: unknown field "phaze"
}
