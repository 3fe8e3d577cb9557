package main

import (
	"fmt"
	"os"

	"signalbox/asl"
)

type validateCmd struct {
	Files []string `arg:"" name:"file" help:"The files of definitions."`
}

// Run implements the command.
func (c *validateCmd) Run(s streams) error {
	bad := false
	for _, file := range c.Files {
		text, err := os.ReadFile(file)
		if err != nil {
			bad = true
			_, _ = fmt.Fprintf(s.err, "signalbox: %v\n", err)
			continue
		}
		definition, faults := asl.Parse(text)
		if len(faults) > 0 {
			_, _ = fmt.Fprintln(s.out, fileFaults{file, faults})
		}
		if definition == nil {
			bad = true
			continue
		}
		n := 0
		for range definition.All() {
			n++
		}
		_, _ = fmt.Fprintf(s.out, "%s: valid, %d states\n", file, n)
	}
	if bad {
		return misuse{errReported}
	}
	return nil
}
