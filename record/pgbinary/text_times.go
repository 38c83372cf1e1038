package pgbinary

import (
	"encoding/binary"
	"math"
	"strconv"
	"time"
)

func dateText(dst, v []byte) ([]byte, bool) {
	if len(v) != 4 {
		return dst, false
	}
	days := int32(binary.BigEndian.Uint32(v))
	if text, ok := infinity(days == math.MaxInt32, days == math.MinInt32); ok {
		return append(dst, text...), true
	}
	year, month, day := civil(int64(days))
	dst = appendDate(dst, year, month, day)
	return appendEra(dst, year), true
}

func infinity(plus, minus bool) (string, bool) {
	switch {
	case plus:
		return "infinity", true
	case minus:
		return "-infinity", true
	default:
		return "", false
	}
}

// civil returns the proleptic Gregorian date of a day counted from 2000-01-01. The
// year 0 is 1 BC.
func civil(days int64) (year int, month time.Month, day int) {
	return time.Unix((days+epochDays)*86_400, 0).UTC().Date()
}

func appendDate(dst []byte, year int, month time.Month, day int) []byte {
	if year <= 0 {
		year = 1 - year
	}
	dst = appendPadded(dst, int64(year), 4)
	dst = appendPadded(append(dst, '-'), int64(month), 2)
	return appendPadded(append(dst, '-'), int64(day), 2)
}

func appendEra(dst []byte, year int) []byte {
	if year <= 0 {
		dst = append(dst, " BC"...)
	}
	return dst
}

func appendPadded(dst []byte, n int64, width int) []byte {
	for limit := int64(10); width > 1; width-- {
		if n < limit {
			for ; width > 1; width-- {
				dst = append(dst, '0')
			}
			break
		}
		limit *= 10
	}
	return strconv.AppendInt(dst, n, 10)
}

// appendClock prints hours, minutes, seconds and the decimals without zeros at the end.
func appendClock(dst []byte, micros int64) []byte {
	dst = appendPadded(dst, micros/3_600_000_000, 2)
	dst = appendPadded(append(dst, ':'), micros/60_000_000%60, 2)
	dst = appendPadded(append(dst, ':'), micros/1_000_000%60, 2)
	return appendDecimals(dst, micros%1_000_000)
}

func appendDecimals(dst []byte, micros int64) []byte {
	if micros == 0 {
		return dst
	}
	dst = appendPadded(append(dst, '.'), micros, 6)
	for dst[len(dst)-1] == '0' {
		dst = dst[:len(dst)-1]
	}
	return dst
}

func clockText(dst, v []byte) ([]byte, bool) {
	if len(v) != 8 {
		return dst, false
	}
	return appendClock(dst, int64(binary.BigEndian.Uint64(v))), true
}

// timetzText prints the clock and the zone, which is stored in seconds west.
func timetzText(dst, v []byte) ([]byte, bool) {
	if len(v) != 12 {
		return dst, false
	}
	dst = appendClock(dst, int64(binary.BigEndian.Uint64(v)))
	east := -int64(int32(binary.BigEndian.Uint32(v[8:])))
	sign := byte('+')
	if east < 0 {
		sign, east = '-', -east
	}
	dst = appendPadded(append(dst, sign), east/3600, 2)
	if east%3600 != 0 {
		dst = appendPadded(append(dst, ':'), east/60%60, 2)
	}
	if east%60 != 0 {
		dst = appendPadded(append(dst, ':'), east%60, 2)
	}
	return dst, true
}

func stampText(dst, v []byte) ([]byte, bool)   { return appendStamp(dst, v, "") }
func stampTZText(dst, v []byte) ([]byte, bool) { return appendStamp(dst, v, "+00") }

func appendStamp(dst, v []byte, zone string) ([]byte, bool) {
	if len(v) != 8 {
		return dst, false
	}
	micros := int64(binary.BigEndian.Uint64(v))
	if text, ok := infinity(micros == math.MaxInt64, micros == math.MinInt64); ok {
		return append(dst, text...), true
	}
	days, clock := micros/dayMicros, micros%dayMicros
	if clock < 0 {
		days, clock = days-1, clock+dayMicros
	}
	year, month, day := civil(days)
	dst = appendDate(dst, year, month, day)
	dst = appendClock(append(dst, ' '), clock)
	return appendEra(append(dst, zone...), year), true
}

// intervalText prints the style "postgres": years, months and days in words, then the
// clock. A positive part behind a negative one gets its sign (EncodeInterval).
func intervalText(dst, v []byte) ([]byte, bool) {
	if len(v) != 16 {
		return dst, false
	}
	micros, days, months := int64(binary.BigEndian.Uint64(v)), signed(v[8:12]), signed(v[12:])
	if text, ok := infinity(micros == math.MaxInt64 && days == math.MaxInt32 && months == math.MaxInt32,
		micros == math.MinInt64 && days == math.MinInt32 && months == math.MinInt32); ok {
		return append(dst, text...), true
	}
	start, negative := len(dst), false
	for _, part := range []struct {
		n    int64
		word string
	}{{months / 12, " year"}, {months % 12, " mon"}, {days, " day"}} {
		if part.n != 0 {
			dst = appendPart(dst, part.n, part.word, len(dst) == start, negative)
			negative = part.n < 0
		}
	}
	if micros == 0 && len(dst) > start {
		return dst, true
	}
	return appendIntervalClock(dst, micros, len(dst) == start, negative), true
}

func appendPart(dst []byte, n int64, word string, first, afterNegative bool) []byte {
	if !first {
		dst = append(dst, ' ')
	}
	if afterNegative && n > 0 {
		dst = append(dst, '+')
	}
	dst = append(strconv.AppendInt(dst, n, 10), word...)
	if n != 1 {
		dst = append(dst, 's')
	}
	return dst
}

func appendIntervalClock(dst []byte, micros int64, first, afterNegative bool) []byte {
	if !first {
		dst = append(dst, ' ')
	}
	size := uint64(micros)
	switch {
	case micros < 0:
		dst, size = append(dst, '-'), -size
	case afterNegative:
		dst = append(dst, '+')
	}
	// Hours apart, since the size of the smallest interval is no int64.
	hours := int64(size / 3_600_000_000)
	dst = appendPadded(dst, hours, 2)
	rest := appendClock(nil, int64(size%3_600_000_000))
	return append(dst, rest[2:]...)
}
