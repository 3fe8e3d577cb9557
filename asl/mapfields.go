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

// A distribution is what a Map in DISTRIBUTED mode has beside what every Map has: its items may come from objects, each
// (or each batch of them) is an execution of its own, and what becomes of those may go into objects. States Language, "Map
// State"; AWS, "Map state in Distributed mode".
type distribution struct {
	label   string   // "": one is made up
	child   *Machine // what each child execution runs
	reader  *itemReader
	batcher *itemBatcher
	writer  *resultWriter
	// A failure is tolerated while neither of these that is given is exceeded; where none is given, none is tolerated.
	failures, percentage limit
}

// A limit is a number that a definition gives, or a path to it.
type limit struct {
	given bool
	fixed float64
	path  *jsonpath.Path
	field string
}

type itemReader struct {
	action     string // getObject, listObjectsV2
	parameters *template
	format     items.Format
	maxItems   limit
	athena     bool // the manifest lists files of data, one a line
	flatten    bool // the objects of a list are read, not named
}

type itemBatcher struct {
	input           *template
	items, byteSize limit
}

type resultWriter struct {
	parameters     *template // nil: the results are not exported
	transformation string    // NONE, COMPACT, FLATTEN
	lines          bool      // JSONL
}

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
	// AWS takes what only a distributed Map has in others too, and makes nothing of it.
	if d := p.distribution(f); s.Distributed && len(s.Branches) > 0 {
		s.distribution = d
		s.distribution.child = &Machine{Block: *s.Branches[0]}
		if express {
			s.distribution.child.Timeout = expressTimeout
		}
	}
	f.retryCatch(s)
}

// mapItems reads what a Map in JSONata goes over: an array or object, or an expression for one.
func (f *fields) mapItems() {
	v, _ := f.members.Lookup("Items")
	if text, ok := v.(string); ok && !f.isQuery(text, "Items") {
		f.reportType("Items", "Array")
	}
	f.checkQueries("Items")
}

// expressTimeout is how long an execution of the type EXPRESS may take. AWS, "Quotas".
const expressTimeout = 5 * time.Minute

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

// limit reads a number between low and high, or the Path form of it.
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

// maxReaderItems is how many items a reader gives at most. AWS, "ItemReader": 100,000,000.
const maxReaderItems = 100_000_000

var delimiters = map[string]rune{"": ',', "COMMA": ',', "PIPE": '|', "SEMICOLON": ';', "SPACE": ' ', "TAB": '\t'}

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

// objectArguments reads what a call to read or write objects is given.
func (f *fields) objectArguments() *template {
	if f.inLanguage(inJSONata, "Arguments") {
		f.checkQueries("Arguments")
	}
	if f.inLanguage(inJSONPath, "Parameters") {
		return f.template("Parameters")
	}
	return nil
}

// objectAction reads a Resource such as arn:aws:states:::s3:getObject and returns the action at its end.
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

// Labels become part of ARNs. AWS, "Map state in Distributed mode": at most 40 characters, none of those below, no blanks, no
// control characters.
const (
	maxLabel    = 40
	notInLabels = "?*<>{}[]:;,\\|^~$#%&`\"/"
)

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
