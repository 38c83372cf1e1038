package postgres

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/internal/testdb"
	"leat/record"
)

func TestWithoutTemporaryTables(t *testing.T) {
	t.Parallel()
	_, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int PRIMARY KEY, name text, at timestamp); INSERT INTO dwh.t VALUES (1, 'old')")
	execute(t, admin, "REVOKE TEMP ON DATABASE "+pgx.Identifier{admin.Config().Database}.Sanitize()+" FROM PUBLIC")
	c, _ := role(t, admin, seedGrants)
	r := into(c, "t", connectors.Upsert, "id").must(t)
	wantCounts(t, r, 10, 0, 0, 0, 10)
	into(c, "t", connectors.TruncateInsert).must(t)
	wantRows(t, admin, "SELECT count(*) FROM pg_class WHERE relname LIKE '\\_leat\\_%' AND relkind = 'r' AND relname NOT IN ('_leat_state', '_leat_loads')", "(0)")
}

// One transaction holds all targets of an atomic flow.
func TestSeveralTargetsAreOneTransaction(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE dwh.b (id bigint PRIMARY KEY CHECK (id < 100))")
	schema := record.Schema{Columns: []record.Column{{Name: "id", Type: record.Int64}}}
	targets := make([]connectors.Target, 3)
	for i, name := range []string{"a", "b", "c"} {
		targets[i] = connectors.Target{Table: connectors.Table{Schema: "dwh", Name: name}, StateKey: "many/" + name, Schema: schema, SourceKind: "other", Mode: connectors.Insert}
	}
	load := func(run string, rows ...int64) error {
		l, err := c.Begin(deadline(t), connectors.LoadID{Installation: testInstallation, Flow: "many", Run: run}, targets)
		if err != nil {
			return err
		}
		defer func() { _ = l.Abort(context.WithoutCancel(t.Context())) }()
		closes := make([]connectors.Close, len(targets))
		for i := range targets {
			if err := l.Announce(t.Context(), i, schema); err != nil {
				return err
			}
		}
		for _, row := range rows {
			for i := range targets { // batches of the targets take turns
				closes[i].RowsRead++
				if err := l.Write(t.Context(), i, 0, numbers(schema, row)); err != nil {
					return err
				}
			}
		}
		_, err = l.Commit(t.Context(), closes)
		return err
	}
	if err := load("1", 1, 2); err != nil {
		t.Fatal(err)
	}
	if err := load("2", 3, 500); err == nil {
		t.Error("a row that one target refuses was loaded into the others")
	}
	if err := load("3", 4); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a", "b", "c"} {
		wantRows(t, admin, "SELECT id FROM dwh."+name, "(1)\n(2)\n(4)")
	}
}

func TestWriterSeesTheServersErrorSoon(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t AS SELECT n AS id FROM generate_series(1, 200000) n; CREATE TABLE dwh.t (id int CHECK (id <> 5))")
	_, err := into(c, "t", connectors.Insert).move(t)
	wantRefusal(t, err, connectors.Data, "check constraint")
	wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(0)")
}

func TestLockTimeout(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int, name text, at timestamp)")
	holder := testdb.Connect(t, admin.Config().ConnString())
	execute(t, holder, "BEGIN; INSERT INTO dwh.t VALUES (1)")
	f := into(c, "t", connectors.Upsert, "id")
	f.target.Limits.Lock = 200 * time.Millisecond
	_, err := f.move(t)
	found := wantKind(t, err, connectors.Conflict)
	if !found.Retryable {
		t.Error("a lock that was not granted in time is worth another try")
	}
	execute(t, holder, "ROLLBACK")
}

func TestBackendKilledDuringCopy(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t AS SELECT n AS id, repeat('x', 100) AS v FROM generate_series(1, 200000) n")
	f := into(c, "t", connectors.TruncateInsert)
	f.must(t)
	load, err := f.begin(t)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = load.Abort(context.Background()) }()
	schema := record.Schema{Columns: []record.Column{{Name: "id", Type: record.Int32, Native: "integer"}}}
	if err := load.Announce(t.Context(), 0, schema); err != nil {
		t.Fatal(err)
	}
	for i := range 1000 {
		if err = load.Write(t.Context(), 0, 0, numbers32(schema, int32(i))); err != nil {
			break
		}
		if i == 10 {
			const leats = "SELECT count(*) FROM pg_stat_activity WHERE application_name LIKE 'leat/%' AND datname = current_database()"
			execute(t, admin, strings.Replace(leats, "count(*)", "pg_terminate_backend(pid)", 1))
			for ctx := deadline(t); digest(t, admin, leats) != "(0)" && ctx.Err() == nil; {
				time.Sleep(10 * time.Millisecond) // a session takes a moment to end
			}
		}
	}
	if found, ok := errors.AsType[*connectors.Error](err); !ok || !found.Retryable {
		t.Errorf("got %v, want an error worth another try", err)
	}
	_ = load.Abort(t.Context())
	wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(200000)")
}

func TestPlanChangesNothing(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	f := into(c, "t", connectors.Upsert, "id")
	described, err := c.Describe(t.Context(), f.selection.Dataset)
	if err != nil {
		t.Fatal(err)
	}
	f.target.Schema = described.Schema
	missing := f.target
	missing.Table.Schema = "nowhere"
	plans, err := c.Plan(t.Context(), f.id(), []connectors.Target{f.target, missing})
	if err != nil {
		t.Fatal(err)
	}
	if plans[0].Exists || len(plans[0].Statements) != 2 || plans[0].Columns["id"] != "id" || plans[0].Refusal != nil {
		t.Errorf("%+v", plans[0])
	}
	if plans[1].Refusal == nil || plans[1].Refusal.Kind != connectors.NotFound {
		t.Errorf("%+v", plans[1])
	}
	wantRows(t, admin, "SELECT count(*) FROM pg_class WHERE relnamespace = 'dwh'::regnamespace", "(0)")
}

func TestStateKeeper(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop)
	if states, err := c.States(t.Context(), "dwh"); err != nil || len(states) != 0 {
		t.Errorf("states of a fresh schema: %v, %v", states, err)
	}
	f := into(c, "t", connectors.Upsert, "id").incremental("at")
	began := time.Now() // the row keeps whole seconds
	f.must(t)
	states, err := c.States(t.Context(), "dwh")
	if err != nil || len(states) != 1 || states[0].Position == "" || states[0].Table != f.target.Table || states[0].UpdatedAt.Before(began.Add(-time.Second)) || states[0].UpdatedAt.After(time.Now().Add(time.Second)) {
		t.Fatalf("%+v, %v", states, err)
	}
	states[0].Position = ""
	if err := c.SaveState(t.Context(), "dwh", states[0]); err != nil {
		t.Fatal(err)
	}
	if r := f.must(t); r.Read != 10 {
		t.Errorf("after a reset %d rows were read, want all 10", r.Read)
	}
	wantKind(t, c.AdoptState(t.Context(), "dwh", "test/dwh.t", "nobody", "other"), connectors.NotFound)
	if err := c.DropState(t.Context(), "dwh", testInstallation, "test/dwh.t"); err != nil {
		t.Fatal(err)
	}
	wantRows(t, admin, "SELECT (SELECT count(*) FROM dwh._leat_state), (SELECT count(*) FROM dwh._leat_loads)", "(0,0)")
}
