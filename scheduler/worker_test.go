package scheduler_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"leat/flows"
	"leat/scheduler"
)

// queue gives out its runs in order.
type queue struct {
	mu     sync.Mutex
	runs   []flows.Run
	claims int
}

func (q *queue) add(n int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for range n {
		q.runs = append(q.runs, flows.Run{ID: fmt.Sprint(len(q.runs))})
	}
}

func (q *queue) ClaimRun(context.Context, string, string, time.Duration) (flows.Run, error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.claims++
	if len(q.runs) == 0 {
		return flows.Run{}, flows.ErrNothingDue
	}
	run := q.runs[0]
	q.runs = q.runs[1:]
	return run, nil
}

// executor holds every run until the gate opens or the work is stopped.
type executor struct {
	mu                          sync.Mutex
	now, most, finished, cutOff int
	gate                        chan struct{}
}

func (x *executor) Execute(ctx context.Context, _ flows.Run) error {
	x.mu.Lock()
	x.now++
	x.most = max(x.most, x.now)
	x.mu.Unlock()
	var err error
	select {
	case <-x.gate:
	case <-ctx.Done():
		err = ctx.Err()
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	x.now--
	if err != nil {
		x.cutOff++
		return err
	}
	x.finished++
	return nil
}

func (x *executor) counts() (now, most, finished, cutOff int) {
	x.mu.Lock()
	defer x.mu.Unlock()
	return x.now, x.most, x.finished, x.cutOff
}

// start runs a worker and returns it with the function that stops it.
func start(t *testing.T, q *queue, x *executor, poll, drain time.Duration) (*scheduler.Worker, func()) {
	t.Helper()
	w := scheduler.NewWorker(scheduler.WorkerOptions{
		Runs: q, Engine: x, Node: "n", Lease: time.Minute, Concurrency: 3, Poll: poll, Drain: drain,
		Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		w.Run(ctx)
	}()
	return w, func() {
		cancel()
		select {
		case <-done:
		case <-time.After(time.Minute):
			t.Error("the worker did not stop")
		}
	}
}

// eventually waits for a condition.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for range 500 {
		if holds() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatalf("waited in vain until %s", what)
}

func TestWorkerIsBounded(t *testing.T) {
	q, x := &queue{}, &executor{gate: make(chan struct{})}
	q.add(10)
	_, stop := start(t, q, x, 10*time.Millisecond, time.Second)
	eventually(t, "three runs go on", func() bool { now, _, _, _ := x.counts(); return now == 3 })
	close(x.gate)
	eventually(t, "all runs are finished", func() bool { _, _, finished, _ := x.counts(); return finished == 10 })
	stop()
	if _, most, _, _ := x.counts(); most != 3 {
		t.Errorf("%d runs went on at once, want 3", most)
	}
}

func TestWakeIsFasterThanThePoll(t *testing.T) {
	q, x := &queue{}, &executor{gate: make(chan struct{})}
	close(x.gate)
	w, stop := start(t, q, x, time.Hour, time.Second)
	defer stop()
	eventually(t, "the worker looked once", func() bool { q.mu.Lock(); defer q.mu.Unlock(); return q.claims > 0 })
	q.add(1)
	w.Wake()
	eventually(t, "the run is finished", func() bool { _, _, finished, _ := x.counts(); return finished == 1 })
}

func TestStopDrainsThenCutsOff(t *testing.T) {
	t.Run("a run may end", func(t *testing.T) {
		q, x := &queue{}, &executor{gate: make(chan struct{})}
		q.add(2)
		_, stop := start(t, q, x, 10*time.Millisecond, time.Minute)
		eventually(t, "the runs go on", func() bool { now, _, _, _ := x.counts(); return now == 2 })
		time.AfterFunc(50*time.Millisecond, func() { q.add(5); close(x.gate) })
		stop()
		if _, _, finished, cutOff := x.counts(); finished != 2 || cutOff != 0 {
			t.Errorf("%d runs finished and %d were cut off, want 2 and 0", finished, cutOff)
		}
	})
	t.Run("a run that goes on is stopped", func(t *testing.T) {
		q, x := &queue{}, &executor{gate: make(chan struct{})}
		q.add(2)
		_, stop := start(t, q, x, 10*time.Millisecond, 50*time.Millisecond)
		eventually(t, "the runs go on", func() bool { now, _, _, _ := x.counts(); return now == 2 })
		stop()
		if _, _, finished, cutOff := x.counts(); finished != 0 || cutOff != 2 {
			t.Errorf("%d runs finished and %d were cut off, want 0 and 2", finished, cutOff)
		}
	})
}
