// Command signalbox runs finite-state machines, written in the Amazon States Language, on real or simulated lines.
//
// This file is the command line as a whole; each subcommand has a file of its own. What run puts together is in
// assembly.go, what it prints in report.go, and what feeds the screen in screen.go.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"regexp"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"signalbox/cmd/signalbox/internal/assembly"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1 // the machine failed, or a check did not hold
	exitMisuse = 2 // the command line or a file that it names is at fault; nothing has been moved
)

// streams are what a command reads and writes: results on out, talk on err.
type streams struct {
	in       *os.File
	out, err io.Writer
	terminal bool // out and in are a terminal
}

// errReported ends a command that has said already what went wrong.
var errReported = errors.New("reported")

type cli struct {
	Run        runCmd        `cmd:"" help:"Run a machine: on a terminal with a screen, else a line for each thing that happens."`
	Validate   validateCmd   `cmd:"" help:"Check definitions and say every fault with its place."`
	Graph      graphCmd      `cmd:"" help:"Draw a definition as a Mermaid or Graphviz diagram."`
	ClearFault clearFaultCmd `cmd:"" help:"Clear the latched fault of a crossing's monitor."`
	Ledger     ledgerCmd     `cmd:"" help:"Show what a machine has sold, holds and owes, and serve it."`
	Machines   machinesCmd   `cmd:"" help:"List the built-in machines."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

func main() {
	// A reader that goes away (| head) must not kill the process while outputs are on: writing fails instead, and the run
	// ends by its usual way.
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM, syscall.SIGHUP)
	code := run(ctx, os.Args[1:], streams{
		in: os.Stdin, out: newInterruptible(ctx, os.Stdout), err: newInterruptible(ctx, os.Stderr),
		terminal: isTerminal(os.Stdin) && isTerminal(os.Stdout),
	})
	stop()
	os.Exit(code)
}

// helpShown is thrown by kong's exit after it has printed help.
type helpShown struct{ code int }

func run(ctx context.Context, args []string, s streams) (code int) {
	defer func() {
		switch shown := recover().(type) {
		case nil:
		case helpShown:
			code = shown.code
		default:
			panic(shown)
		}
	}()
	var c cli
	parser, err := kong.New(&c,
		kong.Name("signalbox"),
		kong.Description("Finite-state machines in the Amazon States Language that drive lamps, coin sensors and dispensers, "+
			"on a Raspberry Pi or simulated."),
		kong.Writers(s.out, s.err),
		kong.Exit(func(code int) { panic(helpShown{code}) }),
		kong.ConfigureHelp(kong.HelpOptions{Compact: true}),
	)
	if err != nil {
		panic(err) // the structs above are at fault
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(s.err, "signalbox: %v\nRun \"signalbox --help\" to see what there is.\n", err)
		return exitMisuse
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return exitCode(command.Run(s), s)
}

func exitCode(err error, s streams) int {
	var m assembly.UsageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &m):
		complain(s.err, err)
		return exitMisuse
	case errors.Is(err, syscall.EPIPE):
		return exitFailed // nobody reads any more
	}
	complain(s.err, err)
	return exitFailed
}

// place begins a line that says where in a file a fault is; editors follow such lines, so they stay as they are.
var place = regexp.MustCompile(`^\S.*:\d+:\d+: `)

// complain prints an error, of whose lines each may stand for itself.
func complain(w io.Writer, err error) {
	if errors.Is(err, errReported) {
		return
	}
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSuffix(line, "\n")
		if !place.MatchString(line) {
			line = "signalbox: " + line
		}
		_, _ = fmt.Fprintln(w, line)
	}
}
