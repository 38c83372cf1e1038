package duckdb_test

import (
	"slices"
	"testing"

	"leat/connectors"
)

// TestKeysOfTables finds the primary key, else the smallest unique columns that are never
// NULL, in a listing and in a description alike.
func TestKeysOfTables(t *testing.T) {
	t.Parallel()
	s := newSite(t,
		"CREATE TABLE p (a INT UNIQUE NOT NULL, b INT, c INT, PRIMARY KEY (c, b))",
		"CREATE TABLE u (a INT NOT NULL, b INT NOT NULL, c INT NOT NULL, UNIQUE (a, b), UNIQUE (c))",
		"CREATE TABLE n (a INT UNIQUE, b INT NOT NULL)",
		`CREATE TABLE i ("A b" INT NOT NULL, c INT NOT NULL)`, `CREATE UNIQUE INDEX one ON i ("A b")`,
		"CREATE TABLE two (a INT NOT NULL, b INT NOT NULL)", "CREATE UNIQUE INDEX both_of ON two (b, a)",
		"CREATE TABLE e (a INT NOT NULL)", "CREATE UNIQUE INDEX sum_of ON e ((a + 1))",
		"CREATE TABLE none (a INT NOT NULL)", "CREATE INDEX plain ON none (a)", "CREATE VIEW v AS SELECT * FROM p",
	)
	want := map[string][]string{"p": {"c", "b"}, "u": {"c"}, "n": nil, "i": {"A b"}, "two": {"b", "a"}, "e": nil, "none": nil, "v": nil}
	discoverer := s.Discoverer
	listed, err := discoverer.Datasets(t.Context())
	if err != nil || len(listed) != len(want) {
		t.Fatalf("%d tables: %v", len(listed), err)
	}
	for _, info := range listed {
		described, err := discoverer.Describe(t.Context(), connectors.Dataset{Schema: info.Schema, Name: info.Name})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(info.Key, want[info.Name]) || !slices.Equal(described.Schema.Key, want[info.Name]) {
			t.Errorf("%s: the key is %q listed and %q described, want %q", info.Name, info.Key, described.Schema.Key, want[info.Name])
		}
	}
}
