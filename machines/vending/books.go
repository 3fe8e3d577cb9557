package vending

import (
	"fmt"
	"iter"
	"slices"

	"signalbox/asl/value"
	"signalbox/machines"
)

// The kinds of ledger entries. They are stored: an old ledger must stay readable. A movement is recorded before it begins (vend,
// pay) and when a sensor has seen it (sold, paid).
const (
	entryStart     = "start"     // power-up: the columns and tubes, and their contents
	entryAccepting = "accepting" // the coin acceptor is released, or blocked
	entryTrain     = "train"     // the first pulse of a coin
	entryCoin      = "coin"      // the end of a known coin's pulses
	entryUnknown   = "unknown"   // the end of pulses that are no coin's, or were not all counted
	entryStored    = "stored"    // a tube's sensor has seen a coin fall into it
	entryVend      = "vend"      // a spiral is about to turn
	entrySold      = "sold"      // the drop sensor has seen the snack
	entryJam       = "jam"       // the spiral has not come home
	entryMiss      = "miss"      // the spiral has come home, and no snack was seen
	entryHome      = "home"      // a jammed spiral has come home
	entryGone      = "gone"      // a snack fell without a payment
	entryPayout    = "payout"    // a payout begins
	entryPay       = "pay"       // the next coin is about to be paid
	entryPaid      = "paid"      // the exit sensor has seen the coin
	entryUnpaid    = "unpaid"    // the exit sensor has not seen the coin: the tube is out of service
	entryDebt      = "debt"      // the rest of a payout is owed, as the tubes cannot pay it
	entryPaidOut   = "paid-out"  // a payout has paid everything
	entryLoose     = "loose"     // a coin came late and reduces the debt
	entryLost      = "lost"      // a coin came that was not due
	entryRefill    = "refill"    // an operator has put coins or snacks in
	entryCollect   = "collect"   // an operator has taken coins out
	entrySettle    = "settle"    // an operator has decided something in doubt, or paid the debt by hand
)

// Money is the customers' money by purpose: Inserted = Kept + Returned + Credit + Doubt + Owed, to the cent, in every [State],
// and across power cuts. The machine holds Credit and Doubt.
type Money struct {
	Inserted Cents // all known coins
	Kept     Cents // the prices of all snacks that were seen to fall
	Returned Cents // coins that an exit sensor saw, up to the amount that was due
	Credit   Cents // held for the customer
	Doubt    Cents // held for a vend or a coin that a power cut interrupted, until an operator decides
	Owed     Cents // debt: should have been paid out and could not
}

// Cash is the coins by place: Opening + Inserted + Refilled + Surplus = tubes + Box + Returned − Handed + Lost + Collected.
type Cash struct {
	Box       Cents // known coins that no tube's sensor has seen
	Opening   Cents // in the tubes at their first use
	Refilled  Cents
	Collected Cents
	Surplus   Cents // seen by a tube's sensor although the books did not have it
	Lost      Cents // paid out without being due
	Handed    Cents // paid by an operator by hand
}

// Books are the sums of the ledger's entries. Only entries change them, so that a plant that reads its ledger again has the same
// books.
//
// Checkpoints store it as JSON with the names of its fields, down to the last: a renamed field needs a json tag with the old name.
type Books struct {
	Started    bool
	Accepting  bool // the coin acceptor is released
	CoinBegun  bool // a coin's pulses have begun and not ended
	Unknown    int  // trains of pulses that are no coin
	CutsAtWork int  // power cuts during a coin, a vend or a payout
	BlindCuts  int  // power cuts with the acceptor released: it may have held a coin of which no pulse was counted
	// RecentColumn, from 1, and RecentTube, a value, were under way at the last power cut, and no entry has been recorded since:
	// the snack or the coin may still come, also after a second power cut. 0: none.
	RecentColumn int
	RecentTube   Cents
	Sales        int // the number of the last sale
	Payouts      int // the number of the last payout
	Money        Money
	Cash         Cash
	Sale         Sale
	Payout       Payout
	Columns      [MaxColumns]ColumnBook
	Tubes        [MaxTubes]TubeBook
}

// A ColumnBook is one column's part of the books.
type ColumnBook struct {
	Name         string // "": there is no such column
	Price        Cents
	Stock        int
	Sold         int
	Takings      Cents
	OutOfService string // why the column does not sell: jammed, unseen, doubt; "": it sells
	Doubt        Cents  // the price of the sale in doubt
	Sale         int    // the number of the sale in doubt
}

// A TubeBook is one tube's part of the books.
type TubeBook struct {
	Value        Cents // 0: there is no such tube
	Coins        int
	In, Out      int // coins seen by the sensors
	Stuck        bool
	CoinsInDoubt int // coins that may have been paid when the power was cut
}

// Why a column is out of service.
const (
	outJammed = "jammed"
	outUnseen = "unseen"
	outDoubt  = "doubt"
)

// ReadBooks adds up the entries of a ledger. An error names the entry that contradicts those before it.
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

// entryData reads the data of an entry. Err is the first missing number.
type entryData struct {
	data *value.Object
	err  error
}

// int returns the number under a key; 0, and n.err, if there is none.
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

// column returns the book of an entry's column; a new one, and n.err, if there is no such column.
func (b *Books) column(n *entryData) *ColumnBook {
	if i := n.int("column"); i >= 1 && i <= MaxColumns && b.Columns[i-1].Name != "" {
		return &b.Columns[i-1]
	}
	if n.err == nil {
		n.err = fmt.Errorf("no such column")
	}
	return &ColumnBook{}
}

// tube returns the book of an entry's tube; a new one, and n.err, if there is no such tube.
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

// add adds one entry. An error means that it contradicts those before it.
func (b *Books) add(e machines.Entry) error {
	if e.Kind == machines.CheckpointKind {
		return b.checkpoint(e)
	}
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

// check checks that the sums of money and coins agree.
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

// start adds a power-up: movements under way are in doubt, and columns and tubes become those of the entry.
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
		b.Sale = was.Sale // its change may still be requested
	}
	if was.Payout.Done {
		b.Payout = was.Payout // it may be requested again
	}
}

// columnAfterCut returns the book of the column with index i after a power cut.
func (*Books) columnAfterCut(was Books, i int) ColumnBook {
	book := was.Columns[i]
	if was.Sale.Is == saleVending && was.Sale.Column == i+1 {
		book.OutOfService, book.Doubt, book.Sale = outDoubt, was.Sale.Price, was.Sale.Number
	}
	return book
}

// cutPower counts a power cut, and moves the money of a vend or a coin under way to Doubt.
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
		b.Unknown++ // the rest of its pulses was not counted
	}
	if under || b.Payout.atWork() {
		b.CutsAtWork++
	}
}

// payoutAccount returns the account that the payout under way pays from: the debt, or the credit.
func (b *Books) payoutAccount() *Cents {
	if b.Payout.Debt {
		return &b.Money.Owed
	}
	return &b.Money.Credit
}

// first returns the first error that is not nil.
func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// agrees returns an error if an entry says another number than the books.
func agrees(what string, which, says, books int) error {
	if says != books {
		return fmt.Errorf("%d %s %d by this entry, %d by those before", says, what, which, books)
	}
	return nil
}

// list returns the objects of the list under a key, none if there is no list.
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

// addCoin adds an entry about a coin that comes in.
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
		// A coin with unknown pulses may still fall into its tube.
		known := min(t.Value, b.Cash.Box)
		b.Cash.Box -= known
		b.Cash.Surplus += t.Value - known
	}
}

// addVend adds an entry about a column.
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
	current := !n.has("sale") || n.int("sale") == b.Sale.Number // the entry is of the current sale
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
			// The snack fell right after a power cut.
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
		if current && b.Sale.Is == saleVending {
			b.Sale.Is = saleJammed
		}
	case entryMiss:
		c.OutOfService = outUnseen
		if current && (b.Sale.Is == saleVending || b.Sale.Is == saleJammed) {
			b.Sale.Is = saleFailed
		}
	case entryHome:
		c.OutOfService = ""
	}
}

// addPayout adds an entry about a payout or a tube's exit.
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
			b.Sale.Is = saleIdle // all its money is paid back
		}
		return
	case entryPaidOut:
		p.Is, p.Tube, p.Done = payoutResting, 0, true
		if b.Money.Credit == 0 && b.Sale.Is != saleSold {
			b.Sale.Is = saleIdle // all its money has been paid back in parts
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
			b.Cash.Surplus += t.Value // the tube held more than the books have
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

// addService adds an entry about an operator's command.
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

// addSettle adds an operator's decision about a column or a tube in doubt, or about the debt.
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
