package machines

import "signalbox/asl/value"

// A Request is an operator's command as the ledger keeps it.
type Request struct {
	Key       string // chosen by the operator's program: a command with the key of an earlier one is that one, repeated
	Operation string
	Input     any
	Output    any // of the command that was carried out
}

// requestMember is the member of an entry's data that holds a request.
const requestMember = "request"

// Sign adds an operator's command that was carried out, with its output, to the first of its records: so the ledger answers the
// command when it is repeated. Other inputs, and commands that were refused or have no key, change nothing.
func Sign(in Input, r Reaction) {
	c, ok := in.(Command)
	if !ok || c.Key == "" || len(r.Records) == 0 {
		return
	}
	for _, a := range r.Answers {
		if a.Ticket != c.Ticket || a.Error != "" {
			continue
		}
		data := r.Records[0].Data
		if data == nil {
			data = value.NewObject()
		}
		r.Records[0].Data = data.With(requestMember,
			value.NewObject("key", c.Key, "operation", c.Name, "input", c.Input, "output", a.Output))
	}
}

// Request returns the operator's command that an entry records; its Key is "" if there is none.
func (e Entry) Request() Request {
	if e.Data == nil {
		return Request{}
	}
	v, _ := e.Data.Lookup(requestMember)
	o, ok := v.(*value.Object)
	if !ok {
		return Request{}
	}
	member := func(name string) any {
		v, _ := o.Lookup(name)
		return v
	}
	text := func(name string) string {
		s, _ := member(name).(string)
		return s
	}
	return Request{Key: text("key"), Operation: text("operation"), Input: member("input"), Output: member("output")}
}
