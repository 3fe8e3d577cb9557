package asl

// This file holds Task states: their requests, timers and tokens.

import (
	"encoding/base64"
	"encoding/binary"
	"slices"
	"strings"
	"time"

	"signalbox/asl/value"
)

// taskStarted records once that the scope's task has been started, by a worker of that name ("": none).
func (st *stepper) taskStarted(sc *Scope, worker string) {
	if sc.started {
		return
	}
	sc.started = true
	e := HistoryEvent{Type: HistoryTaskStarted, State: sc.state}
	if worker != "" {
		e.Data = worker
	}
	st.record(sc, e)
}

// clearTask cancels the task's timers and forgets the task.
func (st *stepper) clearTask(sc *Scope) {
	sc.task, sc.request, sc.started = 0, nil, false
	st.cancelTimer(&sc.timer, sc.path)
	st.cancelTimer(&sc.heartbeat, sc.path)
}

// duration returns TimeoutSeconds or HeartbeatSeconds, or what their Path forms select; 0 for none.
func (st *stepper) duration(sc *Scope, s seconds, field string) (time.Duration, *Error) {
	if s.path == nil {
		return time.Duration(s.fixed) * time.Second, nil
	}
	v, err := st.env(sc, sc.data).lookup(s.path)
	if err != nil {
		return 0, noResults(s.path, err)
	}
	n, ok := v.(int64)
	if !ok || n <= 0 || n > maxSeconds {
		return 0, runtimeError("The %s parameter does not reference a positive integer: %s == %s", field, s.path, value.Text(v))
	}
	return time.Duration(n) * time.Second, nil
}

// startTask evaluates what the scope's Task asks for, sets its timers and asks for its start.
func (st *stepper) startTask(sc *Scope, in any) *Error {
	s := sc.state
	request := &TaskRequest{State: s, Input: in}
	st.x.ids++
	sc.task, sc.started = st.x.ids, false
	var err *Error
	if s.parameters != nil {
		if request.Input, err = s.parameters.eval(st.env(sc, in)); err != nil {
			return st.locate(sc, err)
		}
	}
	if s.credentials != nil {
		if request.Credentials, err = s.credentials.eval(st.env(sc, in)); err != nil {
			return st.locate(sc, err)
		}
	}
	if request.Timeout, err = st.duration(sc, s.timeout, "TimeoutSecondsPath"); err != nil {
		return st.locate(sc, err)
	}
	if request.Heartbeat, err = st.duration(sc, s.heartbeat, "HeartbeatSecondsPath"); err != nil {
		return st.locate(sc, err)
	}
	if s.waitsForToken() {
		request.Token = st.x.who.Token(sc.task)
	}
	if s.Activity != "" && slices.Contains(st.x.deleted, s.Resource) {
		return st.locate(sc, runtimeError("The activity %s does not exist.", s.Resource))
	}
	if err = s.checkParameters(request.Input); err != nil {
		return st.locate(sc, err)
	}
	st.record(sc, HistoryEvent{Type: HistoryTaskScheduled, State: s, Data: request.Input, Request: request})
	sc.phase, sc.request = tasking, request
	if request.Timeout > 0 {
		sc.timer, sc.due = st.setTimer(sc, st.now.Add(request.Timeout))
	}
	if request.Heartbeat > 0 {
		sc.heartbeat, sc.heartbeatDue = st.setTimer(sc, st.now.Add(request.Heartbeat))
	}
	st.out.Do = append(st.out.Do, Effect{Kind: EffectStartTask, Scope: sc.path, ID: sc.task, Task: request})
	return nil
}

// Token returns the task token of the execution's task with the given id. It derives from Seed and id alone.
func (who *Identity) Token(task int64) string {
	b := make([]byte, 0, 64)
	for i := range uint64(8) {
		b = binary.BigEndian.AppendUint64(b, mix(who.Seed^mix(uint64(task)<<8+i))) //nolint:gosec // an id is positive
	}
	return base64.StdEncoding.EncodeToString(b)
}

// waitsForToken reports whether a Task is answered by its token, from outside.
func (s *State) waitsForToken() bool { return strings.HasSuffix(s.Resource, ".waitForTaskToken") }

// isLambda reports whether a resource is the ARN of a Lambda function.
func isLambda(resource string) bool {
	return strings.Contains(resource, ":lambda:") && strings.Contains(resource, ":function:")
}
