package asl_test

import (
	"fmt"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"signalbox/asl"
)

// Parse takes time in proportion to the text, whatever is repeated in it. Each of these took from a hundred times as long as now
// to more than minutes where one look-up or one fault cost a walk over the others.
func TestParseIsLinear(t *testing.T) {
	const length = 1 << 17
	repeated := func(piece func(i int) string) string {
		var b strings.Builder
		for i := 0; b.Len() < length; i++ {
			b.WriteString(piece(i))
		}
		return b.String()
	}
	pass := func(fields string) string {
		return `{"StartAt":"A","States":{"A":{"Type":"Pass","End":true` + fields + `}}}`
	}
	states := func(piece string) string {
		return `{"StartAt":"S0","States":{` + repeated(func(i int) string { return fmt.Sprintf(piece, i, i+1) }) + `"A":{"Type":"Succeed"}}}`
	}
	used := func(text string) time.Duration {
		times := make([]time.Duration, 3)
		for i := range times {
			before := processorTime(t)
			_, _ = asl.Parse([]byte(text))
			times[i] = processorTime(t) - before
		}
		slices.Sort(times)
		return times[1]
	}
	ordinary := used(states(`"S%d":{"Type":"Pass","Parameters":{"a.$":"$.a","b":[1,2]},"ResultPath":"$.r","Next":"S%d"},`))
	for _, c := range []struct{ name, text string }{
		{"a fault in each state", states(`"S%d":{"Type":"Pass","Nxt":1,"Next":"S%d"},`)},
		{"elements at fault", `{"StartAt":"A","States":{"A":{"Type":"Choice","Choices":[` + repeated(func(int) string { return "1234," }) + `1]}}}`},
		{"fields at fault", pass(repeated(func(i int) string { return fmt.Sprintf(`,"x%d":1`, i) }))},
		{"the same name again and again", `{"StartAt":"A","States":{` + strings.Repeat(`"A":{},`, length/7) + `"A":{"Type":"Succeed"}}}`},
		{"a wide template", pass(`,"Parameters":{"a":1` + repeated(func(i int) string {
			return fmt.Sprintf(`,"k%d.$":"$","l%d.$":"$","m%d.$":"$","n%d.$":"$"`, i, i, i, i)
		}) + repeated(func(i int) string { return fmt.Sprintf(`,"o%d":1`, i) }) + repeated(func(i int) string { return fmt.Sprintf(`,"p%d":1`, i) }) + `}`)},
		{"a deep template", pass(`,"Parameters":` + strings.Repeat("[", 5000) + repeated(func(int) string { return `{"a.$":"$.a"},` }) + "1" + strings.Repeat("]", 5000))},
		{"names in JSONata", pass(`,"QueryLanguage":"JSONata","Output":"{% a` + repeated(func(i int) string { return fmt.Sprintf("+a%d", i) }) + `%}"`)},
		{"a long filter", pass(`,"InputPath":"$[?(@.a==1` + strings.Repeat(" && @.a==1", length/10) + `)]"`)},
	} {
		got, limit := used(c.text), 25*ordinary
		t.Logf("%s: %v, %.1f", c.name, got, float64(got)/float64(ordinary))
		if got > limit {
			t.Errorf("%s: got %v, want at most %v, 25 times an ordinary definition", c.name, got, limit)
		}
	}
}

// processorTime returns what this process has used so far. Other work on the machine hardly changes it.
func processorTime(tb testing.TB) time.Duration {
	tb.Helper()
	var used syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &used); err != nil {
		tb.Fatal(err)
	}
	return time.Duration(used.Utime.Nano() + used.Stime.Nano())
}
