package vending_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signalbox/machines"
	"signalbox/machines/vending"
)

func TestSaleWithChange(t *testing.T) {
	b := standard(t)
	first := b.ask("await-customer", `{}`)
	b.insert(100)
	b.want(first, `{"event":"coin","credit":100,"dollars":"1.00","price":300}`)
	b.insert(200, 25)
	coin := b.ask("await-customer", `{}`)
	b.want(coin, `{"event":"coin","credit":325,"dollars":"3.25","price":300}`)
	choice := b.ask("await-customer", `{}`)
	b.press("select-2")
	b.want(choice, `{"event":"selection","credit":325,"dollars":"3.25","price":300,"column":2,"sale":1}`)

	vend := b.ask("vend", `{"column":2,"sale":1}`)
	b.wantOn("motor-2")
	b.turn("2")
	b.wantOn()
	b.wantMoney(vending.Money{Inserted: 325, Credit: 325})
	b.want(vend, "")
	b.pulse("drop")
	b.wantMoney(vending.Money{Inserted: 325, Kept: 300, Credit: 25})
	b.want(vend, `{"sale":1,"column":2,"price":300,"change":25,"credit":25}`)

	change := b.ask("pay-out", `{"amount":25}`)
	b.wantOn("hopper-25")
	if coins := b.pay(); coins != 1 {
		t.Errorf("got %d coins, want 1", coins)
	}
	b.wantOn()
	b.want(change, `{"returned":25,"credit":0}`)
	b.wantMoney(vending.Money{Inserted: 325, Kept: 300, Returned: 25})
	if got := [2]int{b.state.Columns[1].Stock, b.state.Tubes[0].Coins}; got != [2]int{4, 39} {
		t.Errorf("got stock and coins %d, want 4 and 39", got)
	}
	if want := "coin 0.25, credit 3.25"; !slices.Contains(b.notes, want) {
		t.Errorf("got notes %q, want %q among them", b.notes, want)
	}
}

func TestRefusedCommandsChangeNothing(t *testing.T) {
	paid := func(b *bench) { b.insert(200, 200) }
	tests := []struct {
		name            string
		setup           func(*vending.Setup)
		before          func(*bench)
		activity, input string
		want            string
	}{
		{"a quarter short", nil, func(b *bench) { b.insert(200, 50, 25) }, "vend", `{"column":1}`, "Vend.NotPaid"},
		{"no money", nil, nil, "vend", `{"column":1}`, "Vend.NotPaid"},
		{"sold out", func(s *vending.Setup) { s.Columns[0].Stock = 0 }, paid, "vend", `{"column":1}`, "Vend.SoldOut"},
		{"no change", func(s *vending.Setup) { s.Tubes[0].Coins = 3 }, paid, "vend", `{"column":1}`, "Change.Impossible"},
		{"hopper stuck", nil, func(b *bench) {
			b.insert(25)
			b.ask("pay-out", `{}`)
			b.wait(4 * time.Second)
			paid(b)
		}, "vend", `{"column":1}`, "Change.Impossible"},
		{"vend during a vend", nil, func(b *bench) { paid(b); b.ask("vend", `{"column":1}`) }, "vend", `{"column":2}`, "Vend.Busy"},
		{"vend during a payout", nil, func(b *bench) { paid(b); b.ask("pay-out", `{"amount":25}`) }, "vend", `{"column":2}`, "Vend.Busy"},
		{"payout during a vend", nil, func(b *bench) { paid(b); b.ask("vend", `{"column":1}`) }, "pay-out", `{}`, "Vend.Busy"},
		{"payout during a payout", nil, func(b *bench) { paid(b); b.ask("pay-out", `{}`) }, "pay-out", `{}`, "PayOut.Busy"},
		{"more than is held", nil, paid, "pay-out", `{"amount":425}`, "PayOut.NotHeld"},
		{"amount of 10 cents", nil, paid, "pay-out", `{"amount":10}`, "Activity.Input"},
		{"amount below nothing", nil, paid, "pay-out", `{"amount":-25}`, "Activity.Input"},
		{"amount of text", nil, paid, "pay-out", `{"amount":"all"}`, "Activity.Input"},
		{"column 0", nil, paid, "vend", `{"column":0}`, "Activity.Input"},
		{"column 4", nil, paid, "vend", `{"column":4}`, "Activity.Input"},
		{"unknown field", nil, paid, "vend", `{"colunm":1}`, "Activity.Input"},
		{"sale that never was", nil, paid, "vend", `{"column":1,"sale":9}`, "Vend.NoSale"},
		{"second Task that awaits", nil, func(b *bench) { b.ask("await-customer", `{}`) }, "await-customer", `{}`, "Customer.Awaited"},
		{"await with input", nil, nil, "await-customer", `{"for":"ever"}`, "Activity.Input"},
		{"show without an object", nil, nil, "show", `"thank you"`, "Activity.Input"},
		{"unknown activity", nil, nil, "open-door", `{}`, "Activity.Input"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			setup := quarters()
			if test.setup != nil {
				test.setup(&setup)
			}
			b := newBench(t, setup)
			if test.before != nil {
				test.before(b)
			}
			was := b.state
			ticket := b.ask(test.activity, test.input)
			b.want(ticket, test.want)
			if b.state != was {
				t.Errorf("got state %+v, want it unchanged: %+v", b.state, was)
			}
		})
	}
}

func TestExactMoneyNeedsNoHopper(t *testing.T) {
	setup := quarters()
	setup.Tubes[0].Coins = 0
	b := newBench(t, setup)
	b.wantOn("exact-change")
	b.insert(200, 100)
	vend := b.ask("vend", `{"column":3}`)
	b.turn("3")
	b.pulse("drop")
	b.want(vend, `{"sale":1,"column":3,"price":300,"change":0,"credit":0}`)
}

func TestNoTaskIsAnsweredInTheMiddleOfACoin(t *testing.T) {
	b := standard(t)
	b.insert(200)
	b.ask("await-customer", `{}`)
	choice := b.ask("await-customer", `{}`)
	b.pulse("coin")
	b.press("select-1")
	for range 3 {
		b.want(choice, "")
		b.pulse("coin")
	}
	b.wait(199 * time.Millisecond)
	b.want(choice, `{"event":"selection","credit":300,"dollars":"3.00","price":300,"column":1,"sale":1}`)

	vend := b.ask("vend", `{"column":1,"sale":1}`)
	b.turn("1")
	b.pulse("coin")
	b.pulse("drop")
	b.want(vend, "")
	b.wait(time.Second)
	b.want(vend, `{"sale":1,"column":1,"price":300,"change":0,"credit":25}`)
}

func TestCoinDuringVendIsHeld(t *testing.T) {
	b := standard(t)
	b.insert(200, 200)
	vend := b.ask("vend", `{"column":1}`)
	b.insert(100)
	b.edge("home-1", false)
	b.edge("home-1", true)
	b.pulse("drop")
	b.want(vend, `{"sale":1,"column":1,"price":300,"change":100,"credit":200}`)
	change := b.ask("pay-out", `{"amount":100}`)
	b.pay()
	b.want(change, `{"returned":100,"credit":100}`)
	// The next await-customer is answered at once, the one after it is not.
	b.want(b.ask("await-customer", `{}`), `{"event":"coin","credit":100,"dollars":"1.00","price":300}`)
	b.want(b.ask("await-customer", `{}`), "")
}

func TestButtonsCountOnlyWhenAwaitedAndNothingMoves(t *testing.T) {
	b := standard(t)
	b.press("coin-return")
	b.insert(200, 200)
	b.ask("await-customer", `{}`)
	next := b.ask("await-customer", `{}`)
	b.ask("vend", `{"column":1}`)
	b.press("select-2")
	b.want(next, "")
	b.turn("1")
	b.pulse("drop")
	b.press("coin-return")
	b.want(next, `{"event":"coin-return","credit":100,"dollars":"1.00","price":300}`)
}

func TestPulsesThatAreNoCoinAreUnknown(t *testing.T) {
	b := standard(t)
	first := b.ask("await-customer", `{}`)
	for range 3 {
		b.pulse("coin")
	}
	b.wait(time.Second)
	b.edge("coin", true)
	b.wait(time.Second) // stuck: the coin ends all the same
	b.edge("coin", false)
	b.wait(time.Second)
	b.want(first, "")
	b.wantMoney(vending.Money{})
	if got := b.state.Unknown; got != 2 {
		t.Errorf("got %d unknown trains, want those of 3 pulses and of one that did not end", got)
	}
	b.insert(50) // the next coin is known again
	b.want(first, `{"event":"coin","credit":50,"dollars":"0.50","price":300}`)
}

// A coin of eight pulses with a pause after the fourth is two coins of four: the same money. After the fifth it is neither.
func TestAGapEndsACoin(t *testing.T) {
	b := standard(t)
	train := func(pulses int) {
		for range pulses {
			b.pulse("coin")
		}
		b.wait(200 * time.Millisecond)
	}
	train(4)
	train(4)
	b.wantMoney(vending.Money{Inserted: 200, Credit: 200})
	train(5)
	train(3)
	b.wantMoney(vending.Money{Inserted: 200, Credit: 200})
	if got := b.state.Unknown; got != 2 {
		t.Errorf("got %d unknown trains, want 2", got)
	}
}

func TestJamIsTriedAgainForTheSameSale(t *testing.T) {
	b := standard(t)
	b.insert(200, 200)
	b.want(b.ask("await-customer", `{}`), `{"event":"coin","credit":400,"dollars":"4.00","price":300}`)
	b.ask("await-customer", `{}`)
	b.press("select-1")
	first := b.ask("vend", `{"column":1,"sale":1}`)
	b.wait(700 * time.Millisecond)
	b.edge("home-1", false)
	b.wait(2199 * time.Millisecond)
	b.wantOn("motor-1")
	b.wait(time.Millisecond)
	b.wantOn()
	b.want(first, "Vend.Jam")
	b.wantMoney(vending.Money{Inserted: 400, Credit: 400})

	b.want(b.ask("vend", `{"column":2}`), "Vend.Jam")
	b.want(b.ask("vend", `{"column":2,"sale":1}`), "Vend.Jam")
	b.insert(100) // held for later, so no change of this sale
	again := b.ask("vend", `{"column":1,"sale":1}`)
	b.wantOn("motor-1")
	b.wait(400 * time.Millisecond)
	b.edge("home-1", true) // the rest of the turn, not a second one
	b.wantOn()
	b.pulse("drop")
	b.want(again, `{"sale":1,"column":1,"price":300,"change":100,"credit":200}`)
}

func TestJamThatStaysIsRefunded(t *testing.T) {
	b := standard(t)
	b.insert(200, 100)
	for range 2 {
		b.want(b.ask("await-customer", `{}`), map[bool]string{
			true: `{"event":"coin","credit":300,"dollars":"3.00","price":300}`,
		}[b.tickets == 1])
	}
	b.press("select-1")
	for range 2 {
		vend := b.ask("vend", `{"column":1,"sale":1}`)
		b.wait(5 * time.Second)
		b.want(vend, "Vend.Jam")
	}
	refund := b.ask("pay-out", `{}`)
	b.pay()
	b.want(refund, `{"returned":300,"credit":0}`)
	b.want(b.ask("vend", `{"column":1,"sale":1}`), "Vend.NoSale")
	// Who pays anew may choose another column.
	b.insert(200, 100)
	b.want(b.ask("vend", `{"column":1}`), "Vend.SoldOut")
	b.ask("vend", `{"column":2}`)
	b.wantOn("motor-2")
}

// Whatever the sale tries, its motor does not run for two turns from home: a dead home switch looks like this.
func TestTriesOfOneSaleAreTogetherLessThanTwoTurns(t *testing.T) {
	b := standard(t)
	b.insert(200, 100)
	b.ask("await-customer", `{}`)
	b.ask("await-customer", `{}`)
	b.press("select-1")
	var ran time.Duration
	for try := range 7 {
		vend := b.ask("vend", `{"column":1,"sale":1}`)
		if try >= 5 {
			b.wantOn()
		}
		for b.levels["motor-1"] {
			b.wait(10 * time.Millisecond)
			ran += 10 * time.Millisecond
		}
		b.want(vend, "Vend.Jam")
	}
	if ran <= 3*time.Second || ran >= 3800*time.Millisecond {
		t.Errorf("got a motor that ran for %s in all, want a second try, and less than two turns of 2s", ran)
	}
}

func TestColumnThatJammedSellsWhenItHasBeenAtHome(t *testing.T) {
	b := standard(t)
	b.insert(200, 100)
	b.ask("vend", `{"column":1}`)
	b.edge("home-1", false)
	b.pulse("drop") // sold
	b.wait(3 * time.Second)
	b.insert(200, 100)
	b.want(b.ask("vend", `{"column":1}`), "Vend.SoldOut")
	b.edge("home-1", false) // not this: it has to arrive
	b.want(b.ask("vend", `{"column":1}`), "Vend.SoldOut")
	b.edge("home-1", true) // turned by hand
	vend := b.ask("vend", `{"column":1}`)
	b.wait(700 * time.Millisecond)
	b.edge("home-1", false)
	b.wait(2100 * time.Millisecond) // a whole turn again
	b.wantOn("motor-1")
	b.edge("home-1", true)
	b.pulse("drop")
	b.want(vend, `{"sale":2,"column":1,"price":300,"change":0,"credit":0}`)
}

func TestColumnWhoseSnackWasNotSeenIsOutOfService(t *testing.T) {
	b := standard(t)
	b.insert(200, 100)
	b.ask("vend", `{"column":2}`)
	b.turn("2")
	b.wait(2 * time.Second)
	b.ask("pay-out", `{}`)
	b.pay()
	b.insert(200, 100)
	b.edge("home-2", true) // that it is at home was not in doubt
	b.want(b.ask("vend", `{"column":2}`), "Vend.SoldOut")
	vend := b.ask("vend", `{"column":3}`)
	b.turn("3")
	b.pulse("drop")
	b.want(vend, `{"sale":2,"column":3,"price":300,"change":0,"credit":0}`)
}

func TestSnackSeenAfterAllPutsItsColumnOnSaleAgain(t *testing.T) {
	b := standard(t)
	b.insert(200, 200, 200)
	b.ask("vend", `{"column":1}`)
	b.turn("1")
	b.wait(2 * time.Second)
	b.pulse("drop")
	b.wantMoney(vending.Money{Inserted: 600, Kept: 300, Credit: 300})
	b.ask("vend", `{"column":1}`)
	b.wantOn("motor-1")
}

func TestNothingIsVendedWhileTheDropSensorIsCovered(t *testing.T) {
	b := standard(t)
	b.insert(200, 100)
	b.ask("await-customer", `{}`)
	b.ask("await-customer", `{}`)
	b.press("select-1")
	b.edge("drop", true)
	b.want(b.ask("vend", `{"column":1,"sale":1}`), "Vend.Jam")
	b.wantOn()
	b.wantMoney(vending.Money{Inserted: 300, Credit: 300})
	b.edge("drop", false)
	b.ask("vend", `{"column":1,"sale":1}`) // the Retry of the definition
	b.wantOn("motor-1")
}

func TestCoinsAreTakenOnlyIfTheyCanBeGivenBack(t *testing.T) {
	setup := quarters()
	setup.Tubes[0].Coins = 16
	b := newBench(t, setup)
	accepts := func(want bool, when string) {
		t.Helper()
		if got := b.levels["coin-accept"]; got != want {
			t.Errorf("%s: got coin-accept %t, want %t", when, got, want)
		}
	}
	accepts(false, "no Task awaits a customer")
	b.ask("await-customer", `{}`)
	accepts(true, "awaited")
	b.insert(200)
	accepts(true, "2.00 and another 2.00 are sixteen quarters")
	b.insert(25)
	accepts(false, "2.25 and 2.00 are more")
	b.pulse("hopper-25-in") // the quarter has fallen into the tube
	accepts(true, "seventeen quarters")
	b.edge("door", true)
	accepts(false, "door open")
	b.edge("door", false)
	accepts(true, "door closed")
	refund := b.ask("pay-out", `{}`)
	b.wait(2 * time.Second)
	b.want(refund, "PayOut.Jam")
	accepts(false, "debt")
	b.insert(25) // it was in the acceptor already
	b.wantMoney(vending.Money{Inserted: 250, Owed: 225, Credit: 25})
}

func TestSnackSeenBeforeAJamIsSold(t *testing.T) {
	b := standard(t)
	b.insert(200, 200)
	vend := b.ask("vend", `{"column":1}`)
	b.edge("home-1", false)
	b.pulse("drop")
	b.want(vend, "")
	b.wait(5 * time.Second)
	b.wantOn()
	b.want(vend, `{"sale":1,"column":1,"price":300,"change":100,"credit":100}`)
	if got := b.state.Spirals[0].Is; got != "jammed" {
		t.Errorf("got a column that is %s, want jammed", got)
	}
}

func TestSnackThatFallsLateIsSoldOnce(t *testing.T) {
	b := standard(t)
	b.insert(200, 200, 200)
	b.ask("await-customer", `{}`)
	b.ask("await-customer", `{}`)
	b.press("select-1")
	b.want(b.ask("vend", `{"column":1,"sale":1}`), "")
	b.edge("home-1", false)
	b.wait(3 * time.Second)
	b.pulse("drop")
	b.wantMoney(vending.Money{Inserted: 600, Kept: 300, Credit: 300})
	// The Retry of the definition: answered without moving, although there is money for another.
	again := b.ask("vend", `{"column":1,"sale":1}`)
	b.wantOn()
	b.want(again, `{"sale":1,"column":1,"price":300,"change":300,"credit":300}`)
}

func TestWhatTurnedUnseenIsRefundedBeforeAnythingElse(t *testing.T) {
	b := standard(t)
	b.insert(200, 200, 200)
	b.ask("await-customer", `{}`)
	b.ask("await-customer", `{}`)
	b.press("select-1")
	vend := b.ask("vend", `{"column":1,"sale":1}`)
	b.turn("1")
	b.wait(2 * time.Second)
	b.want(vend, "Vend.NoDrop")
	b.want(b.ask("vend", `{"column":1,"sale":1}`), "Vend.NoDrop")
	b.want(b.ask("vend", `{"column":2}`), "Vend.NoDrop")
	b.ask("await-customer", `{}`)
	b.press("select-2")
	b.want(b.ask("vend", `{"column":2,"sale":1}`), "Vend.NoDrop")
	b.wantOn()
	refund := b.ask("pay-out", `{}`)
	b.pay()
	b.want(refund, `{"returned":600,"credit":0}`)
	b.pulse("drop") // too late: the money is back
	b.wantMoney(vending.Money{Inserted: 600, Returned: 600})
}

func TestRefundInPartsEndsTheSaleToo(t *testing.T) {
	b := standard(t)
	b.insert(200, 100)
	b.ask("vend", `{"column":1}`)
	b.turn("1")
	b.wait(2 * time.Second)
	for _, amount := range []string{`{"amount":100}`, `{"amount":200}`} {
		b.ask("pay-out", amount)
		b.pay()
	}
	b.insert(200, 100)
	b.ask("vend", `{"column":2}`)
	b.wantOn("motor-2")
}

func TestSpiralThatComesHomeAfterItsJamHasHadItsTurn(t *testing.T) {
	b := standard(t)
	b.insert(200, 100)
	b.ask("await-customer", `{}`)
	b.ask("await-customer", `{}`)
	b.press("select-1")
	b.ask("vend", `{"column":1,"sale":1}`)
	b.edge("home-1", false)
	b.wait(3 * time.Second)
	b.edge("home-1", true)
	b.want(b.ask("vend", `{"column":1,"sale":1}`), "Vend.NoDrop")
	b.wantOn()
	b.ask("pay-out", `{}`)
	b.pay()
	b.insert(200, 100)
	b.want(b.ask("vend", `{"column":1}`), "Vend.SoldOut")
}

func TestOnePriceForOneTurn(t *testing.T) {
	b := standard(t)
	b.insert(200, 200, 200)
	vend := b.ask("vend", `{"column":1}`)
	b.pulse("drop")
	b.pulse("drop") // two stuck together, or a sensor that chatters
	b.turn("1")
	b.pulse("drop")
	b.want(vend, `{"sale":1,"column":1,"price":300,"change":300,"credit":300}`)
	b.wantMoney(vending.Money{Inserted: 600, Kept: 300, Credit: 300})
}

func TestChangeIsNeverMoreThanTheCredit(t *testing.T) {
	b := standard(t)
	b.insert(200, 200)
	b.ask("await-customer", `{}`)
	b.ask("await-customer", `{}`)
	b.press("select-1")
	b.ask("vend", `{"column":1,"sale":1}`)
	b.edge("home-1", false)
	b.wait(3 * time.Second)
	b.ask("pay-out", `{"amount":100}`)
	b.pay()
	again := b.ask("vend", `{"column":1,"sale":1}`)
	b.edge("home-1", true)
	b.pulse("drop")
	b.want(again, `{"sale":1,"column":1,"price":300,"change":0,"credit":0}`)
}

func TestSnackThatFallsDuringItsRefundIsLost(t *testing.T) {
	b := standard(t)
	b.insert(200, 100)
	b.ask("vend", `{"column":1}`)
	b.wait(3 * time.Second)
	refund := b.ask("pay-out", `{"amount":25}`)
	b.pulse("drop")
	b.wantMoney(vending.Money{Inserted: 300, Credit: 300})
	b.pay()
	b.want(refund, `{"returned":25,"credit":275}`)
}

// Tasks of two branches are at work at the same time.
func TestSaleIsNotReplacedBeforeItIsAnswered(t *testing.T) {
	b := standard(t)
	b.insert(200, 200)
	b.ask("await-customer", `{}`)
	other := b.ask("await-customer", `{}`)
	b.pulse("coin")
	b.press("select-2") // heard when the coin is complete
	vend := b.ask("vend", `{"column":1}`)
	b.edge("home-1", false)
	b.edge("drop", true)
	b.wait(time.Second)
	b.want(other, `{"event":"selection","credit":125,"dollars":"1.25","price":300,"column":2,"sale":1}`)
	b.pulse("coin")
	b.edge("home-1", true)
	b.want(vend, "")
	b.want(b.ask("pay-out", `{}`), "Vend.Busy")
	b.wait(time.Second)
	b.want(vend, `{"sale":1,"column":1,"price":300,"change":100,"credit":150}`) // the quarter came too late for this sale
}

func TestSpiralThatIsNotAtHomeDoesNotTurn(t *testing.T) {
	b := standard(t)
	b.insert(200, 100)
	b.edge("home-1", false)
	b.want(b.ask("vend", `{"column":1}`), "Vend.SoldOut")
	b.edge("home-1", true)
	b.ask("vend", `{"column":1}`)
	b.wantOn("motor-1")
	b.wait(799 * time.Millisecond)
	b.wantOn("motor-1")
	b.wait(time.Millisecond) // the switch should have opened: it is dead, or the motor is
	b.wantOn()
}

func TestCancelledVendComesHomeAndIsPaidFor(t *testing.T) {
	b := standard(t)
	b.insert(200, 200)
	b.ask("await-customer", `{}`)
	b.ask("await-customer", `{}`)
	b.press("select-1")
	vend := b.ask("vend", `{"column":1,"sale":1}`)
	b.edge("home-1", false)
	b.apply(machines.Cancel{Ticket: vend})
	b.wantOn("motor-1")
	b.want(b.ask("pay-out", `{}`), "Vend.Busy")
	b.edge("home-1", true)
	b.wantOn()
	again := b.ask("vend", `{"column":1,"sale":1}`) // the same sale may ask how it ended
	b.want(again, "")
	b.pulse("drop")
	b.want(vend, "")
	b.want(again, `{"sale":1,"column":1,"price":300,"change":100,"credit":100}`)
	b.wantMoney(vending.Money{Inserted: 400, Kept: 300, Credit: 100})
}

func TestCancelledAwaitHearsNothing(t *testing.T) {
	b := standard(t)
	first := b.ask("await-customer", `{}`)
	b.apply(machines.Cancel{Ticket: first})
	b.insert(100)
	b.want(first, "")
	b.want(b.ask("await-customer", `{}`), `{"event":"coin","credit":100,"dollars":"1.00","price":300}`)
}

func TestCancelledPayOutPaysWhatIsDue(t *testing.T) {
	b := standard(t)
	b.insert(100)
	payout := b.ask("pay-out", `{}`)
	b.pulse("hopper-25-exit")
	b.apply(machines.Cancel{Ticket: payout})
	b.want(b.ask("pay-out", `{}`), "PayOut.Busy")
	b.pay()
	b.want(payout, "")
	b.wantMoney(vending.Money{Inserted: 100, Returned: 100})
}

func TestPayOutThatFailsLeavesADebt(t *testing.T) {
	tests := []struct {
		name  string
		coins int
		want  string
	}{{"jam", 40, "PayOut.Jam"}, {"empty", 1, "Hopper.Empty"}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			setup := quarters()
			setup.Tubes[0].Coins = test.coins
			b := newBench(t, setup)
			b.insert(100)
			payout := b.ask("pay-out", `{}`)
			b.pulse("hopper-25-exit")
			if test.coins > 1 { // else the books know
				b.wait(800 * time.Millisecond) // and 50 ms of the pulse
				b.want(payout, "")
				b.wait(100 * time.Millisecond)
			}
			b.wantOn("exact-change")
			b.want(payout, test.want)
			b.wantMoney(vending.Money{Inserted: 100, Returned: 25, Owed: 75})
			view := setup.View(b.state, nil)
			if view.Owed != 75 || !strings.Contains(view.Display, "0.75 owed") {
				t.Errorf("got view %+v, want it to show the debt", view)
			}
			b.pulse("hopper-25-exit") // one more comes loose
			b.wantMoney(vending.Money{Inserted: 100, Returned: 50, Owed: 50})
			b.wait(time.Second)
			b.pulse("hopper-25-exit") // poked by hand: no coin
			b.wantMoney(vending.Money{Inserted: 100, Returned: 50, Owed: 50})
		})
	}
}

func TestCoinTooManyIsTheMachinesLoss(t *testing.T) {
	b := standard(t)
	b.insert(25, 50)
	b.ask("pay-out", `{"amount":25}`)
	b.pulse("hopper-25-exit")
	b.pulse("hopper-25-exit")
	b.wantMoney(vending.Money{Inserted: 75, Returned: 25, Credit: 50})
	if got := b.state.Cash.Lost; got != 25 {
		t.Errorf("got %v lost, want 0.25", got)
	}
	if got := b.state.Tubes[0].Coins; got != 38 {
		t.Errorf("got %d coins left, want 38", got)
	}
}

func TestLongPayOutPausesBelowMaxOn(t *testing.T) {
	setup := quarters()
	setup.Tubes[0].Coins = 200
	b := newBench(t, setup)
	for range 10 {
		b.insert(200)
	}
	payout := b.ask("pay-out", `{}`)
	began, pauses := b.now, 0
	for b.state.Money.Credit > 0 {
		if !b.levels["hopper-25"] {
			pauses++
			b.wait(1500 * time.Millisecond)
			began = b.now
		}
		b.wait(170 * time.Millisecond)
		if b.levels["hopper-25"] {
			b.pulse("hopper-25-exit")
		}
		if on := b.now.Sub(began); on >= 10*time.Second {
			t.Fatalf("the hopper has run for %s, and the board turns it off after 10s", on)
		}
	}
	if pauses == 0 {
		t.Error("got no pause in 80 coins, want some")
	}
	b.want(payout, `{"returned":2000,"credit":0}`)
}

func TestRefundGivesBackCoinsThatComeInMeanwhile(t *testing.T) {
	b := standard(t)
	b.insert(25)
	refund := b.ask("pay-out", `{}`)
	b.pulse("coin")
	b.pulse("coin")
	b.pulse("hopper-25-exit")
	b.pulse("hopper-25-exit")
	b.wantOn("hopper-25")
	b.pulse("coin")
	b.pulse("hopper-25-exit")
	b.edge("hopper-25-exit", true)
	b.wantOn() // nothing due, but a coin may not be complete
	b.pulse("coin")
	b.edge("hopper-25-exit", false)
	b.want(refund, "")
	b.wait(200 * time.Millisecond)
	b.wantOn("hopper-25")
	b.pay()
	b.want(refund, `{"returned":125,"credit":0}`)
	b.wantMoney(vending.Money{Inserted: 125, Returned: 125})
}

func TestNothingToPayOutIsAnsweredAtOnce(t *testing.T) {
	b := standard(t)
	b.want(b.ask("pay-out", `{}`), `{"returned":0,"credit":0}`)
	b.insert(25)
	b.want(b.ask("pay-out", `{"amount":0}`), `{"returned":0,"credit":25}`)
	b.wantOn()
}

func TestDisplay(t *testing.T) {
	b := standard(t)
	setup := quarters()
	show := func(want string) {
		t.Helper()
		if got := setup.View(b.state, nil).Display; got != want {
			t.Errorf("got display %q, want %q", got, want)
		}
	}
	show("insert 3.00")
	b.insert(200)
	show("credit 2.00")
	b.want(b.ask("show", `{"text":"hello"}`), `{"shown":"hello"}`)
	show("hello")
	b.ask("await-customer", `{}`)
	show("credit 2.00")
	b.insert(100)
	show("credit 3.00, choose")
	b.ask("vend", `{"column":1}`)
	show("please wait")
	b.turn("1")
	b.pulse("drop")
	b.insert(25)
	b.ask("pay-out", `{}`)
	show("take your coins")
	b.ask("show", `{"text":"sorry"}`)
	show("sorry")
	b.pay()
	show("insert 3.00")
}

func TestViewJoinsPlantAndWorld(t *testing.T) {
	b := standard(t)
	b.insert(100)
	got := quarters().View(b.state, vending.Front{Tray: 2, Cup: 75})
	want := vending.View{
		Display: "credit 1.00", Credit: 100, Tray: 2, Cup: 75, Tubes: quarters().Tubes,
	}
	for _, c := range quarters().Columns {
		want.Columns = append(want.Columns, vending.Shelf{Column: c})
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("view (-want +got):\n%s", diff)
	}
}

// A State must be a snapshot when it is copied, and == must compare it.
func TestStateHoldsNoReferences(t *testing.T) {
	var check func(path string, typ reflect.Type)
	check = func(path string, typ reflect.Type) {
		switch typ.Kind() {
		case reflect.Struct:
			for i := range typ.NumField() {
				check(path+"."+typ.Field(i).Name, typ.Field(i).Type)
			}
		case reflect.Array:
			check(path+"[]", typ.Elem())
		case reflect.Bool, reflect.String, reflect.Int, reflect.Int64:
		default:
			t.Errorf("%s is a %s", path, typ)
		}
	}
	check("State", reflect.TypeFor[vending.State]())
	a, b := standard(t), standard(t)
	if a.insert(100); a.state == b.state {
		t.Error("a credit of 1.00 and one of 0.00: got equal states")
	}
	if b.insert(100); a.state != b.state {
		t.Errorf("the same things happened: got %+v and %+v", a.state, b.state)
	}
}

func BenchmarkApply(b *testing.B) {
	p := vending.New(vending.Standard())
	s, _ := p.Initial(start)
	for _, bm := range []struct {
		name string
		in   machines.Input
	}{
		{"pulse", machines.Edge{Line: "coin", High: true}},
		{"ignored press", machines.Edge{Line: "select-2", High: true}},
		{"exit sensor", machines.Edge{Line: "hopper-25-exit", High: true}},
		{"deadline", machines.Due{Name: "stale"}},
	} {
		b.Run(bm.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				p.Apply(s, bm.in, start)
			}
		})
	}
}
