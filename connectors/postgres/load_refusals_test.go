package postgres

import (
	"slices"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
)

// TestWhatCannotBeLoaded names what stands under the target's name where that is no table.
func TestWhatCannotBeLoaded(t *testing.T) {
	t.Parallel()
	for what, statements := range map[string]string{
		"a view":              "CREATE VIEW dwh.t AS SELECT * FROM public.t",
		"a materialized view": "CREATE MATERIALIZED VIEW dwh.t AS SELECT * FROM public.t",
		"a foreign table":     "CREATE FOREIGN DATA WRAPPER nothing; CREATE SERVER nowhere FOREIGN DATA WRAPPER nothing; CREATE FOREIGN TABLE dwh.t (id int) SERVER nowhere",
		"a sequence":          "CREATE SEQUENCE dwh.t",
		"an index":            "CREATE TABLE dwh.other (id int); CREATE INDEX t ON dwh.other (id)",
		"a composite type":    "CREATE TYPE dwh.t AS (id int)",
	} {
		t.Run(what, func(t *testing.T) {
			c, admin := newDatabase(t, shop+"; "+statements)
			for _, mode := range connectors.WriteModes() {
				_, err := into(c, "t", mode, "id").move(t)
				wantRefusal(t, err, connectors.Config, "dwh.t is "+what, "Choose another table name")
			}
			wantRows(t, admin, "SELECT count(*) FROM dwh._leat_loads", "(0)")
		})
	}
}

// TestPartitionedTargets load as every other table does; a row that no partition takes is
// refused by name.
func TestPartitionedTargets(t *testing.T) {
	t.Parallel()
	for _, mode := range connectors.WriteModes() {
		if mode == connectors.History { // its key over all partitions would need the version
			continue
		}
		t.Run(string(mode), func(t *testing.T) {
			c, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int, name text, at timestamp) PARTITION BY RANGE (id); CREATE TABLE dwh.low PARTITION OF dwh.t FOR VALUES FROM (0) TO (6); CREATE TABLE dwh.high PARTITION OF dwh.t FOR VALUES FROM (6) TO (100)")
			f := into(c, "t", mode, "id")
			f.must(t)
			want := digest(t, admin, "SELECT * FROM t")
			if mode == connectors.Update || mode == connectors.Delete {
				want = ""
			}
			wantRows(t, admin, "SELECT * FROM dwh.t", want)
			execute(t, admin, "INSERT INTO t VALUES (500)")
			_, err := f.move(t)
			if want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			wantRefusal(t, err, connectors.Data, "dwh.t")
			wantRows(t, admin, "SELECT * FROM dwh.t", want)
		})
	}
}

// TestEachRightIsAskedFor takes one right away at a time: the modes that need it name it
// with its GRANT, the others work.
func TestEachRightIsAskedFor(t *testing.T) {
	t.Parallel()
	needs := map[string][]connectors.WriteMode{
		"SELECT": {connectors.InsertIgnore, connectors.TruncateInsert, connectors.Upsert, connectors.Update, connectors.Delete, connectors.DeleteInsert, connectors.History},
		"INSERT": {connectors.Insert, connectors.InsertIgnore, connectors.TruncateInsert, connectors.Upsert, connectors.DeleteInsert, connectors.History},
		"UPDATE": {connectors.Upsert, connectors.Update, connectors.History},
		"DELETE": {connectors.TruncateInsert, connectors.Delete, connectors.DeleteInsert},
	}
	_, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int, name text, at timestamp, valid_from timestamptz, valid_to timestamptz)")
	c, name := role(t, admin, seedGrants)
	quoted := pgx.Identifier{name}.Sanitize()
	for right, modes := range needs {
		execute(t, admin, "REVOKE "+right+" ON dwh.t FROM "+quoted)
		for _, mode := range connectors.WriteModes() {
			t.Run(string(mode)+" without "+right, func(t *testing.T) {
				execute(t, admin, "DELETE FROM dwh.t; INSERT INTO dwh.t VALUES (1, 'old')")
				f := into(c, "t", mode, "id")
				f.target.StateKey, f.target.Table.Name = "rights/"+string(mode)+right, "t"
				_, err := f.move(t)
				if !slices.Contains(modes, mode) {
					if err != nil {
						t.Errorf("%s does not need %s: %v", mode, right, err)
					}
					return
				}
				wantRefusal(t, err, connectors.Permission, `GRANT `+right+` ON "dwh"."t" TO `+quoted)
				wantRows(t, admin, "SELECT id, name FROM dwh.t", "(1,old)")
			})
		}
		execute(t, admin, "GRANT "+right+" ON dwh.t TO "+quoted)
	}
}

// TestRightsOnTheSchema takes USAGE and CREATE away. Without CREATE a table that is there
// is loaded once Leat's own tables are.
func TestRightsOnTheSchema(t *testing.T) {
	t.Parallel()
	_, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int, name text, at timestamp)")
	c, name := role(t, admin, seedGrants)
	quoted := pgx.Identifier{name}.Sanitize()
	fix := `GRANT USAGE, CREATE ON SCHEMA "dwh" TO ` + quoted
	execute(t, admin, "REVOKE CREATE ON SCHEMA dwh FROM "+quoted)
	_, err := into(c, "t", connectors.Insert).move(t)
	wantRefusal(t, err, connectors.Permission, fix)
	execute(t, admin, "GRANT CREATE ON SCHEMA dwh TO "+quoted)
	into(c, "t", connectors.Insert).must(t)
	execute(t, admin, "REVOKE CREATE ON SCHEMA dwh FROM "+quoted+"; CREATE TABLE public.new AS TABLE public.t; GRANT SELECT ON public.new TO "+quoted)
	f := into(c, "t", connectors.TruncateInsert)
	f.run = 7
	f.must(t)
	_, err = into(c, "new", connectors.Insert).move(t)
	wantRefusal(t, err, connectors.Permission, fix)
	execute(t, admin, "REVOKE USAGE ON SCHEMA dwh FROM "+quoted)
	_, err = f.move(t)
	wantRefusal(t, err, connectors.Permission, fix)
	wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(10)")
}

// TestKeysInAnotherOrder names the same unique columns in another order: it is the same
// key, so that the same rows and the same index serve.
func TestKeysInAnotherOrder(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t AS SELECT n % 3 AS a, n AS b, 'v' || n AS v FROM generate_series(1, 30) n")
	into(c, "t", connectors.Upsert, "a", "b").must(t)
	f := into(c, "t", connectors.Upsert, "b", "a")
	f.run = 1
	r := f.must(t)
	wantCounts(t, r, 0, 30, 0, 0, 0)
	if !strings.Contains(r.Recipe, "on-conflict") {
		t.Errorf("the recipe is %s (%s)", r.Recipe, r.Reason)
	}
	wantRows(t, admin, "SELECT * FROM dwh.t", digest(t, admin, "SELECT * FROM t"))
	wantRows(t, admin, "SELECT count(*) FROM pg_index WHERE indrelid = 'dwh.t'::regclass", "(1)")
}
