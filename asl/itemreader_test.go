package asl_test

import (
	"fmt"
	"strings"
	"testing"

	"signalbox/asl"
	"signalbox/asl/value"
)

// Whatever a file holds, its items are values that can be printed and read again, or the Map fails with a cause.
func FuzzItemReader(f *testing.F) {
	configs := []string{
		`{"InputType":"JSON"}`, `{"InputType":"JSON","ItemsPointer":"/a/0"}`, `{"InputType":"JSONL"}`,
		`{"InputType":"CSV","CSVHeaderLocation":"FIRST_ROW"}`,
		`{"InputType":"CSV","CSVDelimiter":"TAB","CSVHeaderLocation":"GIVEN","CSVHeaders":["a","b"]}`,
		`{"InputType":"MANIFEST"}`, `{"InputType":"JSONL","ManifestType":"ATHENA_DATA"}`,
	}
	machines := make([]*asl.Machine, len(configs))
	for i, config := range configs {
		machines[i] = machine(f, []byte(`{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemReader":{
			"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket":"b","Key":"k"},"ReaderConfig":`+config+`},
			"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"S","States":{"S":{"Type":"Succeed"}}}}}}`))
	}
	for i, text := range []string{
		`[1,{"a":null}]`, `{"a":[[2]]}`, "{}\n\n1\n", "a,b\n1,\"2\"\n\n3", "1\t2\n", "\ufeffx\n\xff\n",
		`{"destinationBucket":"arn:aws:s3:::d","fileFormat":"CSV","fileSchema":"A, B","files":[{"key":"x"}]}`, "s3://b/k\n",
	} {
		f.Add(uint8(i), []byte(text))
	}
	f.Fuzz(func(t *testing.T, which uint8, text []byte) {
		m := machines[int(which)%len(machines)]
		first := true
		objects := func(any) asl.Event {
			body := string(text)
			if !first { // what a manifest names
				body = "1,2\n"
			}
			first = false
			return asl.Event{Kind: asl.EventObjectSucceeded, Body: body}
		}
		x, _ := drive(m, asl.Identity{Name: "fuzz"}, nil, 2000, nil, objects)
		switch x.Status {
		case asl.StatusSucceeded:
			printed := value.Text(x.Output)
			again, err := value.Read([]byte(printed))
			if err != nil || !value.Equal(x.Output, again) {
				t.Errorf("%q became %s, which reads as %s, %v", text, printed, value.Text(again), err)
			}
		case asl.StatusFailed:
			if x.Failure.Cause == "" {
				t.Errorf("%q failed without a cause: %v", text, x.Failure)
			}
		}
	})
}

// BenchmarkItemReader reads 100,000 lines of JSON and starts a child for each 1,000 of them.
func BenchmarkItemReader(b *testing.B) {
	m := machine(b, []byte(`{"StartAt":"M","States":{"M":{"Type":"Map","End":true,"ItemReader":{
		"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket":"b","Key":"k"},"ReaderConfig":{"InputType":"JSONL"}},
		"ItemBatcher":{"MaxItemsPerBatch":1000},"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
			"StartAt":"S","States":{"S":{"Type":"Succeed","OutputPath":"$.Items[0].id"}}}}}}`))
	var text strings.Builder
	for i := range 100_000 {
		fmt.Fprintf(&text, `{"id": %d, "name": "row %d", "text": "%s"}`+"\n", i, i, strings.Repeat("x", 60))
	}
	objects := func(any) asl.Event { return asl.Event{Kind: asl.EventObjectSucceeded, Body: text.String()} }
	b.SetBytes(int64(text.Len()))
	for b.Loop() {
		if x, _ := drive(m, asl.Identity{Name: "bench"}, nil, 10_000, nil, objects); x.Status != asl.StatusSucceeded {
			b.Fatal(x.Failure)
		}
	}
}
