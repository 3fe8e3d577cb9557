package engine

import (
	"maps"
	"slices"

	"signalbox/asl"
)

// A child links an execution to the distributed Map that started it.
type child struct {
	parent  *Run
	scope   asl.ScopePath
	mapRun  int64 // id of the effect that started it
	request *asl.ChildRequest
	end     *asl.ChildEnd // nil while it runs
}

// children are the executions that the distributed Maps of an execution have started. Nil: none.
type children struct {
	running map[int64]map[int]*Run // by the id of the Map's effects and the child's index
	// stopping lists Maps whose children are stopped although effects of earlier Steps wait for a commit: some of these may
	// start further children.
	stopping []int64
}

// family returns r.children, and allocates them if needed.
func (r *Run) family() *children {
	if r.children == nil {
		r.children = &children{running: map[int64]map[int]*Run{}}
	}
	return r.children
}

// stops reports whether a Map is in c.stopping.
func (c *children) stops(mapRun int64) bool { return c != nil && slices.Contains(c.stopping, mapRun) }

// stopped takes a Map out of c.stopping: the effects of its earlier Steps are done.
func (c *children) stopped(mapRun int64) {
	if c != nil {
		c.stopping = slices.DeleteFunc(c.stopping, func(id int64) bool { return id == mapRun })
	}
}

// newChild returns a Run for a child of a distributed Map, registered with its parent.
func (r *Run) newChild(effect *asl.Effect) *Run {
	running := r.family().running
	if running[effect.ID] == nil {
		running[effect.ID] = map[int]*Run{}
	}
	c := &Run{who: &effect.Child.Identity, child: &child{parent: r, scope: effect.Scope, mapRun: effect.ID, request: effect.Child}}
	running[effect.ID][effect.Child.Index] = c
	return c
}

// startChild starts a child of a distributed Map.
func (r *Run) startChild(effect *asl.Effect) {
	r.engine.start(r.newChild(effect), effect.Child.Machine, effect.Child.Input)
	if r.children.stops(effect.ID) {
		r.stopChildren(effect.ID) // it never begins, as without a journal
	}
}

// stopChildren stops the running children of a distributed Map.
func (r *Run) stopChildren(mapRun int64) {
	if r.children == nil {
		return
	}
	running := r.children.running[mapRun]
	delete(r.children.running, mapRun)
	for _, i := range slices.Sorted(maps.Keys(running)) {
		running[i].Stop("", "")
	}
}

// finish posts the end of a child to its parent. The ends of stopped children are ignored.
func (c *child) finish(x *asl.Execution) {
	running := c.parent.children.running
	siblings := running[c.mapRun]
	if _, there := siblings[c.request.Index]; !there {
		return
	}
	if delete(siblings, c.request.Index); len(siblings) == 0 {
		delete(running, c.mapRun)
	}
	c.end = asl.EndOf(c.request, x)
	c.parent.engine.options.Clock.post(c)
}

func (c *child) do() {
	c.parent.step(asl.Event{Kind: asl.EventChildEnded, Scope: c.scope, ID: c.mapRun, Child: c.end})
}
