package vending

import (
	"fmt"

	"signalbox/machines"
)

// Invariants implements [machines.Plant].
func (p *Plant) Invariants() []machines.Invariant {
	invariant := func(name string, holds func(State) error) machines.Invariant {
		return machines.Invariant{Name: name, Holds: func(s machines.State) error { return holds(s.(State)) }}
	}
	return []machines.Invariant{
		invariant("inserted = kept + returned + credit + in doubt + owed, and every coin is somewhere",
			func(s State) error { return s.check() }),
		invariant("nothing turns that is not paid for", paidFor),
		invariant("one thing moves at a time, written down before", oneMotion),
		invariant("every Task that waits will be answered", awaited),
		invariant("coins are taken only when they can be given back", p.returnable),
	}
}

// paidFor: a motor runs only for the current sale, whose price is held, or kept already because its snack has fallen.
func paidFor(s State) error {
	for i, c := range s.Spirals {
		switch {
		case !c.atWork():
		case s.Sale.Column != i+1 || s.Sale.Is != saleVending && s.Sale.Is != saleSold:
			return fmt.Errorf("column %d is %s, the sale of column %d %s", i+1, c.Is, s.Sale.Column, s.Sale.Is)
		case s.Sale.Is == saleVending && s.Money.Credit < s.Sale.Price:
			return fmt.Errorf("column %d is %s with a credit of %v for %v", i+1, c.Is, s.Money.Credit, s.Sale.Price)
		case s.Columns[i].OutOfService == outDoubt:
			return fmt.Errorf("column %d is %s and its last sale is in doubt", i+1, c.Is)
		}
	}
	return nil
}

// oneMotion: at most one motor runs, with a deadline and a recorded reason.
func oneMotion(s State) error {
	moving := 0
	for i, c := range s.Spirals {
		if c.motorOn() {
			moving++
		}
		if c.atWork() != (c.Until != 0) {
			return fmt.Errorf("column %d is %s without an end, or has an end without", i+1, c.Is)
		}
		if c.Ran < 0 || c.Ran > maxRun {
			return fmt.Errorf("the motor of column %d runs for %s without its home, at most %s", i+1, c.Ran, maxRun)
		}
	}
	for i, t := range s.TubeLines {
		if t.Is != tubePaying {
			continue
		}
		moving++
		switch {
		case s.CoinOverdue == 0 || s.BurstEnds == 0:
			return fmt.Errorf("tube %v runs without an end", s.Tubes[i].Value)
		case s.Payout.Tube != s.Tubes[i].Value || s.Payout.Is != payoutPaying:
			return fmt.Errorf("tube %v runs, and the payout (%s) awaits a coin of %v", s.Tubes[i].Value, s.Payout.Is, s.Payout.Tube)
		}
	}
	switch p := s.Payout; {
	case moving > 1:
		return fmt.Errorf("%d motors run", moving)
	case moving > 0 && s.StartUpEnds != 0:
		return fmt.Errorf("a motor runs right after power-up")
	case p.Tube != 0 && !p.atWork():
		return fmt.Errorf("a coin of %v is under way, and the payout is %s", p.Tube, p.Is)
	case p.Due < 0 || p.Tube > *s.payoutAccount():
		return fmt.Errorf("a coin of %v is paid, and %v are due", p.Tube, *s.payoutAccount())
	}
	return nil
}

// awaited: there is a ticket exactly while a deadline or a sensor will lead to its answer.
func awaited(s State) error {
	switch {
	case (s.Customer.Ticket != 0) != (s.Customer.Is != customerIdle):
		return fmt.Errorf("customer %s, ticket %d", s.Customer.Is, s.Customer.Ticket)
	case (s.Settlement.Ticket != 0) != (s.Settlement.Is == questionAsked), (s.Service.Ticket != 0) != (s.Service.Is == questionAsked):
		return fmt.Errorf("questions %+v and %+v", s.Settlement, s.Service)
	case s.Mech.Is == mechCounting && s.Mech.Ends == 0:
		return fmt.Errorf("a coin without an end")
	case (s.Mech.Is == mechStarting) != (s.StartUpEnds != 0):
		return fmt.Errorf("the mech is %s and power-up ends at %d", s.Mech.Is, s.StartUpEnds)
	case s.Mech.Is == mechCounting:
		return nil
	case s.VendTicket != 0 && !s.turning():
		return fmt.Errorf("a vend is awaited and nothing turns")
	case s.PayTicket != 0 && !s.Payout.atWork():
		return fmt.Errorf("a payout is awaited, and it is %s", s.Payout.Is)
	}
	return nil
}

// returnable: while coins are taken, the tubes can pay the credit back.
func (p *Plant) returnable(s State) error {
	if !s.Accepting {
		return nil
	}
	if _, ok := Change(s.Money.Credit, p.working(&s)); !ok {
		return fmt.Errorf("coins are taken, and the credit of %v cannot be given back", s.Money.Credit)
	}
	return nil
}
