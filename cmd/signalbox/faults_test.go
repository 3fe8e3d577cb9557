package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"signalbox/internal/race"
	"signalbox/machines/intersection"
)

var writeFaults = flag.Bool("write-faults", false, "print the rows of docs/faults.md as they are")

// crossingStates are the columns of the crossing's table: a line of the run that begins the state, and how long after it the
// fault comes.
var crossingStates = []struct {
	name, begins string
	after        time.Duration
}{
	{"all red", "StartUpAllRed +entered", 3 * time.Second},
	{"green", "NorthSouthHold +entered +NorthSouthGreen", 2 * time.Second},
	{"walk", "NorthSouthWalk +entered", 2 * time.Second},
	{"clearance", "NorthSouthHold +entered +NorthSouthDontWalk", 2200 * time.Millisecond},
	{"amber", "NorthSouthAmberTime +entered", time.Second},
	{"other green", "EastWestHold +entered", 2 * time.Second},
	{"flashing", "NightFlash +entered", 2 * time.Second},
}

// crossingFaults are the rows: all that the simulated driver can put in, for each kind of line.
func crossingFaults() (rows []string) {
	for _, lamp := range []string{"red", "amber", "green", "walk", "dont-walk"} {
		for _, fault := range []string{"stuck on", "stuck off", "read-back", "broken"} {
			rows = append(rows, lamp+" "+fault)
		}
	}
	for _, input := range []string{"detector", "button", "emergency"} {
		for _, fault := range []string{"stuck on", "stuck off", "bounce"} {
			rows = append(rows, input+" "+fault)
		}
	}
	return rows
}

// crossingRun runs the two roads for a while with a scenario and returns what was printed.
func crossingRun(t *testing.T, dir, scenario string) string {
	t.Helper()
	file := filepath.Join(dir, "scenario.yaml")
	// Somebody presses the button of the main road now and then, so that there is walk.
	var presses strings.Builder
	for at := 20; at < 600; at += 45 {
		fmt.Fprintf(&presses, "- {at: %ds, press: north-south.button, hold: 200ms}\n", at)
	}
	if err := os.WriteFile(file, []byte(presses.String()+scenario), 0o600); err != nil {
		t.Fatal(err)
	}
	var out, talk bytes.Buffer
	args := []string{"run", "intersection", "--config", filepath.Join(dir, "config.yaml"), "--scenario", file, "--speed", "0", "--plain"}
	if code := run(t.Context(), args, streams{in: os.Stdin, out: &out, err: &talk}); code == exitUsage {
		t.Fatal(talk.String())
	}
	return out.String()
}

// TestFaultsEndWhereTheDocumentationSays puts every fault into every state and reads from docs/faults.md where it ends. A run
// takes ten minutes of simulated time: the fault comes in the first three, the latest is noticed four minutes later, and the
// rest shows whether the crossing works. It finds, for example, a monitor that does not see a short yellow, a detector whose
// failure is not noticed, and an emergency that is held forever. With the race detector eight cells are tried.
func TestFaultsEndWhereTheDocumentationSays(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	config := strings.Replace(string(intersection.Machine().Config), "emergencies:", `detectors: {no-activity: 2m, maximum-presence: 4m}
buttons: {maximum-presence: 1m}
night: {from: "08:03", to: "08:05"}
emergencies:`, 1)
	if err := os.WriteFile(filepath.Join(dir, "config.yaml"), []byte(config), 0o600); err != nil {
		t.Fatal(err)
	}
	want := faultTable(t, "intersection")
	calm := crossingRun(t, dir, "- {end: 10m}\n")
	if strings.Contains(calm, "monitor:") || strings.Contains(calm, "has failed") {
		t.Fatalf("without a fault there is one: %s", regexp.MustCompile(`.*(monitor:|has failed).*`).FindString(calm))
	}
	for i, row := range crossingFaults() {
		got := []string{row}
		for j, state := range crossingStates {
			if race.Enabled && (i%4 != 0 || j != i/4%len(crossingStates)) {
				continue
			}
			at := begins(t, calm, state.begins) + state.after
			kind, fault, _ := strings.Cut(row, " ")
			push := fmt.Sprintf("- {at: %v, fault: %s, pin: north-south.%s}\n", at, fault, kind)
			if level, ok := strings.CutPrefix(fault, "stuck "); ok {
				push = fmt.Sprintf("- {at: %v, fault: stuck, pin: north-south.%s, level: %s}\n", at, kind, level)
			}
			if fault == "bounce" { // an input chatters for 120 ms
				push = fmt.Sprintf("- {at: %v, pin: north-south.%s, pulses: 40, width: 2ms, gap: 1ms}\n", at, kind)
			}
			out := crossingRun(t, dir, push+"- {end: 10m}\n")
			end := whereItEnds(out)
			got = append(got, end)
			if !*writeFaults && want[row][state.name] != end {
				t.Errorf("%s, %s: got %q, want %q as docs/faults.md says", row, state.name, end, want[row][state.name])
			}
			if strings.HasPrefix(end, "?") {
				t.Errorf("%s, %s: %s\n%s", row, state.name, end, out[max(0, len(out)-300):])
			}
		}
		if *writeFaults {
			fmt.Printf("| %s |\n", strings.Join(got, " | ")) //nolint:forbidigo // what was asked for
		}
	}
	if len(want) != len(crossingFaults()) && !*writeFaults {
		t.Errorf("docs/faults.md has %d rows, want %d", len(want), len(crossingFaults()))
	}
}

// begins returns when a line was printed for the first time.
func begins(t *testing.T, out, line string) time.Duration {
	t.Helper()
	m := regexp.MustCompile(`(?m)^(\d+):(\d+):(\d+)\.(\d+)  ` + line).FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("the crossing never comes to %q", line)
	}
	d, err := time.ParseDuration(m[1] + "h" + m[2] + "m" + m[3] + "s" + m[4] + "ms")
	if err != nil {
		t.Fatal(err)
	}
	return d
}

var (
	monitorNote = regexp.MustCompile(`note +monitor: ([a-z ]+):`)
	failedNote  = regexp.MustCompile(`note +(\S+) has failed`)
	lateFlash   = regexp.MustCompile(`(?m)^0:0[89]:\S+ +(?:east-west|north-south)\.red +on +monitor`)
	lateGreen   = regexp.MustCompile(`(?m)^0:0[789]:\S+ +((?:north-south|east-west)\.green) +on`)
	greenOn     = regexp.MustCompile(`(?m)^\S+ +\S+\.green +on`)
)

// whereItEnds reads from a run how the crossing ended.
func whereItEnds(out string) string {
	if m := monitorNote.FindStringSubmatch(out); m != nil {
		flashes := lateFlash.FindAllString(out, -1)
		if _, after, _ := strings.Cut(out, "monitor:"); len(flashes) < 50 || greenOn.MatchString(after) {
			return "? the monitor does not flash"
		}
		return m[1]
	}
	// The crossing works: in the last minutes both roads had green.
	late := lateGreen.FindAllStringSubmatch(out, -1)
	roads := map[string]bool{}
	for _, m := range late {
		roads[m[1]] = true
	}
	if len(roads) != 2 {
		return fmt.Sprintf("? only %v have green", roads)
	}
	if m := failedNote.FindStringSubmatch(out); m != nil {
		if strings.HasSuffix(m[1], ".emergency") {
			return "ignored"
		}
		return "calls"
	}
	return "goes on"
}

// faultTable reads the table of a section of docs/faults.md: by fault, then by state.
func faultTable(t *testing.T, section string) map[string]map[string]string {
	t.Helper()
	text, err := os.ReadFile("../../docs/faults.md")
	if err != nil {
		t.Fatal(err)
	}
	_, rest, ok := strings.Cut(string(text), "\n## "+section+"\n")
	if !ok {
		t.Fatalf("docs/faults.md has no section %s", section)
	}
	rest, _, _ = strings.Cut(rest, "\n## ")
	table := map[string]map[string]string{}
	var states []string
	for line := range strings.Lines(rest) {
		line = strings.TrimSpace(line)
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(line, "|--") || strings.HasPrefix(line, "| --") {
			continue
		}
		var cells []string
		for _, cell := range strings.Split(strings.Trim(line, "|"), "|") {
			cells = append(cells, strings.TrimSpace(cell))
		}
		if states == nil {
			states = cells[1:]
			continue
		}
		table[cells[0]] = map[string]string{}
		for i, cell := range cells[1:] {
			if i < len(states) {
				table[cells[0]][states[i]] = cell
			}
		}
	}
	return table
}
