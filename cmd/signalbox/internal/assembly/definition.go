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

// BuiltIn lists the built-in machines.
func BuiltIn() []machines.Machine {
	return []machines.Machine{
		intersection.Machine(), intersection.DualRing(), vending.Machine(), migration.Machine(), migration.Batch(),
	}
}

// A Definition is a state machine to run, and the built-in machine whose plant it commands, if any.
type Definition struct {
	Name    string            // the built-in machine's, or the file's without its extensions
	File    string            // the file as it was named, for messages; the Name of a built-in machine
	Text    []byte            // the Amazon States Language
	Machine *asl.Machine      // Text, parsed
	BuiltIn *machines.Machine // nil: the definition moves lines by generic activities, or none
}

// parseOptions accept a machine without an end, as one for lamps is. AWS refuses it.
var parseOptions = asl.Options{Endless: true}

// ReadDefinition returns the built-in machine of a name, else reads the file of that name. [Definition.FindPlant] checks whether
// it can be run here. The error is a [UsageError] with a line for each fault.
func ReadDefinition(name string) (*Definition, error) {
	all := BuiltIn()
	if i := slices.IndexFunc(all, func(m machines.Machine) bool { return m.Name == name }); i >= 0 {
		d := &Definition{Name: name, File: name}
		return d, d.use(&all[i])
	}
	text, err := textfile.Head(name, asl.MaxLength+1) // a longer text is refused, whatever follows
	if err != nil {
		return nil, Usagef("%w; the built-in machines are: %s", err, machineNames(all))
	}
	machine, faults := asl.ParseWith(text, parseOptions)
	if machine == nil {
		return nil, UsageError{fileFaults{name, faults}}
	}
	short := strings.TrimSuffix(strings.TrimSuffix(filepath.Base(name), ".json"), ".asl")
	return &Definition{Name: short, File: name, Text: text, Machine: machine}, nil
}

func machineNames(all []machines.Machine) string {
	list := make([]string, len(all))
	for i, m := range all {
		list[i] = m.Name
	}
	return strings.Join(list, ", ")
}

// use makes m the built-in machine, with the definition that it brings.
func (d *Definition) use(m *machines.Machine) error {
	machine, faults := asl.ParseWith(m.Definition, parseOptions)
	if machine == nil {
		return fmt.Errorf("the built-in machine %s: %w", m.Name, faults)
	}
	d.BuiltIn, d.Text, d.Machine = m, m.Definition, machine
	return nil
}

// Configure changes the built-in machine to what a configuration file describes: its plant, its board, and its definition unless
// that is a file of its own. The error has a line for each fault of the text.
func (d *Definition) Configure(file string, text []byte) error {
	m, err := d.BuiltIn.Configure(file, text)
	switch {
	case err != nil:
		return err
	case d.File == d.BuiltIn.Name:
		return d.use(&m)
	}
	d.BuiltIn = &m
	return nil
}

// RealTime reports whether the machine works on databases and the like, for which time cannot be simulated.
func (d *Definition) RealTime() bool { return d.BuiltIn != nil && d.BuiltIn.Open != nil }

// NeedsData reports whether the machine has something that must outlive the process: a ledger, or a monitor's fault.
func (d *Definition) NeedsData() bool {
	return d.hasLedger() || d.BuiltIn != nil && d.BuiltIn.Watch != nil
}

// hasLedger reports whether the machine's plant keeps a ledger.
func (d *Definition) hasLedger() bool {
	if d.BuiltIn == nil {
		return false
	}
	_, ok := d.BuiltIn.Plant.(machines.Recoverer)
	return ok
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

// codeNotHere is the code of a fault that AWS would not report: a valid state that this program cannot run.
const codeNotHere = "NOT_RUN_HERE"

// FindPlant chooses the built-in machine (of all) that has most of the activities that the definition names, and reports each
// state that cannot be run here. With mocks (nil: none), a state that has a response can be; one that has neither a response nor
// a handler fails when it is reached, since a test case need not cover all states. Mapping (nil: none) says which Tasks of AWS's
// services can be.
func (d *Definition) FindPlant(all []machines.Machine, mocks *mock.Case, mapping *services.Mapping) error {
	if d.BuiltIn != nil {
		return nil
	}
	var wanted []string
	for s := range d.Machine.All() {
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
			best, d.BuiltIn = known, &all[i]
		}
	}
	faults := d.Machine.Faults(d.Text, codeNotHere, func(s *asl.State) string { return d.unsupported(s, all, mocks, mapping) })
	if faults != nil {
		return UsageError{fileFaults{d.File, faults}}
	}
	return nil
}

// unsupported returns why a state cannot be run here; "" if it can.
func (d *Definition) unsupported(s *asl.State, all []machines.Machine, mocks *mock.Case, mapping *services.Mapping) string {
	generic := slices.Contains(direct.Activities(), s.Activity)
	switch {
	case s.JSONata():
		return "the query language JSONata is not run by this version; use JSONPath"
	case s.Type != asl.TypeTask || mocks.Mocks(s.Name):
		return ""
	case generic && d.BuiltIn != nil:
		return fmt.Sprintf("%s goes past the plant of the %s machine, whose activities the definition also names; use one kind",
			s.Activity, d.BuiltIn.Name)
	case mocks != nil:
		return ""
	case s.Activity == "" && mapping != nil:
		return mapping.Unsupported(s.Resource)
	case s.Activity == "":
		return fmt.Sprintf("nothing here answers the resource %s; mock it with --mocks FILE, map it with --services FILE, or name an "+
			"activity such as arn:aws:states:us-east-1:123456789012:activity:gpio-write", s.Resource)
	case generic || d.BuiltIn != nil && slices.Contains(d.BuiltIn.Activities, s.Activity):
		return ""
	case d.BuiltIn != nil:
		return fmt.Sprintf("the %s machine has no activity %q; it has: %s",
			d.BuiltIn.Name, s.Activity, strings.Join(d.BuiltIn.Activities, ", "))
	}
	known := direct.Activities()
	for _, m := range all {
		known = append(known, m.Activities...)
	}
	return fmt.Sprintf("no activity is called %q; there are: %s", s.Activity, strings.Join(known, ", "))
}
