package items_test

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"signalbox/asl/internal/items"
	"signalbox/asl/value"
)

// shown returns items as JSON, or their error.
func shown(list []any, err error) string {
	if err != nil {
		return "error: " + err.Error()
	}
	return value.Text(list)
}

func TestItemsOfFiles(t *testing.T) {
	for _, c := range []struct {
		name    string
		format  items.Format
		headers []string // of a manifest
		text    string
		want    string
	}{
		{"JSON", items.Format{InputType: "JSON"}, nil, ` [1, {"b": 2, "a": 1}, null] `, `[1,{"b":2,"a":1},null]`},
		{"no items", items.Format{InputType: "JSON"}, nil, `[]`, `[]`},
		{"an object", items.Format{InputType: "JSON"}, nil, `{"a":1}`, "error: Attempting to map over non-iterable node."},
		{"not JSON", items.Format{InputType: "JSON"}, nil, `[1`, "error: the file is not JSON: json: the text ends too early"},
		{"a pointer", items.Format{InputType: "JSON", Pointer: "/a/1/x~1y~0"}, nil, `{"a":[0,{"x/y~":[7]}]}`, `[7]`},
		{"a pointer to an empty key", items.Format{InputType: "JSON", Pointer: "/"}, nil, `{"":[7]}`, `[7]`},
		{
			"a pointer to a number",
			items.Format{InputType: "JSON", Pointer: "/a"},
			nil, `{"a":1}`, "error: Attempting to map over non-iterable node.",
		},
		{"a pointer past the end", items.Format{InputType: "JSON", Pointer: "/1"}, nil, `[[]]`, `error: ItemsPointer "/1" leads nowhere in the file`},
		{"a pointer to no index", items.Format{InputType: "JSON", Pointer: "/-"}, nil, `[[]]`, `error: ItemsPointer "/-" leads nowhere in the file`},
		{"a pointer into a string", items.Format{InputType: "JSON", Pointer: "/a/0"}, nil, `{"a":"b"}`, `error: ItemsPointer "/a/0" leads nowhere in the file`},
		{"a pointer without a slash", items.Format{InputType: "JSON", Pointer: "a"}, nil, `{"a":[]}`, `error: ItemsPointer "a" leads nowhere in the file`},

		{"JSON Lines", items.Format{InputType: "JSONL"}, nil, "{\"a\":1}\r\n\n  [2]\n\"x\\n\"", `[{"a":1},[2],"x\n"]`},
		{"empty lines", items.Format{InputType: "JSONL"}, nil, "\n \n", `[]`},
		{"a bad line", items.Format{InputType: "JSONL"}, nil, "1\n\n{\n4\n", "error: line 3 of the file is not JSON: json: the text ends too early"},
		{"two values in a line", items.Format{InputType: "JSONL"}, nil, "1 2\n", "error: line 1 of the file is not JSON: json: text after the value"},

		{"CSV", items.Format{InputType: "CSV"}, nil, "b,a\n1, 2\n\"x,\"\"y\"\"\nz\",\n", `[{"b":"1","a":" 2"},{"b":"x,\"y\"\nz","a":""}]`},
		{"CRLF and a byte order mark", items.Format{InputType: "CSV"}, nil, "\ufeffa,b\r\n1,2\r\n", `[{"a":"1","b":"2"}]`},
		{"a short row and a long one", items.Format{InputType: "CSV"}, nil, "a,b\n1\n1,2,3\n", `[{"a":"1","b":""},{"a":"1","b":"2"}]`},
		{"a quote inside a field", items.Format{InputType: "CSV"}, nil, "a\nx\"y\n", `[{"a":"x\"y"}]`},
		{"only headers", items.Format{InputType: "CSV"}, nil, "a,b\n", `[]`},
		{"an empty file", items.Format{InputType: "CSV"}, nil, "", `[]`},
		{"repeated headers", items.Format{InputType: "CSV"}, nil, "a,b,a\n1,2,3\n", "error: CSV headers cannot contain duplicates."},
		{"given headers", items.Format{InputType: "CSV", Headers: []string{"x", "y"}}, nil, "1,2\n3,4\n", `[{"x":"1","y":"2"},{"x":"3","y":"4"}]`},
		{
			"repeated headers that are given",
			items.Format{InputType: "CSV", Headers: []string{"x", "x"}},
			nil, "1,2\n", "error: CSV headers cannot contain duplicates.",
		},
		{"a delimiter", items.Format{InputType: "CSV", Delimiter: ';'}, nil, "a;b\n1,0;2\n", `[{"a":"1,0","b":"2"}]`},
		{"tabs", items.Format{InputType: "CSV", Delimiter: '\t'}, nil, "a\tb\n1\t\n", `[{"a":"1","b":""}]`},
		{"a file of a manifest", items.Format{InputType: "MANIFEST"}, []string{"k", "s"}, "\"a\",\"5\"\n", `[{"k":"a","s":"5"}]`},
		{"headers of a manifest come first", items.Format{InputType: "CSV", Headers: []string{"x"}}, []string{"k"}, "1\n", `[{"k":"1"}]`},

		{"Parquet", items.Format{InputType: "PARQUET"}, nil, "PAR1", "error: InputType PARQUET cannot be read here: give JSON, JSONL or CSV"},
	} {
		if got := shown(c.format.Read(c.text, c.headers)); got != c.want {
			t.Errorf("%s: got %s, want %s", c.name, got, c.want)
		}
	}
}

// The headers that a format or a manifest gives stay as they are: they are shared by all files.
func TestHeadersAreNotChanged(t *testing.T) {
	headers := []string{"a", "b"}
	f := items.Format{InputType: "CSV", Headers: headers}
	for range 2 {
		if got := shown(f.Read("1,2\n", nil)); got != `[{"a":"1","b":"2"}]` {
			t.Errorf("got %s", got)
		}
	}
	if !slices.Equal(headers, []string{"a", "b"}) {
		t.Errorf("got the headers %q", headers)
	}
}

// Rows that a writer of CSV has written come back.
func TestCSVComesBack(t *testing.T) {
	field := rapid.OneOf(rapid.StringMatching(`[a-c ,;"\n]{0,4}`), rapid.StringMatching(`[^\r\x{feff}]{0,4}`))
	rapid.Check(t, func(t *rapid.T) {
		columns := rapid.IntRange(2, 4).Draw(t, "columns")
		rows := rapid.SliceOfN(rapid.SliceOfN(field, columns, columns), 1, 5).Draw(t, "rows")
		headers := make([]string, columns)
		for i := range headers {
			headers[i] = fmt.Sprint("h", i)
		}
		var text bytes.Buffer
		w := csv.NewWriter(&text)
		w.Comma = ';'
		if err := w.WriteAll(append([][]string{headers}, rows...)); err != nil {
			t.Fatal(err)
		}
		f := items.Format{InputType: "CSV", Delimiter: ';'}
		list, err := f.Read(text.String(), nil)
		if err != nil || len(list) != len(rows) {
			t.Fatalf("%q: got %s for %d rows", text.String(), shown(list, err), len(rows))
		}
		for i, row := range rows {
			for k, want := range row {
				if got, _ := list[i].(*value.Object).Lookup(headers[k]); got != want {
					t.Fatalf("%q: row %d has %q, want %q", text.String(), i, got, want)
				}
			}
		}
	})
}

func zipped(tb testing.TB, text string) string {
	tb.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		tb.Fatal(err)
	}
	if err := z.Close(); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func TestTextOfFiles(t *testing.T) {
	long := strings.Repeat("ä line\n", 100_000)
	for _, c := range []struct{ name, key, body, want string }{
		{"plain", "a.csv", "a,b\n", "a,b\n"},
		{"not UTF-8", "a.csv", "a\xff\xfeb", "a\ufffdb"},
		{"compressed", "a.csv.gz", zipped(t, long), long},
		{"compressed in two parts", "a.gz", zipped(t, "a") + zipped(t, "b"), "ab"},
		{"compressed, not UTF-8", "a.gz", zipped(t, "\xff"), "\ufffd"},
		{"compressed without the name for it", "a.csv", zipped(t, "x")[:2], "\x1f\ufffd"},
		{"not compressed", "a.gz", "a,b\n1,2\nthree,four\n", "error: a.gz: gzip: invalid header"},
		{"nothing", "a.gz", "", "error: a.gz: EOF"},
		{"cut off", "a.gz", zipped(t, long)[:100], "error: a.gz: unexpected EOF"},
	} {
		got, err := items.Text(c.key, c.body)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != c.want {
			t.Errorf("%s: got %.60q, want %.60q", c.name, got, c.want)
		}
	}
	broken := []byte(zipped(t, "some text"))
	broken[len(broken)-5] ^= 1 // in the checksum
	if _, err := items.Text("a.gz", string(broken)); err == nil || err.Error() != "a.gz: gzip: invalid checksum" {
		t.Errorf("a wrong checksum: got %v", err)
	}
}

func TestManifestOfAnInventory(t *testing.T) {
	const manifest = `{"sourceBucket":"source","destinationBucket":"arn:aws:s3:::store","version":"2016-11-30","fileFormat":"CSV",
		"fileSchema":"Bucket, Key,Size","files":[{"key":"data/1.csv.gz","size":5,"MD5checksum":"x"},{"key":"data/2.csv.gz"}]}`
	files, headers, err := items.Inventory(manifest)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]items.File{{Bucket: "store", Key: "data/1.csv.gz"}, {Bucket: "store", Key: "data/2.csv.gz"}}, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"Bucket", "Key", "Size"}, headers); diff != "" {
		t.Errorf("headers (-want +got):\n%s", diff)
	}
	for _, c := range []struct{ name, old, changed, want string }{
		{"not JSON", "{", "", "the manifest is not a JSON object"},
		{"an array", manifest, "[]", "the manifest is not a JSON object"},
		{"another format", `"CSV"`, `"ORC"`, `the files of the manifest are "ORC"; CSV can be read`},
		{"no format", "fileFormat", "format", "the files of the manifest are null; CSV can be read"},
		{"no bucket", "destinationBucket", "bucket", "the manifest needs destinationBucket, fileSchema and files"},
		{"no columns", "fileSchema", "schema", "the manifest needs destinationBucket, fileSchema and files"},
		{"no files", `"files"`, `"file"`, "the manifest needs destinationBucket, fileSchema and files"},
		{"a file without a key", `{"key":"data/2.csv.gz"}`, `{}`, "a file of the manifest has no key"},
		{"a file that is no object", `{"key":"data/2.csv.gz"}`, `"x"`, "a file of the manifest has no key"},
		{"a key that is no string", `"data/2.csv.gz"`, `2`, "a file of the manifest has no key"},
	} {
		if !strings.Contains(manifest, c.old) {
			t.Fatalf("%s: %q is not in the manifest", c.name, c.old)
		}
		_, _, err := items.Inventory(strings.Replace(manifest, c.old, c.changed, 1))
		if err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

func TestManifestOfAthena(t *testing.T) {
	files, err := items.Athena("\"s3://bucket/results/1.csv\"\r\n\n s3://other/a b/ä.gz \n")
	if err != nil {
		t.Fatal(err)
	}
	want := []items.File{{Bucket: "bucket", Key: "results/1.csv"}, {Bucket: "other", Key: "a b/ä.gz"}}
	if diff := cmp.Diff(want, files); diff != "" {
		t.Errorf("files (-want +got):\n%s", diff)
	}
	for _, line := range []string{"bucket/key", "s3://bucket", "s3://bucket/", "s3:///key", "https://bucket/key"} {
		_, err := items.Athena("s3://bucket/key\n" + line + "\n")
		if want := fmt.Sprintf("the manifest names %q; want s3://bucket/key", line); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
	if files, err := items.Athena(""); files != nil || err != nil {
		t.Errorf("an empty manifest: got %v, %v; want no files", files, err)
	}
}

func FuzzItems(f *testing.F) {
	for i, text := range []string{
		`[1,{"a":[]}]`, "1\n\n{}\n", "a,b\n1,\"x\"\"\n\"\n", "a;b\n1;2;3\n", `{"destinationBucket":"b","fileFormat":"CSV","fileSchema":"a","files":[{"key":"k"}]}`,
		"s3://b/k\n", "\x1f\x8b",
	} {
		f.Add(uint8(i), text)
	}
	formats := []items.Format{
		{InputType: "JSON"},
		{InputType: "JSON", Pointer: "/0/a"},
		{InputType: "JSONL"},
		{InputType: "CSV"},
		{InputType: "CSV", Delimiter: ';', Headers: []string{"x", "y"}},
	}
	f.Fuzz(func(t *testing.T, which uint8, body string) {
		text, err := items.Text([]string{"a", "a.gz"}[which&1], body)
		if err != nil {
			return
		}
		_, _, _ = items.Inventory(text)
		_, _ = items.Athena(text)
		list, err := formats[int(which>>1)%len(formats)].Read(text, nil)
		if err != nil {
			if err.Error() == "" || list != nil {
				t.Fatalf("%q: got %v and an error %q", text, list, err)
			}
			return
		}
		again, err := value.Read(value.Append(nil, list))
		if err != nil || !value.Equal(again, list) {
			t.Fatalf("%q: the items print as %s, %v", text, value.Text(list), err)
		}
	})
}
