package storage_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"leat/connectors"
	"leat/flows"
	"leat/storage"
)

func TestFiftyEnqueuesGiveOneActiveRun(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s := open(t, options)
		f := flowOf(t, s, "orders")
		var stored, refused atomic.Int64
		var group sync.WaitGroup
		for range 50 {
			group.Go(func() {
				err := s.EnqueueRun(t.Context(), flows.Run{ID: storage.NewID(), FlowID: f.ID})
				if _, ok := errors.AsType[*flows.ActiveRunError](err); ok {
					refused.Add(1)
				} else if err == nil {
					stored.Add(1)
				} else {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if stored.Load() != 1 || refused.Load() != 49 {
			t.Errorf("%d stored, %d refused", stored.Load(), refused.Load())
		}
	})
}

func TestEachRunIsClaimedOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, options storage.Options) {
		s := open(t, options)
		for i := range 20 {
			enqueue(t, s, flowOf(t, s, fmt.Sprint("flow ", i)))
		}
		claims := make([]string, 20)
		var count atomic.Int64
		var group sync.WaitGroup
		for node := range 4 {
			group.Go(func() {
				for {
					run, err := s.ClaimRun(t.Context(), fmt.Sprint("node ", node), "", long)
					if errors.Is(err, flows.ErrNothingDue) {
						return
					}
					if i := count.Add(1) - 1; err == nil && int(i) < len(claims) && run.Attempt == 1 {
						claims[i] = run.ID
						continue
					}
					t.Errorf("claim %d: %+v, %v", count.Load(), run, err)
					return
				}
			})
		}
		group.Wait()
		distinct := map[string]bool{}
		for _, id := range claims {
			distinct[id] = true
		}
		if count.Load() != 20 || len(distinct) != 20 || distinct[""] {
			t.Errorf("%d claims of %d runs", count.Load(), len(distinct))
		}
	})
}

// workerDirectory tells the test program to be a process of its own on that store.
const workerDirectory = "LEAT_STORAGE_TEST_DIRECTORY"

// work does what leat serve and leat run do, from several goroutines, and returns the
// exit code.
func work(dir string) int {
	s, err := storage.Open(context.Background(), storage.Options{DataDir: dir})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	failed := atomic.Bool{}
	var group sync.WaitGroup
	for worker := range 4 {
		group.Go(func() {
			name := fmt.Sprintf("process %d worker %d", os.Getpid(), worker)
			f, err := newFlow(context.Background(), s, name)
			for i := 0; i < 15 && err == nil; i++ {
				err = runOnce(s, f)
			}
			if err != nil {
				fmt.Fprintln(os.Stderr, name, err)
				failed.Store(true)
			}
		})
	}
	group.Wait()
	if err := s.Close(); err != nil || failed.Load() {
		return 1
	}
	return 0
}

// runOnce takes one run from the queue to its end.
func runOnce(s *storage.Store, f flows.Flow) error {
	ctx := context.Background()
	if err := s.EnqueueRun(ctx, flows.Run{ID: storage.NewID(), FlowID: f.ID, FlowName: f.Name}); err != nil {
		return err
	}
	run, err := s.ClaimRun(ctx, f.Name, f.ID, time.Minute)
	if err != nil {
		return err
	}
	streams := []flows.StreamRun{{Table: "dbo.orders", Counts: connectors.Counts{Read: 1}}}
	if err := s.SaveProgress(ctx, run.Lease, streams); err != nil {
		return err
	}
	if err := s.AppendLog(ctx, run.ID, []flows.LogLine{{Level: "info", Message: "read"}}); err != nil {
		return err
	}
	if _, err := s.LastRuns(ctx, 5); err != nil {
		return err
	}
	// A transaction that reads before it writes.
	if _, err := s.RewrapSecrets(ctx); err != nil {
		return err
	}
	if _, err := s.RenewLease(ctx, run.Lease, time.Minute); err != nil {
		return err
	}
	return s.FinishRun(ctx, run.Lease, flows.Run{Status: flows.RunSucceeded, Streams: streams})
}

// Three processes open the empty store at once and share its file.
func TestProcessesShareOneFile(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	program, err := os.Executable()
	must(t, err)
	var group sync.WaitGroup
	for range 3 {
		group.Go(func() {
			command := exec.CommandContext(t.Context(), program)
			command.Env = append(os.Environ(), workerDirectory+"="+dir)
			if output, err := command.CombinedOutput(); err != nil {
				t.Errorf("%v: %s", err, output)
			}
		})
	}
	group.Wait()
	s := open(t, storage.Options{DataDir: dir})
	runs, err := s.Runs(t.Context(), flows.RunFilter{Limit: 1000, Status: []flows.RunStatus{flows.RunSucceeded}})
	if err != nil || len(runs) != 3*4*15 {
		t.Errorf("%d runs, %v", len(runs), err)
	}
}
