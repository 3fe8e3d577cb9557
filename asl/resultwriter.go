package asl

import (
	"strings"

	"signalbox/asl/value"
)

// exportedResults returns the result of a distributed Map in the order of its items: the outputs of the children that have
// succeeded, transformed as its ResultWriter says. Without one that is COMPACT. AWS, "ResultWriter".
func exportedResults(ends []any, w *resultWriter) []any {
	transformation := "COMPACT"
	if w != nil && w.transformation != "" {
		transformation = w.transformation
	}
	list := []any{}
	for _, e := range ends {
		end, _ := e.(*ChildEnd)
		switch {
		case end == nil:
		case transformation == "NONE":
			list = append(list, end.details())
		case end.Status != StatusSucceeded:
		case transformation == "FLATTEN":
			if inner, ok := end.Output.([]any); ok {
				list = append(list, inner...)
			} else {
				list = append(list, end.Output)
			}
		default:
			list = append(list, end.Output)
		}
	}
	return list
}

// details returns the description of a child execution in the files of a ResultWriter, as AWS writes it.
func (e *ChildEnd) details() *value.Object {
	included := value.NewObject("Included", true)
	var b value.Builder
	if e.Failure != nil {
		b.Set("Cause", e.Failure.Cause)
		b.Set("Error", e.Failure.Name)
	}
	b.Set("ExecutionArn", e.Request.Identity.ID)
	b.Set("Input", value.Text(e.Request.Input))
	b.Set("InputDetails", included)
	b.Set("Name", e.Request.Identity.Name)
	if e.Status == StatusSucceeded {
		b.Set("Output", value.Text(e.Output))
		b.Set("OutputDetails", included)
	}
	b.Set("RedriveCount", int64(0))
	if e.Status == StatusSucceeded {
		b.Set("RedriveStatus", "NOT_REDRIVABLE")
		b.Set("RedriveStatusReason", "Execution is SUCCEEDED and cannot be redriven")
	} else {
		b.Set("RedriveStatus", "REDRIVABLE_BY_MAP_RUN")
	}
	b.Set("StartDate", contextTime(e.Started))
	b.Set("StateMachineArn", e.Request.Identity.StateMachineID)
	b.Set("Status", e.Status.String())
	b.Set("StopDate", contextTime(e.Stopped))
	return b.Object()
}

// startWriting begins the export: a file of the children that have succeeded, one of those that have failed, then the manifest
// that names them.
func (st *stepper) startWriting(sc *Scope) *Error {
	f, run := sc.fan, sc.fan.run
	w := sc.state.distribution.writer
	parameters, err := w.parameters.eval(st.env(sc, f.input))
	if err != nil {
		return st.locate(sc, err)
	}
	bucket, err := objectParameter(parameters, "Bucket", true)
	if err != nil {
		return st.locate(sc, err)
	}
	prefix, err := objectParameter(parameters, "Prefix", false)
	if err != nil {
		return st.locate(sc, err)
	}
	folder := run.name + "/"
	if prefix != "" {
		folder = strings.TrimSuffix(prefix, "/") + "/" + folder
	}
	var succeeded, failed []any
	for _, e := range f.parts.list(f.next) {
		if end := e.(*ChildEnd); end.Status == StatusSucceeded {
			succeeded = append(succeeded, e)
		} else {
			failed = append(failed, end.details())
		}
	}
	none := *w
	if none.transformation == "" {
		none.transformation = "NONE"
	}
	extension := ".json"
	if w.lines {
		extension = ".jsonl"
	}
	var files [3][]any // SUCCEEDED, FAILED, PENDING
	add := func(kind int, name string, list []any) {
		if len(list) == 0 {
			return
		}
		body := w.text(list)
		key := folder + name + "_0" + extension
		files[kind] = []any{value.NewObject("Key", key, "Size", int64(len(body)))}
		run.writing = append(run.writing[:len(run.writing):len(run.writing)], PutObject{bucket, key, body})
	}
	add(0, "SUCCEEDED", exportedResults(succeeded, &none))
	add(1, "FAILED", failed)
	manifest := value.NewObject("DestinationBucket", bucket, "MapRunArn", run.arn(st.x.who), "ResultFiles", value.NewObject(
		"FAILED", emptyIfNil(files[1]), "PENDING", emptyIfNil(files[2]), "SUCCEEDED", emptyIfNil(files[0])))
	run.writing = append(run.writing[:len(run.writing):len(run.writing)],
		PutObject{bucket, folder + "manifest.json", value.Append(nil, manifest)})
	run.stage = stageWriting
	st.requestObject(sc, run.writing[0])
	return nil
}

func emptyIfNil(list []any) []any {
	if list == nil {
		return []any{}
	}
	return list
}

// text returns the text of a file of results: one array, or JSON Lines.
func (w *resultWriter) text(list []any) []byte {
	if !w.lines {
		return value.Append(nil, list)
	}
	var text []byte
	for _, v := range list {
		text = append(value.Append(text, v), '\n')
	}
	return text
}

// objectWritten writes the next file, or ends the run with the place of the manifest.
func (st *stepper) objectWritten(sc *Scope, event *Event) {
	run := sc.fan.run
	if event.Failure != nil {
		st.failMapRun(sc, &Error{ErrResultWriter, event.Failure.Cause})
		return
	}
	written := run.writing[0]
	if run.writing = run.writing[1:]; len(run.writing) > 0 {
		st.requestObject(sc, run.writing[0])
		return
	}
	st.endMapRun(sc, value.NewObject("MapRunArn", run.arn(st.x.who),
		"ResultWriterDetails", value.NewObject("Bucket", written.Bucket, "Key", written.Key)))
}
