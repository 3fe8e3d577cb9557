package services

import (
	"path/filepath"
	"strings"

	"go.yaml.in/yaml/v3"

	"signalbox/internal/yamltree"
)

// A Mapping says what the functions, tables and queues of definitions stand for here.
type Mapping struct {
	file      string
	store     string
	functions []mapped
	tables    map[string]*table // by the name that definitions have for it
	queues    map[string]string // by URL
}

type mapped struct {
	name functionName
	does function
}

// Store is the file that holds tables and queues, "" if the mapping names none.
func (m *Mapping) Store() string { return m.store }

// local returns the table of a name here.
func (m *Mapping) local(name string) *table {
	for _, t := range m.tables {
		if t.name == name {
			return t
		}
	}
	return nil
}

const (
	maxRecords  = 1000      // of a seed: their ids are in the state, which takes 256 KiB
	maxNameHere = 255       // of a table or queue here
	keyTypes    = "S, N, B" // of the attributes of a key
)

// ReadMapping reads a mapping; its error has every fault with its place.
func ReadMapping(file string, text []byte) (*Mapping, error) {
	t := yamltree.Read(file, text, "what functions, tables and queues stand for")
	m := &Mapping{file: file, tables: map[string]*table{}, queues: map[string]string{}}
	root := t.Root()
	if root == nil {
		return nil, t.Err()
	}
	r := mappingReader{Tree: t, m: m, here: map[string]int{}}
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

type mappingReader struct {
	*yamltree.Tree
	m    *Mapping
	here map[string]int // line on which a name here was given
}

// is reads what a table or queue is called here.
func (r *mappingReader) is(what string, one yamltree.Member, f yamltree.Member, there bool) (string, bool) {
	if !there {
		r.Fault(one.Key, "%s %s: what is it called here? Add is: NAME", what, one.Name)
		return "", false
	}
	name, ok := r.Text(f.Value, "is")
	if !ok {
		return "", false
	}
	if len(name) > maxNameHere {
		r.Fault(f.Value, "is: a name has at most %d letters", maxNameHere)
		return "", false
	}
	if line, again := r.here[what+name]; again {
		r.Fault(f.Value, "%s %s is another one already, on line %d", what, name, line)
		return "", false
	}
	r.here[what+name] = f.Value.Line
	return name, true
}

func (r *mappingReader) table(one yamltree.Member) {
	if !tableName.MatchString(one.Name) {
		r.Fault(one.Key, "%q is no name of a table: letters, digits, dots, hyphens and underscores", one.Name)
	}
	fields := r.Fields(one.Value, "a table", "is", "key")
	is, there := fields["is"]
	name, ok := r.is("table", one, is, there)
	key, there := fields["key"]
	if !there {
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

func (r *mappingReader) queue(one yamltree.Member) {
	fields := r.Fields(one.Value, "a queue", "is")
	is, there := fields["is"]
	name, ok := r.is("queue", one, is, there)
	switch {
	case !strings.HasPrefix(one.Name, "https://") && !strings.HasPrefix(one.Name, "http://"):
		r.Fault(one.Key, "%q is no URL of a queue: https://sqs.REGION.amazonaws.com/ACCOUNT/NAME", one.Name)
	case strings.HasSuffix(one.Name, ".fifo"):
		r.Fault(one.Key, "queue %s: FIFO queues have no likeness here", one.Name)
	case ok:
		r.m.queues[one.Name] = name
	}
}

func (r *mappingReader) function(one yamltree.Member) {
	name, ok := parseFunction(one.Name)
	if !ok {
		r.Fault(one.Key, "%q is no function: arn:aws:lambda:REGION:ACCOUNT:function:NAME, or NAME", one.Name)
	}
	f := mapped{name: name}
	fields := r.Fields(one.Value, "a function", "builtin", "table", "records", "item")
	builtin, there := fields["builtin"]
	if !there {
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
			if extra, there := fields[name]; there {
				r.Fault(extra.Key, "%s is for builtin: %s", name, builtinSeed)
			}
		}
	}
	r.m.functions = append(r.m.functions, f)
}

func (r *mappingReader) seed(one yamltree.Member, fields map[string]yamltree.Member, f *function) {
	if where, there := fields["table"]; !there {
		r.Fault(one.Key, "function %s: which table does it fill? Add table: NAME", one.Name)
	} else if name, ok := r.Text(where.Value, "table"); ok {
		f.table = name
		switch t := r.m.local(name); {
		case t == nil:
			r.Fault(where.Value, "no table is called %s here", name)
		case len(t.key) > 1 || t.key[0].kind == "B":
			r.Fault(where.Value, "table %s: a seed fills tables whose key is one attribute, a text or a number", name)
		}
	}
	f.records = 10
	if n, there := fields["records"]; there {
		f.records, _ = r.Whole(n.Value, "records", 0, maxRecords)
	}
	if of, there := fields["item"]; there {
		f.item = map[string]string{}
		for _, a := range r.Mapping(of.Value, "item") {
			if text, ok := r.Text(a.Value, a.Name); ok {
				f.item[a.Name] = text
			}
		}
	}
}
