package asl

import (
	"maps"
	"slices"
)

// Waits returns what the execution waits for, as the effects that asked for it: tasks, timers, children and objects, in the
// order of their IDs, then EffectContinue if a Step is unfinished. It is for an engine that takes up a stored execution. The
// list is empty before the execution begins and once it has ended.
func (m *Machine) Waits(x *Execution) []Effect {
	if x.root == nil || x.Status != StatusRunning {
		return nil
	}
	found := map[int64][]Effect{}
	add := func(e Effect) { found[e.ID] = append(found[e.ID], e) }
	if x.timeout != 0 {
		add(Effect{Kind: EffectSetTimer, ID: x.timeout, At: x.Started.Add(m.Timeout)})
	}
	x.root.waits(add)
	var list []Effect
	for _, id := range slices.Sorted(maps.Keys(found)) {
		list = append(list, found[id]...)
	}
	if x.unfinished {
		list = append(list, Effect{Kind: EffectContinue})
	}
	return list
}

// waits passes what the scope and those inside it wait for to add.
func (sc *Scope) waits(add func(Effect)) {
	if sc.phase == tasking {
		add(Effect{Kind: EffectStartTask, Scope: sc.path, ID: sc.task, Task: sc.request, Started: sc.started})
	}
	if sc.phase == tasking || sc.phase == waiting || sc.phase == backoff {
		if sc.timer != 0 {
			add(Effect{Kind: EffectSetTimer, Scope: sc.path, ID: sc.timer, At: sc.due.time()})
		}
		if sc.heartbeat != 0 {
			add(Effect{Kind: EffectSetTimer, Scope: sc.path, ID: sc.heartbeat, At: sc.heartbeatDue.time()})
		}
	}
	if sc.phase != fanned {
		return
	}
	for _, child := range sc.fan.parts.scopes() {
		child.waits(add)
	}
	run := sc.fan.run
	if run == nil {
		return
	}
	if run.object != 0 {
		add(Effect{Kind: EffectRequestObject, Scope: sc.path, ID: run.object, Object: run.request()})
	}
	for i := range min(sc.fan.next, sc.fan.parts.n) {
		if child, running := sc.fan.parts.at(i).(*ChildRequest); running {
			add(Effect{Kind: EffectStartChild, Scope: sc.path, ID: run.id, Child: child})
		}
	}
}

// request returns the request for an object that is under way.
func (run *mapRun) request() any {
	switch {
	case run.stage == stageWriting:
		return run.writing[0]
	case run.reading.listing:
		return ListObjects{run.reading.bucket, run.reading.prefix}
	}
	return GetObject(run.reading.next[0])
}
