package record_test

import (
	"math"
	"testing"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"leat/record"
)

// column builds one value of a type.
func column(t *testing.T, kind arrow.DataType, fill func(array.Builder)) arrow.Array {
	t.Helper()
	builder := array.NewBuilder(memory.DefaultAllocator, kind)
	defer builder.Release()
	fill(builder)
	values := builder.NewArray()
	t.Cleanup(values.Release)
	return values
}

func float(value float64) func(array.Builder) {
	return func(b array.Builder) { b.(*array.Float64Builder).Append(value) }
}

func text(value string) func(array.Builder) {
	return func(b array.Builder) {
		if err := b.AppendValueFromString(value); err != nil {
			panic(err)
		}
	}
}

func decimal(t *testing.T, digits string, precision, scale int32) func(array.Builder) {
	t.Helper()
	value, err := decimal128.FromString(digits, precision, scale)
	if err != nil {
		t.Fatal(err)
	}
	return func(b array.Builder) { b.(*array.Decimal128Builder).Append(value) }
}

func micros(value int64) func(array.Builder) {
	return func(b array.Builder) {
		switch b := b.(type) {
		case *array.TimestampBuilder:
			b.Append(arrow.Timestamp(value))
		case *array.Time64Builder:
			b.Append(arrow.Time64(value))
		case *array.Date32Builder:
			b.Append(arrow.Date32(value))
		}
	}
}

func TestFormat(t *testing.T) {
	cases := []struct {
		kind arrow.DataType
		fill func(array.Builder)
		want string
	}{
		{record.Bool, text("true"), "true"},
		{record.Int16, text("-32768"), "-32768"},
		{record.Int64, text("9223372036854775807"), "9223372036854775807"},
		{record.Float32, text("0.1"), "0.1"},
		{record.Float64, float(1_000_000), "1000000"},
		{record.Float64, float(1e15), "1e+15"},
		{record.Float64, float(math.Nextafter(0.3, 1)), "0.30000000000000004"},
		{record.Float64, float(math.Copysign(0, -1)), "-0"},
		{record.Float64, float(math.NaN()), "NaN"},
		{record.Float64, float(math.Inf(-1)), "-Infinity"},
		{record.Decimal(12, 2), decimal(t, "-0.05", 12, 2), "-0.05"},
		{record.Decimal(5, 0), decimal(t, "12345", 5, 0), "12345"},
		{record.Decimal(38, 9), decimal(t, "99999999999999999999999999999.999999999", 38, 9), "99999999999999999999999999999.999999999"},
		{record.Text, text(" příliš\n"), " příliš\n"},
		{record.Binary, func(b array.Builder) { b.(*array.BinaryBuilder).Append([]byte{0, 255}) }, `\x00ff`},
		{record.Date, micros(-1), "1969-12-31"},
		{record.Time, micros(86_400_000_000), "24:00:00"},
		{record.Time, micros(3_661_000_100), "01:01:01.0001"},
		{record.Timestamp, micros(1_700_000_000_000_001), "2023-11-14 22:13:20.000001"},
		{record.Timestamp, micros(-1), "1969-12-31 23:59:59.999999"},
		{record.TimestampTZ, micros(0), "1970-01-01 00:00:00+00"},
		{record.UUID(), func(b array.Builder) {
			storage := b.(*extensions.UUIDBuilder)
			storage.AppendBytes([16]byte{0x12, 0x34, 15: 0xff})
		}, "12340000-0000-0000-0000-0000000000ff"},
		{record.JSON(), func(b array.Builder) {
			b.(*array.ExtensionBuilder).StorageBuilder().(*array.StringBuilder).Append(`{"a": 1.10}`)
		}, `{"a": 1.10}`},
		{record.Text, func(b array.Builder) { b.AppendNull() }, ""},
	}
	for _, c := range cases {
		t.Run(record.TypeName(c.kind)+" "+c.want, func(t *testing.T) {
			if got := record.Format(column(t, c.kind, c.fill), 0); got != c.want {
				t.Errorf("got %q, want %q", got, c.want)
			}
		})
	}
}
