package duck

import (
	"context"
	"fmt"

	"github.com/apache/arrow-go/v18/arrow"
	bindings "github.com/duckdb/duckdb-go-bindings"
)

// flushBytes is how much an Appender holds back before DuckDB stores it.
const flushBytes = 32 << 20

// Appender adds rows to a table in the transaction of its connection. Values arrive in
// the type of their Arrow column; DuckDB casts them where the table's differs, so the
// caller must have refused narrower columns.
type Appender struct {
	conn    *Conn
	handle  bindings.Appender
	writers []writeColumn
	chunk   bindings.DataChunk
	held    int
	closed  bool
}

// Appender opens a table for rows with the columns of schema, found by name; other
// columns of the table get their default. catalog is "temp" for temporary tables and
// empty for the database's own.
func (c *Conn) Appender(catalog, schema, table string, columns *arrow.Schema) (*Appender, error) {
	a := &Appender{conn: c}
	types := make([]bindings.LogicalType, columns.NumFields())
	defer destroyTypes(types)
	for i, field := range columns.Fields() {
		write, logical, err := writer(field.Type)
		if err != nil {
			return nil, fmt.Errorf("column %q: %w", field.Name, err)
		}
		types[i] = logical
		a.writers = append(a.writers, write)
	}
	if err := a.open(catalog, schema, table, columns); err != nil {
		bindings.AppenderDestroy(&a.handle)
		return nil, err
	}
	a.chunk = bindings.CreateDataChunk(types)
	return a, nil
}

func (a *Appender) open(catalog, schema, table string, columns *arrow.Schema) error {
	if bindings.AppenderCreateExt(a.conn.handle, catalog, schema, table, &a.handle) == bindings.StateError {
		return a.failed()
	}
	for _, field := range columns.Fields() {
		if bindings.AppenderAddColumn(a.handle, field.Name) == bindings.StateError {
			return a.failed()
		}
	}
	return nil
}

func destroyTypes(types []bindings.LogicalType) {
	for i := range types {
		if types[i].Ptr != nil {
			bindings.DestroyLogicalType(&types[i])
		}
	}
}

// Append adds the rows of a batch with the schema given at opening. The batch stays the
// caller's. An error leaves the transaction to be rolled back.
func (a *Appender) Append(ctx context.Context, rows arrow.RecordBatch) error {
	if int(rows.NumCols()) != len(a.writers) {
		return fmt.Errorf("append rows: got %d columns, want %d", rows.NumCols(), len(a.writers))
	}
	total, size := int(rows.NumRows()), int(bindings.VectorSize())
	for from := 0; from < total; from += size {
		n := min(size, total-from)
		bytes, err := a.write(rows, from, n)
		if err != nil {
			return err
		}
		if bindings.AppendDataChunk(a.handle, a.chunk) == bindings.StateError {
			return a.failed()
		}
		if a.held += bytes; a.held >= flushBytes {
			if err := a.Flush(ctx); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// write fills the chunk with n rows from row from on.
func (a *Appender) write(rows arrow.RecordBatch, from, n int) (int, error) {
	bindings.DataChunkReset(a.chunk)
	bytes := 0
	for i, write := range a.writers {
		column := rows.Column(i)
		target := bindings.DataChunkGetVector(a.chunk, bindings.IdxT(i))
		size, err := write(target, column, from, n)
		if err != nil {
			return 0, fmt.Errorf("column %q: %w", rows.ColumnName(i), err)
		}
		writeNulls(target, column, from, n)
		bytes += size
	}
	bindings.DataChunkSetSize(a.chunk, bindings.IdxT(n))
	return bytes, nil
}

// Flush gives DuckDB all rows added so far.
func (a *Appender) Flush(ctx context.Context) error {
	a.held = 0
	return a.conn.guard(ctx, func() error {
		if bindings.AppenderFlush(a.handle) == bindings.StateError {
			return a.failed()
		}
		return nil
	})
}

// Close frees the appender without its unflushed rows. It is safe to call twice.
func (a *Appender) Close() {
	if a.closed {
		return
	}
	a.closed = true
	bindings.AppenderClear(a.handle)
	bindings.AppenderDestroy(&a.handle)
	bindings.DestroyDataChunk(&a.chunk)
}

func (a *Appender) failed() *Error {
	data := bindings.AppenderErrorData(a.handle)
	defer bindings.DestroyErrorData(&data)
	return newError(bindings.ErrorDataErrorType(data), bindings.ErrorDataMessage(data))
}
