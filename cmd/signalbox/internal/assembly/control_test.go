package assembly_test

import (
	"errors"
	"os"
	"strings"
	"testing"

	"signalbox/asl"
	"signalbox/asl/value"
	"signalbox/cmd/signalbox/internal/assembly"
)

func TestOperationsReachTheRunningProcess(t *testing.T) {
	dir := t.TempDir()
	if _, err := assembly.Ask(t.Context(), dir, assembly.Request{Operation: "refill"}); !errors.Is(err, assembly.ErrNotRunning) {
		t.Fatalf("got %v, want %v", err, assembly.ErrNotRunning)
	}
	// What a killed process has left behind is nobody's.
	if err := os.WriteFile(dir+"/"+assembly.ControlSocket, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := assembly.Listen(dir, func(r assembly.Request, begin func() bool, answer func(any, *asl.Error)) {
		go func() {
			if !begin() {
				return
			}
			if r.Operation == "refill" {
				answer(value.NewObject("took", r.Input), nil)
			} else {
				answer(nil, &asl.Error{Name: "No.Such", Cause: "what?"})
			}
		}()
	})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(dir + "/" + assembly.ControlSocket); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("got socket %v %v, want 0600", info, err)
	}
	got, err := assembly.Ask(t.Context(), dir, assembly.Request{Operation: "refill", Input: value.NewObject("25", int64(40))})
	if want := `{"took":{"25":40}}`; err != nil || value.Text(got) != want {
		t.Errorf("got %s %v, want %s", value.Text(got), err, want)
	}
	_, err = assembly.Ask(t.Context(), dir, assembly.Request{Operation: "dance"})
	var failure *asl.Error
	if !errors.As(err, &failure) || failure.Error() != "No.Such: what?" {
		t.Errorf("got %v, want No.Such: what?", err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := assembly.Ask(t.Context(), dir, assembly.Request{Operation: "refill"}); !errors.Is(err, assembly.ErrNotRunning) {
		t.Errorf("after the end: got %v, want %v", err, assembly.ErrNotRunning)
	}
}

func TestADataFolderBelongsToOneProcess(t *testing.T) {
	dir := t.TempDir() + "/new/folder"
	first, err := assembly.OpenData(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := assembly.OpenData(dir); err == nil || !strings.Contains(err.Error(), "uses it") {
		t.Errorf("got %v, want a refusal", err)
	}
	// The lock is on the folder, and not on a file that can be removed.
	if err := os.Remove(dir + "/lock"); err != nil {
		t.Fatal(err)
	}
	if _, err := assembly.OpenData(dir); err == nil || !strings.Contains(err.Error(), "uses it") {
		t.Errorf("without the lock file: got %v, want a refusal", err)
	}
	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	second, err := assembly.OpenData(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := second.Close(); err != nil {
		t.Error(err)
	}
	if err := os.WriteFile(t.TempDir()+"/file", nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := assembly.OpenData("/dev/null/x"); err == nil {
		t.Error("a folder below a file was opened")
	}
}

func TestAFolderThatOthersMayChangeIsRefused(t *testing.T) {
	dir := t.TempDir() + "/d"
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(dir, dir+"-link"); err != nil {
		t.Fatal(err)
	}
	if _, err := assembly.OpenData(dir + "-link"); err == nil || !strings.Contains(err.Error(), "symbolic link") {
		t.Errorf("got %v, want the link refused", err)
	}
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	if _, err := assembly.OpenData(dir); err == nil || !strings.Contains(err.Error(), "chmod go-w") {
		t.Errorf("got %v, want the folder refused", err)
	}
}
