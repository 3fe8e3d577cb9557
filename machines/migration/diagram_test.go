package migration_test

import (
	"testing"

	"signalbox/machines/internal/golden"
	"signalbox/machines/migration"
)

// The state machine of entries is what its diagram shows.
func TestDiagramOfAnEntry(t *testing.T) { golden.Compare(t, "entry.mmd", migration.Diagram()) }
