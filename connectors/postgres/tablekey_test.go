package postgres

import (
	"slices"
	"testing"

	"leat/connectors"
)

// TestKeysOfTables finds the primary key, else the smallest unique columns that are never
// NULL, in a listing and in a description alike.
func TestKeysOfTables(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE TABLE p (a int UNIQUE NOT NULL, b int, c int, PRIMARY KEY (c, b)); CREATE TABLE late (a int PRIMARY KEY DEFERRABLE INITIALLY DEFERRED);
		CREATE TABLE small (a int NOT NULL, b int NOT NULL, c int NOT NULL, UNIQUE (a, b), UNIQUE (c));
		CREATE TABLE named (a int NOT NULL, b int NOT NULL, CONSTRAINT z UNIQUE (a), CONSTRAINT y UNIQUE (b));
		CREATE TABLE nulls (a int UNIQUE, b int NOT NULL); CREATE TABLE deferred (a int NOT NULL UNIQUE DEFERRABLE);
		CREATE TABLE partial (a int NOT NULL); CREATE UNIQUE INDEX ON partial (a) WHERE a > 0;
		CREATE TABLE computed (a int NOT NULL); CREATE UNIQUE INDEX ON computed ((a + 1));
		CREATE TABLE whole (a int NOT NULL, b int); CREATE UNIQUE INDEX ON whole (a); CREATE INDEX ON whole (b);
		CREATE TABLE hidden (a int PRIMARY KEY, b int NOT NULL UNIQUE); CREATE VIEW v AS TABLE p; CREATE TABLE none (a int);
		CREATE TABLE broken (a int NOT NULL); INSERT INTO broken VALUES (1), (1)`)
	if _, err := admin.Exec(t.Context(), "CREATE UNIQUE INDEX CONCURRENTLY broken_a ON broken (a)"); err == nil {
		t.Fatal("the index holds")
	}
	execute(t, admin, "GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC; REVOKE SELECT ON hidden FROM PUBLIC; GRANT SELECT (b) ON hidden TO PUBLIC")
	want := map[string][]string{
		"p": {"c", "b"}, "late": {"a"}, "small": {"c"}, "named": {"b"}, "nulls": nil, "deferred": nil, "partial": nil, "computed": nil, "whole": {"a"},
		"hidden": {"b"}, "v": nil, "none": nil, "broken": nil,
	}
	reader := limited(t, c, admin, "GRANT USAGE ON SCHEMA public TO")
	listed, err := reader.Datasets(t.Context())
	if err != nil || len(listed) != len(want) {
		t.Fatalf("%d tables: %v", len(listed), err)
	}
	for _, info := range listed {
		described, err := reader.Describe(t.Context(), connectors.Dataset{Schema: "public", Name: info.Name})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(info.Key, want[info.Name]) || !slices.Equal(described.Schema.Key, want[info.Name]) {
			t.Errorf("%s: the key is %q listed and %q described, want %q", info.Name, info.Key, described.Schema.Key, want[info.Name])
		}
	}
}

// TestWhatCannotBeReadIsListedWithItsReason lists a table without columns and a view that
// was never filled.
func TestWhatCannotBeReadIsListedWithItsReason(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, "CREATE TABLE empty (); CREATE TABLE t (id int); CREATE MATERIALIZED VIEW later AS TABLE t WITH NO DATA; CREATE MATERIALIZED VIEW filled AS TABLE t; CREATE VIEW bare AS SELECT")
	listed, err := c.Datasets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]string{}
	for _, info := range listed {
		got[info.Name] = info.Unreadable
	}
	if got["empty"] != "it has no columns" || got["bare"] != "it has no columns" || got["later"] == "" || got["filled"] != "" || got["t"] != "" || len(got) != 5 {
		t.Errorf("the reasons are %q", got)
	}
}
