package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/connectortest"
	"leat/internal/testdb"
)

// TestSuite runs the contract's suite.
func TestSuite(t *testing.T) {
	t.Parallel()
	url := testdb.Database(t)
	admin := testdb.Connect(t, url)
	execute(t, admin, "CREATE SCHEMA suite")
	connectortest.Run(t, connectortest.Harness{
		Connector: New(), Settings: settingsOf(t, url), Env: testEnv(), Schema: "suite",
		Seed: func(t *testing.T, name string, rows []connectortest.Row) connectors.Dataset {
			t.Helper()
			seed(t, admin, name, rows)
			return connectors.Dataset{Schema: "suite", Name: name}
		},
	})
}

func seed(t *testing.T, admin *pgx.Conn, name string, rows []connectortest.Row) {
	t.Helper()
	quoted := pgx.Identifier{"suite", name}.Sanitize()
	execute(t, admin, "DROP TABLE IF EXISTS "+quoted+"; CREATE TABLE "+quoted+" (id bigint PRIMARY KEY, name text, amount numeric(12,2), at timestamp)")
	_, err := admin.CopyFrom(t.Context(), pgx.Identifier{"suite", name}, []string{"id", "name", "amount", "at"},
		pgx.CopyFromSlice(len(rows), func(i int) ([]any, error) {
			r := rows[i]
			var text any = r.Name
			if r.NoName {
				text = nil
			}
			return []any{r.ID, text, decimal(r.Amount), r.At}, nil
		}))
	if err != nil {
		t.Fatalf("seed %s: %v", name, err)
	}
}

// decimal writes hundredths.
func decimal(hundredths int64) string {
	sign := ""
	if hundredths < 0 {
		sign, hundredths = "-", -hundredths
	}
	return fmt.Sprintf("%s%d.%02d", sign, hundredths/100, hundredths%100)
}

func execute(t testing.TB, admin *pgx.Conn, sql string) {
	t.Helper()
	if _, err := admin.Exec(t.Context(), sql); err != nil {
		t.Fatalf("run %q: %v", sql, err)
	}
}

// digest is a table's rows as ordered text, doubles included.
func digest(t testing.TB, admin *pgx.Conn, query string) string {
	t.Helper()
	var text string
	if err := admin.QueryRow(t.Context(), "SELECT coalesce(string_agg(r::text, E'\n' ORDER BY r::text), '') FROM ("+query+") r").Scan(&text); err != nil {
		t.Fatalf("digest of %s: %v", query, err)
	}
	return text
}

func wantRows(t testing.TB, admin *pgx.Conn, query, want string) {
	t.Helper()
	if got := digest(t, admin, query); got != want {
		t.Errorf("%s\n got: %s\nwant: %s", query, got, want)
	}
}

// flow is a move of one dataset into one target.
type flow struct {
	c         *connection
	selection connectors.Selection
	target    connectors.Target
	run       int
	// parts is told to the load where the read has fewer.
	parts int
	// readParts asks for more parts than there are writers.
	readParts int
}

// into describes a flow from public.<name> to dwh.<name>. Most of these tables are made and
// filled by hand, and the flow may take them over.
func into(c *connection, name string, mode connectors.WriteMode, unique ...string) *flow {
	return &flow{
		c: c, selection: connectors.Selection{Dataset: connectors.Dataset{Schema: "public", Name: name}},
		target: connectors.Target{
			Table: connectors.Table{Schema: "dwh", Name: name}, StateKey: "test/dwh." + name, SourceKind: Kind, Fingerprint: "f",
			Mode: mode, Unique: unique, CreateIndexes: true, Takeover: connectors.TakeoverYes,
		},
	}
}

func (f *flow) query(sql string) *flow {
	f.selection = connectors.Selection{Dataset: connectors.Dataset{Query: sql}}
	return f
}

const testInstallation = "01TEST"

func (f *flow) id() connectors.LoadID {
	return connectors.LoadID{Installation: testInstallation, Flow: "test", Run: fmt.Sprintf("%s-%s-%d", f.target.Table.Name, f.target.Mode, f.run)}
}

// begin claims the target with the source's present schema.
func (f *flow) begin(t testing.TB) (connectors.Load, error) {
	t.Helper()
	f.run++
	described, err := f.c.Describe(t.Context(), f.selection.Dataset)
	if err != nil {
		t.Fatalf("describe: %v", err)
	}
	f.target.Schema, err = described.Schema.Select(f.selection.Columns)
	if err != nil {
		t.Fatal(err)
	}
	return f.c.Begin(t.Context(), f.id(), []connectors.Target{f.target})
}

// move runs the flow once.
func (f *flow) move(t testing.TB) (connectors.Report, error) {
	t.Helper()
	load, err := f.begin(t)
	if err != nil {
		return connectors.Report{}, err
	}
	defer func() { _ = load.Abort(context.WithoutCancel(t.Context())) }()
	if applied := load.States()[0].Applied; applied != nil {
		return *applied, nil
	}
	end, err := f.send(t, load)
	if err != nil {
		return connectors.Report{}, err
	}
	reports, err := load.Commit(t.Context(), []connectors.Close{end})
	if err != nil {
		return connectors.Report{}, err
	}
	if !reports[0].Balanced() || reports[0].Read != end.RowsRead {
		t.Errorf("%s: the counts do not add up: %+v", f.target.Mode, reports[0].Counts)
	}
	return reports[0], nil
}

// send reads the source into the load.
func (f *flow) send(t testing.TB, load connectors.Load) (connectors.Close, error) {
	t.Helper()
	selection := f.selection
	selection.Position, selection.Cursor = load.States()[0].Position, f.target.Cursor
	selection.Overlap, selection.Parts = f.target.Overlap, max(f.target.Writers, f.readParts)
	read, err := f.c.Read(t.Context(), []connectors.Selection{selection}, load.Want())
	if err != nil {
		t.Fatalf("read: %v", err)
	}
	defer func() { _ = read.Close() }()
	var end connectors.Close
	for {
		event, err := read.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return end, nil
		}
		if err != nil {
			t.Fatalf("next: %v", err)
		}
		switch {
		case event.Schema != nil:
			load.(connectors.PartedLoad).Parts(0, max(event.Parts, f.parts))
			err = load.Announce(t.Context(), 0, *event.Schema)
		case event.Batch != nil:
			end.RowsRead += int64(event.Batch.Rows())
			err = load.Write(t.Context(), 0, event.Part, event.Batch)
		case event.Checkpoint != nil:
			end.Position, end.Snapshot, end.Whole = event.Checkpoint.Position, event.Checkpoint.Snapshot, selection.Position == ""
		}
		if err != nil {
			return end, err
		}
	}
}

// must runs the flow and fails the test on an error.
func (f *flow) must(t testing.TB) connectors.Report {
	t.Helper()
	report, err := f.move(t)
	if err != nil {
		t.Fatalf("%s into %s: %v", f.target.Mode, f.target.Table, err)
	}
	return report
}

// wantCounts compares written, unchanged, duplicate, skipped and changed.
func wantCounts(t testing.TB, r connectors.Report, written, unchanged, duplicate, skipped, changed int64) {
	t.Helper()
	got := [5]int64{r.Written, r.Unchanged, r.Duplicate, r.Skipped, r.Changed}
	if want := [5]int64{written, unchanged, duplicate, skipped, changed}; got != want {
		t.Errorf("written, unchanged, duplicate, skipped, changed = %v, want %v (%s)", got, want, r.Recipe)
	}
}

// wantRefusal checks kind and words of an error.
func wantRefusal(t testing.TB, err error, kind connectors.Kind, words ...string) {
	t.Helper()
	found := wantKind(t, err, kind)
	for _, word := range words {
		if !strings.Contains(found.Error(), word) {
			t.Errorf("the error %q does not say %q", found.Error(), word)
		}
	}
}

// allTypes is a source with many types.
const allTypes = `CREATE SCHEMA dwh; CREATE TYPE mood AS ENUM ('sad', 'ok');
	CREATE TABLE types (id bigint PRIMARY KEY, b boolean, s smallint, i integer, r real, d double precision, n numeric, m numeric(12,2), t text,
		v varchar(10), c char(3), y bytea, da date, ti time, tz timetz, ts timestamp, tt timestamptz(3), iv interval, u uuid, j json, jb jsonb,
		a integer[], ta text[], ip inet, mo mood, rg int4range, x xml);
	INSERT INTO types VALUES
		(1, true, 1, 2, 1.5, 0.1, 1e30, 12.50, 'ěš', 'v', 'c', '\x00ff', '2026-01-02', '12:34:56.789', '12:00+02', '2026-01-02 03:04:05.678901',
		 '2026-01-02 03:04:05.678+01', '1 mon 2 days', '6f1ad3a1-0000-4000-8000-000000000001', '{"a": 1, "a": 2}', '{"b":1}', '{1,NULL,3}', '{a,"b c"}', '10.0.0.0/8', 'ok', '[1,5)', '<a/>'),
		(2, false, -1, -2, 'NaN', 'Infinity', 'NaN', 'NaN', '', '', '', '', 'infinity', '24:00', '00:00+00', '-infinity', 'infinity', '-1 day', NULL, '[]', '[]', '{}', '{}', '::1', 'sad', 'empty', ''),
		(3, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL)`

func TestInsertKeepsEveryValue(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, allTypes)
	f := into(c, "types", connectors.Insert)
	r := f.must(t)
	wantCounts(t, r, 3, 0, 0, 0, 3)
	if r.Recipe != "create+copy" {
		t.Errorf("the recipe is %s", r.Recipe)
	}
	want := digest(t, admin, "SELECT * FROM types")
	wantRows(t, admin, "SELECT * FROM dwh.types", want)
	var same int
	err := admin.QueryRow(t.Context(), `SELECT count(*) FROM pg_attribute a JOIN pg_attribute b USING (attname)
		WHERE a.attrelid = 'types'::regclass AND b.attrelid = 'dwh.types'::regclass AND a.attnum > 0 AND format_type(a.atttypid, a.atttypmod) = format_type(b.atttypid, b.atttypmod)`).Scan(&same)
	if err != nil || same != 27 {
		t.Errorf("%d of 27 columns have the source's type, %v", same, err)
	}
	if r := f.must(t); r.Recipe != "copy" {
		t.Errorf("the recipe of the second run is %s", r.Recipe)
	}
	wantRows(t, admin, "SELECT DISTINCT r::text FROM dwh.types r", digest(t, admin, "SELECT r::text FROM types r"))
	wantRows(t, admin, "SELECT count(*) FROM dwh.types", "(6)")
}

func TestReplaceKeepsEveryValue(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, allTypes)
	f := into(c, "types", connectors.TruncateInsert)
	for _, recipe := range []string{"create+copy", "stage+delete+insert"} {
		if r := f.must(t); r.Written != 3 || !strings.HasPrefix(recipe, r.Recipe) && r.Recipe != "swap" {
			t.Errorf("%d rows by %s, want 3 by %s", r.Written, r.Recipe, recipe)
		}
		wantRows(t, admin, "SELECT * FROM dwh.types", digest(t, admin, "SELECT * FROM types"))
	}
	execute(t, admin, "DELETE FROM dwh.types")
	if r := f.must(t); r.Recipe != "copy" {
		t.Errorf("the recipe for an empty table is %s", r.Recipe)
	}
	wantRows(t, admin, "SELECT * FROM dwh.types", digest(t, admin, "SELECT * FROM types"))
}

func TestUpsertKeepsEveryValue(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, allTypes)
	f := into(c, "types", connectors.Upsert, "id")
	wantCounts(t, f.must(t), 3, 0, 0, 0, 3)
	r := f.must(t)
	wantCounts(t, r, 0, 3, 0, 0, 0)
	if r.Recipe != "stage+on-conflict" {
		t.Errorf("the recipe is %s (%s)", r.Recipe, r.Reason)
	}
	execute(t, admin, "UPDATE types SET m = 99, j = '{\"a\": 3}' WHERE id = 2; INSERT INTO types (id) VALUES (4)")
	wantCounts(t, f.must(t), 2, 2, 0, 0, 2)
	wantRows(t, admin, "SELECT * FROM dwh.types", digest(t, admin, "SELECT * FROM types"))
	wantRows(t, admin, "SELECT indisunique FROM pg_index WHERE indrelid = 'dwh.types'::regclass", "(t)")
}

// deadline keeps a test from hanging.
func deadline(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}
