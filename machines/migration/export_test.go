package migration

// SetFault has f called at every step of a transaction of both stores.
func (b *Backend) SetFault(f func(point string) error) { b.source.fault, b.target.fault = f, f }

// NewEntryMachine returns the state machine of entries as a function.
func NewEntryMachine() func(State, Event) (State, error) {
	part := newEntryPart()
	return func(s State, e Event) (State, error) { return after(part, s, e) }
}

// MakePlan is plan.
var MakePlan = plan

// Diagram returns the diagram of an entry's state machine.
func Diagram() string { return newEntryPart().Diagram() }
