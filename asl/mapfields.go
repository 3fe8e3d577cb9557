package asl

import (
	"math"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"signalbox/asl/internal/items"
	"signalbox/asl/jsonpath"
)

// A distribution holds the fields that only a Map in DISTRIBUTED mode has. Its items may be read from objects of S3, each item or
// batch of items is an execution of its own, and their results may be written to objects. States Language, "Map State"; AWS, "Map
// state in Distributed mode".
type distribution struct {
	label   string   // "" means a generated one
	child   *Machine // run by each child execution
	reader  *itemReader
	batcher *itemBatcher
	writer  *resultWriter
	// The Map fails once more children have failed than one of these allows. If neither is given no failure is allowed.
	failures, percentage limit
}

// A limit is a number, or a path to one.
type limit struct {
	given bool
	fixed float64
	path  *jsonpath.Path
	field string
}

// An itemReader is an ItemReader: where the items are read from.
type itemReader struct {
	action     string // getObject, listObjectsV2
	parameters *template
	format     items.Format
	maxItems   limit
	athena     bool // the manifest is that of an Athena query: a file name a line
	flatten    bool // the items are in the listed objects; else they are the objects' names
}

// An itemBatcher is an ItemBatcher: how many items a child execution gets, and what else.
type itemBatcher struct {
	input           *template
	items, byteSize limit
}

// A resultWriter is a ResultWriter: where the results are written to, and in which form.
type resultWriter struct {
	parameters     *template // nil: the results are not written
	transformation string    // NONE, COMPACT, FLATTEN
	lines          bool      // JSONL
}

// mapState reads the fields of a Map.
func (p *parser) mapState(f *fields, s *State) {
	f.exactlyOne("ItemProcessor", "Iterator")
	f.atMostOne("ItemSelector", "Parameters")
	processor := "ItemProcessor"
	if !f.has(processor) {
		processor = "Iterator"
	}
	var express bool
	if v, ok := f.take(processor); ok {
		if inner := p.object(v, f.at.member(processor)); inner != nil {
			s.Distributed, express = p.processorConfig(inner)
			outer := p.express
			p.express = outer || express
			s.Branches = []*Block{p.innerBlock(inner)}
			p.express = outer
		}
	}
	f.take("Iterator")
	s.maxConcurrency.fixed = f.integer("MaxConcurrency", 0, math.MaxInt64)
	f.atMostOne("MaxConcurrency", "MaxConcurrencyPath")
	if f.inLanguage(inJSONPath, "ItemsPath", "Parameters", "MaxConcurrencyPath") {
		s.itemsPath = f.path("ItemsPath")
		s.itemSelector = f.template("ItemSelector")
		if parameters := f.template("Parameters"); parameters != nil {
			s.itemSelector = parameters
		}
		s.maxConcurrency.path = f.reference("MaxConcurrencyPath")
	}
	if f.inLanguage(inJSONata, "Items") {
		f.mapItems()
		f.checkQueries("ItemSelector")
	}
	f.resultFields(s)
	// AWS accepts the fields of a distributed Map in others, and ignores them.
	if d := p.distribution(f); s.Distributed && len(s.Branches) > 0 {
		s.distribution = d
		s.distribution.child = &Machine{Block: *s.Branches[0]}
		if express {
			s.distribution.child.Timeout = expressTimeout
		}
	}
	f.retryCatch(s)
}

// mapItems reads Items of a JSONata Map: an array, an object, or an expression for one.
func (f *fields) mapItems() {
	v, _ := f.members.Lookup("Items")
	if text, ok := v.(string); ok && !f.isQuery(text, "Items") {
		f.reportType("Items", "Array")
	}
	f.checkQueries("Items")
}

// expressTimeout is the longest duration of an EXPRESS execution. AWS, "Quotas".
const expressTimeout = 5 * time.Minute

// processorConfig reads ProcessorConfig: whether the mode is DISTRIBUTED, and whether the children are EXPRESS.
func (p *parser) processorConfig(f *fields) (distributed, express bool) {
	config := f.member("ProcessorConfig")
	if config == nil {
		return false, false
	}
	distributed = config.oneOf("Mode", "INLINE", "DISTRIBUTED") == "DISTRIBUTED"
	if distributed {
		config.require("ExecutionType")
		express = config.oneOf("ExecutionType", "STANDARD", "EXPRESS") == "EXPRESS"
		if p.express {
			p.schema(config.at.member("Mode"), "", "The field 'Mode' with value 'DISTRIBUTED' is not supported inside 'EXPRESS' state machines")
		}
	}
	config.reportUnknown()
	return distributed, express
}

// limit reads a number from low to high, or its Path form. Whole says that it must be a whole number.
func (f *fields) limit(name, pathName string, low, high float64, whole bool) limit {
	f.atMostOne(name, pathName)
	l := limit{given: f.has(name) || f.has(pathName), field: name}
	if f.inLanguage(inJSONPath, pathName) {
		l.path = f.reference(pathName)
	}
	if whole {
		l.fixed = float64(f.integer(name, int64(low), int64(high)))
	} else {
		l.fixed, _ = f.float(name, low, high)
	}
	return l
}

// distribution reads the fields that only a distributed Map has.
func (p *parser) distribution(f *fields) *distribution {
	d := &distribution{label: f.label()}
	d.failures = f.limit("ToleratedFailureCount", "ToleratedFailureCountPath", 0, maxSeconds, true)
	d.percentage = f.limit("ToleratedFailurePercentage", "ToleratedFailurePercentagePath", 0, 100, false)
	if reader := f.member("ItemReader"); reader != nil {
		d.reader = reader.itemReader()
	}
	if batcher := f.member("ItemBatcher"); batcher != nil {
		d.batcher = batcher.itemBatcher()
	}
	if writer := f.member("ResultWriter"); writer != nil {
		d.writer = writer.resultWriter()
	}
	return d
}

// itemBatcher reads an ItemBatcher.
func (f *fields) itemBatcher() *itemBatcher {
	b := &itemBatcher{
		items:    f.limit("MaxItemsPerBatch", "MaxItemsPerBatchPath", 1, maxSeconds, true),
		byteSize: f.limit("MaxInputBytesPerBatch", "MaxInputBytesPerBatchPath", 1, maxPayload, true),
	}
	if f.language == inJSONata {
		f.checkQueries("BatchInput")
	} else {
		b.input = f.template("BatchInput")
	}
	if !b.items.given && !b.byteSize.given {
		f.p.schema(f.at, "", "At least one of the following fields is required: [%s]",
			"MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, MaxInputBytesPerBatchPath")
	}
	f.reportUnknown()
	return b
}

// maxReaderItems is the greatest MaxItems. AWS, "ItemReader".
const maxReaderItems = 100_000_000

// delimiters are the values of CSVDelimiter.
var delimiters = map[string]rune{"": ',', "COMMA": ',', "PIPE": '|', "SEMICOLON": ';', "SPACE": ' ', "TAB": '\t'}

// itemReader reads an ItemReader.
func (f *fields) itemReader() *itemReader {
	r := &itemReader{}
	f.require("Resource")
	r.action = f.objectAction("getObject", "listObjectsV2")
	r.parameters = f.objectArguments()
	if c := f.member("ReaderConfig"); c != nil {
		r.format.InputType = c.oneOf("InputType", "CSV", "JSON", "JSONL", "PARQUET", "MANIFEST")
		r.format.Delimiter = delimiters[c.oneOf("CSVDelimiter", "COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")]
		where := c.oneOf("CSVHeaderLocation", "FIRST_ROW", "GIVEN")
		r.format.Headers = c.texts("CSVHeaders")
		switch {
		case where == "GIVEN" && r.format.Headers == nil:
			c.require("CSVHeaders")
		case where != "GIVEN" && r.format.Headers != nil:
			f.p.schema(c.at, "CSVHeaders", "The field 'CSVHeaders' needs 'CSVHeaderLocation' to be 'GIVEN'")
		}
		r.athena = c.oneOf("ManifestType", "S3_INVENTORY", "ATHENA_DATA") == "ATHENA_DATA"
		r.flatten = c.oneOf("Transformation", "NONE", "LOAD_AND_FLATTEN") == "LOAD_AND_FLATTEN"
		r.format.Pointer = c.text("ItemsPointer")
		r.maxItems = c.limit("MaxItems", "MaxItemsPath", 0, maxReaderItems, true)
		c.reportUnknown()
	}
	if r.action == "getObject" && r.format.InputType == "" {
		f.p.schema(f.at, "", "The field 'InputType' is required in 'ReaderConfig'")
	}
	f.reportUnknown()
	return r
}

// resultWriter reads a ResultWriter.
func (f *fields) resultWriter() *resultWriter {
	w := &resultWriter{}
	arguments := "Parameters"
	if f.language == inJSONata {
		arguments = "Arguments"
	}
	if f.has("Resource") || f.has(arguments) {
		f.require("Resource", arguments)
	}
	f.objectAction("putObject")
	w.parameters = f.objectArguments()
	if c := f.member("WriterConfig"); c != nil {
		w.transformation = c.oneOf("Transformation", "NONE", "COMPACT", "FLATTEN")
		w.lines = c.oneOf("OutputType", "JSON", "JSONL") == "JSONL"
		c.reportUnknown()
	} else if !f.has("Resource") {
		f.p.schema(f.at, "", "These fields are required: [Resource or WriterConfig]")
	}
	f.reportUnknown()
	return w
}

// objectArguments reads Parameters or Arguments of an ItemReader or ResultWriter.
func (f *fields) objectArguments() *template {
	if f.inLanguage(inJSONata, "Arguments") {
		f.checkQueries("Arguments")
	}
	if f.inLanguage(inJSONPath, "Parameters") {
		return f.template("Parameters")
	}
	return nil
}

// objectAction reads a Resource such as arn:aws:states:::s3:getObject, and returns the action at its end, which must be one of
// the given.
func (f *fields) objectAction(actions ...string) string {
	resource := f.text("Resource")
	if resource == "" {
		return ""
	}
	_, action, ok := strings.Cut(resource, ":states:::s3:")
	if !ok || !strings.HasPrefix(resource, "arn:") || !slices.Contains(actions, action) {
		f.p.schema(f.at.member("Resource"), "", "The field 'Resource' does not match any of the allowed values")
	}
	return action
}

// Limits of labels, which become part of ARNs: also no blanks and no control characters. AWS, "Map state in Distributed mode".
const (
	maxLabel    = 40
	notInLabels = "?*<>{}[]:;,\\|^~$#%&`\"/"
)

// label reads Label, which no other Map of the machine may have.
func (f *fields) label() string {
	if !f.has("Label") {
		return ""
	}
	label, at := f.text("Label"), f.at.member("Label")
	switch {
	case label == "":
		f.p.fault(at, "", CodeLabel, "Invalid Label name: Label cannot be empty")
	case utf8.RuneCountInString(label) > maxLabel:
		f.p.fault(at, "", CodeLabel, "Invalid Label name: Label '%s' exceeds the %d-character limit allowed by the service", label, maxLabel)
	case f.p.labels[label]:
		f.p.fault(at, "", CodeSameLabel, "Duplicate Label name: %s", label)
	}
	f.p.labels[label] = true
	for _, r := range label {
		if strings.ContainsRune(notInLabels, r) || unicode.IsSpace(r) || unicode.IsControl(r) {
			f.p.fault(at, "", CodeLabel, "Invalid Label name: Label contains invalid character: %q", r)
			break
		}
	}
	return label
}
