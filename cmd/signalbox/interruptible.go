package main

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"
)

const (
	// stallTime is how long a Write may take once the program is to end. It is longer than a run waits for its reader, so that
	// the run itself says how much was not written.
	stallTime = 600 * time.Millisecond
	// leastTime is how long a Write may take in any case.
	leastTime = 50 * time.Millisecond
)

// errStalled is the error of a Write that nothing reads.
var errStalled = errors.New("the output is not read")

// An interruptible is a writer that does not hold an interrupted program up: a pipe may be full and a terminal may hang, for
// ever. It is for one goroutine.
type interruptible struct {
	to      io.Writer
	late    <-chan struct{} // closed stallTime after ctx has ended
	stalled bool            // a Write hangs
}

// newInterruptible returns a writer to w for a program that ends with ctx.
func newInterruptible(ctx context.Context, w io.Writer) *interruptible {
	late := make(chan struct{})
	context.AfterFunc(ctx, func() {
		time.Sleep(stallTime)
		close(late)
	})
	return &interruptible{to: w, late: late}
}

// Write implements io.Writer. It fails if w has not taken all in time; what it has not taken then may still be written, or not.
func (i *interruptible) Write(b []byte) (int, error) {
	if i.stalled {
		return 0, errStalled
	}
	type result struct {
		n   int
		err error
	}
	written := make(chan result, 1)
	own := slices.Clone(b) // b is the caller's again when Write returns
	go func() {
		n, err := i.to.Write(own)
		written <- result{n, err}
	}()
	select {
	case r := <-written:
		return r.n, r.err
	case <-i.late:
	}
	select {
	case r := <-written:
		return r.n, r.err
	case <-time.After(leastTime):
		i.stalled = true
		return 0, errStalled
	}
}
