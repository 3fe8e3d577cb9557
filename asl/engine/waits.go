package engine

// waits are the timers and tasks that an execution waits for, by the ids of their effects: a list for up to maxFew, else a map.
type waits struct {
	few  []entry
	many map[int64]wait
}

// A wait has either a timer or a task.
type wait struct {
	timer *timer
	task  *pending
}

type entry struct {
	id int64
	wait
}

const maxFew = 8

func (w *waits) put(id int64, x wait) {
	if w.many == nil && len(w.few) == maxFew {
		w.many = make(map[int64]wait, 2*maxFew)
		for _, e := range w.few {
			w.many[e.id] = e.wait
		}
		w.few = nil
	}
	if w.many != nil {
		w.many[id] = x
		return
	}
	w.few = append(w.few, entry{id, x})
}

// find returns the wait with an id, and whether there is one.
func (w *waits) find(id int64) (wait, bool) {
	if x, ok := w.many[id]; ok {
		return x, true
	}
	for _, e := range w.few {
		if e.id == id {
			return e.wait, true
		}
	}
	return wait{}, false
}

// take removes the wait with an id, and reports whether there was one.
func (w *waits) take(id int64) (wait, bool) {
	if w.many != nil {
		x, ok := w.many[id]
		if delete(w.many, id); len(w.many) == 0 {
			w.many = nil
		}
		return x, ok
	}
	for i, e := range w.few {
		if e.id == id {
			last := len(w.few) - 1
			w.few[i] = w.few[last]
			w.few[last] = entry{}
			w.few = w.few[:last]
			return e.wait, true
		}
	}
	return wait{}, false
}
