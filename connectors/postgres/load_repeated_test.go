package postgres

import (
	"strings"
	"testing"

	"leat/connectors"
)

// wantWarning requires one warning that holds the words.
func wantWarning(t testing.TB, r connectors.Report, words ...string) {
	t.Helper()
	found := 0
	for _, warning := range r.Warnings {
		for _, word := range words {
			if !strings.Contains(warning, word) {
				warning = ""
			}
		}
		if warning != "" {
			found++
		}
	}
	if found != 1 {
		t.Errorf("%d of the warnings %q hold %q, want one", found, r.Warnings, words)
	}
}

// TestRepeatedKeysAreTold reads ten rows that share three keys.
func TestRepeatedKeysAreTold(t *testing.T) {
	t.Parallel()
	modes := []connectors.WriteMode{connectors.Upsert, connectors.InsertIgnore, connectors.Update, connectors.History}
	for _, mode := range modes {
		t.Run(string(mode), func(t *testing.T) {
			c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t AS SELECT n % 3 AS a, 'secret' AS b, n AS at, 'x' || n AS note FROM generate_series(1, 10) n")
			f := into(c, "t", mode, "a", "b")
			f.target.Duplicates = connectors.DuplicatesRefuse
			_, err := f.move(t)
			wantRefusal(t, err, connectors.Data, "7 rows", "a, b", "duplicates: warn")
			if strings.Contains(err.Error(), "secret") {
				t.Errorf("the error holds a value: %v", err)
			}
			wantRows(t, admin, "SELECT to_regclass('dwh.t') IS NULL", "(t)")
			f.target.Duplicates = connectors.DuplicatesNewest
			_, err = f.move(t)
			wantRefusal(t, err, connectors.Config, "cursor", "newest")
			for range 2 { // into the new table, and into one that stands
				f.target.Duplicates = ""
				r := f.must(t)
				wantWarning(t, r, "7 rows", "a, b", "last one read")
				if strings.Contains(strings.Join(r.Warnings, " "), "secret") {
					t.Errorf("a warning holds a value: %v", r.Warnings)
				}
			}
			f.incremental("at")
			f.target.Fingerprint, f.target.Duplicates = "by at", connectors.DuplicatesNewest
			if r := f.must(t); len(r.Warnings) > 0 {
				t.Errorf("warnings %q, want none", r.Warnings)
			}
			f.target.Fingerprint, f.target.Duplicates = "by at again", connectors.DuplicatesWarn
			wantWarning(t, f.must(t), "7 rows", `highest cursor "at"`)
		})
	}
}
