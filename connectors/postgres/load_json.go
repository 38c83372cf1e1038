package postgres

import (
	"crypto/rand"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"github.com/apache/arrow-go/v18/arrow"

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
		value, reason := record.FormatJSON(column, row)
		if reason == "" && arrow.TypeEqual(column.DataType(), record.JSON()) {
			reason = record.UnfitEscapes(string(value))
		}
		if reason != "" {
			return nil, &record.Reject{Row: row, Column: rows.ColumnName(i), Reason: reason}, nil
		}
		out = append(append(append(out, name...), ':'), value...)
	}
	return append(out, '}'), nil, nil
}
