package duck

import (
	"encoding/binary"
	"errors"
	"fmt"
	"unicode/utf8"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
	"github.com/apache/arrow-go/v18/arrow/extensions"
	bindings "github.com/duckdb/duckdb-go-bindings"

	"leat/record"
)

// writeColumn writes n rows of an Arrow column, from row from on, to the start of a
// vector and returns their size. NULLs are written by writeNulls.
type writeColumn func(target bindings.Vector, column arrow.Array, from, n int) (int, error)

// writer picks how a column of that type is written. The caller destroys the type.
func writer(t arrow.DataType) (writeColumn, bindings.LogicalType, error) {
	switch t := t.(type) {
	case *arrow.Decimal128Type:
		logical := bindings.CreateDecimalType(uint8(t.Precision), uint8(t.Scale))
		return decimalWriters[bindings.DecimalInternalType(logical)](t.Precision), logical, nil
	case *extensions.UUIDType:
		return writeUUID, bindings.CreateLogicalType(bindings.TypeUUID), nil
	case *extensions.JSONType:
		return writeJSON, bindings.CreateLogicalType(bindings.TypeVarchar), nil
	}
	known, ok := writers[record.TypeName(t)]
	if !ok {
		return nil, bindings.LogicalType{}, fmt.Errorf("the type %s cannot be stored in DuckDB", record.TypeName(t))
	}
	return known.write, bindings.CreateLogicalType(known.id), nil
}

var writers = map[string]struct {
	id    bindings.Type
	write writeColumn
}{
	"bool":        {bindings.TypeBoolean, writeBool},
	"int16":       {bindings.TypeSmallInt, copied(func(c *array.Int16) []int16 { return c.Int16Values() })},
	"int32":       {bindings.TypeInteger, copied(func(c *array.Int32) []int32 { return c.Int32Values() })},
	"int64":       {bindings.TypeBigInt, copied(func(c *array.Int64) []int64 { return c.Int64Values() })},
	"float32":     {bindings.TypeFloat, copied(func(c *array.Float32) []float32 { return c.Float32Values() })},
	"float64":     {bindings.TypeDouble, copied(func(c *array.Float64) []float64 { return c.Float64Values() })},
	"date":        {bindings.TypeDate, copied(func(c *array.Date32) []arrow.Date32 { return c.Date32Values() })},
	"time":        {bindings.TypeTime, copied(func(c *array.Time64) []arrow.Time64 { return c.Time64Values() })},
	"timestamp":   {bindings.TypeTimestamp, copied(func(c *array.Timestamp) []arrow.Timestamp { return c.TimestampValues() })},
	"timestamptz": {bindings.TypeTimestampTZ, copied(func(c *array.Timestamp) []arrow.Timestamp { return c.TimestampValues() })},
	"text":        {bindings.TypeVarchar, writeText},
	"binary":      {bindings.TypeBlob, writeBinary},
}

// copied writes values whose memory is the same in Arrow and in DuckDB.
func copied[A arrow.Array, T any](all func(A) []T) writeColumn {
	return func(target bindings.Vector, column arrow.Array, from, n int) (int, error) {
		copy(slots[T](target, n), all(column.(A))[from:from+n])
		return n * int(unsafe.Sizeof(*new(T))), nil
	}
}

// slots is the memory of the first n values of a vector.
func slots[T any](v bindings.Vector, n int) []T {
	return unsafe.Slice((*T)(bindings.VectorGetData(v)), n)
}

// writeNulls marks the rows that are NULL.
func writeNulls(target bindings.Vector, column arrow.Array, from, n int) {
	if column.NullN() == 0 {
		return
	}
	bindings.VectorEnsureValidityWritable(target)
	words := unsafe.Slice((*uint64)(bindings.VectorGetValidity(target)), (n+63)/64)
	for i := range n {
		if column.IsNull(from + i) {
			words[i/64] &^= 1 << (i % 64)
		}
	}
}

func writeBool(target bindings.Vector, column arrow.Array, from, n int) (int, error) {
	values := column.(*array.Boolean)
	for i := range slots[bool](target, n) {
		slots[bool](target, n)[i] = values.Value(from + i)
	}
	return n, nil
}

var decimalWriters = map[bindings.Type]func(precision int32) writeColumn{
	bindings.TypeSmallInt: smallDecimals[int16],
	bindings.TypeInteger:  smallDecimals[int32],
	bindings.TypeBigInt:   smallDecimals[int64],
	bindings.TypeHugeInt:  hugeDecimals,
}

// errTooWide refuses a number that its declared precision does not hold.
var errTooWide = errors.New("a number has more digits than its type allows")

func smallDecimals[T ~int16 | ~int32 | ~int64](precision int32) writeColumn {
	limit := int64(1)
	for range precision {
		limit *= 10
	}
	return func(target bindings.Vector, column arrow.Array, from, n int) (int, error) {
		numbers, out := column.(*array.Decimal128), slots[T](target, n)
		for i := range out {
			number := numbers.Value(from + i)
			low := int64(number.LowBits())
			fits := number.HighBits() == low>>63 && low > -limit && low < limit
			if !fits && numbers.IsValid(from+i) {
				return 0, errTooWide
			}
			out[i] = T(low)
		}
		return n * int(unsafe.Sizeof(T(0))), nil
	}
}

func hugeDecimals(precision int32) writeColumn {
	return func(target bindings.Vector, column arrow.Array, from, n int) (int, error) {
		numbers, out := column.(*array.Decimal128), slots[hugeInt](target, n)
		for i := range out {
			number := numbers.Value(from + i)
			if numbers.IsValid(from+i) && !fits(number, precision) {
				return 0, errTooWide
			}
			out[i] = hugeInt{lower: number.LowBits(), upper: number.HighBits()}
		}
		return n * 16, nil
	}
}

// fits is number.FitsInPrecision with a short way for numbers of 64 bits.
func fits(number decimal128.Num, precision int32) bool {
	return number.HighBits() == int64(number.LowBits())>>63 && precision >= 19 || number.FitsInPrecision(precision)
}

func writeUUID(target bindings.Vector, column arrow.Array, from, n int) (int, error) {
	ids := column.(array.ExtensionArray).Storage().(*array.FixedSizeBinary)
	out := slots[hugeInt](target, n)
	for i := range out {
		if ids.IsValid(from + i) {
			id := ids.Value(from + i)
			out[i] = hugeInt{
				lower: binary.BigEndian.Uint64(id[8:]),
				upper: int64(binary.BigEndian.Uint64(id[:8]) ^ (1 << 63)),
			}
		}
	}
	return n * 16, nil
}

func writeJSON(target bindings.Vector, column arrow.Array, from, n int) (int, error) {
	return writeText(target, column.(array.ExtensionArray).Storage(), from, n)
}

func writeText(target bindings.Vector, column arrow.Array, from, n int) (int, error) {
	texts := column.(*array.String)
	bytes, out := 0, slots[stringValue](target, n)
	for i := range out {
		if texts.IsNull(from + i) {
			continue
		}
		text := texts.Value(from + i)
		if !utf8.ValidString(text) {
			return 0, errors.New("a text is not valid UTF-8")
		}
		writeBytes(target, out, i, unsafe.Slice(unsafe.StringData(text), len(text)))
		bytes += len(text) + 16
	}
	return bytes, nil
}

func writeBinary(target bindings.Vector, column arrow.Array, from, n int) (int, error) {
	blobs := column.(*array.Binary)
	bytes, out := 0, slots[stringValue](target, n)
	for i := range out {
		if blobs.IsValid(from + i) {
			blob := blobs.Value(from + i)
			writeBytes(target, out, i, blob)
			bytes += len(blob) + 16
		}
	}
	return bytes, nil
}

// writeBytes writes a text of up to 12 bytes into the vector itself; a longer one is
// copied by DuckDB.
func writeBytes(target bindings.Vector, out []stringValue, i int, text []byte) {
	if len(text) > inlineBytes {
		bindings.UnsafeVectorAssignStringElementLen(target, bindings.IdxT(i), text)
		return
	}
	value := stringValue{length: uint32(len(text))}
	copy(value.inline[:], text)
	out[i] = value
}
