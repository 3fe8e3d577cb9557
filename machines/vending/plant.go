// Package vending is a vending machine: columns of snacks, a coin mech that gives pulses, and tubes (or hoppers) of coins for
// change and refunds. A file describes it; see [Setup].
//
// Its parts, each in a file of its own, are state machines (looplab/fsm, see [machines.Part]):
//
//	coin mech  counts the pulses of a coin and detects the coin's end
//	customer   the customer's next action, and the Task that awaits it
//	sale       one selection and its result: asked, vending, sold, jammed, failed
//	column     a spiral with motor, home switch and snacks
//	payout     pays out coins, as few as possible; its tubes have an exit sensor that gives a pulse for each coin
//	service    the operator's commands: refill, collect, settle
//
// [Plant] joins them and judges commands and edges. Every movement of money, snacks and coins is recorded in the ledger, before
// it begins and when a sensor has seen it; [Books] are the sums of the ledger, from which [Plant.Recover] finds what is due
// after a power cut. Three rules hold whatever the definition, see [Plant.Invariants]: no money appears or disappears, no spiral
// turns below the price, and one payment turns a spiral at most once. [World] is the physics behind simulated lines.
package vending

import (
	"fmt"
	"iter"
	"slices"
	"time"

	"signalbox/asl/value"
	"signalbox/machines"
)

// The activities.
const (
	Settlement    = "settlement"
	AwaitCustomer = "await-customer"
	AwaitService  = "await-service"
	Vend          = "vend"
	PayOut        = "pay-out"
	Show          = "show"
)

// The operations of an operator.
const (
	Refill  = "refill"
	Collect = "collect"
	Settle  = "settle"
)

// The error names of activities and operations.
const (
	ErrNotPaid       = "Vend.NotPaid"      // the credit is below the price
	ErrSoldOut       = "Vend.SoldOut"      // the column is empty or out of service
	ErrChange        = "Change.Impossible" // the tubes could not pay the change
	ErrNoSale        = "Vend.NoSale"       // the sale has ended, or never existed
	ErrVendBusy      = "Vend.Busy"         // a motor runs already
	ErrNoDrop        = "Vend.NoDrop"       // the spiral turned and nothing was seen to fall
	ErrJam           = "Vend.Jam"          // the spiral did not come home, or the drop sensor is covered; the sale may be retried
	ErrPayOutBusy    = "PayOut.Busy"       // another payout is under way
	ErrNotHeld       = "PayOut.NotHeld"    // the amount is more than the credit
	ErrPayOutJam     = "PayOut.Jam"        // a tube that should hold coins paid none; the rest is owed
	ErrHopperEmpty   = "Hopper.Empty"      // the tubes do not hold the amount; the rest is owed
	ErrDoor          = "Door.Open"         // the service door is open
	ErrCustomerTaken = "Customer.Awaited"  // another Task awaits the customer already
	ErrAsked         = "Service.Awaited"   // another Task awaits the same already
	ErrNoDoubt       = "Settle.NoDoubt"    // nothing is in doubt
)

// The lines. Names of a column's lines end in its number; names of a tube's lines contain the value of its coins in cents.
const (
	lineCoin        = "coin"
	lineCoinReturn  = "coin-return"
	lineSelect      = "select-"
	lineHome        = "home-"
	lineDrop        = "drop"
	lineDoor        = "door"
	lineMotor       = "motor-"
	lineHopper      = "hopper-"
	exitSuffix      = "-exit"
	inSuffix        = "-in"
	lineExactChange = "exact-change"
	lineCoinAccept  = "coin-accept"
)

// A State is the whole state of the machine. Its times are deadlines only: the effect of an input does not depend on the time,
// so that states can be explored without a clock.
type State struct {
	Books
	Mech        CoinMech
	Customer    Customer
	Settlement  Question
	Service     Question
	Spirals     [MaxColumns]Spiral
	TubeLines   [MaxTubes]TubeLines
	VendTicket  int64
	PayTicket   int64
	PayoutError string           // the error name of a payout that could not pay everything
	CoinOverdue machines.Instant // when the tube that is paying has failed, unless a coin comes
	BurstEnds   machines.Instant // when a burst of the payout ends, or the pause after it
	StartUpEnds machines.Instant // the end of start-up: until then no motor runs, and late coins and snacks are recognized
	LateColumn  int              // the column whose snack may still fall during start-up, from 1; 0: none
	LateTube    int              // the tube whose coin may still come during start-up, from 1; 0: none
	DropCovered bool             // the level of the drop sensor
	DoorOpen    bool             // the service door
	Serving     bool             // the last wait was for a customer, not for an operator
	ExactChange bool             // the lamp: change may not be possible
	Message     string           // of the activity show; until a vend begins, a payout ends or the customer acts
}

// A Plant implements [machines.Plant] and [machines.Recoverer]. It is immutable, so that several goroutines may use it.
type Plant struct {
	setup           Setup
	lowest, highest Cents // of the prices
	step            Cents // every amount is a multiple of it
	inputs          map[string]input
	outputs         []string // see Setup.Outputs
	runOutNames     []string // of the tubes' deadlines

	mech, customer, sale, spiral, tube, payout, question *machines.Part[string]
}

var _ machines.Recoverer = (*Plant)(nil)

// New returns the plant of a machine with the given setup.
func New(setup Setup) *Plant {
	p := &Plant{
		setup: setup,
		mech:  coinMechPart(), customer: customerPart(), sale: salePart(), spiral: spiralPart(), tube: tubePart(),
		payout: payoutPart(), question: questionPart(),
	}
	p.inputs, p.outputs = setup.inputs(), setup.Outputs()
	for _, t := range setup.Tubes {
		p.runOutNames = append(p.runOutNames, fmt.Sprintf("%s %v", dueRunsOut, t.Value))
	}
	p.lowest, p.highest = setup.prices()
	for _, c := range setup.Coins {
		p.step = gcd(p.step, c.Value)
	}
	return p
}

// An input is an input line and the part that it belongs to.
type input struct {
	kind inputKind
	line string
	i    int // the index of its column or tube
}

// An inputKind is a kind of input line.
type inputKind uint8

const (
	inputCoin inputKind = iota
	inputCoinReturn
	inputDrop
	inputDoor
	inputSelect // a column's button
	inputHome   // a column's home switch
	inputExit   // a tube's exit sensor
	inputStored // a tube's sensor of coins that fall into it
)

// inputs returns the input lines by name.
func (s Setup) inputs() map[string]input {
	all := map[string]input{}
	add := func(kind inputKind, line string, i int) { all[line] = input{kind, line, i} }
	add(inputCoin, lineCoin, 0)
	add(inputCoinReturn, lineCoinReturn, 0)
	add(inputDrop, lineDrop, 0)
	add(inputDoor, lineDoor, 0)
	for i := range s.Columns {
		add(inputSelect, columnLine(lineSelect, i), i)
		add(inputHome, columnLine(lineHome, i), i)
	}
	for i, t := range s.Tubes {
		add(inputExit, t.motorLine()+exitSuffix, i)
		add(inputStored, t.motorLine()+inSuffix, i)
	}
	return all
}

// Initial implements [machines.Plant].
func (p *Plant) Initial(at time.Time) (machines.State, machines.Reaction) {
	s, r, err := p.powerUp(Books{}, at)
	if err != nil {
		panic(fmt.Sprintf("vending: %v", err)) // an empty ledger has no faults
	}
	return s, r
}

// Recover implements [machines.Recoverer]. A vend or a coin that was under way when the power was cut is in doubt: the sensor
// settles it if the snack or the coin still comes, else an operator does.
func (p *Plant) Recover(entries iter.Seq[machines.Entry], at time.Time) (machines.State, machines.Reaction, error) {
	b, err := ReadBooks(entries)
	if err != nil {
		return nil, machines.Reaction{}, err
	}
	for _, t := range b.Tubes {
		if t.Value != 0 && p.setup.tube(t.Value) < 0 && (t.Coins > 0 || t.CoinsInDoubt > 0) {
			return nil, machines.Reaction{}, fmt.Errorf("%d coins are in a tube %v that this machine does not have; "+
				"run it as it was before, and collect them first", t.Coins, t.Value)
		}
	}
	for i, c := range b.Columns {
		if i >= len(p.setup.Columns) && (c.Stock > 0 || c.Doubt > 0) {
			return nil, machines.Reaction{}, fmt.Errorf("column %d (%s) has %d snacks, and this machine has %d columns; "+
				"run it as it was before", i+1, c.Name, c.Stock, len(p.setup.Columns))
		}
	}
	s, r, err := p.powerUp(b, at)
	if err != nil {
		return nil, machines.Reaction{}, err
	}
	return s, r, nil
}

// powerUp returns the state at power-up after a ledger with the given sums, and the reaction.
func (p *Plant) powerUp(b Books, at time.Time) (State, machines.Reaction, error) {
	m := &applier{p: p, at: at}
	s := &m.s
	s.Books = b
	s.Mech.Is, s.Customer.Is = mechStarting, customerIdle
	s.Settlement.Is, s.Service.Is = questionUnasked, questionUnasked
	if err := m.addEntry(entryStart, p.inventory(b)); err != nil {
		return State{}, machines.Reaction{}, err
	}
	wait := startUp
	for i := range s.Spirals {
		s.Spirals[i].Is = spiralResting
		switch book := s.Columns[i]; {
		case book.OutOfService == outJammed:
			s.Spirals[i].Is = spiralJammed
		case book.OutOfService == outUnseen:
			s.Spirals[i].Is = spiralUnseen
		case book.OutOfService == outDoubt && s.RecentColumn == i+1:
			s.LateColumn, wait = i+1, maxFall
		}
	}
	for i := range s.TubeLines {
		s.TubeLines[i].Is = tubeResting
		if s.Tubes[i].Stuck {
			s.TubeLines[i].Is = tubeStuck
		}
		if s.Tubes[i].Value != 0 && s.Tubes[i].Value == s.RecentTube {
			s.LateTube, wait = i+1, max(wait, runOut)
		}
	}
	s.StartUpEnds = m.after(wait)
	if i := s.LateColumn; i > 0 {
		m.note("the power was cut during sale %d of column %d: %v in doubt", s.Columns[i-1].Sale, i, s.Columns[i-1].Doubt)
	}
	if s.LateTube > 0 {
		m.note("the power was cut while a coin of %v was paid: it is in doubt", s.RecentTube)
	}
	if b.CoinBegun {
		m.note("the power was cut while a coin came in: its value is unknown")
	}
	state, r := m.finish()
	r.Stops, r.Levels = nil, nil
	on := p.levels(&m.s)
	for i, line := range p.outputs {
		r.Levels = append(r.Levels, machines.Level{Line: line, High: on&(1<<i) != 0})
	}
	return state.(State), r, nil
}

// inventory returns the data of a start entry: the columns and tubes of the setup, with the contents that the books have for
// them, or those of the setup if they are new.
func (p *Plant) inventory(b Books) *value.Object {
	columns, tubes := make([]any, len(p.setup.Columns)), make([]any, len(p.setup.Tubes))
	for i, c := range p.setup.Columns {
		stock := c.Stock
		if b.Columns[i].Name != "" {
			stock = b.Columns[i].Stock
		}
		columns[i] = value.NewObject("name", c.Name, "price", int64(c.Price), "stock", int64(stock))
	}
	for i, t := range p.setup.Tubes {
		coins := t.Coins
		if j := slices.IndexFunc(b.Tubes[:], func(old TubeBook) bool { return old.Value == t.Value }); j >= 0 {
			coins = b.Tubes[j].Coins
		}
		tubes[i] = value.NewObject("value", int64(t.Value), "coins", int64(coins))
	}
	return value.NewObject("columns", columns, "tubes", tubes)
}

// Apply implements [machines.Plant]; s is a [State].
func (p *Plant) Apply(s machines.State, in machines.Input, at time.Time) (machines.State, machines.Reaction) {
	was := s.(State)
	m := &applier{p: p, before: was, s: was, at: at}
	switch in := in.(type) {
	case machines.Command:
		m.command(in)
	case machines.Cancel:
		m.cancel(in.Ticket)
	case machines.Edge:
		m.seen = in.Seen(at)
		if line, ok := p.inputs[in.Line]; ok {
			m.edge(line, in.High, in.AtPowerUp)
		}
	case machines.Due:
		m.due(in.Name)
	}
	return m.finish()
}

// edge applies a new level of an input line to its part. A sensor that is covered at power-up has not seen anything pass: only
// its level is set.
func (m *applier) edge(in input, high, atPowerUp bool) {
	switch in.kind {
	case inputCoin:
		m.coinEdge(high)
	case inputCoinReturn:
		m.buttonEdge(in.line, high, "coin-return", 0)
	case inputDrop:
		if atPowerUp {
			m.s.DropCovered = high
		} else {
			m.dropEdge(high)
		}
	case inputDoor:
		m.doorEdge(high)
	case inputSelect:
		m.buttonEdge(in.line, high, "selection", in.i+1)
	case inputHome:
		m.homeEdge(in.i, high)
	case inputExit:
		if atPowerUp {
			m.s.TubeLines[in.i].ExitHigh = high
		} else {
			m.exitEdge(in.i, high)
		}
	case inputStored:
		if atPowerUp {
			m.s.TubeLines[in.i].InHigh = high
		} else {
			m.storedEdge(in.i, high)
		}
	}
}

// Moves implements [machines.Plant]: any input line may change at any time. Faults are included, as they are edges at the wrong
// time, or missing ones.
func (p *Plant) Moves(machines.State) []machines.Input {
	inputs := p.setup.Inputs()
	moves := make([]machines.Input, 0, 2*len(inputs))
	for _, line := range inputs {
		moves = append(moves, machines.Edge{Line: line, High: true}, machines.Edge{Line: line, High: false})
	}
	return moves
}

// Inputs returns the names of the input lines.
func (s Setup) Inputs() []string {
	lines := make([]string, 0, 4+2*len(s.Tubes)+2*len(s.Columns))
	lines = append(lines, lineCoin, lineCoinReturn, lineDrop, lineDoor)
	for _, t := range s.Tubes {
		lines = append(lines, t.motorLine()+exitSuffix, t.motorLine()+inSuffix)
	}
	for i := range s.Columns {
		lines = append(lines, columnLine(lineHome, i), columnLine(lineSelect, i))
	}
	return lines
}

// Outputs returns the names of the output lines.
func (s Setup) Outputs() []string {
	var lines []string
	for i := range s.Columns {
		lines = append(lines, columnLine(lineMotor, i))
	}
	for _, t := range s.Tubes {
		lines = append(lines, t.motorLine())
	}
	return append(lines, lineExactChange, lineCoinAccept)
}

// columnLine returns the name of a line of the column with index i.
func columnLine(line string, i int) string { return fmt.Sprint(line, i+1) }

// motorLine returns the name of the line of the tube's motor.
func (t Tube) motorLine() string { return fmt.Sprint(lineHopper, int(t.Value)) }

// An applier is one Apply under way: the parts change s, and the reaction is collected in the other fields.
type applier struct {
	p         *Plant
	before, s State
	at        time.Time
	seen      time.Time // of an edge: when it was seen
	records   []machines.Entry
	answers   []machines.Answer
	notes     []machines.Note
}

// record adds an entry to the ledger and to the books. Pairs are the keys and values of its data; ints and Cents become int64.
// The rig writes it to the disk before any motor starts.
func (m *applier) record(kind string, pairs ...any) {
	for i, v := range pairs {
		switch v := v.(type) {
		case int:
			pairs[i] = int64(v)
		case Cents:
			pairs[i] = int64(v)
		}
	}
	var data *value.Object
	if pairs != nil {
		data = value.NewObject(pairs...)
	}
	if err := m.addEntry(kind, data); err != nil {
		panic(fmt.Sprintf("vending: %s %s: %v", kind, value.Text(data), err)) // the part should not have recorded it
	}
}

// addEntry adds an entry to the ledger and to the books. An error means that it contradicts the entries before it.
func (m *applier) addEntry(kind string, data *value.Object) error {
	e := machines.Entry{Time: m.at, Kind: kind, Data: data}
	m.records = append(m.records, e)
	return m.s.add(e)
}

// command carries a command out, refuses it, or keeps its ticket for a later answer.
func (m *applier) command(c machines.Command) {
	switch c.Name {
	case Settlement:
		m.awaitAnswer(c, &m.s.Settlement)
	case AwaitCustomer:
		m.awaitCustomer(c)
	case AwaitService:
		m.s.Serving = false
		m.awaitAnswer(c, &m.s.Service)
	case Vend:
		m.vend(c)
	case PayOut:
		m.payOut(c)
	case Show:
		m.show(c)
	case Refill, Collect, Settle:
		m.operate(c)
	default:
		m.refuse(c, machines.ErrInput, fmt.Sprintf("vending: there is no activity %q", c.Name))
	}
}

// cancel withdraws a Task's command. A movement that has begun is finished, as a spiral must come home and coins stay due: only
// its answer is dropped.
func (m *applier) cancel(ticket int64) {
	switch ticket {
	case 0:
		// not a ticket, but the value of fields without one
	case m.s.Customer.Ticket:
		c := m.s.Customer
		m.p.customer.Fire(&c.Is, "cancel")
		m.s.Customer = Customer{Is: c.Is, Coin: c.Coin, Service: c.Service}
	case m.s.Settlement.Ticket:
		m.p.question.Fire(&m.s.Settlement.Is, "answer")
		m.s.Settlement.Ticket = 0
	case m.s.Service.Ticket:
		m.p.question.Fire(&m.s.Service.Is, "answer")
		m.s.Service.Ticket = 0
	case m.s.VendTicket:
		m.s.VendTicket = 0
		m.note("vend cancelled: what has begun is finished")
	case m.s.PayTicket:
		m.s.PayTicket = 0
		m.note("pay-out cancelled: what has begun is finished")
	}
}

// The names of deadlines. They are also the reasons of changes in the log.
const (
	dueStartUp     = "power-up over"
	dueCoin        = "coin complete"
	dueTurn        = "turn overdue"
	dueDrop        = "drop overdue"
	dueCoinOverdue = "hopper silent"
	dueBurst       = "hopper pause"
	dueRunsOut     = "hopper run out"
)

// due does what is due at a deadline. A stale deadline has no effect.
func (m *applier) due(name string) {
	switch name {
	case dueStartUp:
		if m.s.StartUpEnds != 0 {
			m.coinComplete()
			m.s.StartUpEnds, m.s.LateColumn, m.s.LateTube = 0, 0, 0
		}
	case dueCoin:
		if m.s.StartUpEnds == 0 {
			m.coinComplete()
		}
	case dueTurn:
		m.turnOverdue()
	case dueDrop:
		m.dropOverdue()
	case dueCoinOverdue:
		m.tubeSilent()
	case dueBurst:
		m.burstOver()
	default:
		if i := slices.Index(m.p.runOutNames, name); i >= 0 {
			m.s.TubeLines[i].RunOutEnds = 0
		}
	}
}

// finish does what follows from the input in all parts, and returns the new state and the reaction.
func (m *applier) finish() (machines.State, machines.Reaction) {
	m.continuePayout()
	if m.s.Mech.Is != mechCounting {
		// No Task is answered while a coin comes in: its answer would have the credit without that coin.
		m.answerSettlement()
		m.answerService()
		m.answerVend()
		m.answerPayOut()
		m.answerCustomer()
	}
	m.updateSigns()
	r := machines.Reaction{Records: m.records, Answers: m.answers, Notes: m.notes}
	is := m.p.levels(&m.s)
	changed := is ^ m.p.levels(&m.before)
	for i, line := range m.p.outputs {
		switch {
		case changed&(1<<i) == 0:
		case is&(1<<i) != 0:
			r.Levels = append(r.Levels, machines.Level{Line: line, High: true})
		default:
			r.Stops = append(r.Stops, machines.Level{Line: line})
		}
	}
	r.Deadlines = m.deadlines()
	return m.s, r
}

// updateSigns updates the exact-change lamp and the coin acceptor, if anything has changed that they depend on.
func (m *applier) updateSigns() {
	a, b := &m.before, &m.s
	if a.Books == b.Books && a.StartUpEnds == b.StartUpEnds && a.DoorOpen == b.DoorOpen && a.Serving == b.Serving {
		return
	}
	b.ExactChange = m.p.exact(b)
	if accepts := m.p.accepts(b); accepts != b.Accepting {
		m.record(entryAccepting, "on", boolInt(accepts))
	}
}

// deadlines returns all deadlines of the state.
func (m *applier) deadlines() []machines.Deadline {
	var few [8]machines.Deadline // on the stack; most states have fewer
	list := few[:0]
	add := func(name string, at machines.Instant) {
		if at != 0 {
			list = append(list, machines.Deadline{Name: name, At: at.Time()})
		}
	}
	add(dueStartUp, m.s.StartUpEnds)
	if m.s.Mech.Ends != 0 {
		list = append(list, machines.Deadline{Name: dueCoin, At: m.s.Mech.Ends.Time(), OfEdges: true})
	}
	for _, c := range m.s.Spirals {
		if c.Is == spiralDropping {
			add(dueDrop, c.Until)
		} else {
			add(dueTurn, c.Until)
		}
	}
	add(dueCoinOverdue, m.s.CoinOverdue)
	add(dueBurst, m.s.BurstEnds)
	for i, name := range m.p.runOutNames {
		add(name, m.s.TubeLines[i].RunOutEnds)
	}
	return slices.Clone(list)
}

// levels returns the output lines that are on in s: bit i belongs to output i.
func (p *Plant) levels(s *State) (on uint32) {
	bit := uint32(1)
	add := func(high bool) {
		if high {
			on |= bit
		}
		bit <<= 1
	}
	for i := range p.setup.Columns {
		add(s.Spirals[i].motorOn())
	}
	for i := range p.setup.Tubes {
		add(s.TubeLines[i].Is == tubePaying)
	}
	add(s.ExactChange)
	add(s.Accepting)
	return on
}

// moving reports whether a vend or a payout is under way, with or without a Task that waits for it.
func (s *State) moving() bool { return s.turning() || s.Payout.atWork() }

// after returns the time d from now.
func (m *applier) after(d time.Duration) machines.Instant { return machines.InstantOf(m.at.Add(d)) }

// afterEdge returns the time d after the edge that is applied. Its deadline is OfEdges.
func (m *applier) afterEdge(d time.Duration) machines.Instant {
	return machines.InstantOf(m.seen.Add(d))
}

func (m *applier) note(format string, a ...any) {
	m.notes = append(m.notes, machines.Note{Text: fmt.Sprintf(format, a...)})
}

func (m *applier) succeed(ticket int64, pairs ...any) {
	m.answers = append(m.answers, machines.Answer{Ticket: ticket, Output: value.NewObject(pairs...)})
}

func (m *applier) fail(ticket int64, name, cause string) {
	m.answers = append(m.answers, machines.Answer{Ticket: ticket, Error: name, Cause: cause})
}

// refuse fails a command that has changed nothing.
func (m *applier) refuse(c machines.Command, name, cause string) { m.fail(c.Ticket, name, cause) }

// show is the activity show: {"text": "sold out"} sets the display's message, an empty text removes it. It is answered at once.
func (m *applier) show(c machines.Command) {
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
