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

// A Sensor is a detector, a button, or an emergency vehicle's input. While a detector or a button has failed, its phase has a
// call; an emergency input that has failed is ignored.
type Sensor struct {
	Condition Condition
	Why       Failure // why it has failed
	High      bool
	Counts    int32            // edges in the minute that ends at Minute
	Minute    machines.Instant // 0: no edges are counted
	Until     machines.Instant // when it has been off, or on, for too long; 0: no limit
}

// present reports whether a car or a pedestrian is there. A sensor that has failed counts as one.
func (s Sensor) present() bool { return s.High || s.Condition == Failed }

// newSensor returns the machine of a sensor.
func newSensor() *machines.Part[Condition] {
	return machines.NewPart(
		Working,
		machines.On("fail", Failed, Working),
		machines.On("recover", Working, Failed),
	)
}

// restartTimer restarts the time for which the sensor may keep its level: after an edge, and at power-up.
func (s *Sensor) restartTimer(l SensorLimits, at machines.Instant) {
	limit := l.NoActivity
	if s.High {
		limit = l.MaxPresence
	}
	s.Until = 0
	if limit > 0 {
		s.Until = at.Add(limit)
	}
}

// senseEdge updates a sensor after an edge: its level, its diagnostics and its condition.
func (c *applier) senseEdge(s *Sensor, line string, l SensorLimits, high bool) {
	s.High = high
	s.restartTimer(l, c.at)
	if s.Minute == 0 {
		s.Minute = c.at.Add(time.Minute)
	}
	s.Counts++
	switch {
	case s.Why == NoActivity, s.Why == MaxPresence && !high:
		c.recoverSensor(s, line)
	case l.MaxCounts > 0 && int(s.Counts) > l.MaxCounts:
		c.failSensor(s, line, Erratic, fmt.Sprintf("more than %d edges a minute", l.MaxCounts))
	}
}

// passSensor does what is due of a sensor: it ends the minute of counting, and fails the sensor that has kept its level for
// too long. At night a sensor may be off for any time.
func (c *applier) passSensor(s *Sensor, line string, l SensorLimits) {
	if s.Minute.Reached(c.at) {
		if s.Why == Erratic && int(s.Counts) <= l.MaxCounts {
			c.recoverSensor(s, line)
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
	case c.Mode == Flashing: // traffic goes when it can, and may stand on a detector for any time
		s.restartTimer(l, c.at)
	case s.High:
		c.failSensor(s, line, MaxPresence, "on for "+l.MaxPresence.String())
	case c.IsNight:
		s.restartTimer(l, c.at)
	default:
		c.failSensor(s, line, NoActivity, "quiet for "+l.NoActivity.String())
	}
}

func (c *applier) failSensor(s *Sensor, line string, why Failure, figure string) {
	if c.parts.sensor.Fire(&s.Condition, "fail") {
		s.Why = why
		c.note(fmt.Sprintf("%s has failed: %s (%s)", line, why, figure))
	}
}

func (c *applier) recoverSensor(s *Sensor, line string) {
	if c.parts.sensor.Fire(&s.Condition, "recover") {
		s.Why = NoFailure
		c.note(line + " works again")
	}
}

// edge applies an input's new level. A button places a call unless walk is shown, a detector unless green is shown.
func (c *applier) edge(e machines.Edge) {
	for i, sensor := range c.config.sensors {
		if sensor.line != e.Line {
			continue
		}
		calls, phase := &c.Calls[sensor.phase], c.config.Phases[sensor.phase].Name
		c.senseEdge(&c.Sensors[i], e.Line, sensor.limits, e.High)
		switch {
		case !e.High:
		case sensor.button && c.Pedestrians[sensor.phase].Shows != Walk:
			c.placeCall(&calls.Pedestrian, phase+" pedestrians")
		case !sensor.button && c.Heads[sensor.phase].Shows != Green:
			c.placeCall(&calls.Vehicle, phase+" vehicles")
		}
	}
	for i, emergency := range c.config.Emergencies {
		if emergency.Line == e.Line {
			c.senseEdge(&c.Emergencies[i], e.Line, emergency.limits(), e.High)
			if e.High {
				c.note("an emergency vehicle: " + e.Line)
			} else {
				c.note("the emergency vehicle has passed: " + e.Line)
			}
		}
	}
}

// carPresent reports whether a car is on one of a phase's detectors; see [Sensor.present].
func (c *applier) carPresent(p int) bool {
	for _, i := range c.config.Phases[p].detectors {
		if c.Sensors[i].present() {
			return true
		}
	}
	return false
}

// anyFailed reports whether one of the given sensors has failed.
func (c *applier) anyFailed(sensors []int) bool {
	for _, i := range sensors {
		if c.Sensors[i].Condition == Failed {
			return true
		}
	}
	return false
}

// emergency returns the index of the first emergency input that is on and works, -1 if there is none.
func (c *applier) emergency() int {
	for i := range c.config.Emergencies {
		if s := c.Emergencies[i]; s.High && s.Condition == Working {
			return i
		}
	}
	return -1
}
