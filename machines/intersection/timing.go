package intersection

import (
	"strconv"
	"time"
)

// What the interlock insists on. The crossing that it has in mind: both roads 36 ft wide, 40 mph.
const (
	// AmberMin is the shortest amber: yellow change intervals last 3 to 6 s. COMAR 11.04.14.03. The definition lights
	// 4 s of it: 1.0 + 0.733 · 40 mph / 10 ft/s² = 3.9 s, the ITE's kinematic equation.
	AmberMin = 3 * time.Second
	// RedClearance is how long a head has shown red before a conflicting one may show green: at most 6 s (MUTCD), at
	// least (W + L) / v = (36 + 20) ft / 58.7 ft/s = 1.0 s.
	RedClearance = 2 * time.Second
	// StartUpRed is the all-red before the first green after power-up and after flashing.
	StartUpRed = 6 * time.Second
	// PedestrianClearance is how long dont-walk flashes after walk: 36 ft at 3.5 ft/s take 10.3 s. MUTCD, MnDOT timing
	// manual.
	PedestrianClearance = 11 * time.Second
	// PedestrianBuffer is how long steady dont-walk is lit before a conflicting green. MUTCD.
	PedestrianBuffer = 3 * time.Second
)

// Whatever flashes is lit for FlashLit and dark for FlashDark: 54.5 times a minute, lit 54.5 % of the time. MUTCD 11th
// ed. §4G.01 asks for 50 to 60 a minute, lit half to two thirds; well inside both, so that a late timer breaks neither.
const (
	FlashLit  = 600 * time.Millisecond
	FlashDark = 500 * time.Millisecond
)

// A Moment is a point in time that a [State] can hold: nanoseconds since 1970. 0 is none: nothing is waited for.
type Moment int64

func momentOf(t time.Time) Moment { return Moment(t.UnixNano()) }

// Time returns m as a time in UTC.
func (m Moment) Time() time.Time { return time.Unix(0, int64(m)).UTC() }

func (m Moment) add(d time.Duration) Moment { return m + Moment(d) }

// until returns the time from m to n, in whole milliseconds rounded up, so that something to come is never 0.
func (m Moment) until(n Moment) time.Duration {
	return (time.Duration(n-m) + time.Millisecond - 1).Truncate(time.Millisecond)
}

// seconds prints d as causes have it: "2 s", "0.8 s".
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " s"
}
