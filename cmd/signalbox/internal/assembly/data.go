package assembly

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"signalbox/machines"
	"signalbox/machines/ledger"
)

// A DataFolder holds what must outlive the process: ledger, latched fault, stores, control socket. One process at a time may hold
// it.
type DataFolder struct {
	dir  string
	lock *os.File
}

// OpenData creates the folder if it is missing and locks it for this process. The error is a [UsageError] if another process
// holds it.
func OpenData(dir string) (*DataFolder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, UsageError{fmt.Errorf("--data: %w", err)}
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, UsageError{fmt.Errorf("--data: %w", err)}
	}
	// The kernel releases it when the process ends, however it ends.
	switch err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		pid := make([]byte, 20)
		n, _ := lock.ReadAt(pid, 0) // without it the message is only shorter
		_ = lock.Close()            // nothing was written
		return nil, Usagef("--data %s: process %s uses it; end that process first, or name another folder",
			dir, strings.TrimSpace(string(pid[:n])))
	case err != nil:
		return nil, errors.Join(fmt.Errorf("--data %s: %w", dir, err), lock.Close())
	}
	err = lock.Truncate(0)
	if err == nil {
		_, err = fmt.Fprintf(lock, "%d\n", os.Getpid())
	}
	if err != nil {
		return nil, errors.Join(UsageError{fmt.Errorf("--data: %w", err)}, lock.Close())
	}
	return &DataFolder{dir, lock}, nil
}

// Close releases the folder.
func (d *DataFolder) Close() error { return d.lock.Close() }

// DefaultData returns the data folder of a machine for which the command line names none: /var/lib/signalbox/NAME for root, else
// signalbox/NAME in XDG_STATE_HOME or, where that is not set, in ~/.local/state.
func DefaultData(machine string) (string, error) {
	if os.Geteuid() == 0 {
		return filepath.Join("/var/lib/signalbox", machine), nil
	}
	if state := os.Getenv("XDG_STATE_HOME"); filepath.IsAbs(state) {
		return filepath.Join(state, "signalbox", machine), nil
	}
	home, err := os.UserHomeDir()
	if err != nil {
		return "", fmt.Errorf("%w; name a folder with --data DIR", err)
	}
	return filepath.Join(home, ".local", "state", "signalbox", machine), nil
}

// openLedger opens the ledger of a plant that keeps one: in the data folder if there is one, else in memory.
func (a *Assembly) openLedger() (err error) {
	switch {
	case !a.config.Definition.hasLedger():
		return nil
	case a.data == nil:
		a.ledger = &ledger.Memory{}
		return nil
	}
	if a.ledgerFile, err = ledger.Open(filepath.Join(a.data.dir, ledger.Name), a.config.Definition.BuiltIn.Name); err != nil {
		return err
	}
	a.ledger = withCheckpoints(a.ledgerFile, a.config.Definition.BuiltIn)
	if a.config.Ledger != nil {
		a.ledger = a.config.Ledger(a.ledger)
	}
	return nil
}

// withCheckpoints returns a ledger with the checkpoints of the machine that keeps it.
func withCheckpoints(l machines.Ledger, m *machines.Machine) machines.Ledger {
	if m.Sums == nil {
		return l
	}
	return ledger.Checkpoints(l, m.Sums())
}
