package value

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"unsafe"
)

// This file holds the binary form of values: what a stored execution consists of. It is smaller and quicker than JSON text, and
// keeps what the text does not: which values share an object or an array.
//
// A value is a tag, followed by
//
//	nil, false, true         nothing
//	int                      a varint
//	float                    its IEEE 754 bits, little endian
//	number, string           a uvarint length, the bytes
//	array                    a uvarint length, the elements
//	object                   the number of its shape; for a new one its keys; the values
//	again                    the number of an array or object that has been written before
//
// Arrays and objects are numbered from 0 in the order in which they end, shapes in the order in which they begin.

const (
	tagNil = iota
	tagFalse
	tagTrue
	tagInt
	tagFloat
	tagNumber
	tagString
	tagArray
	tagObject
	tagAgain
)

// maxDepth is how deep arrays and objects may be nested in the binary form: as deep as the JSON reader takes them.
const maxDepth = 10_000

// An Encoder appends values in binary form to Bytes. What it has written once is written as a reference from then on. The zero
// Encoder is ready.
type Encoder struct {
	Bytes []byte
	// Canonical writes equal values, with keys in equal order, as equal bytes, whatever they share. It is for comparing, and no
	// Decoder reads it.
	Canonical bool

	shapes map[*shape]uint64
	again  map[unsafe.Pointer]written
	count  uint64 // arrays and objects so far
}

// A written array or object. Arrays of different lengths may begin at the same place.
type written struct {
	number uint64
	length int
}

// Uint appends a number in the form that [Decoder.Uint] reads.
func (e *Encoder) Uint(n uint64) { e.Bytes = binary.AppendUvarint(e.Bytes, n) }

// Length appends the number of things that follow in the form that [Decoder.Length] reads.
func (e *Encoder) Length(n int) { e.Uint(uint64(n)) } //nolint:gosec // a length

// Int appends a number in the form that [Decoder.Int] reads.
func (e *Encoder) Int(n int64) { e.Bytes = binary.AppendVarint(e.Bytes, n) }

// Byte appends a byte.
func (e *Encoder) Byte(b byte) { e.Bytes = append(e.Bytes, b) }

// Bool appends a bool in the form that [Decoder.Bool] reads.
func (e *Encoder) Bool(b bool) {
	if b {
		e.Byte(1)
	} else {
		e.Byte(0)
	}
}

// Float appends a number in the form that [Decoder.Float] reads.
func (e *Encoder) Float(f float64) {
	e.Bytes = binary.LittleEndian.AppendUint64(e.Bytes, math.Float64bits(f))
}

// String appends a text in the form that [Decoder.String] reads.
func (e *Encoder) String(s string) {
	e.Length(len(s))
	e.Bytes = append(e.Bytes, s...)
}

// Value appends a value of this package; anything else panics.
func (e *Encoder) Value(v any) {
	switch x := v.(type) {
	case nil:
		e.Byte(tagNil)
	case bool:
		if x {
			e.Byte(tagTrue)
		} else {
			e.Byte(tagFalse)
		}
	case int64:
		e.Byte(tagInt)
		e.Int(x)
	case float64:
		e.Byte(tagFloat)
		e.Float(x)
	case Number:
		e.Byte(tagNumber)
		e.String(string(x))
	case string:
		e.Byte(tagString)
		e.String(x)
	case []any:
		e.array(x)
	case *Object:
		e.object(x)
	default:
		panic(fmt.Sprintf("value: a %T has no binary form", v))
	}
}

func (e *Encoder) array(a []any) {
	at := unsafe.Pointer(unsafe.SliceData(a)) //nolint:gosec // an identity, never followed
	if e.reference(at, len(a)) {
		return
	}
	e.Byte(tagArray)
	e.Length(len(a))
	for _, v := range a {
		e.Value(v)
	}
	e.remember(at, len(a))
}

func (e *Encoder) object(o *Object) {
	if o == nil {
		o = NewObject()
	}
	at := unsafe.Pointer(o) //nolint:gosec // an identity, never followed
	if e.reference(at, o.Len()) {
		return
	}
	e.Byte(tagObject)
	e.shape(o.shape)
	for _, v := range o.values {
		e.Value(v)
	}
	e.remember(at, o.Len())
}

// shape appends the number of a shape, and its keys if it is new.
func (e *Encoder) shape(s *shape) {
	if e.Canonical {
		e.keys(s)
		return
	}
	if n, known := e.shapes[s]; known {
		e.Uint(n)
		return
	}
	if e.shapes == nil {
		e.shapes = map[*shape]uint64{}
	}
	n := uint64(len(e.shapes))
	e.shapes[s] = n
	e.Uint(n)
	e.keys(s)
}

func (e *Encoder) keys(s *shape) {
	e.Length(len(s.keys))
	for _, key := range s.keys {
		e.String(key)
	}
}

// reference appends a reference to an array or object that has been written before, and reports whether it has.
func (e *Encoder) reference(at unsafe.Pointer, length int) bool {
	if length == 0 || e.Canonical {
		return false
	}
	w, known := e.again[at]
	if !known || w.length != length {
		return false
	}
	e.Byte(tagAgain)
	e.Uint(w.number)
	return true
}

func (e *Encoder) remember(at unsafe.Pointer, length int) {
	if length == 0 || e.Canonical {
		return
	}
	if e.again == nil {
		e.again = map[unsafe.Pointer]written{}
	}
	e.again[at] = written{e.count, length}
	e.count++
}

// ErrBinary is the error of bytes that are not the binary form of what is read from them.
var ErrBinary = errors.New("value: not a binary form")

// A Decoder reads what an [Encoder] has written. After the first fault all its methods return zero values; Err says what was
// wrong. Arrays, objects and texts are never larger than the bytes that are left.
type Decoder struct {
	data   []byte
	at     int
	err    error
	shapes []*shape
	again  []any
	depth  int
}

// NewDecoder returns a Decoder of data, which must not change while values are read from it.
func NewDecoder(data []byte) *Decoder { return &Decoder{data: data} }

// Err returns what was wrong, nil while all is well.
func (d *Decoder) Err() error { return d.err }

// Rest returns the bytes that have not been read.
func (d *Decoder) Rest() []byte { return d.data[d.at:] }

// Fail records a fault that the caller has found in what it has read. The first one counts.
func (d *Decoder) Fail(format string, args ...any) {
	if d.err == nil {
		d.err = fmt.Errorf("%w: byte %d: %s", ErrBinary, d.at, fmt.Sprintf(format, args...))
		d.at = len(d.data)
	}
}

// Uint reads what [Encoder.Uint] has written.
func (d *Decoder) Uint() uint64 {
	n, size := binary.Uvarint(d.data[d.at:])
	d.skipNumber(size)
	return n
}

// Int reads what [Encoder.Int] has written.
func (d *Decoder) Int() int64 {
	n, size := binary.Varint(d.data[d.at:])
	d.skipNumber(size)
	return n
}

// skipNumber goes past a number of so many bytes. Size ≤ 0 is package binary's word that there is none, or that it is too large:
// then the number is 0.
func (d *Decoder) skipNumber(size int) {
	if size <= 0 {
		d.Fail("a number was expected")
		return
	}
	d.at += size
}

// Byte reads a byte.
func (d *Decoder) Byte() byte {
	if d.at >= len(d.data) {
		d.Fail("the end was not expected")
		return 0
	}
	d.at++
	return d.data[d.at-1]
}

// Bool reads what [Encoder.Bool] has written.
func (d *Decoder) Bool() bool {
	b := d.Byte()
	if b > 1 {
		d.Fail("a bool was expected, not %d", b)
	}
	return b == 1
}

// Float reads what [Encoder.Float] has written.
func (d *Decoder) Float() float64 {
	if len(d.data)-d.at < 8 {
		d.Fail("the end was not expected")
		return 0
	}
	d.at += 8
	return math.Float64frombits(binary.LittleEndian.Uint64(d.data[d.at-8:]))
}

// Length reads a number of things that take at least a byte each.
func (d *Decoder) Length() int {
	n := d.Uint()
	if n > uint64(len(d.data)-d.at) { //nolint:gosec // at is a place in data
		d.Fail("%d things do not fit into %d bytes", n, len(d.data)-d.at)
		return 0
	}
	return int(n) //nolint:gosec // at most the length of a slice
}

// String reads what [Encoder.String] has written.
func (d *Decoder) String() string {
	n := d.Length()
	d.at += n
	return string(d.data[d.at-n : d.at])
}

// Value reads what [Encoder.Value] has written.
func (d *Decoder) Value() any {
	switch tag := d.Byte(); tag {
	case tagNil:
		return nil
	case tagFalse:
		return false
	case tagTrue:
		return true
	case tagInt:
		return d.Int()
	case tagFloat:
		return d.Float()
	case tagNumber:
		return Number(d.String())
	case tagString:
		return d.String()
	case tagArray, tagObject:
		if d.depth == maxDepth {
			d.Fail("nested more than %d deep", maxDepth)
			return nil
		}
		d.depth++
		defer func() { d.depth-- }()
		if tag == tagArray {
			return d.array()
		}
		return d.object()
	case tagAgain:
		n := d.Uint()
		if n >= uint64(len(d.again)) {
			d.Fail("a reference to %d of %d", n, len(d.again))
			return nil
		}
		return d.again[n]
	default:
		d.Fail("no value has the tag %d", tag)
		return nil
	}
}

func (d *Decoder) array() any {
	a := make([]any, d.Length())
	for i := range a {
		a[i] = d.Value()
	}
	if len(a) > 0 {
		d.again = append(d.again, a)
	}
	return a
}

func (d *Decoder) object() any {
	s := d.shape()
	if len(s.keys) > len(d.data)-d.at {
		d.Fail("%d values do not fit into %d bytes", len(s.keys), len(d.data)-d.at)
		return nil
	}
	o := newObject(s, len(s.keys))
	for i := range o.values {
		o.values[i] = d.Value()
	}
	if len(o.values) > 0 {
		d.again = append(d.again, o)
	}
	return o
}

// shape reads the number of a shape, and its keys if it is new.
func (d *Decoder) shape() *shape {
	n := d.Uint()
	switch {
	case d.err != nil:
		return empty
	case n < uint64(len(d.shapes)):
		return d.shapes[n]
	}
	var b Builder
	count := d.Length()
	for range count {
		b.Set(d.String(), nil)
	}
	if len(b.keys) != count {
		d.Fail("an object has a key twice")
		return empty
	}
	s := shapeOf(b.keys)
	d.shapes = append(d.shapes, s)
	return s
}
