// Package near finds known names that are similar to a mistyped one.
package near

import (
	"fmt"
	"slices"
	"strings"
)

// Hint returns `; did you mean "coin" or "coins"?` with the result of [Names], for the end of a message, or "" if there is
// no similar name.
func Hint(name string, known []string) string {
	names := Names(name, known)
	if len(names) == 0 {
		return ""
	}
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%q", n)
	}
	return "; did you mean " + strings.Join(quoted, " or ") + "?"
}

// Names returns at most three of the known names that are similar to name, the most similar first. Similar is a name with
// few different letters, one for three, or one that contains name; case does not matter.
func Names(name string, known []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	found := make([]candidate, 0, len(known))
	for _, k := range known {
		d := distance(strings.ToLower(name), strings.ToLower(k))
		switch {
		case d <= max(1, len(k)/3) && d < max(len(name), len(k)): // at least one letter in common
		case len(name) >= 3 && strings.Contains(strings.ToLower(k), strings.ToLower(name)):
		default:
			continue
		}
		found = append(found, candidate{k, d})
	}
	slices.SortStableFunc(found, func(a, b candidate) int { return a.distance - b.distance })
	found = found[:min(len(found), 3)]
	names := make([]string, 0, len(found))
	for _, c := range found {
		names = append(names, c.name)
	}
	return names
}

// distance returns the edit distance of a and b in bytes: insertions, deletions, replacements, and swaps of neighbours
// (optimal string alignment). For texts of more than 64 bytes it returns the longer length.
func distance(a, b string) int {
	if len(a) > 64 || len(b) > 64 {
		return max(len(a), len(b))
	}
	var row2, row1 []int // the rows before row
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		row2, row1, row = row1, row, make([]int, len(b)+1)
		row[0] = i
		for j := 1; j <= len(b); j++ {
			replace := row1[j-1]
			if a[i-1] != b[j-1] {
				replace++
			}
			row[j] = min(replace, row1[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				row[j] = min(row[j], row2[j-2]+1)
			}
		}
	}
	return row[len(b)]
}
