package pgbinary

import (
	"encoding/binary"
	"math"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

func dateDays(values arrow.Array, _ Target) valueEncoder {
	dates := values.(*array.Date32)
	return func(dst []byte, row int) ([]byte, string) {
		days := int64(dates.Value(row)) - epochDays
		if days < minDate || days >= endDate {
			return dst, reasonRange
		}
		return binary.BigEndian.AppendUint32(dst, uint32(int32(days))), ""
	}
}

// dateMicros writes a date as the timestamp of its midnight.
func dateMicros(values arrow.Array, _ Target) valueEncoder {
	dates := values.(*array.Date32)
	return func(dst []byte, row int) ([]byte, string) {
		days := int64(dates.Value(row)) - epochDays
		if days < minTimestamp/dayMicros || days >= endTimestamp/dayMicros {
			return dst, reasonRange
		}
		return binary.BigEndian.AppendUint64(dst, uint64(days*dayMicros)), ""
	}
}

// perMicro says how many microseconds, or which part of one, a unit holds.
func perMicro(unit arrow.TimeUnit) (times, parts int64) {
	switch unit {
	case arrow.Second:
		return 1_000_000, 1
	case arrow.Millisecond:
		return 1_000, 1
	case arrow.Nanosecond:
		return 1, 1_000
	default:
		return 1, 1
	}
}

// toMicros changes the unit; it refuses what microseconds cannot hold.
func toMicros(value, times, parts int64) (int64, bool) {
	if value%parts != 0 || value > math.MaxInt64/times || value < math.MinInt64/times {
		return 0, false
	}
	return value / parts * times, true
}

func timeMicros(values arrow.Array, target Target) valueEncoder {
	times, parts := perMicro(values.DataType().(*arrow.Time64Type).Unit)
	clock := values.(*array.Time64)
	step := precisionStep(target.Typmod)
	return func(dst []byte, row int) ([]byte, string) {
		micros, ok := toMicros(int64(clock.Value(row)), times, parts)
		if !ok || micros < 0 || micros > dayMicros || micros%step != 0 {
			return dst, reasonRange
		}
		return binary.BigEndian.AppendUint64(dst, uint64(micros)), ""
	}
}

func timestampMicros(values arrow.Array, target Target) valueEncoder {
	times, parts := perMicro(values.DataType().(*arrow.TimestampType).Unit)
	stamps := values.(*array.Timestamp)
	step := precisionStep(target.Typmod)
	return func(dst []byte, row int) ([]byte, string) {
		micros, ok := toMicros(int64(stamps.Value(row)), times, parts)
		// The lower bound also keeps the subtraction from overflowing.
		if !ok || micros < minTimestamp+epochMicros || micros%step != 0 {
			return dst, reasonRange
		}
		return binary.BigEndian.AppendUint64(dst, uint64(micros-epochMicros)), ""
	}
}

// precisionStep is the distance in microseconds of the values that a column with a
// declared precision holds. Finer values are refused, since the server would round.
func precisionStep(typmod int32) int64 {
	step := int64(1)
	for digits := typmod; digits >= 0 && digits < 6; digits++ {
		step *= 10
	}
	return step
}
