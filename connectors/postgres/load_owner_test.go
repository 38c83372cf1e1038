package postgres

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
)

// ownerModes are the modes and recipes that remove rows under a lock which they take late.
var ownerModes = []struct {
	mode    connectors.WriteMode
	replace connectors.Replace
}{
	{connectors.TruncateInsert, connectors.ReplaceDeleteInsert},
	{connectors.TruncateInsert, connectors.ReplaceMerge},
	{connectors.TruncateInsert, connectors.ReplaceSwap},
	{connectors.DeleteInsert, ""},
	{connectors.History, ""},
}

// ownTable is a target that a person made.
const ownTable = "CREATE TABLE dwh.t (id int UNIQUE, name text, at timestamp, valid_from timestamptz DEFAULT now() NOT NULL, valid_to timestamptz);"

// TestRowsThatCameBeforeTheLockStay lets rows come while a load stands between its look at
// the table and the lock: those of a person into an empty table, and those of another
// stream into the stream's own.
func TestRowsThatCameBeforeTheLockStay(t *testing.T) {
	for _, m := range ownerModes {
		t.Run(string(m.mode)+" "+string(m.replace), func(t *testing.T) {
			t.Parallel()
			c, admin := newDatabase(t, shop+";"+ownTable+"CREATE TABLE more AS SELECT 100 + id AS id, name, at FROM t")
			f := into(c, "t", m.mode, "id")
			f.target.Replace, f.target.Takeover = m.replace, connectors.TakeoverNo
			if m.mode == connectors.History {
				execute(t, admin, "ALTER TABLE dwh.t DROP CONSTRAINT t_id_key")
			} else {
				execute(t, admin, "ALTER TABLE dwh.t DROP valid_from, DROP valid_to")
			}
			err := f.moveWhen(t, func() { execute(t, admin, "INSERT INTO dwh.t (id, name) VALUES (3, 'kept')") })
			wantRefusal(t, err, connectors.Ownership, "dwh.t", "1 row ", "takeover: true")
			wantRows(t, admin, "SELECT id, name FROM dwh.t", "(3,kept)")
			execute(t, admin, "DELETE FROM dwh.t")
			f.must(t) // the table is empty: the stream owns it from now on
			err = f.moveWhen(t, func() {
				other := into(open(t, admin.Config().ConnString()), "t", connectors.Insert)
				other.selection.Dataset.Name, other.target.StateKey = "more", "test/other"
				other.target.Table.Name = "t"
				if m.mode == connectors.History {
					other.target.Mode, other.target.Unique = connectors.History, []string{"id"}
					other.target.Takeover = connectors.TakeoverYes
				}
				other.must(t)
			})
			wantRefusal(t, err, connectors.Ownership, "dwh.t", "20 rows", "test/other")
			wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(20)")
		})
	}
}

// moveWhen runs the flow, and something else when all rows are sent and none is applied.
func (f *flow) moveWhen(t *testing.T, something func()) error {
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
	something()
	_, err = load.Commit(t.Context(), []connectors.Close{end})
	return err
}

// TestARowThatCameBeforeAnEmptyTableIsFilledStays lets a row come before the first one of a
// load that goes straight into an empty table.
func TestARowThatCameBeforeAnEmptyTableIsFilledStays(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int, name text, at timestamp)")
	f := into(c, "t", connectors.TruncateInsert)
	f.target.Takeover = connectors.TakeoverNo
	load, err := f.begin(t)
	if err != nil {
		t.Fatal(err)
	}
	execute(t, admin, "INSERT INTO dwh.t VALUES (3, 'kept')")
	if _, err = f.send(t, load); !connectors.Is(err, connectors.Conflict) {
		t.Errorf("got %v, want a conflict", err)
	}
	if err := load.Abort(t.Context()); err != nil {
		t.Error(err)
	}
	_, err = f.move(t)
	wantRefusal(t, err, connectors.Ownership, "1 row ")
	wantRows(t, admin, "SELECT id, name FROM dwh.t", "(3,kept)")
}

// TestManyRowsAreCountedAbout counts exactly up to 100,000 rows, and takes the catalogue's
// word for more.
func TestManyRowsAreCountedAbout(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int, name text, at timestamp); INSERT INTO dwh.t (id) SELECT generate_series(1, 100000)")
	f := into(c, "t", connectors.TruncateInsert)
	f.target.Takeover = connectors.TakeoverNo
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Ownership, "has 100000 rows ")
	execute(t, admin, "INSERT INTO dwh.t (id) SELECT generate_series(1, 50000)")
	execute(t, admin, "ANALYZE dwh.t")
	_, err = f.move(t)
	wantRefusal(t, err, connectors.Ownership, "has about 150000 rows ")
}

// TestOlderStateTables loads beside state tables that an older version made. Its rows do
// not say who owns the table; the last load does.
func TestOlderStateTables(t *testing.T) {
	const older = "ALTER TABLE dwh._leat_state DROP COLUMN owns, DROP COLUMN loaded"
	for name, last := range map[string]struct {
		mode connectors.WriteMode
		owns bool
	}{
		"replaced": {connectors.TruncateInsert, true}, "made the history": {connectors.History, true}, "appended": {connectors.Insert, false},
		"merged": {connectors.Upsert, false}, "replaced some keys": {connectors.DeleteInsert, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c, admin := newDatabase(t, shop)
			f := into(c, "t", last.mode, "id")
			f.must(t)
			f.must(t) // the first load made the table, whatever its mode
			execute(t, admin, older)
			f.target.Takeover = connectors.TakeoverNo
			if last.mode != connectors.History {
				f.target.Mode, f.target.Unique = connectors.TruncateInsert, nil
			}
			wantPlan := func() {
				t.Helper()
				plans, err := f.c.Plan(t.Context(), f.id(), []connectors.Target{f.target})
				if err != nil || (plans[0].Refusal == nil) != last.owns {
					t.Errorf("plan %+v, %v", plans, err)
				}
			}
			wantPlan()
			wantRows(t, admin, "SELECT attname FROM pg_attribute WHERE attrelid = 'dwh._leat_state'::regclass AND attname IN ('owns', 'loaded')", "")
			_, err := f.move(t)
			if last.owns != (err == nil) {
				t.Errorf("the load after the upgrade: %v", err)
			}
			if err != nil {
				wantKind(t, err, connectors.Ownership)
			}
			wantPlan()
		})
	}
}

// TestOlderStateTablesOfAnotherRole gives a role that may not alter them one sentence.
func TestOlderStateTablesOfAnotherRole(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	into(c, "t", connectors.Insert).must(t)
	execute(t, admin, "ALTER TABLE dwh._leat_state DROP COLUMN owns, DROP COLUMN loaded")
	limited, name := role(t, admin, seedGrants)
	f := into(limited, "t", connectors.Insert)
	_, err := f.move(t)
	const alter = `ALTER TABLE "dwh"."_leat_state" ADD COLUMN %q %s`
	fix := fmt.Sprintf(alter+"; "+alter+";", "owns", "boolean", "loaded", "text")
	wantRefusal(t, err, connectors.Permission, "older version", name, fix)
	execute(t, admin, fix)
	f.must(t)
}

// TestOlderStateTablesTwice adds the columns from two sessions at once.
func TestOlderStateTablesTwice(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	first := into(c, "t", connectors.Insert)
	first.must(t)
	execute(t, admin, "ALTER TABLE dwh._leat_state DROP COLUMN owns, DROP COLUMN loaded")
	errs := make(chan error)
	for n := range 2 {
		f := into(open(t, admin.Config().ConnString()), "t", connectors.Insert)
		f.target.Table.Name = fmt.Sprintf("t%d", n)
		f.target.StateKey, f.target.Schema = "test/"+f.target.Table.Name, first.target.Schema
		go func() {
			load, err := f.c.Begin(context.WithoutCancel(t.Context()), f.id(), []connectors.Target{f.target})
			if err == nil {
				err = load.Abort(context.WithoutCancel(t.Context()))
			}
			errs <- err
		}()
	}
	for range 2 {
		if err := <-errs; err != nil {
			t.Error(err)
		}
	}
}

// owns is what the state row says.
func owns(t *testing.T, admin *pgx.Conn) string {
	t.Helper()
	return digest(t, admin, "SELECT owns, loaded FROM dwh._leat_state")
}

// TestUnseenRowsAreNotOwned loads a table of which the role cannot see whether
// it is empty.
func TestUnseenRowsAreNotOwned(t *testing.T) {
	t.Parallel()
	_, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int, name text, at timestamp)")
	blind, _ := role(t, admin, seedGrants+"; REVOKE SELECT ON dwh.t FROM $ROLE")
	into(blind, "t", connectors.Insert).must(t)
	if got := owns(t, admin); got != "(f,t)" {
		t.Errorf("the state says %s", got)
	}
}

// TestPartitionsAreOneTable lets one stream load a partitioned table and another one a
// partition of it, in the same schema and in another. Neither replaces the other's rows.
func TestPartitionsAreOneTable(t *testing.T) {
	t.Parallel()
	const tables = shop + `; CREATE SCHEMA parts; CREATE TABLE more AS SELECT 100 + id AS id, name, at FROM t;
		CREATE TABLE dwh.whole (id int, name text, at timestamp, valid_from timestamptz DEFAULT now(), valid_to timestamptz) PARTITION BY RANGE (id);
		CREATE TABLE %[1]s PARTITION OF dwh.whole FOR VALUES FROM (0) TO (1000) PARTITION BY RANGE (id); CREATE TABLE %[2]s PARTITION OF %[1]s FOR VALUES FROM (0) TO (1000)`
	for _, place := range [][2]string{{"dwh.part", "dwh.leaf"}, {"parts.part", "parts.leaf"}} {
		for _, first := range []string{"dwh.whole", place[1]} {
			second := map[string]string{"dwh.whole": place[1], place[1]: "dwh.whole"}[first]
			t.Run(first+" then "+second, func(t *testing.T) {
				t.Parallel()
				c, admin := newDatabase(t, fmt.Sprintf(tables, place[0], place[1]))
				own := func(source, table string, mode connectors.WriteMode) *flow {
					f := into(c, source, mode)
					schema, name, _ := strings.Cut(table, ".")
					f.target.Table, f.target.StateKey, f.target.Takeover = connectors.Table{Schema: schema, Name: name}, "test/"+table, connectors.TakeoverNo
					return f
				}
				replaces := own("t", first, connectors.TruncateInsert)
				replaces.must(t)
				replaces.must(t) // alone it goes on
				own("more", second, connectors.Insert).must(t)
				for _, mode := range []connectors.WriteMode{connectors.TruncateInsert, connectors.DeleteInsert, connectors.History} {
					f := own("t", first, mode)
					f.run = replaces.run
					if mode != connectors.TruncateInsert {
						f.target.Unique = []string{"id"}
					}
					_, err := f.move(t)
					wantRefusal(t, err, connectors.Ownership, first, "20 rows", "test/"+second)
				}
				wantRows(t, admin, "SELECT count(*) FROM dwh.whole", "(20)")
				f := own("t", first, connectors.TruncateInsert)
				f.run = replaces.run + 1
				f.target.Takeover = connectors.TakeoverYes
				f.must(t)
				wantRows(t, admin, "SELECT count(*) FROM dwh.whole", "(10)")
			})
		}
	}
}
