package storage_test

import (
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"leat/connectors"
	"leat/flows"
	"leat/storage"
)

func TestRunFromQueueToEnd(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		f := flowOf(t, s, "orders")
		due := time.Date(2026, 11, 21, 8, 0, 0, 0, time.UTC)
		asked := flows.Run{
			ID: storage.NewID(), FlowID: f.ID, FlowName: f.Name, Trigger: flows.TriggerSchedule, ScheduledFor: due,
			FullRefresh: true, RefreshStreams: []string{"dbo.orders"}, QueuedAt: due,
		}
		must(t, s.EnqueueRun(ctx, asked))
		got, err := s.Run(ctx, asked.ID)
		must(t, err)
		asked.Status, asked.Lease.RunID = flows.RunQueued, asked.ID
		same(t, got, asked)

		run, err := s.ClaimRun(ctx, "n1", "", long)
		must(t, err)
		if run.ID != asked.ID || run.Status != flows.RunRunning || run.Attempt != 1 || run.StartedAt.IsZero() ||
			run.Lease.Node != "n1" || run.Lease.Attempt != 1 || time.Until(run.Lease.Until) < long/2 {
			t.Errorf("claimed %+v", run)
		}
		streams := []flows.StreamRun{{
			Index: 0, Table: "dbo.orders", Dataset: "public.orders", WriteMode: connectors.Upsert, Status: flows.RunRunning,
			Phase: flows.PhaseReading, Counts: connectors.Counts{Read: 1 << 40, Written: 2}, EstimatedRows: -1, LastRowAt: due,
		}, {Index: 1, Table: "dbo.items", EstimatedRows: 5}}
		must(t, s.SaveProgress(ctx, run.Lease, streams))
		got, err = s.Run(ctx, run.ID)
		must(t, err)
		same(t, got.Streams, streams)
		if cancel, err := s.RenewLease(ctx, run.Lease, 2*long); err != nil || cancel {
			t.Errorf("renew: %v, %v", cancel, err)
		}

		streams = streams[:1]
		streams[0].Status, streams[0].Error = flows.RunFailed, &flows.RunError{Kind: "data", Message: "no", Fix: "yes"}
		streams[0].Warnings, streams[0].RejectReasons = []string{"w"}, []connectors.RejectCount{{Column: "c", Reason: "r", Rows: 3}}
		run.Status, run.Error, run.Streams, run.EndedAt = flows.RunFailed, streams[0].Error, streams, due.Add(time.Hour)
		must(t, s.FinishRun(ctx, run.Lease, run))
		got, err = s.Run(ctx, run.ID)
		must(t, err)
		run.Lease.Node, run.Lease.Until = "", time.Time{}
		same(t, got, run)
	})
}

func TestLeaseIsLostForEver(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		f := flowOf(t, s, "orders")
		id := enqueue(t, s, f)
		old, err := s.ClaimRun(ctx, "n1", f.ID, time.Millisecond)
		must(t, err)
		for time.Now().Before(old.Lease.Until) {
			time.Sleep(time.Millisecond)
		}
		fresh, err := s.ClaimRun(ctx, "n1", f.ID, long)
		if err != nil || fresh.ID != id || fresh.Attempt != 2 || !fresh.StartedAt.Equal(old.StartedAt) {
			t.Fatalf("reclaimed %+v, %v", fresh, err)
		}
		if _, err := s.ClaimRun(ctx, "n2", f.ID, long); !errors.Is(err, flows.ErrNothingDue) {
			t.Errorf("a live lease was claimed: %v", err)
		}
		stranger := fresh.Lease
		stranger.Node = "n2"
		ended := flows.Run{Status: flows.RunSucceeded}
		for _, lease := range []flows.Lease{old.Lease, stranger, {RunID: id}} {
			mustLose(t, s, lease, ended)
		}
		must(t, s.FinishRun(ctx, fresh.Lease, ended))
		mustLose(t, s, fresh.Lease, ended)
		if err := s.FinishRun(ctx, fresh.Lease, flows.Run{Status: flows.RunRunning}); err == nil {
			t.Error("a run finished as running")
		}
	})
}

func mustLose(t *testing.T, s *storage.Store, lease flows.Lease, run flows.Run) {
	t.Helper()
	_, renew := s.RenewLease(t.Context(), lease, long)
	for what, err := range map[string]error{
		"renew": renew, "progress": s.SaveProgress(t.Context(), lease, nil), "finish": s.FinishRun(t.Context(), lease, run),
	} {
		if !errors.Is(err, flows.ErrLeaseLost) {
			t.Errorf("%s with the lease %+v: %v", what, lease, err)
		}
	}
}

func TestWaitingRunIsClaimedWhenDue(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		f := flowOf(t, s, "orders")
		enqueue(t, s, f)
		for _, status := range []flows.RunStatus{flows.RunWaiting, flows.RunUnknown} {
			run, err := s.ClaimRun(ctx, "n1", "", long)
			must(t, err)
			lease := run.Lease
			run.Status, run.Lease.Until = status, time.Now().Add(time.Hour)
			must(t, s.FinishRun(ctx, lease, run))
			mustLose(t, s, lease, run)
			if _, err := s.ClaimRun(ctx, "n1", "", long); !errors.Is(err, flows.ErrNothingDue) {
				t.Errorf("%s: claimed before it was due: %v", status, err)
			}
			if err := s.EnqueueRun(ctx, flows.Run{ID: storage.NewID(), FlowID: f.ID}); !isActive(err, run.ID) {
				t.Errorf("%s: a second run: %v", status, err)
			}
			execute(t, options, "UPDATE runs SET lease_until = 1") // the hour is over
		}
		run, err := s.ClaimRun(ctx, "n2", "", long)
		if err != nil || run.Attempt != 3 {
			t.Errorf("%+v, %v", run, err)
		}
	})
}

func isActive(err error, runID string) bool {
	active, ok := errors.AsType[*flows.ActiveRunError](err)
	return ok && active.RunID == runID
}

func TestOneRunPerDueTime(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		f := flowOf(t, s, "orders")
		first := flows.Run{ID: storage.NewID(), FlowID: f.ID, ScheduledFor: time.Unix(60, 0), Status: flows.RunSkipped}
		must(t, s.EnqueueRun(ctx, first))
		second := first
		second.ID, second.Status = storage.NewID(), ""
		due, ok := errors.AsType[*flows.DueRunError](s.EnqueueRun(ctx, second))
		if !ok || due.RunID != first.ID {
			t.Errorf("a second run of the due time: %v", due)
		}
		second.ScheduledFor = time.Unix(120, 0)
		must(t, s.EnqueueRun(ctx, second))
	})
}

func TestCancel(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		f := flowOf(t, s, "orders")
		queued := enqueue(t, s, f)
		must(t, s.RequestCancel(ctx, queued))
		run, err := s.Run(ctx, queued)
		if err != nil || run.Status != flows.RunCancelled || run.EndedAt.IsZero() {
			t.Errorf("a queued run: %+v, %v", run, err)
		}

		enqueue(t, s, f)
		run, err = s.ClaimRun(ctx, "n1", "", long)
		must(t, err)
		must(t, s.RequestCancel(ctx, run.ID))
		if cancel, err := s.RenewLease(ctx, run.Lease, long); err != nil || !cancel {
			t.Errorf("a running run: %v, %v", cancel, err)
		}
		// Committed rows beat the wish: the node says how it ended.
		must(t, s.FinishRun(ctx, run.Lease, flows.Run{Status: flows.RunSucceeded}))
		must(t, s.RequestCancel(ctx, run.ID))
		if run, err = s.Run(ctx, run.ID); err != nil || run.Status != flows.RunSucceeded || run.EndedAt.IsZero() {
			t.Errorf("an ended run: %+v, %v", run, err)
		}
	})
}

// A run that waits with a table of unknown outcome may have stored rows: whoever takes it
// up asks the destination before the run is called cancelled.
func TestCancelOfAWaitingRun(t *testing.T) {
	t.Parallel()
	ends := map[flows.RunStatus]flows.RunStatus{flows.RunFailed: flows.RunCancelled, flows.RunUnknown: flows.RunWaiting, flows.RunRunning: flows.RunWaiting}
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		for stream, want := range ends {
			f := flowOf(t, s, "orders "+string(stream))
			enqueue(t, s, f)
			run, err := s.ClaimRun(ctx, "n1", f.ID, long)
			must(t, err)
			waiting := flows.Run{Status: flows.RunWaiting, Lease: flows.Lease{Until: time.Now().Add(time.Hour)}, Streams: []flows.StreamRun{{Table: "t", Status: stream}}}
			must(t, s.FinishRun(ctx, run.Lease, waiting))
			must(t, s.RequestCancel(ctx, run.ID))
			got, err := s.Run(ctx, run.ID)
			if err != nil || got.Status != want || got.EndedAt.IsZero() != (want == flows.RunWaiting) {
				t.Errorf("with a stream that is %s: %+v, %v", stream, got, err)
			}
			if want != flows.RunWaiting {
				continue
			}
			if got, err = s.ClaimRun(ctx, "n2", f.ID, long); err != nil || got.ID != run.ID || !got.CancelRequested {
				t.Errorf("the run is not due with its cancel: %+v, %v", got, err)
			}
		}
	})
}

func TestListsOfRuns(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		a, b := flowOf(t, s, "a"), flowOf(t, s, "b")
		base := time.Unix(1_000_000, 0)
		ids := map[int]string{}
		for i := range 6 {
			f := []flows.Flow{a, b}[i%2]
			ids[i] = storage.NewID()
			status := []flows.RunStatus{flows.RunSucceeded, flows.RunFailed, flows.RunSkipped}[i%3]
			must(t, s.EnqueueRun(ctx, flows.Run{ID: ids[i], FlowID: f.ID, FlowName: f.Name, Status: status, Trigger: []flows.Trigger{flows.TriggerManual, flows.TriggerSchedule}[i/3], QueuedAt: base.Add(time.Duration(i) * time.Second)}))
		}
		for what, test := range map[string]struct {
			filter flows.RunFilter
			want   []int
		}{
			"all":     {flows.RunFilter{}, []int{5, 4, 3, 2, 1, 0}},
			"limit":   {flows.RunFilter{Limit: 2}, []int{5, 4}},
			"page":    {flows.RunFilter{Limit: 2, Offset: 3}, []int{2, 1}},
			"trigger": {flows.RunFilter{Trigger: flows.TriggerSchedule}, []int{5, 4, 3}},
			"flow":    {flows.RunFilter{FlowID: a.ID}, []int{4, 2, 0}},
			"status":  {flows.RunFilter{Status: []flows.RunStatus{flows.RunFailed, flows.RunSkipped}}, []int{5, 4, 2, 1}},
			"before":  {flows.RunFilter{Before: base.Add(2 * time.Second)}, []int{1, 0}},
			"nothing": {flows.RunFilter{FlowID: "x"}, nil},
			"every":   {flows.RunFilter{FlowID: b.ID, Status: []flows.RunStatus{flows.RunFailed}, Before: base.Add(4 * time.Second), Limit: 1}, []int{1}},
		} {
			runs, err := s.Runs(ctx, test.filter)
			must(t, err)
			var want []string
			for _, i := range test.want {
				want = append(want, ids[i])
			}
			if !slices.Equal(runIDs(runs), want) {
				t.Errorf("%s: %v, want %v", what, runIDs(runs), want)
			}
			count, err := s.CountRuns(ctx, test.filter)
			if err != nil || test.filter.Limit == 0 && count != len(want) {
				t.Errorf("%s: counted %d of %d, %v", what, count, len(want), err)
			}
		}
		last, err := s.LastRuns(ctx, 2)
		must(t, err)
		same(t, runIDs(last[a.ID]), []string{ids[4], ids[2]})
		same(t, runIDs(last[b.ID]), []string{ids[5], ids[3]})
		if last, err = s.LastRuns(ctx, 10); err != nil || len(last[a.ID]) != 3 {
			t.Errorf("fewer runs than asked: %v, %v", last, err)
		}
	})
}

func TestRunCounts(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		enqueue(t, s, flowOf(t, s, "orders"))
		run, err := s.ClaimRun(ctx, "n1", "", long)
		must(t, err)
		must(t, s.SaveProgress(ctx, run.Lease, []flows.StreamRun{
			{Index: 0, Counts: connectors.Counts{Read: 3, Written: 2, Bytes: 10}}, {Index: 1, Counts: connectors.Counts{Read: 4, Rejected: 4}},
		}))
		sums, err := s.RunCounts(ctx, []string{run.ID, "other"})
		must(t, err)
		same(t, sums, map[string]connectors.Counts{run.ID: {Read: 7, Written: 2, Rejected: 4, Bytes: 10}})
	})
}

// runFor stores a run that succeeded, with one stream per number of rows.
func runFor(t *testing.T, s *storage.Store, f flows.Flow, rows ...int64) flows.Run {
	t.Helper()
	enqueue(t, s, f)
	run, err := s.ClaimRun(t.Context(), "n1", f.ID, long)
	must(t, err)
	for i, n := range rows {
		run.Streams = append(run.Streams, flows.StreamRun{Index: i, Counts: connectors.Counts{Read: n, Written: n, Bytes: 10 * n}})
	}
	run.Status, run.EndedAt = flows.RunSucceeded, time.UnixMicro(time.Now().UnixMicro())
	must(t, s.FinishRun(t.Context(), run.Lease, run))
	return run
}

func TestRunSumsAndLastSuccesses(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx, begin := open(t, options), t.Context(), time.Now().Add(-time.Second)
		a, b := flowOf(t, s, "a"), flowOf(t, s, "b")
		runFor(t, s, a, 1, 2)
		last := runFor(t, s, a, 4)
		enqueue(t, s, b)
		run, err := s.ClaimRun(ctx, "n1", b.ID, long)
		must(t, err)
		must(t, s.SaveProgress(ctx, run.Lease, []flows.StreamRun{{Counts: connectors.Counts{Read: 8, Bytes: 80}}}))
		sums, err := s.RunSums(ctx, begin, b.ID)
		must(t, err)
		same(t, sums, []flows.RunSum{{FlowID: b.ID, RowsRead: 8, Bytes: 80}})
		run.Status, run.Streams = flows.RunPartial, []flows.StreamRun{{Counts: connectors.Counts{Read: 9, Bytes: 90}}}
		must(t, s.FinishRun(ctx, run.Lease, run))
		sums, err = s.RunSums(ctx, begin)
		must(t, err)
		slices.SortFunc(sums, func(x, y flows.RunSum) int { return int(y.Succeeded - x.Succeeded) })
		same(t, sums, []flows.RunSum{{FlowID: a.ID, Succeeded: 2, RowsRead: 7, Bytes: 70}, {FlowID: b.ID, Failed: 1, RowsRead: 9, Bytes: 90}})
		if sums, err = s.RunSums(ctx, time.Now().Add(time.Hour)); err != nil || len(sums) != 0 {
			t.Errorf("runs of the future add up to %+v, %v", sums, err)
		}
		succeeded, err := s.LastSuccesses(ctx)
		if err != nil || len(succeeded) != 1 || !succeeded[a.ID].Equal(last.EndedAt) {
			t.Errorf("the last successes are %v, want %v (%v)", succeeded, last.EndedAt, err)
		}
		if some, err := s.LastRuns(ctx, 5, b.ID); err != nil || len(some) != 1 || len(some[b.ID]) != 1 {
			t.Errorf("the runs of one flow are %+v, %v", some, err)
		}
	})
}

func runIDs(runs []flows.Run) (ids []string) {
	for _, run := range runs {
		ids = append(ids, run.ID)
	}
	return ids
}

func TestLog(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s, ctx := open(t, options), t.Context()
		id := enqueue(t, s, flowOf(t, s, "orders"))
		must(t, s.AppendLog(ctx, id, nil))
		var group sync.WaitGroup
		for range 8 {
			group.Go(func() {
				for range 5 {
					lines := []flows.LogLine{{Level: "info", Message: "first"}, {Level: "error", Table: "t", Message: "bad \xff\x00 text"}}
					if err := s.AppendLog(ctx, id, lines); err != nil {
						t.Error(err)
					}
				}
			})
		}
		group.Wait()
		lines, err := s.Log(ctx, id, 0, 1000)
		if err != nil || len(lines) != 80 {
			t.Fatalf("%d lines, %v", len(lines), err)
		}
		for i, line := range lines {
			if line.Seq != int64(i+1) || line.RunID != id || line.At.IsZero() || i%2 == 0 != (line.Message == "first") {
				t.Fatalf("line %d: %+v", i, line)
			}
		}
		if strings.Contains(lines[1].Message, "\x00") {
			t.Errorf("%q", lines[1].Message)
		}
		some, err := s.Log(ctx, id, 78, 1)
		if err != nil || len(some) != 1 || some[0].Seq != 79 {
			t.Errorf("page: %v, %v", some, err)
		}
	})
}
