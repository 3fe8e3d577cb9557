package value_test

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"signalbox/asl/value"
)

func TestAKeyThatComesTwiceKeepsItsPlace(t *testing.T) {
	if got := value.Text(value.NewObject("a", int64(1), "b", int64(2), "a", int64(3))); got != `{"a":3,"b":2}` {
		t.Errorf("got %s, want the first place and the last value", got)
	}
	// With enough keys for the index.
	var text, want []string
	for i := range 100 {
		text = append(text, fmt.Sprintf(`"k%d":%d`, i, i))
		want = append(want, fmt.Sprintf(`"k%d":%d`, i, i+1000))
	}
	for i := range 100 {
		text = append(text, fmt.Sprintf(`"k%d":%d`, 99-i, 99-i+1000))
	}
	if got := value.Text(read(t, "{"+strings.Join(text, ",")+"}")); got != "{"+strings.Join(want, ",")+"}" {
		t.Errorf("got %s, want the first places and the last values", got)
	}
}

func TestNilObjectIsEmpty(t *testing.T) {
	var o *value.Object
	if _, found := o.Lookup("a"); found || o.Len() != 0 || len(o.Keys()) != 0 || value.Text(o) != "{}" {
		t.Errorf("got %s with %d members, want none", value.Text(o), o.Len())
	}
	for k := range o.All() {
		t.Errorf("got the key %q, want none", k)
	}
	if got := value.Text(o.With("a", true)); got != `{"a":true}` {
		t.Errorf("got %s, want one member", got)
	}
}

func TestAllCanBeLeft(t *testing.T) {
	n := 0
	for range value.NewObject("a", nil, "b", nil, "c", nil).All() {
		if n++; n == 2 {
			break
		}
	}
	if n != 2 {
		t.Errorf("got %d members, want 2", n)
	}
}

// Objects, narrow and wide, are compared with a list of members through all that can be done to them.
func TestObjectsAreLists(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		type snapshot struct {
			o     *value.Object
			model []member
		}
		var o *value.Object
		var model []member
		var before []snapshot
		wide := rapid.SampledFrom([]int{5, 12, 80, 200}).Draw(t, "keys")
		key := rapid.Map(rapid.IntRange(0, wide), func(i int) string { return fmt.Sprint("k", i) })
		for range rapid.IntRange(0, 2*wide).Draw(t, "steps") {
			k, v := key.Draw(t, "key"), rapid.Int64().Draw(t, "value")
			before = append(before, snapshot{o, model})
			model = slices.Clone(model)
			if i := slices.IndexFunc(model, func(m member) bool { return m.Key == k }); i >= 0 {
				model[i].Value = v
			} else {
				model = append(model, member{k, v})
			}
			o = o.With(k, v)
		}
		check := func(name string, o *value.Object, model []member) {
			t.Helper()
			if o.Len() != len(model) {
				t.Fatalf("%s: got %d members, want %d", name, o.Len(), len(model))
			}
			for i, m := range model {
				k, v := o.At(i)
				found, ok := o.Lookup(m.Key)
				same, ok2 := o.ValueForKey(m.Key)
				if k != m.Key || v != m.Value || !ok || found != v || !ok2 || same != v || o.Keys()[i] != k {
					t.Fatalf("%s: got %s, want %v at %d", name, value.Text(o), m, i)
				}
			}
			if v, found := o.Lookup("nothing"); found {
				t.Fatalf("%s: got %v, want nothing", name, v)
			}
		}
		check("With", o, model)
		for _, s := range before {
			check("an object from before", s.o, s.model)
		}
		var b value.Builder
		var keys []string
		var list []any
		for _, m := range model {
			b.Set(m.Key, nil)
			keys, list = append(keys, m.Key), append(list, m.Value)
		}
		for _, m := range model {
			b.Set(m.Key, m.Value)
		}
		check("Builder", b.Object(), model)
		shape := value.ShapeOf(keys)
		other := shape.Object(make([]any, len(keys)))
		check("Shape", shape.Object(list), model)
		if other.With("another", nil).Len() != len(keys)+1 || other.Len() != len(keys) {
			t.Fatalf("an object of the shape changed: %s", value.Text(other))
		}
		if len(keys) > 0 {
			keys[0] = "changed"
			o.Keys()[0] = "changed"
			check("after its keys were changed outside", o, model)
			check("Shape after its keys were changed outside", shape.Object(list), model)
		}
	})
}

func TestObjectsCannotBeSetByPaths(t *testing.T) {
	o := value.NewObject("a", int64(1))
	for name, f := range map[string]func(){
		"SetValueForKey":    func() { o.SetValueForKey("a", nil) },
		"RemoveValueForKey": func() { o.RemoveValueForKey("a") },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s: got no panic, want one", name)
				}
			}()
			f()
		}()
	}
	if diff := cmp.Diff(value.NewObject("a", int64(1)), o, membersInOrder); diff != "" {
		t.Errorf("the object changed (-want +got):\n%s", diff)
	}
}

func TestShapesAreMadeFromAnyGoroutine(t *testing.T) {
	const goroutines = 4
	made := make([]*value.Object, goroutines)
	var wait sync.WaitGroup
	for g := range goroutines {
		wait.Go(func() {
			var o *value.Object
			for i := range 30 {
				o = o.With(fmt.Sprint("shared-", i), int64(i))
				value.NewObject(fmt.Sprint("own-", g, "-", i), nil)
			}
			made[g] = o
		})
	}
	wait.Wait()
	for _, o := range made {
		if o.Len() != 30 || !value.Equal(o, made[0]) {
			t.Errorf("got %s, want %s", value.Text(o), value.Text(made[0]))
		}
	}
}

// Objects used as dictionaries have keys that never come again.
func TestShapeTableIsBounded(t *testing.T) {
	value.ForgetShapes()
	if a, b := value.NewObject("s", nil, "t", nil), value.NewObject("s", true).With("t", nil); !value.SameShape(a, b) {
		t.Error("two objects with the same keys do not share their shape")
	}
	made := 0
	dictionaries := func(n int) {
		for range n {
			made++
			o := value.NewObject(fmt.Sprint("order-", made), int64(1), fmt.Sprint("of-", made), int64(2))
			o = o.With(fmt.Sprint("more-", made), int64(3))
			want := fmt.Sprintf(`{"order-%d":1,"of-%d":2,"more-%d":3}`, made, made, made)
			if got := value.Text(o); got != want {
				t.Fatalf("got %s, want %s", got, want)
			}
		}
	}
	dictionaries(value.MaxNext + 1)
	before := value.Shapes()
	dictionaries(1000)
	if after := value.Shapes(); after != before {
		t.Errorf("1000 dictionaries took %d places of the table for ever, want none", after-before)
	}

	// The other way to fill it: few keys, many orders.
	value.ForgetShapes()
	keys := make([]string, value.MaxNext)
	for i := range keys {
		keys[i] = fmt.Sprint("k", i)
	}
	const orders = value.MaxShapes/value.MaxNext + 100
	for i := range orders {
		first, second := keys[i%len(keys)], keys[(i/len(keys)+i+1)%len(keys)]
		for _, third := range keys {
			if o := value.NewObject("all", nil, first, nil, second, nil, third, true); o.Len() < 2 {
				t.Fatalf("got %s, want at least two members", value.Text(o))
			}
		}
	}
	if n := value.Shapes(); n != value.MaxShapes {
		t.Errorf("got %d shapes, want as many as the table may hold, %d", n, value.MaxShapes)
	}

	// Beyond both bounds objects are what they were.
	wide := value.NewObject()
	for i := range 2 * value.MaxShared {
		wide = wide.With(fmt.Sprint("w", i), int64(i))
	}
	for i := range 2 * value.MaxShared {
		if v, found := wide.Lookup(fmt.Sprint("w", i)); v != int64(i) || !found {
			t.Fatalf("w%d: got %v, %v; want %d", i, v, found, i)
		}
	}
}

// The shapes on the way to a wide one share its keys, and make an index when a key is looked for: a megabyte of objects that differ
// early takes megabytes of the table, not hundreds.
func TestShapesOfWideObjectsShareTheirKeys(t *testing.T) {
	value.ForgetShapes()
	defer value.ForgetShapes()
	var keys [value.MaxShared]string
	for i := range keys {
		keys[i] = fmt.Sprint("key-", i)
	}
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	const layouts = 1000
	for i := range layouts {
		keys[0], keys[1] = fmt.Sprint("first-", i%50), fmt.Sprint("second-", i/50)
		value.ShapeOf(keys[:])
	}
	runtime.ReadMemStats(&after)
	if got := (after.TotalAlloc - before.TotalAlloc) / layouts; got > 20_000 {
		t.Errorf("got %d bytes for each of the layouts, want at most 20,000", got)
	}
	if got := value.Shapes(); got < layouts*(value.MaxShared-2) {
		t.Errorf("got %d shapes, want those of %d layouts", got, layouts)
	}
}

// BenchmarkReadWide reads objects with a dozen keys each.
func BenchmarkReadWide(b *testing.B) {
	one := `{"id":1,"name":"x","first":1,"second":2,"third":3,"fourth":4,"fifth":5,"sixth":6,"seventh":7,"eighth":8,"ninth":9,"tenth":10}`
	text := []byte("[" + strings.Repeat(one+",", 3000) + "0]")
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := value.Read(text); err != nil {
			b.Fatal(err)
		}
	}
}
