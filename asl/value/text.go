package value

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// A SyntaxError says where and why a text is not JSON.
type SyntaxError struct {
	Offset int64 // of the fault, in bytes
	Reason string
}

func (e *SyntaxError) Error() string { return "json: " + e.Reason }

// Read parses text, which must be exactly one JSON value in valid UTF-8. A repeated key of an object keeps its first place and its
// last value, as on AWS. The error is a *SyntaxError.
func Read(text []byte) (any, error) {
	v, _, err := ReadStrictly(text)
	return v, err
}

// ReadStrictly is [Read] that also reports whether any key of an object is repeated.
func ReadStrictly(text []byte) (v any, repeated bool, err error) {
	r := reader{dec: decoder(text)}
	v, err = r.value()
	if err != nil {
		return nil, false, syntaxError(text, r.dec, err)
	}
	end := tokenStart(text, r.dec)
	if _, err = r.dec.ReadToken(); err == nil {
		return nil, false, &SyntaxError{Offset: int64(end), Reason: "text after the value"}
	}
	if !errors.Is(err, io.EOF) {
		return nil, false, syntaxError(text, r.dec, err)
	}
	return v, r.repeated, nil
}

func decoder(text []byte) *jsontext.Decoder {
	return jsontext.NewDecoder(bytes.NewBuffer(text), jsontext.AllowDuplicateNames(true))
}

// A reader reads one text. It collects elements and members in memory that it uses again, and copies them when their number is known.
type reader struct {
	dec      *jsontext.Decoder
	elements []any     // of the arrays around, one after the other
	builders []Builder // of the objects around, by depth
	depth    int
	repeated bool // an object has a repeated key
}

// value reads the next value.
func (r *reader) value() (any, error) {
	tok, err := r.dec.ReadToken()
	if err != nil {
		return nil, err
	}
	switch tok.Kind() {
	case 'n':
		return nil, nil
	case 't', 'f':
		return tok.Bool(), nil
	case '"':
		return tok.String(), nil
	case '0':
		return ParseNumber(tok.String()), nil
	case '[':
		first := len(r.elements)
		for r.dec.PeekKind() != ']' {
			v, err := r.value()
			if err != nil {
				return nil, err
			}
			r.elements = append(r.elements, v)
		}
		_, err := r.dec.ReadToken()
		list := append([]any{}, r.elements[first:]...)
		r.elements = r.elements[:first]
		return list, err
	default:
		if r.depth == len(r.builders) {
			r.builders = append(r.builders, Builder{})
		}
		depth := r.depth
		r.depth++
		for r.dec.PeekKind() != '}' {
			name, err := r.dec.ReadToken()
			if err != nil {
				return nil, err
			}
			key := name.String()
			v, err := r.value()
			if err != nil {
				return nil, err
			}
			before := len(r.builders[depth].keys)
			r.builders[depth].Set(key, v)
			r.repeated = r.repeated || len(r.builders[depth].keys) == before
		}
		_, err := r.dec.ReadToken()
		r.depth--
		return r.builders[depth].take(), err
	}
}

// syntaxError returns an error of the decoder as a *SyntaxError.
func syntaxError(text []byte, dec *jsontext.Decoder, err error) error {
	se := &SyntaxError{Offset: dec.InputOffset(), Reason: err.Error()}
	var syntactic *jsontext.SyntacticError
	switch {
	// At the end of the text a SyntacticError points to the beginning of the token that is cut off.
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		se.Offset = int64(len(text))
		se.Reason = "the text ends too early"
		if len(bytes.TrimSpace(text)) == 0 {
			se.Reason = "the text is empty"
		}
	case errors.As(err, &syntactic):
		se.Offset = syntactic.ByteOffset
		se.Reason = syntactic.Err.Error()
	}
	return se
}

// ParseNumber returns the value of a JSON number's text, which must be well formed: an int64, a float64 or a [Number].
func ParseNumber(text string) any {
	if !strings.ContainsAny(text, ".eE") {
		if i, err := strconv.ParseInt(text, 10, 64); err == nil {
			return i
		}
		return Number(text)
	}
	f, err := strconv.ParseFloat(text, 64)
	if err != nil || math.IsInf(f, 0) {
		return Number(text)
	}
	return f
}

// Text returns v as compact JSON.
func Text(v any) string { return string(Append(nil, v)) }

// Append appends v as compact JSON: keys in order, whole numbers whole, other numbers as Java prints a double (1.0, 1.5E10), as AWS
// does. It panics if v is no value.
func Append(b []byte, v any) []byte {
	switch x := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool:
		return strconv.AppendBool(b, x)
	case string:
		return appendString(b, x)
	case int64:
		return strconv.AppendInt(b, x, 10)
	case float64:
		return appendDouble(b, x)
	case Number:
		return append(b, x...)
	case []any:
		b = append(b, '[')
		for i, e := range x {
			if i > 0 {
				b = append(b, ',')
			}
			b = Append(b, e)
		}
		return append(b, ']')
	case *Object:
		b = append(b, '{')
		for i := range x.Len() {
			k, e := x.At(i)
			if i > 0 {
				b = append(b, ',')
			}
			b = appendString(b, k)
			b = append(b, ':')
			b = Append(b, e)
		}
		return append(b, '}')
	default:
		panic(fmt.Sprintf("value: %T is no JSON value", v))
	}
}

const hexDigits = "0123456789ABCDEF"

// appendString appends a string in quotes, with the escapes that JSON requires.
func appendString(b []byte, s string) []byte {
	b = append(b, '"')
	start := 0
	for i := 0; i < len(s); i++ {
		c := s[i]
		if c >= ' ' && c != '"' && c != '\\' {
			continue
		}
		b = append(b, s[start:i]...)
		start = i + 1
		switch c {
		case '"', '\\':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		case '\r':
			b = append(b, `\r`...)
		case '\t':
			b = append(b, `\t`...)
		case '\b':
			b = append(b, `\b`...)
		case '\f':
			b = append(b, `\f`...)
		default:
			b = append(b, `\u00`...)
			b = append(b, hexDigits[c>>4], hexDigits[c&15])
		}
	}
	b = append(b, s[start:]...)
	return append(b, '"')
}

// appendDouble appends f as Java's Double.toString prints it: in decimal with at least one digit after the point from 10^-3 up to
// 10^7, else with an exponent. Of a number that one digit identifies it prints the nearest two: 4.9E-324, not 5.0E-324.
func appendDouble(b []byte, f float64) []byte {
	if abs := math.Abs(f); f == 0 || abs >= 1e-3 && abs < 1e7 {
		start := len(b)
		b = strconv.AppendFloat(b, f, 'f', -1, 64)
		if bytes.IndexByte(b[start:], '.') < 0 {
			b = append(b, ".0"...)
		}
		return b
	}
	text := strconv.FormatFloat(f, 'e', -1, 64)
	mantissa, exponent, _ := strings.Cut(text, "e")
	if !strings.Contains(mantissa, ".") {
		mantissa, exponent, _ = strings.Cut(strconv.FormatFloat(f, 'e', 1, 64), "e")
	}
	n, _ := strconv.Atoi(exponent)
	b = append(b, mantissa...)
	b = append(b, 'E')
	return strconv.AppendInt(b, int64(n), 10)
}
