package value_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"signalbox/asl/value"
)

// anyValue draws a value of at most depth levels.
func anyValue(depth int) *rapid.Generator[any] {
	return rapid.Custom(func(t *rapid.T) any {
		kinds := 6
		if depth > 0 {
			kinds = 9
		}
		switch rapid.IntRange(0, kinds-1).Draw(t, "kind") {
		case 0:
			return nil
		case 1:
			return rapid.Bool().Draw(t, "bool")
		case 2:
			return rapid.Int64().Draw(t, "int")
		case 3:
			return rapid.Float64().Draw(t, "float")
		case 4:
			return value.Number(rapid.StringMatching(`-?[1-9][0-9]{30}`).Draw(t, "number"))
		case 5:
			return rapid.String().Draw(t, "string")
		case 6:
			return rapid.SliceOfN(anyValue(depth-1), 0, 4).Draw(t, "array")
		case 7:
			shared := anyValue(depth-1).Draw(t, "shared")
			return []any{shared, value.NewObject("a", shared), shared}
		}
		var b value.Builder
		for _, key := range rapid.SliceOfN(rapid.StringN(0, 3, -1), 0, 4).Draw(t, "keys") {
			b.Set(key, anyValue(depth-1).Draw(t, "member"))
		}
		return b.Object()
	})
}

func TestBinaryFormsComeBack(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := anyValue(4).Draw(t, "value")
		var e value.Encoder
		e.Value(v)
		e.Value(v)
		d := value.NewDecoder(e.Bytes)
		for range 2 {
			back := d.Value()
			if got, want := value.Text(back), value.Text(v); d.Err() != nil || got != want {
				t.Fatalf("got %s, %v, want %s", got, d.Err(), want)
			}
		}
		if rest := d.Rest(); len(rest) != 0 {
			t.Fatalf("%d bytes are left", len(rest))
		}
		// The canonical form depends on the text alone.
		read, err := value.Read([]byte(value.Text(v)))
		if err != nil {
			t.Fatal(err)
		}
		a, b := value.Encoder{Canonical: true}, value.Encoder{Canonical: true}
		a.Value(v)
		b.Value(read)
		if sameNumbers := !strings.ContainsAny(value.Text(v), ".eE"); sameNumbers && !bytes.Equal(a.Bytes, b.Bytes) {
			t.Fatalf("two canonical forms of %s:\n%q\n%q", value.Text(v), a.Bytes, b.Bytes)
		}
	})
}

func TestBinaryFormsKeepWhatIsShared(t *testing.T) {
	o := value.NewObject("text", strings.Repeat("x", 1000))
	v := []any{o, o, []any{o}}
	for range 20 { // 2^20 times o, if it were written each time
		v = []any{v, v}
	}
	var e value.Encoder
	e.Value(v)
	if len(e.Bytes) > 1200 {
		t.Errorf("got %d bytes, want about 1,100", len(e.Bytes))
	}
	back := value.NewDecoder(e.Bytes).Value()
	for range 20 {
		back = back.([]any)[1]
	}
	list := back.([]any)
	if list[0] != list[1] || list[2].([]any)[0] != list[0] {
		t.Error("the object is no longer shared")
	}
}

func TestBinaryFormsOfSlicesThatOverlap(t *testing.T) {
	long := []any{int64(1), int64(2), int64(3)}
	var e value.Encoder
	e.Value([]any{long, long[:2], long[1:], long})
	if got, want := value.Text(value.NewDecoder(e.Bytes).Value()), `[[1,2,3],[1,2],[2,3],[1,2,3]]`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestDamagedBinaryForms(t *testing.T) {
	for _, c := range []struct{ name, bytes, want string }{
		{"nothing", "", "byte 0: the end was not expected"},
		{"no tag", "\x63", "byte 1: no value has the tag 99"},
		{"a text that is too short", "\x06\x05abc", "byte 2: 5 things do not fit into 3 bytes"},
		{"an array that cannot be", "\x07\xff\xff\xff\xff\x0f", "byte 6: 4294967295 things do not fit into 0 bytes"},
		{"a reference to nothing", "\x09\x00", "byte 2: a reference to 0 of 0"},
		{"a key twice", "\x08\x00\x02\x01a\x01a\x00\x00", "byte 7: an object has a key twice"},
		{"half a float", "\x04abc", "byte 1: the end was not expected"},
		{"nested too deep", strings.Repeat("\x07\x01", 10_001), "byte 20001: nested more than 10000 deep"},
	} {
		d := value.NewDecoder([]byte(c.bytes))
		d.Value()
		if err := d.Err(); !errors.Is(err, value.ErrBinary) || !strings.HasSuffix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
		if v := d.Value(); v != nil {
			t.Errorf("%s: after the fault came %v", c.name, v)
		}
	}
}

func FuzzDecoder(f *testing.F) {
	for _, v := range []any{nil, int64(-1), "text", []any{1.5, value.Number("1e999")}, value.NewObject("a", value.NewObject("b", true))} {
		var e value.Encoder
		e.Value([]any{v, v})
		f.Add(e.Bytes)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		d := value.NewDecoder(data)
		v := d.Value()
		if d.Err() != nil || len(data) > 1000 {
			return // text of what is shared can be large
		}
		var e value.Encoder
		e.Value(v)
		again := value.NewDecoder(e.Bytes)
		again.Value()
		if again.Err() != nil {
			t.Errorf("%q is read, but not what is written of it: %v", data, again.Err())
		}
	})
}
