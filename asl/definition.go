package asl

import (
	"iter"
	"strings"
	"time"

	"signalbox/asl/jsonpath"
	"signalbox/asl/value"
)

// A Block is a StartAt with its States: the top of a machine, a branch of a Parallel, or the processor of a Map.
type Block struct {
	StartAt string
	States  []*State // in the order of the text

	start  *State
	byName map[string]*State
	broken bool // a part of it cannot be read; only while it is parsed
}

// State returns the state of that name in the block itself, or nil.
func (b *Block) State(name string) *State { return b.byName[name] }

// A State is one state with its fields compiled. Which fields count depends on its Type.
type State struct {
	Name    string
	Type    StateType
	Comment string
	Next    string
	End     bool

	number                     int32 // its place in the machine's states
	at                         *location
	jsonata                    bool // its query language
	reached                    bool // something leads to it
	inputPath, outputPath      *pathField
	parameters, resultSelector *template
	resultPath                 *jsonpath.Path
	discardResult              bool // "ResultPath": null
	result                     any  // Pass
	hasResult                  bool
	Resource                   string // Task
	Activity                   string // Task: the name of the activity that Resource names, or ""
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

// Number returns the state's place among the states of the definition, from 0: the order of [Block.All]. See [Machine.Numbered].
func (s *State) Number() int { return int(s.number) }

// A pathField is InputPath or OutputPath: nil means "$"; none means null, which gives an empty object.
type pathField struct {
	path *jsonpath.Path
	null bool
}

// seconds is TimeoutSeconds or its Path form: a number, or a path to one. The zero value means there is none.
type seconds struct {
	fixed int64
	path  *jsonpath.Path
}

// count is MaxConcurrency and its like.
type count struct {
	fixed int64
	path  *jsonpath.Path
}

// waitField holds the one of four forms that a Wait has.
type waitField struct {
	seconds                    int64
	timestamp                  time.Time
	secondsPath, timestampPath *jsonpath.Path
}

// A Transition is a way from one state to another, with what has to be true for it: "", "Catch States.ALL", "$.i < 3",
// "Default".
type Transition struct {
	To    *State
	Label string
}

// Transitions lists where a state can lead, in the order of its definition.
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

// Terminal reports whether the state ends its block.
func (s *State) Terminal() bool { return s.End || s.Type == TypeSucceed || s.Type == TypeFail }

// A Machine is a definition that is compiled. It does not change and may be used from any number of goroutines.
type Machine struct {
	Block
	Comment string
	Timeout time.Duration // of an execution; 0: none

	hash      uint64   // of the definition's text
	states    []*State // by number
	draws     bool     // what it does may depend on random numbers
	readsTime bool     // what it does may depend on when states were entered
}

// Numbered returns the state with a number. Machines of children have the numbers and states of the whole definition.
func (m *Machine) Numbered(number int) *State { return m.states[number] }

// All ranges over the block's states in the order of the text, each followed by those inside it.
func (b *Block) All() iter.Seq[*State] {
	return func(yield func(*State) bool) { b.each(yield) }
}

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

// Faults asks for a fault of each state, with those inside it, and returns a diagnostic for every message that is not "". It is
// for callers that ask more of a definition than the language does. Text is what the machine was parsed from. The diagnostics
// point to the states' Resources, or else to the states, and are in the order of the text.
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
