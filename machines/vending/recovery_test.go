package vending_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"signalbox/asl/value"
	"signalbox/machines"
	"signalbox/machines/vending"
)

// due switches the machine off and on again, and returns what is due.
func (b *bench) due(want string) {
	b.t.Helper()
	ticket := b.ask("settlement", `{}`)
	b.want(ticket, "") // not before it is calm
	b.wait(2 * time.Second)
	b.want(ticket, want)
}

func (b *bench) off() {
	b.t.Helper()
	b.cut(b.entries)
	for _, line := range []string{"home-1", "home-2", "home-3"} {
		b.apply(machines.Edge{Line: line, High: true, AtPowerUp: true})
	}
}

func TestWhatIsDueAfterAPowerCut(t *testing.T) {
	for _, test := range []struct {
		name   string
		before func(*bench)
		after  func(*bench) // as soon as there is power again
		due    string
		money  vending.Money
	}{
		{"nothing", nil, nil, `{"due":"nothing","credit":0,"owed":0}`, vending.Money{}},
		{
			"credit", func(b *bench) { b.insert(200, 25) }, nil, `{"due":"refund","credit":225,"owed":0}`,
			vending.Money{Inserted: 225, Credit: 225},
		},
		{
			"in the middle of a coin", func(b *bench) { b.insert(25); b.pulse("coin") }, nil, `{"due":"refund","credit":25,"owed":0}`,
			vending.Money{Inserted: 25, Credit: 25},
		},
		{
			"before the motor has moved", func(b *bench) { b.insert(200, 200); b.ask("vend", `{"column":1}`) }, nil,
			`{"due":"refund","credit":100,"owed":0}`,
			vending.Money{Inserted: 400, Credit: 100, Doubt: 300},
		},
		{
			"while the snack falls", func(b *bench) { b.insert(200, 200); b.ask("vend", `{"column":1}`); b.turn("1") },
			func(b *bench) { b.pulse("drop") }, `{"due":"refund","credit":100,"owed":0}`,
			vending.Money{Inserted: 400, Kept: 300, Credit: 100},
		},
		{
			"while the snack falls, and once more",
			func(b *bench) { b.insert(200, 200); b.ask("vend", `{"column":1}`); b.turn("1"); b.off() },
			func(b *bench) { b.pulse("drop") },
			`{"due":"refund","credit":100,"owed":0}`,
			vending.Money{Inserted: 400, Kept: 300, Credit: 100},
		},
		{
			"before the change", func(b *bench) { b.insert(200, 200); b.ask("vend", `{"column":1}`); b.turn("1"); b.pulse("drop") }, nil,
			`{"due":"change","credit":100,"owed":0}`,
			vending.Money{Inserted: 400, Kept: 300, Credit: 100},
		},
		{
			"after a jam", func(b *bench) { b.insert(200, 100); b.ask("vend", `{"column":1}`); b.wait(time.Second) }, nil,
			`{"due":"refund","credit":300,"owed":0}`,
			vending.Money{Inserted: 300, Credit: 300},
		},
		{
			"while coins are paid", func(b *bench) { b.insert(100); b.ask("pay-out", `{}`); b.pulse("hopper-25-exit") }, nil,
			`{"due":"refund","credit":50,"owed":0}`,
			vending.Money{Inserted: 100, Returned: 25, Credit: 50, Doubt: 25},
		},
		{
			"and the coin comes after all", func(b *bench) { b.insert(100); b.ask("pay-out", `{}`); b.pulse("hopper-25-exit") },
			func(b *bench) { b.pulse("hopper-25-exit") }, `{"due":"refund","credit":50,"owed":0}`,
			vending.Money{Inserted: 100, Returned: 50, Credit: 50},
		},
		{
			"when the tubes are stuck", func(b *bench) { b.insert(100); b.ask("pay-out", `{}`); b.wait(time.Second) }, nil,
			`{"due":"service","credit":0,"owed":100}`,
			vending.Money{Inserted: 100, Owed: 100},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			b := standard(t)
			b.ask("await-customer", `{}`)
			if test.before != nil {
				test.before(b)
			}
			b.off()
			for line, on := range b.levels {
				if on && line != "exact-change" {
					t.Errorf("got %s on at power-up", line)
				}
			}
			if test.after != nil {
				test.after(b)
			}
			b.due(test.due)
			b.wantMoney(test.money)
		})
	}
}

func TestPulsesRightAfterPowerUpAreUnknown(t *testing.T) {
	b := standard(t)
	b.ask("await-customer", `{}`)
	for range 3 {
		b.pulse("coin")
	}
	b.off()
	for range 4 { // the rest of a coin of 2.00 that lost a pulse in between: it must not become 1.00
		b.pulse("coin")
	}
	b.wait(time.Second)
	b.wantMoney(vending.Money{})
	if got := b.state.Unknown; got != 2 {
		t.Errorf("got %d times unknown, want what came before the cut and what came after", got)
	}
	b.insert(100)
	b.wantMoney(vending.Money{Inserted: 100, Credit: 100})
}

// A tube's sensors that are covered when the power comes have seen no coin come in, and none go out.
func TestCoveredTubeSensorsAtPowerUpHaveSeenNothing(t *testing.T) {
	for _, line := range []string{"hopper-25-in", "hopper-25-exit"} {
		b := standard(t)
		b.cut(b.entries)
		was, before := len(b.entries), b.state.Tubes[0]
		b.apply(machines.Edge{Line: line, High: true, AtPowerUp: true})
		b.wait(2 * time.Second)
		b.edge(line, false)
		for _, e := range b.entries[was:] {
			if e.Kind != "accepting" {
				t.Errorf("%s: got an entry %q", line, e.Kind)
			}
		}
		if got := b.state.Tubes[0]; got != before {
			t.Errorf("%s: got %+v, want %+v", line, got, before)
		}
	}
}

func TestCoveredDropSensorAtPowerUpHasSeenNothing(t *testing.T) {
	b := standard(t)
	b.insert(200, 100)
	b.ask("vend", `{"column":1}`)
	b.off()
	b.apply(machines.Edge{Line: "drop", High: true, AtPowerUp: true})
	b.wait(2 * time.Second)
	b.wantMoney(vending.Money{Inserted: 300, Doubt: 300})
	b.insert(200, 100)
	b.want(b.ask("vend", `{"column":2}`), "Vend.Jam") // it would not see the next
}

// What is in doubt is decided once, and neither the sale nor the coin happens again.
func TestAnOperatorSettlesWhatIsInDoubt(t *testing.T) {
	doubtful := func(t *testing.T) *bench {
		b := standard(t)
		b.insert(200, 200)
		b.ask("vend", `{"column":1}`)
		b.off()
		b.wait(2 * time.Second)
		b.ask("pay-out", `{}`)
		b.pulse("hopper-25-exit")
		b.off()
		b.wait(2 * time.Second)
		b.wantMoney(vending.Money{Inserted: 400, Returned: 25, Credit: 50, Doubt: 325})
		return b
	}
	t.Run("as if everything had happened", func(t *testing.T) {
		b := doubtful(t)
		b.insert(200, 100)
		b.want(b.ask("vend", `{"column":1}`), "Vend.SoldOut")
		b.want(b.ask("settle", `{"column":1,"decision":"delivered"}`), `{"sale":1,"decision":"delivered","owed":0}`)
		b.want(b.ask("settle", `{"column":1,"decision":"refund"}`), "Settle.NoDoubt")
		b.want(b.ask("settle", `{"tube":25,"decision":"paid"}`), `{"tube":25,"decision":"paid","owed":0}`)
		b.wantMoney(vending.Money{Inserted: 700, Kept: 300, Returned: 50, Credit: 350})
		if got := [2]int{b.state.Columns[0].Stock, b.state.Tubes[0].Coins}; got != [2]int{4, 38} {
			t.Errorf("got stock and coins %v, want 4 and 38", got)
		}
		b.want(b.ask("vend", `{"column":1,"sale":1}`), "Vend.NoSale")
		b.ask("vend", `{"column":1}`)
		b.wantOn("motor-1")
	})
	t.Run("as if nothing had happened", func(t *testing.T) {
		b := doubtful(t)
		next := b.ask("await-customer", `{}`)
		b.want(b.ask("settle", `{"column":1,"decision":"refund"}`), `{"sale":1,"decision":"refund","owed":300}`)
		b.want(b.ask("settle", `{"tube":25,"decision":"owed"}`), `{"tube":25,"decision":"owed","owed":325}`)
		b.want(next, "") // first the customer's own
		refund := b.ask("pay-out", `{}`)
		b.pay()
		b.want(refund, `{"returned":50,"credit":0}`)
		b.want(next, `{"event":"service","credit":0,"dollars":"0.00","price":300}`)
		debt := b.ask("pay-out", `{"debt":true}`)
		b.pay()
		b.want(debt, `{"returned":325,"credit":0}`)
		b.wantMoney(vending.Money{Inserted: 400, Returned: 400})
	})
}

func TestDebtIsPaidWhenTheTubeIsRefilled(t *testing.T) {
	b := standard(t)
	b.insert(100)
	b.ask("pay-out", `{}`)
	b.wait(time.Second)
	b.wantMoney(vending.Money{Inserted: 100, Owed: 100})
	service := b.ask("await-service", `{}`)
	if b.levels["coin-accept"] {
		t.Error("got coins taken while something is owed")
	}
	b.wait(time.Minute)
	b.want(service, "")
	b.want(b.ask("refill", `{"tube":25,"coins":10}`), `{"tube":25,"coins":50}`)
	b.want(service, `{"owed":100}`)
	b.want(b.ask("settlement", `{}`), `{"due":"debt","credit":0,"owed":100}`)
	debt := b.ask("pay-out", `{"debt":true}`)
	b.pay()
	b.want(debt, `{"returned":100,"credit":0}`)
	b.want(b.ask("settlement", `{}`), `{"due":"nothing","credit":0,"owed":0}`)
	b.want(b.ask("settle", `{"debt":true,"decision":"handed"}`), "Settle.NoDoubt")
}

// The change of a sale is paid once: asked for again, it is answered without moving, also after it was cancelled.
func TestChangeIsPaidOnce(t *testing.T) {
	b := standard(t)
	b.insert(200, 200)
	b.ask("vend", `{"column":1}`)
	b.turn("1")
	b.pulse("drop")
	first := b.ask("pay-out", `{"amount":100,"sale":1}`)
	b.pulse("hopper-25-exit")
	b.apply(machines.Cancel{Ticket: first})
	again := b.ask("pay-out", `{"amount":100,"sale":1}`)
	b.pay()
	b.want(again, `{"returned":100,"credit":0}`)
	b.insert(200)
	b.want(b.ask("pay-out", `{"amount":100,"sale":1}`), `{"returned":100,"credit":200}`)
	b.wantOn()
	b.off()
	b.wait(time.Second)
	b.want(b.ask("pay-out", `{"amount":100,"sale":1}`), `{"returned":100,"credit":200}`)
	b.wantOn()
}

func TestNothingBeginsWhileTheServiceDoorIsOpen(t *testing.T) {
	b := standard(t)
	b.insert(200, 200)
	b.edge("door", true)
	b.want(b.ask("vend", `{"column":1}`), "Door.Open")
	b.want(b.ask("pay-out", `{}`), "Door.Open")
	service := b.ask("await-service", `{}`)
	b.ask("collect", `{"box":true}`)
	b.want(service, "")
	b.edge("door", false)
	b.want(service, `{"owed":0}`)
	b.ask("vend", `{"column":1}`)
	b.wantOn("motor-1")
	b.edge("door", true) // what has begun is finished
	b.wantOn("motor-1")
}

func TestAColumnWhoseSnackWasNotSeenStaysOutAcrossPowerCuts(t *testing.T) {
	b := standard(t)
	b.insert(200, 100)
	b.ask("vend", `{"column":1}`)
	b.turn("1")
	b.wait(2 * time.Second)
	b.off()
	b.wait(2 * time.Second)
	b.want(b.ask("vend", `{"column":1}`), "Vend.SoldOut")
	b.want(b.ask("refill", `{"column":1,"snacks":0}`), `{"column":1,"snacks":5}`)
	b.ask("vend", `{"column":1}`)
	b.wantOn("motor-1")
}

func TestALedgerThatDoesNotAddUpIsRefused(t *testing.T) {
	b := standard(t)
	b.insert(200, 100)
	b.ask("vend", `{"column":1}`)
	b.turn("1")
	b.pulse("drop")
	whole := b.entries
	change := func(kind string, data *value.Object) []machines.Entry {
		changed := slices.Clone(whole)
		for i := range changed {
			if changed[i].Kind == kind {
				changed[i].Data = data
			}
		}
		return changed
	}
	for name, entries := range map[string][]machines.Entry{
		"without its beginning":     whole[1:],
		"of an unknown kind":        append(slices.Clone(whole), machines.Entry{Kind: "dance"}),
		"a coin of nothing":         change("coin", nil),
		"a price above the credit":  change("vend", value.NewObject("sale", int64(1), "column", int64(1), "price", int64(900), "change", int64(0))),
		"a column that is not":      change("vend", value.NewObject("sale", int64(1), "column", int64(7), "price", int64(300), "change", int64(0))),
		"a coin that came from air": append(slices.Clone(whole), machines.Entry{Kind: "paid", Data: value.NewObject("payout", int64(1), "tube", int64(25))}),
		"text for a number":         change("coin", value.NewObject("pulses", int64(8), "value", "2.00")),
	} {
		_, r, err := b.plant.Recover(slices.Values(entries), b.now)
		if err == nil || !strings.Contains(err.Error(), "nothing moves") || r.Levels != nil {
			t.Errorf("%s: got %v and levels %v, want it refused", name, err, r.Levels)
		}
	}
	if _, _, err := b.plant.Recover(slices.Values(whole), b.now); err != nil {
		t.Errorf("the whole ledger: got %v", err)
	}
}
