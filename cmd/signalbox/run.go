package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/charmbracelet/x/term"

	"signalbox/asl/engine"
	"signalbox/asl/mock"
	"signalbox/asl/services"
	"signalbox/asl/value"
	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/gpio"
	"signalbox/gpio/scenario"
	"signalbox/internal/textfile"
	"signalbox/machines"
)

type runCmd struct {
	Target   string         `arg:"" name:"machine|file" help:"A built-in machine, or the file of a definition."`
	Driver   string         `enum:"sim,gpio" default:"sim" help:"sim: simulated lines. gpio: the host's lines, in real time."`
	Board    string         `placeholder:"FILE" help:"The lines and their wiring, YAML. A built-in machine brings its own."`
	Scenario string         `placeholder:"FILE" help:"What people do and what breaks, YAML: a list of pushes."`
	Input    string         `placeholder:"JSON|@FILE|-" default:"{}" help:"The execution's input; - is standard input."`
	Services string         `placeholder:"FILE" help:"What Lambda functions, tables and queues of a definition stand for here, YAML."`
	Mocks    string         `placeholder:"FILE" help:"What Tasks are answered: a MockConfigFile of Step Functions Local."`
	Case     string         `placeholder:"[MACHINE#]CASE" help:"The test case of --mocks, where there is more than one."`
	Config   string         `placeholder:"FILE" help:"What a built-in machine consists of, YAML: its approaches and timings, its prices and stock."`
	Data     string         `placeholder:"DIR" help:"Where ledger, latched faults and stores are kept. A simulation forgets them where it is not given."`
	Objects  string         `placeholder:"DIR" help:"Where distributed Maps find objects: DIR/bucket/key. The definition's folder where it is not given."`
	Source   string         `placeholder:"DSN" help:"migration: where entries come from, FILE, sqlite:FILE or postgres://…; one is made where it is not given."`
	To       string         `name:"target" placeholder:"DSN" help:"migration: where they go."`
	Rows     *int64         `placeholder:"N" help:"migration: how many entries the source has at least; those that are missing are made."`
	Speed    float64        `placeholder:"N" default:"1" help:"Simulated seconds a second; 0 does not wait at all."`
	For      *time.Duration `placeholder:"DURATION" help:"End the run after that much of the machine's time, such as 90s or 1h."`
	Seed     uint64         `placeholder:"N" default:"1" help:"What the simulation's chance derives from."`
	Explain  bool           `help:"Say how the figures that a built-in machine works with come about, and do no more."`
	Plain    bool           `xor:"face" help:"No screen: a line for each state entered and each line moved."`
	JSON     bool           `name:"json" xor:"face" help:"No screen: a JSON object for each thing that happens."`
}

// Help is what kong shows below the flags.
func (runCmd) Help() string {
	return `Examples:
  signalbox run intersection
  signalbox run vending --scenario examples/vending/three-dollars.yaml --speed 0 --plain
  signalbox run examples/blink/blink.asl.json --board examples/blink/board.yaml --driver gpio
  signalbox run migration-batch --source old.db --target postgres://me@localhost/new --plain
  signalbox run examples/order/order.asl.json --mocks examples/order/mocks.json --case Ordered --input @examples/order/input.json

A definition whose Tasks name the activities of a built-in machine commands that machine's plant. Outputs go to their safe
levels when the run ends, however it ends. Exit codes: 0 done, 1 the machine failed, 2 something was asked wrongly.`
}

// Run implements the command.
func (c *runCmd) Run(ctx context.Context, s streams) error {
	o, err := c.order(s.in)
	if err != nil {
		return err
	}
	if c.Explain {
		return c.explain(o.Target, s.out)
	}
	if s.terminal && !c.Plain && !c.JSON {
		o.Attended = true
		return runScreen(ctx, o)
	}
	return c.print(ctx, o, s)
}

// explain prints how a machine's figures come about.
func (c *runCmd) explain(t *assembly.Target, out io.Writer) error {
	if t.BuiltIn == nil || t.BuiltIn.Explain == nil {
		return assembly.Usagef("--explain: %s has no figures to explain", t.Name)
	}
	_, err := io.WriteString(out, t.BuiltIn.Explain())
	return err
}

// order reads and checks everything that the command line names, and says all that is wrong with it. Nothing is opened yet.
func (c *runCmd) order(in io.Reader) (assembly.Config, error) {
	o := assembly.Config{Driver: c.Driver, Speed: c.Speed, Seed: c.Seed}
	var faults []error
	note := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	switch {
	case c.Speed < 0 || math.IsNaN(c.Speed) || math.IsInf(c.Speed, 0):
		note(fmt.Errorf("--speed %v: a speed is 0 (do not wait) or more", c.Speed))
	case c.Driver == "gpio" && c.Speed != 1:
		note(errors.New("--speed: real lines run in real time; leave it out with --driver gpio"))
	}
	if c.For != nil {
		if o.Length = *c.For; o.Length <= 0 {
			note(fmt.Errorf("--for %v: a length of time is more than 0", o.Length))
		}
	}
	if c.Driver == "gpio" && c.Scenario != "" {
		note(errors.New("--scenario: real lines cannot be pushed; leave it out with --driver gpio"))
	}
	var err error
	o.Input, err = readInput(c.Input, in)
	note(err)
	o.Target, err = assembly.ReadTarget(c.Target)
	note(err)
	o.Mocks, err = c.mocks(o.Target)
	note(err)
	var wrong error
	o.Services, wrong = c.services()
	note(wrong)
	err = errors.Join(err, wrong)
	if c.Objects != "" {
		switch info, err := os.Stat(c.Objects); {
		case err != nil:
			note(fmt.Errorf("--objects: %w", err))
		case !info.IsDir():
			note(fmt.Errorf("--objects: %s is not a folder", c.Objects))
		}
		o.Objects = engine.Folder(c.Objects)
	} else if o.Target != nil && o.Target.BuiltIn == nil {
		o.Objects = engine.Folder(filepath.Dir(o.Target.File))
	}
	if o.Target != nil && err == nil {
		if err = o.Target.FindPlant(assembly.BuiltIn(), o.Mocks, o.Services); err == nil {
			err = c.configure(o.Target)
		}
		if err == nil {
			o.Board, err = c.board(o.Target, o.Mocks)
		}
		note(err)
	}
	if o.Target != nil && err == nil {
		o.Settings, err = c.settings(o.Target)
		note(err)
	}
	o.Data = c.Data
	if o.Data == "" && o.Driver == "gpio" && o.Target != nil && o.Target.Keeps() {
		o.Data, err = assembly.DefaultData(o.Target.BuiltIn.Name)
		note(err)
	}
	switch {
	case c.Scenario == "" || c.Driver == "gpio":
	case o.Board != nil:
		o.Scenario, err = scenario.Read(c.Scenario, o.Board)
		note(err)
	case len(faults) == 0:
		note(errors.New("--scenario: no lines are moved, so there is nothing to push"))
	}
	if faults != nil {
		return o, assembly.UsageError{Err: errors.Join(faults...)}
	}
	return o, nil
}

// configure makes the built-in machine of a target as the file of --config describes it.
func (c *runCmd) configure(t *assembly.Target) error {
	if c.Config == "" {
		return nil
	}
	if t.BuiltIn == nil || t.BuiltIn.Configure == nil {
		return fmt.Errorf("--config: %s has nothing to configure", t.Name)
	}
	text, err := textfile.Read(c.Config)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	m, err := t.BuiltIn.Configure(c.Config, text)
	if err != nil {
		return err
	}
	return t.Become(&m)
}

// services reads what the cloud stands for here, nil where nothing does.
func (c *runCmd) services() (*services.Mapping, error) {
	if c.Services == "" {
		return nil, nil
	}
	text, err := textfile.Read(c.Services)
	if err != nil {
		return nil, fmt.Errorf("--services: %w", err)
	}
	return services.ReadMapping(c.Services, text)
}

// settings are what the command line says to a machine without lines. What it says and the machine does not take is refused.
func (c *runCmd) settings(t *assembly.Target) (machines.Settings, error) {
	s := machines.Settings{Source: c.Source, Target: c.To, Rows: c.Rows}
	var faults []error
	for _, f := range []struct {
		name string
		said bool
	}{{"source", c.Source != ""}, {"target", c.To != ""}, {"rows", c.Rows != nil}} {
		if f.said && (t.BuiltIn == nil || !slices.Contains(t.BuiltIn.Flags, f.name)) {
			faults = append(faults, fmt.Errorf("--%s: %s has no use for it", f.name, t.Name))
		}
	}
	if t.Real() {
		if c.Driver == "gpio" {
			faults = append(faults, fmt.Errorf("--driver gpio: %s moves no lines; leave it out", t.Name))
		}
		if c.Speed != 1 {
			faults = append(faults, fmt.Errorf("--speed: %s works in real time; leave it out", t.Name))
		}
		faults = append(faults, t.BuiltIn.Check(s))
	}
	return s, errors.Join(faults...)
}

// mocks reads the test case that Tasks are answered from, nil if there is none. The target is nil where it has faults.
func (c *runCmd) mocks(t *assembly.Target) (*mock.Case, error) {
	if c.Mocks == "" {
		if c.Case != "" {
			return nil, errors.New("--case: it is a test case of a file of answers; name that one with --mocks FILE")
		}
		return nil, nil
	}
	text, err := textfile.Read(c.Mocks)
	if err != nil {
		return nil, fmt.Errorf("--mocks: %w", err)
	}
	file, err := mock.Read(c.Mocks, text)
	if err != nil || t == nil {
		return nil, err
	}
	found, err := file.Case(t.Name, c.Case)
	if err != nil {
		return nil, fmt.Errorf("--case: %w", err)
	}
	return found, found.Check(t.Machine)
}

// board reads the board of a run: the one that is named, else the built-in machine's. It is nil where no line is moved, and
// where Tasks are mocked: those that would still move lines then fail.
func (c *runCmd) board(t *assembly.Target, mocks *mock.Case) (*gpio.Board, error) {
	if c.Board != "" && t.Real() {
		return nil, fmt.Errorf("--board: %s moves no lines", t.Name)
	}
	if c.Board != "" {
		board, err := gpio.ReadBoard(c.Board)
		if err != nil {
			return nil, err
		}
		if t.BuiltIn != nil {
			return assembly.FitBoard(t.BuiltIn, c.Board, board)
		}
		return board, nil
	}
	if t.Real() {
		return nil, nil
	}
	if t.BuiltIn != nil {
		return gpio.ParseBoard(t.BuiltIn.Name, t.BuiltIn.Board)
	}
	for s := range t.Machine.All() {
		if s.Activity != "" && mocks == nil {
			return nil, fmt.Errorf("%s: %s moves lines: name the board that has them with --board FILE", t.File, s.Name)
		}
	}
	return nil, nil
}

func readInput(text string, in io.Reader) (any, error) {
	source := "--input"
	var content []byte
	var err error
	if file, ok := strings.CutPrefix(text, "@"); ok {
		source = file
		content, err = os.ReadFile(file)
	} else if text == "-" {
		source = "standard input"
		content, err = io.ReadAll(in)
	} else {
		content = []byte(text)
	}
	if err != nil {
		return nil, fmt.Errorf("--input: %w", err)
	}
	v, err := value.Read(content)
	var syntax *value.SyntaxError
	if errors.As(err, &syntax) {
		line, column := value.Position(content, syntax.Offset)
		return nil, fmt.Errorf("%s:%d:%d: not JSON: %s", source, line, column, syntax.Reason)
	}
	return v, err
}

// print runs without a screen.
func (c *runCmd) print(ctx context.Context, o assembly.Config, s streams) error {
	if c.JSON {
		o.Output = &assembly.Output{Writer: s.out, Format: appendJSON}
	} else {
		start := engine.Epoch
		if o.Real() {
			start = time.Now()
		}
		o.Output = &assembly.Output{Writer: s.out, Format: plainFormat(start), Wants: plainWants}
	}
	a, err := assembly.Open(o)
	if err != nil {
		return err
	}
	return a.Run(ctx)
}

func isTerminal(f *os.File) bool { return term.IsTerminal(f.Fd()) }
