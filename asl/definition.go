package asl

import (
	"iter"
	"strings"
	"time"

	"signalbox/asl/jsonpath"
	"signalbox/asl/value"
)

// A Block is a StartAt with its States: the top level of a machine, a branch of a Parallel, or the processor of a Map.
type Block struct {
	StartAt string
	States  []*State // in the order of the text

	start  *State
	byName map[string]*State
	broken bool // a part of it could not be read; only used while parsing
}

// State returns the block's state of a name, or nil. It does not search the blocks inside its states.
func (b *Block) State(name string) *State { return b.byName[name] }

// A State is a compiled state. Which of its fields are used depends on its Type.
type State struct {
	Name    string
	Type    StateType
	Comment string
	Next    string
	End     bool

	number                     int32 // its place in the machine's states
	at                         *location
	jsonata                    bool // its query language
	reached                    bool // a transition leads to it
	inputPath, outputPath      *pathField
	parameters, resultSelector *template
	resultPath                 *jsonpath.Path
	discardResult              bool // "ResultPath": null
	result                     any  // Pass
	hasResult                  bool
	Resource                   string // Task
	Activity                   string // Task: the name of the activity that Resource names, or ""
	apiGateway                 bool   // Task: Resource calls API Gateway
	timeout, heartbeat         seconds
	credentials                *template
	Retry                      []Retrier
	Catch                      []Catcher
	choices                    []choiceRule
	Default                    string // Choice
	wait                       waitField
	errorName, errorCause      string // Fail
	errorPath, causePath       *expression
	Branches                   []*Block // Parallel; of a Map the processor alone
	Distributed                bool     // Map
	distribution               *distribution
	itemsPath                  *jsonpath.Path
	itemSelector               *template
	maxConcurrency             count
	next, defaultState         *State
	assign                     *template
}

// A pathField is InputPath or OutputPath. A nil *pathField means "$"; null gives an empty object.
type pathField struct {
	path *jsonpath.Path
	null bool
}

// seconds is TimeoutSeconds or HeartbeatSeconds: a number, or a path to one. The zero value means that there is none.
type seconds struct {
	fixed int64
	path  *jsonpath.Path
}

// count is MaxConcurrency: a number, or a path to one. The zero value means no limit.
type count struct {
	fixed int64
	path  *jsonpath.Path
}

// waitField is how long a Wait waits: one of its four fields.
type waitField struct {
	seconds                    int64
	timestamp                  time.Time
	secondsPath, timestampPath *jsonpath.Path
}

// A Transition leads from one state to another. Its label is the condition: "Catch States.ALL", "$.i < 3", "Default", or "" for
// Next.
type Transition struct {
	To    *State
	Label string
}

// Transitions lists the transitions of a state: those of Choices, Default, Next and Catch.
func (s *State) Transitions() []Transition {
	var list []Transition
	for _, c := range s.choices {
		list = append(list, Transition{c.next, c.String()})
	}
	if s.defaultState != nil {
		list = append(list, Transition{s.defaultState, "Default"})
	}
	if s.next != nil {
		list = append(list, Transition{s.next, ""})
	}
	for _, c := range s.Catch {
		list = append(list, Transition{c.next, "Catch " + strings.Join(c.ErrorEquals, ", ")})
	}
	return list
}

// Terminal reports whether the state ends its block: "End": true, a Succeed or a Fail.
func (s *State) Terminal() bool { return s.End || s.Type == TypeSucceed || s.Type == TypeFail }

// A Machine is a compiled definition. It is immutable and may be used from several goroutines.
type Machine struct {
	Block
	Comment string
	Timeout time.Duration // of an execution; 0 means none

	hash      uint64   // of the definition's text
	states    []*State // by number
	draws     bool     // what it does may depend on random numbers
	readsTime bool     // what it does may depend on when states were entered
}

// All ranges over the block's states in the order of the text, each followed by the states inside it.
func (b *Block) All() iter.Seq[*State] {
	return func(yield func(*State) bool) { b.each(yield) }
}

// each calls yield as [Block.All] says, and reports false once yield has.
func (b *Block) each(yield func(*State) bool) bool {
	for _, s := range b.States {
		if !yield(s) {
			return false
		}
		for _, inner := range s.Branches {
			if !inner.each(yield) {
				return false
			}
		}
	}
	return true
}

// Faults calls fault with each state, and returns a diagnostic with the code for each message that is not "", in the order of the
// text. It serves callers that require more of a definition than the language. Text is the definition that the machine was parsed
// from. A diagnostic points to the state's Resource, or to the state if it has none.
func (m *Machine) Faults(text []byte, code string, fault func(*State) string) Diagnostics {
	c := collector{source: value.NewSource(text)}
	for s := range m.All() {
		message := fault(s)
		if message == "" {
			continue
		}
		field := ""
		if s.Resource != "" {
			field = "Resource"
		}
		c.fault(s.at, field, code, "%s", message)
	}
	return c.result()
}
