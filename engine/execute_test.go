package engine

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"leat/connectors"
	"leat/flows"
)

var errUnreachable = &connectors.Error{Kind: connectors.Unreachable, Retryable: true, Message: "the connection broke"}

func TestRunMovesAllRows(t *testing.T) {
	w := newWorld(t)
	run := w.run()
	w.expect(run, flows.RunSucceeded, 1000)
	if len(run.Streams) != 1 {
		t.Fatalf("the run has %d streams, want 1", len(run.Streams))
	}
	got := run.Streams[0]
	if got.Read != 1000 || got.Written != 1000 || got.Bytes == 0 || !got.Balanced() {
		t.Errorf("the counts are %+v", got.Counts)
	}
	if got.Table != "main.orders" || got.Phase != flows.PhaseDone || got.EstimatedRows != 1000 || got.Recipe != "memory" {
		t.Errorf("the stream is %+v", got)
	}
	if got.StartedAt.IsZero() || got.EndedAt.IsZero() || got.LastRowAt.IsZero() || run.EndedAt.IsZero() {
		t.Errorf("a time is missing: %+v", got)
	}
	lines, err := w.store.Log(t.Context(), run.ID, 0, 100)
	w.must(err)
	if len(lines) < 4 || !strings.Contains(lines[len(lines)-1].Message, "succeeded") {
		t.Errorf("the log has %d lines: %+v", len(lines), lines)
	}
}

func TestFaultsLeaveTheTargetAlone(t *testing.T) {
	failAt := func(n int) func(int) error {
		return func(event int) error {
			if event == n {
				return errUnreachable
			}
			return nil
		}
	}
	cases := map[string]struct {
		faults faults
		kind   connectors.Kind
	}{
		"open":           {faults{open: func() error { return errUnreachable }}, connectors.Unreachable},
		"describe":       {faults{describe: func() error { return errUnreachable }}, connectors.Unreachable},
		"begin":          {faults{begin: func() error { return errUnreachable }}, connectors.Unreachable},
		"first event":    {faults{next: failAt(1)}, connectors.Unreachable},
		"first row":      {faults{next: failAt(2)}, connectors.Unreachable},
		"last row":       {faults{next: failAt(11)}, connectors.Unreachable},
		"after last row": {faults{next: failAt(13)}, connectors.Unreachable},
		"no proven end":  {faults{ending: io.ErrUnexpectedEOF}, connectors.Internal},
		"wrapped end":    {faults{ending: fmt.Errorf("read tcp: %w", io.EOF)}, connectors.Internal},
		"no checkpoint":  {faults{checkpoint: func(*connectors.Checkpoint) bool { return false }}, connectors.Data},
		"lost rows":      {faults{checkpoint: func(c *connectors.Checkpoint) bool { c.Rows++; return true }}, connectors.Data},
		"first write":    {faults{write: func(context.Context, int64) error { return errUnreachable }}, connectors.Unreachable},
		"last write": {faults{write: func(_ context.Context, rows int64) error {
			if rows == 900 {
				return errUnreachable
			}
			return nil
		}}, connectors.Unreachable},
		"commit": {faults{commit: func() (bool, error) { return false, errUnreachable }}, connectors.Unreachable},
		"panic":  {faults{panics: true}, connectors.Internal},
	}
	for name, c := range cases {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.system.faults = c.faults
			run := w.run()
			w.expect(run, flows.RunFailed, 0)
			if run.Error == nil || run.Error.Kind != string(c.kind) || run.Error.Message == "" {
				t.Errorf("the error is %+v, want kind %s", run.Error, c.kind)
			}
			w.system.faults = faults{}
			w.expect(w.run(), flows.RunSucceeded, 1000)
		})
	}
}

func TestCountsThatDoNotAddUpFail(t *testing.T) {
	w := newWorld(t)
	w.system.faults.report = func(r *connectors.Report) { r.Written-- }
	run := w.run()
	w.expect(run, flows.RunFailed, 1000)
	if !strings.Contains(run.Error.Message, "1000 read, 999 written") || run.Streams[0].Written != 999 {
		t.Errorf("the error is %+v, the counts are %+v", run.Error, run.Streams[0].Counts)
	}
}

func TestLostCommitAnswer(t *testing.T) {
	lost := &connectors.Error{Kind: connectors.Unknown, Message: "no answer"}
	t.Run("applied", func(t *testing.T) {
		w := newWorld(t)
		w.system.faults.commit = func() (bool, error) { return true, lost }
		w.expect(w.run(), flows.RunSucceeded, 1000)
	})
	t.Run("not applied", func(t *testing.T) {
		w := newWorld(t)
		w.system.faults.commit = func() (bool, error) { return false, lost }
		run := w.run()
		w.expect(run, flows.RunFailed, 0)
		if run.Error.Kind != string(connectors.Unreachable) {
			t.Errorf("the error is %+v", run.Error)
		}
	})
	t.Run("answer comes later", func(t *testing.T) {
		w := newWorld(t)
		w.system.faults.commit = func() (bool, error) { return true, lost }
		tries := 0
		w.system.faults.resolve = func() error {
			if tries++; tries < 3 {
				return errUnreachable
			}
			return nil
		}
		w.expect(w.run(), flows.RunSucceeded, 1000)
	})
	t.Run("nobody knows until the next attempt", func(t *testing.T) {
		w := newWorld(t)
		w.system.faults.commit = func() (bool, error) { return true, lost }
		w.system.faults.resolve = func() error { return errUnreachable }
		run := w.run()
		w.expect(run, flows.RunUnknown, 1000)
		if !run.EndedAt.IsZero() {
			t.Error("an unknown run has ended")
		}
		w.system.faults = faults{describe: func() error { return errUnreachable }}
		w.Engine = w.node("two")
		w.timing.takeover = time.Minute
		again, err := w.RunFlow(t.Context(), "flow", RunOptions{})
		w.must(err)
		w.expect(again, flows.RunSucceeded, 1000)
		if again.ID != run.ID || again.Attempt != 2 {
			t.Errorf("run %s attempt %d ended, want %s attempt 2", again.ID, again.Attempt, run.ID)
		}
	})
}

// slowly makes every write wait until the context ends or the gate opens.
func slowly(reached chan<- struct{}, gate <-chan struct{}) func(context.Context, int64) error {
	var once sync.Once
	return func(ctx context.Context, _ int64) error {
		once.Do(func() { close(reached) })
		select {
		case <-gate:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// ended waits for an execution to return.
func ended(t *testing.T, done <-chan error) error {
	t.Helper()
	select {
	case err := <-done:
		return err
	case <-time.After(time.Minute):
		t.Fatal("the execution goes on and on")
		return nil
	}
}

func TestCancelStopsTheRun(t *testing.T) {
	w := newWorld(t)
	reached := make(chan struct{})
	w.system.faults.write = slowly(reached, nil)
	run := w.claim()
	done := make(chan error, 1)
	go func() { done <- w.Execute(t.Context(), run) }()
	<-reached
	w.must(w.store.RequestCancel(t.Context(), run.ID))
	w.must(ended(t, done))
	got := w.stored(run.ID)
	w.expect(got, flows.RunCancelled, 0)
	if got.Streams[0].Status != flows.RunCancelled {
		t.Errorf("the stream is %s", got.Streams[0].Status)
	}
}

func TestStoredRowsBeatACancel(t *testing.T) {
	w := newWorld(t)
	run := w.claim()
	ctx, cancel := context.WithCancelCause(t.Context())
	w.system.faults.report = func(*connectors.Report) { cancel(errCancelled) }
	w.must(w.Execute(ctx, run))
	w.expect(w.stored(run.ID), flows.RunSucceeded, 1000)
}

func TestLostLeaseWritesNothing(t *testing.T) {
	w := newWorld(t)
	reached := make(chan struct{})
	w.system.faults.write = slowly(reached, nil)
	w.timing.lease = 30 * time.Millisecond
	w.timing.renew = time.Hour
	w.timing.progress = time.Hour
	zombie := w.claim()
	done := make(chan error, 1)
	zombieEngine := w.Engine
	zombieEngine.timing.renew, zombieEngine.timing.progress = 20*time.Millisecond, 200*time.Millisecond
	go func() { done <- zombieEngine.Execute(t.Context(), zombie) }()
	<-reached
	w.Engine = w.node("two")
	var second flows.Run
	waitFor(t, "the lease to end", func() (claimed bool) {
		var err error
		second, err = w.store.ClaimRun(t.Context(), w.Node, "flow", w.timing.lease)
		return err == nil
	})
	if err := ended(t, done); !errors.Is(err, flows.ErrLeaseLost) {
		t.Errorf("the first attempt returned %v, want a lost lease", err)
	}
	if got := w.stored(zombie.ID); got.Status != flows.RunRunning || got.Attempt != 2 {
		t.Errorf("the run is %s in attempt %d", got.Status, got.Attempt)
	}
	w.system.faults = faults{}
	w.must(w.Execute(t.Context(), second))
	w.expect(w.stored(zombie.ID), flows.RunSucceeded, 1000)
}

func TestAppliedEarlierIsOnlyReported(t *testing.T) {
	w := newWorld(t)
	run := w.claim()
	w.must(w.Execute(t.Context(), run))
	// The end of the run was not stored: the same run is executed again.
	again := run
	again.Attempt = 1
	j := &job{
		run: again, members: []int{0}, board: &board{now: time.Now}, installation: "x",
		itinerary: w.itinerary(),
	}
	j.board.start(j.itinerary.routes)
	reads := w.system.reads.Load()
	w.deliver(t.Context(), j)
	if got := j.board.stream(0); got.Status != flows.RunSucceeded || got.Written != 1000 {
		t.Errorf("the stream is %+v", got)
	}
	if w.system.reads.Load() != reads {
		t.Error("a run that is stored was read again")
	}
	w.expect(w.stored(run.ID), flows.RunSucceeded, 1000)
}

func (w *world) itinerary() *itinerary {
	w.t.Helper()
	flow, err := w.store.Flow(w.t.Context(), "flow")
	w.must(err)
	it, err := w.resolve(w.t.Context(), flow)
	w.must(err)
	return it
}

func TestShutdownHandsTheRunBack(t *testing.T) {
	w := newWorld(t)
	reached := make(chan struct{})
	w.system.faults.write = slowly(reached, nil)
	run := w.claim()
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Execute(ctx, run) }()
	<-reached
	stop()
	if err := ended(t, done); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the end of the context", err)
	}
	w.expect(w.stored(run.ID), flows.RunWaiting, 0)
	w.system.faults = faults{}
	again := w.run()
	if again.ID != run.ID || again.Attempt != 2 {
		t.Errorf("run %s attempt %d, want %s attempt 2", again.ID, again.Attempt, run.ID)
	}
	w.expect(again, flows.RunSucceeded, 1000)
}

func TestTwoRunsOfOneFlow(t *testing.T) {
	w := newWorld(t)
	reached, gate := make(chan struct{}), make(chan struct{})
	w.system.faults.write = slowly(reached, gate)
	first := make(chan flows.Run, 1)
	go func() {
		run, err := w.RunFlow(t.Context(), "flow", RunOptions{})
		if err != nil {
			t.Errorf("the first run: %v", err)
		}
		first <- run
	}()
	<-reached
	other := w.node("two")
	_, err := other.RunFlow(t.Context(), "flow", RunOptions{})
	if _, ok := errors.AsType[*flows.ActiveRunError](err); !ok {
		t.Errorf("a second run gave %v, want the active run", err)
	}
	followed := make(chan flows.Run, 1)
	go func() {
		run, err := other.RunFlow(t.Context(), "flow", RunOptions{Wait: true})
		if err != nil {
			t.Errorf("following: %v", err)
		}
		followed <- run
	}()
	time.Sleep(50 * time.Millisecond)
	close(gate)
	one, two := <-first, <-followed
	if one.ID != two.ID || two.Status != flows.RunSucceeded {
		t.Errorf("followed %s (%s), want %s", two.ID, two.Status, one.ID)
	}
	w.expect(one, flows.RunSucceeded, 1000)
}

func TestInterruptedCommandCancelsItsRun(t *testing.T) {
	w := newWorld(t)
	reached := make(chan struct{})
	w.system.faults.write = slowly(reached, nil)
	ctx, interrupt := context.WithCancel(t.Context())
	go func() {
		<-reached
		interrupt()
	}()
	run, err := w.RunFlow(ctx, "flow", RunOptions{})
	w.must(err)
	w.expect(run, flows.RunCancelled, 0)
}

// A process that died or stands still may have done more than it could tell. Whoever takes
// its run over must not call it failed while the destination does not answer.
func TestATakeoverAsksWhatTheFirstAttemptDid(t *testing.T) {
	w := newWorld(t)
	w.timing.lease = 10 * time.Millisecond
	first := w.claim()
	w.leaseEnds(first.ID) // nothing was saved under it
	w.timing.lease = 10 * time.Second
	inUse := func() error {
		return &connectors.Error{Kind: connectors.Conflict, Retryable: true, Message: "The file is in use"}
	}
	w.system.faults = faults{resolve: inUse, begin: inUse}
	w.expect(w.run(), flows.RunUnknown, 0)
	w.system.faults = faults{}
	w.leaseEnds(first.ID)
	again := w.run()
	if again.ID != first.ID {
		t.Errorf("the run %s was finished as %s", first.ID, again.ID)
	}
	w.expect(again, flows.RunSucceeded, 1000)
}
