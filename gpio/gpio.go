// Package gpio holds boards: which lines there are, how they are wired, and what they must never do.
//
//	Board      the wiring as a file says it: lines by name, pairs that are never on together, longest times
//	Driver     opens a board's physical lines: the simulated ones of package sim, the host's of package cdev
//	[Lines]    an open board; everything above moves lines only through it
//	[OutPin]   an output: a periph pin whose High is "on", whatever the wiring, guarded by never and max-on
//	[InPin]    an input: a periph pin whose level is the debounced, logical one
//	[Change]   one line's new level, when and why
//
// Levels here are logical: High is lit, running, pressed. Only a Driver's pins are physical, and only this package
// turns one into the other.
//
// Everything runs on the goroutine of one clock and needs no lock. Edges of pins that cannot tell of them by themselves
// are waited for on a goroutine a line, which posts them to the clock.
package gpio
