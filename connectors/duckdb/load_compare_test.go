package duckdb_test

import (
	"testing"

	"leat/connectors"
)

// TestCompareWithoutLeavesColumnsOut writes a row again only where another column differs.
func TestCompareWithoutLeavesColumnsOut(t *testing.T) {
	t.Parallel()
	for _, mode := range []connectors.WriteMode{connectors.Upsert, connectors.Update, connectors.History} {
		t.Run(string(mode), func(t *testing.T) {
			r := newRoute(t, connectors.Upsert, []string{"id"}, "CREATE TABLE rows AS SELECT 1 AS id, 'a' AS note, 1 AS seen UNION ALL SELECT 2, 'b', 1")
			r.target.Mode = mode
			if mode == connectors.Update {
				execute(t, r.to.path, "CREATE TABLE rows AS SELECT 1 AS id, 'old' AS note, 1 AS seen UNION ALL SELECT 2, 'old', 1")
			}
			r.target.CompareWithout = []string{"seen"}
			if _, err := r.move(t); err != nil {
				t.Fatal(err)
			}
			execute(t, r.from.path, "UPDATE rows SET seen = 2")
			if report, err := r.move(t); err != nil || report.Changed != 0 || report.Unchanged != 2 {
				t.Errorf("%+v, %v, want nothing changed", report.Counts, err)
			}
			execute(t, r.from.path, "UPDATE rows SET note = 'c' WHERE id = 1")
			if report, err := r.move(t); err != nil || report.Written != 1 || report.Unchanged != 1 {
				t.Errorf("%+v, %v, want one row written", report.Counts, err)
			}
			r.target.CompareWithout = []string{"nope"}
			_, err := r.move(t)
			wantRefusal(t, err, connectors.Config, "compare_without", `"nope"`)
		})
	}
}
