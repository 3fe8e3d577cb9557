package value_test

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"signalbox/asl/value"
)

// locate follows a path of keys and indices ("States", "A", "Retry", "0") and returns the offsets of the key and of the value
// at its end; where it leads nowhere, those of the last value on the way.
func locate(text []byte, path ...string) (key, offset int64) {
	n := value.NewSource(text).Root()
	for _, step := range path {
		next, ok := n.Member(step)
		if i, err := strconv.Atoi(step); !ok && err == nil {
			next, ok = n.Element(i)
		}
		if !ok {
			break
		}
		n = next
	}
	return n.Key(), n.Offset()
}

func TestPosition(t *testing.T) {
	text := []byte("{\n \"é😀\": 1,\r\n\tx}")
	for _, c := range []struct {
		offset       int64
		line, column int
	}{
		{-5, 1, 1},
		{0, 1, 1},
		{1, 1, 2},
		{2, 2, 1},
		{4, 2, 3},  // é
		{6, 2, 4},  // 😀, after two bytes of é
		{10, 2, 5}, // the closing quote
		{int64(bytes.IndexByte(text, 'x')), 3, 2},   // after a tab
		{int64(len(text)), 3, 4},                    // the end
		{int64(len(text)) + 100, 3, 4},              // never beyond it
		{int64(bytes.IndexByte(text, '\r')), 2, 10}, // \r is a character of its line
	} {
		if line, column := value.Position(text, c.offset); line != c.line || column != c.column {
			t.Errorf("offset %d: got %d:%d, want %d:%d", c.offset, line, column, c.line, c.column)
		}
		if line, column := value.NewSource(text).Position(c.offset); line != c.line || column != c.column {
			t.Errorf("offset %d of a Source: got %d:%d, want %d:%d", c.offset, line, column, c.line, c.column)
		}
	}
}

func TestNodesOfASource(t *testing.T) {
	const text = ` {
  "States" : {"A" : {"Retry": [ {"n":1} , {"n" : 2} ], "x\u0041": "y"}, "B":null},
  "dup": {"in": 1, "first": 2}, "list": [[], [10, 20]],
  "dup": {"in": 3}
}`
	at := func(s string) int64 {
		i := strings.Index(text, s)
		if i < 0 || strings.Count(text, s) != 1 {
			t.Fatalf("%q is not in the text once", s)
		}
		return int64(i)
	}
	second := int64(strings.LastIndex(text, `"dup"`))
	for _, c := range []struct {
		path     []string
		key, val int64
	}{
		{nil, 1, 1},
		{[]string{"States"}, at(`"States"`), at(`{"A" :`)},
		{[]string{"States", "A"}, at(`"A"`), at(`{"Retry"`)},
		{[]string{"States", "A", "Retry"}, at(`"Retry"`), at(`[ {"n":1}`)},
		{[]string{"States", "A", "Retry", "0"}, at(`{"n":1}`), at(`{"n":1}`)},
		{[]string{"States", "A", "Retry", "1"}, at(`{"n" : 2}`), at(`{"n" : 2}`)},
		{[]string{"States", "A", "Retry", "1", "n"}, at(`"n" : 2`), at(`2} ]`)},
		{[]string{"States", "A", "xA"}, at(`"x\u0041"`), at(`"y"`)},
		{[]string{"States", "B"}, at(`"B"`), at(`null`)},
		{[]string{"list", "1", "1"}, at(`20`), at(`20`)},
		// The last of several.
		{[]string{"dup"}, second, second + int64(len(`"dup": `))},
		{[]string{"dup", "in"}, at(`"in": 3`), at(`3}`)},
		// What is not there: the last that is, on the way.
		{[]string{"dup", "first"}, second, second + int64(len(`"dup": `))},
		{[]string{"Nothing"}, 1, 1},
		{[]string{"States", "C", "Retry"}, at(`"States"`), at(`{"A" :`)},
		{[]string{"States", "B", "x"}, at(`"B"`), at(`null`)},
		{[]string{"States", "A", "Retry", "2"}, at(`"Retry"`), at(`[ {"n":1}`)},
		{[]string{"list", "0", "0"}, at(`[], `), at(`[], `)},
	} {
		if key, val := locate([]byte(text), c.path...); key != c.key || val != c.val {
			t.Errorf("%q: got %d, %d; want %d, %d", c.path, key, val, c.key, c.val)
		}
	}
	for _, c := range []struct {
		text     string
		path     []string
		key, val int64
	}{
		{"", []string{"a"}, 0, 0},
		{"\n\t7", nil, 2, 2},
		{"\n\t7", []string{"a"}, 2, 2},
		{`{"a":{},"a":5}`, []string{"a", "b"}, 8, 12},
		{`{"a":[0],"a":[]}`, []string{"a", "0"}, 9, 13},
		{`{"0":1}`, []string{"0"}, 1, 5},
		{"\r\n{\r\n\"a\"\r\n:\r\n[\r\n1\r\n,\r\n2]}", []string{"a", "1"}, 22, 22},
		{"\r\n{\r\n\"a\"\r\n:\r\n[\r\n1\r\n,\r\n2]}", []string{"a"}, 5, 13},
	} {
		if key, val := locate([]byte(c.text), c.path...); key != c.key || val != c.val {
			t.Errorf("%q in %q: got %d, %d; want %d, %d", c.path, c.text, key, val, c.key, c.val)
		}
	}
}

// Of every value inside a text, a Source finds the text.
func TestASourceFindsEveryValue(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		v := values(3).Draw(t, "v")
		var spaced bytes.Buffer
		if err := json.Indent(&spaced, value.Append([]byte(" "), v), "\t", " "); err != nil {
			t.Fatal(err)
		}
		text := spaced.Bytes()
		var visit func(v any, key *string, path ...string)
		visit = func(v any, key *string, path ...string) {
			keyAt, at := locate(text, path...)
			var found json.RawMessage
			if err := json.NewDecoder(bytes.NewReader(text[at:])).Decode(&found); err != nil {
				t.Fatalf("%q: got offset %d of %s: %v", path, at, text, err)
			}
			if got, want := value.Text(read2(t, found)), value.Text(v); got != want {
				t.Fatalf("%q: got %s, want %s", path, got, want)
			}
			if key == nil {
				if keyAt != at {
					t.Fatalf("%q: got %d for its key, want the value's %d", path, keyAt, at)
				}
			} else if !bytes.HasPrefix(text[keyAt:], value.Append(nil, *key)) {
				t.Fatalf("%q: got the key at %q", path, text[keyAt:])
			}
			path = path[:len(path):len(path)]
			switch x := v.(type) {
			case []any:
				for i, e := range x {
					visit(e, nil, append(path, strconv.Itoa(i))...)
				}
			case *value.Object:
				for k, e := range x.All() {
					visit(e, &k, append(path, k)...)
				}
			}
		}
		visit(v, nil)
	})
}

// The index must count as the scan of the whole text does, also where the text is not UTF-8 and where marks fall into lines and
// characters of any length.
func TestPositionOfASourceIsThatOfTheScan(t *testing.T) {
	piece := rapid.OneOf(
		rapid.SampledFrom([]string{"\n", "\r\n", "é", "€", "😀", "\x80", "\xf0\x9f", "\x80\x80\x80\x80\x80\x80", "x"}),
		rapid.Map(rapid.IntRange(0, 1100), func(n int) string { return strings.Repeat("a", n) }),
		rapid.Map(rapid.IntRange(0, 600), func(n int) string { return strings.Repeat("é", n) }),
	)
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(strings.Join(rapid.SliceOf(piece).Draw(t, "text"), ""))
		s := value.NewSource(text)
		for range 20 {
			offset := int64(rapid.IntRange(-1, len(text)+1).Draw(t, "offset"))
			line, column := s.Position(offset)
			if wantLine, wantColumn := value.Position(text, offset); line != wantLine || column != wantColumn {
				t.Fatalf("offset %d: got %d:%d, want %d:%d", offset, line, column, wantLine, wantColumn)
			}
		}
	})
}

func TestMembersAndElementsInTheOrderOfTheText(t *testing.T) {
	const text = `{"a":[1,[2],{"b":3}],"b":{"c":4},"a":5,"":[]}`
	for _, c := range []struct {
		path []string
		want string
	}{
		{nil, `a@1 b@21 a@33 @39 `},
		{[]string{"b"}, `c@26 `},
		{[]string{"a"}, ``},
		{[]string{""}, ``},
	} {
		n := value.NewSource([]byte(text)).Root()
		for _, key := range c.path {
			n, _ = n.Member(key)
		}
		var got strings.Builder
		for key, member := range n.Members() {
			got.WriteString(key + "@" + strconv.Itoa(int(member.Key())) + " ")
		}
		for i := range n.Elements() {
			t.Errorf("%q: got an element %d, want none", c.path, i)
		}
		if got.String() != c.want {
			t.Errorf("members of %q: got %q, want %q", c.path, got.String(), c.want)
		}
	}
	list := value.NewSource([]byte(`[1,[2],{"b":3}]`)).Root()
	want := []int64{1, 3, 7}
	for i, e := range list.Elements() {
		if e.Offset() != want[i] || e.Key() != want[i] {
			t.Errorf("element %d: got the offset %d, want %d", i, e.Offset(), want[i])
		}
		if again, ok := list.Element(i); !ok || again != e {
			t.Errorf("element %d: Elements and Element differ", i)
		}
	}
	for range list.Members() {
		t.Error("an array has members")
	}
	if _, ok := list.Element(-1); ok {
		t.Error("an array has an element -1")
	}
}

// Many places of one long line, one after the other, cost about what two cost: both indices are made once. (With a scan for each
// the thousands below took minutes.)
func BenchmarkPlacesOfALine(b *testing.B) {
	text := []byte("[" + strings.Repeat(`{"k":1},`, 1<<17) + "0]")
	for b.Loop() {
		s := value.NewSource(text)
		root := s.Root()
		for i := range 1 << 17 {
			e, _ := root.Element(i)
			m, _ := e.Member("k")
			if line, column := s.Position(m.Key()); line != 1 || column != i*8+3 {
				b.Fatalf("element %d: got %d:%d", i, line, column)
			}
		}
	}
}
