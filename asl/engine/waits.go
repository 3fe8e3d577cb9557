package engine

// waits are the timers and tasks that an execution waits for, by the ids of their effects: in a list while there are few,
// as there nearly always are, and in a map once a Map has many under way.
type waits struct {
	few  []entry
	many map[int64]wait
}

// A wait is for a timer, or for a task.
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

// find returns what is known by the id, and whether there is something.
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

// take removes what is known by the id, and reports whether there was something.
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
