package file

import (
	"bytes"
	"encoding/hex"
	"math/big"
	"strconv"
	"time"
	"unsafe"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/decimal128"
)

// number is a decimal number as text.
type number struct {
	negative bool
	// whole and fraction are digits; whole has no leading zeros but a single one.
	whole, fraction []byte
	// exponent says that the text has one; the number is a float then.
	exponent bool
}

// parseNumber takes an optional minus, digits, an optional fraction and exponent. Texts
// that are more than their number, such as 007 and +420, are no numbers.
func parseNumber(text []byte) (number, bool) {
	var n number
	if len(text) > 0 && text[0] == '-' {
		n.negative, text = true, text[1:]
	}
	n.whole, text = digits(text)
	if len(n.whole) == 0 || len(n.whole) > 1 && n.whole[0] == '0' {
		return n, false
	}
	if len(text) > 0 && text[0] == '.' {
		if n.fraction, text = digits(text[1:]); len(n.fraction) == 0 {
			return n, false
		}
	}
	if len(text) == 0 {
		return n, true
	}
	n.exponent = true
	return n, isExponent(text)
}

func isExponent(text []byte) bool {
	if text[0] != 'e' && text[0] != 'E' {
		return false
	}
	text = text[1:]
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	found, rest := digits(text)
	return len(found) > 0 && len(rest) == 0
}

// digits splits off the leading digits.
func digits(text []byte) (found, rest []byte) {
	i := 0
	for i < len(text) && text[i] >= '0' && text[i] <= '9' {
		i++
	}
	return text[:i], text[i:]
}

// parseInt parses an integer of at most 64 bits.
func parseInt(text []byte, bits int) (int64, bool) {
	n, ok := parseNumber(text)
	if !ok || n.exponent || len(n.fraction) > 0 {
		return 0, false
	}
	value, err := strconv.ParseInt(view(text), 10, bits)
	return value, err == nil
}

// view is text as a string that lives no longer than text.
func view(text []byte) string { return unsafe.String(unsafe.SliceData(text), len(text)) }

// shortDigits is how many digits an int64 surely holds.
const shortDigits = 18

// parseDecimal parses a number exactly: more digits than the type has are refused but
// for zeros at the end of the fraction.
func parseDecimal(text []byte, precision, scale int) (decimal128.Num, bool) {
	n, ok := parseNumber(text)
	if !ok || n.exponent {
		return decimal128.Num{}, false
	}
	for len(n.fraction) > scale && n.fraction[len(n.fraction)-1] == '0' {
		n.fraction = n.fraction[:len(n.fraction)-1]
	}
	whole := len(n.whole)
	if n.whole[0] == '0' {
		whole = 0
	}
	if len(n.fraction) > scale || whole+scale > precision {
		return decimal128.Num{}, false
	}
	value := unscaled(n, scale)
	if n.negative {
		value = value.Negate()
	}
	return value, true
}

func unscaled(n number, scale int) decimal128.Num {
	if len(n.whole)+scale <= shortDigits {
		value := int64(0)
		for _, c := range n.whole {
			value = value*10 + int64(c-'0')
		}
		for i := range scale {
			value *= 10
			if i < len(n.fraction) {
				value += int64(n.fraction[i] - '0')
			}
		}
		return decimal128.FromI64(value)
	}
	all := append(append([]byte{}, n.whole...), n.fraction...)
	for range scale - len(n.fraction) {
		all = append(all, '0')
	}
	value, _ := new(big.Int).SetString(string(all), 10)
	return decimal128.FromBigInt(value)
}

// parseFloat takes the nearest number of so many bits; only zero becomes zero.
func parseFloat(text []byte, bits int) (float64, bool) {
	value, err := strconv.ParseFloat(view(text), bits)
	if err == nil && value == 0 {
		n, ok := parseNumber(text)
		return value, !ok || len(significant(n)) == 0
	}
	return value, err == nil
}

// exactDigits is how many digits every 64 bit float within reach gives back.
const exactDigits = 15

// parseExactFloat is parseFloat for texts whose number is the float's: the shortest decimal
// that means the float is the text's.
func parseExactFloat(text []byte, bits int) (float64, bool) {
	value, ok := parseFloat(text, bits)
	if n, isNumber := parseNumber(text); ok && isNumber {
		digits, exponent := decimalOf(n, text)
		var buffer [32]byte
		shortest := strconv.AppendFloat(buffer[:0], value, 'e', -1, bits)
		back, isNumber := parseNumber(shortest)
		backDigits, backExponent := decimalOf(back, shortest)
		ok = isNumber && bytes.Equal(digits, backDigits) && (len(digits) == 0 || exponent == backExponent)
	}
	return value, ok
}

// decimalOf writes a number as significant digits without zeros at both ends, which have
// the point before the first one, and a power of ten.
func decimalOf(n number, text []byte) (digits []byte, exponent int) {
	if at := bytes.IndexAny(text, "eE"); at >= 0 {
		exponent, _ = strconv.Atoi(view(text[at+1:])) // beyond an int it is no float either
	}
	all := append(append(make([]byte, 0, 32), n.whole...), n.fraction...)
	digits = bytes.TrimLeft(all, "0")
	exponent += len(n.whole) - (len(all) - len(digits))
	return bytes.TrimRight(digits, "0"), exponent
}

// significant is the digits of a number without zeros at both ends.
func significant(n number) []byte {
	digits, _ := decimalOf(n, nil)
	return digits
}

var boolWords = map[string]bool{
	"true": true, "t": true, "yes": true, "y": true, "on": true, "1": true,
	"false": false, "f": false, "no": false, "n": false, "off": false, "0": false,
}

// longestBool is the longest of the words.
const longestBool = 5

func parseBool(text []byte) (value, ok bool) {
	if len(text) > longestBool {
		return false, false
	}
	var lower [longestBool]byte
	for i, c := range text {
		if c >= 'A' && c <= 'Z' {
			c += 'a' - 'A'
		}
		lower[i] = c
	}
	value, ok = boolWords[view(lower[:len(text)])]
	return value, ok
}

// fixedDigits reads exactly n digits.
func fixedDigits(text []byte, n int) (int, bool) {
	value := 0
	for _, c := range text[:n] {
		if c < '0' || c > '9' {
			return 0, false
		}
		value = value*10 + int(c-'0')
	}
	return value, true
}

// parseDay parses 2006-01-02 at the start of text, as days since 1970.
func parseDay(text []byte) (days int64, rest []byte, ok bool) {
	if len(text) < 10 || text[4] != '-' || text[7] != '-' {
		return 0, nil, false
	}
	year, ok1 := fixedDigits(text, 4)
	month, ok2 := fixedDigits(text[5:], 2)
	day, ok3 := fixedDigits(text[8:], 2)
	if !ok1 || !ok2 || !ok3 || year == 0 || month < 1 || month > 12 || day < 1 {
		return 0, nil, false
	}
	date := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if date.Day() != day { // 2026-02-30
		return 0, nil, false
	}
	return date.Unix() / 86_400, text[10:], true
}

func parseDate(text []byte) (arrow.Date32, bool) {
	days, rest, ok := parseDay(text)
	return arrow.Date32(days), ok && len(rest) == 0
}

// parseClock parses 15:04, 15:04:05 or 15:04:05.999999 at the start of text, in
// microseconds. Digits beyond microseconds must be zeros.
func parseClock(text []byte) (micros int64, rest []byte, ok bool) {
	if len(text) < 5 || text[2] != ':' {
		return 0, nil, false
	}
	hour, ok1 := fixedDigits(text, 2)
	minute, ok2 := fixedDigits(text[3:], 2)
	if !ok1 || !ok2 || hour > 23 || minute > 59 {
		return 0, nil, false
	}
	micros, rest = int64(hour*60+minute)*60_000_000, text[5:]
	if len(rest) < 3 || rest[0] != ':' {
		return micros, rest, true
	}
	second, ok := fixedDigits(rest[1:], 2)
	if !ok || second > 59 {
		return 0, nil, false
	}
	micros, rest = micros+int64(second)*1_000_000, rest[3:]
	if len(rest) == 0 || rest[0] != '.' && rest[0] != ',' {
		return micros, rest, true
	}
	fraction, rest := digits(rest[1:])
	part, ok := fractionMicros(fraction)
	return micros + part, rest, ok
}

func fractionMicros(fraction []byte) (int64, bool) {
	value := int64(0)
	for i := range max(6, len(fraction)) {
		c := byte('0')
		if i < len(fraction) {
			c = fraction[i]
		}
		if i >= 6 {
			if c != '0' {
				return 0, false
			}
			continue
		}
		value = value*10 + int64(c-'0')
	}
	return value, len(fraction) > 0
}

func parseTime(text []byte) (arrow.Time64, bool) {
	micros, rest, ok := parseClock(text)
	return arrow.Time64(micros), ok && len(rest) == 0
}

// parseInstant parses a date, or a date and a time with T or a space between, and says
// whether an offset from UTC followed.
func parseInstant(text []byte) (at arrow.Timestamp, zoned, ok bool) {
	days, rest, ok := parseDay(text)
	if !ok {
		return 0, false, false
	}
	at = arrow.Timestamp(days * 86_400_000_000)
	if len(rest) == 0 {
		return at, false, true
	}
	if rest[0] != 'T' && rest[0] != ' ' && rest[0] != 't' {
		return 0, false, false
	}
	micros, rest, ok := parseClock(rest[1:])
	if !ok {
		return 0, false, false
	}
	at += arrow.Timestamp(micros)
	if len(rest) == 0 {
		return at, false, true
	}
	offset, ok := parseOffset(rest)
	return at - arrow.Timestamp(offset), true, ok
}

// parseOffset parses Z, +02, +0200, +02:00 and the same after a space, in microseconds.
func parseOffset(text []byte) (int64, bool) {
	if text[0] == ' ' {
		text = text[1:]
	}
	switch view(text) {
	case "Z", "z", "UTC":
		return 0, true
	}
	if len(text) < 3 || text[0] != '+' && text[0] != '-' {
		return 0, false
	}
	hours, ok := fixedDigits(text[1:], 2)
	minutes, rest := 0, text[3:]
	if len(rest) > 0 && rest[0] == ':' {
		rest = rest[1:]
	}
	if ok && len(rest) == 2 {
		minutes, ok = fixedDigits(rest, 2)
		rest = nil
	}
	if !ok || len(rest) > 0 || hours > 18 || minutes > 59 || len(text) == 4 {
		return 0, false
	}
	micros := int64(hours*60+minutes) * 60_000_000
	if text[0] == '-' {
		micros = -micros
	}
	return micros, true
}

// parseUUID parses the form with dashes.
func parseUUID(text []byte) (id [16]byte, ok bool) {
	if len(text) != 36 || text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return id, false
	}
	var hexed [32]byte
	n := 0
	for i, c := range text {
		if i != 8 && i != 13 && i != 18 && i != 23 {
			hexed[n] = c
			n++
		}
	}
	_, err := hex.Decode(id[:], hexed[:])
	return id, err == nil
}
