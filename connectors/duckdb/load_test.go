package duckdb_test

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"leat/connectors"
	"leat/connectors/duckdb"
	"leat/internal/duck"
	"leat/record"
)

// site is one file and a connection to it.
type site struct {
	path string
	connectors.Connection
	connectors.Loader
	connectors.Extractor
	connectors.Discoverer
	connectors.StateKeeper
}

func newSite(t testing.TB, statements ...string) site {
	t.Helper()
	folder, env := place(t)
	path := filepath.Join(folder, "site.duckdb")
	if len(statements) > 0 {
		execute(t, path, statements...)
	}
	connection, err := duckdb.New().Open(t.Context(), connectors.Settings{"path": "site.duckdb"}, env)
	if err != nil {
		t.Fatal(err)
	}
	return site{
		path: path, Connection: connection, Loader: connection.(connectors.Loader), Extractor: connection.(connectors.Extractor),
		Discoverer: connection.(connectors.Discoverer), StateKeeper: connection.(connectors.StateKeeper),
	}
}

// rows asks the file, as another program would.
func (s site) rows(t testing.TB, query string) string {
	t.Helper()
	db, err := duck.Open(s.path, duck.Options{ReadOnly: true})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	rows, err := conn.Values(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	lines := make([]string, len(rows))
	for i, row := range rows {
		lines[i] = fmt.Sprint(row...)
		values := make([]string, len(row))
		for c, value := range row {
			values[c] = fmt.Sprint(value)
		}
		lines[i] = strings.Join(values, "|")
	}
	return strings.Join(lines, "\n")
}

// column is a column of numbers or texts.
type column struct {
	name   string
	values []any
}

func batchOf(columns ...column) (record.Schema, record.Batch) {
	schema := record.Schema{}
	for _, c := range columns {
		t := record.Int64
		if _, isText := c.values[0].(string); isText {
			t = record.Text
		}
		schema.Columns = append(schema.Columns, record.Column{Name: c.name, Type: t, Nullable: true})
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema.Arrow())
	defer builder.Release()
	for i, c := range columns {
		for _, value := range c.values {
			switch b := builder.Field(i).(type) {
			case *array.Int64Builder:
				b.Append(int64(value.(int)))
			case *array.StringBuilder:
				b.Append(value.(string))
			}
		}
	}
	return schema, record.FromArrow(builder.NewRecordBatch())
}

// target is the table main.t, which may be made and filled by hand: the load may take it
// over.
func target(mode connectors.WriteMode, schema record.Schema, unique ...string) connectors.Target {
	return connectors.Target{Table: connectors.Table{Schema: "main", Name: "t"}, StateKey: "f/main.t", Mode: mode, Unique: unique, Schema: schema, SourceKind: "suite", Takeover: connectors.TakeoverYes}
}

func (s site) load(t testing.TB, run string, tg connectors.Target, batch record.Batch) (connectors.Report, []string, error) {
	t.Helper()
	ctx := t.Context()
	load, err := s.Begin(ctx, connectors.LoadID{Installation: "me", Flow: "f", Run: run}, []connectors.Target{tg})
	if err != nil {
		batch.Release()
		return connectors.Report{}, nil, err
	}
	defer load.Abort(ctx)
	if err := load.Announce(ctx, 0, tg.Schema); err != nil {
		batch.Release()
		return connectors.Report{}, nil, err
	}
	rows := int64(batch.Rows())
	if err := load.Write(ctx, 0, 0, batch); err != nil {
		return connectors.Report{}, nil, err
	}
	reports, err := load.Commit(ctx, []connectors.Close{{RowsRead: rows, Whole: true, Snapshot: time.Now()}})
	if err != nil {
		return connectors.Report{}, nil, err
	}
	return reports[0], load.States()[0].Warnings, nil
}

func TestFileIsFreeBetweenUses(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	schema, batch := batchOf(column{"id", []any{1, 2}})
	if _, _, err := s.load(t, "r1", target(connectors.Insert, schema), batch); err != nil {
		t.Fatal(err)
	}
	execute(t, s.path, "INSERT INTO t VALUES (3)")
	if _, err := s.Datasets(t.Context()); err != nil {
		t.Fatal(err)
	}
	execute(t, s.path, "INSERT INTO t VALUES (4)")
	if got := s.rows(t, "SELECT count(*) FROM t"); got != "4" {
		t.Errorf("%s rows", got)
	}
}

func TestNothingIsMadeByLooking(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	schema, batch := batchOf(column{"id", []any{1}})
	batch.Release()
	ctx := t.Context()
	if err := s.Check(ctx); err != nil {
		t.Error(err)
	}
	schemas, err := s.Schemas(ctx)
	if diff := cmp.Diff([]connectors.SchemaInfo{{Name: "main", Writable: true}}, schemas); diff != "" || err != nil {
		t.Errorf("schemas %v: %s", err, diff)
	}
	plans, err := s.Plan(ctx, connectors.LoadID{Installation: "me", Flow: "f"}, []connectors.Target{target(connectors.Upsert, schema, "id")})
	if err != nil || plans[0].Exists || len(plans[0].Statements) != 1 || plans[0].Refusal != nil {
		t.Errorf("plan %+v, %v", plans, err)
	}
	reports, err := s.Resolve(ctx, connectors.LoadID{Installation: "me", Run: "r"}, []connectors.Target{target(connectors.Insert, schema)}, false)
	if err != nil || reports[0] != nil {
		t.Errorf("resolve %v, %v", reports, err)
	}
	if _, err := s.Describe(ctx, connectors.Dataset{Name: "t"}); !connectors.Is(err, connectors.NotFound) {
		t.Errorf("describe: %v", err)
	}
	if _, err := os.Stat(s.path); !os.IsNotExist(err) {
		t.Errorf("the file was made: %v", err)
	}
}

func TestRefusedFiles(t *testing.T) {
	t.Parallel()
	folder, env := place(t)
	if err := os.WriteFile(filepath.Join(folder, "text.duckdb"), []byte(strings.Repeat("text ", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]connectors.Kind{
		"": connectors.Config, "../x.duckdb": connectors.Config, "/etc/x.duckdb": connectors.Config, "text.duckdb": connectors.Config,
		"duckdb:////var/local/leat-test.duckdb": connectors.Config, "text.duckdb/x.duckdb": connectors.Config, "duckdb:///../x": connectors.Config,
	} {
		connection, err := duckdb.New().Open(t.Context(), connectors.Settings{"path": path}, env)
		if err == nil {
			err = connection.Check(t.Context())
		}
		if !connectors.Is(err, want) {
			t.Errorf("%q: got %v, want kind %s", path, err, want)
		}
	}
	_, err := duckdb.New().Open(t.Context(), connectors.Settings{"path": "x.duckdb", "memory_limit": "lots"}, env)
	if !connectors.Is(err, connectors.Config) {
		t.Errorf("memory limit: %v", err)
	}
}

func TestPathsAndFlows(t *testing.T) {
	t.Parallel()
	folder, env := place(t)
	schema, batch := batchOf(column{"id", []any{1}})
	for path, want := range map[string]string{
		"{flow}.duckdb": "my_flow.duckdb", "duckdb:///url.duckdb": "url.duckdb", "duckdb://" + filepath.Join(folder, "absolute.duckdb"): "absolute.duckdb",
		filepath.Join(folder, "plain.duckdb"): "plain.duckdb", "files/data.db": "files/data.db", "duckdb:///_storage/test_quack.duckdb": "_storage/test_quack.duckdb",
	} {
		connection, err := duckdb.New().Open(t.Context(), connectors.Settings{"path": path}, env)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		load, err := connection.(connectors.Loader).Begin(t.Context(), connectors.LoadID{Installation: "me", Flow: "my flow", Run: "r"}, []connectors.Target{target(connectors.Insert, schema)})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if err := load.Abort(t.Context()); err != nil {
			t.Error(err)
		}
		if _, err := os.Stat(filepath.Join(folder, want)); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	batch.Release()
	for _, path := range []string{":memory:", "duckdb:///:memory:", "duckdb://:memory:"} {
		connection, err := duckdb.New().Open(t.Context(), connectors.Settings{"path": path}, env)
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		load, err := connection.(connectors.Loader).Begin(t.Context(), connectors.LoadID{Installation: "me", Flow: "f", Run: "r"}, []connectors.Target{target(connectors.Insert, schema)})
		if err != nil {
			t.Fatalf("%s: %v", path, err)
		}
		if err := errors.Join(load.Abort(t.Context()), connection.Close(t.Context())); err != nil {
			t.Error(err)
		}
	}
	if found, err := filepath.Glob(filepath.Join(folder, "*memory*")); err != nil || len(found) > 0 {
		t.Errorf("files for databases in memory: %v, %v", found, err)
	}
	parsed, err := duckdb.New().Descriptor().ParseURL("duckdb:///a/b.duckdb?memory_limit=1GB&x=1")
	if err != nil || parsed.Settings["path"] != "duckdb:///a/b.duckdb" || parsed.Settings["memory_limit"] != "1GB" || parsed.Unknown[0] != "x" {
		t.Errorf("parsed %v, %v", parsed, err)
	}
}

func TestMemorySaysThatItForgets(t *testing.T) {
	t.Parallel()
	connection, err := duckdb.New().Open(t.Context(), connectors.Settings{"path": ":memory:"}, connectors.Env{})
	if err != nil {
		t.Fatal(err)
	}
	s := site{Connection: connection, Loader: connection.(connectors.Loader)}
	schema, batch := batchOf(column{"id", []any{1}})
	_, warnings, err := s.load(t, "r1", target(connectors.Insert, schema), batch)
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "memory") {
		t.Errorf("warnings %q, %v", warnings, err)
	}
	for range 2 {
		if err := s.Close(t.Context()); err != nil {
			t.Error(err)
		}
	}
}

func TestDrift(t *testing.T) {
	t.Parallel()
	create := "CREATE TABLE t (id BIGINT, n INTEGER)"
	tests := []struct {
		name    string
		drift   connectors.Drift
		columns []column
		want    string // rows, or the kind of the refusal
		warns   int
	}{
		{"new column is reported", connectors.DriftReport, []column{{"id", []any{1}}, {"x", []any{"a"}}}, "1|<nil>", 1},
		{"new column is added", connectors.DriftAdd, []column{{"id", []any{1}}, {"x", []any{"a"}}}, "1|<nil>|a", 0},
		{"new column is refused", connectors.DriftRefuse, []column{{"id", []any{1}}, {"x", []any{"a"}}}, "config", 0},
		{"a value too large for a narrower column", connectors.DriftReport, []column{{"id", []any{1}}, {"n", []any{5_000_000_000}}}, "data", 0},
		{"a narrower column", connectors.DriftReport, []column{{"id", []any{1}}, {"n", []any{5}}}, "1|5", 0},
		{"narrow column is widened", connectors.DriftWiden, []column{{"id", []any{1}}, {"n", []any{5_000_000_000}}}, "1|5000000000", 0},
		{"case does not count", connectors.DriftReport, []column{{"ID", []any{1}}}, "1|<nil>", 0},
		{"two names but for case", connectors.DriftReport, []column{{"id", []any{1}}, {"ID", []any{2}}}, "config", 0},
		{"text into a number", connectors.DriftWiden, []column{{"id", []any{1}}, {"n", []any{"5"}}}, "config", 0},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t, create)
			schema, batch := batchOf(test.columns...)
			tg := target(connectors.Insert, schema)
			tg.Drift = test.drift
			_, warnings, err := s.load(t, "r1", tg, batch)
			if err != nil {
				if found := connectors.AsError(err); string(found.Kind) != test.want {
					t.Errorf("got %v", err)
				}
				return
			}
			if got := s.rows(t, "SELECT * FROM t"); got != test.want || len(warnings) != test.warns {
				t.Errorf("rows %q, warnings %q", got, warnings)
			}
		})
	}
}

func TestExistingTables(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name, create string
		mode         connectors.WriteMode
		want, recipe string
	}{
		{"unique key, delete_insert", "CREATE TABLE t (id BIGINT PRIMARY KEY, x VARCHAR); INSERT INTO t VALUES (1, 'old'), (9, 'stays')", connectors.DeleteInsert, "1|new\n2|new\n9|stays", "stage+delete+insert"},
		{"unique key, truncate_insert", "CREATE TABLE t (id BIGINT PRIMARY KEY, x VARCHAR); INSERT INTO t VALUES (1, 'old'), (9, 'goes')", connectors.TruncateInsert, "1|new\n2|new", "stage+delete+insert"},
		{"unique key, upsert", "CREATE TABLE t (id BIGINT PRIMARY KEY, x VARCHAR UNIQUE); INSERT INTO t VALUES (1, 'old')", connectors.Upsert, "data", ""},
		{"referenced, truncate_insert merges", "CREATE TABLE t (id BIGINT PRIMARY KEY, x VARCHAR); INSERT INTO t VALUES (1, 'old'), (9, 'goes'); CREATE TABLE child (t BIGINT REFERENCES t(id)); INSERT INTO child VALUES (1)", connectors.TruncateInsert, "1|new\n2|new", "stage+merge"},
		{"computed column", "CREATE TABLE t (id BIGINT, x VARCHAR GENERATED ALWAYS AS ('c' || id))", connectors.Insert, "1|c1\n2|c2", "copy"},
		{"default", "CREATE TABLE t (id BIGINT, x VARCHAR, d INTEGER NOT NULL DEFAULT 7)", connectors.Insert, "1|new|7\n2|new|7", "copy"},
		{"value that nobody brings", "CREATE TABLE t (id BIGINT, d INTEGER NOT NULL)", connectors.Insert, "config", ""},
		{"view", "CREATE VIEW t AS SELECT 1 AS id", connectors.Insert, "config", ""},
		{"rowid", "CREATE TABLE t (id BIGINT, rowid BIGINT)", connectors.Insert, "config", ""},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := newSite(t, strings.Split(test.create, "; ")...)
			schema, batch := batchOf(column{"id", []any{1, 2}}, column{"x", []any{"new", "new"}})
			tg := target(test.mode, schema)
			if test.mode.NeedsKey() {
				tg.Unique = []string{"id"}
			}
			report, _, err := s.load(t, "r1", tg, batch)
			if err != nil {
				if found := connectors.AsError(err); string(found.Kind) != test.want {
					t.Errorf("got %v, want %s", err, test.want)
				}
				return
			}
			if got := s.rows(t, "SELECT * FROM t ORDER BY 1"); got != test.want || report.Recipe != test.recipe {
				t.Errorf("rows %q by %q", got, report.Recipe)
			}
		})
	}
}

// TestNativeTypesSurvive copies a table from one file to another.
func TestNativeTypesSurvive(t *testing.T) {
	t.Parallel()
	create := `CREATE TABLE t AS SELECT 1::TINYINT a, 255::UTINYINT b, 18446744073709551615::UBIGINT c, 5::HUGEINT d, 'x'::ENUM('x','y') e, ` +
		`INTERVAL '1 month' f, '101'::BIT g, TIMETZ '10:00:00+02' h, TIMESTAMP_NS '2026-01-01 00:00:00.123456789' i, 1.50::DECIMAL(4,2) j, ` +
		`'{"a":1}'::JSON k, uuid() l, '\xAA'::BLOB m, TIMESTAMP_MS '2026-01-01 00:00:00.5' n, [1,2] o, {'k': 'v'} p`
	from, to := newSite(t, create), newSite(t)
	copyTable(t, from, to)
	const columns = "SELECT column_name, data_type FROM duckdb_columns() WHERE table_name = 't' ORDER BY column_index"
	want := strings.NewReplacer("INTEGER[]", "VARCHAR", "STRUCT(k VARCHAR)", "VARCHAR").Replace(from.rows(t, columns))
	if diff := cmp.Diff(want, to.rows(t, columns)); diff != "" {
		t.Errorf("types (-want +got):\n%s", diff)
	}
	const values = "SELECT CAST(COLUMNS(*) AS VARCHAR) FROM t"
	if diff := cmp.Diff(from.rows(t, values), to.rows(t, values)); diff != "" {
		t.Errorf("values (-want +got):\n%s", diff)
	}
}

func copyTable(t *testing.T, from, to site) {
	t.Helper()
	read, err := from.Read(t.Context(), []connectors.Selection{{Dataset: connectors.Dataset{Schema: "main", Name: "t"}}}, connectors.Want{})
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	event, err := read.Next(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tg := target(connectors.Insert, *event.Schema)
	tg.SourceKind = duckdb.Kind
	if event, err = read.Next(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, _, err := to.load(t, "r1", tg, event.Batch); err != nil {
		t.Fatal(err)
	}
}

// TestOneFileReadAndLoaded is a flow from a file into the same file.
func TestOneFileReadAndLoaded(t *testing.T) {
	t.Parallel()
	s := newSite(t, "CREATE TABLE src AS SELECT i AS id FROM range(1000) r(i)")
	schema, batch := batchOf(column{"id", []any{1}})
	batch.Release()
	ctx := t.Context()
	load, err := s.Begin(ctx, connectors.LoadID{Installation: "me", Flow: "f", Run: "r"}, []connectors.Target{target(connectors.Insert, schema)})
	if err != nil {
		t.Fatal(err)
	}
	defer load.Abort(ctx)
	read, err := s.Read(ctx, []connectors.Selection{{Dataset: connectors.Dataset{Name: "src"}}}, connectors.Want{})
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	for {
		event, err := read.Next(ctx)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		if event.Schema != nil {
			err = load.Announce(ctx, 0, *event.Schema)
		}
		if event.Batch != nil {
			err = load.Write(ctx, 0, 0, event.Batch)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if _, err := load.Commit(ctx, []connectors.Close{{RowsRead: 1000, Whole: true, Snapshot: time.Now()}}); err != nil {
		t.Fatal(err)
	}
	if err := read.Close(); err != nil {
		t.Error(err)
	}
	if got := s.rows(t, "SELECT count(*) FROM t"); got != "1000" {
		t.Errorf("%s rows", got)
	}
}

func TestStateIsKeptAndAdopted(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	schema, batch := batchOf(column{"id", []any{1}})
	if _, _, err := s.load(t, "r1", target(connectors.Insert, schema), batch); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	if err := s.SaveState(ctx, "main", connectors.StateRow{Installation: "me", StateKey: "f/main.t", Table: connectors.Table{Schema: "main", Name: "t"}, Position: "p"}); err != nil {
		t.Fatal(err)
	}
	schema, batch = batchOf(column{"id", []any{2}})
	load, err := s.Begin(ctx, connectors.LoadID{Installation: "other", Flow: "f", Run: "r2"}, []connectors.Target{target(connectors.Insert, schema)})
	batch.Release()
	if !connectors.Is(err, connectors.Conflict) {
		t.Errorf("another installation's load began: %v, %v", load, err)
	}
	if err := s.AdoptState(ctx, "main", "f/main.t", "me", "other"); err != nil {
		t.Fatal(err)
	}
	states, err := s.States(ctx, "main")
	if err != nil || len(states) != 1 || states[0].Installation != "other" || states[0].Position != "p" || states[0].Fence < 3 {
		t.Errorf("states %+v, %v", states, err)
	}
	if err := s.DropState(ctx, "main", "other", "f/main.t"); err != nil {
		t.Fatal(err)
	}
	if got := s.rows(t, "SELECT (SELECT count(*) FROM _leat_state) + (SELECT count(*) FROM _leat_loads)"); got != "0" {
		t.Errorf("%s state rows stay", got)
	}
}

func TestFenceTakenWhileALoadIsOpen(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	schema, batch := batchOf(column{"id", []any{1}})
	if _, _, err := s.load(t, "r1", target(connectors.Insert, schema), batch); err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	zombie, err := s.Begin(ctx, connectors.LoadID{Installation: "me", Flow: "f", Run: "r2"}, []connectors.Target{target(connectors.Insert, schema)})
	if err != nil {
		t.Fatal(err)
	}
	defer zombie.Abort(ctx)
	_, batch = batchOf(column{"id", []any{2}})
	if err := errors.Join(zombie.Announce(ctx, 0, schema), zombie.Write(ctx, 0, 0, batch)); err != nil {
		t.Fatal(err)
	}
	if err := s.SaveState(ctx, "main", connectors.StateRow{Installation: "me", StateKey: "f/main.t", Table: connectors.Table{Schema: "main", Name: "t"}}); err != nil {
		t.Fatal(err)
	}
	_, err = zombie.Commit(ctx, []connectors.Close{{RowsRead: 1, Whole: true, Snapshot: time.Now()}})
	if !connectors.Is(err, connectors.Conflict) {
		t.Errorf("the fenced load ended with %v", err)
	}
	if err := zombie.Abort(ctx); err != nil {
		t.Error(err)
	}
	if got := s.rows(t, "SELECT id FROM t"); got != "1" {
		t.Errorf("rows %q", got)
	}
}

// TestDoublesInNewTable proves that one row per key stays although there is no index.
func TestDoublesInNewTable(t *testing.T) {
	t.Parallel()
	for mode, want := range map[connectors.WriteMode]string{
		connectors.Upsert: "1|c\n2|b", connectors.InsertIgnore: "1|c\n2|b", connectors.DeleteInsert: "1|a\n1|c\n2|b", connectors.History: "1|c\n2|b",
	} {
		t.Run(string(mode), func(t *testing.T) {
			s := newSite(t)
			schema, batch := batchOf(column{"id", []any{1, 2, 1}}, column{"x", []any{"a", "b", "c"}})
			report, _, err := s.load(t, "r1", target(mode, schema, "id"), batch)
			if err != nil || !report.Balanced() {
				t.Fatalf("%+v, %v", report, err)
			}
			if got := s.rows(t, "SELECT id, x FROM t ORDER BY 1, 2"); got != want {
				t.Errorf("rows %q by %s", got, report.Recipe)
			}
			if info, err := os.Stat(s.path); err != nil || info.Mode().Perm() != 0o600 {
				t.Errorf("the new file is open to others: %v, %v", info, err)
			}
		})
	}
}

func TestFilledColumns(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	schema, batch := batchOf(column{"id", []any{1, 2}})
	tg := target(connectors.Upsert, schema, "id")
	tg.LoadedAt, tg.RunID = true, true
	if _, _, err := s.load(t, "r1", tg, batch); err != nil {
		t.Fatal(err)
	}
	_, batch = batchOf(column{"id", []any{1, 2}})
	report, _, err := s.load(t, "r2", tg, batch)
	if err != nil || report.Changed != 0 || report.Unchanged != 2 {
		t.Errorf("the same rows again: %+v, %v", report.Counts, err)
	}
	if got := s.rows(t, "SELECT id, _run_id, _loaded_at > TIMESTAMPTZ '2020-01-01' FROM t ORDER BY id"); got != "1|r1|true\n2|r1|true" {
		t.Errorf("rows %q", got)
	}
}

func TestDriftRefuseAddsNoColumnOfOurs(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	schema, batch := batchOf(column{"id", []any{1, 2}})
	tg := target(connectors.Upsert, schema, "id")
	if _, _, err := s.load(t, "r1", tg, batch); err != nil {
		t.Fatal(err)
	}
	tg.Drift, tg.LoadedAt = connectors.DriftRefuse, true
	_, batch = batchOf(column{"id", []any{3}})
	_, _, err := s.load(t, "r2", tg, batch)
	if !connectors.Is(err, connectors.Config) || !strings.Contains(err.Error(), "ADD COLUMN") || !strings.Contains(err.Error(), "_loaded_at") {
		t.Errorf("got %v, want the statement that adds the column", err)
	}
}

// BenchmarkLoad inserts a million rows of four columns into a new table.
func BenchmarkLoad(b *testing.B) {
	fields := []arrow.Field{{Name: "id", Type: record.Int64}, {Name: "n", Type: record.Int32}, {Name: "s", Type: record.Text}, {Name: "at", Type: record.Timestamp}}
	schema := record.Schema{}
	for _, field := range fields {
		schema.Columns = append(schema.Columns, record.Column{Name: field.Name, Type: field.Type, Nullable: true})
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema.Arrow())
	for i := range 16_384 {
		builder.Field(0).(*array.Int64Builder).Append(int64(i))
		builder.Field(1).(*array.Int32Builder).Append(int32(i))
		builder.Field(2).(*array.StringBuilder).Append(fmt.Sprintf("customer number %d", i))
		builder.Field(3).(*array.TimestampBuilder).Append(arrow.Timestamp(i))
	}
	rows := builder.NewRecordBatch()
	const batches = 61
	for b.Loop() {
		s := newSite(b)
		load, err := s.Begin(b.Context(), connectors.LoadID{Installation: "me", Flow: "f", Run: "r"}, []connectors.Target{target(connectors.Insert, schema)})
		if err != nil {
			b.Fatal(err)
		}
		if err := load.Announce(b.Context(), 0, schema); err != nil {
			b.Fatal(err)
		}
		for range batches {
			rows.Retain()
			if err := load.Write(b.Context(), 0, 0, record.FromArrow(rows)); err != nil {
				b.Fatal(err)
			}
		}
		if _, err := load.Commit(b.Context(), []connectors.Close{{RowsRead: batches * 16_384, Whole: true, Snapshot: time.Now()}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)*batches*16_384/b.Elapsed().Seconds(), "rows/s")
}
