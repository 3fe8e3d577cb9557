package asl

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"path"
	"strconv"
	"strings"

	"signalbox/asl/value"
)

// GetObject asks for the content of an object; the answer's Output is a string of its bytes.
type GetObject struct{ Bucket, Key string }

// ListObjects asks for the objects whose keys begin with Prefix, in the order of their keys; the answer's Output is an array
// with an object for each: Etag, Key, LastModified (seconds of the epoch), Size, StorageClass.
type ListObjects struct{ Bucket, Prefix string }

// PutObject asks to write an object; the answer has no Output.
type PutObject struct {
	Bucket, Key string
	Body        []byte
}

// reading is how far an ItemReader has come. Its slices are never changed in place: copies of the execution share them.
type reading struct {
	next    []GetObject // the first is under way
	listing bool        // a list is under way, not an object
	bucket  string      // of the list
	index   bool        // what is under way is a manifest, which names the files of the items
	headers []string    // of a manifest's files; nil: as the definition says
	items   []any
	max     int // 0: all
}

// prepareReading evaluates what the state's ItemReader says, and returns what it asks for first.
func (st *stepper) prepareReading(sc *Scope, in any, run *mapRun) (first any, err *Error) {
	r := sc.state.distribution.reader
	var parameters any
	if r.parameters != nil {
		if parameters, err = r.parameters.eval(st.env(sc, in)); err != nil {
			return nil, err
		}
	}
	if r.maxItems.given {
		n, err := st.limit(sc, in, r.maxItems, true)
		if err != nil {
			return nil, err
		}
		run.reading.max = int(n)
	}
	bucket, err := objectParameter(parameters, "Bucket", true)
	if err != nil {
		return nil, err
	}
	if r.action == "listObjectsV2" {
		prefix, err := objectParameter(parameters, "Prefix", false)
		run.reading.listing, run.reading.bucket = true, bucket
		return ListObjects{bucket, prefix}, err
	}
	key, err := objectParameter(parameters, "Key", true)
	run.reading.index = r.inputType == "MANIFEST" || r.athena
	run.reading.next = []GetObject{{bucket, key}}
	return run.reading.next[0], err
}

// objectParameter returns a text of the Parameters of an ItemReader or ResultWriter.
func objectParameter(parameters any, name string, required bool) (string, *Error) {
	o, _ := parameters.(*value.Object)
	v, there := o.Lookup(name)
	text, ok := v.(string)
	switch {
	case ok && (text != "" || !required), !there && !required:
		return text, nil
	case !there || text == "" && ok:
		return "", runtimeError("The field '%s' is required but was missing", name)
	}
	return "", runtimeError("The field '%s' must be a string: %s", name, value.Text(v))
}

// objectRead takes the answer to a request of the reader, and asks for the next object or starts the children.
func (st *stepper) objectRead(sc *Scope, event *Event) {
	f, run := sc.fan, sc.fan.run
	if event.Failure != nil {
		st.failMapRun(sc, &Error{ErrItemReader, event.Failure.Cause})
		return
	}
	if err := run.reading.take(sc.state.distribution.reader, event.Output); err != nil {
		st.failMapRun(sc, &Error{ErrItemReader, err.Error()})
		return
	}
	full := run.reading.max > 0 && len(run.reading.items) >= run.reading.max
	if len(run.reading.next) > 0 && !full {
		st.askObject(sc, run.reading.next[0])
		return
	}
	f.items = run.reading.items
	if full {
		f.items = f.items[:run.reading.max]
	}
	run.reading = reading{}
	st.startChildren(sc)
}

// take reads what a request has brought.
func (r *reading) take(reader *itemReader, output any) error {
	if r.listing {
		r.listing = false
		list, _ := output.([]any)
		if !reader.flatten {
			r.items = list
			return nil
		}
		for _, e := range list {
			o, _ := e.(*value.Object)
			key, _ := o.Lookup("Key")
			if name, ok := key.(string); ok && !strings.HasSuffix(name, "/") {
				r.next = append(r.next, GetObject{r.bucket, name})
			}
		}
		return nil
	}
	at := r.next[0]
	r.next = r.next[1:]
	text, _ := output.(string)
	text, err := unzipped(at.Key, text)
	if err != nil {
		return err
	}
	text = strings.ToValidUTF8(text, "\ufffd")
	if r.index {
		r.index = false
		if reader.athena {
			return r.athena(text)
		}
		return r.inventory(text)
	}
	items, err := reader.read(text, r.headers)
	if err != nil {
		return err
	}
	r.items = append(r.items[:len(r.items):len(r.items)], items...)
	return nil
}

// unzipped undoes the compression that an object's name tells of.
func unzipped(key, text string) (string, error) {
	if path.Ext(key) != ".gz" {
		return text, nil
	}
	z, err := gzip.NewReader(strings.NewReader(text))
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return string(plain), nil
}

// inventory reads the manifest of an S3 inventory: JSON that names CSV files and their columns. Amazon S3, "Inventory list
// location".
func (r *reading) inventory(text string) error {
	v, err := value.Read([]byte(text))
	o, ok := v.(*value.Object)
	if err != nil || !ok {
		return errors.New("the manifest is not a JSON object")
	}
	format, _ := o.Lookup("fileFormat")
	if format != "CSV" {
		return fmt.Errorf("the files of the manifest are %s; CSV can be read", value.Text(format))
	}
	schema, _ := o.Lookup("fileSchema")
	columns, _ := schema.(string)
	for _, c := range strings.Split(columns, ",") {
		r.headers = append(r.headers, strings.TrimSpace(c))
	}
	destination, _ := o.Lookup("destinationBucket")
	bucket, _ := destination.(string)
	bucket = bucket[strings.LastIndexByte(bucket, ':')+1:]
	list, _ := o.Lookup("files")
	files, ok := list.([]any)
	if !ok || bucket == "" || columns == "" {
		return errors.New("the manifest needs destinationBucket, fileSchema and files")
	}
	for _, f := range files {
		file, _ := f.(*value.Object)
		key, _ := file.Lookup("key")
		name, ok := key.(string)
		if !ok {
			return errors.New("a file of the manifest has no key")
		}
		r.next = append(r.next, GetObject{bucket, name})
	}
	return nil
}

// athena reads the manifest of an Athena query: the name of a file a line, as s3://bucket/key.
func (r *reading) athena(text string) error {
	for line := range strings.Lines(text) {
		line = strings.Trim(line, " \t\r\n\"")
		if line == "" {
			continue
		}
		rest, ok := strings.CutPrefix(line, "s3://")
		bucket, key, has := strings.Cut(rest, "/")
		if !ok || !has || bucket == "" || key == "" {
			return fmt.Errorf("the manifest names %q; want s3://bucket/key", line)
		}
		r.next = append(r.next, GetObject{bucket, key})
	}
	return nil
}

// read makes items of an object's text. Headers are those of the columns where the definition does not say them.
func (r *itemReader) read(text string, headers []string) ([]any, error) {
	switch r.inputType {
	case "JSON":
		return r.readJSON(text)
	case "JSONL":
		return readLines(text)
	case "CSV", "MANIFEST":
		if headers == nil {
			headers = r.headers
		}
		return readCSV(text, r.delimiter, headers)
	}
	return nil, fmt.Errorf("InputType %s cannot be read here: give JSON, JSONL or CSV", r.inputType)
}

func (r *itemReader) readJSON(text string) ([]any, error) {
	v, err := value.Read([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("the file is not JSON: %w", err)
	}
	if r.pointer != "" {
		if v, err = pointed(v, r.pointer); err != nil {
			return nil, err
		}
	}
	list, ok := v.([]any)
	if !ok {
		return nil, errors.New("Attempting to map over non-iterable node.") //nolint:revive,staticcheck // the words of AWS
	}
	return list, nil
}

// pointed follows a JSON Pointer, RFC 6901.
func pointed(v any, pointer string) (any, error) {
	missing := fmt.Errorf("ItemsPointer %q leads nowhere in the file", pointer)
	if !strings.HasPrefix(pointer, "/") {
		return nil, missing
	}
	for _, token := range strings.Split(pointer[1:], "/") {
		token = strings.ReplaceAll(strings.ReplaceAll(token, "~1", "/"), "~0", "~")
		switch x := v.(type) {
		case *value.Object:
			member, ok := x.Lookup(token)
			if !ok {
				return nil, missing
			}
			v = member
		case []any:
			i, err := strconv.ParseUint(token, 10, 31)
			if err != nil || int(i) >= len(x) {
				return nil, missing
			}
			v = x[i]
		default:
			return nil, missing
		}
	}
	return v, nil
}

func readLines(text string) ([]any, error) {
	items := []any{}
	n := 0
	for line := range strings.Lines(text) {
		n++
		if strings.TrimSpace(line) == "" {
			continue
		}
		v, err := value.Read([]byte(line))
		if err != nil {
			return nil, fmt.Errorf("line %d of the file is not JSON: %w", n, err)
		}
		items = append(items, v)
	}
	return items, nil
}

// readCSV makes an object of each row: a column that a row lacks is "", one without a header is left out, as AWS does.
func readCSV(text string, delimiter rune, headers []string) ([]any, error) {
	rows := csv.NewReader(bytes.NewReader([]byte(strings.TrimPrefix(text, "\ufeff"))))
	rows.Comma, rows.FieldsPerRecord, rows.LazyQuotes = delimiter, -1, true
	if delimiter == 0 {
		rows.Comma = ','
	}
	rows.ReuseRecord = true
	items := []any{}
	var shape value.Shape
	shaped := false
	for {
		row, err := rows.Read()
		switch {
		case err == io.EOF:
			return items, nil
		case err != nil:
			return nil, fmt.Errorf("the file is not CSV: %w", err)
		}
		first := headers == nil
		if first {
			headers = append([]string{}, row...)
		}
		if !shaped {
			seen := map[string]bool{}
			for _, h := range headers {
				if seen[h] {
					return nil, errors.New("CSV headers cannot contain duplicates.") //nolint:revive,staticcheck // the words of AWS
				}
				seen[h] = true
			}
			shape, shaped = value.ShapeOf(headers), true
		}
		if first {
			continue
		}
		values := make([]any, len(headers))
		for i := range values {
			values[i] = ""
			if i < len(row) {
				values[i] = strings.Clone(row[i])
			}
		}
		items = append(items, shape.Object(values))
	}
}
