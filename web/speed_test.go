package web_test

import (
	"database/sql"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"leat/accounts"
	"leat/storage"
)

// The size at which lists must still answer quickly, and what they are held to here.
// The promise is 100 ms on a machine that does nothing else; the test compares the
// processor's time, since other tests may run at the same time.
const (
	manyFlows = 500
	manyRuns  = 100_000
	pageLimit = 150 * time.Millisecond
	// flowsPageBytes bounds the HTML of 50 flows.
	flowsPageBytes = 100_000
)

// fill writes a history in SQL: a third of the flows runs every 15 minutes, a third
// every hour and a third every day; every seventh run failed.
func (p *pages) fill() {
	p.t.Helper()
	p.world()
	db, err := sql.Open("sqlite", "file:"+filepath.Join(p.folder, storage.DatabaseFile))
	if err != nil {
		p.t.Fatal(err)
	}
	defer db.Close()
	for _, statement := range []string{
		fmt.Sprintf(`INSERT INTO flows (id, name, destination_id, schedule, streams, options, paused, created_at, updated_at)
			WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < %d)
			SELECT 'f' || i, 'flow number ' || i, destination_id,
				CASE i %% 3 WHEN 0 THEN '{"cron":"*/15 * * * *","time_zone":"Europe/Prague"}' WHEN 1 THEN '{"cron":"5 * * * *","time_zone":"UTC"}'
					ELSE '{"cron":"0 6 * * *","time_zone":"America/New_York"}' END,
				streams, options, paused, 1, 1 FROM n, flows WHERE id = 'f1'`, manyFlows),
		fmt.Sprintf(`INSERT INTO runs (id, flow_id, flow_name, status, started_by, scheduled_for, full_refresh, refresh_streams, attempt,
				lease_node, lease_until, cancel_requested, error, queued_at, started_at, ended_at, log_lines, rows_read, bytes)
			WITH RECURSIVE n (i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < %[2]d - 1),
				t (i, f, at) AS (SELECT i, i %% %[1]d + 1, %[3]d - (i / %[1]d) * CASE (i %% %[1]d + 1) %% 3 WHEN 0 THEN 900 WHEN 1 THEN 3600 ELSE 86400 END * 1000000 - i %% %[1]d * 1000 FROM n)
			SELECT 'run ' || i, 'f' || f, 'flow number ' || f, CASE WHEN i %% 7 = 0 THEN 'failed' ELSE 'succeeded' END, 'schedule', 0, FALSE, 'null', 1,
				'', 0, FALSE, CASE WHEN i %% 7 = 0 THEN '{"kind":"unreachable","message":"the database does not answer"}' ELSE 'null' END,
				at, at, at + 5000000, 0, 1000, 48000 FROM t`, manyFlows, manyRuns, time.Now().UnixMicro()),
		`INSERT INTO stream_runs (run_id, stream, table_name, dataset, write_mode, status, phase, recipe, reason, counts, estimated_rows, error, warnings,
				reject_reasons, last_row_at, started_at, ended_at)
			SELECT id, 0, 'dbo.orders', 'public.orders', 'upsert', status, 'done', 'upsert', '',
				'{"rows_read":1000,"rows_written":1000,"rows_unchanged":0,"rows_duplicate":0,"rows_skipped":0,"rows_rejected":0,"rows_changed":1000,"bytes":48000}',
				-1, 'null', 'null', 'null', queued_at, queued_at, ended_at FROM runs`,
	} {
		if _, err := db.ExecContext(p.t.Context(), statement); err != nil {
			p.t.Fatal(err)
		}
	}
}

// listPages are the lists and what people do with them.
var listPages = []string{
	"/", "/flows", "/flows?page=5", "/flows?sort=rows", "/flows?sort=-rows", "/flows?sort=success", "/flows?sort=next", "/flows?state=broken",
	"/flows?q=number+7", "/runs", "/runs?page=1000", "/runs?state=failed", "/flows/f3", "/flows/f3/runs",
}

// rounds is how often a list is asked for.
const rounds = 8

func TestListsAnswerQuickly(t *testing.T) {
	p := newPages(t)
	p.fill()
	v := p.as(accounts.Owner)
	for _, path := range listPages {
		request := v.request(http.MethodGet, path)
		var times, used []time.Duration
		size := 0
		for range rounds {
			recorder := httptest.NewRecorder()
			start, busy := time.Now(), processorTime(t)
			p.server.ServeHTTP(recorder, request)
			times, used = append(times, time.Since(start)), append(used, processorTime(t)-busy)
			if recorder.Code != http.StatusOK {
				t.Fatalf("%s: status %d", path, recorder.Code)
			}
			size = recorder.Body.Len()
		}
		slices.Sort(times)
		slices.Sort(used)
		t.Logf("%-20s p50 %6.1f ms  p95 %6.1f ms  processor p50 %6.1f ms  p95 %6.1f ms  %4d kB", path, ms(times[rounds/2]), ms(times[rounds*9/10]), ms(used[rounds/2]), ms(used[rounds*9/10]), size/1000)
		if used[rounds/2] > pageLimit {
			t.Errorf("%s takes %v of the processor", path, used[rounds/2])
		}
		if path == "/flows" && size > flowsPageBytes {
			t.Errorf("50 flows are %d bytes of HTML", size)
		}
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

func ms(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }

// request is what this visitor's browser would send.
func (v *visitor) request(method, path string) *http.Request {
	v.t.Helper()
	request := httptest.NewRequestWithContext(v.t.Context(), method, v.base+path, nil)
	for _, cookie := range v.http.Jar.Cookies(request.URL) {
		request.AddCookie(cookie)
	}
	return request
}
