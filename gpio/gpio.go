// Package gpio reads board files and opens boards: named lines with their wiring and the rules that hold for them.
//
//	[Board]    a board file: lines by name, pairs of outputs that are never on together, longest times
//	[Driver]   opens the physical lines of a board; packages sim (simulated lines) and cdev (the host's) have one each
//	[Lines]    an open board; the rest of the program moves lines only through it
//	[OutPin]   an output as a periph pin: High is on, whatever the wiring; never and max-on guard it
//	[InPin]    an input as a periph pin: its level is logical and debounced
//	[Change]   a new level of a line, with time and reason
//
// A line of a Raspberry Pi's header is named by its GPIO number (bcm: 17) or by its position on the header (pin: 11).
//
// Levels are logical: High is lit, running, pressed. Only the pins of a Driver have physical levels, and only this package
// converts between the two.
//
// Everything here runs on the goroutine of one clock, so that it needs no locks; exceptions say so. A pin that is no
// [Notifier] has a goroutine that waits for its edges and queues them on the clock, each at the time at which it was seen.
package gpio
