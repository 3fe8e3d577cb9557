package vending

import (
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"signalbox/machines"
)

var (
	//go:embed vending.asl.json
	definition []byte
	//go:embed board.yaml
	board []byte
)

// Machine returns the built-in machine vending, with the [Standard] setup.
func Machine() machines.Machine { return machine(Standard(), standard) }

// machine returns the machine of a setup, which config describes.
func machine(setup Setup, config []byte) machines.Machine {
	return machines.Machine{
		Name:       "vending",
		Summary:    "a vending machine: coins, columns of snacks, exact change, a ledger",
		Definition: definition,
		Board:      boardOf(setup),
		Activities: []string{Settlement, AwaitCustomer, Vend, PayOut, Show, AwaitService},
		Operations: []string{Refill, Collect, Settle},
		Plant:      New(setup),
		World: func(lines machines.SimLines, clock machines.Clock, _ uint64) machines.World {
			return NewWorld(setup, lines, clock) // it has no randomness
		},
		View:      func(s machines.State, world any) any { return setup.View(s, world) },
		Keys:      keys(setup),
		Config:    config,
		Configure: configure,
		Report:    Report,
		Sums:      func() machines.Sums { return &sums{} },
	}
}

func configure(file string, text []byte) (machines.Machine, error) {
	setup, err := ParseSetup(file, text)
	if err != nil {
		return machines.Machine{}, err
	}
	return machine(setup, text), nil
}

// keys returns the keys of the terminal: a letter for each coin, a digit for each column, and the coin return.
func keys(setup Setup) []machines.Key {
	letters := map[Cents]string{5: "f", 10: "i", 20: "w", 25: "c", 50: "h", 100: "d", 200: "t"}
	var list []machines.Key
	for i, c := range setup.Coins {
		key := letters[c.Value]
		if key == "" {
			key = string(rune('u' + i))
		}
		list = append(list, machines.Key{Key: key, Help: fmt.Sprintf("coin %v", c.Value), Line: lineCoin, Pulses: c.Pulses})
	}
	press := func(key, help, line string) machines.Key {
		return machines.Key{Key: key, Help: help, Line: line, Hold: 150 * time.Millisecond}
	}
	for i, c := range setup.Columns {
		list = append(list, press(fmt.Sprint(i+1), c.Name, columnLine(lineSelect, i)))
	}
	return append(list, press("r", "coin return", lineCoinReturn))
}

// boardOf returns the machine's default board. Only the lines of the standard setup are on a Pi's header. The lines of any other
// setup are on a chip that only a simulation has: with real lines, such a machine needs a board file of its own.
func boardOf(setup Setup) []byte {
	own := Standard()
	outputs, inputs := setup.Outputs(), setup.Inputs()
	if slices.Equal(outputs, own.Outputs()) && slices.Equal(inputs, own.Inputs()) {
		return board
	}
	var b strings.Builder
	b.WriteString("name: vending\n\nlines:\n")
	for i, name := range outputs {
		fmt.Fprintf(&b, "  %s: {chip: simulated, line: %d, direction: out, safe: low}\n", name, i)
	}
	for i, name := range inputs {
		fmt.Fprintf(&b, "  %s: {chip: simulated, line: %d, direction: in, active-low: true, pull: up, debounce: %v}\n",
			name, len(outputs)+i, debounceOf(name))
	}
	motors := outputs[:len(setup.Columns)+len(setup.Tubes)]
	b.WriteString("\nnever:\n")
	for i, one := range motors {
		for _, other := range motors[i+1:] {
			fmt.Fprintf(&b, "  - [%s, %s]\n", one, other)
		}
	}
	b.WriteString("\nmax-on:\n")
	for _, name := range motors {
		limit := "5s"
		if strings.HasPrefix(name, lineHopper) {
			limit = "10s"
		}
		fmt.Fprintf(&b, "  %s: %s\n", name, limit)
	}
	return []byte(b.String())
}

// debounceOf returns the debounce time of an input line, as the standard board has it.
func debounceOf(line string) time.Duration {
	switch {
	case line == lineCoin, line == lineDrop, strings.HasSuffix(line, exitSuffix), strings.HasSuffix(line, inSuffix):
		return 5 * time.Millisecond
	case strings.HasPrefix(line, lineHome):
		return 10 * time.Millisecond
	}
	return 20 * time.Millisecond
}
