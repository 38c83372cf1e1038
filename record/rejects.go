package record

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"
)

// withRejects is a batch of Arrow columns from which rows have been taken out.
type withRejects struct {
	arrowBatch
	rejects []Reject
}

func (b *withRejects) Rows() int { return int(b.rows.NumRows()) + len(b.rejects) }

func (b *withRejects) Arrow() (arrow.RecordBatch, []Reject, error) { return b.rows, b.rejects, nil }

// WithRejects wraps an Arrow record batch and takes over the caller's reference. The
// rows that rejects name hold nothing of use and are taken out; of several rejects of
// one row the first counts.
func WithRejects(rows arrow.RecordBatch, rejects []Reject) (Batch, error) {
	if len(rejects) == 0 {
		return FromArrow(rows), nil
	}
	defer rows.Release()
	slices.SortStableFunc(rejects, func(a, b Reject) int { return a.Row - b.Row })
	rejects = slices.CompactFunc(rejects, func(a, b Reject) bool { return a.Row == b.Row })
	columns := make([]arrow.Array, rows.NumCols())
	for i, column := range rows.Columns() {
		kept, err := without(column, rejects)
		if err != nil {
			return nil, fmt.Errorf("leave out rejected rows: %w", err)
		}
		defer kept.Release()
		columns[i] = kept
	}
	kept := array.NewRecordBatch(rows.Schema(), columns, rows.NumRows()-int64(len(rejects)))
	return &withRejects{arrowBatch: arrowBatch{rows: kept}, rejects: rejects}, nil
}

// without returns the column's rows but for those of the rejects, which are sorted.
func without(column arrow.Array, rejects []Reject) (arrow.Array, error) {
	parts := make([]arrow.Array, 0, len(rejects)+1)
	defer func() {
		for _, part := range parts {
			part.Release()
		}
	}()
	from := 0
	for _, reject := range rejects {
		parts = append(parts, array.NewSlice(column, int64(from), int64(reject.Row)))
		from = reject.Row + 1
	}
	parts = append(parts, array.NewSlice(column, int64(from), int64(column.Len())))
	return array.Concatenate(parts, memory.DefaultAllocator)
}
