// Package record is the vocabulary of travelling rows: batches, their schema and
// their logical types. It is a leaf: every room may import it and it imports only
// Arrow. A batch hides how its rows are laid out in memory, so that a reader and a
// writer which share a layout hand bytes over untouched while everybody else asks
// for Arrow. One path through the engine serves both.
package record

import (
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
)

// Layout names how the rows of a batch lie in memory. It is constant for one
// dataset of one read. Layouts with more to say (column OIDs, for instance) are
// types of their own package, such as pgbinary.Layout.
type Layout interface {
	// LayoutName is a stable short name, for example "arrow" or "pgbinary".
	LayoutName() string
}

// ArrowLayout is the layout of batches that hold Arrow columns already.
type ArrowLayout struct{}

// LayoutName returns "arrow".
func (ArrowLayout) LayoutName() string { return "arrow" }

// Batch is a bounded set of rows. Whoever receives a batch owns it and releases it
// exactly once. A batch is used by one goroutine at a time.
type Batch interface {
	// Rows is the number of rows, rejects included.
	Rows() int
	// Bytes is the approximate size in memory.
	Bytes() int
	// Layout tells how the rows are laid out.
	Layout() Layout
	// Arrow decodes the rows on the first call. Rows with a value that the column's
	// Arrow type cannot hold are left out of the Arrow batch and returned as rejects,
	// so that Rows() = NumRows + len(rejects). The result lives until Release.
	Arrow() (arrow.RecordBatch, []Reject, error)
	// Release frees what the batch holds.
	Release()
}

// Reject is one row that could not be stored, without its values.
type Reject struct {
	// Row is the row's index inside its batch, from 0.
	Row int
	// Column is the name of the column that was refused; empty when it is the row.
	Column string
	// Reason is a short sentence without the value.
	Reason string
}

// Error makes a reject usable as the error of a run that allows none.
func (r Reject) Error() string {
	if r.Column == "" {
		return r.Reason
	}
	return fmt.Sprintf("column %q: %s", r.Column, r.Reason)
}

// NotRepresentable is the reason of a value that its Arrow type cannot hold. It says of
// which type and of which kind the value is, and not the value.
func NotRepresentable(t arrow.DataType) string {
	reason := "not representable as " + TypeName(t)
	switch t.ID() {
	case arrow.DECIMAL128:
		return reason + " (NaN, infinity or too many digits)"
	case arrow.DATE32, arrow.TIMESTAMP:
		return reason + " (infinity, or too far from today)"
	case arrow.TIME64:
		return reason + " (24:00:00)"
	case arrow.STRING, arrow.EXTENSION:
		return reason + " (text that is not valid)"
	default:
		return reason
	}
}

// arrowBatch is a batch of Arrow columns.
type arrowBatch struct {
	rows arrow.RecordBatch
}

// FromArrow wraps an Arrow record batch and takes over the caller's reference.
func FromArrow(rows arrow.RecordBatch) Batch { return &arrowBatch{rows: rows} }

func (b *arrowBatch) Rows() int      { return int(b.rows.NumRows()) }
func (b *arrowBatch) Layout() Layout { return ArrowLayout{} }
func (b *arrowBatch) Release()       { b.rows.Release() }

func (b *arrowBatch) Arrow() (arrow.RecordBatch, []Reject, error) { return b.rows, nil, nil }

func (b *arrowBatch) Bytes() int {
	total := 0
	for _, column := range b.rows.Columns() {
		total += int(column.Data().SizeInBytes())
	}
	return total
}
