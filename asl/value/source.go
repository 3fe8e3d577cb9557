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

// A Source finds the lines, columns and offsets of values in a JSON text. It makes an index of the lines and one of the values when
// they are first needed, each in one pass over the text, so that a thousand look-ups cost little more than one. A Source must not be
// used from several goroutines at once.
type Source struct {
	text     []byte
	marks    []mark           // by offset
	nodes    []node           // all values, by offset
	children map[int]children // of the arrays and objects that were searched, by their index in nodes
}

// NewSource returns a Source of text, which must not be changed afterwards. If the text is not well-formed, only values before its
// fault are found.
func NewSource(text []byte) *Source { return &Source{text: text} }

// Text returns the whole text. The caller must not change it.
func (s *Source) Text() []byte { return s.text }

// markDistance is the distance between two marks in bytes, plus at most three.
const markDistance = 512

// A mark is the position of an offset where a character begins.
type mark struct {
	offset       int
	line, column int
}

// position returns the line and column of an offset, which is not before the mark.
func (m mark) position(text []byte, offset int64) (line, column int) {
	end := int(min(max(offset, int64(m.offset)), int64(len(text))))
	between := text[m.offset:end]
	last := bytes.LastIndexByte(between, '\n')
	if last < 0 {
		return m.line, m.column + utf8.RuneCount(between)
	}
	return m.line + bytes.Count(between, []byte("\n")), 1 + utf8.RuneCount(between[last+1:])
}

// Position returns the line and column (both from 1; columns count characters) of a byte offset. An offset outside the text counts
// as its beginning or end.
func (s *Source) Position(offset int64) (line, column int) {
	if s.marks == nil {
		s.indexLines()
	}
	i := sort.Search(len(s.marks), func(i int) bool { return int64(s.marks[i].offset) > offset })
	return s.marks[max(i-1, 0)].position(s.text, offset)
}

// indexLines makes the marks.
func (s *Source) indexLines() {
	m := mark{line: 1, column: 1}
	s.marks = append(make([]mark, 0, len(s.text)/markDistance+1), m)
	for m.offset+markDistance < len(s.text) {
		next := m.offset + markDistance
		// Move on to where a character begins. After UTFMax-1 bytes that begin none, in a text that is not UTF-8, any byte does.
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

// A node is a value in the text. The values inside it are the nodes from the next one up to the index end.
type node struct {
	name        string // its key in an object
	key, offset int    // of the key and of the value
	end         int
}

// children are the indices of the elements or members of an array or object; those of members also by key, the last of equal ones.
type children struct {
	list   []int
	byName map[string]int
}

// A Node is a value in the text of a [Source]. Nodes of one value are equal.
type Node struct {
	source *Source
	i      int
}

// Root returns the outermost value. Of a blank text it is an empty one with the offset 0.
func (s *Source) Root() Node {
	if s.nodes == nil {
		s.indexValues()
	}
	return Node{s, 0}
}

// Offset returns the offset of the value in bytes.
func (n Node) Offset() int64 { return int64(n.node().offset) }

// Key returns the offset of the value's key in bytes, or of the value itself if it is no member of an object.
func (n Node) Key() int64 { return int64(n.node().key) }

// Member returns the value of a key, the last if the key is repeated. It reports false if there is none, or n is no object.
func (n Node) Member(key string) (Node, bool) {
	i, ok := n.children().byName[key]
	return Node{n.source, i}, ok
}

// Element returns the element at index i. It reports false if there is none, or n is no array.
func (n Node) Element(i int) (Node, bool) {
	list := n.children().list
	if !n.is('[') || i < 0 || i >= len(list) {
		return Node{}, false
	}
	return Node{n.source, list[i]}, true
}

// Members ranges over the members of an object in the order of the text, including repeated keys. Other values have none.
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

// Elements ranges over the elements of an array with their indices. Other values have none.
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

// node returns the entry of the value in the index.
func (n Node) node() *node { return &n.source.nodes[n.i] }

// is reports whether the value begins with a bracket.
func (n Node) is(bracket byte) bool {
	text, at := n.source.text, n.node().offset
	return at < len(text) && text[at] == bracket
}

// children returns the elements or members of the value, which are found once.
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

// indexValues makes the nodes.
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

// indexValue adds n and the nodes of the values inside it. It reports false at a fault of the text.
func (s *Source) indexValue(dec *jsontext.Decoder, n node) bool {
	i := len(s.nodes)
	s.nodes = append(s.nodes, n)
	ok := s.indexContent(dec)
	s.nodes[i].end = len(s.nodes)
	return ok
}

// indexContent reads the next value and adds the nodes of the values inside it. It reports false at a fault of the text.
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

// tokenStart returns the offset of the next token, after blanks, a comma or a colon.
func tokenStart(text []byte, dec *jsontext.Decoder) int {
	at := int(dec.InputOffset())
	for at < len(text) && strings.IndexByte(" \t\r\n,:", text[at]) >= 0 {
		at++
	}
	return at
}
