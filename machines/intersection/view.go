package intersection

// A View is what a screen shows of the world around the crossing: cars and pedestrians. It is immutable.
type View struct {
	// Queue counts the cars that wait behind the stop line, by the side of the crossing that they come from.
	Queue [4]int
	// Crossing counts the cars that are on the crossing just now, by the side that they came from.
	Crossing [4]int
	// Passed counts the cars that have passed since the start.
	Passed int
	// Pedestrians counts who waits at a button, by approach: [NorthSouth] walks along the north-south road.
	Pedestrians [2]int
	// Walking counts the pedestrians on the road just now, by approach.
	Walking [2]int
}

// The sides of the crossing, as places in a [View].
const (
	North = iota
	East
	South
	West
)

// The approaches, as places in a [View] and in the plant's state. Their lines are called north-south.… and east-west.…
const (
	NorthSouth = iota
	EastWest
)
