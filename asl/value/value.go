// Package value holds JSON values as the interpreter uses them.
//
// A value is one of
//
//	nil, bool, string   as in Go
//	int64               a whole number that fits
//	float64             any other number that fits
//	Number              a number that fits neither, as text
//	[]any               an array
//	*Object             an object that keeps the order of its keys
//
// Values are immutable, so that executions can share them. To change one, copy it ([Object.With], slices.Clone). [Read] parses text
// and [Append] prints it; the order of keys and whole numbers are preserved. A [Source] finds the line and column of a value in its
// text.
package value

import (
	"cmp"
	"math/big"
	"slices"
	"strconv"
	"strings"
)

// A Number is the text of a JSON number that neither int64 nor float64 can hold, such as 1e400 or a whole number of
// thirty digits.
type Number string

// Kind returns the JSON type of v: "null", "boolean", "string", "number", "array" or "object".
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

// Compare returns -1, 0 or 1 as number a is less than, equal to or greater than number b, exactly unless one of them is a float64. It
// reports false if one is no number.
func Compare(a, b any) (int, bool) {
	x, xInt := a.(int64)
	y, yInt := b.(int64)
	if xInt && yInt {
		return cmp.Compare(x, y), true
	}
	if m, ok := exact(a); ok {
		if n, ok := exact(b); ok {
			return m.compare(n), true
		}
	}
	f, ok := Float(a)
	g, ok2 := Float(b)
	return cmp.Compare(f, g), ok && ok2
}

// Equal reports whether a and b are the same JSON value. The order of keys does not matter; 1 equals 1.0.
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
		if x == y || x.Len() == 0 {
			return true
		}
		for i, key := range x.shape.keys {
			other, found := y.Lookup(key)
			if !found || !Equal(x.values[i], other) {
				return false
			}
		}
		return true
	case nil, bool, string:
		return a == b
	}
	order, ok := Compare(a, b)
	return ok && order == 0
}

// float returns the nearest float64, an infinity if the number is too large.
func (n Number) float() float64 {
	f, _ := strconv.ParseFloat(string(n), 64)
	return f
}

// A decimal is a number as ± 0.digits · 10^exponent. Digits neither begins nor ends with a 0; that of zero is empty.
type decimal struct {
	negative bool
	digits   string
	exponent *big.Int
}

// exact returns an int64 or a Number as a decimal, and false for other values.
func exact(v any) (decimal, bool) {
	switch n := v.(type) {
	case int64:
		return Number(strconv.FormatInt(n, 10)).decimal(), true
	case Number:
		return n.decimal(), true
	}
	return decimal{}, false
}

// decimal returns the number as a decimal. It computes no power, so that large exponents cost nothing.
func (n Number) decimal() decimal {
	text, negative := strings.CutPrefix(string(n), "-")
	d := decimal{negative: negative, exponent: new(big.Int)}
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		d.exponent.SetString(text[i+1:], 10)
		text = text[:i]
	}
	whole, fraction, _ := strings.Cut(text, ".")
	d.digits = strings.TrimLeft(whole+fraction, "0")
	point := len(d.digits) - len(fraction)
	d.exponent.Add(d.exponent, big.NewInt(int64(point)))
	d.digits = strings.TrimRight(d.digits, "0")
	return d
}

func (d decimal) sign() int {
	switch {
	case d.digits == "":
		return 0
	case d.negative:
		return -1
	}
	return 1
}

func (d decimal) compare(e decimal) int {
	sign := d.sign()
	if order := cmp.Compare(sign, e.sign()); order != 0 || sign == 0 {
		return order
	}
	return sign * cmp.Or(d.exponent.Cmp(e.exponent), strings.Compare(d.digits, e.digits))
}
