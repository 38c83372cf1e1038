package duck

import (
	"fmt"
	"slices"

	"github.com/apache/arrow-go/v18/arrow"
	"github.com/apache/arrow-go/v18/arrow/array"
	"github.com/apache/arrow-go/v18/arrow/memory"

	"leat/record"
)

// batch holds rows that came out of DuckDB.
type batch struct {
	rows    arrow.RecordBatch
	rejects []record.Reject
	// count is the number of rows, rejects included.
	count int
}

func (b *batch) Rows() int             { return b.count }
func (b *batch) Layout() record.Layout { return record.ArrowLayout{} }
func (b *batch) Release()              { b.rows.Release() }

func (b *batch) Arrow() (arrow.RecordBatch, []record.Reject, error) {
	return b.rows, b.rejects, nil
}

func (b *batch) Bytes() int {
	total := 0
	for _, column := range b.rows.Columns() {
		total += int(column.Data().SizeInBytes())
	}
	return total
}

// reject notes a row once, by its first bad column.
func (b *batch) reject(row int, column string) {
	if !slices.ContainsFunc(b.rejects, func(r record.Reject) bool { return r.Row == row }) {
		b.rejects = append(b.rejects, record.Reject{Row: row, Column: column, Reason: record.ReasonNotRepresentable})
	}
}

// dropRejects takes the rejected rows out of the Arrow batch.
func (b *batch) dropRejects() error {
	if len(b.rejects) == 0 {
		return nil
	}
	slices.SortFunc(b.rejects, func(x, y record.Reject) int { return x.Row - y.Row })
	columns := make([]arrow.Array, b.rows.NumCols())
	kept := int64(b.count - len(b.rejects))
	for i, column := range b.rows.Columns() {
		without, err := withoutRows(column, b.rejects)
		if err != nil {
			b.rows.Release()
			return fmt.Errorf("leave out rejected rows: %w", err)
		}
		columns[i] = without
		defer without.Release()
	}
	old := b.rows
	defer old.Release()
	b.rows = array.NewRecordBatch(old.Schema(), columns, kept)
	return nil
}

func withoutRows(column arrow.Array, rejects []record.Reject) (arrow.Array, error) {
	var parts []arrow.Array
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
