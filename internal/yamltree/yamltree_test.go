package yamltree_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"signalbox/internal/yamltree"
)

// faults reads text, goes over its root, and returns the faults as lines.
func faults(text string, read func(*yamltree.Tree, *yaml.Node)) []string {
	t := yamltree.Read("f.yaml", []byte(text), "a list of things")
	if root := t.Root(); root != nil && read != nil {
		read(t, root)
	}
	err := t.Err()
	if err == nil {
		return nil
	}
	return strings.Split(err.Error(), "\n")
}

func TestFilesWithoutAValue(t *testing.T) {
	const empty = "the file is empty; it should hold a list of things"
	for _, c := range []struct{ name, text, want string }{
		{"empty", "", "f.yaml:1:1: " + empty},
		{"blank", "\n\n", "f.yaml:1:1: " + empty},
		{"only a comment", "# nothing\n", "f.yaml:1:1: " + empty},
		{"null", "\n  ~\n", "f.yaml:2:3: " + empty},
		{"a document without content", "---\n", "f.yaml:2:1: " + empty},
		{"a bad indentation", "a: 1\n  b: 2\n", "f.yaml:2:1: not YAML: mapping values are not allowed in this context"},
		{"a tab", "a:\n\tb: 1\n", "f.yaml:2:1: not YAML: found character that cannot start any token"},
		{"an unknown alias", "a: *b\n", "f.yaml:1:1: not YAML: unknown anchor 'b' referenced"},
		{"a second document", "a: 1\n---\nb: 2\n", "f.yaml:2:1: a second document; a file holds one"},
		{"a fault in a second document", "a: 1\n---\n[\n", "f.yaml:3:1: not YAML: did not find expected node content"},
	} {
		got := faults(c.text, nil)
		if len(got) != 1 || got[0] != c.want {
			t.Errorf("%s: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestMappings(t *testing.T) {
	const text = "a: 1\nb: two\na: 3\n[x]: 4\nnamme: 5\n*b: 6\n"
	got := faults(strings.Replace(text, "b: two", "&b b: two", 1), func(tree *yamltree.Tree, root *yaml.Node) {
		var names []string
		for _, m := range tree.Mapping(root, "the top") {
			names = append(names, fmt.Sprintf("%s@%d:%d", m.Name, m.Key.Line, m.Value.Line))
		}
		if diff := cmp.Diff([]string{"a@1:1", "b@2:2", "namme@5:5"}, names); diff != "" {
			t.Errorf("members (-want +got):\n%s", diff)
		}
	})
	want := []string{
		`f.yaml:3:1: "a" is on line 1 already; each name comes once`,
		`f.yaml:4:1: a name should be plain text, not a list`,
		`f.yaml:6:1: "b" is on line 2 already; each name comes once`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestFieldsThatAreNotKnown(t *testing.T) {
	got := faults("name: x\nnamme: 5\nzz: 6\n", func(tree *yamltree.Tree, root *yaml.Node) {
		fields := tree.Fields(root, "a board", "name", "lines")
		if len(fields) != 1 || fields["name"].Value.Value != "x" {
			t.Errorf("got the fields %v", fields)
		}
	})
	want := []string{
		`f.yaml:2:1: a board has no key "namme"; did you mean "name"?`,
		`f.yaml:3:1: a board has no key "zz"; known are name, lines`,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

// Each value is read as one kind; the wanted texts are the result or the fault.
func TestValues(t *testing.T) {
	text := func(tree *yamltree.Tree, n *yaml.Node) (any, bool) { return tree.Text(n, "the name") }
	whole := func(tree *yamltree.Tree, n *yaml.Node) (any, bool) { return tree.Whole(n, "bcm", 0, 27) }
	choice := func(tree *yamltree.Tree, n *yaml.Node) (any, bool) {
		return tree.Choice(n, "pull", "up", "down", "off")
	}
	level := func(tree *yamltree.Tree, n *yaml.Node) (any, bool) { return tree.Level(n, "level") }
	duration := func(tree *yamltree.Tree, n *yaml.Node) (any, bool) {
		return tree.Duration(n, "at", time.Millisecond, time.Hour)
	}
	list := func(tree *yamltree.Tree, n *yaml.Node) (any, bool) {
		l := tree.List(n, "never")
		return len(l), l != nil
	}
	for _, c := range []struct {
		value string
		read  func(*yamltree.Tree, *yaml.Node) (any, bool)
		want  string
	}{
		{"coin", text, "coin"},
		{"12", text, "12"},
		{`" a "`, text, " a "},
		{`"~"`, text, "~"},
		{"~", text, "f.yaml:1:4: the name is blank"},
		{`" "`, text, "f.yaml:1:4: the name is blank"},
		{"[a]", text, "f.yaml:1:4: the name should be plain text, not a list"},
		{"{a: b}", text, "f.yaml:1:4: the name should be plain text, not a mapping"},

		{"0", whole, "0"},
		{"27", whole, "27"},
		{"28", whole, `f.yaml:1:4: bcm should be a whole number from 0 to 27, not "28"`},
		{"-1", whole, `f.yaml:1:4: bcm should be a whole number from 0 to 27, not "-1"`},
		{"1.0", whole, `f.yaml:1:4: bcm should be a whole number from 0 to 27, not "1.0"`},
		{"", whole, `f.yaml:1:3: bcm should be a whole number from 0 to 27, not nothing`},
		{"[1]", whole, `f.yaml:1:4: bcm should be a whole number from 0 to 27, not a list`},
		{strings.Repeat("9", 70), whole, `f.yaml:1:4: bcm should be a whole number from 0 to 27, not "` + strings.Repeat("9", 60) + `"…`},

		{"up", choice, "up"},
		{"Up", choice, `f.yaml:1:4: pull should be up, down or off, not "Up"`},
		{"[up]", choice, "f.yaml:1:4: pull should be up, down or off, not a list"},

		{"high", level, "true"},
		{"on", level, "true"},
		{"low", level, "false"},
		{"off", level, "false"},
		{"yes", level, `f.yaml:1:4: level should be high, low, on or off, not "yes"`},

		{"50ms", duration, "50ms"},
		{"1h", duration, "1h0m0s"},
		{"1h1ns", duration, "f.yaml:1:4: at is 1h1ns; the most is 1h0m0s"},
		{"1us", duration, "f.yaml:1:4: at is 1us; the least is 1ms"},
		{"-5s", duration, "f.yaml:1:4: at is -5s; a time cannot be negative"},
		{"50", duration, "f.yaml:1:4: at is 50, which has no unit; write 50ms or 50s"},
		{"soon", duration, `f.yaml:1:4: at should be a time such as 50ms or 5s, not "soon"`},
		{"{a: 1s}", duration, "f.yaml:1:4: at should be a time such as 50ms or 5s, not a mapping"},

		{"[a, [b], ~]", list, "3"},
		{"[]", list, "0"},
		{"a", list, `f.yaml:1:4: never should be a list, not "a"`},
	} {
		var result any
		var ok bool
		got := faults("k: "+c.value+"\n", func(tree *yamltree.Tree, root *yaml.Node) {
			result, ok = c.read(tree, tree.Mapping(root, "the top")[0].Value)
		})
		if ok == (got != nil) {
			t.Errorf("%s: got ok %v with the faults %q", c.value, ok, got)
		}
		if shown := fmt.Sprint(result); ok && shown != c.want {
			t.Errorf("%s: got %s, want %s", c.value, shown, c.want)
		}
		if !ok && (len(got) != 1 || got[0] != c.want) {
			t.Errorf("%s: got %q, want %q", c.value, got, c.want)
		}
	}
}

func TestAnAliasStandsWhereItIsWritten(t *testing.T) {
	got := faults("a: &x {b: 1}\nc: *x\n", func(tree *yamltree.Tree, root *yaml.Node) {
		for _, m := range tree.Mapping(root, "the top") {
			tree.Text(m.Value, m.Name)
		}
	})
	want := []string{"f.yaml:1:4: a should be plain text, not a mapping", "f.yaml:2:4: c should be plain text, not a mapping"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
}

func TestFaultsAreInTheOrderOfTheFile(t *testing.T) {
	tree := yamltree.Read("f.yaml", []byte("a: 1\nb: [2, 3]\n"), "")
	members := tree.Mapping(tree.Root(), "the top")
	list := tree.List(members[1].Value, "b")
	for _, n := range []*yaml.Node{list[1], members[0].Key, list[0]} {
		tree.Fault(n, "%s", n.Value)
	}
	var found yamltree.Faults
	if err := tree.Err(); !errors.As(err, &found) {
		t.Fatalf("got %v, want Faults", err)
	}
	want := yamltree.Faults{{"f.yaml", 1, 1, "a"}, {"f.yaml", 2, 5, "2"}, {"f.yaml", 2, 8, "3"}}
	if diff := cmp.Diff(want, found); diff != "" {
		t.Errorf("faults (-want +got):\n%s", diff)
	}
	if err := (yamltree.Faults{}).Err(); err != nil {
		t.Errorf("no faults: got %v, want nil", err)
	}
}

// A few kilobytes in which aliases name a long part thousands of times stand for hundreds of millions of members.
func TestAliasesThatMultiplyAreCutShort(t *testing.T) {
	var long strings.Builder
	for i := range 2000 {
		fmt.Fprintf(&long, "k%d: 1, ", i)
	}
	read := 0
	got := faults("a: &a {"+long.String()+"}\nb: ["+strings.Repeat("*a, ", 100_000)+"]\n", func(tree *yamltree.Tree, root *yaml.Node) {
		for _, n := range tree.List(tree.Mapping(root, "the top")[1].Value, "b") {
			read += len(tree.Mapping(n, "an element"))
		}
	})
	if read > 1_000_000 || len(got) != 1 || !strings.HasSuffix(got[0], ": the file is too long when its aliases are replaced by what they stand for") {
		t.Errorf("got %q after %d members", got, read)
	}
}

func TestFaultsByTheThousandAreCutShort(t *testing.T) {
	got := faults("a: 1\n", func(tree *yamltree.Tree, root *yaml.Node) {
		for range 20_000 {
			tree.Fault(root, "wrong")
		}
	})
	if len(got) != 10_001 || got[9_999] != "f.yaml:1:1: wrong" || got[10_000] != "f.yaml:1:1: there are more faults than are listed" {
		t.Errorf("got %d faults that end with %q", len(got), got[len(got)-1])
	}
}

func FuzzRead(f *testing.F) {
	for _, text := range []string{
		"a: 1\nb: [2, {c: 50ms}]\n", "- {at: 0s, set: a, level: high}\n- end: 60s\n", "a: &x [1]\nb: *x\n", "a: &x {<<: *x}\n", "? [a]\n: b\n", "--- 1\n--- 2\n",
		"a: !!binary aGVsbG8=\n", "\t", "%YAML 1.1\n", "a: |\n  b\n",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		tree := yamltree.Read("f", text, "something")
		root := tree.Root()
		if (root == nil) && tree.Err() == nil {
			t.Fatal("neither a root nor a fault")
		}
		if root != nil {
			visit(tree, root, 3)
		}
		var found yamltree.Faults
		if err := tree.Err(); err != nil && !errors.As(err, &found) {
			t.Fatalf("got %T, want Faults", err)
		}
		for _, fault := range found {
			if fault.Line < 1 || fault.Column < 1 || fault.Message == "" || fault.File != "f" {
				t.Fatalf("a fault without a place: %#v", fault)
			}
		}
	})
}

// visit reads a node in every way.
func visit(tree *yamltree.Tree, n *yaml.Node, depth int) {
	tree.Text(n, "it")
	tree.Whole(n, "it", 0, 9)
	tree.Level(n, "it")
	tree.Duration(n, "it", 0, time.Hour)
	if depth == 0 {
		return
	}
	for _, e := range tree.List(n, "it") {
		visit(tree, e, depth-1)
	}
	for _, m := range tree.Fields(n, "it", "a", "b") {
		visit(tree, m.Value, depth-1)
	}
}
