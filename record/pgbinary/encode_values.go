package pgbinary

import (
	"encoding/binary"
	"fmt"
	"math"
	"math/big"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"leat/record"
)

// Reasons of rows that cannot be encoded.
const (
	reasonNUL      = "the text holds a NUL character, which PostgreSQL cannot store"
	reasonEncoding = "the text is not valid UTF-8"
	reasonRange    = "the value is out of range for the target's type"
)

// Days and microseconds from 1970 to 2000, where the server's clock begins.
const (
	epochDays   = 10_957
	epochMicros = epochDays * 86_400 * 1_000_000
	dayMicros   = 86_400 * 1_000_000
)

// The server's limits for timestamps and dates, counted from 2000 (timestamp.h, date.h).
const (
	minTimestamp = -211_813_488_000_000_000
	endTimestamp = 9_223_371_331_200_000_000
	minDate      = -2_451_545
	endDate      = 2_145_031_949
)

func boolByte(values arrow.Array, _ Target) valueEncoder {
	bools := values.(*array.Boolean)
	return func(dst []byte, row int) ([]byte, string) {
		if bools.Value(row) {
			return append(dst, 1), ""
		}
		return append(dst, 0), ""
	}
}

// integers returns a reader of any integer array; ok is false above the range of int64.
func integers(values arrow.Array) func(row int) (n int64, ok bool) {
	switch a := values.(type) {
	case *array.Int8:
		return func(row int) (int64, bool) { return int64(a.Value(row)), true }
	case *array.Int16:
		return func(row int) (int64, bool) { return int64(a.Value(row)), true }
	case *array.Int32:
		return func(row int) (int64, bool) { return int64(a.Value(row)), true }
	case *array.Uint8:
		return func(row int) (int64, bool) { return int64(a.Value(row)), true }
	case *array.Uint16:
		return func(row int) (int64, bool) { return int64(a.Value(row)), true }
	case *array.Uint32:
		return func(row int) (int64, bool) { return int64(a.Value(row)), true }
	case *array.Uint64:
		return func(row int) (int64, bool) { return int64(a.Value(row)), a.Value(row) <= math.MaxInt64 }
	default:
		b := values.(*array.Int64)
		return func(row int) (int64, bool) { return b.Value(row), true }
	}
}

// integerTo writes integers of that many bytes.
func integerTo(size int) maker {
	low, high := int64(math.MinInt64)>>(64-8*size), int64(math.MaxInt64)>>(64-8*size)
	return func(values arrow.Array, _ Target) valueEncoder {
		value := integers(values)
		return func(dst []byte, row int) ([]byte, string) {
			n, ok := value(row)
			if !ok || n < low || n > high {
				return dst, reasonRange
			}
			switch size {
			case 2:
				return binary.BigEndian.AppendUint16(dst, uint16(n)), ""
			case 4:
				return binary.BigEndian.AppendUint32(dst, uint32(n)), ""
			default:
				return binary.BigEndian.AppendUint64(dst, uint64(n)), ""
			}
		}
	}
}

// integerFloat8 refuses integers that a float8 would round.
func integerFloat8(values arrow.Array, _ Target) valueEncoder {
	value := integers(values)
	return func(dst []byte, row int) ([]byte, string) {
		n, ok := value(row)
		if !ok || n > 1<<53 || n < -1<<53 {
			return dst, reasonRange
		}
		return binary.BigEndian.AppendUint64(dst, math.Float64bits(float64(n))), ""
	}
}

func integerNumeric(values arrow.Array, target Target) valueEncoder {
	value := integers(values)
	unsigned, _ := values.(*array.Uint64)
	return func(dst []byte, row int) ([]byte, string) {
		n, ok := value(row)
		whole := big.NewInt(n)
		if !ok {
			whole.SetUint64(unsigned.Value(row))
		}
		return appendNumeric(dst, whole, 0, target.Typmod)
	}
}

func decimalNumeric(values arrow.Array, target Target) valueEncoder {
	decimals := values.(*array.Decimal128)
	scale := values.DataType().(*arrow.Decimal128Type).Scale
	return func(dst []byte, row int) ([]byte, string) {
		return appendNumeric(dst, decimals.Value(row).BigInt(), scale, target.Typmod)
	}
}

func floatTo8(values arrow.Array, _ Target) valueEncoder {
	if narrow, ok := values.(*array.Float32); ok {
		return func(dst []byte, row int) ([]byte, string) {
			return binary.BigEndian.AppendUint64(dst, math.Float64bits(float64(narrow.Value(row)))), ""
		}
	}
	wide := values.(*array.Float64)
	return func(dst []byte, row int) ([]byte, string) {
		return binary.BigEndian.AppendUint64(dst, math.Float64bits(wide.Value(row))), ""
	}
}

// floatTo4 refuses wider floats that would be rounded.
func floatTo4(values arrow.Array, _ Target) valueEncoder {
	if narrow, ok := values.(*array.Float32); ok {
		return func(dst []byte, row int) ([]byte, string) {
			return binary.BigEndian.AppendUint32(dst, math.Float32bits(narrow.Value(row))), ""
		}
	}
	wide := values.(*array.Float64)
	return func(dst []byte, row int) ([]byte, string) {
		narrow := float32(wide.Value(row))
		if float64(narrow) != wide.Value(row) && !math.IsNaN(wide.Value(row)) {
			return dst, reasonRange
		}
		return binary.BigEndian.AppendUint32(dst, math.Float32bits(narrow)), ""
	}
}

// checkText finds what no text of the server may hold.
func checkText(text string) string {
	switch {
	case !utf8.ValidString(text):
		return reasonEncoding
	case strings.IndexByte(text, 0) >= 0:
		return reasonNUL
	default:
		return ""
	}
}

func plainText(values arrow.Array, _ Target) valueEncoder {
	source := textsOf(values)
	return func(dst []byte, row int) ([]byte, string) {
		text := source.Value(row)
		return append(dst, text...), checkText(text)
	}
}

// limitedText refuses texts that are longer than the target allows. Spaces at the end
// count, except where the target pads with them: the server would cut them silently.
func limitedText(values arrow.Array, target Target) valueEncoder {
	if target.OID != OIDName && target.Typmod < 0 {
		return plainText(values, target)
	}
	source, limit := textsOf(values), int(target.Typmod)-headerSize
	return func(dst []byte, row int) ([]byte, string) {
		text := source.Value(row)
		if problem := checkText(text); problem != "" {
			return dst, problem
		}
		if target.OID == OIDName {
			if len(text) > 63 {
				return dst, "the text is longer than 63 bytes"
			}
			return append(dst, text...), ""
		}
		counted := text
		if target.OID == OIDBpchar {
			counted = strings.TrimRight(text, " ")
		}
		if len(counted) > limit && utf8.RuneCountInString(counted) > limit {
			return dst, fmt.Sprintf("the text is longer than %d characters", limit)
		}
		return append(dst, text...), ""
	}
}

func jsonText(values arrow.Array, _ Target) valueEncoder {
	source := textsOf(values)
	return func(dst []byte, row int) ([]byte, string) {
		text := source.Value(row)
		return append(dst, text...), checkJSON(text)
	}
}

// jsonbText puts the version of jsonb's binary form before the text.
func jsonbText(values arrow.Array, _ Target) valueEncoder {
	source := textsOf(values)
	return func(dst []byte, row int) ([]byte, string) {
		text := source.Value(row)
		problem := checkJSON(text)
		if problem == "" {
			problem = checkEscapes(text)
		}
		return append(append(dst, 1), text...), problem
	}
}

func rawBytes(values arrow.Array, _ Target) valueEncoder {
	source := values.(interface{ Value(row int) []byte })
	return func(dst []byte, row int) ([]byte, string) { return append(dst, source.Value(row)...), "" }
}

// formatted writes the exact text of any value.
func formatted(values arrow.Array, target Target) valueEncoder {
	limit := int(target.Typmod) - headerSize
	return func(dst []byte, row int) ([]byte, string) {
		text := record.Format(values, row)
		if target.Typmod >= 0 && len(text) > limit {
			return dst, fmt.Sprintf("the text is longer than %d characters", limit)
		}
		return append(dst, text...), ""
	}
}

func uuidBytes(values arrow.Array, _ Target) valueEncoder {
	storage := values.(array.ExtensionArray).Storage().(*array.FixedSizeBinary)
	return func(dst []byte, row int) ([]byte, string) { return append(dst, storage.Value(row)...), "" }
}

func uuidText(values arrow.Array, target Target) valueEncoder { return formatted(values, target) }
