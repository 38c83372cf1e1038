package duckdb_test

import (
	"testing"

	"leat/connectors"
)

// TestRowsThatNoCursorOrdersComeOnce reads rows with a NULL cursor at every run; endless
// times are not representable. By their key they are known; without a key the run fails with their number.
func TestRowsThatNoCursorOrdersComeOnce(t *testing.T) {
	t.Parallel()
	rows := "CREATE TABLE rows AS SELECT * FROM (VALUES (1, TIMESTAMP '2026-01-01'), (2, TIMESTAMP '2026-01-02'), (3, NULL), (4, NULL), (5, NULL)) v(id, \"at\")"
	r := newRoute(t, connectors.Insert, []string{"id"}, rows).by(connectors.OverlapNone, connectors.NullsInclude)
	r.wants(t, 4, 0, 0, 0, 4) // the row at the highest cursor waits
	r.wants(t, 0, 0, 3, 0, 0)

	r = newRoute(t, connectors.Insert, nil, rows).by(connectors.OverlapNone, connectors.NullsInclude)
	for range 2 { // neither into a new table nor into one that stands
		_, err := r.move(t)
		wantRefusal(t, err, connectors.Data, "3 rows", `"at"`, "nulls: exclude", "unique columns")
		execute(t, r.to.path, "CREATE TABLE IF NOT EXISTS rows (id INTEGER, \"at\" TIMESTAMP)")
	}
	r.by(connectors.OverlapNone, connectors.NullsExclude)
	r.wants(t, 1, 0, 0, 0, 1)
	r.wants(t, 0, 0, 0, 0, 0)
}

// TestAChangedSelectionOfAnInsertGoesOn changes the columns, and then what is read.
func TestAChangedSelectionOfAnInsertGoesOn(t *testing.T) {
	t.Parallel()
	r := newRoute(t, connectors.Insert, nil, "CREATE TABLE rows AS SELECT n AS id, n AS \"at\", 'x' AS note FROM range(10) r(n)").by(connectors.OverlapNone, "")
	r.target.Fingerprint = "all.origin"
	r.wants(t, 9, 0, 0, 0, 9)
	r.selection.Columns, r.target.Fingerprint = []string{"id", "at"}, "two.origin"
	r.wants(t, 0, 0, 0, 0, 0)
	r.target.Fingerprint = "two.other"
	_, err := r.move(t)
	wantRefusal(t, err, connectors.Config, "another dataset", "leat state")
	r.target.Fingerprint, r.target.FullRefresh = "two.origin", true
	_, err = r.move(t)
	wantRefusal(t, err, connectors.Config, "full refresh", "Empty the table")
}
