package tui

import (
	"errors"
	"io"
	"os"
	"slices"

	"github.com/charmbracelet/x/term"
)

// errAbandoned is the error of Write once the output is abandoned.
var errAbandoned = errors.New("tui: the terminal takes no output")

// An output is a writer that can be abandoned. A terminal may block its output for ever (ctrl+s, a dead connection), and
// with it the writer.
type output struct {
	to        io.Writer
	abandoned chan struct{} // closed once it is
}

// A terminalOutput is an output to a terminal. It is a term.File, too, from which Bubble Tea gets the properties of the
// terminal.
type terminalOutput struct {
	term.File
	output output
}

// newOutput returns an output to w, or to standard output for nil. Abandon, which is called at most once, makes a blocked
// Write and all later ones fail.
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

// Write implements io.Writer. The write to the terminal has a goroutine of its own, which an abandoned output leaves behind.
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
	own := slices.Clone(b) // the caller may reuse b when Write returns
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
