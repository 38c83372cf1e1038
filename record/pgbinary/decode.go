package pgbinary

import (
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"leat/record"
)

// errDamaged says that the bytes are no tuples of the layout.
var errDamaged = errors.New("decode rows: the tuples are damaged")

// decode turns tuples into Arrow columns of the layout's logical types. A row with a
// value that its Arrow type cannot hold is left out and returned as a reject.
func decode(layout *Layout, tuples []byte, rows int) (arrow.RecordBatch, []record.Reject, error) {
	builder := array.NewRecordBuilder(memory.DefaultAllocator, layout.Schema.Arrow())
	defer builder.Release()
	d, err := newDecoder(layout, builder)
	if err != nil {
		return nil, nil, err
	}
	builder.Reserve(rows)
	var rejects []record.Reject
	for row := range rows {
		if tuples, err = d.split(tuples); err != nil {
			return nil, nil, err
		}
		if column := d.refused(); column >= 0 {
			rejects = append(rejects, record.Reject{Row: row, Column: layout.Fields[column].Name, Reason: d.fields[column].reason(layout.Schema.Columns[column].Type)})
			continue
		}
		d.append()
	}
	if len(tuples) != 0 {
		return nil, nil, errDamaged
	}
	return builder.NewRecordBatch(), rejects, nil
}

// decoder works on one tuple at a time: a row is checked as a whole before any of its
// values is appended, so that a refused row leaves no trace.
type decoder struct {
	fields []fieldDecoder
	values [][]byte // of the current tuple; nil is NULL
}

// fieldDecoder decodes one field.
type fieldDecoder struct {
	// holds tells whether the Arrow type can hold the value; nil when it always can.
	holds func(value []byte) bool
	// append appends a value that holds has passed.
	append func(value []byte)
	null   func()
	// text says that a value which does not hold is no text.
	text bool
}

// reason says what is wrong with a value that a logical type does not hold.
func (f fieldDecoder) reason(logical arrow.DataType) string {
	if f.text {
		return reasonEncoding
	}
	return record.NotRepresentable(logical)
}

func newDecoder(layout *Layout, builder *array.RecordBuilder) (*decoder, error) {
	if len(layout.Fields) != len(layout.Schema.Columns) {
		return nil, fmt.Errorf("decode rows: %d fields for %d columns", len(layout.Fields), len(layout.Schema.Columns))
	}
	d := &decoder{fields: make([]fieldDecoder, len(layout.Fields)), values: make([][]byte, len(layout.Fields))}
	for i, field := range layout.Fields {
		found, err := decoderOf(field, builder.Field(i))
		if err != nil {
			return nil, fmt.Errorf("decode column %q: %w", field.Name, err)
		}
		found.null = builder.Field(i).AppendNull
		d.fields[i] = found
	}
	return d, nil
}

// split cuts the next tuple into values and returns the rest.
func (d *decoder) split(tuples []byte) ([]byte, error) {
	if len(tuples) < 2 || int(binary.BigEndian.Uint16(tuples)) != len(d.fields) {
		return nil, errDamaged
	}
	tuples = tuples[2:]
	for i := range d.values {
		if len(tuples) < 4 {
			return nil, errDamaged
		}
		length := int(int32(binary.BigEndian.Uint32(tuples)))
		tuples = tuples[4:]
		if length == -1 {
			d.values[i] = nil
			continue
		}
		if length < 0 || length > len(tuples) {
			return nil, errDamaged
		}
		d.values[i], tuples = tuples[:length:length], tuples[length:]
	}
	return tuples, nil
}

// refused returns the first field whose value cannot be held, or -1.
func (d *decoder) refused() int {
	for i, value := range d.values {
		if holds := d.fields[i].holds; holds != nil && value != nil && !holds(value) {
			return i
		}
	}
	return -1
}

func (d *decoder) append() {
	for i, value := range d.values {
		if value == nil {
			d.fields[i].null()
			continue
		}
		d.fields[i].append(value)
	}
}
