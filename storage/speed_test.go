package storage_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"leat/flows"
	"leat/internal/testdb"
	"leat/storage"
)

// The size at which lists must still be quick, and what one of them may cost: time of this
// process's processors with SQLite, which runs in it, and rows read by the server with
// PostgreSQL. Neither depends on what else the machine does.
const (
	manyFlows     = 500
	manyRuns      = 100_000
	listProcessor = 100 * time.Millisecond
	listRows      = 15_000
)

// lists are what the pages ask for, each with the number of things that it must return.
func lists(s *storage.Store, flow string) map[string]func(ctx context.Context) (int, error) {
	return map[string]func(ctx context.Context) (int, error){
		"flows":       func(ctx context.Context) (int, error) { l, err := s.Flows(ctx); return len(l) - manyFlows, err },
		"last runs":   func(ctx context.Context) (int, error) { l, err := s.LastRuns(ctx, 10); return len(l) - manyFlows, err },
		"newest runs": runsOf(s, flows.RunFilter{Limit: 50}, 50),
		"failed runs": runsOf(s, flows.RunFilter{Limit: 50, Status: []flows.RunStatus{flows.RunFailed, flows.RunPartial}}, 50),
		"no such":     runsOf(s, flows.RunFilter{Limit: 50, Status: []flows.RunStatus{flows.RunCancelled}}, 0),
		"of one flow": runsOf(s, flows.RunFilter{Limit: 50, FlowID: flow}, 50),
		"older page":  runsOf(s, flows.RunFilter{Limit: 50, Before: time.UnixMicro(1_000_000 + manyRuns/2)}, 50),
	}
}

func runsOf(s *storage.Store, filter flows.RunFilter, want int) func(ctx context.Context) (int, error) {
	return func(ctx context.Context) (int, error) {
		runs, err := s.Runs(ctx, filter)
		return len(runs) - want, err
	}
}

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

// TestListsStayQuick runs alone, since it measures this process.
func TestListsStayQuick(t *testing.T) {
	onBoth(t, func(t *testing.T, options storage.Options) {
		var flow string
		t.Run("fill", func(t *testing.T) { flow = fill(t, open(t, options), options).ID })
		for _, name := range slices.Sorted(maps.Keys(lists(nil, flow))) {
			t.Run(name, func(t *testing.T) {
				if options.DatabaseURL == "" {
					wantLittleProcessor(t, lists(open(t, options), flow)[name])
					return
				}
				admin := testdb.Connect(t, options.DatabaseURL)
				before := rowsRead(t, admin)
				t.Run("once", func(t *testing.T) { wantAll(t, lists(open(t, options), flow)[name]) })
				if read := rowsRead(t, admin) - before; read > listRows {
					t.Errorf("the server reads %d rows", read)
				}
			})
		}
	})
}

func wantAll(t *testing.T, list func(ctx context.Context) (int, error)) {
	t.Helper()
	if off, err := list(t.Context()); err != nil || off != 0 {
		t.Fatalf("%d more than expected, %v", off, err)
	}
}

// wantLittleProcessor fails when the median of a few calls takes too long of the processor.
func wantLittleProcessor(t *testing.T, list func(ctx context.Context) (int, error)) {
	t.Helper()
	var used []time.Duration
	for range 9 {
		before := processorTime(t)
		wantAll(t, list)
		used = append(used, processorTime(t)-before)
	}
	slices.Sort(used)
	if median := used[len(used)/2]; median > listProcessor {
		t.Errorf("it takes %v of the processor", median)
	}
}

// processorTime is what this process has used so far.
func processorTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// rowsRead is how many rows of flows and runs other sessions have read. A session reports
// them when it ends, so this waits until none is left.
func rowsRead(t *testing.T, admin *pgx.Conn) int64 {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for others := true; others; {
		const left = "SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid())"
		if err := admin.QueryRow(ctx, left).Scan(&others); err != nil {
			t.Fatal(err)
		}
	}
	var rows int64
	const read = "SELECT sum(coalesce(seq_tup_read, 0) + coalesce(idx_tup_fetch, 0))::bigint FROM pg_stat_user_tables WHERE relname IN ('flows', 'runs')"
	if err := admin.QueryRow(ctx, read).Scan(&rows); err != nil {
		t.Fatal(err)
	}
	return rows
}
