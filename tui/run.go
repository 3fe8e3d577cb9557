package tui

import (
	"context"
	"fmt"
	"io"
	"sync"
	"time"

	tea "charm.land/bubbletea/v2"
	"github.com/charmbracelet/colorprofile"
)

// Options are what the keys do and how the screen looks. The functions are called outside the screen's own goroutine,
// several at once if somebody types quickly; they may take their time.
type Options struct {
	// Keys are the machine's own. A key that the screen itself uses (q ? p + = - tab space esc, arrows and the like) does
	// what the screen says.
	Keys []Key
	// TogglePause stops the clock and lets it go on. Nil: it cannot be stopped.
	TogglePause func()
	// SetSpeed changes the clock's speed. Nil: it cannot be changed.
	SetSpeed func(float64)
	// Toggle changes the level of a simulated input line. Nil: the lines cannot be pushed.
	Toggle func(line string)
	// NoColor leaves colours out, whatever the terminal can show. The environment's NO_COLOR has the same effect.
	NoColor bool
	// Input and Output are the terminal. Nil: standard input and output.
	Input  io.Reader
	Output io.Writer
}

// A Key is a key of the machine: what the terminal calls it ("c", "1", "C"), what it does in a word or two ("coin
// 0.25"), the line that it pushes if a picture is to show the key beside it, and what to do.
type Key struct {
	Key, Help, Line string
	Do              func()
}

// frame is the least time between two snapshots that the screen looks at.
const frame = time.Second / 30

// grace is how long a program is waited for that has been told to end.
const grace = time.Second

// Run shows the screen until somebody leaves it by its keys, and then returns nil, or until ctx ends, and then
// returns the cause. On every way out the terminal is as it was before; if it takes no output any more when ctx ends,
// Run gives it a second and restores its mode but not what it shows. The screen stays when the channel of snapshots is
// closed, so that the end of a run can be read.
//
// Run takes every snapshot from the channel at once and shows the newest, at most thirty a second. It listens to no
// signal: whoever calls it has ctx end.
func Run(ctx context.Context, o Options, snapshots <-chan Snapshot) error {
	out, abandon := newOutput(o.Output)
	options := []tea.ProgramOption{tea.WithoutSignalHandler(), tea.WithOutput(out)}
	if o.NoColor {
		options = append(options, tea.WithColorProfile(colorprofile.ASCII))
	}
	if o.Input != nil {
		options = append(options, tea.WithInput(o.Input))
	}
	program := tea.NewProgram(New(o), options...)

	pumping, stop := context.WithCancel(ctx)
	defer stop()
	var wg sync.WaitGroup
	wg.Go(func() { pump(pumping, snapshots, func(s Snapshot) { program.Send(s) }) })
	var failed error // once ended is closed
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, failed = program.Run()
	}()

	select {
	case <-ended:
		stop()
		wg.Wait()
		if failed != nil {
			return fmt.Errorf("tui: %w", failed)
		}
		return nil
	case <-ctx.Done():
	}
	// The program is asked first. tea.WithContext would kill it, which closes the input while somebody reads it.
	for _, end := range []func(){program.Quit, abandon, program.Kill} {
		wg.Go(end)
		select {
		case <-ended:
			wg.Wait() // all that was sent to the program has come to nothing
			return context.Cause(ctx)
		case <-time.After(grace):
		}
	}
	return context.Cause(ctx) // Kill has restored the terminal; what hangs is left behind
}

// pump passes snapshots on: the first at once, later ones when a frame has passed, of several the newest.
func pump(ctx context.Context, snapshots <-chan Snapshot, send func(Snapshot)) {
	var newest *Snapshot
	var due <-chan time.Time // nil: nothing was sent just now
	for {
		select {
		case <-ctx.Done():
			return
		case s, open := <-snapshots:
			if !open {
				snapshots = nil
				continue
			}
			newest = &s
		case <-due:
			due = nil
		}
		if newest != nil && due == nil {
			send(*newest)
			newest = nil
			due = time.After(frame)
		}
	}
}
