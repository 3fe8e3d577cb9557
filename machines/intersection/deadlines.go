package intersection

import "signalbox/machines"

// What a deadline's name says behind the name of its phase or line. The log shows these names as the reason of a change.
const (
	dueHead       = ": shown long enough"
	duePedestrian = "-pedestrians: shown long enough"
	dueMinimum    = ": minimum green"
	duePassage    = ": passage time"
	dueMaximum    = ": maximum green"
	dueIdle       = ": could go"
	dueSensor     = ": too long"
	dueMinute     = ": counted for a minute"
)

// The names of deadlines that belong to no phase and no line.
const (
	dueFlash = "flash"
	dueNight = "night"
	dueFeed  = "feed"
)

// phaseDues are the names of a phase's deadlines.
type phaseDues struct{ head, pedestrian, minimum, passage, maximum, idle string }

// sensorDues are the names of a sensor's deadlines.
type sensorDues struct{ tooLong, minute string }

func duesOfPhase(name string) phaseDues {
	return phaseDues{
		head: name + dueHead, pedestrian: name + duePedestrian, minimum: name + dueMinimum,
		passage: name + duePassage, maximum: name + dueMaximum, idle: name + dueIdle,
	}
}

func duesOfSensor(line string) sensorDues { return sensorDues{line + dueSensor, line + dueMinute} }

// deadlines returns all that the plant waits for in a state.
func (c *Config) deadlines(s *State) []machines.Deadline {
	all := make([]machines.Deadline, 0, 16)
	add := func(name string, at machines.Instant) {
		if at != 0 {
			all = append(all, machines.Deadline{Name: name, At: at.Time()})
		}
	}
	for p := range c.Phases {
		dues := &c.Phases[p].dues
		add(dues.head, s.Heads[p].Until)
		add(dues.pedestrian, s.Pedestrians[p].Until)
		add(dues.minimum, s.Greens[p].Min)
		add(dues.passage, s.Greens[p].Gap)
		add(dues.maximum, s.Greens[p].Max)
		add(dues.idle, s.Idle[p].Until)
	}
	for i := range c.sensors {
		add(c.sensors[i].dues.tooLong, s.Sensors[i].Until)
		add(c.sensors[i].dues.minute, s.Sensors[i].Minute)
	}
	for i := range c.Emergencies {
		add(c.Emergencies[i].dues.tooLong, s.Emergencies[i].Until)
		add(c.Emergencies[i].dues.minute, s.Emergencies[i].Minute)
	}
	add(dueFlash, s.Flasher.Next)
	add(dueNight, s.NightTurns)
	add(dueFeed, s.Feed)
	return all
}
