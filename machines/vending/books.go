package vending

import (
	"fmt"
	"iter"
	"slices"

	"signalbox/asl/value"
	"signalbox/machines"
)

// The kinds of ledger entries. What is about to move is written before it moves (vend, pay), what a sensor has seen when it
// has seen it (sold, paid).
const (
	entryStart     = "start"     // power-up: what the machine consists of, and what it holds by the books
	entryAccepting = "accepting" // the coin acceptor is released, or held back
	entryTrain     = "train"     // the first pulse of a coin
	entryCoin      = "coin"      // its last: a coin that is known
	entryUnknown   = "unknown"   // its last: pulses that are no coin's, or that nobody counted to their end
	entryStored    = "stored"    // a tube's sensor has seen a coin fall into it
	entryVend      = "vend"      // a spiral is about to turn
	entrySold      = "sold"      // the drop sensor has seen the snack
	entryJam       = "jam"       // the spiral has not come home
	entryMiss      = "miss"      // it has, and no snack was seen
	entryHome      = "home"      // one that was not known to be at home is
	entryGone      = "gone"      // a snack fell that nobody had paid for
	entryPayout    = "payout"    // coins are to be paid
	entryPay       = "pay"       // the next coin is about to be paid
	entryPaid      = "paid"      // the exit sensor has seen it
	entryUnpaid    = "unpaid"    // it has not: the tube is out of work
	entryDebt      = "debt"      // what could not be paid is owed
	entryPaidOut   = "paid-out"  // the payout is over
	entryLoose     = "loose"     // a coin came late, and something is owed
	entryLost      = "lost"      // a coin came that nobody was owed
	entryRefill    = "refill"    // by an operator
	entryCollect   = "collect"   // by an operator
	entrySettle    = "settle"    // by an operator: what became of something in doubt
)

// Money is where the customers' money is: Inserted = Kept + Returned + Credit + Doubt + Owed, to the cent, in every [State],
// and across power cuts. What is held is Credit and Doubt.
type Money struct {
	Inserted Cents // every coin that the mech knew
	Kept     Cents // the price of every snack that was seen to fall
	Returned Cents // coins that an exit sensor saw, up to what was due
	Credit   Cents // held for the customer
	Doubt    Cents // held for a vend or a coin that a power cut hid: an operator decides
	Owed     Cents // recorded debt: should have been paid out and could not
}

// Cash is where the coins are: Opening + Inserted + Refilled + Surplus = tubes + Box + Returned − Handed + Lost + Collected.
type Cash struct {
	Box       Cents // coins taken that no tube's sensor has seen
	Opening   Cents // in the tubes when they were first used
	Refilled  Cents
	Collected Cents
	Surplus   Cents // seen in or out of a tube though by the books it was not there
	Lost      Cents // paid out although nobody was owed
	Handed    Cents // given back by an operator's hand
}

// Books are what the ledger's entries add up to. Nothing else changes them, so that a plant that reads its ledger knows what
// it knew.
type Books struct {
	Started   bool
	Accepting bool // coins
	CoinBegun bool // a coin's pulses have begun and not ended
	Unknown   int  // trains of pulses that are no coin
	Cuts      int  // power-ups that found something under way
	BlindCuts int  // power-ups that found the acceptor released: a coin may have been in it of which no pulse was counted
	// FreshColumn, from 1, and FreshTube, a value, are what the last power cut has put in doubt, as long as nothing has happened
	// since: then the snack or the coin may still come, also if the power is cut again meanwhile. 0: nothing.
	RecentColumn int
	RecentTube   Cents
	Sales        int // the number of the last
	Payouts      int // the number of the last
	Money        Money
	Cash         Cash
	Sale         Sale
	Payout       Payout
	Columns      [MaxColumns]ColumnBook
	Tubes        [MaxTubes]TubeBook
}

// A ColumnBook is a column by the books.
type ColumnBook struct {
	Name         string // "": there is none
	Price        Cents
	Stock        int
	Sold         int
	Takings      Cents
	OutOfService string // why it sells nothing: jammed, unseen, doubt; "": it sells
	Doubt        Cents  // the price of the sale that may have happened
	Sale         int    // that sale
}

// A TubeBook is a tube by the books.
type TubeBook struct {
	Value        Cents // 0: there is none
	Coins        int
	In, Out      int // seen by the sensors
	Stuck        bool
	CoinsInDoubt int // coins that may have been paid
}

// The reasons for which a column sells nothing.
const (
	outJammed = "jammed"
	outUnseen = "unseen"
	outDoubt  = "doubt"
)

// ReadBooks adds up all entries of a ledger.
func ReadBooks(entries iter.Seq[machines.Entry]) (Books, error) {
	var b Books
	n := 0
	for e := range entries {
		n++
		if err := b.add(e); err != nil {
			return b, fmt.Errorf("entry %d (%s): %w; it is damaged, or of another machine: nothing moves", n, e.Kind, err)
		}
	}
	return b, nil
}

// entryData reads an entry's data.
type entryData struct {
	data *value.Object
	err  error
}

func (n *entryData) int(key string) int {
	var v any
	if n.data != nil {
		v, _ = n.data.Lookup(key)
	}
	i, ok := v.(int64)
	if !ok && n.err == nil {
		n.err = fmt.Errorf("no number %q", key)
	}
	return int(i)
}

func (n *entryData) cents(key string) Cents { return Cents(n.int(key)) }

func (n *entryData) has(key string) bool {
	if n.data == nil {
		return false
	}
	_, ok := n.data.Lookup(key)
	return ok
}

func (n *entryData) text(key string) string {
	if n.data == nil {
		return ""
	}
	v, _ := n.data.Lookup(key)
	s, _ := v.(string)
	return s
}

// column returns the column that an entry is of.
func (b *Books) column(n *entryData) *ColumnBook {
	if i := n.int("column"); i >= 1 && i <= MaxColumns && b.Columns[i-1].Name != "" {
		return &b.Columns[i-1]
	}
	if n.err == nil {
		n.err = fmt.Errorf("no such column")
	}
	return &ColumnBook{}
}

// tube returns the tube that an entry is of.
func (b *Books) tube(n *entryData) *TubeBook {
	v := n.cents("tube")
	for i := range b.Tubes {
		if v > 0 && b.Tubes[i].Value == v {
			return &b.Tubes[i]
		}
	}
	if n.err == nil {
		n.err = fmt.Errorf("no such tube")
	}
	return &TubeBook{}
}

// add adds one entry. An error says that it does not fit to those before.
func (b *Books) add(e machines.Entry) error {
	n := &entryData{data: e.Data}
	if !b.Started && e.Kind != entryStart {
		return fmt.Errorf("the first entry should be %q", entryStart)
	}
	switch e.Kind {
	case entryStart, entryTrain, entryUnknown:
	default:
		defer func() { b.RecentColumn, b.RecentTube = 0, 0 }()
	}
	switch e.Kind {
	case entryStart:
		b.start(n)
	case entryAccepting:
		b.Accepting = n.int("on") == 1
	case entryTrain, entryCoin, entryUnknown, entryStored:
		b.addCoin(e.Kind, n)
	case entryVend, entrySold, entryJam, entryMiss, entryHome, entryGone:
		b.addVend(e.Kind, n)
	case entryPayout, entryPay, entryPaid, entryUnpaid, entryDebt, entryPaidOut, entryLoose, entryLost:
		b.addPayout(e.Kind, n)
	case entryRefill, entryCollect, entrySettle:
		b.addService(e.Kind, n)
	default:
		return fmt.Errorf("no such kind")
	}
	if n.err != nil {
		return n.err
	}
	return b.check()
}

// check sees that no cent and no coin came out of nowhere.
func (b *Books) check() error {
	m, c := b.Money, b.Cash
	if m.Inserted != m.Kept+m.Returned+m.Credit+m.Doubt+m.Owed {
		return fmt.Errorf("inserted %v is not kept %v + returned %v + credit %v + in doubt %v + owed %v",
			m.Inserted, m.Kept, m.Returned, m.Credit, m.Doubt, m.Owed)
	}
	tubes := b.tubesTotal()
	if in, out := c.Opening+m.Inserted+c.Refilled+c.Surplus, tubes+c.Box+m.Returned-c.Handed+c.Lost+c.Collected; in != out {
		return fmt.Errorf("%v came in, and %v is there or went out", in, out)
	}
	least := min(m.Kept, m.Returned, m.Credit, m.Doubt, m.Owed, c.Box, c.Opening, c.Refilled, c.Collected, c.Surplus, c.Lost, c.Handed)
	doubt, takings := Cents(0), Cents(0)
	for _, t := range b.Tubes {
		least = min(least, Cents(t.Coins), Cents(t.CoinsInDoubt))
		doubt += Cents(t.CoinsInDoubt) * t.Value
	}
	for _, col := range b.Columns {
		least = min(least, Cents(col.Stock), col.Doubt)
		doubt += col.Doubt
		takings += col.Takings
	}
	switch {
	case least < 0:
		return fmt.Errorf("something is below nothing: %+v %+v", m, c)
	case doubt != m.Doubt:
		return fmt.Errorf("%v in doubt of columns and tubes, %v in all", doubt, m.Doubt)
	case takings != m.Kept:
		return fmt.Errorf("%v taken by the columns, %v kept", takings, m.Kept)
	}
	return nil
}

func (b *Books) tubesTotal() (sum Cents) {
	for _, t := range b.Tubes {
		sum += Cents(t.Coins) * t.Value
	}
	return sum
}

// start is a power-up. What was under way is in doubt; what the machine consists of now is taken over.
func (b *Books) start(n *entryData) {
	was := *b
	if b.Started {
		b.cutPower()
	}
	b.Started = true
	b.Accepting, b.CoinBegun = false, false
	columns, tubes := n.list("columns"), n.list("tubes")
	if len(columns) > MaxColumns || len(tubes) > MaxTubes {
		n.err = fmt.Errorf("%d columns and %d tubes are too many", len(columns), len(tubes))
		return
	}
	b.Columns, b.Tubes = [MaxColumns]ColumnBook{}, [MaxTubes]TubeBook{}
	for i, c := range columns {
		book := was.Columns[i]
		if was.Started {
			book = b.columnAfterCut(was, i)
		}
		book.Name, book.Price = c.text("name"), c.cents("price")
		if was.Columns[i].Name == "" {
			book.Stock = c.int("stock")
		}
		n.err = first(n.err, c.err, agrees("snacks in column", i+1, c.int("stock"), book.Stock))
		b.Columns[i] = book
	}
	for i, t := range tubes {
		value := t.cents("value")
		book := TubeBook{Value: value}
		if old := slices.IndexFunc(was.Tubes[:], func(o TubeBook) bool { return o.Value == value }); old >= 0 && value > 0 {
			book = was.Tubes[old]
			if was.Payout.Tube == value {
				book.CoinsInDoubt++
			}
		} else {
			book.Coins = t.int("coins")
			b.Cash.Opening += Cents(book.Coins) * value
		}
		n.err = first(n.err, t.err, agrees("coins in tube", int(value), t.int("coins"), book.Coins))
		b.Tubes[i] = book
	}
	b.Sale, b.Payout = Sale{Is: saleIdle, Number: b.Sales}, Payout{Is: payoutResting}
	if was.Sale.Is == saleSold {
		b.Sale = was.Sale // its change may still be due
	}
	if was.Payout.Done {
		b.Payout = was.Payout // it may be asked for again
	}
}

// columnAfterCut is column i after a cut.
func (*Books) columnAfterCut(was Books, i int) ColumnBook {
	book := was.Columns[i]
	if was.Sale.Is == saleVending && was.Sale.Column == i+1 {
		book.OutOfService, book.Doubt, book.Sale = outDoubt, was.Sale.Price, was.Sale.Number
	}
	return book
}

// cutPower moves the money of what was under way to where it is in doubt.
func (b *Books) cutPower() {
	under := b.CoinBegun
	if b.Accepting {
		b.BlindCuts++
	}
	if b.Sale.Is == saleVending {
		b.RecentColumn = b.Sale.Column
		b.Money.Credit -= b.Sale.Price
		b.Money.Doubt += b.Sale.Price
		under = true
	}
	if b.Payout.Tube != 0 {
		b.RecentTube = b.Payout.Tube
		*b.payoutAccount() -= b.Payout.Tube
		b.Money.Doubt += b.Payout.Tube
	}
	if b.CoinBegun {
		b.Unknown++ // its pulses went on, or did not, and nobody counted them
	}
	if under || b.Payout.atWork() {
		b.Cuts++
	}
}

// payoutAccount is whose money the payout under way pays.
func (b *Books) payoutAccount() *Cents {
	if b.Payout.Debt {
		return &b.Money.Owed
	}
	return &b.Money.Credit
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

func agrees(what string, which, says, books int) error {
	if says != books {
		return fmt.Errorf("%d %s %d by this entry, %d by those before", says, what, which, books)
	}
	return nil
}

func (n *entryData) list(key string) (list []*entryData) {
	var elements []any
	if n.data != nil {
		v, _ := n.data.Lookup(key)
		elements, _ = v.([]any)
	}
	for _, e := range elements {
		object, _ := e.(*value.Object)
		list = append(list, &entryData{data: object})
	}
	return list
}

func (b *Books) addCoin(kind string, n *entryData) {
	switch kind {
	case entryTrain:
		b.CoinBegun = true
	case entryCoin:
		v := n.cents("value")
		b.CoinBegun = false
		b.Money.Inserted += v
		b.Money.Credit += v
		b.Cash.Box += v
	case entryUnknown:
		b.CoinBegun = false
		b.Unknown++
	case entryStored:
		t := b.tube(n)
		t.Coins++
		t.In++
		// A coin that the mech did not know can still be seen by the tube it falls into.
		known := min(t.Value, b.Cash.Box)
		b.Cash.Box -= known
		b.Cash.Surplus += t.Value - known
	}
}

func (b *Books) addVend(kind string, n *entryData) {
	if kind == entryGone {
		if n.has("column") {
			if c := b.column(n); c.Stock > 0 {
				c.Stock--
			}
		}
		return
	}
	c := b.column(n)
	of := !n.has("sale") || n.int("sale") == b.Sale.Number // of the sale at hand
	switch kind {
	case entryVend:
		b.Sale = Sale{
			Is: saleVending, Number: n.int("sale"), Column: n.int("column"), Price: n.cents("price"), Change: n.cents("change"),
		}
		b.Sales = max(b.Sales, b.Sale.Number)
		if b.Sale.Price > b.Money.Credit {
			n.err = fmt.Errorf("a vend at %v with a credit of %v", b.Sale.Price, b.Money.Credit)
		}
	case entrySold:
		price := c.Doubt
		if c.OutOfService == outDoubt {
			// Seen after all, right after a power cut.
			b.Money.Doubt -= price
			c.Doubt, c.Sale, c.OutOfService = 0, 0, ""
		} else {
			price = b.Sale.Price
			b.Money.Credit -= price
			b.Sale.Is = saleSold
			if c.OutOfService == outUnseen {
				c.OutOfService = ""
			}
		}
		b.Money.Kept += price
		c.Takings += price
		c.Sold++
		if c.Stock > 0 {
			c.Stock--
		}
	case entryJam:
		c.OutOfService = outJammed
		if of && b.Sale.Is == saleVending {
			b.Sale.Is = saleJammed
		}
	case entryMiss:
		c.OutOfService = outUnseen
		if of && (b.Sale.Is == saleVending || b.Sale.Is == saleJammed) {
			b.Sale.Is = saleFailed
		}
	case entryHome:
		c.OutOfService = ""
	}
}

func (b *Books) addPayout(kind string, n *entryData) {
	p := &b.Payout
	switch kind {
	case entryPayout:
		number := n.int("payout")
		*p = Payout{
			Is: payoutPaying, Number: number, Debt: n.int("debt") == 1, All: n.int("all") == 1, Due: n.cents("due"),
			Sale: n.int("sale"),
		}
		b.Payouts = max(b.Payouts, number)
		if p.All && !p.Debt && b.Sale.Is != saleSold {
			b.Sale.Is = saleIdle // it got its money back
		}
		return
	case entryPaidOut:
		p.Is, p.Tube, p.Done = payoutResting, 0, true
		if b.Money.Credit == 0 && b.Sale.Is != saleSold {
			b.Sale.Is = saleIdle // it got its last cent back in parts
		}
		return
	case entryDebt:
		amount := n.cents("amount")
		if !p.Debt {
			b.Money.Credit -= amount
			b.Money.Owed += amount
		}
		p.Is, p.Tube, p.Due = payoutResting, 0, 0
		if b.Money.Credit == 0 && b.Sale.Is != saleSold {
			b.Sale.Is = saleIdle
		}
		return
	}
	t := b.tube(n)
	out := func() {
		t.Out++
		if t.Coins > 0 {
			t.Coins--
		} else {
			b.Cash.Surplus += t.Value // more was in it than the books say
		}
	}
	switch kind {
	case entryPay:
		p.Tube = t.Value
	case entryPaid:
		if n.has("doubt") {
			t.CoinsInDoubt--
			b.Money.Doubt -= t.Value
		} else {
			*b.payoutAccount() -= t.Value
			p.Paid += t.Value
			if !p.All {
				p.Due -= t.Value
			}
			p.Tube = 0
		}
		b.Money.Returned += t.Value
		out()
	case entryUnpaid:
		t.Stuck = true
		p.Tube = 0
	case entryLoose:
		b.Money.Owed -= t.Value
		b.Money.Returned += t.Value
		out()
	case entryLost:
		b.Cash.Lost += t.Value
		out()
	}
}

func (b *Books) addService(kind string, n *entryData) {
	switch {
	case kind == entryCollect && n.has("box"):
		amount := n.cents("box")
		b.Cash.Box -= amount
		b.Cash.Collected += amount
	case kind == entryCollect:
		t, coins := b.tube(n), n.int("coins")
		t.Coins -= coins
		b.Cash.Collected += Cents(coins) * t.Value
	case kind == entryRefill && n.has("tube"):
		t, coins := b.tube(n), n.int("coins")
		t.Coins += coins
		t.Stuck = false
		b.Cash.Refilled += Cents(coins) * t.Value
	case kind == entryRefill:
		c := b.column(n)
		c.Stock += n.int("snacks")
		if c.OutOfService == outUnseen || c.OutOfService == outJammed {
			c.OutOfService = ""
		}
	default:
		b.addSettle(n)
	}
}

// addSettle is an operator's decision about something in doubt, or about the debt.
func (b *Books) addSettle(n *entryData) {
	decision := n.text("decision")
	m := &b.Money
	switch {
	case n.has("column"):
		c := b.column(n)
		price := c.Doubt
		m.Doubt -= price
		c.Doubt, c.Sale, c.OutOfService = 0, 0, ""
		if decision == decidedDelivered {
			m.Kept += price
			c.Takings += price
			c.Sold++
			c.Stock = max(c.Stock-1, 0)
		} else {
			m.Owed += price
		}
	case n.has("tube"):
		t := b.tube(n)
		t.CoinsInDoubt--
		m.Doubt -= t.Value
		if decision == decidedPaid {
			m.Returned += t.Value
			t.Out++
			if t.Coins > 0 {
				t.Coins--
			} else {
				b.Cash.Surplus += t.Value
			}
		} else {
			m.Owed += t.Value
		}
	default:
		amount := n.cents("owed")
		m.Owed -= amount
		m.Returned += amount
		b.Cash.Handed += amount
	}
}
