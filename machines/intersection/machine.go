package intersection

import (
	_ "embed" // the definition and the board
	"time"

	"signalbox/machines"
)

//go:embed intersection.asl.json
var definition []byte

//go:embed board.yaml
var board []byte

// Machine returns the intersection, ready to be put together by the program.
func Machine() machines.Machine {
	const press = 200 * time.Millisecond
	return machines.Machine{
		Name:       "intersection",
		Summary:    "two roads that cross under signals, with pedestrians",
		Definition: definition,
		Board:      board,
		Activities: []string{activitySetSignals, activityAwaitCall, activityReadCalls, activityFlashRed},
		Plant:      NewPlant(),
		World: func(lines machines.SimLines, clock machines.Clock, seed uint64) machines.World {
			return newWorld(lines, clock, seed)
		},
		View: func(_ machines.State, world any) any {
			v, _ := world.(View) // real lines: nobody knows where the cars are
			return v
		},
		Keys: []machines.Key{
			{Key: "n", Help: "walk north-south", Line: "north-south.button", Hold: press},
			{Key: "e", Help: "walk east-west", Line: "east-west.button", Hold: press},
		},
	}
}
