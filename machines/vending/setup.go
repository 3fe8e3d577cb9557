package vending

import (
	_ "embed"
	"fmt"
	"regexp"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"

	"signalbox/internal/yamltree"
)

// The most parts that a machine may have. They are limited because a [State] has no slices.
const (
	MaxColumns = 8
	MaxTubes   = 6
	MaxCoins   = 6

	maxPulses     = 50
	maxPrice      = Cents(10000)
	maxStock      = 200
	maxTubeCoins  = 2000
	maxNameLength = 24
)

// A Setup is a machine as its file describes it: its coins, tubes and columns, and their contents when it is switched on for the
// first time. Later the contents are those of its ledger.
type Setup struct {
	Coins   []Coin   // that the coin acceptor takes, smallest first
	Tubes   []Tube   // that pay change, largest first
	Columns []Column // numbered from 1 outside this package
}

type (
	// A Coin is recognized by the number of its pulses.
	Coin struct {
		Value  Cents
		Pulses int
	}
	// A Tube holds coins of one value, and has a motor that pays them out: a hopper, or a tube of a changer.
	Tube struct {
		Value Cents
		Coins int
	}
	// A Column is one spiral of snacks with its selection button and its motor.
	Column struct {
		Name  string
		Price Cents
		Stock int
	}
)

//go:embed vending.yaml
var standard []byte

// Standard returns the setup of the built-in machine.
func Standard() Setup {
	setup, err := ParseSetup("vending.yaml", standard)
	if err != nil {
		panic(err) // the file is embedded
	}
	return setup
}

// coin returns the coin with the given number of pulses, false if there is none.
func (s Setup) coin(pulses int) (Coin, bool) {
	i := slices.IndexFunc(s.Coins, func(c Coin) bool { return c.Pulses == pulses })
	if i < 0 {
		return Coin{}, false
	}
	return s.Coins[i], true
}

// tube returns the index of the tube with coins of a value, -1 if there is none.
func (s Setup) tube(value Cents) int {
	return slices.IndexFunc(s.Tubes, func(t Tube) bool { return t.Value == value })
}

// maxChange returns the most change that a customer needs who stops paying as soon as the credit covers the price.
func (s Setup) maxChange() Cents { return s.Coins[len(s.Coins)-1].Value - s.Coins[0].Value }

// prices returns the lowest and the highest price.
func (s Setup) prices() (lowest, highest Cents) {
	lowest, highest = s.Columns[0].Price, s.Columns[0].Price
	for _, c := range s.Columns {
		lowest, highest = min(lowest, c.Price), max(highest, c.Price)
	}
	return lowest, highest
}

// ParseSetup reads a setup from YAML. File is its name in messages. The error is yamltree.Faults: every fault, in file order.
func ParseSetup(file string, text []byte) (Setup, error) {
	r := &setupReader{Tree: yamltree.Read(file, text, "a vending machine: coins, tubes and columns")}
	if root := r.Root(); root != nil {
		r.read(root)
	}
	if err := r.Err(); err != nil {
		return Setup{}, err
	}
	slices.SortFunc(r.setup.Coins, func(a, b Coin) int { return int(a.Value - b.Value) })
	slices.SortFunc(r.setup.Tubes, func(a, b Tube) int { return int(b.Value - a.Value) })
	return r.setup, nil
}

// A setupReader builds a setup while its tree collects the faults.
type setupReader struct {
	*yamltree.Tree
	setup Setup
}

// read reads the whole description, the coins first, as prices are checked against them.
func (r *setupReader) read(root *yaml.Node) {
	fields := r.Fields(root, "a vending machine", "coins", "tubes", "columns")
	if root.Kind != yaml.MappingNode {
		return
	}
	part := func(name, example string, read func(*yaml.Node)) {
		if m, ok := fields[name]; ok {
			read(m.Value)
		} else {
			r.Fault(root, "the machine has no %s; write them, such as %s", name, example)
		}
	}
	part("coins", "coins: {0.25: 1, 1.00: 4}", r.coins)
	part("tubes", "tubes: {0.25: 40}", r.tubes)
	part("columns", "columns: [{name: Crisps, price: 3.00, stock: 5}]", r.columns)
}

// coins reads the coins with their pulses.
func (r *setupReader) coins(n *yaml.Node) {
	pulses := map[int]string{}
	for _, m := range r.members(n, "coins", MaxCoins) {
		coin := Coin{}
		coin.Value, _ = r.amount(m.Key, "a coin")
		count, ok := r.Whole(m.Value, "the pulses of coin "+m.Name, 1, maxPulses)
		if other, taken := pulses[count]; ok && taken {
			r.Fault(m.Value, "coin %s has %d pulses, as coin %s: they could not be distinguished", m.Name, count, other)
		}
		coin.Pulses, pulses[count] = count, m.Name
		r.setup.Coins = append(r.setup.Coins, coin)
	}
}

func (r *setupReader) tubes(n *yaml.Node) {
	for _, m := range r.members(n, "tubes", MaxTubes) {
		tube := Tube{}
		tube.Value, _ = r.amount(m.Key, "a tube")
		tube.Coins, _ = r.Whole(m.Value, "the coins in tube "+m.Name, 0, maxTubeCoins)
		r.setup.Tubes = append(r.setup.Tubes, tube)
	}
}

// members returns the members of a mapping, which must have 1 to most of them.
func (r *setupReader) members(n *yaml.Node, what string, most int) []yamltree.Member {
	members := r.Mapping(n, what)
	if n.Kind == yaml.MappingNode && (len(members) == 0 || len(members) > most) {
		r.Fault(n, "there are %d %s; a machine has 1 to %d", len(members), what, most)
	}
	return members
}

// columns reads the columns with their prices and stocks.
func (r *setupReader) columns(n *yaml.Node) {
	list := r.List(n, "columns")
	if n.Kind == yaml.SequenceNode && (len(list) == 0 || len(list) > MaxColumns) {
		r.Fault(n, "there are %d columns; a machine has 1 to %d", len(list), MaxColumns)
	}
	for i, e := range list {
		what := fmt.Sprintf("column %d", i+1)
		fields := r.Fields(e, what, "name", "price", "stock")
		if e.Kind != yaml.MappingNode {
			continue
		}
		c := Column{Name: what}
		if m, ok := fields["name"]; ok {
			if c.Name, ok = r.Text(m.Value, what+": name"); ok && len([]rune(c.Name)) > maxNameLength {
				r.Fault(m.Value, "%s: the name has %d letters, at most %d", what, len([]rune(c.Name)), maxNameLength)
			}
		}
		if m, ok := fields["price"]; ok {
			if c.Price, ok = r.amount(m.Value, what+": price"); ok && !r.payable(c.Price) {
				r.Fault(m.Value, "%s: %v cannot be paid exactly with the coins that the machine takes", what, c.Price)
			}
		} else {
			r.Fault(e, "%s has no price; write one, such as price: 3.00", what)
		}
		if m, ok := fields["stock"]; ok {
			c.Stock, _ = r.Whole(m.Value, what+": stock", 0, maxStock)
		}
		r.setup.Columns = append(r.setup.Columns, c)
	}
}

// payable reports whether enough coins of every kind can make amount. If the coins have faults, it reports true.
func (r *setupReader) payable(amount Cents) bool {
	if len(r.setup.Coins) == 0 || r.Err() != nil {
		return true
	}
	reachable := make([]bool, amount+1)
	reachable[0] = true
	for a := range amount + 1 {
		for _, c := range r.setup.Coins {
			reachable[a] = reachable[a] || c.Value <= a && reachable[a-c.Value]
		}
	}
	return reachable[amount]
}

var amountText = regexp.MustCompile(`^(\d{1,4})(?:\.(\d\d))?$`)

// ParseCents reads an amount such as 3.25 or 3, false if text is none.
func ParseCents(text string) (Cents, bool) {
	m := amountText.FindStringSubmatch(text)
	if m == nil {
		return 0, false
	}
	whole, _ := strconv.Atoi(m[1])
	cents, _ := strconv.Atoi(m[2]) // 0 for ""
	return Cents(100*whole + cents), true
}

func (r *setupReader) amount(n *yaml.Node, what string) (Cents, bool) {
	amount, ok := ParseCents(n.Value)
	if n.Kind != yaml.ScalarNode || !ok || amount <= 0 || amount > maxPrice {
		r.Fault(n, "%s should be an amount from 0.01 to %v, such as 1.00, not %q", what, maxPrice, n.Value)
		return 0, false
	}
	return amount, true
}
