package file

import (
	"bytes"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"unicode/utf8"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/extensions"

	"leat/record"
)

// appendValue parses a value and appends it; false means that the type cannot hold it
// and that nothing was appended.
type appendValue func(text []byte) bool

// trimmed parses without spaces around; an empty value is NULL for all types but text.
func trimmed(b array.Builder, parse appendValue) appendValue {
	return func(text []byte) bool {
		if text = bytes.TrimSpace(text); len(text) == 0 {
			b.AppendNull()
			return true
		}
		return parse(text)
	}
}

// parsed appends what parse returns.
func parsed[T any](b interface {
	array.Builder
	Append(T)
}, parse func([]byte) (T, bool),
) appendValue {
	return trimmed(b, func(text []byte) bool {
		value, ok := parse(text)
		if ok {
			b.Append(value)
		}
		return ok
	})
}

// floating picks how floats are parsed: the nearest one where somebody asked for floats by
// name, and exactly where the type was found in the values.
func floating(asked bool) func(text []byte, bits int) (float64, bool) {
	if asked {
		return parseFloat
	}
	return parseExactFloat
}

// appender picks how values of a type are parsed. foreign says that the text was
// decoded, so that U+FFFD stands for bytes that its encoding does not know; asked that
// somebody chose the type by name.
func appender(b array.Builder, t arrow.DataType, foreign, asked bool) (appendValue, error) {
	switch b := b.(type) {
	case *array.BooleanBuilder:
		return parsed(b, parseBool), nil
	case *array.Int16Builder:
		return parsed(b, func(text []byte) (int16, bool) { v, ok := parseInt(text, 16); return int16(v), ok }), nil
	case *array.Int32Builder:
		return parsed(b, func(text []byte) (int32, bool) { v, ok := parseInt(text, 32); return int32(v), ok }), nil
	case *array.Int64Builder:
		return parsed(b, func(text []byte) (int64, bool) { return parseInt(text, 64) }), nil
	case *array.Float32Builder:
		return parsed(b, func(text []byte) (float32, bool) { v, ok := floating(asked)(text, 32); return float32(v), ok }), nil
	case *array.Float64Builder:
		return parsed(b, func(text []byte) (float64, bool) { return floating(asked)(text, 64) }), nil
	case *array.Decimal128Builder:
		return decimalAppender(b, t.(*arrow.Decimal128Type)), nil
	case *array.Date32Builder:
		return parsed(b, parseDate), nil
	case *array.Time64Builder:
		return parsed(b, parseTime), nil
	case *array.TimestampBuilder:
		return instantAppender(b, t.(*arrow.TimestampType).TimeZone != ""), nil
	case *array.StringBuilder:
		return textAppender(b, foreign), nil
	case *array.BinaryBuilder:
		return binaryAppender(b), nil
	}
	return extensionAppender(b, t, foreign)
}

func decimalAppender(b *array.Decimal128Builder, t *arrow.Decimal128Type) appendValue {
	return trimmed(b, func(text []byte) bool {
		value, ok := parseDecimal(text, int(t.Precision), int(t.Scale))
		if ok {
			b.Append(value)
		}
		return ok
	})
}

// instantAppender takes times with an offset for zoned columns only, and without one
// for the others only.
func instantAppender(b *array.TimestampBuilder, zoned bool) appendValue {
	return trimmed(b, func(text []byte) bool {
		at, hasZone, ok := parseInstant(text)
		if ok = ok && hasZone == zoned; ok {
			b.Append(at)
		}
		return ok
	})
}

// isText says whether the text can be stored anywhere: no NUL, valid, nothing lost in
// decoding.
func isText(text []byte, foreign bool) bool {
	return utf8.Valid(text) && bytes.IndexByte(text, 0) < 0 && (!foreign || !bytes.ContainsRune(text, utf8.RuneError))
}

func textAppender(b *array.StringBuilder, foreign bool) appendValue {
	return func(text []byte) bool {
		ok := isText(text, foreign)
		if ok {
			b.BinaryBuilder.Append(text)
		}
		return ok
	}
}

// binaryAppender takes hexadecimal digits, as PostgreSQL writes them.
func binaryAppender(b *array.BinaryBuilder) appendValue {
	return trimmed(b, func(text []byte) bool {
		value, err := hex.AppendDecode(nil, bytes.TrimPrefix(text, []byte(`\x`)))
		if err == nil {
			b.Append(value)
		}
		return err == nil
	})
}

func extensionAppender(b array.Builder, t arrow.DataType, foreign bool) (appendValue, error) {
	extension, ok := b.(interface{ StorageBuilder() array.Builder })
	if !ok {
		return nil, fmt.Errorf("files have no values of type %s", record.TypeName(t))
	}
	switch t.(type) {
	case *extensions.UUIDType:
		storage := extension.StorageBuilder().(*array.FixedSizeBinaryBuilder)
		return trimmed(b, func(text []byte) bool {
			id, ok := parseUUID(text)
			if ok {
				storage.Append(id[:])
			}
			return ok
		}), nil
	case *extensions.JSONType:
		add := textAppender(extension.StorageBuilder().(*array.StringBuilder), foreign)
		return trimmed(b, func(text []byte) bool { return json.Valid(text) && add(text) }), nil
	}
	return nil, fmt.Errorf("files have no values of type %s", record.TypeName(t))
}
