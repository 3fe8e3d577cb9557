//go:build race

package race

// Enabled is whether this binary was built with -race.
const Enabled = true
