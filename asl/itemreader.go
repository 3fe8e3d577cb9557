package asl

import (
	"strings"

	"signalbox/asl/internal/items"
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

// reading is the progress of an ItemReader. Its slices never change in place: copies of the execution share them.
type reading struct {
	next    []items.File // the first is under way
	listing bool         // a list is under way, not an object
	bucket  string       // of the list
	prefix  string       // of the list
	index   bool         // what is under way is a manifest, which names the files of the items
	headers []string     // of a manifest's files; nil: as the definition says
	items   []any
	max     int // 0: all
}

// startReading evaluates the state's ItemReader and returns its first request.
func (st *stepper) startReading(sc *Scope, in any, run *mapRun) (first any, err *Error) {
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
		run.reading.listing, run.reading.bucket, run.reading.prefix = true, bucket, prefix
		return ListObjects{bucket, prefix}, err
	}
	key, err := objectParameter(parameters, "Key", true)
	run.reading.index = r.format.InputType == "MANIFEST" || r.athena
	run.reading.next = []items.File{{Bucket: bucket, Key: key}}
	return GetObject(run.reading.next[0]), err
}

// objectParameter returns a string of the Parameters of an ItemReader or ResultWriter.
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

// objectRead applies the answer to a request of the reader, and requests the next object or starts the children.
func (st *stepper) objectRead(sc *Scope, event *Event) {
	f, run := sc.fan, sc.fan.run
	if event.Failure != nil {
		st.failMapRun(sc, &Error{ErrItemReader, event.Failure.Cause})
		return
	}
	if err := run.reading.add(sc.state.distribution.reader, event); err != nil {
		st.failMapRun(sc, &Error{ErrItemReader, err.Error()})
		return
	}
	full := run.reading.max > 0 && len(run.reading.items) >= run.reading.max
	if len(run.reading.next) > 0 && !full {
		st.requestObject(sc, GetObject(run.reading.next[0]))
		return
	}
	f.items = run.reading.items
	if full {
		f.items = f.items[:run.reading.max]
	}
	run.reading = reading{}
	st.advanceMapRun(sc)
}

// add reads the items, or the names of further files, from the answer to a request.
func (r *reading) add(reader *itemReader, event *Event) error {
	if r.listing {
		r.listing = false
		if !reader.flatten {
			r.items = event.Listed
			return nil
		}
		for _, e := range event.Listed {
			o, _ := e.(*value.Object)
			key, _ := o.Lookup("Key")
			if name, ok := key.(string); ok && !strings.HasSuffix(name, "/") {
				r.next = append(r.next, items.File{Bucket: r.bucket, Key: name})
			}
		}
		return nil
	}
	at := r.next[0]
	r.next = r.next[1:]
	text, err := items.Text(at.Key, event.Body)
	switch {
	case err != nil:
		return err
	case r.index && reader.athena:
		r.index = false
		r.next, err = items.Athena(text)
		return err
	case r.index:
		r.index = false
		r.next, r.headers, err = items.Inventory(text)
		return err
	}
	list, err := reader.format.Read(text, r.headers)
	if err != nil {
		return err
	}
	r.items = append(r.items[:len(r.items):len(r.items)], list...)
	return nil
}
