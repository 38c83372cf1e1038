package storage_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"leat/flows"
	"leat/storage"
)

// The size at which lists must still answer within the limit, and the limit.
const (
	manyFlows = 500
	manyRuns  = 100_000
	listLimit = 100 * time.Millisecond
)

// fill writes the history in SQL, since 100,000 runs one by one take too long.
func fill(t *testing.T, s *storage.Store, options storage.Options) flows.Flow {
	t.Helper()
	first := flowOf(t, s, "flow 0")
	execute(t, options, fmt.Sprintf(`INSERT INTO flows (id, name, destination_id, schedule, streams, options, paused, created_at, updated_at)
		WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
		SELECT 'flow ' || i, 'flow ' || i, destination_id, schedule, streams, options, paused, 1, 1 FROM n, flows WHERE name = 'flow 0'`,
		manyFlows-1))
	execute(t, options, fmt.Sprintf(`INSERT INTO runs (id, flow_id, flow_name, status, started_by, scheduled_for, full_refresh,
			refresh_streams, attempt, lease_node, lease_until, cancel_requested, error, queued_at, started_at, ended_at, log_lines)
		WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %d),
			f (id, place) AS (SELECT id, row_number() OVER (ORDER BY id) - 1 FROM flows)
		SELECT 'run ' || i, f.id, 'flow', CASE WHEN i %% 10 = 0 THEN 'failed' ELSE 'succeeded' END, 'schedule', 0, FALSE,
			'null', 1, '', 0, FALSE, 'null', 1000000 + i, 1, 1, 0 FROM n JOIN f ON f.place = n.i %% %d`, manyRuns-1, manyFlows))
	execute(t, options, "ANALYZE")
	return first
}

func TestListsStayQuick(t *testing.T) {
	onBoth(t, func(t *testing.T, options storage.Options) {
		s := open(t, options)
		first := fill(t, s, options)
		for name, list := range map[string]func(ctx context.Context) (int, error){
			"flows":       func(ctx context.Context) (int, error) { l, err := s.Flows(ctx); return len(l) - manyFlows, err },
			"last runs":   func(ctx context.Context) (int, error) { l, err := s.LastRuns(ctx, 10); return len(l) - manyFlows, err },
			"newest runs": runsOf(s, flows.RunFilter{Limit: 50}, 50),
			"failed runs": runsOf(s, flows.RunFilter{Limit: 50, Status: []flows.RunStatus{flows.RunFailed, flows.RunPartial}}, 50),
			"no such":     runsOf(s, flows.RunFilter{Limit: 50, Status: []flows.RunStatus{flows.RunCancelled}}, 0),
			"of one flow": runsOf(s, flows.RunFilter{Limit: 50, FlowID: first.ID}, 50),
			"older page":  runsOf(s, flows.RunFilter{Limit: 50, Before: time.UnixMicro(1_000_000 + manyRuns/2)}, 50),
		} {
			var times []time.Duration
			for range 20 {
				start := time.Now()
				off, err := list(t.Context())
				times = append(times, time.Since(start))
				if err != nil || off != 0 {
					t.Fatalf("%s: %d more than expected, %v", name, off, err)
				}
			}
			slices.Sort(times)
			// The median, since other tests may use the machine at the same time.
			if times[10] > listLimit {
				t.Errorf("%s takes %v", name, times[10])
			}
			t.Logf("%s: median %v, p95 %v", name, times[10], times[18])
		}
	})
}

func runsOf(s *storage.Store, filter flows.RunFilter, want int) func(ctx context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		runs, err := s.Runs(ctx, filter)
		return len(runs) - want, err
	}
}
