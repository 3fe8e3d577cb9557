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

func TestHeadReadsNoMoreThanTheLimit(t *testing.T) {
	for _, size := range []int{0, 9, 10, 11, 5000} {
		content := strings.Repeat("x", size)
		head, err := textfile.Head(file(t, content), 10)
		if want := content[:min(size, 10)]; err != nil || string(head) != want {
			t.Errorf("%d bytes: got %q, %v; want %q", size, head, err, want)
		}
	}
	if head, err := textfile.Head("/dev/zero", 1000); err != nil || len(head) != 1000 {
		t.Errorf("a file without an end: got %d bytes, %v; want 1000", len(head), err)
	}
}

func TestReadTakesFilesUpToTheLimit(t *testing.T) {
	for _, size := range []int{0, 10, textfile.MaxLength} {
		content := strings.Repeat("x", size)
		if text, err := textfile.Read(file(t, content)); err != nil || string(text) != content {
			t.Errorf("%d bytes: got %d bytes, %v; want all", size, len(text), err)
		}
	}
	for _, name := range []string{file(t, strings.Repeat("x", textfile.MaxLength+1)), "/dev/zero"} {
		_, err := textfile.Read(name)
		if want := name + ": longer than 16777216 bytes, the most that is read"; err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

func file(t *testing.T, content string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(name, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

func TestReadHandsOnTheErrorsOfTheSystem(t *testing.T) {
	folder := t.TempDir()
	if _, err := textfile.Read(filepath.Join(folder, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want that the file is not there", err)
	}
	if _, err := textfile.Read(folder); err == nil {
		t.Error("got no error for a folder")
	}
}
