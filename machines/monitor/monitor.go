// Package monitor watches the lamps of a crossing and puts it into its fail-safe when they show what must not be.
//
//	[Monitor]  reads the outputs back, and nothing else: it knows neither the definition nor the plant nor what they want
//	[Fault]    what it has seen; from then on all heads flash red
//	[Latch]    where a fault is kept until a person clears it: it survives a restart and a loss of power
//
// It lives on the one clock. A fault has to be seen for a while before it counts, as lamps do not change at one instant; the
// figures are those of conflict monitors: EDI NSM-E, Reno MMU-1600G.
package monitor

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"signalbox/machines"
)

// The times of the figures that monitors of cabinets have.
const (
	// ConflictTime: conflicting greens, walks and yellows must trip if they are lit for more than 450 ms, and must not if for
	// less than 200 ms. EDI NSM-E, Reno MMU-1600G.
	ConflictTime = 300 * time.Millisecond
	// RedFailTime: a vehicle head without any lamp lit. Reno MMU-1600G.
	RedFailTime = 800 * time.Millisecond
	// DualTime: two lamps of one head lit. Reno MMU-1600G.
	DualTime = 1000 * time.Millisecond
	// YellowLeast: a yellow that is shorter is too short. Reno MMU-1600G.
	YellowLeast = 2700 * time.Millisecond
	// FeedTime is how long the controller may be silent. Ours: it shows that it lives twice a second.
	FeedTime = 2 * time.Second
	// LookEvery is how often the lamps are read, beside whenever somebody says that they have changed.
	LookEvery = 50 * time.Millisecond
)

// Flashing: MUTCD 11th ed. §4G.01 asks for 50 to 60 flashes a minute, lit half to two thirds of the period.
const (
	flashLit  = 600 * time.Millisecond
	flashDark = 500 * time.Millisecond
)

// The kinds of faults.
const (
	Conflict   = "conflict"
	RedFail    = "red failure"
	Yellow     = "short yellow"
	Dual       = "dual indication"
	Controller = "controller silent"
	ReadBack   = "lamps cannot be read"
)

// A Fault is what made the monitor trip.
type Fault struct {
	Kind   string    `json:"kind"`
	Detail string    `json:"detail"` // which heads, for how long
	Time   time.Time `json:"time"`
}

func (f *Fault) Error() string { return "monitor: " + f.Kind + ": " + f.Detail }

// A Latch keeps the fault.
type Latch interface {
	// Load returns the fault that is latched, nil if there is none. One that cannot be read is an error: then a fault must be
	// assumed.
	Load() (*Fault, error)
	// Store returns when the fault is safe.
	Store(*Fault) error
}

// Lamps are the outputs as the monitor reaches them: Read says what a line really is, Write takes it over.
type Lamps interface {
	Read(line string) (bool, error)
	Write(line string, high bool, why string) error
}

// A Config says what a Monitor works with.
type Config struct {
	Watch *machines.Watch
	Clock machines.Clock
	Lamps Lamps
	Latch Latch
	// Trip is called when a fault is seen, and at the beginning when one is latched: whoever moves the lamps must stop. After
	// it they are the monitor's. A Latch that could not keep the fault is told beside it, nil if it could.
	Trip func(f *Fault, latch error)
}

// A Monitor watches until it is closed. Its methods are for the clock's goroutine.
type Monitor struct {
	config   Config
	lit      map[string]bool // as read
	since    []seen          // by channel
	pairs    []time.Time     // by conflict: since when both go; zero: they do not
	began    time.Time
	fed      time.Time
	fault    *Fault
	dark     bool // of the flash
	stop     func() bool
	looking  bool // a look is in the queue
	closed   bool
	reported error // the first lamp that could not be flashed
}

// seen is what has been seen of one head. Times are since when; zero: not now.
type seen struct {
	none, dual time.Time
	green      bool
	yellow     time.Time // after green
}

// New begins to watch. A fault that is latched already trips at once.
func New(c Config) *Monitor {
	now := c.Clock.Now()
	m := &Monitor{
		config: c, lit: map[string]bool{}, since: make([]seen, len(c.Watch.Channels)),
		pairs: make([]time.Time, len(c.Watch.Conflicts)), began: now, fed: now,
	}
	f, err := c.Latch.Load()
	if err != nil {
		f = &Fault{Kind: ReadBack, Detail: fmt.Sprintf("the latched fault: %v", err), Time: now}
	}
	if f != nil {
		m.takeOver(f, nil)
		return m
	}
	m.tick()
	return m
}

// Fault returns the fault for which the monitor has tripped, nil while all is well.
func (m *Monitor) Fault() *Fault { return m.fault }

// Feed is the controller's sign that it lives.
func (m *Monitor) Feed() { m.fed = m.config.Clock.Now() }

// Changed says that a lamp may have changed: the monitor looks at once, after what is being done now, instead of at its next
// turn.
func (m *Monitor) Changed() {
	if m.looking || m.fault != nil || m.closed {
		return
	}
	m.looking = true
	m.config.Clock.AfterFunc(0, func() {
		m.looking = false
		m.look()
	})
}

// Close ends the watch, or the flashing.
func (m *Monitor) Close() {
	m.closed = true
	if m.stop != nil {
		m.stop()
	}
}

func (m *Monitor) tick() {
	m.look()
	if m.fault == nil && !m.closed {
		m.stop = m.config.Clock.AfterFunc(LookEvery, m.tick)
	}
}

// look reads all lamps and judges them.
func (m *Monitor) look() {
	if m.fault != nil || m.closed {
		return
	}
	now := m.config.Clock.Now()
	for _, c := range m.config.Watch.Channels {
		for _, line := range lines(c) {
			high, err := m.config.Lamps.Read(line)
			if err != nil {
				m.trip(ReadBack, "%v", err)
				return
			}
			m.lit[line] = high
		}
	}
	for i, c := range m.config.Watch.Channels {
		if c.Red != "" {
			m.head(&m.since[i], c, now)
		}
	}
	for i, pair := range m.config.Watch.Conflicts {
		m.pair(&m.pairs[i], pair, now)
	}
	if silent := now.Sub(m.fed); silent > FeedTime {
		m.trip(Controller, "no sign of life for %v", silent.Round(time.Millisecond))
	}
}

func lines(c machines.Channel) []string {
	if c.Red != "" {
		return []string{c.Red, c.Amber, c.Green}
	}
	return []string{c.Walk, c.DontWalk}
}

// lasts notes since when something is so, and reports for how long.
func lasts(since *time.Time, so bool, now time.Time) time.Duration {
	switch {
	case !so:
		*since = time.Time{}
		return -1
	case since.IsZero():
		*since = now
	}
	return now.Sub(*since)
}

// head judges a vehicle head by itself.
func (m *Monitor) head(s *seen, c machines.Channel, now time.Time) {
	red, amber, green := m.lit[c.Red], m.lit[c.Amber], m.lit[c.Green]
	starting := now.Sub(m.began) < m.config.Watch.StartDark
	if d := lasts(&s.none, !red && !amber && !green && !starting, now); d >= RedFailTime {
		m.trip(RedFail, "%s has had no lamp lit for %v", c.Name, d)
	}
	dual := red && green || amber && green || red && amber && !m.config.Watch.UK
	if d := lasts(&s.dual, dual, now); d >= DualTime {
		m.trip(Dual, "%s has had two lamps lit for %v", c.Name, d)
	}
	switch {
	case green: // a lamp beside it is a dual indication, and no yellow
		s.yellow = time.Time{}
	case s.green && !amber:
		m.trip(Yellow, "%s went from green without any", c.Name)
	case s.green:
		s.yellow = now
	case !s.yellow.IsZero() && !amber:
		if d := now.Sub(s.yellow); d < YellowLeast {
			m.trip(Yellow, "%s had %v of it", c.Name, d)
		}
		s.yellow = time.Time{}
	}
	s.green = green
}

// pair judges two heads that conflict.
func (m *Monitor) pair(since *time.Time, pair [2]int, now time.Time) {
	one, other := m.config.Watch.Channels[pair[0]], m.config.Watch.Channels[pair[1]]
	going, against := m.goes(one), m.goes(other)
	both := going != "" && against != ""
	if m.config.Watch.UK && strings.HasSuffix(going, "amber") && strings.HasSuffix(against, "amber") {
		both = false // at start-up all but one head show amber
	}
	if d := lasts(since, both, now); d >= ConflictTime {
		m.trip(Conflict, "%s and %s have been lit together for %v", going, against, d)
	}
}

// goes returns the lamp at which the traffic of a head moves, "" if none is lit.
func (m *Monitor) goes(c machines.Channel) string {
	for _, line := range []string{c.Green, c.Amber, c.Walk} {
		if line != "" && m.lit[line] {
			return line
		}
	}
	return ""
}

// trip latches a fault, the first one only, and takes the lamps.
func (m *Monitor) trip(kind, format string, args ...any) {
	if m.fault != nil {
		return
	}
	f := &Fault{Kind: kind, Detail: fmt.Sprintf(format, args...), Time: m.config.Clock.Now().UTC()}
	m.takeOver(f, m.config.Latch.Store(f))
}

func (m *Monitor) takeOver(f *Fault, latch error) {
	m.fault = f
	if m.stop != nil {
		m.stop()
	}
	m.config.Trip(f, latch)
	for _, c := range m.config.Watch.Channels {
		for _, line := range slices.Backward(lines(c)) {
			if line != c.Red {
				m.write(line, false)
			}
		}
	}
	m.flash()
}

// flash is the fail-safe: all red lamps on and off. The interval counts from now, so that a late timer shortens none.
func (m *Monitor) flash() {
	if m.closed {
		return
	}
	for _, c := range m.config.Watch.Channels {
		if c.Red != "" {
			m.write(c.Red, !m.dark)
		}
	}
	next := flashLit
	if m.dark {
		next = flashDark
	}
	m.dark = !m.dark
	m.stop = m.config.Clock.AfterFunc(next, m.flash)
}

// write moves a lamp as well as it can be: one that cannot must not keep the others from flashing.
func (m *Monitor) write(line string, high bool) {
	if err := m.config.Lamps.Write(line, high, "monitor: "+m.fault.Kind); err != nil && m.reported == nil {
		m.reported = err
	}
}

// Failed returns the first error of a lamp that could not be flashed, nil if all can.
func (m *Monitor) Failed() error { return m.reported }
