// Package items reads the items of distributed Maps from the content of files: JSON, JSON Lines and CSV, compressed or not, and the
// manifests of S3 inventories and Athena queries, which list such files.
//
// Its errors become causes of States.ItemReaderFailed. AWS, "ItemReader".
package items

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

// A File names an object of S3.
type File struct{ Bucket, Key string }

// A Format is the ReaderConfig of an ItemReader.
type Format struct {
	InputType string   // JSON, JSONL, CSV or MANIFEST
	Delimiter rune     // of CSV; 0 means a comma
	Headers   []string // of CSV; nil means the first row
	Pointer   string   // ItemsPointer of JSON, RFC 6901; "" means the whole file
}

// Text returns the text of a file: decompressed if its key ends in .gz, with U+FFFD in place of bytes that are not UTF-8.
func Text(key, body string) (string, error) {
	if path.Ext(key) == ".gz" {
		var err error
		if body, err = decompress(key, body); err != nil {
			return "", err
		}
	}
	return strings.ToValidUTF8(body, "\ufffd"), nil
}

// decompress returns the content of a gzip file.
func decompress(key, body string) (string, error) {
	z, err := gzip.NewReader(strings.NewReader(body))
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	plain, err := io.ReadAll(z)
	if err != nil {
		return "", fmt.Errorf("%s: %w", key, err)
	}
	return string(plain), nil
}

// Inventory returns the files that the manifest of an S3 inventory lists, and the names of their columns. Only CSV files are
// accepted. Amazon S3, "Inventory list location".
func Inventory(text string) (files []File, headers []string, err error) {
	v, err := value.Read([]byte(text))
	o, ok := v.(*value.Object)
	if err != nil || !ok {
		return nil, nil, errors.New("the manifest is not a JSON object")
	}
	format, _ := o.Lookup("fileFormat")
	if format != "CSV" {
		return nil, nil, fmt.Errorf("the files of the manifest are %s; CSV can be read", value.Text(format))
	}
	schema, _ := o.Lookup("fileSchema")
	columns, _ := schema.(string)
	for _, c := range strings.Split(columns, ",") {
		headers = append(headers, strings.TrimSpace(c))
	}
	destination, _ := o.Lookup("destinationBucket")
	bucket, _ := destination.(string)
	bucket = bucket[strings.LastIndexByte(bucket, ':')+1:]
	list, _ := o.Lookup("files")
	named, ok := list.([]any)
	if !ok || bucket == "" || columns == "" {
		return nil, nil, errors.New("the manifest needs destinationBucket, fileSchema and files")
	}
	for _, f := range named {
		file, _ := f.(*value.Object)
		key, _ := file.Lookup("key")
		name, ok := key.(string)
		if !ok {
			return nil, nil, errors.New("a file of the manifest has no key")
		}
		files = append(files, File{bucket, name})
	}
	return files, headers, nil
}

// Athena returns the files that the manifest of an Athena query lists, an s3://bucket/key a line.
func Athena(text string) (files []File, err error) {
	for line := range strings.Lines(text) {
		line = strings.Trim(line, " \t\r\n\"")
		if line == "" {
			continue
		}
		rest, ok := strings.CutPrefix(line, "s3://")
		bucket, key, has := strings.Cut(rest, "/")
		if !ok || !has || bucket == "" || key == "" {
			return nil, fmt.Errorf("the manifest names %q; want s3://bucket/key", line)
		}
		files = append(files, File{bucket, key})
	}
	return files, nil
}

// Read returns the items of a file. Headers are the names of its columns, from a manifest; nil means those of the format.
func (r *Format) Read(text string, headers []string) ([]any, error) {
	switch r.InputType {
	case "JSON":
		return r.readJSON(text)
	case "JSONL":
		return readLines(text)
	case "CSV", "MANIFEST":
		if headers == nil {
			headers = r.Headers
		}
		return readCSV(text, r.Delimiter, headers)
	}
	return nil, fmt.Errorf("InputType %s cannot be read here: give JSON, JSONL or CSV", r.InputType)
}

// readJSON returns the elements of the array to which the pointer leads.
func (r *Format) readJSON(text string) ([]any, error) {
	v, err := value.Read([]byte(text))
	if err != nil {
		return nil, fmt.Errorf("the file is not JSON: %w", err)
	}
	if r.Pointer != "" {
		if v, err = resolvePointer(v, r.Pointer); err != nil {
			return nil, err
		}
	}
	list, ok := v.([]any)
	if !ok {
		return nil, errors.New("Attempting to map over non-iterable node.") //nolint:revive,staticcheck // the words of AWS
	}
	return list, nil
}

// resolvePointer returns the value to which a JSON Pointer leads. RFC 6901.
func resolvePointer(v any, pointer string) (any, error) {
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

// readLines returns the values of the lines that are not blank.
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

// readCSV returns an object for each row. A column that a row lacks is "", one without a header is left out, as on AWS.
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
