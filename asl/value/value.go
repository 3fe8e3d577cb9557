// Package value holds JSON values as the interpreter uses them.
//
// A value is one of
//
//	nil, bool, string   as in Go
//	int64               a whole number that fits
//	float64             any other number that fits
//	Number              a number that fits neither, as its text
//	[]any               an array
//	*Object             an object that keeps the order of its keys
//
// Values are immutable once built and shared freely between executions: whoever changes one copies it first
// ([Object.With], slices.Clone). [Read] makes values from text and [Append] makes text from values; key order and whole
// numbers survive the way there and back.
package value

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// A Number is the text of a JSON number that neither int64 nor float64 can hold, such as 1e400 or a whole number of
// thirty digits.
type Number string

// Kind names the JSON type of v: "null", "boolean", "string", "number", "array" or "object".
func Kind(v any) string {
	switch v.(type) {
	case nil:
		return "null"
	case bool:
		return "boolean"
	case string:
		return "string"
	case []any:
		return "array"
	case *Object:
		return "object"
	default:
		return "number"
	}
}

// Float returns v as a float64 and whether v is a number. A whole number beyond 2^53 loses digits.
func Float(v any) (float64, bool) {
	switch n := v.(type) {
	case int64:
		return float64(n), true
	case float64:
		return n, true
	case Number:
		return n.float(), true
	}
	return 0, false
}

// Compare orders two numbers exactly where both are whole, and reports false where one is no number.
func Compare(a, b any) (int, bool) {
	x, xInt := a.(int64)
	y, yInt := b.(int64)
	if xInt && yInt {
		return cmp.Compare(x, y), true
	}
	f, ok := Float(a)
	g, ok2 := Float(b)
	return cmp.Compare(f, g), ok && ok2
}

// Equal reports whether a and b are the same JSON value. The order of keys does not matter, and 1 equals 1.0.
func Equal(a, b any) bool {
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, Equal)
	case *Object:
		y, ok := b.(*Object)
		if !ok || x.Len() != y.Len() {
			return false
		}
		if x == y {
			return true
		}
		for i, key := range x.shape.keys {
			other, found := y.Lookup(key)
			if !found || !Equal(x.values[i], other) {
				return false
			}
		}
		return true
	case Number:
		if y, ok := b.(Number); ok && x == y {
			return true
		}
	case nil, bool, string:
		return a == b
	}
	order, ok := Compare(a, b)
	return ok && order == 0
}

func (n Number) float() float64 {
	if strings.HasPrefix(string(n), "-") {
		return math.Inf(-1)
	}
	return math.Inf(1)
}
