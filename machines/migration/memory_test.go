//go:build !race

package migration_test

import (
	"bytes"
	"runtime"
	"testing"

	"signalbox/asl"
	"signalbox/machines/migration"
)

// A migration holds a few batches, and a window of its history, however many entries there are. It finds a leak of 16 bytes
// an entry.
func TestMemoryStaysFlat(t *testing.T) {
	const rows, most = 100_000, 512 << 10
	heaps := heapsOf(t, rows)
	// After 60,000 entries everything that grows to a certain size has done so.
	if len(heaps) < rows/20_000 {
		t.Fatalf("looked %d times, want %d", len(heaps), rows/20_000)
	}
	settled := heaps[3]
	for i, heap := range heaps[4:] {
		if heap > settled+most {
			t.Errorf("the heap grew from %d to %d bytes, between 60,000 and %d entries", settled, heap, (i+4)*20_000)
		}
	}
	t.Logf("heap each 20,000 entries: %v", heaps)
}

// BenchmarkBatch makes, moves and verifies 100,000 entries in batches of some size, from one SQLite file to another.
func BenchmarkBatch(b *testing.B) {
	for _, size := range []string{"100", "1000", "10000"} {
		b.Run(size, func(b *testing.B) {
			text := bytes.ReplaceAll(migration.Batch().Definition, []byte(`"size": 1000`), []byte(`"size": `+size))
			for b.Loop() {
				if got := migrate(b, text, files(b).plan(b, 100_000), nil); got.x.Status != asl.StatusSucceeded {
					b.Fatal(got.x.Failure)
				}
			}
			b.ReportMetric(100_000*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
		})
	}
}

// heapsOf moves so many entries, in batches, and returns how large the heap was before each 20,000 of them.
func heapsOf(tb testing.TB, rows int64) (heaps []uint64) {
	var m runtime.MemStats
	s := files(tb)
	got := migrate(tb, migration.Batch().Definition, s.plan(tb, rows), func(point string) error {
		if point == "source divide begins" {
			runtime.GC()
			runtime.ReadMemStats(&m)
			heaps = append(heaps, m.HeapAlloc)
		}
		return nil
	})
	if got.x.Status != asl.StatusSucceeded {
		tb.Fatalf("got %v %v, want it to succeed", got.x.Status, got.x.Failure)
	}
	return heaps
}

// BenchmarkMillion makes, moves and verifies a million entries, from one SQLite file to another.
func BenchmarkMillion(b *testing.B) {
	const rows = 1_000_000
	for b.Loop() {
		heaps := heapsOf(b, rows)
		most := uint64(0)
		for _, heap := range heaps {
			most = max(most, heap)
		}
		b.ReportMetric(float64(most)/(1<<20), "MB-heap")
		b.ReportMetric(float64(most)/(1<<20)-float64(heaps[3])/(1<<20), "MB-grown")
	}
	b.ReportMetric(rows*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
}
