package asl_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	diff "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"signalbox/asl"
	"signalbox/asl/value"
	raced "signalbox/internal/race"
)

// A sketch writes random definitions that Parse takes: every type of state, inner blocks, errors, retries, timers, variables,
// random numbers, readers and writers.
type sketch struct {
	t     *rapid.T
	names int
}

func (s *sketch) n(least, most int) int  { return rapid.IntRange(least, most).Draw(s.t, "n") }
func (s *sketch) maybe() bool            { return rapid.Bool().Draw(s.t, "maybe") }
func (s *sketch) of(of ...string) string { return rapid.SampledFrom(of).Draw(s.t, "of") }

func (s *sketch) block(depth int) map[string]any {
	names := make([]string, s.n(1, 4))
	for i := range names {
		s.names++
		names[i] = fmt.Sprintf("S%d", s.names)
	}
	states := map[string]any{}
	for i, name := range names {
		states[name] = s.state(names, names[i+1:], depth)
	}
	return map[string]any{"StartAt": names[0], "States": states}
}

func (s *sketch) state(names, later []string, depth int) map[string]any {
	kinds := []string{"Pass", "Pass", "Task", "Task", "Wait"}
	if depth > 0 {
		kinds = append(kinds, "Parallel", "Map", "Map", "Distributed")
	}
	if len(later) > 0 {
		kinds = append(kinds, "Choice")
	} else {
		kinds = append(kinds, "Succeed", "Fail")
	}
	state := map[string]any{}
	kind := s.of(kinds...)
	switch kind {
	case "Succeed":
		return map[string]any{"Type": "Succeed"}
	case "Fail":
		return map[string]any{"Type": "Fail", "Error": s.of("E", "F"), "Cause": "c"}
	case "Choice":
		state["Choices"] = []any{map[string]any{
			"Variable": s.of("$.n", "$.t", "$$.State.Name"), "IsPresent": s.maybe(), "Next": s.of(later...),
		}}
		state["Type"], state["Default"] = "Choice", later[0]
		return state
	case "Pass":
		switch s.n(0, 4) {
		case 0:
			state["Parameters"] = map[string]any{"u.$": "States.UUID()", "t.$": "$$.State.EnteredTime"}
			state["ResultPath"] = "$.x"
		case 1:
			state["Result"], state["ResultPath"] = []any{1, "two", nil, map[string]any{"a": 3.5}}, "$.list"
		case 2:
			state["Assign"] = map[string]any{"v.$": "$", "w": 1}
		case 3:
			state["Parameters"], state["ResultPath"] = map[string]any{"v.$": "States.MathRandom(1, 100)"}, "$.n"
		}
	case "Wait":
		state["Seconds"] = s.n(0, 5)
	case "Task":
		state["Resource"], state["ResultPath"] = activityA, "$.t"
		if s.maybe() {
			state["TimeoutSeconds"] = s.n(5, 9)
			state["HeartbeatSeconds"] = s.n(1, 4)
		}
		if s.maybe() {
			state["Resource"] = "arn:aws:states:::sqs:sendMessage.waitForTaskToken"
			state["Parameters"] = map[string]any{"QueueUrl": "q", "MessageBody": map[string]any{"t.$": "$$.Task.Token"}}
		}
		s.errors(state, names)
	case "Parallel":
		branches := make([]any, s.n(1, 3))
		for i := range branches {
			branches[i] = s.block(depth - 1)
		}
		state["Branches"], state["ResultPath"] = branches, "$.p"
		s.errors(state, names)
	case "Map", "Distributed":
		s.mapState(state, kind == "Distributed", depth)
		kind = "Map"
		s.errors(state, names)
	}
	state["Type"] = kind
	if len(later) == 0 {
		state["End"] = true
	} else {
		state["Next"] = later[0]
	}
	return state
}

const activityA = "arn:aws:states:us-east-1:123456789012:activity:a"

func (s *sketch) mapState(state map[string]any, distributed bool, depth int) {
	processor := s.block(depth - 1)
	state["ItemProcessor"], state["ResultPath"] = processor, "$.m"
	state["ItemSelector"] = map[string]any{"items.$": "$.items", "v.$": "$$.Map.Item.Value"}
	state["MaxConcurrency"] = s.n(0, 3)
	if !distributed {
		state["ItemsPath"] = "$.items"
		return
	}
	processor["ProcessorConfig"] = map[string]any{"Mode": "DISTRIBUTED", "ExecutionType": "STANDARD"}
	if s.maybe() {
		state["ItemsPath"] = "$.items"
	} else {
		config := map[string]any{"InputType": "JSON"}
		resource, parameters := "arn:aws:states:::s3:getObject", map[string]any{"Bucket": "b", "Key": "k"}
		switch s.n(0, 2) {
		case 0:
			config = map[string]any{"InputType": "MANIFEST", "ManifestType": "ATHENA_DATA"}
		case 1:
			resource, parameters, config = "arn:aws:states:::s3:listObjectsV2", map[string]any{"Bucket": "b", "Prefix": "p"}, map[string]any{"MaxItems": 2}
		}
		state["ItemReader"] = map[string]any{"Resource": resource, "Parameters": parameters, "ReaderConfig": config}
	}
	if s.maybe() {
		state["ItemBatcher"] = map[string]any{"MaxItemsPerBatch": s.n(1, 3), "BatchInput": map[string]any{"b": 1}}
	}
	if s.maybe() {
		state["ToleratedFailurePercentage"] = s.n(0, 100)
	}
	if s.maybe() {
		state["ResultWriter"] = map[string]any{"Resource": "arn:aws:states:::s3:putObject", "Parameters": map[string]any{"Bucket": "b", "Prefix": "w"}}
	}
}

func (s *sketch) errors(state map[string]any, names []string) {
	if s.maybe() {
		retrier := map[string]any{
			"ErrorEquals": []any{s.of("E", "States.Timeout", "States.ALL")}, "MaxAttempts": s.n(0, 2), "IntervalSeconds": 1,
		}
		if s.maybe() {
			retrier["JitterStrategy"] = "FULL"
		}
		state["Retry"] = []any{retrier}
	}
	if s.maybe() {
		state["Catch"] = []any{map[string]any{"ErrorEquals": []any{"States.ALL"}, "ResultPath": "$.e", "Next": s.of(names...)}}
	}
}

// definition draws a definition with a timeout or without one.
func definition(t *rapid.T) []byte {
	s := &sketch{t: t}
	m := s.block(2)
	if s.maybe() {
		m["TimeoutSeconds"] = s.n(3, 60)
	}
	text, err := json.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// A world answers the effects of one execution in a random order: every answer that the engine could give, stale ones too.
type world struct {
	*rand.Rand
	now     time.Time
	pending []asl.Effect
}

// take brings what a Step has asked for into the list of what is pending.
func (w *world) take(effects []asl.Effect) {
	drop := func(id int64, kinds ...asl.EffectKind) {
		w.pending = slices.DeleteFunc(w.pending, func(e asl.Effect) bool { return e.ID == id && slices.Contains(kinds, e.Kind) })
	}
	for _, e := range effects {
		switch e.Kind {
		case asl.EffectCancelTask:
			drop(e.ID, asl.EffectStartTask)
		case asl.EffectCancelTimer:
			drop(e.ID, asl.EffectSetTimer)
		case asl.EffectStopChildren:
			drop(e.ID, asl.EffectStartChild)
		case asl.EffectFinish:
			w.pending = nil
		default:
			w.pending = append(w.pending, e)
		}
	}
}

// dropStale drops requests for objects that the execution no longer waits for: no effect takes them back.
func (w *world) dropStale(waits []asl.Effect) {
	w.pending = slices.DeleteFunc(w.pending, func(e asl.Effect) bool {
		return e.Kind == asl.EffectRequestObject && !slices.ContainsFunc(waits, func(wait asl.Effect) bool { return wait.ID == e.ID })
	})
}

// next returns the next event, and whether there is one.
func (w *world) next() (asl.Event, bool) {
	if len(w.pending) == 0 {
		return asl.Event{}, false
	}
	w.now = w.now.Add(time.Duration(w.IntN(1500)) * time.Millisecond)
	if w.IntN(60) == 0 {
		return asl.Event{Kind: asl.EventStop, Time: w.now, Failure: &asl.Error{Name: "Stopped"}}, true
	}
	i := w.IntN(len(w.pending))
	e := w.pending[i]
	event := asl.Event{Time: w.now, Scope: e.Scope, ID: e.ID}
	over := true
	switch e.Kind {
	case asl.EffectStartTask:
		event, over = w.answer(event)
	case asl.EffectSetTimer:
		event.Kind = asl.EventTimerFired
		if w.now.Before(e.At) {
			w.now = e.At
		}
		event.Time = w.now
	case asl.EffectStartChild:
		event.Kind = asl.EventChildEnded
		event.Child = &asl.ChildEnd{Request: e.Child, Status: asl.StatusSucceeded, Output: e.Child.Input, Started: epoch, Stopped: w.now}
		if w.IntN(4) == 0 {
			event.Child.Status, event.Child.Failure, event.Child.Output = asl.StatusFailed, &asl.Error{Name: "Child"}, nil
		}
	case asl.EffectRequestObject:
		event = w.object(event, e.Object)
	case asl.EffectContinue:
		event, over = asl.Event{Kind: asl.EventContinue, Time: w.now}, false
		// Two Steps may both have been unfinished: one EventContinue is for both.
		w.pending = slices.DeleteFunc(w.pending, func(e asl.Effect) bool { return e.Kind == asl.EffectContinue })
	}
	if over {
		w.pending = slices.Delete(w.pending, i, i+1)
	}
	return event, true
}

func (w *world) answer(event asl.Event) (_ asl.Event, over bool) {
	switch w.IntN(8) {
	case 0:
		event.Kind, event.Worker = asl.EventTaskStarted, "w"
		return event, false
	case 1:
		event.Kind, event.Output = asl.EventTaskSubmitted, value.NewObject("job", int64(7))
		return event, false
	case 2:
		event.Kind = asl.EventTaskHeartbeat
		return event, false
	case 3, 4:
		event.Kind, event.Failure = asl.EventTaskFailed, &asl.Error{Name: []string{"E", "F", ""}[w.IntN(3)], Cause: "c"}
	default:
		event.Kind, event.Output = asl.EventTaskSucceeded, value.NewObject("r", int64(w.IntN(100)), "text", "ünï\x00", "f", 0.1)
	}
	return event, true
}

func (w *world) object(event asl.Event, request any) asl.Event {
	event.Kind = asl.EventObjectSucceeded
	switch r := request.(type) {
	case asl.GetObject:
		event.Body = `[1,2,{"a":[3]},4,5]`
		if r.Key == "k" && w.IntN(2) == 0 {
			event.Body = "s3://b/1\ns3://b/2\n"
		}
	case asl.ListObjects:
		for _, key := range []string{"p1", "p2", "p3"} {
			event.Listed = append(event.Listed, value.NewObject("Key", key, "Size", int64(1)))
		}
	}
	if w.IntN(8) == 0 {
		event.Kind, event.Failure = asl.EventObjectFailed, &asl.Error{Cause: "gone"}
	}
	return event
}

// sameEvent reports whether two events hold the same, whatever they share.
func sameEvent(a, b asl.HistoryEvent) bool {
	if !sameValue(a.Data, b.Data) || !sameValue(a.Assigned, b.Assigned) || !sameError(a.Error, b.Error) || !sameRequest(a.Request, b.Request) {
		return false
	}
	a.Data, a.Assigned, a.Error, a.Request = b.Data, b.Assigned, b.Error, b.Request
	if !a.Time.Equal(b.Time) {
		return false
	}
	a.Time = b.Time
	a.Data, b.Data = nil, nil
	return a == b
}

func sameError(a, b *asl.Error) bool { return a == b || a != nil && b != nil && *a == *b }

func sameRequest(a, b *asl.TaskRequest) bool {
	return a == b || a != nil && b != nil && a.State == b.State && sameValue(a.Input, b.Input) && sameValue(a.Credentials, b.Credentials) &&
		a.Timeout == b.Timeout && a.Heartbeat == b.Heartbeat && a.Token == b.Token
}

func sameEffect(a, b asl.Effect) bool {
	if a.Kind != b.Kind || a.Scope != b.Scope || a.ID != b.ID || !a.At.Equal(b.At) || !sameRequest(a.Task, b.Task) ||
		(a.Object == nil) != (b.Object == nil) || a.Object != nil && fmt.Sprint(a.Object) != fmt.Sprint(b.Object) {
		return false
	}
	return a.Child == b.Child || a.Child != nil && b.Child != nil && a.Child.Identity == b.Child.Identity &&
		sameValue(a.Child.Input, b.Child.Input) && a.Child.Index == b.Child.Index && a.Child.Items == b.Child.Items
}

// sameValue compares what [value.Equal] takes for equal in the order of its keys and the form of its numbers, too.
func sameValue(a, b any) bool {
	switch x := a.(type) {
	case []any:
		y, ok := b.([]any)
		return ok && slices.EqualFunc(x, y, sameValue)
	case *value.Object:
		y, ok := b.(*value.Object)
		if !ok || x.Len() != y.Len() {
			return false
		}
		for i := range x.Len() {
			k, v := x.At(i)
			if l, u := y.At(i); k != l || !sameValue(v, u) {
				return false
			}
		}
		return true
	}
	return a == b
}

// printed is an event of the history as text.
func printed(e *asl.HistoryEvent) string {
	name := func(s *asl.State) string {
		if s == nil {
			return "-"
		}
		return s.Name
	}
	request := ""
	if r := e.Request; r != nil {
		request = fmt.Sprint(value.Text(r.Input), value.Text(r.Credentials), r.Timeout, r.Heartbeat, r.Token)
	}
	return fmt.Sprint(e.ID, " ", e.Previous, e.Time, e.Type.Name(), e.Reason, e.Index, name(e.State), name(e.From),
		value.Text(e.Data), value.Text(e.Assigned), request, fmt.Sprintf("%+v", e.Error))
}

// asked is an effect as text.
func asked(e *asl.Effect) string {
	text := fmt.Sprint(e.Kind, e.Scope, e.ID, e.At.UnixNano())
	if e.Object != nil {
		text += fmt.Sprint(e.Object)
	}
	if r := e.Task; r != nil {
		text += fmt.Sprint(r.State.Name, value.Text(r.Input), value.Text(r.Credentials), r.Timeout, r.Heartbeat, r.Token)
	}
	if r := e.Child; r != nil {
		text += fmt.Sprint(r.Identity, value.Text(r.Input), r.Index, r.Items)
	}
	return text
}

func texts[E any](list []E, text func(*E) string) []string {
	all := make([]string, len(list))
	for i := range list {
		all[i] = text(&list[i])
	}
	return all
}

// byID sorts effects as Waits does. An unfinished Step may have been asked for more than once.
func byID(list []asl.Effect) []asl.Effect {
	list = slices.Clone(list)
	order := func(e asl.Effect) int64 {
		if e.Kind == asl.EffectContinue {
			return math.MaxInt64
		}
		return e.ID
	}
	slices.SortStableFunc(list, func(a, b asl.Effect) int { return cmp.Compare(order(a), order(b)) })
	return slices.CompactFunc(list, func(a, b asl.Effect) bool { return a.Kind == asl.EffectContinue && b.Kind == a.Kind })
}

// storedRuns returns the number of orders of events that a random definition is run in: with 100 definitions about 10,000 in
// all, few of them of the definitions with hundreds of items, and a tenth with the race detector.
func storedRuns(many bool) uint64 {
	runs := uint64(110)
	if many {
		runs = 10
	}
	if raced.Enabled {
		runs = (runs + 9) / 10
	}
	return runs
}

// TestStoredExecutionsStepOnAsTheOriginal runs 100 random definitions in 10,000 random orders, in goroutines that share the
// definition's Machine. Beside the original go a copy that is stored and read back after every Step, and one that is changed
// in place: all have the same histories and ask for the same things, and the stored one knows what it waits for.
func TestStoredExecutionsStepOnAsTheOriginal(t *testing.T) {
	t.Parallel()
	few := []any{int64(1), "two", nil, value.NewObject("a", int64(4))}
	many := slices.Concat(few, make([]any, 300)) // more than one Step's budget
	rapid.Check(t, func(t *rapid.T) {
		in := value.NewObject("items", few, "n", int64(5))
		hasMany := rapid.IntRange(0, 9).Draw(t, "many") == 9
		if hasMany {
			in = in.With("items", many)
		}
		definition := definition(t)
		m, faults := asl.ParseWith(definition, asl.Options{Endless: true})
		if m == nil {
			t.Fatalf("%s\n%v", definition, faults)
		}
		seed := rapid.Uint64().Draw(t, "seed")
		runs := storedRuns(hasMany)
		failed := make([]string, runs)
		var next atomic.Uint64
		var workers sync.WaitGroup
		for range 4 {
			workers.Go(func() {
				for run := next.Add(1) - 1; run < runs; run = next.Add(1) - 1 {
					failed[run] = storedRun(m, in, seed, run)
				}
			})
		}
		workers.Wait()
		for run, text := range failed {
			if text != "" {
				t.Fatalf("%s\nseed %d, run %d: %s", definition, seed, run, text)
			}
		}
	})
}

// storedRun plays one order of events and returns what differed, "" if nothing did.
func storedRun(m *asl.Machine, in any, seed, run uint64) string {
	w := &world{Rand: rand.New(rand.NewPCG(seed, run)), now: epoch}
	who := asl.Identity{Name: "x", ID: "arn:x", StateMachineID: "arn:aws:states:us-east-1:1:stateMachine:m", StateMachineName: "m", Seed: seed}
	original := asl.NewExecution(who)
	stored, inPlace := original, asl.NewExecution(who)
	var out, outStored asl.Effects
	outInPlace := asl.Effects{Unshared: true}
	var b []byte
	event, more := asl.Event{Kind: asl.EventStart, Time: epoch, Input: in}, true
	// Endless definitions use up the budget of each Step: a few of those are enough.
	for step, events := 0, 0; more && step < 60 && events < 4000; step++ {
		out.Reset()
		outStored.Reset()
		outInPlace.Reset()
		before, printedBefore := original, m.AppendExecution(nil, &original)
		m.Step(&original, event, &out)
		m.Step(&stored, event, &outStored)
		m.Step(&inPlace, event, &outInPlace)
		for _, other := range []*asl.Effects{&outStored, &outInPlace} {
			want, got := slices.Collect(out.History.All()), slices.Collect(other.History.All())
			if !slices.EqualFunc(want, got, sameEvent) {
				return fmt.Sprintf("step %d: history (-original +other):\n%s", step, diff.Diff(texts(want, printed), texts(got, printed)))
			}
			if !slices.EqualFunc(out.Do, other.Do, sameEffect) {
				return fmt.Sprintf("step %d: effects (-original +other):\n%s", step, diff.Diff(texts(out.Do, asked), texts(other.Do, asked)))
			}
		}
		if !bytes.Equal(printedBefore, m.AppendExecution(nil, &before)) {
			return fmt.Sprintf("step %d has changed a copy that was made before", step)
		}
		b = m.AppendExecution(b[:0], &stored)
		var err error
		if stored, err = m.DecodeExecution(b); err != nil {
			return fmt.Sprintf("step %d: %v", step, err)
		}
		if again := m.AppendExecution(nil, &stored); !bytes.Equal(b, again) {
			return fmt.Sprintf("step %d: stored again it differs", step)
		}
		if m.Fingerprint(&original, w.now) != m.Fingerprint(&stored, w.now) {
			return fmt.Sprintf("step %d: the fingerprint differs", step)
		}
		w.take(out.Do)
		got := m.Waits(&stored)
		w.dropStale(got)
		if want := byID(w.pending); stored.Status == asl.StatusRunning && !slices.EqualFunc(got, want, sameEffect) {
			return fmt.Sprintf("step %d: it waits for (-want +got):\n%s", step, diff.Diff(texts(want, asked), texts(got, asked)))
		}
		event, more = w.next()
		events += out.History.Len()
	}
	return ""
}

// TestStoredExecutionsAreRefused: what is not a stored execution of this machine ends with an error that says so.
func TestStoredExecutionsAreRefused(t *testing.T) {
	const text = `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"` + activityA + `","End":true}}}`
	m, other := machine(t, []byte(text)), machine(t, []byte(text+" "))
	x := asl.NewExecution(asl.Identity{Name: "x"})
	var out asl.Effects
	m.Step(&x, asl.Event{Kind: asl.EventStart, Time: epoch, Input: value.NewObject("a", "b")}, &out)
	b := m.AppendExecution(nil, &x)
	if _, err := other.DecodeExecution(b); !errors.Is(err, asl.ErrOtherDefinition) {
		t.Errorf("another definition: got %v", err)
	}
	newer := slices.Clone(b)
	newer[0] = asl.StoredVersion + 1
	if _, err := m.DecodeExecution(newer); !errors.Is(err, asl.ErrOtherVersion) {
		t.Errorf("another version: got %v", err)
	}
	for i := range b {
		changed := slices.Clone(b)
		changed[i] ^= 0x10
		if _, err := m.DecodeExecution(changed); err == nil {
			t.Errorf("byte %d changed: no error", i)
		}
		if _, err := m.DecodeExecution(b[:i]); !errors.Is(err, asl.ErrDamaged) {
			t.Errorf("%d bytes: got %v", i, err)
		}
	}
}

// TestFingerprintsOfEqualExecutions: the numbers of tasks and events, and how long ago it began, do not count; what it waits for
// does.
func TestFingerprintsOfEqualExecutions(t *testing.T) {
	m := machine(t, []byte(`{"StartAt":"T","States":{
		"T":{"Type":"Task","Resource":"`+activityA+`","ResultPath":null,"Next":"W"},
		"W":{"Type":"Wait","Seconds":5,"Next":"C"},
		"C":{"Type":"Choice","Choices":[{"Variable":"$.end","IsPresent":true,"Next":"End"}],"Default":"T"},
		"End":{"Type":"Succeed"}}}`))
	x := asl.NewExecution(asl.Identity{Name: "x"})
	var out asl.Effects
	now := epoch
	seen := map[uint64][]string{}
	step := func(event asl.Event) asl.Effect {
		event.Time = now
		out.Reset()
		m.Step(&x, event, &out)
		hash := m.Fingerprint(&x, now)
		seen[hash] = append(seen[hash], x.Positions()[0].State.Name)
		return out.Do[len(out.Do)-1]
	}
	do := step(asl.Event{Kind: asl.EventStart, Input: value.NewObject("a", int64(1))})
	for range 3 {
		timer := step(asl.Event{Kind: asl.EventTaskSucceeded, ID: do.ID, Output: "ignored"})
		now = timer.At
		do = step(asl.Event{Kind: asl.EventTimerFired, ID: timer.ID})
	}
	if len(seen) != 2 {
		t.Errorf("got %d fingerprints, want one in T and one in W: %v", len(seen), seen)
	}
	waiting := x
	out.Reset()
	m.Step(&waiting, asl.Event{Kind: asl.EventTaskSucceeded, Time: now, ID: do.ID}, &out)
	if m.Fingerprint(&waiting, now) == m.Fingerprint(&waiting, now.Add(time.Second)) {
		t.Error("a Wait of 5 s and one of 4 s have the same fingerprint")
	}
}

// FuzzDecodeExecution: no bytes make decoding panic, nor the Steps after it.
func FuzzDecodeExecution(f *testing.F) {
	m := machine(f, []byte(`{"StartAt":"P","States":{"P":{"Type":"Parallel","Next":"D","Branches":[
		{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"`+activityA+`","TimeoutSeconds":9,"HeartbeatSeconds":3,"End":true,
			"Retry":[{"ErrorEquals":["States.ALL"]}]}}},
		{"StartAt":"M","States":{"M":{"Type":"Map","ItemsPath":"$.l","MaxConcurrency":2,"End":true,
			"ItemProcessor":{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"End":true}}}}}}]},
		"D":{"Type":"Map","ItemsPath":"$[0].l","End":true,"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},
			"StartAt":"S","States":{"S":{"Type":"Succeed"}}},
			"ResultWriter":{"Resource":"arn:aws:states:::s3:putObject","Parameters":{"Bucket":"b","Prefix":"w"}}}}}`))
	for seed := range uint64(20) {
		w := &world{Rand: rand.New(rand.NewPCG(seed, 0)), now: epoch}
		x := asl.NewExecution(asl.Identity{Name: "x", Seed: seed})
		event, more := asl.Event{Kind: asl.EventStart, Time: epoch, Input: value.NewObject("l", []any{int64(1), int64(2), int64(3)})}, true
		for i := uint64(0); more && i < seed; i++ {
			var out asl.Effects
			m.Step(&x, event, &out)
			w.take(out.Do)
			event, more = w.next()
		}
		stored := m.AppendExecution(nil, &x)
		f.Add(stored[:len(stored)-4], seed)
	}
	f.Fuzz(func(t *testing.T, body []byte, seed uint64) {
		if bytes.Count(body, []byte{9}) > 16 {
			return // a few more references make a text of gigabytes
		}
		x, err := m.DecodeExecution(asl.WithChecksum(body))
		if err != nil {
			if !errors.Is(err, asl.ErrDamaged) && !errors.Is(err, asl.ErrOtherVersion) && !errors.Is(err, asl.ErrOtherDefinition) {
				t.Errorf("an error of no kind: %v", err)
			}
			return
		}
		w := &world{Rand: rand.New(rand.NewPCG(seed, 1)), now: epoch, pending: m.Waits(&x)}
		for range 20 {
			event, more := w.next()
			if !more {
				break
			}
			var out asl.Effects
			m.Step(&x, event, &out)
			w.take(out.Do)
		}
	})
}

// BenchmarkStored stores an execution with a document of 10 kB and reads it back.
func BenchmarkStored(b *testing.B) {
	m := machine(b, []byte(`{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":5,"End":true}}}`))
	x := asl.NewExecution(asl.Identity{Name: "x", ID: "arn:x"})
	m.Step(&x, asl.Event{Kind: asl.EventStart, Time: epoch, Input: input(b, workload(b, "doc10k.json"))}, &asl.Effects{})
	stored := m.AppendExecution(nil, &x)
	b.Run("Append", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(stored)))
		for b.Loop() {
			stored = m.AppendExecution(stored[:0], &x)
		}
	})
	b.Run("Decode", func(b *testing.B) {
		b.ReportAllocs()
		b.SetBytes(int64(len(stored)))
		for b.Loop() {
			if _, err := m.DecodeExecution(stored); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("Fingerprint", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			m.Fingerprint(&x, epoch)
		}
	})
}

// TestStoredTextsAreNotTwice: what an execution holds in many places is stored once.
func TestStoredTextsAreNotTwice(t *testing.T) {
	m := machine(t, []byte(`{"StartAt":"P","States":{"P":{"Type":"Pass","Assign":{"v.$":"$","w.$":"$"},"Next":"W"},
		"W":{"Type":"Wait","Seconds":5,"End":true}}}`))
	x := asl.NewExecution(asl.Identity{Name: "x"})
	m.Step(&x, asl.Event{Kind: asl.EventStart, Time: epoch, Input: value.NewObject("text", strings.Repeat("a", 10_000))}, &asl.Effects{})
	if n := len(m.AppendExecution(nil, &x)); n > 11_000 {
		t.Errorf("got %d bytes for a text of 10,000 in four places", n)
	}
}
