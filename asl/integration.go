package asl

import (
	"strings"

	"signalbox/asl/value"
)

// resourceParts returns the action and service of arn:aws:states:::SERVICE:ACTION; of any other Resource the whole, and "".
func (s *State) resourceParts() (resource, resourceType string) {
	_, rest, ok := strings.Cut(s.Resource, ":states:::")
	if !ok {
		return s.Resource, ""
	}
	sdk := ""
	if after, ok := strings.CutPrefix(rest, "aws-sdk:"); ok {
		sdk, rest = "aws-sdk:", after
	}
	service, action, _ := strings.Cut(rest, ":")
	return action, sdk + service
}

// serviceName returns AWS's name for the service of a Task in causes: that of the service, or the ARN of a function or activity.
func (s *State) serviceName() string {
	if _, name := s.resourceParts(); name != "" {
		return name
	}
	return s.Resource
}

// checkParameters returns the error with which AWS refuses to schedule a task: a call of API Gateway whose headers or query
// parameters are not lists of strings by name. AWS, "Call API Gateway with Step Functions".
func (s *State) checkParameters(parameters any) *Error {
	if !s.apiGateway {
		return nil
	}
	o, _ := parameters.(*value.Object)
	for _, field := range []string{"Headers", "QueryParameters"} {
		if v, ok := o.Lookup(field); ok && !listsOfTexts(v) {
			return runtimeError("The Parameters '%s' could not be used to start the Task: "+
				"[The value of the field '%s' has an invalid format]", value.Text(parameters), field)
		}
	}
	return nil
}

// listsOfTexts reports whether v is an object of arrays of strings.
func listsOfTexts(v any) bool {
	o, ok := v.(*value.Object)
	if !ok {
		return false
	}
	for _, member := range o.All() {
		list, ok := member.([]any)
		if !ok {
			return false
		}
		for _, e := range list {
			if _, ok := e.(string); !ok {
				return false
			}
		}
	}
	return true
}
