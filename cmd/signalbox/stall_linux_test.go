package main_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"signalbox/internal/race"

	"golang.org/x/sys/unix"
)

// openPty returns the two sides of a pseudo-terminal, and the program's side again, for writes that do not wait.
func openPty(tb testing.TB) (user, program, filler *os.File) {
	tb.Helper()
	user, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	tb.Cleanup(func() { _ = user.Close() })
	if err := unix.IoctlSetPointerInt(int(user.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		tb.Fatal(err)
	}
	n, err := unix.IoctlGetInt(int(user.Fd()), unix.TIOCGPTN)
	if err != nil {
		tb.Fatal(err)
	}
	program, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0)
	if err != nil {
		tb.Fatal(err)
	}
	if err := unix.IoctlSetWinsize(int(user.Fd()), unix.TIOCSWINSZ, &unix.Winsize{Row: 60, Col: 200}); err != nil {
		tb.Fatal(err)
	}
	fd, err := unix.Open(program.Name(), unix.O_WRONLY|unix.O_NOCTTY|unix.O_NONBLOCK, 0)
	if err != nil {
		tb.Fatal(err)
	}
	filler = os.NewFile(uintptr(fd), program.Name())
	tb.Cleanup(func() { _ = filler.Close() })
	return user, program, filler
}

// pipeSize is a page: the smallest capacity of a pipe.
const pipeSize = 4096

// stall reads the beginning of what a program writes, and then sees to it that it can write no more. A pipe is full when the
// program has written enough; a terminal is filled by filler, as it takes far more than it says.
func stall(tb testing.TB, reader, filler *os.File) {
	tb.Helper()
	if _, err := io.ReadFull(reader, make([]byte, 1000)); err != nil {
		tb.Fatal(err)
	}
	waiting := func() int {
		n, err := unix.IoctlGetInt(int(reader.Fd()), unix.TIOCINQ)
		if err != nil {
			tb.Fatal(err)
		}
		return n
	}
	// How much fits into a pipe of one page depends on the sizes of the writes: it may be full with 1 kB.
	last, since := -1, time.Now()
	for begun := since; last < 1 || time.Since(since) < time.Second; {
		if time.Since(begun) > 30*time.Second {
			tb.Fatalf("%d bytes wait to be read, and more are written", last)
		}
		written := 0
		if filler != nil {
			written, _ = unix.Write(int(filler.Fd()), make([]byte, 1000)) // EAGAIN if it takes no more
		}
		if n := waiting(); n != last || written > 0 {
			last, since = n, time.Now()
		}
		time.Sleep(time.Millisecond)
	}
}

// A reader that stalls does not make a run deaf to signals. Its outputs are safe first: see
// TestAnInterruptedRunEndsThoughItsOutputIsNotRead.
func TestSignalsEndARunWhoseOutputIsNotRead(t *testing.T) {
	outputs := map[string]func(testing.TB, *exec.Cmd) (reader, filler *os.File){
		"pipe": func(tb testing.TB, cmd *exec.Cmd) (reader, filler *os.File) {
			r, w, err := os.Pipe()
			if err != nil {
				tb.Fatal(err)
			}
			tb.Cleanup(func() { _ = r.Close() })
			if _, err := unix.FcntlInt(w.Fd(), unix.F_SETPIPE_SZ, pipeSize); err != nil {
				tb.Fatal(err)
			}
			cmd.Stdout = w
			return r, nil
		},
		"terminal": func(tb testing.TB, cmd *exec.Cmd) (reader, filler *os.File) {
			user, program, filler := openPty(tb)
			cmd.Stdout = program
			return user, filler
		},
		"screen": func(tb testing.TB, cmd *exec.Cmd) (reader, filler *os.File) {
			user, program, filler := openPty(tb)
			cmd.Stdin, cmd.Stdout = program, program
			cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true}
			return user, filler
		},
	}
	arguments := map[string][]string{
		"pipe": {"--json", "--speed", "0"}, "terminal": {"--plain", "--speed", "0"}, "screen": {"--speed", "1000"},
	}
	runs := 12
	if race.Enabled {
		runs = 2
	}
	for output, connect := range outputs {
		for _, sig := range []syscall.Signal{syscall.SIGTERM, syscall.SIGINT, syscall.SIGHUP} {
			for run := range runs {
				t.Run(fmt.Sprintf("%s %v %d", output, sig, run), func(t *testing.T) {
					t.Parallel() // most of it is waiting
					cmd := exec.Command(signalbox, append([]string{"run", "intersection"}, arguments[output]...)...)
					cmd.Env = append(os.Environ(), "TERM=xterm-256color")
					if output == "screen" {
						// A Bubble Tea program (v2.1.1) that is killed closes its reader of keys while that waits: a race of
						// its own, which must not become the exit code. That of the signals is still compared.
						cmd.Env = append(cmd.Env, "GORACE=exitcode=0")
					}
					var talk bytes.Buffer
					cmd.Stderr = &talk
					reader, filler := connect(t, cmd)
					if err := cmd.Start(); err != nil {
						t.Fatal(err)
					}
					_ = cmd.Stdout.(*os.File).Close() // the process has its own
					stall(t, reader, filler)
					signaled := time.Now()
					if err := cmd.Process.Signal(sig); err != nil {
						t.Fatal(err)
					}
					// It takes half a second; what else runs on the machine may take its time, too.
					late := time.AfterFunc(20*time.Second, func() { _ = cmd.Process.Kill() })
					_ = cmd.Wait() // the exit code says more
					late.Stop()
					t.Logf("ended %v after the signal", time.Since(signaled).Round(10*time.Millisecond))
					want, message := 1, "the output is not read: the last "
					if output == "screen" {
						want, message = 0, ""
					}
					if code := cmd.ProcessState.ExitCode(); code != want || !strings.Contains(talk.String(), message) {
						t.Errorf("got exit code %d and %q, want %d and %q", code, talk.String(), want, message)
					}
				})
			}
		}
	}
}
