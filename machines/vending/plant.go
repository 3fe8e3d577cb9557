// Package vending is a vending machine: three columns of snacks, a coin mech that gives a pulse for every quarter, and a
// hopper of quarters for change and refunds.
//
// Its parts, each a state machine of its own (looplab/fsm) in a file of its own:
//
//	coin mech  counts the pulses of a coin and finds where the coin ends
//	customer   is awaited by a Task, or does things that nobody awaits
//	sale       one selection and what became of it: asked, vending, sold, jammed, failed
//	column     a spiral with motor, home switch and snacks
//	hopper     pays coins out, one pulse of its exit sensor a coin
//
// [Plant] joins them: it judges the activities await-customer, vend, pay-out and show, and every edge of the lines. Three
// rules hold whatever a definition asks, see [Plant.Invariants]: money is neither made nor lost, nothing turns below the
// price, and one payment turns a spiral at most once. [World] is the physics behind simulated lines, [Machine] joins all.
package vending

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/looplab/fsm"

	"signalbox/asl/value"
	"signalbox/machines"
)

// The activities.
const (
	AwaitCustomer = "await-customer"
	Vend          = "vend"
	PayOut        = "pay-out"
	Show          = "show"
)

// What a Task is refused with, or fails with.
const (
	ErrNotPaid       = "Vend.NotPaid"      // the credit is below the price
	ErrSoldOut       = "Vend.SoldOut"      // the column is empty or out of service; another may do
	ErrChange        = "Change.Impossible" // the hopper cannot pay the change, so there is no sale
	ErrNoSale        = "Vend.NoSale"       // the sale that is named is over, or never was
	ErrVendBusy      = "Vend.Busy"         // something moves already
	ErrNoDrop        = "Vend.NoDrop"       // the spiral turned once and nothing fell; only a refund is left
	ErrJam           = "Vend.Jam"          // the spiral did not come home, or the drop sensor is covered; the sale may try again
	ErrPayOutBusy    = "PayOut.Busy"       // the hopper is paying
	ErrNotHeld       = "PayOut.NotHeld"    // more is asked back than the credit
	ErrPayOutJam     = "PayOut.Jam"        // no coin came although the hopper has some; the rest is owed
	ErrHopperEmpty   = "Hopper.Empty"      // no coin came and the hopper has none; the rest is owed
	ErrCustomerTaken = "Customer.Awaited"  // another Task awaits the customer already
)

// Columns is how many columns the machine has. They are numbered from 1 outside this package.
const Columns = 3

// The lines. Those of a column end in its number.
const (
	lineCoin        = "coin"
	lineCoinReturn  = "coin-return"
	lineSelect      = "select-"
	lineHome        = "home-"
	lineDrop        = "drop"
	lineExit        = "hopper-25-exit"
	lineMotor       = "motor-"
	lineHopper      = "hopper-25"
	lineExactChange = "exact-change"
)

// An Instant is a time as a plain number: nanoseconds since 1970 UTC. 0 is no time. It keeps [State] free of pointers.
type Instant int64

// Time returns i as a time.Time in UTC.
func (i Instant) Time() time.Time { return time.Unix(0, int64(i)).UTC() }

// A Setup is what somebody puts into the machine before it is switched on.
type Setup struct {
	Price   Cents // of every column, a multiple of 0.25
	Columns [Columns]Column
	Coins   int // quarters in the hopper
}

// Standard returns the setup of the built-in machine.
func Standard() Setup {
	return Setup{
		Price: 300,
		Columns: [Columns]Column{
			{Name: "Crisps", Stock: 5},
			{Name: "Chocolate", Stock: 5},
			{Name: "Peanuts", Stock: 5},
		},
		Coins: 40,
	}
}

// Money is where the money is: Inserted = Kept + Returned + Credit + Owed, to the cent, in every [State].
type Money struct {
	Inserted Cents // every pulse of the coin mech
	Kept     Cents // the price of every snack that was seen to fall
	Returned Cents // coins that the exit sensor saw, up to what was due
	Credit   Cents // held for the customer
	Owed     Cents // recorded debt: should have been paid out and could not
	Overpaid Cents // coins that left the hopper although nothing was due: a loss, and nobody's money
}

// A State is the whole state of the machine. It holds times only to name them again as deadlines: what happens depends on
// the order of happenings alone, so that a state can be explored with time standing still.
type State struct {
	Mech     CoinMech
	Customer Awaited
	Sale     Sale
	Spirals  [Columns]Spiral
	Drop     bool // the drop sensor: something is in its light
	Hopper   Hopper
	Money    Money
	Message  string // what a Task wants shown, until a vend begins, a payout is done or the customer is heard
}

// A Plant is the machine as a [machines.Plant].
type Plant struct {
	setup                                  Setup
	mech, customer, sale, spiral, dispense *part
}

// New returns the plant of a machine with the given setup.
func New(setup Setup) *Plant {
	return &Plant{
		setup: setup,
		mech:  coinMechPart(), customer: customerPart(), sale: salePart(), spiral: spiralPart(), dispense: hopperPart(),
	}
}

// Initial implements [machines.Plant].
func (p *Plant) Initial(at time.Time) (machines.State, machines.Reaction) {
	s := State{
		Mech:     CoinMech{Is: mechIdle},
		Customer: Awaited{Is: customerUnheard},
		Sale:     Sale{Is: saleIdle},
		Hopper:   Hopper{Is: hopperResting, Coins: p.setup.Coins},
	}
	for i := range s.Spirals {
		s.Spirals[i] = Spiral{Is: spiralResting, Stock: p.setup.Columns[i].Stock}
	}
	m := &moment{p: p, s: s, at: at}
	_, r := m.finish()
	r.Levels = p.levels(s)
	return s, r
}

// Apply implements [machines.Plant]; s is a [State].
func (p *Plant) Apply(s machines.State, h machines.Happening, at time.Time) (machines.State, machines.Reaction) {
	m := &moment{p: p, s: s.(State), at: at}
	m.before = m.s
	switch h := h.(type) {
	case machines.Command:
		m.command(h)
	case machines.Cancel:
		m.cancel(h.Ticket)
	case machines.Edge:
		m.edge(h.Line, h.High)
	case machines.Due:
		m.due(h.Name)
	}
	return m.finish()
}

// Moves implements [machines.Plant]: every input line can change at any time. That is all that people, mechanics and
// faults can do; a fault is an edge that comes at the wrong time, or never.
func (p *Plant) Moves(machines.State) []machines.Happening {
	inputs := Inputs()
	moves := make([]machines.Happening, 0, 2*len(inputs))
	for _, line := range inputs {
		moves = append(moves, machines.Edge{Line: line, High: true}, machines.Edge{Line: line, High: false})
	}
	return moves
}

// Inputs returns the names of the input lines.
func Inputs() []string {
	return []string{
		lineCoin, lineCoinReturn, lineDrop, lineExit,
		of(lineSelect, 0), of(lineSelect, 1), of(lineSelect, 2),
		of(lineHome, 0), of(lineHome, 1), of(lineHome, 2),
	}
}

// Outputs returns the names of the output lines.
func Outputs() []string {
	return []string{of(lineMotor, 0), of(lineMotor, 1), of(lineMotor, 2), lineHopper, lineExactChange}
}

// of returns the line of column i, counted from 0.
func of(line string, i int) string { return fmt.Sprint(line, i+1) }

// A moment is one happening being applied: the parts change s, and what follows is gathered.
type moment struct {
	p         *Plant
	before, s State
	at        time.Time
	answers   []machines.Answer
	notes     []machines.Note
}

func (m *moment) command(c machines.Command) {
	switch c.Name {
	case AwaitCustomer:
		m.await(c)
	case Vend:
		m.vend(c)
	case PayOut:
		m.payOut(c)
	case Show:
		m.show(c)
	default:
		m.refuse(c, machines.ErrInput, fmt.Sprintf("vending: there is no activity %q", c.Name))
	}
}

// cancel takes back the question, not the motion: a spiral half turned would be worse than one that comes home, and coins
// that are due stay due. So a vend or payout under way goes on to its end, and only its answer is lost.
func (m *moment) cancel(ticket int64) {
	switch ticket {
	case 0:
		// no ticket: what is not awaited has none either
	case m.s.Customer.Ticket:
		m.p.customer.fire(&m.s.Customer.Is, "forget")
		m.s.Customer = Awaited{Is: m.s.Customer.Is, Coin: m.s.Customer.Coin}
	case m.s.Sale.Ticket:
		m.s.Sale.Ticket = 0
		m.note("vend cancelled: what has begun is finished")
	case m.s.Hopper.Ticket:
		m.s.Hopper.Ticket = 0
		m.note("pay-out cancelled: what has begun is finished")
	}
}

func (m *moment) edge(line string, high bool) {
	switch line {
	case lineCoin:
		m.coin(high)
		return
	case lineDrop:
		m.drop(high)
		return
	case lineExit:
		m.exit(high)
		return
	case lineCoinReturn:
		m.press(line, high, "coin-return", 0)
		return
	}
	for i := range Columns {
		switch line {
		case of(lineSelect, i):
			m.press(line, high, "selection", i+1)
		case of(lineHome, i):
			m.home(i, high)
		}
	}
}

// The deadlines. Their names are what the log gives as the reason of what they cause.
const (
	dueCoin    = "coin complete"
	dueTurn    = "turn overdue"
	dueDrop    = "drop overdue"
	dueSilent  = "hopper silent"
	dueBurst   = "hopper pause"
	dueRunsOut = "hopper run out"
)

func (m *moment) due(name string) {
	switch name {
	case dueCoin:
		m.coinComplete()
	case dueTurn:
		m.turnOverdue()
	case dueDrop:
		m.dropOverdue()
	case dueSilent:
		m.hopperSilent()
	case dueBurst:
		m.hopperPause()
	case dueRunsOut:
		m.s.Hopper.RunsOut = 0
	}
}

// finish lets every part go on as far as it can without anything more happening, and gathers the reaction.
func (m *moment) finish() (machines.State, machines.Reaction) {
	m.settleHopper()
	if m.s.Mech.Is == mechIdle {
		// In the middle of a coin no Task is answered: what it hears would be wrong a moment later.
		m.answerVend()
		m.answerPayOut()
		m.answerCustomer()
	}
	r := machines.Reaction{Answers: m.answers, Notes: m.notes}
	was, is := m.p.levels(m.before), m.p.levels(m.s)
	for _, high := range []bool{false, true} { // off before on
		for i, l := range is {
			if l.High == high && l != was[i] {
				r.Levels = append(r.Levels, l)
			}
		}
	}
	add := func(name string, at Instant) {
		if at != 0 {
			r.Deadlines = append(r.Deadlines, machines.Deadline{Name: name, At: at.Time()})
		}
	}
	add(dueCoin, m.s.Mech.Ends)
	for _, c := range m.s.Spirals {
		if c.Is == spiralDropping {
			add(dueDrop, c.Until)
		} else {
			add(dueTurn, c.Until)
		}
	}
	add(dueSilent, m.s.Hopper.Silent)
	add(dueBurst, m.s.Hopper.Burst)
	add(dueRunsOut, m.s.Hopper.RunsOut)
	return m.s, r
}

// levels returns what the output lines show in s, always in the same order.
func (p *Plant) levels(s State) []machines.Level {
	levels := make([]machines.Level, 0, Columns+2)
	for i, c := range s.Spirals {
		levels = append(levels, machines.Level{Line: of(lineMotor, i), High: c.Is == spiralTurning})
	}
	return append(levels,
		machines.Level{Line: lineHopper, High: s.Hopper.Is == hopperPaying},
		machines.Level{Line: lineExactChange, High: !s.Hopper.canPay(maxChange)})
}

// moving reports whether a spiral or the hopper is at work, with or without a Task that waits for it.
func (s *State) moving() bool { return s.turning() || s.Hopper.atWork() }

func (m *moment) in(d time.Duration) Instant { return Instant(m.at.Add(d).UnixNano()) }

func (m *moment) note(format string, a ...any) {
	m.notes = append(m.notes, machines.Note{Text: fmt.Sprintf(format, a...)})
}

func (m *moment) succeed(ticket int64, pairs ...any) {
	m.answers = append(m.answers, machines.Answer{Ticket: ticket, Output: value.NewObject(pairs...)})
}

func (m *moment) fail(ticket int64, name, cause string) {
	m.answers = append(m.answers, machines.Answer{Ticket: ticket, Error: name, Cause: cause})
}

// refuse answers a command that changed nothing.
func (m *moment) refuse(c machines.Command, name, cause string) { m.fail(c.Ticket, name, cause) }

// show takes {"text": "sold out"} and answers at once. An empty text takes the message away.
func (m *moment) show(c machines.Command) {
	var in struct {
		Text string `json:"text"`
	}
	if err := machines.Decode(c.Input, &in); err != nil {
		m.refuse(c, machines.ErrInput, err.Error())
		return
	}
	m.s.Message = in.Text
	m.note("display: %s", m.p.setup.display(m.s))
	m.succeed(c.Ticket, "shown", in.Text)
}

// A part is one of the plant's state machines. It is loaded, asked and read back, and means nothing in between; that is
// why a Plant stays a pure function.
type part struct {
	mu      sync.Mutex // guards machine
	machine *fsm.FSM
}

func newPart(initial string, events ...fsm.EventDesc) *part {
	return &part{machine: fsm.NewFSM(initial, events, nil)}
}

// fire lets event happen in state, and reports whether it may.
func (p *part) fire(state *string, event string) bool {
	next, ok := p.after(*state, event)
	if ok {
		*state = next
	}
	return ok
}

// may reports whether event can happen in state.
func (p *part) may(state, event string) bool {
	_, ok := p.after(state, event)
	return ok
}

func (p *part) after(state, event string) (next string, ok bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.machine.SetState(state)
	if !p.machine.Can(event) {
		return state, false
	}
	err := p.machine.Event(context.Background(), event)
	if same := (fsm.NoTransitionError{}); err != nil && !errors.As(err, &same) {
		panic(fmt.Sprintf("vending: %s in %s: %v", event, state, err)) // it said that it can
	}
	return p.machine.Current(), true
}

// transition is an event of a part that leads from some states to one.
func transition(event, to string, from ...string) fsm.EventDesc {
	return fsm.EventDesc{Name: event, Src: from, Dst: to}
}
