package vending_test

import (
	"testing"

	"pgregory.net/rapid"

	"signalbox/machines/vending"
)

func TestChangeIsOfTheFewestCoins(t *testing.T) {
	for _, test := range []struct {
		amount vending.Cents
		tubes  []vending.Tube
		want   vending.Counts
		ok     bool
	}{
		// DOMAIN: where greedy change is wrong.
		{30, []vending.Tube{{Value: 25, Coins: 1}, {Value: 10, Coins: 3}}, vending.Counts{0, 3}, true},
		{50, []vending.Tube{{Value: 25, Coins: 2}, {Value: 10, Coins: 4}}, vending.Counts{2, 0}, true},
		{30, []vending.Tube{{Value: 25, Coins: 1}, {Value: 10, Coins: 2}}, vending.Counts{}, false},
		{175, []vending.Tube{{Value: 100, Coins: 1}, {Value: 25, Coins: 3}}, vending.Counts{1, 3}, true},
		{0, []vending.Tube{{Value: 25}}, vending.Counts{}, true},
		{25, []vending.Tube{{Value: 25}}, vending.Counts{}, false},
		{25, nil, vending.Counts{}, false},
		{-25, []vending.Tube{{Value: 25, Coins: 9}}, vending.Counts{}, false},
		{1_000_000_00, []vending.Tube{{Value: 1, Coins: 9}}, vending.Counts{}, false}, // the search is bounded
	} {
		got, ok := vending.Change(test.amount, test.tubes)
		if got != test.want || ok != test.ok {
			t.Errorf("%v of %+v: got %v, %t, want %v, %t", test.amount, test.tubes, got, ok, test.want, test.ok)
		}
	}
}

// fewest tries every combination.
func fewest(amount vending.Cents, tubes []vending.Tube) (coins int, ok bool) {
	if amount == 0 {
		return 0, true
	}
	if len(tubes) == 0 {
		return 0, false
	}
	for k := 0; k <= tubes[0].Coins && vending.Cents(k)*tubes[0].Value <= amount; k++ {
		if n, may := fewest(amount-vending.Cents(k)*tubes[0].Value, tubes[1:]); may && (!ok || n+k < coins) {
			coins, ok = n+k, true
		}
	}
	return coins, ok
}

func TestChangeAgainstEveryCombination(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var tubes []vending.Tube
		for range rapid.IntRange(0, 4).Draw(t, "tubes") {
			tubes = append(tubes, vending.Tube{
				Value: vending.Cents(rapid.SampledFrom([]int{1, 2, 5, 10, 20, 25, 50, 100}).Draw(t, "value")),
				Coins: rapid.IntRange(0, 6).Draw(t, "coins"),
			})
		}
		amount := vending.Cents(rapid.IntRange(0, 300).Draw(t, "amount"))
		got, ok := vending.Change(amount, tubes)
		want, may := fewest(amount, tubes)
		sum, coins := vending.Cents(0), 0
		for i, n := range got {
			if n > 0 {
				sum, coins = sum+vending.Cents(n)*tubes[i].Value, coins+n
				if n > tubes[i].Coins {
					t.Fatalf("%v of %+v: got %d of a tube that has %d", amount, tubes, n, tubes[i].Coins)
				}
			}
		}
		if ok != may || ok && (sum != amount || coins != want) {
			t.Fatalf("%v of %+v: got %v (%v in %d coins), %t; want %d coins, %t", amount, tubes, got, sum, coins, ok, want, may)
		}
	})
}
