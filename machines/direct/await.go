package direct

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"signalbox/asl/engine"
	"signalbox/asl/value"
	"signalbox/machines"
)

// maxEdges is how many edges of a line are remembered for Tasks with "since".
const maxEdges = 1000

// An input is an input line with its past and the Tasks that wait for its next edge.
type input struct {
	edges     []edge    // the newest, oldest first
	forgotten time.Time // of the newest edge that is not remembered any more
	waits     []*wait
}

// An edge is a new level of a line.
type edge struct {
	line string
	high bool
	at   time.Time
}

// listen remembers the edges of an input from now on and passes them to the Tasks that wait.
func (d *direct) listen(line string) {
	in := &input{}
	d.inputs[line] = in
	// The line exists and is an input: there is no error.
	_ = d.lines.OnEdge(line, func(high bool, at time.Time) {
		e := edge{line, high, at}
		if len(in.edges) == maxEdges {
			in.forgotten = in.edges[0].at
			in.edges = slices.Delete(in.edges, 0, 1)
		}
		in.edges = append(in.edges, e)
		d.answer(in, e)
	})
}

// A wait is a Task that waits for an edge.
type wait struct {
	reply           engine.Reply
	lines           []string
	rising, falling bool      // the edges that count
	since           time.Time // only edges after it count; zero: all that come
}

// takes reports whether the wait ends with an edge.
func (w *wait) takes(e edge) bool {
	return (e.high && w.rising || !e.high && w.falling) && e.at.After(w.since)
}

// await handles gpio-await-edge. It replies with the first edge of its lines: at once, if one has come since the given time,
// or for a line in already that has the level.
func (d *direct) await(t engine.Task, reply engine.Reply) (cancel func()) {
	w, already, err := readWait(t.Input)
	if err != nil {
		reply.Fail(inputError(t, "%s", err))
		return nil
	}
	w.reply = reply
	for _, line := range w.lines {
		if _, err := d.lines.In(line); err != nil {
			reply.Fail(ErrUnknownLine, err.Error())
			return nil
		}
		if f := d.inputs[line].forgotten; !w.since.IsZero() && f.After(w.since) {
			reply.Fail(ErrEdgesLost, fmt.Sprintf("line %s had more than %d edges since %s, and the first are forgotten",
				line, maxEdges, timeText(w.since)))
			return nil
		}
	}
	if e, found := d.past(w); found {
		w.succeed(e)
		return nil
	}
	for _, line := range already {
		if pin, err := d.lines.In(line); err == nil && bool(pin.Read()) == w.rising {
			w.succeed(edge{line, w.rising, d.clock.Now()})
			return nil
		}
	}
	for _, line := range w.lines {
		d.inputs[line].waits = append(d.inputs[line].waits, w)
	}
	return func() { d.forget(w) }
}

// readWait reads the input of a gpio-await-edge.
func readWait(input any) (w *wait, already []string, err error) {
	var in struct {
		Line    string   `json:"line"`
		Lines   []string `json:"lines"`
		Edge    string   `json:"edge"`
		Already []string `json:"already"`
		Since   *string  `json:"since"`
	}
	if err := machines.Decode(input, &in); err != nil {
		return nil, nil, err
	}
	w = &wait{}
	if w.lines, err = names(in.Line, in.Lines); err != nil {
		return nil, nil, err
	}
	w.rising = in.Edge == "rising" || in.Edge == "both"
	w.falling = in.Edge == "falling" || in.Edge == "both"
	switch {
	case !w.rising && !w.falling:
		return nil, nil, fmt.Errorf("edge is %q; it is rising, falling or both", in.Edge)
	case len(in.Already) > 0 && in.Edge == "both":
		return nil, nil, errors.New(`"already" needs a rising or a falling edge: for both, every level would be one`)
	}
	for _, line := range in.Already {
		if !slices.Contains(w.lines, line) {
			return nil, nil, fmt.Errorf("already names %q, which is not awaited", line)
		}
	}
	if in.Since != nil {
		if w.since, err = time.Parse(time.RFC3339Nano, *in.Since); err != nil {
			return nil, nil, fmt.Errorf(`since is %q; it is a time, such as the "time" of the edge before or $$.State.EnteredTime`, *in.Since)
		}
	}
	return w, in.Already, nil
}

// past returns the first edge that has come already and ends the wait, if there is one.
func (d *direct) past(w *wait) (first edge, found bool) {
	if w.since.IsZero() {
		return edge{}, false
	}
	for _, line := range w.lines {
		edges := d.inputs[line].edges
		i := slices.IndexFunc(edges, w.takes)
		if i >= 0 && (!found || edges[i].at.Before(first.at)) {
			first, found = edges[i], true
		}
	}
	return first, found
}

// answer replies to the Tasks that wait for an edge of a line. A reply may start another wait: that one waits for the next
// edge.
func (d *direct) answer(in *input, e edge) {
	for _, w := range slices.Clone(in.waits) {
		if w.takes(e) && slices.Contains(in.waits, w) {
			d.forget(w)
			w.succeed(e)
		}
	}
}

// succeed replies with an edge.
func (w *wait) succeed(e edge) {
	w.reply.Succeed(value.NewObject("line", e.line, "level", e.high, "time", timeText(e.at)))
}

// timeText returns a time as AWS writes it, with milliseconds, or with nanoseconds if the time has a fraction of one: what is
// given back as "since" must not be before the edge.
func timeText(t time.Time) string {
	if t.Equal(t.Truncate(time.Millisecond)) {
		return t.UTC().Format("2006-01-02T15:04:05.000Z")
	}
	return t.UTC().Format("2006-01-02T15:04:05.000000000Z")
}

// forget removes a wait.
func (d *direct) forget(w *wait) {
	for _, line := range w.lines {
		in := d.inputs[line]
		in.waits = slices.DeleteFunc(in.waits, func(other *wait) bool { return other == w })
	}
}
