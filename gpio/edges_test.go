package gpio_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	periph "periph.io/x/conn/v3/gpio"

	"signalbox/gpio"
	"signalbox/gpio/internal/clocktest"
)

// A queuePin behaves as gpioioctl's lines do: a negative timeout returns at once, 0 waits for ever, edges queue without
// their levels, and a Halt that comes before the wait is lost.
type queuePin struct {
	periph.PinIO // periph.INVALID
	mu           sync.Mutex
	level        periph.Level
	edges        chan struct{}
	halt         chan struct{}
	waits        int
	broken       bool
}

func (p *queuePin) In(periph.Pull, periph.Edge) error { return nil }

func (p *queuePin) Read() periph.Level {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.level
}

func (p *queuePin) Halt() error {
	select {
	case p.halt <- struct{}{}:
	default: // no wait is running
	}
	return nil
}

func (p *queuePin) WaitForEdge(timeout time.Duration) bool {
	p.mu.Lock()
	p.waits++
	broken := p.broken
	p.mu.Unlock()
	if timeout < 0 || broken {
		return false
	}
	var over <-chan time.Time
	if timeout > 0 {
		over = time.After(timeout)
	}
	select {
	case <-p.edges:
		return true
	case <-p.halt:
	case <-over:
	}
	return false
}

// moves takes the line through levels at once, before anybody can read it in between. Queued says how many of the edges
// are kept.
func (p *queuePin) moves(queued int, levels ...periph.Level) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.level = levels[len(levels)-1]
	for range queued {
		p.edges <- struct{}{}
	}
}

type queueDriver struct{ pin *queuePin }

func (d queueDriver) Claim(gpio.Line) (periph.PinIO, error) { return d.pin, nil }
func (d queueDriver) Release(periph.PinIO) error            { return nil }

// An edgeBench is a board with one input whose pin has to be waited for.
type edgeBench struct {
	pin    *queuePin
	clock  *clocktest.Clock
	lines  *gpio.Lines
	levels []string
	faults []string
}

func newEdgeBench(t *testing.T) *edgeBench {
	b := &edgeBench{pin: &queuePin{PinIO: periph.INVALID, edges: make(chan struct{}, 64), halt: make(chan struct{})}, clock: clocktest.New()}
	var err error
	b.lines, err = gpio.Open(parse(t, "name: b\nlines: {coin: {bcm: 1, direction: in}}\n"), queueDriver{b.pin}, b.clock)
	if err != nil {
		t.Fatal(err)
	}
	b.lines.Watch(func(c gpio.Change) {
		level := "low"
		if c.High {
			level = "high"
		}
		b.levels = append(b.levels, level+" "+c.Why)
	})
	b.lines.OnFault(func(line string, err error) { b.faults = append(b.faults, line+": "+err.Error()) })
	return b
}

func (b *edgeBench) expect(t *testing.T, levels, faults []string) {
	t.Helper()
	synctest.Wait()
	b.clock.Advance(0)
	if diff := cmp.Diff(levels, b.levels); diff != "" {
		t.Errorf("levels (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(faults, b.faults); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	b.levels, b.faults = nil, nil
}

const (
	lo = periph.Low
	hi = periph.High

	lost = "coin: edges were lost: the line moved faster than it could be read"
)

func TestEdgesAreWaitedForAndPosted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newEdgeBench(t)
		b.pin.moves(1, hi)
		b.expect(t, []string{"high edge"}, nil)
		time.Sleep(time.Hour) // many waits that time out
		b.pin.moves(1, lo)
		b.expect(t, []string{"low edge"}, nil)
		check(t, b.lines.Close())
	})
}

func TestPulsesThatAreOverBeforeTheyAreReadAreStillCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newEdgeBench(t)
		b.pin.moves(2, hi, lo)
		b.expect(t, []string{"high edge, late", "low edge, late"}, nil)
		b.pin.moves(5, hi, lo, hi, lo, hi)
		b.expect(t, []string{"high edge", "low edge, late", "high edge, late", "low edge, late", "high edge, late"}, nil)
		time.Sleep(time.Hour)
		b.expect(t, nil, nil)
		check(t, b.lines.Close())
	})
}

func TestLostEdgesAreTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newEdgeBench(t)
		b.pin.moves(1, hi, lo) // half of a pulse
		time.Sleep(time.Second)
		b.expect(t, nil, []string{lost})
		b.pin.moves(0, hi) // no edge at all
		time.Sleep(time.Second)
		b.expect(t, []string{"high seen"}, []string{lost})
		b.pin.moves(0, lo)
		time.Sleep(time.Second)
		b.expect(t, []string{"low seen"}, []string{lost})
		b.pin.moves(16, hi, lo) // as many as the kernel's queue holds: there may have been more
		time.Sleep(time.Second)
		synctest.Wait()
		b.clock.Advance(0)
		if len(b.levels) != 16 || len(b.faults) != 1 || b.faults[0] != lost {
			t.Errorf("got levels %v, faults %v; want 16 and one loss", b.levels, b.faults)
		}
		check(t, b.lines.Close())
	})
}

func TestPinThatDoesNotWaitIsGivenUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newEdgeBench(t)
		b.pin.mu.Lock()
		b.pin.broken = true
		b.pin.mu.Unlock()
		time.Sleep(time.Hour)
		b.expect(t, nil, []string{"coin: the driver no longer waits for edges: the line's level is unknown"})
		b.pin.mu.Lock()
		waits := b.pin.waits
		b.pin.mu.Unlock()
		if waits > 40 {
			t.Errorf("a dead pin was waited for %d times in an hour", waits)
		}
		check(t, b.lines.Close())
	})
}

// Close returns only when the goroutine has gone: synctest fails a test that leaves one.
func TestCloseEndsTheGoroutine(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newEdgeBench(t)
		check(t, b.lines.Close()) // perhaps before the first wait has begun: that Halt is lost
		b.pin.moves(1, hi)
		b.expect(t, nil, nil)
	})
}

func TestWaitForEdgeOfAnInput(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := openDoor(t)
		beam, pin := d.in(t, "beam"), d.driver.pins["beam"]
		push := func(l periph.Level) {
			pin.push(l)
			d.clock.Advance(0)
		}
		wait := func(timeout time.Duration) chan bool {
			got := make(chan bool, 1)
			go func() { got <- beam.WaitForEdge(timeout) }()
			synctest.Wait()
			return got
		}
		expect := func(what string, got chan bool, want bool) {
			t.Helper()
			synctest.Wait()
			select {
			case g := <-got:
				if g != want {
					t.Errorf("%s: got %t, want %t", what, g, want)
				}
			default:
				t.Errorf("%s: still waits", what)
			}
		}

		push(hi)
		expect("an edge since the last call", wait(-1), true)
		w := wait(-1)
		d.clock.Advance(time.Hour)
		push(lo)
		expect("an edge while waiting for ever", w, true)
		w = wait(time.Second)
		d.clock.Advance(999 * time.Millisecond)
		push(hi)
		expect("an edge before the timeout", w, true)
		w = wait(time.Second)
		d.clock.Advance(time.Second)
		expect("timeout", w, false)
		push(lo)
		expect("an edge after the timeout", wait(-1), true)

		w = wait(-1)
		check(t, beam.Halt())
		expect("Halt", w, false)
		w = wait(-1)
		check(t, beam.In(periph.PullNoChange, periph.FallingEdge))
		expect("In", w, false)
		w = wait(-1)
		push(hi)
		push(lo)
		expect("the falling edge", w, true)
		push(hi)
		check(t, beam.In(periph.PullNoChange, periph.BothEdges))
		w = wait(time.Second)
		d.clock.Advance(time.Second)
		expect("In forgets edges", w, false)
		w = wait(-1)
		check(t, d.Close())
		expect("Close", w, false)
	})
}
