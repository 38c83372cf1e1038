// Package scheduler says when runs happen. Its worker claims the runs that are due and
// hands them to the engine, a bounded number at once. The run store with its leases is
// the truth; waking the worker only makes it look sooner.
package scheduler

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"leat/flows"
)

// Executor executes a claimed run. The engine is one.
type Executor interface {
	Execute(ctx context.Context, run flows.Run) error
}

// Claimer gives out runs that are due. flows.RunStore is one.
type Claimer interface {
	ClaimRun(ctx context.Context, node, flowID string, lease time.Duration) (flows.Run, error)
}

// WorkerOptions are what a worker is made of. Zero durations and numbers mean defaults.
type WorkerOptions struct {
	Runs   Claimer
	Engine Executor
	// Node names this process in leases.
	Node string
	// Lease is how long a claim holds without being renewed; the executor renews it.
	Lease time.Duration
	// Concurrency is how many runs are executed at once; 0 means 8.
	Concurrency int
	// Poll is the time between two looks at the store; 0 means 500 ms.
	Poll time.Duration
	// Drain is how long running runs may go on when the worker stops; 0 means 20 s.
	Drain time.Duration
	Log   *slog.Logger
}

// Worker claims and executes runs.
type Worker struct {
	WorkerOptions
	wake  chan struct{}
	slots chan struct{}
}

// NewWorker makes a worker that does nothing until Run.
func NewWorker(o WorkerOptions) *Worker {
	if o.Concurrency <= 0 {
		o.Concurrency = 8
	}
	if o.Poll <= 0 {
		o.Poll = 500 * time.Millisecond
	}
	if o.Drain <= 0 {
		o.Drain = 20 * time.Second
	}
	return &Worker{WorkerOptions: o, wake: make(chan struct{}, 1), slots: make(chan struct{}, o.Concurrency)}
}

// Wake makes the worker look at the store now. It never blocks.
func (w *Worker) Wake() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// Run claims and executes runs until ctx ends. Then it claims nothing more, gives the
// running ones the drain time, stops the rest (they are handed back to the store) and
// returns when all of them are gone.
func (w *Worker) Run(ctx context.Context) {
	working, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var running sync.WaitGroup
	for w.waitForSlot(ctx) {
		run, ok := w.claim(ctx)
		if !ok {
			<-w.slots
			w.sleep(ctx)
			continue
		}
		running.Go(func() {
			defer w.Wake() // a flow may have another run waiting
			defer func() { <-w.slots }()
			w.execute(working, run)
		})
	}
	cutOff := time.AfterFunc(w.Drain, stop)
	defer cutOff.Stop()
	running.Wait()
}

// waitForSlot is false when ctx has ended.
func (w *Worker) waitForSlot(ctx context.Context) bool {
	select {
	case w.slots <- struct{}{}:
	case <-ctx.Done():
		return false
	}
	if ctx.Err() != nil {
		<-w.slots
		return false
	}
	return true
}

// claim takes one run. It finishes once begun, so that no claimed run is forgotten when
// the worker stops.
func (w *Worker) claim(ctx context.Context) (flows.Run, bool) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	run, err := w.Runs.ClaimRun(ctx, w.Node, "", w.Lease)
	if err != nil && !errors.Is(err, flows.ErrNothingDue) {
		w.Log.ErrorContext(ctx, "claiming a run failed", "error", err)
	}
	return run, err == nil
}

func (w *Worker) execute(ctx context.Context, run flows.Run) {
	log := w.Log.With("run", run.ID, "flow", run.FlowName, "attempt", run.Attempt)
	log.InfoContext(ctx, "run begins")
	if err := w.Engine.Execute(ctx, run); err != nil {
		log.WarnContext(ctx, "run stopped without an outcome", "error", err)
		return
	}
	log.InfoContext(ctx, "run executed")
}

func (w *Worker) sleep(ctx context.Context) {
	timer := time.NewTimer(w.Poll)
	defer timer.Stop()
	select {
	case <-w.wake:
	case <-timer.C:
	case <-ctx.Done():
	}
}
