package intersection

import (
	"fmt"
	"time"

	"signalbox/machines"
)

// A Condition is a state of a sensor's machine.
type Condition uint8

// The conditions. The zero Condition is that of a sensor that does not exist.
const (
	Working Condition = iota + 1
	Failed
)

// String returns the condition's name: "working".
func (c Condition) String() string { return [...]string{"", "working", "failed"}[c] }

// A Failure is why a sensor has failed. NTCIP 1202, detector diagnostics.
type Failure uint8

// The failures.
const (
	NoFailure Failure = iota
	NoActivity
	MaxPresence
	Erratic
)

// String returns the failure in words: "no activity"; "" for none.
func (f Failure) String() string {
	return [...]string{"", "no activity", "maximum presence", "erratic counts"}[f]
}

// A Sensor is a detector, a button, or an emergency vehicle's input. One that has failed is a call of its phase for as long
// as it has; an emergency input that has failed is not heeded.
type Sensor struct {
	Condition Condition
	Why       Failure // why it has failed
	High      bool
	Until     machines.Instant // when it has been quiet, or on, for too long. 0: that is not judged
	Counts    int              // edges in the minute that ends at Minute
	Minute    machines.Instant
}

// present reports whether somebody is there, as far as one knows.
func (s Sensor) present() bool { return s.High || s.Condition == Failed }

func newSensor() *machines.Part[Condition] {
	return machines.NewPart(
		Working,
		machines.On("fail", Failed, Working),
		machines.On("recover", Working, Failed),
	)
}

// watch begins a sensor's times anew after an edge, or at power-up.
func (s *Sensor) watch(l SensorLimits, at machines.Instant) {
	limit := l.NoActivity
	if s.High {
		limit = l.MaxPresence
	}
	s.Until = 0
	if limit > 0 {
		s.Until = at.Add(limit)
	}
}

// sensed takes an edge of a sensor in.
func (c *applier) sensed(s *Sensor, line string, l SensorLimits, high bool) {
	s.High = high
	s.watch(l, c.at)
	if s.Minute == 0 {
		s.Minute = c.at.Add(time.Minute)
	}
	s.Counts++
	switch {
	case s.Why == NoActivity, s.Why == MaxPresence && !high:
		c.recovers(s, line)
	case l.MostCounts > 0 && s.Counts > l.MostCounts:
		c.fails(s, line, Erratic, fmt.Sprintf("more than %d edges a minute", l.MostCounts))
	}
}

// passes lets time pass for a sensor. At night nobody needs to come.
func (c *applier) passes(s *Sensor, line string, l SensorLimits) {
	if s.Minute.Reached(c.at) {
		if s.Why == Erratic && s.Counts <= l.MostCounts {
			c.recovers(s, line)
		}
		s.Minute, s.Counts = 0, 0
		if s.Condition == Failed && s.Why == Erratic {
			s.Minute = c.at.Add(time.Minute)
		}
	}
	if !s.Until.Reached(c.at) {
		return
	}
	s.Until = 0
	switch {
	case c.Mode == Flashing: // whoever waits may go when he likes, and stands there when he likes
		s.watch(l, c.at)
	case s.High:
		c.fails(s, line, MaxPresence, "on for "+l.MaxPresence.String())
	case c.IsNight:
		s.watch(l, c.at)
	default:
		c.fails(s, line, NoActivity, "quiet for "+l.NoActivity.String())
	}
}

func (c *applier) fails(s *Sensor, line string, why Failure, figure string) {
	if condition, ok := c.parts.sensor.After(s.Condition, "fail"); ok {
		s.Condition, s.Why = condition, why
		c.note(fmt.Sprintf("%s has failed: %s (%s)", line, why, figure))
	}
}

func (c *applier) recovers(s *Sensor, line string) {
	if condition, ok := c.parts.sensor.After(s.Condition, "recover"); ok {
		s.Condition, s.Why = condition, NoFailure
		c.note(line + " works again")
	}
}

// edge takes an input's new level in. A press counts but while walk is shown; a car counts but while green is shown.
func (c *applier) edge(e machines.Edge) {
	for i, place := range c.config.sensors {
		if place.line != e.Line {
			continue
		}
		calls, phase := &c.Calls[place.phase], c.config.Phases[place.phase].Name
		c.sensed(&c.Sensors[i], e.Line, c.limits(place), e.High)
		switch {
		case !e.High:
		case place.button && c.Pedestrians[place.phase].Shows != Walk:
			c.place(&calls.Pedestrian, phase+" pedestrians")
		case !place.button && c.Heads[place.phase].Shows != Green:
			c.place(&calls.Vehicle, phase+" vehicles")
		}
	}
	for i, place := range c.config.Emergencies {
		if place.Line == e.Line {
			c.sensed(&c.Emergencies[i], e.Line, SensorLimits{MaxPresence: place.Most}, e.High)
			if e.High {
				c.note("an emergency vehicle: " + e.Line)
			} else {
				c.note("the emergency vehicle has passed: " + e.Line)
			}
		}
	}
}

func (c *applier) limits(place sensorPlace) SensorLimits {
	if place.button {
		return c.config.Buttons
	}
	return c.config.Detectors
}

// carPresent reports whether a car is on one of a phase's detectors, as far as one knows.
func (c *applier) carPresent(p int) bool {
	for _, i := range c.config.Phases[p].detectors {
		if c.Sensors[i].present() {
			return true
		}
	}
	return false
}

// failed reports whether one of some sensors has failed.
func (c *applier) failed(sensors []int) bool {
	for _, i := range sensors {
		if c.Sensors[i].Condition == Failed {
			return true
		}
	}
	return false
}

// emergency returns the emergency that is heeded now, the first one that asks; -1 if none does.
func (c *applier) emergency() int {
	for i := range c.config.Emergencies {
		if s := c.Emergencies[i]; s.High && s.Condition == Working {
			return i
		}
	}
	return -1
}
