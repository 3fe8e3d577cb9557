package ledger

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// A link is an entry of the chain: its number, from 1, and its hash. The zero link is before the first entry.
type link struct {
	n    int64
	hash [sha256.Size]byte
}

// next returns the entry behind l. Its hash is that of the hash of l, the number, and the time, kind and data as they are stored.
func (l link) next(time int64, kind, data string) link {
	b := make([]byte, 0, len(l.hash)+32+len(kind)+len(data))
	b = append(b, l.hash[:]...)
	b = binary.BigEndian.AppendUint64(b, uint64(l.n+1)) //nolint:gosec // a count
	b = binary.BigEndian.AppendUint64(b, uint64(time))  //nolint:gosec // all 64 bits
	b = binary.BigEndian.AppendUint64(b, uint64(len(kind)))
	b = append(b, kind...)
	b = append(b, data...)
	return link{l.n + 1, sha256.Sum256(b)}
}

// tailSuffix is what a tail's name has behind that of its ledger.
const tailSuffix = ".tail"

// A tail has two slots, which are written in turn: a power cut during a write leaves the other. A slot is the magic text, the
// number of entries, the hash of the last one, and the hash of all that.
const (
	tailMagic = "signalbox tail 1"
	tailBody  = len(tailMagic) + 8 + sha256.Size
	slotSize  = tailBody + sha256.Size
	slotPlace = 4096 // the distance between the slots: no write of a sector reaches both
)

// A tailFile is the file with the last entry of a ledger.
type tailFile struct {
	file     durable
	identity fs.FileInfo
	last     link // as it is stored
	slot     int64
}

// A durable is the part of an open file that a tail writes to.
type durable interface {
	WriteAt(b []byte, at int64) (int, error)
	Sync() error
	Close() error
}

// openTail opens the tail of the ledger at path.
func openTail(path string) (*tailFile, error) {
	file, err := os.OpenFile(path+tailSuffix, os.O_RDWR|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return nil, tailError(path, err)
	}
	t := &tailFile{file: file}
	t.last, t.slot, err = parseTail(file)
	if err == nil {
		t.identity, err = file.Stat()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("%s%s: %w", path, tailSuffix, err), file.Close())
	}
	return t, nil
}

// readTail reads the tail of the ledger at path.
func readTail(path string) (link, error) {
	file, err := os.OpenFile(path+tailSuffix, os.O_RDONLY|syscall.O_NOFOLLOW, 0)
	if err != nil {
		return link{}, tailError(path, err)
	}
	last, _, err := parseTail(file)
	return last, errors.Join(err, file.Close())
}

// tailError adds what a missing tail means.
func tailError(path string, err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("%s%s is missing, which has the number of its entries: %w", path, tailSuffix, err)
	}
	return err
}

// parseTail returns the newer of the slots that are whole.
func parseTail(file *os.File) (last link, slot int64, err error) {
	found := false
	for i := range int64(2) {
		b := make([]byte, slotSize)
		if n, _ := file.ReadAt(b, i*slotPlace); n < slotSize { // a short one is not whole
			continue
		}
		sum := sha256.Sum256(b[:tailBody])
		if string(b[:len(tailMagic)]) != tailMagic || !bytes.Equal(sum[:], b[tailBody:]) {
			continue
		}
		l := link{n: int64(binary.BigEndian.Uint64(b[len(tailMagic):]))} //nolint:gosec // it was an int64
		copy(l.hash[:], b[len(tailMagic)+8:])
		if !found || l.n > last.n {
			last, slot, found = l, i, true
		}
	}
	if !found {
		return last, 0, errors.New("it is no tail of a ledger, or damaged")
	}
	return last, slot, nil
}

// write stores the last entry in the older slot, and returns when it is on disk.
func (t *tailFile) write(last link) error {
	b := append(make([]byte, 0, slotSize), tailMagic...)
	b = binary.BigEndian.AppendUint64(b, uint64(last.n)) //nolint:gosec // it is not negative
	b = append(b, last.hash[:]...)
	sum := sha256.Sum256(b)
	slot := 1 - t.slot
	if _, err := t.file.WriteAt(append(b, sum[:]...), slot*slotPlace); err != nil {
		return err
	}
	if err := t.file.Sync(); err != nil {
		return err
	}
	t.last, t.slot = last, slot
	return nil
}

// createTail writes the tail of a new ledger at path, in place of an old one.
func createTail(path string, last link) error {
	name := path + tailSuffix + ".new"
	if err := os.Remove(name); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	file, err := os.OpenFile(name, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	if err := errors.Join((&tailFile{file: file, slot: 1}).write(last), file.Close()); err != nil {
		return err
	}
	if err := os.Rename(name, path+tailSuffix); err != nil {
		return err
	}
	return syncFolder(path)
}
