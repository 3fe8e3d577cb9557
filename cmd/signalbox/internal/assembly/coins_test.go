package assembly_test

import (
	"context"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	periph "periph.io/x/conn/v3/gpio"

	"signalbox/asl/engine"
	"signalbox/asl/value"
	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/gpio"
	"signalbox/machines"
	"signalbox/machines/vending"
)

// What follows is the way of a coin on real hardware: a pin that the driver reports edges of and nothing else, the goroutine that
// waits for them, debounce, rig, plant, and a ledger on a card that takes its time, all on a real clock. The tests run it in bubbles
// of testing/synctest, where a real clock's time is exact and costs nothing.

// edgePins are lines as gpioioctl has them: an edge is queued without its level and its time.
type edgePins struct {
	*fakePins
	dated bool // the driver knows levels and times, as the kernel does
	high  []string
	ins   map[string]edgeSource
}

// An edgeSource is an input that the outside moves.
type edgeSource interface{ move(high bool) }

// Claim implements gpio.Driver.
func (p *edgePins) Claim(l gpio.Line) (periph.PinIO, error) {
	if l.Direction == gpio.Out {
		return p.fakePins.Claim(l)
	}
	in := &edgePin{line: l, level: l.Physical(false), edges: make(chan datedEdge, 16), halt: make(chan struct{})}
	for _, name := range p.high {
		if name == l.Name {
			in.level = l.Physical(true)
		}
	}
	p.ins[l.Name] = in
	if p.dated {
		return datedPin{in}, nil
	}
	return in, nil
}

type datedEdge struct {
	level periph.Level
	at    time.Time
}

type edgePin struct {
	periph.PinIO // what is not used
	line         gpio.Line
	edges        chan datedEdge
	halt         chan struct{}
	last         datedEdge

	mu    sync.Mutex // guards level
	level periph.Level
}

func (p *edgePin) String() string                    { return p.line.Where() }
func (p *edgePin) Name() string                      { return p.line.Where() }
func (p *edgePin) In(periph.Pull, periph.Edge) error { return nil }

func (p *edgePin) Halt() error {
	select {
	case p.halt <- struct{}{}:
	default: // nothing waits
	}
	return nil
}

func (p *edgePin) Read() periph.Level {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.level
}

func (p *edgePin) WaitForEdge(timeout time.Duration) bool {
	over := time.NewTimer(timeout)
	defer over.Stop()
	select {
	case p.last = <-p.edges:
		return true
	case <-p.halt:
	case <-over.C:
	}
	return false
}

// move moves the line; an edge that does not fit into the driver's queue is lost.
func (p *edgePin) move(high bool) {
	p.mu.Lock()
	p.level = p.line.Physical(high)
	e := datedEdge{p.level, time.Now()}
	p.mu.Unlock()
	select {
	case p.edges <- e:
	default:
	}
}

// A datedPin implements gpio.EdgeTimes. A goroutine that waits is woken late.
type datedPin struct{ *edgePin }

func (p datedPin) WaitForEdge(timeout time.Duration) bool {
	queued := len(p.edges) > 0
	edge := p.edgePin.WaitForEdge(timeout)
	if edge && !queued {
		time.Sleep(time.Duration(rand.IntN(30)) * time.Millisecond)
	}
	return edge
}

func (p datedPin) LastEdge() (periph.Level, time.Time) { return p.last.level, p.last.at }

// A slowCard is a ledger whose every write takes a while.
type slowCard struct {
	machines.Ledger
	random func() time.Duration
}

func (l slowCard) Append(entries []machines.Entry) error {
	time.Sleep(l.random())
	return l.Ledger.Append(entries)
}

// A coinRun is a machine that gets coins.
type coinRun struct {
	rng      *rand.Rand
	pins     *edgePins
	clock    *engine.Clock
	ledger   machines.Ledger
	inserted []vending.Cents
}

// between returns a random time. Its magnitudes are equally likely.
func between(rng *rand.Rand, least, most time.Duration) time.Duration {
	return time.Duration(float64(least) * math.Pow(float64(most)/float64(least), rng.Float64()))
}

// startVending starts a vending machine on real lines and a real clock. Takes returns how long the next write of its ledger takes.
// Stop ends the run and fails the test if that went wrong.
func startVending(t *testing.T, seed uint64, dated bool, takes func() time.Duration) (r *coinRun, stop func()) {
	t.Helper()
	r = &coinRun{
		rng: rand.New(rand.NewPCG(seed, 2)),
		pins: &edgePins{
			fakePins: newFakePins(), dated: dated, high: []string{"home-1", "home-2", "home-3"}, ins: map[string]edgeSource{},
		},
		clock: engine.NewReal(),
	}
	c := builtIn(t, "vending")
	c.Driver, c.Pins, c.Clock = assembly.DriverGPIO, r.pins, r.clock
	c.Ledger = func(l machines.Ledger) machines.Ledger {
		r.ledger = l
		return slowCard{l, takes}
	}
	a := open(t, c)
	ctx, cancel := context.WithCancelCause(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.Run(ctx) }()
	for begun := time.Now(); ; time.Sleep(time.Millisecond) {
		if on, _ := r.pins.level("coin-accept"); on {
			break
		}
		if time.Since(begun) > time.Minute {
			t.Fatal("the acceptor takes no coins for a minute after power-up")
		}
	}
	return r, func() {
		cancel(errors.New("enough"))
		if err := <-ended; err != nil {
			t.Errorf("seed %d: the run ended with %v", seed, err)
		}
	}
}

// insertCoins starts a vending machine and puts coins into it until it has had enough. It returns how many.
func insertCoins(t *testing.T, seed uint64, dated bool) int {
	t.Helper()
	card := rand.New(rand.NewPCG(seed, 3))
	r, stop := startVending(t, seed, dated, func() time.Duration { return between(card, time.Millisecond, 2*time.Second) })
	var busy sync.WaitGroup
	enough := make(chan struct{})
	repeat := func(stream uint64, f func(*rand.Rand) (pause time.Duration)) {
		rng := rand.New(rand.NewPCG(seed, stream))
		busy.Go(func() {
			for {
				select {
				case <-enough:
					return
				case <-time.After(f(rng)):
				}
			}
		})
	}
	// Whatever else the clock's goroutine does takes its time, too.
	repeat(4, func(rng *rand.Rand) time.Duration {
		takes := between(rng, time.Millisecond, time.Second)
		r.clock.Post(func() { time.Sleep(takes) })
		return takes + between(rng, time.Millisecond, time.Second)
	})
	for i := range 3 { // worn switches
		home, high := r.pins.ins[fmt.Sprint("home-", i+1)], true
		repeat(5+uint64(i), func(rng *rand.Rand) time.Duration {
			high = !high
			home.move(high)
			return between(rng, time.Millisecond, 60*time.Millisecond)
		})
	}
	r.insert(t)
	close(enough)
	busy.Wait()
	stop()
	r.check(t, seed)
	return len(r.inserted)
}

// insert puts coins in while the machine takes them, and no more than 14.00.
func (r *coinRun) insert(t *testing.T) {
	figures := []time.Duration{20 * time.Millisecond, 50 * time.Millisecond, 100 * time.Millisecond} // CH-926
	width, pause := figures[r.rng.IntN(3)], figures[r.rng.IntN(3)]
	for credit := vending.Cents(0); ; {
		pulses := 1 << r.rng.IntN(4)
		coin := vending.Cents(25 * pulses)
		if credit += coin; credit > 1400 {
			break
		}
		r.coin(pulses, width, pause)
		r.inserted = append(r.inserted, coin)
		time.Sleep(between(r.rng, 260*time.Millisecond, 3*time.Second))
		if on, _ := r.pins.level("coin-accept"); !on {
			t.Errorf("the acceptor is off with a credit of %v", credit)
			break
		}
	}
	time.Sleep(5 * time.Second) // the last coin is over, and the clock has come to it
}

// coin gives the pulses of a coin.
func (r *coinRun) coin(pulses int, width, pause time.Duration) {
	for i := range pulses {
		if i > 0 {
			time.Sleep(pause)
		}
		r.pins.ins["coin"].move(true)
		time.Sleep(width)
		r.pins.ins["coin"].move(false)
	}
}

// check compares the ledger with what was inserted.
func (r *coinRun) check(t *testing.T, seed uint64) {
	t.Helper()
	var failed error
	var got []vending.Cents
	for e := range assembly.Entries(r.ledger, &failed) {
		switch e.Kind {
		case "coin":
			v, _ := e.Data.Lookup("value")
			got = append(got, vending.Cents(v.(int64)))
		case "unknown":
			t.Errorf("seed %d: after %d coins there are pulses of no coin: %s", seed, len(got), value.Text(e.Data))
		}
	}
	if failed != nil {
		t.Fatal(failed)
	}
	if diff := cmp.Diff(r.inserted, got); diff != "" {
		t.Errorf("seed %d: coins (-inserted +counted):\n%s", seed, diff)
	}
}

// coinsWanted is how many coins are wanted: 300, or SIGNALBOX_COINS.
func coinsWanted(t *testing.T) (n int, soak bool) {
	text := os.Getenv("SIGNALBOX_COINS")
	if text == "" {
		return 300, false
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("SIGNALBOX_COINS=%s: not a number of coins", text)
	}
	return n, true
}

// Each coin counts as what it is, however slow the card is and however busy the clock.
func TestCoinsAreCountedWhileTheCardIsSlow(t *testing.T) {
	wanted, soak := coinsWanted(t)
	for _, driver := range []struct {
		name  string
		dated bool
	}{{"edges dated where they are read", false}, {"edges dated by the driver", true}} {
		t.Run(driver.name, func(t *testing.T) {
			for seed, n := uint64(1), 0; n < wanted && !t.Failed(); seed++ {
				synctest.Test(t, func(t *testing.T) { n += insertCoins(t, seed, driver.dated) })
			}
		})
		if !soak {
			continue
		}
		for i := range uint64(25) { // about 400 coins in half a minute; this needs a computer that has time
			t.Run(fmt.Sprintf("%s, in real time, machine %d", driver.name, i+1), func(t *testing.T) {
				t.Parallel()
				insertCoins(t, 1_000_000+i, driver.dated)
			})
		}
	}
}

// A coin that comes in while a spiral turns is written down, and the spiral stops at home though the card takes seconds: a second
// snack must not follow the first.
func TestAMotorStopsWhileTheCardIsSlow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, stop := startVending(t, 1, false, func() time.Duration { return 3 * time.Second })
		for _, pulses := range []int{8, 4} {
			r.coin(pulses, 50*time.Millisecond, 50*time.Millisecond)
			time.Sleep(10 * time.Second)
		}
		r.pins.ins["select-1"].move(true)
		time.Sleep(100 * time.Millisecond)
		r.pins.ins["select-1"].move(false)
		for on := false; !on; on, _ = r.pins.level("motor-1") {
			time.Sleep(time.Millisecond)
		}
		time.Sleep(300 * time.Millisecond)
		r.pins.ins["home-1"].move(false)
		time.Sleep(time.Second)
		r.coin(1, 50*time.Millisecond, 0) // its entry is not on the disk before the spiral is at home
		time.Sleep(500 * time.Millisecond)
		r.pins.ins["home-1"].move(true)
		home := time.Now()
		time.Sleep(20 * time.Second)
		if on, at := r.pins.level("motor-1"); on || at.Sub(home) != 10*time.Millisecond {
			t.Errorf("the motor is on: %t, changed %v after the spiral was at home; want off after the debounce time of 10ms", on, at.Sub(home))
		}
		stop()
	})
}
