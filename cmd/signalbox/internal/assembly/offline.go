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

// Entries ranges over the entries of a ledger, oldest first. An error ends it and is stored in failed.
func Entries(l machines.Ledger, failed *error) iter.Seq[machines.Entry] {
	return func(yield func(machines.Entry) bool) {
		for e, err := range l.All() {
			if *failed = err; err != nil || !yield(e) {
				return
			}
		}
	}
}

// OperateOffline carries out an operation where no process runs the machine: on a plant without lines, which starts from its
// ledger as at power-up. At is the time of the power-up; the plant's deadlines pass at once. It returns the output and appends
// what the plant records, the outcome of the power-up included, to the ledger. The error is an *asl.Error if the plant refuses
// the operation; then nothing is appended. A repeated request gets the first answer.
func OperateOffline(m *machines.Machine, l machines.Ledger, request Request, at time.Time) (any, error) {
	plant, ok := m.Plant.(machines.Recoverer)
	if !ok {
		return nil, fmt.Errorf("the machine %s keeps no ledger", m.Name)
	}
	l = withCheckpoints(l, m)
	if output, found, failed := repeated(l, request); failed != nil {
		return nil, failed
	} else if found {
		return output, nil
	}
	var failed error
	state, r, err := plant.Recover(Entries(l, &failed), at)
	if err = errors.Join(failed, err); err != nil {
		return nil, fmt.Errorf("the ledger: %w", err)
	}
	const ticket = 1
	records := r.Records
	apply := func(in machines.Input) {
		state, r = plant.Apply(state, in, at)
		machines.Sign(in, r)
		records = append(records, r.Records...)
	}
	for len(r.Deadlines) > 0 {
		first := slices.MinFunc(r.Deadlines, func(a, b machines.Deadline) int { return a.At.Compare(b.At) })
		at = first.At
		apply(machines.Due{Name: first.Name})
	}
	apply(machines.Command{Ticket: ticket, Name: request.Operation, Input: request.Input, State: "operator", Key: request.Key})
	for _, a := range r.Answers {
		switch {
		case a.Ticket != ticket:
		case a.Error != "":
			return nil, &asl.Error{Name: a.Error, Cause: a.Cause}
		default:
			for i := range records {
				records[i].Time = at
			}
			return a.Output, l.Append(records)
		}
	}
	return nil, fmt.Errorf("the plant does not answer %s", request.Operation)
}
