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

// maxCompared limits the comparisons of names for the hints of one file: a comparison takes up to microseconds, and a file
// may have thousands of unknown names and thousands of known ones.
const maxCompared = 500_000

// Hints limits the work for the hints of one file. The zero value is ready to use.
type Hints struct{ compared int }

// Hint returns the result of the function [Hint], or "" once the file has used up its comparisons.
func (h *Hints) Hint(name string, known []string) string {
	if h.compared += len(known); h.compared > maxCompared {
		return ""
	}
	return Hint(name, known)
}

// Names returns at most three of the known names that are similar to name, the most similar first. A known name is similar
// if its edit distance to name is at most a third of its length (1 is always allowed), or if it contains name and that has
// three letters or more. Case does not matter.
func Names(name string, known []string) []string {
	type candidate struct {
		name     string
		distance int
	}
	wanted := strings.ToLower(name)
	var found []candidate
	for _, k := range known {
		lower := strings.ToLower(k)
		limit := min(max(1, len(k)/3), max(len(name), len(k))-1) // at least one letter in common
		d := distance(wanted, lower, limit)
		switch contains := len(name) >= 3 && strings.Contains(lower, wanted); {
		case contains:
			d = len(lower) - len(wanted)
		case d > limit:
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

// maxLength is how long names may be whose letters are compared.
const maxLength = 64

// distance counts the letters to insert, delete or replace, and the neighbors to swap, that turn a into b (optimal string
// alignment, Damerau and Levenshtein). Where that is more than limit it may return any number above limit: it gives up early, as a
// file may have thousands of unknown names and thousands of known ones.
func distance(a, b string, limit int) int {
	if len(a) > maxLength || len(b) > maxLength || len(a)-len(b) > limit || len(b)-len(a) > limit {
		return max(len(a), len(b))
	}
	// Row i has the distances of a[:i] from every b[:j]; a swap looks two rows back.
	var rows [3][maxLength + 1]int
	for j := range len(b) + 1 {
		rows[0][j] = j
	}
	for i := 1; i <= len(a); i++ {
		row, last, before := &rows[i%3], &rows[(i+2)%3], &rows[(i+1)%3]
		row[0] = i
		least := i
		for j := 1; j <= len(b); j++ {
			d := last[j-1]
			if a[i-1] != b[j-1] {
				d++
			}
			d = min(d, last[j]+1, row[j-1]+1)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d = min(d, before[j-2]+1)
			}
			row[j] = d
			least = min(least, d)
		}
		if least > limit { // then the row before, from which a swap leads on, has nothing below limit
			return max(len(a), len(b))
		}
	}
	return rows[len(a)%3][len(b)]
}
