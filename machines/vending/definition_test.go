package vending_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"signalbox/gpio"
	"signalbox/machines/vending"
)

// A definition as far as these tests look into it. That it is a valid one altogether is the business of package asl.
type definition struct {
	StartAt string
	States  map[string]state
}

type state struct {
	Type, Resource, Next, Default string
	Parameters                    map[string]any
	Catch, Choices                []struct {
		ErrorEquals []string
		Next        string
	}
	Retry []struct{ ErrorEquals []string }
}

// next returns the states that a state can lead to.
func (s state) next() []string {
	var names []string
	for _, name := range []string{s.Next, s.Default} {
		if name != "" {
			names = append(names, name)
		}
	}
	for _, c := range append(slices.Clone(s.Catch), s.Choices...) {
		names = append(names, c.Next)
	}
	return names
}

func readDefinition(t *testing.T) definition {
	t.Helper()
	var d definition
	if err := json.Unmarshal(vending.Machine().Definition, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

func TestDefinitionLeadsEverywhereAndNowhereElse(t *testing.T) {
	d := readDefinition(t)
	reached := map[string]bool{}
	var walk func(from, to string)
	walk = func(from, to string) {
		s, ok := d.States[to]
		if !ok {
			t.Errorf("%s leads to %q, which is no state", from, to)
		}
		if reached[to] {
			return
		}
		reached[to] = true
		if len(s.next()) == 0 && to != "NobodyCame" { // for AWS, after three years
			t.Errorf("%s ends the machine, which should never end", to)
		}
		for _, next := range s.next() {
			walk(to, next)
		}
	}
	walk("StartAt", d.StartAt)
	for name := range d.States {
		if !reached[name] {
			t.Errorf("nothing leads to %s", name)
		}
	}
}

func TestDefinitionUsesTheActivities(t *testing.T) {
	d, m := readDefinition(t), vending.Machine()
	used := map[string]bool{}
	for name, s := range d.States {
		if s.Type != "Task" {
			continue
		}
		activity, ok := strings.CutPrefix(s.Resource, "arn:aws:states:us-east-1:123456789012:activity:")
		if !ok || !slices.Contains(m.Activities, activity) {
			t.Errorf("%s: got resource %s, want one of the activities %q", name, s.Resource, m.Activities)
		}
		used[activity] = true
		// Every Task has a way out whatever fails, and none of its own stays unanswered.
		if n := len(s.Catch); n == 0 || !slices.Equal(s.Catch[n-1].ErrorEquals, []string{"States.ALL"}) {
			t.Errorf("%s: the last Catch is not of States.ALL", name)
		}
	}
	if got := slices.Sorted(maps.Keys(used)); !slices.Equal(got, slices.Sorted(slices.Values(m.Activities))) {
		t.Errorf("got activities used %q, want all of %q", got, m.Activities)
	}
}

// A Catch of an error name that no activity fails with would never be used.
func TestDefinitionNamesErrorsOfThePlant(t *testing.T) {
	known := []string{
		vending.ErrNotPaid, vending.ErrSoldOut, vending.ErrChange, vending.ErrNoSale, vending.ErrVendBusy, vending.ErrNoDrop,
		vending.ErrJam, vending.ErrPayOutBusy, vending.ErrNotHeld, vending.ErrPayOutJam, vending.ErrHopperEmpty, vending.ErrCustomerTaken,
		vending.ErrDoor, vending.ErrAsked,
		"States.ALL", "States.Timeout",
	}
	for name, s := range readDefinition(t).States {
		var errors []string
		for _, c := range s.Catch {
			errors = append(errors, c.ErrorEquals...)
		}
		for _, r := range s.Retry {
			errors = append(errors, r.ErrorEquals...)
		}
		for _, e := range errors {
			if !slices.Contains(known, e) {
				t.Errorf("%s names the error %s, which the plant does not know", name, e)
			}
		}
	}
}

func TestBoardHasTheLinesOfThePlant(t *testing.T) {
	board, err := gpio.ParseBoard("board.yaml", vending.Machine().Board)
	if err != nil {
		t.Fatal(err)
	}
	for direction, names := range map[gpio.Direction][]string{gpio.In: vending.Standard().Inputs(), gpio.Out: vending.Standard().Outputs()} {
		var got []string
		for _, l := range board.Lines {
			if l.Direction == direction {
				got = append(got, l.Name)
			}
		}
		slices.Sort(got)
		if want := slices.Sorted(slices.Values(names)); !slices.Equal(got, want) {
			t.Errorf("direction %s: got lines %q, want %q", direction, got, want)
		}
	}
	for _, l := range board.Outputs() {
		if l.ActiveLow || l.Number < 9 || l.Number > 27 {
			t.Errorf("%s is on BCM %d, active low %t: outputs are active-high on 9 to 27", l.Name, l.Number, l.ActiveLow)
		}
	}
	for _, k := range vending.Machine().Keys {
		if l, err := board.Line(k.Line); err != nil || l.Direction != gpio.In || (k.Pulses == 0) == (k.Hold == 0) {
			t.Errorf("key %+v: got line %+v (%v), want an input that is pulsed or pressed", k, l, err)
		}
	}
}
