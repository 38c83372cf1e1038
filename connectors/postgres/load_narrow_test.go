package postgres

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"leat/connectors"
	"leat/internal/cells"
	"leat/record"
)

// narrowTarget is a source and a table whose columns are narrower.
const narrowTarget = `CREATE SCHEMA dwh;
	CREATE TABLE w (id bigint PRIMARY KEY, name text, code varchar(160), amount numeric, f numeric(10,2)); INSERT INTO w VALUES (1, 'a', 'b', 1.5, 2.5);
	CREATE TABLE dwh.w (id int PRIMARY KEY, name varchar(50), code varchar(100), amount numeric(12,2), f double precision)`

func TestNarrowTargetsAreLoaded(t *testing.T) {
	t.Parallel()
	for i, mode := range connectors.WriteModes() {
		for j, limit := range []int64{0, 100} {
			if !cells.Visited(2, i+j) {
				continue
			}
			t.Run(fmt.Sprintf("%s with %d rejects", mode, limit), func(t *testing.T) {
				t.Parallel()
				c, admin := newDatabase(t, narrowTarget)
				if mode == connectors.History {
					execute(t, admin, "ALTER TABLE dwh.w ADD valid_from timestamptz NOT NULL, ADD valid_to timestamptz")
				}
				if mode == connectors.Update || mode == connectors.Delete {
					execute(t, admin, "INSERT INTO dwh.w (id) VALUES (1)")
				}
				f := into(c, "w", mode, "id")
				f.target.RejectLimit = limit
				f.must(t)
				if mode != connectors.Insert {
					f.must(t)
				}
				want := "(1,a,b,1.50,2.5)"
				if mode == connectors.Delete {
					want = ""
				}
				wantRows(t, admin, "SELECT DISTINCT id, name, code, amount, f FROM dwh.w", want)
			})
		}
	}
}

func TestAValueThatDoesNotFitANarrowerColumn(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, narrowTarget+`; INSERT INTO w VALUES (2, repeat('x', 51), 'b', 1, 1), (3, 'c', 'd ', 1.505, 1), (5000000000, NULL, NULL, NULL, NULL), (4, 'ok', NULL, 7.0000, 0.10),
		(5, 'e', 'f', 1, NULL), (6, 'g', repeat('y', 100) || ' ', 1, 1)`)
	_, err := into(c, "w", connectors.Upsert, "id").move(t)
	wantRefusal(t, err, connectors.Data, `column "name", row 2 of those read: the text is longer than 50 characters`)
	wantRows(t, admin, "SELECT count(*) FROM dwh.w", "(0)")
	f := into(c, "w", connectors.Upsert, "id")
	f.target.RejectLimit, f.run = 100, 7
	r := f.must(t)
	if r.Written != 3 || r.Rejected != 4 {
		t.Errorf("%+v", r)
	}
	wantRows(t, admin, "SELECT * FROM dwh.w", "(1,a,b,1.50,2.5)\n(4,ok,,7.00,0.1)\n(5,e,f,1.00,)")
	wantRows(t, admin, "SELECT column_name, reason, row_data ->> 'id', row_data ->> 'amount' FROM dwh.w__rejects", strings.Join([]string{
		`(amount,"the value has more digits behind the point than numeric(12,2) keeps",3,1.505)`,
		`(code,"the text is longer than 100 characters",6,1)`,
		`(id,"the value is out of range for integer",5000000000,)`,
		`(name,"the text is longer than 50 characters",2,1)`,
	}, "\n"))
}

// narrowPairs are a source's type, a narrower one, a value that fits and one that does not.
var narrowPairs = [][4]string{
	{"bigint", "integer", "7", "2147483648"},
	{"bigint", "smallint", "-32768", "32768"},
	{"integer", "numeric(5,2)", "999", "1000"},
	{"bigint", "double precision", "9007199254740992", "9007199254740993"},
	{"numeric", "integer", "12.000", "12.5"},
	{"numeric", "numeric(12,2)", "1.5", "1.505"},
	{"numeric(38,9)", "numeric(12,2)", "1.500000000", "1.500000001"},
	{"numeric(38,9)", "bigint", "5.000000000", "5.500000000"},
	{"numeric(10,2)", "double precision", "0.30", "NULL"},
	{"numeric", "double precision", "0.3", "0.30000000000000000001"},
	{"numeric(10,2)", "real", "0.30", "12345678.91"},
	{"double precision", "real", "0.5", "0.1"},
	{"text", "varchar(3)", "'žžž'", "'abc '"},
	{"varchar(20)", "varchar(3)", "'abc'", "'abcd'"},
	{"text", "char(3)", "'abc'", "'ab'"},
	{"varchar(3)", "char(5)", "NULL", "'abc'"},
	{"char(5)", "char(3)", "'ab'", "'abcd'"},
	{"char(5)", "varchar(3)", "'abc'", "'abcd'"},
	{"text", "varchar3", "'abc'", "'abcd'"},
	{"time", "time(0)", "'12:00:01'", "'12:00:01.5'"},
	{"timetz", "timetz(3)", "'12:00:01.001+02'", "'12:00:01.0001+02'"},
	{"timestamp", "timestamp(0)", "'2026-01-01 00:00:01'", "'2026-01-01 00:00:01.5'"},
	{"timestamptz", "timestamptz(3)", "'infinity'", "'2026-01-01 00:00:01.0005+00'"},
	{"interval", "interval(0)", "'1 day -00:00:01'", "'0.5 s'"},
}

// TestNarrowPairs moves a value that fits and one that does not through each pair of
// types, as the only narrower column and beside others that stay as they are.
func TestNarrowPairs(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE DOMAIN varchar3 AS varchar(3)")
	for _, p := range narrowPairs {
		t.Run(p[0]+" into "+p[1], func(t *testing.T) {
			execute(t, admin, "DROP TABLE IF EXISTS t, dwh.t, dwh.t__rejects, dwh._leat_loads; CREATE TABLE t (a text, v "+p[0]+", left_out int, z int); CREATE TABLE dwh.t (z int, v "+p[1]+", a text);"+
				"INSERT INTO t VALUES ('x', "+p[2]+", 1, 5), (NULL, NULL, 2, NULL), ('y', "+p[3]+", 3, 6)")
			for _, mode := range []connectors.WriteMode{connectors.Insert, connectors.TruncateInsert} {
				f := into(c, "t", mode)
				f.target.LoadedAt = true
				f.target.RejectLimit = 1
				r := f.must(t)
				if refused := p[3] != "NULL"; refused != (r.Rejected == 1) {
					t.Errorf("%s: %+v", mode, r)
				}
				wantRows(t, admin, "SELECT a, v::"+p[1]+"::text, z FROM dwh.t WHERE z IS DISTINCT FROM 6", digest(t, admin, "SELECT a, v::"+p[1]+"::text, z FROM t WHERE z IS DISTINCT FROM 6"))
				execute(t, admin, "DELETE FROM dwh.t")
			}
		})
	}
}

// Rows of other systems, which come as Arrow batches, obey the same rule.
func TestNarrowColumnsOfOtherSources(t *testing.T) {
	t.Parallel()
	schema, batch := otherSource(t)
	c, admin := newDatabase(t, `CREATE SCHEMA dwh; CREATE TABLE dwh.t (i smallint, d real, n numeric(5,2), w int, t varchar(3), c char(3), u numeric(12,2), ts timestamp(0), x float8)`)
	f := into(c, "t", connectors.Insert)
	f.target.Schema, f.target.SourceKind, f.target.RejectLimit = schema, "other", -1
	load, err := c.Begin(t.Context(), f.id(), []connectors.Target{f.target})
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = load.Abort(context.WithoutCancel(t.Context())) }()
	if err := load.Announce(t.Context(), 0, schema); err != nil {
		t.Fatal(err)
	}
	if err := load.Write(t.Context(), 0, 0, batch); err != nil {
		t.Fatal(err)
	}
	reports, err := load.Commit(t.Context(), []connectors.Close{{RowsRead: 10, Whole: true}})
	if err != nil || reports[0].Written != 1 || reports[0].Rejected != 9 {
		t.Errorf("%+v, %v", reports, err)
	}
	wantRows(t, admin, "SELECT * FROM dwh.t", `(7,0.5,1.50,12,žžž,abc,1.50,"2026-01-01 00:00:01",0.1)`)
	wantRows(t, admin, "SELECT column_name FROM dwh.t__rejects ORDER BY 1", "(c)\n(d)\n(i)\n(n)\n(t)\n(ts)\n(u)\n(w)\n(x)")
}

func TestThePlanNamesNarrowerColumns(t *testing.T) {
	t.Parallel()
	c, _ := newDatabase(t, narrowTarget)
	f := into(c, "w", connectors.Insert)
	described, err := c.Describe(t.Context(), f.selection.Dataset)
	if err != nil {
		t.Fatal(err)
	}
	f.target.Schema = described.Schema
	plans, err := c.Plan(t.Context(), f.id(), []connectors.Target{f.target})
	if err != nil || plans[0].Refusal != nil || len(plans[0].Warnings) != 5 {
		t.Fatalf("%+v, %v", plans, err)
	}
	if want := `The column "id" is bigint at the source and integer in dwh.w; every value is checked, and one that does not fit exactly is rejected`; plans[0].Warnings[0] != want {
		t.Errorf("the plan says %q", plans[0].Warnings)
	}
	if r := f.must(t); len(r.Warnings) > 0 {
		t.Errorf("the run warns of what is exact: %q", r.Warnings)
	}
	f.target.Narrowing = connectors.NarrowingRefuse
	if plans, err = c.Plan(t.Context(), f.id(), []connectors.Target{f.target}); err != nil || plans[0].Refusal == nil {
		t.Errorf("%+v, %v", plans, err)
	}
}

// Several sessions check as one does, and name the part.
func TestWritersCheckNarrowerColumns(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, "CREATE SCHEMA dwh; CREATE TABLE t AS SELECT n::bigint AS id, 'text ' || n AS v FROM generate_series(1, 40000) n; ANALYZE t; CREATE TABLE dwh.t (id int, v varchar(20))")
	f := into(c, "t", connectors.TruncateInsert)
	f.target.Writers = 2
	if r := f.must(t); r.Written != 40_000 {
		t.Errorf("%+v", r)
	}
	wantRows(t, admin, "SELECT count(*), sum(id), min(v) FROM dwh.t", digest(t, admin, "SELECT count(*), sum(id), min(v) FROM t"))
	execute(t, admin, "UPDATE t SET v = repeat('x', 21) WHERE id = 33333")
	_, err := f.move(t)
	wantRefusal(t, err, connectors.Data, `column "v", row `, "the text is longer than 20 characters")
	wantRows(t, admin, "SELECT count(*) FROM dwh.t", "(40000)")
}

// otherSource is a batch of a system that sends Arrow columns: one row that fits the table
// of TestNarrowColumnsOfOtherSources, and per column one that does not.
func otherSource(t testing.TB) (record.Schema, record.Batch) {
	t.Helper()
	columns := []struct {
		name      string
		logical   arrow.DataType
		fits, not string
	}{
		{"i", record.Int64, "7", "32768"},
		{"d", record.Float64, "0.5", "0.1"},
		{"n", record.Decimal(20, 4), "1.5000", "1.5001"},
		{"w", record.Decimal(38, 2), "12.00", "12.50"},
		{"t", record.Text, "žžž", "abc "},
		{"c", record.Text, "abc", "ab"},
		{"u", record.Text, "1.5", "1.505"},
		{"ts", record.Timestamp, "2026-01-01 00:00:01", "2026-01-01 00:00:01.5"},
		{"x", record.Decimal(30, 20), "0.1", "0.12345678901234567890"},
	}
	var schema record.Schema
	for _, c := range columns {
		schema.Columns = append(schema.Columns, record.Column{Name: c.name, Type: c.logical, Nullable: true, Number: c.name == "u"})
	}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema.Arrow())
	defer builder.Release()
	for row := range len(columns) + 1 {
		for i, c := range columns {
			value := c.fits
			if i == row {
				value = c.not
			}
			if err := builder.Field(i).AppendValueFromString(value); err != nil {
				t.Fatal(err)
			}
		}
	}
	return schema, record.FromArrow(builder.NewRecordBatch())
}
