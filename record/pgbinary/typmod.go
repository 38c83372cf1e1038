package pgbinary

import (
	"fmt"
	"strconv"
	"strings"
)

const (
	headerSize  = 4 // VARHDRSZ, which the server adds to some modifiers
	fullRange   = 0x7fff
	noPrecision = 0xffff
)

// intervalFields are the field restrictions of intervals by their bits (datetime.h).
var intervalFields = map[int32]string{
	1 << 2: "year", 1 << 1: "month", 1 << 3: "day", 1 << 10: "hour", 1 << 11: "minute", 1 << 12: "second",
	1<<2 | 1<<1: "year to month", 1<<3 | 1<<10: "day to hour", 1<<3 | 1<<10 | 1<<11: "day to minute",
	1<<3 | 1<<10 | 1<<11 | 1<<12: "day to second", 1<<10 | 1<<11: "hour to minute",
	1<<10 | 1<<11 | 1<<12: "hour to second", 1<<11 | 1<<12: "minute to second",
}

// parseModifier reads what stands in the parentheses of a type.
func parseModifier(m modifier, text string) (int32, bool) {
	switch m {
	case lengthModifier:
		n, ok := number(text, 1, 10_485_760)
		return n + headerSize, ok
	case bitModifier:
		return number(text, 1, 83_886_080)
	case timeModifier:
		return number(text, 0, 6)
	case numericModifier:
		return parseNumericModifier(text)
	case intervalModifier:
		return parseIntervalModifier(text)
	default:
		return 0, false
	}
}

func number(text string, low, high int32) (int32, bool) {
	n, err := strconv.ParseInt(strings.TrimSpace(text), 10, 32)
	return int32(n), err == nil && int32(n) >= low && int32(n) <= high
}

func parseNumericModifier(text string) (int32, bool) {
	before, after, hasScale := strings.Cut(text, ",")
	precision, ok := number(before, 1, 1000)
	scale := int32(0)
	if ok && hasScale {
		scale, ok = number(after, -1000, 1000)
	}
	return (precision<<16 | scale&0x7ff) + headerSize, ok
}

func parseIntervalModifier(text string) (int32, bool) {
	if n, ok := number(text, 0, 6); ok {
		return fullRange<<16 | n, true
	}
	fields, rest, hasPrecision := strings.Cut(text, "(")
	precision, ok := int32(noPrecision), true
	if hasPrecision {
		precision, ok = number(strings.TrimSuffix(rest, ")"), 0, 6)
	}
	for bits, name := range intervalFields {
		if name == strings.TrimSpace(fields) {
			return bits<<16 | precision, ok
		}
	}
	return 0, false
}

// numericModifiers returns precision and scale, false when there are none.
func numericModifiers(typmod int32) (precision, scale int32, ok bool) {
	if typmod < headerSize {
		return 0, 0, false
	}
	typmod -= headerSize
	// The scale is an 11-bit number with a sign.
	return typmod >> 16 & 0xffff, typmod&0x7ff ^ 1024 - 1024, true
}

// withModifier writes a type as format_type does.
func withModifier(b builtin, typmod int32) string {
	if typmod < 0 {
		if b.oid == OIDBpchar {
			return "bpchar" // without a length it is not "character", which means length 1
		}
		if b.oid == OIDBit {
			return `"bit"`
		}
		return b.name
	}
	switch b.mod {
	case lengthModifier:
		return fmt.Sprintf("%s(%d)", b.name, typmod-headerSize)
	case bitModifier:
		return fmt.Sprintf("%s(%d)", b.name, typmod)
	case numericModifier:
		precision, scale, _ := numericModifiers(typmod)
		return fmt.Sprintf("%s(%d,%d)", b.name, precision, scale)
	case timeModifier:
		first, rest, _ := strings.Cut(b.name, " ")
		return fmt.Sprintf("%s(%d) %s", first, typmod, rest)
	case intervalModifier:
		return intervalName(typmod)
	default:
		return b.name
	}
}

func intervalName(typmod int32) string {
	name := "interval"
	if fields, ok := intervalFields[typmod>>16&fullRange]; ok {
		name += " " + fields
	}
	if precision := typmod & 0xffff; precision != noPrecision {
		name += fmt.Sprintf("(%d)", precision)
	}
	return name
}
