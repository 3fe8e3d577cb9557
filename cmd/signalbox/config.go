package main

import (
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

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

// config reads and checks everything that the command line of run names, and reports all faults as one [assembly.UsageError].
// Nothing is opened yet. In is for --input -.
func (c *runCmd) config(in io.Reader) (assembly.Config, error) {
	config := assembly.Config{Driver: c.Driver, Speed: c.Speed, Seed: c.Seed, Data: c.Data}
	faults := c.checkTime()
	note := func(err error) {
		if err != nil {
			faults = append(faults, err)
		}
	}
	if c.For != nil {
		config.Duration = *c.For
	}
	var err error
	config.Input, err = readInput(c.Input, in)
	note(err)
	config.Objects, err = c.objects()
	note(err)
	note(c.configDefinition(&config))
	switch {
	case c.Scenario == "":
	case c.Driver == assembly.DriverGPIO:
		note(errors.New("--scenario: real lines cannot be pushed; leave it out with --driver gpio"))
	case config.Board != nil:
		config.Scenario, err = scenario.Read(c.Scenario, config.Board)
		note(err)
	case len(faults) == 0:
		note(errors.New("--scenario: there is no board, and so no line to push"))
	}
	if faults != nil {
		return config, assembly.UsageError{Err: errors.Join(faults...)}
	}
	return config, nil
}

// checkTime returns the faults of --speed and --for.
func (c *runCmd) checkTime() (faults []error) {
	switch {
	case c.Speed < 0 || math.IsNaN(c.Speed) || math.IsInf(c.Speed, 0):
		faults = append(faults, fmt.Errorf("--speed %v: must be 0 (as fast as possible) or more", c.Speed))
	case c.Driver == assembly.DriverGPIO && c.Speed != 1:
		faults = append(faults, errors.New("--speed: real lines run in real time; leave it out with --driver gpio"))
	}
	if c.For != nil && *c.For <= 0 {
		faults = append(faults, fmt.Errorf("--for %v: must be more than 0", *c.For))
	}
	return faults
}

// configDefinition reads the definition and what depends on it: mocks, services, configuration, board, settings, data folder.
func (c *runCmd) configDefinition(config *assembly.Config) error {
	d, unreadable := assembly.ReadDefinition(c.Machine)
	config.Definition = d
	var err error
	config.Mocks, err = c.mocks(d)
	var invalid error
	config.Services, invalid = c.services()
	if err = errors.Join(unreadable, err, invalid); err != nil {
		return err
	}
	if config.Objects == nil && d.BuiltIn == nil {
		config.Objects = engine.Folder(filepath.Dir(d.File))
	}
	if err := d.FindPlant(assembly.BuiltIn(), config.Mocks, config.Services); err != nil {
		return err
	}
	if err := c.configure(d); err != nil {
		return err
	}
	if config.Board, err = c.board(d, config.Mocks); err != nil {
		return err
	}
	if config.Settings, err = c.settings(d); err != nil {
		return err
	}
	if config.Data == "" && c.Driver == assembly.DriverGPIO && d.NeedsData() {
		config.Data, err = assembly.DefaultData(d.BuiltIn.Name)
	}
	return err
}

// objects returns the folder of --objects, nil if it is not given.
func (c *runCmd) objects() (engine.Objects, error) {
	if c.Objects == "" {
		return nil, nil
	}
	switch info, err := os.Stat(c.Objects); {
	case err != nil:
		return nil, fmt.Errorf("--objects: %w", err)
	case !info.IsDir():
		return nil, fmt.Errorf("--objects: %s is not a folder", c.Objects)
	}
	return engine.Folder(c.Objects), nil
}

// configure changes the built-in machine to what the file of --config describes.
func (c *runCmd) configure(d *assembly.Definition) error {
	if c.Config == "" {
		return nil
	}
	if d.BuiltIn == nil || d.BuiltIn.Configure == nil {
		return fmt.Errorf("--config: %s has nothing to configure", d.Name)
	}
	text, err := textfile.Read(c.Config)
	if err != nil {
		return fmt.Errorf("--config: %w", err)
	}
	return d.Configure(c.Config, text)
}

// services reads the mapping of --services, nil if it is not given.
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

// settings returns the flags that are for machines without lines. Flags that the machine does not use are faults.
func (c *runCmd) settings(d *assembly.Definition) (machines.Settings, error) {
	s := machines.Settings{Source: c.Source, Target: c.To, Rows: c.Rows}
	var faults []error
	for _, f := range []struct {
		name  string
		given bool
	}{{"source", c.Source != ""}, {"target", c.To != ""}, {"rows", c.Rows != nil}} {
		if f.given && (d.BuiltIn == nil || !slices.Contains(d.BuiltIn.Flags, f.name)) {
			faults = append(faults, fmt.Errorf("--%s: %s does not use it", f.name, d.Name))
		}
	}
	if d.RealTime() {
		if c.Driver == assembly.DriverGPIO {
			faults = append(faults, fmt.Errorf("--driver gpio: %s moves no lines; leave it out", d.Name))
		}
		if c.Speed != 1 {
			faults = append(faults, fmt.Errorf("--speed: %s works in real time; leave it out", d.Name))
		}
		faults = append(faults, d.BuiltIn.Check(s))
	}
	return s, errors.Join(faults...)
}

// mocks reads the test case of --mocks and --case, nil if they are not given. D is nil if the definition has faults: then the
// file is checked, and no case is chosen.
func (c *runCmd) mocks(d *assembly.Definition) (*mock.Case, error) {
	if c.Mocks == "" {
		if c.Case != "" {
			return nil, errors.New("--case: needs the file of the test case, --mocks FILE")
		}
		return nil, nil
	}
	text, err := textfile.Read(c.Mocks)
	if err != nil {
		return nil, fmt.Errorf("--mocks: %w", err)
	}
	file, err := mock.Read(c.Mocks, text)
	if err != nil || d == nil {
		return nil, err
	}
	found, err := file.Case(d.Name, c.Case)
	if err != nil {
		return nil, fmt.Errorf("--case: %w", err)
	}
	return found, found.Check(d.Machine)
}

// board returns the board of --board, else the built-in machine's. It is nil if no line is moved, and if Tasks are mocked: Tasks
// without a response that move lines fail then.
func (c *runCmd) board(d *assembly.Definition, mocks *mock.Case) (*gpio.Board, error) {
	switch {
	case c.Board != "" && d.RealTime():
		return nil, fmt.Errorf("--board: %s moves no lines", d.Name)
	case c.Board != "":
		board, err := gpio.ReadBoard(c.Board)
		if err != nil || d.BuiltIn == nil {
			return board, err
		}
		return assembly.FitBoard(d.BuiltIn, c.Board, board)
	case d.RealTime():
		return nil, nil
	case d.BuiltIn != nil:
		return gpio.ParseBoard(d.BuiltIn.Name, d.BuiltIn.Board)
	}
	for s := range d.Machine.All() {
		if s.Activity != "" && mocks == nil {
			return nil, fmt.Errorf("%s: %s moves lines: name the board that has them with --board FILE", d.File, s.Name)
		}
	}
	return nil, nil
}

// readInput returns the value of --input: JSON, @FILE, or - for standard input.
func readInput(text string, in io.Reader) (any, error) {
	source := "--input"
	var content []byte
	var err error
	if file, ok := strings.CutPrefix(text, "@"); ok {
		source = file
		content, err = textfile.Read(file)
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
