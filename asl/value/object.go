package value

import (
	"iter"
	"slices"
	"sync"
	"sync/atomic"
)

// An Object is an immutable JSON object: keys in the order in which they were set, each with its value. It is a shape, shared by all
// objects with the same keys in the same order, and a slice of values. The nil Object is empty.
type Object struct {
	shape  *shape
	values []any
	size   atomic.Int64 // of the text, once [Size] has computed it; 0 before
}

// Limits of the shape table. A shape has at most maxNext shared children; further ones are private to their object, and so are
// theirs. So objects used as dictionaries, with a key for each order, can neither make the table grow for ever nor fill it.
const (
	maxNext   = 64
	maxShared = 64 // keys; wider objects get shapes of their own
	maxShapes = 1 << 16
	indexFrom = 9 // keys; below, a scan is quicker than a map
)

// A shape is a list of keys. Shared shapes form a tree: children have one key more.
type shape struct {
	keys   []string
	shared bool                           // in the table: other objects find it
	index  atomic.Pointer[map[string]int] // of many keys, once one of them is looked for
	frame  atomic.Int64                   // of the text, see frameSize; 0 before

	mu       sync.Mutex        // guards the two below
	only     *shape            // the child, where there is one
	children map[string]*shape // by their last key, where there are several
}

// empty is the root of the shape table: a cache, whose content never changes what a program computes.
var (
	empty  = &shape{shared: true}
	shapes atomic.Int64 // how many the table holds
)

// find returns the index of a key in the shape, or -1.
func (s *shape) find(key string) int {
	if len(s.keys) < indexFrom {
		for i, k := range s.keys {
			if k == key {
				return i
			}
		}
		return -1
	}
	index := s.index.Load()
	if index == nil {
		made := make(map[string]int, len(s.keys))
		for i, k := range s.keys {
			made[k] = i
		}
		index = &made
		s.index.Store(index) // another goroutine may store an equal one
	}
	if i, ok := (*index)[key]; ok {
		return i
	}
	return -1
}

// with returns the shape with one key more.
func (s *shape) with(key string) *shape {
	if !s.shared || len(s.keys) >= maxShared {
		return &shape{keys: append(slices.Clone(s.keys), key)}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if child := s.child(key); child != nil {
		return child
	}
	return s.add(append(slices.Clone(s.keys), key))
}

// child returns the shared shape with one key more, nil where there is none. The caller holds the lock.
func (s *shape) child(key string) *shape {
	if s.only != nil {
		if s.only.keys[len(s.keys)] == key {
			return s.only
		}
		return nil
	}
	return s.children[key]
}

// add makes the shape with one key more, and shares it where there is room. Keys are all of its keys. The caller holds the lock.
func (s *shape) add(keys []string) *shape {
	n := &shape{keys: keys}
	if len(s.children) >= maxNext || shapes.Load() >= maxShapes {
		return n
	}
	shapes.Add(1)
	n.shared = true
	last := len(s.keys)
	switch {
	case s.only == nil && s.children == nil:
		s.only = n
	case s.children == nil:
		s.children = map[string]*shape{s.only.keys[last]: s.only, keys[last]: n}
		s.only = nil
	default:
		s.children[keys[last]] = n
	}
	return n
}

// shapeOf returns the shape with the given keys. It makes no use of their slice afterwards.
func shapeOf(keys []string) *shape {
	if len(keys) > maxShared {
		return &shape{keys: slices.Clone(keys)}
	}
	s := empty
	var own []string // the keys: the shapes that are made on the way share them
	for i, key := range keys {
		s.mu.Lock()
		next := s.child(key)
		if next == nil {
			if own == nil {
				own = slices.Clone(keys)
			}
			next = s.add(own[: i+1 : i+1])
		}
		s.mu.Unlock()
		if s = next; !s.shared {
			return &shape{keys: own} // the shapes in between would serve no other object
		}
	}
	return s
}

// NewObject returns an object of alternating keys and values: NewObject("a", int64(1), "b", nil). A repeated key keeps its first
// place and its last value.
func NewObject(pairs ...any) *Object {
	var room [8]string
	if keys := room[:0]; len(pairs) <= 2*len(room) {
		for i := 0; i+1 < len(pairs) && !slices.Contains(keys, pairs[i].(string)); i += 2 {
			keys = append(keys, pairs[i].(string))
		}
		if len(keys) == len(pairs)/2 { // none is repeated
			o := newObject(shapeOf(keys), len(keys))
			for i := range o.values {
				o.values[i] = pairs[2*i+1]
			}
			return o
		}
	}
	var b Builder
	for i := 0; i+1 < len(pairs); i += 2 {
		b.Set(pairs[i].(string), pairs[i+1])
	}
	return b.Object()
}

// A Builder collects the members of one object. The zero Builder is ready.
type Builder struct {
	keys   []string
	values []any
	index  map[string]int // of the keys, where there are many
}

// Set adds a member, or replaces the value of a key that is set already.
func (b *Builder) Set(key string, v any) {
	if i := b.find(key); i >= 0 {
		b.values[i] = v
		return
	}
	b.keys = append(b.keys, key)
	b.values = append(b.values, v)
	switch n := len(b.keys); {
	case n > indexFrom:
		b.index[key] = n - 1
	case n == indexFrom:
		if b.index == nil {
			b.index = make(map[string]int, 2*indexFrom)
		}
		for i, k := range b.keys {
			b.index[k] = i
		}
	}
}

// find returns the index of a key, or -1.
func (b *Builder) find(key string) int {
	if len(b.keys) < indexFrom {
		return slices.Index(b.keys, key)
	}
	if i, ok := b.index[key]; ok {
		return i
	}
	return -1
}

// Object returns the object. The Builder must not be used afterwards.
func (b *Builder) Object() *Object {
	return &Object{shape: shapeOf(b.keys), values: b.values}
}

// take returns the object, and leaves the Builder empty, with its memory, for the next one.
func (b *Builder) take() *Object {
	o := newObject(shapeOf(b.keys), len(b.values))
	copy(o.values, b.values)
	clear(b.values)
	if len(b.index) > maxShared {
		b.index = nil // to clear it would cost each later object as much as this one
	}
	clear(b.index)
	b.keys, b.values = b.keys[:0], b.values[:0]
	return o
}

// A Shape makes many objects with the same keys, as payload templates do.
type Shape struct{ s *shape }

// ShapeOf returns the shape with the given keys, none of which is repeated.
func ShapeOf(keys []string) Shape { return Shape{shapeOf(keys)} }

// Object returns an object of the shape that keeps values, one for each key in their order. The caller must not use them afterwards.
func (s Shape) Object(values []any) *Object { return &Object{shape: s.s, values: values} }

// Make returns an object of the shape and its values, all nil, in the order of the keys. The caller sets them before it shares the
// object.
func (s Shape) Make() (o *Object, values []any) {
	o = newObject(s.s, len(s.s.keys))
	return o, o.values
}

// newObject returns an object with n values, all nil; a small one takes one allocation.
func newObject(s *shape, n int) *Object {
	switch n {
	case 1:
		o := &struct {
			Object
			room [1]any
		}{}
		o.shape, o.values = s, o.room[:]
		return &o.Object
	case 2:
		o := &struct {
			Object
			room [2]any
		}{}
		o.shape, o.values = s, o.room[:]
		return &o.Object
	case 3:
		o := &struct {
			Object
			room [3]any
		}{}
		o.shape, o.values = s, o.room[:]
		return &o.Object
	case 4:
		o := &struct {
			Object
			room [4]any
		}{}
		o.shape, o.values = s, o.room[:]
		return &o.Object
	case 5:
		o := &struct {
			Object
			room [5]any
		}{}
		o.shape, o.values = s, o.room[:]
		return &o.Object
	case 6:
		o := &struct {
			Object
			room [6]any
		}{}
		o.shape, o.values = s, o.room[:]
		return &o.Object
	case 7:
		o := &struct {
			Object
			room [7]any
		}{}
		o.shape, o.values = s, o.room[:]
		return &o.Object
	case 8:
		o := &struct {
			Object
			room [8]any
		}{}
		o.shape, o.values = s, o.room[:]
		return &o.Object
	}
	return &Object{shape: s, values: make([]any, n)}
}

// Len returns the number of members.
func (o *Object) Len() int {
	if o == nil {
		return 0
	}
	return len(o.values)
}

// Lookup returns the value under key and whether there is one.
func (o *Object) Lookup(key string) (any, bool) {
	if o == nil {
		return nil, false
	}
	if i := o.shape.find(key); i >= 0 {
		return o.values[i], true
	}
	return nil, false
}

// At returns the key and value at index i, 0 ≤ i < Len.
func (o *Object) At(i int) (string, any) { return o.shape.keys[i], o.values[i] }

// All ranges over the members in order.
func (o *Object) All() iter.Seq2[string, any] {
	return func(yield func(string, any) bool) {
		if o == nil {
			return
		}
		for i, k := range o.shape.keys {
			if !yield(k, o.values[i]) {
				return
			}
		}
	}
}

// With returns a copy in which key has the value v, in its old place, or at the end if the key is new.
func (o *Object) With(key string, v any) *Object {
	if o == nil {
		return NewObject(key, v)
	}
	if i := o.shape.find(key); i >= 0 {
		c := newObject(o.shape, len(o.values))
		copy(c.values, o.values)
		c.values[i] = v
		return c
	}
	c := newObject(o.shape.with(key), len(o.values)+1)
	copy(c.values, o.values)
	c.values[len(o.values)] = v
	return c
}

// Keys returns a copy of the keys in order. With the three methods below it implements jp.Keyed of package ojg.
func (o *Object) Keys() []string {
	if o == nil {
		return nil
	}
	return slices.Clone(o.shape.keys)
}

// ValueForKey is [Object.Lookup] for jp.Keyed.
func (o *Object) ValueForKey(key string) (any, bool) { return o.Lookup(key) }

// SetValueForKey panics: objects are immutable, and package jsonpath only reads with jp.
func (*Object) SetValueForKey(string, any) { panic("value: objects are immutable") }

// RemoveValueForKey panics, see SetValueForKey.
func (*Object) RemoveValueForKey(string) { panic("value: objects are immutable") }
