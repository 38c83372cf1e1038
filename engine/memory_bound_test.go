package engine

import (
	"context"
	"runtime"
	"testing"
	"time"

	"leat/flows"
)

// aliveBatches is the most batches of one load that may be alive: one is written, one
// waits, one is held by the producer.
const aliveBatches = 3

func TestSlowWriterHoldsTheReaderBack(t *testing.T) {
	w := newWorld(t)
	w.system.faults.write = func(context.Context, int64) error {
		time.Sleep(5 * time.Millisecond)
		return nil
	}
	w.expect(w.run(), flows.RunSucceeded, 1000)
	if most := w.system.most.Load(); most != aliveBatches {
		t.Errorf("%d batches were alive at once, want %d: reading and writing overlap and no more", most, aliveBatches)
	}
}

func TestMemoryDoesNotDependOnTheTable(t *testing.T) {
	w := newWorld(t)
	const batch, width = 10_000, 100
	w.system.datasets["public.orders"] = &dataset{rows: 1_000_000, batch: batch, width: width}
	before := heap()
	var most uint64
	w.system.faults.write = func(_ context.Context, rows int64) error {
		if rows%100_000 == 0 {
			most = max(most, heap())
		}
		return nil
	}
	w.expect(w.run(), flows.RunSucceeded, 1_000_000)
	grown := int64(most) - int64(before)
	// A batch is built by doubling its buffers, hence a few times its size.
	if limit := int64(16 << 20); grown > limit {
		t.Errorf("the heap grew by %d MiB while %d MiB travelled, want at most %d MiB", grown>>20, 1_000_000*(width+8)>>20, limit>>20)
	}
}

// heap is the number of bytes in use after a collection.
func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
