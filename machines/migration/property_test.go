package migration_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"signalbox/asl"
	"signalbox/asl/engine"
	"signalbox/asl/value"
	"signalbox/machines"
	"signalbox/machines/migration"
)

// A model is what should be: the states of entries, and which are in the target.
type model struct {
	states  map[int64]migration.State
	written map[int64]bool
}

func (m model) first(from, to int64, states ...migration.State) (int64, bool) {
	for id := from; id <= to; id++ {
		for _, s := range states {
			if m.states[id] == s {
				return id, true
			}
		}
	}
	return 0, false
}

// do is what an activity should answer, "" or the name of an error, and what it makes of the model. It may stop after each
// of its transactions: step asks whether it goes on.
func (m model) do(activity string, id, last int64, step func() bool) string {
	state := m.states[id]
	open := func(id int64) bool { return m.states[id] == migration.Pending || m.states[id] == migration.Moving }
	switch activity {
	case migration.Seed:
		if step() {
			for i, s := range m.states {
				if s == migration.Failed {
					m.states[i] = migration.Pending
				}
			}
		}
	case migration.NextEntry:
		if first, ok := m.first(id, last, migration.Pending, migration.Moving); ok && step() {
			m.states[first] = migration.Moving
		}
	case migration.WriteEntry:
		if state != migration.Moving && state != migration.Migrated {
			return migration.ErrRefused
		}
		if step() {
			m.written[id] = true
		}
	case migration.MarkMigrated:
		if !m.written[id] || state != migration.Moving && state != migration.Migrated {
			return migration.ErrRefused
		}
		if step() {
			m.states[id] = migration.Migrated
		}
	case migration.MarkFailed:
		if state != migration.Moving && state != migration.Failed {
			return migration.ErrRefused
		}
		if step() {
			m.states[id] = migration.Failed
		}
	case migration.MoveBatch:
		var batch []int64
		for i := id; i <= last; i++ {
			if open(i) {
				batch = append(batch, i)
			}
		}
		for _, to := range []func(int64){
			func(i int64) { m.states[i] = migration.Moving },
			func(i int64) { m.written[i] = true },
			func(i int64) { m.states[i] = migration.Migrated },
		} {
			if len(batch) == 0 || !step() {
				break
			}
			for _, i := range batch {
				to(i)
			}
		}
	}
	return ""
}

// Activities in any order, as no sane definition has them, with stores that break down before or after a commit and
// processes that begin anew: the stores are what a small model says, and what is migrated stays so. At the end the proper
// definition moves the rest.
func TestAnyOrderOfActivitiesLosesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		const rows = 6
		dir, err := os.MkdirTemp("", "migration")
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = os.RemoveAll(dir) }()
		s := stores{filepath.Join(dir, "source.db"), filepath.Join(dir, "target.db")}
		p := s.plan(t, rows)
		w := &wild{t: t, plan: p}
		w.open()
		if name := w.ask(migration.Seed, "{}"); name != "" {
			t.Fatal(name)
		}
		m := model{map[int64]migration.State{}, map[int64]bool{}}
		for id := range int64(rows) {
			m.states[id+1] = migration.Pending
		}
		kinds := []string{
			migration.Seed, migration.NextEntry, migration.WriteEntry, migration.MarkMigrated, migration.MarkFailed,
			migration.MoveBatch, "restart",
		}
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			activity := rapid.SampledFrom(kinds).Draw(t, "activity")
			if activity == "restart" {
				w.close()
				w.open()
				continue
			}
			id := rapid.Int64Range(1, rows).Draw(t, "id")
			last := rapid.Int64Range(id, rows).Draw(t, "last")
			input := fmt.Sprintf(`{"id": %d}`, id)
			switch activity {
			case migration.Seed:
				input = "{}"
			case migration.NextEntry, migration.MoveBatch:
				input = fmt.Sprintf(`{"first": %d, "last": %d}`, id, last)
			}
			// The commit with this number breaks: before it is done, or after.
			commit := rapid.IntRange(0, 4).Draw(t, "broken commit")
			before := rapid.Bool().Draw(t, "before it is done")
			commits, changes := 0, 0
			w.fault = func(point string) error {
				reading := strings.Contains(point, " read ") || strings.Contains(point, " holds ") || strings.Contains(point, " counts ")
				switch {
				case reading:
				case strings.HasSuffix(point, " commits"):
					if commits++; commits == commit && before {
						return errors.New("broken pipe")
					}
				case strings.HasSuffix(point, " committed"):
					changes++
					if commits == commit {
						return errors.New("broken pipe")
					}
				}
				return nil
			}
			got := w.ask(activity, input)
			w.fault = nil
			done := 0
			want := m.do(activity, id, last, func() bool { done++; return done <= changes })
			if commits >= commit && commit > 0 && want == "" {
				want = migration.ErrUnavailable
			}
			if got != want {
				t.Fatalf("%s %s: got %q, want %q", activity, input, got, want)
			}
			w.compare(m, s)
		}
		w.close()

		d := rapid.SampledFrom(definitions).Draw(t, "definition")
		if got := migrate(t, d.text, p, nil); got.x.Status != asl.StatusSucceeded {
			t.Fatalf("got %v %v, want it to succeed", got.x.Status, got.x.Failure)
		}
		wantAllMoved(t, s, rows)
	})
}

// wild asks a backend for activities without an execution.
type wild struct {
	t       *rapid.T
	plan    migration.Plan
	clock   *engine.Clock
	backend *migration.Backend
	fault   func(point string) error
}

func (w *wild) open() {
	w.clock = engine.NewSimulated(engine.Epoch, 0)
	var err error
	w.backend, err = migration.Open(w.plan, machines.RunContext{Clock: w.clock, Note: func(string) {}})
	if err != nil {
		w.t.Fatal(err)
	}
	w.backend.SetFault(func(point string) error {
		if w.fault == nil {
			return nil
		}
		return w.fault(point)
	})
}

func (w *wild) close() {
	if err := w.backend.Close(); err != nil {
		w.t.Fatal(err)
	}
}

// ask returns the error name that an activity answers with, "" if it succeeds.
func (w *wild) ask(activity, input string) string {
	r := &heard{answer: "nothing"}
	w.clock.Post(func() { w.backend.Handler(activity).Start(engine.Task{Input: object(w.t, input)}, r) })
	if err := w.clock.Run(context.Background()); err != nil {
		w.t.Fatal(err)
	}
	return r.answer
}

func object(tb rapid.TB, text string) any {
	tb.Helper()
	v, err := value.Read([]byte(text))
	if err != nil {
		tb.Fatal(err)
	}
	return v
}

type heard struct{ answer string }

func (h *heard) Succeed(any)         { h.answer = "" }
func (h *heard) Fail(name, _ string) { h.answer = name }
func (*heard) Heartbeat()            {}
func (*heard) Started(string)        {}
func (*heard) Submit(any)            {}

// compare wants the stores to be what the model says.
func (w *wild) compare(m model, s stores) {
	var states, written []string
	for _, id := range slices.Sorted(maps.Keys(m.states)) {
		states = append(states, fmt.Sprint(id, " ", m.states[id]))
		if m.written[id] {
			written = append(written, fmt.Sprint(id, " "))
		}
	}
	if diff := cmp.Diff(states, content(w.t, s.source, "SELECT id, state FROM entries ORDER BY id")); diff != "" {
		w.t.Fatalf("states in the source (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(written, content(w.t, s.target, "SELECT id, '' FROM entries ORDER BY id")); diff != "" {
		w.t.Fatalf("entries in the target (-want +got):\n%s", diff)
	}
}
