package intersection

import (
	"time"

	"signalbox/machines"
)

// What a crossing may consist of at most: a [State] is a value without slices, so its parts are counted.
const (
	MostPhases      = 8
	MostHeads       = 8 // vehicle heads, and as many pedestrian heads
	mostSensors     = 24
	mostEmergencies = 4
	mostReaders     = 4 // Tasks that await calls at once: one a ring
)

// A Style is a country's way of changing signals.
type Style string

// The styles.
const (
	// US changes red, green, amber; after power-up all heads show red for 6 s.
	US Style = "us"
	// UK changes red, red and amber for 2 s, green, amber for 3 s; it starts up dark for 7 s, then with 3 s of amber on
	// all heads but the starting phase's. Siemens ST900 handbook.
	UK Style = "uk"
)

// A Config is what a crossing consists of: what its file says, with everything computed. It is not changed once read.
type Config struct {
	Style       Style
	Approaches  []Approach
	Phases      []Phase
	Emergencies []Emergency
	Night       Night
	Detectors   SensorLimits
	Buttons     SensorLimits

	conflicts [MostPhases][MostPhases]bool
	sensors   []sensorPlace
	outputs   []string     // the output lines: head after head, phase after phase
	lamps     []phaseLamps // by phase
	text      []byte       // the file
}

// An Approach is a road that leads to the crossing.
type Approach struct {
	Name  string
	Sides []int // from where its traffic comes: [North], [East], …
	// What yellow and red clearance are computed from: mph, %, ft.
	Speed, Grade, Width float64
	// Deceleration is how drivers brake, ft/s²; Vehicle the length of a vehicle, ft.
	Deceleration, Vehicle float64
}

// A VehicleHead has the lines NAME.red, NAME.amber and NAME.green.
type VehicleHead struct {
	Name     string
	Approach int
	Left     bool // for those who turn left
}

// A Crosswalk is a pedestrian head, with the lines NAME.walk and NAME.dont-walk.
type Crosswalk struct {
	Name     string
	Approach int     // whose road the pedestrians walk along
	Length   float64 // from kerb to kerb, ft
	Button   float64 // from the button to the far kerb, ft; 0: not known
}

// A Phase is what has green together.
type Phase struct {
	Name                string
	Heads               []VehicleHead
	Crosswalks          []Crosswalk
	Detectors, Buttons  []string // lines
	Recall              Recall
	MinimumGreen        time.Duration
	Passage             time.Duration // how long green is kept for the next car
	MaximumGreen        time.Duration // from when somebody else waits
	Yellow              time.Duration
	RedClearance        time.Duration // until a conflicting green
	Walk                time.Duration
	PedestrianClearance time.Duration

	detectors, buttons []int // as indices of the sensors
	dues               phaseDues
}

// A Recall is the call that a phase has without anybody there.
type Recall string

// The recalls.
const (
	RecallNone       Recall = "none"
	RecallMinimum    Recall = "minimum"    // a car's call
	RecallMaximum    Recall = "maximum"    // a car's call, and green up to the maximum
	RecallPedestrian Recall = "pedestrian" // a pedestrian's call
)

// An Emergency is an input by which an emergency vehicle asks for the green of some phases.
type Emergency struct {
	Line   string
	Phases [MostPhases]bool
	Most   time.Duration // how long it may ask; then its input has failed and is not heeded

	dues sensorDues
}

// SensorLimits say when a detector, or a button, has failed. NTCIP 1202, detector diagnostics. 0: that is not judged.
type SensorLimits struct {
	NoActivity  time.Duration // nothing for so long
	MaxPresence time.Duration // somebody there for so long
	MostCounts  int           // edges a minute
}

// A Night is when the crossing flashes instead. From and To are times of day; equal: never.
type Night struct {
	From, To time.Duration // since midnight
	Zone     *time.Location
}

// A sensorPlace is a sensor of the crossing and what it belongs to.
type sensorPlace struct {
	line   string
	phase  int
	button bool
	dues   sensorDues
}

// finish fills in what follows from the rest.
func (c *Config) finish() {
	c.sensors, c.outputs = nil, nil
	for i := range c.Phases {
		p := &c.Phases[i]
		p.dues = duesOfPhase(p.Name)
		for _, h := range p.Heads {
			c.outputs = append(c.outputs, h.Name+".red", h.Name+".amber", h.Name+".green")
		}
		for _, w := range p.Crosswalks {
			c.outputs = append(c.outputs, w.Name+".walk", w.Name+".dont-walk")
		}
		p.detectors, p.buttons = c.addSensors(i, p.Detectors, false), c.addSensors(i, p.Buttons, true)
	}
	for i := range c.Emergencies {
		c.Emergencies[i].dues = duesOfSensor(c.Emergencies[i].Line)
	}
	c.lamps = lampsOf(c.Phases)
}

// addSensors adds the sensors of a phase and returns their indices.
func (c *Config) addSensors(phase int, lines []string, button bool) (indices []int) {
	for _, line := range lines {
		indices = append(indices, len(c.sensors))
		c.sensors = append(c.sensors, sensorPlace{line: line, phase: phase, button: button, dues: duesOfSensor(line)})
	}
	return indices
}

// Conflict reports whether two phases must not have green together.
func (c *Config) Conflict(p, q int) bool { return c.conflicts[p][q] }

// phase returns the place of the phase with a name, -1 if there is none.
func (c *Config) phase(name string) int {
	for i, p := range c.Phases {
		if p.Name == name {
			return i
		}
	}
	return -1
}

func (c *Config) phaseNames() []string {
	names := make([]string, len(c.Phases))
	for i, p := range c.Phases {
		names[i] = p.Name
	}
	return names
}

// safe reports whether output line i is lit at its safe level: red and dont-walk are.
func (c *Config) safe(i int) bool {
	for _, l := range c.lamps {
		if (l.red|l.dontWalk)&(1<<i) != 0 {
			return true
		}
	}
	return false
}

// inputs returns the input lines.
func (c *Config) inputs() []string {
	lines := make([]string, 0, len(c.sensors)+len(c.Emergencies))
	for _, s := range c.sensors {
		lines = append(lines, s.line)
	}
	for _, e := range c.Emergencies {
		lines = append(lines, e.Line)
	}
	return lines
}

// is reports whether it is night at a time, and when that changes next. 0: it never does.
func (n Night) is(at machines.Instant) (night bool, next machines.Instant) {
	if n.From == n.To {
		return false, 0
	}
	t := at.Time().In(n.Zone)
	// A Pi without a clock begins decades ago: no schedule holds before somebody has told it the time.
	if t.Year() < 2025 {
		return false, machines.InstantOf(time.Date(2025, 1, 2, 0, 0, 0, 0, time.UTC))
	}
	y, m, d := t.Date()
	for day := -1; day <= 1; day++ {
		from := timeOfDay(y, m, d+day, n.From, n.Zone)
		to := timeOfDay(y, m, d+day, n.To, n.Zone)
		if n.To < n.From {
			to = timeOfDay(y, m, d+day+1, n.To, n.Zone)
		}
		switch {
		case t.Before(from):
			return false, machines.InstantOf(from)
		case t.Before(to):
			return true, machines.InstantOf(to)
		}
	}
	return false, machines.InstantOf(timeOfDay(y, m, d+2, n.From, n.Zone))
}

// timeOfDay is a day's time as its clocks show it: also on the days on which they are changed.
func timeOfDay(y int, m time.Month, d int, since time.Duration, zone *time.Location) time.Time {
	return time.Date(y, m, d, int(since/time.Hour), int(since%time.Hour/time.Minute), int(since%time.Minute/time.Second), 0, zone)
}
