//go:build !linux

package cdev

import "errors"

// Open returns an error: only Linux has the GPIO character device.
func Open() (*Driver, error) {
	return nil, errors.New("cdev: no GPIO chips found: only Linux has the GPIO character device; run with --driver sim")
}
