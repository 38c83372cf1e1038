package pgbinary

import (
	"encoding/binary"
	"math/big"
	"strconv"
	"strings"
)

// The signs of numeric's binary form (numeric.c).
const (
	numericPositive = 0x0000
	numericNegative = 0x4000
	numericNaN      = 0xC000
	numericPlusInf  = 0xD000
	numericMinusInf = 0xF000
)

// appendNumeric appends the binary form of unscaled / 10^scale.
func appendNumeric(dst []byte, unscaled *big.Int, scale int32) []byte {
	digits := new(big.Int).Abs(unscaled).String()
	return appendDigits(dst, unscaled.Sign() < 0, digits, scale)
}

// appendDigits appends the number that the decimal digits are, divided by 10^scale.
func appendDigits(dst []byte, negative bool, digits string, scale int32) []byte {
	if scale < 0 {
		digits, scale = digits+strings.Repeat("0", int(-scale)), 0
	}
	whole, fraction := splitDigits(digits, int(scale))
	groups, weight := groupDigits(whole, fraction)
	sign := uint16(numericPositive)
	if negative && len(groups) > 0 {
		sign = numericNegative
	}
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(groups)))
	dst = binary.BigEndian.AppendUint16(dst, uint16(weight))
	dst = binary.BigEndian.AppendUint16(dst, sign)
	dst = binary.BigEndian.AppendUint16(dst, uint16(scale))
	for _, group := range groups {
		dst = binary.BigEndian.AppendUint16(dst, group)
	}
	return dst
}

// splitDigits cuts digits before the last scale ones.
func splitDigits(digits string, scale int) (whole, fraction string) {
	if missing := scale - len(digits); missing > 0 {
		digits = strings.Repeat("0", missing) + digits
	}
	return strings.TrimLeft(digits[:len(digits)-scale], "0"), digits[len(digits)-scale:]
}

// groupDigits makes groups of four digits around the point, without the zero groups at
// both ends, and the weight of the first.
func groupDigits(whole, fraction string) (groups []uint16, weight int16) {
	whole = strings.Repeat("0", (4-len(whole)%4)%4) + whole
	fraction += strings.Repeat("0", (4-len(fraction)%4)%4)
	weight = int16(len(whole)/4 - 1)
	all := whole + fraction
	for i := 0; i < len(all); i += 4 {
		n, _ := strconv.ParseUint(all[i:i+4], 10, 16) // four decimal digits
		groups = append(groups, uint16(n))
	}
	for len(groups) > 0 && groups[0] == 0 {
		groups, weight = groups[1:], weight-1
	}
	for len(groups) > 0 && groups[len(groups)-1] == 0 {
		groups = groups[:len(groups)-1]
	}
	if len(groups) == 0 {
		weight = 0
	}
	return groups, weight
}

// number10k is a decoded numeric: groups of four digits, the first of them worth
// 10000^weight.
type number10k struct {
	groups  []byte // two bytes each
	weight  int
	sign    uint16
	display int // digits behind the point
}

func readNumeric(src []byte) (number10k, bool) {
	if len(src) < 8 || len(src) != 8+2*int(binary.BigEndian.Uint16(src)) {
		return number10k{}, false
	}
	return number10k{
		groups:  src[8:],
		weight:  int(int16(binary.BigEndian.Uint16(src[2:]))),
		sign:    binary.BigEndian.Uint16(src[4:]),
		display: int(binary.BigEndian.Uint16(src[6:])),
	}, true
}

// group returns the four digits worth 10000^power.
func (n number10k) group(power int) uint16 {
	i := n.weight - power
	if i < 0 || 2*i >= len(n.groups) {
		return 0
	}
	return binary.BigEndian.Uint16(n.groups[2*i:])
}

// appendText writes the number as the server prints it.
func (n number10k) appendText(dst []byte) []byte {
	switch n.sign {
	case numericNaN:
		return append(dst, "NaN"...)
	case numericPlusInf:
		return append(dst, "Infinity"...)
	case numericMinusInf:
		return append(dst, "-Infinity"...)
	case numericNegative:
		dst = append(dst, '-')
	}
	if n.weight < 0 {
		dst = append(dst, '0')
	}
	for power := n.weight; power >= 0; power-- {
		if power == n.weight {
			dst = strconv.AppendUint(dst, uint64(n.group(power)), 10)
			continue
		}
		dst = appendFour(dst, n.group(power))
	}
	if n.display == 0 {
		return dst
	}
	dst = append(dst, '.')
	end := len(dst) + n.display
	for power := -1; len(dst) < end; power-- {
		dst = appendFour(dst, n.group(power))
	}
	return dst[:end]
}

func appendFour(dst []byte, group uint16) []byte {
	return append(dst, byte('0'+group/1000), byte('0'+group/100%10), byte('0'+group/10%10), byte('0'+group%10))
}
