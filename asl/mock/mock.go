// Package mock answers Tasks with responses from a file, so that a definition that calls cloud services runs without them.
//
//	[File]   test cases by machine, and the responses that they name
//	[Case]   one test case: the response for each Task state
//	[Player] the handler that answers the Tasks of one execution
//
// The format is that of Step Functions Local's MockConfigFile.json:
//
//	{
//	  "StateMachines": {"order": {"TestCases": {"Throttled": {"ReserveStock": "Second time"}}}},
//	  "MockedResponses": {
//	    "Second time": {
//	      "0":   {"Throw": {"Error": "Lambda.TooManyRequestsException", "Cause": "Rate exceeded"}},
//	      "1-9": {"Return": {"StatusCode": 200, "Payload": {"reserved": true}}}
//	    }
//	  }
//	}
//
// AWS, "Using mocked service integrations for testing in Step Functions Local". Unlike there, activities can be mocked too,
// and a file is checked before anything runs.
package mock

import (
	"fmt"
	"sort"
	"strings"

	"signalbox/asl"
	"signalbox/asl/value"
)

// A File is the content of a file. It is immutable.
type File struct {
	name     string
	text     []byte
	machines []machine // in the order of the file
}

type machine struct {
	name  string
	cases []*Case
}

// A Case has the responses for the Task states of a machine.
type Case struct {
	Machine, Name string

	file      *File
	states    []mockedState        // in the order of the file
	responses map[string]*response // by state
}

// A mockedState is an entry of a test case.
type mockedState struct {
	state string
	at    int64 // offset of its name in the file
}

// A response has the answers to the invocations of a state, which are counted from 0. Their ranges follow each other.
type response struct {
	name    string
	answers []answer
}

// An answer is for the invocations from first to last, inclusive.
type answer struct {
	first, last int
	output      any
	failure     *asl.Error // nil: the Task succeeds with output
}

// answer returns the answer to invocation n ≥ 0, or nil.
func (r *response) answer(n int) *answer {
	i := sort.Search(len(r.answers), func(i int) bool { return r.answers[i].last >= n })
	if i == len(r.answers) {
		return nil
	}
	return &r.answers[i]
}

// Case returns a test case. Name is CASE, or MACHINE#CASE as Step Functions Local has it at the end of a state machine's ARN.
// Without MACHINE it is the machine named like the definition, else the only one of the file; without CASE, the only test
// case of the machine. The error lists the existing ones.
func (f *File) Case(definition, name string) (*Case, error) {
	of, wanted, named := strings.Cut(name, "#")
	if !named {
		of, wanted = definition, name
	}
	m := f.machine(of)
	if m == nil && !named && len(f.machines) == 1 {
		m = &f.machines[0]
	}
	if m == nil {
		list := make([]string, len(f.machines))
		for i := range f.machines {
			list[i] = f.machines[i].name
		}
		return nil, fmt.Errorf("%s has no state machine %q; it has: %s; name a case of one as MACHINE#CASE", f.name, of, names(list))
	}
	switch {
	case len(m.cases) == 0:
		return nil, fmt.Errorf("%s has no test cases for %s", f.name, m.name)
	case wanted == "" && len(m.cases) == 1:
		return m.cases[0], nil
	}
	list := make([]string, len(m.cases))
	for i, c := range m.cases {
		if c.Name == wanted {
			return c, nil
		}
		list[i] = c.Name
	}
	if wanted == "" {
		return nil, fmt.Errorf("%s has several test cases for %s, name one of them: %s", f.name, m.name, names(list))
	}
	return nil, fmt.Errorf("%s has no test case %q for %s; it has: %s", f.name, wanted, m.name, names(list))
}

// machine returns the machine with a name, or nil.
func (f *File) machine(name string) *machine {
	for i := range f.machines {
		if f.machines[i].name == name {
			return &f.machines[i]
		}
	}
	return nil
}

// maxNames is how many names a message lists.
const maxNames = 50

// names returns names for a message: "a, b", "a, b and 3 more", or "none".
// names joins names for a message.
func names(list []string) string {
	switch n := len(list) - maxNames; {
	case len(list) == 0:
		return "none"
	case n > 0:
		return fmt.Sprintf("%s and %d more", strings.Join(list[:maxNames], ", "), n)
	}
	return strings.Join(list, ", ")
}

// Check returns an error of type [yamltree.Faults] if the case names states that are not Task states of the definition.
func (c *Case) Check(m *asl.Machine) error {
	types := map[string]asl.StateType{}
	var tasks []string
	for s := range m.All() {
		types[s.Name] = s.Type
		if s.Type == asl.TypeTask {
			tasks = append(tasks, s.Name)
		}
	}
	r := reader{name: c.file.name, source: value.NewSource(c.file.text)}
	for _, s := range c.states {
		switch t, there := types[s.state]; {
		case !there:
			r.fault(s.at, "the definition has no state %q%s", s.state, r.hint(s.state, tasks, "its Tasks are"))
		case t != asl.TypeTask:
			r.fault(s.at, "state %q is a %v; only a Task is answered", s.state, t)
		}
	}
	return r.err()
}

// Mocks reports whether the case has a response for a state. A nil Case has none.
func (c *Case) Mocks(state string) bool { return c != nil && c.responses[state] != nil }
