package services

import (
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"signalbox/internal/yamltree"
)

// A Mapping maps the functions, tables and queues of definitions to local ones.
type Mapping struct {
	file      string
	store     string
	functions []functionMapping
	tables    map[string]*table // by their names in definitions
	queues    map[string]string // local names by URL
}

// A functionMapping has the local function for a Lambda function.
type functionMapping struct {
	name functionName
	does function
}

// Store returns the file for tables and queues, "" if the mapping names none.
func (m *Mapping) Store() string { return m.store }

// localTable returns the table with a local name, or nil.
func (m *Mapping) localTable(name string) *table {
	for _, t := range m.tables {
		if t.name == name {
			return t
		}
	}
	return nil
}

const (
	maxRecords   = 1000      // of a seed: all their ids fit into a state's output of 256 KiB
	maxLocalName = 255       // letters
	keyTypes     = "S, N, B" // types of key attributes
)

// ReadMapping reads a mapping; file stands for it in messages, and relative paths in it start from its folder. The error is
// of type [yamltree.Faults].
func ReadMapping(file string, text []byte) (*Mapping, error) {
	t := yamltree.Read(file, text, "what functions, tables and queues stand for")
	m := &Mapping{file: file, tables: map[string]*table{}, queues: map[string]string{}}
	root := t.Root()
	if root == nil {
		return nil, t.Err()
	}
	r := mappingReader{Tree: t, m: m, lines: map[string]int{}}
	fields := t.Fields(root, "the file", "store", "functions", "tables", "queues")
	if f, ok := fields["store"]; ok {
		if name, ok := t.Text(f.Value, "store"); ok {
			if m.store = name; !filepath.IsAbs(name) {
				m.store = filepath.Join(filepath.Dir(file), name)
			}
		}
	}
	if f, ok := fields["tables"]; ok {
		for _, one := range t.Mapping(f.Value, "tables") {
			r.table(one)
		}
	}
	if f, ok := fields["queues"]; ok {
		for _, one := range t.Mapping(f.Value, "queues") {
			r.queue(one)
		}
	}
	if f, ok := fields["functions"]; ok {
		for _, one := range t.Mapping(f.Value, "functions") {
			r.function(one)
		}
	}
	if err := t.Err(); err != nil {
		return nil, err
	}
	return m, nil
}

// A mappingReader fills in a Mapping.
type mappingReader struct {
	*yamltree.Tree
	m     *Mapping
	lines map[string]int // where a local name was given, by kind and name
}

// localName reads the local name of a table or queue.
func (r *mappingReader) localName(what string, one yamltree.Member, f yamltree.Member, present bool) (string, bool) {
	if !present {
		r.Fault(one.Key, "%s %s: what is it called here? Add is: NAME", what, one.Name)
		return "", false
	}
	name, ok := r.Text(f.Value, "is")
	if !ok {
		return "", false
	}
	if len(name) > maxLocalName {
		r.Fault(f.Value, "is: a name has at most %d letters", maxLocalName)
		return "", false
	}
	if line, again := r.lines[what+name]; again {
		r.Fault(f.Value, "%s %s is another one already, on line %d", what, name, line)
		return "", false
	}
	r.lines[what+name] = f.Value.Line
	return name, true
}

// table reads an entry of tables.
func (r *mappingReader) table(one yamltree.Member) {
	if !tableName.MatchString(one.Name) {
		r.Fault(one.Key, "%q is no name of a table: letters, digits, dots, hyphens and underscores", one.Name)
	}
	fields := r.Fields(one.Value, "a table", "is", "key")
	is, present := fields["is"]
	name, ok := r.localName("table", one, is, present)
	key, present := fields["key"]
	if !present {
		r.Fault(one.Key, "table %s: by what are its items found? Add key: ATTRIBUTE", one.Name)
		return
	}
	if t := (&table{name: name, key: r.key(key)}); ok && t.key != nil {
		r.m.tables[one.Name] = t
	}
}

// key reads NAME, or {NAME: TYPE}, or {NAME: TYPE, NAME: TYPE}.
func (r *mappingReader) key(f yamltree.Member) []keyAttribute {
	if f.Value.Kind != yaml.MappingNode {
		name, ok := r.Text(f.Value, "key")
		if !ok {
			return nil
		}
		return []keyAttribute{{name, "S"}}
	}
	var key []keyAttribute
	members := r.Mapping(f.Value, "key")
	for _, a := range members {
		if kind, ok := r.Choice(a.Value, "the type of "+a.Name, strings.Split(keyTypes, ", ")...); ok {
			key = append(key, keyAttribute{a.Name, kind})
		}
	}
	if len(members) < 1 || len(members) > 2 {
		r.Fault(f.Value, "a key has one attribute or two: the hash, and perhaps the range")
		return nil
	}
	return key
}

// queue reads an entry of queues.
func (r *mappingReader) queue(one yamltree.Member) {
	fields := r.Fields(one.Value, "a queue", "is")
	is, present := fields["is"]
	name, ok := r.localName("queue", one, is, present)
	switch {
	case !strings.HasPrefix(one.Name, "https://") && !strings.HasPrefix(one.Name, "http://"):
		r.Fault(one.Key, "%q is no URL of a queue: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME", one.Name)
	case strings.HasSuffix(one.Name, ".fifo"):
		r.Fault(one.Key, "queue %s: FIFO queues have no likeness here", one.Name)
	case ok:
		r.m.queues[one.Name] = name
	}
}

// function reads an entry of functions.
func (r *mappingReader) function(one yamltree.Member) {
	name, ok := parseFunction(one.Name)
	if !ok {
		r.Fault(one.Key, "%q is no function: arn:aws:lambda:REGION:ACCOUNT:function:NAME, or NAME", one.Name)
	}
	f := functionMapping{name: name}
	fields := r.Fields(one.Value, "a function", "builtin", "table", "records", "item")
	builtin, present := fields["builtin"]
	if !present {
		r.Fault(one.Key, "function %s: what does it do here? Add builtin: %s or builtin: %s", one.Name, builtinEcho, builtinSeed)
		return
	}
	f.does.builtin, ok = r.Choice(builtin.Value, "builtin", builtinEcho, builtinSeed)
	if !ok {
		return
	}
	if f.does.builtin == builtinSeed {
		r.seed(one, fields, &f.does)
	} else {
		for _, name := range []string{"table", "records", "item"} {
			if extra, present := fields[name]; present {
				r.Fault(extra.Key, "%s is for builtin: %s", name, builtinSeed)
			}
		}
	}
	r.m.functions = append(r.m.functions, f)
}

// seed reads the settings of the built-in function that fills a table.
func (r *mappingReader) seed(one yamltree.Member, fields map[string]yamltree.Member, f *function) {
	if where, present := fields["table"]; !present {
		r.Fault(one.Key, "function %s: which table does it fill? Add table: NAME", one.Name)
	} else if name, ok := r.Text(where.Value, "table"); ok {
		f.table = name
		switch t := r.m.localTable(name); {
		case t == nil:
			r.Fault(where.Value, "no table is called %s here", name)
		case len(t.key) > 1 || t.key[0].kind == "B":
			r.Fault(where.Value, "table %s: a seed fills tables whose key is one attribute, a text or a number", name)
		}
	}
	f.records = 10
	if n, present := fields["records"]; present {
		f.records, _ = r.Whole(n.Value, "records", 0, maxRecords)
	}
	if of, present := fields["item"]; present {
		f.item = map[string]string{}
		for _, a := range r.Mapping(of.Value, "item") {
			if text, ok := r.Text(a.Value, a.Name); ok {
				f.item[a.Name] = text
			}
		}
	}
}
