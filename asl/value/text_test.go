package value_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"signalbox/asl/value"
)

func read(t testing.TB, text string) any {
	t.Helper()
	v, err := value.Read([]byte(text))
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// A member makes the order of an object's keys visible to cmp.
type member struct {
	Key   string
	Value any
}

var membersInOrder = cmp.Transformer("members", func(o *value.Object) []member {
	list := []member{}
	for k, v := range o.All() {
		list = append(list, member{k, v})
	}
	return list
})

func TestReadMakesTheSmallestTypeThatHoldsAll(t *testing.T) {
	for _, c := range []struct {
		text string
		want any
	}{
		{`null`, nil},
		{`true`, true},
		{` false `, false},
		{`""`, ""},
		{`"a\"\\\/\b\f\n\r\t\u00e9\ud83d\ude00"`, "a\"\\/\b\f\n\r\té😀"},
		{`"\u0000"`, "\x00"},
		{`0`, int64(0)},
		{`-0`, int64(0)},
		{`42`, int64(42)},
		{`9223372036854775807`, int64(math.MaxInt64)},
		{`-9223372036854775808`, int64(math.MinInt64)},
		{`9223372036854775808`, value.Number("9223372036854775808")},
		{`123456789012345678901234567890`, value.Number("123456789012345678901234567890")},
		{`-123456789012345678901234567890`, value.Number("-123456789012345678901234567890")},
		{`1.0`, 1.0},
		{`1E2`, 100.0},
		{`-2.5e-3`, -0.0025},
		{`1e400`, value.Number("1e400")},
		{`-1.5E+400`, value.Number("-1.5E+400")},
		{`[]`, []any{}},
		{`[1, [null], "x"]`, []any{int64(1), []any{nil}, "x"}},
		{`{}`, value.NewObject()},
		{`{"b": 1, "a": {"z": [], "y": null}}`, value.NewObject("b", int64(1), "a", value.NewObject("z", []any{}, "y", nil))},
	} {
		if diff := cmp.Diff(c.want, read(t, c.text), membersInOrder); diff != "" {
			t.Errorf("%s (-want +got):\n%s", c.text, diff)
		}
	}
}

func TestReadAndAppend(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{` { "b" : 1 , "a" : [ true , false , null ] } `, `{"b":1,"a":[true,false,null]}`},
		{`{"a":1,"b":2,"a":3}`, `{"a":3,"b":2}`},
		{`{"a":{"x":1},"a":{"y":2}}`, `{"a":{"y":2}}`},
		{`{"":0}`, `{"":0}`},
		{`10000000000000000000000000000001`, `10000000000000000000000000000001`},
		{`1e400`, `1e400`},
		// As Java's Double.toString prints them.
		{`1.0`, `1.0`},
		{`1e2`, `100.0`},
		{`-0.0`, `-0.0`},
		{`0e9`, `0.0`},
		{`0.001`, `0.001`},
		{`0.0009`, `9.0E-4`},
		{`0.00001`, `1.0E-5`},
		{`9999999.0`, `9999999.0`},
		{`9999999.5`, `9999999.5`},
		{`1e7`, `1.0E7`},
		{`12345678.0`, `1.2345678E7`},
		{`1e10`, `1.0E10`},
		{`-1.5E10`, `-1.5E10`},
		{`0.1`, `0.1`},
		{`3.141592653589793`, `3.141592653589793`},
		{`1e23`, `1.0E23`},
		{`2e-3`, `0.002`},
		{`1.7976931348623157e308`, `1.7976931348623157E308`},
		{`4.9e-324`, `4.9E-324`},
		{`1e-323`, `9.9E-324`},
		{`1e-400`, `0.0`},
		{`"\u0001\u001f\u007f/é😀\"\\\b\f\n\r\t"`, `"\u0001\u001F` + "\x7f" + `/é😀\"\\\b\f\n\r\t"`},
		{`{"\n":"\ud83d\ude00"}`, `{"\n":"😀"}`},
	} {
		if got := value.Text(read(t, c.text)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.text, got, c.want)
		}
	}
	if got := string(value.Append([]byte("x="), int64(1))); got != "x=1" {
		t.Errorf("got %s, want the value appended: x=1", got)
	}
}

func TestReadSaysWhereTheTextIsNotJSON(t *testing.T) {
	for _, c := range []struct {
		text   string
		offset int64
		reason string
	}{
		{``, 0, "the text is empty"},
		{" \n", 2, "the text is empty"},
		{`{"a":}`, 5, "missing value"},
		{`1.`, 2, "the text ends too early"},
		{`-`, 1, "the text ends too early"},
		{`1e`, 2, "the text ends too early"},
		{`[`, 1, "the text ends too early"},
		{`[1,`, 3, "the text ends too early"},
		{`{"a"`, 4, "the text ends too early"},
		{`{"a":`, 5, "the text ends too early"},
		{`{"a":1`, 6, "the text ends too early"},
		{`"abc`, 4, "the text ends too early"},
		{`"\ud83d`, 7, "the text ends too early"},
		{`nul`, 3, "the text ends too early"},
		{`1 2`, 2, "text after the value"},
		{`{}  "long"`, 4, "text after the value"},
		{`01`, 1, "text after the value"},
		{`{} x`, 3, "invalid character 'x'"},
		{`[1]]`, 3, "invalid character ']'"},
		{"{}\x00", 2, "invalid character"},
		{`[1,]`, 2, "invalid character"},
		{`{"a":1,}`, 6, "invalid character"},
		{`{,}`, 1, "invalid character"},
		{`[1 2]`, 3, "invalid character '2'"},
		{`[1}`, 2, "invalid character '}'"},
		{`{"a" 1}`, 5, "invalid character '1'"},
		{`{"a":1 "b":2}`, 7, `invalid character '"'`},
		{`{a:1}`, 1, "invalid character 'a'"},
		{`{1:2}`, 1, "must be a string"},
		{`'a'`, 0, "invalid character"},
		{`+1`, 0, "invalid character '+'"},
		{`.5`, 0, "invalid character '.'"},
		{`NaN`, 0, "invalid character 'N'"},
		{`[tru]`, 4, "invalid character ']'"},
		{"\ufeff1", 0, "invalid character"},
		{"\"a\xff\"", 2, "invalid UTF-8"},
		{`{"a` + "\xc0\xaf" + `":1}`, 3, "invalid UTF-8"},
		{`"\ud800"`, 1, "invalid surrogate pair"},
		{`"\udc00\ud800"`, 1, "invalid surrogate pair"},
		{`"\x"`, 1, "invalid escape"},
		{"\"\n\"", 1, "invalid character"},
		{`/**/1`, 0, "invalid character '/'"},
	} {
		v, err := value.Read([]byte(c.text))
		var syntax *value.SyntaxError
		if !errors.As(err, &syntax) {
			t.Errorf("%q: got %v, %v; want a SyntaxError", c.text, v, err)
			continue
		}
		if syntax.Offset != c.offset || !strings.Contains(syntax.Reason, c.reason) {
			t.Errorf("%q: got %q at %d, want %q at %d", c.text, syntax.Reason, syntax.Offset, c.reason, c.offset)
		}
	}
}

// The reader calls itself for every level: the decoder's limit keeps that from the end of the stack.
func TestDeepNesting(t *testing.T) {
	const limit = 10000
	for _, c := range []struct{ open, shut string }{{"[", "]"}, {`{"a":`, "}"}} {
		inner := "1"
		text := strings.Repeat(c.open, limit) + inner + strings.Repeat(c.shut, limit)
		if got := value.Text(read(t, text)); got != text {
			t.Errorf("%d levels of %s come back as another text", limit, c.open)
		}
		path := make([]string, limit)
		for i := range path {
			path[i] = "0"
			if c.open != "[" {
				path[i] = "a"
			}
		}
		if _, at := locate([]byte(text), path...); at != int64(len(c.open)*limit) {
			t.Errorf("%d levels of %s: got offset %d, want %d", limit, c.open, at, len(c.open)*limit)
		}
		const levels = 1_000_000
		deep := []byte(strings.Repeat(c.open, levels) + inner + strings.Repeat(c.shut, levels))
		var syntax *value.SyntaxError
		if _, err := value.Read(deep); !errors.As(err, &syntax) {
			t.Errorf("%d levels of %s: got %v, want a SyntaxError", levels, c.open, err)
		}
		locate(deep, path[:10]...)
	}
}

var (
	numbers = rapid.OneOf(
		rapid.Custom(func(t *rapid.T) any { return rapid.Int64().Draw(t, "int") }),
		rapid.Custom(func(t *rapid.T) any { return rapid.Int64Range(-3, 3).Draw(t, "small") }),
		rapid.Custom(func(t *rapid.T) any { return rapid.Float64().Draw(t, "float") }),
		rapid.Custom(func(t *rapid.T) any { return float64(rapid.Int32().Draw(t, "whole")) }),
		rapid.Custom(func(t *rapid.T) any { return value.Number(rapid.StringMatching(`-?[1-9][0-9]{19,40}`).Draw(t, "long")) }),
		rapid.Custom(func(t *rapid.T) any {
			return value.Number(rapid.StringMatching(`-?[1-9](\.[0-9]{1,5})?[eE]\+?[4-9][0-9]{2}`).Draw(t, "big"))
		}),
	)
	strs = rapid.OneOf(rapid.String(), rapid.StringMatching("[a-c]{0,2}"), rapid.StringMatching("[\x00-\x1f\"\\\\/\x7f]{0,5}"))
)

// values generates JSON values at most so deep.
func values(depth int) *rapid.Generator[any] {
	plain := rapid.OneOf(
		rapid.SampledFrom([]any{nil, true, false, []any{}, value.NewObject()}),
		numbers,
		rapid.Map(strs, func(s string) any { return s }),
	)
	if depth == 0 {
		return plain
	}
	inner := values(depth - 1)
	return rapid.OneOf(
		plain,
		rapid.Map(rapid.SliceOfN(inner, 0, 5), func(list []any) any { return list }),
		rapid.Custom(func(t *rapid.T) any {
			var b value.Builder
			for range rapid.IntRange(0, 14).Draw(t, "members") {
				b.Set(strs.Draw(t, "key"), inner.Draw(t, "value"))
			}
			return b.Object()
		}),
	)
}

func TestWhatIsWrittenReadsTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := values(4).Draw(t, "v")
		text := value.Append(nil, v)
		got, err := value.Read(text)
		if err != nil {
			t.Fatalf("%s: %v", text, err)
		}
		if diff := cmp.Diff(v, got, membersInOrder); diff != "" {
			t.Fatalf("%s (-want +got):\n%s", text, diff)
		}
		if !value.Equal(v, got) || !value.Equal(got, v) {
			t.Fatalf("%s: what was read is not Equal", text)
		}
		if again := value.Append(nil, got); !bytes.Equal(again, text) { // cmp takes -0.0 for 0.0
			t.Fatalf("got %s, want %s", again, text)
		}
		if other := fromJSON(t, text); !value.Equal(v, other) {
			t.Fatalf("encoding/json reads %s as %s", text, value.Text(other))
		}
	})
}

func read2(t *rapid.T, text []byte) any {
	v, err := value.Read(text)
	if err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return v
}

// fromJSON reads text by the standard library.
func fromJSON(t interface{ Fatalf(string, ...any) }, text []byte) any {
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.UseNumber()
	var v any
	if err := dec.Decode(&v); err != nil {
		t.Fatalf("encoding/json on %q: %v", text, err)
	}
	return ours(v)
}

func ours(v any) any {
	switch x := v.(type) {
	case json.Number:
		return value.ParseNumber(string(x))
	case []any:
		for i, e := range x {
			x[i] = ours(e)
		}
	case map[string]any:
		var b value.Builder
		for k, e := range x {
			b.Set(k, ours(e))
		}
		return b.Object()
	}
	return v
}

func FuzzRead(f *testing.F) {
	for _, s := range []string{
		`{"a":[1,2.5,-0.0,1e400,"\ud83d\ude00",null,true],"a":{"b":{}}}`,
		`123456789012345678901234567890`, `[[[[]]]]`, ` "\u0000" `, `{"a":}`, `1.`, `{"b":1 "c"`, "\xff", ``,
	} {
		f.Add([]byte(s), "a")
	}
	f.Fuzz(func(t *testing.T, text []byte, key string) {
		locate(text, key, "0", "a")
		value.NewSource(text).Position(int64(len(key)))
		v, err := value.Read(text)
		if err != nil {
			var syntax *value.SyntaxError
			if !errors.As(err, &syntax) || syntax.Offset < 0 || syntax.Offset > int64(len(text)) {
				t.Fatalf("%q: got %#v, want a SyntaxError with a place in the text", text, err)
			}
			return
		}
		if other := fromJSON(t, text); !value.Equal(v, other) || !value.Equal(other, v) {
			t.Fatalf("%q: got %s, but encoding/json %s", text, value.Text(v), value.Text(other))
		}
		printed := value.Append(nil, v)
		again, err := value.Read(printed)
		if err != nil {
			t.Fatalf("%q: printed as %s: %v", text, printed, err)
		}
		if diff := cmp.Diff(v, again, membersInOrder); diff != "" || !value.Equal(v, again) {
			t.Fatalf("%q: printed as %s (-want +got):\n%s", text, printed, diff)
		}
	})
}
