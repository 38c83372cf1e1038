package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leat/connectors"
	"leat/dial"
	"leat/internal/testdb"
	"leat/record"
	"leat/record/pgbinary"
)

func TestDatasets(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE SCHEMA "My Schema"; CREATE TABLE "My Schema"."T" (id int);
		CREATE TABLE a AS SELECT g AS id FROM generate_series(1, 1000) g; ANALYZE a; CREATE TABLE fresh (id int);
		CREATE VIEW v AS TABLE a; CREATE MATERIALIZED VIEW m AS TABLE a; CREATE TABLE parted (id int) PARTITION BY RANGE (id);
		CREATE TABLE part1 PARTITION OF parted FOR VALUES FROM (0) TO (10); CREATE TABLE hidden (id int); CREATE TABLE half (id int, secret int);
		CREATE TABLE _leat_state (id int); CREATE EXTENSION file_fdw; CREATE SERVER files FOREIGN DATA WRAPPER file_fdw;
		CREATE FOREIGN TABLE f (line text) SERVER files OPTIONS (filename '/dev/null')`)
	reader := limited(t, c, admin, `GRANT USAGE ON SCHEMA "My Schema" TO PUBLIC; GRANT SELECT ON "My Schema"."T", a, fresh, v, m, parted, part1, f TO PUBLIC; GRANT SELECT (id) ON half TO`)
	listed, err := reader.Datasets(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, d := range listed {
		got = append(got, fmt.Sprintf("%s.%s %s %d", d.Schema, d.Name, d.Kind, d.EstimatedRows))
	}
	want := []string{
		"My Schema.T table -1", "public.a table 1000", "public.f foreign table -1", "public.fresh table -1", "public.half table -1",
		"public.m materialized view -1", "public.parted partitioned table -1", "public.v view -1",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("datasets (-want +got):\n%s", diff)
	}
	description, err := reader.Describe(t.Context(), connectors.Dataset{Schema: "public", Name: "half"})
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"id"}, description.Schema.Names()); diff != "" || len(description.Warnings) != 1 || !strings.Contains(description.Warnings[0], "secret") {
		t.Errorf("a column without right: warnings %v, columns (-want +got):\n%s", description.Warnings, diff)
	}
}

// TestManyTables lists a few tables and many of them with the same number of requests.
func TestManyTables(t *testing.T) {
	t.Parallel()
	var sent [2]int64
	for i, tables := range []int{3, 1000} {
		_, admin := newDatabase(t, fmt.Sprintf("DO $$ BEGIN FOR i IN 1..%d LOOP EXECUTE format('CREATE TABLE t%%s (id int)', i); END LOOP; END $$", tables))
		env, requests := countingEnv()
		opened, err := New().Open(t.Context(), settingsOf(t, admin.Config().ConnString()), env)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = opened.Close(context.Background()) }()
		before := requests.Load()
		listed, err := opened.(*connection).Datasets(t.Context())
		if err != nil || len(listed) != tables {
			t.Fatalf("%d tables: %v", len(listed), err)
		}
		sent[i] = requests.Load() - before
	}
	if sent[0] != sent[1] || sent[0] == 0 {
		t.Errorf("listing 3 tables takes %d requests, listing 1000 takes %d", sent[0], sent[1])
	}
}

// countingEnv counts what is sent to the server, one for each round trip.
func countingEnv() (connectors.Env, *atomic.Int64) {
	env, requests := testEnv(), new(atomic.Int64)
	open := env.Dial
	env.Dial = func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := open(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return countingConn{conn, requests}, nil
	}
	return env, requests
}

// countingConn counts its writes.
type countingConn struct {
	net.Conn
	writes *atomic.Int64
}

func (c countingConn) Write(b []byte) (int, error) {
	c.writes.Add(1)
	return c.Conn.Write(b)
}

func TestDescribe(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, `CREATE DOMAIN price AS numeric(10,2) NOT NULL; CREATE TYPE mood AS ENUM ('ok');
		CREATE TABLE t (b int, a int GENERATED ALWAYS AS IDENTITY, price price, mood mood, created timestamptz, updated_at timestamp, day date,
			free numeric, doubled int`+generated(t, "b * 2")+`, "T x" text[] NOT NULL, PRIMARY KEY (a, b))`)
	d, err := c.Describe(t.Context(), connectors.Dataset{Schema: "public", Name: "t"})
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, column := range d.Schema.Columns {
		got = append(got, strings.TrimSpace(fmt.Sprintf("%s %s %s %v %s", column.Name, column.Native, record.TypeName(column.Type), column.Nullable, column.Note)))
	}
	want := []string{
		"b integer int32 false", "a integer int32 false", "price numeric(10,2) decimal(10,2) false domain public.price", "mood public.mood text true a type of this database travels as text",
		"created timestamp with time zone timestamptz true", "updated_at timestamp without time zone timestamp true", "day date date true",
		"free numeric text true numeric without a declared precision travels as text, exactly", strings.TrimSpace("doubled integer int32 true " + generatedNote(t)), "T x text[] text false text[] travels as text",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("columns (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"a", "b"}, d.Schema.Key); diff != "" {
		t.Errorf("key (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"updated_at", "created", "day", "a", "xmin"}, d.Cursors); diff != "" {
		t.Errorf("cursors (-want +got):\n%s", diff)
	}
	if len(d.Warnings) != 1 || !strings.Contains(d.Warnings[0], "mood (public.mood)") {
		t.Errorf("warnings: %v", d.Warnings)
	}
	d, err = c.Describe(t.Context(), connectors.Dataset{Query: "SELECT price AS p, now() AS at FROM t"})
	if err != nil || d.Schema.Columns[0].Native != "numeric(10,2)" || d.Cursors[0] != "at" {
		t.Errorf("query: %+v, %v", d, err)
	}
	_, err = c.Describe(t.Context(), connectors.Dataset{Schema: "public", Name: "T"})
	wantKind(t, err, connectors.NotFound)
	// The session works after a query that the server refused.
	_, err = c.Describe(t.Context(), connectors.Dataset{Query: "SELECT nothing FROM t"})
	wantKind(t, err, connectors.NotFound)
	if _, err := c.Datasets(t.Context()); err != nil {
		t.Errorf("after a refused query: %v", err)
	}
}

func TestCheck(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE TABLE t (id int)")
	check := func(c *connection) map[string]string {
		t.Helper()
		stages := map[string]string{}
		ctx := dial.WithTrace(t.Context(), func(s dial.Stage) { stages[s.Name] = fmt.Sprint(s.Detail, "|", s.Err) })
		if err := c.Check(ctx); err != nil {
			t.Fatal(err)
		}
		return stages
	}
	stages := check(c)
	if !strings.Contains(stages["rights"], "superuser") || !strings.HasPrefix(stages["server"], "PostgreSQL ") || !strings.HasPrefix(stages["encryption"], "not encrypted|<nil>") {
		t.Errorf("stages: %v", stages)
	}
	if _, err := admin.Exec(t.Context(), "REVOKE CREATE ON SCHEMA public FROM PUBLIC"); err != nil {
		t.Fatal(err)
	}
	if stages := check(limited(t, c, admin, "")); !strings.Contains(stages["rights"], "GRANT USAGE ON SCHEMA public") {
		t.Errorf("without rights: %v", stages)
	}
	reader := limited(t, c, admin, "GRANT SELECT ON t TO")
	if stages := check(reader); !strings.Contains(stages["rights"], "reads 1 tables") || !strings.HasSuffix(stages["rights"], "<nil>") {
		t.Errorf("with rights: %v", stages)
	}
	if err := errors.Join(reader.Close(context.Background()), reader.Close(context.Background())); err != nil {
		t.Errorf("close twice: %v", err)
	}
}

func TestSettings(t *testing.T) {
	t.Parallel()
	good := settingsOf(t, testdb.Database(t))
	for name, bad := range map[string]string{"host": "", "port": "abc", "database": "", "username": "", "connect_timeout": "-1"} {
		settings := connectors.Settings{}
		for k, v := range good {
			settings[k] = v
		}
		settings[name] = bad
		_, err := New().Open(t.Context(), settings, testEnv())
		if found := wantKind(t, err, connectors.Config); !strings.Contains(found.Message, name) {
			t.Errorf("%s: the message is %q", name, found.Message)
		}
	}
}

func TestParseURL(t *testing.T) {
	t.Parallel()
	parsed, err := parseURL("postgresql://us%40er:p%3A%2F%25w@db.example.com:6432/My%20Shop?sslmode=verify-full&connect_timeout=7&options=-c%20x&application_name=y")
	if err != nil {
		t.Fatal(err)
	}
	want := connectors.ParsedURL{
		Settings: connectors.Settings{"host": "db.example.com", "port": "6432", "database": "My Shop", "username": "us@er", "password": "p:/%w", "connect_timeout": "7"},
		TLSMode:  "verify-full", Unknown: []string{"application_name", "options"},
	}
	if diff := cmp.Diff(map[string]string(want.Settings), map[string]string(parsed.Settings)); diff != "" || parsed.TLSMode != want.TLSMode || !cmp.Equal(want.Unknown, parsed.Unknown) {
		t.Errorf("got %q %q, settings (-want +got):\n%s", parsed.TLSMode, parsed.Unknown, diff)
	}
	for _, bad := range []string{"mysql://canary@h/d", "postgres://u:canary%@h/d", "postgres://u:canary@a,b/d", "postgres://u@h/d?sslmode=canary", "postgres://u:can:ary#@h:5432/d", "canary"} {
		if _, err := parseURL(bad); !connectors.Is(err, connectors.Config) || strings.Contains(fmt.Sprintf("%+v %v", err, errors.Unwrap(err)), "canary") {
			t.Errorf("%s: got %v", bad, err)
		}
	}
	if parsed, err := parseURL("postgres://h"); err != nil || len(parsed.Settings) != 1 {
		t.Errorf("a bare host: %v, %v", parsed.Settings["host"], err)
	}
}

func TestTypeTable(t *testing.T) {
	t.Parallel()
	for _, name := range shownTypes {
		if _, ok := pgbinary.ParseType(name); !ok {
			t.Errorf("%s is no built-in type", name)
		}
	}
}
