package services

import (
	"cmp"
	"crypto/sha256"
	"encoding/base32"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"

	"signalbox/asl"
	"signalbox/asl/value"
)

// digest returns a hash for an identifier of the call: the same in every run, and different for every call and purpose (what).
func (c *call) digest(what string) [sha256.Size]byte {
	return sha256.Sum256(fmt.Appendf(nil, "%s %s %d %s", what, c.task.Execution, c.task.ID, c.services.clock.Now()))
}

// uuid formats a digest as a UUID of version 4.
func uuid(d [sha256.Size]byte) string {
	d[6], d[8] = d[6]&0x0f|0x40, d[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", d[:4], d[4:6], d[6:8], d[8:10], d[10:16])
}

// requestID returns the request ID of the response: 52 letters and digits for DynamoDB, else a UUID.
func (c *call) requestID() string {
	d := c.digest("request")
	if strings.Contains(c.task.Resource, ":dynamodb:") {
		return base32.HexEncoding.WithPadding(base32.NoPadding).EncodeToString(d[:])
	}
	return uuid(d)
}

// A header is an HTTP header of a response.
type header struct{ name, value string }

// response returns the output of a service integration: the members of the service's response and the metadata of HTTP, in the
// order of their names. Headers are in the order in which the service sends them.
func (c *call) response(members map[string]any, headers []header) any {
	var all, sorted value.Builder
	for _, h := range headers {
		all.Set(h.name, []any{h.value})
	}
	slices.SortFunc(headers, func(a, b header) int { return cmp.Compare(strings.ToLower(a.name), strings.ToLower(b.name)) })
	for _, h := range headers {
		sorted.Set(h.name, h.value)
	}
	members["SdkHttpMetadata"] = value.NewObject(
		"AllHttpHeaders", all.Object(), "HttpHeaders", sorted.Object(), "HttpStatusCode", int64(http.StatusOK))
	members["SdkResponseMetadata"] = value.NewObject("RequestId", c.requestID())
	return sortedObject(members)
}

// sortedObject returns an object with sorted keys.
func sortedObject(members map[string]any) *value.Object {
	names := make([]string, 0, len(members))
	for name := range members {
		names = append(names, name)
	}
	slices.Sort(names)
	var b value.Builder
	for _, name := range names {
		b.Set(name, members[name])
	}
	return b.Object()
}

// date returns the time of the call for the Date header.
func (c *call) date() string { return c.services.clock.Now().UTC().Format(http.TimeFormat) }

func length(body string) string { return strconv.Itoa(len(body)) }

// A service has the names that a service has in its errors.
type service struct {
	name, sdkName       string // DynamoDB, DynamoDb: before the name of the error
	long, sdkLong       string // AmazonDynamoDBv2, DynamoDb: in the cause
	general, sdkGeneral string // the exception for codes without their own
	exceptions          []string
}

var (
	dynamoDB = service{
		"DynamoDB", "DynamoDb", "AmazonDynamoDBv2", "DynamoDb", "AmazonDynamoDBException", "DynamoDbException",
		[]string{"ConditionalCheckFailedException", "ResourceNotFoundException", "InternalServerErrorException"},
	}
	sqs = service{
		"SQS", "Sqs", "AmazonSQS", "Sqs", "AmazonSQSException", "SqsException",
		[]string{"QueueDoesNotExistException", "InvalidMessageContentsException"},
	}
	lambda = service{
		"Lambda", "Lambda", "AWSLambda", "Lambda", "AWSLambdaException", "LambdaException",
		[]string{"ResourceNotFoundException", "InvalidRequestContentException", "ServiceException"},
	}
)

// failure returns the error with which a service refuses the call. Exception is one of the service's own, or "" for its general
// one; code is its name in the cause.
func (c *call) failure(s service, status int, exception, code, format string, args ...any) *asl.Error {
	message := fmt.Sprintf(format, args...)
	name, general := s.name, s.general
	if c.sdk {
		name, general = s.sdkName, s.sdkGeneral
	}
	if !slices.Contains(s.exceptions, exception) {
		exception = general
	}
	if c.sdk {
		return &asl.Error{Name: name + "." + exception, Cause: fmt.Sprintf("%s (Service: %s, Status Code: %d, Request ID: %s)",
			message, s.sdkLong, status, c.requestID())}
	}
	return &asl.Error{Name: name + "." + exception, Cause: fmt.Sprintf(
		"%s (Service: %s; Status Code: %d; Error Code: %s; Request ID: %s; Proxy: null)",
		message, s.long, status, code, c.requestID())}
}
