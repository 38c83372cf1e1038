package record

import (
	"strconv"
	"strings"
)

// UnfitEscapes says which escapes of a valid JSON text have no character in PostgreSQL, so
// that jsonb does not take the text and json cannot be looked into: the NUL character and
// halves of surrogate pairs; "" when there is none. A backslash that is escaped itself
// begins no escape.
func UnfitEscapes(text string) string {
	high := false // the escape just before was the first half of a pair
	for rest := text; ; {
		at := strings.IndexByte(rest, '\\')
		if high && at != 0 {
			return reasonSurrogate
		}
		if at < 0 {
			return ""
		}
		rest = rest[at+1:] // an escape never ends valid JSON
		if rest[0] != 'u' {
			if high {
				return reasonSurrogate
			}
			rest = rest[1:]
			continue
		}
		code, _ := strconv.ParseUint(rest[1:5], 16, 16) // four hexadecimal digits in valid JSON
		rest = rest[5:]
		second := code >= 0xdc00 && code <= 0xdfff
		switch {
		case code == 0:
			return ReasonNUL
		case high != second:
			return reasonSurrogate
		}
		high = code >= 0xd800 && code <= 0xdbff
	}
}

const reasonSurrogate = "the text escapes half of a surrogate pair, which PostgreSQL cannot store"

// ReasonNUL is the reason of a text or a JSON text with a NUL character.
const ReasonNUL = "the text holds a NUL character, which PostgreSQL cannot store"
