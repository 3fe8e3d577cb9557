package migration

// SetFault has f asked at every step towards and beyond a commit, of both stores.
func (s *Site) SetFault(f func(point string) error) { s.source.fault, s.target.fault = f, f }

// NewLife returns what judges the events of entries.
func NewLife() func(State, Event) (State, error) {
	part := newEntryPart()
	return func(s State, e Event) (State, error) { return after(part, s, e) }
}

// Plan is what a machine makes of its settings.
var MakePlan = plan

// Diagram returns the diagram of an entry's state machine.
func Diagram() string { return newEntryPart().Diagram() }
