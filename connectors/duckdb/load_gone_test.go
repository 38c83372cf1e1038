package duckdb_test

import (
	"fmt"
	"strings"
	"testing"

	"leat/connectors"
)

// TestAColumnThatIsGoneIsTold takes a column away from the source, run after run.
func TestAColumnThatIsGoneIsTold(t *testing.T) {
	t.Parallel()
	for _, mode := range []connectors.WriteMode{connectors.TruncateInsert, connectors.Upsert, connectors.History} {
		t.Run(string(mode), func(t *testing.T) {
			var unique []string
			if mode.NeedsKey() {
				unique = []string{"id"}
			}
			r := newRoute(t, mode, unique, "CREATE TABLE rows AS SELECT 1 AS id, 'a' AS note, 2 AS n")
			if _, err := r.move(t); err != nil {
				t.Fatal(err)
			}
			execute(t, r.from.path, "ALTER TABLE rows DROP note")
			execute(t, r.to.path, "ALTER TABLE rows ADD only_here VARCHAR")
			for range 2 { // not only once
				report, err := r.move(t)
				if told := fmt.Sprint(report.Warnings); err != nil || !strings.Contains(told, `"note"`) || strings.Contains(told, "only_here") {
					t.Errorf("%v, warnings %s", err, told)
				}
			}
			plans, err := r.to.Plan(t.Context(), connectors.LoadID{Installation: "me", Flow: "f"}, []connectors.Target{r.target})
			if err != nil || !strings.Contains(fmt.Sprint(plans[0].Warnings), `"note"`) {
				t.Errorf("%v, plan %+v", err, plans)
			}
			r.target.Drift = connectors.DriftRefuse
			_, err = r.move(t)
			wantRefusal(t, err, connectors.Config, `"note"`, "Bring it back", "DROP COLUMN")
		})
	}
}
