package assembly

// A RunState says how far a run has come. The run begins in StateStarting; the states after StateClearing are final.
type RunState uint8

// The states of a run. See [transitions] for what leads from one to another.
const (
	StateStarting RunState = iota // lines, plant and execution are being opened
	StateRunning                  // the execution runs
	StateDark                     // a scenario has cut the power: no execution, all outputs safe; the world goes on
	StateFlashing                 // the execution has ended, and the monitor flashes the lamps or is about to
	StateStopping                 // the run was stopped: the execution is being aborted
	StateClearing                 // as StateStopping, because an operator has cleared the monitor's fault

	StateFinished // the execution ended by itself
	StateStopped  // the run was stopped: by a signal, --for, the end of a scenario, a line that failed
	StateCleared  // an operator cleared the monitor's fault, which ends the run
	StateStalled  // the execution waits, and nothing more can happen
	StateBroken   // the power came back, and the machine could not start
)

var runStateNames = [...]string{
	"starting", "running", "dark", "flashing", "stopping", "clearing", "finished", "stopped", "cleared", "stalled", "broken",
}

func (s RunState) String() string { return runStateNames[s] }

// Final reports whether the run is over.
func (s RunState) Final() bool { return s > StateClearing }

// Stopped reports whether the run ends, or has ended, for another reason than the end of its execution.
func (s RunState) Stopped() bool {
	switch s {
	case StateStopping, StateClearing, StateStopped, StateCleared, StateStalled:
		return true
	}
	return false
}

// A transition is the name of something that takes a run from one state to another.
type transition uint8

const (
	begun          transition = iota // lines and plant are open, and the execution starts with the clock
	beginFailed                      // they could not be opened after a power cut
	executionEnded                   // and nothing else keeps the run going
	lampsTaken                       // the execution has ended, the plant is out of work, and the monitor has the lamps or takes them
	powerCut                         // by a scenario
	stopRequested                    // by the run itself: --for, the end of the scenario, a line that failed
	interrupted                      // by the caller of Run: a signal, the end of the screen, a reader that has gone
	faultCleared                     // by an operator
	ranDry                           // the clock has nothing left to do
)

var transitionNames = [...]string{
	"begun", "beginFailed", "executionEnded", "lampsTaken", "powerCut", "stopRequested", "interrupted", "faultCleared", "ranDry",
}

func (t transition) String() string { return transitionNames[t] }

// transitions are all that there are; what is not listed is refused and changes nothing. In StateDark the end of the
// execution is refused, as the power cut has aborted it.
//
//	            begun    beginFailed  executionEnded  lampsTaken  powerCut  stopRequested  interrupted  faultCleared  ranDry
//	starting    running  -            -               -           -         stopped        stopped      -             -
//	running     -        -            finished        flashing    dark      stopping       stopping     clearing      stalled
//	dark        running  broken       -               -           -         stopped        stopped      -             stopped
//	flashing    -        -            -               -           dark      stopped        finished     cleared       -
//	stopping    -        -            stopped         stopped     -         -              -            -             -
//	clearing    -        -            cleared         cleared     -         -              -            -             -
//
// A run that is interrupted while the lamps flash counts as finished: its result is that of the execution, or the fault.
var transitions = map[RunState]map[transition]RunState{
	StateStarting: {begun: StateRunning, stopRequested: StateStopped, interrupted: StateStopped},
	StateRunning: {
		executionEnded: StateFinished, lampsTaken: StateFlashing, powerCut: StateDark, stopRequested: StateStopping,
		interrupted: StateStopping, faultCleared: StateClearing, ranDry: StateStalled,
	},
	StateDark: {
		begun: StateRunning, beginFailed: StateBroken, stopRequested: StateStopped, interrupted: StateStopped, ranDry: StateStopped,
	},
	StateFlashing: {powerCut: StateDark, stopRequested: StateStopped, interrupted: StateFinished, faultCleared: StateCleared},
	StateStopping: {executionEnded: StateStopped, lampsTaken: StateStopped},
	StateClearing: {executionEnded: StateCleared, lampsTaken: StateCleared},
}

// A lifecycle is the state machine of a run. It belongs to the clock's goroutine.
type lifecycle struct {
	state RunState
	// entered is called after each transition. Nil: nothing is.
	entered func()
}

// fire makes a transition and reports whether it is possible in the present state. One that is not changes nothing.
func (l *lifecycle) fire(t transition) bool {
	next, ok := transitions[l.state][t]
	if !ok {
		return false
	}
	l.state = next
	if l.entered != nil {
		l.entered()
	}
	return true
}
