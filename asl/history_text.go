package asl

import (
	"strings"
	"time"

	"signalbox/asl/value"
)

// Region is the AWS region that histories and ARNs name.
const Region = "us-east-1"

// Details returns what AWS's GetExecutionHistory shows of the event beside its id, time and type: the name of the member and
// the member itself, with inputs and outputs as texts of JSON. Both are empty for events that have no details. Who is the
// identity of the execution.
func (e *HistoryEvent) Details(who Identity) (string, *value.Object) {
	var b value.Builder
	switch e.Type {
	case HistoryExecutionStarted:
		payload(&b, "input", e.Data)
		b.Set("roleArn", who.RoleARN)
		return "executionStartedEventDetails", b.Object()
	case HistoryExecutionSucceeded:
		payload(&b, "output", e.Data)
		return "executionSucceededEventDetails", b.Object()
	case HistoryExecutionFailed:
		return "executionFailedEventDetails", failure(&b, e.Error)
	case HistoryExecutionAborted:
		return "executionAbortedEventDetails", failure(&b, e.Error)
	case HistoryExecutionTimedOut:
		return "executionTimedOutEventDetails", failure(&b, nil)
	case HistoryStateEntered:
		payload(&b, "input", e.Data)
		b.Set("name", e.State.Name)
		return "stateEnteredEventDetails", b.Object()
	case HistoryStateExited:
		if e.Assigned != nil {
			var texts value.Builder
			for name, v := range e.Assigned.All() {
				texts.Set(name, value.Text(v))
			}
			b.Set("assignedVariables", texts.Object())
			b.Set("assignedVariablesDetails", value.NewObject("truncated", false))
		}
		b.Set("name", e.State.Name)
		payload(&b, "output", e.Data)
		return "stateExitedEventDetails", b.Object()
	case HistoryFanStarted:
		if e.State.Type == TypeMap {
			b.Set("length", int64(e.Index))
			return "mapStateStartedEventDetails", b.Object()
		}
	case HistoryMapRunStarted:
		b.Set("mapRunArn", e.Data)
		return "mapRunStartedEventDetails", b.Object()
	case HistoryMapRunFailed:
		return "mapRunFailedEventDetails", failure(&b, e.Error)
	case HistoryIterationStarted, HistoryIterationSucceeded, HistoryIterationFailed, HistoryIterationAborted:
		b.Set("index", int64(e.Index))
		b.Set("name", e.State.Name)
		name := e.Type.Name()
		return strings.ToLower(name[:1]) + name[1:] + "EventDetails", b.Object()
	case HistoryTaskScheduled, HistoryTaskStarted, HistoryTaskSubmitted, HistoryTaskSucceeded, HistoryTaskFailed, HistoryTaskTimedOut:
		return e.taskDetails(&b)
	}
	return "", nil
}

// taskDetails are those of the three kinds of resources, which AWS words differently.
func (e *HistoryEvent) taskDetails(b *value.Builder) (string, *value.Object) {
	s := e.State
	kind := s.resourceKind()
	service := kind == "Task"
	switch e.Type {
	case HistoryTaskScheduled:
		if service {
			b.Set("parameters", value.Text(e.Data))
			b.Set("region", Region)
		} else {
			payload(b, "input", e.Data)
			b.Set("resource", s.Resource)
		}
		if e.Request.Timeout > 0 {
			b.Set("timeoutInSeconds", int64(e.Request.Timeout/time.Second))
		}
		if e.Request.Heartbeat > 0 {
			b.Set("heartbeatInSeconds", int64(e.Request.Heartbeat/time.Second))
		}
	case HistoryTaskSubmitted, HistoryTaskSucceeded:
		payload(b, "output", e.Data)
	case HistoryTaskFailed, HistoryTaskTimedOut:
		failure(b, e.Error)
	case HistoryTaskStarted:
		if e.Data != nil && kind == "Activity" {
			b.Set("workerName", e.Data)
		}
	}
	if service {
		resource, resourceType := s.resourceParts()
		b.Set("resource", resource)
		b.Set("resourceType", resourceType)
	}
	if !service && kind == "LambdaFunction" && e.Type == HistoryTaskStarted {
		return "", nil
	}
	name := e.Name()
	return strings.ToLower(name[:1]) + name[1:] + "EventDetails", b.Object()
}

func payload(b *value.Builder, name string, v any) {
	b.Set(name, value.Text(v))
	b.Set(name+"Details", value.NewObject("truncated", false))
}

func failure(b *value.Builder, err *Error) *value.Object {
	if err != nil {
		if err.Cause != "" {
			b.Set("cause", err.Cause)
		}
		if err.Name != "" {
			b.Set("error", err.Name)
		}
	}
	return b.Object()
}
