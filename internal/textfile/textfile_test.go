package textfile_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"signalbox/internal/textfile"
)

func TestReadTakesFilesUpToTheLimit(t *testing.T) {
	for _, c := range []struct {
		size int
		ok   bool
	}{{0, true}, {9, true}, {10, true}, {11, false}, {5000, false}} {
		content := strings.Repeat("x", c.size)
		name := filepath.Join(t.TempDir(), "file")
		if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
		text, err := textfile.Read(name, 10)
		switch {
		case c.ok && (err != nil || string(text) != content):
			t.Errorf("%d bytes: got %q, %v; want all", c.size, text, err)
		case !c.ok && (err == nil || err.Error() != name+": longer than 10 bytes, the most that such a file may have"):
			t.Errorf("%d bytes: got %v, want an error", c.size, err)
		}
		head, err := textfile.Head(name, 10)
		if want := content[:min(c.size, 10)]; err != nil || string(head) != want {
			t.Errorf("the head of %d bytes: got %q, %v; want %q", c.size, head, err, want)
		}
	}
}

func TestReadStopsInAFileWithoutAnEnd(t *testing.T) {
	if _, err := textfile.Read("/dev/zero", 1000); err == nil {
		t.Error("got no error for /dev/zero")
	}
}

func TestReadHandsOnTheErrorsOfTheSystem(t *testing.T) {
	folder := t.TempDir()
	if _, err := textfile.Read(filepath.Join(folder, "none"), 10); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that the file is not there", err)
	}
	if _, err := textfile.Read(folder, 10); err == nil {
		t.Error("got no error for a folder")
	}
}
