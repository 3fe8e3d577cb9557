package assembly

import "net/http"

// What follows is for the tests of this package, which stand outside it.

// Listen opens a control socket.
var Listen = listen

// ControlHandler returns the handler of a control socket that stays open.
func ControlHandler(operate operateFunc) http.Handler { return controlHandler(operate, nil) }

// Uptime is the clock of deadlines.
var Uptime = uptime

// Close closes it.
func (c *controlServer) Close() error { return c.close() }

// A Lifecycle is the state machine of a run.
type Lifecycle = lifecycle

// State returns the state.
func (l *lifecycle) State() RunState { return l.state }

// SetState takes the machine to a state, whatever leads there.
func (l *lifecycle) SetState(s RunState) { l.state = s }

// Fire makes the transition of that name and reports whether it is possible.
func (l *lifecycle) Fire(name string) bool {
	for t, n := range transitionNames {
		if n == name {
			return l.fire(transition(t))
		}
	}
	panic("no transition is called " + name)
}

// OnEntered has f called after each transition.
func (l *lifecycle) OnEntered(f func()) { l.entered = f }
