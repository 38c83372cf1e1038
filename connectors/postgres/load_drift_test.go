package postgres

import (
	"strings"
	"testing"

	"leat/connectors"
)

func TestDriftReportLeavesNewColumnsOut(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int, at timestamp)")
	r := into(c, "t", connectors.Insert).must(t)
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], `ALTER TABLE "dwh"."t" ADD COLUMN "name" text;`) {
		t.Errorf("warnings: %q", r.Warnings)
	}
	wantRows(t, admin, "SELECT * FROM dwh.t", digest(t, admin, "SELECT id, at FROM t"))
}

func TestDriftAdd(t *testing.T) {
	t.Parallel()
	for _, mode := range []connectors.WriteMode{connectors.Insert, connectors.Upsert, connectors.TruncateInsert} {
		c, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int PRIMARY KEY, at timestamp)")
		f := into(c, "t", mode, "id")
		f.target.Drift = connectors.DriftAdd
		f.must(t)
		wantRows(t, admin, "SELECT id, name, at FROM dwh.t", digest(t, admin, "SELECT * FROM t"))
	}
}

func TestDriftAddNeedsTheOwner(t *testing.T) {
	t.Parallel()
	_, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int PRIMARY KEY, at timestamp)")
	c, _ := role(t, admin, seedGrants)
	f := into(c, "t", connectors.Insert)
	f.target.Drift = connectors.DriftAdd
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Config, "only the owner", `ALTER TABLE "dwh"."t" ADD COLUMN "name" text;`)
}

func TestDriftRefuse(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int PRIMARY KEY, at timestamp)")
	f := into(c, "t", connectors.Insert)
	f.target.Drift = connectors.DriftRefuse
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Config, `new column "name"`)
}

func TestDriftRefuseAddsNoColumnOfOurs(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int PRIMARY KEY, name text, at timestamp)")
	f := into(c, "t", connectors.Insert)
	f.target.Drift, f.target.LoadedAt, f.target.RunID = connectors.DriftRefuse, true, true
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Config, `ALTER TABLE "dwh"."t" ADD COLUMN "_loaded_at" timestamp with time zone;`, `ALTER TABLE "dwh"."t" ADD COLUMN "_run_id"`)
	wantRows(t, admin, "SELECT * FROM dwh.t", digest(t, admin, "SELECT * FROM t WHERE false"))
	execute(t, admin, "ALTER TABLE dwh.t ADD _loaded_at timestamptz, ADD _run_id text")
	f.must(t)
}

func TestOnlyTheTrueReasonIsGiven(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t (id text, v int); CREATE TABLE dwh.t (id int NOT NULL, v int)")
	_, err := into(c, "t", connectors.Insert).move(t)
	wantRefusal(t, err, connectors.Config, `the column "id" is text at the source and integer in dwh.t`)
	if strings.Contains(err.Error(), "NULL") {
		t.Errorf("the error is %q", err)
	}
}

func TestNarrowingIsRefused(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh")
	for source, target := range map[string]string{
		"numeric(38,9)": "numeric(12,2)", "numeric": "numeric(12,2)", "timestamp(6)": "timestamp(0)", "bigint": "integer", "double precision": "bigint",
		"text": "varchar(10)", "varchar(20)": "varchar(10)", "varchar(3)": "char(5)", "real": "integer", "timestamptz": "timestamp", "timestamp": "date", "text ": "integer", "jsonb": "integer",
	} {
		t.Run(source+" into "+target, func(t *testing.T) {
			execute(t, admin, "DROP TABLE IF EXISTS t, dwh.t; CREATE TABLE t (id int, v "+source+"); CREATE TABLE dwh.t (id int, v "+target+")")
			f := into(c, "t", connectors.Insert)
			f.target.Narrowing = connectors.NarrowingRefuse
			_, err := f.move(t)
			wantRefusal(t, err, connectors.Config, `"v"`, `ALTER TABLE "dwh"."t" ALTER COLUMN "v" TYPE`)
		})
	}
}

func TestWideningIsLoaded(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE TYPE pair AS (a int, b text); CREATE DOMAIN positive AS int CHECK (value > 0)")
	for _, pair := range [][3]string{
		{"integer", "bigint", "7"},
		{"smallint", "numeric", "7"},
		{"varchar(10)", "varchar(20)", "'x'"},
		{"varchar(10)", "text", "'x'"},
		{"numeric(10,2)", "numeric(12,2)", "1.25"},
		{"numeric(12,2)", "numeric", "1.25"},
		{"timestamp(0)", "timestamp", "'2026-01-01 10:00'"},
		{"real", "double precision", "0.5"},
		{"date", "timestamp", "'2026-01-01'"},
		{"integer", "text", "7"},
		{"uuid", "text", "'6f1ad3a1-0000-4000-8000-000000000001'"},
		{"text", "uuid", "'6f1ad3a1-0000-4000-8000-000000000001'"},
		{"text", "jsonb", "'{\"a\": 1}'"},
		{"text", "inet", "'10.0.0.1'"},
		{"jsonb", "json", "'[1]'"},
		{"integer[]", "integer[]", "'{1,2}'"},
		{"mood", "text", "'ok'"},
		{"text", "mood", "'ok'"},
		{"pair", "pair", "'(1,x)'"},
		{"positive", "integer", "4"},
		{"integer", "positive", "4"},
		{"mood[]", "mood[]", "'{ok,sad}'"},
	} {
		t.Run(pair[0]+" into "+pair[1], func(t *testing.T) {
			execute(t, admin, "DROP TABLE IF EXISTS t, dwh.t, dwh._leat_loads; CREATE TABLE t (id int, v "+pair[0]+"); INSERT INTO t VALUES (1, "+pair[2]+"), (2, NULL); CREATE TABLE dwh.t (id int, v "+pair[1]+")")
			into(c, "t", connectors.Insert).must(t)
			f := into(c, "t", connectors.Upsert, "id")
			f.must(t)
			wantRows(t, admin, "SELECT DISTINCT id, v::text FROM dwh.t", digest(t, admin, "SELECT id, v::"+pair[1]+"::text FROM t"))
		})
	}
}

func TestDriftWiden(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t (id int, v bigint, w text); INSERT INTO t VALUES (1, 5000000000, 'long'); CREATE TABLE dwh.t (id int, v int, w varchar(2))")
	f := into(c, "t", connectors.Insert)
	f.target.Drift = connectors.DriftWiden
	f.must(t)
	wantRows(t, admin, "SELECT * FROM dwh.t", "(1,5000000000,long)")
}

func TestNotNullColumnNobodyBrings(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, shop+"; CREATE TABLE dwh.t (id int, name text, at timestamp, needed int NOT NULL)")
	_, err := into(c, "t", connectors.Insert).move(t)
	wantRefusal(t, err, connectors.Config, `"needed"`, "NULL")
}

func TestUnknownTypeBecomesText(t *testing.T) {
	t.Parallel()
	source, _ := newDatabase(t, "CREATE TYPE mood AS ENUM ('ok'); CREATE TABLE t (id int, v mood, c regclass); INSERT INTO t VALUES (1, 'ok', 'pg_class')")
	target, admin := newDatabase(t, "CREATE SCHEMA dwh")
	f := into(source, "t", connectors.TruncateInsert)
	described, err := source.Describe(t.Context(), f.selection.Dataset)
	if err != nil {
		t.Fatal(err)
	}
	f.target.Schema, f.run = described.Schema, 1
	load, err := target.Begin(t.Context(), f.id(), []connectors.Target{f.target})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = load.Abort(deadline(t)) }()
	end, err := f.send(t, load)
	if err != nil {
		t.Fatal(err)
	}
	reports, err := load.Commit(t.Context(), []connectors.Close{end})
	if err != nil || len(reports[0].Warnings) != 2 || !strings.Contains(reports[0].Warnings[0], "mood does not exist") ||
		!strings.Contains(reports[0].Warnings[1], "a value of the type regclass is the number of an object of the source's own database") {
		t.Errorf("%+v, %v", reports, err)
	}
	wantRows(t, admin, "SELECT *, pg_typeof(v) FROM dwh.t", "(1,ok,pg_class,text)")
}
