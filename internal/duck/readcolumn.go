package duck

import (
	"encoding/binary"
	"math"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	bindings "github.com/duckdb/duckdb-go-bindings"

	"leat/record"
)

// readColumn appends a vector to a builder. It returns the size of what it appended
// and the rows whose value the Arrow type cannot hold; those are appended as NULL.
type readColumn func(b array.Builder, v vector) (bytes int, bad []int)

// reader picks how a column of the result is read.
func reader(name string, logical bindings.LogicalType) (arrow.DataType, readColumn, error) {
	id := bindings.GetTypeId(logical)
	if id == bindings.TypeDecimal {
		t := record.Decimal(int32(bindings.DecimalWidth(logical)), int32(bindings.DecimalScale(logical)))
		return t, decimalReaders[bindings.DecimalInternalType(logical)], nil
	}
	if id == bindings.TypeVarchar && bindings.LogicalTypeGetAlias(logical) == "JSON" {
		return record.JSON(), readJSON, nil
	}
	if known, ok := readers[id]; ok {
		return known.logical, known.read, nil
	}
	return nil, nil, invalid("column %q has a type that does not travel; cast it to VARCHAR", name)
}

var readers = map[bindings.Type]struct {
	logical arrow.DataType
	read    readColumn
}{
	bindings.TypeBoolean:     {record.Bool, fixed[bool, *array.BooleanBuilder]},
	bindings.TypeSmallInt:    {record.Int16, fixed[int16, *array.Int16Builder]},
	bindings.TypeInteger:     {record.Int32, fixed[int32, *array.Int32Builder]},
	bindings.TypeBigInt:      {record.Int64, fixed[int64, *array.Int64Builder]},
	bindings.TypeFloat:       {record.Float32, fixed[float32, *array.Float32Builder]},
	bindings.TypeDouble:      {record.Float64, fixed[float64, *array.Float64Builder]},
	bindings.TypeDate:        {record.Date, bounded[arrow.Date32, *array.Date32Builder](-math.MaxInt32+1, math.MaxInt32-1)},
	bindings.TypeTime:        {record.Time, bounded[arrow.Time64, *array.Time64Builder](0, 86_400_000_000-1)},
	bindings.TypeTimestamp:   {record.Timestamp, bounded[arrow.Timestamp, *array.TimestampBuilder](-math.MaxInt64+1, math.MaxInt64-1)},
	bindings.TypeTimestampTZ: {record.TimestampTZ, bounded[arrow.Timestamp, *array.TimestampBuilder](-math.MaxInt64+1, math.MaxInt64-1)},
	bindings.TypeHugeInt:     {record.Decimal(record.MaxPrecision, 0), readHugeInt},
	bindings.TypeVarchar:     {record.Text, readText},
	bindings.TypeBlob:        {record.Binary, readBlob},
	bindings.TypeUUID:        {record.UUID(), readUUID},
}

var decimalReaders = map[bindings.Type]readColumn{
	bindings.TypeSmallInt: smallDecimal[int16],
	bindings.TypeInteger:  smallDecimal[int32],
	bindings.TypeBigInt:   smallDecimal[int64],
	bindings.TypeHugeInt:  readHugeInt,
}

// appender is the part of Arrow's builders that takes many values at once.
type appender[T any] interface {
	array.Builder
	AppendValues(values []T, valid []bool)
}

// fixed copies values whose memory is the same in DuckDB and in Arrow.
func fixed[T any, B appender[T]](b array.Builder, v vector) (int, []int) {
	b.(B).AppendValues(values[T](v), v.valid)
	return v.n * int(unsafe.Sizeof(*new(T))), nil
}

// bounded is fixed for types where DuckDB has values beyond Arrow's, such as infinity.
func bounded[T ~int32 | ~int64, B appender[T]](least, most T) readColumn {
	return func(b array.Builder, v vector) (int, []int) {
		var bad []int
		for i, value := range values[T](v) {
			if (value < least || value > most) && !v.isNull(i) {
				bad = append(bad, i)
			}
		}
		bytes, _ := fixed[T, B](b, v.without(bad))
		return bytes, bad
	}
}

// without marks rows as NULL.
func (v vector) without(bad []int) vector {
	if len(bad) > 0 && v.valid == nil {
		v.valid = make([]bool, v.n)
		for i := range v.valid {
			v.valid[i] = true
		}
	}
	for _, row := range bad {
		v.valid[row] = false
	}
	return v
}

func smallDecimal[T ~int16 | ~int32 | ~int64](b array.Builder, v vector) (int, []int) {
	builder := b.(*array.Decimal128Builder)
	builder.Reserve(v.n)
	for i, value := range values[T](v) {
		if v.isNull(i) {
			builder.UnsafeAppendBoolToBitmap(false)
			continue
		}
		builder.UnsafeAppend(decimal128.FromI64(int64(value)))
	}
	return v.n * 16, nil
}

// hugeInt is DuckDB's 128 bit integer in memory.
type hugeInt struct {
	lower uint64
	upper int64
}

// readHugeInt reads DECIMAL of more than 18 digits, and HUGEINT, whose numbers of 39
// digits do not fit.
func readHugeInt(b array.Builder, v vector) (int, []int) {
	builder := b.(*array.Decimal128Builder)
	builder.Reserve(v.n)
	var bad []int
	for i, value := range values[hugeInt](v) {
		number := decimal128.New(value.upper, value.lower)
		if v.isNull(i) {
			builder.UnsafeAppendBoolToBitmap(false)
			continue
		}
		if !number.FitsInPrecision(record.MaxPrecision) {
			bad = append(bad, i)
			builder.UnsafeAppendBoolToBitmap(false)
			continue
		}
		builder.UnsafeAppend(number)
	}
	return v.n * 16, bad
}

// readUUID reads UUIDs, which DuckDB keeps as a number with the first bit flipped so
// that they sort.
func readUUID(b array.Builder, v vector) (int, []int) {
	builder := b.(interface{ StorageBuilder() array.Builder }).StorageBuilder().(*array.FixedSizeBinaryBuilder)
	var bytes [16]byte
	for i, value := range values[hugeInt](v) {
		if v.isNull(i) {
			builder.AppendNull()
			continue
		}
		binary.BigEndian.PutUint64(bytes[:8], uint64(value.upper)^(1<<63))
		binary.BigEndian.PutUint64(bytes[8:], value.lower)
		builder.Append(bytes[:])
	}
	return v.n * 16, nil
}
