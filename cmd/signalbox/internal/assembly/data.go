package assembly

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"signalbox/machines/ledger"
)

// A DataFolder is where a process keeps what must outlive it: ledger, latched fault, stores. It belongs to one process at a
// time.
type DataFolder struct {
	dir  string
	lock *os.File
}

// OpenData makes the folder where it is missing and takes it for this process.
func OpenData(dir string) (*DataFolder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, UsageError{fmt.Errorf("--data: %w", err)}
	}
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, UsageError{fmt.Errorf("--data: %w", err)}
	}
	// The kernel lets go of it when the process ends, however it ends.
	switch err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); {
	case errors.Is(err, syscall.EWOULDBLOCK):
		who := make([]byte, 20)
		n, _ := lock.ReadAt(who, 0) // without it the message is only shorter
		_ = lock.Close()            // nothing was written
		return nil, Usagef("--data %s: process %s works with it; end that one first, or name another folder",
			dir, strings.TrimSpace(string(who[:n])))
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

func (d *DataFolder) Close() error { return d.lock.Close() }

// DefaultData is the folder of a machine that is named none but must keep something: /var/lib/signalbox/NAME for root, else
// below the user's XDG_STATE_HOME.
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

// openLedger opens the ledger of a plant that keeps one: in the data folder, else in memory.
func (a *Assembly) openLedger() (err error) {
	switch {
	case !a.config.Target.recovers():
		return nil
	case a.data == nil:
		a.books = &ledger.Memory{}
		return nil
	}
	if a.ledger, err = ledger.Open(filepath.Join(a.data.dir, ledger.Name), a.config.Target.BuiltIn.Name); err != nil {
		return err
	}
	a.books = a.ledger
	if a.config.Ledger != nil {
		a.books = a.config.Ledger(a.books)
	}
	return nil
}
