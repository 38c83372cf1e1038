package postgres

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"leat/connectors"
	"leat/internal/testdb"
)

// BenchmarkInsert moves rows into an empty table that exists, with one batch read at a
// time, and compares with psql's pipe of binary COPY. `make bench` measures the product.
func BenchmarkInsert(b *testing.B) {
	const rows = 1_000_000
	c, admin := newDatabase(b, fmt.Sprintf(`CREATE SCHEMA dwh; CREATE TABLE big AS SELECT n::bigint AS id, 'customer ' || n AS name, md5(n::text) AS hash, 'a text of ordinary length ' || n %% 1000 AS note,
		(n * 1.01)::numeric(12,2) AS amount, n::int AS i, n %% 2 = 0 AS even, '2026-01-01'::timestamptz + n * interval '1 second' AS at, '2026-01-01'::date + n %% 300 AS day FROM generate_series(1, %d) n;
		CREATE TABLE dwh.big (LIKE big); ANALYZE big`, rows))
	url := admin.Config().ConnString()
	var ours, theirs time.Duration
	var before, after syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
	for b.Loop() {
		execute(b, admin, "TRUNCATE dwh.big; CHECKPOINT")
		start := time.Now()
		f := into(c, "big", connectors.Insert)
		f.target.StateKey = fmt.Sprint("bench", time.Now().UnixNano())
		f.must(b)
		ours += time.Since(start)
		execute(b, admin, "TRUNCATE dwh.big; CHECKPOINT")
		start = time.Now()
		psql := filepath.Join(testdb.Postgres(b).BinDir, "psql")
		pipe := fmt.Sprintf(`%[1]s -X -q "%[2]s" -c "COPY big TO STDOUT (FORMAT binary)" | %[1]s -X -q "%[2]s" -c "COPY dwh.big FROM STDIN (FORMAT binary)"`, psql, url)
		if out, err := exec.Command("sh", "-c", pipe).CombinedOutput(); err != nil {
			b.Fatalf("psql: %v\n%s", err, out)
		}
		theirs += time.Since(start)
	}
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
	b.ReportMetric(cpu(after)-cpu(before), "cpu-s")
	b.ReportMetric(ours.Seconds()/float64(b.N), "leat-s")
	b.ReportMetric(theirs.Seconds()/float64(b.N), "psql-s")
	b.ReportMetric(ours.Seconds()/theirs.Seconds(), "ratio")
}
