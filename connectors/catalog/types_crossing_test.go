package catalog_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"leat/connectors"
	"leat/connectors/catalog"
	"leat/dial"
	"leat/files"
	"leat/internal/duck"
	"leat/internal/testdb"
	"leat/record"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// meaning is what a value is, whatever type holds it.
type meaning string

const (
	text, number, boolean, binary, date, clock = meaning("text"), meaning("number"), meaning("boolean"), meaning("bytes"), meaning("date"), meaning("time")
	zonedClock, moment, instant, interval      = meaning("zoned time"), meaning("timestamp"), meaning("instant"), meaning("interval")
	bits, uuid, document, nested               = meaning("bits"), meaning("uuid"), meaning("json"), meaning("nested")
)

// crossing is a type of DuckDB with the values that are cut most easily.
type crossing struct {
	native  string
	is      meaning
	samples []string
}

// crossings are all types that a table in a file of DuckDB may have.
var crossings = []crossing{
	{"BOOLEAN", boolean, []string{"true", "false"}},
	{"TINYINT", number, []string{"-128", "127"}},
	{"SMALLINT", number, []string{"-32768", "32767"}},
	{"INTEGER", number, []string{"-2147483648", "16777217"}},
	{"BIGINT", number, []string{"-9223372036854775808", "9007199254740993"}},
	{"HUGEINT", number, []string{"99999999999999999999999999999999999999", "-170141183460469231731687303715884105728", "1"}},
	{"UTINYINT", number, []string{"255"}},
	{"USMALLINT", number, []string{"65535"}},
	{"UINTEGER", number, []string{"4294967295", "16777217"}},
	{"UBIGINT", number, []string{"18446744073709551615", "9007199254740993"}},
	{"UHUGEINT", number, []string{"340282366920938463463374607431768211455", "9007199254740993", "1", "20260101"}},
	{"BIGNUM", number, []string{"12345678901234567890123456789012345678901234567", "9007199254740993"}},
	{"FLOAT", number, []string{"0.1", "16777216", "nan", "-infinity", "1.17549435e-38"}},
	{"DOUBLE", number, []string{"0.1", "5e-324", "1.7976931348623157e308", "9007199254740992", "-0"}},
	{"DECIMAL(9,3)", number, []string{"123456.789", "1.5"}},
	{"DECIMAL(18,3)", number, []string{"123456789012345.678", "1.5"}},
	{"DECIMAL(38,10)", number, []string{"1234567890123456789012345678.0123456789", "0.0000000001"}},
	{"VARCHAR", text, []string{"", " a ", "null", "1.50", "9007199254740993", "2026-01-01 10:00:00.123456789", "10:00:00+02", "čeština"}},
	{"ENUM('a', 'b')", text, []string{"a", "b"}},
	{"JSON", document, []string{`{"a": 1.50}`, "17", `"t"`}},
	{"UUID", uuid, []string{"00000000-0000-0000-0000-000000000000", "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"}},
	{"BLOB", binary, []string{"a", `\x00\xFF`}},
	{"BIT", bits, []string{"1", "0101", "111111111"}},
	{"DATE", date, []string{"2026-02-28", "0001-01-01", "9999-12-31", "infinity"}},
	{"TIME", clock, []string{"10:00:00.123456", "24:00:00", "00:00:00"}},
	{"TIME_NS", clock, []string{"10:00:00.123456789", "10:00:00"}},
	{"TIME WITH TIME ZONE", zonedClock, []string{"10:00:00.123456+02", "10:00:00+00", "23:59:59-15:59"}},
	{"TIMESTAMP", moment, []string{"2026-01-01 10:00:00.123456", "2026-01-01 00:00:00", "infinity"}},
	{"TIMESTAMP_S", moment, []string{"2026-01-01 10:00:01", "2026-01-01 00:00:00"}},
	{"TIMESTAMP_MS", moment, []string{"2026-01-01 10:00:00.123", "2026-01-01 00:00:00"}},
	{"TIMESTAMP_NS", moment, []string{"2026-01-01 10:00:00.123456789", "2026-01-01 10:00:00.123456", "2026-01-01 00:00:00"}},
	{"TIMESTAMP WITH TIME ZONE", instant, []string{"2026-01-01 10:00:00.123456+02", "2026-01-01 00:00:00+00"}},
	{"INTERVAL", interval, []string{"1 year 2 months 3 days 04:05:06.789", "-1 month -3 days", "1 day -00:00:01", "10:00:00", "-1 month 3 days -10:00:00.5"}},
	{"VARCHAR[]", nested, []string{`['NULL', NULL, 'a, b', '[x]', '\'q\'', ' sp ', '', '"d"', 'back\\slash', '{a: 1}']`, "[]", "[1, 2]"}},
	{"INTEGER[]", nested, []string{"[1, NULL]", "[]", "[1, 2]"}},
	{"DOUBLE[2]", nested, []string{"[0.1, nan]"}},
	{"BLOB[]", nested, []string{`[\xAA, a]`}},
	{"STRUCT(a INTEGER, \"b c\" VARCHAR)", nested, []string{"{'a': 1, 'b c': 'x, y'}"}},
	{"MAP(VARCHAR, INTEGER)", nested, []string{"{'k=1'=1, ''=NULL}"}},
	{"TIMESTAMP_NS[]", nested, []string{"['2026-01-01 10:00:00.123456789']"}},
	{"UNION(n INTEGER, s VARCHAR)", nested, []string{"1"}},
}

// holder is a type of a standing column and what it holds.
type holder struct {
	name  string
	holds meaning
}

var postgresHolders = []holder{
	{"boolean", boolean},
	{"smallint", number},
	{"integer", number},
	{"bigint", number},
	{"real", number},
	{"double precision", number},
	{"numeric", number},
	{"numeric(38,0)", number},
	{"numeric(20,2)", number},
	{"numeric(5,2)", number},
	{"money", number},
	{"oid", number},
	{"text", text},
	{"varchar(8)", text},
	{"char(5)", text},
	{"bytea", binary},
	{"date", date},
	{"time", clock},
	{"time(0)", clock},
	{"timetz", zonedClock},
	{"timestamp", moment},
	{"timestamp(0)", moment},
	{"timestamptz", instant},
	{"interval", interval},
	{"interval(0)", interval},
	{"uuid", uuid},
	{"json", document},
	{"jsonb", document},
	{"xml", text},
	{"inet", text},
	{"cidr", text},
	{"macaddr", text},
	{"bit(4)", bits},
	{"bit varying", bits},
	{"bit varying(2)", bits},
	{"point", nested},
	{"path", nested},
	{"lseg", nested},
	{"int4range", nested},
	{"tstzrange", nested},
	{"integer[]", nested},
	{"text[]", nested},
	{"tsvector", text},
	{"tsquery", text},
	{"pg_lsn", text},
	{"jsonpath", text},
	{"ab", text},
	{"d_stamp", moment},
	{"d_float", number},
}

func duckHolders() []holder {
	holders := make([]holder, len(crossings))
	for i, c := range crossings {
		holders[i] = holder{c.native, c.is}
	}
	return append(holders, holder{"DECIMAL(5,2)", number}, holder{"DECIMAL(38,0)", number}, holder{"ENUM('a')", text}, holder{"BIGINT[]", nested})
}

// keeps says that a meaning is the same in a type, or plainly contained in it. Texts go
// into every type whose input refuses what it does not hold.
func (h holder) keeps(is meaning) bool {
	fromText := []meaning{uuid, document}
	return h.holds == is || h.holds == text || is == date && h.holds == moment || is == text && slices.Contains(fromText, h.holds)
}

// side is a destination with the tables into_0, into_1 and so on, one of each type: all
// columns of a table have that type, one column for every type of DuckDB.
type side struct {
	kind, schema string
	connectors.Loader
	holders []holder
	// stored reads a table back: by id the text of its one value.
	stored func(t *testing.T, table string) map[int64]string
}

// TestEveryTypeOfDuckDBArrivesExactlyOrIsRefused loads values of every type of DuckDB into
// standing columns of every type. What is stored, read as the source's type, is the value;
// all else is refused before the load, rejected, or fails it. Every table is loaded by a
// flow of its own, for which DuckDB keeps a file.
func TestEveryTypeOfDuckDBArrivesExactlyOrIsRefused(t *testing.T) {
	t.Parallel()
	folder, roots := place(t)
	execute(t, filepath.Join(folder, "samples.duckdb"), sampleTable()...)
	source := open(t, "duckdb", connectors.Settings{"path": "samples.duckdb"}, roots).(connectors.Extractor)
	held, err := source.Read(t.Context(), nil, connectors.Want{}) // one that is open stays open
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = held.Close() })
	judge := memory(t)
	for _, s := range []side{postgresSide(t), duckSide(t)} {
		for j, into := range s.holders {
			x := crosser{side: s, into: into, table: fmt.Sprintf("into_%d", j), source: source}
			planned := x.planned(t)
			x.cross(t, planned)
			x.check(t, judge, planned)
		}
	}
}

// crosser takes all types over into the columns of one type.
type crosser struct {
	side
	into   holder
	table  string
	source connectors.Extractor
	runs   int
}

// everything is the indexes of all types, and the ids of all samples.
func everything() (types []int) {
	for i := range crossings {
		types = append(types, i)
	}
	return types
}

func columnOf(at int) string { return fmt.Sprintf("c%d", at) }

// idOf is the id of a sample.
func idOf(at, sample int) int64 { return int64(at*100 + sample) }

func (x *crosser) target(schema record.Schema) connectors.Target {
	return connectors.Target{
		Table: connectors.Table{Schema: x.schema, Name: x.table}, StateKey: x.table + "/" + x.table, Mode: connectors.Insert,
		Schema: schema, SourceKind: "duckdb", RejectLimit: -1,
	}
}

// planned is the indexes of the types that are not refused.
func (x *crosser) planned(t *testing.T) (planned []int) {
	t.Helper()
	schema, batches := x.read(t, everything(), 0, idOf(len(crossings), 0))
	release(batches)
	plans, err := x.Plan(t.Context(), connectors.LoadID{Installation: "me", Flow: x.table}, []connectors.Target{x.target(schema)})
	if err != nil {
		t.Fatal(err)
	}
	for at := range crossings {
		if plans[0].Refusal == nil || !strings.Contains(plans[0].Refusal.Message, fmt.Sprintf("the column %q is", columnOf(at))) {
			planned = append(planned, at)
		}
	}
	return planned
}

// cross loads the samples of the types: all at once or, where one of them fails the load,
// type by type, and then sample by sample.
func (x *crosser) cross(t *testing.T, types []int) {
	t.Helper()
	if len(types) == 0 || x.load(t, types, 0, idOf(len(crossings), 0)) == nil {
		return
	}
	for _, at := range types {
		if x.load(t, []int{at}, idOf(at, 0), idOf(at+1, 0)) == nil {
			continue
		}
		for i, sample := range crossings[at].samples {
			err := x.load(t, []int{at}, idOf(at, i), idOf(at, i+1))
			if err != nil && !connectors.Is(err, connectors.Data) && !connectors.Is(err, connectors.Config) {
				t.Errorf("%s: %s %q into %s fails with %v", x.kind, crossings[at].native, sample, x.into.name, err)
			}
		}
	}
}

// check compares what stands in the columns with the samples.
func (x *crosser) check(t *testing.T, judge *duck.Conn, planned []int) {
	t.Helper()
	way := func(c crossing) string { return fmt.Sprintf("%s: %s into %s", x.kind, c.native, x.into.name) }
	for _, at := range planned {
		if c := crossings[at]; !x.into.keeps(c.is) {
			t.Errorf("%s is planned, although it is another kind of value", way(c))
		}
	}
	for id, got := range x.stored(t, x.table) {
		c := crossings[id/100]
		if !slices.Contains(planned, int(id/100)) { // its column was not read
			continue
		}
		if sample := c.samples[id%100]; !c.same(t, judge, x.into, got, sample) {
			t.Errorf("%s: %q became %q", way(c), sample, got)
		}
	}
}

// anyValue is the text of the one column of a row that is not NULL.
func anyValue(textType string) string {
	texts := make([]string, len(crossings))
	for at := range crossings {
		texts[at] = "CAST(" + columnOf(at) + " AS " + textType + ")"
	}
	return "COALESCE(" + strings.Join(texts, ", ") + ", 'NULL')"
}

// load stores the samples of some types whose ids are in a range.
func (x *crosser) load(t *testing.T, types []int, from, to int64) error {
	t.Helper()
	ctx := t.Context()
	schema, batches := x.read(t, types, from, to)
	x.runs++
	load, err := x.Begin(ctx, connectors.LoadID{Installation: "me", Flow: x.table, Run: fmt.Sprint(x.runs)}, []connectors.Target{x.target(schema)})
	if err != nil {
		release(batches)
		return err
	}
	defer load.Abort(context.WithoutCancel(ctx))
	if err := load.Announce(ctx, 0, schema); err != nil {
		release(batches)
		return err
	}
	rows := int64(0)
	for at, batch := range batches {
		rows += int64(batch.Rows())
		if err := load.Write(ctx, 0, 0, batch); err != nil {
			release(batches[at+1:])
			return err
		}
	}
	_, err = load.Commit(ctx, []connectors.Close{{RowsRead: rows, Whole: true, Snapshot: time.Now()}})
	return err
}

// read reads one row for each sample in a range of ids: its own column holds it, all others
// are NULL.
func (x *crosser) read(t *testing.T, types []int, from, to int64) (schema record.Schema, batches []record.Batch) {
	t.Helper()
	columns := []string{"id"}
	for _, at := range types {
		columns = append(columns, columnOf(at))
	}
	query := fmt.Sprintf("SELECT %s FROM samples WHERE id >= %d AND id < %d", strings.Join(columns, ", "), from, to)
	read, err := x.source.Read(t.Context(), []connectors.Selection{{Dataset: connectors.Dataset{Query: query}}}, connectors.Want{})
	if err != nil {
		t.Fatal(err)
	}
	defer read.Close()
	for {
		event, err := read.Next(t.Context())
		if errors.Is(err, io.EOF) {
			return schema, batches
		}
		if err != nil {
			t.Fatal(err)
		}
		if event.Schema != nil {
			schema = *event.Schema
		}
		if event.Batch != nil {
			batches = append(batches, event.Batch)
		}
	}
}

// same says that a stored text, read as the source's type, is the sample. The text of a
// short float means that float.
func (c crossing) same(t *testing.T, judge *duck.Conn, into holder, got, sample string) bool {
	t.Helper()
	if c.native == "JSON" {
		return strings.ReplaceAll(got, " ", "") == strings.ReplaceAll(sample, " ", "")
	}
	value := "$1"
	if into.name == "real" || into.name == "FLOAT" {
		value = "CAST($1 AS FLOAT)"
	}
	rows, err := judge.Values(t.Context(), "SELECT CAST(TRY_CAST("+value+" AS "+c.native+") AS VARCHAR), CAST(CAST($2 AS "+c.native+") AS VARCHAR)", got, sample)
	if err != nil {
		t.Fatalf("%s %q: %v", c.native, got, err)
	}
	return rows[0][0] == rows[0][1]
}

func release(batches []record.Batch) {
	for _, batch := range batches {
		batch.Release()
	}
}

func open(t *testing.T, kind string, settings connectors.Settings, env connectors.Env) connectors.Connection {
	t.Helper()
	system, _ := catalog.New().Connector(kind)
	opened, err := system.Open(t.Context(), settings, env)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = opened.Close(context.Background()) })
	return opened
}

// memory is a DuckDB to compare values with.
func memory(t *testing.T) *duck.Conn {
	t.Helper()
	db, err := duck.Open(duck.Memory, duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); _ = db.Close() })
	return conn
}

// place is a folder for database files.
func place(t *testing.T) (string, connectors.Env) {
	t.Helper()
	folder := t.TempDir()
	roots, err := files.Open(folder, "")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = roots.Close() })
	return folder, connectors.Env{Files: roots}
}

// sampleTable is the statements that make the source: a column for each type, and a row
// for each sample in which only its own column is not NULL.
func sampleTable() []string {
	columns, inserts := []string{"id BIGINT"}, []string{}
	for at, c := range crossings {
		columns = append(columns, columnOf(at)+" "+c.native)
		for i, sample := range c.samples {
			inserts = append(inserts, fmt.Sprintf("INSERT INTO samples (id, %s) VALUES (%d, '%s')", columnOf(at), idOf(at, i), strings.ReplaceAll(sample, "'", "''")))
		}
	}
	return append([]string{"CREATE TABLE samples (" + strings.Join(columns, ", ") + ")"}, inserts...)
}

// execute runs statements in a database file.
func execute(t *testing.T, path string, statements ...string) {
	t.Helper()
	inside(t, path, func(conn *duck.Conn) {
		for _, statement := range statements {
			if _, err := conn.Exec(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
	})
}

// creations are the statements that make the tables.
func creations(holders []holder) []string {
	statements := make([]string, len(holders))
	for j, h := range holders {
		columns := []string{"id BIGINT"}
		for at := range crossings {
			columns = append(columns, columnOf(at)+" "+h.name)
		}
		statements[j] = fmt.Sprintf("CREATE TABLE into_%d (%s)", j, strings.Join(columns, ", "))
	}
	return statements
}

func postgresSide(t *testing.T) side {
	t.Helper()
	url := testdb.Database(t)
	admin := testdb.Connect(t, url)
	script := []string{
		"SET TimeZone = 'UTC'", "CREATE SCHEMA into_pg", "SET search_path = into_pg",
		"CREATE TYPE ab AS ENUM ('a', 'b')", "CREATE DOMAIN d_stamp AS timestamp", "CREATE DOMAIN d_float AS float8",
	}
	script = append(script, creations(postgresHolders)...)
	if _, err := admin.Exec(t.Context(), strings.Join(script, "; ")); err != nil {
		t.Fatal(err)
	}
	system, _ := catalog.New().Connector("postgres")
	parsed, err := system.Descriptor().ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	env := connectors.Env{
		Dial: dial.New(dial.Options{Policy: dial.Policy{AllowPrivate: true}}).DialContext,
		TLS:  dial.TLS{Mode: dial.TLSDisable}, Application: "leat test",
	}
	return side{
		kind: "postgres", schema: "into_pg", holders: postgresHolders, Loader: open(t, "postgres", parsed.Settings, env).(connectors.Loader),
		stored: func(t *testing.T, table string) map[int64]string {
			rows, err := admin.Query(t.Context(), "SELECT id, "+anyValue("text")+" FROM "+table)
			if err != nil {
				t.Fatal(err)
			}
			out := map[int64]string{}
			var id int64
			var value string
			_, err = pgx.ForEachRow(rows, []any{&id, &value}, func() error { out[id] = asDuckDB(value); return nil })
			if err != nil {
				t.Fatal(err)
			}
			return out
		},
	}
}

// asDuckDB turns the forms of PostgreSQL that DuckDB does not read into its own.
func asDuckDB(value string) string {
	if hex, ok := strings.CutPrefix(value, `\x`); ok {
		out := ""
		for ; len(hex) >= 2; hex = hex[2:] {
			out += `\x` + hex[:2]
		}
		return out
	}
	value = strings.ReplaceAll(value, " +", " ")
	return strings.NewReplacer("mons ", "months ", "mon ", "month ").Replace(value)
}

func duckSide(t *testing.T) side {
	t.Helper()
	folder, roots := place(t)
	path := func(table string) string { return filepath.Join(folder, table+".duckdb") }
	for j, statement := range creations(duckHolders()) {
		execute(t, path(fmt.Sprintf("into_%d", j)), statement)
	}
	connection := open(t, "duckdb", connectors.Settings{"path": "{flow}.duckdb"}, roots)
	return side{
		kind: "duckdb", schema: "main", holders: duckHolders(), Loader: connection.(connectors.Loader),
		stored: func(t *testing.T, table string) map[int64]string {
			out := map[int64]string{}
			inside(t, path(table), func(conn *duck.Conn) {
				rows, err := conn.Values(t.Context(), "SELECT id, "+anyValue("VARCHAR")+" FROM "+table)
				if err != nil {
					t.Fatal(err)
				}
				for _, row := range rows {
					out[row[0].(int64)], _ = row[1].(string)
				}
			})
			return out
		},
	}
}

// inside works in a database file, as another program would between runs.
func inside(t *testing.T, path string, work func(*duck.Conn)) {
	t.Helper()
	db, err := duck.Open(path, duck.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	conn, err := db.Connect()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	work(conn)
}
