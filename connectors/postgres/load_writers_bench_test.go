package postgres

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"leat/connectors"
)

// BenchmarkWriters loads a million rows by one writer, by two and by four in turn, and
// tells the median of the ratios to the one before it. The source is read in four parts
// each time, so that the writers alone differ.
func BenchmarkWriters(b *testing.B) {
	const columns = "n::bigint AS id, 'customer ' || n AS name, md5((n + %d)::text) AS hash, (n * 1.01)::numeric(12,2) AS amount, '2026-01-01'::timestamptz + n * interval '1 second' AS at"
	c, admin := newDatabase(b, fmt.Sprintf(`CREATE SCHEMA dwh; CREATE TABLE big AS SELECT `+columns+` FROM generate_series(1, 1000000) n; ALTER TABLE big ADD PRIMARY KEY (id);
		CREATE TABLE base AS SELECT `+columns+` FROM generate_series(500001, 1500000) n; ANALYZE`, 1, 0))
	for name, kind := range map[string]struct {
		mode    connectors.WriteMode
		replace connectors.Replace
		filled  bool
	}{
		"upsert":               {connectors.Upsert, "", true},
		"replace by delete":    {connectors.TruncateInsert, connectors.ReplaceDeleteInsert, true},
		"insert, table is new": {connectors.Insert, "", false},
	} {
		b.Run(name, func(b *testing.B) {
			ratios := map[int][]float64{}
			var alone []float64
			for b.Loop() {
				took := map[int]float64{}
				for _, writers := range []int{1, 2, 4} {
					execute(b, admin, "DROP TABLE IF EXISTS dwh.big")
					if kind.filled {
						execute(b, admin, "CREATE TABLE dwh.big (LIKE base); INSERT INTO dwh.big TABLE base; ALTER TABLE dwh.big ADD PRIMARY KEY (id); ANALYZE dwh.big")
					}
					execute(b, admin, "CHECKPOINT")
					f := into(c, "big", kind.mode, "id")
					f.target.Writers, f.target.Replace, f.readParts = writers, kind.replace, 4
					f.target.StateKey = fmt.Sprint("bench", time.Now().UnixNano())
					start := time.Now()
					f.must(b)
					took[writers] = time.Since(start).Seconds()
				}
				alone = append(alone, took[1])
				ratios[2], ratios[4] = append(ratios[2], took[2]/took[1]), append(ratios[4], took[4]/took[1])
			}
			b.ReportMetric(middle(alone), "one-s")
			b.ReportMetric(middle(ratios[2]), "two/one")
			b.ReportMetric(middle(ratios[4]), "four/one")
		})
	}
}

func middle(values []float64) float64 {
	slices.Sort(values)
	return values[len(values)/2]
}
