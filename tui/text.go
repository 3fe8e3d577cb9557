package tui

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// splitName splits the name of a line at its last dot: "north-south", "red". A name without a dot has no group.
func splitName(name string) (group, rest string) {
	if i := strings.LastIndexByte(name, '.'); i > 0 && i < len(name)-1 {
		return name[:i], name[i+1:]
	}
	return "", name
}

// elapsed returns a duration as text: "3.2 s", "1:02", "2:03:04". A negative one counts as 0.
func elapsed(d time.Duration) string {
	if d = max(d, 0); d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Truncate(100*time.Millisecond).Seconds())
	}
	return clock(d)
}

// clock returns a duration as text: "0:02", "1:02:03".
func clock(d time.Duration) string {
	if d < time.Hour {
		return fmt.Sprintf("%d:%02d", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d:%02d:%02d", d/time.Hour, d%time.Hour/time.Minute, d%time.Minute/time.Second)
}

// keyLabel returns the label of keys, of as many as fit into w columns: "[1]", "[c/d]".
func keyLabel(keys []string, w int) string {
	label := ""
	for i := range keys {
		if next := "[" + strings.Join(keys[:i+1], "/") + "]"; width(next) <= w {
			label = next
		}
	}
	return label
}

// repeatSymbol returns n symbols or, if they do not fit into w columns, one with the number: "☻×12".
func repeatSymbol(symbol string, n, w int) string {
	if n*width(symbol) <= w {
		return strings.Repeat(symbol, n)
	}
	return shorten(symbol+"×"+strconv.Itoa(n), w)
}

// plural returns a number with a noun: "1 coin", "2 coins".
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}
