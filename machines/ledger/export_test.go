package ledger

import "slices"

// CheckpointEvery is the number of entries between two checkpoints.
const CheckpointEvery = checkpointEvery

// Synchronous returns what SQLite syncs: 2 is FULL.
func (f *File) Synchronous() (int64, error) { return f.number("PRAGMA synchronous") }

// A watchedTail lists what is done to the file of a tail.
type watchedTail struct {
	durable
	done *[]string
}

func (w watchedTail) WriteAt(b []byte, at int64) (int, error) {
	*w.done = append(*w.done, "write")
	return w.durable.WriteAt(b, at)
}

func (w watchedTail) Sync() error {
	*w.done = append(*w.done, "sync")
	return w.durable.Sync()
}

// WatchTail returns a function that returns what was done to the tail's file since the last call.
func (f *File) WatchTail() func() []string {
	var done []string
	f.tail.file = watchedTail{f.tail.file, &done}
	return func() []string {
		d := slices.Clone(done)
		done = nil
		return d
	}
}
