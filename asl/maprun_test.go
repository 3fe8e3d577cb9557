package asl_test

import (
	"slices"
	"testing"

	"pgregory.net/rapid"

	"signalbox/asl"
	"signalbox/asl/value"
)

// A distributed Map ends alike in whatever order its children end, told twice or once, and a copy of its execution that is
// stepped does not touch the original.
func TestDistributedMapInAnyOrder(t *testing.T) {
	m := machine(t, []byte(`{"StartAt":"M","States":{"M":{"Type":"Map","MaxConcurrency":3,"ToleratedFailureCount":2,"End":true,
		"ItemReader":{"Resource":"arn:aws:states:::s3:getObject","Parameters":{"Bucket":"b","Key":"k"},
			"ReaderConfig":{"InputType":"JSONL","ManifestType":"ATHENA_DATA"}},
		"ItemBatcher":{"MaxItemsPerBatch":2},
		"ItemProcessor":{"ProcessorConfig":{"Mode":"DISTRIBUTED","ExecutionType":"STANDARD"},"StartAt":"P","States":{"P":{"Type":"Pass","End":true}}}}}}`))
	const want = `[{"Items":[1,2]},{"Items":[5,6]},{"Items":[7,8]},{"Items":[9]}]` // the second batch fails
	rapid.Check(t, func(t *rapid.T) {
		type fork struct {
			x    asl.Execution
			open []asl.Event
		}
		forks := []fork{{x: asl.NewExecution(asl.Identity{Seed: 1})}}
		step := func(f *fork, event asl.Event) {
			var out asl.Effects
			m.Step(&f.x, event, &out)
			f.open = slices.Clone(f.open)
			for _, do := range out.Do {
				event := asl.Event{Time: epoch, Scope: do.Scope, ID: do.ID}
				switch do.Kind {
				case asl.EffectRequestObject:
					event.Kind, event.Body = asl.EventObjectSucceeded, map[string]string{
						"k": "s3://b/1\ns3://b/2\n", "1": "1\n2\n3\n4\n5\n", "2": "6\n7\n8\n9\n",
					}[do.Object.(asl.GetObject).Key]
				case asl.EffectStartChild:
					event.Kind = asl.EventChildEnded
					event.Child = &asl.ChildEnd{Request: do.Child, Status: asl.StatusSucceeded, Output: do.Child.Input}
					if do.Child.Index == 1 {
						event.Child.Status, event.Child.Failure = asl.StatusFailed, &asl.Error{Name: "Second"}
					}
				case asl.EffectContinue:
					event.Kind = asl.EventContinue
				default:
					continue
				}
				f.open = append(f.open, event)
			}
		}
		step(&forks[0], asl.Event{Kind: asl.EventStart, Time: epoch})
		for range rapid.IntRange(1, 30).Draw(t, "steps") {
			i := rapid.IntRange(0, len(forks)-1).Draw(t, "which")
			if len(forks) < 4 && rapid.Bool().Draw(t, "fork") {
				forks = append(forks, forks[i])
			}
			f := &forks[i]
			if len(f.open) == 0 {
				continue
			}
			k := rapid.IntRange(0, len(f.open)-1).Draw(t, "event")
			event := f.open[k]
			if !rapid.Bool().Draw(t, "twice") {
				f.open = slices.Delete(slices.Clone(f.open), k, k+1)
			}
			step(f, event)
		}
		for i := range forks {
			f := &forks[i]
			for len(f.open) > 0 {
				event := f.open[0]
				f.open = f.open[1:]
				step(f, event)
			}
			if got := value.Text(f.x.Output); f.x.Status != asl.StatusSucceeded || got != want {
				t.Fatalf("copy %d ended as %v %s (%v), want %s", i, f.x.Status, got, f.x.Failure, want)
			}
		}
	})
}
