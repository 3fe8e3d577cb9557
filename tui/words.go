package tui

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// splitName splits a line's name at its last dot: "north-south", "red".
func splitName(name string) (group, rest string) {
	if i := strings.LastIndexByte(name, '.'); i > 0 && i < len(name)-1 {
		return name[:i], name[i+1:]
	}
	return "", name
}

// elapsed writes a duration as people read clocks: 3.2 s, 1:02, 2:03:04.
func elapsed(d time.Duration) string {
	if d = max(d, 0); d < time.Minute {
		return fmt.Sprintf("%.1f s", d.Truncate(100*time.Millisecond).Seconds())
	}
	return clock(d)
}

// clock writes a duration as 0:02, 1:02:03.
func clock(d time.Duration) string {
	if d < time.Hour {
		return fmt.Sprintf("%d:%02d", d/time.Minute, d%time.Minute/time.Second)
	}
	return fmt.Sprintf("%d:%02d:%02d", d/time.Hour, d%time.Hour/time.Minute, d%time.Minute/time.Second)
}

// keyLabel writes the keys that push a line, as many as fit in w columns: "[1]", "[c/d]".
func keyLabel(keys []string, w int) string {
	label := ""
	for i := range keys {
		if next := "[" + strings.Join(keys[:i+1], "/") + "]"; width(next) <= w {
			label = next
		}
	}
	return label
}

// count shows n things by their sign, or once with the number if there is no room.
func count(sign string, n, room int) string {
	if n*width(sign) <= room {
		return strings.Repeat(sign, n)
	}
	return shorten(sign+"×"+strconv.Itoa(n), room)
}

// plural completes a number of things.
func plural(n int, word string) string {
	if n == 1 {
		return "1 " + word
	}
	return strconv.Itoa(n) + " " + word + "s"
}
