//go:build race

package migration_test

import "flag"

// Properties run in one goroutine, where the race detector finds nothing and is slow: 10 checks instead of 100. A number that
// the command line gives (-rapid.checks) still counts.
func init() {
	if err := flag.Set("rapid.checks", "10"); err != nil {
		panic(err)
	}
}
