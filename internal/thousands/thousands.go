// Package thousands formats large whole numbers for people.
package thousands

import "strconv"

// Format returns n with a comma between groups of three digits: 1,000,000.
func Format(n int64) string {
	text := strconv.FormatInt(n, 10)
	for i := len(text) - 3; i > 0 && text[i-1] != '-'; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return text
}
