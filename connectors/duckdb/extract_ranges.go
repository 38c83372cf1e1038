package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/apache/arrow-go/v18/arrow"

	"leat/internal/duck"
	"leat/record"
)

// source gives the rows of one selection. Next returns io.EOF behind the last one.
type source interface {
	Next(ctx context.Context, limits duck.Limits) (record.Batch, error)
	Close()
}

const (
	// rangeBytes is what one range shall hold. DuckDB makes 2,048 rows at a time, whatever
	// their size, but only those of the row ids that are asked for.
	rangeBytes = 32 << 20
	// firstRange is how many row ids are asked for when nothing is known of the rows, or
	// when they turned out to be wider than those before.
	firstRange = 1
	// growth is how much larger the next range may be.
	growth = 8
)

// openSource runs the query of a selection. A table whose rows may be wide is read in
// ranges; views and queries have no row ids, and are computed as DuckDB does it.
func openSource(ctx context.Context, h *handle, r relation, w window, limit int64) (source, error) {
	conn := h.conn
	if !r.placed || !slices.ContainsFunc(r.columns, isWide) {
		rows, err := conn.Query(ctx, "SELECT "+duck.SelectList(r.columns)+" FROM "+r.from+w.where()+limited(limit), w.args...)
		if err != nil {
			return nil, err
		}
		return rows, nil
	}
	found, err := conn.Values(ctx, "SELECT coalesce(max(rowid), -1) FROM "+r.from)
	if err != nil {
		return nil, err
	}
	where := " WHERE "
	if conditions := strings.TrimPrefix(w.where(), " WHERE "); conditions != "" {
		where += "(" + conditions + ") AND "
	}
	return &ranges{
		handle: h, query: "SELECT " + duck.SelectList(r.columns) + ", rowid FROM " + r.from + where, args: w.args,
		last: found[0][0].(int64), size: firstRange, limit: limit,
	}, nil
}

// isWide says whether values of the column have no bounded size.
func isWide(column duck.Column) bool {
	switch column.Type.ID() {
	case arrow.STRING, arrow.BINARY:
		return true
	default:
		return arrow.TypeEqual(column.Type, record.JSON())
	}
}

func limited(limit int64) string {
	if limit <= 0 {
		return ""
	}
	return fmt.Sprintf(" LIMIT %d", limit)
}

// ranges reads a table in ranges of row ids, in their order, so that DuckDB never holds
// more than some of its wide rows. Ranges follow the size of the rows before; one that does
// not fit the memory limit is read in smaller ones.
type ranges struct {
	handle *handle
	// query ends where the condition on the row id goes.
	query string
	args  []any
	// next is the first row id of the next range, last that of the table, size how many row
	// ids the next range has.
	next, last, size int64
	// limit is how many rows may still come; 0 for all.
	limit int64
	// rows is the open range, which ends before the row id end, and bytes what it gave.
	rows  *duck.Rows
	end   int64
	bytes int64
}

// Next returns the next batch.
func (r *ranges) Next(ctx context.Context, limits duck.Limits) (record.Batch, error) {
	for {
		if r.rows == nil {
			if r.next > r.last {
				return nil, io.EOF
			}
			if err := r.open(ctx); err != nil {
				return nil, err
			}
			continue
		}
		batch, err := r.rows.Next(ctx, limits)
		switch {
		case err == nil:
			return r.given(batch), nil
		case errors.Is(err, io.EOF):
			r.passed()
		default:
			if err := r.shrink(ctx, err); err != nil {
				return nil, err
			}
		}
	}
}

// open runs the query of the next range. It leaves none open where the range has to be
// smaller.
func (r *ranges) open(ctx context.Context) error {
	r.end, r.bytes = r.last+1, 0
	if r.size < r.end-r.next {
		r.end = r.next + r.size
	}
	query := fmt.Sprintf("%srowid BETWEEN %d AND %d%s", r.query, r.next, r.end-1, limited(r.limit))
	rows, err := r.handle.conn.QueryPlaced(ctx, query, r.args...)
	if err != nil {
		return r.shrink(ctx, err)
	}
	r.rows = rows
	return nil
}

// given counts what a batch holds.
func (r *ranges) given(batch record.Batch) record.Batch {
	r.bytes += int64(batch.Bytes())
	r.next = r.rows.Place() + 1
	if r.limit > 0 {
		if r.limit -= int64(batch.Rows()); r.limit == 0 {
			r.last = -1
		}
	}
	return batch
}

// passed goes to the next range, whose size follows the bytes of this one.
func (r *ranges) passed() {
	r.Close()
	r.next = r.end
	if r.bytes*growth <= rangeBytes {
		r.size *= growth
		return
	}
	r.size = max(1, r.size*rangeBytes/r.bytes)
}

// shrink goes on behind the rows that were given, in smaller ranges, when memory did not
// hold the range. DuckDB ends the transaction then; the next one sees the same rows where
// nobody can write meanwhile. It returns the error where that is not so, or the range was one
// row id.
func (r *ranges) shrink(ctx context.Context, err error) error {
	found, ok := errors.AsType[*duck.Error](err)
	if !ok || found.Kind != duck.OutOfMemory || !r.handle.frozen || r.end-r.next <= 1 {
		return err
	}
	r.Close()
	r.size = firstRange
	for _, statement := range []string{"ROLLBACK", beginReading} {
		if _, err := r.handle.conn.Exec(ctx, statement); err != nil {
			return err
		}
	}
	return nil
}

// Close ends the open range.
func (r *ranges) Close() {
	if r.rows != nil {
		r.rows.Close()
		r.rows = nil
	}
}
