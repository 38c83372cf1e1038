package postgres

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"leat/connectors"
	"leat/connectors/pgwire"
	"leat/record/pgbinary"
)

// samples are a value of every kind of type. Those that are no logical type of their own
// must arrive as the text that the server prints.
var samples = map[string]string{
	"boolean": "t", "smallint": "-5", "integer": "70000", "bigint": "-9223372036854775808", "real": "0.1", "double precision": "1e+300",
	"numeric(12,2)": "-1234.50", "numeric": "0.10000000000000000000000000000000000000000001", "numeric(60,2)": "1.00", "numeric(5,-2)": "12300", "numeric(3,5)": "0.00123",
	"text": "ž", "varchar(5)": "ab", "character(5)": "ab   ", `"char"`: "x", "name": "n", "bytea": `\x00ff`, "citext": "Mixed",
	"date": "2026-02-28", "time": "12:34:56.5", "timetz": "12:34:56.5+05:30", "timestamp": "2026-02-28 12:34:56.000001", "timestamptz": "2026-02-28 12:34:56+00",
	"interval": "1 year 2 mons -3 days +04:05:06.7", "uuid": "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "json": `{"b": 1.50, "b":2}`, "jsonb": `{"a": 1}`, "xml": "<a/>",
	"inet": "10.1.2.3", "cidr": "10.0.0.0/8", "macaddr": "08:00:2b:01:02:03", "macaddr8": "08:00:2b:01:02:03:04:05", "bit(3)": "101", "varbit": "10101", "money": "$1.50",
	"point": "(1,2.5)", "line": "{1,-1,0}", "lseg": "[(0,0),(1,1)]", "box": "(1,1),(0,0)", "path": "((0,0),(1,1))", "polygon": "((0,0),(1,1),(1,0))", "circle": "<(0,0),1>",
	"tsvector": "'a':1 'b':2", "tsquery": "'a' & 'b'", "jsonpath": `$."a"`, "pg_lsn": "16/B374D848", "oid": "42", "xid8": "42", "regclass": "pg_class", "tid": "(1,2)",
	"int4range": "[1,5)", "numrange": "(1.5,)", "tstzrange": `["2026-01-01 00:00:00+00",)`, "int4multirange": "{[1,3),[5,7)}", "daterange": "empty",
	"integer[]": "{1,NULL,3}", "text[]": `{a,"b c",NULL}`, "mood": "so so", "mood[]": `{"so so",ok}`, "pair": `(1,"a b")`, "price": "3.25", "hstore": `"a"=>"1"`,
	"moodrange": "[ok,ok]", "int2vector": "1 2 3",
}

// sinceType names the types that older servers lack.
var sinceType = map[string]int{
	"numeric(5,-2)": 150_000, "numeric(3,5)": 150_000, "jsonpath": 120_000, "xid8": 130_000, "int4multirange": 140_000,
}

// longFloats are the texts of older servers, which read back as the same numbers.
var longFloats = map[string]string{"real": "0.100000001", "double precision": "1.00000000000000005e+300"}

// TestEveryTypeArrives reads a column of every type, with and without binary tuples.
func TestEveryTypeArrives(t *testing.T) {
	t.Parallel()
	c, admin := newDatabase(t, `CREATE EXTENSION citext; CREATE EXTENSION hstore; CREATE TYPE mood AS ENUM ('ok', 'so so'); CREATE TYPE pair AS (n int, t text);
		CREATE DOMAIN price AS numeric(10,2); CREATE TYPE moodrange AS RANGE (subtype = mood)`)
	var columns, values, names []string
	version := serverVersion(t)
	for typ, value := range samples {
		if version < sinceType[typ] {
			continue
		}
		names = append(names, typ)
		columns = append(columns, fmt.Sprintf("c%d %s", len(columns), typ))
		values = append(values, fmt.Sprintf("'%s'", strings.ReplaceAll(value, "'", "''")))
	}
	statement := fmt.Sprintf("CREATE TABLE t (%s); INSERT INTO t VALUES (%s)", strings.Join(columns, ", "), strings.Join(values, ", "))
	if _, err := admin.Exec(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	shown := map[string]string{"boolean": "true", "double precision": "1e+300"} // booleans have no text of their own in Arrow
	wants := map[string]connectors.Want{"arrow": {}, "binary": {Layouts: []string{pgbinary.Name}, System: Kind}}
	all := map[string]string{}
	for i := range names {
		all[fmt.Sprintf("c%d", i)] = "text"
	}
	wants["text"] = connectors.Want{Layouts: []string{pgbinary.Name}, System: Kind, Targets: []map[string]string{all}}
	for lane, want := range wants {
		got := readAll(t, c, want, table("t"))[0]
		if len(got.rejects) > 0 || len(got.rows) != 1 {
			t.Fatalf("%s: %d rows, rejects %v", lane, len(got.rows), got.rejects)
		}
		for i, typ := range names {
			expected := samples[typ]
			if s, ok := shown[typ]; ok {
				expected = s
			}
			if s, ok := longFloats[typ]; ok && lane == "text" && version < pgwire.SinceShortestFloats {
				expected = s
			}
			if diff := cmp.Diff(expected, got.rows[0][fmt.Sprintf("c%d", i)]); diff != "" {
				t.Errorf("%s lane, %s (-want +got):\n%s", lane, typ, diff)
			}
		}
	}
}
