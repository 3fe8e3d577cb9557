package assembly_test

import (
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	periph "periph.io/x/conn/v3/gpio"

	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/gpio"
)

// fakePins are lines that remember what they were set to, and when.
type fakePins struct {
	mu   sync.Mutex // guards what follows
	high map[string]bool
	at   map[string]time.Time // of the last change, on the wall
	safe map[string]bool
}

func newFakePins() *fakePins {
	return &fakePins{high: map[string]bool{}, at: map[string]time.Time{}, safe: map[string]bool{}}
}

type fakePin struct {
	periph.PinIO // what is not used
	pins         *fakePins
	line         gpio.Line
}

// Claim implements gpio.Driver.
func (p *fakePins) Claim(l gpio.Line) (periph.PinIO, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if l.Direction == gpio.Out {
		p.safe[l.Name] = l.Safe
	}
	return &fakePin{pins: p, line: l}, nil
}

// Release implements gpio.Driver.
func (*fakePins) Release(periph.PinIO) error { return nil }

func (p *fakePin) String() string                    { return p.line.Where() }
func (p *fakePin) Name() string                      { return p.line.Where() }
func (p *fakePin) Halt() error                       { return nil }
func (p *fakePin) In(periph.Pull, periph.Edge) error { return nil }

func (p *fakePin) Read() periph.Level {
	p.pins.mu.Lock()
	defer p.pins.mu.Unlock()
	return p.line.Physical(p.pins.high[p.line.Name])
}

func (p *fakePin) Out(l periph.Level) error {
	p.pins.mu.Lock()
	defer p.pins.mu.Unlock()
	if high := p.line.Logical(l); high != p.pins.high[p.line.Name] {
		p.pins.high[p.line.Name], p.pins.at[p.line.Name] = high, time.Now()
	}
	return nil
}

// Notify gives no edges.
func (*fakePin) Notify(func(periph.Level, string)) (stop func()) { return func() {} }

// level returns a line's level and when it last changed.
func (p *fakePins) level(line string) (high bool, at time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.high[line], p.at[line]
}

// unsafe returns the outputs that are not at their safe levels.
func (p *fakePins) unsafe() (lines []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for line, safe := range p.safe {
		if p.high[line] != safe {
			lines = append(lines, line)
		}
	}
	return lines
}

// builtIn returns a simulation of a built-in machine, as fast as possible.
func builtIn(tb testing.TB, name string) assembly.Config {
	tb.Helper()
	target, err := assembly.ReadDefinition(name)
	if err != nil {
		tb.Fatal(err)
	}
	board, err := gpio.ParseBoard(name, target.BuiltIn.Board)
	if err != nil {
		tb.Fatal(err)
	}
	return assembly.Config{Definition: target, Board: board, Driver: assembly.DriverSim, Seed: 1}
}

// defined returns a simulation of a definition and its board, as fast as possible.
func defined(tb testing.TB, definition, board string) assembly.Config {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "test.asl.json")
	if err := os.WriteFile(file, []byte(definition), 0o600); err != nil {
		tb.Fatal(err)
	}
	target, err := assembly.ReadDefinition(file)
	if err != nil {
		tb.Fatal(err)
	}
	if err := target.FindPlant(assembly.BuiltIn(), nil, nil); err != nil {
		tb.Fatal(err)
	}
	c := assembly.Config{Definition: target, Driver: assembly.DriverSim, Seed: 1}
	if board != "" {
		if c.Board, err = gpio.ParseBoard("board.yaml", []byte(board)); err != nil {
			tb.Fatal(err)
		}
	}
	return c
}

// open opens a run or fails.
func open(tb testing.TB, c assembly.Config) *assembly.Assembly {
	tb.Helper()
	a, err := assembly.Open(c)
	if err != nil {
		tb.Fatal(err)
	}
	return a
}
