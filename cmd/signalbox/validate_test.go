package main_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"signalbox/internal/race"
)

// maxLength is how many bytes a definition may have.
const maxLength = 1 << 20

// minified returns the text of a definition of about a megabyte on one line. Of its 6,800 states every third has a field that is
// not known, until there are so many faults.
func minified(faults int) []byte {
	var b bytes.Buffer
	b.WriteString(`{"StartAt":"S0","States":{`)
	i := 0
	for ; b.Len() < maxLength-500; i++ {
		field := ""
		if i%3 == 0 && i/3 < faults {
			field = `"Nxt":"x",`
		}
		switch i % 4 {
		case 0:
			fmt.Fprintf(&b, `"S%d":{"Type":"Task",%s"Resource":"arn:aws:states:::lambda:invoke","Parameters":{"FunctionName":"f%d",`+
				`"Payload":{"id.$":"$.order.id","n.$":"States.Format('{}-%d', $.n)"}},"ResultPath":"$.r%d","Retry":`+
				`[{"ErrorEquals":["States.ALL"],"MaxAttempts":3}],"Next":"S%d"},`, i, field, i, i, i%50, i+1)
		case 1:
			fmt.Fprintf(&b, `"S%d":{"Type":"Choice",%s"Choices":[{"Variable":"$.a.b","NumericLessThan":%d,"Next":"S%d"},{"And":`+
				`[{"Variable":"$.x","StringEquals":"y"},{"Variable":"$.z","IsPresent":true}],"Next":"S%d"}],"Default":"S%d"},`,
				i, field, i, i+1, i+1, i+1)
		case 2:
			fmt.Fprintf(&b, `"S%d":{"Type":"Pass",%s"Result":{"a":[1,2,3],"b":"text %d"},"Next":"S%d"},`, i, field, i, i+1)
		case 3:
			fmt.Fprintf(&b, `"S%d":{"Type":"Wait",%s"Seconds":%d,"Next":"S%d"},`, i, field, i%60, i+1)
		}
	}
	fmt.Fprintf(&b, `"S%d":{"Type":"Succeed"}}}`, i)
	return b.Bytes()
}

func textFile(tb testing.TB, text []byte) string {
	tb.Helper()
	file := filepath.Join(tb.TempDir(), "definition.asl.json")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		tb.Fatal(err)
	}
	return file
}

// validate runs the command, wants so many faults, and returns the processor time that it took. Other work on the machine hardly
// changes that.
func validate(tb testing.TB, file string, faults int) time.Duration {
	tb.Helper()
	cmd := exec.Command(signalbox, "validate", file)
	out, err := cmd.Output()
	if (err == nil) != (faults == 0) {
		tb.Fatalf("%s: got %v with %d faults", file, err, faults)
	}
	if got := bytes.Count(out, []byte("_VALIDATION_FAILED: ")); got != faults {
		tb.Fatalf("%s: got %d faults, want %d", file, got, faults)
	}
	return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
}

// The time that validate takes grows with the text and the faults, not with their product: all places come from one pass, and
// only a window of the line is printed. (With a scan for each fault the first took 400 times as long as the valid one.)
func TestValidateIsLinear(t *testing.T) {
	if race.Enabled {
		t.Skip("a comparison of times; it runs without the race detector")
	}
	median := func(text []byte, faults int) time.Duration {
		file := textFile(t, text)
		times := make([]time.Duration, 3)
		for i := range times {
			times[i] = validate(t, file, faults)
		}
		slices.Sort(times)
		return times[1]
	}
	valid := median(minified(0), 0)
	for _, c := range []struct {
		name   string
		text   []byte
		faults int
		limit  time.Duration // in times of the valid one
	}{
		{"1,800 faults", minified(1800), 1800, 6},
		{"one fault at the end", append(bytes.TrimSuffix(minified(0), []byte("}")), `,"x":1}`...), 1, 6},
		{"30,000 faults", []byte(`{"StartAt":"A","States":{"A":{"Type":"Choice","Default":"A","Choices":[` + strings.Repeat(`"`+
			strings.Repeat("x", 30)+`",`, 30000) + `{"Variable":"$.a","IsNull":true,"Next":"A"}]},"B":{"Type":"Succeed"}}}`), 30000, 20},
		{"many unknown fields of one state", []byte(`{"StartAt":"A","States":{"A":{"Type":"Succeed"` + unknownFields(30000) + `}}}`), 30000, 20},
	} {
		got := median(c.text, c.faults)
		t.Logf("%s: %v, valid: %v", c.name, got, valid)
		if got > c.limit*valid {
			t.Errorf("%s: got %v, want at most %d times the %v of a valid definition", c.name, got, c.limit, valid)
		}
	}
}

func unknownFields(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"unknown field number %06d":1`, i)
	}
	return b.String()
}

// BenchmarkValidate compares a valid definition of a megabyte with one of that size that has 1,800 faults.
func BenchmarkValidate(b *testing.B) {
	for _, c := range []struct {
		name   string
		faults int
	}{{"valid", 0}, {"1800 faults", 1800}} {
		b.Run(c.name, func(b *testing.B) {
			file := textFile(b, minified(c.faults))
			var used time.Duration
			for b.Loop() {
				used += validate(b, file, c.faults)
			}
			b.ReportMetric(float64(used.Milliseconds())/float64(b.N), "cpu-ms/op")
		})
	}
}

func TestDefinitionsThatAreTooLongAreRefused(t *testing.T) {
	valid := []byte(`{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}`)
	longest := textFile(t, append(bytes.Repeat([]byte(" "), maxLength-len(valid)), valid...))
	tooLong := textFile(t, append(bytes.Repeat([]byte(" "), maxLength-len(valid)+1), valid...))
	validate(t, longest, 0)
	for _, c := range []struct {
		args []string
		want string
	}{
		{[]string{"validate", tooLong}, tooLong + ":1:1: DEFINITION_TOO_LONG: the definition is longer than 1048576 bytes, which is the most that AWS takes\n"},
		{[]string{"validate", "/dev/zero"}, "/dev/zero:1:1: DEFINITION_TOO_LONG: the definition is longer than 1048576 bytes, which is the most that AWS takes\n"},
		{[]string{"run", "/dev/zero"}, "/dev/zero:1:1: DEFINITION_TOO_LONG: the definition is longer than 1048576 bytes, which is the most that AWS takes\n"},
		{[]string{"validate", "--json", tooLong}, `{"result":"FAIL","diagnostics":[{"severity":"ERROR","code":"DEFINITION_TOO_LONG","message":` +
			`"Value at 'definition' failed to satisfy constraint: Member must have length less than or equal to 1048576"}],"truncated":false}` + "\n"},
	} {
		out, err := exec.Command(signalbox, c.args...).CombinedOutput()
		if string(out) != c.want || err == nil {
			t.Errorf("%v: got %v, %s; want %s", c.args, err, out, c.want)
		}
	}
}

// A state around many faults whose name is half a megabyte would give gigabytes of locations.
func TestFaultsThatWouldFillTheMemoryAreCutShort(t *testing.T) {
	text := []byte(`{"StartAt":"A","States":{"` + strings.Repeat("n", maxLength/2) + `":{"Type":"Choice","Choices":[` +
		strings.Repeat("1,", maxLength/5) + `1]},"A":{"Type":"Succeed"}}}`)
	out, _ := exec.Command(signalbox, "validate", "--json", textFile(t, text)).Output()
	if len(out) > 100<<20 || !bytes.HasSuffix(out, []byte(`}],"truncated":true}`+"\n")) {
		t.Errorf("got %d bytes that end in %q", len(out), out[max(0, len(out)-80):])
	}
}
