package postgres

import (
	"fmt"
	"strings"
	"testing"

	"leat/connectors"
)

// test loads the source twice and compares rows and catalog with what they must be.
func (c gridCell) test(t *testing.T) {
	c.prepare(t)
	f := into(c.world.by[c.role], "t", c.mode, "id")
	f.target.Table.Schema, f.target.StateKey, f.target.Replace = c.schema, "grid/"+c.schema, c.replace
	catalog, around := c.catalog(t), c.around(t)
	applied := 0
	for run := range 2 {
		refusal := c.refusal(run)
		rows := c.places(t)
		_, err := f.move(t)
		if refusal == "" {
			applied++
			c.wantApplied(t, err, applied)
		} else {
			c.wantRefused(t, err, refusal, rows)
		}
		c.wantLoads(t, applied)
		if got := c.catalog(t); got != catalog {
			t.Errorf("the catalog changed:\n%s\nbefore:\n%s", got, catalog)
		}
		if got := c.around(t); got != around {
			t.Errorf("rows or rights around the table are\n%s\nand were\n%s", got, around)
		}
	}
}

// refusal is the word of the refusal that a run must end with; "" for none.
func (c gridCell) refusal(run int) string {
	if c.outcome == "ok" || c.outcome == "once" && run == 0 {
		return ""
	}
	return c.outcome
}

// wantApplied compares the rows with those of the mode, counted as often as they stand.
func (c gridCell) wantApplied(t *testing.T, err error, runs int) {
	t.Helper()
	if err != nil {
		t.Fatalf("run %d: %v", runs, err)
	}
	want := digest(t, c.world.admin, gridModel[c.mode])
	rows := "SELECT id, name, at, extra FROM ONLY " + c.schema + ".t"
	if c.mode == connectors.History {
		wantRows(t, c.world.admin, rows+" WHERE valid_to IS NOT NULL", digest(t, c.world.admin, "SELECT * FROM before"))
		rows += " WHERE valid_to IS NULL"
	}
	wantRows(t, c.world.admin, rows, want)
}

// gridModel is what the table holds after one run or several.
var gridModel = map[connectors.WriteMode]string{
	connectors.Insert:         "SELECT * FROM before WHERE id = 99 UNION ALL SELECT *, 7 FROM t",
	connectors.InsertIgnore:   "SELECT * FROM before UNION ALL SELECT *, 7 FROM t WHERE id <= 5",
	connectors.TruncateInsert: "SELECT *, 7 FROM t",
	connectors.Upsert:         "SELECT * FROM before WHERE id = 99 UNION ALL SELECT *, 7 FROM t",
	connectors.Update:         "SELECT * FROM before WHERE id = 99 UNION ALL SELECT *, 7 FROM t WHERE id > 5",
	connectors.Delete:         "SELECT * FROM before WHERE id = 99",
	connectors.DeleteInsert:   "SELECT * FROM before WHERE id = 99 UNION ALL SELECT *, 7 FROM t",
	connectors.History:        "SELECT *, 7 FROM t",
}

// wantRefused checks the sentence, and that each row stands where it stood.
func (c gridCell) wantRefused(t *testing.T, err error, refusal, rows string) {
	t.Helper()
	if err == nil {
		t.Fatalf("the load succeeded, want the refusal %q", refusal)
	}
	want := gridRefusals[refusal]
	wantRefusal(t, err, want.kind, want.words...)
	if found := connectors.AsError(err); strings.Contains(found.Message, "kept") || found.Fix == "" {
		t.Errorf("the refusal %q holds a value of a row or no fix", found.Error())
	}
	if got := c.places(t); got != rows {
		t.Errorf("the rows are\n%s\nand were\n%s", got, rows)
	}
}

// places are the rows with the places where the server keeps them.
func (c gridCell) places(t *testing.T) string {
	t.Helper()
	return digest(t, c.world.admin, "SELECT ctid, xmin, r.* FROM ONLY "+c.schema+".t r")
}

// wantLoads counts the load rows: one for each run that was applied.
func (c gridCell) wantLoads(t *testing.T, applied int) {
	t.Helper()
	wantRows(t, c.world.admin, "SELECT count(*) FROM "+c.schema+"._leat_loads", fmt.Sprintf("(%d)", applied))
}

// around is what belongs to others: the rows that refer to the table, those of a table
// that inherits from it, and what another role may do.
func (c gridCell) around(t *testing.T) string {
	t.Helper()
	admin := c.world.admin
	name := strings.ReplaceAll(strings.Trim(c.world.bystander, `"`), "'", "''")
	text := digest(t, admin, "SELECT r, has_table_privilege('"+name+"', '"+c.schema+".t', r) FROM unnest(ARRAY['SELECT', 'INSERT', 'UPDATE', 'DELETE', 'TRUNCATE', 'REFERENCES', 'TRIGGER']) r") +
		digest(t, admin, "SELECT has_column_privilege('"+name+"', '"+c.schema+".t', 'name', 'UPDATE')")
	if strings.HasPrefix(c.shape, "kept") || strings.HasPrefix(c.shape, "gone") {
		text += digest(t, admin, "SELECT ctid, r.* FROM "+c.schema+".child r")
	}
	if c.shape == "parent" {
		text += digest(t, admin, "SELECT ctid, xmin, r.* FROM "+c.schema+".heir r")
	}
	return text
}

// catalog is everything the database knows of the schema but Leat's own two tables: no
// other one of Leat's may stay. Numbers of objects are left out, since a swap has new ones.
func (c gridCell) catalog(t *testing.T) string {
	t.Helper()
	return digest(t, c.world.admin, strings.ReplaceAll(`WITH c AS (SELECT c.*, c.oid AS id FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE n.nspname = '$S' AND c.relname !~ '^_leat_(state|loads)')
		SELECT 'relation' AS what, relname::text AS name, concat_ws(' ', relkind, relowner::regrole, relpersistence, relrowsecurity, relforcerowsecurity, relreplident, relacl::text, reloptions::text, obj_description(id, 'pg_class')) AS is FROM c
		UNION ALL SELECT 'column', relname || '.' || attnum, concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attacl::text, pg_get_expr(adbin, adrelid), col_description(id, attnum))
			FROM c JOIN pg_attribute a ON a.attrelid = id LEFT JOIN pg_attrdef d ON d.adrelid = id AND d.adnum = attnum WHERE attnum > 0
		UNION ALL SELECT 'index', relname, concat_ws(' ', pg_get_indexdef(id), indisprimary, indisunique, indisvalid, indimmediate) FROM c JOIN pg_index ON indexrelid = id
		UNION ALL SELECT 'constraint', relname, concat_ws(' ', conname, pg_get_constraintdef(k.oid), condeferrable, condeferred, convalidated) FROM c JOIN pg_constraint k ON k.conrelid = id
		UNION ALL SELECT 'policy', relname, concat_ws(' ', polname, polcmd, polpermissive, polroles::text, pg_get_expr(polqual, id), pg_get_expr(polwithcheck, id)) FROM c JOIN pg_policy ON polrelid = id
		UNION ALL SELECT 'trigger', relname, concat_ws(' ', pg_get_triggerdef(g.oid), tgenabled) FROM c JOIN pg_trigger g ON g.tgrelid = id WHERE NOT tgisinternal
		UNION ALL SELECT 'view', relname, pg_get_viewdef(id) FROM c WHERE relkind = 'v'
		UNION ALL SELECT 'publication', tablename, pubname FROM pg_publication_tables WHERE schemaname = '$S'`, "$S", c.schema))
}
