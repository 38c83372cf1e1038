package duckdb_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leat/connectors"
	"leat/record"
)

func TestRejectsAreKeptBesideTheTable(t *testing.T) {
	t.Parallel()
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

// TestTextsThatCannotBeReadAreRejected sends texts into columns of other types, which
// DuckDB reads when the rows are applied.
func TestTextsThatCannotBeReadAreRejected(t *testing.T) {
	t.Parallel()
	for have, bad := range map[string]string{"JSON": "{", "UUID": "x", "ENUM('good')": "worse"} {
		good := map[string]string{"JSON": "null", "UUID": "6f1ad3a1-0000-4000-8000-000000000001", "ENUM('good')": "good"}[have]
		s := newSite(t, "CREATE TABLE t (s BIGINT, v "+have+")")
		for _, mode := range []connectors.WriteMode{connectors.Insert, connectors.Upsert, connectors.TruncateInsert} {
			schema, batch := batchOf(column{"s", []any{1, 2, 3, 4}}, column{"v", []any{good, bad, good, bad}})
			tg := target(mode, schema, "s")
			_, _, err := s.load(t, "none "+string(mode), tg, batch)
			if !connectors.Is(err, connectors.Data) || !strings.Contains(err.Error(), `column "v": the text cannot be read as `) || strings.Contains(err.Error(), "worse") {
				t.Errorf("%s, %s: %v", have, mode, err)
			}
			tg.RejectLimit = 1
			_, batch = batchOf(column{"s", []any{1, 2, 3, 4}}, column{"v", []any{good, bad, good, bad}})
			if _, _, err := s.load(t, "one "+string(mode), tg, batch); !connectors.Is(err, connectors.Data) || !strings.Contains(err.Error(), "more than 1 rows") {
				t.Errorf("%s, %s: %v", have, mode, err)
			}
			tg.RejectLimit = 2
			_, batch = batchOf(column{"s", []any{1, 2, 3, 4}}, column{"v", []any{good, bad, good, bad}})
			r, _, err := s.load(t, "two "+string(mode), tg, batch)
			if err != nil || r.Rejected != 2 || r.Written+r.Unchanged != 2 || !r.Balanced() {
				t.Errorf("%s, %s: %+v, %v", have, mode, r, err)
			}
			kept := s.rows(t, "SELECT column_name, row_data ->> 's', row_data ->> 'v' FROM t__rejects WHERE run = 'two "+string(mode)+"' ORDER BY 2")
			if want := "v|2|" + bad + "\nv|4|" + bad; kept != want {
				t.Errorf("%s, %s: kept %q", have, mode, kept)
			}
		}
	}
}
