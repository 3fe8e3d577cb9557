package assembly

import (
	"crypto/rand"
	"fmt"
	"regexp"

	"signalbox/asl"
	"signalbox/asl/value"
	"signalbox/machines"
)

// A Request is an operator's request to a machine. It is carried out once or not at all, and the answer says which: the key is in
// the ledger with what was done, and a request with the same key gets the answer of the first.
type Request struct {
	Operation string
	Input     any    // a value of package asl/value
	Key       string // see [NewKey]
}

// NewKey returns a random key.
func NewKey() string { return rand.Text() }

// Error names of requests.
const (
	ErrLate    = "Operation.Late"    // the machine did not come to it in time: it is not carried out
	ErrGone    = "Operation.Ended"   // the machine has ended before it came to it: it is not carried out
	ErrKey     = "Operation.Key"     // the key is none, or that of another request: it is not carried out
	ErrPending = "Operation.Pending" // it has begun, and there is no answer yet
)

// keyText is what a key looks like. It is stored, and shown.
var keyText = regexp.MustCompile(`^[0-9A-Za-z_-]{1,64}$`)

// ValidKey reports whether a text can be the key of a request.
func ValidKey(key string) bool { return keyText.MatchString(key) }

// An answered keeps the requests that the ledger has: see [machines.Request].
type answered interface {
	// Request returns the request with a key; its Key is "" if there is none.
	Request(key string) (machines.Request, error)
}

// repeated returns the answer that the ledger has for a request, false if the request is new. The error is of a key that belongs
// to another request, or of a ledger that cannot be read.
func repeated(l machines.Ledger, r Request) (output any, found bool, failed *asl.Error) {
	if !ValidKey(r.Key) {
		return nil, false, &asl.Error{Name: ErrKey, Cause: fmt.Sprintf("a key has 1 to 64 letters and digits, not %.80q", r.Key)}
	}
	first, err := findRequest(l, r.Key)
	switch {
	case err != nil:
		return nil, false, &asl.Error{Name: machines.ErrLine, Cause: err.Error()}
	case first.Key == "":
		return nil, false, nil
	case first.Operation != r.Operation || value.Text(first.Input) != value.Text(r.Input):
		return nil, false, &asl.Error{Name: ErrKey, Cause: fmt.Sprintf("the key %s is that of %s %s", r.Key, first.Operation, value.Text(first.Input))}
	}
	return first.Output, true, nil
}

// findRequest returns the request with a key that a ledger has; its Key is "" if there is none.
func findRequest(l machines.Ledger, key string) (machines.Request, error) {
	if indexed, ok := l.(answered); ok {
		return indexed.Request(key)
	}
	for e, err := range l.All() {
		if r := e.Request(); err != nil || r.Key == key {
			return r, err
		}
	}
	return machines.Request{}, nil
}
