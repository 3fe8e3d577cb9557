package gpio

import (
	"errors"
	"sync/atomic"
	"time"

	periph "periph.io/x/conn/v3/gpio"
)

const (
	// edgeWait is how long one wait for an edge lasts. It is finite because drivers do not agree on what a negative
	// timeout means: conn says for ever, gpioioctl of host v3.8.5 returns at once, and waits for ever when told 0.
	edgeWait = 200 * time.Millisecond
	// haltEvery is the pause between two Halts: one that comes before the wait it should end is lost.
	haltEvery = 5 * time.Millisecond
	// edgeQueue is how many edges gpioioctl holds for a line; more are dropped without a sign.
	edgeQueue = 16
	// refusals is how many waits in a row may end before their time until the pin counts as dead.
	refusals = 20
)

var (
	errEdgesLost = errors.New("edges were lost: the line moved faster than it could be read")
	errNoEdges   = errors.New("the driver does not wait for edges any more: the line's level is no longer known")
)

// waitForEdges starts the goroutine that waits for a line's edges and tells of them. Level is the physical one of which
// everybody knows. Quit ends the goroutine and waits for it.
func waitForEdges(
	pin periph.PinIO, level periph.Level, edge func(periph.Level, string), trouble func(error),
) (quit func()) {
	e := &edgeWaiter{pin: pin, level: level, edge: edge, trouble: trouble, done: make(chan struct{})}
	go e.run()
	return e.quit
}

// An edgeWaiter makes levels of a line's edges. The driver says only that there was an edge, perhaps a while ago, and
// the line can only be read as it is now. So an edge that finds the line at the level that is known already is half of
// a pulse that is over; with its other half the pulse is told, late.
type edgeWaiter struct {
	pin     periph.PinIO
	edge    func(periph.Level, string)
	trouble func(error)

	level periph.Level // told last
	half  bool         // one edge of a pulse that is over has come, the other has not
	late  int          // edges in a row that came late

	quitting atomic.Bool
	done     chan struct{}
}

func (e *edgeWaiter) run() {
	defer close(e.done)
	early := 0
	for !e.quitting.Load() {
		began := time.Now()
		switch {
		case e.pin.WaitForEdge(edgeWait):
			early = 0
			e.moved()
		case e.quitting.Load():
		case time.Since(began) >= edgeWait/2:
			early = 0
			e.quiet()
		default:
			if early++; early == refusals {
				e.trouble(errNoEdges)
				return
			}
			time.Sleep(haltEvery)
		}
	}
}

// moved reads the line after an edge.
func (e *edgeWaiter) moved() {
	level := e.pin.Read()
	if level != e.level {
		e.late = 0
		e.tell(level, "edge")
		return
	}
	if e.late++; e.late == edgeQueue {
		e.lost()
	}
	if e.half = !e.half; !e.half {
		e.tell(!level, "edge, late")
		e.tell(level, "edge, late")
	}
}

// quiet reads the line after a time without an edge: it should be as it was.
func (e *edgeWaiter) quiet() {
	level := e.pin.Read()
	switch {
	case level != e.level && e.pin.WaitForEdge(haltEvery):
		e.moved() // it came between the wait and the reading
		return
	case level != e.level:
		e.tell(level, "seen")
		e.lost()
	case e.half:
		e.lost()
	}
	e.half, e.late = false, 0
}

func (e *edgeWaiter) tell(level periph.Level, why string) {
	e.level = level
	e.edge(level, why)
}

func (e *edgeWaiter) lost() { e.trouble(errEdgesLost) }

func (e *edgeWaiter) quit() {
	e.quitting.Store(true)
	for {
		_ = e.pin.Halt() // ends a wait; one that cannot be halted ends by itself
		select {
		case <-e.done:
			return
		case <-time.After(haltEvery):
		}
	}
}
