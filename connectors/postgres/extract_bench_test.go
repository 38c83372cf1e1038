package postgres

import (
	"errors"
	"io"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"leat/connectors"
	"leat/internal/testdb"
)

const wideTable = `CREATE TABLE wide AS SELECT g::bigint AS id, 'customer ' || g AS name, md5(g::text) AS code, 'note' AS note,
	(g * 1.37)::numeric(12,2) AS amount, g % 97 AS quantity, g % 2 = 0 AS paid,
	timestamptz '2026-01-01' + g * interval '1 second' AS at, date '2026-01-01' + g % 365 AS day FROM generate_series(1, 1000000) g;
	CREATE TABLE narrow AS SELECT g::bigint AS id, g * 0.5::float8 AS a, g * 0.25::float8 AS b, g * 0.125::float8 AS c, g * 0.1::float8 AS d FROM generate_series(1, 1000000) g;
	VACUUM ANALYZE`

// BenchmarkRead reads a million rows in binary form; psql's COPY to nowhere beside it is
// the limit.
func BenchmarkRead(b *testing.B) {
	url := testdb.Database(b)
	admin := testdb.Connect(b, url)
	for _, statement := range []string{wideTable[:len(wideTable)-len(";\n\tVACUUM ANALYZE")], "VACUUM ANALYZE"} {
		if _, err := admin.Exec(b.Context(), statement); err != nil {
			b.Fatal(err)
		}
	}
	c := open(b, url)
	for _, name := range []string{"wide", "narrow"} {
		b.Run(name, func(b *testing.B) {
			measure(b, syscall.RUSAGE_SELF, func() int64 { return drain(b, c, name) })
		})
		b.Run(name+"-psql", func(b *testing.B) {
			psql := filepath.Join(testdb.Postgres(b).BinDir, "psql")
			measure(b, syscall.RUSAGE_CHILDREN, func() int64 {
				if out, err := exec.Command(psql, "-X", "-q", "-o", "/dev/null", "-c", "COPY "+name+" TO STDOUT (FORMAT binary)", url).CombinedOutput(); err != nil {
					b.Fatalf("psql: %v: %s", err, out)
				}
				return 1_000_000
			})
		})
	}
}

// measure reports rows per second and the client's processor seconds per million rows.
func measure(b *testing.B, who int, run func() int64) {
	b.Helper()
	var before, after syscall.Rusage
	_ = syscall.Getrusage(who, &before)
	start, rows := time.Now(), int64(0)
	for range b.N {
		rows += run()
	}
	_ = syscall.Getrusage(who, &after)
	b.ReportMetric(float64(rows)/time.Since(start).Seconds(), "rows/s")
	b.ReportMetric((cpu(after)-cpu(before))/float64(rows)*1e6, "cpu-s/1M")
}

func cpu(u syscall.Rusage) float64 {
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func drain(b *testing.B, c *connection, name string) (rows int64) {
	b.Helper()
	r, err := c.Read(b.Context(), []connectors.Selection{table(name)}, connectors.Want{Layouts: []string{"pgbinary"}, System: Kind})
	if err != nil {
		b.Fatal(err)
	}
	defer r.Close()
	for {
		event, err := r.Next(b.Context())
		if errors.Is(err, io.EOF) {
			return rows
		}
		if err != nil {
			b.Fatal(err)
		}
		if event.Batch != nil {
			rows += int64(event.Batch.Rows())
			event.Batch.Release()
		}
	}
}
