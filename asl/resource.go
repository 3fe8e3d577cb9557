package asl

import (
	"regexp"
	"strings"

	"signalbox/asl/value"
)

// patterns is a set of the ways in which a Task may wait for a service. AWS, "Discover service integration patterns".
type patterns uint8

const (
	response patterns = 1 << iota // for the response to the call
	job                           // for the end of a job: .sync
	job2                          // the same, with its output as JSON: .sync:2
	callback                      // for a callback with the task's token: .waitForTaskToken
)

// suffixes are those of a Resource that choose a pattern.
var suffixes = map[string]patterns{".sync": job, ".sync:2": job2, ".waitForTaskToken": callback}

// A serviceAction is an action of a service that has an optimized integration.
type serviceAction struct {
	patterns patterns
	required []string // the parameters without which AWS was seen to refuse a definition
}

// integrations are the optimized integrations, by SERVICE:ACTION. AWS, "Integrating optimized services with Step Functions", and
// the page of each service.
var integrations = func() map[string]serviceAction {
	all := map[string]serviceAction{
		"apigateway:invoke":                   {response | callback, nil},
		"dynamodb:getItem":                    {response, []string{"TableName", "Key"}},
		"dynamodb:putItem":                    {response, []string{"TableName", "Item"}},
		"ecs:runTask":                         {response | job | callback, []string{"TaskDefinition"}},
		"events:putEvents":                    {response | callback, []string{"Entries"}},
		"glue:startJobRun":                    {response | job, []string{"JobName"}},
		"http:invoke":                         {response, nil},
		"lambda:invoke":                       {response | callback, []string{"FunctionName"}},
		"sns:publish":                         {response | callback, []string{"Message"}},
		"sqs:sendMessage":                     {response | callback, []string{"QueueUrl", "MessageBody"}},
		"states:startExecution":               {response | job | job2 | callback, []string{"StateMachineArn"}},
		"bedrock:invokeModel":                 {response | callback, nil},
		"eks:call":                            {response | callback, nil},
		"eks:runJob":                          {response | job | callback, nil},
		"emr-containers:createVirtualCluster": {response, nil},
	}
	for service, actions := range map[string]string{
		"athena":    "getQueryExecution getQueryResults stopQueryExecution",
		"codebuild": "stopBuild batchDeleteBuilds batchGetReports stopBuildBatch deleteBuildBatch",
		"dynamodb":  "deleteItem updateItem",
		"elasticmapreduce": "setClusterTerminationProtection cancelStep modifyInstanceFleetByName " +
			"modifyInstanceGroupByName",
		"sagemaker": "createEndpoint createEndpointConfig createModel updateEndpoint",
	} {
		for action := range strings.FieldsSeq(actions) {
			all[service+":"+action] = serviceAction{response, nil}
		}
	}
	for service, actions := range map[string]string{
		"athena":           "startQueryExecution",
		"batch":            "submitJob",
		"bedrock":          "createModelCustomizationJob",
		"codebuild":        "startBuild startBuildBatch retryBuildBatch",
		"databrew":         "startJobRun",
		"eks":              "createCluster deleteCluster createNodegroup deleteNodegroup",
		"emr-containers":   "deleteVirtualCluster startJobRun",
		"emr-serverless":   "createApplication startApplication stopApplication deleteApplication startJobRun cancelJobRun",
		"elasticmapreduce": "createCluster terminateCluster addStep",
		"mediaconvert":     "createJob",
		"sagemaker":        "createHyperParameterTuningJob createLabelingJob createProcessingJob createTrainingJob createTransformJob",
	} {
		for action := range strings.FieldsSeq(actions) {
			all[service+":"+action] = serviceAction{response | job, nil}
		}
	}
	return all
}()

// The forms of a Resource: an action of the AWS SDK, with the names of the SDK for Java; a Lambda function, with or without a version
// or alias; an activity; a service.
var (
	sdkAction = regexp.MustCompile(`^aws-sdk:[a-z][a-z0-9]*:[a-z][A-Za-z0-9]*$`)
	function  = regexp.MustCompile(`^arn:[a-z-]+:lambda:[a-z0-9-]*:[0-9]*:function:[A-Za-z0-9_.-]+(:(\$LATEST|[A-Za-z0-9_-]+))?$`)
	activity  = regexp.MustCompile(`^arn:[a-z-]+:states:[a-z0-9-]+:[0-9]*:activity:([^:/]+)$`)
	service   = regexp.MustCompile(`^arn:[a-z-]+:states:::(.+)$`)
)

// resource checks the Resource of a Task, and sets s.Activity if it is an activity.
func (p *parser) resource(f *fields, s *State) {
	at := f.at.member("Resource")
	if !strings.HasPrefix(s.Resource, "arn:") {
		p.schema(at, "", "Value is not a valid resource ARN")
		return
	}
	if m := activity.FindStringSubmatch(s.Resource); m != nil {
		s.Activity = m[1]
		if p.express {
			p.schema(at, "", "Express state machine does not support Activity ARN")
		}
		return
	}
	if function.MatchString(s.Resource) {
		return
	}
	m := service.FindStringSubmatch(s.Resource)
	if m == nil {
		p.reportResource(s, at)
		return
	}
	action, pattern := m[1], response
	if i := strings.IndexByte(action, '.'); i >= 0 {
		action, pattern = action[:i], suffixes[action[i:]]
	}
	s.apiGateway = strings.HasPrefix(action, "apigateway:invoke")
	call, known := integrations[action]
	if !known && sdkAction.MatchString(action) {
		call.patterns = response | callback
	}
	switch {
	case call.patterns&pattern == 0:
		p.reportResource(s, at)
		return
	case !p.express:
	case pattern == callback:
		// The blank at the end is AWS's, as a recording shows.
		p.schema(at, "", "Express state machine does not support '.waitForTaskToken' service integration ")
	case pattern != response:
		p.schema(at, "", "Express state machine does not support '.sync' service integration")
	}
	p.checkParameters(f, s, call)
}

// reportResource reports a Resource that AWS does not know.
func (p *parser) reportResource(s *State, at *location) {
	p.schema(at, "", "The resource provided %s is not recognized. The value is not a valid resource ARN, or the resource is "+
		"not available in this region.", s.Resource)
}

// checkParameters reports the parameters that an action requires and the Task does not have.
func (p *parser) checkParameters(f *fields, s *State, call serviceAction) {
	name := "Parameters"
	if f.language == inJSONata {
		name = "Arguments"
	}
	v, ok := f.members.Lookup(name)
	if !ok {
		p.schema(f.at.member("Resource"), "", "%s field is required for resource ARN: %s", name, s.Resource)
		return
	}
	for _, field := range call.required {
		if o, isObject := v.(*value.Object); isObject && !has(o, field) && (f.language == inJSONata || !has(o, field+".$")) {
			p.schema(f.at.member(name), "", "The field '%s' is required but was missing", field)
		}
	}
}

// has reports whether an object has a key.
func has(o *value.Object, key string) bool {
	_, ok := o.Lookup(key)
	return ok
}
