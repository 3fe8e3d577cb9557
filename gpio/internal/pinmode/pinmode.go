// Package pinmode has the directions of periph pins and periph's names for them, for all kinds of pins in package gpio and
// below.
package pinmode

import periph "periph.io/x/conn/v3/gpio"

// A Mode is the direction of a pin.
type Mode uint8

// The modes.
const (
	Unused Mode = iota // neither In nor Out was called yet
	In
	Out
)

// Function returns periph's name for the function of a pin that has a level: In/High, In/Low, Out/High or Out/Low, or ""
// for Unused.
func (m Mode) Function(level periph.Level) string {
	switch {
	case m == Unused:
		return ""
	case m == Out && bool(level):
		return string(periph.OUT_HIGH)
	case m == Out:
		return string(periph.OUT_LOW)
	case bool(level):
		return string(periph.IN_HIGH)
	}
	return string(periph.IN_LOW)
}
