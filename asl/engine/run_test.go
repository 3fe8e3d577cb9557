package engine_test

import (
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
)

const account = "arn:aws:states:us-east-1:123456789012:"

// identity is that of an execution of a machine.
func identity(machine, name string) asl.Identity {
	return asl.Identity{
		Name: name, ID: account + "execution:" + machine + ":" + name,
		StateMachineName: machine, StateMachineID: account + "stateMachine:" + machine, Seed: 1,
	}
}

const waitAnHour = `{"StartAt":"W","States":{"W":{"Type":"Wait","Seconds":3600,"End":true}}}`

func arns(e *engine.Engine) (list []string) {
	for r := range e.Runs() {
		x := r.Snapshot()
		list = append(list, x.Identity().ID)
	}
	return list
}

func TestExecutionsAreKnownByTheirARN(t *testing.T) {
	m := parse(t, waitAnHour)
	clock := engine.NewSimulated(engine.Epoch, 0)
	e := engine.New(engine.Options{Clock: clock})
	start := func(machine, name string) error {
		_, err := e.Start(m, identity(machine, name), nil, nil)
		return err
	}
	for _, machine := range []string{"b", "a"} { // each has an execution of the same name
		if err := start(machine, "order-1"); err != nil {
			t.Fatal(err)
		}
	}
	err := start("a", "order-1")
	if !errors.Is(err, engine.ErrExists) {
		t.Errorf("got %v, want %v", err, engine.ErrExists)
	}
	const a, b = account + "execution:a:order-1", account + "execution:b:order-1"
	if want := "engine: execution " + a + ": already exists"; err.Error() != want {
		t.Errorf("got %q, want %q", err, want)
	}
	clock.AfterFunc(time.Second, func() {
		run, err := e.Lookup(a)
		if err != nil {
			t.Fatal(err)
		}
		if x := run.Snapshot(); x.Identity().ID != a || run.Machine() != m || run.Parent() != nil {
			t.Errorf("got %v, want %s", x.Identity(), a)
		}
		if _, err := e.Lookup("order-1"); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("by its bare name: got %v, want %v", err, engine.ErrNotFound)
		}
		if diff := cmp.Diff([]string{b, a}, arns(e)); diff != "" {
			t.Errorf("executions (-want +got):\n%s", diff)
		}
		run.Stop("", "")
		if _, err := e.Lookup(a); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("after its end: got %v, want %v", err, engine.ErrNotFound)
		}
		if err := start("a", "order-1"); err != nil {
			t.Errorf("a new one after the end: got %v, want nil", err)
		}
	})
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if list := arns(e); list != nil {
		t.Errorf("at the end: got %v, want none", list)
	}
}

func TestChildrenAreFoundBesideTheirParent(t *testing.T) {
	m := distributed(t, "", `"S":{"Type":"Wait","Seconds":1,"End":true}`)
	clock := engine.NewSimulated(engine.Epoch, 0)
	e := engine.New(engine.Options{Clock: clock})
	top, err := e.Start(m, identity("m", "top"), []any{"a", "b"}, nil)
	if err != nil {
		t.Fatal(err)
	}
	clock.AfterFunc(time.Second/2, func() {
		list := arns(e)
		if len(list) != 3 {
			t.Fatalf("got %v, want the execution and two children", list)
		}
		for i, arn := range list[1:] {
			child, err := e.Lookup(arn)
			if err != nil {
				t.Fatal(err)
			}
			if x := child.Snapshot(); child.Parent() != top || x.Input != []string{"a", "b"}[i] {
				t.Errorf("child %d: got %v with the input %v", i, child.Parent(), x.Input)
			}
		}
	})
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := value.Text(top.Snapshot().Output); got != `["a","b"]` {
		t.Errorf("got %s", got)
	}
}

// A logged handler notes what it is asked for, and never replies by itself.
type logged struct {
	name    string
	log     *[]string
	replies []engine.Reply
}

func (h *logged) Start(task engine.Task, reply engine.Reply) func() {
	*h.log = append(*h.log, h.name+" starts "+task.State)
	h.replies = append(h.replies, reply)
	return func() { *h.log = append(*h.log, h.name+" cancels "+task.State) }
}

func TestHandlersComeAndGo(t *testing.T) {
	const task = `{"Type":"Task","Resource":"arn:aws:states:us-east-1:123456789012:activity:work",`
	m := parse(t, `{"StartAt":"A","States":{"A":`+task+`"Next":"B"},"B":`+task+`"Next":"C"},"C":`+task+`"Next":"D"},
		"D":`+task+`"TimeoutSeconds":5,"End":true}}}`)
	clock := engine.NewSimulated(engine.Epoch, 0)
	var log []string
	first, second, other := &logged{name: "first", log: &log}, &logged{name: "second", log: &log}, &logged{name: "other", log: &log}
	handlers := map[string]engine.Handler{"work": first}
	e := engine.New(engine.Options{Clock: clock, Handlers: handlers, Other: other})
	run, err := e.Start(m, identity("m", "x"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	at := func(after time.Duration, do func()) { clock.AfterFunc(after, do) }
	at(1*time.Second, func() { e.Handle("work", second) })
	at(2*time.Second, func() { first.replies[0].Succeed(nil) }) // A is still the first one's
	at(3*time.Second, func() { e.Handle("work", nil) })
	at(4*time.Second, func() { second.replies[0].Succeed(nil) })
	at(5*time.Second, func() { e.Handle("work", first); other.replies[0].Succeed(nil) })
	at(6*time.Second, func() { e.Handle("work", nil) })
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	want := []string{"first starts A", "second starts B", "other starts C", "first starts D", "first cancels D"}
	if diff := cmp.Diff(want, log); diff != "" {
		t.Errorf("what the handlers did (-want +got):\n%s", diff)
	}
	if x := run.Snapshot(); x.Failure == nil || x.Failure.Name != asl.ErrTimeout {
		t.Errorf("got %v, want a timeout of D", x.Failure)
	}
	if handlers["work"] != first {
		t.Error("the map of Options has changed")
	}
}

func TestATaskHasWhatAWorkerNeeds(t *testing.T) {
	m := distributed(t, "", `"S":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",
		"TimeoutSeconds":60,"HeartbeatSeconds":20,"Credentials":{"RoleArn":"arn:aws:iam::123456789012:role/r"},
		"Parameters":{"QueueUrl":"q","MessageBody.$":"$$.Task.Token"},"End":true}`)
	var task engine.Task
	var taken string
	take := engine.HandlerFunc(func(t engine.Task) (any, string, string) {
		task = t
		taken = t.Token()
		return nil, "", ""
	})
	clock := engine.NewSimulated(engine.Epoch, 0)
	e := engine.New(engine.Options{Clock: clock, Other: take})
	if _, err := e.Start(m, identity("m", "top"), []any{int64(1)}, nil); err != nil {
		t.Fatal(err)
	}
	var child string
	clock.Post(func() { child = arns(e)[1] })
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	token, _ := task.Input.(*value.Object).Lookup("MessageBody")
	got := fmt.Sprint(task.Execution == child, task.Top, task.Timeout, task.Heartbeat, value.Text(task.Credentials), taken == token && token != "")
	want := fmt.Sprint(true, account+"execution:m:top", time.Minute, 20*time.Second, `{"RoleArn":"arn:aws:iam::123456789012:role/r"}`, true)
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestAReplySaysWhichWorkerHasBegun(t *testing.T) {
	m := parse(t, `{"StartAt":"T","States":{"T":{"Type":"Task","Resource":"`+activity("work")+`","TimeoutSeconds":9,"End":true}}}`)
	clock := engine.NewSimulated(engine.Epoch, 0)
	var log []string
	h := &logged{log: &log}
	e := engine.New(engine.Options{Clock: clock, Handlers: map[string]engine.Handler{"work": h}})
	run, err := e.Start(m, identity("m", "x"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	clock.AfterFunc(2*time.Second, func() { h.replies[0].Started("worker 7"); h.replies[0].Started("worker 8") })
	clock.AfterFunc(3*time.Second, func() { h.replies[0].Succeed("done") })
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	events := slices.Collect(run.History())
	i := slices.IndexFunc(events, func(e asl.HistoryEvent) bool { return e.Type == asl.HistoryTaskStarted })
	_, details := events[i].Details(asl.Identity{})
	got := fmt.Sprint(events[i].Name(), " ", events[i].Time.Sub(engine.Epoch), " ", value.Text(details))
	if want := `ActivityStarted 2s {"workerName":"worker 7"}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if len(events) != 7 {
		t.Errorf("got %d events, want 7: the second start does nothing", len(events))
	}
}

// A worker outside answers by the token: also of an activity, once its token has been asked for.
func TestAReplyIsFoundByItsToken(t *testing.T) {
	m := parse(t, `{"StartAt":"P","States":{"P":{"Type":"Parallel","End":true,"Branches":[
		{"StartAt":"A","States":{"A":{"Type":"Task","Resource":"`+activity("work")+`","End":true}}},
		{"StartAt":"B","States":{"B":{"Type":"Task","Resource":"arn:aws:states:::sqs:sendMessage.waitForTaskToken",
			"Parameters":{"QueueUrl":"q","MessageBody.$":"$$.Task.Token"},"End":true}}},
		{"StartAt":"C","States":{"C":{"Type":"Task","Resource":"`+activity("work")+`","TimeoutSeconds":3,
			"Catch":[{"ErrorEquals":["States.ALL"],"Next":"D"}],"End":true},"D":{"Type":"Pass","Result":"timed out","End":true}}}]}}}`)
	clock := engine.NewSimulated(engine.Epoch, 0)
	tokens := map[string]string{}
	work := handler(func(task engine.Task, _ engine.Reply) func() {
		tokens[task.State] = task.Token()
		return nil
	})
	queue := handler(func(task engine.Task, reply engine.Reply) func() {
		body, _ := task.Input.(*value.Object).Lookup("MessageBody")
		tokens[task.State], _ = body.(string)
		reply.Submit(nil)
		return nil
	})
	e := engine.New(engine.Options{Clock: clock, Handlers: map[string]engine.Handler{"work": work}, Other: queue})
	run, err := e.Start(m, identity("m", "x"), nil, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer := func(state string) {
		reply, err := e.ReplyTo(tokens[state])
		if err != nil {
			t.Fatalf("%s: %v", state, err)
		}
		reply.Succeed(state)
	}
	clock.AfterFunc(1*time.Second, func() { answer("A") })
	clock.AfterFunc(2*time.Second, func() { answer("B") })
	if err := clock.Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	if got := value.Text(run.Snapshot().Output); got != `["A","B","timed out"]` {
		t.Errorf("got %s", got)
	}
	for state, token := range tokens {
		if _, err := e.ReplyTo(token); !errors.Is(err, engine.ErrNotFound) {
			t.Errorf("%s: after its end: got %v, want %v", state, err, engine.ErrNotFound)
		}
	}
	if len(tokens) != 3 {
		t.Errorf("got %d tokens, want 3", len(tokens))
	}
}
