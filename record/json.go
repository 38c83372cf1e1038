package record

import (
	"encoding/json"
	"strings"

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
		return nil, "the text holds a NUL character, which PostgreSQL cannot store"
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil, NotRepresentable(Text)
	}
	return quoted, ""
}

// FormatDocument returns a row as a JSON object for people to look at, whatever is wrong
// with it.
func FormatDocument(rows arrow.RecordBatch, row int) string {
	values := make(map[string]any, rows.NumCols())
	for i, column := range rows.Columns() {
		if value, reason := FormatJSON(column, row); reason == "" {
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

// visible replaces NUL. JSON takes an escaped one, but then fails where it is read.
func visible(text string) string { return strings.ReplaceAll(text, "\x00", "\u2400") }
