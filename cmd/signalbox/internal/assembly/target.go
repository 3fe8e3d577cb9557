package assembly

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"signalbox/asl"
	"signalbox/asl/mock"
	"signalbox/asl/services"
	"signalbox/internal/textfile"
	"signalbox/machines"
	"signalbox/machines/direct"
	"signalbox/machines/intersection"
	"signalbox/machines/migration"
	"signalbox/machines/vending"
)

// BuiltIn lists the machines that the program brings.
func BuiltIn() []machines.Machine {
	return []machines.Machine{
		intersection.Machine(), intersection.DualRing(), vending.Machine(), migration.Machine(), migration.Batch(),
	}
}

// A Target is what a command works on: a definition, and the built-in machine whose plant it commands, if any.
type Target struct {
	Name    string // of the machine, or the definition's file
	File    string // for messages
	Text    []byte
	Machine *asl.Machine
	BuiltIn *machines.Machine
}

// Become replaces the built-in machine by one that is configured otherwise, and its definition with it where that is what
// was asked for.
func (t *Target) Become(m *machines.Machine) error {
	t.BuiltIn = m
	if t.File != m.Name {
		return nil
	}
	definition, faults := asl.ParseWith(m.Definition, readOptions)
	if definition == nil {
		return fmt.Errorf("the built-in machine %s: %w", m.Name, faults)
	}
	t.Text, t.Machine = m.Definition, definition
	return nil
}

// Real reports whether the target works on what time cannot be simulated for.
func (t *Target) Real() bool { return t.BuiltIn != nil && t.BuiltIn.Open != nil }

// Keeps reports whether the target's machine has something that must outlive the process.
func (t *Target) Keeps() bool {
	return t.recovers() || t.BuiltIn != nil && t.BuiltIn.Watch != nil
}

// recovers reports whether the target's machine has a ledger.
func (t *Target) recovers() bool {
	if t.BuiltIn == nil {
		return false
	}
	_, recovers := t.BuiltIn.Plant.(machines.Recoverer)
	return recovers
}

// readOptions take a machine without an end, which AWS refuses: who runs lamps has no use for one.
var readOptions = asl.Options{Endless: true}

// ReadTarget finds a built-in machine or reads a definition's file. Whether it can be run here is judged by findPlant.
func ReadTarget(name string) (*Target, error) {
	all := BuiltIn()
	for i := range all {
		if all[i].Name == name {
			m := &all[i]
			definition, faults := asl.ParseWith(m.Definition, readOptions)
			if definition == nil {
				return nil, fmt.Errorf("the built-in machine %s: %w", name, faults)
			}
			return &Target{Name: name, File: name, Text: m.Definition, Machine: definition, BuiltIn: m}, nil
		}
	}
	text, err := textfile.Head(name, asl.MaxLength+1) // of what is too long the rest does not matter
	if err != nil {
		return nil, Usagef("%w; built in are: %s", err, names(all))
	}
	definition, faults := asl.ParseWith(text, readOptions)
	if definition == nil {
		return nil, UsageError{fileFaults{name, faults}}
	}
	short := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(name), ".json"), ".asl")
	return &Target{Name: short, File: name, Text: text, Machine: definition}, nil
}

func names(all []machines.Machine) string {
	list := make([]string, len(all))
	for i, m := range all {
		list[i] = m.Name
	}
	return strings.Join(list, ", ")
}

// fileFaults are a definition's faults with the name of its file before each.
type fileFaults struct {
	file   string
	faults asl.Diagnostics
}

func (f fileFaults) Error() string {
	lines := make([]string, len(f.faults))
	for i, one := range f.faults {
		lines[i] = fmt.Sprintf("%s:%v", f.file, one)
	}
	return strings.Join(lines, "\n")
}

// codeNotHere is the code of what the language takes and this program does not run.
const codeNotHere = "NOT_RUN_HERE"

// FindPlant chooses the built-in machine whose activities the definition names, and reports every Task that nothing here
// would answer. With mocks (nil: none) only those count that have no response; what nobody answers then fails when it is
// reached, as a test case need not cover all states. Tasks of AWS's services are answered as mapping (nil: none) says.
func (t *Target) FindPlant(all []machines.Machine, mocks *mock.Case, mapping *services.Mapping) error {
	if t.BuiltIn != nil {
		return nil
	}
	var wanted []string
	for s := range t.Machine.All() {
		if s.Activity != "" && !slices.Contains(direct.Activities(), s.Activity) && !mocks.Mocks(s.Name) {
			wanted = append(wanted, s.Activity)
		}
	}
	best := 0
	for i := range all {
		known := 0
		for _, a := range wanted {
			if slices.Contains(all[i].Activities, a) {
				known++
			}
		}
		if known > best {
			best, t.BuiltIn = known, &all[i]
		}
	}
	faults := t.Machine.Faults(t.Text, codeNotHere, func(s *asl.State) string { return t.unanswered(s, all, mocks, mapping) })
	if faults != nil {
		return UsageError{fileFaults{t.File, faults}}
	}
	return nil
}

// unanswered says why a state cannot be run here; "" if it can.
func (t *Target) unanswered(s *asl.State, all []machines.Machine, mocks *mock.Case, mapping *services.Mapping) string {
	generic := slices.Contains(direct.Activities(), s.Activity)
	switch {
	case s.JSONata():
		return "the query language JSONata is not run by this version; use JSONPath"
	case s.Type != asl.TypeTask || mocks.Mocks(s.Name):
		return ""
	case generic && t.BuiltIn != nil:
		return fmt.Sprintf("%s goes past the plant of the %s machine, whose activities the definition also names; use one kind",
			s.Activity, t.BuiltIn.Name)
	case mocks != nil:
		return ""
	case s.Activity == "" && mapping != nil:
		return mapping.Unanswered(s.Resource)
	case s.Activity == "":
		return fmt.Sprintf("nothing here answers the resource %s; let a file answer it with --mocks FILE, say what it stands for "+
			"with --services FILE, or name an activity such as "+
			"arn:aws:states:us-east-1:123456789012:activity:gpio-write", s.Resource)
	case generic || t.BuiltIn != nil && slices.Contains(t.BuiltIn.Activities, s.Activity):
		return ""
	case t.BuiltIn != nil:
		return fmt.Sprintf("the %s machine has no activity %q; it has: %s",
			t.BuiltIn.Name, s.Activity, strings.Join(t.BuiltIn.Activities, ", "))
	}
	known := direct.Activities()
	for _, m := range all {
		known = append(known, m.Activities...)
	}
	return fmt.Sprintf("no activity is called %q; there are: %s", s.Activity, strings.Join(known, ", "))
}
