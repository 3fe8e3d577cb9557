// Package services stands in for AWS's services, DynamoDB, SQS and Lambda, so that a definition that was written for them runs
// unchanged on one machine.
//
//	[Mapping]  maps the functions, tables and queues of definitions to local ones: a YAML file
//	[Services] carries out Tasks on a SQLite file; responses and errors are those of AWS
//
// The supported resources are
//
//	arn:aws:lambda:REGION:ACCOUNT:function:NAME                       a built-in function
//	arn:aws:states:::lambda:invoke                                    the same
//	arn:aws:states:::dynamodb:getItem, putItem, deleteItem            items of a table, conditions, projections
//	arn:aws:states:::aws-sdk:dynamodb:getItem, putItem, deleteItem    the same, answered as the SDK does
//	arn:aws:states:::sqs:sendMessage                                  stores a message; nothing reads the queue
package services

import (
	"fmt"
	"strings"
	"time"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
)

// Services is an [engine.Handler]. It belongs to the clock's goroutine, which waits for the file: a call takes as long as a
// commit.
type Services struct {
	mapping *Mapping
	store   *store
	clock   Clock
}

// A Clock has the time for the dates in responses.
type Clock interface{ Now() time.Time }

// Open opens the SQLite file that holds tables and queues, and creates it if needed; "" keeps them in memory.
func Open(m *Mapping, file string, clock Clock) (*Services, error) {
	s, err := openStore(file)
	if err != nil {
		return nil, fmt.Errorf("services: %s: %w", file, err)
	}
	return &Services{m, s, clock}, nil
}

// Close closes the file.
func (c *Services) Close() error { return c.store.db.Close() }

// A call is a Task under way.
type call struct {
	services *Services
	task     engine.Task
	sdk      bool          // of an aws-sdk integration: responses and errors have the SDK's shape
	in       *value.Object // the parameters
}

// An operation carries out a call and returns its output.
type operation func(*call) (any, *asl.Error)

var operations = map[string]operation{
	"dynamodb:getItem":    (*call).getItem,
	"dynamodb:putItem":    (*call).putItem,
	"dynamodb:deleteItem": (*call).deleteItem,
	"sqs:sendMessage":     (*call).sendMessage,
	"lambda:invoke":       (*call).invoke,
}

// sdks are the operations that aws-sdk integrations can call, too.
var sdks = map[string]bool{"dynamodb:getItem": true, "dynamodb:putItem": true, "dynamodb:deleteItem": true}

// operation returns the operation of a resource, nil if it is not supported, and whether an aws-sdk integration calls it.
func (m *Mapping) operation(resource string) (do operation, sdk bool) {
	if _, ok := parseFunction(resource); ok && strings.HasPrefix(resource, "arn:") {
		if m.function(resource) == nil {
			return nil, false
		}
		return (*call).run, false
	}
	_, service, ok := strings.Cut(resource, ":states:::")
	if !ok {
		return nil, false
	}
	if service, sdk = strings.CutPrefix(service, "aws-sdk:"); sdk && !sdks[service] {
		return nil, false
	}
	return operations[service], sdk
}

// Unsupported returns why Tasks with this resource cannot be run, "" if they can.
func (m *Mapping) Unsupported(resource string) string {
	if do, _ := m.operation(resource); do != nil {
		return ""
	}
	if _, ok := parseFunction(resource); ok && strings.HasPrefix(resource, "arn:") {
		return fmt.Sprintf("%s does not say what %s stands for", m.file, resource)
	}
	return "nothing here answers the resource " + resource
}

// Start implements [engine.Handler].
func (c *Services) Start(t engine.Task, reply engine.Reply) func() {
	do, sdk := c.mapping.operation(t.Resource)
	if do == nil {
		reply.Fail(asl.ErrRuntime, c.mapping.Unsupported(t.Resource))
		return nil
	}
	in, _ := t.Input.(*value.Object)
	output, err := do(&call{services: c, task: t, sdk: sdk, in: in})
	if err != nil {
		reply.Fail(err.Name, err.Cause)
	} else {
		reply.Succeed(output)
	}
	return nil
}

// invalid returns AWS's error for a parameter of the wrong type.
func (c *call) invalid(field string) *asl.Error {
	return &asl.Error{Name: asl.ErrRuntime, Cause: fmt.Sprintf(
		"The Parameters '%s' could not be used to start the Task: [The value of the field '%s' has an invalid format]",
		value.Text(c.task.Input), field)}
}

// rejectUnknown returns an error if there are parameters beside the supported ones, which would be ignored.
func (c *call) rejectUnknown(fields ...string) *asl.Error {
	for name := range c.in.All() {
		found := false
		for _, f := range fields {
			found = found || f == name
		}
		if !found {
			return &asl.Error{Name: asl.ErrRuntime, Cause: fmt.Sprintf(
				"The Parameters '%s' could not be used to start the Task: [The field '%s' is not supported here]",
				value.Text(c.task.Input), name)}
		}
	}
	return nil
}

// text returns a parameter that is a string, and whether it is present and not null. Another type is an error.
func (c *call) text(field string) (text string, present bool, err *asl.Error) {
	v, ok := c.in.Lookup(field)
	if !ok || v == nil {
		return "", false, nil
	}
	text, ok = v.(string)
	if !ok {
		return "", true, c.invalid(field)
	}
	return text, true, nil
}
