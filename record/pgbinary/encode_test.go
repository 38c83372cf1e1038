package pgbinary

import (
	"context"
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
	"github.com/google/go-cmp/cmp"

	"leat/record"
)

// bg is for statements inside property checks, which have no context of their own.
var bg = context.Background()

// one makes a batch of one column named c.
func one(logical arrow.DataType, builder array.Builder) arrow.RecordBatch {
	values := builder.NewArray()
	schema := arrow.NewSchema([]arrow.Field{{Name: "c", Type: logical, Nullable: true}}, nil)
	return array.NewRecordBatch(schema, []arrow.Array{values}, int64(values.Len()))
}

// encodeOne encodes a batch of one column and one row and returns the value's bytes.
func encodeOne(t interface{ Fatalf(string, ...any) }, rows arrow.RecordBatch, target Target) []byte {
	encoder, err := NewEncoder(rows.Schema(), []Target{target})
	if err != nil {
		t.Fatalf("new encoder: %v", err)
	}
	tuple, rejects, err := encoder.Append(nil, rows)
	if err != nil || len(rejects) > 0 {
		t.Fatalf("encode: %v %v", err, rejects)
	}
	return tuple[6:]
}

// parse makes a batch of one column from texts; "NULL" is NULL.
func parse(t *testing.T, logical arrow.DataType, texts ...string) arrow.RecordBatch {
	t.Helper()
	builder := array.NewBuilder(memory.DefaultAllocator, logical)
	for _, text := range texts {
		if text == "NULL" {
			builder.AppendNull()
		} else if err := builder.AppendValueFromString(text); err != nil {
			t.Fatalf("%s %q: %v", logical, text, err)
		}
	}
	return one(logical, builder)
}

// TestEncodeIsUnderstood stores every pair of logical type and target and reads the
// value back as text.
func TestEncodeIsUnderstood(t *testing.T) {
	conn := server(t)
	if _, err := conn.Exec(bg, "CREATE TYPE mood AS ENUM ('happy', 'sad')"); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		logical           arrow.DataType
		text, target, out string
	}{
		{record.Bool, "true", "boolean", "true"},
		{record.Bool, "false", "text", "false"},
		{record.Int16, "-5", "smallint", "-5"},
		{record.Int16, "-5", "bigint", "-5"},
		{record.Int32, "70000", "integer", "70000"},
		{record.Int64, "-9223372036854775808", "bigint", "-9223372036854775808"},
		{record.Int64, "-9223372036854775808", "numeric", "-9223372036854775808"},
		{record.Int64, "12", "double precision", "12"},
		{record.Int64, "12", "text", "12"},
		{record.Int64, "10000", "numeric(5,0)", "10000"},
		{arrow.PrimitiveTypes.Uint64, "18446744073709551615", "numeric", "18446744073709551615"},
		{record.Float32, "0.5", "real", "0.5"},
		{record.Float32, "0.5", "double precision", "0.5"},
		{record.Float64, "1e300", "double precision", "1e+300"},
		{record.Decimal(12, 2), "-1234.50", "numeric(12,2)", "-1234.50"},
		{record.Decimal(12, 2), "0.00", "numeric", "0.00"},
		{record.Decimal(12, 2), "100.00", "numeric(3,0)", "100"},
		{record.Decimal(38, 10), "1234567890123456789012345678.0123456789", "numeric", "1234567890123456789012345678.0123456789"},
		{record.Text, "ž\n", "text", "ž\n"},
		{record.Text, "abc", "character varying(3)", "abc"},
		{record.Text, "ab ", "character(3)", "ab "},
		{record.Text, `{"a": 1}`, "json", `{"a": 1}`},
		{record.Text, `{"a":1}`, "jsonb", `{"a": 1}`},
		{record.Text, "abc", "name", "abc"},
		{record.JSON(), `{"a":1}`, "jsonb", `{"a": 1}`},
		{record.JSON(), `{"a":1}`, "text", `{"a":1}`},
		{record.UUID(), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "uuid", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{record.UUID(), "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11", "text", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"},
		{record.Date, "2026-02-28", "date", "2026-02-28"},
		{record.Date, "1969-12-31", "timestamp without time zone", "1969-12-31 00:00:00"},
		{record.Time, "23:59:59.999999", "time without time zone", "23:59:59.999999"},
		{record.Timestamp, "2026-02-28 23:59:59.999999", "timestamp without time zone", "2026-02-28 23:59:59.999999"},
		{record.TimestampTZ, "2026-02-28 23:59:59.5Z", "timestamp with time zone", "2026-02-28 23:59:59.5+00"},
		{record.Timestamp, "2026-02-28 23:59:59", "text", "2026-02-28 23:59:59"},
		{&arrow.TimestampType{Unit: arrow.Second}, "2026-02-28 23:59:59", "timestamp without time zone", "2026-02-28 23:59:59"},
		{record.Text, "sad", "mood", "sad"},
	} {
		typ, ok := ParseType(c.target)
		target := Target{Name: "c", Type: typ, Enum: !ok}
		value := encodeOne(t, parse(t, c.logical, c.text), target)
		sql := fmt.Sprintf("SELECT format('%%s', $1::%s)", c.target) // format keeps the padding
		result := conn.PgConn().ExecParams(bg, sql, [][]byte{value}, nil, []int16{1}, nil).Read()
		if c.target == "boolean" {
			result = conn.PgConn().ExecParams(bg, "SELECT $1::bool::text", [][]byte{value}, nil, []int16{1}, nil).Read()
		}
		if result.Err != nil {
			t.Errorf("%s to %s: %v", c.logical, c.target, result.Err)
		} else if got := string(result.Rows[0][0]); got != c.out {
			t.Errorf("%s %q to %s: stored %q, want %q", c.logical, c.text, c.target, got, c.out)
		}
	}
}

// TestEncodeRejects proves that what a target cannot hold becomes a reject with its row.
func TestEncodeRejects(t *testing.T) {
	for _, c := range []struct {
		logical      arrow.DataType
		target       string
		texts        []string
		rejectedRows []int
	}{
		{record.Int64, "smallint", []string{"1", "32768", "NULL", "-32769"}, []int{1, 3}},
		{record.Int64, "double precision", []string{"9007199254740993"}, []int{0}},
		{record.Int64, "numeric(3,0)", []string{"999", "1000", "-999"}, []int{1}},
		{record.Float64, "real", []string{"0.1", "0.5", "1e300"}, []int{0, 2}},
		{record.Decimal(12, 4), "numeric(6,2)", []string{"1234.5600", "1.2345", "12345.0000"}, []int{1, 2}},
		{record.Text, "text", []string{"a", "a\x00b", "\xff"}, []int{1, 2}},
		{record.Text, "character varying(3)", []string{"žžž", "abcd", "abc "}, []int{1, 2}},
		{record.Text, "character(3)", []string{"ab ", "abcd", "abc ", "ab"}, []int{1, 2, 3}},
		{record.Text, "jsonb", []string{"{", `"\u0000"`, `"\\u0000"`, "1", `"\ud83d\ude00"`, `"\ud83d"`, `"\ude00"`, `"\ud83dx\ude00"`, `"\ud83d\n"`, `"\ud83d\ud83d\ude00"`}, []int{0, 1, 5, 6, 7, 8, 9}},
		{record.Timestamp, "timestamp(0) without time zone", []string{"2026-01-01 00:00:00", "2026-01-01 00:00:00.5"}, []int{1}},
	} {
		typ, ok := ParseType(c.target)
		if !ok {
			t.Fatalf("%s is unknown", c.target)
		}
		rows := parse(t, c.logical, c.texts...)
		encoder, err := NewEncoder(rows.Schema(), []Target{{Name: "c", Type: typ}})
		if err != nil {
			t.Fatal(err)
		}
		tuples, rejects, err := encoder.Append(nil, rows)
		if err != nil {
			t.Fatal(err)
		}
		var got []int
		for _, r := range rejects {
			got = append(got, r.Row)
			if r.Column != "c" || r.Reason == "" {
				t.Errorf("%s: the reject is %+v", c.target, r)
			}
		}
		if diff := cmp.Diff(c.rejectedRows, got); diff != "" {
			t.Errorf("%s to %s: rejected rows (-want +got):\n%s", c.logical, c.target, diff)
		}
		if kept := countTuples(t, tuples); kept != len(c.texts)-len(got) {
			t.Errorf("%s to %s: %d tuples are left of %d rows with %d rejects", c.logical, c.target, kept, len(c.texts), len(got))
		}
	}
}

func countTuples(t *testing.T, tuples []byte) (n int) {
	t.Helper()
	d := decoder{fields: make([]fieldDecoder, 1), values: make([][]byte, 1)}
	for ; len(tuples) > 0; n++ {
		var err error
		if tuples, err = d.split(tuples); err != nil {
			t.Fatal(err)
		}
	}
	return n
}

func TestNewEncoderRefusesPairs(t *testing.T) {
	schema := record.Schema{Columns: []record.Column{{Name: "c", Type: record.Text}}}.Arrow()
	_, err := NewEncoder(schema, []Target{{Name: "c", Type: Type{OID: OIDInt4, Typmod: -1}}})
	if err == nil || !strings.Contains(err.Error(), `column "c": text cannot be stored as integer`) {
		t.Errorf("got %v", err)
	}
}

func TestDecodeDamaged(t *testing.T) {
	layout := &Layout{Fields: []Field{{Name: "c", OID: OIDInt4, Typmod: -1}}, Schema: record.Schema{Columns: []record.Column{{Name: "c", Type: record.Int32}}}}
	for _, tuples := range [][]byte{
		{0}, {0, 1}, {0, 2, 0, 0, 0, 0}, {0, 1, 0, 0, 0, 9, 1}, {0, 1, 0x80, 0, 0, 0}, {0, 1, 0xff, 0xff, 0xff, 0xff, 7},
	} {
		if _, _, err := decode(layout, tuples, 1); err == nil {
			t.Errorf("%x was decoded", tuples)
		}
	}
	wrongSize := AppendTuple(nil, [][]byte{{1, 2}})
	if _, rejects, err := decode(layout, wrongSize, 1); err != nil || len(rejects) != 1 {
		t.Errorf("a value of the wrong size: %v, %d rejects", err, len(rejects))
	}
}

func TestTakesAndWidens(t *testing.T) {
	for _, c := range []struct {
		from, to      string
		takes, widens bool
	}{
		{"integer", "integer", true, true},
		{"integer", "bigint", false, true},
		{"bigint", "integer", false, false},
		{"numeric(10,2)", "numeric(12,4)", true, true},
		{"numeric(12,4)", "numeric(10,2)", false, false},
		{"numeric(10,2)", "numeric(10,4)", false, false},
		{"numeric", "numeric(10,2)", false, false},
		{"numeric(10,2)", "numeric", true, true},
		{"integer", "numeric(9,0)", false, false},
		{"integer", "numeric(10,0)", false, true},
		{"character varying(10)", "character varying(20)", true, true},
		{"character varying(20)", "character varying(10)", false, false},
		{"text", "character varying(10)", false, false},
		{"character varying(10)", "text", true, false},
		{"character varying(10)", "character(20)", false, false},
		{"character(10)", "character(20)", true, true},
		{"character(10)", "character varying(20)", true, false},
		{"integer", "text", false, true},
		{"timestamp(3) without time zone", "timestamp without time zone", true, true},
		{"timestamp without time zone", "timestamp(0) without time zone", false, false},
		{"real", "double precision", false, true},
		{"double precision", "real", false, false},
		{"date", "timestamp without time zone", false, true},
		{"date", "timestamp with time zone", false, false},
		{"text", "json", true, false},
		{"json", "jsonb", false, false},
		{"regclass", "regclass", false, true},
		{"integer[]", "integer[]", true, true},
		{"interval(3)", "interval", true, true},
		{"bit(3)", "bit(4)", false, false},
	} {
		from, _ := ParseType(c.from)
		to, _ := ParseType(c.to)
		if got := (Target{Type: to}).Takes(Field{OID: from.OID, Typmod: from.Typmod}); got != c.takes {
			t.Errorf("%s takes %s: %v", c.to, c.from, got)
		}
		if got := Widens(from, to); got != c.widens {
			t.Errorf("%s widens to %s: %v", c.from, c.to, got)
		}
	}
}

func TestPrecisionStep(t *testing.T) {
	for typmod, want := range map[int32]int64{-1: 1, 6: 1, 3: 1000, 0: 1_000_000} {
		if got := precisionStep(typmod); got != want {
			t.Errorf("precision %d: step %d, want %d", typmod, got, want)
		}
	}
	if math.MaxInt64-epochMicros <= 0 {
		t.Error("the epoch does not fit")
	}
}
