package pgbinary

import (
	"encoding/binary"
	"math"
	"strconv"
)

// narrowNumeric checks numerics that go into another type of numbers.
func narrowNumeric(to Type) Narrow {
	switch to.OID {
	case OIDNumeric:
		fit := numericFit(to)
		return func(dst, value []byte) ([]byte, string) {
			at := len(dst)
			return fit(append(dst, value...), at)
		}
	case OIDInt2, OIDInt4, OIDInt8:
		return numericInteger(to)
	case OIDFloat4:
		return numericFloat(to, 32)
	case OIDFloat8:
		return numericFloat(to, 64)
	default:
		return nil
	}
}

// numericFit checks the numeric that was appended at a place and gives it the scale of the
// target. A type without a declared precision takes all of them.
func numericFit(to Type) func(dst []byte, at int) ([]byte, string) {
	precision, scale, declared := numericModifiers(to.Typmod)
	tooLarge, tooFine := outOfRange(to), tooFine(to)
	return func(dst []byte, at int) ([]byte, string) {
		n, ok := readNumeric(dst[at:])
		switch {
		case !ok:
			return dst, reasonForm
		case !declared || n.sign == numericNaN:
			return dst, ""
		case n.sign != numericPositive && n.sign != numericNegative:
			return dst, tooLarge
		}
		if high, low, digits := n.extent(); digits > 0 {
			if low < -int(scale) {
				return dst, tooFine
			}
			if high >= int(precision-scale) {
				return dst, tooLarge
			}
		}
		binary.BigEndian.PutUint16(dst[at+6:], uint16(max(scale, 0)))
		return dst, ""
	}
}

// extent returns the powers of ten of the first and of the last digit that is not 0, and
// how many digits they span; 0 for the number 0.
func (n number10k) extent() (high, low, digits int) {
	first, last := 0, len(n.groups)/2-1
	for first <= last && n.at(first) == 0 {
		first++
	}
	for last >= first && n.at(last) == 0 {
		last--
	}
	if first > last {
		return 0, 0, 0
	}
	high = 4*(n.weight-first) - 1
	for g := n.at(first); g > 0; g /= 10 {
		high++
	}
	low = 4 * (n.weight - last)
	for g := n.at(last); g%10 == 0; g /= 10 {
		low++
	}
	return high, low, high - low + 1
}

// at returns the group of that index.
func (n number10k) at(i int) uint16 { return binary.BigEndian.Uint16(n.groups[2*i:]) }

// coefficient returns the digits from the first to the last that is not 0 as an integer,
// of which there may be 19 at most.
func (n number10k) coefficient(high, low int) uint64 {
	var all uint64
	for power := floorDiv(high, 4); power >= floorDiv(low, 4); power-- {
		group, size := uint64(n.group(power)), 4
		for ; 4*power+4-size < low; size-- {
			group /= 10
		}
		for range size {
			all *= 10
		}
		all += group
	}
	return all
}

func floorDiv(a, b int) int {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

// numericInteger lets numerics without digits behind the point be integers.
func numericInteger(to Type) Narrow {
	write := integerInto(to)
	tooLarge, tooFine := outOfRange(to), tooFine(to)
	return func(dst, value []byte) ([]byte, string) {
		n, ok := readNumeric(value)
		if !ok {
			return dst, reasonForm
		}
		if n.sign != numericPositive && n.sign != numericNegative {
			return dst, tooLarge
		}
		high, low, digits := n.extent()
		switch {
		case digits == 0:
			return write(dst, 0)
		case low < 0:
			return dst, tooFine
		case high > 18:
			return dst, tooLarge
		}
		size := n.coefficient(high, 0)
		negative := n.sign == numericNegative
		if size > math.MaxInt64 && (!negative || size > 1<<63) {
			return dst, tooLarge
		}
		if negative {
			return write(dst, int64(-size))
		}
		return write(dst, int64(size))
	}
}

// numericFloat lets a numeric be the float whose shortest text is that number. NaN and the
// infinities are floats as well.
func numericFloat(to Type, bits int) Narrow {
	changed := inexact(to)
	return func(dst, value []byte) ([]byte, string) {
		n, ok := readNumeric(value)
		if !ok {
			return dst, reasonForm
		}
		f, ok := n.float(bits)
		switch {
		case !ok:
			return dst, changed
		case bits == 32:
			return binary.BigEndian.AppendUint32(dst, math.Float32bits(float32(f))), ""
		default:
			return binary.BigEndian.AppendUint64(dst, math.Float64bits(f)), ""
		}
	}
}

// mostDigits is more than any shortest text of a float has.
const mostDigits = 17

// float returns the float whose shortest text is the number; false when there is none.
func (n number10k) float(bits int) (float64, bool) {
	switch n.sign {
	case numericNaN:
		return math.NaN(), true
	case numericPlusInf:
		return math.Inf(1), true
	case numericMinusInf:
		return math.Inf(-1), true
	}
	high, low, digits := n.extent()
	if digits == 0 {
		return 0, true
	}
	if digits > mostDigits || high > 400 || low < -400 {
		return 0, false
	}
	coefficient := n.coefficient(high, low)
	var room [48]byte
	text := strconv.AppendUint(room[:0], coefficient, 10)
	text = strconv.AppendInt(append(text, 'e'), int64(low), 10)
	f, err := strconv.ParseFloat(string(text), bits)
	if err != nil {
		return 0, false
	}
	text = appendShortest(room[:0], f, bits)
	if c, power := readShortest(text); c != coefficient || power != low {
		return 0, false
	}
	if n.sign == numericNegative {
		f = -f
	}
	return f, true
}

// readShortest reads what appendShortest wrote for a positive number: its digits without
// the zeros at the end, and the power of ten of the last.
func readShortest(text []byte) (coefficient uint64, power int) {
	behind, inFraction := 0, false
	for i, c := range text {
		switch c {
		case '.':
			inFraction = true
		case 'e':
			exponent, _ := strconv.Atoi(string(text[i+1:])) // made by AppendFloat
			power = exponent - behind
			for coefficient > 0 && coefficient%10 == 0 {
				coefficient, power = coefficient/10, power+1
			}
			return coefficient, power
		default:
			coefficient = coefficient*10 + uint64(c-'0')
			if inFraction {
				behind++
			}
		}
	}
	return 0, 0
}

// appendInteger appends the numeric of an integer.
func appendInteger(dst []byte, n int64) []byte {
	sign, size := signed10k(n)
	return appendGroups(dst, sign, size, 0, 0)
}

// signed10k returns the sign and the size of an integer.
func signed10k(n int64) (sign uint16, size uint64) {
	if n < 0 {
		return numericNegative, -uint64(n)
	}
	return numericPositive, uint64(n)
}

// shortDecimal is a size below which appendDecimal needs no big integers.
const shortDecimal = 1_000_000_000_000_000

// appendDecimal appends the numeric n / 10^scale, for a size of n below shortDecimal and a
// scale from 0 on.
func appendDecimal(dst []byte, n int64, scale int32) []byte {
	sign, size := signed10k(n)
	aligned := (scale + 3) / 4 // groups behind the point
	for range 4*aligned - scale {
		size *= 10
	}
	return appendGroups(dst, sign, size, int(aligned), uint16(scale))
}

// appendGroups appends the numeric of an integer divided by 10000^behind.
func appendGroups(dst []byte, sign uint16, size uint64, behind int, scale uint16) []byte {
	var groups [5]uint16 // of 20 digits
	first := len(groups)
	for ; size > 0; size /= 10_000 {
		first--
		groups[first] = uint16(size % 10_000)
	}
	weight, last := len(groups)-1-first-behind, len(groups)
	for last > first && groups[last-1] == 0 {
		last--
	}
	if last == first {
		weight = 0
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(last-first))
	dst = binary.BigEndian.AppendUint16(dst, uint16(weight))
	dst = binary.BigEndian.AppendUint16(dst, sign)
	dst = binary.BigEndian.AppendUint16(dst, scale)
	for _, group := range groups[first:last] {
		dst = binary.BigEndian.AppendUint16(dst, group)
	}
	return dst
}
