package postgres

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/internal/cells"
	"leat/internal/testdb"
)

// shop is a small source and a schema to load into.
const shop = `CREATE SCHEMA dwh; CREATE TABLE t (id int, name text, at timestamp);
	INSERT INTO t SELECT n, 'n' || n, '2026-01-01'::timestamp + n * interval '1 hour' FROM generate_series(1, 10) n`

// role makes a login with the grants of the seed page and opens the database as it.
func role(t testing.TB, admin *pgx.Conn, grants string) (*connection, string) {
	t.Helper()
	r := testdb.Postgres(t).CreateRole(t, "loader")
	quoted := pgx.Identifier{r.Name}.Sanitize()
	execute(t, admin, strings.ReplaceAll(grants, "$ROLE", quoted))
	t.Cleanup(func() { _, _ = admin.Exec(context.Background(), "DROP OWNED BY "+quoted) })
	return open(t, testdb.Postgres(t).URLFor(r, admin.Config().Database)), r.Name
}

// seedGrants are what the seed page asks for, with reading the source.
const seedGrants = `GRANT CREATE, USAGE ON SCHEMA dwh TO $ROLE; GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA dwh TO $ROLE;
	GRANT USAGE ON SCHEMA public TO $ROLE; GRANT SELECT ON ALL TABLES IN SCHEMA public TO $ROLE`

func TestModesUnderSeedGrants(t *testing.T) {
	t.Parallel()
	for i, mode := range connectors.WriteModes() {
		for j, index := range []bool{true, false} {
			if !cells.Visited(2, i+j) {
				continue
			}
			t.Run(string(mode), func(t *testing.T) { modeUnderSeedGrants(t, mode, index) })
		}
	}
}

func modeUnderSeedGrants(t *testing.T, mode connectors.WriteMode, index bool) {
	_, admin := newDatabase(t, shop)
	execute(t, admin, "CREATE TABLE dwh.t (id int NOT NULL, name text, at timestamp, extra int DEFAULT 7); INSERT INTO dwh.t SELECT id, 'old', at FROM t WHERE id > 5; INSERT INTO dwh.t VALUES (99, 'kept')")
	if index {
		execute(t, admin, "ALTER TABLE dwh.t ADD PRIMARY KEY (id)")
	}
	if mode == connectors.History {
		execute(t, admin, "ALTER TABLE dwh.t ADD valid_from timestamptz DEFAULT '2020-01-01', ADD valid_to timestamptz")
		if index {
			execute(t, admin, "ALTER TABLE dwh.t DROP CONSTRAINT t_pkey; CREATE UNIQUE INDEX ON dwh.t (id) WHERE valid_to IS NULL")
		}
	}
	if mode == connectors.Insert && index {
		execute(t, admin, "DELETE FROM dwh.t WHERE id < 50")
	}
	execute(t, admin, "CREATE VIEW dwh.view AS SELECT * FROM dwh.t; COMMENT ON TABLE dwh.t IS 'remark'")
	c, _ := role(t, admin, seedGrants)
	r := into(c, "t", mode, "id").must(t)
	want := map[connectors.WriteMode][5]int64{
		connectors.InsertIgnore: {5, 0, 0, 5, 5}, connectors.TruncateInsert: {10, 0, 0, 0, 16}, connectors.Upsert: {10, 0, 0, 0, 10},
		connectors.Update: {5, 0, 0, 5, 5}, connectors.Delete: {5, 0, 0, 5, 5}, connectors.DeleteInsert: {10, 0, 0, 0, 15}, connectors.History: {10, 0, 0, 0, 16},
		connectors.Insert: {10, 0, 0, 0, 10},
	}[mode]
	wantCounts(t, r, want[0], want[1], want[2], want[3], want[4])
	rows := map[connectors.WriteMode]string{
		connectors.InsertIgnore: "(1,kept)(5,new)(5,old)", connectors.TruncateInsert: "(10,new)", connectors.Upsert: "(1,kept)(10,new)",
		connectors.Update: "(1,kept)(5,new)", connectors.Delete: "(1,kept)", connectors.DeleteInsert: "(1,kept)(10,new)", connectors.History: "(10,new)",
	}
	if mode == connectors.Insert {
		return
	}
	open := ""
	if mode == connectors.History {
		open = " WHERE valid_to IS NULL"
		wantRows(t, admin, "SELECT count(*) FROM dwh.t WHERE valid_to IS NOT NULL", "(6)")
	}
	got := strings.ReplaceAll(digest(t, admin, "SELECT count(*), CASE WHEN name LIKE 'n%' THEN 'new' ELSE name END FROM dwh.t"+open+" GROUP BY 2 ORDER BY 2"), "\n", "")
	if got != rows[mode] {
		t.Errorf("the table holds %s, want %s", got, rows[mode])
	}
	wantRows(t, admin, "SELECT count(*) FROM dwh.t WHERE extra IS DISTINCT FROM 7", "(0)")
	wantRows(t, admin, "SELECT (SELECT count(*) FROM dwh.view) = (SELECT count(*) FROM dwh.t), obj_description('dwh.t'::regclass)", "(t,remark)")
}

func TestMissingSchema(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE TABLE t (id int)")
	_, err := into(c, "t", connectors.Insert).move(t)
	wantRefusal(t, err, connectors.NotFound, `CREATE SCHEMA "dwh"; GRANT USAGE, CREATE ON SCHEMA "dwh" TO "postgres";`)
	wantRows(t, admin, "SELECT count(*) FROM pg_namespace WHERE nspname = 'dwh'", "(0)")
}

func TestMissingRights(t *testing.T) {
	t.Parallel()
	_, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t AS SELECT * FROM t; CREATE SCHEMA closed")
	c, name := role(t, admin, "GRANT USAGE, CREATE ON SCHEMA dwh TO $ROLE; GRANT SELECT ON t TO $ROLE; GRANT SELECT, INSERT ON dwh.t TO $ROLE")
	_, err := into(c, "t", connectors.Upsert, "id").move(t)
	wantRefusal(t, err, connectors.Permission, `GRANT UPDATE ON "dwh"."t" TO "`+name+`";`)
	f := into(c, "t", connectors.Insert)
	f.target.Table.Schema = "closed"
	_, err = f.move(t)
	wantRefusal(t, err, connectors.Permission, `GRANT USAGE, CREATE ON SCHEMA "closed" TO "`+name+`";`)
}

func TestTargetKinds(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, shop+"; CREATE VIEW dwh.t AS SELECT 1 AS id")
	_, err := into(c, "t", connectors.Insert).move(t)
	wantRefusal(t, err, connectors.Config, "dwh.t is a view")
}

func TestOtherInstallation(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.Upsert, "id")
	f.must(t)
	execute(t, admin, "UPDATE dwh._leat_state SET installation = 'other'; UPDATE dwh._leat_loads SET installation = 'other'")
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Conflict, "another installation", "leat state adopt FLOW dwh.t")
	if err := c.AdoptState(t.Context(), "dwh", "test/dwh.t", "other", testInstallation); err != nil {
		t.Fatal(err)
	}
	f.must(t)
	states, err := c.States(t.Context(), "dwh")
	if err != nil || len(states) != 1 || states[0].Installation != testInstallation {
		t.Errorf("states after adopting: %+v, %v", states, err)
	}
}

func TestZombieIsEndedAndFenced(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.TruncateInsert)
	f.must(t)
	zombie, err := f.begin(t)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = zombie.Abort(context.Background()) }()
	if _, err := f.send(t, zombie); err != nil {
		t.Fatal(err)
	}
	var sessions int
	const mine = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'leat/%' AND datname = current_database()"
	if err := admin.QueryRow(t.Context(), mine).Scan(&sessions); err != nil || sessions != 1 {
		t.Fatalf("%d sessions carry the stream's name, %v", sessions, err)
	}
	execute(t, admin, "INSERT INTO t VALUES (11, 'new')")
	if r := f.must(t); r.Written != 11 {
		t.Errorf("the newer load wrote %d rows", r.Written)
	}
	_, err = zombie.Commit(t.Context(), []connectors.Close{{RowsRead: 10, Whole: true}})
	wantRefusal(t, err, connectors.Conflict, "taken over")
	wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(11)")
}

// A fence alone must stop a zombie that could not be ended, here because the fence was
// raised by hand.
func TestFenceIsRequiredAtTheEnd(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.TruncateInsert)
	load, end := begun(t, f)
	if err := c.SaveState(t.Context(), "dwh", connectors.StateRow{Installation: testInstallation, StateKey: f.target.StateKey, Table: f.target.Table, Position: "{}"}); err != nil {
		t.Fatal(err)
	}
	_, err := load.Commit(t.Context(), []connectors.Close{end})
	wantRefusal(t, err, connectors.Conflict, "taken over")
	wantRows(t, admin, "SELECT to_regclass('dwh.t')", "()")
	wantRows(t, admin, "SELECT position FROM dwh._leat_state", "({})")
}

// Whoever takes a run over and cannot claim its tables, for example because the source is
// gone, must know that the attempt before it stores nothing later.
func TestAResolvedRunIsEnded(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.Insert)
	load, end := begun(t, f)
	reports, err := c.Resolve(t.Context(), f.id(), []connectors.Target{f.target}, true)
	if err != nil || reports[0] != nil {
		t.Errorf("resolve of a run that stands still: %v, %v", reports, err)
	}
	_, err = load.Commit(t.Context(), []connectors.Close{end})
	wantRefusal(t, err, connectors.Conflict, "taken over")
	wantRows(t, admin, "SELECT to_regclass('dwh.t')", "()")
	wantRows(t, admin, "SELECT count(*) FROM dwh._leat_loads", "(0)")
}

func TestLostCommitAnswer(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	// A deferred trigger runs inside COMMIT and ends its own session there.
	execute(t, admin, `CREATE FUNCTION die() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN PERFORM pg_terminate_backend(pg_backend_pid()); PERFORM pg_sleep(1); RETURN NULL; END'`)
	execute(t, admin, "CREATE TABLE dwh.t (id int, name text, at timestamp); CREATE CONSTRAINT TRIGGER die AFTER INSERT ON dwh.t DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE PROCEDURE die()")
	f := into(c, "t", connectors.Insert)
	_, err := f.move(t)
	wantKind(t, err, connectors.Unknown)
	reports, err := c.Resolve(t.Context(), f.id(), []connectors.Target{f.target}, false)
	if err != nil || reports[0] != nil {
		t.Errorf("resolve of a commit that did not happen: %v, %v", reports, err)
	}
	execute(t, admin, "DROP TRIGGER die ON dwh.t")
	f.run--
	r := f.must(t)
	reports, err = c.Resolve(t.Context(), f.id(), []connectors.Target{f.target}, false)
	if err != nil || reports[0] == nil || reports[0].Counts != r.Counts {
		t.Errorf("resolve of an applied run: %v, %v", reports, err)
	}
	f.run--
	load, err := f.begin(t)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = load.Abort(context.Background()) }()
	if applied := load.States()[0].Applied; applied == nil || applied.Counts != r.Counts {
		t.Errorf("a run that was applied says %+v at its next begin", applied)
	}
}

func TestResolveWaitsForTheStateRow(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.Insert)
	f.must(t)
	execute(t, admin, "BEGIN; SELECT * FROM dwh._leat_state FOR UPDATE")
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := open(t, admin.Config().ConnString()).Resolve(ctx, f.id(), []connectors.Target{f.target}, false); err == nil {
		t.Error("resolve answered while a transaction held the state row")
	}
	execute(t, admin, "ROLLBACK")
}

func TestDroppingTrigger(t *testing.T) {
	t.Parallel()
	for _, mode := range []connectors.WriteMode{connectors.Insert, connectors.Upsert, connectors.TruncateInsert, connectors.DeleteInsert, connectors.InsertIgnore} {
		t.Run(string(mode), func(t *testing.T) {
			c, admin := newDatabase(t, shop+`; CREATE TABLE dwh.t (id int PRIMARY KEY, name text, at timestamp);
				CREATE FUNCTION picky() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN IF NEW.id = 3 THEN RETURN NULL; END IF; RETURN NEW; END';
				CREATE TRIGGER picky BEFORE INSERT ON dwh.t FOR EACH ROW EXECUTE PROCEDURE picky()`)
			_, err := into(c, "t", mode, "id").move(t)
			wantRefusal(t, err, connectors.Data, `trigger "picky"`)
			wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(0)")
		})
	}
}

func TestRowSecurity(t *testing.T) {
	t.Parallel()
	_, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int, name text, at timestamp); ALTER TABLE dwh.t ENABLE ROW LEVEL SECURITY; CREATE POLICY low ON dwh.t USING (id < 100) WITH CHECK (id < 100)")
	c, _ := role(t, admin, seedGrants)
	f := into(c, "t", connectors.Insert)
	r := f.must(t)
	if r.Recipe != "stage+insert" || r.Written != 10 {
		t.Errorf("%d rows by %s", r.Written, r.Recipe)
	}
	_, err := into(c, "t", connectors.Upsert, "id").move(t)
	wantRefusal(t, err, connectors.Permission, "row security", "BYPASSRLS")
	execute(t, admin, "INSERT INTO t VALUES (200)")
	if _, err := f.move(t); err == nil {
		t.Error("a row that the policy refuses was loaded")
	}
	wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(10)")
}

func TestInboundForeignKey(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int PRIMARY KEY, name text, at timestamp); INSERT INTO dwh.t VALUES (1, 'old'), (50, 'gone'); CREATE TABLE dwh.child (t int REFERENCES dwh.t); INSERT INTO dwh.child VALUES (1)")
	f := into(c, "t", connectors.TruncateInsert)
	r := f.must(t)
	wantCounts(t, r, 10, 0, 0, 0, 11)
	if r.Recipe != "stage+merge" || !strings.Contains(r.Reason, "child") {
		t.Errorf("%s because %s", r.Recipe, r.Reason)
	}
	wantRows(t, admin, "SELECT * FROM dwh.t", digest(t, admin, "SELECT * FROM t"))
	wantCounts(t, f.must(t), 0, 10, 0, 0, 0)
	execute(t, admin, "DELETE FROM t WHERE id = 1")
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Data, "child")
	wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(10)")
}

// Readers see the old rows or the new ones, never none, at any isolation level.
func TestReadersNeverSeeAnEmptyTable(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.TruncateInsert)
	f.must(t)
	reader := testdb.Connect(t, admin.Config().ConnString())
	other := testdb.Connect(t, admin.Config().ConnString())
	execute(t, other, "BEGIN ISOLATION LEVEL REPEATABLE READ")
	execute(t, other, "SELECT 1") // a snapshot from before
	load, err := f.begin(t)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = load.Abort(context.Background()) }()
	end, err := f.send(t, load)
	if err != nil {
		t.Fatal(err)
	}
	wantRows(t, reader, "SELECT count(*) FROM dwh.t", "(10)")
	if _, err := load.Commit(t.Context(), []connectors.Close{end}); err != nil {
		t.Fatal(err)
	}
	wantRows(t, reader, "SELECT count(*) FROM dwh.t", "(10)")
	wantRows(t, other, "SELECT count(*) FROM dwh.t", "(10)")
}

func TestEmptyReadNeverReplaces(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.TruncateInsert)
	f.must(t)
	execute(t, admin, "DELETE FROM t WHERE id > 2")
	f.target.MinRowsRatio = 0.5
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Data, "2 rows", "had 10")
	f.target.MinRowsRatio = 0
	f.must(t)
	execute(t, admin, "DELETE FROM t")
	_, err = f.move(t)
	wantRefusal(t, err, connectors.Data, "no rows")
	wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(2)")
	f.target.MinRowsRatio = -1
	f.must(t)
	wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(0)")
}
