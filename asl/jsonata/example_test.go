package jsonata_test

import (
	"fmt"

	"signalbox/asl/jsonata"
)

// Check takes an expression without its {% and %}.
func ExampleCheck() {
	for _, text := range []string{
		"$states.input.items[price > 3].name",
		"$sum($states.input.items",
		"items.name",
		"$states.errorOutput.Cause",
	} {
		faults := jsonata.Check(text, false)
		if faults == nil {
			fmt.Println("valid:", text)
		}
		for _, fault := range faults {
			fmt.Println(fault)
		}
	}
	// Output:
	// valid: $states.input.items[price > 3].name
	// Expected ")" before end of expression
	// Reference to 'items' at the top level is not supported.
	// Field '$states.errorOutput' does not exist.
}
