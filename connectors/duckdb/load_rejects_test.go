package duckdb_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leat/connectors"
	"leat/record"
)

func TestRejectsAreKeptBesideTheTable(t *testing.T) {
	rejected := func() (record.Schema, record.Batch) {
		schema, batch := batchOf(column{"id", []any{1, 2, 3}})
		rows, _, err := batch.Arrow()
		if err != nil {
			t.Fatal(err)
		}
		bad, err := record.WithRejects(rows, []record.Reject{{Row: 1, Column: "id", Reason: "is not a valid int64"}})
		if err != nil {
			t.Fatal(err)
		}
		return schema, bad
	}
	s := newSite(t)
	schema, batch := rejected()
	if _, _, err := s.load(t, "r1", target(connectors.Insert, schema), batch); !connectors.Is(err, connectors.Data) || !strings.Contains(err.Error(), `"id"`) {
		t.Errorf("without a limit: %v", err)
	}
	tg := target(connectors.Insert, schema)
	tg.RejectLimit = 1
	_, batch = rejected()
	report, _, err := s.load(t, "r2", tg, batch)
	want := []connectors.RejectCount{{Column: "id", Reason: "is not a valid int64", Rows: 1}}
	if diff := cmp.Diff(want, report.RejectReasons); diff != "" || err != nil || report.Rejected != 1 || report.Written != 2 {
		t.Errorf("%+v, %v\n%s", report.Counts, err, diff)
	}
	if got := s.rows(t, "SELECT id, (SELECT column_name || ' ' || reason || ' ' || run FROM t__rejects) FROM t ORDER BY id"); got != "1|id is not a valid int64 r2\n3|id is not a valid int64 r2" {
		t.Errorf("rows %q", got)
	}
	for run, want := range map[string]int{"r1": 0, "r2": 1} {
		kept, err := s.Connection.(connectors.RejectKeeper).Rejects(tg.Table, run)
		if err != nil {
			t.Fatal(err)
		}
		if got, _ := s.count(t, kept); got != want {
			t.Errorf("run %s has %d kept rows, want %d", run, got, want)
		}
	}
}
