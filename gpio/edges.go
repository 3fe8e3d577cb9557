package gpio

import (
	"errors"
	"sync/atomic"
	"time"

	periph "periph.io/x/conn/v3/gpio"
)

const (
	// edgeWait is the timeout of one WaitForEdge. It is finite because drivers disagree about negative timeouts: conn
	// documents no timeout; gpioioctl of host v3.8.5 returns at once, and has no timeout for 0.
	edgeWait = 200 * time.Millisecond
	// haltInterval is the pause between two calls of Halt: Halt does nothing if the wait has not begun.
	haltInterval = 5 * time.Millisecond
	// edgeQueueSize is how many edges gpioioctl queues for a line. It drops further ones without an error.
	edgeQueueSize = 16
	// maxEarlyReturns is how many waits in a row may return early without an edge before the pin counts as dead.
	maxEarlyReturns = 20
)

var (
	errEdgesLost = errors.New("edges were lost: the line moved faster than it could be read")
	errNoEdges   = errors.New("the driver no longer waits for edges: the line's level is unknown")
)

// waitForEdges starts a goroutine that waits for the edges of a pin and calls edge with each new physical level and the
// reason for it, and fail when edges were lost. Level is the one that the caller knows already. Quit stops the goroutine
// and waits for its end.
func waitForEdges(
	pin periph.PinIO, level periph.Level, edge func(periph.Level, string), fail func(error),
) (quit func()) {
	e := &edgeWaiter{pin: pin, level: level, edge: edge, fail: fail, done: make(chan struct{})}
	go e.run()
	return e.quit
}

// An edgeWaiter derives the levels of a line from its edges. The driver reports only that there was an edge, perhaps a
// while ago, and a read returns the present level. If that is the level reported last, the edge was one of the two of a
// pulse that is over; with the other edge the pulse is reported, late.
type edgeWaiter struct {
	pin  periph.PinIO
	edge func(periph.Level, string)
	fail func(error)

	level    periph.Level // reported last
	unpaired bool         // one edge of a pulse that is over has come, the other has not
	late     int          // edges in a row that came late

	quitting atomic.Bool
	done     chan struct{}
}

// run waits for edges until quit is called or the driver fails.
func (e *edgeWaiter) run() {
	defer close(e.done)
	early := 0
	for !e.quitting.Load() {
		began := time.Now()
		switch {
		case e.pin.WaitForEdge(edgeWait):
			early = 0
			e.afterEdge()
		case e.quitting.Load():
		case time.Since(began) >= edgeWait/2:
			early = 0
			e.afterSilence()
		default:
			if early++; early == maxEarlyReturns {
				e.fail(errNoEdges)
				return
			}
			time.Sleep(haltInterval)
		}
	}
}

// afterEdge reads the line after an edge and reports the level or, after the second of two late edges, the pulse.
func (e *edgeWaiter) afterEdge() {
	level := e.pin.Read()
	if level != e.level {
		e.late = 0
		e.report(level, "edge")
		return
	}
	if e.late++; e.late == edgeQueueSize {
		e.lost()
	}
	if e.unpaired = !e.unpaired; !e.unpaired {
		e.report(!level, "edge, late")
		e.report(level, "edge, late")
	}
}

// afterSilence reads the line after a wait without an edge. The level must be the one reported last; if it is not, or if
// the second edge of a pulse is missing, edges were lost.
func (e *edgeWaiter) afterSilence() {
	level := e.pin.Read()
	switch {
	case level != e.level && e.pin.WaitForEdge(haltInterval):
		e.afterEdge() // it came between the wait and the read
		return
	case level != e.level:
		e.report(level, "seen")
		e.lost()
	case e.unpaired:
		e.lost()
	}
	e.unpaired, e.late = false, 0
}

// report records and reports a level.
func (e *edgeWaiter) report(level periph.Level, why string) {
	e.level = level
	e.edge(level, why)
}

func (e *edgeWaiter) lost() { e.fail(errEdgesLost) }

// quit stops run and waits for its end.
func (e *edgeWaiter) quit() {
	e.quitting.Store(true)
	for {
		_ = e.pin.Halt() // ends the wait; if it fails the wait ends after edgeWait
		select {
		case <-e.done:
			return
		case <-time.After(haltInterval):
		}
	}
}
