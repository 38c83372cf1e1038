package postgres

import (
	"github.com/apache/arrow-go/v18/arrow"

	"leat/connectors"
	"leat/record"
	"leat/record/pgbinary"
)

// lossy says what a logical type cannot hold; such rows become rejects unless the
// column travels from Postgres to Postgres, where nothing is decoded.
var lossy = map[string]string{
	"date":                        "infinity and -infinity",
	"time without time zone":      "24:00:00",
	"timestamp without time zone": "infinity, -infinity and years after 294246",
	"timestamp with time zone":    "infinity, -infinity and years after 294246; the zone is always UTC",
	"numeric(12,2)":               "NaN",
}

// shownTypes are the rows of the type table, in the order of the documentation.
var shownTypes = []string{
	"boolean", "smallint", "integer", "bigint", "real", "double precision", "numeric(12,2)", "numeric",
	"text", "character varying(20)", "character(5)", `"char"`, "name", "bytea",
	"date", "time without time zone", "time with time zone", "timestamp without time zone", "timestamp with time zone", "interval",
	"uuid", "json", "jsonb", "xml", "inet", "cidr", "macaddr", "macaddr8", "bit(8)", "bit varying(8)", "money",
	"point", "line", "lseg", "box", "path", "polygon", "circle", "tsvector", "tsquery", "jsonpath", "pg_lsn", "oid", "xid8",
	"int4range", "int8range", "numrange", "tsrange", "tstzrange", "daterange", "int4multirange", "integer[]", "text[]", "regclass",
}

func typeTable() []connectors.TypeMapping {
	rows := make([]connectors.TypeMapping, 0, len(shownTypes)+1)
	for _, name := range shownTypes {
		t, _ := pgbinary.ParseType(name) // every name of the list is built in; a test says so
		logical, _ := t.Logical()
		rows = append(rows, connectors.TypeMapping{Native: name, Logical: record.TypeName(logical), Lossy: lossy[name]})
	}
	return append(rows, connectors.TypeMapping{Native: "enums, domains, composites, types of extensions", Logical: "text or the domain's base type"})
}

func isText(t arrow.DataType) bool { return arrow.TypeEqual(t, record.Text) }
