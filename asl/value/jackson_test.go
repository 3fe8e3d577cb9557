package value_test

import (
	"strings"
	"testing"

	"signalbox/asl/value"
)

// The first is a recording of AWS; the others are Jackson's well-known words.
func TestJacksonsWords(t *testing.T) {
	const (
		one     = "(JSON String, Number, Array, Object or token 'null', 'true' or 'false')"
		comment = "maybe a (non-standard) comment? (not recognized as one since Feature 'ALLOW_COMMENTS' not enabled for parser)"
	)
	for text, want := range map[string]string{
		"not a definition": "Unrecognized token 'not': was expecting " + one + "; line: 1, column: 4",
		`{`:                "Unexpected end-of-input: expected close marker for Object (start marker at line 1, column 1); line: 1, column: 2",
		"{\n \"a\":[1": "Unexpected end-of-input: expected close marker for Array (start marker at line 2, column 6)" +
			"; line: 2, column: 8",
		`{"a":1,}`:      "Unexpected character ('}' (code 125)): was expecting double-quote to start field name; line: 1, column: 9",
		`[1,]`:          "Unexpected character (']' (code 93)): expected a valid value " + one + "; line: 1, column: 5",
		`[1,}`:          "Unexpected character ('}' (code 125)): expected a value; line: 1, column: 5",
		`{"a":}`:        "Unexpected character ('}' (code 125)): expected a valid value " + one + "; line: 1, column: 7",
		`{a:1}`:         "Unexpected character ('a' (code 97)): was expecting double-quote to start field name; line: 1, column: 3",
		`{'a':1}`:       "Unexpected character (''' (code 39)): was expecting double-quote to start field name; line: 1, column: 3",
		`{"a" 1}`:       "Unexpected character ('1' (code 49)): was expecting a colon to separate field name and value; line: 1, column: 7",
		`{"a":1 "b":2}`: "Unexpected character ('\"' (code 34)): was expecting comma to separate Object entries; line: 1, column: 9",
		`[1 2]`:         "Unexpected character ('2' (code 50)): was expecting comma to separate Array entries; line: 1, column: 5",
		`{"a":'x'}`:     "Unexpected character (''' (code 39)): expected a valid value " + one + "; line: 1, column: 7",
		`{"a":x1-y}`:    "Unrecognized token 'x1': was expecting " + one + "; line: 1, column: 8",
		`{"a":truex}`:   "Unrecognized token 'truex': was expecting " + one + "; line: 1, column: 11",
		`{"a":tru}`:     "Unrecognized token 'tru': was expecting " + one + "; line: 1, column: 9",
		`{"a":NaN}`:     "Non-standard token 'NaN': enable JsonParser.Feature.ALLOW_NON_NUMERIC_NUMBERS to allow; line: 1, column: 9",
		`}`:             "Unexpected close marker '}': expected ']' (for root starting at line 1, column 0); line: 1, column: 2",
		`[}`:            "Unexpected close marker '}': expected ']' (for Array starting at line 1, column 1); line: 1, column: 3",
		"{ // c\n}":     "Unexpected character ('/' (code 47)): " + comment + "; line: 1, column: 4",
		"{\n# c\n}":     "Unexpected character ('#' (code 35)): was expecting double-quote to start field name; line: 2, column: 2",
		"{\"a\":\"b\n\"}": "Illegal unquoted character ((CTRL-CHAR, code 10)): has to be escaped using backslash to be included in " +
			"string value; line: 1, column: 9",
		"{\"a\t\":1}": "Illegal unquoted character ((CTRL-CHAR, code 9)): has to be escaped using backslash to be included in " +
			"name; line: 1, column: 5",
		`{"a":"\x"}`:     "Unrecognized character escape 'x' (code 120); line: 1, column: 9",
		`{"a":"\u00g0"}`: "Unexpected character ('g' (code 103)): expected a hex-digit for character escape sequence; line: 1, column: 12",
		`{"a":"b`:        "Unexpected end-of-input: was expecting closing quote for a string value; line: 1, column: 8",
		`{"a`:            "Unexpected end-of-input in field name; line: 1, column: 4",
		`{"a":`:          "Unexpected end-of-input within/between Object entries; line: 1, column: 6",
		`{"a":1,`:        "Unexpected end-of-input within/between Object entries; line: 1, column: 8",
		`{"a":01}`:       "Invalid numeric value: Leading zeroes not allowed; line: 1, column: 7",
		`{"a":-x}`: "Unexpected character ('x' (code 120)) in numeric value: expected digit (0-9) to follow minus sign, for valid " +
			"numeric value; line: 1, column: 8",
		`{"a":1.}`: "Unexpected character ('}' (code 125)) in numeric value: Decimal point not followed by a digit; line: 1, column: 9",
		`{"a":1e}`: "Unexpected character ('}' (code 125)) in numeric value: Exponent indicator not followed by a digit; line: 1, column: 9",
		"{\x00}":   `Illegal character ((CTRL-CHAR, code 0)): only regular white space (\r, \n, \t) is allowed between tokens; line: 1, column: 3`,
		"\ufeff{}": "Unexpected character ('\ufeff' (code 65279 / 0xfeff)): expected a valid value " + one + "; line: 1, column: 2",
		"{} x":     "Unrecognized token 'x': was expecting " + one + "; line: 1, column: 5",
		"{}}":      "Unexpected close marker '}': expected ']' (for root starting at line 1, column 0); line: 1, column: 4",
		"{} {}": "Trailing token (of type START_OBJECT) found after value (bound as `com.fasterxml.jackson.databind.JsonNode`): " +
			"not allowed as per `DeserializationFeature.FAIL_ON_TRAILING_TOKENS`; line: 1, column: 5",
	} {
		e := value.Jackson([]byte(text))
		if e == nil {
			t.Errorf("%q is taken", text)
			continue
		}
		_, at, _ := strings.Cut(e.Location(), "; ")
		if got := e.Problem() + "; " + strings.TrimSuffix(at, "]"); got != want {
			t.Errorf("%q\ngot  %s\nwant %s", text, got, want)
		}
	}
}

func TestJacksonShowsTheText(t *testing.T) {
	for text, want := range map[string]string{
		"{\"a\"": "Unexpected end-of-input within/between Object entries\n at [Source: (String)\"{\"a\"\"; line: 1, column: 5]",
		"[\n": "Unexpected end-of-input: expected close marker for Array (start marker at [Source: (String)\"[\n\"; line: 1, column: 1])\n" +
			" at [Source: (String)\"[\n\"; line: 2, column: 1]",
		strings.Repeat(" ", 498) + "ab cde": "Unrecognized token 'ab': was expecting (JSON String, Number, Array, Object or token " +
			"'null', 'true' or 'false')\n at [Source: (String)\"" + strings.Repeat(" ", 498) +
			"ab\"[truncated 4 chars]; line: 1, column: 501]",
	} {
		if e := value.Jackson([]byte(text)); e == nil || e.Error() != want {
			t.Errorf("%q\ngot  %v\nwant %s", text, e, want)
		}
	}
}

// What is JSON to us is JSON to Jackson.
func FuzzJackson(f *testing.F) {
	for _, text := range []string{`{"a":[1,-2.5e3,"\u00e4\n",true,null,{}]}`, "[", `{"a":1,}`, "nul", "\x00", "{}x", "1 2"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		_, err := value.Read([]byte(text))
		e := value.Jackson([]byte(text))
		switch {
		case err == nil && e != nil:
			t.Fatalf("%q: Read takes it; Jackson: %v", text, e)
		case e != nil && (e.Line < 1 || e.Column < 1 || e.Problem() == "" || !strings.HasPrefix(e.Location(), "[Source: (String)")):
			t.Fatalf("%q: a fault without a place or reason: %v", text, e)
		}
	})
}
