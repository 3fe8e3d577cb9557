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
		invariant("inserted = kept + returned + credit + owed", conserved),
		invariant("kept = price × snacks seen to fall", p.keptForSnacks),
		invariant("nothing turns that is not paid for", p.paidFor),
		invariant("one thing moves at a time, for something due", oneMotion),
		invariant("whoever waits is waited for", awaited),
	}
}

func conserved(s State) error {
	m := s.Money
	if m.Inserted != m.Kept+m.Returned+m.Credit+m.Owed {
		return fmt.Errorf("inserted %v; kept %v, returned %v, credit %v, owed %v",
			m.Inserted, m.Kept, m.Returned, m.Credit, m.Owed)
	}
	if min(m.Inserted, m.Kept, m.Returned, m.Credit, m.Owed, m.Overpaid) < 0 || s.Hopper.Coins < 0 {
		return fmt.Errorf("below nothing: %+v, %d coins", m, s.Hopper.Coins)
	}
	return nil
}

func (p *Plant) keptForSnacks(s State) error {
	sold := 0
	for _, c := range s.Spirals {
		sold += c.Sold
	}
	if s.Money.Kept != Cents(sold)*p.setup.Price {
		return fmt.Errorf("kept %v for %d snacks of %v", s.Money.Kept, sold, p.setup.Price)
	}
	return nil
}

// paidFor: a motor runs for the sale at hand, whose price is held, or kept already because its snack has fallen.
func (p *Plant) paidFor(s State) error {
	for i, c := range s.Spirals {
		switch {
		case !c.atWork():
		case s.Sale.Column != i+1 || s.Sale.Is != saleVending && s.Sale.Is != saleSold:
			return fmt.Errorf("column %d is %s, the sale of column %d %s", i+1, c.Is, s.Sale.Column, s.Sale.Is)
		case s.Sale.Is == saleVending && s.Money.Credit < p.setup.Price:
			return fmt.Errorf("column %d is %s with a credit of %v", i+1, c.Is, s.Money.Credit)
		}
	}
	return nil
}

func oneMotion(s State) error {
	moving := 0
	for i, c := range s.Spirals {
		if c.Is == spiralTurning {
			moving++
		}
		if c.atWork() != (c.Until != 0) {
			return fmt.Errorf("column %d is %s without an end, or has an end without", i+1, c.Is)
		}
		if c.Ran < 0 || c.Ran > maxRun {
			return fmt.Errorf("the motor of column %d runs for %s without its home, at most %s", i+1, c.Ran, maxRun)
		}
	}
	h := s.Hopper
	if h.Is == hopperPaying {
		moving++
		if h.Silent == 0 || h.Burst == 0 {
			return fmt.Errorf("the hopper runs without an end")
		}
		if h.All && s.Money.Credit == 0 || !h.All && h.Due == 0 {
			return fmt.Errorf("the hopper runs with nothing due")
		}
	}
	if moving > 1 {
		return fmt.Errorf("%d motors run", moving)
	}
	if h.Due < 0 || h.Due > s.Money.Credit {
		return fmt.Errorf("%v due of a credit of %v", h.Due, s.Money.Credit)
	}
	return nil
}

// awaited: a ticket is held exactly as long as something will answer it.
func awaited(s State) error {
	switch {
	case (s.Customer.Ticket != 0) != (s.Customer.Is != customerUnheard):
		return fmt.Errorf("customer %s, ticket %d", s.Customer.Is, s.Customer.Ticket)
	case s.Mech.Is == mechCounting && s.Mech.Ends == 0:
		return fmt.Errorf("a coin without an end")
	case s.Mech.Is == mechCounting:
		return nil
	case s.Sale.Ticket != 0 && !s.turning():
		return fmt.Errorf("a vend is awaited and nothing turns")
	case s.Hopper.Ticket != 0 && !s.Hopper.atWork():
		return fmt.Errorf("a payout is awaited and the hopper is %s", s.Hopper.Is)
	}
	return nil
}
