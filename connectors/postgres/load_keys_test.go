package postgres

import (
	"strings"
	"testing"

	"leat/connectors"
)

// TestKeysOfAnotherEqualityAreTold plans loads whose key one end compares otherwise than
// the other.
func TestKeysOfAnotherEqualityAreTold(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE keys (n numeric, i interval, f float8, t text, d numeric(12,2), w bigint)")
	execute(t, admin, "CREATE TABLE dwh.keys (n text, i text, f text, t text, d text, w numeric)")
	want := map[string]string{"n": "1.0 and 1.00 are equal", "i": "1 month and 30 days are equal", "f": "-0 and 0 are equal", "t": "", "d": "", "w": ""}
	var loose int // servers without ICU have none
	if err := admin.QueryRow(t.Context(), "SELECT count(*) FROM pg_collation WHERE collname = 'und-x-icu'").Scan(&loose); err != nil {
		t.Fatal(err)
	}
	if loose > 0 && serverVersion(t) >= 120_000 {
		execute(t, admin, "CREATE COLLATION caseless (provider = icu, locale = 'und-u-ks-level2', deterministic = false); ALTER TABLE dwh.keys ALTER t TYPE text COLLATE caseless")
		want["t"] = "the collation caseless does not tell apart"
	}
	f := into(c, "keys", connectors.Upsert)
	described, err := c.Describe(t.Context(), f.selection.Dataset)
	if err != nil {
		t.Fatal(err)
	}
	f.target.Schema = described.Schema
	for column, sentence := range want {
		f.target.Unique = []string{column}
		plans, err := c.Plan(t.Context(), f.id(), []connectors.Target{f.target})
		if err != nil || plans[0].Refusal != nil {
			t.Fatalf("%+v, %v", plans, err)
		}
		told := strings.Join(plans[0].Warnings, "\n")
		if sentence == "" && strings.Contains(told, "unique column") || !strings.Contains(told, sentence) {
			t.Errorf("with the key %s the plan tells %q, want %q", column, told, sentence)
		}
	}
}
