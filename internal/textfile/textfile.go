// Package textfile reads files that the operator names, and no more of them than they may hold: a name may be that of a
// device, or of a file of gigabytes.
package textfile

import (
	"fmt"
	"io"
	"os"
)

// Head returns the first limit bytes of a file, or all of it where it is shorter.
func Head(name string, limit int) ([]byte, error) {
	f, err := os.Open(name) //nolint:gosec // the operator names it
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }() // nothing was written
	return io.ReadAll(io.LimitReader(f, int64(limit)))
}

// MaxLength is how many bytes of a file [Read] takes: more than a board, a scenario or a file of answers ever has.
const MaxLength = 16 << 20

// Read returns the content of a file. One that is longer than [MaxLength] is an error.
func Read(name string) ([]byte, error) {
	text, err := Head(name, MaxLength+1)
	if err == nil && len(text) > MaxLength {
		return nil, fmt.Errorf("%s: longer than %d bytes, the most that is read", name, MaxLength)
	}
	return text, err
}
