package value

import (
	"bytes"
	"iter"
	"sort"
	"strings"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// Position returns the line and column (both from 1; columns count characters) of a byte offset in text. It scans the text up
// to there: for several offsets of one text use [Source.Position].
func Position(text []byte, offset int64) (line, column int) {
	mark := mark{line: 1, column: 1}
	return mark.position(text, offset)
}

// A Source is a JSON text with an index of its lines and an index of its values. Each index is made in one pass over the
// text, when it is first needed, so that the places of many faults cost little more than that of one. A Source must not be
// used by several goroutines at once.
type Source struct {
	text     []byte
	marks    []mark           // of Position, in ascending order
	nodes    []node           // of every value, in the order in which they begin
	children map[int]children // of the containers that were searched, by their index in nodes
}

// NewSource returns a Source of text, which must not be changed afterwards. Of a text that is not well-formed JSON the index
// holds the values up to the first fault.
func NewSource(text []byte) *Source { return &Source{text: text} }

// Text returns the whole text. The caller must not change it.
func (s *Source) Text() []byte { return s.text }

// markDistance is how many bytes lie between two marks, at most a few more.
const markDistance = 512

// A mark is the position of an offset at which a character begins.
type mark struct {
	offset       int
	line, column int
}

// position returns the line and column of an offset in text at or behind the mark.
func (m mark) position(text []byte, offset int64) (line, column int) {
	end := int(min(max(offset, int64(m.offset)), int64(len(text))))
	between := text[m.offset:end]
	last := bytes.LastIndexByte(between, '\n')
	if last < 0 {
		return m.line, m.column + utf8.RuneCount(between)
	}
	return m.line + bytes.Count(between, []byte("\n")), 1 + utf8.RuneCount(between[last+1:])
}

// Position returns the line and column (both from 1; columns count characters) of a byte offset. Offsets outside the text
// count as its beginning or end.
func (s *Source) Position(offset int64) (line, column int) {
	if s.marks == nil {
		s.indexLines()
	}
	i := sort.Search(len(s.marks), func(i int) bool { return int64(s.marks[i].offset) > offset })
	return s.marks[max(i-1, 0)].position(s.text, offset)
}

func (s *Source) indexLines() {
	m := mark{line: 1, column: 1}
	s.marks = append(make([]mark, 0, len(s.text)/markDistance+1), m)
	for m.offset+markDistance < len(s.text) {
		next := m.offset + markDistance
		// A character has at most UTFMax bytes: behind so many that begin none, the next byte is one of its own.
		for range utf8.UTFMax - 1 {
			if next < len(s.text) && !utf8.RuneStart(s.text[next]) {
				next++
			}
		}
		m.line, m.column = m.position(s.text, int64(next))
		m.offset = next
		s.marks = append(s.marks, m)
	}
}

// A node is a value in the text. Its descendants follow it, up to the node with the index end.
type node struct {
	name        string // its key in an object
	key, offset int    // where the key and the value begin
	end         int
}

// children are the indices of the values directly in an array or object, and those of an object by key: of equal keys the last.
type children struct {
	list   []int
	byName map[string]int
}

// A Node is a value in the text of a [Source]. Nodes of one value are equal.
type Node struct {
	source *Source
	i      int
}

// Root returns the value that the text is. In a blank text it has the offset 0 and nothing in it.
func (s *Source) Root() Node {
	if s.nodes == nil {
		s.indexValues()
	}
	return Node{s, 0}
}

// Offset returns where the value begins, in bytes.
func (n Node) Offset() int64 { return int64(n.node().offset) }

// Key returns where the value's key begins, in bytes. For a value that is not in an object it is the value's own offset.
func (n Node) Key() int64 { return int64(n.node().key) }

// Member returns the value of a key of an object, the last where the key comes again. It reports false where there is none,
// or n is no object.
func (n Node) Member(key string) (Node, bool) {
	i, ok := n.children().byName[key]
	return Node{n.source, i}, ok
}

// Element returns the value at index i of an array, and false where there is none, or n is no array.
func (n Node) Element(i int) (Node, bool) {
	list := n.children().list
	if !n.is('[') || i < 0 || i >= len(list) {
		return Node{}, false
	}
	return Node{n.source, list[i]}, true
}

// Members ranges over the members of an object in the order of the text, each key as often as it is there. Of other values
// there are none.
func (n Node) Members() iter.Seq2[string, Node] {
	return func(yield func(string, Node) bool) {
		if !n.is('{') {
			return
		}
		for i := n.i + 1; i < n.node().end; i = n.source.nodes[i].end {
			if !yield(n.source.nodes[i].name, Node{n.source, i}) {
				return
			}
		}
	}
}

// Elements ranges over the elements of an array with their indices. Of other values there are none.
func (n Node) Elements() iter.Seq2[int, Node] {
	return func(yield func(int, Node) bool) {
		if !n.is('[') {
			return
		}
		for i, at := range n.children().list {
			if !yield(i, Node{n.source, at}) {
				return
			}
		}
	}
}

func (n Node) node() *node { return &n.source.nodes[n.i] }

// is reports whether the value begins with a bracket.
func (n Node) is(bracket byte) bool {
	text, at := n.source.text, n.node().offset
	return at < len(text) && text[at] == bracket
}

func (n Node) children() children {
	s := n.source
	found, ok := s.children[n.i]
	if ok {
		return found
	}
	isObject := n.is('{')
	for i := n.i + 1; i < n.node().end; i = s.nodes[i].end {
		found.list = append(found.list, i)
	}
	if isObject {
		found.byName = make(map[string]int, len(found.list))
		for _, i := range found.list {
			found.byName[s.nodes[i].name] = i
		}
	}
	if s.children == nil {
		s.children = map[int]children{}
	}
	s.children[n.i] = found
	return found
}

func (s *Source) indexValues() {
	dec := decoder(s.text)
	if dec.PeekKind() == 0 {
		s.nodes = []node{{end: 1}}
		return
	}
	s.nodes = make([]node, 0, len(s.text)/16) // of a definition there are half as many
	start := s.tokenStart(dec)
	s.indexValue(dec, node{key: start, offset: start})
}

// indexValue reads one value and notes it with all that is in it. It reports false where the text is not well-formed.
func (s *Source) indexValue(dec *jsontext.Decoder, n node) bool {
	i := len(s.nodes)
	s.nodes = append(s.nodes, n)
	ok := s.indexContent(dec)
	s.nodes[i].end = len(s.nodes)
	return ok
}

func (s *Source) indexContent(dec *jsontext.Decoder) bool {
	kind := dec.PeekKind()
	if kind != '{' && kind != '[' {
		return dec.SkipValue() == nil
	}
	if _, err := dec.ReadToken(); err != nil {
		return false
	}
	for {
		switch dec.PeekKind() {
		case '}', ']':
			_, err := dec.ReadToken()
			return err == nil
		case 0:
			return false
		}
		start := s.tokenStart(dec)
		n := node{key: start, offset: start}
		if kind == '{' {
			name, err := dec.ReadToken()
			if err != nil {
				return false
			}
			n.name = name.String()
			n.offset = s.tokenStart(dec)
		}
		if !s.indexValue(dec, n) {
			return false
		}
	}
}

func (s *Source) tokenStart(dec *jsontext.Decoder) int { return tokenStart(s.text, dec) }

// tokenStart returns where the next token begins: after blanks, a comma or a colon.
func tokenStart(text []byte, dec *jsontext.Decoder) int {
	at := int(dec.InputOffset())
	for at < len(text) && strings.IndexByte(" \t\r\n,:", text[at]) >= 0 {
		at++
	}
	return at
}
