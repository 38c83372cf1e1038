package engine

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"leat/connectors"
	"leat/flows"
)

var errDeadlock = &connectors.Error{Kind: connectors.Conflict, Retryable: true, Deadlock: true, Message: "two transactions waited for each other's locks"}

// deadlocking lets the first writes of a world end in a deadlock.
func (w *world) deadlocking(times int64) {
	var count atomic.Int64
	w.system.faults.write = func(context.Context, int64) error {
		if count.Add(1) <= times {
			return errDeadlock
		}
		return nil
	}
}

func TestADeadlockIsNoFailedAttempt(t *testing.T) {
	w := newWorld(t)
	w.deadlocking(deadlocksBorne)
	run := w.run()
	w.expect(run, flows.RunSucceeded, 1000)
	if run.Attempt != 1 || run.Error != nil || run.Streams[0].Error != nil || run.Streams[0].Read != 1000 {
		t.Errorf("the run ended in attempt %d: %+v", run.Attempt, run.Streams[0])
	}
	lines, err := w.store.Log(t.Context(), run.ID, 0, 100)
	w.must(err)
	told := 0
	for _, line := range lines {
		if strings.Contains(line.Message, "deadlock") {
			told++
		}
		if line.Level != levelInfo {
			t.Errorf("the log says %+v", line)
		}
	}
	if told != deadlocksBorne {
		t.Errorf("the log tells of %d deadlocks", told)
	}
}

func TestDeadlocksHaveAnEnd(t *testing.T) {
	w := newWorld(t)
	w.timing.retry = nil
	w.deadlocking(deadlocksBorne + 1)
	run := w.run()
	w.expect(run, flows.RunFailed, 0)
	if run.Error == nil || run.Error.Kind != string(connectors.Conflict) {
		t.Errorf("the run ended with %+v", run.Error)
	}
}

func TestACancelEndsDeadlocks(t *testing.T) {
	w := newWorld(t)
	ctx, cancel := context.WithCancel(t.Context())
	w.system.faults.write = func(working context.Context, _ int64) error {
		cancel()
		<-working.Done()
		return errDeadlock
	}
	run, err := w.RunFlow(ctx, "flow", RunOptions{})
	w.must(err)
	w.expect(run, flows.RunCancelled, 0)
}

// Two loads that met once do not meet again: the one that was ended waits for the other.
func TestALoadBeginsAgainAlone(t *testing.T) {
	w := newWorld(t)
	w.system.datasets["public.items"] = &dataset{rows: 500, batch: 100, key: []string{"id"}}
	w.save(stream("public.orders"), stream("public.items"))
	w.saveFlow(flows.Flow{
		Streams: []flows.Stream{stream("public.orders"), stream("public.items")},
		Options: flows.FlowOptions{Parallelism: 2},
	})
	var once sync.Once
	var begun atomic.Int64
	beside := make(chan struct{})
	w.system.faults.begin = func() error {
		if begun.Add(1) == 2 {
			close(beside)
		}
		return nil
	}
	stored := make(chan struct{})
	w.system.faults.write = func(ctx context.Context, _ int64) (err error) {
		once.Do(func() {
			<-beside // both are under way
			err = errDeadlock
		})
		return err
	}
	w.system.faults.commit = func() (bool, error) {
		if begun.Load() == 3 {
			select {
			case <-stored:
			default:
				t.Error("the load began again before the other one had ended")
			}
			return true, nil
		}
		close(stored)
		return true, nil
	}
	run := w.run()
	w.expect(run, flows.RunSucceeded, 1000)
	if run.Attempt != 1 || w.system.rows("main.items") != 500 || begun.Load() != 3 {
		t.Errorf("attempt %d, %d items, %d loads", run.Attempt, w.system.rows("main.items"), begun.Load())
	}
}
