package value

import (
	"hash/maphash"
	"math"
)

// hashSeed differs from process to process, against values that were chosen to collide.
var hashSeed = maphash.MakeSeed()

// Hash returns a hash of v for maps in memory: values that are [Equal] have the same. It differs from process to process.
func Hash(v any) uint64 {
	switch x := v.(type) {
	case string:
		return maphash.String(hashSeed, x)
	case nil:
		return 1
	case bool:
		return maphash.Comparable(hashSeed, x)
	case []any:
		h := uint64(len(x)) + 2
		for _, e := range x {
			h = h*31 + Hash(e)
		}
		return h
	case *Object:
		h := 1<<32 + uint64(x.Len()) //nolint:gosec // a length is not negative
		for i := range x.Len() {
			key, member := x.At(i)
			h += maphash.String(hashSeed, key) * (2*Hash(member) + 1) // the order of the keys does not matter
		}
		return h
	default:
		f, _ := Float(v)
		return maphash.Comparable(hashSeed, math.Float64bits(f+0)) // -0 + 0 is 0
	}
}
