package pgbinary

import (
	"strconv"

	"github.com/apache/arrow-go/v18/arrow"
)

const reasonChar = "the text is no single byte"

// charText prints "char": nothing for NUL, an octal escape above ASCII, as servers do
// from version 15 on.
func charText(dst, v []byte) ([]byte, bool) {
	switch {
	case len(v) != 1:
		return dst, false
	case v[0] == 0:
		return dst, true
	case v[0] >= 0x80:
		return append(dst, '\\', '0'+v[0]>>6, '0'+v[0]>>3&7, '0'+v[0]&7), true
	default:
		return append(dst, v[0]), true
	}
}

// asciiCharText is charText inside an array, where a server must read it back: before
// version 15 it would take the backslash of an escape for the value.
func asciiCharText(dst, v []byte) ([]byte, bool) {
	if len(v) == 1 && v[0] >= 0x80 {
		return dst, false
	}
	return charText(dst, v)
}

// charByte reads what charText prints. A server's own cast would cut longer texts.
func charByte(values arrow.Array, _ Target) valueEncoder {
	source := textsOf(values)
	return func(dst []byte, row int) ([]byte, string) {
		text := source.Value(row)
		switch {
		case text == "":
			return append(dst, 0), ""
		case len(text) == 1 && text[0] != 0 && text[0] < 0x80:
			return append(dst, text[0]), ""
		case len(text) == 4 && text[0] == '\\':
			if code, err := strconv.ParseUint(text[1:], 8, 8); err == nil && code >= 0x80 {
				return append(dst, byte(code)), ""
			}
		}
		return dst, reasonChar
	}
}
