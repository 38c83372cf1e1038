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

// toMicros returns how values of a unit are changed to microseconds of the target's
// precision. It refuses what those cannot hold.
func toMicros(unit arrow.TimeUnit, to Type) func(value int64) (micros int64, problem string) {
	times, parts := perMicro(unit)
	step, tooFine := precisionStep(to.Typmod), tooFine(to)
	return func(value int64) (int64, string) {
		if value > math.MaxInt64/times || value < math.MinInt64/times {
			return 0, reasonRange
		}
		if micros := value / parts * times; value%parts == 0 && micros%step == 0 {
			return micros, ""
		}
		return 0, tooFine
	}
}

func timeMicros(values arrow.Array, target Target) valueEncoder {
	clock, convert := values.(*array.Time64), toMicros(values.DataType().(*arrow.Time64Type).Unit, target.Type)
	return func(dst []byte, row int) ([]byte, string) {
		micros, problem := convert(int64(clock.Value(row)))
		if problem == "" && (micros < 0 || micros > dayMicros) {
			problem = reasonRange
		}
		return binary.BigEndian.AppendUint64(dst, uint64(micros)), problem
	}
}

func timestampMicros(values arrow.Array, target Target) valueEncoder {
	stamps, convert := values.(*array.Timestamp), toMicros(values.DataType().(*arrow.TimestampType).Unit, target.Type)
	return func(dst []byte, row int) ([]byte, string) {
		micros, problem := convert(int64(stamps.Value(row)))
		// The lower bound also keeps the subtraction from overflowing.
		if problem == "" && micros < minTimestamp+epochMicros {
			problem = reasonRange
		}
		return binary.BigEndian.AppendUint64(dst, uint64(micros-epochMicros)), problem
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
