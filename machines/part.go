package machines

import (
	"context"
	"errors"
	"fmt"

	"github.com/looplab/fsm"
)

// A Part is the state machine of one kind of a plant's parts: a head, a tube, a sensor. It holds no part's state; the state
// of each part is a field of the plant's [State], of type S. S prints as the state's name.
//
// The machine is a looplab/fsm. [NewPart] loads it with every state, fires every event, reads the new state back, and keeps
// the results in a table, so that a Part is immutable and several goroutines may use it.
type Part[S comparable] struct {
	machine *fsm.FSM // for diagrams
	table   []partRow[S]
}

// A partRow is one result of the machine: event leads from one state to another, or to the same one.
type partRow[S comparable] struct {
	event    string
	from, to S
}

// A Transition says which event leads from some states of a [Part] to one.
type Transition[S comparable] struct {
	Event string
	To    S
	From  []S
}

// On returns a [Transition].
func On[S comparable](event string, to S, from ...S) Transition[S] {
	return Transition[S]{Event: event, To: to, From: from}
}

// NewPart returns the state machine with the given transitions. Initial is the state in which diagrams begin. It panics if
// two states have one name, or two transitions give one event two meanings in one state.
func NewPart[S comparable](initial S, transitions ...Transition[S]) *Part[S] {
	states := map[string]S{}
	name := func(s S) string {
		text := fmt.Sprint(s)
		if other, ok := states[text]; ok && other != s {
			panic("machines: two states are called " + text)
		}
		states[text] = s
		return text
	}
	events := make(fsm.Events, len(transitions))
	for i, t := range transitions {
		events[i] = fsm.EventDesc{Name: t.Event, Dst: name(t.To)}
		for _, from := range t.From {
			events[i].Src = append(events[i].Src, name(from))
		}
	}
	p := &Part[S]{machine: fsm.NewFSM(name(initial), events, nil)}
	for _, t := range transitions {
		for _, from := range t.From {
			to := states[ask(p.machine, name(from), t.Event)]
			if _, twice := p.After(from, t.Event); twice || to != t.To {
				panic(fmt.Sprintf("machines: event %s has two transitions from state %v", t.Event, from))
			}
			p.table = append(p.table, partRow[S]{event: t.Event, from: from, to: to})
		}
	}
	p.machine.SetState(name(initial))
	return p
}

// ask loads a machine with a state, fires an event that the state has, and reads the new state back.
func ask(m *fsm.FSM, state, event string) string {
	m.SetState(state)
	err := m.Event(context.Background(), event)
	if same := (fsm.NoTransitionError{}); err != nil && !errors.As(err, &same) {
		panic(fmt.Sprintf("machines: event %s in state %s: %v", event, state, err))
	}
	return m.Current()
}

// After returns the state that follows when event happens in state. It returns false, and state itself, if state has no
// such event.
func (p *Part[S]) After(state S, event string) (next S, ok bool) {
	for i := range p.table {
		if row := &p.table[i]; row.from == state && row.event == event {
			return row.to, true
		}
	}
	return state, false
}

// Can reports whether state has event.
func (p *Part[S]) Can(state S, event string) bool {
	_, ok := p.After(state, event)
	return ok
}

// Fire replaces the state by the one that follows event. It reports false, and changes nothing, if the state has no such
// event.
func (p *Part[S]) Fire(state *S, event string) bool {
	next, ok := p.After(*state, event)
	*state = next
	return ok
}

// Diagram returns the state machine as a Mermaid state diagram.
func (p *Part[S]) Diagram() string {
	text, err := fsm.VisualizeForMermaidWithGraphType(p.machine, fsm.StateDiagram)
	if err != nil {
		panic(err) // there is such a type
	}
	return text
}
