package intersection

import (
	"fmt"
	"slices"
	"strings"

	"github.com/looplab/fsm"

	"signalbox/asl/value"
	"signalbox/machines"
)

// The states of a call memory.
const (
	noCall = "none"
	called = "called"
)

// A Call is the memory of one button or detector: somebody asks to be let over the crossing.
type Call struct {
	Memory string // "none" or "called"
	High   bool   // the input's level: pressed, or a car at the stop line
}

// Placed reports whether a call is remembered.
func (c Call) Placed() bool { return c.Memory == called }

// newCall returns the machine of a call memory.
func newCall() *fsm.FSM {
	return fsm.NewFSM(noCall, fsm.Events{
		{Name: "place", Src: []string{noCall}, Dst: called},
		{Name: "serve", Src: []string{called}, Dst: noCall},
	}, nil)
}

// Calls are the calls of one approach. The pedestrians' is served when walk is shown, the vehicles' when green is.
type Calls struct{ Button, Detector Call }

func (c Calls) any() bool { return c.Button.Placed() || c.Detector.Placed() }

// edge takes an input's new level in. A press counts but while walk is shown; a car counts but while green is shown.
func (c *change) edge(e machines.Edge) {
	for a, name := range approaches {
		var call *Call
		var kind string
		var served bool
		switch e.Line {
		case name + ".button":
			call, kind, served = &c.Calls[a].Button, "pedestrians", c.Pedestrians[a].Shows == Walk
		case name + ".detector":
			call, kind, served = &c.Calls[a].Detector, "vehicles", c.Heads[a].Shows == Green
		default:
			continue
		}
		call.High = e.High
		if e.High && !served {
			c.place(call, name, kind)
		}
	}
}

// place remembers a call.
func (c *change) place(call *Call, approach, kind string) {
	if memory, ok := ask(c.call, call.Memory, "place"); ok {
		call.Memory = memory
		c.note("call: " + approach + " " + kind)
	}
}

// updateCalls serves the calls of heads that show green or walk now, and remembers the car that still waits when green
// ends.
func (c *change) updateCalls(was State) {
	for a, name := range approaches {
		calls := &c.Calls[a]
		if c.Pedestrians[a].Shows == Walk {
			calls.Button.Memory, _ = ask(c.call, calls.Button.Memory, "serve")
		}
		if c.Heads[a].Shows == Green {
			calls.Detector.Memory, _ = ask(c.call, calls.Detector.Memory, "serve")
		} else if was.Heads[a].Shows == Green && calls.Detector.High {
			c.place(&calls.Detector, name, "vehicles")
		}
	}
}

// awaitCall takes the activity await-call: {"approach": "east-west"} is answered as soon as there is a call, with
// {"approach", "pedestrian", "vehicle"}. One Task may wait for each approach.
func (c *change) awaitCall(cmd machines.Command) {
	var in struct {
		Approach string `json:"approach"`
	}
	if err := machines.Decode(cmd.Input, &in); err != nil {
		c.refuse(cmd, machines.ErrInput, err.Error())
		return
	}
	a := slices.Index(approaches[:], in.Approach)
	switch {
	case a < 0:
		c.refuse(cmd, machines.ErrInput,
			fmt.Sprintf("approach %q is none of %s", in.Approach, strings.Join(approaches[:], ", ")))
	case c.Awaits[a] != 0:
		c.refuse(cmd, machines.ErrBusy, "another Task awaits the calls of "+in.Approach)
	default:
		c.Awaits[a] = cmd.Ticket
	}
}

// answerAwaits answers who waits for a call that is there.
func (c *change) answerAwaits() {
	for a, ticket := range c.Awaits {
		if ticket == 0 || !c.Calls[a].any() {
			continue
		}
		c.Awaits[a] = 0
		c.answers = append(c.answers, machines.Answer{Ticket: ticket, Output: value.NewObject(
			"approach", approaches[a],
			"pedestrian", c.Calls[a].Button.Placed(),
			"vehicle", c.Calls[a].Detector.Placed(),
		)})
	}
}

// readCalls takes the activity read-calls, whatever its input. It is answered with {"pedestrian", "vehicle"} for each
// approach.
func (c *change) readCalls(cmd machines.Command) {
	var b value.Builder
	for a, name := range approaches {
		b.Set(name, value.NewObject(
			"pedestrian", c.Calls[a].Button.Placed(),
			"vehicle", c.Calls[a].Detector.Placed(),
		))
	}
	c.answers = append(c.answers, machines.Answer{Ticket: cmd.Ticket, Output: b.Object()})
}

// cancel forgets a Task that waited for a call. Other commands leave nothing behind that waits: flash-red is only ever
// ended by all-red.
func (c *change) cancel(ticket int64) {
	for a := range c.Awaits {
		if c.Awaits[a] == ticket {
			c.Awaits[a] = 0
		}
	}
}
