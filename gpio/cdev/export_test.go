package cdev

// What the tests put in the place of gpioioctl.
type (
	Chip = chip
	Line = line

	Output = output
)

// NewDriver is what Open does with what it found.
var NewDriver = newDriver
