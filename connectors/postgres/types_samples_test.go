package postgres

import (
	"fmt"
	"math"
	"math/rand/v2"
)

// plainSamples are the types without a modifier.
var plainSamples = []sample{
	{name: "boolean", value: oneOf("t", "f")},
	{name: "smallint", value: integer(math.MinInt16, math.MaxInt16)},
	{name: "integer", value: integer(math.MinInt32, math.MaxInt32)},
	{name: "bigint", value: integer(math.MinInt64, math.MaxInt64)},
	{name: "real", value: floats},
	{name: "double precision", value: doubles},
	{name: "numeric", value: numerics},
	{name: "numeric", since: 140_000, value: oneOf("Infinity", "-Infinity", "NaN", "1")},
	{name: "money", value: oneOf("0", "-92233720368547758.08", "92233720368547758.07", "12.34")},
	{name: "text", value: awkward},
	{name: "character varying", value: awkward},
	{name: "name", value: cutTo(15, awkward)},
	{name: `"char"`, value: oneOf("a", "", `\`, "'", "{")},
	{name: `"char"`, value: oneOf("a", "é"), alone: true},
	{name: "bytea", value: oneOf(`\x`, `\x00`, `\xff00ff5c`, `\xdeadbeef`)},
	{name: "citext", value: awkward},
	{name: "date", value: days, unfit: endlessDate},
	{name: "day", value: days, unfit: endlessDate},
	{name: "interval", value: spans},
	{name: "interval", since: 170_000, value: oneOf("infinity", "-infinity")},
	{name: "interval year to month", value: oneOf("1 year 2 mons", "-3 mons")},
	{name: "uuid", value: func(r *rand.Rand) string {
		return fmt.Sprintf("%08x-%04x-%04x-%04x-%012x", r.Uint32(), r.IntN(1<<16), r.IntN(1<<16), r.IntN(1<<16), r.Int64N(1<<48))
	}},
	{name: "json", value: oneOf(`{"a": 1, "a" : 2}`, `"\u0000"`, `"\ud83d"`, " [1.50,\n2] ", "null", `1e400`, `{"ž": "🙂"}`, `123456789012345678901234567890.10`)},
	{name: "jsonb", value: oneOf(`{"b": 1, "a": [true, null]}`, `"\ud83d\ude42"`, "null", "1e400", "1.500", `{"": {}}`, `"\\u0000"`, `123456789012345678901234567890.10`)},
	{name: "xml", value: oneOf("<a b=\"1\">ž</a>", "", "text", "<a/><b/>", "<![CDATA[x]]>")},
	{name: "inet", value: oneOf("0.0.0.0/0", "10.1.2.3", "10.1.2.3/8", "::1", "::ffff:1.2.3.4", "2001:db8::1/64", "::/0", "255.255.255.255/32", "1:2:3:4:5:6:7:8", "fe80::1:0:0:1", "::1.2.3.4/128")},
	{name: "cidr", value: oneOf("0.0.0.0/0", "10.0.0.0/8", "192.168.1.1/32", "::/0", "2001:db8::/32", "::1/128", "::ffff:1.2.3.0/120")},
	{name: "macaddr", value: oneOf("08:00:2b:01:02:03", "00:00:00:00:00:00", "ff:ff:ff:ff:ff:ff")},
	{name: "macaddr8", value: oneOf("08:00:2b:01:02:03:04:05", "ff:ff:ff:ff:ff:ff:ff:ff")},
	{name: "bit varying", value: either(oneOf(""), bits(1), bits(8), bits(77))},
	{name: "tsvector", value: oneOf("", "a:1A,2B b:3", "'it''s' 'b c':65535", `'\\back'`, "ž")},
	{name: "tsquery", value: oneOf("", "a & !b | c:*A", "a <-> b", "'it''s' <3> x", "!!a")},
	{name: "jsonpath", since: 120_000, value: oneOf("$", "$.a[*] ? (@ > 1)", `strict $."ž"`, "lax $.b.size()")},
	{name: "point", value: point},
	{name: "lseg", value: func(r *rand.Rand) string { return "[" + point(r) + "," + point(r) + "]" }},
	{name: "box", separator: ";", value: func(r *rand.Rand) string { return point(r) + "," + point(r) }},
	{name: "line", value: oneOf("{1,2,3}", "{0,-1,0.1}", "{1e300,1,-1e-300}")},
	{name: "path", value: either(points(1), func(r *rand.Rand) string { return "[" + point(r) + "," + point(r) + "]" })},
	{name: "polygon", value: points(1)},
	{name: "circle", value: func(r *rand.Rand) string { return "<" + point(r) + "," + oneOf("0", "1.5", "1e300")(r) + ">" }},
	{name: "oid", value: oneOf("0", "4294967295", "16384")},
	{name: "xid", value: oneOf("0", "4294967295")},
	{name: "cid", value: oneOf("0", "4294967295")},
	{name: "tid", value: oneOf("(0,0)", "(4294967295,65535)")},
	{name: "xid8", since: 130_000, value: oneOf("0", "18446744073709551615")},
	{name: "pg_lsn", value: oneOf("0/0", "16/B374D848", "FFFFFFFF/FFFFFFFF")},
	{name: "txid_snapshot", value: oneOf("10:20:10,14,15", "1:1:")},
	{name: "pg_snapshot", since: 130_000, value: oneOf("10:20:10,14,15", "1:1:")},
	{name: "int2vector", value: oneOf("", "1 -2 3")},
	{name: "oidvector", value: oneOf("", "1 4294967295")},
	{name: "refcursor", value: awkward},
	{name: "aclitem", value: oneOf("postgres=r*w/postgres", "=r/postgres")},
	{name: "regclass", value: oneOf("pg_class", "0", "4294967295")},
	{name: "regtype", value: oneOf("integer", "0")},
	{name: "regproc", value: oneOf("pg_backend_pid", "0")},
	{name: "regnamespace", value: oneOf("pg_catalog")},
	{name: "regrole", value: oneOf("postgres")},
	{name: "regconfig", value: oneOf("simple")},
	{name: "regprocedure", value: oneOf("pg_backend_pid()")},
	{name: "regoperator", value: oneOf("+(integer,integer)")},
	{name: "int4range", value: rangeOf("%d", "[-2147483648,2147483647)")},
	{name: "int8range", value: rangeOf("%d")},
	{name: "numrange", value: rangeOf("%d.50", "[NaN,NaN]")},
	{name: "daterange", value: rangeOf("20%02d-02-03", "[infinity,infinity]", "[-infinity,2020-01-01)", "[4713-01-01 BC,)")},
	{name: "tsrange", value: rangeOf(`"20%02d-02-03 04:05:06.789"`, "[-infinity,infinity]")},
	{name: "tstzrange", value: rangeOf(`"20%02d-02-03 04:05:06+02"`, "(,infinity]")},
	{name: "moodrange", value: oneOf("[sad,\"so so\")", "empty", "(,)")},
	{name: "int4multirange", since: 140_000, value: multi(rangeOf("%d"))},
	{name: "int8multirange", since: 140_000, value: multi(rangeOf("%d"))},
	{name: "nummultirange", since: 140_000, value: multi(rangeOf("%d.5"))},
	{name: "datemultirange", since: 140_000, value: multi(rangeOf("20%02d-02-03"))},
	{name: "tsmultirange", since: 140_000, value: multi(rangeOf(`"20%02d-02-03 04:05:06"`))},
	{name: "tstzmultirange", since: 140_000, value: multi(rangeOf(`"20%02d-02-03 04:05:06+02"`))},
	{name: "moodmultirange", since: 140_000, value: oneOf("{}", `{[sad,"so so")}`)},
	{name: "mood", value: keywords},
	{name: "feeling", value: keywords},
	{name: "price", value: decimals(8, 2), unfit: notANumber},
	{name: "deep", value: decimals(8, 2), unfit: notANumber},
	{name: "tags", value: arrayOf(sample{value: awkward}).value},
	{name: "word", value: cutTo(7, awkward)},
	{name: "hstore", value: oneOf("", `a=>1, "b c"=>NULL`, `"\"q\""=>"\\", ž=>""`)},
	{name: "pair", value: pairValue},
	{name: "nested", value: row(pairValue, days, arrayOf(sample{value: pairValue}).value)},
}

var pairValue = row(integer(-5, 5), awkward, arrayOf(sample{value: numerics}).value, keywords)

// modifiedSamples make types with modifiers that are drawn.
var modifiedSamples = []func(*rand.Rand) sample{
	func(r *rand.Rand) sample {
		precision := 1 + r.IntN(60)
		scale := r.IntN(precision + 1)
		s := sample{name: fmt.Sprintf("numeric(%d,%d)", precision, scale), value: either(decimals(precision, scale), decimals(precision, scale), oneOf("NaN"))}
		if precision <= 38 {
			s.unfit = notANumber
		}
		return s
	},
	func(r *rand.Rand) sample {
		return sample{name: []string{"numeric(5,-2)", "numeric(3,5)"}[r.IntN(2)], since: 150_000, value: oneOf("0.00123", "0", "NaN", "-0.00999"), unfit: notANumber}
	},
	limitedSample("character varying(%d)"), limitedSample("character(%d)"),
	func(r *rand.Rand) sample {
		n := 1 + r.IntN(70)
		return sample{name: fmt.Sprintf("bit(%d)", n), value: bits(n)}
	},
	func(r *rand.Rand) sample {
		n := 1 + r.IntN(70)
		return sample{name: fmt.Sprintf("bit varying(%d)", n), value: bits(r.IntN(n + 1))}
	},
	timeSample("timestamp(%d) without time zone", roundable, endlessTime), timeSample("timestamp(%d) with time zone", roundable, endlessTime),
	timeSample("time(%d) without time zone", clocks, midnight24),
	timeSample("time(%d) with time zone", func(r *rand.Rand) string {
		return clocks(r) + oneOf("+00", "-15:59", "+05:30", "-15:59:59", "+01:02:03")(r)
	}, ""),
	timeSample("interval day to second(%d)", oneOf("1 day 02:03:04.567891", "-00:00:00.5"), ""), timeSample("interval(%d)", spans, ""),
}

// roundable are timestamps that stay in range when they are rounded up. The server stores
// the others, and then takes neither their text nor their binary form.
var roundable = either(stamp, oneOf("infinity", "-infinity", "4713-01-01 00:00:00 BC", "294276-12-31 23:59:59", "1969-12-31 23:59:59.999999"))

func limitedSample(format string) func(*rand.Rand) sample {
	return func(r *rand.Rand) sample {
		n := 1 + r.IntN(40)
		return sample{name: fmt.Sprintf(format, n), value: cutTo(n, awkward)}
	}
}

func timeSample(format string, value func(*rand.Rand) string, unfit string) func(*rand.Rand) sample {
	return func(r *rand.Rand) sample {
		return sample{name: fmt.Sprintf(format, r.IntN(7)), value: value, unfit: unfit}
	}
}

// drawSample draws a type that servers of a version have.
func drawSample(r *rand.Rand, version int) sample {
	for {
		s := plainSamples[r.IntN(len(plainSamples))]
		if r.IntN(4) == 0 {
			s = modifiedSamples[r.IntN(len(modifiedSamples))](r)
		}
		if s.since > version {
			continue
		}
		if r.IntN(4) == 0 && hasArrays(s, version) {
			s = arrayOf(s)
		}
		return s
	}
}

// hasArrays says whether a type has arrays: domains got theirs with version 11.
func hasArrays(s sample, version int) bool {
	if s.alone {
		return false
	}
	switch s.name {
	case "price", "day", "tags", "feeling", "word", "deep":
		return version >= 110_000 && s.name != "tags"
	case "int2vector", "oidvector": // their texts hold spaces and their arrays behave like two dimensions
		return false
	default:
		return true
	}
}
