package asl

// A vector is a list of fixed length. It is a value: a copy can be changed without touching the original, since a Step copies
// a node of the tree before it changes it for the first time. Changing one place of 10,000 copies about a kilobyte. The zero
// vector is empty.
type vector struct {
	n     int
	shift uint // how many bits of an index are for the levels below the root
	root  *node
}

// A node has 32 places: with 16 there are more levels to copy, with 64 the levels are larger.
const (
	nodeBits = 5
	nodeSize = 1 << nodeBits
)

// A node is a part of a vector. Where nothing has been set there is none.
type node struct {
	owner  uint64  // the Step that made this copy; see Scope.owner
	scopes int     // how many scopes are in it and below it
	kids   []*node // nil in a leaf
	leaf   []any   // nil elsewhere
}

func newVector(n int) vector {
	v := vector{n: n}
	for n > nodeSize<<v.shift {
		v.shift += nodeBits
	}
	return v
}

// at returns what is at place i, 0 ≤ i < n: nil where nothing has been set.
func (v *vector) at(i int) any {
	nd := v.root
	for shift := v.shift; nd != nil && shift > 0; shift -= nodeBits {
		nd = nd.kids[i>>shift&(nodeSize-1)]
	}
	if nd == nil {
		return nil
	}
	return nd.leaf[i&(nodeSize-1)]
}

// set puts x at place i, 0 ≤ i < n, in a Step of execution by.
func (v *vector) set(i int, x any, by *Execution) {
	change := 0
	if _, ok := x.(*Scope); ok {
		change++
	}
	if _, ok := v.at(i).(*Scope); ok {
		change--
	}
	at := &v.root
	for shift := v.shift; ; shift -= nodeBits {
		if *at == nil {
			*at = newNode(by.steps, min(nodeSize, (v.n-1)>>shift+1), shift == 0)
		} else {
			*at = (*at).own(by)
		}
		nd := *at
		nd.scopes += change
		if shift == 0 {
			nd.leaf[i&(nodeSize-1)] = x
			return
		}
		at = &nd.kids[i>>shift&(nodeSize-1)]
	}
}

func newNode(step uint64, size int, leaf bool) *node {
	if leaf {
		return &node{owner: step, leaf: make([]any, size)}
	}
	return &node{owner: step, kids: make([]*node, size)}
}

// own returns the node itself where no copy of the execution can have it, else a copy for the Step under way.
func (nd *node) own(by *Execution) *node {
	if nd.owner > by.shared {
		return nd
	}
	c := *nd
	c.owner = by.steps
	c.kids = append([]*node(nil), nd.kids...)
	c.leaf = append([]any(nil), nd.leaf...)
	return &c
}

// list returns what is at the first n places.
func (v *vector) list(n int) []any {
	list := make([]any, n)
	for i := range list {
		list[i] = v.at(i)
	}
	return list
}

// active returns how many scopes the vector holds.
func (v *vector) active() int {
	if v.root == nil {
		return 0
	}
	return v.root.scopes
}

// scopes returns the scopes that the vector holds, in order.
func (v *vector) scopes() []*Scope {
	if v.active() == 0 {
		return nil
	}
	return v.root.collect(make([]*Scope, 0, v.root.scopes))
}

func (nd *node) collect(list []*Scope) []*Scope {
	for _, kid := range nd.kids {
		if kid != nil && kid.scopes > 0 {
			list = kid.collect(list)
		}
	}
	for _, x := range nd.leaf {
		if sc, ok := x.(*Scope); ok {
			list = append(list, sc)
		}
	}
	return list
}
