package intersection_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"signalbox/gpio"
	"signalbox/machines/intersection"
)

// A state is what these tests need to know of a state of the definition.
type state struct {
	Type           string
	Comment        string
	Resource       string
	ResultPath     json.RawMessage
	Seconds        json.Number
	TimeoutSeconds json.Number
	Next           string
	Default        string
	Choices        []struct{ Next string }
	Catch          []struct {
		ErrorEquals []string
		Next        string
	}
}

// nexts returns where the state can lead.
func (s state) nexts() []string {
	var all []string
	for _, n := range append([]string{s.Next, s.Default}, func() (more []string) {
		for _, c := range s.Choices {
			more = append(more, c.Next)
		}
		for _, c := range s.Catch {
			more = append(more, c.Next)
		}
		return more
	}()...) {
		if n != "" {
			all = append(all, n)
		}
	}
	return all
}

func readDefinition(t *testing.T) (startAt string, states map[string]state) {
	t.Helper()
	var d struct {
		Comment, StartAt string
		States           map[string]state
	}
	if err := json.Unmarshal(intersection.Machine().Definition, &d); err != nil {
		t.Fatal(err)
	}
	return d.StartAt, d.States
}

func TestDefinitionNamesOnlyWhatThereIs(t *testing.T) {
	startAt, states := readDefinition(t)
	const arn = "arn:aws:states:us-east-1:123456789012:activity:"
	types := []string{"Task", "Pass", "Choice", "Wait", "Succeed", "Fail"}
	asked := map[string]bool{}
	reached := map[string]bool{startAt: true}
	for todo := []string{startAt}; len(todo) > 0; todo = todo[1:] {
		name := todo[0]
		s, ok := states[name]
		if !ok {
			t.Fatalf("state %q is named and does not exist", name)
		}
		if !slices.Contains(types, s.Type) {
			t.Errorf("%s: got type %q, want one of %q", name, s.Type, types)
		}
		if s.Comment == "" && s.Type != "Fail" {
			t.Errorf("%s has no Comment", name)
		}
		for _, n := range []json.Number{s.Seconds, s.TimeoutSeconds} {
			if _, err := n.Int64(); n != "" && err != nil {
				t.Errorf("%s: got %s seconds, want a whole number", name, n)
			}
		}
		if s.Type == "Task" {
			activity, ok := strings.CutPrefix(s.Resource, arn)
			if !ok || !slices.Contains(intersection.Machine().Activities, activity) {
				t.Errorf("%s: Resource %q is none of the machine's activities", name, s.Resource)
			}
			asked[activity] = true
		}
		for _, next := range s.nexts() {
			if !reached[next] {
				reached[next] = true
				todo = append(todo, next)
			}
		}
	}
	for name := range states {
		if !reached[name] {
			t.Errorf("state %s cannot be reached", name)
		}
	}
	if got, want := len(asked), len(intersection.Machine().Activities); got != want {
		t.Errorf("got %d activities asked (%v), want all %d", got, slices.Collect(maps.Keys(asked)), want)
	}
}

// TestDefinitionCatchesEverything: whatever a Task fails with, the crossing flashes, and if even that fails it is out of
// order.
func TestDefinitionCatchesEverything(t *testing.T) {
	_, states := readDefinition(t)
	for name, s := range states {
		if s.Type != "Task" {
			continue
		}
		want := "FlashingRed"
		if name == "FlashingRed" {
			want = "OutOfOrder"
		}
		if len(s.Catch) == 0 {
			t.Errorf("%s has no Catch", name)
			continue
		}
		last := s.Catch[len(s.Catch)-1]
		if !slices.Equal(last.ErrorEquals, []string{"States.ALL"}) || last.Next != want {
			t.Errorf("%s: got %+v as its last catcher, want States.ALL to %s", name, last, want)
		}
		for _, c := range s.Catch[:len(s.Catch)-1] {
			if !slices.Equal(c.ErrorEquals, []string{"States.Timeout"}) && c.Next != want {
				t.Errorf("%s: %q goes to %s, want %s", name, c.ErrorEquals, c.Next, want)
			}
		}
	}
}

// TestDefinitionLetsTimePass: after each change of signals it waits for as long as the plant insists on.
func TestDefinitionLetsTimePass(t *testing.T) {
	_, states := readDefinition(t)
	changes := 0
	for name, s := range states {
		if !strings.HasSuffix(s.Resource, ":set-signals") {
			continue
		}
		changes++
		activity := s.Resource[strings.LastIndex(s.Resource, ":")+1:]
		next := states[s.Next].Resource
		want := ":await-interval"
		if slices.Contains([]string{"NorthSouthGreen", "EastWestGreen", "NorthSouthDontWalk", "EastWestDontWalk"}, name) {
			want = ":hold-green"
		}
		if !strings.HasSuffix(next, want) {
			t.Errorf("%s (%s) is followed by %s, want %s", name, activity, next, want)
		}
		if string(s.ResultPath) != "null" {
			t.Errorf("%s: got ResultPath %s, want null: nothing is carried along", name, s.ResultPath)
		}
	}
	if changes < 13 {
		t.Errorf("got %d changes of signals", changes)
	}
}

func TestBoardFailsSafe(t *testing.T) {
	board, err := gpio.ParseBoard("board.yaml", intersection.Machine().Board)
	if err != nil {
		t.Fatal(err)
	}
	c := powerUp(t)
	if got, want := len(board.Outputs()), len(c.inspector.lamps); got != want {
		t.Errorf("got %d outputs, want %d", got, want)
	}
	for _, l := range board.Outputs() {
		want, ok := c.inspector.lamps[l.Name]
		if !ok {
			t.Errorf("the plant has no output %s", l.Name)
		}
		if l.Safe != want {
			t.Errorf("%s: got safe level %t, want %t: all red", l.Name, l.Safe, want)
		}
		// DOMAIN: at power-on 9–27 pull down, so an active-high lamp stays dark.
		if l.ActiveLow || l.Number < 9 || l.Number > 27 {
			t.Errorf("%s: got BCM %d, active-low %t; want active-high on 9 to 27", l.Name, l.Number, l.ActiveLow)
		}
	}
	moves := c.plant.Moves(c.state)
	if got, want := len(board.Inputs()), len(moves); got != want {
		t.Errorf("got %d inputs, want %d", got, want)
	}
	for _, l := range board.Inputs() {
		before := c.state
		c.edge(l.Name, true)
		if c.state == before {
			t.Errorf("the plant takes no notice of %s", l.Name)
		}
	}
}

func TestKeysPressInputs(t *testing.T) {
	board, err := gpio.ParseBoard("board.yaml", intersection.Machine().Board)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range intersection.Machine().Keys {
		l, err := board.Line(k.Line)
		if err != nil {
			t.Errorf("key %s: %v", k.Key, err)
		}
		if k.Hold <= l.Debounce {
			t.Errorf("key %s presses %s for %s, want longer than the debounce of %s", k.Key, k.Line, k.Hold, l.Debounce)
		}
	}
}
