package pgbinary

import (
	"bytes"
	"fmt"
	"unicode/utf8"
)

// narrowText lets texts be of a type with a limit. Characters are counted, not bytes, and
// blanks at the end count: the server would cut them without a word. It pads the type
// character, so a text fits there at exactly its length. In a value of the type character
// itself the blanks at the end mean nothing, and may go.
func narrowText(from, to Type) Narrow {
	if to.OID != OIDVarchar && to.OID != OIDBpchar || to.Typmod < headerSize {
		return nil
	}
	limit := int(to.Typmod) - headerSize
	tooLong := fmt.Sprintf("the text is longer than %d characters", limit)
	switch {
	case from.OID == OIDBpchar:
		return func(dst, value []byte) ([]byte, string) {
			return appendPaddedText(dst, value, limit, to.OID == OIDBpchar, tooLong)
		}
	case to.OID == OIDBpchar:
		short := fmt.Sprintf("the text is shorter than the %d characters of %s, which would be filled with blanks", limit, to)
		return func(dst, value []byte) ([]byte, string) {
			switch count := utf8.RuneCount(value); {
			case count > limit:
				return dst, tooLong
			case count < limit:
				return dst, short
			}
			return append(dst, value...), ""
		}
	default:
		return func(dst, value []byte) ([]byte, string) {
			if len(value) > limit && utf8.RuneCount(value) > limit {
				return dst, tooLong
			}
			return append(dst, value...), ""
		}
	}
}

// appendPaddedText writes a value of the type character with at most limit characters, and
// with exactly so many where fill is set.
func appendPaddedText(dst, value []byte, limit int, fill bool, tooLong string) ([]byte, string) {
	text := bytes.TrimRight(value, " ")
	count := utf8.RuneCount(text)
	if count > limit {
		return dst, tooLong
	}
	blanks := min(len(value)-len(text), limit-count)
	if fill {
		blanks = limit - count
	}
	dst = append(dst, text...)
	for range blanks {
		dst = append(dst, ' ')
	}
	return dst, ""
}
