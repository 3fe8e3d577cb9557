package assembly

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"signalbox/asl"
	"signalbox/asl/value"
)

// ControlSocket is the name of the socket in the data folder through which other commands reach the process that holds the
// folder: POST {"operation": …, "input": …, "key": …, "deadline": …}; the response is {"output": …} or {"error": …, "cause": …}.
const ControlSocket = "control.sock"

const (
	// beginLimit is how long an operation may wait for the machine. After it, the operation is not carried out.
	beginLimit = 10 * time.Second
	// answerLimit is how long an operation that has begun may take, such as while the disk writes the ledger.
	answerLimit = 10 * time.Second
)

// A controlServer listens on the socket. The permissions of the folder decide who may use it.
type controlServer struct {
	server  *http.Server
	closing chan struct{} // closed when the machine answers no more
	done    sync.WaitGroup
	failed  error
}

// An operateFunc starts an operation: it calls begin, carries the operation out only if begin returns true, and calls answer then,
// once, at once or later. Both may be called on any goroutine.
type operateFunc func(r Request, begin func() bool, answer func(output any, err *asl.Error))

// A controlRequest is a request on its way through the socket.
type controlRequest struct {
	Operation string          `json:"operation"`
	Input     json.RawMessage `json:"input,omitempty"`
	Key       string          `json:"key"`
	// Deadline is the time after which the operation must not begin, on the clock of [uptime]: a process that was stopped, or
	// a backlog, may hold a request back for longer than its sender waits. 0: beginLimit from the time at which it is read.
	Deadline time.Duration `json:"deadline,omitempty"`
}

type controlAnswer struct {
	Output json.RawMessage `json:"output,omitempty"`
	Error  string          `json:"error,omitempty"`
	Cause  string          `json:"cause,omitempty"`
}

// listen opens the socket in a folder that this process holds, and serves it until close.
func listen(dir string, operate operateFunc) (*controlServer, error) {
	path := filepath.Join(dir, ControlSocket)
	// A killed process may have left one behind. It is not in use, since this process holds the folder.
	if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	l, err := net.Listen("unix", path)
	if err == nil {
		err = os.Chmod(path, 0o600) // whatever the umask
	}
	if err != nil {
		return nil, fmt.Errorf("the control socket: %w", err)
	}
	c := &controlServer{closing: make(chan struct{})}
	c.server = &http.Server{Handler: controlHandler(operate, c.closing), ReadTimeout: beginLimit}
	c.done.Go(func() {
		if err := c.server.Serve(l); !errors.Is(err, http.ErrServerClosed) {
			c.failed = err
		}
	})
	return c, nil
}

// closeTime is how long an answer that has been given may take to reach its operator when the socket is closed.
const closeTime = 300 * time.Millisecond

// close closes the socket. Operations that have no answer yet get none.
func (c *controlServer) close() error {
	close(c.closing)
	ctx, cancel := context.WithTimeout(context.Background(), closeTime)
	defer cancel()
	err := c.server.Shutdown(ctx)
	if errors.Is(err, context.DeadlineExceeded) {
		err = c.server.Close()
	}
	c.done.Wait()
	return errors.Join(err, c.failed)
}

// An attempt decides whether an operation begins. Either the machine begins it or the handler withdraws it.
type attempt struct {
	decided  atomic.Bool
	deadline time.Duration // see [uptime]
}

// begin reports whether the operation may begin: it has not been withdrawn, and its deadline has not passed.
func (a *attempt) begin() bool { return uptime() < a.deadline && a.decided.CompareAndSwap(false, true) }

// withdraw reports whether the operation has not begun. It will not, then.
func (a *attempt) withdraw() bool { return a.decided.CompareAndSwap(false, true) }

// controlHandler starts the operation of each request, and responds when it has an answer. Once closing is closed, operations
// without an answer get an error.
func controlHandler(operate operateFunc, closing <-chan struct{}) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 1<<20))
		var request controlRequest
		if err == nil {
			err = json.Unmarshal(body, &request)
		}
		var input any
		if err == nil && request.Input != nil {
			input, err = value.Read(request.Input)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		try := &attempt{deadline: uptime() + beginLimit}
		if request.Deadline != 0 {
			try.deadline = min(try.deadline, request.Deadline)
		}
		answered := make(chan controlAnswer, 1)
		operate(Request{request.Operation, input, request.Key}, try.begin, func(output any, err *asl.Error) {
			if err != nil {
				answered <- controlAnswer{Error: err.Name, Cause: err.Cause}
			} else {
				answered <- controlAnswer{Output: value.Append(nil, output)}
			}
		})
		_ = json.NewEncoder(w).Encode(await(answered, try, closing)) // the caller may have gone
	})
}

// await waits for the answer to an operation, or withdraws the operation at its deadline or when closing is closed.
func await(answered <-chan controlAnswer, try *attempt, closing <-chan struct{}) controlAnswer {
	withdrawn, why := ErrLate, "the machine is busy: nothing was done"
	select {
	case answer := <-answered:
		return answer
	case <-closing:
		withdrawn, why = ErrGone, "the machine has ended: nothing was done"
	case <-time.After(try.deadline - uptime()):
	}
	if try.withdraw() {
		return controlAnswer{Error: withdrawn, Cause: why}
	}
	limit := answerLimit
	if withdrawn == ErrGone {
		limit = 0 // the machine does not run any more: what it has not answered by now it never will
	}
	select {
	case answer := <-answered:
		return answer
	default:
	}
	select {
	case answer := <-answered:
		return answer
	case <-time.After(limit):
		return controlAnswer{Error: ErrPending, Cause: "the machine has begun it, and has not answered"}
	}
}

// ErrNotRunning means that no process holds a data folder.
var ErrNotRunning = errors.New("no process uses this folder")

// An UnansweredError means that a request was sent, and that it is unknown whether it was carried out.
type UnansweredError struct {
	Key string
	Err error
}

func (e *UnansweredError) Error() string {
	return fmt.Sprintf("it is not known whether this was done (%v); repeat it with --key %s: it is not done twice", e.Err, e.Key)
}

func (e *UnansweredError) Unwrap() error { return e.Err }

// Ask has the process that holds a data folder carry out a request, and returns the output: a value of package asl/value. The
// error is [ErrNotRunning] if no process holds the folder, an *asl.Error if the machine refuses the request, and an
// [UnansweredError] if there is no answer. With any other error, nothing was done.
//
// A process that holds the folder and does not listen yet is starting up: Ask waits for it.
func Ask(ctx context.Context, dir string, r Request) (any, error) {
	client := &http.Client{Timeout: beginLimit + answerLimit + time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dial(ctx, dir)
		},
	}}
	body, err := json.Marshal(controlRequest{r.Operation, value.Append(nil, r.Input), r.Key, uptime() + beginLimit})
	if err != nil {
		return nil, err
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, "http://signalbox/", bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	response, err := client.Do(request)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED) {
		return nil, ErrNotRunning
	}
	if err != nil {
		return nil, &UnansweredError{r.Key, err}
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, &UnansweredError{r.Key, err}
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the running machine: %s", bytes.TrimSpace(text))
	}
	var answer controlAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, &UnansweredError{r.Key, err}
	}
	switch {
	case answer.Error == ErrPending:
		return nil, &UnansweredError{r.Key, errors.New(answer.Cause)}
	case answer.Error != "":
		return nil, &asl.Error{Name: answer.Error, Cause: answer.Cause}
	}
	return value.Read(answer.Output)
}

// dialPause is the pause between two attempts to reach a process that is starting up.
const dialPause = 20 * time.Millisecond

// dial opens the control socket of a data folder. While a process holds the folder and does not listen, it tries again, for
// beginLimit at most.
func dial(ctx context.Context, dir string) (net.Conn, error) {
	var dialer net.Dialer
	for give := uptime() + beginLimit; ; {
		conn, err := dialer.DialContext(ctx, "unix", filepath.Join(dir, ControlSocket))
		starting := errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ECONNREFUSED)
		if !starting || uptime() >= give || !held(dir) {
			return conn, err
		}
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-time.After(dialPause):
		}
	}
}

// held reports whether another process holds a data folder.
func held(dir string) bool {
	folder, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer func() { _ = folder.Close() }() // releases the lock, if it was free
	return errors.Is(syscall.Flock(int(folder.Fd()), syscall.LOCK_SH|syscall.LOCK_NB), syscall.EWOULDBLOCK)
}

// uptime returns the time since the host was started, the same in all processes. Steps of the wall clock do not change it.
func uptime() time.Duration {
	var t unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_MONOTONIC, &t); err != nil {
		panic(err) // every host has this clock
	}
	return time.Duration(t.Nano())
}
