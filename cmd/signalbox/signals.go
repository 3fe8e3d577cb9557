package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// endSignals end the program. Each ends a run first, so that the outputs are at their safe levels before the process exits.
var endSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT, syscall.SIGABRT}

// crashTimeout is how long the program has to end after SIGQUIT or SIGABRT. Those are also sent to programs that hang.
const crashTimeout = 2 * time.Second

// A signalWatch handles the signals of the process.
type signalWatch struct {
	received chan os.Signal
	crashed  chan struct{} // closed when stacks is written
	crash    syscall.Signal
	stacks   []byte
	crashing sync.Once
}

// watchSignals ignores signals that would stop or kill the process while outputs are on, and returns a context that the first
// of endSignals ends, with a cause that names the signal.
//
// SIGPIPE: writes fail instead, and the run ends as always when its reader goes away (| head). SIGTSTP (Ctrl-Z), SIGTTIN and
// SIGTTOU: a stopped process keeps its lamps and motors on, and nothing watches them. SIGHUP is ignored if it was ignored at
// the start (nohup).
func watchSignals(ctx context.Context) (context.Context, *signalWatch) {
	signal.Ignore(syscall.SIGPIPE, syscall.SIGTSTP, syscall.SIGTTIN, syscall.SIGTTOU)
	w := &signalWatch{received: make(chan os.Signal, 8), crashed: make(chan struct{})}
	for _, s := range endSignals {
		if s != syscall.SIGHUP || !signal.Ignored(s) {
			signal.Notify(w.received, s)
		}
	}
	ctx, cancel := context.WithCancelCause(ctx)
	go func() {
		for s := range w.received {
			if s == syscall.SIGQUIT || s == syscall.SIGABRT {
				w.record(s.(syscall.Signal))
			}
			cancel(fmt.Errorf("%v signal received", s))
		}
	}()
	return ctx, w
}

// record keeps the stacks of all goroutines as they are at the first SIGQUIT or SIGABRT, and ends the process after
// crashTimeout even if the run does not end.
func (w *signalWatch) record(s syscall.Signal) {
	w.crashing.Do(func() {
		stacks := make([]byte, 1<<20)
		w.crash, w.stacks = s, stacks[:runtime.Stack(stacks, true)]
		close(w.crashed)
		time.AfterFunc(crashTimeout, func() {
			_, _ = fmt.Fprintf(os.Stderr, "signalbox: the run did not end within %v of %v; outputs may not be at their safe levels\n%s",
				crashTimeout, s, w.stacks)
			os.Exit(exitSignal + int(s))
		})
	})
}

// exitCode returns the exit code of a program that would exit with code: after SIGQUIT or SIGABRT it prints the recorded stacks
// to out and returns 131 or 134 instead.
func (w *signalWatch) exitCode(code int, out io.Writer) int {
	select {
	case <-w.crashed:
	default:
		return code
	}
	_, _ = fmt.Fprintf(out, "%v\n\n%s", w.crash, w.stacks)
	return exitSignal + int(w.crash)
}
