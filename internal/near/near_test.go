package near_test

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"signalbox/internal/near"
)

func TestNamesThatAreSimilar(t *testing.T) {
	known := []string{"coin", "coins", "coin-return", "hopper", "motor-1", "motor-2", "motor-3", "motor-4", "ä", "a"}
	for _, c := range []struct {
		name string
		want []string
	}{
		{"coin", []string{"coin", "coins", "coin-return"}},
		{"coni", []string{"coin"}},    // two neighbors swapped
		{"con", []string{"coin"}},     // a letter missing
		{"coinns", []string{"coins"}}, // a letter too many
		{"cain", []string{"coin"}},    // another letter
		{"COIN", []string{"coin", "coins", "coin-return"}},
		{"return", []string{"coin-return"}}, // part of a name
		{"re", nil},                         // too short to be looked for inside names
		{"hpoer", []string{"hopper"}},       // two faults in six letters
		{"xyzzy", nil},
		{"", nil},
		{"b", nil},                                           // nothing in common with "a"
		{"motor", []string{"motor-1", "motor-2", "motor-3"}}, // at most three, in the order given
		{"motor-9", []string{"motor-1", "motor-2", "motor-3"}},
		{strings.Repeat("coin", 100), nil},
	} {
		got := near.Names(c.name, known)
		if !slices.Equal(got, c.want) {
			t.Errorf("%q: got %q, want %q", c.name, got, c.want)
		}
	}
}

func TestHint(t *testing.T) {
	known := []string{"debounce", "bounce", "lines", `a "quoted" one`}
	for _, c := range []struct{ name, want string }{
		{"line", `; did you mean "lines"?`},
		{"bounced", `; did you mean "bounce"?`},
		{"bounce", `; did you mean "bounce" or "debounce"?`},
		{`a "quoted" two`, `; did you mean "a \"quoted\" one"?`},
		{"chip", ""},
	} {
		if got := near.Hint(c.name, known); got != c.want {
			t.Errorf("%q: got %s, want %s", c.name, got, c.want)
		}
	}
	if got := near.Hint("x", nil); got != "" {
		t.Errorf("without known names: got %s", got)
	}
}

// The names that are found are those of the definition: letters inserted, deleted, replaced and neighbors swapped, in a table
// without any shortcut.
func TestNamesAreThoseOfTheFullTable(t *testing.T) {
	word := rapid.StringMatching("[abcA]{0,9}")
	rapid.Check(t, func(t *rapid.T) {
		name, known := word.Draw(t, "name"), rapid.SliceOfN(word, 0, 8).Draw(t, "known")
		type candidate struct {
			name     string
			distance int
		}
		var want []candidate
		for _, k := range known {
			d := table(strings.ToLower(name), strings.ToLower(k))
			if d <= max(1, len(k)/3) && d < max(len(name), len(k)) ||
				len(name) >= 3 && strings.Contains(strings.ToLower(k), strings.ToLower(name)) {
				want = append(want, candidate{k, d})
			}
		}
		slices.SortStableFunc(want, func(a, b candidate) int { return a.distance - b.distance })
		got := near.Names(name, known)
		if len(got) != min(len(want), 3) {
			t.Fatalf("got %q, want %v", got, want)
		}
		for i := range got {
			if got[i] != want[i].name {
				t.Fatalf("got %q, want %v", got, want)
			}
		}
	})
}

func table(a, b string) int {
	d := make([][]int, len(a)+1)
	for i := range d {
		d[i] = make([]int, len(b)+1)
		for j := range d[i] {
			switch {
			case i == 0 || j == 0:
				d[i][j] = i + j
				continue
			case a[i-1] == b[j-1]:
				d[i][j] = d[i-1][j-1]
			default:
				d[i][j] = 1 + min(d[i-1][j-1], d[i-1][j], d[i][j-1])
			}
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				d[i][j] = min(d[i][j], d[i-2][j-2]+1)
			}
		}
	}
	return d[len(a)][len(b)]
}

// BenchmarkNames looks for a name among thousands that are as long.
func BenchmarkNames(b *testing.B) {
	known := make([]string, 10000)
	for i := range known {
		known[i] = "response-of-" + strings.Repeat(string(rune('a'+i%26)), 20)
	}
	b.ReportAllocs()
	for b.Loop() {
		near.Names("something-quite-different-of-32", known)
	}
}
