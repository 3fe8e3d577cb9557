package intersection_test

import (
	"testing"

	"signalbox/asl"
	"signalbox/gpio"
	"signalbox/machines/intersection"
)

// FuzzConfig: whatever a file says, it is refused or it makes a whole machine.
func FuzzConfig(f *testing.F) {
	f.Add(intersection.Machine().Config)
	f.Add(intersection.DualRing().Config)
	f.Add([]byte("phases: {a: {heads: [a, a]}}\nheads: {a: {approach: x}}\napproaches: {x: {}}\nconflicts: {a: [a]}\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		m, err := intersection.Machine().Configure("fuzz.yaml", text)
		if err != nil {
			return
		}
		if _, err := gpio.ParseBoard("fuzz", m.Board); err != nil {
			t.Errorf("%v in\n%s", err, m.Board)
		}
		if definition, faults := asl.Parse(m.Definition); definition == nil {
			t.Errorf("%v in\n%s", faults, m.Definition)
		}
		s, _ := m.Plant.Initial(start)
		for _, i := range m.Plant.Invariants() {
			if err := i.Holds(s); err != nil {
				t.Errorf("%s: %v", i.Name, err)
			}
		}
	})
}
