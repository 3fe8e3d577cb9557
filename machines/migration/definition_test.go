package migration_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/machines"
	"signalbox/machines/migration"
)

// Both definitions are valid by AWS's rules, name activities that exist, retry what may succeed, and catch the failure of
// every Task.
func TestDefinitions(t *testing.T) {
	for _, d := range definitions {
		m, faults := asl.Parse(d.text)
		if len(faults) > 0 {
			t.Fatalf("%s: %v", d.name, faults)
		}
		for s := range m.All() {
			if s.Type != asl.TypeTask {
				continue
			}
			if !slices.Contains(migration.Machine().Activities, s.Activity) {
				t.Errorf("%s: %s names the activity %q, which is none", d.name, s.Name, s.Activity)
			}
			if s.Activity != migration.Notify && (len(s.Retry) != 1 || !slices.Equal(s.Retry[0].ErrorEquals, []string{migration.ErrUnavailable})) {
				t.Errorf("%s: %s is not tried again when a store does not answer", d.name, s.Name)
			}
			last := len(s.Catch) - 1
			if m.State(s.Name) == s && (last < 0 || !slices.Equal(s.Catch[last].ErrorEquals, []string{asl.ErrAll})) {
				t.Errorf("%s: the failure of %s is not reported", d.name, s.Name)
			}
		}
	}
}

// What is paused begins nothing; what is cancelled while it waits never begins.
func TestPause(t *testing.T) {
	s := files(t)
	clock := engine.NewSimulated(engine.Epoch, 0)
	backend, err := migration.Open(s.plan(t, 10), machines.RunContext{Clock: clock, Note: func(string) {}})
	if err != nil {
		t.Fatal(err)
	}
	run := func() {
		t.Helper()
		if err := clock.Run(context.Background()); err != nil {
			t.Fatal(err)
		}
	}
	seeded, cancelled := &heard{answer: "nothing"}, &heard{answer: "nothing"}
	resume := backend.Pause()
	backend.Handler(migration.Seed).Start(engine.Task{Input: object(t, "{}")}, seeded)
	cancel := backend.Handler(migration.NextEntry).Start(engine.Task{Input: object(t, "{}")}, cancelled)
	run()
	if seeded.answer != "nothing" || backend.View().(migration.View).Of != 0 {
		t.Errorf("got answer %q while it is paused", seeded.answer)
	}
	cancel()
	resume()
	run()
	if seeded.answer != "" || cancelled.answer != "nothing" {
		t.Errorf("got answers %q and %q, want success and nothing", seeded.answer, cancelled.answer)
	}
	if err := backend.Close(); err != nil {
		t.Fatal(err)
	}
	if got := content(t, s.source, "SELECT id, state FROM entries WHERE state <> 'pending'"); got != nil {
		t.Errorf("taken: %v", got)
	}
}

// Views and notes show progress and rate.
func TestProgress(t *testing.T) {
	s := files(t)
	clock := engine.NewSimulated(engine.Epoch, 0)
	var notes []string
	backend, err := migration.Open(s.plan(t, 30), machines.RunContext{Clock: clock, Note: func(text string) { notes = append(notes, text) }})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = backend.Close() }()
	ask := func(activity, input string) {
		t.Helper()
		r := &heard{answer: "nothing"}
		clock.Post(func() { backend.Handler(activity).Start(engine.Task{Input: object(t, input)}, r) })
		if err := clock.Run(context.Background()); err != nil || r.answer != "" {
			t.Fatalf("%s: %v %q", activity, err, r.answer)
		}
	}
	pass := func(d time.Duration) {
		clock.AfterFunc(d, func() {})
		_ = clock.Run(context.Background())
	}
	view := func() migration.View { return backend.View().(migration.View) }
	ask(migration.Seed, "{}")
	for i := range 3 {
		pass(2 * time.Second)
		ask(migration.MoveBatch, `{"first": `+[]string{"1", "5", "9"}[i]+`, "last": `+[]string{"4", "8", "12"}[i]+`}`)
	}
	v := view()
	if v.Phase != migration.Copying || v.Done != 12 || v.Of != 30 || v.Pending != 18 || v.Moved != 12 || v.Failed != 0 {
		t.Errorf("got %+v", v)
	}
	if v.Rate != 2 || v.Left != 9*time.Second {
		t.Errorf("got %v a second and %v left, want 2 and 9s", v.Rate, v.Left)
	}
	ask(migration.NextEntry, "{}")
	ask(migration.MarkFailed, `{"id": 13}`)
	ask(migration.Notify, `{"entry": 13, "error": {"Error": "Bad", "Cause": "luck"}}`)
	ask(migration.Verify, "{}")
	v = view()
	if v.Phase != migration.Done || v.Moved != 12 || v.Failed != 1 || v.Pending != 17 || len(v.Failures) != 1 {
		t.Errorf("got %+v", v)
	}
	for _, want := range []string{
		"30 entries in the source, 30 still to be moved", "moving: 12 of 30 entries, 2 per second",
		"entry 13 could not be moved: Bad: luck", "verified: 12 of 30 migrated, 1 failed",
	} {
		if !slices.Contains(notes, want) {
			t.Errorf("no note %q: %q", want, notes)
		}
	}
}
