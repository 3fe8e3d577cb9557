package main_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// nested has what makes diagrams hard: blocks in blocks, and names full of syntax.
const nested = `{"StartAt":"a \"b\": <c>; #1\\","States":{
"a \"b\": <c>; #1\\":{"Type":"Parallel","Next":"Ende","Branches":[
  {"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemProcessor":{"StartAt":"I","States":{"I":{"Type":"Pass","End":true}}}}}},
  {"StartAt":"C","States":{"C":{"Type":"Choice","Choices":[{"Variable":"$.x","StringEquals":"\"","Next":"F"}],"Default":"F"},
    "F":{"Type":"Fail"}}}]},
"Ende":{"Type":"Succeed"}}}`

// Graphviz itself must take what is drawn for it.
func TestGraphvizTakesTheDiagrams(t *testing.T) {
	dot, err := exec.LookPath("dot")
	if err != nil {
		if os.Getenv("CI") == "true" {
			t.Fatal("graphviz is not installed")
		}
		t.Skip("not run: graphviz is not installed")
	}
	file := filepath.Join(t.TempDir(), "nested.asl.json")
	if err := os.WriteFile(file, []byte(nested), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, target := range []string{"intersection", "vending", "../../examples/garage-door/garage-door.asl.json", file} {
		cmd := exec.Command(dot, "-Tplain")
		cmd.Stdin = bytes.NewReader(run(t, "graph", target, "--format", "dot"))
		out, err := cmd.CombinedOutput()
		if err != nil || bytes.Contains(out, []byte("syntax error")) {
			t.Errorf("%s: %v\n%s", target, err, out)
		}
		if target == file && !strings.Contains(string(out), `#1`) {
			t.Errorf("the name with syntax in it is lost:\n%s", out)
		}
	}
}

func TestMermaidDiagram(t *testing.T) {
	file := filepath.Join(t.TempDir(), "nested.asl.json")
	if err := os.WriteFile(file, []byte(nested), 0o600); err != nil {
		t.Fatal(err)
	}
	const want = `stateDiagram-v2
    [*] --> s1
    state "a #quot;b#quot;#58; #lt;c#gt;#59; #35;1\" as s1
    state s1 {
        [*] --> s2
        state "M" as s2
        state s2 {
            [*] --> s3
            state "I" as s3
            s3 --> [*]
        }
        s2 --> [*]
        --
        [*] --> s4
        state "C" as s4
        s4 --> s5 : $.x = #quot;\#quot;#quot;
        s4 --> s5 : Default
        state "F" as s5
        s5 --> [*]
    }
    s1 --> s6
    state "Ende" as s6
    s6 --> [*]
`
	if got := string(run(t, "graph", file)); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}
