package asl

import (
	"slices"
	"strings"
	"time"
	"unicode"

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
	inputType  string // JSON, JSONL, CSV, MANIFEST, PARQUET
	delimiter  rune
	headers    []string // nil: in the first row
	maxItems   limit
	pointer    string // ItemsPointer, RFC 6901
	athena     bool   // the manifest lists files of data, one a line
	flatten    bool   // the objects of a list are read, not named
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
	f.only("ItemProcessor", "Iterator")
	f.only("ItemSelector", "Parameters")
	processor := "ItemProcessor"
	if !f.has(processor) && f.has("Iterator") {
		processor = "Iterator"
	}
	f.require(processor)
	var express bool
	if v, ok := f.take(processor); ok {
		if inner := p.object(v, f.at.in(processor)); inner != nil {
			s.Distributed, express = p.processorConfig(inner)
			s.Branches = []*Block{p.inner(inner)}
		}
	}
	s.itemsPath = f.path("ItemsPath")
	s.itemSelector = f.template("ItemSelector")
	if parameters := f.template("Parameters"); parameters != nil {
		s.itemSelector = parameters
	}
	f.only("MaxConcurrency", "MaxConcurrencyPath")
	s.maxConcurrency = count{fixed: f.whole("MaxConcurrency", 0, maxSeconds), path: f.reference("MaxConcurrencyPath")}
	f.resultFields(s, true)
	if s.Distributed {
		s.distribution = p.distribution(f)
		s.distribution.child = &Machine{Block: *s.Branches[0]}
		if express {
			s.distribution.child.Timeout = expressTimeout
		}
	}
	f.retryCatch(s)
}

// expressTimeout is how long an execution of the type EXPRESS may take. AWS, "Quotas".
const expressTimeout = 5 * time.Minute

func (p *parser) processorConfig(f *fields) (distributed, express bool) {
	v, ok := f.take("ProcessorConfig")
	if !ok {
		return false, false
	}
	config := p.object(v, f.at.in("ProcessorConfig"))
	if config == nil {
		return false, false
	}
	distributed = config.oneOf("Mode", "INLINE", "DISTRIBUTED") == "DISTRIBUTED"
	express = config.oneOf("ExecutionType", "STANDARD", "EXPRESS") == "EXPRESS"
	config.rest()
	return distributed, express
}

// oneOf reads a text that is one of a few; "" where it is absent.
func (f *fields) oneOf(name string, values ...string) string {
	text := f.text(name)
	if text != "" && !slices.Contains(values, text) {
		f.p.schema(f.at.in(name), "", "Value must be one of: [%s]", strings.Join(values, ", "))
	}
	return text
}

// member reads an object in a member, nil where it is absent.
func (f *fields) member(name string) *fields {
	v, ok := f.take(name)
	if !ok {
		return nil
	}
	return f.p.object(v, f.at.in(name))
}

// limit reads a number between low and high, or the Path form of it.
func (f *fields) limit(name string, low, high float64, whole bool) limit {
	f.only(name, name+"Path")
	l := limit{given: f.has(name) || f.has(name+"Path"), field: name, path: f.reference(name + "Path")}
	if whole {
		l.fixed = float64(f.whole(name, int64(low), int64(high)))
		return l
	}
	n, ok := f.float(name, low)
	if ok && n > high {
		f.p.schema(f.at.in(name), "", "Value must be between %v and %v", low, high)
	}
	l.fixed = n
	return l
}

func (p *parser) distribution(f *fields) *distribution {
	d := &distribution{label: f.label()}
	d.failures = f.limit("ToleratedFailureCount", 0, maxSeconds, true)
	d.percentage = f.limit("ToleratedFailurePercentage", 0, 100, false)
	if reader := f.member("ItemReader"); reader != nil {
		d.reader = reader.itemReader()
	}
	if batcher := f.member("ItemBatcher"); batcher != nil {
		d.batcher = &itemBatcher{
			input:    batcher.template("BatchInput"),
			items:    batcher.limit("MaxItemsPerBatch", 1, maxSeconds, true),
			byteSize: batcher.limit("MaxInputBytesPerBatch", 1, maxPayload, true),
		}
		if !d.batcher.items.given && !d.batcher.byteSize.given {
			p.schema(batcher.at, "", "At least one of the following fields is required: [%s]",
				"MaxItemsPerBatch, MaxItemsPerBatchPath, MaxInputBytesPerBatch, MaxInputBytesPerBatchPath")
		}
		batcher.rest()
	}
	if writer := f.member("ResultWriter"); writer != nil {
		d.writer = writer.resultWriter()
	}
	return d
}

// maxReaderItems is how many items a reader gives at most. AWS, "ItemReader": 100,000,000.
const maxReaderItems = 100_000_000

var delimiters = map[string]rune{"": ',', "COMMA": ',', "PIPE": '|', "SEMICOLON": ';', "SPACE": ' ', "TAB": '\t'}

func (f *fields) itemReader() *itemReader {
	r := &itemReader{}
	f.require("Resource")
	r.action = f.objectAction("getObject", "listObjectsV2")
	r.parameters = f.template("Parameters")
	if c := f.member("ReaderConfig"); c != nil {
		r.inputType = c.oneOf("InputType", "CSV", "JSON", "JSONL", "PARQUET", "MANIFEST")
		r.delimiter = delimiters[c.oneOf("CSVDelimiter", "COMMA", "PIPE", "SEMICOLON", "SPACE", "TAB")]
		where := c.oneOf("CSVHeaderLocation", "FIRST_ROW", "GIVEN")
		r.headers = c.texts("CSVHeaders")
		switch {
		case where == "GIVEN" && r.headers == nil:
			c.require("CSVHeaders")
		case where != "GIVEN" && r.headers != nil:
			f.p.schema(c.at, "CSVHeaders", "The field 'CSVHeaders' needs 'CSVHeaderLocation' to be 'GIVEN'")
		}
		r.athena = c.oneOf("ManifestType", "S3_INVENTORY", "ATHENA_DATA") == "ATHENA_DATA"
		r.flatten = c.oneOf("Transformation", "NONE", "LOAD_AND_FLATTEN") == "LOAD_AND_FLATTEN"
		r.pointer = c.text("ItemsPointer")
		r.maxItems = c.limit("MaxItems", 0, maxReaderItems, true)
		c.rest()
	}
	if r.action == "getObject" && r.inputType == "" {
		f.p.schema(f.at, "", "The field 'InputType' is required in 'ReaderConfig'")
	}
	f.rest()
	return r
}

func (f *fields) resultWriter() *resultWriter {
	w := &resultWriter{}
	if f.has("Resource") || f.has("Parameters") {
		f.require("Resource", "Parameters")
	}
	f.objectAction("putObject")
	w.parameters = f.template("Parameters")
	if c := f.member("WriterConfig"); c != nil {
		w.transformation = c.oneOf("Transformation", "NONE", "COMPACT", "FLATTEN")
		w.lines = c.oneOf("OutputType", "JSON", "JSONL") == "JSONL"
		c.rest()
	} else if !f.has("Resource") {
		f.p.schema(f.at, "", "These fields are required: [Resource or WriterConfig]")
	}
	f.rest()
	return w
}

// objectAction reads a Resource such as arn:aws:states:::s3:getObject and returns the action at its end.
func (f *fields) objectAction(actions ...string) string {
	resource := f.text("Resource")
	if resource == "" {
		return ""
	}
	_, action, ok := strings.Cut(resource, ":states:::s3:")
	if !ok || !strings.HasPrefix(resource, "arn:") || !slices.Contains(actions, action) {
		f.p.schema(f.at.in("Resource"), "", "Value is not a valid resource ARN")
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
	label := f.text("Label")
	if f.has("Label") && label == "" {
		f.p.schema(f.at.in("Label"), "", "Label cannot be empty")
	}
	if len([]rune(label)) > maxLabel {
		f.p.schema(f.at.in("Label"), "", "Label cannot exceed %d characters", maxLabel)
	}
	for _, r := range label {
		if strings.ContainsRune(notInLabels, r) || unicode.IsSpace(r) || unicode.IsControl(r) {
			f.p.schema(f.at.in("Label"), "", "Label contains invalid character: %q", r)
			break
		}
	}
	return label
}
