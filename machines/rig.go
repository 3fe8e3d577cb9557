package machines

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"

	"periph.io/x/conn/v3/gpio"

	"signalbox/asl/engine"
)

// A Rig is the one loop around a plant. It turns Tasks, edges and deadlines into happenings, one after the other, and
// carries out the plant's reactions: first the lines, then the answers. All its methods are for the clock's goroutine.
type Rig struct {
	plant   Plant
	ledger  Ledger
	lines   Lines
	clock   Clock
	observe func(why string, notes []Note)

	state   State
	outs    map[string]gpio.PinOut
	tickets map[int64]engine.Reply
	last    int64 // ticket
	timers  map[Deadline]func() bool
	owner   string // ARN of the execution whose Tasks command the plant
	broken  error  // a line failed: nothing moves any more
	busy    bool   // in the middle of a happening
	later   []func()
}

// A Ledger keeps what a plant must not forget. Its methods are called on the clock's goroutine.
type Ledger interface {
	// Append returns when the entries are safe on disk: all of them, or none and an error.
	Append(entries []Entry) error
	// All ranges over the entries of before, oldest first. It yields an error at most once, as the last.
	All() iter.Seq2[Entry, error]
}

// A RigConfig says what a Rig works with.
type RigConfig struct {
	Plant   Plant
	Lines   Lines
	Outputs []string // the lines that the plant sets
	Inputs  []string // the lines that it listens to
	Clock   Clock
	// Ledger is for a [Recoverer]; it begins with what the ledger holds. Nil: what the plant records is forgotten.
	Ledger Ledger
	// Observe is called after each happening. Nil: nobody is.
	Observe func(why string, notes []Note)
}

// NewRig connects a plant to its lines, sets the levels that belong to its first state and listens to its inputs. Inputs
// that are high already come as edges right after power-up.
func NewRig(c RigConfig) (*Rig, error) {
	r := &Rig{
		plant: c.Plant, ledger: c.Ledger, lines: c.Lines, clock: c.Clock, observe: c.Observe,
		outs:    map[string]gpio.PinOut{},
		tickets: map[int64]engine.Reply{},
		timers:  map[Deadline]func() bool{},
		busy:    true, // until the levels of power-up are set: an edge that they set off waits
	}
	s, reaction, err := begin(c)
	if err != nil {
		return nil, err
	}
	for _, name := range c.Outputs {
		pin, err := c.Lines.Out(name)
		if err != nil {
			return nil, err
		}
		r.outs[name] = pin
	}
	for _, name := range c.Inputs {
		err := c.Lines.OnEdge(name, func(high bool) { r.apply(Edge{Line: name, High: high}, name) })
		if err != nil {
			return nil, err
		}
		// What is high already gives no edge any more.
		pin, err := c.Lines.In(name)
		if err != nil {
			return nil, err
		}
		if bool(pin.Read()) {
			r.apply(Edge{Line: name, High: true, AtPowerUp: true}, name+" at power-up")
		}
	}
	r.follow(s, reaction, "power-up")
	return r, r.broken
}

// begin returns the plant's state at power-up: after what its ledger holds, if it keeps one.
func begin(c RigConfig) (State, Reaction, error) {
	recoverer, ok := c.Plant.(Recoverer)
	if !ok || c.Ledger == nil {
		s, reaction := c.Plant.Initial(c.Clock.Now())
		return s, reaction, nil
	}
	var failed error
	s, reaction, err := recoverer.Recover(func(yield func(Entry) bool) {
		for e, err := range c.Ledger.All() {
			if failed = err; err != nil || !yield(e) {
				return
			}
		}
	}, c.Clock.Now())
	if failed != nil {
		err = failed
	}
	if err != nil {
		return nil, Reaction{}, fmt.Errorf("the ledger: %w", err)
	}
	return s, reaction, nil
}

// State returns the plant's state: a copy.
func (r *Rig) State() State { return r.state }

// Handler returns the handler of one of the plant's activities.
func (r *Rig) Handler(activity string) engine.Handler { return rigHandler{r, activity} }

type rigHandler struct {
	rig      *Rig
	activity string
}

// Start implements [engine.Handler].
func (h rigHandler) Start(t engine.Task, reply engine.Reply) func() {
	r := h.rig
	switch {
	case r.broken != nil:
		reply.Fail(ErrLine, r.broken.Error())
		return nil
	case r.owner == "":
		r.owner = t.Top
	case r.owner != t.Top:
		reply.Fail(ErrBusy, fmt.Sprintf("the plant belongs to execution %q", r.owner))
		return nil
	}
	r.last++
	ticket := r.last
	r.tickets[ticket] = reply
	r.apply(Command{Ticket: ticket, Name: h.activity, Input: t.Input, State: t.State}, h.activity+" ("+t.State+")")
	return func() {
		if _, open := r.tickets[ticket]; open {
			delete(r.tickets, ticket)
			r.apply(Cancel{Ticket: ticket}, h.activity+" cancelled")
		}
	}
}

// Operate puts an operator's command to the plant, whoever owns it, and tells reply what came of it.
func (r *Rig) Operate(name string, input any, reply engine.Reply) {
	if r.broken != nil {
		reply.Fail(ErrLine, r.broken.Error())
		return
	}
	r.last++
	r.tickets[r.last] = reply
	r.apply(Command{Ticket: r.last, Name: name, Input: input, State: "operator"}, name+" (operator)")
}

// Drop has the rig forget everything without a word to anybody, as a power cut does: no line is moved, nothing is answered.
func (r *Rig) Drop() {
	r.broken = errors.New("machines: the power was cut")
	r.schedule(nil)
	clear(r.tickets)
	r.later = nil
}

// Release gives the plant back when the execution that owns it, by its ARN, has ended.
func (r *Rig) Release(arn string) {
	if r.owner == arn {
		r.owner = ""
	}
}

// apply applies one happening. What its reaction sets off (a simulated line answers at once) waits until it is done.
func (r *Rig) apply(h Input, why string) {
	if r.busy {
		r.later = append(r.later, func() { r.apply(h, why) })
		return
	}
	if r.broken != nil {
		return
	}
	s, reaction := r.plant.Apply(r.state, h, r.clock.Now())
	r.follow(s, reaction, why)
}

func (r *Rig) follow(s State, reaction Reaction, why string) {
	r.busy = true
	r.state = s
	r.carryOut(reaction, why)
	r.busy = false
	if len(r.later) > 0 {
		next := r.later[0]
		r.later = r.later[1:]
		next()
	}
}

func (r *Rig) carryOut(reaction Reaction, why string) {
	for _, l := range reaction.Stops {
		if err := r.set(Level{Line: l.Line}, why); err != nil {
			r.fail(err)
			return
		}
	}
	if r.ledger != nil && len(reaction.Records) > 0 {
		for i := range reaction.Records {
			reaction.Records[i].Time = r.clock.Now()
		}
		if err := r.ledger.Append(reaction.Records); err != nil {
			r.fail(fmt.Errorf("the ledger: %w", err))
			return
		}
	}
	for _, l := range reaction.Levels {
		if err := r.set(l, why); err != nil {
			r.fail(err)
			return
		}
	}
	r.schedule(reaction.Deadlines)
	for _, a := range reaction.Answers {
		reply, open := r.tickets[a.Ticket]
		if !open {
			continue
		}
		delete(r.tickets, a.Ticket)
		if a.Error != "" {
			reply.Fail(a.Error, a.Cause)
		} else {
			reply.Succeed(a.Output)
		}
	}
	if r.observe != nil {
		r.observe(why, reaction.Notes)
	}
}

func (r *Rig) set(l Level, why string) error {
	pin, ok := r.outs[l.Line]
	if !ok {
		return fmt.Errorf("machines: the plant sets %s, which is no output of its", l.Line)
	}
	if t, ok := pin.(ReasonedOutput); ok {
		return t.OutBecause(gpio.Level(l.High), why)
	}
	return pin.Out(gpio.Level(l.High))
}

// Break ends the rig from outside, when somebody knows that a line is not what the plant believes: as a line that fails.
func (r *Rig) Break(err error) {
	if r.broken == nil {
		r.fail(err)
	}
}

// Broken returns why nothing moves any more, nil while all is well.
func (r *Rig) Broken() error { return r.broken }

// fail is the end of the rig: a line could not be set, so nobody knows what the outputs are. All go to their safe level,
// all that waits is told, and nothing moves again.
func (r *Rig) fail(err error) {
	r.broken = err
	if safe := r.lines.Safe("a line failed"); safe != nil {
		r.broken = fmt.Errorf("%w; and on the way to the safe levels: %w", err, safe)
	}
	r.schedule(nil)
	for _, ticket := range slices.Sorted(maps.Keys(r.tickets)) { // in order, so that two runs tell the same
		reply := r.tickets[ticket]
		delete(r.tickets, ticket)
		reply.Fail(ErrLine, r.broken.Error())
	}
}

// schedule makes the clock's entries those that the plant waits for now. A deadline that stays keeps its entry.
func (r *Rig) schedule(deadlines []Deadline) {
	for d, stop := range r.timers {
		if !slices.Contains(deadlines, d) {
			stop()
			delete(r.timers, d)
		}
	}
	for _, d := range deadlines {
		if _, ok := r.timers[d]; ok {
			continue
		}
		r.timers[d] = r.clock.AfterFunc(d.At.Sub(r.clock.Now()), func() {
			delete(r.timers, d)
			r.apply(Due{Name: d.Name}, d.Name)
		})
	}
}
