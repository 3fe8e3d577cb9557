package services

import (
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"signalbox/asl"
	"signalbox/asl/value"
)

// A function stands in for a Lambda function.
type function struct {
	builtin string
	table   string            // seed: the table to fill, by its name in the store
	records int               // seed
	item    map[string]string // seed: the attributes beside the key; {n} stands for the record's number
}

// The built-in functions.
const (
	builtinEcho = "echo" // returns its payload
	builtinSeed = "seed" // fills a table with records and returns their ids, followed by "DONE"
)

// A functionName identifies a Lambda function: NAME, NAME:QUALIFIER, ACCOUNT:function:NAME or an ARN. Region and account may
// be "".
type functionName struct{ region, account, name string }

// parseFunction parses the forms of a functionName, and reports whether text is one of them.
func parseFunction(text string) (functionName, bool) {
	var f functionName
	parts := strings.Split(text, ":")
	switch {
	case len(parts) >= 7 && parts[0] == "arn" && parts[2] == "lambda" && parts[5] == "function":
		f.region, f.account, parts = parts[3], parts[4], parts[6:]
	case len(parts) >= 3 && parts[1] == "function":
		f.account, parts = parts[0], parts[2:]
	}
	if parts[0] == "" || len(parts) > 2 {
		return f, false
	}
	f.name = parts[0]
	return f, true
}

// function returns the local function for the name of a Lambda function, nil if the mapping has none. A missing region or
// account matches any.
func (m *Mapping) function(text string) *function {
	wanted, ok := parseFunction(text)
	if !ok {
		return nil
	}
	same := func(a, b string) bool { return a == "" || b == "" || a == b }
	for _, f := range m.functions {
		if f.name.name == wanted.name && same(f.name.account, wanted.account) && same(f.name.region, wanted.region) {
			return &f.does
		}
	}
	return nil
}

// run carries out a Task whose resource is the ARN of a function: the input is the payload, the output the response's payload.
func (c *call) run() (any, *asl.Error) {
	return c.apply(c.services.mapping.function(c.task.Resource), c.task.Input)
}

// invoke is Lambda's Invoke. API Reference, "Invoke".
func (c *call) invoke() (any, *asl.Error) {
	if err := c.rejectUnknown("FunctionName", "Payload", "InvocationType", "Qualifier", "ClientContext", "LogType"); err != nil {
		return nil, err
	}
	name, present, err := c.text("FunctionName")
	if err != nil || !present {
		return nil, c.invalid("FunctionName")
	}
	kind, _, err := c.text("InvocationType")
	if err != nil || kind != "" && kind != "RequestResponse" {
		return nil, c.invalid("InvocationType") // asynchronous invocations are not supported
	}
	f := c.services.mapping.function(name)
	if f == nil {
		if !strings.Contains(name, ":function:") {
			name = "arn:aws:lambda:us-east-1:123456789012:function:" + name
		}
		if strings.Count(name, ":") == 6 {
			name += ":$LATEST"
		}
		return nil, c.failure(lambda, http.StatusNotFound, "ResourceNotFoundException", "ResourceNotFoundException",
			"Function not found: %s", name)
	}
	payload, _ := c.in.Lookup("Payload")
	if text, ok := payload.(string); ok { // a string is the payload as JSON
		v, err := value.Read([]byte(text))
		var syntax *value.SyntaxError
		if errors.As(err, &syntax) {
			return nil, c.failure(lambda, http.StatusBadRequest, "InvalidRequestContentException", "InvalidRequestContentException",
				"Could not parse request body into json: Could not parse payload into json: %s", syntax.Reason)
		}
		payload = v
	}
	if payload == nil {
		payload = value.NewObject()
	}
	output, err := c.apply(f, payload)
	if err != nil {
		return nil, err
	}
	body := value.Text(output)
	return c.response(
		map[string]any{"ExecutedVersion": "$LATEST", "Payload": output, "StatusCode": int64(http.StatusOK)},
		[]header{
			{"X-Amz-Executed-Version", "$LATEST"},
			{"x-amzn-Remapped-Content-Length", "0"},
			{"Connection", "keep-alive"},
			{"x-amzn-RequestId", c.requestID()},
			{"Content-Length", length(body)},
			{"Date", c.date()},
			{"X-Amzn-Trace-Id", c.trace()},
			{"Content-Type", "application/json"},
		}), nil
}

// trace returns an X-Ray trace header; traces are not recorded.
func (c *call) trace() string {
	d := c.digest("trace")
	return fmt.Sprintf("root=1-%08x-%x;parent=%x;sampled=0", c.services.clock.Now().Unix(), d[:12], d[12:20])
}

// apply runs a function.
func (c *call) apply(f *function, payload any) (any, *asl.Error) {
	if f.builtin == builtinEcho {
		return payload, nil
	}
	t := c.services.mapping.localTable(f.table)
	ids := make([]any, 0, f.records+1)
	for n := 1; n <= f.records; n++ {
		id := strconv.Itoa(n)
		ids = append(ids, id)
		item := map[string]any{t.key[0].name: value.NewObject(t.key[0].kind, id)}
		for name, text := range f.item {
			item[name] = value.NewObject("S", strings.ReplaceAll(text, "{n}", id))
		}
		record := sortedObject(item)
		p, _ := t.keyOf(record)
		err := c.services.store.change(p, func(string) (string, bool) { return value.Text(record), true })
		if err != nil {
			return nil, c.failure(lambda, http.StatusInternalServerError, "ServiceException", "ServiceException", "%v", err)
		}
	}
	return append(ids, "DONE"), nil
}
