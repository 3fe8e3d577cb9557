package cdev

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"

	"periph.io/x/conn/v3/driver/driverreg"
	periph "periph.io/x/conn/v3/gpio"
	"periph.io/x/host/v3/gpioioctl"
)

// Open finds the host's GPIO chips. A second call returns the same chips: periph looks for them once in a process. The
// error says what to do, such as which group to join.
func Open() (*Driver, error) {
	restore, err := keepStdin()
	if err != nil {
		return nil, err
	}
	_, err = driverreg.Init()
	if err := errors.Join(err, restore()); err != nil {
		return nil, fmt.Errorf("cdev: %w", err)
	}
	// Without permission Init returns no error and no chips.
	chips := make([]chip, len(gpioioctl.Chips))
	for i, c := range gpioioctl.Chips {
		chips[i] = hostChip{c}
	}
	paths, err := filepath.Glob("/dev/gpiochip*")
	if err != nil {
		return nil, fmt.Errorf("cdev: %w", err)
	}
	var openErr error
	if len(chips) == 0 && len(paths) > 0 {
		var f *os.File
		if f, openErr = os.Open(paths[0]); openErr == nil {
			openErr = f.Close()
		}
	}
	return newDriver(chips, paths, openErr)
}

// A hostChip implements chip with gpioioctl.
type hostChip struct{ *gpioioctl.GPIOChip }

// Line returns the line at an offset, 0 ≤ offset < LineCount.
func (c hostChip) Line(offset int) line { return c.Lines()[offset] }

// Output requests a line as a set of one line: gpioioctl can read such an output back; a read of its single lines would
// make them inputs.
func (c hostChip) Output(offset int) (output, error) {
	l := c.Lines()[offset]
	if l.Name() == "" || c.ByName(l.Name()) != l {
		return nil, nil //nolint:nilnil // see chip
	}
	set, err := c.LineSet(gpioioctl.LineOutput, periph.NoEdge, periph.PullNoChange, l.Name())
	if err != nil {
		return nil, err
	}
	return hostOutput{set}, nil
}

// A hostOutput implements output with a set of one line.
type hostOutput struct{ *gpioioctl.LineSet }

// Out drives the line to a level.
func (o hostOutput) Out(l periph.Level) error {
	var bits periph.GPIOValue
	if l {
		bits = 1
	}
	return o.LineSet.Out(bits, 1)
}

// Read returns the level of the line from the kernel.
func (o hostOutput) Read() (periph.Level, error) {
	bits, err := o.LineSet.Read(1)
	return bits&1 == 1, err
}

// keepStdin protects file descriptor 0 while gpioioctl opens chips. If the descriptor is free it opens os.DevNull there,
// because gpioioctl takes a line with descriptor 0 for closed. Restore puts the descriptor back: for a gpiochipN that is a
// symbolic link to a chip found already, as Raspberry Pis have, gpioioctl closes descriptor 0.
func keepStdin() (restore func() error, err error) {
	var before syscall.Stat_t
	if errors.Is(syscall.Fstat(0, &before), syscall.EBADF) {
		null, err := syscall.Open(os.DevNull, syscall.O_RDWR, 0)
		if err != nil {
			return nil, fmt.Errorf("cdev: %s for standard input: %w", os.DevNull, err)
		}
		if null != 0 {
			return nil, errors.New("cdev: file descriptor 0 was closed and cannot be opened again")
		}
	}
	syscall.ForkLock.RLock()
	saved, err := syscall.Dup(0)
	if err == nil {
		syscall.CloseOnExec(saved)
	}
	syscall.ForkLock.RUnlock()
	if err != nil {
		return nil, fmt.Errorf("cdev: standard input: %w", err)
	}
	return func() error {
		defer func() { _ = syscall.Close(saved) }()
		var now syscall.Stat_t
		if errors.Is(syscall.Fstat(0, &now), syscall.EBADF) {
			return syscall.Dup3(saved, 0, 0)
		}
		return nil
	}, nil
}
