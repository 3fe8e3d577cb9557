package intersection

import (
	"math"
	"strconv"
	"time"

	"signalbox/machines"
)

// Limits that the interlock enforces whatever a configuration says.
const (
	// AmberMin is the shortest amber, and AmberMax the longest: yellow change intervals last 3 to 6 s. COMAR 11.04.14.03.
	AmberMin = 3 * time.Second
	AmberMax = 6 * time.Second
	// RedClearanceMax is the longest red clearance. MUTCD.
	RedClearanceMax = 6 * time.Second
	// StartUpRed is the all-red before the first green after power-up and after flashing.
	StartUpRed = 6 * time.Second
	// WalkMin is the shortest walk; 7 s are usual. MnDOT timing manual.
	WalkMin = 4 * time.Second
	// PedestrianBuffer is how long steady dont-walk is lit before a conflicting green. MUTCD.
	PedestrianBuffer = 3 * time.Second
	// GreenMin and GreenMax bound a phase's minimum and maximum green. NTCIP 1202.
	GreenMin = time.Second
	GreenMax = 255 * time.Second
)

// The fixed times of [UK] signals. Siemens ST900 handbook.
const (
	UKRedAmber   = 2 * time.Second
	UKAmber      = 3 * time.Second
	UKStartDark  = 7 * time.Second
	UKStartAmber = 3 * time.Second
)

// What timings are computed from.
const (
	walkingSpeed        = 3.5   // ft/s, for the pedestrian clearance. MUTCD, MnDOT
	slowWalkingSpeed    = 3.0   // ft/s, for walk and clearance from the button. MnDOT
	perceptionTime      = 1.0   // s. ITE kinematic equation
	defaultDeceleration = 10    // ft/s². ITE kinematic equation
	defaultVehicle      = 20    // ft. ITE
	feetPerSecond       = 1.467 // of 1 mph
	halfFeetPerSecond   = 0.733 // half of that
	feetPerMetre        = 3.281
	milesPerKm          = 0.6214
)

// yellow returns the yellow change interval in seconds, by ITE's kinematic equation as COMAR 11.04.14.03 has it:
// 1.0 + 0.733·S / (D + 0.32·G).
func (a *Approach) yellow() float64 {
	return perceptionTime + halfFeetPerSecond*a.Speed/(a.Deceleration+0.32*a.Grade)
}

// redClearance returns the seconds that a vehicle needs over the crossing: (W + L) / v.
func (a *Approach) redClearance() float64 { return (a.Width + a.Vehicle) / (feetPerSecond * a.Speed) }

// clearance returns the seconds that pedestrians need from kerb to kerb.
func (w *Crosswalk) clearance() float64 { return w.Length / walkingSpeed }

// fromButton returns the least seconds of walk and clearance together.
func (w *Crosswalk) fromButton() float64 { return w.Button / slowWalkingSpeed }

// roundUpToTenth rounds seconds up to a tenth, as controllers count tenths and no interval may be shorter than needed.
func roundUpToTenth(s float64) time.Duration {
	return time.Duration(math.Ceil(s*10-1e-6)) * 100 * time.Millisecond
}

// Flashing lamps are lit for FlashLit and dark for FlashDark: 54.5 flashes a minute, lit 54.5 % of the time. MUTCD 11th ed.
// §4G.01 requires 50 to 60 a minute, lit half to two thirds of the time; both are met with a margin for late timers.
const (
	FlashLit  = 600 * time.Millisecond
	FlashDark = 500 * time.Millisecond
)

// feedEvery is how often the plant has a deadline at least, which feeds the monitor: that trips after 2 s without an input.
const feedEvery = 500 * time.Millisecond

// until returns the time from now to then, rounded up to whole milliseconds, so that it is 0 only when then is not later.
func until(now, then machines.Instant) time.Duration {
	return (time.Duration(then-now) + time.Millisecond - 1).Truncate(time.Millisecond)
}

// seconds formats d as "2 s", "0.8 s".
func seconds(d time.Duration) string {
	return strconv.FormatFloat(d.Seconds(), 'f', -1, 64) + " s"
}
