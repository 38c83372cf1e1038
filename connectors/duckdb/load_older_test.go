package duckdb_test

import (
	"fmt"
	"strings"
	"testing"

	"leat/connectors"
)

// TestAnOlderRowNeverReplacesANewerOne reads a row without a cursor at every run, whose key
// it shares with a row that was stored.
func TestAnOlderRowNeverReplacesANewerOne(t *testing.T) {
	t.Parallel()
	for _, mode := range []connectors.WriteMode{connectors.Upsert, connectors.Update, connectors.History} {
		t.Run(string(mode), func(t *testing.T) {
			r := newRoute(t, mode, []string{"id"}, `CREATE TABLE rows AS SELECT * FROM (VALUES (1, 'old', NULL), (1, 'new', 100)) v(id, name, "at")`).by("", connectors.NullsInclude)
			if mode == connectors.Update {
				execute(t, r.to.path, `CREATE TABLE rows (id INTEGER, name VARCHAR, "at" INTEGER)`, "INSERT INTO rows (id) VALUES (1)")
			}
			r.wants(t, 1, 0, 1, 0, 1)
			r.wants(t, 0, 1, 1, 0, 0)
			execute(t, r.from.path, "DELETE FROM rows WHERE name = 'new'")
			r.wants(t, 0, 0, 1, 0, 0)
			if got := r.to.rows(t, "SELECT name FROM rows"); got != "new" {
				t.Errorf("the table holds %q", got)
			}
			r.target.FullRefresh = true
			if report := r.wantsWritten(t, 1); report.Duplicate != 0 {
				t.Errorf("a full refresh: %+v", report.Counts)
			}
		})
	}
}

// TestACursorInATextIsOrderedAsANumber has 9 and 10, whose digits are ordered otherwise.
func TestACursorInATextIsOrderedAsANumber(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for i, test := range []struct{ name, number, want string }{{"ten", "10", "ten"}, {"nine", "9", "ten"}, {"null", "NaN", "null"}} {
		schema, batch := batchOf(column{"id", []any{1, 1}}, column{"name", []any{test.name, "lower"}}, column{"n", []any{test.number, "-8.5"}})
		schema.Columns[2].Native = "numeric" // without a precision it travels as text
		tg := target(connectors.Upsert, schema, "id")
		tg.Cursor = "n"
		if _, _, err := s.load(t, fmt.Sprint(i), tg, batch); err != nil {
			t.Fatal(err)
		}
		if got := s.rows(t, "SELECT name FROM t"); got != test.want {
			t.Errorf("after %s the table holds %q, want %q", test.number, got, test.want)
		}
	}
}

// TestRepeatedKeysAreTold reads ten rows that share three keys.
func TestRepeatedKeysAreTold(t *testing.T) {
	t.Parallel()
	for _, mode := range []connectors.WriteMode{connectors.Upsert, connectors.InsertIgnore, connectors.History} {
		t.Run(string(mode), func(t *testing.T) {
			r := newRoute(t, mode, []string{"a", "b"}, `CREATE TABLE rows AS SELECT n % 3 AS a, 'secret' AS b, n AS "at" FROM range(10) r(n)`)
			r.target.Duplicates = connectors.DuplicatesRefuse
			_, err := r.move(t)
			wantRefusal(t, err, connectors.Data, "7 rows", "a, b", "duplicates: warn")
			r.target.Duplicates = connectors.DuplicatesNewest
			_, err = r.move(t)
			wantRefusal(t, err, connectors.Config, "cursor", "newest")
			r.target.Duplicates = ""
			report, err := r.move(t)
			if err != nil || len(report.Warnings) != 1 || !strings.Contains(report.Warnings[0], "7 rows") || strings.Contains(fmt.Sprint(report), "secret") {
				t.Errorf("%v, %+v", err, report)
			}
		})
	}
}
