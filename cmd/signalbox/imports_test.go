package main_test

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// A room is a folder and what its files may import. The first room that holds a folder counts: "a" holds a and all below it,
// "a/*" all below it. Files are read as they are: asking go list from a test is served from the cache, and passes with a
// forbidden import in place.
type room struct {
	folder string
	own    []string // folders of this project; "a/..." is a and all below it
	not    []string // packages of others that are forbidden, and those below them
	why    string
}

var rooms = []room{
	{"asl/value", nil, []string{"os", "time", "net", "golang.org/x/sync", "math/rand"}, "values are pure"},
	{"asl/jsonpath", []string{"asl/value"}, []string{"os", "time", "net"}, "paths are pure"},
	{"asl/jsonata", []string{"asl/value"}, []string{"os", "time", "net"}, "expressions are pure"},
	{"asl/internal/items", []string{"asl/value"}, []string{"os", "time", "net"}, "items are read from texts"},
	{"asl/engine", []string{"asl", "asl/value"}, []string{"periph.io", "charm.land"}, "the engine knows the language alone"},
	{
		"asl/services",
		[]string{"asl", "asl/value", "asl/engine", "internal/yamltree"},
		[]string{"periph.io", "charm.land"},
		"the services are a handler of the engine, and know neither mocks nor plants",
	},
	{
		"asl/mock",
		[]string{"asl", "asl/value", "asl/engine", "internal/near", "internal/yamltree"},
		[]string{"os", "time", "net", "math/rand", "periph.io", "charm.land"},
		"mocks are a handler of the engine that answers from a text, and know no services",
	},
	{"asl/*", nil, nil, "a new package of asl needs an entry of its own"},
	{
		"asl",
		[]string{"asl/value", "asl/jsonpath", "asl/jsonata", "asl/internal/items"},
		[]string{"os", "context", "net", "sync", "math/rand", "periph.io", "charm.land"},
		"Step starts no goroutine, reads no clock, draws no random number and does no I/O",
	},
	{"internal/textfile", nil, []string{"net", "periph.io", "charm.land"}, "it reads files, and knows nothing of what is in them"},
	{"internal", []string{"internal/near"}, []string{"os", "net", "periph.io", "charm.land"}, "what all floors share knows none of them"},
	{"gpio/internal", nil, notOfGPIO, "pin modes and the tests' clock know no board"},
	{"gpio/cdev", []string{"gpio", "gpio/internal/pinmode"}, notOfGPIO, "a driver knows boards alone"},
	{"gpio/sim", []string{"gpio", "gpio/internal/pinmode"}, notOfGPIO, "a driver knows boards alone"},
	{
		"gpio/scenario",
		[]string{"gpio", "gpio/sim", "internal/textfile", "internal/yamltree"},
		notOfGPIO,
		"a scenario drives simulated lines",
	},
	{"gpio/*", nil, nil, "a new package of gpio needs an entry of its own"},
	{
		"gpio",
		[]string{"gpio/internal/pinmode", "internal/near", "internal/textfile", "internal/yamltree"},
		notOfGPIO,
		"gpio knows no asl and no driver; bcm283x drives lines that others hold",
	},
	{"machines/internal", nil, notOfMachines, "helpers of tests know no machine"},
	{"machines/ledger", []string{"machines", "asl/value"}, notOfMachines, "a ledger knows no machine"},
	{"machines/monitor", []string{"machines"}, notOfMachines, "the monitor shares no code with a machine that it watches"},
	{
		"machines/direct",
		[]string{"machines", "asl/value", "asl/engine", "gpio"},
		notOfMachines,
		"boards without a plant: the only activities on package gpio itself; plants use periph's interfaces",
	},
	{"machines/migration/pgtest", nil, notOfMachines, "a database server for tests knows no machine"},
	{
		"machines/*",
		[]string{"machines", "asl", "asl/value", "asl/engine", "internal/..."},
		notOfMachines,
		"a machine knows no other machine, no monitor, no ledger file, and periph's pin interfaces instead of gpio",
	},
	{
		"machines",
		[]string{"asl/value", "asl/engine"},
		notOfMachines,
		"what all machines share knows none of them",
	},
	{
		"tui",
		[]string{"tui", "machines/intersection", "machines/migration", "machines/vending", "internal/..."},
		[]string{"periph.io", "os/exec"},
		"the screen sees snapshots of machines, never pins",
	},
	{
		"cmd/signalbox/internal/assembly",
		[]string{"machines/...", "asl/...", "gpio/...", "internal/..."},
		[]string{"charm.land", "github.com/alecthomas/kong"},
		"the assembly knows no command line and no screen",
	},
	{"cmd", []string{"cmd/...", "tui", "machines/...", "asl/...", "gpio/...", "internal/..."}, nil, "cmd introduces everyone"},
}

var (
	notOfGPIO     = []string{"charm.land", "github.com/looplab", "periph.io/x/host/v3/bcm283x", "periph.io/x/host/v3/gpiomem"}
	notOfMachines = []string{"charm.land", "periph.io/x/host"}
)

// floors are what tests may import, which look at more than the code that they test, but not upwards either.
var floors = map[string][]string{
	"asl":      {"asl", "internal"},
	"gpio":     {"gpio", "internal"},
	"machines": {"machines", "asl", "gpio", "internal"},
	"tui":      {"tui", "machines", "internal"},
	"internal": {"internal"},
	"cmd":      {"cmd", "tui", "machines", "asl", "gpio", "internal"},
}

// forbiddenImport says why a file may not import a package; "" if it may.
func forbiddenImport(file, imported string) string {
	folder := path.Dir(file)
	own, ours := strings.CutPrefix(imported, "signalbox/")
	if strings.HasSuffix(file, "_test.go") {
		top, _, _ := strings.Cut(folder, "/")
		if ours && !slices.ContainsFunc(floors[top], func(allowed string) bool { return below(own, allowed) }) {
			return "imports of tests do not point up"
		}
		return ""
	}
	i := slices.IndexFunc(rooms, func(r room) bool { return r.holds(folder) })
	switch {
	case i < 0:
		return "no room is known for " + folder
	case ours && !slices.ContainsFunc(rooms[i].own, func(allowed string) bool {
		tree, all := strings.CutSuffix(allowed, "/...")
		return own == allowed || all && below(own, tree)
	}):
		return rooms[i].why
	case !ours && slices.ContainsFunc(rooms[i].not, func(p string) bool { return below(imported, p) }):
		return rooms[i].why
	}
	return ""
}

func (r room) holds(folder string) bool {
	parent, inside := strings.CutSuffix(r.folder, "/*")
	return below(folder, parent) && (!inside || folder != parent)
}

func below(folder, of string) bool { return folder == of || strings.HasPrefix(folder, of+"/") }

// A ban forbids something in the code of some folders, tests apart.
type ban struct {
	name    string
	folders []string
	why     string
	// of returns what a file has of it.
	of func(*ast.File) []ast.Node
	// allowed are files that have it for a reason. An exception that is no longer needed fails.
	allowed map[string]string
}

var bans = []ban{
	{
		"the wall clock",
		[]string{"asl", "machines", "gpio"},
		"time comes with the event, or from the one clock that the assembly hands to all",
		wallClock,
		map[string]string{
			"asl/engine/clock.go":                 "it is the clock",
			"asl/engine/pacer.go":                 "it paces the simulated clock by the real one",
			"gpio/edges.go":                       "it waits for edges that the kernel dates, and measures by how much it is late",
			"gpio/cdev/cdev.go":                   "periph's WaitForEdge has a timeout in real time",
			"gpio/sim/pin.go":                     "periph's WaitForEdge has a timeout in real time",
			"machines/migration/backend.go":       "a database that does not answer is given up in real time",
			"machines/migration/activities.go":    "a database that does not answer is given up in real time",
			"machines/migration/pgtest/pgtest.go": "it waits for a server to start",
		},
	},
	{
		"goroutines",
		[]string{"asl", "machines", "gpio"},
		"Step, plants and the engine run on the clock's goroutine",
		goroutines,
		map[string]string{
			"gpio/edges.go":                       "one goroutine owns each line's WaitForEdge",
			"machines/migration/backend.go":       "a transaction must not hold the clock's goroutine",
			"machines/migration/pgtest/pgtest.go": "it waits for the server to end",
		},
	},
}

// wallClock finds the functions of package time that read the clock or wait for it, and those of context that do.
func wallClock(f *ast.File) []ast.Node {
	functions := map[string][]string{
		"time":    {"Now", "Since", "Until", "After", "AfterFunc", "Sleep", "Tick", "NewTimer", "NewTicker"},
		"context": {"WithTimeout", "WithTimeoutCause", "WithDeadline", "WithDeadlineCause"},
	}
	imported := map[string]string{} // by the name in the file
	var found []ast.Node
	for _, spec := range f.Imports {
		p, err := strconv.Unquote(spec.Path.Value)
		switch {
		case err != nil || functions[p] == nil:
		case spec.Name == nil:
			imported[p] = p
		case spec.Name.Name == ".":
			found = append(found, spec) // its functions bear no package name
		default:
			imported[spec.Name.Name] = p
		}
	}
	ast.Inspect(f, func(n ast.Node) bool {
		if s, ok := n.(*ast.SelectorExpr); ok {
			if x, ok := s.X.(*ast.Ident); ok && slices.Contains(functions[imported[x.Name]], s.Sel.Name) {
				found = append(found, n)
			}
		}
		return true
	})
	return found
}

// goroutines finds go statements, and calls of a method Go as sync.WaitGroup and errgroup.Group have it.
func goroutines(f *ast.File) (found []ast.Node) {
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.GoStmt:
			found = append(found, n)
		case *ast.CallExpr:
			if s, ok := n.Fun.(*ast.SelectorExpr); ok && s.Sel.Name == "Go" {
				found = append(found, n)
			}
		}
		return true
	})
	return found
}

// covers reports whether the ban is for a file.
func (b ban) covers(file string) bool {
	return !strings.HasSuffix(file, "_test.go") && slices.ContainsFunc(b.folders, func(f string) bool { return below(path.Dir(file), f) })
}

// A checker checks files one by one, and finds what is wrong with them.
type checker struct {
	files  int
	used   map[string]bool // exceptions, by ban and file
	faults []string
}

// check takes a file by its slash-separated path in the project.
func (c *checker) check(file string, source []byte) error {
	set := token.NewFileSet()
	f, err := parser.ParseFile(set, file, source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	c.files++
	fault := func(n ast.Node, format string, args ...any) {
		c.faults = append(c.faults, fmt.Sprintf("%s: %s", set.Position(n.Pos()), fmt.Sprintf(format, args...)))
	}
	for _, spec := range f.Imports {
		imported, err := strconv.Unquote(spec.Path.Value)
		if err != nil {
			return err
		}
		if why := forbiddenImport(file, imported); why != "" {
			fault(spec, "it imports %s: %s", imported, why)
		}
	}
	for _, b := range bans {
		if !b.covers(file) {
			continue
		}
		for _, n := range b.of(f) {
			if b.allowed[file] == "" {
				fault(n, "it uses %s: %s", b.name, b.why)
			}
			c.used[b.name+" "+file] = true
		}
	}
	return nil
}

// end reports exceptions that no file needs.
func (c *checker) end() {
	for _, b := range bans {
		for file := range b.allowed {
			if !c.used[b.name+" "+file] {
				c.faults = append(c.faults, fmt.Sprintf("%s may use %s, and does not: take the exception away", file, b.name))
			}
		}
	}
}

func TestImportsPointDown(t *testing.T) {
	root := filepath.Join("..", "..")
	c := &checker{used: map[string]bool{}}
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != root && (strings.HasPrefix(d.Name(), ".") || d.Name() == "testdata"):
			return filepath.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, ".go"):
			return nil
		}
		source, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		file, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		return c.check(filepath.ToSlash(file), source)
	})
	if err != nil {
		t.Fatal(err)
	}
	if c.end(); c.files < 50 {
		t.Errorf("read %d files, want the whole project", c.files)
	}
	for _, fault := range c.faults {
		t.Error(fault)
	}
}

func TestTheImportRulesForbidWhatTheyShould(t *testing.T) {
	for _, c := range []struct {
		file, imported string
		ok             bool
	}{
		{"gpio/lines.go", "signalbox/asl/engine", false},
		{"gpio/lines_test.go", "signalbox/asl/engine", false},
		{"gpio/lines.go", "signalbox/gpio/sim", false},
		{"gpio/sim/sim.go", "signalbox/gpio/cdev", false},
		{"gpio/other/a.go", "signalbox/gpio", false},
		{"gpio/lines_test.go", "signalbox/gpio/sim", true},
		{"asl/step.go", "signalbox/gpio", false},
		{"asl/step.go", "signalbox/asl/engine", false},
		{"asl/step.go", "math/rand/v2", false},
		{"asl/step.go", "sync/atomic", false},
		{"asl/step.go", "synchronous", true},
		{"asl/engine/clock.go", "signalbox/asl", true},
		{"asl/engine/clock.go", "signalbox/asl/mock", false},
		{"asl/engine/clock.go", "signalbox/asl/jsonata", false},
		{"asl/mock/player.go", "signalbox/asl/engine", true},
		{"asl/mock/player.go", "signalbox/asl/services", false},
		{"asl/services/services.go", "signalbox/asl/mock", false},
		{"asl/mock/reader.go", "signalbox/internal/near", true},
		{"asl/mock/reader.go", "os", false},
		{"asl/other/a.go", "signalbox/asl", false},
		{"internal/near/near.go", "signalbox/internal/yamltree", false},
		{"internal/near/near.go", "signalbox/asl", false},
		{"machines/rig.go", "signalbox/tui", false},
		{"machines/rig.go", "signalbox/machines/vending", false},
		{"machines/monitor/monitor.go", "signalbox/machines/vending", false},
		{"machines/monitor/monitor.go", "signalbox/machines/intersection", false},
		{"machines/monitor/monitor.go", "signalbox/machines", true},
		{"machines/vending/plant.go", "signalbox/machines/intersection", false},
		{"machines/vending/plant.go", "signalbox/machines/monitor", false},
		{"machines/vending/plant.go", "signalbox/machines/ledger", false},
		{"machines/vending/plant_test.go", "signalbox/machines/ledger", true},
		{"machines/ledger/ledger.go", "signalbox/machines/vending", false},
		{"machines/vending/plant.go", "signalbox/gpio", false},
		{"machines/vending/plant_test.go", "signalbox/gpio", true},
		{"machines/vending/plant_test.go", "signalbox/tui", false},
		{"machines/direct/direct.go", "signalbox/gpio", true},
		{"machines/vending/setup.go", "signalbox/internal/yamltree", true},
		{"machines/lift/plant.go", "signalbox/machines", true},
		{"machines/lift/plant.go", "signalbox/machines/vending", false},
		{"tui/front.go", "periph.io/x/conn/v3/gpio", false},
		{"tui/front.go", "signalbox/gpio", false},
		{"tui/front.go", "signalbox/machines/monitor", false},
		{"cmd/signalbox/run.go", "signalbox/tui", true},
		{"cmd/signalbox/internal/assembly/assembly.go", "signalbox/tui", false},
		{"cmd/signalbox/internal/assembly/assembly.go", "signalbox/machines/vending", true},
		{"newroom/a.go", "signalbox/tui", false},
	} {
		if why := forbiddenImport(c.file, c.imported); (why == "") != c.ok {
			t.Errorf("%s imports %s: got %q, want allowed %v", c.file, c.imported, why, c.ok)
		}
	}
}

func TestTheBansForbidWhatTheyShould(t *testing.T) {
	for _, c := range []struct {
		file, imports, body string
		want                string // "" if it is allowed
	}{
		{"asl/step.go", `"time"`, `_ = time.Now()`, "the wall clock"},
		{"asl/step.go", `clock "time"`, `_ = clock.Now()`, "the wall clock"},
		{"asl/step.go", `. "time"`, `_ = Now()`, "the wall clock"},
		{"asl/step.go", `"time"`, `now := time.Now; _ = now`, "the wall clock"},
		{"asl/step.go", `"time"`, `_ = time.Since(time.Time{})`, "the wall clock"},
		{"asl/step.go", `"time"`, `_ = time.Until(time.Time{})`, "the wall clock"},
		{"asl/step.go", `"time"`, `<-time.After(1)`, "the wall clock"},
		{"asl/step.go", `"time"`, `<-time.Tick(1)`, "the wall clock"},
		{"asl/step.go", `"time"`, `time.NewTimer(1)`, "the wall clock"},
		{"asl/step.go", `"time"`, `time.NewTicker(1)`, "the wall clock"},
		{"asl/step.go", `"time"`, `time.Sleep(1)`, "the wall clock"},
		{"asl/step.go", `"time"`, `time.AfterFunc(1, nil)`, "the wall clock"},
		{"machines/rig.go", `"context"`, `context.WithTimeout(nil, 1)`, "the wall clock"},
		{"machines/vending/plant.go", `"time"`, `_ = time.Now()`, "the wall clock"},
		{"gpio/debounce.go", `"time"`, `time.Sleep(time.Second)`, "the wall clock"},
		{"asl/mock/player.go", ``, `go f()`, "goroutines"},
		{"asl/engine/engine.go", `"sync"`, `var wg sync.WaitGroup; wg.Go(f)`, "goroutines"},
		{"machines/vending/plant.go", ``, `defer func() { go func() {}() }()`, "goroutines"},
		{"asl/step.go", `"time"`, `_ = time.Unix(0, 0).After(time.Time{}); _ = time.Second`, ""},
		{"asl/step.go", ``, `var time struct{ Now func() }; time.Now()`, ""},
		{"asl/step_test.go", `"time"`, `_ = time.Now()`, ""},
		{"asl/engine/clock.go", `"time"`, `_ = time.Now()`, ""},
		{"cmd/signalbox/run.go", `"time"`, `go f(time.Now())`, ""},
	} {
		source := "package p\n"
		if c.imports != "" {
			source += "import " + c.imports + "\n"
		}
		source += "func g() { " + c.body + " }\n"
		check := &checker{used: map[string]bool{}}
		if err := check.check(c.file, []byte(source)); err != nil {
			t.Fatalf("%s: %v", c.body, err)
		}
		got := strings.Join(check.faults, "\n")
		if c.want == "" && strings.Contains(got, "it uses") || c.want != "" && !strings.Contains(got, "it uses "+c.want+":") {
			t.Errorf("%s: %s: got %q, want %q", c.file, c.body, got, c.want)
		}
	}
	// Nothing of the project has been read: every exception is unneeded.
	check := &checker{used: map[string]bool{}}
	check.end()
	exceptions := 0
	for _, b := range bans {
		exceptions += len(b.allowed)
	}
	if len(check.faults) != exceptions {
		t.Errorf("got %d faults, want one for each of %d exceptions that no file needs", len(check.faults), exceptions)
	}
}
