// Command signalbox runs finite-state machines, written in the Amazon States Language, on real or simulated lines.
//
// This package is flags and printing: the command line as a whole in this file, a file for each subcommand, the flags of run
// in config.go, the lines that run prints in print.go, its screen in screen.go. Package assembly puts a machine together and
// runs it.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strings"
	"syscall"

	"github.com/alecthomas/kong"

	"signalbox/cmd/signalbox/internal/assembly"
)

// Exit codes.
const (
	exitDone   = 0
	exitFailed = 1   // the machine or a check failed
	exitUsage  = 2   // a fault in the command line, or in a file that it names; nothing has been moved
	exitSignal = 128 // plus the number of SIGQUIT or SIGABRT, as shells count
)

// streams are what a command reads and writes: results go to out, messages to err.
type streams struct {
	in       *os.File
	out, err io.Writer
	terminal bool // in and out are a terminal
}

// errReported ends a command that has printed its errors already.
var errReported = errors.New("reported")

// cli is the command line.
type cli struct {
	Run        runCmd        `cmd:"" help:"Run a machine: with a screen on a terminal, else printing a line for each event."`
	Validate   validateCmd   `cmd:"" help:"Check definitions and report every fault with its line and column."`
	Graph      graphCmd      `cmd:"" help:"Draw a definition as a Mermaid or Graphviz diagram."`
	ClearFault clearFaultCmd `cmd:"" help:"Clear the latched fault of a crossing's monitor."`
	Ledger     ledgerCmd     `cmd:"" help:"Show a machine's sales, cash, stock and debts, and record an operator's work."`
	Machines   machinesCmd   `cmd:"" help:"List the built-in machines."`
	Version    versionCmd    `cmd:"" help:"Print the version."`
}

func main() {
	ctx, signals := watchSignals(context.Background())
	s := streams{
		in: os.Stdin, out: newInterruptible(ctx, os.Stdout), err: newInterruptible(ctx, os.Stderr),
		terminal: isTerminal(os.Stdin) && isTerminal(os.Stdout),
	}
	os.Exit(signals.exitCode(run(ctx, os.Args[1:], s), s.err))
}

// helpShown is the panic with which kong's exit leaves the parser after help was printed.
type helpShown struct{ code int }

// run runs the command that args name and returns the exit code. Ctx ends it.
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
		panic(err) // a fault in the structs above
	}
	if len(args) == 0 {
		args = []string{"--help"}
	}
	command, err := parser.Parse(args)
	if err != nil {
		_, _ = fmt.Fprintf(s.err, "signalbox: %v\nRun \"signalbox --help\" for usage.\n", err)
		return exitUsage
	}
	command.BindTo(ctx, (*context.Context)(nil))
	return exitCode(command.Run(s), s)
}

// exitCode prints a command's error and returns the exit code.
func exitCode(err error, s streams) int {
	var usage assembly.UsageError
	switch {
	case err == nil:
		return exitDone
	case errors.As(err, &usage):
		printError(s.err, err)
		return exitUsage
	case errors.Is(err, syscall.EPIPE):
		return exitFailed // the reader has gone
	}
	printError(s.err, err)
	return exitFailed
}

// locationPrefix is how a line begins that says where in a file a fault is: FILE:LINE:COLUMN. Editors follow such lines.
var locationPrefix = regexp.MustCompile(`^\S.*:\d+:\d+: `)

// printError prints an error. Each of its lines may be an error of its own.
func printError(w io.Writer, err error) {
	if errors.Is(err, errReported) {
		return
	}
	for line := range strings.Lines(err.Error()) {
		line = strings.TrimSuffix(line, "\n")
		if !locationPrefix.MatchString(line) {
			line = "signalbox: " + line
		}
		_, _ = fmt.Fprintln(w, line)
	}
}
