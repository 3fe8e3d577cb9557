package main

import (
	"bytes"
	"fmt"
	"os"
	"strings"

	"signalbox/asl"
	"signalbox/asl/value"
	"signalbox/cmd/signalbox/internal/assembly"
)

type validateCmd struct {
	Files []string `arg:"" name:"file" help:"The files of definitions."`
	Type  string   `name:"type" enum:"STANDARD,EXPRESS" default:"STANDARD" help:"The type of the machines: STANDARD or EXPRESS."`
	JSON  bool     `name:"json" help:"For each file a line with what AWS's ValidateStateMachineDefinition answers."`
}

// Run implements the command.
func (c *validateCmd) Run(s streams) error {
	bad := false
	for _, file := range c.Files {
		text, err := os.ReadFile(file)
		if err != nil {
			bad = true
			complain(s.err, err)
			continue
		}
		definition, faults := asl.ParseWith(text, asl.Options{Express: c.Type == "EXPRESS"})
		bad = bad || definition == nil
		if c.JSON {
			err = c.printJSON(s, faults)
		} else {
			err = c.print(s, file, text, definition, faults)
		}
		if err != nil {
			return err
		}
	}
	if bad {
		return assembly.UsageError{Err: errReported}
	}
	return nil
}

// print shows each fault with the line that it is in and a caret below the place.
func (c *validateCmd) print(s streams, file string, text []byte, definition *asl.Machine, faults asl.Diagnostics) error {
	lines := bytes.Split(text, []byte("\n"))
	for _, f := range faults {
		if _, err := fmt.Fprintf(s.out, "%s:%v\n", file, f); err != nil {
			return err
		}
		if f.Line <= len(lines) {
			line, caret := excerpt(string(lines[f.Line-1]), f.Column)
			if _, err := fmt.Fprintf(s.out, "    %s\n    %s\n", line, caret); err != nil {
				return err
			}
		}
	}
	if definition == nil {
		return nil
	}
	n := 0
	for range definition.All() {
		n++
	}
	_, err := fmt.Fprintf(s.out, "%s: valid, %d states\n", file, n)
	return err
}

// excerpt cuts a window out of a line, around a column, and makes the line with the caret that goes below. Characters that
// would move the caret become blanks.
func excerpt(line string, column int) (window, caret string) {
	const width = 100
	characters := []rune(strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7F {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(line, "?")))
	at := min(column-1, len(characters))
	from := 0
	if at > width*3/4 {
		from = at - width/2
	}
	to := min(len(characters), from+width)
	before, after := "", ""
	if from > 0 {
		before = "…"
	}
	if to < len(characters) {
		after = "…"
	}
	window = before + string(characters[from:to]) + after
	return window, strings.Repeat(" ", len([]rune(before))+at-from) + "^"
}

func (c *validateCmd) printJSON(s streams, faults asl.Diagnostics) error {
	list := make([]any, len(faults))
	for i, f := range faults {
		o := value.NewObject("severity", f.Severity, "code", f.Code, "message", f.Message)
		if f.Location != "" {
			o = o.With("location", f.Location)
		}
		list[i] = o
	}
	result := "OK"
	if faults.Failed() {
		result = "FAIL"
	}
	_, err := fmt.Fprintln(s.out, value.Text(value.NewObject("result", result, "diagnostics", list, "truncated", false)))
	return err
}
