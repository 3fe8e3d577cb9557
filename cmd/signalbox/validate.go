package main

import (
	"bufio"
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"signalbox/asl"
	"signalbox/asl/value"
	"signalbox/cmd/signalbox/internal/assembly"
	"signalbox/internal/textfile"
)

type validateCmd struct {
	Files []string `arg:"" name:"file" help:"Files of definitions."`
	Type  string   `name:"type" enum:"STANDARD,EXPRESS" default:"STANDARD" help:"Type of the state machines: STANDARD or EXPRESS."`
	JSON  bool     `name:"json" help:"Print a JSON object for each file, as AWS's ValidateStateMachineDefinition responds."`
}

// Run implements the command.
func (c *validateCmd) Run(s streams) error {
	out := bufio.NewWriter(s.out)
	bad := false
	for _, file := range c.Files {
		text, err := textfile.Head(file, asl.MaxLength+1) // a longer text is refused, whatever follows
		if err != nil {
			bad = true
			printError(s.err, err)
			continue
		}
		machine, faults := asl.ParseWith(text, asl.Options{Express: c.Type == "EXPRESS"})
		bad = bad || machine == nil
		if c.JSON {
			printDiagnostics(out, faults)
		} else {
			printFaults(out, file, text, machine, faults)
		}
		if err := out.Flush(); err != nil {
			return err
		}
	}
	if bad {
		return assembly.UsageError{Err: errReported}
	}
	return nil
}

// printFaults shows each fault with the line that it is in and a caret below the place. Machine is nil if there are faults.
// The writer keeps its first error.
func printFaults(out *bufio.Writer, file string, text []byte, machine *asl.Machine, faults asl.Diagnostics) {
	for _, f := range faults {
		_, _ = fmt.Fprintf(out, "%s:%v\n", file, f)
		if f.Code == asl.CodeTooLong || f.Code == asl.CodeTooManyFaults {
			continue // they are about the whole text
		}
		line, caret := excerpt(text, f.Offset)
		_, _ = fmt.Fprintf(out, "    %s\n    %s\n", line, caret)
	}
	if machine == nil {
		return
	}
	n := 0
	for range machine.All() {
		n++
	}
	_, _ = fmt.Fprintf(out, "%s: valid, %d states\n", file, n)
}

// excerpt cuts a window out of the line around a byte offset in text, and makes the line with the caret that goes below it.
// It looks no further than the window, however long the line is. Characters that would move the caret become blanks.
func excerpt(text []byte, offset int64) (window, caret string) {
	const (
		width  = 100
		before = width * 3 / 4 // so much of the line is shown from its beginning
	)
	var shown []rune
	rest := text[:offset]
	for len(shown) <= before {
		r, size := utf8.DecodeLastRune(rest)
		if size == 0 || r == '\n' {
			break
		}
		shown = append(shown, printable(r))
		rest = rest[:len(rest)-size]
	}
	margin := ""
	if len(shown) > before {
		margin, shown = "…", shown[:width/2]
	}
	slices.Reverse(shown)
	caret = strings.Repeat(" ", utf8.RuneCountInString(margin)+len(shown)) + "^"
	for rest = text[offset:]; ; {
		r, size := utf8.DecodeRune(rest)
		if size == 0 || r == '\n' {
			return margin + string(shown), caret
		}
		if len(shown) == width {
			return margin + string(shown) + "…", caret
		}
		shown = append(shown, printable(r))
		rest = rest[size:]
	}
}

// printable returns a character, or a blank for one that would not take one column.
func printable(r rune) rune {
	if r < ' ' || r == 0x7F {
		return ' '
	}
	return r
}

// printDiagnostics writes what AWS's ValidateStateMachineDefinition answers, in a line. The writer keeps its first error.
func printDiagnostics(out *bufio.Writer, faults asl.Diagnostics) {
	truncated := len(faults) > 0 && faults[len(faults)-1].Code == asl.CodeTooManyFaults
	if truncated {
		faults = faults[:len(faults)-1]
	}
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
	answer := value.NewObject("result", result, "diagnostics", list, "truncated", truncated)
	_, _ = out.Write(append(value.Append(nil, answer), '\n'))
}
