package vending_test

import (
	"testing"
	"time"

	"signalbox/gpio/scenario"
	"signalbox/machines/vending"
)

// Each case of a sale, played by the machine's own definition on simulated lines and mechanics.
func TestTheDefinitionPlaysEachCase(t *testing.T) {
	const s = time.Second
	press := func(at time.Duration, line string) scenario.Push {
		return scenario.Push{At: at, Line: line, Kind: scenario.Press}
	}
	door := func(at time.Duration, open bool) scenario.Push {
		return scenario.Push{At: at, Line: "door", Kind: scenario.Set, High: open}
	}
	stuck := func(line string, high bool) scenario.Push {
		return scenario.Push{Line: line, Kind: scenario.Stuck, High: high}
	}
	clear := func(at time.Duration, line string) scenario.Push {
		return scenario.Push{At: at, Line: line, Kind: scenario.Clear}
	}
	for _, test := range []struct {
		name    string
		pushes  []scenario.Push
		tray    int
		cup     vending.Cents
		money   vending.Money
		state   string
		display string
	}{
		{
			"nothing until it is paid",
			[]scenario.Push{coinAt(2*s, 8), coinAt(3*s, 2), coinAt(4*s, 1), press(6*s, "select-1")},
			0, 0,
			vending.Money{Inserted: 275, Credit: 275},
			"WaitingForMore", "credit 2.75",
		},
		{
			"selection before payment",
			[]scenario.Push{press(2*s, "select-1"), coinAt(3*s, 8), coinAt(4*s, 4), press(6*s, "select-1")},
			1, 0,
			vending.Money{Inserted: 300, Kept: 300},
			"WaitingForCustomer", "thank you",
		},
		{
			"overpaid",
			[]scenario.Push{coinAt(2*s, 8), coinAt(3*s, 8), coinAt(4*s, 1), press(6*s, "select-2")},
			1, 125,
			vending.Money{Inserted: 425, Kept: 300, Returned: 125},
			"WaitingForCustomer", "thank you",
		},
		{
			"coins one right after the other",
			[]scenario.Push{coinAt(2*s, 8), coinAt(2850*time.Millisecond, 4), press(6*s, "select-2")},
			1, 0,
			vending.Money{Inserted: 300, Kept: 300},
			"WaitingForCustomer", "thank you",
		},
		{
			"a coin during a vend is the next customer's",
			[]scenario.Push{coinAt(2*s, 8), coinAt(3*s, 8), press(5*s, "select-2"), coinAt(6*s, 4)},
			1, 100,
			vending.Money{Inserted: 500, Kept: 300, Returned: 100, Credit: 100},
			"WaitingForMore", "credit 1.00",
		},
		{
			"coin return",
			[]scenario.Push{coinAt(2*s, 8), coinAt(3*s, 1), press(5*s, "coin-return")},
			0, 225,
			vending.Money{Inserted: 225, Returned: 225},
			"WaitingForCustomer", "insert 3.00",
		},
		{
			"a refund that fails is a debt, and no coin is taken any more",
			[]scenario.Push{stuck("hopper-25", false), coinAt(2*s, 1), press(3*s, "coin-return"), coinAt(8*s, 8)},
			0, 0,
			vending.Money{Inserted: 25, Owed: 25},
			"WaitingForService", "out of order, 0.25 owed",
		},
		{
			"the door is open, and closed again",
			[]scenario.Push{coinAt(2*s, 8), coinAt(3*s, 4), door(5*s, true), press(6*s, "select-1"), door(9*s, false), press(12*s, "select-1")},
			1, 0,
			vending.Money{Inserted: 300, Kept: 300},
			"WaitingForCustomer", "thank you",
		},
		{
			"a tube that jams is gone around: four quarters for a dollar",
			[]scenario.Push{stuck("hopper-100", false), coinAt(2*s, 8), coinAt(3*s, 8), press(5*s, "select-1")},
			1, 100,
			vending.Money{Inserted: 400, Kept: 300, Returned: 100},
			"WaitingForCustomer", "thank you",
		},
		{
			"a jam that loosens at the second try",
			[]scenario.Push{stuck("motor-1", false), coinAt(2*s, 8), coinAt(3*s, 4), press(5*s, "select-1"), clear(6*s, "motor-1")},
			1, 0,
			vending.Money{Inserted: 300, Kept: 300},
			"WaitingForCustomer", "thank you",
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			s := newStand(t)
			s.push(test.pushes...)
			s.run(30 * time.Second)
			s.wantFront(test.tray, test.cup)
			s.wantMoney(test.money)
			if got := s.state(); got != test.state {
				t.Errorf("got state %s, want %s", got, test.state)
			}
			if got := vending.ViewOf(s.rig.State(), nil).Display; got != test.display {
				t.Errorf("got display %q, want %q", got, test.display)
			}
		})
	}
}

func TestSoldOutIsToldAndTheCreditStays(t *testing.T) {
	s := newStand(t)
	for i := range 5 {
		s.buy(time.Duration(1+20*i)*time.Second, 1)
	}
	s.buy(101*time.Second, 1)
	s.push(scenario.Push{At: 110 * time.Second, Line: "select-2", Kind: scenario.Press})
	var shown string
	s.clock.AfterFunc(106*time.Second, func() { shown = vending.ViewOf(s.rig.State(), nil).Display })
	s.run(2 * time.Minute)
	s.wantFront(6, 0)
	if shown != "sold out" {
		t.Errorf("got display %q, want sold out", shown)
	}
}

// The lamp is on and the sale refused when what the tubes hold cannot make the change; who pays exactly gets the snack.
func TestExactChangeOnly(t *testing.T) {
	setup := quarters()
	setup.Tubes = []vending.Tube{{Value: 100, Coins: 10}}
	b := newBench(t, setup)
	b.wantOn("exact-change")
	b.insert(200, 100, 25)
	b.want(b.ask("vend", `{"column":1}`), "Change.Impossible")
	b.wantMoney(vending.Money{Inserted: 325, Credit: 325})
	b.insert(50, 25)
	vend := b.ask("vend", `{"column":1}`)
	b.turn("1")
	b.pulse("drop")
	b.want(vend, `{"sale":1,"column":1,"price":300,"change":100,"credit":100}`)
}
