package gpio

import (
	"errors"
	"fmt"
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
	// queued is the time within which WaitForEdge returns for an edge that is queued already. A longer wait has found the
	// queue empty.
	queued = time.Millisecond
	// maxEarlyReturns is how many waits in a row may return early without an edge before the pin counts as dead.
	maxEarlyReturns = 20
)

var (
	errEdgesLost = errors.New("edges were lost: the line moved faster than it could be read")
	errNoEdges   = errors.New("the driver no longer waits for edges: the line's level is unknown")
)

// waitForEdges starts a goroutine that waits for the edges of a pin. It calls edge with each new physical level, the reason
// for it and its time on the clock, and fail when edges were lost. Level is the level that the caller knows already. Quit
// stops the goroutine and waits for its end.
func waitForEdges(
	pin periph.PinIO, level periph.Level, clock Clock, edge func(periph.Level, string, time.Time), fail func(error),
) (quit func()) {
	e := &edgeWaiter{pin: pin, level: level, stamp: clock.Stamp, onLevel: edge, fail: fail, done: make(chan struct{})}
	e.times, _ = pin.(EdgeTimes)
	e.quiet = e.stamp()
	go e.run()
	return e.quit
}

// An edgeWaiter derives the levels of a line from its edges and dates them. If the driver has levels and times, those are
// reported. Else the driver reports only that there was an edge, perhaps a while ago: the edge has the time at which
// WaitForEdge returned, and a read returns the present level. If that is the level reported last, the edge was one of the
// two of a pulse that is over; with the other edge the pulse is reported, late. Its true width is not known. It is not more
// than the time since the line was last known to be quiet, which the reason says.
type edgeWaiter struct {
	pin     periph.PinIO
	times   EdgeTimes // nil: the driver has none
	stamp   func() time.Time
	onLevel func(periph.Level, string, time.Time)
	fail    func(error)

	level    periph.Level // reported last
	quiet    time.Time    // the line had this level then, and no edge was queued
	unpaired bool         // one edge of a pulse that is over has come, the other has not
	first    time.Time    // of that edge
	late     int          // edges in a row that came late

	quitting atomic.Bool
	done     chan struct{}
}

// run waits for edges until quit is called or the driver fails.
func (e *edgeWaiter) run() {
	defer close(e.done)
	early := 0
	for !e.quitting.Load() {
		began, from := time.Now(), e.stamp()
		edge := e.pin.WaitForEdge(edgeWait)
		took := time.Since(began)
		if took >= queued {
			e.quiet = from
		}
		switch {
		case edge:
			early = 0
			e.afterEdge(e.stamp())
		case e.quitting.Load():
		case took >= edgeWait/2:
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

// afterEdge reports the edge for which WaitForEdge returned at a time. Without the driver's word it reads the line and
// reports the level or, after the second of two late edges, the pulse.
func (e *edgeWaiter) afterEdge(at time.Time) {
	if e.times != nil {
		level, happened := e.times.LastEdge()
		if level == e.level {
			e.lost() // the edge in between
		}
		e.report(level, "edge", at.Add(-max(time.Since(happened), 0)))
		return
	}
	level := e.pin.Read()
	if level != e.level {
		e.late = 0
		e.report(level, "edge", at)
		return
	}
	if e.late++; e.late == edgeQueueSize {
		e.lost()
	}
	if e.unpaired = !e.unpaired; e.unpaired {
		e.first = at
		return
	}
	why := fmt.Sprintf("edge, late: within %s", at.Sub(e.quiet).Round(time.Millisecond))
	e.report(!level, why, e.first)
	e.report(level, why, at)
}

// afterSilence reads the line after a wait without an edge. The level must be the one reported last; if it is not, or if
// the second edge of a pulse is missing, edges were lost.
func (e *edgeWaiter) afterSilence() {
	level := e.pin.Read()
	switch {
	case level != e.level && e.pin.WaitForEdge(haltInterval):
		e.afterEdge(e.stamp()) // it came between the wait and the read
		return
	case level != e.level:
		e.report(level, "seen", e.stamp())
		e.lost()
	case e.unpaired:
		e.lost()
	}
	e.unpaired, e.late = false, 0
}

// report records and reports a level.
func (e *edgeWaiter) report(level periph.Level, why string, at time.Time) {
	e.level = level
	e.onLevel(level, why, at)
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
