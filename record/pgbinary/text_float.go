package pgbinary

import (
	"bytes"
	"math"
	"math/big"
	"strconv"
)

// floatDigits are the digits that float4 and float8 hold exactly.
var floatDigits = map[int]int{32: 6, 64: 15}

// appendFloat prints the shortest text that reads back as the same number, with an
// exponent below -4 and from 15 (6 for float4) on, as server versions from 12 do.
func appendFloat(dst []byte, f float64, bits int) []byte {
	switch {
	case math.IsNaN(f):
		return append(dst, "NaN"...)
	case math.IsInf(f, 1):
		return append(dst, "Infinity"...)
	case math.IsInf(f, -1):
		return append(dst, "-Infinity"...)
	}
	at := len(dst)
	dst = appendShortest(dst, f, bits)
	// The exponent of the text decides, not the number behind it.
	exponent, _ := strconv.Atoi(string(dst[at+bytes.IndexByte(dst[at:], 'e')+1:])) // made by AppendFloat
	if exponent < -4 || exponent >= floatDigits[bits] {
		return dst
	}
	behind := max(decimals(dst[at:])-exponent, 0)
	return strconv.AppendFloat(dst[:at], f, 'f', behind, bits)
}

// appendShortest prints a finite number with an exponent, as d.ddde+dd.
func appendShortest(dst []byte, f float64, bits int) []byte {
	at := len(dst)
	dst = strconv.AppendFloat(dst, f, 'e', -1, bits)
	for onBorder(dst[at:], f, bits) {
		dst = strconv.AppendFloat(dst[:at], f, 'e', decimals(dst[at:])+1, bits)
	}
	return dst
}

// decimals counts the digits between the point and the exponent.
func decimals(text []byte) int {
	point, e := bytes.IndexByte(text, '.'), bytes.IndexByte(text, 'e')
	if point < 0 {
		return 0
	}
	return e - point - 1
}

// borders are the only sizes where a shortest text can lie on a border. The middle of two
// neighbours is an odd number of 25 (54) bits times a power of two. A decimal of up to 9
// (17) digits is that only when its digits hold all those bits: with up to two (one)
// digits behind the point, so from 2^22 (2^52) on, and up to the size where the power of
// five in ten to the exponent alone has more bits.
var borders = map[int]struct{ from, to float64 }{32: {1 << 22, 1e20}, 64: {1 << 52, 1e41}}

// onBorder tells whether the text lies exactly between a number and its neighbour. Such
// a text reads back as the number only because ties go to even; the server takes more
// digits instead.
func onBorder(text []byte, f float64, bits int) bool {
	if size := math.Abs(f); size < borders[bits].from || size > borders[bits].to {
		return false
	}
	exact, ok := new(big.Rat).SetString(string(text))
	value := new(big.Rat).SetFloat64(f)
	if !ok || value == nil || exact.Cmp(value) == 0 {
		return false
	}
	toward := math.Inf(exact.Cmp(value))
	neighbour := math.Nextafter(f, toward)
	if bits == 32 {
		neighbour = float64(math.Nextafter32(float32(f), float32(toward)))
	}
	other := new(big.Rat).SetFloat64(neighbour)
	if other == nil { // beyond the largest number
		return false
	}
	middle := value.Add(value, other)
	return exact.Add(exact, exact).Cmp(middle) == 0
}
