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
	"syscall"
	"time"

	"signalbox/asl"
	"signalbox/asl/value"
)

// ControlSocket is the name of the socket in the data folder through which other commands reach the process that holds the
// folder: POST {"operation": …, "input": …}; the response is {"output": …} or {"error": …, "cause": …}.
const ControlSocket = "control.sock"

// answerLimit is the time limit of an operation.
const answerLimit = 10 * time.Second

// A controlServer listens on the socket. The permissions of the folder decide who may use it.
type controlServer struct {
	server  *http.Server
	closing chan struct{} // closed when the machine answers no more
	done    sync.WaitGroup
	failed  error
}

// An operateFunc starts an operation. It calls answer once, at once or later, on any goroutine.
type operateFunc func(operation string, input any, answer func(output any, err *asl.Error))

type controlRequest struct {
	Operation string          `json:"operation"`
	Input     json.RawMessage `json:"input,omitempty"`
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
	if err != nil {
		return nil, fmt.Errorf("the control socket: %w", err)
	}
	c := &controlServer{closing: make(chan struct{})}
	c.server = &http.Server{Handler: controlHandler(operate, c.closing), ReadTimeout: answerLimit}
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
		answered := make(chan controlAnswer, 1)
		operate(request.Operation, input, func(output any, err *asl.Error) {
			if err != nil {
				answered <- controlAnswer{Error: err.Name, Cause: err.Cause}
			} else {
				answered <- controlAnswer{Output: value.Append(nil, output)}
			}
		})
		var answer controlAnswer
		select {
		case answer = <-answered:
		case <-closing:
			select {
			case answer = <-answered: // the operation itself has ended the run
			default:
				http.Error(w, "the machine has ended", http.StatusServiceUnavailable)
				return
			}
		case <-time.After(answerLimit):
			http.Error(w, "the machine has not answered", http.StatusGatewayTimeout)
			return
		case <-r.Context().Done():
			return
		}
		_ = json.NewEncoder(w).Encode(answer) // the caller may have gone
	})
}

// ErrNotRunning means that no process holds a data folder.
var ErrNotRunning = errors.New("no process uses this folder")

// Ask has the process that holds a data folder carry out an operation, and returns the output: a value of package asl/value. The
// error is [ErrNotRunning] if no process holds the folder, and an *asl.Error if the machine refuses the operation.
func Ask(ctx context.Context, dir, operation string, input any) (any, error) {
	var dialer net.Dialer
	client := &http.Client{Timeout: answerLimit + time.Second, Transport: &http.Transport{
		DisableKeepAlives: true,
		DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
			return dialer.DialContext(ctx, "unix", filepath.Join(dir, ControlSocket))
		},
	}}
	body, err := json.Marshal(controlRequest{operation, value.Append(nil, input)})
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
		return nil, err
	}
	defer func() { _ = response.Body.Close() }() // it was only read
	text, err := io.ReadAll(response.Body)
	if err != nil {
		return nil, err
	}
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("the running machine: %s", bytes.TrimSpace(text))
	}
	var answer controlAnswer
	if err := json.Unmarshal(text, &answer); err != nil {
		return nil, err
	}
	if answer.Error != "" {
		return nil, &asl.Error{Name: answer.Error, Cause: answer.Cause}
	}
	return value.Read(answer.Output)
}
