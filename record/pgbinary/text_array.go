package pgbinary

import (
	"bytes"
	"encoding/binary"
	"strconv"
	"strings"
)

// arrayReader walks through the binary form of an array: dimensions, a flag, the
// element type, length and lower bound of each dimension, then the elements.
type arrayReader struct {
	rest    []byte
	lengths []int
	element texter
}

// appendArray prints an array as the server does (array_out). The element type in the
// value must be the one of the array's type.
func appendArray(dst []byte, elementOID uint32, v []byte) ([]byte, bool) {
	if len(v) < 12 || binary.BigEndian.Uint32(v[8:]) != elementOID {
		return dst, false
	}
	dimensions := int(binary.BigEndian.Uint32(v))
	if dimensions == 0 {
		return append(dst, "{}"...), true
	}
	if dimensions > 6 || len(v) < 12+8*dimensions {
		return dst, false
	}
	r := &arrayReader{rest: v[12+8*dimensions:], lengths: make([]int, dimensions), element: elementTexter(elementOID)}
	var bounds []byte
	shifted := false
	for i := range dimensions {
		length, lower := int(int32(binary.BigEndian.Uint32(v[12+8*i:]))), int64(int32(binary.BigEndian.Uint32(v[16+8*i:])))
		if length < 0 || length > len(v) {
			return dst, false
		}
		r.lengths[i] = length
		shifted = shifted || lower != 1
		bounds = strconv.AppendInt(append(bounds, '['), lower, 10)
		bounds = strconv.AppendInt(append(bounds, ':'), lower+int64(length)-1, 10)
		bounds = append(bounds, ']')
	}
	if shifted {
		dst = append(append(dst, bounds...), '=')
	}
	dst, ok := r.appendLevel(dst, 0)
	return dst, ok && len(r.rest) == 0
}

func elementTexter(oid uint32) texter {
	if oid == OIDChar {
		return asciiCharText
	}
	return texters[oid]
}

// appendLevel prints one dimension and those inside it.
func (r *arrayReader) appendLevel(dst []byte, level int) ([]byte, bool) {
	dst = append(dst, '{')
	var ok bool
	for i := range r.lengths[level] {
		if i > 0 {
			dst = append(dst, ',')
		}
		if level+1 < len(r.lengths) {
			dst, ok = r.appendLevel(dst, level+1)
		} else {
			dst, ok = r.appendElement(dst)
		}
		if !ok {
			return dst, false
		}
	}
	return append(dst, '}'), true
}

func (r *arrayReader) appendElement(dst []byte) ([]byte, bool) {
	if len(r.rest) < 4 {
		return dst, false
	}
	length := int(int32(binary.BigEndian.Uint32(r.rest)))
	r.rest = r.rest[4:]
	if length == -1 {
		return append(dst, "NULL"...), true
	}
	if length < 0 || length > len(r.rest) {
		return dst, false
	}
	text, ok := r.element(nil, r.rest[:length])
	r.rest = r.rest[length:]
	return appendQuoted(dst, text), ok
}

// appendQuoted puts quotes around an element that needs them.
func appendQuoted(dst, text []byte) []byte {
	if len(text) > 0 && !bytes.ContainsAny(text, "{}\",\\ \t\n\v\f\r") && !strings.EqualFold(string(text), "NULL") {
		return append(dst, text...)
	}
	dst = append(dst, '"')
	for _, c := range text {
		if c == '"' || c == '\\' {
			dst = append(dst, '\\')
		}
		dst = append(dst, c)
	}
	return append(dst, '"')
}
