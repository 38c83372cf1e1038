package pgbinary

import (
	"encoding/json"
	"strconv"
	"strings"
)

// checkJSON finds what the server would refuse in a json text.
func checkJSON(text string) string {
	if problem := checkText(text); problem != "" {
		return problem
	}
	if !json.Valid([]byte(text)) {
		return "the text is not valid JSON"
	}
	return ""
}

// checkEscapes finds the escapes of valid JSON that jsonb cannot hold: the NUL character
// and halves of surrogate pairs. A backslash that is escaped itself begins no escape.
func checkEscapes(text string) string {
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
			return reasonNUL
		case high != second:
			return reasonSurrogate
		}
		high = code >= 0xd800 && code <= 0xdbff
	}
}

const reasonSurrogate = "the text escapes half of a surrogate pair, which PostgreSQL cannot store"
