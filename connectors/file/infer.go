package file

import (
	"bytes"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/record"
)

// guess is what the values of one column have been so far. A type stays possible until
// a value contradicts it; text is always possible.
type guess struct {
	// values counts those that are not NULL.
	values int64
	// no says which types a value has contradicted.
	noInt, noDecimal, noFloat, noBool, noDate, noTimestamp, noZoned, noUUID bool
	// whole and fraction are the most digits before and behind the point.
	whole, fraction int
	// settled says that only text is left.
	settled bool
}

// add takes one value that is not NULL.
func (g *guess) add(text []byte) {
	text = bytes.TrimSpace(text)
	if len(text) == 0 { // NULL for every type but text
		return
	}
	g.values++
	if g.settled {
		return
	}
	g.addNumber(text)
	if !g.noBool && !isTrueFalse(text) {
		g.noBool = true
	}
	g.addTime(text)
	if !g.noUUID {
		_, ok := parseUUID(text)
		g.noUUID = !ok
	}
	g.settled = g.noInt && g.noDecimal && g.noFloat && g.noBool && g.noDate && g.noTimestamp && g.noZoned && g.noUUID
}

// isTrueFalse is stricter than parseBool: a column of Y and N keeps its letters.
func isTrueFalse(text []byte) bool {
	return bytes.EqualFold(text, []byte("true")) || bytes.EqualFold(text, []byte("false"))
}

func (g *guess) addNumber(text []byte) {
	if g.noInt && g.noDecimal && g.noFloat {
		return
	}
	n, ok := parseNumber(text)
	if !ok {
		g.noInt, g.noDecimal, g.noFloat = true, true, true
		return
	}
	if !g.noFloat && (n.exponent || len(n.whole)+len(n.fraction) > exactDigits) {
		_, ok := parseExactFloat(text, 64)
		g.noFloat = !ok
	}
	if n.exponent {
		g.noInt, g.noDecimal = true, true
		return
	}
	g.whole, g.fraction = max(g.whole, len(n.whole)), max(g.fraction, len(n.fraction))
	if !g.noInt {
		_, ok := parseInt(text, 64)
		g.noInt = !ok
	}
	g.noDecimal = g.noDecimal || g.whole+g.fraction > record.MaxPrecision
}

func (g *guess) addTime(text []byte) {
	if g.noDate && g.noTimestamp && g.noZoned {
		return
	}
	_, date := parseDate(text)
	_, zoned, ok := parseInstant(text)
	g.noDate = g.noDate || !date
	g.noTimestamp = g.noTimestamp || !ok || zoned
	g.noZoned = g.noZoned || !ok || !zoned
}

// logical is the narrowest type that holds all values exactly. Numbers with a point get
// room to grow: 18 digits, or 38.
func (g *guess) logical() arrow.DataType {
	switch {
	case g.values == 0 || g.settled:
		return record.Text
	case !g.noBool:
		return record.Bool
	case !g.noInt:
		return record.Int64
	case !g.noDecimal && g.whole+g.fraction <= shortDigits:
		return record.Decimal(shortDigits, int32(g.fraction))
	case !g.noDecimal:
		return record.Decimal(record.MaxPrecision, int32(g.fraction))
	case !g.noFloat:
		return record.Float64
	case !g.noDate:
		return record.Date
	case !g.noTimestamp:
		return record.Timestamp
	case !g.noZoned:
		return record.TimestampTZ
	case !g.noUUID:
		return record.UUID()
	default:
		return record.Text
	}
}

// isText says whether no other type fits; a header's fields are such.
func (g *guess) isText() bool { return arrow.TypeEqual(g.logical(), record.Text) }
