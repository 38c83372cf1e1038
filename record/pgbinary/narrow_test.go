package pgbinary

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/jackc/pgx/v5"
	"pgregory.net/rapid"

	"leat/record"
)

// narrowed is a source's type, a narrower one, and values that fit there and that do not.
type narrowed struct {
	from, to  string
	fit, want []string
	misfit    []string
}

var narrowings = []narrowed{
	{"bigint", "integer", []string{"2147483647", "-2147483648", "0"}, nil, []string{"2147483648", "-2147483649"}},
	{"bigint", "smallint", []string{"32767", "-32768"}, nil, []string{"32768", "-32769", "9223372036854775807"}},
	{"integer", "smallint", []string{"32767", "-32768"}, nil, []string{"32768", "-32769"}},
	{"bigint", "double precision", []string{"9007199254740992", "-9007199254740992", "7"}, []string{"9.007199254740992e+15", "-9.007199254740992e+15", "7"}, []string{"9007199254740993", "9223372036854775807"}},
	{"bigint", "real", []string{"16777216", "-5"}, []string{"1.6777216e+07", "-5"}, []string{"16777217"}},
	{"integer", "real", []string{"16777216"}, []string{"1.6777216e+07"}, []string{"16777217"}},
	{"bigint", "numeric(5,2)", []string{"999", "-999", "0"}, []string{"999.00", "-999.00", "0.00"}, []string{"1000", "-1000"}},
	{"bigint", "numeric(19,0)", []string{"9223372036854775807", "-9223372036854775808", "10000", "100000000"}, nil, nil},
	{"numeric", "integer", []string{"1.000", "2147483647", "-2147483648.0", "0", "0.000", "10000", "120000000"}, []string{"1", "2147483647", "-2147483648", "0", "0", "10000", "120000000"}, []string{"1.5", "2147483648", "NaN", "1e30", "0.00001"}},
	{"numeric", "smallint", []string{"32767"}, nil, []string{"32768", "-32769"}},
	{"numeric(20,0)", "bigint", []string{"9223372036854775807", "-9223372036854775808"}, nil, []string{"9223372036854775808", "-9223372036854775809", "99999999999999999999"}},
	{"numeric", "numeric(12,2)", []string{"1.5", "1.5000", "-9999999999.99", "0", "0.00", "NaN", "10000"}, []string{"1.50", "1.50", "-9999999999.99", "0.00", "0.00", "NaN", "10000.00"}, []string{"1.505", "10000000000", "0.001", "1e-20"}},
	{"numeric(38,9)", "numeric(12,2)", []string{"1.500000000"}, []string{"1.50"}, []string{"1.500000001", "99999999999.000000000"}},
	{"numeric", "numeric(4,0)", []string{"9999.0"}, []string{"9999"}, []string{"9999.5", "10000"}},
	{
		"numeric", "double precision",
		[]string{"2.50", "0.1", "1e300", "-0.30", "0.000", "NaN", "123456789012345.6", "1e-300", "100000000000000000000"},
		[]string{"2.5", "0.1", "1e+300", "-0.3", "0", "NaN", "123456789012345.6", "1e-300", "1e+20"},
		[]string{"0.10000000000000000555", "9007199254740993", "1e-400", "1e400", "123456789012345678"},
	},
	{"numeric(10,2)", "real", []string{"0.10", "2.50", "-8388608.00"}, []string{"0.1", "2.5", "-8.388608e+06"}, []string{"12345678.91"}},
	{"double precision", "real", []string{"0.5", "-0", "NaN", "Infinity", "-Infinity", "3.4028234663852886e38"}, []string{"0.5", "-0", "NaN", "Infinity", "-Infinity", "3.4028235e+38"}, []string{"0.1", "1e300", "1e-300"}},
	{"text", "character varying(3)", []string{"abc", "žžž", "", "ab "}, nil, []string{"abcd", "abc ", "žžžž"}},
	{"character varying(160)", "character varying(100)", []string{"b"}, nil, []string{string(bytes.Repeat([]byte("ž"), 101))}},
	{"text", "character(3)", []string{"abc", "ab ", "žžž"}, nil, []string{"ab", "abcd", "abc ", ""}},
	{"character varying(3)", "character(3)", []string{"abc"}, nil, []string{"ab"}},
	{"character(5)", "character(3)", []string{"abc", "ab", ""}, []string{"abc", "ab ", "   "}, []string{"abcd"}},
	{"character(5)", "character varying(3)", []string{"abc", "ab"}, []string{"abc", "ab "}, []string{"abcd"}},
	{"time without time zone", "time(0) without time zone", []string{"12:34:56", "24:00"}, []string{"12:34:56", "24:00:00"}, []string{"12:34:56.5", "23:59:59.999999"}},
	{"time with time zone", "time(3) with time zone", []string{"12:34:56.789-07"}, nil, []string{"12:34:56.7891-07"}},
	{"timestamp without time zone", "timestamp(0) without time zone", []string{"2026-01-01 00:00:00", "infinity", "-infinity", "0044-03-15 12:00:00 BC"}, nil, []string{"2026-01-01 00:00:00.5", "1999-12-31 23:59:59.999999"}},
	{"timestamp(6) with time zone", "timestamp(3) with time zone", []string{"2026-01-01 00:00:00.123+00", "infinity"}, nil, []string{"2026-01-01 00:00:00.1234+00"}},
	{"interval", "interval(0)", []string{"1 day -00:00:01", "1 year 2 mons"}, nil, []string{"00:00:00.1", "-00:00:00.000001"}},
}

// TestNarrowerMatchesServer proves that a value which is taken reads the same in the
// narrower type, and that no other is.
func TestNarrowerMatchesServer(t *testing.T) {
	conn := server(t)
	for _, c := range narrowings {
		from, to := typeNamed(t, c.from), typeNamed(t, c.to)
		narrow := Narrower(from, to)
		if narrow == nil {
			t.Errorf("%s is not narrowed to %s", c.from, c.to)
			continue
		}
		for i, literal := range c.fit {
			value, _, _, ok := both(conn, c.from, literal)
			if !ok {
				t.Fatalf("the server refuses %q as %s", literal, c.from)
			}
			want := literal
			if c.want != nil {
				want = c.want[i]
			}
			stored, problem := narrow([]byte("before"), value)
			if problem != "" {
				t.Errorf("%s %q into %s: %s", c.from, literal, c.to, problem)
				continue
			}
			// The server's own reading of the bytes in the declared type changes nothing.
			text, again := readAs(t, conn, c.to, bytes.TrimPrefix(stored, []byte("before")))
			if text != want && !sameFloat(conn, c.to, want, stored[6:]) || !bytes.Equal(again, stored[6:]) {
				t.Errorf("%s %q into %s: stored %q (%x), want %q; the server keeps %x", c.from, literal, c.to, text, stored[6:], want, again)
			}
		}
		for _, literal := range c.misfit {
			value, _, _, ok := both(conn, c.from, literal)
			if !ok {
				t.Fatalf("the server refuses %q as %s", literal, c.from)
			}
			if stored, problem := narrow(nil, value); problem == "" {
				t.Errorf("%s %q into %s: stored %x", c.from, literal, c.to, stored)
			}
		}
		if _, problem := narrow(nil, []byte{1}); problem == "" && !isText(from.OID) {
			t.Errorf("%s into %s: a damaged value is taken", c.from, c.to)
		}
	}
}

func TestNarrowerKeepsKinds(t *testing.T) {
	for _, c := range [][2]string{
		{"timestamp with time zone", "timestamp without time zone"},
		{"timestamp without time zone", "date"},
		{"text", "integer"},
		{"integer", "text"},
		{"double precision", "integer"},
		{"double precision", "numeric(12,2)"},
		{"bigint[]", "integer[]"},
		{"numeric[]", "numeric(4,1)[]"},
		{"text", "name"},
		{"interval", "interval year"},
		{"interval", "interval day to second(0)"},
		{"time with time zone", "time(0) without time zone"},
		{"jsonb", "json"},
		{"bigint", "oid"},
		{"boolean", "integer"},
		{"text", "json"},
		{"uuid", "character varying(10)"},
		{"real", "real"},
	} {
		if Narrower(typeNamed(t, c[0]), typeNamed(t, c[1])) != nil {
			t.Errorf("%s is narrowed to %s", c[0], c[1])
		}
	}
}

// TestNarrowNumericProperty compares random numerics with what the server's own casts
// would make of them: a value is taken exactly where the cast changes nothing.
func TestNarrowNumericProperty(t *testing.T) {
	conn := server(t)
	rapid.Check(t, func(t *rapid.T) {
		literal := rapid.StringMatching(`-?[0-9]{1,20}(\.[0-9]{1,12})?`).Draw(t, "number")
		if zeros := rapid.IntRange(0, 9).Draw(t, "zeros"); zeros > 6 {
			literal += []string{"00", "0000", "000000000"}[zeros-7]
		}
		types := []string{"real", "double precision", "smallint", "integer", "bigint", "numeric(12,2)", "numeric(6,0)", "numeric(20,8)"}
		if version(conn) < 12 { // whose texts of floats are not the shortest
			types = types[2:]
		}
		to := rapid.SampledFrom(types).Draw(t, "to")
		value, _, _, _ := both(conn, "numeric", literal)
		target, _ := ParseType(to)
		stored, problem := Narrower(Type{OID: OIDNumeric, Typmod: -1}, target)(nil, value)
		var same bool
		var want []byte
		result := conn.PgConn().ExecParams(bg, fmt.Sprintf("SELECT ($1::numeric::%[1]s::text)::numeric = $1::numeric, $1::numeric::%[1]s", to), [][]byte{[]byte(literal)}, nil, nil, []int16{0, 1}).Read()
		if result.Err == nil {
			same, want = string(result.Rows[0][0]) == "t", bytes.Clone(result.Rows[0][1])
		}
		if same != (problem == "") || same && !bytes.Equal(stored, want) {
			t.Fatalf("%s into %s: stored %x (%s), the server %x (same: %v)", literal, to, stored, problem, want, same)
		}
	})
}

// TestEncodeNarrower proves that Arrow columns obey the same rules as binary rows.
func TestEncodeNarrower(t *testing.T) {
	for _, c := range []struct {
		logical  arrow.DataType
		from, to string
		texts    []string
		rejected []int
	}{
		{record.Int64, "", "real", []string{"16777216", "16777217"}, []int{1}},
		{record.Int64, "", "numeric(5,2)", []string{"999", "1000"}, []int{1}},
		{record.Decimal(38, 2), "", "integer", []string{"7.00", "7.01", "-2147483648.00", "2147483648.00"}, []int{1, 3}},
		{record.Decimal(38, 2), "", "double precision", []string{"0.10", "123456789012345678901234567890.12"}, []int{1}},
		{record.Decimal(38, 9), "", "numeric(12,2)", []string{"1.500000000", "1.500000001", "12345678901.000000000"}, []int{1, 2}},
		{record.Text, "numeric", "numeric(12,2)", []string{"1.5", "1.505", "NaN", "Infinity", "x", "", "1.", "-1e3", "-0.00"}, []int{1, 3, 4, 5, 7}},
		{record.Text, "numeric", "bigint", []string{"7.000", "9223372036854775808", "NULL"}, []int{1}},
		{record.Text, "numeric", "double precision", []string{"0.1", "0.10000000000000000555", "-Infinity"}, []int{1}},
		{record.Text, "", "character(3)", []string{"abc", "ab", "abcd"}, []int{1, 2}},
		{record.Text, "character(5)", "character(3)", []string{"abc  ", "ab   ", "abcd "}, []int{2}},
		{record.Time, "", "time(0) without time zone", []string{"12:34:56", "12:34:56.5"}, []int{1}},
	} {
		target := Target{Name: "c", Type: typeNamed(t, c.to)}
		if c.from != "" {
			target.From = typeNamed(t, c.from)
		}
		rows := parse(t, c.logical, c.texts...)
		encoder, err := NewEncoder(rows.Schema(), []Target{target})
		if err != nil {
			t.Fatal(err)
		}
		_, rejects, err := encoder.Append(nil, rows)
		var got []int
		for _, r := range rejects {
			got = append(got, r.Row)
		}
		if err != nil || fmt.Sprint(got) != fmt.Sprint(c.rejected) {
			t.Errorf("%s into %s: rejected %v (%v), want %v: %v", c.logical, c.to, got, err, c.rejected, rejects)
		}
	}
}

// TestNarrowingAllocatesNothing keeps the fast way fast.
func TestNarrowingAllocatesNothing(t *testing.T) {
	conn := server(t)
	dst := make([]byte, 0, 1024)
	for _, c := range narrowings {
		value, _, _, _ := both(conn, c.from, c.fit[0])
		narrow := Narrower(typeNamed(t, c.from), typeNamed(t, c.to))
		if n := testing.AllocsPerRun(100, func() { narrow(dst, value) }); n > 0 {
			t.Errorf("%s into %s: %v allocations", c.from, c.to, n)
		}
	}
}

func typeNamed(t testing.TB, name string) Type {
	t.Helper()
	typ, ok := ParseType(name)
	if !ok {
		t.Fatalf("%s is unknown", name)
	}
	return typ
}

// readAs lets the server read a binary value in a declared type, as COPY does, and returns
// its text and its binary form.
func readAs(t testing.TB, conn *pgx.Conn, typ string, value []byte) (text string, again []byte) {
	t.Helper()
	if _, err := conn.Exec(bg, "CREATE TEMP TABLE IF NOT EXISTS read_as (); DROP TABLE read_as; CREATE TEMP TABLE read_as (v "+typ+")"); err != nil {
		t.Fatal(err)
	}
	rows := append([]byte("PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00"), AppendTuple(nil, [][]byte{value})...)
	if _, err := conn.PgConn().CopyFrom(bg, bytes.NewReader(append(rows, 0xff, 0xff)), "COPY read_as FROM STDIN (FORMAT binary)"); err != nil {
		t.Fatalf("the server refuses %x as %s: %v", value, typ, err)
	}
	result := conn.PgConn().ExecParams(bg, "SELECT format('%s', v), v FROM read_as", nil, nil, nil, []int16{0, 1}).Read()
	if result.Err != nil {
		t.Fatal(result.Err)
	}
	return string(result.Rows[0][0]), bytes.Clone(result.Rows[0][1])
}
