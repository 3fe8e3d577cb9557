package assembly_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	periph "periph.io/x/conn/v3/gpio"

	"signalbox/asl/engine"
	"signalbox/asl/value"
	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/gpio"
	"signalbox/internal/race"
	"signalbox/machines"
	"signalbox/machines/ledger"
	"signalbox/machines/vending"
)

// The crash test kills the program in the middle of sales, hundreds of times, and compares what its ledger says with what
// has become of coins and snacks. The world (acceptor, motors, tubes, customers) is here, in the parent; the child is this
// test's binary again, with the whole assembly: definition, engine, rig, plant, and the ledger on a disk. Its lines speak
// over pipes: each level that it sets, each entry that it writes and each step of its clock is a line to which it waits for
// an answer, so that world and program share a time however busy the computer is, and the kill can come at any of them;
// or at any instant at all.

const (
	childEnv = "SIGNALBOX_CRASH_CHILD"
	step     = 5 * time.Millisecond // of the shared time
	// crashSetup has enough of everything for a hundred kills.
	crashSetup = `
coins: {0.25: 1, 0.50: 2, 1.00: 4, 2.00: 8}
tubes: {0.25: 500, 1.00: 500}
columns:
  - {name: A, price: 3.00, stock: 200}
  - {name: B, price: 1.25, stock: 200}
  - {name: C, price: 2.75, stock: 200}
`
)

// The child does not get as far as the tests.
func init() {
	if dir := os.Getenv(childEnv); dir != "" {
		if err := crashChild(dir); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
}

// A wire is the child's end: it says a line and waits for the answer.
type wire struct {
	in  *bufio.Reader
	out io.Writer
}

func (w *wire) call(words ...any) string {
	_, err := fmt.Fprintln(w.out, words...)
	answer := ""
	if err == nil {
		answer, err = w.in.ReadString('\n')
	}
	if err != nil {
		panic(err) // the parent has gone
	}
	return strings.TrimSuffix(answer, "\n")
}

// Claim implements gpio.Driver.
func (d *wirePins) Claim(l gpio.Line) (periph.PinIO, error) {
	p := &wirePin{wire: d.wire, line: l, level: l.Physical(d.high[l.Name])}
	d.pins[l.Name] = p
	return p, nil
}

// Release implements gpio.Driver.
func (*wirePins) Release(periph.PinIO) error { return nil }

type wirePins struct {
	wire *wire
	high map[string]bool // at the beginning
	pins map[string]*wirePin
}

type wirePin struct {
	periph.PinIO // what nobody uses
	wire         *wire
	line         gpio.Line
	level        periph.Level
	heard        func(periph.Level, string)
}

func (p *wirePin) String() string                    { return p.line.Where() }
func (p *wirePin) Name() string                      { return p.line.Where() }
func (p *wirePin) Halt() error                       { return nil }
func (p *wirePin) In(periph.Pull, periph.Edge) error { return nil }
func (p *wirePin) Read() periph.Level                { return p.level }
func (p *wirePin) Out(l periph.Level) error {
	p.wire.call("out", p.line.Name, p.line.Logical(l))
	return nil
}

func (p *wirePin) Notify(f func(periph.Level, string)) (stop func()) {
	p.heard = f
	return func() { p.heard = nil }
}

// watchedLedger tells when it writes.
type watchedLedger struct {
	machines.Ledger
	wire *wire
}

func (l watchedLedger) Append(entries []machines.Entry) error {
	kinds := make([]any, 1, 1+len(entries))
	for _, e := range entries {
		kinds = append(kinds, e.Kind)
	}
	kinds[0] = "append"
	l.wire.call(kinds...)
	err := l.Ledger.Append(entries)
	kinds[0] = "appended"
	l.wire.call(kinds...)
	return err
}

func crashMachine() (machines.Machine, error) {
	return vending.Machine().Configure("crash.yaml", []byte(crashSetup))
}

// crashChild is the program: what run does, on lines that speak over standard input and output.
func crashChild(dir string) error {
	w := &wire{bufio.NewReader(os.Stdin), os.Stdout}
	hello := strings.Fields(w.call("hello"))
	now, err := strconv.ParseInt(hello[0], 10, 64)
	if err != nil {
		return err
	}
	pins := &wirePins{wire: w, high: map[string]bool{}, pins: map[string]*wirePin{}}
	for _, line := range hello[1:] {
		pins.high[line] = true
	}
	m, err := crashMachine()
	if err != nil {
		return err
	}
	t, err := assembly.ReadDefinition("vending")
	if err != nil {
		return err
	}
	if err := t.Configure("crash.yaml", []byte(crashSetup)); err != nil {
		return err
	}
	board, err := gpio.ParseBoard(m.Name, m.Board)
	if err != nil {
		return err
	}
	clock := engine.NewSimulated(time.Unix(0, now), 0)
	var tick func()
	tick = func() {
		for _, edge := range strings.Fields(w.call("tick", clock.Now().UnixNano())) {
			line, level, _ := strings.Cut(edge, "=")
			p := pins.pins[line]
			if p.level = p.line.Physical(level == "true"); p.heard != nil {
				p.heard(p.level, "world")
			}
		}
		clock.AfterFunc(step, tick)
	}
	clock.AfterFunc(0, tick)
	a, err := assembly.Open(assembly.Config{
		Definition: t, Board: board, Input: value.NewObject(), Data: dir, Seed: 1, Pins: pins, Clock: clock,
		Ledger: func(l machines.Ledger) machines.Ledger { return watchedLedger{l, w} },
	})
	if err != nil {
		return err
	}
	return a.Run(context.Background())
}

// A worldClock is the time of the world: it goes on when somebody says so.
type worldClock struct {
	now   time.Time
	queue []*worldTimer
}

type worldTimer struct {
	at time.Time
	do func()
}

func (c *worldClock) Now() time.Time { return c.now }

func (c *worldClock) AfterFunc(d time.Duration, f func()) (stop func() bool) {
	t := &worldTimer{c.now.Add(d), f}
	c.queue = append(c.queue, t)
	return func() bool {
		i := slices.Index(c.queue, t)
		if i >= 0 {
			c.queue = slices.Delete(c.queue, i, i+1)
		}
		return i >= 0
	}
}

func (c *worldClock) advance(to time.Time) {
	for {
		var first *worldTimer
		for _, t := range c.queue {
			if !t.at.After(to) && (first == nil || t.at.Before(first.at)) {
				first = t
			}
		}
		if first == nil {
			c.now = to
			return
		}
		c.queue = slices.DeleteFunc(c.queue, func(t *worldTimer) bool { return t == first })
		c.now = first.at
		first.do()
	}
}

// A crashCoin is a coin that somebody has put in and the acceptor has taken.
type crashCoin struct {
	value    vending.Cents
	life     int
	counted  bool // the child has said that its entry is written
	train    bool // that its first pulse is
	tail     int  // the last life in which pulses of it came, 0: its own
	reported bool // as unknown
}

func (coin *crashCoin) report(c *crash) {
	if !coin.reported {
		coin.reported = true
		c.unknowns++
	}
}

// A crash is the world, and what it knows of the program.
type crash struct {
	*testing.T
	rng   *rand.Rand
	dir   string
	clock *worldClock
	world *vending.World

	high    map[string]bool // inputs
	edges   []string        // that the child has not heard of
	outputs map[string][]func(bool)
	let     func(bool) bool
	resting bool // no customer comes

	life     int
	alive    bool
	since    time.Time // of this life
	coins    []*crashCoin
	acked    int // entries that are safe, as the child has said
	vends    int // entries of a vend in this life
	turns    int // of any motor
	blind    int // coins of which no pulse could be written down before the kill
	unknowns int // coins cut by a kill that the ledger reports as unknown
	doubts   int
}

func newCrash(t *testing.T, seed uint64) *crash {
	m, err := crashMachine()
	if err != nil {
		t.Fatal(err)
	}
	c := &crash{
		T: t, rng: rand.New(rand.NewPCG(seed, 1)), dir: t.TempDir(), clock: &worldClock{now: engine.Epoch},
		high: map[string]bool{}, outputs: map[string][]func(bool){},
	}
	c.world = m.World(c, c.clock, 1).(*vending.World)
	c.clock.AfterFunc(time.Second, c.customer)
	return c
}

// OnOutput implements machines.SimLines.
func (c *crash) OnOutput(line string, f func(bool)) { c.outputs[line] = append(c.outputs[line], f) }

// Drive implements machines.SimLines.
func (c *crash) Drive(line string, high bool) {
	if c.high[line] != high {
		c.high[line] = high
		c.edges = append(c.edges, fmt.Sprintf("%s=%t", line, high))
	}
}

// Gate has the world's acceptor asked.
func (c *crash) Gate(_ string, let func(bool) bool) { c.let = let }

func (c *crash) between(least, most int) time.Duration {
	return time.Duration(least+c.rng.IntN(most-least+1)) * time.Millisecond
}

// customer puts some coins in, chooses, and sometimes wants the coins back; then the next one comes.
func (c *crash) customer() {
	if c.resting {
		return
	}
	var at time.Duration
	for _, v := range [][]vending.Cents{{200, 100}, {100, 100, 100}, {200, 200}, {50, 50, 25}, {25, 200, 50}, {25}}[c.rng.IntN(6)] {
		c.clock.AfterFunc(at, func() { c.insert(v) })
		at += 1100*time.Millisecond + c.between(0, 400)
	}
	c.clock.AfterFunc(at, func() { c.press("select-" + strconv.Itoa(1+c.rng.IntN(3))) })
	at += c.between(1000, 6000)
	if c.rng.IntN(3) == 0 {
		c.clock.AfterFunc(at, func() { c.press("coin-return") })
		at += c.between(500, 3000)
	}
	c.clock.AfterFunc(at, c.customer)
}

func (c *crash) press(line string) {
	c.Drive(line, true)
	c.clock.AfterFunc(150*time.Millisecond, func() { c.Drive(line, false) })
}

func (c *crash) insert(v vending.Cents) {
	if c.high["coin"] || !c.let(true) {
		return // it falls through
	}
	coin := &crashCoin{value: v, life: c.life}
	c.coins = append(c.coins, coin)
	c.pulse(coin, int(v/25))
}

func (c *crash) pulse(coin *crashCoin, left int) {
	if c.alive && coin.life != c.life {
		coin.tail = c.life
	}
	c.Drive("coin", true)
	c.clock.AfterFunc(50*time.Millisecond, func() {
		c.Drive("coin", false)
		if left > 1 {
			c.clock.AfterFunc(50*time.Millisecond, func() { c.let(true); c.pulse(coin, left-1) })
		}
	})
}

// A death is when the child is killed.
type death struct {
	says  int           // at that thing that it says, ticks apart; 0: not so
	after bool          // after the level that it has set
	ticks int           // at that tick; 0: not so
	real  time.Duration // after so much real time; 0: not so
	word  string        // when it says something that begins so, or as many ticks later as delay says; "": not so
	delay int
}

// points are where a kill hurts most: each before and after it is done.
var points = []string{
	"append train", "appended train", "append coin", "appended coin", "append accepting",
	"append vend", "appended vend", "out motor-", "append sold", "appended sold", "append payout", "appended payout", "append paid",
	"appended paid", "out hopper-", "append vend", "appended vend", "out motor-", "append sold", "appended sold",
}

// long is how many ticks a life lasts at most.
const long = 6000

// live starts the program and plays the world for it until it is killed.
func (c *crash) live(d death) {
	c.life++
	program := exec.Command(os.Args[0])
	program.Env = append(os.Environ(), childEnv+"="+c.dir)
	var talk strings.Builder
	program.Stderr = &talk
	in, err := program.StdinPipe()
	if err != nil {
		c.Fatal(err)
	}
	out, err := program.StdoutPipe()
	if err != nil {
		c.Fatal(err)
	}
	if err := program.Start(); err != nil {
		c.Fatal(err)
	}
	kill := func() { _ = program.Process.Kill() } // SIGKILL; it may be dead already
	said, ticks := 0, 0
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		words := strings.Fields(lines.Text())
		if words[0] == "tick" {
			ticks++
		} else {
			said++
		}
		if d.word != "" && strings.HasPrefix(lines.Text(), d.word) && d.ticks == 0 {
			d.ticks = ticks + d.delay
		}
		dies := ticks > long && d.ticks < long || d.word != "" && d.delay == 0 && d.ticks == ticks || d.says > 0 && said == d.says || d.ticks > 0 && ticks == d.ticks
		if dies && !d.after {
			break
		}
		answer := c.hear(words)
		if dies {
			break
		}
		if words[0] == "hello" && d.real > 0 {
			time.AfterFunc(d.real, kill)
		}
		if _, err := fmt.Fprintln(in, answer); err != nil {
			break // it is dead
		}
	}
	kill()
	_ = program.Wait() // signal: killed
	if talk.Len() > 0 {
		c.Fatalf("life %d: the program says %s", c.life, talk.String())
	}
	c.alive = false
	// The kernel makes the lines inputs again, and the wiring pulls them low.
	for _, listeners := range c.outputs {
		for _, f := range listeners {
			f(false)
		}
	}
}

// hear is one thing that the child says, and the answer.
func (c *crash) hear(words []string) string {
	switch words[0] {
	case "hello":
		c.alive, c.since, c.edges, c.vends, c.turns = true, c.clock.now, nil, 0, 0
		answer := strconv.FormatInt(c.clock.now.UnixNano(), 10)
		for line, high := range c.high {
			if high {
				answer += " " + line
				if line == "coin" && len(c.coins) > 0 {
					c.coins[len(c.coins)-1].tail = c.life
				}
			}
		}
		return answer
	case "tick":
		nanoseconds, err := strconv.ParseInt(words[1], 10, 64)
		if err != nil {
			c.Fatal(err)
		}
		c.clock.advance(time.Unix(0, nanoseconds).UTC())
		answer := strings.Join(c.edges, " ")
		c.edges = nil
		return answer
	case "out":
		on := words[2] == "true"
		if on && strings.HasPrefix(words[1], "motor-") {
			if c.turns++; c.turns > c.vends {
				c.Fatalf("life %d: %s is turned on before the ledger has the vend", c.life, words[1])
			}
		}
		for _, f := range c.outputs[words[1]] {
			f(on)
		}
	case "appended":
		c.acked += len(words) - 1
		for _, kind := range words[1:] {
			switch last := len(c.coins) - 1; kind {
			case "vend":
				c.vends++
			case "train":
				c.coins[last].train = true
			case "coin":
				c.coins[last].counted = true
			}
		}
	}
	return "ok"
}

// entries reads the ledger, as anybody may.
func (c *crash) entries() []machines.Entry {
	file, err := ledger.Read(filepath.Join(c.dir, ledger.Name))
	if err != nil {
		if c.acked == 0 {
			return nil // killed before there was one
		}
		c.Fatal(err)
	}
	var list []machines.Entry
	for e, err := range file.All() {
		if err != nil {
			c.Fatal(err)
		}
		list = append(list, e)
	}
	if err := file.Close(); err != nil {
		c.Fatal(err)
	}
	return list
}

func (c *crash) books(entries []machines.Entry) vending.Books {
	b, err := vending.ReadBooks(slices.Values(entries))
	if err != nil {
		c.Fatalf("life %d: %v", c.life, err)
	}
	return b
}

// compare holds what a life has written against what has happened in it.
func (c *crash) compare(before int) {
	entries := c.entries()
	if len(entries) < c.acked {
		c.Fatalf("life %d: got %d entries, want the %d that were safe", c.life, len(entries), c.acked)
	}
	c.acked = len(entries) // one that was being written may be there
	var cut *crashCoin     // by the kill before, and not reported yet
	var wanted []*crashCoin
	for _, coin := range c.coins {
		switch {
		case coin.life == c.life:
			wanted = append(wanted, coin)
		case !coin.counted:
			cut = coin
		}
	}
	calm := false // the time in which a coin's tail is listened for is over
	for _, e := range entries[before:] {
		switch e.Kind {
		case "coin":
			v, _ := e.Data.Lookup("value")
			if len(wanted) == 0 || int64(wanted[0].value) != v {
				c.Fatalf("life %d: got a coin of %v, want %+v", c.life, v, wanted)
			}
			wanted[0].counted = true
			wanted = wanted[1:]
		case "unknown":
			if cut == nil || cut.tail != c.life {
				c.Fatalf("life %d: got pulses of no coin, want none: no coin was cut", c.life)
			}
			cut.report(c)
		case "accepting":
			calm = true
		case "lost", "gone", "unpaid", "debt", "miss", "jam", "loose":
			c.Fatalf("life %d: got an entry %q, and everything works", c.life, e.Kind)
		}
	}
	if cut != nil && !cut.reported && cut.tail == c.life && calm {
		c.Fatalf("life %d: pulses of a coin of %v came after a kill and are reported nowhere", c.life, cut.value)
	}
	b := c.books(entries)
	if len(wanted) > 1 || len(wanted) == 1 && wanted[0] != c.coins[len(c.coins)-1] {
		c.Fatalf("life %d: got %d coins less than were put in", c.life, len(wanted))
	}
	if len(c.coins) == 0 {
		return
	}
	coin := c.coins[len(c.coins)-1]
	switch {
	case coin.counted:
	case b.CoinBegun:
		coin.report(c) // as soon as the next life begins
	case coin.train && !coin.reported:
		c.Fatalf("life %d: the first pulse of a coin of %v is not in the ledger any more", c.life, coin.value)
	case coin.life == c.life:
		c.blind++ // at the next power-up: that is all that the ledger can say of this coin
	}
}

// settle has an operator look at the tray and the tubes, and say what became of what is in doubt.
func (c *crash) settle() {
	front := c.world.View().(vending.Front)
	b := c.books(c.entries())
	if !b.Started {
		return // killed before there was anything
	}
	do := func(format string, args ...any) {
		input, err := value.Read(fmt.Appendf(nil, format, args...))
		if err != nil {
			c.Fatal(err)
		}
		m, err := crashMachine()
		if err != nil {
			c.Fatal(err)
		}
		file, err := ledger.Open(filepath.Join(c.dir, ledger.Name), "vending")
		if err != nil {
			c.Fatal(err)
		}
		if _, err := assembly.OperateOffline(&m, file, assembly.Request{Operation: vending.Settle, Input: input, Key: assembly.NewKey()}, c.clock.now); err != nil {
			c.Fatalf("life %d: settle %s: %v", c.life, value.Text(input), err)
		}
		if err := file.Close(); err != nil {
			c.Fatal(err)
		}
		c.doubts++
	}
	// A sale that was under way is in doubt from the next power-up on: operateAlone is one.
	for i := range 3 {
		underWay := b.Sale.Is == "vending" && b.Sale.Column == i+1
		if b.Columns[i].OutOfService == "doubt" || underWay {
			decision := "refund"
			if front.Fallen[i] > b.Columns[i].Sold {
				decision = "delivered"
			}
			do(`{"column":%d,"decision":%q}`, i+1, decision)
		}
	}
	paid := front.Cup - b.Money.Returned
	for i, t := range b.Tubes[:2] {
		n := t.CoinsInDoubt
		if b.Payout.Tube == t.Value {
			n++
		}
		for range n {
			decision := "owed"
			// Of two coins in doubt the larger is looked at first; what is in the cup tells.
			if paid >= b.Tubes[i].Value {
				decision, paid = "paid", paid-b.Tubes[i].Value
			}
			do(`{"tube":%d,"decision":%q}`, t.Value, decision)
		}
	}
	c.acked = len(c.entries())
}

// inTheAir waits, nobody being there, until everything that moves has come to rest.
func (c *crash) inTheAir(d time.Duration) { c.clock.advance(c.clock.now.Add(d)) }

// balance compares the world with the ledger when nothing is in doubt any more.
func (c *crash) balance() {
	front, b := c.world.View().(vending.Front), c.books(c.entries())
	taken, unknown := vending.Cents(0), vending.Cents(0)
	cut, silent := 0, 0
	for _, coin := range c.coins {
		taken += coin.value
		if !coin.counted {
			unknown += coin.value
			cut++
			if !coin.reported {
				silent++
			}
		}
	}
	// A coin of which the program has not written a single pulse, before the kill or after, is not known to it; but that coins
	// were being taken when it was cut off is, each time.
	if silent > c.blind || c.blind > b.BlindCuts {
		c.Errorf("got %d coins that no entry tells of, and %d power-ups that say that there may be, want at least %d", silent, b.BlindCuts, c.blind)
	}
	if b.Money.Inserted+unknown != taken {
		c.Errorf("got %v inserted and %v of unknown coins, want %v", b.Money.Inserted, unknown, taken)
	}
	if b.Money.Returned != front.Cup || b.Cash.Lost != 0 || b.Money.Doubt != 0 || b.Money.Owed != 0 || b.Money.Credit != 0 {
		c.Errorf("got %v in the cup, want what the ledger says: %+v, lost %v", front.Cup, b.Money, b.Cash.Lost)
	}
	for i, column := range b.Columns[:3] {
		if column.Sold != front.Fallen[i] || column.Stock != front.Snacks[i] {
			c.Errorf("column %d: got %d fallen and %d left, want the ledger's %d and %d", i+1, front.Fallen[i], front.Snacks[i],
				column.Sold, column.Stock)
		}
	}
	c.Logf("%d lives: %d coins (%d cut: %d unknown, %d killed before their first pulse was written), %d snacks, %v returned, %d things settled",
		c.life, len(c.coins), cut, c.unknowns, silent, front.Tray, front.Cup, c.doubts)
}

// make soak finds it by its name.
func TestCrashOfAVendingMachine(t *testing.T) {
	kills := 200
	if race.Enabled {
		kills = 20
	}
	if text := os.Getenv("SIGNALBOX_CRASHES"); text != "" {
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			t.Fatalf("SIGNALBOX_CRASHES=%s: want a number of kills", text)
		}
		kills = n
	}
	seed := uint64(time.Now().UnixNano())
	if text := os.Getenv("SIGNALBOX_SEED"); text != "" {
		n, err := strconv.ParseUint(text, 10, 64)
		if err != nil {
			t.Fatal(err)
		}
		seed = n
	}
	const round = 100 // what the machine holds is enough for that
	for kills > 0 {
		n := min(kills, round)
		kills -= n
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) { crashRound(t, seed, n) })
		seed++
	}
}

func crashRound(t *testing.T, seed uint64, kills int) {
	c := newCrash(t, seed)
	for range kills {
		before := len(c.entries())
		var d death
		switch c.rng.IntN(7) {
		case 0:
			d.real = time.Duration(1+c.rng.IntN(60_000)) * time.Microsecond
		case 1:
			d.ticks = 1 + c.rng.IntN(3000)
		case 3, 4, 5, 6:
			d.word, d.after = points[c.rng.IntN(len(points))], c.rng.IntN(2) == 0
			if c.rng.IntN(2) == 0 {
				d.delay = 1 + c.rng.IntN(600)
			}
		default:
			d.says, d.after = 1+c.rng.IntN(60), c.rng.IntN(2) == 0
		}
		c.live(d)
		c.compare(before)
		if c.rng.IntN(3) == 0 {
			c.inTheAir(c.between(0, 300)) // started again at once
		} else {
			c.inTheAir(2 * time.Second)
			c.settle()
		}
		if t.Failed() {
			return
		}
	}
	// The last customer leaves, the operator settles, and whoever is owed something gets it.
	c.resting = true
	for range 2 {
		c.inTheAir(20 * time.Second)
		c.settle()
		before := len(c.entries())
		c.live(death{ticks: int(2 * time.Minute / step)})
		c.compare(before)
	}
	c.balance()
}
