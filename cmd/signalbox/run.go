package main

import (
	"context"
	"io"
	"os"
	"time"

	"github.com/charmbracelet/x/term"

	"signalbox/asl/engine"
	"signalbox/cmd/signalbox/internal/assembly"
)

// runCmd runs a machine. Its flags are read in config.go.
type runCmd struct {
	Machine  string         `arg:"" name:"machine|file" help:"A built-in machine, or the file of a definition."`
	Driver   string         `enum:"sim,gpio" default:"sim" help:"sim: simulated lines. gpio: the host's lines, in real time."`
	Board    string         `placeholder:"FILE" help:"Lines and their wiring, YAML (default: the built-in machine's)."`
	Scenario string         `placeholder:"FILE" help:"Simulated pushes and faults of lines, YAML."`
	Input    string         `placeholder:"JSON|@FILE|-" default:"{}" help:"Input of the execution; - reads standard input."`
	Services string         `placeholder:"FILE" help:"Local stand-ins for Lambda functions, tables and queues, YAML."`
	Mocks    string         `placeholder:"FILE" help:"Mocked Task responses (MockConfigFile format)."`
	Case     string         `placeholder:"[MACHINE#]CASE" help:"Test case of --mocks, if there is more than one."`
	Config   string         `placeholder:"FILE" help:"Configuration of a built-in machine, YAML: approaches and timings, prices and stock."`
	Data     string         `placeholder:"DIR" help:"Folder for ledger, latched faults and stores (default: memory in a simulation, the system's folder with --driver gpio)."`
	Objects  string         `placeholder:"DIR" help:"Objects of distributed Maps, as DIR/bucket/key (default: the definition's folder)."`
	Source   string         `placeholder:"DSN" help:"migration: source database, FILE, sqlite:FILE or postgres://… (default: a generated one)."`
	To       string         `name:"target" placeholder:"DSN" help:"migration: target database."`
	Rows     *int64         `placeholder:"N" help:"migration: minimum number of entries in the source; missing ones are generated."`
	Speed    float64        `placeholder:"N" default:"1" help:"Simulation speed factor; 0 runs as fast as possible (default 1)."`
	For      *time.Duration `placeholder:"DURATION" help:"Time limit on the machine's clock, such as 90s or 1h."`
	Seed     uint64         `placeholder:"N" default:"1" help:"Seed for simulated randomness (default 1)."`
	Explain  bool           `help:"Explain the figures of a built-in machine, and exit."`
	Plain    bool           `xor:"face" help:"No screen: print a line for each state entered and each line moved."`
	JSON     bool           `name:"json" xor:"face" help:"No screen: print a JSON object for each event."`
}

// Help returns the text that --help shows above the flags.
func (runCmd) Help() string {
	return `Examples:
  signalbox run intersection
  signalbox run vending --scenario examples/vending/three-dollars.yaml --speed 0 --plain
  signalbox run examples/blink/blink.asl.json --board examples/blink/board.yaml --driver gpio
  signalbox run migration-batch --source old.db --target postgres://me@localhost/new --plain
  signalbox run examples/order/order.asl.json --mocks examples/order/mocks.json --case Ordered --input @examples/order/input.json

A definition whose Tasks name the activities of a built-in machine commands that machine's plant. Outputs go to their safe
levels when the run ends, however it ends. Exit codes: 0 success, 1 the machine failed, 2 usage error.`
}

// Run implements the command.
func (c *runCmd) Run(ctx context.Context, s streams) error {
	config, err := c.config(s.in)
	if err != nil {
		return err
	}
	if c.Explain {
		return explain(config.Definition, s.out)
	}
	if s.terminal && !c.Plain && !c.JSON {
		config.Attended = true
		return runScreen(ctx, config)
	}
	return c.print(ctx, config, s.out)
}

// explain prints how the figures of a built-in machine come about.
func explain(d *assembly.Definition, out io.Writer) error {
	if d.BuiltIn == nil || d.BuiltIn.Explain == nil {
		return assembly.Usagef("--explain: %s has no figures to explain", d.Name)
	}
	_, err := io.WriteString(out, d.BuiltIn.Explain())
	return err
}

// print runs without a screen.
func (c *runCmd) print(ctx context.Context, config assembly.Config, out io.Writer) error {
	if c.JSON {
		config.Output = &assembly.Output{Writer: out, Format: appendJSON}
	} else {
		start := engine.Epoch
		if config.RealTime() {
			start = time.Now()
		}
		config.Output = &assembly.Output{Writer: out, Format: plainFormat(start), Wants: plainWants}
	}
	a, err := assembly.Open(config)
	if err != nil {
		return err
	}
	return a.Run(ctx)
}

// isTerminal reports whether a screen can be shown on f: TERM=dumb says that the terminal knows no escape sequences.
func isTerminal(f *os.File) bool { return term.IsTerminal(f.Fd()) && os.Getenv("TERM") != "dumb" }
