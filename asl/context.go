package asl

import (
	"time"

	"signalbox/asl/value"
)

// context returns the context object, $$. The item is $$.Map.Item, nil outside ItemSelector. States Language, "The Context
// Object".
func (st *stepper) context(sc *Scope, item *value.Object) any {
	who := st.x.who
	var b value.Builder
	b.Set("Execution", value.NewObject(
		"Id", who.ID, "Input", st.x.Input, "StartTime", contextTime(st.x.Started), "Name", who.Name,
		"RoleArn", who.RoleARN, "RedriveCount", int64(0)))
	b.Set("StateMachine", value.NewObject("Id", who.StateMachineID, "Name", who.StateMachineName))
	state := value.NewObject("Name", sc.state.Name, "EnteredTime", contextTime(sc.entered.time()))
	if t := sc.state.Type; t == TypeTask || t == TypeParallel || t == TypeMap {
		state = state.With("RetryCount", int64(sc.retries()))
	}
	b.Set("State", state)
	if sc.state.waitsForToken() {
		b.Set("Task", value.NewObject("Token", st.x.who.Token(sc.task)))
	}
	if item != nil {
		b.Set("Map", value.NewObject("Item", item))
	}
	return b.Object()
}

func contextTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
