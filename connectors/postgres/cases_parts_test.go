package postgres

import (
	"fmt"
	"slices"
	"testing"

	"leat/connectors"
)

// Given a partitioned table whose partitions repeat each other's row addresses, and NULL
// in the column that parts them; when it is read in parallel parts; then each row comes
// exactly once, also of a default partition.
func TestPartsOfAPartitionedTable(t *testing.T) {
	t.Parallel()
	layouts := map[string][2]string{
		"LIST (region)": {"FOR VALUES IN ('eu')", "DEFAULT"}, "RANGE (region)": {"FOR VALUES FROM ('ea') TO ('ez')", "DEFAULT"},
	}
	if serverVersion(t) < 110_000 { // no default partitions yet, and so no NULL in a range
		layouts = map[string][2]string{"LIST (region)": {"FOR VALUES IN ('eu')", "FOR VALUES IN ('us', NULL)"}}
	}
	for kind, partitions := range layouts {
		t.Run(kind, func(t *testing.T) {
			c, _ := newDatabase(t, fmt.Sprintf(`CREATE TABLE big (id int, region text, filler text) PARTITION BY %s;
				CREATE TABLE big_eu PARTITION OF big %s; CREATE TABLE big_other PARTITION OF big %s;
				INSERT INTO big SELECT n, (ARRAY['eu', 'us', NULL])[1 + n %% 3], repeat('x', 600) FROM generate_series(1, 90000) n`, kind, partitions[0], partitions[1]))
			s := table("big")
			s.Columns, s.Parts = []string{"id", "region"}, 4
			got := readAll(t, c, connectors.Want{}, s)[0]
			ids := got.column("id")
			slices.Sort(ids)
			if rows, distinct := len(ids), len(slices.Compact(ids)); rows != 90_000 || distinct != 90_000 || got.checkpoint.Rows != 90_000 {
				t.Errorf("%d rows with %d ids came, and the checkpoint counts %d; want 90000 of each", rows, distinct, got.checkpoint.Rows)
			}
		})
	}
}

// Given a plain table with NULL in most of its columns; when it is read in parallel
// parts; then no row is missing.
func TestPartsKeepRowsOfNulls(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, `CREATE TABLE big (id int, day date, filler text);
		INSERT INTO big SELECT CASE WHEN n % 2 = 0 THEN n END, CASE WHEN n % 3 = 0 THEN date '2026-01-01' END, repeat('x', 600) FROM generate_series(1, 90000) n`)
	s := table("big")
	s.Parts = 4
	got := readAll(t, c, connectors.Want{}, s)[0]
	if len(got.rows) != 90_000 || got.checkpoint.Rows != 90_000 {
		t.Errorf("%d rows came, the checkpoint counts %d", len(got.rows), got.checkpoint.Rows)
	}
}
