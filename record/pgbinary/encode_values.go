package pgbinary

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"leat/record"
)

// Reasons of rows that cannot be encoded.
const (
	reasonNUL      = record.ReasonNUL
	reasonEncoding = "the text is not valid UTF-8"
	reasonRange    = "the value is out of range for the target's type"
)

// Days and microseconds from 1970 to 2000, where the server's clock begins.
const (
	epochDays   = 10_957
	epochMicros = epochDays * 86_400 * 1_000_000
	dayMicros   = 86_400 * 1_000_000
)

// The server's limits for timestamps and dates, counted from 2000 (timestamp.h, date.h).
const (
	minTimestamp = -211_813_488_000_000_000
	endTimestamp = 9_223_371_331_200_000_000
	minDate      = -2_451_545
	endDate      = 2_145_031_949
)

func boolByte(values arrow.Array, _ Target) valueEncoder {
	bools := values.(*array.Boolean)
	return func(dst []byte, row int) ([]byte, string) {
		if bools.Value(row) {
			return append(dst, 1), ""
		}
		return append(dst, 0), ""
	}
}

// checkText finds what no text of the server may hold.
func checkText(text string) string {
	switch {
	case !utf8.ValidString(text):
		return reasonEncoding
	case strings.IndexByte(text, 0) >= 0:
		return reasonNUL
	default:
		return ""
	}
}

func plainText(values arrow.Array, _ Target) valueEncoder {
	source := textsOf(values)
	return func(dst []byte, row int) ([]byte, string) {
		text := source.Value(row)
		return append(dst, text...), checkText(text)
	}
}

// limitedText refuses texts that are longer than the target allows, and those that are
// shorter than the type character, which would fill them with blanks.
func limitedText(values arrow.Array, target Target) valueEncoder {
	source, limit := textsOf(values), narrowText(target.From, target.Type)
	if target.OID == OIDName {
		limit = nameText
	} else if limit == nil {
		return plainText(values, target)
	}
	var text []byte
	return func(dst []byte, row int) ([]byte, string) {
		value := source.Value(row)
		if problem := checkText(value); problem != "" {
			return dst, problem
		}
		text = append(text[:0], value...)
		return limit(dst, text)
	}
}

// nameText takes what the type name holds.
func nameText(dst, text []byte) ([]byte, string) {
	if len(text) > 63 {
		return dst, "the text is longer than 63 bytes"
	}
	return append(dst, text...), ""
}

func jsonText(values arrow.Array, _ Target) valueEncoder {
	source := textsOf(values)
	return func(dst []byte, row int) ([]byte, string) {
		text := source.Value(row)
		return append(dst, text...), checkJSON(text)
	}
}

// jsonbText puts the version of jsonb's binary form before the text.
func jsonbText(values arrow.Array, _ Target) valueEncoder {
	source := textsOf(values)
	return func(dst []byte, row int) ([]byte, string) {
		text := source.Value(row)
		problem := checkJSON(text)
		if problem == "" {
			problem = record.UnfitEscapes(text)
		}
		return append(append(dst, 1), text...), problem
	}
}

func rawBytes(values arrow.Array, _ Target) valueEncoder {
	source := values.(interface{ Value(row int) []byte })
	return func(dst []byte, row int) ([]byte, string) { return append(dst, source.Value(row)...), "" }
}

// formatted writes the exact text of any value.
func formatted(values arrow.Array, target Target) valueEncoder {
	limit := int(target.Typmod) - headerSize
	return func(dst []byte, row int) ([]byte, string) {
		text := record.Format(values, row)
		if target.Typmod >= 0 && len(text) > limit {
			return dst, fmt.Sprintf("the text is longer than %d characters", limit)
		}
		return append(dst, text...), ""
	}
}

func uuidBytes(values arrow.Array, _ Target) valueEncoder {
	storage := values.(array.ExtensionArray).Storage().(*array.FixedSizeBinary)
	return func(dst []byte, row int) ([]byte, string) { return append(dst, storage.Value(row)...), "" }
}

func uuidText(values arrow.Array, target Target) valueEncoder { return formatted(values, target) }
