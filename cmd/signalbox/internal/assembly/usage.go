package assembly

import "fmt"

// A UsageError is a fault in the command line, or in a file that it names. Nothing has been moved yet.
type UsageError struct{ Err error }

// Usagef returns a UsageError with a message formatted as by fmt.Errorf.
func Usagef(format string, args ...any) error { return UsageError{fmt.Errorf(format, args...)} }

func (e UsageError) Error() string { return e.Err.Error() }

// Unwrap returns Err.
func (e UsageError) Unwrap() error { return e.Err }
