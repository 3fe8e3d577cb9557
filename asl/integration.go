package asl

import (
	"strings"

	"signalbox/asl/value"
)

// resourceParts splits the resource arn:aws:states:::SERVICE:ACTION into its action and service.
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

// serviceName is who does a Task, as AWS calls it in causes: a service by its name, a function or activity by its ARN.
func (s *State) serviceName() string {
	if _, name := s.resourceParts(); name != "" {
		return name
	}
	return s.Resource
}

// checkParameters refuses what AWS refuses before it schedules a task: an API Gateway call whose headers or query are not
// lists of texts by name. AWS, "Call API Gateway with Step Functions".
func (s *State) checkParameters(parameters any) *Error {
	if !strings.Contains(s.Resource, ":states:::apigateway:invoke") {
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
