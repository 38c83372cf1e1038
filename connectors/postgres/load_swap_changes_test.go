package postgres

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/internal/testdb"
)

// tableShape is everything that people can do to dwh.t and its indexes, without numbers of
// objects, written apart from the product's own comparison.
const tableShape = `WITH c AS (SELECT c.*, c.oid AS id FROM pg_class c WHERE c.oid = 'dwh.t'::regclass),
	x AS (SELECT i.*, x.relname, x.reloptions, x.oid AS id FROM pg_index i JOIN pg_class x ON x.oid = i.indexrelid JOIN c ON c.id = i.indrelid)
	SELECT 'table' AS what, concat_ws(' ', relowner::regrole, reloptions, relreplident, relrowsecurity, relforcerowsecurity, obj_description(id, 'pg_class'), (SELECT h.reloptions FROM pg_class h WHERE h.oid = c.reltoastrelid)) AS is FROM c
	UNION ALL SELECT 'right', g::text FROM c, aclexplode(coalesce(relacl, acldefault('r', relowner))) g
	UNION ALL SELECT 'column', concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attstorage, coalesce(attstattarget, -1), attoptions, attcollation::oid, pg_get_expr(adbin, id), col_description(id, attnum))
		FROM c JOIN pg_attribute a ON a.attrelid = id AND attnum > 0 AND NOT attisdropped LEFT JOIN pg_attrdef d ON d.adrelid = id AND d.adnum = attnum
	UNION ALL SELECT 'column right', attname || g::text FROM c JOIN pg_attribute a ON a.attrelid = id, aclexplode(attacl) g
	UNION ALL SELECT 'constraint', concat_ws(' ', conname, pg_get_constraintdef(k.oid), convalidated, obj_description(k.oid, 'pg_constraint')) FROM c JOIN pg_constraint k ON k.conrelid = id OR k.confrelid = id
	UNION ALL SELECT 'index', concat_ws(' ', pg_get_indexdef(id), indisprimary, indisclustered, indisreplident, obj_description(id, 'pg_class'), (SELECT string_agg(attstattarget::text, ' ') FROM pg_attribute WHERE attrelid = id AND attstattarget >= 0)) FROM x
	UNION ALL SELECT 'trigger', pg_get_triggerdef(g.oid) FROM c JOIN pg_trigger g ON g.tgrelid = id WHERE NOT tgisinternal
	UNION ALL SELECT 'rule', pg_get_ruledef(r.oid) FROM c JOIN pg_rewrite r ON r.ev_class = id
	UNION ALL SELECT 'policy', polname::text FROM c JOIN pg_policy ON polrelid = id
	UNION ALL SELECT 'statistics', concat_ws(' ', stxname, stxkeys) FROM c JOIN pg_statistic_ext ON stxrelid = id
	UNION ALL SELECT 'publication', pubname::text FROM pg_publication_tables WHERE schemaname = 'dwh' AND tablename = 't'
	UNION ALL SELECT 'view', viewname || definition FROM pg_views WHERE schemaname = 'dwh'
	UNION ALL SELECT 'child', inhrelid::regclass::text FROM c JOIN pg_inherits ON inhparent = id`

// swapped is a target with a key and an index, which a plain load swaps.
const swapped = `CREATE TABLE dwh.t (id int CONSTRAINT t_key PRIMARY KEY, name text, at timestamp);
	CREATE INDEX by_name ON dwh.t (lower(name)); INSERT INTO dwh.t VALUES (1, 'old')`

// again makes the target anew, without anything that the last case put there.
func again(t *testing.T, admin *pgx.Conn) {
	t.Helper()
	execute(t, admin, `RESET ROLE; DROP SCHEMA dwh CASCADE; DROP PUBLICATION IF EXISTS p; DROP FUNCTION IF EXISTS public.f();
		ALTER DEFAULT PRIVILEGES GRANT ALL ON TABLES TO CURRENT_USER; CREATE SCHEMA dwh; GRANT USAGE ON SCHEMA dwh TO PUBLIC; `+swapped)
}

// TestSwapCarriesEverythingOver replaces tables of each kind twice. What people did to them
// and the rights of the roles are as before, by whichever recipe.
func TestSwapCarriesEverythingOver(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	other := bystander(t, admin)
	for _, made := range []struct{ sql, recipe string }{
		{"GRANT SELECT, UPDATE ON dwh.t TO $OTHER WITH GRANT OPTION; GRANT INSERT (id, name) ON dwh.t TO PUBLIC; REVOKE DELETE ON dwh.t FROM CURRENT_USER", "swap"},
		{"ALTER DEFAULT PRIVILEGES IN SCHEMA dwh GRANT SELECT ON TABLES TO PUBLIC", "swap"},
		{"GRANT SELECT ON dwh.t TO $OTHER; ALTER DEFAULT PRIVILEGES REVOKE ALL ON TABLES FROM CURRENT_USER", "swap"},
		{"COMMENT ON TABLE dwh.t IS 'it''s \\'; COMMENT ON COLUMN dwh.t.id IS 'c'; COMMENT ON CONSTRAINT t_key ON dwh.t IS NULL", "swap"},
		{"ALTER TABLE dwh.t ALTER name SET STATISTICS 0, ALTER id SET STATISTICS 500, ALTER name SET STORAGE EXTERNAL", "swap"},
		{"ALTER TABLE dwh.t ADD extra text COLLATE \"C\" DEFAULT 'x', DROP COLUMN at, ADD at timestamp, ADD CHECK (id > 0)", "swap"},
		{"CREATE UNIQUE INDEX few ON dwh.t USING btree (id DESC, name COLLATE \"C\" text_pattern_ops) WITH (fillfactor = 70) WHERE id > 3; ALTER TABLE dwh.t ADD CONSTRAINT pair UNIQUE (id, name) DEFERRABLE", "swap"},
		{"GRANT SELECT ON dwh.t TO $OTHER WITH GRANT OPTION; SET ROLE $OTHER; GRANT SELECT ON dwh.t TO PUBLIC; RESET ROLE", "stage+delete+insert"},
		{"ALTER TABLE dwh.t ALTER name SET (n_distinct = 7)", "stage+delete+insert"},
		{"ALTER TABLE dwh.t SET (toast.autovacuum_enabled = off)", "stage+delete+insert"},
		{"ALTER TABLE dwh.t ADD CONSTRAINT later CHECK (name <> 'n') NOT VALID", "stage+delete+insert"},
		{"CREATE STATISTICS dwh.pairs ON id, name FROM dwh.t", "stage+delete+insert"},
		{"ALTER TABLE dwh.t CLUSTER ON t_key", "stage+delete+insert"},
		{"ALTER TABLE dwh.t REPLICA IDENTITY USING INDEX t_key", "stage+delete+insert"},
		{"COMMENT ON CONSTRAINT t_key ON dwh.t IS 'k'", "stage+delete+insert"},
	} {
		t.Run(made.sql, func(t *testing.T) {
			again(t, admin)
			execute(t, admin, strings.ReplaceAll(made.sql, "$OTHER", other))
			f := into(c, "t", connectors.TruncateInsert)
			before := digest(t, admin, tableShape)
			for range 2 {
				if r := f.must(t); r.Recipe != made.recipe {
					t.Errorf("the recipe is %s (%s), want %s", r.Recipe, r.Reason, made.recipe)
				}
				wantShape(t, admin, before)
			}
			wantRows(t, admin, "SELECT id, name, at FROM dwh.t", digest(t, admin, "SELECT * FROM t"))
		})
	}
}

// bystander makes a role and returns its quoted name.
func bystander(t *testing.T, admin *pgx.Conn) string {
	t.Helper()
	name := pgx.Identifier{testdb.Postgres(t).CreateRole(t, "bystander").Name}.Sanitize()
	t.Cleanup(func() { _, _ = admin.Exec(context.Background(), "DROP OWNED BY "+name) })
	return name
}

// wantShape compares the catalogue with what it was; of Leat's own nothing is left.
func wantShape(t *testing.T, admin *pgx.Conn, want string) {
	t.Helper()
	if got := digest(t, admin, tableShape); got != want {
		t.Errorf("the table is\n%s\nand was\n%s", got, want)
	}
	wantRows(t, admin, `SELECT relname FROM pg_class WHERE relname ~ '^_leat_' AND relname !~ '^_leat_(state|loads)'`, "")
}

// TestSwapKeepsTheOwner replaces a table of a group as one of its members.
func TestSwapKeepsTheOwner(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ grants, recipe string }{
		"a group that may make tables":     {"GRANT USAGE, CREATE ON SCHEMA dwh TO $GROUP", "swap"},
		"a group that may make none":       {"GRANT USAGE ON SCHEMA dwh TO $GROUP", "stage+delete+insert"},
		"rights that come with new tables": {"GRANT USAGE, CREATE ON SCHEMA dwh TO $GROUP; ALTER DEFAULT PRIVILEGES FOR ROLE $ROLE GRANT ALL ON TABLES TO PUBLIC", "swap"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, admin := newDatabase(t, shop+"; "+swapped)
			group := bystander(t, admin)
			execute(t, admin, "ALTER TABLE dwh.t OWNER TO "+group)
			loader, _ := role(t, admin, strings.ReplaceAll("GRANT USAGE, CREATE ON SCHEMA dwh TO $ROLE; GRANT SELECT ON t TO $ROLE; GRANT $GROUP TO $ROLE; "+c.grants, "$GROUP", group))
			before := digest(t, admin, tableShape)
			f := into(loader, "t", connectors.TruncateInsert)
			for range 2 {
				if r := f.must(t); r.Recipe != c.recipe {
					t.Errorf("the recipe is %s (%s), want %s", r.Recipe, r.Reason, c.recipe)
				}
				wantShape(t, admin, before)
			}
			wantRows(t, admin, "SELECT * FROM dwh.t", digest(t, admin, "SELECT * FROM t"))
		})
	}
}

// swapChanges are what somebody may do to a table while its successor is filled. Those that
// pass deletions on or act on rows let the run fail, so that the next try sees them.
var swapChanges = []struct{ sql, recipe string }{
	{"GRANT SELECT ON dwh.t TO PUBLIC", "swap"},
	{"GRANT SELECT (name) ON dwh.t TO PUBLIC", "swap"},
	{"REVOKE SELECT ON dwh.t FROM CURRENT_USER", "swap"},
	{"CREATE INDEX fresh ON dwh.t (at)", "swap"},
	{"CREATE UNIQUE INDEX fresh ON dwh.t (id, name)", "swap"},
	{"COMMENT ON TABLE dwh.t IS 'x'", "swap"},
	{"ALTER TABLE dwh.t ALTER name SET STATISTICS 42", "swap"},
	{"ALTER INDEX dwh.t_key RENAME TO renamed", "swap"},
	{"COMMENT ON COLUMN dwh.t.name IS 'x'", "stage+delete+insert"},
	{"COMMENT ON INDEX dwh.by_name IS 'x'", "stage+delete+insert"},
	{"ALTER INDEX dwh.by_name SET (fillfactor = 60)", "swap"},
	{"ALTER TABLE dwh.t CLUSTER ON t_key", "stage+delete+insert"},
	{"ALTER TABLE dwh.t SET (autovacuum_enabled = off)", "stage+delete+insert"},
	{"ALTER TABLE dwh.t SET (toast.autovacuum_enabled = off)", "stage+delete+insert"},
	{"ALTER TABLE dwh.t ALTER name SET (n_distinct = 7)", "stage+delete+insert"},
	{"CREATE STATISTICS dwh.pairs ON id, name FROM dwh.t", "stage+delete+insert"},
	{"CREATE PUBLICATION p FOR TABLE dwh.t", "stage+delete+insert"},
	{"CREATE VIEW dwh.v AS SELECT id FROM dwh.t", "stage+delete+insert"},
	{"CREATE FUNCTION dwh.f() RETURNS SETOF dwh.t LANGUAGE sql AS 'SELECT * FROM dwh.t'", "stage+delete+insert"},
	{"CREATE SEQUENCE dwh.s OWNED BY dwh.t.id", "stage+delete+insert"},
	{"CREATE TABLE dwh.child () INHERITS (dwh.t)", "stage+delete+insert"},
	{"CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'; CREATE TRIGGER g BEFORE INSERT ON dwh.t FOR EACH ROW EXECUTE PROCEDURE f()", ""},
	{"CREATE TABLE dwh.refers (id int REFERENCES dwh.t ON DELETE CASCADE); INSERT INTO dwh.refers VALUES (1)", ""},
}

// TestChangesWhileASwapRuns makes each of the changes between the copy and the swap.
func TestChangesWhileASwapRuns(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	for _, change := range swapChanges {
		t.Run(change.sql, func(t *testing.T) {
			again(t, admin)
			f := into(c, "t", connectors.TruncateInsert)
			r, after, err := f.changed(t, admin, func() { execute(t, admin, change.sql) })
			switch {
			case change.recipe == "":
				wantRefusal(t, err, connectors.Conflict, "somebody changed dwh.t", "Run it again")
				wantRows(t, admin, "SELECT id, name FROM dwh.t", "(1,old)")
			case err != nil:
				t.Fatal(err)
			default:
				if r.Recipe != change.recipe {
					t.Errorf("the recipe is %s (%s), want %s", r.Recipe, r.Reason, change.recipe)
				}
				wantRows(t, admin, "SELECT * FROM ONLY dwh.t", digest(t, admin, "SELECT * FROM t"))
			}
			wantShape(t, admin, after)
		})
	}
}

// TestASwapThatWasAskedForNamesTheDifference fails in a way that may pass, and is then
// refused by name.
func TestASwapThatWasAskedForNamesTheDifference(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+"; "+swapped)
	f := into(c, "t", connectors.TruncateInsert)
	f.target.Replace = connectors.ReplaceSwap
	_, after, err := f.changed(t, admin, func() { execute(t, admin, "CREATE VIEW dwh.v AS SELECT id FROM dwh.t") })
	wantRefusal(t, err, connectors.Conflict, "somebody changed dwh.t", "dependent rule")
	if !connectors.AsError(err).Retryable {
		t.Error("the failure is not tried again")
	}
	wantShape(t, admin, after)
	wantRows(t, admin, "SELECT id, name FROM dwh.t", "(1,old)")
	_, err = f.move(t)
	wantRefusal(t, err, connectors.Config, "swapping", "dependent rule")
}

// changed runs the flow with a change when all rows have been sent, and returns the
// table's shape after the change.
func (f *flow) changed(t *testing.T, admin *pgx.Conn, change func()) (report connectors.Report, shape string, err error) {
	t.Helper()
	load, err := f.begin(t)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = load.Abort(context.WithoutCancel(t.Context())) }()
	end, err := f.send(t, load)
	if err != nil {
		t.Fatal(err)
	}
	change()
	shape = digest(t, admin, tableShape)
	reports, err := load.Commit(t.Context(), []connectors.Close{end})
	if err != nil {
		_ = load.Abort(context.WithoutCancel(t.Context()))
		return connectors.Report{}, shape, err
	}
	return reports[0], shape, nil
}

// TestChangesWhileASwapWaits makes changes that need no lock of the table when the new one
// is dressed already and the swap waits for a reader.
func TestChangesWhileASwapWaits(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	reader := testdb.Connect(t, admin.Config().ConnString())
	var grants []string
	if pgwire.ServerVersion(admin.PgConn()) < 180_000 { // newer ones wait for the swap
		grants = []string{"GRANT SELECT ON dwh.t TO PUBLIC", "GRANT SELECT (name) ON dwh.t TO PUBLIC", "GRANT SELECT (name) ON dwh.t TO CURRENT_USER"}
	}
	for _, change := range append(grants,
		"COMMENT ON INDEX dwh.by_name IS 'x'", "ALTER INDEX dwh.by_name SET (fillfactor = 60)",
		"CREATE PUBLICATION p FOR ALL TABLES", "SET check_function_bodies = off; CREATE FUNCTION dwh.f() RETURNS SETOF dwh.t LANGUAGE sql AS ''",
	) {
		t.Run(change, func(t *testing.T) {
			again(t, admin)
			execute(t, reader, "BEGIN; LOCK TABLE dwh.t IN ACCESS SHARE MODE")
			var shape string
			r, err := into(c, "t", connectors.TruncateInsert).held(t, admin, func() {
				execute(t, admin, change)
				shape = digest(t, reader, tableShape) // whoever holds no lock yet would wait for the swap
				execute(t, reader, "COMMIT")
			})
			if err != nil {
				t.Fatal(err)
			}
			if !strings.Contains(r.Reason, "the table was changed") {
				t.Errorf("recipe %s (%s)", r.Recipe, r.Reason)
			}
			wantShape(t, admin, shape)
			wantRows(t, admin, "SELECT * FROM dwh.t", digest(t, admin, "SELECT * FROM t"))
		})
	}
}

// held runs the flow and calls work when the load waits for a lock.
func (f *flow) held(t *testing.T, admin *pgx.Conn, work func()) (r connectors.Report, err error) {
	t.Helper()
	done := make(chan struct{})
	go func() {
		defer close(done)
		r, err = f.move(t)
	}()
	waitForWaiters(t, admin, 1)
	work()
	select {
	case <-done:
	case <-deadline(t).Done():
		t.Fatal("the load does not end")
	}
	return r, err
}

// TestChangesAfterTheComparison are tried when the swap has compared the tables and is
// about to drop the old one: they fail, or wait and find the new table.
func TestChangesAfterTheComparison(t *testing.T) {
	t.Parallel()
	for change, there := range map[string]string{
		"GRANT SELECT ON dwh.t TO PUBLIC":             "SELECT 1 FROM pg_class, aclexplode(relacl) g WHERE oid = 'dwh.t'::regclass AND grantee = 0",
		"GRANT SELECT (name) ON dwh.t TO PUBLIC":      "SELECT 1 FROM pg_attribute, aclexplode(attacl) g WHERE attrelid = 'dwh.t'::regclass AND grantee = 0",
		"COMMENT ON INDEX dwh.by_name IS 'x'":         "SELECT 1 FROM pg_class WHERE oid = 'dwh.by_name'::regclass AND obj_description(oid, 'pg_class') = 'x'",
		"COMMENT ON TABLE dwh.t IS 'x'":               "SELECT 1 FROM pg_class WHERE oid = 'dwh.t'::regclass AND obj_description(oid, 'pg_class') = 'x'",
		"ALTER TABLE dwh.t ENABLE ROW LEVEL SECURITY": "SELECT 1 FROM pg_class WHERE oid = 'dwh.t'::regclass AND relrowsecurity",
	} {
		t.Run(change, func(t *testing.T) {
			t.Parallel()
			c, admin := newDatabase(t, shop+"; "+swapped+`; CREATE FUNCTION hold() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_advisory_xact_lock(1); END';
				CREATE EVENT TRIGGER hold ON ddl_command_start WHEN TAG IN ('DROP TABLE') EXECUTE PROCEDURE hold(); SELECT pg_advisory_lock(1)`)
			late := testdb.Connect(t, admin.Config().ConnString())
			changed := make(chan error, 1)
			r, err := into(c, "t", connectors.TruncateInsert).held(t, admin, func() {
				go func() {
					_, err := late.Exec(context.WithoutCancel(t.Context()), change)
					changed <- err
				}()
				waitForWaiters(t, admin, 2)
				execute(t, admin, "SELECT pg_advisory_unlock(1)")
			})
			if err != nil || r.Recipe != "swap" {
				t.Fatalf("recipe %s (%s), %v", r.Recipe, r.Reason, err)
			}
			server, failed := errors.AsType[*pgconn.PgError](<-changed)
			if got := digest(t, admin, there); !failed && got != "(1)" {
				t.Errorf("the change was accepted and is lost")
			} else if failed && !strings.Contains(server.Message, "concurrently") {
				t.Errorf("the change failed: %v", server)
			}
		})
	}
}

// TestAnotherChangeOfTheCatalogue lets a GRANT end when the swap waits for it. Old servers
// then refuse the swap, which may be tried again; new ones show it the GRANT.
func TestAnotherChangeOfTheCatalogue(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+"; "+swapped)
	other := testdb.Connect(t, admin.Config().ConnString())
	execute(t, other, "BEGIN; GRANT SELECT ON dwh.t TO PUBLIC")
	f := into(c, "t", connectors.TruncateInsert)
	_, err := f.held(t, admin, func() { execute(t, other, "COMMIT") })
	if err != nil {
		wantRefusal(t, err, connectors.Conflict, "somebody else changed", "next try")
		if !connectors.AsError(err).Retryable {
			t.Error("the failure is not tried again")
		}
	}
	if r := f.must(t); r.Recipe != "swap" {
		t.Errorf("the recipe is %s (%s)", r.Recipe, r.Reason)
	}
	wantRows(t, admin, "SELECT g.grantee FROM pg_class, aclexplode(relacl) g WHERE oid = 'dwh.t'::regclass AND grantee = 0", "(0)")
}

// waitForWaiters waits until so many sessions of the database wait for locks.
func waitForWaiters(t *testing.T, admin *pgx.Conn, sessions int) {
	t.Helper()
	for limit := deadline(t); ; time.Sleep(5 * time.Millisecond) {
		var waiting int
		err := admin.QueryRow(limit, "SELECT count(DISTINCT l.pid) FROM pg_locks l JOIN pg_stat_activity a USING (pid) WHERE NOT l.granted AND a.datname = current_database()").Scan(&waiting)
		if err != nil {
			t.Fatal(fmt.Errorf("look for waiting sessions: %w", err))
		}
		if waiting >= sessions {
			return
		}
	}
}
