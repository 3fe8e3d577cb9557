package main

import (
	"time"

	"signalbox/asl"
	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/tui"
)

// A stateVisit is what the events say of one state of the definition.
type stateVisit struct {
	order int // of its newest entry among those of all states; 0: never entered
	since time.Time
	by    tui.Transition
	in    int // how many branches and iterations are in it
}

// stateVisits follows the states of an execution by its events. It knows in which order states were entered, which positions of
// an execution do not say, and where an execution ended.
type stateVisits struct {
	byName   map[string]*stateVisit
	nested   map[string][]string // by container, the states in it, at any depth
	entered  int
	lastLeft string // the state that was exited last
	failed   string // the state whose Task failed last; "" once another state is entered
}

// newStateVisits returns visits of the states of a machine, none of which was entered.
func newStateVisits(m *asl.Machine) *stateVisits {
	v := &stateVisits{byName: map[string]*stateVisit{}, nested: map[string][]string{}}
	for s := range m.All() {
		v.byName[s.Name] = &stateVisit{}
	}
	var walk func(block *asl.Block, containers []string)
	walk = func(block *asl.Block, containers []string) {
		for _, s := range block.States {
			for _, c := range containers {
				v.nested[c] = append(v.nested[c], s.Name)
			}
			for _, inner := range s.Branches {
				walk(inner, append(containers[:len(containers):len(containers)], s.Name))
			}
		}
	}
	walk(&m.Block, nil)
	return v
}

// record takes note of an event of the execution itself, not of a child.
func (v *stateVisits) record(e *assembly.LogEvent, by tui.Transition) {
	visit := v.byName[e.State()]
	switch e.Type() {
	case "ExecutionStarted":
		for _, one := range v.byName {
			*one = stateVisit{}
		}
		v.lastLeft, v.failed = "", ""
	case "StateEntered":
		v.entered++
		visit.order, visit.since, visit.by = v.entered, e.Time, by
		visit.in++
		v.failed = ""
	case "StateExited":
		visit.in = max(visit.in-1, 0)
		v.leaveNested(e.State())
		v.lastLeft = e.State()
	case "StateStarted": // of a Parallel or Map, perhaps again after a retry
		v.leaveNested(e.State())
	case "TaskFailed", "TaskTimedOut":
		v.failed = e.State()
	}
}

// leaveNested records that nothing is in the states of a container any more.
func (v *stateVisits) leaveNested(container string) {
	for _, name := range v.nested[container] {
		v.byName[name].in = 0
	}
}

// newest returns the state of names that was entered last, "" of none.
func (v *stateVisits) newest(names []string) (newest string) {
	for _, name := range names {
		if newest == "" || v.byName[name].order > v.byName[newest].order {
			newest = name
		}
	}
	return newest
}

// end returns the state in which an execution has ended: the one whose Task failed, else the newest of those it is still in, else
// the one left last.
func (v *stateVisits) end() string {
	if v.failed != "" {
		return v.failed
	}
	var in []string
	for name, visit := range v.byName {
		if visit.in > 0 {
			in = append(in, name)
		}
	}
	if newest := v.newest(in); newest != "" {
		return newest
	}
	return v.lastLeft
}
