package postgres

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"leat/connectors"
	"leat/connectors/sqlload"
	"leat/internal/cells"
	"leat/internal/testdb"
)

// family makes dwh.parent, whose rows stand beside those of a child with some of the same
// keys, and dwh.single, which holds the same rows and has no child.
const family = shop + `; CREATE TABLE dwh.parent (id int PRIMARY KEY, name text, at timestamp, valid_from timestamptz NOT NULL DEFAULT '2020-01-01Z', valid_to timestamptz);
	INSERT INTO dwh.parent SELECT id, 'old', at FROM t WHERE id > 5; INSERT INTO dwh.parent VALUES (99, 'gone', NULL);
	CREATE TABLE dwh.single (LIKE dwh.parent INCLUDING ALL); INSERT INTO dwh.single TABLE dwh.parent;
	CREATE TABLE dwh.child (LIKE dwh.parent INCLUDING ALL) INHERITS (dwh.parent);
	INSERT INTO dwh.child SELECT id, 'child', at FROM t WHERE id < 8; INSERT INTO dwh.child VALUES (500, 'child', NULL)`

// TestEveryStatementSparesChildren reads the plans of all modes: whatever is not an INSERT
// names the target with ONLY.
func TestEveryStatementSparesChildren(t *testing.T) {
	t.Parallel()
	naked := regexp.MustCompile(`\b(FROM|JOIN|UPDATE|USING|LOCK TABLE|ALTER TABLE) "dwh"\."orders"`)
	for _, mode := range connectors.WriteModes() {
		for _, replace := range []connectors.Replace{connectors.ReplaceAuto, connectors.ReplaceMerge, connectors.ReplaceDeleteInsert} {
			for _, v := range variants() {
				s := v.spec(mode)
				if s.Target.Replace = replace; s.Existing == nil {
					continue
				}
				s.Existing.Only, s.Existing.Guards, s.Existing.Children = true, []string{`trigger "audit"`}, []string{"dwh.child"}
				s.Existing.Triggers = []sqlload.Trigger{{Name: `trigger "audit"`, Insert: true, Update: true, Delete: true}}
				plan, err := sqlload.Build(dialect{version: 150_000}, s)
				if err != nil {
					continue // refused whatever the table
				}
				for _, statement := range plan.Statements() {
					if naked.MatchString(statement) {
						t.Errorf("%s, %s: %s", mode, v.name, statement)
					}
				}
				if all := strings.Join(plan.Statements(), "\n"); !plan.Direct && !strings.Contains(all, `ONLY "dwh"."orders"`) {
					t.Errorf("%s, %s reads nothing of the target:\n%s", mode, v.name, all)
				}
			}
		}
	}
}

// familyFlow loads public.t into a table of the family.
func familyFlow(c *connection, name string, mode connectors.WriteMode, replace connectors.Replace) *flow {
	f := into(c, "t", mode, "id")
	f.target.Table.Name, f.target.StateKey, f.target.Replace = name, "test/"+name, replace
	f.target.Takeover = connectors.TakeoverYes
	return f
}

// TestRowsOfChildrenStay loads a table that others inherit from in every mode. It becomes
// what a table without children becomes, and the rows of the child stay.
func TestRowsOfChildrenStay(t *testing.T) {
	t.Parallel()
	for i, mode := range connectors.WriteModes() {
		recipes := []connectors.Replace{""}
		if mode == connectors.TruncateInsert {
			recipes = []connectors.Replace{connectors.ReplaceAuto, connectors.ReplaceMerge, connectors.ReplaceDeleteInsert}
		}
		for j, replace := range recipes {
			for k, rejects := range []int64{0, -1} {
				if !cells.Visited(2, i+j+k) {
					continue
				}
				t.Run(fmt.Sprintf("%s %s rejects %d", mode, replace, rejects), func(t *testing.T) {
					t.Parallel()
					c, admin := newDatabase(t, family)
					switch mode {
					case connectors.History: // several versions share a key
						execute(t, admin, "ALTER TABLE dwh.parent DROP CONSTRAINT parent_pkey; ALTER TABLE dwh.single DROP CONSTRAINT single_pkey")
					case connectors.Insert:
						execute(t, admin, "DELETE FROM ONLY dwh.parent WHERE id < 11; DELETE FROM dwh.single WHERE id < 11")
					}
					child := digest(t, admin, "SELECT * FROM dwh.child")
					wantSameLoad(t, c, mode, replace, rejects)
					wantRows(t, admin, "SELECT id, name, at FROM ONLY dwh.parent", digest(t, admin, "SELECT id, name, at FROM dwh.single"))
					wantRows(t, admin, "SELECT * FROM dwh.child", child)
				})
			}
		}
	}
}

// wantSameLoad loads both tables of the family twice and compares the counts.
func wantSameLoad(t *testing.T, c *connection, mode connectors.WriteMode, replace connectors.Replace, rejects int64) {
	t.Helper()
	runs := 2
	if mode == connectors.Insert {
		runs = 1
	}
	one, other := familyFlow(c, "single", mode, replace), familyFlow(c, "parent", mode, replace)
	if replace == connectors.ReplaceAuto { // which would swap the single table
		one.target.Replace = connectors.ReplaceDeleteInsert
	}
	one.target.RejectLimit, other.target.RejectLimit = rejects, rejects
	for run := range runs {
		want, got := one.must(t), other.must(t)
		if got.Counts != want.Counts {
			t.Errorf("run %d: %+v into the parent, %+v into a table without children", run+1, got.Counts, want.Counts)
		}
	}
}

// TestAParentWithoutRowsOfItsOwnIsEmpty fills it by COPY, whatever its children hold.
func TestAParentWithoutRowsOfItsOwnIsEmpty(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, family+"; DELETE FROM ONLY dwh.parent")
	f := familyFlow(c, "parent", connectors.TruncateInsert, "")
	if r := f.must(t); r.Recipe != "copy" || r.Written != 10 {
		t.Errorf("the load took the recipe %q and wrote %d rows", r.Recipe, r.Written)
	}
	wantRows(t, admin, "SELECT (SELECT count(*) FROM ONLY dwh.parent), (SELECT count(*) FROM dwh.child)", "(10,8)")
}

// TestRowsThatMoveToAChildAreNotCountedAsReplaced has a trigger that moves what was stored.
func TestRowsThatMoveToAChildAreNotCountedAsReplaced(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, family+`; CREATE FUNCTION dwh.move() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
		WITH moved AS (DELETE FROM ONLY dwh.parent WHERE id = 3 RETURNING *) INSERT INTO dwh.child SELECT * FROM moved WHERE id > 1000; RETURN NULL; END $$;
		CREATE TRIGGER move AFTER INSERT ON dwh.parent FOR EACH STATEMENT EXECUTE PROCEDURE dwh.move()`)
	before := digest(t, admin, "SELECT tableoid, * FROM dwh.parent")
	for _, replace := range []connectors.Replace{connectors.ReplaceMerge, connectors.ReplaceDeleteInsert} {
		_, err := familyFlow(c, "parent", connectors.TruncateInsert, replace).move(t)
		wantKind(t, err, connectors.Data)
	}
	wantRows(t, admin, "SELECT tableoid, * FROM dwh.parent", before)
}

// TestColumnsOfAParentAreNotChanged names the children that would change as well.
func TestColumnsOfAParentAreNotChanged(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, family+"; ALTER TABLE t ADD COLUMN more int, ALTER COLUMN id TYPE bigint")
	for _, drift := range []connectors.Drift{connectors.DriftAdd, connectors.DriftWiden} {
		f := familyFlow(c, "parent", connectors.Upsert, "")
		f.target.Drift = drift
		_, err := f.move(t)
		wantRefusal(t, err, connectors.Config, "dwh.child", "inherit", `ALTER TABLE "dwh"."parent" ADD COLUMN "more" integer;`)
	}
	wantRows(t, admin, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'dwh.child'::regclass AND attname = 'more'", "(0)")
}

// TestAChildThatComesDuringTheLoadIsNotAltered inherits after the target was looked at.
func TestAChildThatComesDuringTheLoadIsNotAltered(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int PRIMARY KEY, at timestamp)")
	f := into(c, "t", connectors.Upsert, "id")
	f.target.Drift = connectors.DriftAdd
	load, err := f.begin(t)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = load.Abort(deadline(t)) }()
	execute(t, admin, "CREATE TABLE dwh.k () INHERITS (dwh.t)")
	end, err := f.send(t, load)
	if err == nil {
		_, err = load.Commit(t.Context(), []connectors.Close{end})
	}
	if err == nil {
		t.Error("the child was altered as well")
	}
	wantRows(t, admin, "SELECT count(*) FROM pg_attribute WHERE attrelid = 'dwh.k'::regclass AND attname = 'name'", "(0)")
}

// TestLocksOfALoadSpareChildren waits for nobody who works with a child.
func TestLocksOfALoadSpareChildren(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, family)
	other := testdb.Connect(t, admin.Config().ConnString())
	execute(t, other, "BEGIN; LOCK TABLE dwh.child IN ACCESS EXCLUSIVE MODE")
	for _, mode := range []connectors.WriteMode{connectors.TruncateInsert, connectors.Update, connectors.DeleteInsert} {
		f := familyFlow(c, "parent", mode, "")
		f.target.Limits.Lock = 1 // a millisecond: a lock that is not needed is not waited for
		f.must(t)
	}
	execute(t, other, "ROLLBACK")
}

// TestHypertablesCountAsPartitioned makes the catalogue of TimescaleDB by hand: the rows of
// a hypertable are those of the tables that inherit from it.
func TestHypertablesCountAsPartitioned(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, family+`; CREATE SCHEMA _timescaledb_catalog;
		CREATE TABLE _timescaledb_catalog.hypertable (id int, schema_name name, table_name name); INSERT INTO _timescaledb_catalog.hypertable VALUES (1, 'dwh', 'parent')`)
	r := familyFlow(c, "parent", connectors.Update, "").must(t)
	wantCounts(t, r, 10, 0, 0, 0, 12) // the keys 6 and 7 stand in both tables
	wantRows(t, admin, "SELECT count(*) FROM dwh.child WHERE name LIKE 'n%'", "(7)")
	familyFlow(c, "parent", connectors.TruncateInsert, connectors.ReplaceDeleteInsert).must(t)
	wantRows(t, admin, "SELECT id, name, at FROM dwh.parent", digest(t, admin, "SELECT * FROM t"))
}
