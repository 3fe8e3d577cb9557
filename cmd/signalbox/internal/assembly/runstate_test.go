package assembly_test

import (
	"os"
	"strings"
	"testing"

	"signalbox/cmd/signalbox/internal/assembly"
)

// lifecycleTable is what the run's state machine has to do: a state a line, and what each transition leads to; - is refused.
const lifecycleTable = `
            begun    beginFailed  executionEnded  lampsTaken  powerCut  stopRequested  interrupted  faultCleared  ranDry
starting    running  -            -               -           -         stopped        stopped      -             -
running     -        -            finished        flashing    dark      stopping       stopping     clearing      stalled
dark        running  broken       -               -           -         stopped        stopped      -             stopped
flashing    -        -            -               -           dark      stopped        finished     cleared       -
stopping    -        -            stopped         stopped     -         -              -            -             -
clearing    -        -            cleared         cleared     -         -              -            -             -
`

const finalStates = "finished stopped cleared stalled broken"

func TestEachTransitionOfARunLeadsWhereItShould(t *testing.T) {
	lines := strings.Split(strings.TrimSpace(lifecycleTable), "\n")
	names := strings.Fields(lines[0])
	want := map[string][]string{}
	for _, line := range lines[1:] {
		fields := strings.Fields(line)
		want[fields[0]] = fields[1:]
	}
	for _, state := range strings.Fields(finalStates) {
		want[state] = strings.Fields(strings.Repeat("- ", len(names)))
	}
	for s := assembly.StateStarting; s <= assembly.StateBroken; s++ {
		if got := strings.Contains(finalStates, s.String()); got != s.Final() {
			t.Errorf("%v: got final %v, want %v", s, s.Final(), got)
		}
		row, ok := want[s.String()]
		if !ok || len(row) != len(names) {
			t.Fatalf("the table has %d transitions from %v, want %d", len(row), s, len(names))
		}
		for i, name := range names {
			entered := 0
			var l assembly.Lifecycle
			l.SetState(s)
			l.OnEntered(func() { entered++ })
			possible := l.Fire(name)
			switch {
			case row[i] == "-" && (possible || l.State() != s || entered != 0):
				t.Errorf("%s while %v: got %v, want it refused", name, s, l.State())
			case row[i] != "-" && (!possible || l.State().String() != row[i] || entered != 1):
				t.Errorf("%s while %v: got %v (possible %v), want %s", name, s, l.State(), possible, row[i])
			}
		}
	}
}

// The comment that readers of the code see is the table that is tested.
func TestTheTableOfTransitionsIsTheDocumentedOne(t *testing.T) {
	text, err := os.ReadFile("runstate.go")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(strings.TrimPrefix(lifecycleTable, "\n")) {
		if !strings.Contains(string(text), "//\t"+line) {
			t.Errorf("the comment in runstate.go lacks %q", line)
		}
	}
}
