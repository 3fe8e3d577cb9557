package machines

import (
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"periph.io/x/conn/v3/gpio"

	"signalbox/asl/engine"
)

// A Rig is the one loop around a plant. It applies Tasks, edges and deadlines to the plant, one after the other, and carries
// out the plant's reactions: first the lines, then the answers. All its methods are for the clock's goroutine.
type Rig struct {
	plant   Plant
	ledger  Ledger
	lines   Lines
	clock   RigClock
	observe func(why string, notes []Note)
	outbox  outbox

	state    State
	outs     map[string]gpio.PinOut
	tickets  map[int64]engine.Reply // of the commands that are not answered yet
	last     int64                  // the last ticket given
	timers   []rigTimer             // of the deadlines, in the order of the last reaction that named them
	owner    string                 // ARN of the execution whose Tasks command the plant; "": none
	broken   error                  // why nothing moves any more
	applying bool                   // an input is being applied, or power-up is not over
	queue    []func()               // inputs that came meanwhile
}

// A rigTimer is a deadline with its timer.
type rigTimer struct {
	Deadline
	stop func() bool
}

// A Ledger stores what a plant must not forget. Its methods are called on one goroutine at a time: the clock's or, with
// [RigConfig.Background], another.
type Ledger interface {
	// Append returns when the entries are on disk: all of them, or none and an error.
	Append(entries []Entry) error
	// All ranges over the stored entries, oldest first. An error comes last, with the zero Entry.
	All() iter.Seq2[Entry, error]
}

// A RigConfig is what [NewRig] needs.
type RigConfig struct {
	Plant   Plant
	Lines   Lines
	Outputs []string // the lines that the plant sets
	Inputs  []string // the lines whose edges it gets
	Clock   RigClock
	// Ledger stores the records of a [Recoverer], which starts from what it holds. Nil: records are dropped.
	Ledger Ledger
	// Background runs write on another goroutine, and then done on the clock's. So a disk that takes seconds does not delay
	// edges, deadlines, or the stopping of motors. Nil: the rig waits for the ledger, which in a simulation takes no time.
	Background func(write, done func())
	// Observe is called after each input, with its name for the log and the plant's notes. It may be nil.
	Observe func(why string, notes []Note)
}

// A RigClock is the part of the one clock that a rig uses.
type RigClock interface {
	Clock
	// At has f called on the clock's goroutine at t or, if t has passed, before everything that is queued for later times.
	At(t time.Time, f func()) (stop func() bool)
}

// NewRig connects a plant to its lines, sets the levels of its first state and listens to its inputs. Inputs that are high
// already are applied as edges right after power-up.
func NewRig(c RigConfig) (*Rig, error) {
	r := &Rig{
		plant: c.Plant, ledger: c.Ledger, lines: c.Lines, clock: c.Clock, observe: c.Observe,
		outs:     map[string]gpio.PinOut{},
		tickets:  map[int64]engine.Reply{},
		applying: true, // edges that the levels of power-up cause wait until these are set
	}
	s, reaction, err := powerUp(c)
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
		err := c.Lines.OnEdge(name, func(high bool, at time.Time) { r.apply(Edge{Line: name, High: high, At: at}, name) })
		if err != nil {
			return nil, err
		}
		// A line that is high already has no edge to come.
		pin, err := c.Lines.In(name)
		if err != nil {
			return nil, err
		}
		if bool(pin.Read()) {
			r.apply(Edge{Line: name, High: true, AtPowerUp: true}, name+" at power-up")
		}
	}
	r.follow(s, reaction, "power-up")
	r.outbox.background = c.Background // power-up waits for the ledger: the clock does not run yet
	return r, r.broken
}

// powerUp returns the plant's state at power-up: after the entries of its ledger, if it keeps one.
func powerUp(c RigConfig) (State, Reaction, error) {
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

// A rigHandler implements [engine.Handler] for one activity.
type rigHandler struct {
	rig      *Rig
	activity string
}

// Start implements [engine.Handler]. The first Task makes its execution the plant's owner; Tasks of other executions fail
// with [ErrBusy] until [Rig.Release].
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

// Operate applies an operator's command, whichever execution owns the plant. Reply gets the answer. Key is in the ledger with
// it; see [Sign].
func (r *Rig) Operate(name string, input any, key string, reply engine.Reply) {
	if r.broken != nil {
		reply.Fail(ErrLine, r.broken.Error())
		return
	}
	r.last++
	r.tickets[r.last] = reply
	r.apply(Command{Ticket: r.last, Name: name, Input: input, State: "operator", Key: key}, name+" (operator)")
}

// Drop ends the rig as a power cut does: its timers stop, open commands get no answer, and no line moves. Later commands are
// refused.
func (r *Rig) Drop() {
	r.broken = errors.New("machines: the power was cut")
	r.outbox.forget()
	r.schedule(nil, nil)
	clear(r.tickets)
	r.queue = nil
}

// Release ends the ownership of the plant by an execution that has ended, given by its ARN.
func (r *Rig) Release(arn string) {
	if r.owner == arn {
		r.owner = ""
	}
}

// apply applies one input to the plant. Why names it in the log. An input that a reaction causes (a simulated line answers
// at once) waits until the reaction has been carried out.
func (r *Rig) apply(in Input, why string) {
	if r.applying {
		r.queue = append(r.queue, func() { r.apply(in, why) })
		return
	}
	if r.broken != nil {
		return
	}
	s, reaction := r.plant.Apply(r.state, in, r.clock.Now())
	Sign(in, reaction)
	r.follow(s, reaction, why)
}

// follow takes the plant's new state over, carries out its reaction, and goes on with the queue.
func (r *Rig) follow(s State, reaction Reaction, why string) {
	r.applying = true
	r.state = s
	r.carryOut(reaction, why)
	r.applying = false
	r.applyNext()
}

// applyNext applies the first of the inputs that came while another was applied, if there is one.
func (r *Rig) applyNext() {
	if len(r.queue) > 0 {
		next := r.queue[0]
		r.queue = r.queue[1:]
		next()
	}
}

// carryOut does what a reaction asks for, in the order that [Reaction] gives. If the ledger is written in the background, all
// but the Stops waits in the outbox. If a line or the ledger fails, the rest is not done: see fail.
func (r *Rig) carryOut(reaction Reaction, why string) {
	for _, l := range reaction.Stops {
		r.outbox.stop(l.Line)
		if err := r.set(Level{Line: l.Line}, why); err != nil {
			r.fail(err)
			return
		}
	}
	now := r.clock.Now()
	for i := range reaction.Records {
		reaction.Records[i].Time = now
	}
	if r.ledger == nil {
		reaction.Records = nil
	}
	p := pending{Reaction: reaction, why: why, at: now}
	switch {
	case r.outbox.delays(reaction):
		r.enqueue(p)
		return
	case len(reaction.Records) > 0:
		if err := r.ledger.Append(reaction.Records); err != nil {
			r.fail(fmt.Errorf("the ledger: %w", err))
			return
		}
	}
	r.finish(p)
}

// finish carries out the part of a reaction that follows its Records. If a line fails, the rest is not done: see fail.
func (r *Rig) finish(p pending) {
	for _, l := range p.Levels {
		if err := r.set(l, p.why); err != nil {
			r.fail(err)
			return
		}
	}
	if p.queued {
		for _, d := range p.held {
			r.startTimer(d, p.at)
		}
	} else {
		r.schedule(p.Deadlines, nil)
	}
	for _, a := range p.Answers {
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
		r.observe(p.why, p.Notes)
	}
}

// set sets an output of the plant.
func (r *Rig) set(l Level, why string) error {
	pin, ok := r.outs[l.Line]
	if !ok {
		return fmt.Errorf("machines: the plant sets %s, which is no output of its", l.Line)
	}
	if p, ok := pin.(ReasonedOutput); ok {
		return p.OutBecause(gpio.Level(l.High), why)
	}
	return pin.Out(gpio.Level(l.High))
}

// Break stops the rig as a line that fails does. The caller knows that a line is not what the plant believes.
func (r *Rig) Break(err error) {
	if r.broken == nil {
		r.fail(err)
	}
}

// Broken returns why nothing moves any more, nil while the rig works.
func (r *Rig) Broken() error { return r.broken }

// fail stops the rig: a line could not be set, so that the levels of the outputs are unknown. All outputs go to their safe
// levels, all open commands fail, and nothing moves again.
func (r *Rig) fail(err error) {
	r.broken = err
	if safe := r.lines.Safe("a line failed"); safe != nil {
		r.broken = fmt.Errorf("%w; and on the way to the safe levels: %w", err, safe)
	}
	r.outbox.waiting = nil
	r.schedule(nil, nil)
	for _, ticket := range slices.Sorted(maps.Keys(r.tickets)) { // in order, so that two runs print the same
		reply := r.tickets[ticket]
		delete(r.tickets, ticket)
		reply.Fail(ErrLine, r.broken.Error())
	}
}

// schedule makes the timers those of the given deadlines. A deadline that has a timer already, or that a reaction in the
// outbox holds, keeps it. New ones that do not count from edges are appended to held, unless it is nil, instead of started.
func (r *Rig) schedule(deadlines []Deadline, held *[]Deadline) {
	// Most deadlines stay, and stay in order: each search begins behind the last hit.
	next := 0
	r.timers = slices.DeleteFunc(r.timers, func(t rigTimer) bool {
		i := searchFrom(deadlines, next, func(d *Deadline) bool { return *d == t.Deadline })
		if i < 0 {
			t.stop()
			return true
		}
		next = i + 1
		return false
	})
	r.outbox.drop(deadlines)
	next = 0
	for _, d := range deadlines {
		if i := searchFrom(r.timers, next, func(t *rigTimer) bool { return t.Deadline == d }); i >= 0 {
			next = i + 1
			continue
		}
		switch {
		case r.outbox.holds(d):
		case held != nil && !d.OfEdges:
			*held = append(*held, d)
		default:
			r.startTimer(d, r.clock.Now())
		}
	}
}

// startTimer starts the timer of a deadline that a reaction to an input applied at from has named.
func (r *Rig) startTimer(d Deadline, from time.Time) {
	due := func() { r.due(d) }
	var stop func() bool
	if d.OfEdges {
		// When its time has come it queues again, behind the edges of the same instant.
		stop = r.clock.At(d.At, func() { stop = r.clock.At(d.At, due) })
	} else {
		stop = r.clock.AfterFunc(d.At.Sub(from), due)
	}
	r.timers = append(r.timers, rigTimer{d, func() bool { return stop() }})
}

// searchFrom returns the index of an element that matches, -1 if there is none. It looks at the elements from the start-th
// on, then at those before.
func searchFrom[E any](list []E, start int, match func(*E) bool) int {
	for n := range list {
		i := start + n
		if i >= len(list) {
			i -= len(list)
		}
		if match(&list[i]) {
			return i
		}
	}
	return -1
}

// due applies a deadline whose time has come.
func (r *Rig) due(d Deadline) {
	r.timers = slices.DeleteFunc(r.timers, func(t rigTimer) bool { return t.Deadline == d })
	r.apply(Due{Name: d.Name}, d.Name)
}
