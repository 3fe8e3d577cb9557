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

// Options are the functions of the keys, and how the screen looks. Each call of a function has a goroutine of its own;
// calls may overlap, and may block.
type Options struct {
	// Keys are the keys of the machine. The screen's own keys (q ? p + = - tab space enter esc, arrows, page keys) take
	// precedence.
	Keys []Key
	// TogglePause pauses the clock or resumes it. Nil: it cannot be paused.
	TogglePause func()
	// SetSpeed sets the speed factor of the clock, which is more than 0. Nil: it cannot be changed.
	SetSpeed func(float64)
	// Push pushes a simulated input line and lets it go. Nil: the lines cannot be pushed.
	Push func(line string)
	// Hold pushes a simulated input line and keeps it pushed, or lets a pushed one go. Nil: lines cannot be held.
	Hold func(line string)
	// NoColor turns colours off. So does the environment variable NO_COLOR.
	NoColor bool
	// Input and Output are the terminal. Nil: standard input and output.
	Input  io.Reader
	Output io.Writer
}

// A Key is a key of the machine.
type Key struct {
	Key  string // as Bubble Tea names it: "c", "1", "C"
	Help string // its effect in a word or two: "coin 0.25"
	Line string // the line that it pushes, beside which a picture shows the key; "" if there is none
	Do   func() // its effect
}

// frame is the shortest time between two snapshots on the screen.
const frame = time.Second / 30

// quitTimeout is the time that each step of ending the program may take.
const quitTimeout = 300 * time.Millisecond

// Run shows the screen. It returns nil when the user leaves the screen by a key, and the cause of ctx when ctx ends. It
// restores the terminal in any case; if the terminal blocks its output when ctx ends, Run restores its mode but not its
// content, after at most a second. When the channel of snapshots is closed the screen stays, so that the end of a run
// can be read.
//
// Run receives every snapshot at once and shows the newest, at most thirty per second. It handles no signals: the caller
// ends ctx.
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
	var failed error // valid once ended is closed
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
	// Quit comes first. tea.WithContext would kill the program, which closes the input during a read.
	for _, end := range []func(){program.Quit, abandon, program.Kill} {
		wg.Go(end)
		select {
		case <-ended:
			wg.Wait() // the program takes no more messages, so that the senders have returned
			return context.Cause(ctx)
		case <-time.After(quitTimeout):
		}
	}
	return context.Cause(ctx) // Kill has restored the mode of the terminal; the blocked goroutines stay
}

// pump sends the first snapshot at once, and then the newest one per frame, until ctx ends.
func pump(ctx context.Context, snapshots <-chan Snapshot, send func(Snapshot)) {
	var newest *Snapshot
	var due <-chan time.Time // the end of the frame; nil: it is over
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
