package value

// Size returns the length of v as compact JSON, in bytes. Objects remember theirs.
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
		return wholeSize(x)
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
		n := x.shape.frameSize()
		for _, v := range x.values {
			n += Size(v)
		}
		x.size.Store(int64(n))
		return n
	case float64:
		var room [32]byte
		return len(appendDouble(room[:0], x))
	default:
		return len(Append(nil, v))
	}
}

// frameSize returns the length of an object's text without its values: braces, keys, colons and commas.
func (s *shape) frameSize() int {
	n := int(s.frame.Load())
	if n == 0 {
		n = 2 + max(0, len(s.keys)-1)
		for _, key := range s.keys {
			n += stringSize(key) + 1
		}
		s.frame.Store(int64(n))
	}
	return n
}

func wholeSize(n int64) int {
	size, rest := 1, uint64(n) //nolint:gosec // made positive below
	if n < 0 {
		size, rest = 2, -rest
	}
	for ; rest >= 10; rest /= 10 {
		size++
	}
	return size
}

// stringSize returns the length of a string in quotes, with its escapes.
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
