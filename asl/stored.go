package asl

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"hash/fnv"
	"regexp"
	"slices"
	"time"

	"signalbox/asl/internal/items"
	"signalbox/asl/value"
)

// This file holds the stored form of an execution: everything that its next Steps depend on. One walk over the tree serves
// storing and comparing; what only the stored form has is written behind w.stored.

// StoredVersion is the version of the form that [Machine.AppendExecution] writes, and of what Step makes of an event. Older
// versions that [Machine.DecodeExecution] still reads are named there.
const StoredVersion = 1

// The errors of [Machine.DecodeExecution] beside damage, whose error is [ErrDamaged].
var (
	ErrOtherVersion    = errors.New("asl: the execution was stored by another version of the interpreter")
	ErrOtherDefinition = errors.New("asl: the execution was stored under another definition")
	ErrDamaged         = errors.New("asl: the stored execution is damaged")
)

// AppendExecution appends the stored form of an execution of this machine to b: a version, the definition's hash, the state
// of the run, and a checksum. Children of a distributed Map are executions of their own, and are stored with the machine of their
// [ChildRequest].
func (m *Machine) AppendExecution(b []byte, x *Execution) []byte {
	start := len(b)
	w := writer{Encoder: value.Encoder{Bytes: b}, stored: true}
	w.Byte(StoredVersion)
	w.Uint(m.hash)
	w.execution(x)
	sum := crc32.Checksum(w.Bytes[start:], castagnoli)
	return binary.LittleEndian.AppendUint32(w.Bytes, sum)
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// Fingerprint returns a hash of what the execution may still do at time at: two executions of one machine with equal
// fingerprints take the same events in the same way, but for the numbers of tasks, timers and history events. Times count
// relative to at, and only where the machine depends on them. The hash is the same in every process.
func (m *Machine) Fingerprint(x *Execution, at time.Time) uint64 {
	h := fnv.New64a()
	_, _ = h.Write(m.AppendCanonical(nil, x, at)) // it never fails
	return h.Sum64()
}

// AppendCanonical appends to b what [Machine.Fingerprint] hashes.
func (m *Machine) AppendCanonical(b []byte, x *Execution, at time.Time) []byte {
	w := writer{Encoder: value.Encoder{Bytes: b, Canonical: true}, at: instantOf(at), m: m, ids: map[int64]uint64{}}
	w.execution(x)
	return w.Bytes
}

// number prepares a machine that was read from text for storing and comparing its executions. Machines of children have the
// states of the whole.
func (m *Machine) number(text []byte) {
	sum := sha256.Sum256(text)
	m.hash = binary.LittleEndian.Uint64(sum[:])
	for s := range m.All() {
		s.number = int32(len(m.states)) //nolint:gosec // fewer than bytes in a definition
		m.states = append(m.states, s)
	}
	m.draws, m.readsTime = dependencies(text)
	distributed := func(s *State) bool { return s.distribution != nil }
	m.draws = m.draws || slices.ContainsFunc(m.states, distributed) // the children's names
	for _, s := range m.states {
		if distributed(s) {
			child := s.distribution.child
			child.hash, child.states, child.draws, child.readsTime = m.hash, m.states, m.draws, m.readsTime
		}
	}
}

// timeless are the parts of the context object that hold no time.
var timeless = regexp.MustCompile(
	`^\.(?:Map|Task|StateMachine|Execution\.(?:Id|Name|RoleArn|Input|RedriveCount)|State\.(?:Name|RetryCount))\b`)

// dependencies reports whether what a definition does may depend on random numbers, or on the times in the context object. It
// looks at the text alone, and says yes where it cannot know.
func dependencies(text []byte) (draws, readsTime bool) {
	has := func(part string) bool { return bytes.Contains(text, []byte(part)) }
	unknown := has(`\u`) || has("{%") // an escape may spell anything, and so may JSONata
	draws = unknown || has("States.UUID") || has("States.MathRandom") || has("JitterStrategy")
	readsTime = unknown
	for rest := text; !readsTime; {
		_, after, found := bytes.Cut(rest, []byte("$$"))
		if !found {
			break
		}
		readsTime = !timeless.Match(after)
		rest = after
	}
	return draws, readsTime
}

// A writer writes an execution in its stored or its canonical form.
type writer struct {
	value.Encoder
	stored bool // else canonical
	at     instant
	m      *Machine
	ids    map[int64]uint64 // numbers of tasks and timers in the order of the tree
}

// id writes the number of a task, timer or request; 0 stays 0.
func (w *writer) id(id int64) {
	switch {
	case w.stored:
		w.Int(id)
	case id == 0:
		w.Uint(0)
	default:
		if w.ids[id] == 0 {
			w.ids[id] = uint64(len(w.ids)) + 1
		}
		w.Uint(w.ids[id])
	}
}

// due writes the time of a timer.
func (w *writer) due(id int64, t instant) {
	if id != 0 {
		w.Int(int64(t - w.at))
	}
}

// clock writes a time that only a definition that reads times depends on.
func (w *writer) clock(t instant) {
	if w.stored {
		w.Int(int64(t))
	} else if w.m.readsTime {
		w.Int(int64(t - w.at))
	}
}

func (w *writer) time(t time.Time) {
	w.Bool(!t.IsZero())
	if !t.IsZero() {
		w.clock(instantOf(t))
	}
}

func (w *writer) err(e *Error) {
	w.Bool(e != nil)
	if e != nil {
		w.String(e.Name)
		w.String(e.Cause)
	}
}

func (w *writer) texts(list []string) {
	w.Bool(list != nil)
	if list != nil {
		w.Length(len(list))
		for _, s := range list {
			w.String(s)
		}
	}
}

// state writes the place of a state in the machine, 0 for none.
func (w *writer) state(s *State) {
	if s == nil {
		w.Int(0)
	} else {
		w.Int(int64(s.number) + 1)
	}
}

func (w *writer) identity(who *Identity) {
	for _, s := range []string{who.Name, who.ID, who.RoleARN, who.StateMachineID, who.StateMachineName} {
		w.String(s)
	}
	w.Uint(who.Seed)
}

func (w *writer) execution(x *Execution) {
	w.Byte(byte(x.Status))
	w.Value(x.Input)
	w.Value(x.Output)
	w.err(x.Failure)
	w.time(x.Started)
	w.time(x.Stopped)
	if w.stored {
		w.identity(x.who)
		w.Uint(x.steps)
		w.Int(x.events)
		w.Int(x.ids)
	}
	if w.stored || w.m.draws {
		w.Uint(x.draws)
	}
	if w.id(x.timeout); !w.stored {
		w.due(x.timeout, instantOf(x.Started.Add(w.m.Timeout)))
	}
	w.texts(x.deleted)
	w.Bool(x.unfinished)
	w.Bool(x.root != nil)
	if x.root != nil {
		w.scope(x.root)
	}
}

func (w *writer) scope(sc *Scope) {
	w.state(sc.state)
	w.Byte(byte(sc.phase))
	w.Value(sc.data)
	w.Value(sc.variables)
	if w.stored {
		w.state(sc.from)
		w.Byte(byte(sc.why))
		w.Int(int64(sc.whyIndex))
		w.Int(sc.enteredID)
		w.Int(sc.previous)
	}
	w.clock(sc.entered)
	w.Bool(sc.started)
	w.Bool(sc.attempts != nil)
	if sc.attempts != nil {
		w.Length(len(*sc.attempts))
		for _, n := range *sc.attempts {
			w.Int(int64(n))
		}
	}
	if w.id(sc.task); sc.task != 0 {
		w.request(sc.request)
	}
	w.id(sc.timer)
	w.due(sc.timer, sc.due)
	w.id(sc.heartbeat)
	w.due(sc.heartbeat, sc.heartbeatDue)
	w.err(sc.failure)
	w.Bool(sc.fan != nil)
	if sc.fan != nil {
		w.fan(sc.fan)
	}
}

func (w *writer) request(r *TaskRequest) {
	w.Bool(r != nil) // nil: what it asks for could not be evaluated
	if r == nil {
		return
	}
	w.Value(r.Input)
	w.Value(r.Credentials)
	w.Int(int64(r.Timeout))
	w.Int(int64(r.Heartbeat))
	w.String(r.Token)
}

// The parts of a fan.
const (
	partResult = iota
	partScope
	partRequest
	partEnd
)

func (w *writer) fan(f *fan) {
	w.Bool(f.items != nil)
	if f.items != nil {
		w.Value(f.items)
	}
	w.Value(f.input)
	for _, n := range []int{f.total, f.next, f.done, f.limit} {
		w.Int(int64(n))
	}
	if w.stored {
		w.Int(f.last)
	}
	w.Bool(f.run != nil)
	if f.run != nil {
		w.run(f.run)
	}
	w.Length(f.parts.n)
	begun := min(f.next, f.parts.n)
	w.Length(begun)
	for i := range begun {
		switch part := f.parts.at(i).(type) {
		case *Scope:
			w.Byte(partScope)
			w.scope(part)
		case *ChildRequest:
			w.Byte(partRequest)
			w.child(part)
		case *ChildEnd:
			w.Byte(partEnd)
			w.child(part.Request)
			w.Byte(byte(part.Status))
			w.Value(part.Output)
			w.err(part.Failure)
			w.time(part.Started)
			w.time(part.Stopped)
		default:
			w.Byte(partResult)
			w.Value(part)
		}
	}
}

func (w *writer) child(r *ChildRequest) {
	if w.stored {
		w.identity(&r.Identity)
	}
	w.Value(r.Input)
	w.Int(int64(r.Index))
	w.Int(int64(r.Items))
}

func (w *writer) run(run *mapRun) {
	w.id(run.id)
	if w.stored {
		w.String(run.name)
	}
	w.String(run.label)
	w.Byte(byte(run.stage))
	w.id(run.object)
	w.reading(&run.reading)
	w.Length(len(run.writing))
	for _, o := range run.writing {
		w.String(o.Bucket)
		w.String(o.Key)
		w.String(string(o.Body))
	}
	for _, n := range []int{run.items, run.running, run.failed, run.maxItems, run.maxBytes} {
		w.Int(int64(n))
	}
	w.Float(run.failures)
	w.Float(run.percentage)
	w.Value(run.batchInput)
}

func (w *writer) reading(r *reading) {
	w.Length(len(r.next))
	for _, file := range r.next {
		w.String(file.Bucket)
		w.String(file.Key)
	}
	w.Bool(r.listing)
	w.String(r.bucket)
	w.String(r.prefix)
	w.Bool(r.index)
	w.texts(r.headers)
	w.Bool(r.items != nil)
	if r.items != nil {
		w.Value(r.items)
	}
	w.Int(int64(r.max))
}

// DecodeExecution reads what AppendExecution has written for this machine. The execution steps on as the original would have. An
// error is ErrOtherVersion, ErrOtherDefinition or ErrDamaged (errors.Is), and nothing was decoded.
func (m *Machine) DecodeExecution(stored []byte) (Execution, error) {
	if len(stored) < 5 {
		return Execution{}, fmt.Errorf("%w: it has %d bytes", ErrDamaged, len(stored))
	}
	if stored[0] != StoredVersion {
		return Execution{}, fmt.Errorf("%w: version %d, this one is %d", ErrOtherVersion, stored[0], StoredVersion)
	}
	body, tail := stored[:len(stored)-4], stored[len(stored)-4:]
	if crc32.Checksum(body, castagnoli) != binary.LittleEndian.Uint32(tail) {
		return Execution{}, fmt.Errorf("%w: its checksum does not match", ErrDamaged)
	}
	r := reader{Decoder: value.NewDecoder(body[1:]), m: m}
	if r.Uint() != m.hash {
		return Execution{}, ErrOtherDefinition
	}
	x := r.execution()
	if rest := len(r.Rest()); rest > 0 {
		r.Fail("%d bytes too many", rest)
	}
	if err := r.Err(); err != nil {
		return Execution{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	return x, nil
}

// A reader reads what a writer has stored. It checks whatever a Step relies on, so that no bytes can make one panic.
type reader struct {
	*value.Decoder
	m *Machine
}

func (r *reader) instant() instant { return instant(r.Int()) }

func (r *reader) due(id int64) instant {
	if id == 0 {
		return 0
	}
	return r.instant()
}

func (r *reader) time() time.Time {
	if !r.Bool() {
		return time.Time{}
	}
	return r.instant().time()
}

func (r *reader) failure() *Error {
	if !r.Bool() {
		return nil
	}
	return &Error{r.String(), r.String()}
}

func (r *reader) texts() []string {
	if !r.Bool() {
		return nil
	}
	list := make([]string, r.Length())
	for i := range list {
		list[i] = r.String()
	}
	return list
}

func (r *reader) state() *State {
	n := r.number(0, len(r.m.states))
	if n == 0 {
		return nil
	}
	return r.m.states[n-1]
}

// number reads a whole number from least to most.
func (r *reader) number(least, most int) int {
	n := r.Int()
	if n < int64(least) || n > int64(most) {
		r.Fail("%d is not from %d to %d", n, least, most)
		return least
	}
	return int(n)
}

func (r *reader) kind(most byte) byte {
	b := r.Byte()
	if b > most {
		r.Fail("%d is more than %d", b, most)
		return 0
	}
	return b
}

func (r *reader) list() []any {
	if !r.Bool() {
		return nil
	}
	list, ok := r.Value().([]any)
	if !ok {
		r.Fail("an array was expected")
	}
	return list
}

func (r *reader) identity() Identity {
	return Identity{
		Name: r.String(), ID: r.String(), RoleARN: r.String(), StateMachineID: r.String(), StateMachineName: r.String(),
		Seed: r.Uint(),
	}
}

func (r *reader) execution() Execution {
	x := Execution{
		Status: Status(r.kind(byte(StatusAborted))), Input: r.Value(), Output: r.Value(), Failure: r.failure(),
		Started: r.time(), Stopped: r.time(),
	}
	who := r.identity()
	x.who = &who
	x.steps, x.events, x.ids, x.draws = r.Uint(), r.Int(), r.Int(), r.Uint()
	x.shared = x.steps
	x.timeout = r.Int()
	x.deleted = r.texts()
	x.unfinished = r.Bool()
	if r.Bool() {
		x.root = r.scope(&r.m.Block, "")
	}
	return x
}

// scope reads a scope of a block.
func (r *reader) scope(b *Block, path ScopePath) *Scope {
	sc := &Scope{path: path, state: r.state(), phase: phase(r.kind(byte(broken))), data: r.Value()}
	if r.Err() == nil && (sc.state == nil || b.byName[sc.state.Name] != sc.state) {
		r.Fail("the state is not one of the scope's block")
	}
	if r.Err() != nil {
		return sc
	}
	var ok bool
	if sc.variables, ok = r.Value().(*value.Object); !ok {
		r.Fail("variables are an object")
	}
	if sc.variables.Len() == 0 {
		sc.variables = nil
	}
	sc.from, sc.why, sc.whyIndex = r.state(), Reason(r.kind(byte(ReasonCatch))), int32(r.number(0, 1<<30)) //nolint:gosec // it fits
	sc.enteredID, sc.previous = r.Int(), r.Int()
	sc.entered = r.instant()
	sc.started = r.Bool()
	if r.Bool() {
		a := make(attempts, r.Length())
		for i := range a {
			a[i] = int32(r.number(0, 1<<30)) //nolint:gosec // it fits
		}
		if len(a) != len(sc.state.Retry) {
			r.Fail("%d attempts for %d retriers", len(a), len(sc.state.Retry))
		}
		sc.attempts = &a
	}
	if sc.task = r.Int(); sc.task != 0 {
		sc.request = r.request(sc.state)
	}
	sc.timer = r.Int()
	sc.due = r.due(sc.timer)
	sc.heartbeat = r.Int()
	sc.heartbeatDue = r.due(sc.heartbeat)
	sc.failure = r.failure()
	if r.Bool() {
		sc.fan = r.fan(sc.state, path)
	}
	if why := sc.inconsistent(); why != "" {
		r.Fail("%s: %s", sc.state.Name, why)
	}
	return sc
}

// inconsistent returns why a scope cannot be as it is, "" if it can.
func (sc *Scope) inconsistent() string {
	t := sc.state.Type
	switch {
	case (sc.phase == tasking) != (sc.request != nil), sc.phase == tasking && t != TypeTask:
		return "a task under way, and no request of a Task"
	case sc.phase == waiting && t != TypeWait:
		return "only a Wait waits"
	case sc.phase == fanned && sc.fan == nil:
		return "no branches, iterations or children"
	case sc.phase == broken && sc.failure == nil:
		return "broken without a failure"
	case sc.phase != fanned && sc.phase != broken && sc.fan != nil:
		return "branches, iterations or children too many"
	}
	return ""
}

func (r *reader) request(s *State) *TaskRequest {
	if !r.Bool() {
		return nil
	}
	return &TaskRequest{
		State: s, Input: r.Value(), Credentials: r.Value(),
		Timeout: time.Duration(r.Int()), Heartbeat: time.Duration(r.Int()), Token: r.String(),
	}
}

// maxParts bounds the places of a stored fan that have not begun and take no bytes: items of one list.
const maxParts = 1 << 27

func (r *reader) fan(s *State, path ScopePath) *fan {
	if s.Type != TypeParallel && s.Type != TypeMap {
		r.Fail("a %v has no branches", s.Type)
		return nil
	}
	f := &fan{items: r.list(), input: r.Value()}
	f.total, f.next, f.done, f.limit = r.number(0, maxParts), r.number(0, maxParts), r.number(0, maxParts), r.number(0, 1<<31-1)
	f.last = r.Int()
	if r.Bool() != s.Distributed {
		r.Fail("a Map run, or none, of a Map that is distributed, or not")
		return f
	}
	if s.Distributed {
		f.run = r.run()
	}
	n, begun := r.Uint(), r.Length()
	switch {
	case r.Err() != nil:
		return f
	case n > maxParts, uint64(begun) > n, begun != min(f.next, int(n)), !s.Distributed && n != uint64(f.total), //nolint:gosec // n fits
		s.Type == TypeParallel && f.total != len(s.Branches), !s.Distributed && s.Type == TypeMap && f.total != len(f.items),
		!s.Distributed && (f.next > f.total || f.done > f.next),
		s.Distributed && (n > uint64(len(f.items)) || f.run.items > len(f.items)):
		r.Fail("%d of %d parts", begun, n)
		return f
	}
	f.parts = newVector(int(n))
	owner := &Execution{}
	for i := range begun {
		if part := r.part(s, path.child(i), i); part != nil {
			f.parts.set(i, part, owner)
		}
		if r.Err() != nil {
			break
		}
	}
	return f
}

func (r *reader) part(s *State, path ScopePath, i int) any {
	kind := r.kind(partEnd)
	if distributed := kind == partRequest || kind == partEnd; distributed != s.Distributed {
		r.Fail("a part that its state does not have")
		return nil
	}
	switch kind {
	case partScope:
		block := s.Branches[0]
		if s.Type == TypeParallel {
			block = s.Branches[i]
		}
		return r.scope(block, path)
	case partRequest:
		return r.child(s, i)
	case partEnd:
		return &ChildEnd{
			Request: r.child(s, i), Status: Status(r.kind(byte(StatusAborted))), Output: r.Value(), Failure: r.failure(),
			Started: r.time(), Stopped: r.time(),
		}
	}
	return r.Value()
}

func (r *reader) child(s *State, i int) *ChildRequest {
	c := &ChildRequest{
		Machine: s.distribution.child, Identity: r.identity(), Input: r.Value(), Index: r.number(0, maxParts), Items: r.number(0, maxParts),
	}
	if c.Index != i {
		r.Fail("child %d at place %d", c.Index, i)
	}
	return c
}

func (r *reader) run() *mapRun {
	run := &mapRun{id: r.Int(), name: r.String(), label: r.String(), stage: stage(r.kind(byte(stageWriting))), object: r.Int()}
	run.reading = r.reading()
	if n := r.Length(); n > 0 {
		run.writing = make([]PutObject, n)
		for i := range run.writing {
			run.writing[i] = PutObject{r.String(), r.String(), []byte(r.String())}
		}
	}
	run.items, run.running, run.failed = r.number(0, maxParts), r.number(0, maxParts), r.number(0, maxParts)
	run.maxItems, run.maxBytes = r.number(-1<<31, 1<<31-1), r.number(0, 1<<31-1)
	run.failures, run.percentage, run.batchInput = r.Float(), r.Float(), r.Value()
	switch {
	case run.object == 0:
	case run.stage == stageReading && !run.reading.listing && len(run.reading.next) == 0,
		run.stage == stageWriting && len(run.writing) == 0:
		r.Fail("a request for no object")
	}
	return run
}

func (r *reader) reading() reading {
	var d reading
	if n := r.Length(); n > 0 {
		d.next = make([]items.File, n)
		for i := range d.next {
			d.next[i] = items.File{Bucket: r.String(), Key: r.String()}
		}
	}
	d.listing, d.bucket, d.prefix = r.Bool(), r.String(), r.String()
	d.index, d.headers = r.Bool(), r.texts()
	d.items, d.max = r.list(), r.number(-1<<31, 1<<31-1)
	return d
}
