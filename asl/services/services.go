// Package services answers Tasks of AWS's services here: DynamoDB's items, SQS's messages and Lambda functions, so that a
// definition that was written for them runs unchanged.
//
//	[Mapping]  what the ARNs, tables and queues of definitions stand for here: a YAML file
//	[Services]  answers, in AWS's shapes and with its error names, from a SQLite file
//
// It knows
//
//	arn:aws:lambda:REGION:ACCOUNT:function:NAME                       a built-in function
//	arn:aws:states:::lambda:invoke                                    the same
//	arn:aws:states:::dynamodb:getItem, putItem, deleteItem            items of a table, conditions, projections
//	arn:aws:states:::aws-sdk:dynamodb:getItem, putItem, deleteItem    the same, answered as the SDK does
//	arn:aws:states:::sqs:sendMessage                                  a message into a queue that nobody reads
package services

import (
	"fmt"
	"strings"
	"time"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
)

// A Services answers Tasks. It belongs to the clock's goroutine, which waits for the file: a call takes as long as a commit.
type Services struct {
	mapping *Mapping
	store   *store
	clock   Clock
}

// A Clock tells the time that answers are dated with.
type Clock interface{ Now() time.Time }

// Open opens the file that holds tables and queues; "" keeps them in memory.
func Open(m *Mapping, file string, clock Clock) (*Services, error) {
	s, err := openStore(file)
	if err != nil {
		return nil, fmt.Errorf("services: %s: %w", file, err)
	}
	return &Services{m, s, clock}, nil
}

// Close closes the file.
func (c *Services) Close() error { return c.store.db.Close() }

// A call is a Task with what its answer needs.
type call struct {
	services *Services
	task     engine.Task
	sdk      bool // by aws-sdk: answers and errors have the SDK's shape
	in       *value.Object
}

type operation func(*call) (any, *asl.Error)

var operations = map[string]operation{
	"dynamodb:getItem":    (*call).getItem,
	"dynamodb:putItem":    (*call).putItem,
	"dynamodb:deleteItem": (*call).deleteItem,
	"sqs:sendMessage":     (*call).sendMessage,
	"lambda:invoke":       (*call).invoke,
}

// sdks are the operations that are known in the shape of the SDK, too.
var sdks = map[string]bool{"dynamodb:getItem": true, "dynamodb:putItem": true, "dynamodb:deleteItem": true}

// find returns who answers a resource, nil if nobody does.
func (m *Mapping) find(resource string) (do operation, sdk bool) {
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

// Unanswered says why Tasks with this resource cannot be run, "" if they can.
func (m *Mapping) Unanswered(resource string) string {
	if do, _ := m.find(resource); do != nil {
		return ""
	}
	if _, ok := parseFunction(resource); ok && strings.HasPrefix(resource, "arn:") {
		return fmt.Sprintf("%s does not say what %s stands for", m.file, resource)
	}
	return "nothing here answers the resource " + resource
}

// Start implements [engine.Handler].
func (c *Services) Start(t engine.Task, reply engine.Reply) func() {
	do, sdk := c.mapping.find(t.Resource)
	if do == nil {
		reply.Fail(asl.ErrRuntime, c.mapping.Unanswered(t.Resource))
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

// invalid is what AWS says of parameters that a service's request cannot be made of.
func (c *call) invalid(field string) *asl.Error {
	return &asl.Error{Name: asl.ErrRuntime, Cause: fmt.Sprintf(
		"The Parameters '%s' could not be used to start the Task: [The value of the field '%s' has an invalid format]",
		value.Text(c.task.Input), field)}
}

// known refuses parameters that would be passed over in silence.
func (c *call) known(fields ...string) *asl.Error {
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

// text returns a field that holds text; there says whether it is given, and not null.
func (c *call) text(field string) (text string, there bool, err *asl.Error) {
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
