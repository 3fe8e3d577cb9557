package value_test

import (
	"fmt"
	"math"
	"math/big"
	"testing"

	"pgregory.net/rapid"

	"signalbox/asl/value"
)

// Size must be the length of the text, whatever the value.
func TestSizeIsTheLengthOfTheText(t *testing.T) {
	for _, text := range []string{
		"null", "true", "false", "0", "-12", "9223372036854775807", "-9223372036854775808", "1.5", "1e400", `""`,
		`"a\"b\\c\n\r\t\b\f\u0001ü€"`, "[]", "[1,[],{}]", "{}", `{"a":1,"b":{"c":[null,"x"]},"d\"":0.1}`,
	} {
		v, err := value.Read([]byte(text))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // the second time from memory
			if got, want := value.Size(v), len(value.Text(v)); got != want {
				t.Errorf("%s: got %d, want %d", text, got, want)
			}
		}
	}
}

func TestEqual(t *testing.T) {
	const long = "100000000000000000000000000000"
	for _, c := range []struct {
		a, b string
		want bool
	}{
		{`null`, `null`, true},
		{`null`, `false`, false},
		{`true`, `true`, true},
		{`true`, `false`, false},
		{`"a"`, `"a"`, true},
		{`"a"`, `"A"`, false},
		{`"1"`, `1`, false},
		{`0`, `null`, false},
		{`0`, `false`, false},
		{`1`, `1.0`, true},
		{`1`, `1.5`, false},
		{`100`, `1e2`, true},
		{`0.0`, `-0.0`, true},
		{`9223372036854775807`, `9223372036854775806`, false},
		{`9223372036854775807`, `9223372036854775808`, false},
		{long, long, true},
		{long, long[:29] + "1", false},
		{long, `1e29`, true},
		{long, `"` + long + `"`, false},
		{long, `1e400`, false},
		{`1e400`, `1e400`, true},
		{`1e400`, `10.0E+399`, true},
		{`1e400`, `1e401`, false},
		{`1e400`, `-1e400`, false},
		{`1e400`, `1e99999999999999999999`, false},
		{`1e99999999999999999999`, `0.1e100000000000000000000`, true},
		{`1e99999999999999999999`, `1e99999999999999999998`, false},
		{`[]`, `[]`, true},
		{`[]`, `{}`, false},
		{`[1,2]`, `[2,1]`, false},
		{`[1,2]`, `[1,2,3]`, false},
		{`[1,[2]]`, `[1.0,[2.0]]`, true},
		{`{}`, `{}`, true},
		{`{}`, `null`, false},
		{`{"a":1,"b":{"c":2,"d":3}}`, `{"b":{"d":3,"c":2.0},"a":1}`, true},
		{`{"a":1,"b":2}`, `{"a":2,"b":1}`, false},
		{`{"a":null}`, `{"b":null}`, false},
		{`{"a":1}`, `{"a":1,"b":2}`, false},
		{`{"a":1}`, `[1]`, false},
	} {
		a, b := read(t, c.a), read(t, c.b)
		if value.Equal(a, b) != c.want || value.Equal(b, a) != c.want {
			t.Errorf("%s and %s: got %v and %v, want %v", c.a, c.b, value.Equal(a, b), value.Equal(b, a), c.want)
		}
		if !value.Equal(a, read(t, c.a)) {
			t.Errorf("%s is not Equal to itself", c.a)
		}
	}
	var none *value.Object
	for _, o := range []*value.Object{none, value.NewObject()} {
		if !value.Equal(none, o) || !value.Equal(o, none) {
			t.Error("the nil Object is not Equal to an empty one")
		}
	}
	if one := value.NewObject("a", nil); value.Equal(none, one) || value.Equal(one, none) {
		t.Error("the nil Object is Equal to one with a member")
	}
}

func TestCompare(t *testing.T) {
	// In ascending order.
	numbers := []string{
		`-1e401`, `-2e400`, `-1.1e400`, `-1e400`, `-100000000000000000000000000001`, `-100000000000000000000000000000`,
		`-9223372036854775809`, `-9223372036854775808`, `-1e9`, `-10`, `-9`, `-0.5`, `0`, `1e-9`, `0.5`, `1`, `2`, `10`,
		`9007199254740992`, `9007199254740993`, `9223372036854775806`, `9223372036854775807`, `9223372036854775808`,
		`12345678901234567890123456789`, `100000000000000000000000000000`, `100000000000000000000000000001`, `1e300`,
		`1e400`, `1.1e400`, `2e400`, `10e400`, `1.5e401`, `1e99999999999999999999`,
	}
	for i, a := range numbers {
		for j, b := range numbers {
			want := 0
			switch {
			case i < j:
				want = -1
			case i > j:
				want = 1
			}
			if got, ok := value.Compare(read(t, a), read(t, b)); got != want || !ok {
				t.Errorf("%s and %s: got %d, %v; want %d", a, b, got, ok, want)
			}
		}
		for _, other := range []any{nil, true, "1", []any{}, value.NewObject()} {
			_, ok := value.Compare(read(t, a), other)
			_, ok2 := value.Compare(other, read(t, a))
			if ok || ok2 {
				t.Errorf("%s and %s: got an order, want none", a, value.Text(other))
			}
		}
	}
	if got, ok := value.Compare(int64(0), math.Copysign(0, -1)); got != 0 || !ok {
		t.Errorf("0 and -0.0: got %d, %v; want 0", got, ok)
	}
}

// What is no float64 is compared as it stands: the model is math/big's fractions.
func TestCompareIsExact(t *testing.T) {
	text := rapid.OneOf(
		rapid.StringMatching(`-?(0|[1-9][0-9]{0,2})`),
		rapid.StringMatching(`-?[1-9][0-9]{15,25}`),
		rapid.StringMatching(`-?[1-9]0{19,21}[01]`),
		rapid.StringMatching(`-?[1-9](\.[0-9]{1,3})?[eE]\+?40[0-2]`),
		rapid.StringMatching(`-?[1-9][0-9]?0?(\.0)?[eE]40[0-2]`),
	)
	rapid.Check(t, func(t *rapid.T) {
		a, b := text.Draw(t, "a"), text.Draw(t, "b")
		x, _ := new(big.Rat).SetString(a)
		y, _ := new(big.Rat).SetString(b)
		v, w := value.ParseNumber(a), value.ParseNumber(b)
		if got, ok := value.Compare(v, w); got != x.Cmp(y) || !ok {
			t.Fatalf("%s and %s: got %d, %v; want %d", a, b, got, ok, x.Cmp(y))
		}
		if got, want := value.Equal(v, w), x.Cmp(y) == 0; got != want {
			t.Fatalf("%s and %s: got Equal %v, want %v", a, b, got, want)
		}
	})
}

func TestEqualTakesNoNoticeOfTheOrderOfKeys(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var wide value.Builder
		for _, k := range rapid.SliceOfNDistinct(strs, 2, 14, rapid.ID).Draw(t, "o") {
			wide.Set(k, values(2).Draw(t, "value"))
		}
		o := wide.Object()
		var b value.Builder
		for _, k := range rapid.Permutation(o.Keys()).Draw(t, "keys") {
			v, _ := o.Lookup(k)
			b.Set(k, v)
		}
		shuffled := b.Object()
		if !value.Equal(o, shuffled) || !value.Equal(shuffled, o) {
			t.Fatalf("%s and %s are not Equal", value.Text(o), value.Text(shuffled))
		}
		k, v := o.At(rapid.IntRange(0, o.Len()-1).Draw(t, "member"))
		other := shuffled.With(k, []any{v})
		if value.Equal(o, other) || value.Equal(other, o) {
			t.Fatalf("%s and %s are Equal", value.Text(o), value.Text(other))
		}
	})
}

func TestKindAndFloat(t *testing.T) {
	for _, c := range []struct {
		text, kind string
		float      float64
	}{
		{`null`, "null", 0},
		{`true`, "boolean", 0},
		{`"1"`, "string", 0},
		{`[1]`, "array", 0},
		{`{}`, "object", 0},
		{`-7`, "number", -7},
		{`2.5`, "number", 2.5},
		{`100000000000000000000000000000`, "number", 1e29},
		{`1e400`, "number", math.Inf(1)},
		{`-1e400`, "number", math.Inf(-1)},
	} {
		v := read(t, c.text)
		f, ok := value.Float(v)
		if got := value.Kind(v); got != c.kind || f != c.float || ok != (c.kind == "number") {
			t.Errorf("%s: got %s, %v, %v; want %s, %v", c.text, got, f, ok, c.kind, c.float)
		}
	}
}

func TestAppendRefusesWhatIsNoValue(t *testing.T) {
	defer func() {
		if got := fmt.Sprint(recover()); got != "value: int is no JSON value" {
			t.Errorf("got %s, want a panic that names the type", got)
		}
	}()
	value.Text([]any{1})
}

// Equal values have the same hash, whatever the order of their keys and the types of their numbers.
func TestHashOfEqualValues(t *testing.T) {
	for _, same := range [][]string{
		{`1`, `1.0`, `10e-1`},
		{`0`, `0.0`, `-0.0`},
		{`9007199254740993`, `9007199254740993`},
		{`1e400`, `10e399`},
		{`{"a":1,"b":[{}]}`, `{"b":[{}],"a":1.0}`},
		{`{}`, `{}`},
	} {
		for _, text := range same[1:] {
			if value.Hash(read(t, same[0])) != value.Hash(read(t, text)) {
				t.Errorf("%s and %s have different hashes", same[0], text)
			}
		}
	}
	rapid.Check(t, func(t *rapid.T) {
		a, b := values(3).Draw(t, "a"), values(3).Draw(t, "b")
		if value.Equal(a, b) && value.Hash(a) != value.Hash(b) {
			t.Fatalf("%s and %s have different hashes", value.Text(a), value.Text(b))
		}
	})
}

func TestHashOfDifferentValues(t *testing.T) {
	seen := map[uint64]string{}
	for _, text := range []string{
		`null`, `true`, `false`, `0`, `1`, `-1`, `0.5`, `""`, `"a"`, `"1"`, `[]`, `{}`, `[0]`, `[1]`, `[0,1]`, `[1,0]`, `[[]]`, `[[],[]]`,
		`{"a":1}`, `{"a":2}`, `{"b":1}`, `{"a":1,"b":2}`, `{"a":2,"b":1}`, `{"a":{}}`, `{"a":[]}`, `{"":null}`,
	} {
		h := value.Hash(read(t, text))
		if other, ok := seen[h]; ok {
			t.Errorf("%s and %s have the same hash", text, other)
		}
		seen[h] = text
	}
}
