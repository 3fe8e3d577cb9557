package value

// The shape table's size and bounds, for the test that fills it.
const (
	MaxNext   = maxNext
	MaxShared = maxShared
	MaxShapes = maxShapes
)

// ForgetShapes empties the table, so that what other tests made does not count.
func ForgetShapes() {
	empty = &shape{shared: true}
	shapes.Store(0)
}

func Shapes() int64 { return shapes.Load() }

func SameShape(a, b *Object) bool { return a.shape == b.shape }
