package jsonpath_test

import (
	"errors"
	"testing"

	"signalbox/asl/jsonpath"
	"signalbox/asl/value"
)

const document = `{"a":{"b":[10,20,{"c":"x"}],"detail-type":"t","it's":1},"n":null,"list":[{"k":1,"v":"one"},{"k":2,"v":"two"}]}`

func read(t testing.TB, text string) any {
	t.Helper()
	v, err := value.Read([]byte(text))
	if err != nil {
		t.Fatalf("reading %s: %v", text, err)
	}
	return v
}

func TestGet(t *testing.T) {
	root := read(t, document)
	for _, c := range []struct{ path, want string }{
		{"$.a.b", `[10,20,{"c":"x"}]`},
		{"$.a.b[1]", "20"},
		{"$.a.b[-1].c", `"x"`},
		{"$.a.[b]", ""},
		{"$.a.b.[0]", "10"},
		{"$['a']['b'][2]['c']", `"x"`},
		{`$["a"].detail-type`, `"t"`},
		{`$.a['it\'s']`, "1"},
		{"$.n", "null"},
		{"$", document},
		{"$.list[*].v", `["one","two"]`},
		{"$.list[?(@.k > 1)].v", `["two"]`},
		{"$.list[?(@.v == 'one')].k", "[1]"},
		{"$.a.b[0:2]", "[10,20]"},
		{"$.list[5:]", "[]"},
		{"$.nothing[*]", "[]"},
		{"$..v", `["one","two"]`},
		{"$.a['detail-type'].x[*]", "[]"},
	} {
		p, err := jsonpath.Compile(c.path)
		if c.want == "" {
			if err == nil && p.Definite() {
				t.Errorf("%s: got a definite path, want an error or a list", c.path)
			}
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", c.path, err)
			continue
		}
		got, err := p.Get(root)
		if err != nil || value.Text(got) != c.want {
			t.Errorf("%s: got %s, %v; want %s", c.path, value.Text(got), err, c.want)
		}
	}
}

func TestMissingPlaceNamesTheWayToIt(t *testing.T) {
	root := read(t, document)
	for _, c := range []struct{ path, want, whole string }{
		{"$.x.y", "Missing property in path $['x']", "$['x']['y']"},
		{"$.a.x", "Missing property in path $['a']['x']", "$['a']['x']"},
		{"$.a.b[7]", "Index out of bounds when evaluating path $['a']['b'][7]", "$['a']['b'][7]"},
	} {
		p, err := jsonpath.Compile(c.path)
		if err != nil {
			t.Fatal(err)
		}
		_, err = p.Get(root)
		var missing *jsonpath.MissingError
		if !errors.As(err, &missing) || missing.Error() != c.want || missing.Whole != c.whole {
			t.Errorf("%s: got %v, want %s (whole path %s)", c.path, err, c.want, c.whole)
		}
	}
}

func TestRoots(t *testing.T) {
	for _, c := range []struct {
		path string
		root jsonpath.Root
		name string
		ref  bool
	}{
		{"$.a", jsonpath.Input, "", true},
		{"$.a[0]", jsonpath.Input, "", true},
		{"$.a[-1]", jsonpath.Input, "", false},
		{"$.a[*]", jsonpath.Input, "", false},
		{"$$.Execution.Id", jsonpath.Context, "", false},
		{"$order.id", jsonpath.Variable, "order", false},
	} {
		p, err := jsonpath.Compile(c.path)
		if err != nil {
			t.Fatal(err)
		}
		if p.Root() != c.root || p.Name() != c.name || p.Reference() != c.ref {
			t.Errorf("%s: got root %v, name %q, reference %v; want %v, %q, %v",
				c.path, p.Root(), p.Name(), p.Reference(), c.root, c.name, c.ref)
		}
	}
}

func TestRefusedPaths(t *testing.T) {
	for _, path := range []string{"", "a.b", "$.", "$.a.", "$a b", "$.a[", "$.a['b", "$.a[]", "$.a b", "$.a..", "$$x y"} {
		if p, err := jsonpath.Compile(path); err == nil {
			t.Errorf("%q: got %v, want an error", path, p)
		}
	}
}

func TestSetCopies(t *testing.T) {
	for _, c := range []struct{ root, path, want string }{
		{`{"a":1}`, "$.b", `{"a":1,"b":true}`},
		{`{"a":1}`, "$.a", `{"a":true}`},
		{`{"a":1}`, "$.x.y.z", `{"a":1,"x":{"y":{"z":true}}}`},
		{`{"a":[1,{"b":2}]}`, "$.a[1].b", `{"a":[1,{"b":true}]}`},
		{`{"a":1}`, "$", "true"},
		{`{"a":1}`, "$.a.b", ""},
		{`{"a":[1]}`, "$.a[1]", ""},
	} {
		root := read(t, c.root)
		p, err := jsonpath.Compile(c.path)
		if err != nil {
			t.Fatal(err)
		}
		got, err := p.Set(root, true)
		switch {
		case c.want == "":
			if err == nil {
				t.Errorf("%s in %s: got %s, want an error", c.path, c.root, value.Text(got))
			}
		case err != nil || value.Text(got) != c.want:
			t.Errorf("%s in %s: got %s, %v; want %s", c.path, c.root, value.Text(got), err, c.want)
		}
		if value.Text(root) != c.root {
			t.Errorf("%s in %s: the original became %s", c.path, c.root, value.Text(root))
		}
	}
}

func FuzzPath(f *testing.F) {
	for _, seed := range []string{
		"$.a.b[1]", "$..v", "$.list[?(@.k > 1)].v", "$$.Execution.Id", "$x.y", "$['a',\"b\"]", "$.a[0:2:1]", "$[?(@.a=='b')]", "$.[",
	} {
		f.Add(seed)
	}
	root := read(f, document)
	f.Fuzz(func(_ *testing.T, text string) {
		p, err := jsonpath.Compile(text)
		if err != nil {
			return
		}
		_, _ = p.Get(root)
		if p.Reference() {
			_, _ = p.Set(root, int64(1))
		}
	})
}
