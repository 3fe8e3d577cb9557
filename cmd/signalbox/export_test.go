package main

import "github.com/alecthomas/kong"

// Main is the program, which the test binary is as well: see TestMain.
var Main = main

// Subcommands lists the subcommands of cli, nested ones as "ledger show".
func Subcommands() []string {
	var names []string
	for _, leaf := range kong.Must(&cli{}).Model.Leaves(true) {
		names = append(names, leaf.Path())
	}
	return names
}
