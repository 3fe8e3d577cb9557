package jsonata_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"signalbox/asl/jsonata"
)

// What AWS was seen to answer (ValidateStateMachineDefinition), without the codes.
func TestWhatAWSRefuses(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{`$states.input.a[b = 'x'].(c & $string(d))^(>e){f: g}`, ""},
		{`$map($states.input, function($v, $i)<x-n:b> { $v.a + $i })`, ""},
		{`a[1,2)`, `Expected "]", got ","`},
		{`"unterminated`, "String literal must be terminated by a matching quote"},
		{`1 +`, "Unexpected end of expression"},
		{``, "Unexpected end of expression"},
		{`{"a":}`, `The symbol "}" cannot be used as a unary operator`},
		{`$x :=`, "Unexpected end of expression"},
		{`$match("a", /abc`, "No terminating / in regular expression"},
		{`phone %.other`, `The symbol "." cannot be used as a unary operator`},
		{`$$`, "Reference to '$$' is not supported."},
		{`$states.errorOutput`, "Field '$states.errorOutput' does not exist."},
		{`phone`, "Reference to 'phone' at the top level is not supported."},
		{`[phone, phone.number, $sum(fax)]`, "Reference to 'phone' at the top level is not supported.; " +
			"Reference to 'fax' at the top level is not supported."},
		{`$f(1) + g($states.input)`, ""},
		{`g + g(1)`, "Reference to 'g' at the top level is not supported."},
		{`g(1) + g`, "Reference to 'g' at the top level is not supported."},
		{`$.store.book[?(@.price < 10)].title`, `The symbol "?" cannot be used as a unary operator`},
		{`10 + * 2`, "Syntax error: 2"},
		{`$sum($states.input.items`, `Expected ")" before end of expression`},
	} {
		var got []string
		for _, e := range jsonata.Check(c.text, false) {
			got = append(got, e.Message)
		}
		if got := strings.Join(got, "; "); got != c.want {
			t.Errorf("%s\ngot  %s\nwant %s", c.text, got, c.want)
		}
	}
	if found := jsonata.Check("$states.errorOutput.Error", true); found != nil {
		t.Errorf("in a Catch: got %v", found)
	}
}

// later are the faults of the official suite that only the tree of an expression shows.
var later = []string{"S0209", "S0210", "S0213", "S0215", "S0216", "S0217", "S0401", "S0402"}

// The official suite: what parses in it parses, and what does not has its code.
func TestCorpusJSONataSyntax(t *testing.T) {
	dir := os.Getenv("SIGNALBOX_CORPUS")
	if dir == "" {
		dir = filepath.Join("..", "..", "..", "shared", "conformance")
	}
	text, err := os.ReadFile(filepath.Join(dir, "jsonata", "cases.json"))
	switch {
	case err != nil && os.Getenv("CI") == "true" && os.Getenv("SIGNALBOX_CORPUS") == "":
		t.Fatalf("the suite is missing: %v", err)
	case err != nil:
		t.Skipf("not run: no suite here: %v", err)
	}
	var cases []struct{ ID, Expr, Code string }
	if err := json.Unmarshal(text, &cases); err != nil { // not value.Read: single surrogates are in it
		t.Fatal(err)
	}
	held, total := 0, 0
	for _, c := range cases {
		if slices.Contains(later, c.Code) {
			continue
		}
		want, got := "", ""
		if strings.HasPrefix(c.Code, "S") {
			want = c.Code
		}
		for _, e := range jsonata.Check(c.Expr, false) {
			if !e.Unsupported {
				got = e.Code
			}
		}
		if total++; got == want {
			held++
		} else {
			t.Errorf("%s: %s\ngot %q, want %q", c.ID, c.Expr, got, want)
		}
	}
	t.Logf("held, expressions of the official suite that parse or do not: %d/%d", held, total)
}

func FuzzCheck(f *testing.F) {
	for _, text := range []string{
		"$states.input.a", `a.b[c=1]{d: e}^(>f)`, `function($x)<n:n>{$x}`, "|a|b,c|", "/x[/]/i", `"\u00e4\n"`, "(a; b)", "[1..2]", "a ? b : c", "`q`",
	} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		for _, e := range jsonata.Check(text, false) {
			if e.Message == "" || e.Unsupported == (e.Code != "") {
				t.Fatalf("%q: %+v", text, e)
			}
		}
	})
}
