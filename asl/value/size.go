package value

import "strconv"

// Size returns how many bytes the compact JSON of v has. Objects remember theirs.
func Size(v any) int {
	switch x := v.(type) {
	case nil:
		return len("null")
	case bool:
		if x {
			return len("true")
		}
		return len("false")
	case string:
		return stringSize(x)
	case int64:
		var digits [20]byte
		return len(strconv.AppendInt(digits[:0], x, 10))
	case []any:
		n := 2 + max(0, len(x)-1)
		for _, e := range x {
			n += Size(e)
		}
		return n
	case *Object:
		if x == nil {
			return 2
		}
		if n := x.size.Load(); n > 0 {
			return int(n)
		}
		n := 2 + max(0, x.Len()-1)
		for i := range x.values {
			n += stringSize(x.shape.keys[i]) + 1 + Size(x.values[i])
		}
		x.size.Store(int64(n))
		return n
	default:
		return len(Append(nil, v))
	}
}

func stringSize(s string) int {
	n := len(s) + 2
	for i := range len(s) {
		switch c := s[i]; {
		case c >= ' ' && c != '"' && c != '\\':
		case c == '"', c == '\\', c == '\n', c == '\r', c == '\t', c == '\b', c == '\f':
			n++
		default:
			n += len(`\u0000`) - 1
		}
	}
	return n
}
