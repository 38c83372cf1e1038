package postgres

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"

	"leat/record"
)

// jsonbVersion is the first byte of jsonb's binary form.
const jsonbVersion = 1

// documents makes a tuple of the raw layout from each row: an id, the time of the
// load, and the row as JSON. A row that has no JSON is a reject.
func (it *item) documents(rows arrow.RecordBatch) ([]byte, []record.Reject, error) {
	l := &it.lane
	out := l.out[:0]
	var rejects []record.Reject
	emitted := uint64(serverMicros(time.Now()))
	for row := range int(rows.NumRows()) {
		document, reject, err := document(rows, row)
		if err != nil {
			return nil, nil, err
		}
		if reject != nil {
			rejects = append(rejects, *reject)
			continue
		}
		id := newUUID()
		out = binary.BigEndian.AppendUint16(out, 3)
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(id))), id...)
		out = binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(out, 8), emitted)
		out = append(binary.BigEndian.AppendUint32(out, uint32(len(document)+1)), jsonbVersion)
		out = append(out, document...)
	}
	l.out = out
	return out, rejects, nil
}

// newUUID returns a random UUID (version 4).
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // never fails: see crypto/rand
	b[6], b[8] = b[6]&0x0f|0x40, b[8]&0x3f|0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// document writes one row as a JSON object with the columns in order.
func document(rows arrow.RecordBatch, row int) ([]byte, *record.Reject, error) {
	out := []byte{'{'}
	for i, column := range rows.Columns() {
		name, err := json.Marshal(rows.ColumnName(i))
		if err != nil {
			return nil, nil, fmt.Errorf("encode a column name: %w", err)
		}
		if i > 0 {
			out = append(out, ',')
		}
		value, reason := jsonValue(column, row)
		if reason != "" {
			return nil, &record.Reject{Row: row, Column: rows.ColumnName(i), Reason: reason}, nil
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil, nil
}

// jsonValue writes one value exactly: numbers as JSON numbers, which jsonb keeps with
// all their digits; what JSON has no form for as text.
func jsonValue(column arrow.Array, row int) (value []byte, reason string) {
	if column.IsNull(row) {
		return []byte("null"), ""
	}
	text := record.Format(column, row)
	switch column := column.(type) {
	case *array.Boolean, *array.Int8, *array.Int16, *array.Int32, *array.Int64, *array.Uint8, *array.Uint16, *array.Uint32, *array.Uint64, *array.Decimal128:
		return []byte(text), ""
	case *array.Float32, *array.Float64:
		if json.Valid([]byte(text)) { // not so for NaN and the infinities
			return []byte(text), ""
		}
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

// quoteJSON writes a text. json.Marshal would replace bytes that are not UTF-8.
func quoteJSON(text string) ([]byte, string) {
	for _, r := range text {
		if r == 0 {
			return nil, "the text holds a NUL character, which PostgreSQL cannot store"
		}
	}
	quoted, err := json.Marshal(text)
	if err != nil {
		return nil, record.ReasonNotRepresentable
	}
	return quoted, ""
}

// looseDocument writes a row for people to look at, whatever is wrong with it.
func looseDocument(rows arrow.RecordBatch, row int) string {
	texts := make(map[string]any, rows.NumCols())
	for i, column := range rows.Columns() {
		texts[rows.ColumnName(i)] = nil
		if value, reason := jsonValue(column, row); reason == "" {
			texts[rows.ColumnName(i)] = json.RawMessage(value)
		} else {
			// json takes an escaped NUL, but then fails at ->>, so a visible sign stands for it.
			texts[rows.ColumnName(i)] = strings.ReplaceAll(record.Format(column, row), "\x00", "\u2400")
		}
	}
	document, err := json.Marshal(texts)
	if err != nil {
		return ""
	}
	return string(document)
}
