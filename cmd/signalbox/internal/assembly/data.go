package assembly

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"signalbox/machines"
	"signalbox/machines/ledger"
)

// A DataFolder holds what must outlive the process: ledger, latched fault, stores, control socket. One process at a time may hold
// it.
type DataFolder struct {
	dir    string
	folder *os.File // locked
	lock   *os.File // for messages, and for versions that lock this file; nil if it could not be opened
}

// OpenData creates the folder if it is missing and locks it for this process. The error is a [UsageError] if another process
// holds it, if it is a symbolic link, or if other users may write to it.
func OpenData(dir string) (*DataFolder, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, UsageError{fmt.Errorf("--data: %w", err)}
	}
	switch info, err := os.Lstat(dir); {
	case err != nil:
		return nil, UsageError{fmt.Errorf("--data: %w", err)}
	case info.Mode().Type() == os.ModeSymlink:
		return nil, Usagef("--data %s is a symbolic link; name the folder itself", dir)
	case info.Mode().Perm()&0o022 != 0:
		return nil, Usagef("--data %s: other users may write to it (%v); chmod go-w %[1]s, or name another folder", dir, info.Mode().Perm())
	}
	folder, err := os.OpenFile(dir, os.O_RDONLY|syscall.O_DIRECTORY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, UsageError{fmt.Errorf("--data: %w", err)}
	}
	// The lock is on the folder: the removal of a file does not free it. The lock file has the process, on a best-effort basis
	// (the disk may be full), and keeps out versions that lock it alone.
	lock, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		lock = nil
	}
	d := &DataFolder{dir, folder, lock}
	for _, f := range []*os.File{folder, lock} {
		if f == nil {
			continue
		}
		// The kernel releases it when the process ends, however it ends.
		switch err := flock(f); {
		case errors.Is(err, syscall.EWOULDBLOCK):
			err := Usagef("--data %s: %s uses it; end that process first, or name another folder", dir, d.holder())
			return nil, errors.Join(err, d.Close())
		case err != nil:
			return nil, errors.Join(fmt.Errorf("--data %s: %w", dir, err), d.Close())
		}
	}
	if lock != nil {
		_ = lock.Truncate(0)
		_, _ = fmt.Fprintf(lock, "%d\n%s\n", os.Getpid(), lockVersion)
	}
	return d, nil
}

// flock locks a file or folder for this process. It tries for a tenth of a second: commands that wait for a process to start
// up look at the lock now and then (see held).
func flock(f *os.File) error {
	const attempts, pause = 5, 20 * time.Millisecond
	for n := 1; ; n++ {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if n == attempts || !errors.Is(err, syscall.EWOULDBLOCK) {
			return err
		}
		time.Sleep(pause)
	}
}

// lockVersion is the second line of the lock file: this version locks the folder as well.
const lockVersion = "signalbox-lock 2"

// holder returns the name of the process that holds the folder, as far as it is known.
func (d *DataFolder) holder() string {
	if d.lock == nil {
		return "another process"
	}
	text := make([]byte, 40)
	n, _ := d.lock.ReadAt(text, 0)
	pid, _, _ := strings.Cut(string(text[:n]), "\n")
	if pid == "" {
		return "another process"
	}
	return "process " + pid
}

// Close releases the folder.
func (d *DataFolder) Close() error {
	var err error
	if d.lock != nil {
		err = d.lock.Close()
	}
	return errors.Join(err, d.folder.Close())
}

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
	default:
		a.ledgerFile, err = ledger.Open(filepath.Join(a.data.dir, ledger.Name), a.config.Definition.BuiltIn.Name)
		if err != nil {
			return err
		}
		a.ledger = withCheckpoints(a.ledgerFile, a.config.Definition.BuiltIn)
	}
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
