package assembly

import "fmt"

// A UsageError is a fault of the command line, or of a file that it names. Nothing has been moved yet.
type UsageError struct{ Err error }

// Usagef returns a UsageError with a message made as by fmt.Errorf.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns the fault itself.
func (e UsageError) Unwrap() error { return e.Err }
