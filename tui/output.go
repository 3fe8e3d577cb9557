package tui

import (
	"errors"
	"io"
	"os"
	"slices"

	"github.com/charmbracelet/x/term"
)

// errAbandoned is what Write says when nobody waits for the terminal any more.
var errAbandoned = errors.New("tui: the terminal takes no output")

// An output is a writer that can be abandoned: a terminal may take nothing for ever (ctrl+s, a connection that has
// died without a word), and whoever writes to it would wait as long.
type output struct {
	to        io.Writer
	abandoned chan struct{}
}

// A terminalOutput is an output that can still be asked what terminal it is.
type terminalOutput struct {
	term.File
	output output
}

// newOutput returns a writer to w, standard output if it is nil, and what abandons it: a Write under way and all later
// ones fail then.
func newOutput(w io.Writer) (out io.Writer, abandon func()) {
	if w == nil {
		w = os.Stdout
	}
	o := output{w, make(chan struct{})}
	abandon = func() { close(o.abandoned) }
	if file, ok := w.(term.File); ok {
		return terminalOutput{file, o}, abandon
	}
	return o, abandon
}

// Write implements io.Writer.
func (o output) Write(b []byte) (int, error) {
	select {
	case <-o.abandoned:
		return 0, errAbandoned
	default:
	}
	type result struct {
		n   int
		err error
	}
	written := make(chan result, 1)
	own := slices.Clone(b) // b is the caller's again when Write returns
	go func() {
		n, err := o.to.Write(own)
		written <- result{n, err}
	}()
	select {
	case r := <-written:
		return r.n, r.err
	case <-o.abandoned:
		return 0, errAbandoned
	}
}

// Write implements io.Writer.
func (o terminalOutput) Write(b []byte) (int, error) { return o.output.Write(b) }
