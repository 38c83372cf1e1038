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

// BenchmarkUpsert merges 200,000 rows, half of them known, into a million, and compares
// with a staging script by hand.
func BenchmarkUpsert(b *testing.B) {
	const columns = "n::bigint AS id, 'customer ' || n AS name, md5((n + %d)::text) AS hash, (n * 1.01)::numeric(12,2) AS amount, '2026-01-01'::timestamptz + n * interval '1 second' AS at"
	c, admin := newDatabase(b, fmt.Sprintf(`CREATE SCHEMA dwh; CREATE TABLE big AS SELECT `+columns+` FROM generate_series(900001, 1100000) n ORDER BY random();
		CREATE TABLE base AS SELECT `+columns+` FROM generate_series(1, 1000000) n; ANALYZE`, 1, 0))
	url := admin.Config().ConnString()
	psql := filepath.Join(testdb.Postgres(b).BinDir, "psql")
	prepare := func() {
		execute(b, admin, "DROP TABLE IF EXISTS dwh.big; CREATE TABLE dwh.big (LIKE base); INSERT INTO dwh.big SELECT * FROM base; ALTER TABLE dwh.big ADD PRIMARY KEY (id); ANALYZE dwh.big")
		execute(b, admin, "CHECKPOINT")
	}
	script := "CREATE TEMP TABLE s (LIKE dwh.big); COPY s FROM STDIN (FORMAT binary); INSERT INTO dwh.big SELECT * FROM s ON CONFLICT (id) DO UPDATE SET name = EXCLUDED.name, hash = EXCLUDED.hash, amount = EXCLUDED.amount, at = EXCLUDED.at"
	var ours, theirs time.Duration
	for b.Loop() {
		prepare()
		start := time.Now()
		f := into(c, "big", connectors.Upsert, "id")
		f.target.StateKey = fmt.Sprint("bench", time.Now().UnixNano())
		f.must(b)
		ours += time.Since(start)
		prepare()
		start = time.Now()
		pipe := fmt.Sprintf(`%[1]s -X -q "%[2]s" -c "COPY big TO STDOUT (FORMAT binary)" | %[1]s -X -q -1 "%[2]s" -c "%[3]s"`, psql, url, script)
		if out, err := exec.Command("sh", "-c", pipe).CombinedOutput(); err != nil {
			b.Fatalf("psql: %v\n%s", err, out)
		}
		theirs += time.Since(start)
	}
	b.ReportMetric(ours.Seconds()/float64(b.N), "leat-s")
	b.ReportMetric(theirs.Seconds()/float64(b.N), "script-s")
	b.ReportMetric(ours.Seconds()/theirs.Seconds(), "ratio")
}

// BenchmarkNarrower moves rows into a table of which two of nine columns are narrower, and
// compares with one that has the source's types, whose rows go through untouched.
func BenchmarkNarrower(b *testing.B) {
	const rows = 500_000
	c, admin := newDatabase(b, fmt.Sprintf(`CREATE SCHEMA dwh; CREATE TABLE big AS SELECT n::bigint AS id, 'customer ' || n AS name, md5(n::text) AS hash, 'a text of ordinary length ' || n %% 1000 AS note,
		(n * 1.01)::numeric(38,9) AS amount, n::int AS i, n %% 2 = 0 AS even, '2026-01-01'::timestamptz + n * interval '1 second' AS at, '2026-01-01'::date + n %% 300 AS day FROM generate_series(1, %d) n;
		ALTER TABLE big ALTER note TYPE varchar(160);
		CREATE TABLE dwh.same (LIKE big); CREATE TABLE dwh.narrow (LIKE big); ALTER TABLE dwh.narrow ALTER amount TYPE numeric(12,2), ALTER note TYPE varchar(100); ANALYZE big`, rows))
	took, used := map[string]time.Duration{}, map[string]float64{}
	run := func(table string) {
		execute(b, admin, "TRUNCATE dwh."+table+"; CHECKPOINT")
		f := into(c, "big", connectors.Insert)
		f.target.Table.Name = table
		f.target.StateKey = fmt.Sprint("bench", time.Now().UnixNano())
		var before, after syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
		start := time.Now()
		f.must(b)
		took[table] += time.Since(start)
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
		used[table] += cpu(after) - cpu(before)
	}
	for b.Loop() {
		run("same")
		run("narrow")
		run("narrow")
		run("same")
	}
	b.ReportMetric(took["narrow"].Seconds()/took["same"].Seconds(), "ratio")
	b.ReportMetric(used["narrow"]/used["same"], "cpu-ratio")
}
