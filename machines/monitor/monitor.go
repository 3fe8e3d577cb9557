// Package monitor watches the lamps of a crossing and forces the fail-safe (all heads flash red) when they show a dangerous
// combination.
//
//	[Monitor]  reads the outputs back; it shares no code with the definition or the plant, and does not know what they intend
//	[Fault]    what it has seen; from then on all heads flash red
//	[Latch]    stores a fault until a person clears it, across restarts and power cuts
//
// It lives on the one clock. A fault counts only after it has lasted for a while, as lamps do not change at one instant; the
// limits are those of conflict monitors: EDI NSM-E, Reno MMU-1600G.
package monitor

import (
	"fmt"
	"time"

	"signalbox/machines"
)

// The limits of conflict monitors in traffic signal cabinets.
const (
	// ConflictTime: conflicting greens, walks and yellows must trip if they are lit for more than 450 ms, and must not if for
	// less than 200 ms. EDI NSM-E, Reno MMU-1600G.
	ConflictTime = 300 * time.Millisecond
	// RedFailTime: a vehicle head has no lamp lit. Reno MMU-1600G.
	RedFailTime = 800 * time.Millisecond
	// DualTime: two lamps of one head are lit. Reno MMU-1600G.
	DualTime = 1000 * time.Millisecond
	// YellowLeast: a shorter yellow trips. Reno MMU-1600G.
	YellowLeast = 2700 * time.Millisecond
	// FeedTime is how long the controller may be silent. Ours: the rig calls Feed at least twice a second.
	FeedTime = 2 * time.Second
	// LookEvery is the longest time between two looks at the lamps; see also [Monitor.Changed].
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

// A Fault is why the monitor tripped.
type Fault struct {
	Kind   string    `json:"kind"`
	Detail string    `json:"detail"` // which heads, for how long
	Time   time.Time `json:"time"`
}

func (f *Fault) Error() string { return "monitor: " + f.Kind + ": " + f.Detail }

// A Latch stores a fault until a person clears it.
type Latch interface {
	// Load returns the stored fault, nil if there is none. An error means that there may be one: the monitor then trips.
	Load() (*Fault, error)
	// Store returns when the fault is on disk.
	Store(*Fault) error
}

// Lamps are the output lines, by name.
type Lamps interface {
	// Lamp returns a line's lamp, which stays valid as long as the lines are open. An error means that there is no such output.
	Lamp(line string) (Lamp, error)
}

// A Lamp is one output line. Levels are logical: true is lit.
type Lamp interface {
	// Read returns the level that the line really has, whatever was written.
	Read() (lit bool, err error)
	// Write sets the level. Why is for the log.
	Write(lit bool, why string) error
}

// A Config is what [New] needs.
type Config struct {
	Watch *machines.Watch
	Clock machines.Clock
	Lamps Lamps
	Latch Latch
	// Trip is called once, when the monitor trips: the controller must stop writing the lamps, which are the monitor's from then
	// on. Latch is the error of storing the fault, nil if it is stored.
	Trip func(f *Fault, latch error)
}

// A Monitor watches the lamps until Close. Its methods are for the clock's goroutine.
type Monitor struct {
	config   Config
	lamps    []lamp
	channels []channel // in the order of the Watch
	pairs    []pair
	began    time.Time
	fed      time.Time // the last Feed
	timing   bool      // the last judgement depends on how long things last: judge again although no lamp has changed
	fault    *Fault
	dark     bool        // the next half of the flash
	stop     func() bool // of the next look, or the next half of the flash
	tick     func()      // looks, then waits for the next look
	looking  bool        // a look is in the clock's queue
	closed   bool
	failed   error // the first error of a lamp that could not be flashed
}

// A lamp is a line of a channel.
type lamp struct {
	Lamp
	line  string
	amber bool
	lit   bool // as read at the last look
}

// A channel is a head with its lamps as indices of [Monitor.lamps], and since when it shows what must not last; zero: it does
// not show that.
type channel struct {
	name              string
	first, end        int // of its lamps
	red, amber, green int // of a vehicle head, else -1
	walk              int // of a pedestrian head, else -1
	none, dual        time.Time
	wasGreen          bool      // at the last judgement
	yellow            time.Time // when yellow followed green
}

// A pair is two channels that must not go together, as indices, and since when they do; zero: they do not.
type pair struct {
	one, other int
	since      time.Time
}

// New starts to watch. A stored fault trips at once. An error means that an output of the Watch does not exist; then nothing
// is watched, and the machine must not start.
func New(c Config) (*Monitor, error) {
	now := c.Clock.Now()
	m := &Monitor{config: c, began: now, fed: now, timing: true}
	m.tick = m.lookRegularly
	for _, ch := range c.Watch.Channels {
		if err := m.addChannel(ch); err != nil {
			return nil, err
		}
	}
	for _, p := range c.Watch.Conflicts {
		m.pairs = append(m.pairs, pair{one: p[0], other: p[1]})
	}
	f, err := c.Latch.Load()
	if err != nil {
		f = &Fault{Kind: ReadBack, Detail: fmt.Sprintf("the latched fault: %v", err), Time: now}
	}
	if f != nil {
		m.takeOver(f, nil)
	} else {
		m.tick()
	}
	return m, nil
}

// addChannel adds a head and resolves its lamps.
func (m *Monitor) addChannel(ch machines.Channel) (err error) {
	add := func(line string) int {
		l := lamp{line: line, amber: line == ch.Amber}
		if err == nil {
			l.Lamp, err = m.config.Lamps.Lamp(line)
		}
		m.lamps = append(m.lamps, l)
		return len(m.lamps) - 1
	}
	c := channel{name: ch.Name, first: len(m.lamps), red: -1, amber: -1, green: -1, walk: -1}
	if ch.Red != "" {
		c.red, c.amber, c.green = add(ch.Red), add(ch.Amber), add(ch.Green)
	} else {
		c.walk = add(ch.Walk)
		add(ch.DontWalk)
	}
	c.end = len(m.lamps)
	m.channels = append(m.channels, c)
	return err
}

// Fault returns why the monitor has tripped, nil if it has not.
func (m *Monitor) Fault() *Fault { return m.fault }

// Feed reports that the controller is alive. Without it for [FeedTime] the monitor trips.
func (m *Monitor) Feed() { m.fed = m.config.Clock.Now() }

// Changed reports that a lamp may have changed: the monitor looks as soon as the clock has done what is due now, instead of
// at its next regular look.
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

// lookRegularly looks now and every [LookEvery] from now on.
func (m *Monitor) lookRegularly() {
	m.look()
	if m.fault == nil && !m.closed {
		m.stop = m.config.Clock.AfterFunc(LookEvery, m.tick)
	}
}

// look reads every lamp. It judges them if one has changed since the last look, or if the last judgement left something to
// time; else the judgement would be the same.
func (m *Monitor) look() {
	if m.fault != nil || m.closed {
		return
	}
	changed := false
	for i := range m.lamps {
		l := &m.lamps[i]
		lit, err := l.Read()
		if err != nil {
			m.trip(ReadBack, "%v", err)
			return
		}
		changed = changed || lit != l.lit
		l.lit = lit
	}
	now := m.config.Clock.Now()
	if changed || m.timing {
		m.judge(now)
	}
	if silent := now.Sub(m.fed); silent > FeedTime {
		m.trip(Controller, "no sign of life for %v", silent.Round(time.Millisecond))
	}
}

// judge judges all heads, then all pairs that conflict.
func (m *Monitor) judge(now time.Time) {
	starting := now.Sub(m.began) < m.config.Watch.StartDark
	m.timing = starting
	for i := range m.channels {
		if c := &m.channels[i]; c.red >= 0 {
			m.judgeHead(c, starting, now)
			m.timing = m.timing || !c.none.IsZero() || !c.dual.IsZero()
		}
	}
	for i := range m.pairs {
		m.judgePair(&m.pairs[i], now)
		m.timing = m.timing || !m.pairs[i].since.IsZero()
	}
}

// lasts keeps since up to date and returns for how long so has been true, -1 if it is not.
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

// judgeHead judges a vehicle head by itself. While starting it may be dark.
func (m *Monitor) judgeHead(c *channel, starting bool, now time.Time) {
	red, amber, green := m.lamps[c.red].lit, m.lamps[c.amber].lit, m.lamps[c.green].lit
	if d := lasts(&c.none, !red && !amber && !green && !starting, now); d >= RedFailTime {
		m.trip(RedFail, "%s has had no lamp lit for %v", c.name, d)
	}
	dual := red && green || amber && green || red && amber && !m.config.Watch.UK
	if d := lasts(&c.dual, dual, now); d >= DualTime {
		m.trip(Dual, "%s has had two lamps lit for %v", c.name, d)
	}
	switch {
	case green: // amber beside it is a dual indication, not a yellow
		c.yellow = time.Time{}
	case c.wasGreen && !amber:
		m.trip(Yellow, "%s went from green without any", c.name)
	case c.wasGreen:
		c.yellow = now
	case !c.yellow.IsZero() && !amber:
		if d := now.Sub(c.yellow); d < YellowLeast {
			m.trip(Yellow, "%s had %v of it", c.name, d)
		}
		c.yellow = time.Time{}
	}
	c.wasGreen = green
}

// judgePair judges two heads that conflict.
func (m *Monitor) judgePair(p *pair, now time.Time) {
	one, other := m.goes(&m.channels[p.one]), m.goes(&m.channels[p.other])
	both := one != nil && other != nil
	if both && m.config.Watch.UK && one.amber && other.amber {
		both = false // at start-up all heads but one show amber
	}
	if d := lasts(&p.since, both, now); d >= ConflictTime {
		m.trip(Conflict, "%s and %s have been lit together for %v", one.line, other.line, d)
	}
}

// goes returns the lit lamp at which the head's traffic moves, nil if there is none.
func (m *Monitor) goes(c *channel) *lamp {
	for _, i := range [...]int{c.green, c.amber, c.walk} {
		if i >= 0 && m.lamps[i].lit {
			return &m.lamps[i]
		}
	}
	return nil
}

// trip stores a fault and takes the lamps over. Only the first fault counts.
func (m *Monitor) trip(kind, format string, args ...any) {
	if m.fault != nil {
		return
	}
	f := &Fault{Kind: kind, Detail: fmt.Sprintf(format, args...), Time: m.config.Clock.Now().UTC()}
	m.takeOver(f, m.config.Latch.Store(f))
}

// takeOver turns all lamps but the red ones off and starts to flash those. Latch is the error of storing the fault.
func (m *Monitor) takeOver(f *Fault, latch error) {
	m.fault = f
	if m.stop != nil {
		m.stop()
	}
	m.config.Trip(f, latch)
	for i := range m.channels {
		c := &m.channels[i]
		for l := c.end - 1; l >= c.first; l-- { // green before amber
			if l != c.red {
				m.write(l, false)
			}
		}
	}
	m.flash()
}

// flash turns all red lamps on or off, by turns. The interval counts from now, so that a late timer shortens none.
func (m *Monitor) flash() {
	if m.closed {
		return
	}
	for i := range m.channels {
		if red := m.channels[i].red; red >= 0 {
			m.write(red, !m.dark)
		}
	}
	next := flashLit
	if m.dark {
		next = flashDark
	}
	m.dark = !m.dark
	m.stop = m.config.Clock.AfterFunc(next, m.flash)
}

// write sets a lamp. An error is kept for [Monitor.Failed] and must not keep the other lamps from flashing.
func (m *Monitor) write(i int, lit bool) {
	if err := m.lamps[i].Write(lit, "monitor: "+m.fault.Kind); err != nil && m.failed == nil {
		m.failed = err
	}
}

// Failed returns the first error of a lamp that could not be flashed, nil if there was none.
func (m *Monitor) Failed() error { return m.failed }
