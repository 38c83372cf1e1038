package duckdb_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"leat/connectors"
	"leat/record"
)

// oneColumn is a batch of a key and a column of any type; "NULL" is NULL.
func oneColumn(t testing.TB, column record.Column, texts ...string) (record.Schema, record.Batch) {
	t.Helper()
	column.Name, column.Nullable = "v", true
	schema := record.Schema{Columns: []record.Column{{Name: "id", Type: record.Int64}, column}}
	builder := array.NewRecordBuilder(memory.DefaultAllocator, schema.Arrow())
	defer builder.Release()
	for i, text := range texts {
		builder.Field(0).(*array.Int64Builder).Append(int64(i + 1))
		if text == "NULL" {
			builder.Field(1).AppendNull()
		} else if err := builder.Field(1).AppendValueFromString(text); err != nil {
			t.Fatal(err)
		}
	}
	return schema, record.FromArrow(builder.NewRecordBatch())
}

// TestNarrowerColumnsAreExact sends values that fit and values that do not into columns
// that are narrower than the source's. DuckDB's own casts would round some of them.
func TestNarrowerColumnsAreExact(t *testing.T) {
	t.Parallel()
	number := record.Column{Type: record.Text, Number: true, Native: "numeric"}
	of := func(logical arrow.DataType) record.Column { return record.Column{Type: logical} }
	for _, c := range []struct {
		column record.Column
		have   string
		fit    []string
		want   string
		not    []string
	}{
		{of(record.Int64), "INTEGER", []string{"2147483647", "NULL", "-2147483648"}, "2147483647 <nil> -2147483648", []string{"2147483648"}},
		{of(record.Int64), "TINYINT", []string{"127", "-128"}, "127 -128", []string{"128", "-129"}},
		{of(record.Int64), "UTINYINT", []string{"255", "0"}, "255 0", []string{"256", "-1"}},
		{of(record.Int64), "USMALLINT", []string{"65535"}, "65535", []string{"65536", "-1"}},
		{of(record.Int64), "UINTEGER", []string{"4294967295"}, "4294967295", []string{"4294967296", "-1"}},
		{of(record.Int64), "UBIGINT", []string{"9223372036854775807"}, "9223372036854775807", []string{"-1"}},
		{of(record.Int64), "DOUBLE", []string{"9007199254740992"}, "9007199254740992.0", []string{"9007199254740993"}},
		{of(record.Int64), "FLOAT", []string{"16777216"}, "16777216.0", []string{"16777217"}},
		{of(record.Int64), "DECIMAL(5,2)", []string{"999"}, "999.00", []string{"1000"}},
		{of(record.Decimal(38, 9)), "DECIMAL(12,2)", []string{"1.500000000", "-0.010000000"}, "1.50 -0.01", []string{"1.505000000", "99999999999.000000000"}},
		{of(record.Decimal(12, 2)), "INTEGER", []string{"12.00"}, "12", []string{"12.50"}},
		{of(record.Decimal(38, 0)), "BIGINT", []string{"9223372036854775807"}, "9223372036854775807", []string{"9223372036854775808"}},
		{of(record.Decimal(38, 0)), "UBIGINT", []string{"18446744073709551615"}, "18446744073709551615", []string{"18446744073709551616", "-1"}},
		{of(record.Decimal(30, 20)), "DOUBLE", []string{"0.3", "123456.789"}, "0.3 123456.789", []string{"0.30000000000000000001"}},
		{of(record.Float64), "FLOAT", []string{"0.5", "NaN", "-Inf"}, "0.5 nan -inf", []string{"0.1", "1e300"}},
		{of(record.Timestamp), "TIMESTAMP_S", []string{"2026-01-01 00:00:01"}, "2026-01-01 00:00:01", []string{"2026-01-01 00:00:01.5"}},
		{of(record.Timestamp), "TIMESTAMP_MS", []string{"2026-01-01 00:00:01.001"}, "2026-01-01 00:00:01.001", []string{"2026-01-01 00:00:01.0015"}},
		{of(record.Timestamp), "TIMESTAMP_NS", []string{"2026-01-01 00:00:01.000001"}, "2026-01-01 00:00:01.000001", []string{"2300-01-01 00:00:00"}},
		{number, "DECIMAL(12,2)", []string{"1.5", "-7"}, "1.50 -7.00", []string{"1.505", "NaN", "Infinity"}},
		{number, "BIGINT", []string{"7.000"}, "7", []string{"7.5", "1e3"}},
		{number, "DOUBLE", []string{"0.1", "NaN"}, "0.1 nan", []string{"0.10000000000000000555"}},
		{number, "HUGEINT", []string{"12345678901234567890123456789012345678"}, "12345678901234567890123456789012345678", []string{"1.5"}},
	} {
		t.Run(record.TypeName(c.column.Type)+" into "+c.have, func(t *testing.T) {
			s := newSite(t, "CREATE TABLE t (id BIGINT, v "+c.have+")")
			for i, bad := range c.not {
				schema, batch := oneColumn(t, c.column, c.fit[0], bad)
				_, _, err := s.load(t, fmt.Sprint("bad", i), target(connectors.Insert, schema), batch)
				if !connectors.Is(err, connectors.Data) || !strings.Contains(err.Error(), `column "v", row 2 of those read: `) {
					t.Errorf("%s: %v", bad, err)
				}
			}
			schema, batch := oneColumn(t, c.column, append(append([]string{}, c.not...), c.fit...)...)
			tg := target(connectors.Upsert, schema, "id")
			tg.RejectLimit = -1
			r, _, err := s.load(t, "good", tg, batch)
			if err != nil || r.Written != int64(len(c.fit)) || r.Rejected != int64(len(c.not)) {
				t.Fatalf("%+v, %v", r, err)
			}
			if got := strings.ReplaceAll(s.rows(t, "SELECT v::VARCHAR FROM t ORDER BY id"), "\n", " "); got != c.want {
				t.Errorf("stored %q, want %q", got, c.want)
			}
			if got := s.rows(t, "SELECT count(*), count(row_data ->> 'v'), count(DISTINCT row_data ->> 'id') FROM t__rejects"); got != fmt.Sprintf("%d|%[1]d|%[1]d", len(c.not)) {
				t.Errorf("kept rejects %s", got)
			}
			tg.Narrowing = connectors.NarrowingRefuse
			_, batch = oneColumn(t, c.column, c.fit...)
			if _, _, err := s.load(t, "refused", tg, batch); !connectors.Is(err, connectors.Config) {
				t.Errorf("refused by type: %v", err)
			}
		})
	}
}

func TestKindsOfTypesNeverChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		logical arrow.DataType
		have    string
	}{
		{record.Float64, "INTEGER"},
		{record.Text, "INTEGER"},
		{record.Text, "DECIMAL(12,2)"},
		{record.TimestampTZ, "TIMESTAMP_S"},
		{record.Timestamp, "DATE"},
		{record.Date, "TIMESTAMP_S"},
		{record.Bool, "INTEGER"},
		{record.Int64, "VARCHAR"},
		{record.Int64, "BOOLEAN"},
		{record.Float64, "DECIMAL(12,2)"},
		{record.Timestamp, "TIMESTAMP WITH TIME ZONE"},
	} {
		s := newSite(t, "CREATE TABLE t (id BIGINT, v "+c.have+")")
		schema, batch := oneColumn(t, record.Column{Type: c.logical}, "NULL")
		if _, _, err := s.load(t, "r", target(connectors.Insert, schema), batch); !connectors.Is(err, connectors.Config) {
			t.Errorf("%s into %s: %v", record.TypeName(c.logical), c.have, err)
		}
	}
}
