package intersection_test

import (
	"testing"

	"signalbox/machines/internal/golden"
	"signalbox/machines/intersection"
)

// The state machines of the parts are what their diagrams show. A change of one is a change of what the plant allows.
func TestDiagramsOfTheParts(t *testing.T) {
	for name, diagram := range intersection.Diagrams() {
		t.Run(name, func(t *testing.T) { golden.Compare(t, name+".mmd", diagram) })
	}
}
