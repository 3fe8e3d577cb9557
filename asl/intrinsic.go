package asl

import (
	"crypto/md5"  //nolint:gosec // States.Hash offers it; nothing here relies on it
	"crypto/sha1" //nolint:gosec // likewise
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"

	"signalbox/asl/value"
)

// An intrinsic is an intrinsic function. It gets the values of its arguments, as many as it takes; an error says why they are
// refused. States Language, "Intrinsic functions".
type intrinsic func(env *environment, args []any) (any, error)

// intrinsics are the functions by name, each with the least and greatest number of its arguments (most < 0: any number).
var intrinsics = map[string]struct {
	do          intrinsic
	least, most int
}{
	"States.Format":         {format, 1, -1},
	"States.StringToJson":   {stringToJSON, 1, 1},
	"States.JsonToString":   {jsonToString, 1, 1},
	"States.Array":          {array, 0, -1},
	"States.ArrayPartition": {arrayPartition, 2, 2},
	"States.ArrayContains":  {arrayContains, 2, 2},
	"States.ArrayRange":     {arrayRange, 3, 3},
	"States.ArrayGetItem":   {arrayGetItem, 2, 2},
	"States.ArrayLength":    {arrayLength, 1, 1},
	"States.ArrayUnique":    {arrayUnique, 1, 1},
	"States.Base64Encode":   {base64Encode, 1, 1},
	"States.Base64Decode":   {base64Decode, 1, 1},
	"States.Hash":           {hash, 2, 2},
	"States.JsonMerge":      {jsonMerge, 3, 3},
	"States.MathRandom":     {mathRandom, 2, 3},
	"States.MathAdd":        {mathAdd, 2, 2},
	"States.StringSplit":    {stringSplit, 2, 2},
	"States.UUID":           {uuid, 0, 0},
}

// formatText is the first argument of States.Format, if it is a quoted literal: {} is a placeholder, and a backslash escapes the next
// character.
type formatText string

// format replaces each {} in its first argument by the next of the others.
func format(_ *environment, args []any) (any, error) {
	text, escapes := args[0].(formatText)
	if !escapes {
		plain, ok := args[0].(string)
		if !ok {
			return nil, errors.New("the first argument must be a string")
		}
		text = formatText(plain)
	}
	out := make([]byte, 0, len(text)+16)
	used := 1
	for i := 0; i < len(text); i++ {
		switch c := text[i]; {
		case c == '\\' && escapes && i+1 < len(text):
			i++
			out = append(out, text[i])
		case c == '{' && i+1 < len(text) && text[i+1] == '}':
			if used >= len(args) {
				return nil, errors.New("there are more {} than arguments")
			}
			out = appendJava(out, args[used])
			used++
			i++
		default:
			out = append(out, c)
		}
	}
	if used != len(args) {
		return nil, errors.New("there are more arguments than {}")
	}
	return string(out), nil
}

// appendJava appends v as States.Format prints it on AWS, which is Java's toString: {Id=1, Name=x} and [1, 2].
func appendJava(b []byte, v any) []byte {
	switch x := v.(type) {
	case string:
		return append(b, x...)
	case []any:
		b = append(b, '[')
		for i, e := range x {
			if i > 0 {
				b = append(b, ", "...)
			}
			b = appendJava(b, e)
		}
		return append(b, ']')
	case *value.Object:
		b = append(b, '{')
		for i := range x.Len() {
			if i > 0 {
				b = append(b, ", "...)
			}
			k, e := x.At(i)
			b = append(b, k...)
			b = append(b, '=')
			b = appendJava(b, e)
		}
		return append(b, '}')
	default:
		return value.Append(b, v)
	}
}

func stringToJSON(_ *environment, args []any) (any, error) {
	text, err := textArgument(args[0])
	if err != nil {
		return nil, err
	}
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	return value.Read([]byte(text))
}

func jsonToString(_ *environment, args []any) (any, error) { return value.Text(args[0]), nil }

func array(_ *environment, args []any) (any, error) { return append([]any{}, args...), nil }

// arrayPartition cuts an array into arrays of a size, of which the last may be shorter.
func arrayPartition(_ *environment, args []any) (any, error) {
	list, err := listArgument(args[0])
	if err != nil {
		return nil, err
	}
	size, err := wholeArgument(args[1])
	if err != nil {
		return nil, err
	}
	if size <= 0 {
		return nil, errors.New("the size of the parts must be positive")
	}
	parts := []any{}
	for len(list) > 0 {
		n := min(int(min(size, math.MaxInt32)), len(list))
		parts = append(parts, list[:n:n])
		list = list[n:]
	}
	return parts, nil
}

// arrayContains reports whether an element equals the second argument.
func arrayContains(_ *environment, args []any) (any, error) {
	list, err := listArgument(args[0])
	if err != nil {
		return nil, err
	}
	for _, e := range list {
		if value.Equal(e, args[1]) {
			return true, nil
		}
	}
	return false, nil
}

// maxRange is the greatest number of elements that States.ArrayRange returns. AWS, "Intrinsic functions".
const maxRange = 1000

// arrayRange lists the whole numbers from the first argument to the second at most, in steps of the third.
func arrayRange(_ *environment, args []any) (any, error) {
	var n [3]int64
	for i := range n {
		var err error
		if n[i], err = wholeArgument(args[i]); err != nil {
			return nil, err
		}
	}
	first, last, by := n[0], n[1], n[2]
	if by == 0 {
		return nil, errors.New("the increment must not be 0")
	}
	list := []any{}
	for i := first; by > 0 && i <= last || by < 0 && i >= last; i += by {
		if len(list) == maxRange {
			return nil, fmt.Errorf("the range has more than %d elements", maxRange)
		}
		list = append(list, i)
		if by > 0 && i > math.MaxInt64-by || by < 0 && i < math.MinInt64-by {
			break
		}
	}
	return list, nil
}

// arrayGetItem returns the element at an index, from 0.
func arrayGetItem(_ *environment, args []any) (any, error) {
	list, err := listArgument(args[0])
	if err != nil {
		return nil, err
	}
	i, err := wholeArgument(args[1])
	if err != nil {
		return nil, err
	}
	if i < 0 || i >= int64(len(list)) {
		return nil, fmt.Errorf("index %d is outside the array of %d", i, len(list))
	}
	return list[i], nil
}

func arrayLength(_ *environment, args []any) (any, error) {
	list, err := listArgument(args[0])
	return int64(len(list)), err
}

// arrayUnique drops the elements that equal one before them.
func arrayUnique(_ *environment, args []any) (any, error) {
	list, err := listArgument(args[0])
	if err != nil {
		return nil, err
	}
	unique := []any{}
	byHash := make(map[uint64][]any, len(list))
	for _, e := range list {
		h := value.Hash(e)
		if !slices.ContainsFunc(byHash[h], func(other any) bool { return value.Equal(e, other) }) {
			byHash[h] = append(byHash[h], e)
			unique = append(unique, e)
		}
	}
	return unique, nil
}

// maxText is the greatest length of the string of a Base64 function or of States.Hash. AWS, "Intrinsic functions".
const maxText = 10000

func base64Encode(_ *environment, args []any) (any, error) {
	text, err := shortText(args[0])
	return base64.StdEncoding.EncodeToString([]byte(text)), err
}

// base64Decode returns the decoded string, with U+FFFD in place of bytes that are not UTF-8.
func base64Decode(_ *environment, args []any) (any, error) {
	text, err := shortText(args[0])
	if err != nil {
		return nil, err
	}
	plain, err := base64.StdEncoding.DecodeString(text)
	if err != nil {
		return nil, errors.New("the text is not Base64")
	}
	return strings.ToValidUTF8(string(plain), "\uFFFD"), nil
}

// hash returns the hash in hexadecimal digits of a string, or of the JSON text of another value.
func hash(_ *environment, args []any) (any, error) {
	data, ok := args[0].(string)
	if !ok {
		data = value.Text(args[0])
	}
	if len(data) > maxText {
		return nil, fmt.Errorf("the data is longer than %d characters", maxText)
	}
	b := []byte(data)
	switch args[1] {
	case "MD5":
		sum := md5.Sum(b) //nolint:gosec // see the import
		return hex.EncodeToString(sum[:]), nil
	case "SHA-1":
		sum := sha1.Sum(b) //nolint:gosec // see the import
		return hex.EncodeToString(sum[:]), nil
	case "SHA-256":
		sum := sha256.Sum256(b)
		return hex.EncodeToString(sum[:]), nil
	case "SHA-384":
		sum := sha512.Sum384(b)
		return hex.EncodeToString(sum[:]), nil
	case "SHA-512":
		sum := sha512.Sum512(b)
		return hex.EncodeToString(sum[:]), nil
	}
	return nil, fmt.Errorf("%s is none of MD5, SHA-1, SHA-256, SHA-384, SHA-512", value.Text(args[1]))
}

// jsonMerge adds the members of the second object to those of the first, replacing equal keys.
func jsonMerge(_ *environment, args []any) (any, error) {
	a, okA := args[0].(*value.Object)
	b, okB := args[1].(*value.Object)
	if !okA || !okB {
		return nil, errors.New("the first two arguments must be objects")
	}
	if args[2] != false {
		return nil, errors.New("the third argument must be false: AWS merges only shallowly")
	}
	for k, v := range b.All() {
		a = a.With(k, v)
	}
	return a, nil
}

// mathRandom returns a whole number from the first argument to below the second, from the execution's seed or that of the third.
func mathRandom(env *environment, args []any) (any, error) {
	low, err := wholeArgument(args[0])
	if err != nil {
		return nil, err
	}
	high, err := wholeArgument(args[1])
	if err != nil {
		return nil, err
	}
	if high <= low {
		return nil, errors.New("the end must be greater than the start")
	}
	random := env.step.random()
	if len(args) == 3 {
		seed, err := wholeArgument(args[2])
		if err != nil {
			return nil, err
		}
		random = mix(uint64(seed)) //nolint:gosec // any bits will do
	}
	return low + int64(random%uint64(high-low)), nil //nolint:gosec // high > low; the sum wraps to the right place
}

func mathAdd(_ *environment, args []any) (any, error) {
	a, err := wholeArgument(args[0])
	if err != nil {
		return nil, err
	}
	b, err := wholeArgument(args[1])
	return a + b, err
}

// stringSplit splits at every character of its second argument and drops empty parts.
func stringSplit(_ *environment, args []any) (any, error) {
	text, err := textArgument(args[0])
	if err != nil {
		return nil, err
	}
	at, err := textArgument(args[1])
	if err != nil {
		return nil, err
	}
	parts := []any{}
	for _, part := range strings.FieldsFunc(text, func(r rune) bool { return strings.ContainsRune(at, r) }) {
		parts = append(parts, part)
	}
	return parts, nil
}

func uuid(env *environment, _ []any) (any, error) { return env.step.uuid(), nil }

func textArgument(v any) (string, error) {
	s, ok := v.(string)
	if !ok {
		return "", fmt.Errorf("%s is not a string", value.Text(v))
	}
	return s, nil
}

func shortText(v any) (string, error) {
	s, err := textArgument(v)
	if len(s) > maxText {
		return "", fmt.Errorf("the text is longer than %d characters", maxText)
	}
	return s, err
}

func listArgument(v any) ([]any, error) {
	list, ok := v.([]any)
	if !ok {
		return nil, fmt.Errorf("%s is not an array", value.Text(v))
	}
	return list, nil
}

// wholeArgument returns a number, rounded half up as on AWS.
func wholeArgument(v any) (int64, error) {
	if i, ok := v.(int64); ok {
		return i, nil
	}
	f, ok := v.(float64)
	if !ok || math.Abs(f) >= math.MaxInt64 {
		return 0, fmt.Errorf("%s is not a number in range", value.Text(v))
	}
	return int64(math.Floor(f + 0.5)), nil
}
