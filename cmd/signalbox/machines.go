package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"signalbox/cmd/signalbox/internal/assembly"
)

// machinesCmd lists the built-in machines.
type machinesCmd struct{}

// Run implements the command.
func (machinesCmd) Run(s streams) error {
	for _, m := range assembly.BuiltIn() {
		if _, err := fmt.Fprintf(s.out, "%-23s %s\n", m.Name, m.Summary); err != nil {
			return err
		}
	}
	return nil
}

// versionCmd prints the version.
type versionCmd struct{}

// Run implements the command.
func (versionCmd) Run(s streams) error {
	version := "(devel)"
	if info, ok := debug.ReadBuildInfo(); ok && info.Main.Version != "" {
		version = info.Main.Version
	}
	_, err := fmt.Fprintf(s.out, "signalbox %s %s %s/%s\n", version, runtime.Version(), runtime.GOOS, runtime.GOARCH)
	return err
}
