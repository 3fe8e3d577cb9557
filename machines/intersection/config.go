package intersection

import (
	"time"

	"signalbox/machines"
)

// The most parts that a crossing may have. They are limited because a [State] has no slices.
const (
	MaxPhases      = 8
	MaxHeads       = 8 // vehicle heads, and as many pedestrian heads
	maxSensors     = 24
	maxEmergencies = 4
	maxCallTickets = 4 // Tasks in await-call at once: one for each ring, and some to spare
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

// A Config is a crossing as its file describes it, with all computed times. It is immutable once read.
type Config struct {
	Style       Style
	Approaches  []Approach
	Phases      []Phase
	Emergencies []Emergency
	Night       Night
	Detectors   SensorLimits
	Buttons     SensorLimits

	conflicts [MaxPhases][MaxPhases]bool
	sensors   []sensorInput
	outputs   []string     // the output lines: phase by phase, head by head
	lamps     []phaseLamps // by phase
	text      []byte       // the file
}

// An Approach is a road that leads to the crossing.
type Approach struct {
	Name  string
	Sides []int // the sides that its traffic comes from: [North], [East], …
	// Yellow and red clearance are computed from these: mph, %, ft.
	Speed, Grade, Width float64
	// Deceleration of a braking vehicle, ft/s²; Vehicle is a vehicle's length, ft.
	Deceleration, Vehicle float64
}

// A VehicleHead has the lines NAME.red, NAME.amber and NAME.green.
type VehicleHead struct {
	Name     string
	Approach int
	Left     bool // for traffic that turns left
}

// A Crosswalk is a pedestrian head, with the lines NAME.walk and NAME.dont-walk.
type Crosswalk struct {
	Name     string
	Approach int     // whose road the pedestrians walk along
	Length   float64 // from kerb to kerb, ft
	Button   float64 // from the button to the far kerb, ft; 0: unknown
}

// A Phase is a group of heads that have green together.
type Phase struct {
	Name                string
	Heads               []VehicleHead
	Crosswalks          []Crosswalk
	Detectors, Buttons  []string // lines
	Recall              Recall
	MinimumGreen        time.Duration
	Passage             time.Duration // how long green lasts after a car has left the detector
	MaximumGreen        time.Duration // from the first call of another phase
	Yellow              time.Duration
	RedClearance        time.Duration // from red to a conflicting green
	Walk                time.Duration
	PedestrianClearance time.Duration

	detectors, buttons []int // as indices of the sensors
	dues               phaseDues
}

// A Recall is a call that a phase has although no sensor has placed one.
type Recall string

// The recalls.
const (
	RecallNone       Recall = "none"
	RecallMinimum    Recall = "minimum"    // a vehicle call
	RecallMaximum    Recall = "maximum"    // a vehicle call, and green up to the maximum
	RecallPedestrian Recall = "pedestrian" // a pedestrian call
)

// An Emergency is an input by which an emergency vehicle asks for the green of some phases.
type Emergency struct {
	Line        string
	Phases      [MaxPhases]bool
	MaxDuration time.Duration // how long the input may be on; then it has failed and is ignored

	dues sensorDues
}

// SensorLimits are the limits beyond which a detector or a button has failed; 0: no limit. NTCIP 1202, detector diagnostics.
type SensorLimits struct {
	NoActivity  time.Duration // off for this long
	MaxPresence time.Duration // on for this long
	MaxCounts   int           // more edges than this in a minute
}

// A Night is the time in which the crossing flashes. From and To are times of day; equal: never.
type Night struct {
	From, To time.Duration // since midnight
	Zone     *time.Location
}

// A sensorInput is the input line of a detector or a button, with the phase that it belongs to.
type sensorInput struct {
	line   string
	phase  int
	button bool
	limits SensorLimits
	dues   sensorDues
}

// finish fills in the fields that are computed from the others.
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
		p.detectors = c.addSensors(p.Detectors, sensorInput{phase: i, limits: c.Detectors})
		p.buttons = c.addSensors(p.Buttons, sensorInput{phase: i, button: true, limits: c.Buttons})
	}
	for i := range c.Emergencies {
		c.Emergencies[i].dues = duesOfSensor(c.Emergencies[i].Line)
	}
	c.lamps = lampsOf(c.Phases)
}

// addSensors adds a sensor for each line, with the other fields of the given one, and returns their indices.
func (c *Config) addSensors(lines []string, sensor sensorInput) (indices []int) {
	for _, line := range lines {
		sensor.line, sensor.dues = line, duesOfSensor(line)
		indices = append(indices, len(c.sensors))
		c.sensors = append(c.sensors, sensor)
	}
	return indices
}

// limits returns the limits of an emergency input.
func (e *Emergency) limits() SensorLimits { return SensorLimits{MaxPresence: e.MaxDuration} }

// Conflict reports whether two phases must not have green together.
func (c *Config) Conflict(p, q int) bool { return c.conflicts[p][q] }

// phase returns the index of the phase with a name, -1 if there is none.
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

// at reports whether it is night at a time, and when that changes next; 0: never.
func (n Night) at(at machines.Instant) (night bool, next machines.Instant) {
	if n.From == n.To {
		return false, 0
	}
	t := at.Time().In(n.Zone)
	// A Pi has no battery-backed clock and starts decades in the past: there is no night before its clock has been set.
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

// timeOfDay returns a time of a day by the local clock, also on days on which it is changed.
func timeOfDay(y int, m time.Month, d int, since time.Duration, zone *time.Location) time.Time {
	return time.Date(y, m, d, int(since/time.Hour), int(since%time.Hour/time.Minute), int(since%time.Minute/time.Second), 0, zone)
}
