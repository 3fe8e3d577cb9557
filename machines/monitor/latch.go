package monitor

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

// Memory is a Latch that is lost with its process.
type Memory struct{ fault *Fault }

// Load implements [Latch].
func (l *Memory) Load() (*Fault, error) { return l.fault, nil }

// Store implements [Latch].
func (l *Memory) Store(f *Fault) error { l.fault = f; return nil }

// Clear deletes the fault and returns it, nil if there was none.
func (l *Memory) Clear(Cleared) (*Fault, error) {
	f := l.fault
	l.fault = nil
	return f, nil
}

// FileName is the name of a [File]'s file in its folder.
const FileName = "fault.json"

// clearedName is the name of the file of cleared faults, a line each.
const clearedName = "faults-cleared.jsonl"

// A File is a Latch in a folder. A fault is on disk when Store returns, whole or not at all.
type File struct{ Dir string }

// Cleared says who cleared a fault, and when.
type Cleared struct {
	By string
	At time.Time
}

// Load implements [Latch].
func (l File) Load() (*Fault, error) {
	path := filepath.Join(l.Dir, FileName)
	text, err := os.ReadFile(path) //nolint:gosec // the operator names the folder
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil //nolint:nilnil // no fault is not an error
	}
	if err != nil {
		return nil, err
	}
	var f Fault
	if err := json.Unmarshal(text, &f); err != nil || f.Kind == "" {
		return nil, fmt.Errorf("%s is not what a monitor has written; whatever it was, there was a fault", path)
	}
	return &f, nil
}

// Store implements [Latch].
func (l File) Store(f *Fault) error {
	text, err := json.Marshal(f)
	if err != nil {
		return err
	}
	return l.replace(append(text, '\n'))
}

// replace writes a new file, syncs it, renames it over the old one, and syncs the folder: a power cut leaves the old file or the
// new one.
func (l File) replace(text []byte) (err error) {
	path := filepath.Join(l.Dir, FileName)
	file, err := os.OpenFile(path+".new", os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600) //nolint:gosec // as above
	if err != nil {
		return err
	}
	_, err = file.Write(text)
	err = errors.Join(err, file.Sync(), file.Close())
	if err == nil {
		err = os.Rename(path+".new", path)
	}
	if err != nil {
		return err
	}
	return l.syncFolder()
}

func (l File) syncFolder() error {
	dir, err := os.Open(l.Dir)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}

// Clear deletes the fault and returns it, nil if there was none. It records who cleared it first. A file that cannot be read is
// deleted, too.
func (l File) Clear(c Cleared) (*Fault, error) {
	f, unreadable := l.Load()
	if f == nil && unreadable == nil {
		return nil, nil //nolint:nilnil // no fault is not an error
	}
	if f == nil {
		f = &Fault{Kind: ReadBack, Detail: unreadable.Error()}
	}
	line, err := json.Marshal(struct {
		*Fault
		By string    `json:"clearedBy"`
		At time.Time `json:"clearedAt"`
	}{f, c.By, c.At})
	if err != nil {
		return nil, err
	}
	file, err := os.OpenFile(filepath.Join(l.Dir, clearedName), os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return nil, err
	}
	_, err = file.Write(append(line, '\n'))
	if err := errors.Join(err, file.Sync(), file.Close()); err != nil {
		return nil, err
	}
	if err := os.Remove(filepath.Join(l.Dir, FileName)); err != nil {
		return nil, err
	}
	return f, l.syncFolder()
}
