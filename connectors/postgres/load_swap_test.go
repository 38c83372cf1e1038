package postgres

import (
	"strings"
	"testing"

	"leat/connectors"
)

// TestSwapKeepsTheTable replaces a table that nothing depends on, with all it has.
func TestSwapKeepsTheTable(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+`; CREATE TABLE dwh.t (id int CONSTRAINT "My Key" PRIMARY KEY, name text DEFAULT 'd' NOT NULL CHECK (name <> ''), at timestamp, extra int DEFAULT 7);
		CREATE INDEX "by USING name" ON dwh.t USING btree (lower(name) DESC) WHERE id > 3; ALTER TABLE dwh.t ADD UNIQUE (id, name) DEFERRABLE INITIALLY DEFERRED; COMMENT ON COLUMN dwh.t.name IS 'remark';
		INSERT INTO dwh.t VALUES (1, 'old')`)
	shape := func() string {
		return digest(t, admin, `SELECT 'c', attname, format_type(atttypid, atttypmod), attnotnull, pg_get_expr(adbin, adrelid), col_description(attrelid, attnum) FROM pg_attribute LEFT JOIN pg_attrdef ON adrelid = attrelid AND adnum = attnum WHERE attrelid = 'dwh.t'::regclass AND attnum > 0
			UNION ALL SELECT 'i', pg_get_indexdef(indexrelid), NULL, NULL, NULL, NULL FROM pg_index WHERE indrelid = 'dwh.t'::regclass
			UNION ALL SELECT 'k', conname, pg_get_constraintdef(oid), NULL, NULL, NULL FROM pg_constraint WHERE conrelid = 'dwh.t'::regclass`)
	}
	before := shape()
	f := into(c, "t", connectors.TruncateInsert)
	for range 2 {
		r := f.must(t)
		if r.Recipe != "swap" || r.Changed != 10 {
			t.Errorf("recipe %s (%s), changed %d", r.Recipe, r.Reason, r.Changed)
		}
		if after := shape(); after != before {
			t.Errorf("the table changed:\n%s\nbefore:\n%s", after, before)
		}
		wantRows(t, admin, "SELECT id, name, at FROM dwh.t", digest(t, admin, "SELECT * FROM t"))
		wantRows(t, admin, "SELECT count(*) FROM pg_class WHERE relname LIKE '\\_leat\\_%' AND relname !~ 'state|loads'", "(0)")
	}
	execute(t, admin, "DELETE FROM t")
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Data, "no rows")
	wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(10)")
}

func TestSwapIsNotChosen(t *testing.T) {
	t.Parallel()
	for _, obstacle := range []string{
		"CREATE VIEW dwh.v AS SELECT * FROM dwh.t", "CREATE STATISTICS st ON id, name FROM dwh.t", "ALTER TABLE dwh.t SET (toast.autovacuum_enabled = off)",
		"ALTER TABLE dwh.t ADD CHECK (id > 0) NOT VALID", "CREATE INDEX i ON dwh.t (id); COMMENT ON INDEX dwh.i IS 'x'", "CREATE INDEX i ON dwh.t ((id + 1)); ALTER TABLE dwh.i ALTER COLUMN expr SET STATISTICS 7", "ALTER TABLE dwh.t ADD PRIMARY KEY (id); CREATE PUBLICATION p FOR TABLE dwh.t",
		"CREATE FUNCTION f() RETURNS SETOF dwh.t LANGUAGE sql AS 'SELECT * FROM dwh.t'", "ALTER TABLE dwh.t SET (fillfactor = 50)", "ALTER TABLE dwh.t ADD s serial", "CREATE TABLE dwh.child () INHERITS (dwh.t)",
		"ALTER TABLE dwh.t ADD r int REFERENCES public.other", "ALTER TABLE dwh.t ENABLE ROW LEVEL SECURITY", "CREATE MATERIALIZED VIEW dwh.v AS SELECT id FROM dwh.t", "ALTER TABLE dwh.t REPLICA IDENTITY FULL",
	} {
		t.Run(obstacle, func(t *testing.T) {
			c, admin := newDatabase(t, shop+"; CREATE TABLE other (id int PRIMARY KEY); CREATE TABLE dwh.t AS SELECT * FROM t LIMIT 3; "+obstacle)
			var before, after uint32
			const oid = "SELECT 'dwh.t'::regclass::oid"
			if err := admin.QueryRow(t.Context(), oid).Scan(&before); err != nil {
				t.Fatal(err)
			}
			f := into(c, "t", connectors.TruncateInsert)
			r := f.must(t)
			if err := admin.QueryRow(t.Context(), oid).Scan(&after); err != nil || after != before {
				t.Errorf("the table is another one: %d, was %d, %v", after, before, err)
			}
			if !strings.HasPrefix(r.Recipe, "stage+delete") || r.Reason == "" {
				t.Errorf("recipe %s (%s)", r.Recipe, r.Reason)
			}
			wantRows(t, admin, "SELECT id, name, at FROM dwh.t", digest(t, admin, "SELECT * FROM t"))
			f.target.Replace = connectors.ReplaceSwap
			_, err := f.move(t)
			wantRefusal(t, err, connectors.Config, "swapping")
		})
	}
}
