package vending

import (
	_ "embed"
	"fmt"
	"time"

	"signalbox/machines"
)

var (
	//go:embed vending.asl.json
	definition []byte
	//go:embed board.yaml
	board []byte
)

// Machine returns the built-in vending machine, with the [Standard] setup.
func Machine() machines.Machine {
	setup := Standard()
	return machines.Machine{
		Name:       "vending",
		Summary:    "a vending machine: coins, three columns of snacks, exact change",
		Definition: definition,
		Board:      board,
		Activities: []string{AwaitCustomer, Vend, PayOut, Show},
		Plant:      New(setup),
		World: func(lines machines.SimLines, clock machines.Clock, _ uint64) machines.World {
			return NewWorld(setup, lines, clock) // nothing about it is left to chance
		},
		View: func(s machines.State, world any) any { return setup.View(s, world) },
		Keys: keys(setup),
	}
}

func keys(setup Setup) []machines.Key {
	coin := func(key string, value Cents) machines.Key {
		return machines.Key{Key: key, Help: fmt.Sprintf("coin %v", value), Line: lineCoin, Pulses: int(value / Quarter)}
	}
	press := func(key, help, line string) machines.Key {
		return machines.Key{Key: key, Help: help, Line: line, Hold: 150 * time.Millisecond}
	}
	keys := []machines.Key{coin("c", 25), coin("h", 50), coin("d", 100), coin("t", 200)}
	for i, c := range setup.Columns {
		keys = append(keys, press(fmt.Sprint(i+1), c.Name, of(lineSelect, i)))
	}
	return append(keys, press("r", "coin return", lineCoinReturn))
}
