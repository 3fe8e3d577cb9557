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

// A function is what a Lambda function does here.
type function struct {
	builtin string
	table   string            // seed: the name of the table in the mapping
	records int               // seed
	item    map[string]string // seed: the attributes beside the key; {n} is the record's number
}

// The built-in functions.
const (
	builtinEcho = "echo" // answers with its payload
	builtinSeed = "seed" // fills a table with records and answers with their ids, and "DONE" behind them
)

// A functionName is what a Lambda function is called by: NAME, NAME:QUALIFIER, ACCOUNT:function:NAME or an ARN.
type functionName struct{ region, account, name string }

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

// function returns what a function stands for, nil if the mapping does not say.
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

// run is a Task whose resource is the function's ARN: its input is the payload, its output what comes back.
func (c *call) run() (any, *asl.Error) {
	return c.apply(c.services.mapping.function(c.task.Resource), c.task.Input)
}

// invoke is Lambda's Invoke. API Reference, "Invoke".
func (c *call) invoke() (any, *asl.Error) {
	if err := c.known("FunctionName", "Payload", "InvocationType", "Qualifier", "ClientContext", "LogType"); err != nil {
		return nil, err
	}
	name, there, err := c.text("FunctionName")
	if err != nil || !there {
		return nil, c.invalid("FunctionName")
	}
	kind, _, err := c.text("InvocationType")
	if err != nil || kind != "" && kind != "RequestResponse" {
		return nil, c.invalid("InvocationType") // nobody works here while nobody waits
	}
	f := c.services.mapping.function(name)
	if f == nil {
		if !strings.Contains(name, ":function:") {
			name = "arn:aws:lambda:us-east-1:123456789012:function:" + name
		}
		if strings.Count(name, ":") == 6 {
			name += ":$LATEST"
		}
		return nil, c.refused(lambda, http.StatusNotFound, "ResourceNotFoundException", "ResourceNotFoundException",
			"Function not found: %s", name)
	}
	payload, _ := c.in.Lookup("Payload")
	if text, ok := payload.(string); ok { // a text is the payload's JSON
		v, err := value.Read([]byte(text))
		var syntax *value.SyntaxError
		if errors.As(err, &syntax) {
			return nil, c.refused(lambda, http.StatusBadRequest, "InvalidRequestContentException", "InvalidRequestContentException",
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
	return c.answered(
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

// trace is the call's in X-Ray, which nobody keeps here.
func (c *call) trace() string {
	d := c.digest("trace")
	return fmt.Sprintf("root=1-%08x-%x;parent=%x;sampled=0", c.services.clock.Now().Unix(), d[:12], d[12:20])
}

// apply does what a function does.
func (c *call) apply(f *function, payload any) (any, *asl.Error) {
	if f.builtin == builtinEcho {
		return payload, nil
	}
	t := c.services.mapping.local(f.table)
	ids := make([]any, 0, f.records+1)
	for n := 1; n <= f.records; n++ {
		id := strconv.Itoa(n)
		ids = append(ids, id)
		item := map[string]any{t.key[0].name: value.NewObject(t.key[0].kind, id)}
		for name, text := range f.item {
			item[name] = value.NewObject("S", strings.ReplaceAll(text, "{n}", id))
		}
		record := sortedObject(item)
		p, _ := t.place(record)
		err := c.services.store.change(p, func(string) (string, bool) { return value.Text(record), true })
		if err != nil {
			return nil, c.refused(lambda, http.StatusInternalServerError, "ServiceException", "ServiceException", "%v", err)
		}
	}
	return append(ids, "DONE"), nil
}
