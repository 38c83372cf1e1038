package main

import (
	"fmt"
	"os"
	"strconv"
	"testing"

	"leat/connectors"
	"leat/flows"
)

// exactColumns are the twenty commonest column types and an expression over the row
// number n that walks through their edge values.
var exactColumns = []struct{ name, native, value string }{
	{"id", "bigint PRIMARY KEY", "n"},
	{"c_int2", "smallint", "(ARRAY[-32768, 0, 32767, NULL])[1 + n % 4]"},
	{"c_int4", "integer", "(ARRAY[-2147483648, 0, 2147483647, NULL])[1 + n % 4]"},
	{"c_int8", "bigint", "(ARRAY[-9223372036854775808, 0, 9223372036854775807, NULL])[1 + n % 4]"},
	{"c_float4", "real", "(ARRAY['-0', 'NaN', 'Infinity', '-Infinity', '1e-45', '3.4028235e38', '0.1'])[1 + n % 7]::real"},
	{"c_float8", "double precision", "(ARRAY['-0', 'NaN', 'Infinity', '5e-324', '1.7976931348623157e308', '0.1'])[1 + n % 6]::float8"},
	{"c_numeric", "numeric", "(ARRAY['NaN', '0.000', '-0.0000000000000000000000000000000000000001', '123456789012345678901234567890.5', '1e1000'])[1 + n % 5]::numeric"},
	{"c_money2", "numeric(12,2)", "(ARRAY[9999999999.99, -9999999999.99, 0.00, NULL])[1 + n % 4]"},
	{"c_text", "text", `(ARRAY['', E'tab\t newline\n quote" back\\slash', 'NULL', '\N', 'čeština 🌊', repeat('x', 300), NULL])[1 + n % 7] || CASE WHEN n % 2 = 0 THEN n::text ELSE '' END`},
	{"c_varchar", "varchar(40)", "left(md5(n::text), (n % 41)::int)"},
	{"c_char", "char(8)", "left(n::text, 8)"},
	{"c_bool", "boolean", "(ARRAY[true, false, NULL])[1 + n % 3]"},
	{"c_date", "date", "(ARRAY['4713-01-01 BC', 'infinity', '-infinity', '5874897-12-31', '2024-02-29', '0001-01-01'])[1 + n % 6]::date"},
	{"c_time", "time", "(ARRAY['00:00:00', '24:00:00', '23:59:59.999999', '12:34:56.000001'])[1 + n % 4]::time"},
	{"c_timestamp", "timestamp", "(ARRAY['4713-02-29 12:00:00 BC', 'infinity', '294276-12-31 23:59:59.999999', '2026-03-29 02:30:00'])[1 + n % 4]::timestamp"},
	{"c_timestamptz", "timestamptz", "timestamptz '2026-01-01 00:00:00+00' + n * interval '1.000001 second'"},
	{"c_interval", "interval", "(ARRAY['1 year 2 mons -3 days 04:05:06.000007', '-178000000 years', '00:00:00'])[1 + n % 3]::interval"},
	{"c_uuid", "uuid", "md5(n::text)::uuid"},
	{"c_json", "json", `('{"b": 1, "a": [' || n || ', null], "b": "twice"}')::json`},
	{"c_jsonb", "jsonb", `jsonb_build_object('n', n, 'deep', jsonb_build_array(1.10, 'ž', NULL))`},
	{"c_bytea", "bytea", `decode(md5(n::text), 'hex') || '\x00ff'::bytea`},
	{"c_array", "text[]", `CASE n % 4 WHEN 0 THEN NULL WHEN 1 THEN '{}' WHEN 2 THEN ARRAY['a', NULL, '"', '{}', 'NULL'] ELSE '[5:6]={x,y}' END::text[]`},
	{"c_ints", "integer[]", "CASE WHEN n % 3 = 0 THEN NULL ELSE ARRAY[[1, n::int], [NULL, -1]] END"},
	{"c_inet", "inet", "(ARRAY['10.0.0.1/8', '::1', '2001:db8::/32'])[1 + n % 3]::inet"},
}

// exactRows is how many rows the test moves.
func exactRows(t *testing.T) int {
	t.Helper()
	text := os.Getenv("LEAT_TEST_ROWS")
	if text == "" {
		return 25_000
	}
	rows, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("LEAT_TEST_ROWS is %q, want a number", text)
	}
	return rows
}

// seedExact makes and fills the table.
func seedExact(t *testing.T, p pair, rows int) {
	t.Helper()
	columns, values := "", ""
	for i, c := range exactColumns {
		if i > 0 {
			columns, values = columns+", ", values+", "
		}
		columns += c.name + " " + c.native
		values += c.value
	}
	exec1(t, p.sourceConn, "CREATE TABLE public.exact ("+columns+")")
	exec1(t, p.sourceConn, fmt.Sprintf("INSERT INTO public.exact SELECT %s FROM generate_series(1::bigint, %d) n", values, rows))
	exec1(t, p.sourceConn, "ANALYZE public.exact")
}

func exactFlow(mode connectors.WriteMode) string {
	return fmt.Sprintf(`sources:
  - {name: exact, authorizer: source, datasets: [{table: public.exact}]}
destinations:
  - {name: warehouse, authorizer: target, default_schema: analytics}
flows:
  - name: exact
    destination: warehouse
    streams: [{from: {source: exact, dataset: public.exact}, table: exact, write_mode: %s}]
`, mode)
}

func TestPostgresToPostgresIsExact(t *testing.T) {
	t.Parallel()
	p, leat, rows := newPair(t), newProgram(t), exactRows(t)
	seedExact(t, p, rows)
	exec1(t, p.targetConn, "CREATE SCHEMA analytics")
	leat.apply(p.authorizers() + exactFlow(connectors.TruncateInsert))

	t.Run("first load", func(t *testing.T) {
		result, got := leat.runFlow("exact")
		if got.code != exitDone || result.Status != flows.RunSucceeded {
			t.Fatalf("exit %d: %+v\n%s", got.code, result, got.stderr)
		}
		if s := result.Streams[0]; s.Read != int64(rows) || s.Written != int64(rows) || s.Table != "analytics.exact" {
			t.Errorf("stream %+v, want %d rows read and written into analytics.exact", s, rows)
		}
		expectEqual(t, p)
	})
	t.Run("after changes, additions and deletions", func(t *testing.T) {
		exec1(t, p.sourceConn, "UPDATE public.exact SET c_text = c_text || ' changed', c_date = 'infinity' WHERE id % 10 = 3")
		exec1(t, p.sourceConn, "DELETE FROM public.exact WHERE id % 10 = 7")
		exec1(t, p.sourceConn, "INSERT INTO public.exact (id, c_text) SELECT -n, 'new' FROM generate_series(1, 1000) n")
		if result, got := leat.runFlow("exact"); got.code != exitDone {
			t.Fatalf("exit %d: %+v\n%s", got.code, result, got.stderr)
		}
		expectEqual(t, p)
	})
}

func expectEqual(t *testing.T, p pair) {
	t.Helper()
	want, got := digest(t, p.sourceConn, "public.exact"), digest(t, p.targetConn, "analytics.exact")
	if want != got {
		t.Errorf("the tables differ: source %s, target %s", want, got)
	}
}
