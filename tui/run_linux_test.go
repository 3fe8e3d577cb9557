package tui_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sys/unix"

	"signalbox/tui"
)

// A terminal is a pseudo-terminal: a program's side and a user's side.
type terminal struct {
	program, user *os.File
	closed        chan struct{} // the user's side has read everything

	mu     sync.Mutex // guards what follows
	output bytes.Buffer
	want   string
	seen   chan struct{}
}

func newTerminal(t *testing.T) *terminal {
	t.Helper()
	t.Setenv("TERM", "xterm-256color")
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	program, err := os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(user.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 24, Col: 80}); err != nil {
		t.Fatal(err)
	}
	term := &terminal{program: program, user: user, closed: make(chan struct{})}
	go term.read()
	t.Cleanup(func() {
		_ = program.Close()
		<-term.closed
		_ = user.Close()
	})
	return term
}

func (t *terminal) read() {
	defer close(t.closed)
	b := make([]byte, 4096)
	for {
		n, err := t.user.Read(b)
		t.mu.Lock()
		t.output.Write(b[:n])
		if t.want != "" && strings.Contains(t.output.String(), t.want) {
			t.want = ""
			close(t.seen)
		}
		t.mu.Unlock()
		if err != nil {
			return
		}
	}
}

func (t *terminal) press(tt *testing.T, key string) {
	tt.Helper()
	if _, err := t.user.WriteString(key); err != nil {
		tt.Fatal(err)
	}
}

// await returns when the terminal has been sent the text.
func (t *terminal) await(text string) {
	t.mu.Lock()
	seen := make(chan struct{})
	if strings.Contains(t.output.String(), text) {
		close(seen)
	} else {
		t.want, t.seen = text, seen
	}
	t.mu.Unlock()
	<-seen
}

func (t *terminal) mode(tt *testing.T) unix.Termios {
	tt.Helper()
	mode, err := unix.IoctlGetTermios(int(t.program.Fd()), unix.TCGETS)
	if err != nil {
		tt.Fatal(err)
	}
	return *mode
}

const altScreen, noAltScreen = "\x1b[?1049h", "\x1b[?1049l"

// restored checks that the terminal is as it was before.
func (t *terminal) restored(tt *testing.T, before unix.Termios) {
	tt.Helper()
	if diff := cmp.Diff(before, t.mode(tt)); diff != "" {
		tt.Errorf("the terminal's mode has changed (-before +after):\n%s", diff)
	}
	t.await(noAltScreen)
	t.mu.Lock()
	defer t.mu.Unlock()
	all := t.output.String()
	if on, off := strings.Index(all, altScreen), strings.LastIndex(all, noAltScreen); on < 0 || off < on {
		tt.Errorf("the alternate screen was entered at %d and left at %d", on, off)
	}
}

func TestRunEndsWhenSomebodyQuits(t *testing.T) {
	term := newTerminal(t)
	before := term.mode(t)
	pressed := make(chan struct{})
	snapshots := make(chan tui.Snapshot)
	done := make(chan error, 1)
	go func() {
		done <- tui.Run(t.Context(), tui.Options{
			Input: term.program, Output: term.program,
			Keys: []tui.Key{{Key: "c", Help: "coin", Do: func() { close(pressed) }}},
		}, snapshots)
	}()
	s := front()
	for i := range 1000 {
		s.Current = fmt.Sprint("state ", i)
		snapshots <- s
	}
	s.Paused = true
	snapshots <- s
	close(snapshots) // the screen stays
	term.await("PAUSED")
	if diff := cmp.Diff(before, term.mode(t)); diff == "" {
		t.Error("the terminal is not in raw mode while the screen is shown")
	}
	term.press(t, "c")
	<-pressed
	term.press(t, "q")
	if err := <-done; err != nil {
		t.Errorf("got %v, want nil after q", err)
	}
	term.restored(t, before)
}

func TestRunEndsWithTheContextsCause(t *testing.T) {
	term := newTerminal(t)
	before := term.mode(t)
	over := errors.New("the run is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	snapshots := make(chan tui.Snapshot, 1)
	snapshots <- front()
	done := make(chan error, 1)
	go func() {
		done <- tui.Run(ctx, tui.Options{Input: term.program, Output: term.program}, snapshots)
	}()
	term.await("vending")
	cancel(over)
	if err := <-done; !errors.Is(err, over) {
		t.Errorf("got %v, want %v", err, over)
	}
	term.restored(t, before)
}

func TestRunEndsAtOnceIfTheContextHasEnded(t *testing.T) {
	term := newTerminal(t)
	before := term.mode(t)
	over := errors.New("the run is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(over)
	err := tui.Run(ctx, tui.Options{Input: term.program, Output: term.program}, make(chan tui.Snapshot))
	if !errors.Is(err, over) {
		t.Errorf("got %v, want %v", err, over)
	}
	term.restored(t, before)
}

// A stuck output takes nothing until it is let go.
type stuck struct{ tried, free chan struct{} }

func (s stuck) Write(b []byte) (int, error) {
	select {
	case s.tried <- struct{}{}:
	default:
	}
	<-s.free
	return len(b), nil
}

func TestRunEndsThoughNothingCanBeWritten(t *testing.T) {
	term := newTerminal(t)
	before := term.mode(t)
	over := errors.New("the run is over")
	ctx, cancel := context.WithCancelCause(t.Context())
	output := stuck{tried: make(chan struct{}, 1), free: make(chan struct{})}
	defer close(output.free)
	done := make(chan error, 1)
	go func() {
		done <- tui.Run(ctx, tui.Options{Input: term.program, Output: output}, make(chan tui.Snapshot))
	}()
	<-output.tried
	if diff := cmp.Diff(before, term.mode(t)); diff == "" {
		t.Error("the terminal is not in raw mode while the screen is shown")
	}
	cancel(over)
	if err := <-done; !errors.Is(err, over) {
		t.Errorf("got %v, want %v", err, over)
	}
	if diff := cmp.Diff(before, term.mode(t)); diff != "" {
		t.Errorf("the terminal's mode has changed (-before +after):\n%s", diff)
	}
}
