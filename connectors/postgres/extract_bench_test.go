package postgres

import (
	"errors"
	"io"
	"syscall"
	"testing"
	"time"

	"leat/connectors"
)

// BenchmarkRead reads a table of nine mixed columns in binary form.
func BenchmarkRead(b *testing.B) {
	c, _ := newDatabase(b, `CREATE TABLE wide AS SELECT g::bigint AS id, 'customer ' || g AS name, md5(g::text) AS code, 'note' AS note,
		(g * 1.37)::numeric(12,2) AS amount, g % 97 AS quantity, g % 2 = 0 AS paid,
		timestamptz '2026-01-01' + g * interval '1 second' AS at, date '2026-01-01' + g % 365 AS day FROM generate_series(1, 1000000) g`)
	b.ResetTimer()
	for range b.N {
		var before, after syscall.Rusage
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &before)
		start := time.Now()
		rows := drain(b, c)
		_ = syscall.Getrusage(syscall.RUSAGE_SELF, &after)
		b.ReportMetric(float64(rows)/time.Since(start).Seconds(), "rows/s")
		b.ReportMetric(cpu(after)-cpu(before), "cpu-s/1M")
	}
}

func cpu(u syscall.Rusage) float64 {
	return float64(u.Utime.Nano()+u.Stime.Nano()) / 1e9
}

func drain(b *testing.B, c *connection) (rows int64) {
	b.Helper()
	r, err := c.Read(b.Context(), []connectors.Selection{table("wide")}, connectors.Want{Layouts: []string{"pgbinary"}, System: Kind})
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
