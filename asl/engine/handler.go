package engine

// A Task is what a Task state asks of a handler.
type Task struct {
	Execution string // the execution's name
	Top       string // the name of the execution that was started from outside: another one in a child of a distributed Map
	ID        int64  // differs for every attempt of every Task of the execution
	State     string
	Resource  string // as in the definition
	Activity  string // the name behind "activity:" in Resource, else ""
	Input     any    // a value of package value
}

// A Reply takes the answer to one Task. The first Succeed or Fail counts, later ones do nothing, and neither does anything
// once the Task has timed out or its execution has ended. The methods are for the clock's goroutine; from another one
// they go through [Clock.Post].
type Reply interface {
	Succeed(output any)
	Fail(name, cause string)
	Heartbeat()
	// Submit says that the Task was handed on, and what whoever took it said: of .sync and .waitForTaskToken. The answer
	// comes later.
	Submit(output any)
}

// A Handler answers the Tasks of one activity. Start is called on the clock's goroutine and does not block: it replies at
// once, or keeps reply for later. The cancel that it returns (nil: nothing to do) is called when the Task ends without a
// reply: timed out, or the execution stopped.
type Handler interface {
	Start(task Task, reply Reply) (cancel func())
}

// HandlerFunc is a Handler that replies at once.
type HandlerFunc func(task Task) (output any, name, cause string)

// Start implements [Handler].
func (f HandlerFunc) Start(task Task, reply Reply) func() {
	output, name, cause := f(task)
	if name != "" {
		reply.Fail(name, cause)
	} else {
		reply.Succeed(output)
	}
	return nil
}
