package postgres

import (
	"fmt"
	"strings"
	"testing"

	"leat/connectors"
)

// TestAColumnThatIsGoneIsTold takes a column away from the source, run after run.
func TestAColumnThatIsGoneIsTold(t *testing.T) {
	t.Parallel()
	for _, mode := range []connectors.WriteMode{connectors.Insert, connectors.TruncateInsert, connectors.Upsert, connectors.Update, connectors.DeleteInsert, connectors.History} {
		t.Run(string(mode), func(t *testing.T) {
			c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t (id int PRIMARY KEY, note text, own text); INSERT INTO t VALUES (1, 'a', 'x')")
			var unique []string
			if mode.NeedsKey() {
				unique = []string{"id"}
			}
			f := into(c, "t", mode, unique...)
			if mode == connectors.Update {
				execute(t, admin, "CREATE TABLE dwh.t (LIKE t); INSERT INTO dwh.t VALUES (1)")
			}
			f.must(t)
			execute(t, admin, "ALTER TABLE dwh.t ADD only_here text; ALTER TABLE t DROP note")
			for range 2 { // not only once
				wantWarning(t, f.must(t), `no longer brings the column "note"`, `DROP COLUMN "note"`)
				wantPlan(t, f, "", `"note"`)
			}
			f.target.Drift = connectors.DriftRefuse
			_, err := f.move(t)
			wantRefusal(t, err, connectors.Config, `"note"`, "Bring it back", "DROP COLUMN")
			if strings.Contains(err.Error(), "only_here") {
				t.Errorf("a column that only the table ever had is blamed: %v", err)
			}
			wantPlan(t, f, `"note"`, "")
			execute(t, admin, "ALTER TABLE dwh.t DROP note")
			f.must(t)
			wantPlan(t, f, "", "")
		})
	}
}

// TestLoadsOfEarlierVersionsBlameNobody has a load row without columns.
func TestLoadsOfEarlierVersionsBlameNobody(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.Upsert, "id")
	f.must(t)
	execute(t, admin, "UPDATE dwh._leat_loads SET counts = (counts::jsonb - 'columns')::text; ALTER TABLE t DROP name")
	if r := f.must(t); len(r.Warnings) > 0 {
		t.Errorf("warnings %q, want none", r.Warnings)
	}
}

// wantPlan plans the next run, and requires a refusal or a warning with the word, or none.
func wantPlan(t *testing.T, f *flow, refusal, warning string) {
	t.Helper()
	described, err := f.c.Describe(t.Context(), f.selection.Dataset)
	if err != nil {
		t.Fatal(err)
	}
	target := f.target
	target.Schema = described.Schema
	plans, err := f.c.Plan(t.Context(), f.id(), []connectors.Target{target})
	if err != nil {
		t.Fatal(err)
	}
	got := ""
	if plans[0].Refusal != nil {
		got = plans[0].Refusal.Message
	}
	if (got == "") != (refusal == "") || !strings.Contains(got, refusal) {
		t.Errorf("the refusal is %q, want %q", got, refusal)
	}
	told := fmt.Sprint(plans[0].Warnings)
	if warning != "" && !strings.Contains(told, warning) || warning == "" && refusal == "" && len(plans[0].Warnings) > 0 {
		t.Errorf("the warnings are %q, want %q", told, warning)
	}
}
