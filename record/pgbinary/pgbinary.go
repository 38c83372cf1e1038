// Package pgbinary is the layout of PostgreSQL's binary rows. The body of a DataRow
// message in binary format is byte for byte a tuple of binary COPY: a 16-bit field
// count, then per field a 32-bit length (-1 for NULL) and the value's binary form,
// all big-endian (PostgreSQL documentation, "COPY", section "Binary Format"). So a
// batch in this layout goes from one server to another without being decoded.
package pgbinary

import (
	"encoding/binary"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/record"
)

// Name is the layout's name.
const Name = "pgbinary"

// Field describes one field of every tuple.
type Field struct {
	Name string
	// OID is the type's object id at the server that sent it.
	OID uint32
	// Typmod is the type modifier, -1 when there is none.
	Typmod int32
}

// Layout is the list of fields of every tuple of a batch.
type Layout struct {
	Fields []Field
	// Schema holds the logical types that Arrow() decodes into, field by field.
	Schema record.Schema
}

// LayoutName returns Name.
func (*Layout) LayoutName() string { return Name }

// Batch is a run of tuples without COPY's header and trailer.
type Batch struct {
	layout  *Layout
	tuples  []byte
	rows    int
	decoded arrow.RecordBatch
	rejects []record.Reject
	free    func([]byte)
}

// NewBatch wraps tuples. free, when not nil, gets the bytes back on Release.
func NewBatch(layout *Layout, tuples []byte, rows int, free func([]byte)) *Batch {
	return &Batch{layout: layout, tuples: tuples, rows: rows, free: free}
}

// Tuples returns the raw bytes, valid until Release.
func (b *Batch) Tuples() []byte { return b.tuples }

// Rows returns the number of tuples.
func (b *Batch) Rows() int { return b.rows }

// Bytes returns the length of the tuples.
func (b *Batch) Bytes() int { return len(b.tuples) }

// Layout returns the *Layout.
func (b *Batch) Layout() record.Layout { return b.layout }

// Release frees the decoded rows and hands the bytes back.
func (b *Batch) Release() {
	if b.decoded != nil {
		b.decoded.Release()
		b.decoded = nil
	}
	if b.free != nil && b.tuples != nil {
		b.free(b.tuples)
	}
	b.tuples = nil
}

// Arrow decodes the tuples into the layout's logical types.
func (b *Batch) Arrow() (arrow.RecordBatch, []record.Reject, error) {
	if b.decoded == nil {
		decoded, rejects, err := decode(b.layout, b.tuples, b.rows)
		if err != nil {
			return nil, nil, err
		}
		b.decoded, b.rejects = decoded, rejects
	}
	return b.decoded, b.rejects, nil
}

// AppendTuple appends one tuple to dst. A nil value is NULL.
func AppendTuple(dst []byte, values [][]byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(values)))
	for _, value := range values {
		if value == nil {
			dst = append(dst, 0xff, 0xff, 0xff, 0xff)
			continue
		}
		dst = binary.BigEndian.AppendUint32(dst, uint32(len(value)))
		dst = append(dst, value...)
	}
	return dst
}
