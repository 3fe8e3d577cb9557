package vending

// maxSteps bounds the search for change: the highest amount, in units of the coins' greatest common divisor.
const maxSteps = 4000

// Counts are numbers of coins by tube, in the order of the setup.
type Counts [MaxTubes]int

// A changeTable has the fewest coins of the tubes for every amount up to a limit. A greedy search fails when tubes run out: 0.30
// from one 0.25 and three 0.10 is 0.10 + 0.10 + 0.10.
type changeTable struct {
	tubes  []Tube
	unit   Cents
	fewest []int   // by amount in units; impossible: the tubes cannot make it
	take   [][]int // by tube and amount in units: the coins of that tube
}

const impossible = 1 << 30

// newChangeTable builds the table tube by tube, in time proportional to tubes × limit × coins.
func newChangeTable(tubes []Tube, limit Cents) changeTable {
	c := changeTable{tubes: tubes}
	for _, t := range tubes {
		if t.Coins > 0 {
			c.unit = gcd(c.unit, t.Value)
		}
	}
	steps := 0
	if c.unit > 0 {
		steps = min(int(max(limit, 0)/c.unit), maxSteps)
	}
	c.fewest = make([]int, steps+1)
	for a := range c.fewest[1:] {
		c.fewest[a+1] = impossible
	}
	for _, t := range tubes {
		take := make([]int, steps+1)
		c.take = append(c.take, take)
		if t.Coins == 0 {
			continue
		}
		worth := int(t.Value / c.unit)
		before := c.fewest
		c.fewest = make([]int, steps+1)
		for a := range c.fewest {
			c.fewest[a] = before[a]
			for k := 1; k <= t.Coins && k*worth <= a; k++ {
				if n := before[a-k*worth] + k; n < c.fewest[a] {
					c.fewest[a], take[a] = n, k
				}
			}
		}
	}
	return c
}

// coinsFor returns the fewest coins that make amount, false if the tubes cannot make it.
func (c changeTable) coinsFor(amount Cents) (Counts, bool) {
	var counts Counts
	switch {
	case amount == 0:
		return counts, true
	case amount < 0 || c.unit == 0 || amount%c.unit != 0 || int(amount/c.unit) >= len(c.fewest):
		return counts, false
	}
	a := int(amount / c.unit)
	if c.fewest[a] == impossible {
		return counts, false
	}
	for t := len(c.tubes) - 1; t >= 0; t-- {
		counts[t] = c.take[t][a]
		a -= counts[t] * int(c.tubes[t].Value/c.unit)
	}
	return counts, true
}

// largest returns the highest amount up to limit that the tubes can make.
func (c changeTable) largest(limit Cents) Cents {
	if c.unit == 0 {
		return 0
	}
	for a := min(int(limit/c.unit), len(c.fewest)-1); a > 0; a-- {
		if c.fewest[a] < impossible {
			return Cents(a) * c.unit
		}
	}
	return 0
}

// Change returns the fewest coins of the tubes that make amount exactly, false if the tubes cannot make it.
func Change(amount Cents, tubes []Tube) (Counts, bool) {
	return newChangeTable(tubes, amount).coinsFor(amount)
}

// gcd returns the greatest common divisor; that of 0 and b is b.
func gcd(a, b Cents) Cents {
	for b != 0 {
		a, b = b, a%b
	}
	return a
}
