//go:build !linux

package cdev

import "errors"

// Open says that there is no GPIO character device here.
func Open() (*Driver, error) {
	return nil, errors.New("cdev: no GPIO chips found: only Linux has the GPIO character device; run with --driver sim")
}
