package assembly

import (
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"signalbox/asl"
	"signalbox/machines"
)

// Entries ranges over the entries of a ledger; what goes wrong is put into failed, and ends them.
func Entries(l machines.Ledger, failed *error) iter.Seq[machines.Entry] {
	return func(yield func(machines.Entry) bool) {
		for e, err := range l.All() {
			if *failed = err; err != nil || !yield(e) {
				return
			}
		}
	}
}

// OperateOffline has a plant that is connected to nothing do an operation: it begins with its ledger, lets its power-up pass,
// and what it records is written. No line is moved, for there is none.
func OperateOffline(m *machines.Machine, l machines.Ledger, operation string, input any, at time.Time) (any, error) {
	plant, ok := m.Plant.(machines.Recoverer)
	if !ok {
		return nil, fmt.Errorf("the machine %s keeps no ledger", m.Name)
	}
	var failed error
	state, r, err := plant.Recover(Entries(l, &failed), at)
	if err = errors.Join(failed, err); err != nil {
		return nil, fmt.Errorf("the ledger: %w", err)
	}
	const ticket = 1
	records := r.Records
	follow := func(h machines.Input) {
		state, r = plant.Apply(state, h, at)
		records = append(records, r.Records...)
	}
	for len(r.Deadlines) > 0 {
		first := slices.MinFunc(r.Deadlines, func(a, b machines.Deadline) int { return a.At.Compare(b.At) })
		at = first.At
		follow(machines.Due{Name: first.Name})
	}
	follow(machines.Command{Ticket: ticket, Name: operation, Input: input, State: "operator"})
	for _, a := range r.Answers {
		switch {
		case a.Ticket != ticket:
		case a.Error != "":
			return nil, &asl.Error{Name: a.Error, Cause: a.Cause} // and nothing is written
		default:
			for i := range records {
				records[i].Time = at
			}
			return a.Output, l.Append(records)
		}
	}
	return nil, fmt.Errorf("%s has not been answered", operation)
}
