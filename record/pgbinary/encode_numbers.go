package pgbinary

import (
	"encoding/binary"
	"math"
	"math/big"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

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

// integerNumber writes integers as numbers of any type.
func integerNumber(values arrow.Array, target Target) valueEncoder {
	value, write := integers(values), integerInto(target.Type)
	unsigned, _ := values.(*array.Uint64)
	tooLarge, fit := outOfRange(target.Type), numericFit(target.Type)
	return func(dst []byte, row int) ([]byte, string) {
		n, ok := value(row)
		switch {
		case ok:
			return write(dst, n)
		case target.OID == OIDNumeric:
			at := len(dst)
			return fit(appendNumeric(dst, new(big.Int).SetUint64(unsigned.Value(row)), 0), at)
		default:
			return dst, tooLarge
		}
	}
}

// decimalNumber writes decimals as numbers of any type.
func decimalNumber(values arrow.Array, target Target) valueEncoder {
	decimals := values.(*array.Decimal128)
	scale := values.DataType().(*arrow.Decimal128Type).Scale
	narrow := narrowNumeric(target.Type)
	var number []byte
	return func(dst []byte, row int) ([]byte, string) {
		n := decimals.Value(row)
		small := int64(n.LowBits())
		if n.HighBits() == small>>63 && small > -shortDecimal && small < shortDecimal && scale >= 0 {
			number = appendDecimal(number[:0], small, scale)
		} else {
			number = appendNumeric(number[:0], n.BigInt(), scale)
		}
		return narrow(dst, number)
	}
}

// textNumber writes texts that are decimal numbers, as a server prints a numeric.
func textNumber(values arrow.Array, target Target) valueEncoder {
	source, narrow := textsOf(values), narrowNumeric(target.Type)
	var number []byte
	return func(dst []byte, row int) ([]byte, string) {
		var ok bool
		if number, ok = appendNumber(number[:0], source.Value(row)); !ok {
			return dst, reasonNumber
		}
		return narrow(dst, number)
	}
}

const reasonNumber = "the text is no number that PostgreSQL holds"

// The most digits of a numeric before and behind the point (numeric.h).
const (
	maxWhole    = 131_072
	maxFraction = 16_383
)

// appendNumber appends the numeric that a text is: digits with a sign and a point, NaN or
// an infinity.
func appendNumber(dst []byte, text string) ([]byte, bool) {
	switch text {
	case "NaN":
		return appendGroups(dst, numericNaN, 0, 0, 0), true
	case "Infinity":
		return appendGroups(dst, numericPlusInf, 0, 0, 0), true
	case "-Infinity":
		return appendGroups(dst, numericMinusInf, 0, 0, 0), true
	}
	text, negative := strings.CutPrefix(text, "-")
	whole, fraction, _ := strings.Cut(text, ".")
	if whole == "" && fraction == "" || len(whole) > maxWhole || len(fraction) > maxFraction || !isDigits(whole) || !isDigits(fraction) {
		return dst, false
	}
	return appendDigits(dst, negative, whole+fraction, int32(len(fraction))), true
}

func isDigits(text string) bool { return strings.Trim(text, "0123456789") == "" }

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
func floatTo4(values arrow.Array, target Target) valueEncoder {
	if narrow, ok := values.(*array.Float32); ok {
		return func(dst []byte, row int) ([]byte, string) {
			return binary.BigEndian.AppendUint32(dst, math.Float32bits(narrow.Value(row))), ""
		}
	}
	wide, changed := values.(*array.Float64), inexact(target.Type)
	return func(dst []byte, row int) ([]byte, string) { return appendNarrowFloat(dst, wide.Value(row), changed) }
}
