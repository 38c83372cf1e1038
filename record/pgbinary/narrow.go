package pgbinary

import (
	"encoding/binary"
	"fmt"
	"math"
)

// Narrow appends the binary form, without its length, that a value of one type gets in a
// narrower one. It does so only when the value is the same there: what the target gives
// back, read as the source's type, equals it. Otherwise it returns the reason in words,
// without the value. It keeps nothing between calls, so that several goroutines may use it.
type Narrow func(dst, value []byte) (out []byte, problem string)

// reasonForm is the reason of bytes that are no value of their type.
const reasonForm = "the value is not in the binary form of its type"

// Narrower returns how values of one type are checked and written as values of a narrower
// one; nil where that is not offered. The kind of the type never changes: numbers stay
// numbers, texts texts, and a time with a zone keeps it. Where Takes or Widens hold, no
// check is needed.
func Narrower(from, to Type) Narrow {
	switch {
	case integerSize[from.OID] > 0:
		return narrowInteger(integerSize[from.OID], to)
	case from.OID == OIDNumeric:
		return narrowNumeric(to)
	case from.OID == OIDFloat8 && to.OID == OIDFloat4:
		return narrowFloat(to)
	case isText(from.OID):
		return narrowText(from, to)
	case from.OID == to.OID:
		return narrowTime(to)
	default:
		return nil
	}
}

// integerSize are the bytes of the integer types.
var integerSize = map[uint32]int{OIDInt2: 2, OIDInt4: 4, OIDInt8: 8}

// narrowInteger checks integers that go into another type of numbers.
func narrowInteger(size int, to Type) Narrow {
	write := integerInto(to)
	if write == nil {
		return nil
	}
	return func(dst, value []byte) ([]byte, string) {
		if len(value) != size {
			return dst, reasonForm
		}
		return write(dst, signed(value))
	}
}

// integerInto returns how integers are written in a type of numbers, exactly or not at
// all; nil for other types.
func integerInto(to Type) func(dst []byte, n int64) ([]byte, string) {
	tooLarge := outOfRange(to)
	switch to.OID {
	case OIDInt2, OIDInt4, OIDInt8:
		size := integerSize[to.OID]
		return func(dst []byte, n int64) ([]byte, string) {
			if n < -1<<(8*size-1) || n > 1<<(8*size-1)-1 {
				return dst, tooLarge
			}
			return appendSigned(dst, n, size), ""
		}
	case OIDFloat8:
		return func(dst []byte, n int64) ([]byte, string) {
			if n < -1<<53 || n > 1<<53 {
				return dst, inexact(to)
			}
			return binary.BigEndian.AppendUint64(dst, math.Float64bits(float64(n))), ""
		}
	case OIDFloat4:
		return func(dst []byte, n int64) ([]byte, string) {
			if n < -1<<24 || n > 1<<24 {
				return dst, inexact(to)
			}
			return binary.BigEndian.AppendUint32(dst, math.Float32bits(float32(n))), ""
		}
	case OIDNumeric:
		fit := numericFit(to)
		return func(dst []byte, n int64) ([]byte, string) {
			at := len(dst)
			return fit(appendInteger(dst, n), at)
		}
	default:
		return nil
	}
}

// appendSigned appends an integer of 2, 4 or 8 bytes.
func appendSigned(dst []byte, n int64, size int) []byte {
	switch size {
	case 2:
		return binary.BigEndian.AppendUint16(dst, uint16(n))
	case 4:
		return binary.BigEndian.AppendUint32(dst, uint32(n))
	default:
		return binary.BigEndian.AppendUint64(dst, uint64(n))
	}
}

// narrowFloat lets a float8 be a float4 that reads back as the same float8. NaN and the
// infinities do.
func narrowFloat(to Type) Narrow {
	changed := inexact(to)
	return func(dst, value []byte) ([]byte, string) {
		if len(value) != 8 {
			return dst, reasonForm
		}
		return appendNarrowFloat(dst, math.Float64frombits(binary.BigEndian.Uint64(value)), changed)
	}
}

func appendNarrowFloat(dst []byte, wide float64, changed string) ([]byte, string) {
	narrow := float32(wide)
	if float64(narrow) != wide && !math.IsNaN(wide) {
		return dst, changed
	}
	return binary.BigEndian.AppendUint32(dst, math.Float32bits(narrow)), ""
}

// timeSizes are the bytes of the types whose first eight hold microseconds.
var timeSizes = map[uint32]int{OIDTime: 8, OIDTimetz: 12, OIDTimestamp: 8, OIDTimestamptz: 8, OIDInterval: 16}

// narrowTime lets times be of a type that keeps fewer digits of the second. An interval
// that keeps only some of its fields is none of them.
func narrowTime(to Type) Narrow {
	size, known := timeSizes[to.OID]
	precision := to.Typmod
	if to.OID == OIDInterval {
		known = known && to.Typmod>>16&fullRange == fullRange
		precision &= 0xffff
	}
	if !known || precision < 0 || precision > 6 {
		return nil
	}
	step, tooFine := precisionStep(precision), tooFine(to)
	return func(dst, value []byte) ([]byte, string) {
		if len(value) != size {
			return dst, reasonForm
		}
		if int64(binary.BigEndian.Uint64(value))%step != 0 && !endless(to.OID, value) {
			return dst, tooFine
		}
		return append(dst, value...), ""
	}
}

// endless tells the infinities of timestamps and intervals, which every precision keeps.
func endless(oid uint32, value []byte) bool {
	micros := int64(binary.BigEndian.Uint64(value))
	switch oid {
	case OIDTimestamp, OIDTimestamptz:
		return micros == math.MaxInt64 || micros == math.MinInt64
	case OIDInterval:
		days, months := signed(value[8:12]), signed(value[12:])
		return micros == math.MaxInt64 && days == math.MaxInt32 && months == math.MaxInt32 ||
			micros == math.MinInt64 && days == math.MinInt32 && months == math.MinInt32
	default:
		return false
	}
}

// Reasons of values that a narrower type does not hold.

func outOfRange(to Type) string { return fmt.Sprintf("the value is out of range for %s", to) }

func tooFine(to Type) string {
	return fmt.Sprintf("the value has more digits behind the point than %s keeps", to)
}
func inexact(to Type) string { return fmt.Sprintf("the value would be rounded in %s", to) }
