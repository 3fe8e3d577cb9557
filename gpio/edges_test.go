package gpio_test

import (
	"fmt"
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

// A stampedClock's stamps follow the bubble's time: they go on while its goroutine, the test's, is busy.
type stampedClock struct {
	*clocktest.Clock
	began time.Time
}

func (c stampedClock) Stamp() time.Time { return clocktest.Start.Add(time.Since(c.began)) }

// An edgeBench is a board with one input whose pin has to be waited for.
type edgeBench struct {
	pin    *queuePin
	clock  stampedClock
	lines  *gpio.Lines
	dated  bool // levels have times
	levels []string
	faults []string
}

func newEdgeBench(t *testing.T) *edgeBench {
	pin := newQueuePin()
	return openEdgeBench(t, pin, queueDriver{pin}, "")
}

func newQueuePin() *queuePin {
	return &queuePin{PinIO: periph.INVALID, edges: make(chan struct{}, 64), halt: make(chan struct{})}
}

func openEdgeBench(t *testing.T, pin *queuePin, driver gpio.Driver, debounce string) *edgeBench {
	t.Helper()
	b := &edgeBench{pin: pin, clock: stampedClock{clocktest.New(), time.Now()}}
	var err error
	b.lines, err = gpio.Open(parse(t, "name: b\nlines: {coin: {bcm: 1, direction: in"+debounce+"}}\n"), driver, b.clock)
	if err != nil {
		t.Fatal(err)
	}
	b.lines.Watch(func(c gpio.Change) {
		level := "low"
		if c.High {
			level = "high"
		}
		if b.dated {
			level = fmt.Sprintf("%s %s", c.At.Sub(clocktest.Start), level)
		}
		b.levels = append(b.levels, level+" "+c.Why)
	})
	b.lines.OnFault(func(line string, err error) { b.faults = append(b.faults, line+": "+err.Error()) })
	return b
}

// handle has the clock handle what has come meanwhile.
func (b *edgeBench) handle() {
	synctest.Wait()
	b.clock.Stall(b.clock.Stamp().Sub(b.clock.Now()))
	b.clock.Advance(0)
}

func (b *edgeBench) expect(t *testing.T, levels, faults []string) {
	t.Helper()
	b.handle()
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
		time.Sleep(70 * time.Millisecond)
		b.pin.moves(2, hi, lo)
		b.expect(t, []string{"high edge, late: within 70ms", "low edge, late: within 70ms"}, nil)
		time.Sleep(30 * time.Millisecond)
		b.pin.moves(5, hi, lo, hi, lo, hi)
		b.expect(t, []string{
			"high edge", "low edge, late: within 30ms", "high edge, late: within 30ms",
			"low edge, late: within 30ms", "high edge, late: within 30ms",
		}, nil)
		time.Sleep(time.Hour)
		b.expect(t, nil, nil)
		check(t, b.lines.Close())
	})
}

// A datedPin is a queuePin whose driver knows of each edge what it was and when.
type datedPin struct {
	*queuePin
	known []datedEdge // that are queued; guarded by mu
	last  datedEdge   // for which WaitForEdge has returned
}

type datedEdge struct {
	level periph.Level
	at    time.Time
}

func (p *datedPin) WaitForEdge(timeout time.Duration) bool {
	if !p.queuePin.WaitForEdge(timeout) {
		return false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last, p.known = p.known[0], p.known[1:]
	return true
}

func (p *datedPin) LastEdge() (periph.Level, time.Time) { return p.last.level, p.last.at }

// happened moves the line as it did at times before now.
func (p *datedPin) happened(edges ...datedEdge) {
	p.mu.Lock()
	p.known = append(p.known, edges...)
	p.mu.Unlock()
	p.moves(len(edges), edges[len(edges)-1].level)
}

type datedDriver struct{ pin *datedPin }

func (d datedDriver) Claim(gpio.Line) (periph.PinIO, error) { return d.pin, nil }
func (d datedDriver) Release(periph.PinIO) error            { return nil }

// A clock that is busy handles the edges late, and they keep the times at which they were seen: the pulses are pulses, and
// not bounce.
func TestEdgesKeepTheirTimesWhileTheClockIsBusy(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pin := newQueuePin()
		b := openEdgeBench(t, pin, queueDriver{pin}, ", debounce: 5ms")
		b.dated = true
		for _, l := range []periph.Level{hi, lo, hi} {
			b.pin.moves(1, l)
			time.Sleep(20 * time.Millisecond)
		}
		for _, l := range []periph.Level{lo, hi} { // a glitch
			b.pin.moves(1, l)
			time.Sleep(4 * time.Millisecond)
		}
		time.Sleep(2*time.Second - 68*time.Millisecond)
		b.expect(t, []string{"5ms high edge", "25ms low edge", "45ms high edge"}, nil)
		if now := b.clock.Now(); !now.Equal(clocktest.Start.Add(2 * time.Second)) {
			t.Errorf("the clock went to %s", now.Sub(clocktest.Start))
		}
		check(t, b.lines.Close())
	})
}

// Where the driver dates the edges, a goroutine that is late changes nothing: not the times, not the width of a pulse that is
// over.
func TestDriverThatDatesEdgesIsBelieved(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pin := &datedPin{queuePin: newQueuePin()}
		b := openEdgeBench(t, pin.queuePin, datedDriver{pin}, ", debounce: 5ms")
		b.dated = true
		began := time.Now()
		at := func(ms int, l periph.Level) datedEdge {
			return datedEdge{l, began.Add(time.Duration(ms) * time.Millisecond)}
		}
		time.Sleep(time.Second)
		pin.happened(at(100, hi), at(120, lo), at(140, hi), at(142, lo), at(200, hi), at(250, lo))
		b.expect(t, []string{"105ms high edge", "125ms low edge", "205ms high edge", "255ms low edge"}, nil)
		pin.happened(at(900, hi), at(950, hi)) // the kernel's buffer was full
		b.expect(t, []string{"905ms high edge"}, []string{lost})
		pin.happened(at(3000, lo)) // nothing has happened that is still to come
		time.Sleep(time.Second)
		b.expect(t, []string{"1.005s low edge"}, nil)
		check(t, b.lines.Close())
	})
}

// Edges of two lines are handled in the order of their times, though the goroutine of one is late.
func TestEdgesOfTwoLinesKeepTheirOrder(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pins := map[string]*datedPin{"a": {queuePin: newQueuePin()}, "b": {queuePin: newQueuePin()}}
		clock := stampedClock{clocktest.New(), time.Now()}
		lines, err := gpio.Open(parse(t, "name: b\nlines: {a: {bcm: 1, direction: in}, b: {bcm: 2, direction: in}}\n"),
			twoPins(pins), clock)
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		lines.Watch(func(c gpio.Change) {
			got = append(got, fmt.Sprintf("%s %s %t", c.At.Sub(clocktest.Start), c.Line, c.High))
		})
		began := time.Now()
		time.Sleep(20 * time.Millisecond)
		pins["b"].happened(datedEdge{hi, began.Add(20 * time.Millisecond)})
		synctest.Wait()
		time.Sleep(10 * time.Millisecond)
		pins["a"].happened(datedEdge{hi, began.Add(10 * time.Millisecond)}, datedEdge{lo, began.Add(25 * time.Millisecond)})
		synctest.Wait()
		clock.Stall(time.Second)
		clock.Advance(0)
		if diff := cmp.Diff([]string{"10ms a true", "20ms b true", "25ms a false"}, got); diff != "" {
			t.Errorf("changes (-want +got):\n%s", diff)
		}
		check(t, lines.Close())
	})
}

// twoPins is a driver of pins by name.
type twoPins map[string]*datedPin

func (p twoPins) Claim(l gpio.Line) (periph.PinIO, error) { return p[l.Name], nil }
func (twoPins) Release(periph.PinIO) error                { return nil }

// An edge that is seen late, after a deadline that it should have come before, counts as simultaneous with it.
func TestTimesOfALineDoNotGoBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		pin := &datedPin{queuePin: newQueuePin()}
		b := openEdgeBench(t, pin.queuePin, datedDriver{pin}, ", debounce: 5ms")
		b.dated = true
		began := time.Now()
		pin.happened(datedEdge{hi, began})
		synctest.Wait()
		b.clock.Advance(10 * time.Millisecond) // the level counts from 5ms on
		time.Sleep(10 * time.Millisecond)
		pin.happened(datedEdge{lo, began.Add(3 * time.Millisecond)})
		time.Sleep(10 * time.Millisecond)
		b.expect(t, []string{"5ms high edge", "10ms low edge"}, nil)
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
		b.handle()
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
