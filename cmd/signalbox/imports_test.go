package main_test

import (
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// floors say what a folder and those below it may import of this project, and of others only here. The first entry that a
// folder begins with counts. Files are read as they are: asking go list from a test is served from the cache, and passes
// with a forbidden import in place.
var floors = []struct {
	folder string
	own    []string // folders of this project
	not    []string // packages of others that would go past the floor
	why    string
}{
	{"asl/value", nil, []string{"os", "time", "net", "sync/errgroup", "math/rand"}, "values are pure"},
	{"asl/jsonpath", []string{"asl/value"}, []string{"os", "time", "net"}, "paths are pure"},
	{"asl/jsonata", []string{"asl/value"}, []string{"os", "time", "net"}, "expressions are pure"},
	{"asl/internal/items", []string{"asl/value"}, []string{"os", "time", "net"}, "items are read from texts"},
	{"asl/engine", []string{"asl"}, []string{"periph.io", "charm.land"}, "the engine knows the language alone"},
	{"internal/textfile", nil, []string{"net", "periph.io", "charm.land"}, "it reads files, and knows nothing of what is in them"},
	{"internal", []string{"internal"}, []string{"os", "net", "periph.io", "charm.land"}, "what all floors share knows none of them"},
	{"asl/services", []string{"asl", "internal"}, []string{"periph.io", "charm.land"}, "answers of services know no plant and no pin"},
	{"asl/mock", []string{"asl", "internal"}, []string{"os", "time", "net", "math/rand", "periph.io", "charm.land"}, "mocks answer from a text"},
	{
		"asl",
		[]string{"asl/value", "asl/jsonpath", "asl/jsonata", "asl/internal/items"},
		[]string{"os", "context", "net", "sync", "math/rand", "periph.io", "charm.land"},
		"Step starts no goroutine, reads no clock, draws no random number and does no I/O",
	},
	{
		"gpio",
		[]string{"gpio", "internal"},
		[]string{"charm.land", "github.com/looplab", "periph.io/x/host/v3/bcm283x", "periph.io/x/host/v3/gpiomem"},
		"gpio knows no asl; bcm283x drives lines that others hold",
	},
	{"machines", []string{"machines", "asl", "gpio", "internal"}, []string{"charm.land", "periph.io/x/host"}, "machines stand on asl and gpio"},
	{"tui", []string{"tui", "machines", "internal"}, []string{"periph.io", "os/exec"}, "the screen sees snapshots, never pins"},
	{"cmd", []string{"cmd", "tui", "machines", "asl", "gpio", "internal"}, nil, "cmd introduces everyone"},
}

// pinsAllowed are the folders below machines that may import package gpio itself; plants use periph's interfaces.
var pinsAllowed = []string{"machines/direct"}

func TestImportsPointDown(t *testing.T) {
	root := filepath.Join("..", "..")
	files := 0
	err := filepath.WalkDir(root, func(name string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() && (strings.HasPrefix(d.Name(), ".") && name != root || d.Name() == "testdata") {
			if d != nil && d.IsDir() && err == nil {
				return filepath.SkipDir
			}
			return err
		}
		if !strings.HasSuffix(name, ".go") {
			return nil
		}
		files++
		rel, err := filepath.Rel(root, name)
		if err != nil {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ImportsOnly)
		if err != nil {
			return err
		}
		for _, spec := range file.Imports {
			imported, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				return err
			}
			if why := forbidden(filepath.ToSlash(rel), imported); why != "" {
				t.Errorf("%s imports %s: %s", rel, imported, why)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 50 {
		t.Errorf("read %d files, want the whole project", files)
	}
}

// forbidden says why a file may not import a package; "" if it may.
func forbidden(file, imported string) string {
	folder := path.Dir(file)
	test := strings.HasSuffix(file, "_test.go")
	own, ours := strings.CutPrefix(imported, "signalbox/")
	for _, f := range floors {
		if !below(folder, f.folder) {
			continue
		}
		switch {
		case ours && own == folder: // an external test
		case ours && below(folder, "machines") && below(own, "gpio") && !slices.Contains(pinsAllowed, folder) && !test:
			return "machines use periph's pin interfaces, not package gpio"
		case ours && !slices.ContainsFunc(f.own, func(allowed string) bool { return below(own, allowed) }):
			return f.why
		case !ours && !test && slices.ContainsFunc(f.not, func(p string) bool { return below(imported, p) }):
			return f.why
		}
		return ""
	}
	return "no floor is known for " + folder
}

func below(folder, of string) bool { return folder == of || strings.HasPrefix(folder, of+"/") }

func TestTheImportRulesForbidWhatTheyShould(t *testing.T) {
	for _, c := range []struct {
		file, imported string
		ok             bool
	}{
		{"gpio/lines.go", "signalbox/asl/engine", false},
		{"gpio/lines_test.go", "signalbox/asl/engine", false},
		{"asl/step.go", "signalbox/gpio", false},
		{"asl/step.go", "signalbox/asl/engine", false},
		{"asl/step.go", "math/rand/v2", false},
		{"asl/engine/clock.go", "signalbox/asl", true},
		{"asl/mock/player.go", "signalbox/asl/engine", true},
		{"asl/mock/reader.go", "signalbox/internal/near", true},
		{"asl/mock/reader.go", "os", false},
		{"machines/vending/plant.go", "signalbox/gpio", false},
		{"machines/vending/plant_test.go", "signalbox/gpio", true},
		{"machines/direct/direct.go", "signalbox/gpio", true},
		{"machines/rig.go", "signalbox/tui", false},
		{"machines/vending/setup.go", "signalbox/internal/yamltree", true},
		{"tui/front.go", "periph.io/x/conn/v3/gpio", false},
		{"tui/front.go", "signalbox/gpio", false},
		{"cmd/signalbox/run.go", "signalbox/tui", true},
		{"newroom/a.go", "signalbox/tui", false},
	} {
		if why := forbidden(c.file, c.imported); (why == "") != c.ok {
			t.Errorf("%s imports %s: got %q, want allowed %v", c.file, c.imported, why, c.ok)
		}
	}
}
