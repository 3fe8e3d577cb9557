package cdev_test

import (
	"os"
	"syscall"
	"testing"

	"signalbox/gpio/cdev"
)

// A gpiochipN that is a link to a chip known already makes gpioioctl close file descriptor 0.
func TestStandardInputIsPutBack(t *testing.T) {
	before, err := os.Stdin.Stat()
	if err != nil {
		t.Fatal(err)
	}
	restore, err := cdev.KeepStdin()
	if err != nil {
		t.Fatal(err)
	}
	check(t, syscall.Close(0))
	check(t, restore())
	if after, err := os.Stdin.Stat(); err != nil || !os.SameFile(before, after) {
		t.Errorf("standard input is not what it was: %v", err)
	}
}

// A line whose file descriptor is 0 counts as closed in gpioioctl, so a process without standard input gets one.
func TestProcessWithoutStandardInputGetsOne(t *testing.T) {
	restore, err := cdev.KeepStdin()
	if err != nil {
		t.Fatal(err)
	}
	check(t, syscall.Close(0))
	again, err := cdev.KeepStdin()
	if err != nil {
		t.Fatal(err)
	}
	null, err := os.Stat(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if now, err := os.Stdin.Stat(); err != nil || !os.SameFile(null, now) {
		t.Errorf("file descriptor 0: got %v, %v; want %s", now, err, os.DevNull)
	}
	check(t, again())
	check(t, syscall.Close(0))
	check(t, restore())
}
