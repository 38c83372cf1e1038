package record

import (
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
)

// FormatJSON returns one value as exact JSON: numbers as JSON numbers with all their
// digits, what JSON has no form for as text. The reason says why there is none.
func FormatJSON(column arrow.Array, row int) (value []byte, reason string) {
	if column.IsNull(row) {
		return []byte("null"), ""
	}
	text := Format(column, row)
	switch column := column.(type) {
	case *array.Boolean, *array.Int8, *array.Int16, *array.Int32, *array.Int64, *array.Uint8, *array.Uint16, *array.Uint32, *array.Uint64, *array.Decimal128:
		return []byte(text), ""
	case *array.Float32, *array.Float64:
		return numberJSON(text), ""
	case array.ExtensionArray:
		if _, isJSON := column.Storage().(*array.String); isJSON {
			if !json.Valid([]byte(text)) {
				return nil, "the text is not valid JSON"
			}
			return []byte(text), ""
		}
	}
	return quoteJSON(text)
}

// numberJSON writes a number, or the text of one that JSON does not have: NaN and the
// infinities.
func numberJSON(text string) []byte {
	if json.Valid([]byte(text)) {
		return []byte(text)
	}
	quoted, _ := json.Marshal(text) // a text always has a JSON form
	return quoted
}

// quoteJSON writes a text.
func quoteJSON(text string) ([]byte, string) {
	if strings.IndexByte(text, 0) >= 0 {
		return nil, ReasonNUL
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil, NotRepresentable(Text)
	}
	return quoted, ""
}

// FormatDocument returns a row as a JSON object for people to look at, whatever is wrong
// with it. JSON that cannot be looked into is written as text.
func FormatDocument(rows arrow.RecordBatch, row int) string {
	values := make(map[string]any, rows.NumCols())
	for i, column := range rows.Columns() {
		value, reason := FormatJSON(column, row)
		if reason == "" && UnfitEscapes(string(value)) == "" {
			values[rows.ColumnName(i)] = json.RawMessage(value)
		} else {
			values[rows.ColumnName(i)] = visible(Format(column, row))
		}
	}
	document, err := json.Marshal(values)
	if err != nil {
		return ""
	}
	return string(document)
}

// ASCII writes the characters of a text above ASCII with an escape, for example \u011b, so
// that a database of any encoding takes the text.
func ASCII(text, escape string) string {
	var out strings.Builder
	for _, r := range text {
		switch {
		case r < 0x80:
			out.WriteRune(r)
		case r < 0x10000:
			fmt.Fprintf(&out, "%s%04x", escape, r)
		default:
			high, low := utf16.EncodeRune(r)
			fmt.Fprintf(&out, "%s%04x%[1]s%04[3]x", escape, high, low)
		}
	}
	return out.String()
}

// The escapes of ASCII: EscapeJSON is one of JSON itself, which is read back as the
// character; EscapeShown is the text \uxxxx inside a string of JSON, for people.
const (
	EscapeJSON  = `\u`
	EscapeShown = `\\u`
)

// visible replaces NUL. JSON takes an escaped one, but then fails where it is read.
func visible(text string) string { return strings.ReplaceAll(text, "\x00", "\u2400") }
