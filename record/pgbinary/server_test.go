package pgbinary

import (
	"bytes"
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"leat/internal/testdb"
	"leat/record"
)

func TestMain(m *testing.M) { testdb.Main(m) }

// server opens a session with the settings that texts are compared under.
func server(t testing.TB) *pgx.Conn {
	t.Helper()
	conn := testdb.Connect(t, testdb.Database(t))
	if _, err := conn.Exec(t.Context(), "SET TimeZone = 'UTC'; SET DateStyle = 'ISO'; SET IntervalStyle = 'postgres'; SET extra_float_digits = 1"); err != nil {
		t.Fatal(err)
	}
	return conn
}

// both returns the binary form and the text that the server makes of a literal.
func both(conn *pgx.Conn, typ, literal string) (value []byte, text string, oid uint32, ok bool) {
	sql := fmt.Sprintf("SELECT v, format('%%s', v) FROM (SELECT $1::text::%s AS v) AS x", typ)
	result := conn.PgConn().ExecParams(bg, sql, [][]byte{[]byte(literal)}, nil, nil, []int16{1, 0}).Read()
	if result.Err != nil {
		return nil, "", 0, false
	}
	row := result.Rows[0]
	return bytes.Clone(row[0]), string(row[1]), result.FieldDescriptions[0].DataTypeOID, true
}

// literals are values at the edges of each type whose text this package makes.
var literals = map[string][]string{
	"boolean":  {"t", "f"},
	"bytea":    {`\x`, `\x00ff`, `\xdeadbeef`},
	`"char"`:   {"a", "", `\377`},
	"name":     {"x", "with space"},
	"smallint": {"-32768", "0", "32767"}, "integer": {"-2147483648", "2147483647"}, "bigint": {"-9223372036854775808", "9223372036854775807"},
	"oid": {"0", "4294967295"}, "xid8": {"18446744073709551615"}, "pg_lsn": {"0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF"},
	"real":             {"0", "-0", "0.1", "1e-5", "0.0001", "999999", "1e6", "1234567", "3.4028235e38", "1e-45", "NaN", "Infinity", "-Infinity", "100000", "16777216"},
	"double precision": {"0", "-0", "0.1", "0.30000000000000004", "1e-5", "0.0001", "1e14", "1e15", "123456789012345678", "1e300", "5e-324", "NaN", "Infinity", "-Infinity"},
	"numeric": {
		"0", "0.00", "-0.1", "1", "10000", "9999", "99990000", "0.0001", "0.00001", "1e-40", "12345678901234567890.123456789", "NaN", "Infinity", "-Infinity",
		"1" + strings.Repeat("0", 100), "-123.4500",
	},
	"date":                        {"2000-01-01", "1999-12-31", "0001-01-01", "4713-01-01 BC", "0044-03-15 BC", "4713-02-29 BC", "5874897-12-31", "infinity", "-infinity", "12345-06-07"},
	"time without time zone":      {"00:00", "23:59:59.999999", "24:00", "12:34:56.1"},
	"time with time zone":         {"00:00+00", "12:34:56.789-07", "24:00+15:59", "01:02:03+05:30", "01:02:03-15:59:59"},
	"timestamp without time zone": {"2000-01-01", "1999-12-31 23:59:59.999999", "0001-01-01 00:00:00.000001", "4713-11-24 00:00 BC", "294276-12-31 23:59:59.999999", "infinity", "-infinity", "10000-01-01"},
	"timestamp with time zone":    {"2000-01-01 00:00+00", "2026-03-29 02:30:00.123+01", "0044-03-15 12:00:00.5+00 BC", "infinity", "-infinity"},
	"interval": {
		"0", "1 day", "-1 day", "1 year 2 mons", "-1 year 2 days", "1 mon -1 day", "-1 day 02:03:04", "1 day -02:03:04.5", "00:00:00.000001", "-00:00:00.000001",
		"178000000 years", "1 year -1 mon", "-1 year -1 mon +1 day", "2147483647 days", "-2 mons 00:00:01", "100:00:00", "2562047788:00:54.775807", "-2562047788:00:54.775807",
	},
	"uuid": {"00000000-0000-0000-0000-000000000000", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
	"json": {`{"a": [1, 2.50], "a" : null}`, `"x"`}, "jsonb": {`{"b": 1, "a": "ž"}`, "null"}, "xml": {"<a>b</a>"},
	"inet":     {"127.0.0.1", "10.1.2.3/8", "::1", "::1/64", "::ffff:1.2.3.4", "2001:db8::1/128", "::", "1:0:0:2::", "::1.2.3.4", "0.0.0.0/0", "::2", "::1:2"},
	"cidr":     {"10.0.0.0/8", "127.0.0.1/32", "2001:db8::/32", "::1/128"},
	"macaddr":  {"08:00:2b:01:02:03"},
	"macaddr8": {"08:00:2b:01:02:03:04:05"},
	"bit(3)":   {"101", "000"}, "bit varying": {"", "1", "101010101"},
	"character varying": {"", "ž", " x "}, "character(5)": {"ab"}, "text": {"a\tb\nc", `"\`},
	"integer[]":      {"{}", "{1,NULL,-3}", "{{1,2},{3,4}}", "[0:1]={5,6}", "[2:3][-1:0]={{1,2},{3,4}}"},
	"text[]":         {`{a,"b c",NULL,"NULL","",",","{","\"","\\","null"}`, "{ž,\"a\tb\"}"},
	"numeric(6,2)[]": {"{1.50,NaN}"}, "timestamp with time zone[]": {`{"2026-01-01 00:00:00+00",infinity}`}, "boolean[]": {"{t,f}"}, "bytea[]": {`{"\\x00ff"}`},
	"uuid[]": {"{a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11}"}, "jsonb[]": {`{"{\"a\": 1}"}`}, "interval[]": {`{"1 day 02:00:00"}`},
}

// sinceLiteral names the types, and values of types, that older servers lack.
var sinceLiteral = map[string]int{
	"xid8": 13, "numeric Infinity": 14, "numeric -Infinity": 14,
	"interval 2562047788:00:54.775807": 15, "interval -2562047788:00:54.775807": 15,
}

// version is the major version of a server.
func version(conn *pgx.Conn) int {
	major, _, _ := strings.Cut(conn.PgConn().ParameterStatus("server_version"), ".")
	n, _ := strconv.Atoi(major) // from version 10 on the first number is all
	return n
}

// sameFloat accepts a text that reads back as the same float. Before version 12 the
// server printed more digits than that takes, or too few.
func sameFloat(conn *pgx.Conn, typ, text string, value []byte) bool {
	if version(conn) >= 12 || typ != "real" && typ != "double precision" && typ != "float4" && typ != "float8" {
		return false
	}
	again, _, _, ok := both(conn, typ, text)
	return ok && bytes.Equal(again, value)
}

// TestTextMatchesServer compares AppendText with the server for every type it knows.
func TestTextMatchesServer(t *testing.T) {
	conn := server(t)
	for typ, values := range literals {
		for _, literal := range values {
			if version(conn) < sinceLiteral[typ+" "+literal] || version(conn) < sinceLiteral[typ] {
				continue
			}
			value, want, oid, ok := both(conn, typ, literal)
			if !ok {
				t.Errorf("%s: the server refuses %q", typ, literal)
				continue
			}
			got, ok := AppendText(nil, oid, value)
			if !ok || string(got) != want && !sameFloat(conn, typ, string(got), value) {
				t.Errorf("%s %q: got %q (%v), the server prints %q", typ, literal, got, ok, want)
			}
		}
	}
}

// TestNamesMatchServer compares type names with format_type, and what the names mean.
func TestNamesMatchServer(t *testing.T) {
	conn := server(t)
	rows, err := conn.Query(bg, `
		SELECT t.oid, m, format_type(t.oid, m)
		FROM pg_type t, unnest(ARRAY[-1, 0, 1, 3, 6, 9, 24, 655366, 786438, 722943] || $1::int4[]) m
		WHERE t.oid < 10000 AND t.typtype IN ('b', 'r', 'm') AND t.typnamespace = 'pg_catalog'::regnamespace
		AND t.typname !~ '^(pg_|_pg_|_?gtsvector|_?refcursor|_?cstring|_?abstime|_?reltime|_?tinterval|smgr)' AND (m = -1 OR t.typmodin <> 0)
		AND (m = -1 OR (t.oid IN (1186, 1187)) = (m = ANY($1)))`,
		[]int32{fullRange<<16 | 3, 6<<16 | noPrecision, 4<<16 | noPrecision, 7176<<16 | 2, 4096 << 16})
	if err != nil {
		t.Fatal(err)
	}
	var oid uint32
	var typmod int32
	var name string
	_, err = pgx.ForEachRow(rows, []any{&oid, &typmod, &name}, func() error {
		if !sensible(oid, typmod) || version(conn) < 15 && strings.HasPrefix(name, "numeric(11,2043)") {
			return nil // a scale below 0 came with version 15
		}
		typ := Type{OID: oid, Typmod: typmod}
		if typ.String() != name {
			t.Errorf("type %d, modifier %d: got %q, the server says %q", oid, typmod, typ, name)
		}
		if back, ok := ParseType(name); !ok || back != typ {
			t.Errorf("%q: parsed as %+v (%v), want %+v", name, back, ok, typ)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// sensible leaves out modifiers that no declaration can make.
func sensible(oid uint32, typmod int32) bool {
	b, _, _ := lookup(oid)
	switch {
	case typmod < 0:
		return true
	case b.mod == timeModifier:
		return typmod <= 6
	case b.mod == lengthModifier:
		return typmod > headerSize && typmod < 10_000
	case b.mod == bitModifier:
		return typmod > 0 && typmod < 10_000
	case b.mod == numericModifier:
		precision, _, ok := numericModifiers(typmod)
		return ok && precision > 0 && precision <= 1000
	case b.mod == intervalModifier:
		return typmod > 65_536 && (typmod&0xffff <= 6 || typmod&0xffff == noPrecision)
	default:
		return false
	}
}

// TestNumericProperty sends random numbers through decode, encode and the server.
func TestNumericProperty(t *testing.T) {
	conn := server(t)
	rapid.Check(t, func(t *rapid.T) {
		precision := rapid.Int32Range(1, 38).Draw(t, "precision")
		scale := rapid.Int32Range(0, precision).Draw(t, "scale")
		digits := rapid.StringMatching(fmt.Sprintf("[0-9]{1,%d}", precision)).Draw(t, "digits")
		unscaled, _ := new(big.Int).SetString(digits, 10)
		if rapid.Bool().Draw(t, "negative") {
			unscaled.Neg(unscaled)
		}
		typ := fmt.Sprintf("numeric(%d,%d)", precision, scale)
		literal := decimal128.FromBigInt(unscaled).ToString(scale)
		value, want, _, ok := both(conn, typ, literal)
		if !ok {
			t.Fatalf("the server refuses %s as %s", literal, typ)
		}
		parsed, _ := ParseType(typ)
		layout := &Layout{Fields: []Field{{Name: "n", OID: parsed.OID, Typmod: parsed.Typmod}}}
		logical, _ := parsed.Logical()
		layout.Schema = record.Schema{Columns: []record.Column{{Name: "n", Type: logical}}}
		batch := NewBatch(layout, AppendTuple(nil, [][]byte{value}), 1, nil)
		defer batch.Release()
		rows, rejects, err := batch.Arrow()
		if err != nil || len(rejects) > 0 {
			t.Fatalf("decode %s as %s: %v %v", literal, typ, err, rejects)
		}
		if got := record.Format(rows.Column(0), 0); got != want {
			t.Fatalf("decoded %s, the server has %s", got, want)
		}
		encoded := encodeOne(t, rows, Target{Name: "n", Type: parsed})
		if !bytes.Equal(encoded, value) {
			t.Fatalf("encoded %s as %x, the server as %x", literal, encoded, value)
		}
	})
}

// TestIntervalProperty compares random intervals with the server.
func TestIntervalProperty(t *testing.T) {
	conn := server(t)
	rapid.Check(t, func(t *rapid.T) {
		literal := fmt.Sprintf("%d months %d days %d microseconds", rapid.Int32Range(-100_000, 100_000).Draw(t, "months"),
			rapid.Int32().Draw(t, "days"), rapid.Int64Range(math.MinInt64/4, math.MaxInt64/4).Draw(t, "microseconds"))
		value, want, oid, ok := both(conn, "interval", literal)
		if !ok {
			t.Fatalf("the server refuses %s", literal)
		}
		if got, ok := AppendText(nil, oid, value); !ok || string(got) != want {
			t.Fatalf("%s: got %q, the server prints %q", literal, got, want)
		}
	})
}

// TestTimestampProperty compares random timestamps with the server.
func TestTimestampProperty(t *testing.T) {
	conn := server(t)
	rapid.Check(t, func(t *rapid.T) {
		micros := rapid.Int64Range(minTimestamp, endTimestamp-1-epochMicros).Draw(t, "microseconds")
		stamps := array.NewTimestampBuilder(memory.DefaultAllocator, record.Timestamp.(*arrow.TimestampType))
		stamps.Append(arrow.Timestamp(micros + epochMicros))
		rows := one(record.Timestamp, stamps)
		encoded := encodeOne(t, rows, Target{Name: "c", Type: Type{OID: OIDTimestamp, Typmod: -1}})
		result := conn.PgConn().ExecParams(bg, "SELECT $1::timestamp::text", [][]byte{encoded}, []uint32{OIDTimestamp}, []int16{1}, nil).Read()
		if result.Err != nil {
			t.Fatalf("the server refuses %d: %v", micros, result.Err)
		}
		if got, ok := AppendText(nil, OIDTimestamp, encoded); !ok || string(got) != string(result.Rows[0][0]) {
			t.Fatalf("got %q, the server prints %q", got, result.Rows[0][0])
		}
	})
}

// TestFloatProperty compares random floats with the server.
func TestFloatProperty(t *testing.T) {
	conn := server(t)
	rapid.Check(t, func(t *rapid.T) {
		literal := fmt.Sprint(rapid.Float64().Draw(t, "float"))
		for _, typ := range []string{"float8", "float4"} {
			value, want, oid, ok := both(conn, typ, literal)
			if !ok {
				continue
			}
			if got, ok := AppendText(nil, oid, value); !ok || string(got) != want && !sameFloat(conn, typ, string(got), value) {
				t.Fatalf("%s %s: got %q, the server prints %q", typ, literal, got, want)
			}
		}
	})
}
