package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"syscall"
	"testing"

	"leat/internal/cells"
)

// extremes are values that tools like to round, cut or turn into NULL.
var extremes = map[string]struct{ native, values string }{
	"not a number and infinity":  {"double precision", "'NaN', 'Infinity', '-Infinity', '-0', '5e-324', '0.1'"},
	"numerics without precision": {"numeric", "'NaN', 'Infinity', '-Infinity', '0.10', '1e-300'"},
	"numerics of 38 digits":      {"numeric(38,9)", "'99999999999999999999999999999.999999999', '-0.000000001', '0.100000000'"},
	"numerics of 24 digits":      {"numeric(24,6)", "'123456789012345678.123456', '-0.000001'"},
	"numerics of 78 digits":      {"numeric(78,0)", "'115792089237316195423570985008687907853269984665640564039457584007913129639935', '-1'"},
	"endless dates":              {"date", "'infinity', '-infinity'"},
	"endless times":              {"timestamptz", "'infinity', '-infinity'"},
	"dates before Christ":        {"date", "'4713-01-01 BC', '4713-02-29 BC', '0001-12-31 BC'"},
	"times before Christ":        {"timestamp", "'4713-02-29 12:34:56.123456 BC', '0044-03-15 BC'"},
	"the first day":              {"date", "'0001-01-01'"},
	"the first second":           {"timestamptz", "'0001-01-01 00:00:00Z'"},
	"years of five digits":       {"timestamp", "'10000-01-01', '294276-12-31 23:59:59.999999'"},
	"the hour 24":                {"time", "'24:00:00', '23:59:59.999999'"},
	"NUL inside json":            {"json", `'{"a": "\u0000", "b": 1, "b": 2}', '[1.10, 9007199254740993]'`},
	"texts that look like NULL":  {"text", `'', 'NULL', '\N', E'\\.', E'\r\n\t"', '🌊'`},
	"enum":                       {"public.mood", "'fine', 'so so'"},
}

func TestExtremeValuesArriveExactly(t *testing.T) {
	t.Parallel()
	c := newCase(t, "CREATE TYPE public.mood AS ENUM ('fine', 'so so'); CREATE TABLE public.rows (id int PRIMARY KEY)", "", "", "write_mode: insert, unique_columns: [id]")
	for i, name := range slices.Sorted(maps.Keys(extremes)) {
		extreme := extremes[name]
		for j, mode := range []string{"insert", "upsert"} {
			if !cells.Visited(2, i+j) {
				continue
			}
			t.Run(name+", "+mode, func(t *testing.T) {
				c := &kase{t: t, pair: c.pair, leat: c.leat}
				c.source(fmt.Sprintf("DROP TABLE public.rows; CREATE TABLE public.rows (id serial PRIMARY KEY, v %s); INSERT INTO public.rows (v) SELECT v::%[1]s FROM unnest(ARRAY[%s]::text[]) v; INSERT INTO public.rows (v) VALUES (NULL)",
					extreme.native, extreme.values))
				c.target("DROP TABLE IF EXISTS analytics.rows")
				c.configure("", "write_mode: "+mode+", unique_columns: [id]")
				c.run()
				c.same()
				if mode == "upsert" { // the second run goes through the staging table
					c.source("UPDATE public.rows SET id = id + 1000 WHERE id = 1")
					c.run("--full-refresh")
					c.holds("SELECT count(*) FROM analytics.rows WHERE v IS NULL", "1")
				}
			})
		}
	}
}

// A target that cannot hold a value refuses it by name; it never gets another value.
func TestValuesThatDoNotFitAreReported(t *testing.T) {
	t.Parallel()
	for name, it := range map[string]struct{ native, value, target string }{
		"infinity into numeric(10,2)":     {"numeric", "'Infinity'", "numeric(10,2)"},
		"digits beyond numeric(12,2)":     {"numeric(38,9)", "0.123456789", "numeric(12,2)"},
		"a bigint into integer":           {"bigint", "3000000000", "integer"},
		"microseconds into timestamp(0)":  {"timestamp", "'2026-01-01 00:00:00.5'", "timestamp(0)"},
		"a long text into varchar(3)":     {"text", "'four'", "varchar(3)"},
		"NUL inside json into jsonb":      {"json", `'{"a": "\u0000"}'`, "jsonb"},
		"a fraction into bigint":          {"double precision", "0.5", "bigint"},
		"a time zone into a plain one":    {"timestamptz", "'2026-01-01 00:00Z'", "timestamp"},
		"text into a number":              {"text", "'twelve'", "integer"},
		"a double's digits into a single": {"double precision", "0.1", "real"},
	} {
		t.Run(name, func(t *testing.T) {
			c := &kase{pair: newPair(t), t: t, leat: newProgram(t)}
			c.source(fmt.Sprintf("CREATE TABLE public.rows (id int PRIMARY KEY, v %s); INSERT INTO public.rows VALUES (1, %s)", it.native, it.value))
			c.target("CREATE SCHEMA analytics")
			c.configure("", "write_mode: insert") // while the target is free
			c.target("CREATE TABLE analytics.rows (id int, v " + it.target + ")")
			c.fails(`"v"`)
			c.holds("SELECT count(*) FROM analytics.rows", "0")
		})
	}
}

// Columns of the target that are narrower than the source's take what fits exactly.
func TestNarrowerTargetsThroughTheProgram(t *testing.T) {
	t.Parallel()
	c := &kase{pair: newPair(t), t: t, leat: newProgram(t)}
	c.source(`CREATE TABLE public.rows (id bigint PRIMARY KEY, name text, code varchar(160), amount numeric, f numeric(10,2)); INSERT INTO public.rows VALUES (1, 'a', 'b', 1.5, 2.5)`)
	const narrow = "CREATE TABLE analytics.rows (id int PRIMARY KEY, name varchar(50), code varchar(100), amount numeric(12,2), f double precision)"
	c.target("CREATE SCHEMA analytics; " + narrow)
	for _, rejects := range []string{"", ", rejects: 100"} {
		c.configure("", "write_mode: upsert, unique_columns: [id]"+rejects)
		if got := c.run(); len(got.Warnings) > 0 {
			t.Errorf("warnings %q", got.Warnings)
		}
		c.holds("SELECT string_agg(r::text, ' ') FROM analytics.rows r", "(1,a,b,1.50,2.5)")
	}
	c.source("INSERT INTO public.rows VALUES (2, 'c ', 'd', 1.505, 1), (3000000000, 'e', 'f', 1, 1)")
	if got := c.run(); got.Rejected != 2 {
		t.Errorf("%+v", got)
	}
	c.holds("SELECT string_agg(column_name || (row_data ->> 'id'), ' ' ORDER BY column_name) FROM analytics.rows__rejects", "amount2 id3000000000")
	c.configure("", "write_mode: upsert, unique_columns: [id]")
	c.fails(`column "amount", row 2 of those read`)
	c.target("DROP TABLE analytics.rows")
	c.configure("", "write_mode: upsert, unique_columns: [id], narrowing: refuse") // while the target is free
	c.target(narrow)
	c.fails(`the column "id" is bigint at the source and integer in analytics.rows`)
}

func TestNamesThatShare63BytesStayApart(t *testing.T) {
	t.Parallel()
	p, leat := newPair(t), newProgram(t)
	long := strings.Repeat("x", 70)
	exec1(t, p.sourceConn, "CREATE TABLE public.a (id int PRIMARY KEY, v text); INSERT INTO public.a VALUES (1, 'a'); CREATE TABLE public.b (id int PRIMARY KEY, v text); INSERT INTO public.b VALUES (1, 'b')")
	exec1(t, p.targetConn, "CREATE SCHEMA analytics")
	leat.apply(p.authorizers() + `sources: [{name: s, authorizer: source, datasets: [{table: public.a}, {table: public.b}]}]
destinations: [{name: d, authorizer: target, default_schema: analytics}]
flows:
- name: f
  destination: d
  streams:
    - {from: {source: s, dataset: public.a}, table: ` + long + `_a, write_mode: upsert}
    - {from: {source: s, dataset: public.b}, table: ` + long + `_b, write_mode: upsert}
`)
	for range 2 {
		if _, got := leat.runFlow("f"); got.code != exitDone {
			t.Fatalf("exit %d: %s%s", got.code, got.stdout, got.stderr)
		}
	}
	rows, err := p.targetConn.Query(t.Context(), "SELECT relname::text FROM pg_class WHERE relnamespace = 'analytics'::regnamespace AND relkind = 'r' AND relname LIKE 'xxx%'")
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			t.Fatal(err)
		}
		names = append(names, name)
	}
	if rows.Err() != nil || len(names) != 2 {
		t.Fatalf("tables %q (%v), want two", names, rows.Err())
	}
	seen := map[string]bool{}
	for _, name := range names {
		seen[digest(t, p.targetConn, `analytics."`+name+`"`)] = true
	}
	if !seen[digest(t, p.sourceConn, "public.a")] || !seen[digest(t, p.sourceConn, "public.b")] {
		t.Errorf("the tables %q hold %v", names, seen)
	}
}

func TestATableNameOf63BytesCanBeUpserted(t *testing.T) {
	t.Parallel()
	c := newCase(t, items, "", "", "write_mode: insert")
	name := strings.Repeat("y", 63)
	c.leat.apply(c.authorizers() + `sources: [{name: s, authorizer: source, datasets: [{table: public.rows}]}]
destinations: [{name: d, authorizer: target, default_schema: analytics}]
flows: [{name: f, destination: d, streams: [{from: {source: s, dataset: public.rows}, table: ` + name + `, write_mode: upsert, unique: [[note]]}]}]
`)
	for range 2 {
		c.run()
		if want, got := digest(t, c.sourceConn, "public.rows"), digest(t, c.targetConn, "analytics."+name); got != want {
			t.Errorf("the target holds %s, want %s", got, want)
		}
	}
}

func TestColumnsNamedLikeTheServersOwn(t *testing.T) {
	t.Parallel()
	c := newCase(t, "SELECT", "", `query: "SELECT 1 AS id, 'a' AS ctid, 'b' AS \"SELECT\", 'c' AS row_number, 'd' AS \"o\", 'e' AS \"s\", 'f' AS \"\"\"quoted\"\"\", 'g' AS \"%s\", 'h' AS \"č.š\"", key: [id]`, "write_mode: upsert, unique_columns: [id]")
	for range 2 {
		c.run()
		c.holds(`SELECT "SELECT" || row_number || o || s || """quoted""" || "%s" || "č.š" FROM analytics.rows`, "bcdefgh")
		c.holds("SELECT count(*) FROM information_schema.columns WHERE table_schema = 'analytics' AND table_name = 'rows'", "9")
	}
}

func TestWideRowsStayInBoundedMemory(t *testing.T) {
	t.Parallel()
	c := newCase(t, "CREATE TABLE public.rows (id int PRIMARY KEY, pad text); INSERT INTO public.rows SELECT n, repeat(md5(n::text), 65536) FROM generate_series(1, 200) n",
		"", "", "write_mode: insert")
	process, output := c.leat.start(t.Context(), "run", "f", "--wait")
	if err := process.Wait(); err != nil {
		t.Fatalf("run: %v\n%s", err, output)
	}
	usage, ok := process.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("the system tells no memory use")
	}
	// 400 MiB went through. The process alone takes about 50 MiB.
	if peak := usage.Maxrss >> 10; peak > 150 {
		t.Errorf("the process took %d MiB", peak)
	}
	c.holds("SELECT count(*) || ' ' || sum(length(pad)) FROM analytics.rows", "200 419430400")
}
