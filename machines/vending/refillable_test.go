package vending_test

import (
	"testing"

	"signalbox/asl/value"
	"signalbox/machines"
	"signalbox/machines/vending"
)

// What an operator puts into the machine is there to be sold and paid, and what he takes is gone.
func TestTheWorldIsRefilledWithTheBooks(t *testing.T) {
	s := newStand(t)
	world, ok := s.world.(machines.Refillable)
	if !ok {
		t.Fatal("nothing can be put into the world")
	}
	setup := vending.Standard()
	want := func(what string, snacks, dollars, quarters int) {
		t.Helper()
		front := s.world.View().(vending.Front)
		if front.Snacks[0] != snacks || front.Coins[0] != dollars || front.Coins[1] != quarters {
			t.Errorf("%s: got %d snacks, %d dollars and %d quarters, want %d, %d and %d",
				what, front.Snacks[0], front.Coins[0], front.Coins[1], snacks, dollars, quarters)
		}
	}
	snacks, dollars, quarters := setup.Columns[0].Stock, setup.Tubes[0].Coins, setup.Tubes[1].Coins
	want("at first", snacks, dollars, quarters)
	world.Apply(vending.Refill, value.NewObject("column", int64(1), "snacks", int64(2)))
	world.Apply(vending.Refill, value.NewObject("tube", int64(25), "coins", int64(3)))
	world.Apply(vending.Collect, value.NewObject("tube", int64(100), "coins", int64(4)))
	want("served", snacks+2, dollars-4, quarters+3)
	world.Apply(vending.Collect, value.NewObject("tube", int64(25)))
	world.Apply(vending.Refill, value.NewObject("nothing", int64(1)))
	want("a tube emptied", snacks+2, dollars-4, 0)
	world.Restock(s.rig.State())
	want("as the books have it", snacks, dollars, quarters)
}
