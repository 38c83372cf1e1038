package duckdb_test

import (
	"strings"
	"testing"

	"leat/connectors"
	"leat/record"
)

// TestKeysOfAnotherEqualityAreTold plans loads whose key one end compares otherwise than
// the other.
func TestKeysOfAnotherEqualityAreTold(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		column record.Column
		create string
		want   string
	}{
		{"numbers become texts", record.Column{Type: record.Text, Number: true, Native: "numeric", Note: "travels as text"}, "CREATE TABLE t (id BIGINT, v VARCHAR)", "1.0 and 1.00 are equal"},
		{"numbers become new texts", record.Column{Type: record.Text, Number: true, Native: "numeric", Note: "travels as text"}, "", "1.0 and 1.00 are equal"},
		{"letters in any case", record.Column{Type: record.Text, Native: "citext", Note: "travels as text"}, "", "a and A are equal"},
		{"spans of time stay", record.Column{Type: record.Text, Native: "interval", Note: "travels as text"}, "CREATE TABLE t (id BIGINT, v INTERVAL)", ""},
		{"spans of time become texts", record.Column{Type: record.Text, Native: "interval", Note: "travels as text"}, "CREATE TABLE t (id BIGINT, v VARCHAR)", "1 month and 30 days are equal"},
		{"a collation without case", record.Column{Type: record.Text, Native: "text"}, "CREATE TABLE t (id BIGINT, v VARCHAR COLLATE NOCASE)", "the collation NOCASE does not tell apart"},
		{"texts", record.Column{Type: record.Text, Native: "text"}, "CREATE TABLE t (id BIGINT, v VARCHAR)", ""},
		{"whole numbers", record.Column{Type: record.Int64, Native: "bigint"}, "CREATE TABLE t (id BIGINT, v HUGEINT)", ""},
		{"floats of files", record.Column{Type: record.Float64}, "CREATE TABLE t (id BIGINT, v DOUBLE)", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := newSite(t)
			if c.create != "" {
				s = newSite(t, c.create)
			}
			schema, batch := oneColumn(t, c.column)
			batch.Release()
			plans, err := s.Plan(t.Context(), connectors.LoadID{Installation: "me", Flow: "f"}, []connectors.Target{target(connectors.Upsert, schema, "v")})
			if err != nil || plans[0].Refusal != nil {
				t.Fatalf("%+v, %v", plans, err)
			}
			told := strings.Join(plans[0].Warnings, "\n")
			if c.want == "" && strings.Contains(told, "unique column") || !strings.Contains(told, c.want) {
				t.Errorf("the plan tells %q, want %q", told, c.want)
			}
		})
	}
}

// TestColumnsThatDifferByCaseAreRefused names both columns.
func TestColumnsThatDifferByCaseAreRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	schema, batch := batchOf(column{"ID", []any{1}}, column{"id", []any{1}})
	batch.Release()
	plans, err := s.Plan(t.Context(), connectors.LoadID{Installation: "me", Flow: "f"}, []connectors.Target{target(connectors.Insert, schema)})
	if err != nil || plans[0].Refusal == nil || !strings.Contains(plans[0].Refusal.Message, `"ID" and "id"`) {
		t.Errorf("%+v, %v", plans, err)
	}
}
