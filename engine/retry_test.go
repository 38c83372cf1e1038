package engine

import (
	"context"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"leat/connectors"
	"leat/flows"
)

// failing makes the first reads of a world end early, and gives the number of reads.
func (w *world) failing(reads int64, err error) *atomic.Int64 {
	var count atomic.Int64
	w.timing.retry = []time.Duration{40 * time.Millisecond, 40 * time.Millisecond}
	w.system.faults.next = func(event int) error {
		if event == 1 {
			count.Add(1)
		}
		if event == 5 && count.Load() <= reads {
			return err
		}
		return nil
	}
	return &count
}

func TestWhatMayPassIsRetriedWithinTheRun(t *testing.T) {
	w := newWorld(t)
	w.failing(2, errUnreachable)
	var notices []string
	run, err := w.RunFlow(t.Context(), "flow", RunOptions{Notice: func(s string) { notices = append(notices, s) }})
	w.must(err)
	w.expect(run, flows.RunSucceeded, 1000)
	if run.Attempt != 3 || run.Error != nil {
		t.Errorf("the run ended in attempt %d with %+v", run.Attempt, run.Error)
	}
	if len(notices) != 2 || !strings.Contains(notices[0], "waiting to retry") || !strings.Contains(notices[0], "the connection broke") {
		t.Errorf("it was said %q", notices)
	}
	lines, err := w.store.Log(t.Context(), run.ID, 0, 100)
	w.must(err)
	var log []string
	for _, line := range lines {
		log = append(log, line.Message)
	}
	for _, want := range []string{"waiting to retry: attempt 2 of 3", "waiting to retry: attempt 3 of 3", "attempt 3 begins", "the run ended: succeeded"} {
		if !strings.Contains(strings.Join(log, "\n"), want) {
			t.Errorf("the log does not say %q: %q", want, log)
		}
	}
}

func TestRetriesHaveAnEnd(t *testing.T) {
	for name, c := range map[string]struct {
		err   error
		reads int64
	}{
		"may pass": {errUnreachable, 3},
		"stays":    {&connectors.Error{Kind: connectors.Data, Message: "a value does not fit"}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			reads := w.failing(9, c.err)
			run := w.run()
			w.expect(run, flows.RunFailed, 0)
			if reads.Load() != c.reads || int64(run.Attempt) != c.reads || run.EndedAt.IsZero() {
				t.Errorf("%d reads, attempt %d, want %d", reads.Load(), run.Attempt, c.reads)
			}
		})
	}
}

func TestARunThatWaitsToRetryCanBeCancelled(t *testing.T) {
	ends := map[string]func(w *world, run flows.Run, interrupt func()){
		"by a person":      func(w *world, run flows.Run, _ func()) { w.must(w.store.RequestCancel(w.t.Context(), run.ID)) },
		"with the command": func(_ *world, _ flows.Run, interrupt func()) { interrupt() },
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			reads := w.failing(9, errUnreachable)
			w.timing.retry = []time.Duration{time.Hour}
			ctx, interrupt := context.WithCancel(t.Context())
			waits := make(chan string, 1)
			done := make(chan flows.Run, 1)
			go func() {
				run, err := w.RunFlow(ctx, "flow", RunOptions{Notice: func(s string) { waits <- s }})
				if err != nil {
					t.Errorf("the run gave %v", err)
				}
				done <- run
			}()
			<-waits
			active, err := w.store.Runs(t.Context(), flows.RunFilter{Limit: 1})
			w.must(err)
			if active[0].Status != flows.RunWaiting || active[0].Error == nil || time.Until(active[0].Lease.Until) < 50*time.Minute {
				t.Errorf("the run is %+v", active[0])
			}
			end(w, active[0], interrupt)
			select {
			case run := <-done:
				w.expect(run, flows.RunCancelled, 0)
			case <-time.After(time.Minute):
				t.Fatal("the command goes on waiting")
			}
			if reads.Load() != 1 {
				t.Errorf("there were %d reads", reads.Load())
			}
			interrupt()
		})
	}
}

func TestARetryRepeatsOnlyWhatMayPass(t *testing.T) {
	w := newWorld(t)
	w.system.datasets["public.items"] = &dataset{rows: 500, batch: 100, key: []string{"id"}}
	w.save(stream("public.orders"), stream("public.items"), stream("public.gone"))
	w.saveFlow(flows.Flow{
		Streams: []flows.Stream{stream("public.orders"), stream("public.items"), stream("public.gone")},
		Options: flows.FlowOptions{Parallelism: 1},
	})
	reads := w.failing(1, errUnreachable) // the first stream's first read
	run := w.run()
	w.expect(run, flows.RunPartial, 1000)
	if run.Attempt != 2 || reads.Load() != 3 || w.system.rows("main.items") != 500 {
		t.Errorf("attempt %d, %d reads, %d items", run.Attempt, reads.Load(), w.system.rows("main.items"))
	}
	gone := run.Streams[2]
	if gone.Status != flows.RunFailed || gone.Error == nil || gone.Error.Kind != string(connectors.NotFound) || gone.Index != 2 {
		t.Errorf("the stream without a dataset is %+v", gone)
	}
}
